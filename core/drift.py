"""What has moved between the reference of a model and a window: effects, their thresholds, and other findings."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.bins import CategoryCells, NumberCells
from core.blocks import seasonal, stretches
from core.decision import Finding
from core.metrics import Floats
from core.profile import ColumnProfile, Profile
from core.sketch import FRACTIONS, Sketch
from core.survey import Ints
from core.thresholds import null_draws, shares, threshold

FEWEST_ROWS = 300
# Smaller than this is no drift, however certain it is: a share of the spread, of all rows, and of missing values.
SMALLEST_SHIFT, SMALLEST_EXCHANGE, SMALLEST_MISSING = 0.10, 0.05, 0.02
NEW_SHARE, FEWEST_NEW = 0.005, 3
OUTSIDE_SHARE, FEWEST_OUTSIDE = 0.01, 5
# A column that hardly ever changed in the reference may well stand still in a window.
STILL_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class DriftPlan:
    """How strictly a window is compared.

    Attributes:
        false_alarms: Share of checks that may find drift where there is none, over all columns.
        season: training (the whole reference), weekday or month (its blocks of the same season).
        seed: Seed of the draws.
        context: Columns that only report: they count as if the model did not need them.
        period: Oldest and newest moment of the window; None without time.
    """

    false_alarms: float
    season: str
    seed: int
    context: tuple[str, ...] = ()
    period: tuple[pd.Timestamp, pd.Timestamp] | None = None


def find_drift(reference: Profile, window: Profile, importance: Mapping[str, float], plan: DriftPlan) -> list[Finding]:
    """Compare column by column; a column that the window lacks is passed over.

    Args:
        reference: Of the champion.
        window: Counted in the reference's cells.
        importance: Share of the model's importance by feature.
        plan: How strictly.

    Returns:
        For each column how far its distribution moved, and whatever else is wrong with it.
    """
    pairs = [(column, window.columns[key].sketch) for key, column in reference.columns.items() if key in window.columns]
    # Each column is looked at twice, its values and its missing ones; all together may alarm once in so many checks.
    rate = plan.false_alarms / max(2 * len(pairs), 1)
    found = []
    for column, now in pairs:
        weight = 0.0 if column.column in plan.context else importance.get(column.column, 0.0)
        found += [Finding(column.column, *told, weight) for told in _of_column(reference, column, now, (plan, rate))]
    return found


Told = tuple[str, float, float, bool]


def _of_column(reference: Profile, column: ColumnProfile, now: Sketch, how: tuple[DriftPlan, float]) -> list[Told]:
    plan, rate = how
    parts = _parts(reference, column, plan)
    then, n_rows = parts.sum(axis=0), max(now.n_rows, 1)
    if not then.sum() or not now.n_rows:
        return []
    random = np.random.default_rng([plan.seed, zlib.crc32(f"{column.kind}:{column.column}".encode())])
    drawn, beside, n_stretches = null_draws(parts, n_rows, random)
    told: list[Told] = []
    if now.n_values and then[:-1].sum():
        by_chance = distances(column, shares(drawn[:, :-1]), shares(beside[:, :-1]))
        effect = distance(column, then, now)
        smallest = SMALLEST_SHIFT if isinstance(column.cells, NumberCells) else SMALLEST_EXCHANGE
        limit = max(smallest, threshold(by_chance, n_stretches, rate))
        told.append((column.kind, effect, limit, effect >= limit))
        told += _standing_still(column, now)
        # What one stretch of the reference has and no other had: new values that are nothing unusual.
        usual = (shares(drawn[:, :-1]) * (beside[:, :-1] == 0)).sum(axis=1)
        told += _never_seen(column, now, threshold(usual, n_stretches, rate))
    gaps = np.abs(shares(drawn)[:, -1] - shares(beside)[:, -1])
    gap = abs(now.missing_share - float(shares(then)[-1]))
    limit = max(SMALLEST_MISSING, threshold(gaps + 1 / n_rows, n_stretches, rate))
    return told + ([("missing", gap, limit, True)] if gap >= limit else [])


def _parts(reference: Profile, column: ColumnProfile, plan: DriftPlan) -> Ints:
    unit = reference.clock.unit_s
    if unit is None or plan.period is None:
        return np.asarray(column.counts.sum(axis=0, keepdims=True))
    starts = [reference.clock.start_of(int(block)) for block in column.blocks]
    chosen = np.array(seasonal(starts, plan.period, plan.season)) & (column.blocks >= 0)
    counts = column.counts[chosen] if chosen.any() else column.counts
    return stretches(counts, unit, (plan.period[1] - plan.period[0]).total_seconds())


def distances(column: ColumnProfile, some: Floats, others: Floats) -> Floats:
    """How far distributions are apart, each given as shares of cells, shape (n, n_cells)."""
    if isinstance(column.cells, CategoryCells):
        return np.asarray(np.abs(some - others).sum(axis=1) / 2)
    gaps = np.diff(_positions(column.cells, column.sketch))
    return np.asarray((np.abs(np.cumsum(some - others, axis=1))[:, :-1] * gaps).sum(axis=1))


def distance(column: ColumnProfile, then: Ints, now: Sketch) -> float:
    """Wasserstein distance in spreads of the reference for numbers, total variation for categories."""
    old, new = shares(then[:-1]), shares(now.counts[:-1])
    if isinstance(column.cells, CategoryCells):
        return float(np.abs(old - new).sum() / 2)
    # Each cell's values stand at their own mean, so that a shift within a cell is seen too.
    places = np.concatenate([_positions(column.cells, column.sketch), _positions(column.cells, now)])
    order = np.argsort(places, kind="stable")
    ahead = np.cumsum(np.concatenate([old, -new])[order])[:-1]
    return float((np.abs(ahead) * np.diff(places[order])).sum())


def _positions(cells: NumberCells, sketch: Sketch) -> Floats:
    """The mean of each cell's values, in scales from the centre; the middle of a cell without values."""
    edges = cells.in_scales(np.asarray(cells.edges))
    left, right = np.concatenate((edges[:1], edges)), np.concatenate((edges, edges[-1:]))
    counts = sketch.counts[:-1]
    means = sketch.sums[:-1] / FRACTIONS / np.maximum(counts, 1)
    found: Floats = np.where(counts > 0, means, (left + right) / 2)
    return found


def _standing_still(column: ColumnProfile, now: Sketch) -> list[Told]:
    most = float(shares(column.sketch.counts[:-1]).max())
    still = float(shares(now.counts[:-1]).max())
    if isinstance(column.cells, NumberCells):
        still = 1.0 if now.low == now.high else 0.0
    return [("constant", still, 1.0, True)] if still == 1.0 and most < STILL_SHARE and now.n_values > 1 else []


def _never_seen(column: ColumnProfile, now: Sketch, usual: float) -> list[Told]:
    if isinstance(column.cells, CategoryCells):
        n_new, kind, fewest = int(now.counts[-2]), "new_category", FEWEST_NEW
        limit = max(NEW_SHARE, 3 * column.cells.new_share, usual)
    else:
        n_new, kind, fewest = int(now.counts[0] + now.counts[-2]), "out_of_range", FEWEST_OUTSIDE
        limit = max(OUTSIDE_SHARE, usual)
    share = n_new / now.n_values
    return [(kind, share, limit, True)] if share >= limit and n_new >= fewest else []
