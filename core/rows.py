"""Rows as estimators read them."""

from dataclasses import dataclass

from core.metrics import Floats


@dataclass(frozen=True, slots=True)
class Rows:
    """Encoded rows.

    Attributes:
        x: Shape (n, n_encoded).
        y: Their target, shape (n,).
        categorical: Which encoded columns are category codes.
        pairs: Encoded columns that interact, the most telling pair first; empty where nobody asked.
    """

    x: Floats
    y: Floats
    categorical: tuple[int, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """The rows by which a fit stops early, their weights if they have any, and the rows that are learned."""

    x: Floats
    y: Floats
    weights: Floats | None
    train: Rows

    @property
    def categorical(self) -> tuple[int, ...]:
        """Columns that are category codes."""
        return self.train.categorical
