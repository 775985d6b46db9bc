"""A plain Optuna script over our own space: a pipeline in each trial, one by one on all cores, or two at once."""

from dataclasses import replace

import numpy as np
import optuna

from benchmarks.tuning.side import Race
from core.choices import with_choices
from core.corrected import fit_plain
from core.encoding import categorical_positions, make_encoder
from core.families import FAMILIES, families_for
from core.features import FeaturePlan, feature_columns, feature_frame
from core.fitting import Candidate, Learning, fit_candidate, pack, predict, recipe_of
from core.pairs import interacting
from core.proposals import _suggest
from core.rows import Rows


def solve(race: Race) -> np.ndarray:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    families = with_choices(families_for("binary", ()), ())
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=race.seed))

    def objective(trial: optuna.Trial) -> float:
        value = race.auc("validation", _predict(race, _suggest(trial, families), "validation"))
        race.shown(value)
        return value

    study.optimize(objective, timeout=race.budget, n_jobs=2 if race.name == "optuna2" else 1)
    best = study.best_params
    params = tuple((k.split(".", 1)[1], v) for k, v in best.items() if k != "family")
    return _predict(race, Candidate(best["family"], params), "test")


def _predict(race: Race, candidate: Candidate, part: str) -> np.ndarray:
    (x, y), (x_val, y_val) = race.parts["train"], race.parts["validation"]
    recipe = recipe_of(candidate.family)
    columns = feature_columns(x, FeaturePlan((), (), 0.001, (recipe,)))
    encoder = make_encoder(recipe, columns, 0.001)
    positions = categorical_positions(recipe, columns)
    train = Rows(np.asarray(encoder.fit_transform(feature_frame(x, columns), y), dtype=float), y, positions)
    if FAMILIES[candidate.family].asks_pairs:
        train = replace(train, pairs=interacting(train, "binary", 0))
    held = Rows(np.asarray(encoder.transform(feature_frame(x_val, columns)), dtype=float), y_val, positions)
    model = pack(encoder, _fit(race, candidate, train, held))
    return predict(model, feature_frame(race.parts[part][0], columns), "binary")


def _fit(race: Race, candidate: Candidate, train: Rows, held: Rows):
    if race.name == "optuna2":
        return fit_candidate(candidate, Learning("y", "binary", "roc_auc", race.seed), train, held)
    # One fit at a time has all cores, as it has in a script that knows how to ask for them.
    family = FAMILIES[candidate.family]
    estimator = family.build(dict(candidate.params), "binary", race.seed)
    if candidate.family == "random_forest":
        estimator.set_params(n_jobs=-1)
    return fit_plain(family, estimator, (train, held))
