"""Values of earlier rows as features of later ones: only moments that lie strictly before a row are read."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.columns import with_columns
from core.errors import DataRejected, SpecError
from core.values import text_of


@dataclass(frozen=True, slots=True)
class LagPlan:
    """Which values of which earlier moments become columns.

    Attributes:
        columns: Whose earlier values are wanted.
        by: Column that names the entity whose past is read; None: the past of the table.
        periods: How many moments back.
        time: Column that orders rows.
    """

    columns: tuple[str, ...]
    by: str | None
    periods: tuple[int, ...]
    time: str

    @property
    def made(self) -> dict[str, tuple[str, int]]:
        """The columns that it makes, by name: whose value, how many moments back."""
        suffix = f" by {self.by}" if self.by else ""
        return {f"{name} lag {back}{suffix}": (name, back) for name in self.columns for back in self.periods}

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it needs."""
        return (*self.columns, *((self.by,) if self.by else ()), self.time)


def refuse_taken_names(frame: pd.DataFrame, plan: LagPlan) -> None:
    """Refuse to train on a table whose own columns are named like lags.

    Raises:
        SpecError: One is.
    """
    taken = [name for name in plan.made if name in frame.columns]
    if taken:
        raise SpecError(
            f"the lag '{taken[0]}' cannot be made",
            "the source has a column of that name",
            "rename the column in the source, or drop it from `features.lags`",
        )


def add_lags(frame: pd.DataFrame, plan: LagPlan) -> pd.DataFrame:
    """The frame with a column for each lag.

    The value of a moment is the mean of its numbers, or the smallest of its other values, so that neither the order of
    rows nor those of the same moment matter. It is missing where the entity has no moment so far back in the frame.
    A lag that is a column of the frame already is kept: whoever knows more of the past than the frame holds gives it.

    Raises:
        DataRejected: A column that it needs is not there.
    """
    wanted = {name: what for name, what in plan.made.items() if name not in frame.columns}
    if not wanted:
        return frame
    absent = [name for name in plan.reads if name not in frame.columns]
    if absent:
        raise DataRejected(
            f"the lag '{next(iter(wanted))}' cannot be made",
            f"there is no column '{absent[0]}'",
            f"give {', '.join(plan.reads)}, or the columns of the lags themselves",
        )
    entity, moment = _moments(frame, plan)
    columns = {name: _earlier(frame[column], moment, entity, back) for name, (column, back) in wanted.items()}
    return with_columns(frame, columns)


def _moments(frame: pd.DataFrame, plan: LagPlan) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The entity of each moment, shape (n_moments,), and the moment of each row, shape (n,); -1 where it is unknown.

    Moments are numbered by entity and time: the one before, if of the same entity, has the number before.
    """
    time = pd.to_datetime(frame[plan.time], utc=True, errors="coerce")
    known = time.notna().to_numpy()
    names = np.zeros(len(frame), dtype=np.int64)
    if plan.by is not None:
        # As text, by itself: an entity is the same whether its column came as whole numbers or as floats.
        names = np.asarray(pd.factorize(frame[plan.by].map(text_of, na_action="ignore"))[0], dtype=np.int64)
        known = known & (names >= 0)
    keys = pd.DataFrame({"entity": names, "time": time})[known]
    moment = np.full(len(frame), -1, dtype=np.int64)
    moment[known] = keys.groupby(["entity", "time"], sort=True).ngroup().to_numpy()
    entity = np.empty(int(moment.max(initial=-1)) + 1, dtype=np.int64)
    entity[moment[known]] = names[known]
    return entity, moment


def _earlier(column: pd.Series, moment: NDArray[np.int64], entity: NDArray[np.int64], back: int) -> pd.Series:
    values = _of_moments(column, moment)
    before = moment - back
    there = (moment >= 0) & (before >= 0)
    there[there] = entity[before[there]] == entity[moment[there]]
    return values.reindex(np.where(there, before, -1)).set_axis(column.index)


def _of_moments(column: pd.Series, moment: NDArray[np.int64]) -> pd.Series:
    known = moment >= 0
    values = column.reset_index(drop=True)[known]
    if pd.api.types.is_numeric_dtype(values):
        return values.astype("float64").groupby(moment[known]).mean()
    if not pd.api.types.is_datetime64_any_dtype(values):
        values = values.astype(object).map(text_of, na_action="ignore")
    return values.groupby(moment[known]).min()
