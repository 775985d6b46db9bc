"""The training flow: the flowchart of every textbook."""

from typing import Any

from prefect import flow
from prefect.states import Completed

from adapters.registry import find_champion
from adapters.specs import read_spec
from core.boosters import check_installed
from core.plans import feature_plan, last_fit, learning, search_plan, sentinel_plan, split_plan, window_plan
from tasks.announce import announce
from tasks.causes import first_for
from tasks.data import ingest, split, validate
from tasks.endings import show_ending
from tasks.features import build_features, preparation_plan, prepare
from tasks.gating import gate
from tasks.models import evaluate, fit
from tasks.outcomes import STATES, Training, conclude, news_of, note_failure
from tasks.registering import Made, register
from tasks.sentinel import sentinel
from tasks.starts import Start
from tasks.tuning import Crew, earlier_best, tune
from tasks.window_choice import choose_window


@flow(name="train", flow_run_name="train-{model}", on_completion=[show_ending], on_failure=[note_failure, show_ending])
def train(model: str, cause: str | None = None, overrides: tuple[str, ...] = (), workers: int | None = None) -> Any:
    """Train a challenger, and register it when the gate finds it better than the champion.

    Args:
        model: Name of a YAML in the models' folder.
        cause: Id of the event that asked for it; one cause starts one training.
        overrides: `path.to.key=value` each, over the YAML.
        workers: Dask workers of the local cluster; default one a core.
    """
    started = Start()
    if not first_for(model, cause):
        return Completed(name="Duplicate", message=f"{cause} has started a training of {model} already")
    spec = read_spec(model, overrides)
    check_installed(spec.search.families)
    # Found and imported before anything is read: a wrong name costs no time.
    preparation = preparation_plan(spec)
    raw = ingest(spec.data, spec.contract, model, preparation.lags)
    clean = validate(raw, (model, spec.problem), spec.data, spec.contract, spec.target)
    spec = spec.for_problem(clean.coding.problem)
    clean, window = choose_window(clean, window_plan(spec)) if spec.data.window.auto else (clean, None)
    parts = split(clean.data, split_plan(spec))
    preparation = prepare(parts, preparation) if preparation.custom else preparation
    warnings = sentinel(parts, sentinel_plan(spec), clean.coding, model, preparation)
    features = build_features(parts, feature_plan(spec), clean.coding, spec.target.column, preparation)
    known = earlier_best(spec, clean.data)
    trials = tune(features, search_plan(spec), learning(spec), known, Crew(model, workers))
    fitted = fit(features, trials.members, learning(spec), last_fit(spec))
    report = evaluate(fitted, features, parts, clean.coding, learning(spec))
    verdict = gate(report, parts.test, clean.coding, spec, find_champion(model))
    made = Made(clean, parts, features, trials.best, fitted, report)
    version = register(made, verdict, spec, cause) if verdict.verdict != "keep" else None
    training = Training(spec, made, trials, verdict, version, cause, started, warnings, window)
    outcome = conclude(training, announce(news_of(training)))
    return Completed(name=STATES[verdict.verdict], message=verdict.reason, data=outcome)
