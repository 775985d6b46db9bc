"""What a policy would have done on history: detector, decision, training and gate, window after window."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.benefit import NOTHING_LABELLED, WINDOWS_BEFORE, Benefit, Labelled, benefit
from core.bootstrap import Paired
from core.decision import Evidence, Finding, decide, matters
from core.drift import FEWEST_ROWS, DriftPlan, find_drift
from core.features import feature_frame
from core.gate import below_minimum, compare
from core.gate_spec import GateSpec
from core.metrics import Floats
from core.monitor_spec import MonitorSpec
from core.performance import Scorecard, decay, scorecard
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
    n_refused = 0
    for window in replay.windows:
        tick(window)
        evidence = gather(replay, (champion, trained), window, (policy, drifted))
        decision = decide(replace(evidence, refused=n_refused), policy.monitor) if evidence else None
        step = Step(champion, decision)
        drifted.insert(0, bool(evidence and matters(evidence.findings)))
        if decision and "retrain" in decision.actions and window + 1 in replay.windows:
            trained = window + 1
            verdict = judge(replay, champion, trained, policy.gate)
            step, n_refused = replace(step, verdict=verdict), n_refused + 1
            if verdict == "promote":
                champion, drifted, n_refused = trained, [], 0
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
    policy, drifted = how
    if len(replay.rows(window)) < FEWEST_ROWS:
        return None
    card, end = realized(replay, models[0], window), replay.edges[window + 1]
    return Evidence(
        findings=findings(replay, models[0], window, policy.plan),
        drifted_before=tuple(drifted),
        decay=decay(replay.model(models[0]).holdout, card) if card else None,
        below_minimum=below_minimum(card.metrics, policy.gate.minimum) if card else None,
        new_rows=_new_rows(replay, models[1], window),
        since_training=(end - replay.edges[models[1]]).to_pytimedelta(),
        benefit=promised(replay, models, window),
    )


def realized(replay: Replay, model: int, window: int) -> Scorecard | None:
    """How a model does on the newest window whose labels are known at the end of a window; None of too few rows."""
    seen = _labelled(replay, model, [replay.labelled(window)])
    if len(seen.y) < FEWEST_ROWS:
        return None
    return scorecard(replay.history.learning.problem, seen.y, seen.prediction, replay.model(model).threshold)


def promised(replay: Replay, models: tuple[int, int], window: int) -> Benefit | None:
    """What a training at the end of a window promises over the champion; None of too few rows."""
    past = replay.labelled(window)
    sides = (
        _labelled(replay, models[0], range(max(past - WINDOWS_BEFORE, 0), past)),
        _labelled(replay, models[0], [past]),
    )
    new_share = min(_new_rows(replay, models[1], window) / len(replay.model(models[1]).rows), 1.0)
    return benefit(replay.history.learning.problem, *sides, new_share)


def _new_rows(replay: Replay, trained: int, window: int) -> int:
    history = replay.history
    return int((history.known(replay.edges[window + 1])[history.time] > replay.model(trained).until).sum())


def _labelled(replay: Replay, model: int, windows: Sequence[int]) -> Labelled:
    """The rows of some windows that a model never saw."""
    champion = replay.model(model)
    x, y, prediction = list[pd.DataFrame](), list[Floats](), list[Floats]()
    for window in windows:
        unseen = champion.seen.unseen(replay.rows(window))
        if unseen.any():
            x.append(replay.raw(window, champion.columns)[unseen])
            y.append(replay.truth(window)[unseen])
            prediction.append(replay.prediction(model, window)[unseen])
    return Labelled(pd.concat(x), np.concatenate(y), np.concatenate(prediction)) if x else NOTHING_LABELLED


def findings(replay: Replay, model: int, window: int, plan: DriftPlan) -> tuple[Finding, ...]:
    """How far a window and the newest labels are from what a model was trained on."""
    champion, rows, past = replay.model(model), replay.rows(window), replay.labelled(window)
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
