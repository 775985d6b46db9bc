"""The drift check: compare the newest window with what the champion was trained on, and decide what to do."""

import time
from typing import Any

from prefect import flow
from prefect.states import Completed

from adapters.registry import find_champion
from adapters.specs import read_spec
from core.decision import decide_broken
from tasks.causes import first_for
from tasks.checks import Check, conclude_check
from tasks.monitoring import compare, cut_window, measure, predict_window, sift_window, weigh


@flow(name="check-drift", flow_run_name="check-{model}")
def check_drift(model: str, cause: str | None = None, overrides: tuple[str, ...] = ()) -> Any:
    """Check the newest window of a model's data, and say with an event what should follow.

    Args:
        model: Name of a YAML in the models' folder.
        cause: Id of the event that asked for it; one cause starts one check.
        overrides: `path.to.key=value` each, over the YAML.
    """
    started = time.monotonic()
    if not first_for(model, cause, "check"):
        return Completed(name="Duplicate", message=f"{cause} has started a check of {model} already")
    spec = read_spec(model, overrides)
    champion = find_champion(model)
    if champion is None:
        return Completed(name="NoChampion", message=f"{model} has no champion yet, there is nothing to compare with")
    window = cut_window(spec.watched, spec.monitor.window, spec.monitor.labels, spec.target.column, champion)
    kept = sift_window(window, model, spec.watched, spec.watched_contract)
    if kept.broken:
        decision = decide_broken([str(violation) for violation in kept.broken], spec.monitor)
        outcome = conclude_check(Check(champion, kept, decision, None, None, cause, started))
    else:
        window = kept.window
        prediction = predict_window(window.data, champion)
        compared = compare(window.data, champion, prediction, spec.seed)
        measured = measure(window.data, champion, prediction, spec.target.column)
        decision = weigh(window, compared, measured, champion, spec)
        outcome = conclude_check(Check(champion, kept, decision, compared, measured, cause, started))
    return Completed(name=decision.decision.capitalize(), message=decision.reason, data=outcome)
