"""A jam put together: ports opened, processes started, the engine in its thread; and all of it taken down again."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from composer import priority
from composer.errors import InputError, OutputError
from composer.gm import BAND
from composer.live.calibration import Latencies
from composer.live.engine import Engine
from composer.live.generator import GeneratorProcess, MakeLeader, ModelLeader
from composer.live.inbox import LiveInbox
from composer.live.items import Command
from composer.live.player_file import FilePlayer
from composer.live.port_names import PortName
from composer.live.ports import Ports
from composer.live.recorder import Recorder
from composer.live.settings import PLAYER_CHANNEL, JamSettings
from composer.live.wiring import Line, Wiring
from composer.timing import beat_quarters

if TYPE_CHECKING:
    from composer.live.synth_sound import Seat

LANES = (*BAND, "player", "click")
"""What an output may be for."""
PATIENCE_S = 10.0
"""How long the engine may take to end: its generator on a busy machine needs a while to go."""
SWITCH_S = 0.0003
"""How long one thread may keep the others from the interpreter: what keeps time waits no longer than this."""


@dataclass(frozen=True)
class Route:
    """An output and the parts that go to it, () for all."""

    port: PortName
    parts: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Route:
        """PORT, or PART,PART=PORT. Raises InputError."""
        head, equals, rest = text.partition("=")
        parts = tuple(word.strip() for word in head.split(","))
        strangers = [part for part in parts if part not in LANES]
        if equals and not strangers:
            return cls(PortName.parse(rest), parts)
        port = PortName.parse(text)
        if equals and (len(strangers) < len(parts) or PortName.parse(rest).kind != "system"):
            # Else it is a system port with = in its name.
            raise InputError(f"--output {text}: no part called {strangers[0]!r}; choose from: {', '.join(LANES)}")
        return cls(port)


@dataclass(frozen=True)
class SessionPlan:
    """Everything a session needs to be told."""

    settings: JamSettings
    inputs: tuple[PortName, ...] = ()
    outputs: tuple[Route, ...] = ()
    record: Path | None = None
    force: bool = False
    checkpoint: Path | None = None
    soundfont: str | None = None
    output_latency_s: float | None = None
    """In place of what was calibrated."""
    make_leader: MakeLeader | None = None
    """Another mind than the model's, for tests."""

    def __post_init__(self) -> None:
        """Raises OutputError where an output would write over a file, or where its folder is missing."""
        for path in (route.port.sound_file for route in self.outputs):
            if path is None:
                continue
            if path.suffix.lower() != ".wav":
                raise OutputError(f"{path}: a WAV is written; give --output synth:file:PATH a name that ends in .wav")
            if path.exists() and not self.force:
                raise OutputError(f"{path}: already exists; choose another --output, or --force to replace it")
            if not path.parent.is_dir():
                raise OutputError(f"{path}: there is no folder {path.parent}; make it, or choose another --output")


