"""The part of a version's card that tells how good it is, for whom, and where it ends."""

from collections.abc import Iterator
from itertools import groupby

from core.appraisal import Appraisal, Slice
from core.charts import Axes, Line, heat_table, histogram, line_chart
from core.curves import Curve
from core.metrics import METRICS
from core.page import Picture, Section, Table
from core.story import Story

OFF, LEANS, EMPTY, FEW_ROWS = 0.05, 0.5, 0.2, 30


def quality_section(story: Story) -> Section:
    """Metrics with intervals beside the baselines, and the curves."""
    record, told = story.version.record, story.appraisal
    baselines = record.report.baselines
    rows = tuple(
        (name, f"{value:.4f}", _interval(told, name), *(f"{scores[name]:.4f}" for scores in baselines.values()))
        for name, value in record.report.metrics.items()
    )
    head = ("on the test rows", "this version", "95 % interval", *(f"{name} baseline" for name in baselines))
    return Section("Metrics", (), (Table(head, rows),), tuple(_curves(story)))


def _interval(told: Appraisal | None, name: str) -> str:
    found = told.intervals.get(name) if told else None
    return f"{found.low:.4f} to {found.high:.4f}" if found else ""


def _curves(story: Story) -> Iterator[Picture]:
    told = story.appraisal
    if told is None:
        return
    for kind, title, axes in (
        ("roc", "ROC", ("false positive rate", "true positive rate")),
        ("precision_recall", "Precision and recall", ("recall", "precision")),
    ):
        lines = [_line(curve) for curve in told.curves if curve.kind == kind]
        if lines:
            yield Picture(title, line_chart(Axes(title, *axes, diagonal=kind == "roc"), lines))
    if told.confusion:
        names = [str(name) for name in story.version.record.coding.classes]
        yield Picture("Confusion", heat_table("Confusion", names, told.confusion))
    if told.residuals:
        axes_of = Axes("Residuals", "prediction minus truth", "test rows")
        yield Picture("Residuals", histogram(axes_of, [(bar.low, bar.high, bar.n_rows) for bar in told.residuals]))


def _line(curve: Curve) -> Line:
    return Line(curve.name, curve.x, curve.y)


def slice_section(story: Story) -> Section:
    """The metric by groups of rows, and how far the groups of a column are apart."""
    told = story.appraisal
    if told is None or not told.slices:
        return Section("Slices")
    rows = tuple(
        (
            f"{s.column} = {s.value}",
            str(s.n_rows),
            f"{s.metric.value:.4f} [{s.metric.low:.4f}, {s.metric.high:.4f}]",
            f"{s.predicted:.4g}",
            f"{s.realized:.4g}",
            "yes" if s.held else "",
        )
        for s in told.slices
    )
    head = ("rows with", "test rows", told.metric, "mean prediction", "mean truth", "held by the gate")
    gaps = tuple(
        (column, f"{low.value} {low.metric.value:.4f}", f"{high.value} {high.metric.value:.4f}", f"{gap:.4f}")
        for column, low, high, gap in gaps_of(told)
    )
    gap_table = Table(("largest gap by", "worst", "best", f"gap in {told.metric}"), gaps)
    return Section("Slices and gaps between them", (), (Table(head, rows), *((gap_table,) if gaps else ())))


def gaps_of(told: Appraisal) -> Iterator[tuple[str, Slice, Slice, float]]:
    """By column the worst group, the best one, and how far they are apart in the metric."""
    better = 1 if METRICS[told.metric].greater_is_better else -1
    for column, group in groupby(told.slices, key=lambda each: each.column):
        ranked = sorted(group, key=lambda each: better * each.metric.value)
        if len(ranked) > 1:
            yield column, ranked[0], ranked[-1], abs(ranked[-1].metric.value - ranked[0].metric.value)


def calibration_section(story: Story) -> Section:
    """What was predicted beside what came true."""
    told = story.appraisal
    if told is None:
        return Section("Calibration")
    said, came = [b.predicted for b in told.calibration], [b.realized for b in told.calibration]
    numbers = story.version.record.coding.problem == "regression"
    axes = Axes("Calibration", "mean prediction", "mean truth", not numbers, diagonal=True)
    rows = tuple((f"{b.predicted:.4g}", f"{b.realized:.4g}", str(b.n_rows)) for b in told.calibration)
    holdout = story.version.record.report.holdout
    text = f"The mean prediction is off by {holdout.gap:+.4f} over {holdout.n_rows} test rows."
    picture = Picture("Calibration", line_chart(axes, [Line("tenths of the test rows", said, came, marked=True)]))
    return Section("Calibration", (text,), (Table(("mean prediction", "mean truth", "rows"), rows),), (picture,))


def limits_section(story: Story) -> Section:
    """Where the version ends: what the numbers say about it, and what they cannot say."""
    return Section("Limits", tuple(_limits(story)))


def _limits(story: Story) -> Iterator[str]:
    record, told = story.version.record, story.appraisal
    if record.data_until:
        yield f"It knows nothing after {record.data_until}; what it then sees is watched, and not known to be the same."
    yield "Rows that break the contract are not predicted: they get their reason instead."
    yield from _leaning(record.report.importance)
    if told is not None:
        yield from _weak(told)
        worst = max(told.calibration, key=lambda b: abs(b.predicted - b.realized), default=None)
        if worst and record.coding.problem != "regression" and abs(worst.predicted - worst.realized) > OFF:
            yield f"Predictions around {worst.predicted:.3g} came true in {worst.realized:.3g} of {worst.n_rows} rows."
        gaps = [c.name for c in told.columns if c.missing > EMPTY and c.name in record.columns.names]
        if gaps:
            yield f"More than {EMPTY:.0%} of the training rows have no value in: {', '.join(gaps[:10])}."
    few = [str(c.name) for c in record.report.classes if c.n_test < FEW_ROWS]
    if few:
        yield f"Fewer than {FEW_ROWS} test rows hold: {', '.join(few[:10])}; their metrics say little."
    yield "Whom its use affects, and whether that is right, no number here says: a person has to."


def _leaning(importance: dict[str, float]) -> Iterator[str]:
    first, share = next(iter(importance.items()), ("", 0.0))
    if share > LEANS:
        yield f"{share:.0%} of its importance is one column, {first}: where that is wrong, the predictions are."


def _weak(told: Appraisal) -> Iterator[str]:
    whole = told.intervals[told.metric]
    for each in weak_slices(told)[:5]:
        yield (
            f"It is worse where {each.column} = {each.value}: {told.metric} {each.metric.value:.4f} "
            f"against {whole.value:.4f}."
        )


def weak_slices(told: Appraisal) -> list[Slice]:
    """Groups of rows whose whole interval is worse than the interval of all rows."""
    whole, better = told.intervals[told.metric], METRICS[told.metric].greater_is_better
    return [s for s in told.slices if (s.metric.high < whole.low if better else s.metric.low > whole.high)]
