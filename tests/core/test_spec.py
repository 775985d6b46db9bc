import pytest
import yaml
from pydantic import BaseModel, ValidationError

from core.data_spec import WindowSpec
from core.learning_spec import SplitSpec, TargetSpec
from core.monitor_spec import MonitorSpec
from core.spec import TrainingSpec
from core.spec_reading import parse_spec
from core.spec_writing import write_spec

SMALL = {"name": "trips", "data": {"source": "trips.csv"}, "target": {"column": "late"}}


def spec_with(**parts: object) -> TrainingSpec:
    return TrainingSpec.model_validate(SMALL | parts)


def sections(kind: type[BaseModel]) -> set[type[BaseModel]]:
    inner = {
        each
        for field in kind.model_fields.values()
        for each in (field.annotation, *getattr(field.annotation, "__args__", ()))
        if isinstance(each, type) and issubclass(each, BaseModel)
    }
    return {kind}.union(*(sections(each) for each in inner))


def test_only_name_source_and_target_are_required():
    assert spec_with().split_by == "hash"


def test_spec_is_the_same_after_writing_and_reading():
    spec = spec_with(
        data={"source": "a.csv", "time": "at", "key": ["id"], "window": {"last": "36h"}},
        contract={"columns": {"n": {"type": "category", "values": [1, "1", True, 1.5]}}},
        monitor={"persistence": "1 of 4", "when": {"decay": "alert"}},
        gate={"minimum": {"roc_auc": 0.6}},
    )
    assert TrainingSpec.model_validate(yaml.safe_load(yaml.safe_dump(spec.model_dump(mode="json")))) == spec


def test_digest_is_the_same_after_writing_and_reading():
    spec = spec_with(monitor={"cooldown": "90m"})
    assert TrainingSpec.model_validate_json(spec.model_dump_json()).digest == spec.digest


def test_digest_changes_with_any_value():
    assert spec_with(seed=1).digest != spec_with(seed=2).digest


@pytest.mark.parametrize("section", sorted(sections(TrainingSpec), key=lambda kind: kind.__name__))
def test_section_refuses_unknown_keys(section):
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        section.model_validate({"no_such_key": 1})


@pytest.mark.parametrize("section", sorted(sections(TrainingSpec), key=lambda kind: kind.__name__))
def test_section_cannot_be_changed(section):
    assert section.model_config["frozen"]


# What a section of the root is for, its own class says.
@pytest.mark.parametrize("section", sorted(sections(TrainingSpec) - {TrainingSpec}, key=lambda kind: kind.__name__))
def test_every_field_of_a_section_has_a_description(section):
    assert [name for name, field in section.model_fields.items() if not field.description] == []


