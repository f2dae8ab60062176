"""The inbox and the clock behind it: what the engine waits on. Real time, or a time that only the test moves.

Anything may be put in from any thread; only the engine takes out. Under `FakeInbox` a ten-minute jam is a second long and
happens the same way every time, because nothing but the inbox tells the engine what time it is.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import time
from typing import Any, Protocol


class Inbox(Protocol):
    """Where items arrive, and the clock that deadlines are counted on."""

    def now(self) -> float:
        """Seconds on the clock."""
        ...

    def put(self, item: Any) -> None: ...

    def wait(self, until_s: float) -> Any | None:
        """The next item, or None once `until_s` has come."""
        ...


class LiveInbox:
    """Real time: the monotonic clock, which no one sets."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def now(self) -> float:
        return time.monotonic()

    def put(self, item: Any) -> None:
        self._queue.put(item)

    def wait(self, until_s: float) -> Any | None:
        left_s = until_s - time.monotonic()
        try:
            return self._queue.get_nowait() if left_s <= 0 else self._queue.get(timeout=left_s)
        except queue.Empty:
            return None


class FakeInbox:
    """Time stands still until the engine waits, then jumps to the next item or to the deadline, whichever comes first."""

    def __init__(self, start_s: float = 1000.0) -> None:
        self._now_s = start_s
        self._order = itertools.count()
        self._items: list[tuple[float, int, Any]] = []

    def now(self) -> float:
        return self._now_s

    def put(self, item: Any) -> None:
        self.put_at(self._now_s, item)

    def put_at(self, time_s: float, item: Any) -> None:
        """Let `item` arrive at a time to come."""
        heapq.heappush(self._items, (time_s, next(self._order), item))

    def wait(self, until_s: float) -> Any | None:
        if self._items and self._items[0][0] <= until_s:
            arrived_s, _, item = heapq.heappop(self._items)
            self._now_s = max(self._now_s, arrived_s)
            return item
        self._now_s = max(self._now_s, until_s)
        return None
