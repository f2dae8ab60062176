"""The screen: what the jam is doing, ten times a second, and the keys that change it. Drawing only; all wishes go as commands."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from composer.live.settings import MODES
from composer.live.view import JamView
from composer.styles import STYLES

if TYPE_CHECKING:
    from rich.console import Group

    from composer.live.session import Session

REFRESH_S = 0.1
ESCAPE, PARAMETERS = "\x1b", "0123456789;"
FOLLOWS_S = 0.02
"""What belongs to an ESC comes this soon after it."""
KEYS = (
    "1–5 choose a part · m mute · s solo · + more · - less · [ ] quieter, louder · tab mode · < > style · ( ) strength · t tap"
    " · , . tempo · ! or space panic · q end"
)


def show(session: Session) -> None:
    """Draw until the jam is over or `q` is pressed. Needs a terminal."""
    from rich.live import Live

    hands = Hands(session)
    with raw_keys(), Live(draw(session.engine.view, 0), auto_refresh=False, screen=True) as live:
        while not session.wait(0):
            key = read_key(REFRESH_S)
            if key and not hands.press(key):
                return
            live.update(draw(session.engine.view, hands.chosen), refresh=True)


class Hands:
    """Keys → commands; remembers which part is chosen."""

    def __init__(self, session: Session) -> None:
        self._session, self.chosen = session, 0

    def press(self, key: str) -> bool:
        """One key; returns False for the one that ends the jam."""
        view, command = self._session.engine.view, self._session.command
        part = view.parts[min(self.chosen, len(view.parts) - 1)]
        if key == "q":
            return False
        if key.isdecimal() and 1 <= int(key) <= len(view.parts):
            self.chosen = int(key) - 1
        elif key in _PART_KEYS:
            command(_PART_KEYS[key], part=part.name)
        elif key in "[]":
            command(
                "level", part=part.name, level=round(min(2.0, max(0.1, part.level + (0.1 if key == "]" else -0.1))), 2)
            )
        elif key == "\t":
            command("mode", mode=MODES[(MODES.index(view.mode) + 1) % len(MODES)])
        elif key in "<>":
            names = list(STYLES)
            at = names.index(view.style) if view.style in names else 0
            command("style", style=names[(at + (1 if key == ">" else -1)) % len(names)])
        elif key in "()":
            command("strength", strength=round(min(1.5, max(0.0, view.strength + (0.1 if key == ")" else -0.1))), 2))
        elif key in ",.":
            command("tempo", bpm=round(view.bpm) + (1 if key == "." else -1))
        elif key == "t":
            command("tap")
        elif key in "! ":
            command("panic")
        return True


_PART_KEYS = {"m": "mute", "s": "solo", "+": "more", "=": "more", "-": "less"}


def draw(view: JamView, chosen: int) -> Group:
    """One picture of the jam."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    lights = " ".join("●" if at == view.beat and view.state != "waiting" else "○" for at in range(view.beats))
    bar = f"bar {view.bar + 1}" if view.bar >= 0 and view.state == "playing" else view.state
    head = Text.assemble(
        (f" {bar:<12}", "bold"), (f"{lights}   ", "bold yellow"), f"{view.bpm:.1f} BPM ({view.tempo_from})   ",
        f"{view.mode}: {view.says}   ", f"{view.style} × {view.strength:g}",
    )  # fmt: skip
    chords = Table.grid(padding=(0, 2))
    chords.add_row(
        "now", Text(" ".join(_bar(view.chords)) or "–", "bold green"), "you", Text(view.chord or "–", "bold cyan")
    )
    chords.add_row("next", Text(" ".join(_bar(view.next_chords)) or "?", "green"), "key", Text(view.key or "–"))
    parts = Table(box=None, expand=True)
    for column in ("", "part", "level", "", "density", "next bar", "range"):
        parts.add_column(column)
    for number, part in enumerate(view.parts):
        state = "solo" if part.soloed else "mute" if part.muted else "♪" * min(6, part.sounding)
        parts.add_row(
            f"{number + 1}", Text(part.name, "bold reverse" if number == chosen else "bold"), meter(part.loud, part.level), state,
            f"{part.density}" if part.density else "–", f"{part.next_notes} notes" if part.next_notes else "rests", part.next_range,
        )  # fmt: skip
    parts.add_row("", Text("you", "cyan"), meter(view.player_loud, 1.0), "", "", "", "")
    counts = (
        f" planned {view.planned} · missed {view.missed} · late {view.late} (worst {view.worst_ms:.1f} ms) ·"
        f" a plan takes {view.plan_ms:.0f} ms · echoes {view.echoes}"
    )
    alarms = [f"disconnected: {', '.join(view.ports_away)}"] if view.ports_away else []
    alarms += [f"MIDI clock {view.clock}"] if view.clock else []
    return Group(
        Panel(head), chords, Panel(parts, title="the band"),
        Text(counts, "red" if view.missed else ""), Text(" ".join(alarms), "bold red"),
        Text("\n".join(view.last[-4:]), "dim"), Text(KEYS, "dim"),
    )  # fmt: skip


def meter(loud: float, level: float) -> str:
    """A level as ten blocks."""
    filled = round(10 * min(1.0, loud))
    return "█" * filled + "·" * (10 - filled) + (f" × {level:g}" if level != 1 else "")


def _bar(chords: tuple[str, ...]) -> list[str]:
    return [symbol if at == 0 or symbol != chords[at - 1] else "/" for at, symbol in enumerate(chords)]


@contextlib.contextmanager
def raw_keys() -> Iterator[None]:
    """Keys as they are pressed, without echo; Ctrl-C still ends. The terminal is put back however this ends."""
    if os.name == "nt":
        yield
        return
    import termios
    import tty

    before: list[Any] = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def read_key(wait_s: float) -> str:
    """A key, or "" if none came in time."""
    if os.name == "nt":
        import msvcrt
        import time

        time.sleep(wait_s)
        return str(msvcrt.getwch()) if msvcrt.kbhit() else ""  # type: ignore[attr-defined,unused-ignore]
    return read_terminal(sys.stdin.fileno(), wait_s)


def read_terminal(terminal: int, wait_s: float) -> str:
    """A key from a file descriptor, or "": arrows and function keys, which send ESC and more, count as none."""
    key = _byte(terminal, wait_s)
    if key != ESCAPE:
        return key
    second = _byte(terminal, FOLLOWS_S)
    last = _byte(terminal, FOLLOWS_S) if second and second in "[O" else ""
    while last and last in PARAMETERS:
        last = _byte(terminal, FOLLOWS_S)
    return ""


def _byte(terminal: int, wait_s: float) -> str:
    ready, _, _ = select.select([terminal], [], [], wait_s)
    return os.read(terminal, 1).decode(errors="ignore") if ready else ""
