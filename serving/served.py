"""A version that is ready to answer: loaded, held against its golden rows, and warm."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from adapters.registry import load_pipeline
from adapters.storage import read_frame
from adapters.typed_files import column_types
from core.answers import Answers, answering
from core.columns import with_columns
from core.errors import DataMissing, DataRejected, EverfitError
from core.fast_path import TOLERANCE, FastPath, compile_path, typed_of
from core.fitting import predict
from core.metrics import Floats
from core.preparation import WithStep
from core.records import EXPECTED, ModelRecord, Version
from core.refusals import Refusal
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
            Refusal: The rows do not keep the contract, or cannot be scored.
        """
        typed = self.contract.read(rows)
        if self.path is not None:
            return self.answer(self.path.predict(typed, rows.n_rows))
        others = {name: values for name, values in rows.columns.items() if name not in typed}
        try:
            frame = with_columns(as_frame(typed, self.record.columns), others)
            return self.answer(self.record.predict(self.pipeline, frame))
        except EverfitError as error:
            raise Refusal(error.what, error.why, error.fix) from error


def load(version: Version) -> Served:
    """Make a registered version ready to answer.

    Raises:
        DataRejected: It is not what was registered: untrusted types, or other predictions for its golden rows.
        OutsideError: Registry or store do not answer.
    """
    record, pipeline = version.record, load_pipeline(version)
    # Golden rows are feature rows: a step of the user's has been applied to them.
    packed = pipeline.pipeline if isinstance(pipeline, WithStep) else pipeline
    golden = read_frame(record.golden)
    rows = golden[list(record.columns.names)]
    _hold_against_golden(version, packed, golden)
    path, reason = compile_path(record, pipeline, rows)
    answer = answering(record.coding, record.report.threshold)
    _warm_up(path, record, packed, rows)
    return Served(
        record.model, version.number, record, pipeline, request_contract(record, _held(record)), answer, path, reason
    )


def _held(record: ModelRecord) -> list[str]:
    try:
        return list(column_types(record.data.uri))
    except DataMissing:
        # The snapshot was cleared away: the contract names the columns alone.
        return []


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


def _warm_up(path: FastPath | None, record: ModelRecord, packed: Any, rows: pd.DataFrame) -> None:
    if path is None:
        predict(packed, rows, record.coding.problem)
        return
    typed = typed_of(rows, record.columns)
    for _ in range(WARM_UP_ROUNDS):
        path.predict({name: values[:1] for name, values in typed.items()}, 1)
