"""Answered rows on their way to the store: kept in memory for some seconds, written by a thread of their own."""

import logging
import threading
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from adapters.log_leftovers import Leftovers
from adapters.log_writer import LogWriter
from adapters.prediction_log import ANSWERED, SHADOWED
from core.answers import Answers
from core.errors import OutsideError
from core.log_rows import Logged, as_columns
from core.request_rows import RequestRows
from core.traffic import SHADOW
from serving.metrics import Metrics
from serving.served import Served

LOG = logging.getLogger("everfit.serving")


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered request."""

    at: datetime
    request: str
    role: str
    served: Served
    rows: RequestRows
    answers: Answers


class PredictionLog:
    """Rows wait here at most `every_s`; where the store does not keep up, new rows are dropped and counted.

    An answer is worth more than its entry: a store that is down must not stop the endpoint, nor fill its memory.
    """

    def __init__(self, every_s: float, most_rows: int, metrics: Metrics) -> None:
        self.every_s, self.most_rows, self.metrics = every_s, most_rows, metrics
        self._writer, self._leftovers = LogWriter(), Leftovers()
        self._entries: list[tuple[Entry, Served | None]] = []
        self._waiting = 0
        self._lock, self._flushing = threading.Lock(), threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def add(self, entry: Entry, shadow: Served | None = None) -> None:
        """Remember an answered request, and who else is to predict its rows; called by whoever answered it."""
        with self._lock:
            fits = self._waiting + entry.rows.n_rows <= self.most_rows
            if fits:
                self._entries.append((entry, shadow))
                self._waiting += entry.rows.n_rows
        if not fits:
            self.metrics.log_rows.labels(entry.served.model, "dropped").inc(entry.rows.n_rows)

    def flush(self) -> None:
        """Write all that waits; what the store does not take waits on."""
        with self._flushing:
            with self._lock:
                taken, self._entries = self._entries, []
            groups: dict[tuple[int, int], list[tuple[Entry, Served | None]]] = defaultdict(list)
            for entry, shadow in taken:
                groups[id(entry.served), id(shadow)].append((entry, shadow))
            for group in groups.values():
                self._write(group)
            self.metrics.log_waiting.set(self._waiting)

    def _run(self) -> None:
        while not self._stopped.wait(self.every_s):
            self.flush()
            self._merge()

    def _merge(self) -> None:
        with self._flushing:
            try:
                self._writer.merge()
                self._leftovers.remove_when_due()
            except OutsideError as error:
                LOG.warning("files of the prediction log are not merged: %s", error.why)
            except Exception:
                LOG.exception("files of the prediction log are not merged")

    def _write(self, group: list[tuple[Entry, Served | None]]) -> None:
        entries, shadow = [entry for entry, _ in group], group[0][1]
        model, n_rows = entries[0].served.model, sum(entry.rows.n_rows for entry in entries)
        outcome = "lost"
        try:
            self._store(ANSWERED, entries)
            outcome = "written"
            if shadow is not None:
                self._store(SHADOWED, [_shadowed(entry, shadow) for entry in entries])
        except OutsideError as error:
            LOG.error("the prediction log of %s is not written: %s", model, error.why)
            if outcome == "lost":
                with self._lock:
                    self._entries[:0] = group
                return
        except Exception:
            # The thread must outlive an entry that nobody has foreseen.
            LOG.exception("%d rows of the prediction log of %s are %s", n_rows, model, outcome)
        with self._lock:
            self._waiting -= n_rows
        self.metrics.log_rows.labels(model, outcome).inc(n_rows)

    def _store(self, place: str, entries: list[Entry]) -> None:
        served = entries[0].served
        logged = [Logged(e.at, e.request, e.role, e.rows, e.answers) for e in entries]
        time = served.record.spec.get("data", {}).get("time")
        columns, kinds = as_columns(logged, served.number, served.contract, time)
        self._writer.write(place, served.model, columns, kinds)


def _shadowed(entry: Entry, shadow: Served) -> Entry:
    return replace(entry, role=SHADOW, served=shadow, answers=shadow.score(entry.rows))


def now() -> datetime:
    """The moment of an answer, UTC without saying so, as the log's files hold it."""
    return datetime.now(UTC).replace(tzinfo=None)
