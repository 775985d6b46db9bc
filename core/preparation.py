"""What is done to raw rows before features are chosen: lags, and the user's own step."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import SpecError
from core.features import FeatureColumns, feature_frame
from core.lags import LagPlan, add_lags
from core.values import text_of

# What the file of a loaded step is called in its traces, before the module's name.
SOURCE = "<features.custom "
Step = Callable[[pd.DataFrame], Any]
# A function of single rows gives them the same values in any company; so many are tried together, and so many alone.
N_TOGETHER, N_ALONE = 40, 3


@dataclass(frozen=True, slots=True)
class CustomCode:
    """A user's function as `module:function`, and the digest of its module's code, without comments and layout."""

    reference: str
    digest: str


@dataclass(frozen=True, slots=True)
class Preparation:
    """How raw rows become those that features are read from, the same at training and wherever a model predicts.

    Attributes:
        lags: Values of earlier rows.
        custom: The user's own step, applied after them.
        target: Never shown to that step: it may not be there when the model predicts.
        kept: Columns that the step must give back as they were: key, time, group.
        made: The columns that were not in the source.
    """

    lags: LagPlan | None = None
    custom: CustomCode | None = None
    target: str = ""
    kept: tuple[str, ...] = ()
    made: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Digest of the user's step; empty without one."""
        return self.custom.digest if self.custom else ""

    @property
    def origins(self) -> dict[str, str]:
        """What made each of the columns that were not in the source."""
        lags = self.lags.made if self.lags else {}
        custom = f"custom {self.custom.reference}" if self.custom else ""
        return {name: f"lag {lags[name][1]} of {lags[name][0]}" if name in lags else custom for name in self.made}


# Nothing is made, and no step comes before the features.
AS_IT_IS = Preparation()


@dataclass(frozen=True, slots=True)
class WithStep:
    """A pipeline, and the user's step that comes before it; what `ModelRecord.predict` is given."""

    pipeline: Any
    step: Step


def prepare(frame: pd.DataFrame, preparation: Preparation, step: Step | None) -> pd.DataFrame:
    """Raw rows with their lags, after the user's step.

    Raises:
        SpecError: The step fails, or does what no step may.
        DataRejected: A column that a lag needs is not there.
    """
    rows = add_lags(frame, preparation.lags) if preparation.lags else frame
    if preparation.custom is None:
        return rows
    if step is None:
        raise SpecError(
            f"the step {preparation.custom.reference} was not loaded",
            "the model was trained with it, and its predictions would be wrong without",
            "take the model from the registry",
        )
    return run_step(rows, preparation, step)


def feature_rows(
    frame: pd.DataFrame, columns: FeatureColumns, preparation: Preparation, step: Step | None
) -> pd.DataFrame:
    """From raw rows to feature rows, see `core.features.feature_frame`."""
    return feature_frame(prepare(frame, preparation, step), columns)


def run_step(frame: pd.DataFrame, preparation: Preparation, step: Step) -> pd.DataFrame:
    """What the user's step makes of rows; they keep their number, their order and their index."""
    # A copy with an index of its own: a step that writes into its frame, or counts on row 0, does no harm.
    given = frame.drop(columns=[preparation.target], errors="ignore").reset_index(drop=True)
    try:
        made = step(given.copy())
    except Exception as error:
        raise _refusal(
            preparation, "fails", told(error), "correct it, and try it on some rows of the source"
        ) from error
    fault = _fault(made, given, preparation)
    if fault:
        raise _refusal(preparation, "cannot be used", *fault)
    made.index = frame.index
    return pd.DataFrame(made)


def check_by_row(frame: pd.DataFrame, preparation: Preparation, step: Step, seed: int = 0) -> None:
    """Make sure that rows get the same values alone, in other company and in another order.

    Raises:
        SpecError: They do not.
    """
    whole = run_step(frame, preparation, step)
    chosen = np.random.default_rng(seed).permutation(len(frame))[:N_TOGETHER]
    for places in (chosen, *(chosen[i : i + 1] for i in range(min(N_ALONE, len(chosen))))):
        part = run_step(frame.iloc[places], preparation, step)
        differing = _first_difference(whole.iloc[places], part)
        if differing:
            raise _refusal(
                preparation,
                "gives a row other values in other company",
                f"{len(places)} of {len(frame)} rows by themselves: {differing}; a single row at prediction would get"
                " other values than in training",
                "compute each row from its own columns only; write means and the like of the table as constants",
            )


def told(error: BaseException) -> str:
    """An exception of the user's code: the line that raised it, its kind and its message."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if each.filename.startswith(SOURCE)]
    place = f"line {own[-1].lineno} `{own[-1].line}`: " if own else ""
    return f"{place}{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _refusal(preparation: Preparation, what: str, why: str, fix: str) -> SpecError:
    reference = preparation.custom.reference if preparation.custom else ""
    hint = f" (rows come without the target '{preparation.target}')" if f"'{preparation.target}'" in why else ""
    return SpecError(f"`features.custom: {reference}` {what}", f"{why}{hint}", fix)


def _fault(made: Any, given: pd.DataFrame, preparation: Preparation) -> tuple[str, str] | None:
    if not isinstance(made, pd.DataFrame):
        return f"it returned a {type(made).__name__}, no DataFrame", "return the frame"
    if len(made) != len(given) or not made.index.equals(given.index):
        return f"{len(given)} rows went in, {len(made)} came out or in another order", "keep all rows in their order"
    if not made.columns.is_unique:
        return f"it returned two columns '{made.columns[made.columns.duplicated()][0]}'", "give each column one name"
    if preparation.target in made:
        return f"it made a column named as the target '{preparation.target}'", "choose another name"
    for name in preparation.kept:
        if name in given and (name not in made or not made[name].equals(given[name])):
            return f"it changed or dropped '{name}', which is key, time or group", "leave this column as it is"
    return None


def _first_difference(whole: pd.DataFrame, part: pd.DataFrame) -> str:
    odd = sorted({str(name) for name in whole.columns} ^ {str(name) for name in part.columns})
    if odd:
        return f"the column '{odd[0]}' is there for some rows only"
    for name in whole.columns:
        differs = ~_same(whole[name], part[name])
        if differs.any():
            place = int(differs.argmax())
            return f"'{name}' is {part[name].iloc[place]!r} and was {whole[name].iloc[place]!r}"
    return ""


def _same(one: pd.Series, other: pd.Series) -> NDArray[np.bool_]:
    if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(other):
        left, right = (each.to_numpy(np.float64, na_value=np.nan) for each in (one, other))
        return np.asarray(np.isclose(left, right, rtol=1e-9, atol=0, equal_nan=True))
    texts = (each.astype(object).map(text_of).where(each.notna().to_numpy(), "").to_numpy() for each in (one, other))
    return np.asarray(next(texts) == next(texts), dtype=bool)