class Session:
    """A jam: `with Session(plan, say) as session: session.wait()`. Leaving the block ends every note, however it is left."""

    def __init__(self, plan: SessionPlan, say: Callable[[str], None]) -> None:
        self.plan, self._say = plan, say
        self.inbox = LiveInbox()
        self._closed = False
        self._error: BaseException | None = None
        self.players = tuple(
            FilePlayer.load(Path(name.value), name.text) for name in plan.inputs if name.kind == "file"
        )
        self.settings = _with_file(plan.settings, self.players)
        self.ports = Ports(self.inbox.put, plan.soundfont)
        try:
            self.engine = self._engine()
        except BaseException:
            self.ports.close()
            raise
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._over = threading.Event()
        """The engine has ended. Not `Thread.join`: interrupted by Ctrl-C, that takes a running thread for a finished one."""
        self._switch_s = sys.getswitchinterval()

    def __enter__(self) -> Session:
        sys.setswitchinterval(SWITCH_S)
        priority.ask_for(priority.HELPERS)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def command(self, name: str, /, **values: object) -> None:
        """Put a wish into the inbox, from any thread."""
        self.inbox.put(Command(name, dict(values)))

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the jam is over; returns whether it is. Raises what the engine died of."""
        over = self._over.wait(timeout_s)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return over

    def close(self) -> None:
        """Stop, with all notes off, ports closed and the recording complete; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._thread.ident is not None:
                self.inbox.put(Command("stop", {"why": "stopped"}))
                self._over.wait(PATIENCE_S)
            if self._thread.ident is not None and not self._over.is_set():
                self.engine.voices.ledger.all_off()  # it hangs: the notes must end all the same
            else:
                self.engine.quiet()
        finally:
            sys.setswitchinterval(self._switch_s)
            priority.give_up()
            recorder = self.engine.wiring.recorder
            try:
                if recorder is not None:
                    recorder.close()
            finally:
                self.ports.close()

    def _run(self) -> None:
        priority.ask_for(priority.ENGINE)
        try:
            self.engine.run()
        except BaseException as error:  # told to whoever waits: a thread has nobody else to tell
            self._error = error
        finally:
            self._over.set()

    def _engine(self) -> Engine:
        plan, settings = self.plan, self.settings
        inputs = [self.ports.input(name) for name in plan.inputs if name.kind != "file"]
        lines = wire(settings, plan.outputs)
        shared = shared_channels(settings, lines)
        outputs = {
            route.port.text: self.ports.output(route.port, seats(settings, lines, route.port.text), settings.style)
            for route in plan.outputs
        }
        names = tuple(port.name for port in inputs)
        latencies = Latencies.load()
        recorder = None
        if plan.record is not None:
            tracks = [("player", "melody"), *((part, part) for part in settings.parts)]
            meter = settings.numerator, settings.denominator
            recorder = Recorder(plan.record, tracks, meter, settings.lead_in_beats, plan.force)
        beat = beat_quarters(settings.numerator, settings.denominator)
        make = plan.make_leader or ModelLeader(
            plan.checkpoint, settings.numerator * 4 / settings.denominator, beat, settings.seed
        )
        wiring = Wiring(
            inputs=(*names, *(player.name for player in self.players)),
            outputs=tuple(outputs.values()),
            lines=lines,
            start_planner=lambda: GeneratorProcess(make, self.inbox.put),
            recorder=recorder,
            players=self.players,
            input_latency_s={name: latencies.input_s(name) for name in names},
            output_latency_s=max((latencies.output_s(name) for name in outputs), default=0.0)
            if plan.output_latency_s is None
            else plan.output_latency_s,
        )
        engine = Engine(settings, self.inbox, wiring, self._say)
        for sentence in shared:
            engine.say(sentence)
        return engine


def wire(settings: JamSettings, routes: Iterable[Route]) -> dict[str, tuple[Line, ...]]:
    """Where every part, the player and the click go. Raises InputError for a part that nobody would hear."""
    lines: dict[str, list[Line]] = {name: [] for name in (*settings.parts, "player", "click")}
    channels = {**settings.channels, "player": PLAYER_CHANNEL, "click": settings.channels.get("drums", 9)}
    for route in routes:
        for name in route.parts or lines:
            if name in lines:
                lines[name].append(Line(route.port.text, channels[name]))
    deaf = [part for part in settings.parts if not lines[part]]
    if deaf:
        raise InputError(f"{', '.join(deaf)}: no output plays them; give an --output without parts, or leave them out")
    return {name: tuple(places) for name, places in lines.items()}


def shared_channels(settings: JamSettings, lines: Mapping[str, tuple[Line, ...]]) -> list[str]:
    """A sentence for every two of the band, or of band and player, who are on one channel of a port.

    Raises InputError for two parts with different sounds: a channel has one, and the last to set it would win.
    """
    sentences = []
    for one, other in itertools.combinations((*settings.parts, *(["player"] if settings.thru else [])), 2):
        alike = other == "player" or ("drums" not in (one, other) and settings.sounds[one] == settings.sounds[other])
        for line in sorted(set(lines[one]) & set(lines[other]), key=str):
            where = f"{one} and {other} are both on channel {line.channel + 1} of {line.port}"
            if not alike:
                raise InputError(f"{where}, which has one sound; move one of them, as in --channel {one}=N")
            sentences.append(f"{where}: they share its sound and volume, and end each other's notes")
    return sentences


def seats(settings: JamSettings, lines: Mapping[str, tuple[Line, ...]], port: str) -> dict[int, Seat]:
    """Who plays on which channel of a port: the band, the click among the drums, and the player as the lead."""
    from composer.live.synth_sound import Seat

    programs = {"drums": 0, "click": 0, "player": settings.player_program or 0, **settings.sounds}
    roles = {"player": "melody", "click": "drums"}
    found: dict[int, Seat] = {}
    for name, places in lines.items():
        for line in places:
            if line.port == port:
                found.setdefault(line.channel, Seat(roles.get(name, name), programs[name]))
    return found


def _with_file(settings: JamSettings, players: tuple[FilePlayer, ...]) -> JamSettings:
    """What a file brings along where the user said nothing else: how long it is."""
    if players and settings.bars is None:
        return replace(settings, bars=max(player.bars for player in players))
    return settings
