"""False alarms, power and speed of the detectors, beside Evidently's default, PSI, and KS with correction.

Random splits of one period (no drift), then the same with one injected change. `everfit` is a whole check: columns,
prediction, target, all columns together, and the realized loss of a model.

    python -m benchmarks drift                    all sizes, about ten minutes on two busy cores
    python -m benchmarks drift --repeats 5        five times as many checks of each kind
    python -m benchmarks drift --sizes 500,5000
"""

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier

from adapters.flights import read_flights
from core.drift import DriftPlan, find_drift
from core.features import FeatureColumns
from core.performance import decay, scorecard
from core.profile import Part, count, layout_of, profile_of
from core.separation import separation, separation_limit, usual_separations
from core.views import prediction_view, target_view, views_of

COLUMNS = FeatureColumns(
    (
        "distance",
        "hour",
        "weekday",
        "temp",
        "dewp",
        "humid",
        "wind_speed",
        "pressure",
        "visib",
        "plane_age",
        "plane_seats",
    ),
    ("carrier", "origin", "dest"),
)
N_REFERENCE = 40_000
# Rows of a window, and how often it is drawn: without drift, with each drift, and for the slow peer.
SIZES = {500: (60, 5, 1), 5_000: (100, 8, 1), 50_000: (8, 2, 0), 200_000: (2, 1, 0)}
Change = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def _some(frame: pd.DataFrame, random: np.random.Generator, share: float) -> np.ndarray:
    return random.uniform(size=len(frame)) < share


def _swapped(frame: pd.DataFrame, one: str, other: str) -> pd.DataFrame:
    return frame.assign(**{one: frame[other], other: frame[one]})


MEANINGFUL: dict[str, Change] = {
    "mean +0.25 sd": lambda f, r: f.assign(distance=f.distance + 0.25 * f.distance.std()),
    "mean +0.5 sd": lambda f, r: f.assign(distance=f.distance + 0.5 * f.distance.std()),
    "spread x1.5": lambda f, r: f.assign(pressure=f.pressure.mean() + 1.5 * (f.pressure - f.pressure.mean())),
    "category grows 18 -> 30 %": lambda f, r: f.assign(carrier=f.carrier.mask(_some(f, r, 0.15), "UA")),
    "new category 2 %": lambda f, r: f.assign(carrier=f.carrier.mask(_some(f, r, 0.02), "XX")),
    "missing +10 points": lambda f, r: f.assign(hour=f.hour.mask(_some(f, r, 0.1))),
    "missing category +10": lambda f, r: f.assign(origin=f.origin.mask(_some(f, r, 0.1))),
    "swapped columns": lambda f, r: _swapped(f, "temp", "dewp"),
    "swapped categories": lambda f, r: f.assign(carrier=f.carrier.replace({"UA": "AA", "AA": "UA"})),
    "unit change": lambda f, r: f.assign(temp=(f.temp - 32) / 1.8),
    "stuck sensor": lambda f, r: f.assign(humid=60.0),
    "label shift +10 points": lambda f, r: f.assign(late=f.late | (_some(f, r, 0.13))),
    "concept flip 25 %": lambda f, r: f.assign(late=f.late ^ _some(f, r, 0.25)),
    "correlation break": lambda f, r: f.assign(temp=r.permutation(f.temp.to_numpy())),
}
HARMLESS: dict[str, Change] = {
    "mean +0.02 sd": lambda f, r: f.assign(distance=f.distance + 0.02 * f.distance.std()),
    "new category 0.1 %": lambda f, r: f.assign(carrier=f.carrier.mask(_some(f, r, 0.001), "XX")),
    "one outlier": lambda f, r: f.assign(temp=f.temp.mask(np.arange(len(f)) == 0, 1e9)),
}


@dataclass(frozen=True)
class World:
    """One period's rows, a reference drawn from it, and a model of that reference."""

    rows: pd.DataFrame
    reference: pd.DataFrame

    def drawn(self, n: int, seed: int) -> pd.DataFrame:
        random = np.random.default_rng(seed)
        return self.rows.iloc[random.integers(0, len(self.rows), n)].reset_index(drop=True)


def run(words: list[str] | None = None) -> None:
    options = _options(words or [])
    sizes = {n: tuple(round(times * options.repeats) for times in SIZES[n][:2]) + SIZES[n][2:] for n in options.sizes}
    print(f"checks of each kind, by rows of a window (no drift, each drift, Evidently): {sizes}", flush=True)
    started = time.perf_counter()
    flights = read_flights()
    period = flights[flights.scheduled_at < "2013-07-01"].astype({"hour": float, "weekday": float})
    mixed = period.sample(frac=1.0, random_state=0)
    world = World(mixed.iloc[N_REFERENCE:], mixed.iloc[:N_REFERENCE].reset_index(drop=True))
    detectors = {"everfit": _everfit(world), "PSI > 0.2": _psi(world), "KS/chi2 Bonferroni": _corrected(world)}
    detectors["Evidently"] = _evidently(world)
    totals: dict[tuple[str, str], tuple[int, int]] = {}
    for title, changes in (
        ("no drift", {"same period": lambda f, r: f}),
        ("meaningful", MEANINGFUL),
        ("harmless", HARMLESS),
    ):
        print(f"alarms in 100 checks, {title}", flush=True)
        for name, change in changes.items():
            for n, (n_calm, n_drifted, n_slow) in sizes.items():
                times = n_calm if title == "no drift" else n_drifted
                cells = []
                for detector, check in detectors.items():
                    repeats = n_slow if detector == "Evidently" else times
                    found = _alarms(world, check, change, (n, repeats))
                    kind = title if n >= 5_000 else f"{title}, n = {n}"
                    alarms, checks = totals.get((kind, detector), (0, 0))
                    totals[kind, detector] = (alarms + found, checks + repeats)
                    cells.append(f"{detector} {100 * found / repeats:>5.1f}" if repeats else f"{detector}     -")
                print(f"  {name:<26}{n:>8}  " + "   ".join(cells), flush=True)
    print("alarms in all checks, n >= 5,000 unless told otherwise")
    for (kind, detector), (found, checks) in sorted(totals.items()):
        print(f"  {kind:<26}{detector:<22}{found:>5} of {checks:>5}{100 * found / max(checks, 1):>7.1f} %")
    print(f"  {time.perf_counter() - started:.0f} s", flush=True)


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks drift")
    parser.add_argument("--repeats", type=float, default=1.0, help="times the usual number of checks")
    parser.add_argument("--sizes", type=lambda text: [int(n) for n in text.split(",")], default=list(SIZES))
    return parser.parse_args(words)


