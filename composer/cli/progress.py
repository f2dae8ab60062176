"""What the user sees while waiting: bars on a terminal, plain lines elsewhere, always on stderr. Owner of rich."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress

Tell = Callable[[float], None]
"""Says how much of a step is done, 0..1. May be called from any thread."""


class Steps:
    """A run's steps, one after another; `seconds` keeps how long each took."""

    def __init__(self, bars: Progress | None, lines: bool) -> None:
        self._bars, self._lines = bars, lines
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, title: str, key: str = "") -> Iterator[Tell]:
        """Show `title` while the block runs; it may tell how far it is. `seconds[key]` adds up, whatever the title."""
        began = time.perf_counter()
        task: Any = self._bars.add_task(title, total=None) if self._bars else None

        def tell(done: float) -> None:
            if self._bars:
                self._bars.update(task, total=1.0, completed=min(done, 1.0))

        yield tell
        took = time.perf_counter() - began
        self.seconds[key or title] = self.seconds.get(key or title, 0.0) + took
        if self._bars:
            self._bars.update(task, total=1.0, completed=1.0)
        elif self._lines:
            print(f"{title} … {took:.1f} s", file=sys.stderr)


@contextmanager
def steps(quiet: bool = False) -> Iterator[Steps]:
    """Progress for the block: bars where stderr is a terminal, a line a step where not, nothing when `quiet`."""
    if quiet or not sys.stderr.isatty():
        yield Steps(None, lines=not quiet)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield Steps(bars, lines=False)
