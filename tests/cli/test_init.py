"""`everfit init`: one command from a table to a YAML that reads; wrong input is told, and leaves nothing behind."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.specs import read_spec
from adapters.tables import read_table
from cli.answers import run
from cli.main import everfit
from core.contract import violations
from tests.conftest import Project, toy_table

Asking = Callable[..., tuple[int, dict]]


@pytest.fixture
def init(project: Project, capsys: pytest.CaptureFixture[str]) -> Asking:
    def asked(*words: str) -> tuple[int, dict]:
        code = run(everfit, ["init", *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return asked


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "trips.csv"
    toy_table(400).to_csv(path, index=False)
    return path


def test_a_table_gets_a_yaml_that_reads_and_that_it_keeps(init: Asking, table: Path):
    code, told = init(str(table), "--target", "bought")
    assert code == 0
    assert (told["model"], told["problem"], told["split"], told["metric"]) == ("trips", "binary", "time", "roc_auc")
    assert {column["name"]: column["kind"] for column in told["columns"]} == {
        "customer": "id", "day": "datetime", "age": "number", "plan": "category", "visits": "number",
        "bought": "boolean",
    }  # fmt: skip
    spec = read_spec("trips")
    assert (spec.data.key, spec.data.time) == (("customer",), "day")
    assert violations(read_table(spec.data.source, spec.data.time, spec.data.format), spec.contract) == []
    assert Path(told["file"]).read_text(encoding="utf-8").count("#") > 60


def test_what_the_user_says_goes_before_what_is_inferred(init: Asking, table: Path):
    code, told = init(str(table), "--target", "visits", "--name", "mine", "--key", "customer,day", "--group", "plan")
    assert code == 0
    assert (told["model"], told["key"], told["group"]) == ("mine", ["customer", "day"], "plan")


def test_taken_name_is_refused_and_force_replaces_it(init: Asking, table: Path, project: Project):
    assert init(str(table), "--target", "bought")[0] == 0
    before = (project.models / "trips.yaml").read_text()
    code, told = init(str(table), "--target", "plan")
    assert (code, told["error"]["kind"]) == (2, "spec")
    assert (project.models / "trips.yaml").read_text() == before
    assert init(str(table), "--target", "plan", "--force")[0] == 0
    assert read_spec("trips").problem == "multiclass"


def test_query_is_written_with_the_name_of_its_secret(
    init: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Project
):
    monkeypatch.setenv("DB_FILE", str(tmp_path / "secret-place.db"))
    with sqlite3.connect(tmp_path / "secret-place.db") as connection:
        toy_table(300).to_sql("trips", connection, index=False)
    code, told = init("--sql", "select * from trips", "--url", "sqlite:///${DB_FILE}", "--target", "bought")
    assert (code, told["model"]) == (0, "trips")
    text = (project.models / "trips.yaml").read_text()
    assert "${DB_FILE}" in text
    assert "secret-place" not in text


WRONG: dict[str, tuple[tuple[str, ...], int, str]] = {
    "missing file": (("none.csv", "--target", "y"), 2, "none.csv"),
    "no source": (("--target", "y"), 2, "no table"),
    "target not there": (("{table}", "--target", "bouhgt"), 2, "bouhgt"),
    "time not there": (("{table}", "--target", "bought", "--time", "dya"), 2, "dya"),
    "time is no time": (("{table}", "--target", "bought", "--time", "plan"), 2, "plan"),
    "key is the target": (("{table}", "--target", "bought", "--key", "bought"), 2, "--key"),
    "wrong name": (("{table}", "--target", "bought", "--name", "../x"), 2, "../x"),
    "sql without url": (("--sql", "select 1", "--target", "y"), 2, "clear"),
    "password in the clear": (("--sql", "s", "--url", "postgresql://me:geheim@h/d", "--target", "y"), 2, "password"),
    "unknown scheme": (("nosuch://x/y.csv", "--target", "y"), 2, "nosuch"),
    "no server": (("http://127.0.0.1:9/y.csv", "--target", "y"), 1, "127.0.0.1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_request_is_told_and_nothing_is_written(case: str, init: Asking, table: Path, project: Project):
    words, expected, named = WRONG[case]
    code, told = init(*(word.format(table=table) if "{table}" in word else word for word in words))
    assert code == expected
    assert named in told["error"]["what"]
    assert "geheim" not in json.dumps(told)
    assert [path.name for path in project.models.iterdir()] == ["toy.yaml"]


def test_nearest_name_is_offered(init: Asking, table: Path):
    assert "'bought'" in init(str(table), "--target", "Bought ")[1]["error"]["fix"]


WRONG_TABLES = {
    "header only": "a,y\n",
    "one column": "y\n1\n2\n",
    "duplicate names": "a,a,y\n1,2,3\n",
    "constant target": "a,y\n1,0\n2,0\n",
    "empty target": "a,y\n1,\n2,\n",
}


@pytest.mark.parametrize("case", WRONG_TABLES)
def test_table_that_cannot_be_learned_is_refused(case: str, init: Asking, tmp_path: Path, project: Project):
    (tmp_path / "wrong.csv").write_text(WRONG_TABLES[case])
    code, told = init(str(tmp_path / "wrong.csv"), "--target", "y")
    assert code == 2, told
    assert not (project.models / "wrong.yaml").exists()
