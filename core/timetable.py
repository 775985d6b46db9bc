"""In which order fits are told: as they would end on a few workers, if each took as long as its effort says.

Whoever waits in the order of asking waits for the slowest while all that was asked after it is done; whoever tells what
is done first has other trials on another machine. Efforts are known before, and the same everywhere.
"""

import heapq
import itertools
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Timetable(Generic[Item]):
    """Items in the order of their ends, with a clock of its own that knows no seconds."""

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        self.now = 0.0
        self.running: list[tuple[float, int, Item]] = []
        self.waiting: list[tuple[int, int, Item, float]] = []
        self.numbers = itertools.count()

    def __len__(self) -> int:
        return len(self.running) + len(self.waiting)

    def add(self, item: Item, rank: int, effort: float) -> None:
        """Put an item behind those of its rank.

        Args:
            item: Whatever ends one day.
            rank: Higher goes first, as on the real workers.
            effort: How long a worker takes, in any unit.
        """
        heapq.heappush(self.waiting, (-rank, next(self.numbers), item, effort))

    def pop(self) -> Item:
        """The item that ends next."""
        while self.waiting and len(self.running) < self.n_workers:
            _, number, item, effort = heapq.heappop(self.waiting)
            heapq.heappush(self.running, (self.now + effort, number, item))
        self.now, _, ended = heapq.heappop(self.running)
        return ended

    def clear(self) -> None:
        """Nothing is left."""
        self.running.clear()
        self.waiting.clear()
