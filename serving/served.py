"""A version that is ready to answer: loaded, held against its golden rows, and warm."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapters.registry import load_pipeline
from adapters.storage import read_frame
from core.answers import Answers, answering
from core.errors import DataRejected
from core.fast_path import TOLERANCE, FastPath, compile_path, typed_of
from core.fitting import predict
from core.metrics import Floats
from core.records import EXPECTED, ModelRecord, Version
from core.request_columns import Values
from core.request_contract import RequestContract, as_frame, request_contract
from core.request_rows import RequestRows

WARM_UP_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Served:
    """A version and all that it takes to answer with it.

    Attributes:
        path: Its pipeline without data frames, where that gives the same answers; `path_reason` says why or why not.
    """

    model: str
    number: int
    record: ModelRecord
    pipeline: Any
    contract: RequestContract
    answer: Callable[[Floats], Answers]
    path: FastPath | None
    path_reason: str

    def score(self, rows: RequestRows) -> Answers:
        """The answers to the rows of a request.

        Raises:
            Refusal: The rows do not keep the contract.
        """
        return self.answer(self._predict(self.contract.read(rows), rows.n_rows))

    def _predict(self, typed: Mapping[str, Values], n_rows: int) -> Floats:
        if self.path is not None:
            return self.path.predict(typed, n_rows)
        return self.record.predict(self.pipeline, as_frame(typed, self.record.columns))


def load(version: Version) -> Served:
    """Make a registered version ready to answer.

    Raises:
        DataRejected: It is not what was registered: untrusted types, or other predictions for its golden rows.
        OutsideError: Registry or store do not answer.
    """
    record, pipeline = version.record, load_pipeline(version)
    golden = read_frame(record.golden)
    _hold_against_golden(version, pipeline, golden)
    path, reason = compile_path(record, pipeline, golden[list(record.columns.names)])
    served = Served(
        record.model,
        version.number,
        record,
        pipeline,
        request_contract(record),
        answering(record.coding, record.report.threshold),
        path,
        reason,
    )
    _warm_up(served, golden)
    return served


def _hold_against_golden(version: Version, pipeline: Any, golden: Any) -> None:
    expected = golden.filter(like=EXPECTED).to_numpy(float)
    name = f"the model {version.record.model}:{version.number}"
    try:
        found = predict(pipeline, golden[list(version.record.columns.names)], version.record.coding.problem)
        away = float(np.abs(found.reshape(expected.shape) - expected).max())
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        why = f"it does not score its golden rows: {type(error).__name__}: {error}"
        raise DataRejected(f"{name} is refused", why, "train and release it again") from error
    if not away <= TOLERANCE:
        raise DataRejected(
            f"{name} is refused",
            f"its golden rows score {away:.1e} away from what they did at training",
            "look at who changed the model file or the libraries, and release another version",
        )


def _warm_up(served: Served, golden: Any) -> None:
    typed = typed_of(golden, served.record.columns)
    for _ in range(WARM_UP_ROUNDS):
        served.answer(served._predict({name: values[:1] for name, values in typed.items()}, 1))
    served.answer(served._predict(typed, len(golden)))
