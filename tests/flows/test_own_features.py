"""A user's own step and lags on their way through the loop. Each test goes on where the one before stopped."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from adapters import registry
from adapters.specs import read_spec
from adapters.storage import read_frame
from core.errors import SpecError
from tests.conftest import TOY, Project, toy_table

STEP = """
def step(frame):
    return frame.assign(age=frame["age"] / 10, senior=(frame["age"] > 60) * 1.0)
"""
OWN = """
features:
  custom: mine:step
  lags: {columns: [visits], by: plan, periods: [1]}
"""
LAG = "visits lag 1 by plan"


@pytest.fixture(scope="module")
def own(shared_project: Project) -> Project:
    shared_project.write_spec(TOY + OWN)
    (shared_project.models / "mine.py").write_text(STEP)
    shared_project.land(toy_table(2000))
    return shared_project


@pytest.fixture(scope="module")
def trained(own: Project) -> Any:
    from flows.training import train

    return train("toy")


@pytest.fixture(scope="module")
def champion(trained: Any) -> Any:
    from flows.release import release

    outcome = release("toy", trained.version, approved_by=None)
    assert outcome.verdict == "released", outcome.reason
    return registry.find_champion("toy")


def test_wrong_name_is_told_before_anything_is_read(own: Project) -> None:
    from flows.training import train

    with pytest.raises(SpecError, match="did you mean `mine:step`"):
        train("toy", overrides=("features.custom=mine:stepp", "data.source=lake://nowhere/*.parquet"))


def test_lineage_names_what_made_each_column(trained: Any) -> None:
    origins = {row["column"]: row["origin"] for row in trained.features}
    assert (origins["senior"], origins[LAG], origins["plan"]) == ("custom mine:step", "lag 1 of visits", "source")


def test_champion_reads_raw_rows_and_one_row_gets_what_it_got_in_the_table(champion: Any) -> None:
    pipeline, rows = registry.load_pipeline(champion), toy_table(300)
    whole = champion.record.predict(pipeline, rows)
    without_target = champion.record.predict(pipeline, rows.drop(columns="bought"))
    np.testing.assert_array_equal(whole, without_target)
    single = rows.iloc[[7]].assign(**{LAG: np.nan})
    history = rows[rows["day"] < rows["day"].iloc[7]]
    past = history[history["plan"] == rows["plan"].iloc[7]]["visits"]
    single[LAG] = float(past.iloc[-1]) if len(past) else np.nan
    assert champion.record.predict(pipeline, single)[0] == whole[7]


def test_check_computes_lags_over_the_whole_source_before_it_cuts_the_window(champion: Any) -> None:
    from tasks.windows import cut_window

    spec = read_spec("toy", ("monitor.window.rows=3",))
    window = cut_window.fn(spec.data, spec.monitor.window, spec.monitor.labels, "bought", champion)
    assert read_frame(window.data)[LAG].notna().all()


def test_check_compares_what_the_step_makes(champion: Any) -> None:
    from flows.check_drift import check_drift

    outcome = check_drift("toy")
    effects = {finding["column"]: finding for finding in outcome.findings}
    assert not effects["age"]["drifted"]
    assert {"senior", LAG} <= set(effects)


def test_changed_step_is_another_model_and_the_champion_keeps_its_own(own: Project, champion: Any) -> None:
    from flows.training import train

    (own.models / "mine.py").write_text(STEP.replace("60", "61"))
    again = train("toy")
    assert again.model_digest != champion.record.report.digest
    assert not {"prepare", "build_features", "evaluate"} & {s["name"] for s in again.stages if s["cached"]}
    rows = pd.DataFrame(toy_table(50))
    step = registry.load_pipeline(champion).step
    assert step(rows)["senior"].tolist() == ((rows["age"] > 60) * 1.0).tolist()
