"""Which columns identify a row, order rows, and hold rows together; and how rows are then best split."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import DataRejected
from core.kinds import COUNT_ROWS, ColumnFinding, sounds_like_id
from core.learning_spec import SplitSpec
from core.recorded_after import words_of
from core.splitting import SplitPlan, salt_for, split_rows

TIME_NAME = re.compile(r"(?i)(date|time|day|month|week|_at$|^at$|stamp|^ts$|when|datum|zeit|created|ordered|booked)")
# Words that start like this tell properties of a row, and not the moment at which it came to be.
OTHER_TIMES = (
    "birth", "dob", "born", "expir", "due", "end", "until", "updat", "modif", "last", "deliver", "return", "clos",
    "cancel", "death", "died", "hire", "founded", "built", "graduat", "joined",
)  # fmt: skip
ENTITY_NAME = re.compile(r"(?i)(customer|user|patient|subject|person|client|account|household|member|student|kunde)")
# Values without blanks and brackets, with a digit in them: codes, addresses of e-mail, digests.
CODE = r"^(?=.*\d)[\w@][\w@./#-]*$"
FEWEST_GROUPS, FEWEST_MOMENTS, FEWEST_ROWS = 20, 10, 60
IN_ORDER, MOST_CODES = 0.9, 0.95


@dataclass(frozen=True, slots=True)
class Roles:
    """Columns with a part to play, and why each was chosen."""

    key: tuple[str, ...]
    time: str | None
    group: str | None
    why: dict[str, str]


def find_roles(frame: pd.DataFrame, found: Sequence[ColumnFinding], target: str, wished: Roles) -> Roles:
    """Key, time and group: what was asked for, else what the columns suggest.

    Args:
        frame: The rows that were looked at.
        found: The kinds of the columns.
        target: The column to predict, which plays no other part.
        wished: What the user has named, empty where nothing.
    """
    others = [column for column in found if column.name != target]
    why = dict(wished.why)
    time = wished.time or _time(frame, others, why)
    key = wished.key or _key(frame, others, time, why)
    group = wished.group or _group(frame, others, (*key, time), why)
    return Roles(key, time, group if wished.group or time is None else None, why)


def choose_split(frame: pd.DataFrame, roles: Roles, target: str) -> tuple[str, str]:
    """How to split: by group or time where there is one and it leaves rows and classes on each side, else by hash."""
    if len(frame) < FEWEST_ROWS and not (roles.time or roles.group):
        return "hash", f"{len(frame)} rows, each on the side that its key's hash says"
    if roles.group:
        return "group", f"rows of one '{roles.group}' stay on one side"
    if roles.time:
        plan = SplitPlan("time", (roles.time,), 0.15, 0.15)
        try:
            parts = split_rows(frame.dropna(subset=[roles.time, target]), plan)
        except DataRejected as error:
            return "hash", f"a split by '{roles.time}' is not possible: {error.what}"
        if all(part[target].nunique() > 1 for part in parts):
            return "time", f"the newest rows by '{roles.time}' test the model, as in production"
        return "hash", f"split by '{roles.time}', one part would hold a single value of the target"
    return "hash", f"each row is on the side that the hash of {', '.join(roles.key) or 'all its columns'} says"


def choose_salt(frame: pd.DataFrame, roles: Roles, by: str, target: tuple[str, str]) -> int:
    """The salt under which these rows are split best; rows that come later are split by it too.

    Args:
        frame: The rows that were looked at.
        roles: What identifies rows and holds them together.
        by: How they are split.
        target: The column to predict, and the problem that it poses.
    """
    if by == "time":
        return 0
    label, shares = None if target[1] == "regression" else target[0], SplitSpec()
    columns = (str(roles.group),) if by == "group" else roles.key
    plan = SplitPlan(by, columns, shares.test, shares.validation, excluded=target[:1], label=label)
    return salt_for(frame[frame[target[0]].notna()], plan)


def _time(frame: pd.DataFrame, found: Sequence[ColumnFinding], why: dict[str, str]) -> str | None:
    moments = [c.name for c in found if c.kind == "datetime" and not _other_time(c.name)]
    usable = [c for c in moments if frame[c].notna().all() and frame[c].nunique() >= FEWEST_MOMENTS]
    # A moment orders rows where its name says so, or where the rows are in its order.
    usable = [c for c in usable if TIME_NAME.search(c) or _is_sorted(frame[c])]
    if not usable:
        return None
    best = max(usable, key=lambda name: (bool(TIME_NAME.search(name)), -moments.index(name)))
    why["time"] = f"'{best}' has a moment in every row, {frame[best].nunique()} different ones"
    return best


def _other_time(name: str) -> bool:
    return any(word.startswith(OTHER_TIMES) for word in words_of(name))


def _is_sorted(moments: pd.Series) -> bool:
    ranks = moments.rank().to_numpy()
    return bool(abs(np.corrcoef(ranks, np.arange(len(ranks)))[0, 1]) > IN_ORDER)


def _key(frame: pd.DataFrame, found: Sequence[ColumnFinding], time: str | None, why: dict[str, str]) -> tuple[str, ...]:
    named = [
        column.name for column in found if sounds_like_id(column.name) and column.kind in ("id", "number", "category")
    ]
    ids = [column.name for column in found if column.kind == "id" and COUNT_ROWS not in column.why]
    for name in dict.fromkeys([*(n for n in named if n in ids), *ids]):
        if frame[name].notna().all() and frame[name].is_unique and (name in named or _are_codes(frame[name])):
            why["key"] = f"'{name}' differs in every row that was looked at"
            return (name,)
    for name in named:
        pair = [name, time] if time else [name]
        if time and frame[name].notna().all() and not frame.duplicated(pair).any():
            why["key"] = f"'{name}' and '{time}' together differ in every row that was looked at"
            return (name, time)
    return ()


def _are_codes(values: pd.Series) -> bool:
    # What only happens not to repeat yet, such as a span of time, would break the contract when it does.
    return pd.api.types.is_numeric_dtype(values) or bool(values.astype(str).str.match(CODE).mean() > MOST_CODES)


def _group(
    frame: pd.DataFrame, found: Sequence[ColumnFinding], taken: tuple[str | None, ...], why: dict[str, str]
) -> str | None:
    for column in found:
        name = column.name
        if name in taken or column.kind not in ("id", "number", "category") or not sounds_like_id(name):
            continue
        n_groups = frame[name].nunique()
        if ENTITY_NAME.search(name) and FEWEST_GROUPS <= n_groups <= len(frame) / 1.5 and frame[name].notna().all():
            why["group"] = f"'{name}' has {n_groups} values in {len(frame)} rows"
            return name
    return None
