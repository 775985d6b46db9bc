"""Rows as estimators read them."""

from dataclasses import dataclass

from core.metrics import Floats


@dataclass(frozen=True, slots=True)
class Rows:
    """Encoded rows, shape (n, n_encoded), their target, shape (n,), and which encoded columns are category codes."""

    x: Floats
    y: Floats
    categorical: tuple[int, ...] = ()
