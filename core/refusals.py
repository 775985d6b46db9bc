"""Why a request over HTTP is not answered: what, why and how to fix it, and the status that says so."""

from http import HTTPStatus
from typing import Any, ClassVar

from core.errors import DataRejected


class Refusal(DataRejected):
    """A request that cannot be answered as it is.

    Attributes:
        field: The field of the request that is wrong, where one is.
        row: Its row, counted from 0.
    """

    kind = "refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    field: str | None = None
    row: int | None = None

    def at(self, field: str, row: int | None = None) -> "Refusal":
        """The same, naming the place."""
        self.field, self.row = field, row
        return self

    def document(self) -> dict[str, Any]:
        """What the client reads."""
        place = {"field": self.field, "row": self.row}
        told = {"kind": self.kind, "what": self.what, "why": self.why, "fix": self.fix}
        return {"error": told | {name: value for name, value in place.items() if value is not None}}


class Unreadable(Refusal):
    """The body is not what its content type says, or no request of the protocol."""

    kind = "unreadable"
    status = HTTPStatus.BAD_REQUEST


class Unauthorized(Refusal):
    """The token is missing or wrong."""

    kind = "unauthorized"
    status = HTTPStatus.UNAUTHORIZED


class NoSuchModel(Refusal):
    """The path names a model that is not served here."""

    kind = "no_such_model"
    status = HTTPStatus.NOT_FOUND


class TooSlow(Refusal):
    """The client has not sent its request in time."""

    kind = "too_slow"
    status = HTTPStatus.REQUEST_TIMEOUT


class TooLarge(Refusal):
    """More bytes or rows than one request may hold."""

    kind = "too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnknownType(Refusal):
    """A content type or encoding that is not read here."""

    kind = "unknown_type"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class NotReady(Refusal):
    """There is nothing to answer with yet, or too much to do at once; trying again helps."""

    kind = "not_ready"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class Failed(Refusal):
    """A fault of ours, which the log tells whole."""

    kind = "failed"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
