"""How commands answer: wrong input gets what, why and how to fix, the right exit code, and no traceback."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from cli.answers import run
from cli.main import everfit
from tests.conftest import TOY, Project, toy_table

MODULES_THAT_COST_SECONDS = ("prefect", "mlflow", "sklearn", "pandas", "optuna", "distributed", "evidently")


def asked(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
    code = run(everfit, [*words.split(), "--json"])
    return code, json.loads(capsys.readouterr().out)["error"]


WRONG_SPECS: dict[str, tuple[Callable[[str], str], str, str]] = {
    "unknown key": (lambda t: t.replace("search:", "serch:"), "serch", "search"),
    "unknown inner key": (lambda t: t.replace("trials: 4", "trails: 4"), "search.trails", "trials"),
    "wrong choice": (lambda t: t.replace("by: time", "by: tmie"), "split.by", "time"),
    "wrong number": (lambda t: t.replace("trials: 4", "trials: -1"), "search.trials", "search.trials"),
    "no target": (lambda t: t.replace("target: {column: bought, positive: true}", ""), "target", "target"),
    "no yaml": (lambda t: t + "  : [", "toy.yaml", "line"),
    "other name": (lambda t: t.replace("name: toy", "name: yot"), "name", "toy"),
    "a list": (lambda t: "- 1", "toy.yaml", "flights.yaml"),
}


@pytest.mark.parametrize("name", WRONG_SPECS)
def test_wrong_yaml_is_told_with_its_place_and_a_way_out(
    name: str, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    change, place, way_out = WRONG_SPECS[name]
    project.write_spec(change(TOY))
    code, error = asked("train toy", capsys)
    assert (code, error["kind"]) == (2, "spec")
    assert place in error["what"]
    assert way_out in error["fix"] or way_out in error["why"]


def test_unknown_model_is_told_with_the_nearest_name(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, error = asked("train tyo", capsys)
    assert code == 2
    assert error["fix"] == "did you mean `toy`?"


def test_unknown_command_is_a_wrong_request(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, error = asked("trian toy", capsys)
    assert (code, error["kind"]) == (2, "usage")


def test_table_without_rows_is_refused_and_leaves_nothing(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy_table().head(0).to_parquet(tmp_path / "empty.parquet")
    code, error = asked(f"land toy {tmp_path / 'empty.parquet'}", capsys)
    assert code == 2
    assert "no rows" in error["what"]
    assert not (project.home / "store" / "lake").exists()


def test_table_without_the_time_column_is_refused(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy_table().drop(columns="day").to_csv(tmp_path / "table.csv", index=False)
    code, error = asked(f"land toy {tmp_path / 'table.csv'}", capsys)
    assert code == 2
    assert "'day'" in error["what"]


@pytest.mark.parametrize("name", ["broken.parquet", "broken.csv", "table.xls"])
def test_unreadable_file_is_refused(
    name: str, project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(b"\x00\x01PK not a table \xff")
    code, error = asked(f"land toy {tmp_path / name}", capsys)
    assert code == 2
    assert name in error["what"]


def test_missing_file_is_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, error = asked("land toy /no/such/table.csv", capsys)
    assert (code, error["kind"]) == (2, "data_missing")


def test_source_is_needed_for_what_is_no_example(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    code, error = asked("land toy", capsys)
    assert code == 2
    assert "everfit land toy table.csv" in error["fix"]


def test_home_that_cannot_be_written_is_told(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from adapters.settings import settings

    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EVERFIT_HOME", str(tmp_path / "file" / "home"))
    settings.cache_clear()
    code, error = asked("status", capsys)
    assert (code, error["kind"]) == (1, "storage")
    assert "EVERFIT_HOME" in error["fix"]


def test_wrong_setting_is_told_with_its_variable(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from adapters.settings import settings

    monkeypatch.setenv("EVERFIT_PREFECT_PORT", "a lot")
    settings.cache_clear()
    code, error = asked("status", capsys)
    assert code == 2
    assert "EVERFIT_PREFECT_PORT" in error["what"]


def test_landing_writes_one_file_a_month_and_the_same_table_changes_nothing(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toy_table().to_csv(tmp_path / "table.csv", index=False)
    words = ["land", "toy", str(tmp_path / "table.csv"), "--json"]
    assert run(everfit, words) == 0
    first = json.loads(capsys.readouterr().out)
    assert [(part["period"], part["state"]) for part in first["parts"]] == [
        ("2026-01", "new"), ("2026-02", "new"), ("2026-03", "new"),
    ]  # fmt: skip
    assert run(everfit, words) == 0
    assert json.loads(capsys.readouterr().out)["n_new"] == 0
    landed = pd.concat(pd.read_parquet(path) for path in sorted(project.home.glob("store/lake/toy/*.parquet")))
    assert landed["customer"].tolist() == toy_table()["customer"].tolist()


def test_table_is_looked_for_where_the_command_is_given(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy_table().to_csv(tmp_path / "table.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert run(everfit, ["land", "toy", "table.csv", "--json"]) == 0
    assert list(project.home.glob("store/lake/toy/*.parquet"))


def test_until_lands_the_whole_of_its_day(project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toy_table().to_csv(tmp_path / "table.csv", index=False)
    run(everfit, ["land", "toy", str(tmp_path / "table.csv"), "--until", "2026-01-31", "--json"])
    landed = json.loads(capsys.readouterr().out)
    assert landed["parts"][0]["n_rows"] == (toy_table()["day"] < "2026-02-01").sum()


def test_fault_of_ours_is_told_with_its_traceback(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import tasks.landing

    monkeypatch.setattr(tasks.landing, "read_table", lambda *_: 1 / 0)
    assert run(everfit, ["land", "toy", "x.csv", "--json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["kind"] == "internal"
    assert "ZeroDivisionError" in printed.err


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from cli.answers import run; from cli.main import everfit; run(everfit, ['--help']); "
        f"print([name for name in {MODULES_THAT_COST_SECONDS!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stderr.strip() == "[]"
