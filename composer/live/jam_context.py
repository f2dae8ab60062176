"""The state that a jam's timekeeper, conductor and voices share: clock, transport, schedule and settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from composer.live.inbox import Inbox
from composer.live.listener import Listener
from composer.live.schedule import Schedule
from composer.live.settings import BandControls, JamSettings
from composer.live.transport import Transport
from composer.live.wiring import Wiring

Say = Callable[[str], None]


@dataclass
class JamContext:
    """One clock, one beat, one list of what is due. Only the engine's thread is in here."""

    settings: JamSettings
    inbox: Inbox
    wiring: Wiring
    say: Say
    """A line for the log and the screen."""
    transport: Transport = field(init=False)
    schedule: Schedule = field(default_factory=Schedule)
    listener: Listener = field(init=False)
    desk: BandControls = field(init=False)
    recorded_bpm: float = field(init=False, default=0.0)
    """The tempo recorded last, whether or not there is a recording."""

    def __post_init__(self) -> None:
        given = self.settings
        self.transport = Transport(given.tempo_bpm, given.numerator, given.denominator)
        self.listener = Listener(self.transport.beat_beats)
        self.desk = BandControls(given.style, given.strength, given.mode, dict(given.density))

    @property
    def beat(self) -> float:
        """Now."""
        return self.transport.beat_at(self.inbox.now())

    @property
    def early(self) -> float:
        """Beats by which the band is sent ahead, so that it sounds on time."""
        return self.wiring.output_latency_s / self.transport.beat_s

    def record(self, track: str, beat: float, message: bytes) -> None:
        """Keep a message, if the jam is recorded."""
        if self.wiring.recorder is not None:
            self.wiring.recorder.event(track, beat, message)

    def record_tempo(self, beat: float) -> None:
        """Keep the tempo as it is from a beat on."""
        self.recorded_bpm = self.transport.bpm
        if self.wiring.recorder is not None:
            self.wiring.recorder.tempo(beat, self.transport.bpm)
