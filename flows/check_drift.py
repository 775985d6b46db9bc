"""The drift check: compare the newest window with what the champion was trained on, and decide what to do."""

import time
from typing import Any

from prefect import flow
from prefect.states import Completed

from adapters.registry import find_champion
from adapters.specs import read_spec
from core.decision import decide_broken
from core.plans import drift_plan
from tasks.causes import first_for
from tasks.checks import Check, conclude_check
from tasks.endings import show_ending
from tasks.monitoring import compare, draw_report, measure, predict_window, weigh
from tasks.windows import cut_window, sift_window


@flow(name="check-drift", flow_run_name="check-{model}", on_completion=[show_ending], on_failure=[show_ending])
def check_drift(model: str, cause: str | None = None, overrides: tuple[str, ...] = (), report: bool = False) -> Any:
    """Check the newest window of a model's data, and say with an event what should follow.

    Args:
        model: Name of a YAML in the models' folder.
        cause: Id of the event that asked for it; one cause starts one check.
        overrides: `path.to.key=value` each, over the YAML.
        report: Draw the report of the window whatever is found, and not only when something follows from it.
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
        outcome = conclude_check(Check(champion, kept, decision, (), None, None, cause, started))
    else:
        window = kept.window
        prediction = predict_window(window.data, champion)
        findings = compare(window, champion, prediction, drift_plan(spec))
        measured = measure(window, champion, prediction, spec.target.column)
        decision = weigh(window, findings, measured, champion, spec)
        wanted = report or decision.decision != "nothing"
        drawn = draw_report(window.data, champion, prediction, spec.seed) if wanted else None
        outcome = conclude_check(Check(champion, kept, decision, findings, measured, drawn, cause, started))
    return Completed(name=decision.decision.capitalize(), message=decision.reason, data=outcome)
