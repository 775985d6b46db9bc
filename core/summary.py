"""What stands on top of a run in the Prefect UI, as Markdown: verdict, why, numbers, and where to look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.outcomes import CheckOutcome, ReleaseOutcome, ScoringOutcome, TrainingOutcome
from core.page import Link, Table, link_text, plain, table_lines


@dataclass(frozen=True, slots=True)
class Summary:
    """One run in a minute.

    Attributes:
        tags: What runs can be filtered by in the UI.
    """

    model: str
    verdict: str
    why: str
    numbers: tuple[tuple[str, str], ...]
    links: tuple[Link, ...]
    tags: tuple[str, ...]


def summary_markdown(summary: Summary) -> str:
    """The summary as Markdown."""
    lines = [f"# {plain(summary.model)}: {plain(summary.verdict)}", "", plain(summary.why), ""]
    lines += table_lines(Table(("", ""), summary.numbers))
    lines += ["", *(f"- {link_text(link)}" for link in summary.links)]
    return "\n".join(lines) + "\n"


def training_summary(outcome: TrainingOutcome, links: tuple[Link, ...]) -> Summary:
    """Of a training."""
    told, linear = outcome.metrics["test"], outcome.metrics["baselines"].get("linear", {})
    gain = outcome.metrics["difference"]
    numbers = [("version", str(outcome.version or "none was registered")), ("best", outcome.best["family"])]
    numbers += [
        (name, f"{value:.4f}" + (f" (linear {linear[name]:.4f})" if name in linear else ""))
        for name, value in told.items()
    ]
    if gain:
        numbers.append(("gain over the champion", f"{gain['value']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]"))
    numbers += [
        ("rows", f"{outcome.rows} until {outcome.data_until}" if outcome.data_until else str(outcome.rows)),
        ("trials", str(outcome.trials)),
        ("seconds", f"{outcome.seconds:.1f}"),
        ("data digest", outcome.data_digest),
        ("spec digest", outcome.spec_digest),
    ]
    if outcome.warnings:
        numbers.append(("warnings", "; ".join(f"{each['column']} {each['what']}" for each in outcome.warnings[:5])))
    tags = _tags(outcome.model, outcome.verdict, outcome.cause)
    return Summary(outcome.model, f"training {outcome.verdict}", outcome.reason, tuple(numbers), links, tags)


def check_summary(outcome: CheckOutcome, links: tuple[Link, ...]) -> Summary:
    """Of a check."""
    window, performance = outcome.window, outcome.performance
    numbers = [
        ("severity", outcome.severity),
        (
            "window",
            f"{window['rows']} rows from {window['start']} to {window['end']}, {window['new_rows']} of them new",
        ),
        ("drifted columns", f"{outcome.drifted_share:.0%}"),
        ("champion", f"version {outcome.champion}"),
    ]
    realized = performance["realized"]
    if realized:
        numbers += [(f"realized {name}", f"{value:.4f}") for name, value in realized["metrics"].items()]
        numbers.append(("labelled rows", str(realized["n_rows"])))
    numbers += [(f"estimated {name}", f"{value:.4f}") for name, value in performance["estimated"].items()]
    if outcome.quarantined:
        numbers.append(("set aside", f"{outcome.quarantined['n_rows']} rows"))
    tags = (*_tags(outcome.model, outcome.decision, outcome.cause), f"severity:{outcome.severity}")
    return Summary(outcome.model, f"check, {outcome.decision}", outcome.reason, tuple(numbers), links, tags)


def release_summary(outcome: ReleaseOutcome, links: tuple[Link, ...]) -> Summary:
    """Of a release or a rollback."""
    numbers = (
        ("champion", f"version {outcome.from_version} -> {outcome.to_version}" if outcome.move else "stays"),
        ("approved by", outcome.approved_by or "nobody, the policy did not ask"),
        ("checks", f"{sum(bool(c['passed']) for c in outcome.checks)} of {len(outcome.checks)} passed"),
        ("seconds", f"{outcome.seconds:.1f}"),
    )
    verdict = f"version {outcome.to_version} {outcome.verdict.replace('_', ' ')}"
    tags = _tags(outcome.model, outcome.verdict, outcome.cause)
    return Summary(outcome.model, verdict, outcome.reason, numbers, links, tags)


def scoring_summary(outcome: ScoringOutcome, links: tuple[Link, ...]) -> Summary:
    """Of a batch."""
    numbers = (
        ("rows", str(outcome.rows)),
        ("predicted", str(outcome.predicted)),
        ("without a prediction", str(outcome.broken)),
        ("source", outcome.source),
        ("seconds", f"{outcome.seconds:.1f}"),
    )
    why = f"{outcome.predicted} of {outcome.rows} rows have a prediction of version {outcome.version}."
    return Summary(outcome.model, "batch scored", why, numbers, links, _tags(outcome.model, "scored", None))


def finding_rows(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a check found, what matters most first."""
    ordered = sorted(findings, key=lambda f: (not f["drifted"], -f["importance"], -f["effect"]))
    return [
        {
            "column": f["column"],
            "compared": f["kind"],
            "effect": round(f["effect"], 4),
            "limit": round(f["threshold"], 4),
            "drifted": f["drifted"],
            "importance": round(f["importance"], 4),
        }
        for f in ordered
    ]


def baseline_rows(metrics: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The new model, the baselines, and the champion where both were compared: a line a metric."""
    others = {f"{name} baseline": scores for name, scores in metrics["baselines"].items()}
    if metrics["champion"]:
        others |= {"on rows neither saw": metrics["challenger"], "champion, same rows": metrics["champion"]}
    return [
        {"metric": name, "this model": round(value, 5)}
        | {other: round(scores[name], 5) for other, scores in others.items() if name in scores}
        for name, value in metrics["test"].items()
    ]


def _tags(model: str, verdict: str, cause: str | None) -> tuple[str, ...]:
    return (f"model:{model}", f"verdict:{verdict}", "cause:event" if cause else "cause:person")
