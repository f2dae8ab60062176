"""What the user sees of thousands of pieces in the making: how many, how fast, how long yet; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

LINE_S = 10.0
"""Seconds between lines where there is no terminal."""
Tell = Callable[[str, Any], None]


@contextmanager
def counting(quiet: bool = False) -> Iterator[Tell]:
    """Takes the events of `composer.batch.run.generate`: a bar where stderr is a terminal, a line now and then elsewhere."""
    if quiet:
        yield lambda _what, _value: None
    elif sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    counter = _Counter()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("loading the model", total=None, rate="")

        def tell(what: str, value: Any) -> None:
            counter.see(what, value)
            if what == "lost":
                progress.console.print(f"note: {value}")
            title = "writing the manifest" if what == "seal" else "pieces" if counter.total else "looking"
            progress.update(
                task, description=title, total=counter.total or None, completed=counter.done, rate=counter.rate
            )

        yield tell


def _lines() -> Tell:
    counter = _Counter()
    last_s = time.monotonic()

    def tell(what: str, value: Any) -> None:
        nonlocal last_s
        counter.see(what, value)
        if what == "lost":
            print(f"note: {value}", file=sys.stderr)
        elif what == "round" and value[1]:
            print(f"{value[1]} of {value[2]} pieces left to generate", file=sys.stderr)
        elif what == "piece" and time.monotonic() - last_s >= LINE_S:
            last_s = time.monotonic()
            print(
                f"{counter.done} of {counter.total} pieces, {counter.rate}, {counter.left_s:.0f} s left",
                file=sys.stderr,
            )

    return tell


class _Counter:
    """How far a round is."""

    def __init__(self) -> None:
        self.total = self.done = self.made = self.notes = 0
        self.began_s = time.monotonic()

    def see(self, what: str, value: Any) -> None:
        if what == "round":
            _, missing, self.total = value
            self.done, self.made, self.notes = self.total - missing, 0, 0
            self.began_s = time.monotonic()
        elif what == "piece":
            self.done = min(self.done + 1, self.total)
            self.made += 1
            self.notes += value["notes"] or 0

    @property
    def rate(self) -> str:
        took = max(time.monotonic() - self.began_s, 1e-6)
        return f"{self.made / took:.1f} pieces and {self.notes / took:.0f} notes per second" if self.made else ""

    @property
    def left_s(self) -> float:
        took = time.monotonic() - self.began_s
        return (self.total - self.done) * took / max(1, self.made)
