"""The part of a version's card that tells of its data and its features."""

from core.charts import bar_chart
from core.page import Picture, Section, Table
from core.story import Story

MOST_FEATURES, MOST_BARS = 100, 15
SHAPLEY = "Mean size of Shapley values"
SHAPLEY_TOLD = (
    "A Shapley value is what a column adds to the prediction of one row, against other rows; its mean size over test "
    "rows is in the unit of the prediction: probability, or that of the target."
)


def data_section(story: Story) -> Section:
    """Where the rows come from, how they are parted, and what is in their columns."""
    record, told = story.version.record, story.appraisal
    spec = record.spec
    window = {name: value for name, value in spec["data"]["window"].items() if value}
    source = spec["data"]["source"]
    told_window = ", ".join(f"{name} {value}" for name, value in window.items()) or "all rows"
    text = [
        f"Source: {source if isinstance(source, str) else source['sql']}; window: {told_window}.",
        f"Snapshot: {record.data.uri}, {record.data.n_rows} rows, SHA-256 {record.data.sha256}.",
    ]
    if story.training and story.training.get("quarantined"):
        text.append(f"Set aside: {story.training['quarantined']['n_rows']} rows that broke the contract.")
    if told is None:
        return Section("Data", tuple(text))
    parts = tuple((part.name, str(part.n_rows), part.start, part.end) for part in told.parts)
    columns = tuple((c.name, c.kind, f"{c.missing:.1%}", str(c.n_values), c.told) for c in told.columns)
    tables = [Table(("part", "rows", "from", "to"), parts)]
    if record.report.classes:
        shares = tuple((str(c.name), f"{c.share:.1%}", str(c.n_train), str(c.n_test)) for c in record.report.classes)
        tables.append(Table(("class", "share", "train rows", "test rows"), shares))
    head = ("training rows", "kind", "missing", "values", "smallest / median / largest, or most frequent")
    return Section("Data", tuple(text), (*tables, Table(head, columns)))


def feature_section(story: Story) -> Section:
    """What became of each column, and how much the model leans on it."""
    report = story.version.record.report
    rows = tuple(
        (f.column, f"{f.importance:.1%}", f.kind, f.origin, f.dropped or _derived(f.derived, f.n_derived))
        for f in report.features[:MOST_FEATURES]
    )
    shares = [(name, 100 * share) for name, share in report.importance.items() if share > 0][:MOST_BARS]
    title = "Permutation importance"
    pictures = [Picture(title, bar_chart(title, shares, " %"))] if shares else []
    moved = [(name, size) for name, size in report.shapley.items() if size > 0][:MOST_BARS]
    if moved:
        pictures.append(Picture(SHAPLEY, bar_chart(SHAPLEY, moved)))
    more = len(report.features) - len(rows)
    text = (
        "Importance is the share of the metric that is lost on validation rows when a column is shuffled.",
        *((SHAPLEY_TOLD,) if moved else ()),
        *((f"{more} less important columns are not listed.",) if more > 0 else ()),
    )
    head = ("column", "importance", "kind", "origin", "becomes")
    return Section("Features and their lineage", text, (Table(head, rows),), tuple(pictures))


def _derived(names: tuple[str, ...], n_derived: int) -> str:
    return ", ".join(names) + (f" and {n_derived - len(names)} more" if n_derived > len(names) else "")
