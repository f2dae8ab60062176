"""The recording: the whole jam, player and band, as a multitrack MIDI file with tempo map, complete on disk twice a second.

There is no file before the first note: who gives up waiting leaves nothing behind, and what was there before, as it was.
Every write is a whole, valid file that takes the place of the last one in one step, sounding notes closed; whatever kills us, at
most the last half second is missing. What happened is kept as finished bytes per track, so that a write costs a copy.
"""

from __future__ import annotations

import math
import os
import queue
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from composer import priority
from composer.atomic import atomic_file
from composer.errors import OutputError
from composer.formats.midi_read import ROLE_TAG
from composer.live import midi
from composer.live.held import Held

TICKS_PER_BEAT = 480
WRITE_S = 0.5
RESUME = "resume"
SETTLE_TICKS = 4 * TICKS_PER_BEAT
"""Events may arrive this much out of order; older ones are finished."""


@dataclass
class _Track:
    head: bytes
    done: bytearray = field(default_factory=bytearray)
    done_tick: int = 0
    waiting: list[tuple[int, int, bytes]] = field(default_factory=list)
    """(tick, order of arrival, message)."""
    count: int = 0
    held: Held = field(default_factory=Held)
    """What is down at the end of `done`."""

    def add(self, tick: int, message: bytes) -> None:
        self.count += 1
        self.waiting.append((max(tick, self.done_tick), self.count, message))

    def settle(self, before: int) -> None:
        """Finish everything before a tick."""
        self.waiting.sort()
        at = 0
        while at < len(self.waiting) and self.waiting[at][0] < before:
            tick, _, message = self.waiting[at]
            self.done += _varlen(tick - self.done_tick) + message
            self.done_tick = tick
            self.held.hear(message)
            at += 1
        del self.waiting[:at]

    def chunk(self, end: int) -> bytes:
        """The track as it stands, sounding notes closed and pedals up at `end`."""
        body, tick, held = bytearray(self.done), self.done_tick, self.held.copy()
        for at, _, message in sorted(self.waiting):
            body += _varlen(at - tick) + message
            tick = at
            held.hear(message)
        for message in held.let_go():
            body += _varlen(max(0, end - tick)) + message
            tick = max(tick, end)
        whole = self.head + bytes(body) + b"\x00\xff\x2f\x00"
        return struct.pack(">4sI", b"MTrk", len(whole)) + whole


class Recorder:
    """Tracks by name. Methods may be called from the engine's thread; writing is done in a thread of its own.

    `background=False` writes only in `flush` and `close`, for the fake clock.
    """

    def __init__(
        self,
        path: Path,
        tracks: Sequence[tuple[str, str]],
        meter: tuple[int, int],
        origin_beats: float,
        force: bool = False,
        background: bool = True,
    ) -> None:
        """tracks: (name, role). `origin_beats`: how long before beat 0 the file begins. Raises OutputError."""
        if path.exists() and not force:
            raise OutputError(f"{path}: already exists; choose another --record, or --force to replace it")
        self.path, self._origin = path, origin_beats
        self._bar_beats = meter[0] * 4 / meter[1]
        denominator = meter[1].bit_length() - 1
        self._tempo = _Track(_meta(0x58, bytes((meter[0], denominator, 24, 8))))
        self._chords = _Track(_meta(0x03, b"Chords"))
        self._tracks = {
            name: _Track(_meta(0x03, name.encode()) + (_meta(0x7F, ROLE_TAG + role.encode()) if role else b""))
            for name, role in tracks
        }
        self._end = 0
        self._dirty = False
        self.is_empty = True
        """Whether no note was played yet."""
        self._queue: queue.SimpleQueue[tuple[str, float, bytes]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self.written = 0
        self.failed = ""
        """Why the disk does not take it, if it does not."""
        if problem := _problem(path):
            raise OutputError(f"{path}: cannot be written ({problem}); choose another --record")
        self._thread: threading.Thread | None = None
        if background:
            self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
            self._thread.start()

    def event(self, track: str, beat: float, message: bytes) -> None:
        """A channel message at a beat."""
        self._queue.put((track, beat, message))

    def tempo(self, beat: float, bpm: float) -> None:
        """Another tempo from a beat on."""
        pace_us = max(1, min(0xFFFFFF, round(60e6 / bpm)))
        self._queue.put(("", beat, _meta(0x51, pace_us.to_bytes(3, "big"))))

    def chord(self, beat: float, symbol: str) -> None:
        """The chord that sounds from a beat on."""
        self._queue.put(("chords", beat, _meta(0x01, symbol.encode())))

    def resume(self, beat: float) -> None:
        """Time stood still, and flows again from a beat on: it is put after what there is, on the next bar line."""
        self._queue.put((RESUME, beat, b""))

    def flush(self) -> None:
        """Take in what has been told, and write."""
        self._take_in()
        self._write()

    def close(self) -> None:
        """Write everything and stop; safe to call twice."""
        if self._thread is not None:
            self._closing.set()
            self._thread.join(timeout=5)
            self._thread = None
        self.flush()

    def _run(self) -> None:
        priority.ask_for(priority.HELPERS)
        # In handfuls: waking for every note would steal time from those who play them.
        while not self._closing.wait(WRITE_S):
            self.flush()

    def _take_in(self) -> None:
        while not self._queue.empty():
            self._enter(self._queue.get())

    def _enter(self, item: tuple[str, float, bytes]) -> None:
        name, beat, message = item
        if name == RESUME:
            bars_kept = math.ceil(self._end / TICKS_PER_BEAT / self._bar_beats)
            self._origin = (bars_kept - math.floor(beat / self._bar_beats)) * self._bar_beats
            return
        tick = max(0, round((beat + self._origin) * TICKS_PER_BEAT))
        self._end = max(self._end, tick)
        self._dirty = True
        self.is_empty = self.is_empty and not midi.is_note_on(message)
        track = self._tempo if not name else self._chords if name == "chords" else self._tracks[name]
        track.add(tick, message)

    def _write(self) -> None:
        if self.is_empty or not self._dirty:
            return
        tracks = [self._tempo, *([self._chords] if self._chords.count else []), *self._tracks.values()]
        for track in tracks:
            track.settle(self._end - SETTLE_TICKS)
        blob = struct.pack(">4sIHHH", b"MThd", 6, 1, len(tracks), TICKS_PER_BEAT)
        blob += b"".join(track.chunk(self._end) for track in tracks)
        try:
            with atomic_file(self.path) as staged:
                staged.write_bytes(blob)
            self._dirty, self.failed = False, ""
            self.written += 1
        except OSError as error:
            self.failed = (error.strerror or str(error)).lower()


def _problem(path: Path) -> str:
    """Why a file cannot be written here, "" if it can."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    if path.is_dir():
        return "it is a folder"
    return "" if os.access(path.parent, os.W_OK) else "permission denied"


def _meta(kind: int, body: bytes) -> bytes:
    """A meta message; delta time comes before it. Heads stand at tick 0."""
    return (b"\x00" if kind in (0x03, 0x58, 0x7F) else b"") + bytes((0xFF, kind)) + _varlen(len(body)) + body


def _varlen(value: int) -> bytes:
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))
