import pickle
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.benefit import Benefit
from core.decision import Decision, Evidence, Finding, decide, decide_broken, drifted_share, matters
from core.monitor_spec import MonitorSpec
from core.performance import Decay

SPEC = MonitorSpec(cooldown="6h", min_new_rows=1000, persistence="2 of 3")
WORTH, USELESS = Benefit(8000, 2500, 0.60, 0.54, 0.005), Benefit(8000, 2500, 0.60, 0.60, 0.005)
DECAYED, SOUND = Decay(True, "loss 0.5 -> 0.7"), Decay(False, "loss 0.5 -> 0.5")


def finding(column: str, effect: float, importance: float = 0.0) -> Finding:
    return Finding(column, "number", effect, 0.1, effect >= 0.1, importance)


CALM = (finding("age", 0.01, 0.6), finding("plan", 0.02, 0.4))
STRONG = (finding("age", 0.5, 0.6), finding("plan", 0.02, 0.4))
UNIMPORTANT = (finding("age", 0.01, 0.95), finding("plan", 0.9, 0.05))


def evidence(**known: object) -> Evidence:
    default = Evidence(CALM, (), None, None, 5000, timedelta(days=2))
    return replace(default, **known)


def decided(**known: object) -> tuple[str, str]:
    found = decide(evidence(**known), SPEC)
    return found.decision, found.severity


@pytest.mark.parametrize(
    ("known", "answer"),
    [
        ({}, ("nothing", "none")),
        ({"decay": SOUND}, ("nothing", "none")),
        ({"drifted_before": (True, True)}, ("nothing", "none")),
        ({"findings": STRONG}, ("note", "mild_drift")),
        ({"findings": STRONG, "drifted_before": (False, False)}, ("note", "mild_drift")),
        ({"findings": STRONG, "drifted_before": (True,)}, ("retrain", "drift")),
        ({"findings": STRONG, "drifted_before": (False, True)}, ("retrain", "drift")),
        ({"findings": STRONG, "drifted_before": (False, False, True)}, ("note", "mild_drift")),
        ({"findings": UNIMPORTANT, "drifted_before": (True, True)}, ("note", "mild_drift")),
        ({"decay": DECAYED}, ("retrain", "decay")),
        ({"decay": DECAYED, "below_minimum": "roc_auc 0.5"}, ("retrain", "severe_decay")),
        ({"decay": DECAYED, "new_rows": 999}, ("note", "decay")),
        ({"decay": DECAYED, "new_rows": 1000}, ("retrain", "decay")),
        ({"decay": DECAYED, "since_training": timedelta(hours=5)}, ("note", "decay")),
        ({"decay": DECAYED, "since_training": timedelta(hours=6)}, ("retrain", "decay")),
        ({"decay": DECAYED, "since_training": None}, ("retrain", "decay")),
        ({"decay": DECAYED, "below_minimum": "roc_auc 0.5", "new_rows": 0}, ("alert", "severe_decay")),
        ({"findings": ()}, ("nothing", "none")),
    ],
    ids=[
        "calm", "calm and measured", "drift that is over", "first drifted window", "drift after calm", "two in a row",
        "two of three", "two of four", "unimportant", "decay", "decay below the minimum", "too few new rows",
        "just enough rows", "in the cooldown", "just after it", "training unknown", "held back, still an alert",
        "nothing compared",
    ],
)  # fmt: skip
def test_decision_follows_the_policy(known, answer):
    assert decided(**known) == answer


FINDINGS = st.builds(
    Finding,
    column=st.sampled_from(["age", "plan", "prediction"]),
    kind=st.sampled_from(["number", "missing", "prediction", "multivariate"]),
    effect=st.floats(0, 2),
    threshold=st.just(0.1),
    drifted=st.booleans(),
    importance=st.sampled_from([0.0, 0.1, 0.6]),
)
EVIDENCE = st.builds(
    Evidence,
    findings=st.lists(FINDINGS, max_size=4).map(tuple),
    drifted_before=st.lists(st.booleans(), max_size=4).map(tuple),
    decay=st.sampled_from([None, DECAYED, SOUND]),
    below_minimum=st.sampled_from([None, "roc_auc 0.5"]),
    new_rows=st.integers(0, 2000),
    since_training=st.none() | st.timedeltas(timedelta(0), timedelta(days=60)),
    estimated=st.sampled_from([None, "estimated loss 0.4 -> 0.5"]),
    trained_this_week=st.integers(0, 3),
    asked=st.sampled_from([None, "the check of yesterday"]),
    benefit=st.sampled_from([None, WORTH, USELESS]),
    refused=st.integers(0, 8),
)
POLICIES = st.builds(
    MonitorSpec,
    weekly_budget=st.sampled_from([None, 2]),
    max_age=st.sampled_from([None, timedelta(days=30)]),
    min_new_rows=st.sampled_from([0, 1000]),
)


