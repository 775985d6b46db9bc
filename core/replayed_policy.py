"""What a policy would have done on history: detector, decision, training and gate, window after window."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.bootstrap import Paired
from core.decision import Evidence, Finding, decide, matters
from core.drift import FEWEST_ROWS, DriftPlan, find_drift
from core.features import feature_frame
from core.gate import below_minimum, compare
from core.gate_spec import GateSpec
from core.monitor_spec import MonitorSpec
from core.performance import decay, scorecard
from core.profile import Part, count, layout_of
from core.replay import Replay, Step
from core.views import prediction_view


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides about retraining."""

    monitor: MonitorSpec
    gate: GateSpec
    plan: DriftPlan


def by_policy(replay: Replay, policy: Policy, tick: Callable[[int], None] = lambda _: None) -> list[Step]:
    """The real decision at the end of each window, the real gate for each training that it asks for."""
    champion, trained, drifted, steps = replay.first, replay.first, list[bool](), list[Step]()
    for window in replay.windows:
        tick(window)
        evidence = gather(replay, (champion, trained), window, (policy, drifted))
        decision = decide(evidence, policy.monitor) if evidence else None
        step = Step(champion, decision)
        drifted.insert(0, bool(evidence and matters(evidence.findings)))
        if decision and "retrain" in decision.actions and window + 1 in replay.windows:
            trained = window + 1
            verdict = judge(replay, champion, trained, policy.gate)
            step = replace(step, verdict=verdict)
            if verdict == "promote":
                champion, drifted = trained, []
        steps.append(step)
    return steps


def gather(replay: Replay, models: tuple[int, int], window: int, how: tuple[Policy, list[bool]]) -> Evidence | None:
    """What a check at the end of a window sees of the champion; None of a window with too few rows.

    Args:
        replay: History.
        models: The champion, and the last model that was trained, promoted or not.
        window: The window that is checked.
        how: The policy, and whether earlier windows had drifted, newest first.
    """
    (policy, drifted), history, rows = how, replay.history, replay.rows(window)
    if len(rows) < FEWEST_ROWS:
        return None
    champion, end, card = replay.model(models[0]), replay.edges[window + 1], None
    past = replay.labelled(window)
    unseen = champion.seen.unseen(replay.rows(past))
    if unseen.sum() >= FEWEST_ROWS:
        y, prediction = replay.truth(past)[unseen], replay.prediction(models[0], past)[unseen]
        card = scorecard(history.learning.problem, y, prediction, champion.threshold)
    last_trained = replay.model(models[1]).until
    return Evidence(
        findings=_findings(replay, (models[0], window, past), policy.plan),
        drifted_before=tuple(drifted),
        decay=decay(champion.holdout, card) if card else None,
        below_minimum=below_minimum(card.metrics, policy.gate.minimum) if card else None,
        new_rows=int((history.known(end)[history.time] > last_trained).sum()),
        since_training=(end - replay.edges[models[1]]).to_pytimedelta(),
    )


def _findings(replay: Replay, seen: tuple[int, int, int], plan: DriftPlan) -> tuple[Finding, ...]:
    model, window, past = seen
    champion, rows = replay.model(model), replay.rows(window)
    cells = layout_of(champion.reference.profile)
    parts = (
        champion.look(rows),
        Part([prediction_view(replay.prediction(model, window))]),
        champion.labels(replay.rows(past)),
    )
    features, scores, labels = (count(part, cells) for part in parts)
    moments = rows[champion.history.time]
    plan = replace(plan, period=(pd.Timestamp(moments.min()), pd.Timestamp(moments.max())))
    return tuple(find_drift(champion.reference.profile, features + scores + labels, champion.importance, plan))


def judge(replay: Replay, champion: int, challenger: int, gate: GateSpec) -> str:
    """The gate: both models on the challenger's test rows that neither saw."""
    new, old, history = replay.model(challenger), replay.model(champion), replay.history
    if below_minimum(new.metrics, gate.minimum):
        return "keep"
    unseen = old.seen.unseen(new.test)
    if unseen.sum() < FEWEST_ROWS:
        return "undecided"
    days = pd.factorize(new.test[history.time][unseen].dt.floor("D"))[0]
    blocks = days.astype(np.int64) if days.max(initial=0) >= 19 else None
    paired = Paired(
        new.test_y[unseen],
        new.test_prediction[unseen],
        old.predict(feature_frame(new.test[unseen], old.columns)),
        blocks,
        (new.threshold, old.threshold),
    )
    return compare(paired, gate.versus_champion, history.learning.metric, history.learning.seed).verdict