def _alarms(world: World, check: Callable[[pd.DataFrame], bool], change: Change, size: tuple[int, int]) -> int:
    n, repeats = size
    return sum(check(change(world.drawn(n, seed), np.random.default_rng(seed))) for seed in range(1, repeats + 1))


def _everfit(world: World) -> Callable[[pd.DataFrame], bool]:
    learn, hold = world.reference.iloc[: N_REFERENCE // 2], world.reference.iloc[N_REFERENCE // 2 :]
    codes = {name: {level: i for i, level in enumerate(sorted(learn[name].unique()))} for name in ("carrier", "origin")}

    def x(frame: pd.DataFrame) -> np.ndarray:
        levels = [frame[name].map(known).to_numpy(np.float64) for name, known in codes.items()]
        return np.column_stack([frame[list(COLUMNS.numbers)].to_numpy(np.float64), *levels])

    model = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(x(learn), learn.late)

    def parts(frame: pd.DataFrame, predicted: pd.DataFrame) -> list[Part]:
        views = views_of(frame, COLUMNS, None)
        target = target_view("late", frame.late.to_numpy(np.float64), 2)
        return [Part(views), Part([target]), Part([prediction_view(model.predict_proba(x(predicted))[:, 1])])]

    profile = profile_of([lambda part=part: part for part in parts(world.reference, hold)])
    holdout = scorecard("binary", hold.late.to_numpy(np.float64), model.predict_proba(x(hold))[:, 1])
    plan = DriftPlan(0.01, "training", 0)
    # As a training stores them with the profile.
    usual = usual_separations(world.reference, COLUMNS, 0)

    def check(window: pd.DataFrame) -> bool:
        seen = [count(part, layout_of(profile)) for part in parts(window, window)]
        if any(finding.drifted for finding in find_drift(profile, seen[0] + seen[1] + seen[2], {}, plan)):
            return True
        auc = separation(world.reference, window, COLUMNS, 0)
        if auc > separation_limit(usual, len(world.reference), len(window), plan.false_alarms):
            return True
        now = scorecard("binary", window.late.to_numpy(np.float64), model.predict_proba(x(window))[:, 1])
        return decay(holdout, now).decayed

    return check


def _psi(world: World) -> Callable[[pd.DataFrame], bool]:
    tenths = {
        name: np.unique(np.quantile(world.reference[name].dropna(), np.linspace(0, 1, 11)[1:-1]))
        for name in COLUMNS.numbers
    }

    def of_column(name: str, window: pd.DataFrame) -> float:
        old, new = world.reference[name].dropna(), window[name].dropna()
        if name in COLUMNS.numbers:
            edges = tenths[name]
            counts = [np.bincount(np.searchsorted(edges, v), minlength=len(edges) + 1) for v in (old, new)]
        else:
            levels = sorted(set(old) | set(new))
            counts = [v.value_counts().reindex(levels, fill_value=0).to_numpy() for v in (old, new)]
        p, q = ((c + 1e-4 * c.sum()) / (c + 1e-4 * c.sum()).sum() for c in counts)
        return float(((p - q) * np.log(p / q)).sum())

    return lambda window: any(of_column(name, window) > 0.2 for name in COLUMNS.names)


def _corrected(world: World) -> Callable[[pd.DataFrame], bool]:
    def p_value(name: str, window: pd.DataFrame) -> float:
        old, new = world.reference[name].dropna(), window[name].dropna()
        if name in COLUMNS.numbers:
            return float(stats.ks_2samp(old, new, method="asymp").pvalue)
        levels = sorted(set(old) | set(new))
        table = np.array([v.value_counts().reindex(levels, fill_value=0) for v in (old, new)])
        return float(stats.chi2_contingency(table).pvalue)

    return lambda window: any(p_value(name, window) < 0.01 / len(COLUMNS.names) for name in COLUMNS.names)


def _evidently(world: World) -> Callable[[pd.DataFrame], bool]:
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    definition = DataDefinition(numerical_columns=list(COLUMNS.numbers), categorical_columns=list(COLUMNS.categories))
    old = Dataset.from_pandas(world.reference[list(COLUMNS.names)], data_definition=definition)

    def check(window: pd.DataFrame) -> bool:
        new = Dataset.from_pandas(window[list(COLUMNS.names)].reset_index(drop=True), data_definition=definition)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = Report([ValueDrift(column=name) for name in COLUMNS.names], include_tests=True).run(new, old)
        return any(test["status"].value == "FAIL" for test in report.dict()["tests"])

    return check
