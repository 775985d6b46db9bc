"""What looks wrong in a table before anything is trained: leaks of one column, ids, constants, twins, imbalance."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.column_reading import is_text
from core.kinds import ColumnFinding
from core.metrics import Floats, auc_scorer
from core.source_spec import NULL_WORDS, FormatSpec
from core.written_dates import could_be_swapped

LEAK, SUSPECT = 0.98, 0.93
MOST_ROWS, FEWEST_ROWS, N_FOLDS = 4000, 50, 3
USELESS = ("it holds no value", "it never changes")
AFTERWARDS = re.compile(r"(?i)(result|outcome|final|actual|resolved|closed|refund|chargeback|payout|discharge|_after)")


@dataclass(frozen=True, slots=True)
class Warned:
    """One thing that looks wrong, and whether a model should not be trained before it is right."""

    column: str | None
    what: str
    evidence: str
    blocks: bool = False


def look_for_trouble(
    frame: pd.DataFrame, found: Sequence[ColumnFinding], target: str, problem: str, taken: Sequence[str]
) -> list[Warned]:
    """Everything that looks wrong, what blocks first.

    Args:
        frame: The rows that were looked at.
        found: The kinds of the columns.
        target: The column to predict.
        problem: binary, multiclass or regression.
        taken: Columns that are no features: key, time, group.
    """
    features = [column for column in found if column.name not in (target, *taken)]
    warned = [*_leaks(frame, features, target, problem), *_columns(frame, features), *_rows(frame)]
    warned += _target(frame[target], problem)
    useless = {w.column for w in warned if w.blocks or w.what in USELESS} | {c.name for c in features if c.kind == "id"}
    if all(column.name in useless or column.kind in ("datetime", "text") for column in features):
        warned.append(Warned(None, "no column is left to learn from", f"of {len(found)} columns", blocks=True))
    return sorted(warned, key=lambda warning: not warning.blocks)


def doubts_of_reading(frame: pd.DataFrame, how: FormatSpec) -> Iterator[Warned]:
    """Where the text could also have been read otherwise."""
    words = [word for word in how.nulls if word not in NULL_WORDS]
    if words:
        yield Warned(None, "words among numbers or dates are read as missing", ", ".join(map(repr, words)))
    for name, forms in (how.dates or {}).items():
        if name in frame and pd.api.types.is_datetime64_any_dtype(frame[name]) and could_be_swapped(frame[name], forms):
            evidence = f"no day is above 12, it is read as {', '.join(forms)}; correct `data.format.dates` if wrong"
            yield Warned(name, "day and month could be the other way round", evidence)


def single_scores(frame: pd.DataFrame, found: Sequence[ColumnFinding], target: str, problem: str) -> dict[str, float]:
    """How well each column alone predicts the target in cross-validation, 0 (as a constant) to 1 (perfectly)."""
    rows = frame[frame[target].notna()]
    if len(rows) < FEWEST_ROWS:
        return {}
    rows = rows.sample(min(len(rows), MOST_ROWS), random_state=0)
    is_number = problem == "regression"
    y = pd.to_numeric(rows[target], errors="coerce").to_numpy(float) if is_number else _codes(rows[target])
    scored = {}
    for column in found:
        values = _as_numbers(rows[column.name])
        # Text of which every value is new predicts nothing; as a number each row would be a leaf of its own.
        if np.unique(values).size > 1 and not (column.kind in ("id", "text") and is_text(rows[column.name])):
            scored[column.name] = _alone(values, y, is_number=is_number)
    return scored


def _leaks(frame: pd.DataFrame, found: Sequence[ColumnFinding], target: str, problem: str) -> Iterator[Warned]:
    unit = {"regression": "R2", "binary": "2 AUC - 1"}.get(problem, "accuracy above that of the commonest class")
    for name, score in single_scores(frame, found, target, problem).items():
        evidence = f"alone it reaches {score:.3f} ({unit}, {N_FOLDS}-fold cross-validation), where 1 is perfect"
        if score >= LEAK:
            yield Warned(
                name, "it alone predicts the target nearly perfectly: it may be known only afterwards", evidence, True
            )
        elif score >= SUSPECT or (score >= 0.6 and AFTERWARDS.search(name)):
            yield Warned(
                name, "it alone predicts the target very well: make sure that it is known beforehand", evidence
            )


def _columns(frame: pd.DataFrame, found: Sequence[ColumnFinding]) -> Iterator[Warned]:
    for column in found:
        n_values = frame[column.name].nunique(dropna=True)
        if n_values == 0:
            yield Warned(column.name, "it holds no value", f"all {len(frame)} rows are empty")
        elif n_values == 1 and frame[column.name].notna().all():
            yield Warned(column.name, "it never changes", f"all {len(frame)} rows hold '{frame[column.name].iloc[0]}'")
        elif column.kind == "id":
            yield Warned(column.name, "it names rows and would be learned by heart", column.why)


def _rows(frame: pd.DataFrame) -> Iterator[Warned]:
    n_twins = int(frame.duplicated().sum())
    if n_twins:
        share = n_twins / len(frame)
        yield Warned(None, "rows are repeated", f"{n_twins} of {len(frame)} rows ({share:.1%}) equal an earlier one")


def _target(values: pd.Series, problem: str) -> Iterator[Warned]:
    name, n_missing = str(values.name), int(values.isna().sum())
    if n_missing:
        yield Warned(name, "rows without a target are not learned from", f"{n_missing} of {len(values)} rows")
    if problem == "regression":
        return
    counts = values.value_counts()
    rarest = counts.index[-1]
    if counts.iloc[-1] < 10:
        yield Warned(name, f"the class '{rarest}' is too rare to be learned or tested", f"{counts.iloc[-1]} rows")
    elif counts.iloc[-1] / counts.sum() < 0.05:
        share = counts.iloc[-1] / counts.sum()
        yield Warned(name, "its classes are far from balanced", f"'{rarest}' is in {share:.2%} of the rows")


def _alone(values: Floats, y: Floats, *, is_number: bool) -> float:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    folds = np.random.default_rng(0).integers(0, N_FOLDS, len(y))
    prediction = np.zeros((len(y), 1 if is_number else int(y.max()) + 1))
    for fold in range(N_FOLDS):
        train, test = folds != fold, folds == fold
        kind = DecisionTreeRegressor if is_number else DecisionTreeClassifier
        tree = kind(max_leaf_nodes=128, min_samples_leaf=max(2, len(y) // 2000), random_state=0)
        tree.fit(values[train, None], y[train])
        if is_number:
            prediction[test, 0] = tree.predict(values[test, None])
        else:
            prediction[np.ix_(test, tree.classes_.astype(int))] = tree.predict_proba(values[test, None])
    return _skill(prediction, y, is_number=is_number)


def _skill(prediction: Floats, y: Floats, *, is_number: bool) -> float:
    if is_number:
        spread = float(np.square(y - y.mean()).sum())
        return 1 - float(np.square(y - prediction[:, 0]).sum()) / spread if spread else 0.0
    if prediction.shape[1] == 2:
        return 2 * auc_scorer((y == 1).astype(float), prediction[:, 1])(np.ones(len(y))) - 1
    usual = float(np.bincount(y.astype(int)).max() / len(y))
    right = float((prediction.argmax(axis=1) == y).mean())
    return (right - usual) / (1 - usual) if usual < 1 else 0.0


def _codes(values: pd.Series) -> Floats:
    return np.asarray(values.astype("category").cat.codes.to_numpy(), dtype=np.float64)


def _as_numbers(values: pd.Series) -> Floats:
    if pd.api.types.is_datetime64_any_dtype(values):
        return np.asarray(values.astype("int64"), dtype=np.float64)
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(float, na_value=np.nan)
        return np.asarray(np.clip(np.nan_to_num(numbers, nan=-1e30), -1e30, 1e30), np.float64)
    return _codes(values)
