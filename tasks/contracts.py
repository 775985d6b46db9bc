"""What a model's source holds against what its contract says, and the contract that takes it over."""

from dataclasses import asdict, dataclass
from typing import Any

from adapters.specs import read_spec, write_contract
from adapters.tables import read_table
from core.contract import check_columns
from core.contract_changes import Change, accept, changes
from core.errors import DataRejected
from core.spec import TrainingSpec


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed in a source since its contract was frozen."""

    model: str
    source: str
    rows: int
    changes: tuple[Change, ...]
    file: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """As `contract diff --json` prints it."""
        return asdict(self) | {"different": bool(self.changes)}


def difference(model: str) -> Difference:
    """Hold all rows of the source against the contract.

    Raises:
        SpecError, DataMissing, DataRejected: The YAML or the source cannot be read, or holds no rows.
    """
    spec = read_spec(model)
    return _difference(spec)


def accept_difference(model: str) -> Difference:
    """Take what changed over into the YAML; only its contract changes, and only where something did.

    Raises:
        DataMissing: The source lost a column that the model needs.
        DataRejected: Nothing of what changed can be taken over by a machine.
        SpecError: The YAML cannot be written.
    """
    spec = read_spec(model)
    found = _difference(spec, needed=True)
    contract = accept(spec.contract, found.changes)
    if contract != spec.contract:
        return Difference(found.model, found.source, found.rows, found.changes, str(write_contract(model, contract)))
    if found.changes:
        raise DataRejected(
            f"the contract of {model} cannot take over what changed",
            "; ".join(map(str, found.changes)),
            "correct the data, or edit `contract` in the YAML",
        )
    return found


def _difference(spec: TrainingSpec, *, needed: bool = False) -> Difference:
    frame = read_table(spec.data.source, spec.data.time, spec.data.format)
    roles = (spec.target.column, *spec.data.key, spec.data.time, spec.data.group)
    check_columns(frame, tuple(name for name in roles if name) if needed else (), str(spec.data.source))
    return Difference(spec.name, str(spec.data.source), len(frame), tuple(changes(frame, spec.contract)))