@settings(max_examples=200, deadline=None)
@given(EVIDENCE, POLICIES, EVIDENCE)
def test_decision_is_a_function_of_its_evidence_whatever_was_decided_before(seen, spec, other):
    first, kept = decide(seen, spec), pickle.dumps((seen, spec))
    decide(other, spec)
    # Read back from another place, as another process would, and with nothing of it changed.
    assert decide(*pickle.loads(kept)) == first
    assert pickle.dumps((seen, spec)) == kept


@settings(max_examples=200, deadline=None)
@given(EVIDENCE, POLICIES)
def test_retraining_is_never_asked_for_against_the_policy(seen, spec):
    if "retrain" in decide(seen, spec).actions:
        assert seen.new_rows >= spec.min_new_rows
        assert seen.asked is None
        assert seen.since_training is None or seen.since_training >= spec.cooldown
        assert spec.weekly_budget is None or seen.trained_this_week < spec.weekly_budget


def test_severe_decay_alerts_and_retrains():
    assert decide(evidence(decay=DECAYED, below_minimum="roc_auc 0.5"), SPEC).actions == ("alert", "retrain")


def test_performance_below_the_minimum_is_never_passed_over_in_silence():
    assert decided(decay=SOUND, below_minimum="roc_auc 0.50, the minimum is 0.65")[0] != "nothing"


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"new_rows": 7}, "not retrained: 7 new rows"),
        ({"since_training": timedelta(hours=1)}, "the cooldown is 6:00:00"),
    ],
)
def test_reason_tells_why_it_was_not_retrained(known, told):
    assert told in decide(evidence(decay=DECAYED, **known), SPEC).reason


def test_reason_names_the_drifted_columns_and_their_importance():
    assert decide(evidence(findings=STRONG), SPEC).reason == (
        "note: 1 of 2 columns drifted (age), 60% of the model's importance; "
        "drift that matters in 1 of the last 1 windows"
    )


def test_reason_is_given_when_nothing_is_done():
    assert decide(evidence(), SPEC).reason == "none of 2 columns drifted"


@pytest.mark.parametrize("action", ["alert", "note"])
def test_broken_data_never_retrains(action):
    spec = MonitorSpec(when={"broken_data": action, "drift": "retrain", "decay": "retrain"})
    assert decide_broken(["age: min 0 broken by 3 rows"], spec) == Decision(
        action, "broken_data", f"{action}: the data break their contract: age: min 0 broken by 3 rows", (action,)
    )


def test_policy_of_alerts_only_never_retrains():
    quiet = MonitorSpec(when=dict.fromkeys(("mild_drift", "drift", "decay", "severe_decay"), "alert"))
    assert "retrain" not in decide(evidence(decay=DECAYED, below_minimum="x"), quiet).actions


def test_share_of_drifted_columns_counts_a_column_once():
    twice = (*STRONG, Finding("age", "missing", 0.5, 0.1, True, 0.6))
    assert drifted_share(twice) == 0.5


def test_importance_of_a_column_counts_once():
    assert not matters((finding("a", 0.5, 0.15), Finding("a", "missing", 0.5, 0.1, True, 0.15)))


def test_no_findings_are_no_drift():
    assert drifted_share(()) == 0.0


DRIFTED = {"findings": STRONG, "drifted_before": (True,)}


def test_persistent_drift_that_labels_say_does_not_hurt_is_noted():
    assert decided(**DRIFTED, decay=SOUND) == ("note", "mild_drift")
    assert "does not hurt; loss 0.5 -> 0.5" in decide(evidence(**DRIFTED, decay=SOUND), SPEC).reason


