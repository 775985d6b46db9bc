"""What a training would say of a first look's rows before it fits anything: the same checks, in the same words."""

import hashlib
from collections.abc import Iterator, Sequence

import pandas as pd

from core.errors import EverfitError
from core.features import feature_columns
from core.findings import Finding
from core.kinds import sounds_like_id
from core.plans import feature_plan, never_features, sentinel_plan, split_plan
from core.sentinel import examine
from core.source_spec import NULL_WORDS, FormatSpec
from core.spec import TrainingSpec
from core.split_checks import constant_columns, id_columns
from core.splitting import split_rows
from core.target import check_sides, code_target
from core.written_dates import could_be_swapped

TABLE = "the table"
FEWEST_OF_A_CLASS, FAR_FROM_BALANCED = 10, 0.05
WORTH_TELLING = 0.01
MOST_CODES = 20
# What teaches nothing is left out of the features at once; what blocks is left out so that it does not block.
LEFT_OUT = ("ids", "constants")


def rehearse(frame: pd.DataFrame, spec: TrainingSpec) -> tuple[Finding, ...]:
    """Split the rows and examine the parts as a training does; what it would refuse is a finding that blocks.

    Args:
        frame: The rows that were looked at.
        spec: What is proposed, with nothing dropped yet.
    """
    target = spec.target.column
    labelled = frame[frame[target].notna()]
    coding = code_target(labelled[target], spec.problem, spec.target.positive)
    plan = sentinel_plan(spec)
    try:
        parts = split_rows(labelled, split_plan(spec))
    except EverfitError as error:
        names = [str(name) for name in labelled.columns if name not in plan.excluded]
        return _refused(error), *constant_columns(labelled, names), *id_columns(labelled, names)
    y = [coding.encode(part[target]) for part in parts]
    try:
        check_sides(coding, y[0], {"validation": y[1], "test": y[2]})
    except EverfitError as error:
        return _refused(error), *examine(parts, plan, coding)
    return examine(parts, plan, coding)


def left_out(found: Sequence[Finding]) -> dict[str, str]:
    """The columns among the findings that are no features, and why."""
    useless = {each.column: each.what for each in found if each.rule in LEFT_OUT}
    return useless | {each.column: each.what for each in found if each.rule == "leaks" and each.blocks}


def doubts(frame: pd.DataFrame, spec: TrainingSpec) -> Iterator[Finding]:
    """What else looks wrong: how the text was read, the target's values, repeated rows, nothing to learn from.

    Args:
        frame: The rows that were looked at.
        spec: What is proposed, with what is dropped.
    """
    try:
        feature_columns(frame, feature_plan(spec))
    except EverfitError as error:
        yield _refused(error)
    yield from _of_reading(frame, spec.data.format)
    yield from _of_target(frame[spec.target.column], str(spec.problem))
    yield from _of_columns(frame, spec)
    n_twins = int(frame.duplicated().sum())
    if n_twins >= WORTH_TELLING * len(frame):
        told = f"{n_twins:,} of {len(frame):,} rows ({n_twins / len(frame):.1%}) equal an earlier one"
        yield Finding("rows", TABLE, "repeats rows", told, False)


def _refused(error: EverfitError) -> Finding:
    return Finding("training", TABLE, f"cannot be trained on as it is: {error.what}", f"{error.why}; {error.fix}", True)


def _of_reading(frame: pd.DataFrame, how: FormatSpec) -> Iterator[Finding]:
    words = [word for word in how.nulls if word not in NULL_WORDS]
    if words:
        told = f"{', '.join(map(repr, words))}, see `data.format.nulls`"
        yield Finding("reading", TABLE, "has words among numbers or dates, which are read as missing", told, False)
    for name, forms in (how.dates or {}).items():
        if name in frame and pd.api.types.is_datetime64_any_dtype(frame[name]) and could_be_swapped(frame[name], forms):
            told = f"no day is above 12, it is read as {', '.join(forms)}; correct `data.format.dates` if wrong"
            yield Finding("reading", name, "could have day and month the other way round", told, False)


def _of_target(values: pd.Series, problem: str) -> Iterator[Finding]:
    name, n_missing = str(values.name), int(values.isna().sum())
    if n_missing:
        told = f"{n_missing:,} of {len(values):,} rows"
        yield Finding("target", name, "is missing in rows, which are not learned from", told, False)
    if problem == "regression":
        return
    yield from _spellings(values, name)
    counts = values.value_counts()
    rarest, n_rarest = counts.index[-1], int(counts.iloc[-1])
    if n_rarest < FEWEST_OF_A_CLASS:
        n_rare = int((counts < FEWEST_OF_A_CLASS).sum())
        told = f"{n_rarest} row{'s' * (n_rarest != 1)} of {rarest!r}" + (
            f", {n_rare} classes have fewer than 10" if n_rare > 1 else ""
        )
        yield Finding("target", name, "has a class that is too rare to be learned and tested well", told, False)
    elif problem == "binary" and n_rarest / counts.sum() < FAR_FROM_BALANCED:
        told = f"{rarest!r} is in {n_rarest / counts.sum():.2%} of the rows"
        yield Finding("target", name, "has classes that are far from balanced", told, False)


def _spellings(values: pd.Series, name: str) -> Iterator[Finding]:
    written = values.dropna().drop_duplicates().astype(str)
    same = written[written.str.strip().str.casefold().duplicated(keep=False)]
    if len(same):
        told = f"{', '.join(map(repr, same.head(6)))} are classes of their own; correct the values if they are not"
        yield Finding("target", name, "has classes that differ only in case or blanks", told, False)


def _of_columns(frame: pd.DataFrame, spec: TrainingSpec) -> Iterator[Finding]:
    never = set(never_features(spec))
    first: dict[bytes, str] = {}
    for name in (each for each in frame.columns if each not in never):
        column = frame[name]
        twin = first.setdefault(_digest(column), name)
        if twin != name and not column.isna().all():
            yield Finding("columns", name, f"repeats the column '{twin}'", f"all {len(column):,} rows are equal", False)
        if sounds_like_id(name) and _counts(column):
            told = f"{column.nunique():,} values in {len(column):,} rows; if it is, name it in `features.drop`"
            yield Finding("columns", name, "sounds like an identifier, and is learned as a number", told, False)


def _counts(column: pd.Series) -> bool:
    known = column.dropna()
    return pd.api.types.is_numeric_dtype(known) and bool((known % 1 == 0).all()) and known.nunique() > MOST_CODES


def _digest(column: pd.Series) -> bytes:
    if column.dtype.kind in "iuf":
        content = column.to_numpy(float, na_value=float("nan")).tobytes()
    else:
        content = "\0".join(map(str, column.tolist())).encode(errors="replace")
    return hashlib.sha256(content).digest()
