"""The card of a version (Mitchell et al., Model Cards for Model Reporting, 2019): from what was written down."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from core.card_data import data_section, feature_section
from core.card_quality import calibration_section, limits_section, quality_section, slice_section
from core.card_use import use_section
from core.page import Page, Section, Table
from core.story import Story

WORDS = {"promote": "registered", "keep": "refused", "undecided": "undecided"}


def card_of(story: Story) -> Page:
    """The page of a version."""
    record = story.version.record
    state = "champion" if story.champion else WORDS[record.verdict]
    sections = (
        _gate(story),
        quality_section(story),
        slice_section(story),
        calibration_section(story),
        data_section(story),
        feature_section(story),
        limits_section(story),
        _cause(story),
        _journal(story),
        use_section(story),
        _made(story),
        Section("Where to look", links=story.links),
    )
    filled = tuple(each for each in sections if each.text or each.tables or each.pictures or each.links)
    return Page(f"{record.model}, version {story.version.number}", state, record.reason, tuple(_facts(story)), filled)


def _facts(story: Story) -> Iterator[tuple[str, str]]:
    record, told = story.version.record, story.appraisal
    spec = record.spec
    yield "what", f"predicts {spec['target']['column']} ({record.coding.problem}) by {record.best.family}"
    yield "data", f"{record.data.n_rows} rows of {_source(story)}" + _until(record.data_until)
    metric = told.metric if told else next(iter(record.report.metrics))
    yield metric, _with_interval(story, metric)
    yield "trained", _moment(story.training["at"]) if story.training else "now"
    if story.training:
        yield "took", f"{story.training['seconds']:.0f} s, {story.training['trials']} trials"
        yield "energy", energy_told(story.training.get("energy"))
    yield "code", record.git_commit[:12] if record.git_commit else "not a git checkout"
    yield "approved by", _approved(story)


def energy_told(energy: Mapping[str, Any] | None) -> str:
    """Energy in watt hours, and whether a meter in the processor said so."""
    if energy is None:
        return "not measured"
    how = "measured" if energy["measured"] else "estimated from the load of the whole machine"
    return f"{1000 * energy['kwh']:.3g} Wh, {how} ({energy['by']})"


def _approved(story: Story) -> str:
    moves = [move for move in story.moves if move.to_version == story.version.number]
    approved = [move.by for move in moves if move.by]
    if approved:
        return approved[-1]
    asks = story.version.record.spec.get("release", {}).get("approval", "never") != "never"
    return "nobody yet" if asks and not moves else "nobody, the policy did not ask"


def _source(story: Story) -> str:
    source = story.version.record.spec["data"]["source"]
    return source if isinstance(source, str) else str(source["sql"])


def _until(moment: str | None) -> str:
    return f" until {_moment(moment)}" if moment else ""


def _with_interval(story: Story, metric: str) -> str:
    value = story.version.record.report.metrics[metric]
    found = story.appraisal.intervals.get(metric) if story.appraisal else None
    return f"{value:.4f}" + (f" [{found.low:.4f}, {found.high:.4f}]" if found else "") + " on the test rows"


def _gate(story: Story) -> Section:
    record = story.version.record
    gate = record.spec["gate"]
    asked = [f"{name} {bound:g}" for name, bound in gate["minimum"].items()]
    against = gate["versus_champion"]
    rules = (
        ("minimum", ", ".join(asked) or "none asked"),
        ("against the champion", f"a gain of {against['margin']:g}, interval of {against['confidence']:.0%} above 0"),
        ("slices", f"{', '.join(gate['slices']['columns']) or 'none'}, at most {gate['slices']['max_drop']:g} lost"),
    )
    tables = [Table(("the gate asks", ""), rules)]
    compared = (story.training or {}).get("metrics") or {}
    if compared.get("champion"):
        both = compared["challenger"], compared["champion"]
        rows = tuple((name, f"{both[0][name]:.4f}", f"{both[1][name]:.4f}") for name in both[0])
        tables.append(Table(("on rows that neither saw", "this version", "the champion then"), rows))
    return Section("Verdict of the gate", (f"{record.verdict}: {record.reason}",), tuple(tables))


def _cause(story: Story) -> Section:
    record, check = story.version.record, story.check
    if record.cause is None:
        return Section("What caused it", ("A person or a schedule asked for the training.",))
    if check is None:
        return Section("What caused it", (f"The event {record.cause}, which the journal does not know.",))
    moved = [finding for finding in check["findings"] if finding["drifted"]]
    moved.sort(key=lambda finding: -finding["importance"])
    rows = tuple(
        (f["column"], f["kind"], f"{f['effect']:.3f}", f"{f['threshold']:.3f}", f"{f['importance']:.0%}")
        for f in moved[:20]
    )
    window = check["window"]
    text = (
        f"{_moment(check['at'])}: {check['decision']}, {check['reason']}",
        f"The window: {window['rows']} rows from {window['start']} to {window['end']}; event {record.cause}.",
    )
    head = ("drifted", "compared", "effect", "limit", "importance")
    return Section("What caused it", text, (Table(head, rows),) if rows else ())


def _journal(story: Story) -> Section:
    moves = tuple(
        (_moment(move.at), move.kind, f"{move.from_version} -> {move.to_version}", move.by or "nobody", move.reason)
        for move in story.moves
    )
    refused = tuple(
        (_moment(entry["at"]), f"{entry['verdict']}", "", entry["approved_by"] or "nobody", entry["reason"])
        for entry in reversed(story.releases)
        if entry["move"] is None
    )
    tables = (Table(("when", "what", "champion", "who", "why"), moves + refused),) if moves or refused else ()
    return Section("Approvals and journal", () if tables else ("It was never released.",), tables)


def _made(story: Story) -> Section:
    record, training = story.version.record, story.training
    tables = [Table(("library", "version"), tuple(record.environment.items()))]
    if training:
        stages = tuple(
            (each["name"], "from the cache" if each["cached"] else f"{each['seconds']:.2f}")
            for each in training["stages"]
        )
        tables.append(Table(("stage", "seconds"), (*stages, ("all", f"{training['seconds']:.2f}"))))
    params = tuple((name, f"{value}") for name, value in record.best.params)
    tables.append(Table((f"parameter of {record.best.family}", "value"), params))
    digests = (
        ("data", record.data.sha256),
        ("spec", record.spec_digest),
        ("model file", story.version.file_digest),
        ("predictions of the test rows", record.report.digest),
    )
    tables.append(Table(("SHA-256 of", ""), digests))
    return Section("How it was made", (f"Code: {record.git_commit or 'not a git checkout'}.",), tuple(tables))


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")
