"""What travels between tasks: references to stored data and models, and small results."""

from dataclasses import dataclass
from typing import Any

from core.features import FeatureColumns
from core.preparation import AS_IT_IS, Preparation


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """A stored table; the uri derives from its content."""

    uri: str
    sha256: str
    n_rows: int


@dataclass(frozen=True, slots=True)
class Splits:
    """The three parts of a table; no row is in two of them."""

    train: DatasetRef
    validation: DatasetRef
    test: DatasetRef


@dataclass(frozen=True, slots=True)
class EncodedRef:
    """A recipe's fitted encoder, the rows that it encoded, and which of its columns are codes or interact."""

    recipe: str
    encoder: str
    train: str
    validation: str
    categorical: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class FeaturesRef:
    """Everything that trials read: one encoding a recipe, and the targets as numbers."""

    encodings: tuple[EncodedRef, ...]
    y_train: str
    y_validation: str
    columns: FeatureColumns
    preparation: Preparation = AS_IT_IS
    dropped: tuple[tuple[str, str, str], ...] = ()

    def encoding(self, recipe: str) -> EncodedRef:
        """The encoding of a recipe."""
        return next(encoding for encoding in self.encodings if encoding.recipe == recipe)


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A stored pipeline that predicts from raw rows.

    Attributes:
        members: Candidates whose mean it predicts; the first is the best alone.
        calibration: How its probabilities were put right; empty: not at all.
        losses: Loss on the validation rows after each iteration, one curve a member.
    """

    uri: str
    family: str
    params: tuple[tuple[str, Any], ...] = ()
    members: tuple[Any, ...] = ()
    calibration: str = ""
    losses: tuple[tuple[float, ...], ...] = ()
