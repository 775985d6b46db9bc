"""The tables of the race: flights by time, and three made ones; 70 % train, 15 % validate, 15 % test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

PARTS = ("train", "validation", "test")
TARGET = "target"


def save(name: str, folder: Path) -> None:
    """Write the three parts of a table, once."""
    if (folder / "test.parquet").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    frame = TABLES[name]()
    ends = [0, int(0.7 * len(frame)), int(0.85 * len(frame)), len(frame)]
    for part, start, end in zip(PARTS, ends, ends[1:], strict=False):
        frame.iloc[start:end].to_parquet(folder / f"{part}.parquet", index=False)


def read(folder: Path) -> dict[str, tuple[pd.DataFrame, np.ndarray]]:
    """Features and target (0 or 1) of each part."""
    frames = {part: pd.read_parquet(folder / f"{part}.parquet") for part in PARTS}
    return {part: (frame.drop(columns=TARGET), frame[TARGET].to_numpy(float)) for part, frame in frames.items()}


def _flights() -> pd.DataFrame:
    """January to June in order of time: the test rows are the last, and are another season."""
    from adapters.flights import read_flights

    frame = read_flights()
    first_half = frame[frame["scheduled_at"] < "2013-07-01"].sort_values("scheduled_at", kind="stable")
    return first_half.drop(columns=["flight_id", "scheduled_at", "late"]).assign(
        target=first_half["late"].astype(float)
    )


def _many_numbers() -> pd.DataFrame:
    """Numbers only, few of them informative, a tenth of the labels wrong."""
    from sklearn.datasets import make_classification

    x, y = make_classification(60_000, 40, n_informative=12, n_redundant=8, flip_y=0.1, class_sep=0.7, random_state=0)
    return pd.DataFrame(x).add_prefix("x").assign(target=y.astype(float))


def _shops() -> pd.DataFrame:
    """Categories with effects of their own, interactions, missing values."""
    random = np.random.default_rng(1)
    n = 80_000
    shop, product, day = random.integers(0, 120, n), random.integers(0, 40, n), random.integers(0, 7, n)
    price, stock = random.lognormal(3, 0.5, n), random.poisson(8, n).astype(float)
    of_shop, of_product = random.normal(size=120), random.normal(size=(40, 7))
    score = of_shop[shop] + of_product[product, day] - 0.04 * price + 0.1 * np.minimum(stock, 6)
    frame = pd.DataFrame({"price": price, "stock": stock, "day": day})
    frame = frame.assign(shop=[f"s{i}" for i in shop], product=[f"p{i}" for i in product])
    frame.loc[random.uniform(size=n) < 0.1, "stock"] = np.nan
    return frame.assign(target=(score + random.logistic(size=n) > 0).astype(float))


def _rare() -> pd.DataFrame:
    """Three positives in a hundred, smooth signal."""
    random = np.random.default_rng(2)
    x = random.normal(size=(100_000, 15))
    score = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3] ** 2 + 0.5 * x[:, 4] + random.logistic(size=len(x))
    return pd.DataFrame(x).add_prefix("x").assign(target=(score > np.quantile(score, 0.97)).astype(float))


TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "flights": _flights,
    "numbers": _many_numbers,
    "shops": _shops,
    "rare": _rare,
}
