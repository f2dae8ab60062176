"""A band without a model, and everything it takes to let it jam under a fake clock."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from mido.sockets import SocketPort

from composer.gm import ROLES
from composer.harmony.chord import NO_CHORD, Chord
from composer.live import midi
from composer.live.engine import Engine
from composer.live.generator import InlinePlanner
from composer.live.harmonist import Harmonist
from composer.live.hearing import chord_of
from composer.live.inbox import FakeInbox
from composer.live.items import Heard
from composer.live.plan import Ask, Plan
from composer.live.progressions import Progressions
from composer.live.settings import JamSettings
from composer.live.wiring import Line, Wiring
from composer.vocab import GRID_NOTE_DTYPE

PORT = "out"
CHORDS = {"C": (48, 60, 64, 67), "Am": (45, 60, 64, 69), "F": (41, 60, 65, 69), "G": (43, 59, 62, 67)}


class PatternLeader:
    """Plans bars by rote: a beat on the drums, roots on the bass, chords on the others, in the harmony it hears."""

    def __init__(self, beats: int = 4) -> None:
        self.beats = beats
        self.harmonist = Harmonist(beats, Progressions.load())
        self.asks: list[Ask] = []

    def plan(self, ask: Ask) -> Plan:
        self.asks.append(ask)
        beats, bar = self.beats, ask.bar
        if ask.wishes.chords:
            lane = [Chord.parse(ask.wishes.chords[beat % len(ask.wishes.chords)]) for beat in range(2 * beats)]
        else:
            self.harmonist.hear(ask.heard, max(0, bar - 2) * beats, ask.now_beat)
            states = self.harmonist.outlook(ask.now_beat, (bar + 2) * beats).states[bar * beats :].tolist()
            lane = [NO_CHORD if state < 0 else chord_of(state) for state in states]
        rows = []
        for beat, chord in enumerate(lane[:beats]):
            rows.append((1, bar, 12 * beat, 36 if beat % 2 == 0 else 38, 0, 10))
            if chord.root >= 0:
                rows.append((2, bar, 12 * beat, 28 + (chord.root - 28) % 12, 8, 10))
                rows += [(4, bar, 12 * beat, 60 + tone, 11, 9) for tone in chord.tones[:3]]
        playing = {ROLES.index(part) for part in ask.wishes.parts if part not in ask.wishes.resting}
        notes = np.array([row for row in rows if row[0] in playing], GRID_NOTE_DTYPE)
        symbols = [chord.symbol for chord in lane]
        return Plan(ask.number, bar, ask.cut, notes, tuple(symbols[:beats]), tuple(symbols[beats:]), 0.01)


@dataclass
class FakePort:
    """Keeps what it was sent, and when."""

    inbox: FakeInbox
    name: str = PORT
    sent: list[tuple[float, bytes]] = field(default_factory=list)

    def send(self, data: bytes) -> None:
        self.sent.append((self.inbox.now(), data))

    def sounding(self) -> set[tuple[int, int]]:
        """(channel, pitch) struck and not ended."""
        held: set[tuple[int, int]] = set()
        for _, data in self.sent:
            if midi.is_note_on(data):
                held.add((data[0] & 15, data[1]))
            elif midi.is_note_off(data):
                held.discard((data[0] & 15, data[1]))
        return held

    def notes(self, channel: int) -> list[tuple[float, int]]:
        """(time, pitch) of every note struck on a channel."""
        return [(at, data[1]) for at, data in self.sent if midi.is_note_on(data) and data[0] & 15 == channel]


@dataclass
class Stage:
    """An engine with a fake clock, one output and the pattern band."""

    settings: JamSettings
    delay_s: float = 0.05
    leader: PatternLeader = field(default_factory=PatternLeader)
    said: list[str] = field(default_factory=list)
    make_planner: Callable[[Stage], object] | None = None
    inbox: FakeInbox = field(default_factory=FakeInbox)

    def __post_init__(self) -> None:
        self.port = FakePort(self.inbox)
        lines = {part: (Line(PORT, self.settings.channels[part]),) for part in self.settings.parts}
        lines |= {"player": (Line(PORT, 0),), "click": (Line(PORT, 9),)}
        start = self.make_planner or (lambda stage: InlinePlanner(stage.leader, stage.inbox, stage.delay_s))
        self.wiring = Wiring(("keys",), (self.port,), lines, lambda: start(self))  # type: ignore[arg-type, return-value]
        self.engine = Engine(self.settings, self.inbox, self.wiring, self.said.append)

    def play(self, messages: Iterable[tuple[float, bytes]], from_s: float) -> None:
        """Let the player's messages arrive, times counted from `from_s`."""
        for at, data in messages:
            self.inbox.put_at(from_s + at, Heard("keys", data, from_s + at))

    def downbeat_s(self) -> float:
        """When bar 1 begins, for a given tempo: the band is waited for, then counted in."""
        count = self.settings.count_in_bars * self.settings.numerator * 4 / self.settings.denominator
        return self.inbox.now() + self.delay_s + 0.4 + count * 60 / self.settings.tempo_bpm


def hang_up(peer: SocketPort) -> None:
    """Close one of mido's socket ports. Its own `close` leaves the socket's two files open, and with them the connection."""
    with contextlib.suppress(OSError):
        peer._socket.shutdown(socket.SHUT_RDWR)
    peer._rfile.close()
    peer._wfile.close()
    peer.close()


def settings(**changes: object) -> JamSettings:
    """Four bars of drums, bass and piano at 120 unless told otherwise."""
    return replace(JamSettings(parts=("drums", "bass", "piano"), bars=4), **changes)  # type: ignore[arg-type]


def comping(
    symbols: Iterable[str], bpm: float = 120.0, late_s: float = 0.0, beats: int = 4
) -> list[tuple[float, bytes]]:
    """A player who strikes one chord a bar and holds it: (seconds, message)."""
    out = []
    bar_s = beats * 60 / bpm
    for bar, symbol in enumerate(symbols):
        for pitch in CHORDS[symbol]:
            out.append((bar * bar_s + late_s, midi.note_on(0, pitch, 80)))
            out.append(((bar + 1) * bar_s - 0.05 + late_s, midi.note_off(0, pitch)))
    return sorted(out, key=lambda each: each[0])