def test_estimate_is_told_and_decides_nothing():
    assert "estimated roc_auc 0.71 -> 0.66" in decide(
        evidence(estimated="estimated roc_auc 0.71 -> 0.66"), SPEC
    ).reason.replace("none of 2 columns drifted; ", "")
    assert decided(estimated="estimated roc_auc 0.71 -> 0.36")[0] == "nothing"


def test_drift_of_what_the_model_predicts_matters_without_importance():
    assert matters((*CALM, Finding("prediction", "prediction", 0.5, 0.1, True)))


def test_all_columns_together_are_no_column_of_their_own():
    together = Finding("all columns", "multivariate", 0.9, 0.6, True)
    assert drifted_share((*CALM, together)) == 0.0
    assert decided(findings=(*CALM, together)) == ("note", "mild_drift")


@pytest.mark.parametrize(
    ("known", "answer"),
    [
        ({"since_training": timedelta(days=29)}, ("nothing", "none")),
        ({"since_training": timedelta(days=30)}, ("retrain", "stale")),
        ({"since_training": timedelta(days=30), "new_rows": 7}, ("note", "stale")),
        ({"since_training": timedelta(days=30), "findings": UNIMPORTANT}, ("retrain", "stale")),
        ({"since_training": timedelta(days=30), **DRIFTED}, ("retrain", "drift")),
        ({"since_training": None}, ("nothing", "none")),
    ],
    ids=["young", "old", "old without new rows", "old and mild drift", "old and drift", "age unknown"],
)
def test_model_is_trained_again_when_it_is_too_old(known, answer):
    found = decide(evidence(**known), SPEC.model_copy(update={"max_age": timedelta(days=30)}))
    assert (found.decision, found.severity) == answer


@pytest.mark.parametrize(("trained", "decision"), [(1, "retrain"), (2, "note")])
def test_budget_of_a_week_is_kept(trained, decision):
    spec = SPEC.model_copy(update={"weekly_budget": 2})
    assert decide(evidence(decay=DECAYED, trained_this_week=trained), spec).decision == decision


def test_retraining_that_was_asked_for_is_not_asked_for_again():
    found = decide(evidence(decay=DECAYED, asked="the check of 2026-03-01"), SPEC)
    assert (found.decision, found.severity) == ("note", "decay")
    assert "the check of 2026-03-01 has asked for it already" in found.reason


@pytest.mark.parametrize(
    ("known", "answer"),
    [
        ({"decay": SOUND, "benefit": WORTH}, ("retrain", "decay")),
        ({"decay": DECAYED, "benefit": WORTH}, ("retrain", "decay")),
        ({"decay": DECAYED, "benefit": USELESS}, ("note", "decay")),
        ({"decay": DECAYED, "below_minimum": "roc_auc 0.5", "benefit": USELESS}, ("alert", "severe_decay")),
        ({"decay": SOUND, "benefit": USELESS}, ("nothing", "none")),
        ({"decay": SOUND, "benefit": WORTH, "new_rows": 7}, ("note", "decay")),
        ({"decay": SOUND, "benefit": replace(WORTH, new_share=0.01)}, ("nothing", "none")),
        ({"decay": SOUND, "benefit": replace(WORTH, error=0.05)}, ("nothing", "none")),
        ({"decay": DECAYED, "benefit": WORTH, "refused": 5}, ("retrain", "decay")),
        ({"decay": DECAYED, "benefit": WORTH, "refused": 6}, ("note", "decay")),
    ],
    ids=[
        "something to gain", "decay, and something to gain", "decay, and nothing to gain",
        "below the minimum, and nothing to gain", "nothing to gain", "too few new rows", "among many old rows",
        "perhaps by chance", "after refused trainings, much to gain", "after too many refused trainings",
    ],
)  # fmt: skip
def test_model_is_trained_again_where_that_promises_something(known, answer):
    assert decided(**known) == answer


def test_reason_tells_what_a_training_promises():
    assert decide(evidence(decay=SOUND, benefit=replace(WORTH, new_share=0.25)), SPEC).reason == (
        "retrain: what 8000 labelled rows since the training teach takes the loss of the newest 2500 "
        "from 0.600 to 0.540, and 25% of a training's rows would be new"
    )
    assert "does not promise" in decide(evidence(decay=DECAYED, benefit=USELESS), SPEC).reason
