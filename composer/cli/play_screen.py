"""What `composer play` shows: a line a part with its meter and faders, the place in the music, how the sound fares."""

from __future__ import annotations

import math
import os
import select
import sys
from typing import TYPE_CHECKING

from composer.playback.board import FADERS
from composer.playback.hands import KEYS, Hands

if TYPE_CHECKING:
    from rich.console import Group

    from composer.playback.session import Playback

REFRESH_S = 0.08
METER_DB = 48.0
BLOCKS = " ▏▎▍▌▋▊▉█"


def show(playing: Playback, hands: Hands) -> None:
    """Draw until the music is over or `q` is pressed. Needs a terminal."""
    from rich.live import Live

    from composer.live.screen import raw_keys

    with raw_keys(), Live(draw(playing, hands), auto_refresh=False, screen=True) as live:
        while not playing.wait(0):
            for key in _keys(REFRESH_S):
                if not hands.press(key):
                    return
            live.update(draw(playing, hands), refresh=True)


def _keys(wait_s: float) -> list[str]:
    """Keys pressed by now, arrows as one."""
    if os.name == "nt":
        from composer.live.screen import read_key

        return [key] if (key := read_key(wait_s)) else []
    ready, _, _ = select.select([sys.stdin], [], [], wait_s)
    text = os.read(sys.stdin.fileno(), 64).decode(errors="ignore") if ready else ""
    found = []
    while text:
        length = 3 if text.startswith("\x1b[") else 1
        found.append(text[:length])
        text = text[length:]
    return found


def draw(playing: Playback, hands: Hands) -> Group:
    """One picture."""
    from rich.console import Group
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    board, plan = playing.board, playing.piece.plan
    table = Table(box=None, expand=True)
    for column in ("", "part", "level", "fader", "pan", "equaliser", "reverb", ""):
        table.add_column(column)
    for at, (name, strip) in enumerate(zip(playing.names, plan.strips, strict=True)):
        fader = dict(zip(FADERS, board.faders[at].tolist(), strict=True))
        pan = strip.pan if math.isnan(fader["pan"]) else fader["pan"]
        state = "muted" if fader["mute"] else "solo" if fader["solo"] else ""
        moved = " ".join(f"{what[0]}{fader[what]:+.0f}" for what in ("low_db", "mid_db", "high_db") if fader[what])
        table.add_row(
            str(at + 1), Text(name, "bold reverse" if at == hands.chosen else "bold"), meter(float(board.peaks[at])),
            f"{strip.gain_db + fader['gain_db']:+.1f} dB", place(pan), moved or "–",
            f"{strip.reverb_db + fader['reverb_db']:.0f} dB", Text(state, "yellow"),
        )  # fmt: skip
    health, end = playing.health, playing.piece.duration_s
    done = min(1.0, playing.position_s / end) if end else 1.0
    bar = "━" * round(40 * done) + "╌" * (40 - round(40 * done))
    head = f" {clock(playing.position_s)} {bar} {clock(end)}   {board.state}   {meter(board.told('peak'))}"
    limited = board.told("limited_db")
    made = f" a block is made in {health.mean_ms:.1f} ms, at most {health.worst_ms:.1f}; late: {health.late}"
    health_line = f"{made}   gaps: {health.gaps}   limiter {-limited:.1f} dB"
    return Group(
        Panel(head),
        Panel(table, title="mixer"),
        Text(health_line, "red" if health.gaps else "dim"),
        Text(KEYS, "dim"),
    )


def meter(peak: float) -> str:
    """A peak as twelve blocks over METER_DB."""
    share = min(1.0, max(0.0, 1 + 20 * math.log10(max(peak, 1e-9)) / METER_DB))
    eighths = round(12 * 8 * share)
    whole, part = divmod(eighths, 8)
    return ("█" * whole + (BLOCKS[part] if part else "")).ljust(12, "·")


def place(pan: float) -> str:
    """ "L 35", "centre", "R 100"."""
    return "centre" if abs(pan) < 0.02 else f"{'L' if pan < 0 else 'R'} {abs(pan) * 100:.0f}"


def clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
