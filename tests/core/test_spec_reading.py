import pytest
import yaml

from core.errors import SpecError
from core.spec_reading import parse_spec

SMALL = "name: trips\ndata: {source: trips.csv}\ntarget: {column: late}\n"


def refusal(text: str, *overrides: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        parse_spec(text, "trips.yaml", overrides)
    return caught.value


@pytest.mark.parametrize(
    ("lines", "path", "value", "near"),
    [
        ("serch: {trials: 3}", "serch", "{'trials': 3}", "search"),
        ("search: {trails: 3}", "search.trails", "3", "trials"),
        ("monitor: {when: {drfit: note}}", "monitor.when.drfit", "'note'", "drift"),
        ("contract: {columns: {age: {type: int, mn: 0}}}", "contract.columns.age.mn", "0", "min"),
        ("monitor: {labels: {dely: 1d}}", "monitor.labels.dely", "'1d'", "delay"),
    ],
)
def test_unknown_key_is_told_by_path_value_and_nearest_name(lines, path, value, near):
    error = refusal(SMALL + lines)
    assert (error.what, value in error.why, error.fix) == (
        f"trips.yaml: unknown key `{path}`",
        True,
        f"did you mean `{near}`?",
    )


@pytest.mark.parametrize(
    ("lines", "path", "value", "near"),
    [
        ("problem: binry", "problem", "'binry'", "binary"),
        ("search: {families: [random_forrest]}", "search.families.0", "'random_forrest'", "random_forest"),
        ("search: {metric: rocauc}", "search.metric", "'rocauc'", "roc_auc"),
        ("gate: {minimum: {rocauc: 0.6}}", "gate.minimum.rocauc", "'rocauc'", "roc_auc"),
        ("monitor: {when: {drift: retrian}}", "monitor.when.drift.0", "'retrian'", "retrain"),
        ("monitor: {when: {broken_data: alrt}}", "monitor.when.broken_data.0", "'alrt'", "alert"),
        ("contract: {columns: {age: {type: integr}}}", "contract.columns.age.type", "'integr'", None),
        ("release: {approval: allways}", "release.approval", "'allways'", "always"),
    ],
)
def test_wrong_word_is_told_by_path_value_and_nearest_word(lines, path, value, near):
    error = refusal(SMALL + lines)
    assert (f"`{path}`" in error.what, value in error.why, near is None or f"`{near}`" in error.fix) == (True,) * 3


@pytest.mark.parametrize(
    ("lines", "path", "value"),
    [
        ("search: {trials: many}", "search.trials", "'many'"),
        ("search: {trials: 0}", "search.trials", "0"),
        ("split: {test: 1.5}", "split.test", "1.5"),
        ("monitor: {cooldown: 6 hours}", "monitor.cooldown", "'6 hours'"),
        ("features:", "features", "None"),
        ("contract: {columns: {1: {type: int}}}", "contract.columns.1", "1"),
        ("1: 2", "1", ""),
    ],
)
def test_wrong_value_is_told_by_path_and_value(lines, path, value):
    error = refusal(SMALL + lines)
    assert (f"`{path}`" in error.what, value in error.why) == (True, True)


def test_search_without_an_end_is_refused():
    error = refusal(SMALL + "search: {trials: null}")
    assert ("`search`" in error.what, "`timeout`" in error.why) == (True, True)


def test_wrong_key_is_told_before_what_is_missing():
    assert "`nme`" in refusal("nme: trips\n").what


def test_missing_key_is_told_by_path():
    assert refusal("name: trips\ndata: {source: a.csv}\ntarget: {}\n").what == "trips.yaml: `target.column` is missing"


@pytest.mark.parametrize("text", ["", "- a", "trips", "42"])
def test_file_that_holds_no_keys_is_refused(text):
    assert refusal(text).what == "trips.yaml describes no model"


def test_broken_yaml_is_told_by_line_and_column():
    assert refusal("name: trips\n  data: {").why.startswith("line 2, column 7: ")


@pytest.mark.parametrize("text", ["name: \x00", "name: 2026-13-45", "name: !!python/object:os.system {}", "? [a]\n: b"])
def test_yaml_that_cannot_be_built_is_refused(text):
    assert "trips.yaml" in refusal(text).what


def test_key_that_is_given_twice_is_refused():
    assert "seed" in str(refusal(SMALL + "seed: 1\nseed: 2\n"))


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ("search.trials=7", lambda spec: spec.search.trials == 7),
        ("gate.minimum.roc_auc=0.7", lambda spec: spec.gate.minimum == {"roc_auc": 0.7}),
        ("data.key=[id, day]", lambda spec: spec.data.key == ("id", "day")),
        ("monitor.window={rows: 9}", lambda spec: spec.monitor.window.rows == 9),
        ("data.source=a=b.csv", lambda spec: spec.data.source == "a=b.csv"),
    ],
)
def test_override_sets_the_value_at_its_path(override, found):
    assert found(parse_spec(SMALL, "trips.yaml", [override]))


def test_last_override_wins():
    assert parse_spec(SMALL, "trips.yaml", ["seed=1", "seed=2"]).seed == 2


@pytest.mark.parametrize(
    ("override", "told"),
    [("search.trials", "no '='"), ("=3", "no '='"), ("search.trails=3", "trials"), ("seed={", "--set seed={")],
)
def test_override_that_cannot_be_read_is_told(override, told):
    assert told in str(refusal(SMALL, override))


def test_spec_is_the_same_after_writing_it_as_yaml():
    spec = parse_spec(SMALL + "monitor: {cooldown: 90m, persistence: 3 of 4}\n", "trips.yaml")
    assert parse_spec(yaml.safe_dump(spec.model_dump(mode="json")), "again.yaml") == spec
