"""What everfit says when it cannot go on: what happened, why, and how to fix it."""

from typing import ClassVar

from core.masking import without_passwords


class EverfitError(Exception):
    """A failure told in three strings, its only arguments, so that it survives the trip back from a Dask worker.

    Args:
        what: What could not be done.
        why: The cause, with the offending name or value.
        fix: What the reader can do about it.
    """

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False

    def __init__(self, what: str, why: str, fix: str) -> None:
        # Whoever raises it names an address as it is set; wherever it is logged, its password must not be read.
        what, why, fix = without_passwords(what), without_passwords(why), without_passwords(fix)
        super().__init__(what, why, fix)
        self.what, self.why, self.fix = what, why, fix

    def __str__(self) -> str:
        return f"{self.what}\n  why: {self.why}\n  fix: {self.fix}"


class SpecError(EverfitError):
    """The YAML, a setting or the command line asks for something that cannot be."""

    kind = "spec"
    exit_code = 2


class DataError(EverfitError):
    """The data cannot be used as they are."""

    kind = "data"
    exit_code = 2


class DataMissing(DataError):
    """There is no data where the spec says it is, or a column is not in it."""

    kind = "data_missing"


class DataRejected(DataError):
    """The data break their contract."""

    kind = "data_rejected"


class TrainingError(EverfitError):
    """No model could be fitted."""

    kind = "training"


class RegistryConflict(EverfitError):
    """Somebody else moved the champion first."""

    kind = "registry_conflict"


class OutsideError(EverfitError):
    """Something beyond this process failed; trying again may help."""

    kind = "outside"
    retryable = True


class StorageUnavailable(OutsideError):
    """The store cannot be read or written."""

    kind = "storage"


class RegistryUnavailable(OutsideError):
    """The model registry does not answer."""

    kind = "registry"


class ServiceUnavailable(OutsideError):
    """A part of the local stack did not start or has died."""

    kind = "service"
