"""Batch scoring: a table in, predictions out, and the prediction log knows of it."""

from datetime import UTC, datetime
from typing import Any

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed

from adapters.registry import find_champion, find_version
from adapters.specs import read_spec
from adapters.storage import store_path
from core.errors import DataMissing
from core.outcomes import ScoringOutcome
from tasks.endings import show_ending
from tasks.scoring import conclude_scoring, score_rows


@flow(name="score", flow_run_name="score-{model}", on_completion=[show_ending], on_failure=[show_ending])
def score(
    model: str,
    source: str | None = None,
    out: str | None = None,
    version: int | None = None,
    workers: int | None = None,
) -> Any:
    """Score a table with a model.

    Args:
        model: Name of a YAML in the models' folder.
        source: Address, folder or glob of the table; default the model's own `data.source`.
        out: CSV or Parquet file to write; default predictions/MODEL/TIME.parquet in the store.
        version: Number of a registered version; default the champion.
        workers: Dask workers that score at the same time; default none, or those of the cluster at EVERFIT_DASK.
    """
    spec = read_spec(model)
    found = find_version(model, version) if version else find_champion(model)
    if found is None:
        raise DataMissing(
            f"{model} has no champion that could predict", "none was released", f"release one: everfit release {model}"
        )
    out = out or store_path("predictions", model, f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}.parquet")
    run = str(flow_run.get_id())
    scored = score_rows(found, spec, source or spec.data.source, (out, run), workers)
    outcome = ScoringOutcome(
        model=model,
        version=found.number,
        source=str(source or spec.data.source),
        output=out,
        rows=scored.rows,
        predicted=scored.predicted,
        broken=scored.broken,
        reasons=scored.reasons,
        seconds=round(scored.seconds, 2),
        flow_run_id=run,
    )
    conclude_scoring(outcome)
    return Completed(name="Scored", message=f"{scored.predicted} of {scored.rows} rows, in {out}", data=outcome)
