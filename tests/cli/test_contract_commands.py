"""`everfit contract diff` says what changed, `accept` takes it over; the rest of the file stays."""

import json

import pytest

from cli.answers import run
from cli.main import everfit
from tests.conftest import TOY, Project, toy_table

COMMENTED = TOY.replace("age: {type: float", "# years\n    age: {type: float").replace(
    "split: {by: time}", "# as time goes by\nsplit: {by: time}   # oldest first"
)


def answer(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    code = run(everfit, [*words.split(), "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def changed(project: Project) -> Project:
    project.write_spec(COMMENTED)
    frame = toy_table(200)
    frame.loc[0, "age"] = 130.0
    frame.loc[1, "plan"] = "gold"
    project.land(frame)
    return project


def text_of(project: Project) -> str:
    return (project.models / "toy.yaml").read_text()


def test_diff_tells_every_change_and_exits_with_3(changed: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer("contract diff toy", capsys)
    assert code == 3
    assert {(change["column"], change["kind"]) for change in document["changes"]} == {
        ("age", "max"), ("plan", "values"), ("customer", "new"), ("day", "new"), ("visits", "new"),
    }  # fmt: skip
    assert text_of(changed) == COMMENTED


def test_accepted_contract_has_no_difference_left(changed: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert answer("contract accept toy", capsys)[0] == 0
    assert answer("contract diff toy", capsys)[0] == 0
    text = text_of(changed)
    assert "# years\n    age: {type: float, min: 0, max: 130}" in text
    assert "values: [basic, plus, pro, gold]" in text
    assert text.split("# as time goes by")[1] == COMMENTED.split("# as time goes by")[1]
    assert [path.name for path in changed.models.iterdir()] == ["toy.yaml"]


def test_accepting_nothing_leaves_the_file_alone(changed: Project, capsys: pytest.CaptureFixture[str]) -> None:
    answer("contract accept toy", capsys)
    before = (changed.models / "toy.yaml").stat().st_mtime_ns
    code, document = answer("contract accept toy", capsys)
    assert (code, document["changes"], document["file"]) == (0, [], None)
    assert (changed.models / "toy.yaml").stat().st_mtime_ns == before


def test_lost_target_is_not_accepted(changed: Project, capsys: pytest.CaptureFixture[str]) -> None:
    changed.land(toy_table(200).drop(columns="bought"))
    code, document = answer("contract accept toy", capsys)
    assert (code, document["error"]["kind"]) == (2, "data_missing")
    assert "bought" in document["error"]["what"]
    assert text_of(changed) == COMMENTED


def test_repeated_key_alone_is_left_to_a_person(changed: Project, capsys: pytest.CaptureFixture[str]) -> None:
    changed.land(toy_table(200))
    answer("contract accept toy", capsys)
    changed.land(toy_table(200).assign(customer="c0-1"))
    code, document = answer("contract accept toy", capsys)
    assert (code, document["error"]["kind"]) == (2, "data_rejected")
    assert "200 rows repeat a value" in document["error"]["why"]


@pytest.mark.parametrize("words", ["contract diff tyo", "contract accept tyo"])
def test_unknown_model_is_told(words: str, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer(words, capsys)
    assert (code, document["error"]["fix"]) == (2, "did you mean `toy`?")


def test_missing_source_is_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = answer("contract diff toy", capsys)
    assert (code, document["error"]["kind"]) == (2, "data_missing")


@pytest.mark.parametrize(
    "part", ["quarantine: row", "max_broken_share: 2", "volume: {min_share: 3}", "freshness: 2 moons"]
)
def test_wrong_contract_is_told_with_its_place(part: str, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write_spec(TOY.replace("  unique: [customer]", f"  {part}"))
    code, document = answer("contract diff toy", capsys)
    assert (code, document["error"]["kind"]) == (2, "spec")
    assert f"contract.{part.split(':', maxsplit=1)[0]}" in document["error"]["what"]


def test_wrong_sentinel_level_is_told_with_the_nearest(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write_spec(TOY + "sentinel: {leaks: wran}\n")
    code, document = answer("contract diff toy", capsys)
    assert (code, document["error"]["fix"]) == (2, "did you mean `warn`?")
