"""`data.window: auto`: the stage that decides which rows a training takes."""

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from prefect import get_run_logger, task

from adapters.storage import read_frame, write_frame
from core.backtest import History
from core.data_spec import WindowSpec
from core.families import FAMILIES
from core.fitting import Candidate
from core.window_choice import WindowPlan
from core.window_choice import choose_window as choose
from core.windows import newest_rows
from tasks.data import Clean
from tasks.policies import STAGE

# What tells windows apart need not be the best model: it is fitted once for each of them.
N_ROWS = 100_000


@task(name="choose_window", **STAGE)
def choose_window(clean: Clean, plan: WindowPlan) -> tuple[Clean, dict[str, Any]]:
    """The rows of the window that scores best on the newest rows before the test part, and all that was compared."""
    frame = read_frame(clean.data).sort_values(plan.time, kind="stable", ignore_index=True)
    thin = frame.iloc[:: -(-len(frame) // N_ROWS)].reset_index(drop=True)
    candidate = Candidate(plan.family, tuple(FAMILIES[plan.family].start.items()))
    history = History(
        frame=thin,
        time=plan.time,
        coding=clean.coding,
        learning=plan.learning,
        features=plan.features,
        split=plan.split,
        window=WindowSpec(),
        label_delay=timedelta(0),
        choose=lambda _: candidate,
    )
    choice = choose(history, plan.split.test, plan.split.validation)
    rows = newest_rows(frame, choice.window, plan.time)
    told = {"chosen": choice.window.model_dump(mode="json"), "rows": len(rows), "scored_on": choice.n_scored}
    told["tried"] = [asdict(one) for one in choice.tried]
    scores = ", ".join(f"{tried.days:g}d {tried.metric:.4f}" for tried in choice.tried)
    get_run_logger().info("choose_window: %d of %d rows; %s", len(rows), len(frame), scores)
    return replace(clean, data=write_frame(rows)), told
