"""Commands about one model: train and check."""

import threading
from pathlib import Path
from typing import Any

import click

from cli.answers import DONE, NO, Answer, answering
from cli.environment import prepare
from core.outcomes import CheckOutcome, TrainingOutcome


@click.command()
@click.argument("name")
@click.option(
    "--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Over the YAML, such as search.trials=10."
)
@click.option("--workers", type=click.IntRange(min=1), help="Dask workers; default one a core.")
@answering
def train(name: str, overrides: tuple[str, ...], workers: int | None) -> Answer:
    """Train model NAME here and now; no server is needed."""
    prepare()
    from adapters.specs import read_spec

    # A wrong YAML is told before anything is started.
    read_spec(name, overrides)
    from adapters.registry import warm_up
    from flows.training import train as flow

    # While Prefect starts its temporary server in another process, this one would only wait.
    threading.Thread(target=warm_up, daemon=True).start()
    outcome: Any = flow(name, overrides=overrides, workers=workers)
    return Answer(outcome, _training_text(outcome), DONE if outcome.verdict == "registered" else NO)


def _training_text(outcome: TrainingOutcome) -> str:
    test, linear = outcome.metrics["test"], outcome.metrics["baselines"]["linear"]
    version = f" as version {outcome.version}" if outcome.version else ""
    lines = [
        f"{outcome.model}: {outcome.verdict}{version} ({outcome.reason})",
        "",
        "on the test rows     model   linear",
    ]
    lines += [f"  {name:<15}{value:>9.4f}{linear[name]:>9.4f}" for name, value in test.items()]
    lines += ["", "stage             seconds"]
    lines += [
        f"  {s['name']:<15}{s['seconds']:>8.2f}{'  from the cache' if s['cached'] else ''}" for s in outcome.stages
    ]
    return "\n".join([*lines, f"  {'all':<15}{outcome.seconds:>8.2f}"])


@click.command()
@click.argument("name")
@click.option("--data", "source", help="Check this table instead of the model's own source.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw the drift report whatever is found, into this HTML file.",
)
@click.option("--fail-on-drift", is_flag=True, help="Exit with 3 when the decision is retrain or alert.")
@answering
def check(name: str, source: str | None, report: Path | None, fail_on_drift: bool) -> Answer:
    """Check the newest window of model NAME's data for drift and decay, and say what to do and why."""
    prepare()
    from adapters.addresses import as_written
    from adapters.specs import read_spec
    from adapters.storage import read_bytes

    overrides = (f"data.source={as_written(source)}",) if source else ()
    read_spec(name, overrides)
    from flows.check_drift import check_drift as flow

    outcome: CheckOutcome | None = flow(name, overrides=overrides, report=report is not None)
    if outcome is None:
        return Answer(*_nothing_to_compare(name), NO)
    if report is not None and outcome.report:
        report.write_bytes(read_bytes(outcome.report))
    code = NO if fail_on_drift and outcome.decision in ("retrain", "alert") else DONE
    return Answer(outcome, _check_text(outcome), code)


def _nothing_to_compare(name: str) -> tuple[dict[str, Any], str]:
    reason = f"{name} has no champion yet: train it, then `everfit release {name}`"
    return {"model": name, "decision": "nothing", "severity": "none", "reason": reason, "findings": []}, reason


def _check_text(outcome: CheckOutcome) -> str:
    window = outcome.window
    lines = [
        f"{outcome.model}, {window['rows']} rows from {window['start']} to {window['end']}",
        f"  {outcome.reason}",
        "",
    ]
    lines += [f"  {'column':<20}{'compared':<14}{'effect':>8}{'limit':>8}"]
    findings = sorted(outcome.findings, key=lambda f: (not f["drifted"], -f["effect"] / max(f["threshold"], 1e-9)))
    lines += [
        f"  {f['column']:<20}{f['kind']:<14}{f['effect']:>8.3f}{f['threshold']:>8.3f}"
        f"{'  drifted' if f['drifted'] else ''}"
        for f in findings
    ]
    return "\n".join([*lines, f"  report: {outcome.report}"] if outcome.report else lines)
