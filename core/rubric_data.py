"""The tests of the ML Test Score about data and about the model."""

from core.metrics import METRICS
from core.rubric import Found, Seen, Test, measured_later

FEWEST_TRIALS = 10
FEWEST_MEASURED = 3


def schema(seen: Seen) -> Found:
    columns, lags = seen.version.record.columns.names, seen.version.record.preparation.made
    raw = [name for name in columns if name not in lags]
    missing = [name for name in raw if name not in seen.spec.contract.columns]
    told = f"the contract has rules for {len(raw) - len(missing)} of {len(raw)} columns that the model reads"
    told += f", none for {', '.join(missing[:5])}" if missing else ""
    return Found(not missing, told, "spec: contract.columns")


def beneficial(seen: Seen) -> Found:
    importance = seen.version.record.report.importance
    if not any(importance.values()):
        return Found(None, "no importance was measured", "record: report.importance")
    idle = [name for name, share in importance.items() if share <= 0]
    told = f"{len(importance) - len(idle)} of {len(importance)} columns are worth something on validation rows"
    return Found(not idle, told + (f", not {', '.join(idle[:5])}" if idle else ""), "record: report.importance")


def feature_code(seen: Seen) -> Found:
    custom = seen.version.record.preparation.custom
    if custom:
        return Found(None, f"the step {custom.reference} is code of the project", "spec: features.custom")
    return Found(True, "there is no code of the user; the encoders have tests", "tests/core/test_features.py")


def reviewed(seen: Seen) -> Found:
    if seen.committed is None:
        return Found(None, "this is no git checkout")
    if not seen.committed:
        return Found(False, "the YAML is not checked in as it is", "git status")
    if seen.spec.digest != seen.version.record.spec_digest:
        return Found(None, "the YAML has changed since the training", "record: spec_digest")
    return Found(None, "the YAML is checked in as it was trained; git does not tell who reviewed it", "git log")


def realized(seen: Seen) -> Found:
    measured = measured_later(seen)
    if not measured:
        return Found(None, "no labels have arrived for what it predicted", "journal: check")
    at_first = seen.version.record.report.holdout.loss
    now = measured[0]["performance"]["realized"]["loss"]
    told = f"loss {at_first:.4f} on the test rows, {now:.4f} realized in the newest window with labels"
    # Offline numbers that say nothing about what then happens are off by more than half.
    return Found(abs(now - at_first) <= 0.5 * abs(at_first), told, f"journal: {measured[0]['id']}")


def tuned(seen: Seen) -> Found:
    if seen.training is None:
        return Found(None, "the journal holds no training of it", "journal: training")
    n_trials = seen.training["trials"]
    told = f"{n_trials} trials over {len(seen.spec.search.families)} families, {FEWEST_TRIALS} are wanted"
    return Found(n_trials >= FEWEST_TRIALS, told, f"journal: {seen.training['id']}")


def staleness(seen: Seen) -> Found:
    windows = {each["window"]["digest"] for each in measured_later(seen)}
    told = f"{len(windows)} windows tell how it does as it grows old, {FEWEST_MEASURED} are wanted"
    return Found(True if len(windows) >= FEWEST_MEASURED else None, told, "journal: check")


def simpler(seen: Seen) -> Found:
    report, metric = seen.version.record.report, seen.spec.metric
    linear = report.baselines.get("linear", {})
    if metric not in linear or metric not in report.metrics:
        return Found(None, f"no linear model was measured by {metric}", "record: report.baselines")
    gain = METRICS[metric].gain(report.metrics[metric], linear[metric])
    return Found(gain > 0, f"{gain:+.4f} {metric} over a linear model", "record: report.baselines")


def slices(seen: Seen) -> Found:
    if not seen.spec.gate.slices.columns:
        return Found(False, "the gate holds no slices", "spec: gate.slices.columns")
    if seen.weak is None:
        return Found(None, "no slice of this version was measured", "everfit/appraisal.json")
    told = "clearly worse: " + ", ".join(seen.weak) if seen.weak else "no declared slice is clearly worse"
    return Found(not seen.weak, told, "everfit/appraisal.json")


DATA = (
    Test("D1", "Feature expectations are captured in a schema", "name every column in `contract.columns`", schema),
    Test("D2", "All features are beneficial", "drop the others, or set `features.selection: auto`", beneficial),
    Test("D3", "No feature's cost is too much", "weigh what each column costs against its worth"),
    Test("D4", "Features adhere to meta-level requirements", "hold the columns against law and house rules"),
    Test("D5", "The data pipeline has appropriate privacy controls", "see who reads lake, snapshots and log"),
    Test("D6", "New features can be added quickly", "tell how long the last new column took"),
    Test("D7", "All input feature code is tested", "test the step of `features.custom`, and say where", feature_code),
)
MODEL = (
    Test("M1", "Model specs are reviewed and submitted", "check the YAML in, and have somebody review it", reviewed),
    Test("M2", "Offline and online metrics correlate", "let labels arrive (`monitor.labels`), and check", realized),
    Test("M3", "All hyperparameters have been tuned", "train with a larger `search.trials`", tuned),
    Test("M4", "The impact of model staleness is known", "check it over time, or look at `everfit replay`", staleness),
    Test("M5", "A simpler model is not better", "release the linear model, or find better columns", simpler),
    Test("M6", "Model quality is sufficient on important data slices", "declare `gate.slices.columns`", slices),
    Test("M7", "The model is tested for considerations of inclusion", "look at the slices of whom it concerns"),
)