def test_every_field_of_the_root_has_a_description():
    assert [name for name, field in TrainingSpec.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("name", ["", "Trips", "9trips", "a b", "../trips", "a/b", "x" * 64])
def test_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(ValidationError, match="name"):
        spec_with(name=name)


@pytest.mark.parametrize("by", ["time", "group"])
def test_split_by_a_column_that_data_does_not_name_is_refused(by):
    with pytest.raises(ValidationError, match=rf"needs `data\.{by}`"):
        spec_with(split={"by": by})


@pytest.mark.parametrize(
    ("data", "by"), [({}, "hash"), ({"time": "at"}, "time"), ({"time": "at", "group": "g"}, "group")]
)
def test_split_that_is_left_open_follows_the_data(data, by):
    assert spec_with(data={"source": "a.csv"} | data).split_by == by


@pytest.mark.parametrize(
    "part",
    [
        {"search": {"metric": "rmse"}},
        {"gate": {"minimum": {"r2": 0.1}}},
        {"gate": {"versus_champion": {"metric": "mae"}}},
    ],
)
def test_metric_of_another_problem_is_refused(part):
    with pytest.raises(ValidationError, match="does not fit a binary problem"):
        spec_with(problem="binary", **part)


def test_metric_is_checked_when_the_problem_becomes_known():
    with pytest.raises(ValueError, match="does not fit a regression problem"):
        spec_with(search={"metric": "roc_auc"}).for_problem("regression")


def test_families_that_cannot_predict_the_problem_are_refused():
    with pytest.raises(ValidationError, match="linear_regression"):
        spec_with(problem="binary", search={"families": ["linear_regression"]})


def test_odd_span_survives_spelling_out_the_problem():
    assert spec_with(monitor={"cooldown": "1234567s"}).for_problem("binary").monitor.cooldown.total_seconds() == 1234567


@pytest.mark.parametrize("value", [True, 1, "1", 1.5, "yes"])
def test_positive_value_keeps_its_type(value):
    positive = TargetSpec(column="late", positive=value).positive
    assert (type(positive), positive) == (type(value), value)


def test_window_of_span_and_rows_at_once_is_refused():
    with pytest.raises(ValidationError, match="not both"):
        WindowSpec(last="1d", rows=5)


@pytest.mark.parametrize("words", ["all", None, {}])
def test_window_of_everything_can_be_written_in_words(words):
    assert WindowSpec.model_validate(words) == WindowSpec()


def test_persistence_is_read_from_words():
    found = MonitorSpec(persistence="2 of 5").persistence
    assert (found.needed, found.among) == (2, 5)


def test_persistence_that_cannot_be_met_is_refused():
    with pytest.raises(ValidationError, match="more drifted windows are needed"):
        MonitorSpec(persistence="4 of 3")


def test_broken_data_cannot_be_set_to_retrain():
    with pytest.raises(ValidationError, match="broken_data"):
        MonitorSpec(when={"broken_data": "retrain"})


def test_split_that_leaves_no_training_rows_is_refused():
    with pytest.raises(ValidationError, match="leave no training rows"):
        SplitSpec(test=0.5, validation=0.5)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"data": {"source": "a.csv", "window": "auto"}}, "needs `data.time`"),
        ({"data": {"source": "a.csv", "time": "at", "window": {"auto": True, "rows": 5}}}, "by itself"),
        ({"data": {"source": "a.csv"}, "monitor": {"window": "auto"}}, "cannot be `auto`"),
    ],
)
def test_window_that_nobody_can_choose_is_refused(known, told):
    with pytest.raises(ValidationError, match=told):
        TrainingSpec.model_validate({"name": "toy", "target": {"column": "y"}} | known)


@pytest.mark.parametrize(
    ("problem", "target"),
    [
        ("regression", {"weights": "balanced"}),
        ("regression", {"threshold": 0.3}),
        ("multiclass", {"threshold": 0.3}),
        ("binary", {"log": True}),
    ],
)
def test_part_of_the_target_that_does_not_suit_the_problem_is_refused_by_its_name(problem, target):
    content = {"name": "toy", "data": {"source": "toy.csv"}, "target": {"column": "y", **target}}
    TrainingSpec.model_validate(content)
    with pytest.raises(ValueError, match=f"target.{next(iter(target))}"):
        TrainingSpec.model_validate(content).for_problem(problem)


PARTS = {
    "features": [
        {"lags": {"columns": ["price", "a: b"], "by": "shop", "periods": [1, 7]}},
        {"interactions": 5},
        {"interactions": [["a", "b"], ["c, d", "# e"]]},
        {"interactions": "off", "selection": "auto"},
        {"selection": "off", "custom": "my_module:function"},
    ],
    "target": [
        {"column": "y", "weights": "balanced", "threshold": 0.2},
        {"column": "y", "log": True},
        {"column": "y", "log": False},
    ],
    "split": [{"salt": 7}, {"salt": 2**32 - 1}],
    "sentinel": [{"rare": level} for level in ("off", "warn", "block")],
}


@pytest.mark.parametrize(("part", "content"), [(part, content) for part in PARTS for content in PARTS[part]])
def test_part_that_was_set_is_written_with_a_comment_and_reads_back_equal(part, content):
    small = {"name": "toy", "data": {"source": "toy.csv", "time": "at"}, "target": {"column": "y"}}
    spec = TrainingSpec.model_validate(small | {part: content})
    text = write_spec(spec)
    assert parse_spec(text, "toy.yaml") == spec
    names = {name for name in content if name != "column"}
    for line in text.splitlines():
        if (name := line.strip().partition(":")[0]) in names and line.startswith("  "):
            assert " # " in line
            names.discard(name)
    assert names == set()
