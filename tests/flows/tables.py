"""Tables that nobody prepared: a name, how the file is written, the target, and how the training may end."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn import datasets

BUNDLED = ("breast_cancer", "wine", "digits", "iris", "diabetes", "linnerud")
N_ROWS = 240


class Awkward(NamedTuple):
    """How a table is written, with which ending, and how the last command answers: `trained`, or words of a refusal."""

    write: Callable[[Path], object]
    suffix: str
    answer: str
    n_rows: int = N_ROWS


def bundled(name: str) -> tuple[pd.DataFrame, str]:
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    return frame, "target" if "target" in frame else "Weight"


def table(n_rows: int = N_ROWS, **more: Any) -> pd.DataFrame:
    """Rows that can be learned from, with more columns."""
    random = np.random.default_rng(11)
    x, z = random.normal(size=n_rows), random.choice(list("abc"), n_rows)
    y = np.where(x + (z == "a") + random.normal(size=n_rows) * 0.5 > 0.3, "yes", "no")
    return pd.DataFrame({"x": x.round(4), "z": z, **more, "y": y})


def csv(frame: pd.DataFrame, **options: Any) -> Callable[[Path], object]:
    return lambda path: frame.to_csv(path, index=False, **options)


def text(content: str, encoding: str = "utf-8") -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content.encode(encoding))


def lines(rows: list[dict[str, Any]]) -> Callable[[Path], object]:
    return text("\n".join(json.dumps(row) for row in rows))


RANDOM = np.random.default_rng(12)
MOMENTS = pd.date_range("2024-01-01", periods=N_ROWS, freq="7h")
FORMS = ("%Y-%m-%d", "%d.%m.%Y", "%b %d, %Y")
ODD_NAMES = ("naïve 名前", "new\nline", 'quo"te', "it's", "a.b[0]", "x: y #z, {w}", " ", "😀", "%s", "how much " * 120)
OURS = ("self", "prediction", "probability", "reason", "index", "target", "probability_yes", "row")
NESTED = [
    {**row, "tags": ["a", "b"][: i % 3], "geo": {"lat": i / 7}} for i, row in enumerate(table().to_dict("records"))
]
TYPES = {
    "at": MOMENTS.tz_localize("Europe/Berlin"),
    "span": pd.to_timedelta(RANDOM.integers(0, 9999, N_ROWS), unit="s"),
    "list": [[i, i + 1] for i in range(N_ROWS)],
    "endless": np.where(RANDOM.uniform(size=N_ROWS) < 0.1, np.inf, RANDOM.normal(size=N_ROWS)),
    "far": [pd.Timestamp("9999-12-31").as_unit("s").date()] * N_ROWS,
}
AWKWARD: dict[str, Awkward] = {
    "mixed types": Awkward(csv(table(mix=RANDOM.choice(["1", "2.5", "abc", "true", ""], N_ROWS))), ".csv", "trained"),
    "odd names": Awkward(csv(table(**{name: RANDOM.normal(size=N_ROWS) for name in ODD_NAMES})), ".csv", "trained"),
    "our own names": Awkward(csv(table(**{name: RANDOM.normal(size=N_ROWS) for name in OURS})), ".csv", "trained"),
    "empty column": Awkward(csv(table(empty=None)), ".csv", "trained"),
    "numbers as text": Awkward(
        csv(table(p=[f"{v:,.2f}" for v in RANDOM.uniform(0, 9e4, N_ROWS)], q=["12 %", "7 %"] * (N_ROWS // 2))),
        ".csv",
        "trained",
    ),
    "three forms of dates": Awkward(
        csv(table(seen=[at.strftime(FORMS[i % 3]) for i, at in enumerate(MOMENTS)])), ".csv", "trained"
    ),
    "yes and no": Awkward(csv(table(b=RANDOM.choice(["Y", "N", None], N_ROWS))), ".csv.gz", "trained"),
    "lists and records": Awkward(lines(NESTED), ".jsonl", "trained"),
    "types of Parquet": Awkward(lambda path: table(**TYPES).to_parquet(path), ".parquet", "trained"),
    "an Excel of Europe": Awkward(
        csv(table(w=RANDOM.normal(size=N_ROWS)), sep=";", decimal=",", encoding="utf-16"), ".csv", "trained"
    ),
    "1,000 columns": Awkward(
        csv(
            table(
                **{f"c{i}": RANDOM.choice(list("abcde"), N_ROWS) for i in range(200)},
                **{f"n{i}": RANDOM.normal(size=N_ROWS).round(4) for i in range(797)},
            )
        ),
        ".csv",
        "trained",
    ),
    "twelve rows": Awkward(csv(table(12)), ".csv", "trained", 12),
    "a class of one row": Awkward(csv(table().assign(y=["maybe", *table()["y"][1:]])), ".csv", "trained"),
    "one row a class": Awkward(csv(table(50).assign(y=[f"k{i}" for i in range(50)])), ".csv", "cannot be predicted"),
    "constant target": Awkward(csv(table().assign(y="same")), ".csv", "has 1 class"),
    "no target": Awkward(csv(table().assign(y=None)), ".csv", "has 0 classes"),
    "names twice": Awkward(text("a,b,a,y\n1,2,3,yes\n2,3,4,no\n"), ".csv", "two columns named 'a'"),
    "nothing": Awkward(text(""), ".csv", "holds no rows"),
    "names only": Awkward(text("a,b,y\n"), ".csv", "holds no rows"),
    "ragged": Awkward(text(table().to_csv(index=False) + "1,2,3,4,5,6\n"), ".csv", "cannot read"),
    "a text that says Parquet": Awkward(text("a,y\n1,2\n"), ".parquet", "cannot read"),
}
