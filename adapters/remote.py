"""A Dask cluster by its address: the code travels with the calls, to workers that have the libraries only."""

import pickle
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.custom_code import CUSTOM
from adapters.sent_code import code
from adapters.settings import settings
from core.errors import OutsideError

LOOK_AFTER_S = 5.0
ALONE_S = 120.0


def _stub() -> Callable[..., bytes]:
    # Inside a function, so that it travels by value: neither scheduler nor worker could import it by its name.
    def there(digest: str, payload: bytes, *sent: bytes, dask_worker: Any = None) -> bytes:
        import importlib.util
        import sys
        import zipfile
        from pathlib import Path

        from distributed import get_worker

        # Dask hands the worker to what runs outside of a task, and there alone.
        folder = Path((dask_worker or get_worker()).local_directory)
        if (arrived := sys.modules.get("everfit_arrived")) is None:
            path = folder / f"arrived-{digest}.py"
            with zipfile.ZipFile(folder / f"everfit-{digest}.zip") as packed:
                path.write_bytes(packed.read("adapters/arrived.py"))
            spec = importlib.util.spec_from_file_location("everfit_arrived", path)
            arrived = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
            spec.loader.exec_module(arrived)  # type: ignore[union-attr]
            arrived = sys.modules.setdefault("everfit_arrived", arrived)
        answer: bytes = arrived.call(str(folder), digest, payload, sent)
        return answer

    return there


def _opener() -> Callable[..., Any]:
    def opened(there: Callable[..., bytes], digest: str, payload: bytes) -> Any:
        import pickle

        return pickle.loads(there(digest, payload))  # nosec B301 # noqa: S301 - from our own side of the scheduler

    return opened


@dataclass(frozen=True, slots=True)
class Sent:
    """A larger argument of many calls, which is on the workers already."""

    future: Any


class Remote:
    """What of a Dask client is used here, for workers without the project.

    Functions and arguments travel as bytes, which nobody but the worker that calls opens: the scheduler, too, lacks the
    project.
    """

    def __init__(self, client: Any) -> None:
        self.client, self.there = client, _stub()

    def submit(self, function: Callable[..., Any], *given: Any, pure: bool = False, priority: int = 0) -> "Answer":
        """Start a call."""
        sent = {place: each.future for place, each in enumerate(given) if isinstance(each, Sent)}
        small = [each for each in given if not isinstance(each, Sent)]
        payload = _packed((function, small, list(sent)))
        return Answer(
            self, self.client.submit(self.there, code().digest, payload, *sent.values(), pure=pure, priority=priority)
        )

    def plain(self, function: Callable[..., Any], *given: Any) -> tuple[Any, ...]:
        """A call as Dask's own function and arguments, whose answer stays on the worker as what it is."""
        return (_opener(), self.there, code().digest, _packed((function, list(given), [])))

    def map(self, function: Callable[..., Any], items: Sequence[Any], pure: bool = False) -> list["Answer"]:
        return [self.submit(function, item, pure=pure) for item in items]

    def gather(self, answers: Sequence["Answer"]) -> list[Any]:
        return [answer.result() for answer in answers]

    def scatter(self, large: Any, broadcast: bool, hash: bool) -> Sent:  # noqa: A002 - the client's own word
        return Sent(self.client.scatter(_packed(large), broadcast=broadcast, hash=hash))

    def ncores(self) -> Any:
        return self.client.ncores()

    def on_all(self, function: Callable[..., Any], *given: Any) -> dict[str, Any]:
        """What each worker answers, an error too."""
        answers = self.client.run(self.there, code().digest, _packed((function, list(given), [])), on_error="return")
        return {
            worker: pickle.loads(answer) if isinstance(answer, bytes) else answer  # nosec B301 # noqa: S301 - from our own side of the scheduler
            for worker, answer in answers.items()
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """A call that is under way."""

    remote: Remote
    future: Any

    def result(self) -> Any:
        """Wait for the answer.

        Raises:
            OutsideError: Scheduler or workers are gone.
        """
        from distributed import TimeoutError as NotYet
        from distributed.client import FutureCancelledError
        from distributed.comm.core import CommClosedError

        since = time.monotonic()
        while True:
            try:
                return pickle.loads(self.future.result(timeout=LOOK_AFTER_S))  # nosec B301 # noqa: S301 - from our own side of the scheduler
            except NotYet:
                since = time.monotonic() if self._has_workers() else since
                if time.monotonic() - since > ALONE_S:
                    raise _gone(f"it has had no worker for {ALONE_S:g} s") from None
            except (FutureCancelledError, CommClosedError) as error:
                raise _gone(" ".join(str(error).split())) from error

    def _has_workers(self) -> bool:
        try:
            return bool(self.remote.client.ncores())
        except (OSError, TimeoutError):
            return False


def _packed(given: object) -> bytes:
    import cloudpickle

    for name in [name for name in sys.modules if name.startswith(CUSTOM)]:
        # A user's step is code that no worker could import.
        cloudpickle.register_pickle_by_value(sys.modules[name])
    packed: bytes = cloudpickle.dumps(given)
    return packed


def _gone(why: str) -> OutsideError:
    return OutsideError(
        f"the Dask cluster {settings().dask} went away in the middle of the work",
        why,
        "start it again and repeat the command: what was found so far is kept",
    )
