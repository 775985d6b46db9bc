"""A held-out quarter of ten tables: the search with 20 trials beside scikit-learn's default gradient boosting.

Ours keeps 15/85 of the rest to tune and stop on, as everfit always does; the peer trains on all of it.
"""

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from core.choices import with_choices
from core.encoding import RECIPES, categorical_positions, make_encoder
from core.families import families_for
from core.features import FeaturePlan, feature_columns, feature_frame
from core.fitting import Candidate, Learning, Rows, fit_candidate, pack, predict, recipe_of, score_candidate
from core.learning_spec import SearchSpec
from core.metrics import METRICS, score
from core.search import Tried, best_trial, search
from core.target import code_target

N_TRIALS = 20
TOLERANCE = 0.01


def run() -> None:
    won = 0
    tables = _tables()
    print(f"{'table':<16}{'rows':>6}  {'metric':<8}{'everfit':>8}{'peer':>8}  chosen")
    for name, (frame, target) in tables.items():
        metric, ours, peer, family = _compare(frame, target)
        won += METRICS[metric].gain(ours, peer) >= -TOLERANCE
        print(f"{name:<16}{len(frame):>6}  {metric:<8}{ours:>8.4f}{peer:>8.4f}  {family}", flush=True)
    print(f"at or above the peer, within {TOLERANCE:g}, on {won} of {len(tables)} tables")


def _tables() -> dict[str, tuple[pd.DataFrame, str]]:
    bundled = {
        "breast_cancer": datasets.load_breast_cancer,
        "wine": datasets.load_wine,
        "digits": datasets.load_digits,
        "iris": datasets.load_iris,
        "diabetes": datasets.load_diabetes,
    }
    found = {name: (load(as_frame=True).frame, "target") for name, load in bundled.items()}
    made = {
        "friedman1": datasets.make_friedman1(2000, noise=1.0, random_state=0),
        "friedman2": datasets.make_friedman2(2000, noise=50.0, random_state=0),
        "linear": datasets.make_regression(1000, 20, n_informative=10, noise=20.0, random_state=0),
        "moons": datasets.make_moons(2000, noise=0.3, random_state=0),
        "hard_binary": datasets.make_classification(4000, 30, n_informative=8, flip_y=0.1, random_state=0),
    }
    for name, (x, y) in made.items():
        found[name] = (pd.DataFrame(x).add_prefix("x").assign(target=y), "target")
    return found


def _compare(frame: pd.DataFrame, target: str) -> tuple[str, float, float, str]:
    order = np.random.default_rng(0).permutation(len(frame))
    cut = len(frame) // 4
    held_out, rest = frame.iloc[order[:cut]], frame.iloc[order[cut:]]
    coding = code_target(frame[target], None)
    metric = "r2" if coding.problem == "regression" else "roc_auc"
    learning = Learning(target, coding.problem, metric, seed=0)
    predict_held_out, family = _search(rest, learning, coding.encode)
    y = coding.encode(held_out[target])
    ours = score(metric, y, predict_held_out(held_out))
    kind = HistGradientBoostingRegressor if coding.problem == "regression" else HistGradientBoostingClassifier
    peer = kind(random_state=0).fit(rest.drop(columns=target), coding.encode(rest[target]))
    return metric, ours, score(metric, y, predict(peer, held_out.drop(columns=target), coding.problem)), family


def _search(rest, learning, encode):
    n_validation = round(len(rest) * 0.15 / 0.85)
    validation, train = rest.iloc[:n_validation], rest.iloc[n_validation:]
    plan = FeaturePlan((learning.target,), (), 0.001, tuple(RECIPES))
    columns = feature_columns(train, plan)
    rows, encoders = {}, {}
    for recipe in RECIPES:
        encoder = make_encoder(recipe, columns, 0.001, learning.problem)
        y, others = encode(train[learning.target]), encode(validation[learning.target])
        fitted = np.asarray(encoder.fit_transform(feature_frame(train, columns), y))
        held = np.asarray(encoder.transform(feature_frame(validation, columns)))
        positions = categorical_positions(recipe, columns)
        rows[recipe] = (Rows(fitted, y, positions), Rows(held, others, positions))
        encoders[recipe] = encoder

    def evaluate(batch: list[Candidate]) -> list[Tried]:
        return [Tried(score_candidate(c, learning, *rows[recipe_of(c.family)]), 0.0) for c in batch]

    spec = SearchSpec(trials=N_TRIALS, metric=learning.metric)
    families = with_choices(families_for(learning.problem, ()), ())
    best = best_trial(search(spec, families, 0, evaluate, lambda: False), learning.metric)
    recipe = recipe_of(best.candidate.family)
    pipeline = pack(encoders[recipe], fit_candidate(best.candidate, learning, *rows[recipe]))
    return lambda frame: predict(pipeline, feature_frame(frame, columns), learning.problem), best.candidate.family
