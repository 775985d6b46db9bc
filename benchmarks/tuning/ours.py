"""everfit's own tasks: encode once, search on the local cluster, fit; what is shown is what `fit` would be given."""

import os
import tempfile
from datetime import timedelta

import numpy as np
import pandas as pd

from benchmarks.tuning.side import Race
from core.blending import choose_members, contenders
from core.metrics import score
from core.refs import FeaturesRef
from core.search import Trial


class Recorder:
    """Stands where the progress bar stands, and notes when each trial was told."""

    race: Race
    told_trials: list[tuple[float, float, Trial]]

    def __init__(self, *_: object) -> None:
        Recorder.told_trials = []

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def told(self, trial: Trial) -> None:
        if trial.value is not None:
            Recorder.told_trials.append((self.race.elapsed, self.race.cpu, trial))


def solve(race: Race) -> np.ndarray:
    before, cpu_before = race.elapsed, race.cpu
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"EVERFIT_HOME": home, "EVERFIT_STORE": f"{home}/store", "PREFECT_HOME": f"{home}/prefect"}
        # Prefect sets its loggers up while it is imported.
        from prefect.logging import disable_run_logger

        import_all()
        race.started, race.cpu_before = race.started + race.elapsed - before, race.cpu_before + race.cpu - cpu_before
        with disable_run_logger():
            return _solve(race)


def import_all() -> None:
    """All of it, before the clock starts, as the other sides have."""
    from importlib import import_module

    for name in ("distributed", "optuna", "sklearn.ensemble", "sklearn.linear_model", "sklearn.neural_network"):
        import_module(name)
    for name in ("skops.io", "adapters.studies", "tasks.models", "tasks.tuning"):
        import_module(name)


def built(parts: dict[str, tuple[pd.DataFrame, np.ndarray]]) -> FeaturesRef:
    """The features of a table, in the store."""
    from adapters.storage import write_frame
    from core.families import FAMILIES, baselines_for, families_for
    from core.features import FeaturePlan
    from core.refs import Splits
    from core.target import code_target
    from tasks.features import build_features

    frames = {part: x.assign(target=y) for part, (x, y) in parts.items()}
    splits = Splits(*(write_frame(frames[part]) for part in ("train", "validation", "test")))
    recipes = {FAMILIES[n].recipe for n in families_for("binary", ())} | {
        f.recipe for f in baselines_for("binary").values()
    }
    plan = FeaturePlan(("target",), (), 0.001, tuple(sorted(recipes)), ranked=("trees",))
    return build_features.fn(splits, plan, code_target(frames["train"]["target"], None), "target")


def _solve(race: Race) -> np.ndarray:
    from adapters.packaging import unpack
    from adapters.storage import read_bytes
    from core.features import feature_frame
    from core.fitting import LastFit, Learning, predict
    from core.learning_spec import SearchSpec
    from tasks import tuning
    from tasks.models import fit

    Recorder.race, tuning.Progress = race, Recorder
    features = built(race.parts)
    learning = Learning("target", "binary", "roc_auc", race.seed)
    spec = SearchSpec(
        metric="roc_auc", trials=None, patience=None, least_gain=None, timeout=timedelta(seconds=race.budget)
    )
    trials = tuning.tune.fn(features, spec, learning, (), tuning.Crew("race"))
    model = fit.fn(features, trials.members, learning, LastFit(calibration=True))
    finished = race.elapsed
    _show(race)
    race.started += race.elapsed - finished
    pipeline = unpack(read_bytes(model.uri), model.uri)
    return predict(pipeline, feature_frame(race.parts["test"][0], features.columns), "binary")


def _show(race: Race) -> None:
    """The value of what would be fitted if the search ended at each told trial: the best, or the mean that beats it."""
    from adapters.storage import read_array
    from core.fitting import recipe_of

    y, seen = race.parts["validation"][1], []
    value_of = lambda p, rows: score("roc_auc", y[rows], p[rows])  # noqa: E731
    for seconds, cpu, trial in Recorder.told_trials:
        seen = sorted([*seen, trial], key=lambda t: (-t.value, t.number))
        kin = [t for t in seen if recipe_of(t.candidate.family) == recipe_of(seen[0].candidate.family)]
        kin = [kin[place] for place in contenders([t.candidate.family for t in kin])]
        pool = [np.asarray(read_array(t.predictions)) for t in kin]
        mean = np.mean([pool[i] for i in choose_members(pool, 3, value_of)], axis=0)
        race.curve.append((seconds, cpu, score("roc_auc", y, mean)))
