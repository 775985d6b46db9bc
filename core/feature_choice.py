"""Which columns a model reads: all that can be encoded, without those that tell nothing, and with telling products."""

from dataclasses import replace

import numpy as np
import pandas as pd

from core.alone import sides_of
from core.encoding import make_encoder
from core.errors import SpecError
from core.features import KINDS, FeatureColumns, FeaturePlan, feature_columns, feature_frame
from core.interactions import best_pairs
from core.lineage import Derived, derived_features
from core.metrics import Floats
from core.selection import FEWEST_HITS, N_ROUNDS, count_hits
from core.target import TargetCoding

Dropped = tuple[tuple[str, str, str], ...]


def chosen_columns(
    train: pd.DataFrame, target: tuple[TargetCoding, Floats], plan: FeaturePlan
) -> tuple[FeatureColumns, Dropped]:
    """The columns to read, and those that the selection dropped: name, kind, and why.

    Args:
        train: Training rows; no others are looked at.
        target: How the target is coded, and its values in these rows, shape (n,).
        plan: What is wanted.

    Raises:
        DataRejected: No column is left.
        SpecError: A pair names a column that is no number among the features.
    """
    columns = feature_columns(train, plan)
    dropped: Dropped = ()
    if not (plan.selection or plan.interactions or plan.pairs):
        return columns, dropped
    coding, y = target
    sides = sides_of(coding.problem, y, len(coding.classes))
    raw = feature_frame(train, columns)
    if plan.selection:
        encoder = make_encoder("trees", columns, plan.rare_share, coding.problem)
        encoded = pd.DataFrame(np.asarray(encoder.fit_transform(raw, y), dtype=np.float64))
        columns, dropped = _without_useless((encoded, derived_features(encoder)), sides, columns, plan)
    pairs = _named_pairs(columns, plan)
    if plan.interactions:
        pairs = best_pairs(raw[list(columns.numbers)], sides, plan.interactions, plan.seed)
    return replace(columns, pairs=pairs), dropped


def _without_useless(
    rows: tuple[pd.DataFrame, tuple[Derived, ...]], sides: Floats, columns: FeatureColumns, plan: FeaturePlan
) -> tuple[FeatureColumns, Dropped]:
    encoded, made_of = rows
    # Missing is a place of its own, below all values.
    hits = count_hits(encoded.fillna(encoded.min() - 1), sides, plan.seed)
    of_raw = dict.fromkeys(columns.names, 0)
    for derived, n in zip(made_of, hits, strict=True):
        # A moment or a text is kept for any of the columns that it becomes.
        of_raw[derived.sources[0]] = max(of_raw[derived.sources[0]], int(n))
    if max(of_raw.values()) < FEWEST_HITS:
        # Where nothing tells anything, the best of it stays: a model needs something to read.
        of_raw[max(of_raw, key=lambda name: of_raw[name])] = N_ROUNDS
    useless = tuple(
        (name, columns.kind_of(name), f"more telling than shuffled copies in {n} of {N_ROUNDS} rounds")
        for name, n in of_raw.items()
        if n < FEWEST_HITS
    )
    gone = [name for name, _, _ in useless]
    fields = zip(("numbers", "categories", "dates", "texts"), KINDS, strict=True)
    left = {field: tuple(n for n in getattr(columns, field) if n not in gone) for field, _ in fields}
    return replace(columns, **left, levels=tuple(each for each in columns.levels if each[0] not in gone)), useless


def _named_pairs(columns: FeatureColumns, plan: FeaturePlan) -> tuple[tuple[str, str], ...]:
    for pair in plan.pairs:
        for name in pair:
            if name not in columns.numbers or pair[0] == pair[1]:
                raise SpecError(
                    f"`features.interactions` cannot multiply {pair[0]} and {pair[1]}",
                    f"'{name}' is no number among the features" if pair[0] != pair[1] else "they are one column",
                    f"the numbers are {', '.join(columns.numbers[:20]) or 'none'}",
                )
    return plan.pairs
