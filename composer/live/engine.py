"""The engine: takes items from the inbox, keeps the time, and plays. One thread; nothing else touches what is in here.

Its loop is three lines: wait for an item or the next deadline, take the item, play what is due. Under a fake inbox the same
lines run a jam in no time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from composer.errors import ComposerError
from composer.gm import ROLES
from composer.harmony.chord import NO_CHORD, Chord
from composer.live import midi
from composer.live.barbook import BarBook
from composer.live.clock_in import ClockFollower
from composer.live.commands import obey
from composer.live.echo import EchoFilter
from composer.live.fit import fit
from composer.live.inbox import Inbox
from composer.live.items import Command, GeneratorLost, Heard, PortDown, PortUp
from composer.live.ledger import Ledger, Sender
from composer.live.listener import USUAL_VELOCITY, Listener
from composer.live.modes import Casting, cast
from composer.live.plan import Ask, Plan, Planner, Wishes
from composer.live.player_file import FilePlayer
from composer.live.recorder import Recorder
from composer.live.schedule import (
    BEGINS,
    DECIDES,
    ENDS,
    PLAYER,
    PULSES,
    Call,
    Click,
    NoteOff,
    NoteOn,
    PlayerNote,
    Schedule,
)
from composer.live.settings import PLAYER_CHANNEL, Desk, JamSettings
from composer.live.transport import Taps, Transport
from composer.live.view import JamView, PartView
from composer.vocab import DURATIONS, POSITIONS_PER_QUARTER, VELOCITY_STEP

COMMIT_S = 0.03
"""A bar is committed this long before it begins."""
SAFETY_S = 0.04
LATE_S = 0.005
HEARTBEAT_S = 0.25
SHOW_S = 0.05
LISTEN_AGAIN = 0.15
"""Beats after each beat at which it is asked whether the player went elsewhere."""
CLICK, ACCENT = 75, 76
"""Claves and high wood block of the General MIDI kit."""
RESTARTS = 3
LOUDEST, SOFTEST = 1.35, 0.6

Say = Callable[[str], None]


@dataclass(frozen=True)
class Line:
    """Where a part goes: a port and a channel counted from 0."""

    port: str
    channel: int


@dataclass
class Wiring:
    """What the engine is connected to."""

    inputs: tuple[str, ...]
    outputs: Sequence[Sender]
    lines: Mapping[str, tuple[Line, ...]]
    """Part, "player" (thru) or "click" → where it sounds."""
    start_planner: Callable[[], Planner]
    recorder: Recorder | None = None
    players: tuple[FilePlayer, ...] = ()
    input_latency_s: Mapping[str, float] = field(default_factory=dict)
    output_latency_s: float = 0.0


class Engine:
    """A jam in progress."""

    def __init__(self, settings: JamSettings, inbox: Inbox, wiring: Wiring, say: Say) -> None:
        self.settings, self.inbox, self.wiring, self._tell = settings, inbox, wiring, say
        self.transport = Transport(settings.tempo_bpm, settings.numerator, settings.denominator)
        self.ledger = Ledger(wiring.outputs)
        self.listener, self.book, self.echo, self.schedule = Listener(), BarBook(), EchoFilter(), Schedule()
        self.desk = Desk(settings.style, settings.strength, settings.mode, dict(settings.density))
        self.follower = ClockFollower()
        beats = self.transport.bar_beats
        self._taps = Taps(max(2, round(beats)))
        self._planner: Planner | None = None
        self._restarts = 0
        self._bar = -1
        """The bar committed last."""
        self._thru: dict[str, set[int]] = {name: set() for name in wiring.inputs}
        self._band: dict[tuple[str, int, int], tuple[str, int]] = {}
        """Ledger key → (part, note) of the band's sounding notes."""
        self._loud = dict.fromkeys(settings.parts, 0.0)
        self._player_loud = 0.0
        self._casting = Casting()
        self._away: set[str] = set()
        self._clock_away = False
        self._said: list[str] = []
        self._heard_chord = NO_CHORD
        self._chord_mark = ""
        self.late, self.worst_s, self.played = 0, 0.0, 0
        self.finished = ""
        """Why the jam is over, "" while it is not."""
        self.view = JamView()
        self._shown_s = -math.inf

    # --- the loop -----------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Play until it is over. On every way out all notes end and the pedals go up."""
        try:
            self.begin()
            while not self.finished:
                self.turn()
        finally:
            self.quiet()

    def turn(self) -> None:
        """Wait for an item or the next deadline; take it; play what is due."""
        now_s = self.inbox.now()
        due_s = self.transport.time_of(self.schedule.next_beat()) if len(self.schedule) else math.inf
        item = self.inbox.wait(min(due_s, now_s + HEARTBEAT_S))
        if item is not None:
            self.take(item)
        self.play_due()
        self._look_after_clock()

    def begin(self) -> None:
        """Set the sounds, ask for the first bar, and start counting if the tempo is known."""
        for output in self.wiring.outputs:
            self._set_sounds(output.name)
        self._planner = self.wiring.start_planner()
        self._ask(0, 0)
        if self.settings.tempo_from == "given":
            count = self.settings.count_in_bars * self.transport.bar_beats
            self._start(self.inbox.now() + 0.4 + count * self.transport.beat_s, -count)
        else:
            how = {
                "tap": "tap a bar of beats",
                "count-in": "count in: a bar of even notes",
                "clock": "waiting for MIDI clock",
            }
            self.say(how[self.settings.tempo_from])
        self._show()

    def quiet(self) -> None:
        """End everything that sounds, and what runs beside us. Safe to call twice."""
        ended = self.ledger.all_off()
        if self.settings.clock_out and self.transport.running:
            self._clock(bytes((midi.STOP,)))
        beat = self.transport.beat_at(self.inbox.now())
        if self.wiring.recorder is not None:
            for (port, channel, pitch), (part, _) in self._band.items():
                if (Line(port, channel),) == self.wiring.lines.get(part, ())[:1]:
                    self.wiring.recorder.event(part, beat, midi.note_off(channel, pitch))
        self._band.clear()
        if self._planner is not None:
            self._planner.close()
            self._planner = None
        self.transport.stop(self.inbox.now())
        if ended:
            self.say(f"{ended} notes ended")
        self._show("stopped")

    # --- items ----------------------------------------------------------------------------------------------------

    def take(self, item: object) -> None:
        """One item from the inbox."""
        match item:
            case Heard():
                self._hear(item)
            case Plan():
                self._take_plan(item)
            case Command():
                try:
                    self._obey(item)
                except ComposerError as error:
                    self.say(str(error))
            case PortDown():
                self._port_down(item)
            case PortUp():
                self._port_up(item)
            case GeneratorLost():
                self._generator_lost(item)
        self._show(at_once=isinstance(item, Command | PortDown | PortUp))

    def _hear(self, heard: Heard) -> None:
        data, now_s = heard.data, heard.time_s
        if data[0] >= 0xF0:
            self._hear_clock(data, now_s)
            return
        if self.echo.is_echo(heard.port, data, now_s):
            return
        time_s = now_s - self.wiring.input_latency_s.get(heard.port, 0.0)
        beat = self.transport.beat_at(time_s)
        if self.settings.thru:
            self._pass_through(heard.port, data)
        if midi.is_note_on(data):
            self._player_loud = data[2] / 127
            if not self.transport.running and self.settings.tempo_from in ("count-in", "tap"):
                self._tap(time_s)
        if self.transport.running:
            self.listener.hear(heard.port, data, beat)
            if self.wiring.recorder is not None:
                self.wiring.recorder.event("player", beat, midi.on_channel(data, PLAYER_CHANNEL))

    def _pass_through(self, port: str, data: bytes) -> None:
        held = self._thru.setdefault(port, set())
        if midi.is_note_on(data):
            held.add(data[1])
        elif midi.is_note_off(data):
            held.discard(data[1])
        for line in self.wiring.lines.get("player", ()):
            self.ledger.pass_on(line.port, midi.on_channel(data, line.channel))
            if midi.is_note_on(data):
                self.echo.sent(data[1], data[2], self.inbox.now())

    def _take_plan(self, plan: Plan) -> None:
        if not self.book.answered(plan, self.inbox.now()):
            return
        if plan.bar == self._bar and self.transport.running:
            # The bar is under way: what has not begun gives way to the new plan.
            now = self.transport.beat_at(self.inbox.now()) + self._early
            start = self.transport.bar_start(plan.bar)
            fresh = max(now + 0.02, start + plan.cut / POSITIONS_PER_QUARTER if plan.cut else -math.inf)
            self.schedule.drop(lambda beat, each: isinstance(each, NoteOn) and beat + self._early >= fresh)
            self.book.played[plan.bar] = plan
            self._put_notes(plan, fresh)

    def _port_down(self, item: PortDown) -> None:
        self._away.add(item.port)
        self.say(f"{item.port}: {item.why}; playing on, and looking for it")
        if item.port in self.ledger.outputs:
            self.ledger.forget(item.port)
            self._band = {key: value for key, value in self._band.items() if key[0] != item.port}
        if item.port in self._thru:
            self.listener.release(item.port, self.transport.beat_at(self.inbox.now()))
            for pitch in self._thru[item.port]:
                for line in self.wiring.lines.get("player", ()):
                    self.ledger.note_off(line.port, line.channel, pitch)
            for line in self.wiring.lines.get("player", ()):
                self.ledger.end_channel(line.port, line.channel)
            self._thru[item.port].clear()

    def _port_up(self, item: PortUp) -> None:
        returned = item.port in self._away
        self._away.discard(item.port)
        if item.why:
            self.say(f"{item.port}: {item.why}")
        if item.port in self.ledger.outputs and (returned or item.why):
            if returned:
                self.ledger.silence(item.port)
            self._set_sounds(item.port)

    def _generator_lost(self, item: GeneratorLost) -> None:
        self.book.forget_asks()
        self._restarts += 1
        if item.hopeless:
            raise ComposerError(item.why)
        if self._restarts > RESTARTS:
            raise ComposerError(
                f"the generator has failed {self._restarts} times, at last because {item.why}; that is the end"
            )
        self.say(f"the generator has gone ({item.why}); starting it again, the groove goes on")
        if self._planner is not None:
            self._planner.close()
        self._planner = self.wiring.start_planner()
        self._ask(self._bar + 1, 0)

    # --- time -----------------------------------------------------------------------------------------------------

    @property
    def _early(self) -> float:
        """Beats by which the band is sent ahead, so that it sounds on time."""
        return self.wiring.output_latency_s / self.transport.beat_s

    def _start(self, downbeat_s: float, from_beat: float) -> None:
        """Bar 0 begins at `downbeat_s`; what lies between `from_beat` and it is counted in."""
        self.transport.start(downbeat_s, 0.0)
        if self.wiring.recorder is not None:
            self.wiring.recorder.tempo(from_beat, self.transport.bpm)
        beat_length = 4 / self.settings.denominator if self.settings.denominator != 8 else 0.5
        for number in range(round(-from_beat / beat_length)):
            beat = from_beat + number * beat_length
            self.schedule.put(beat, BEGINS, Click(number % self.settings.numerator == 0))
        for player in self.wiring.players:
            for beat, data in player:
                if beat >= from_beat - 1e-6:
                    self.schedule.put(beat, PLAYER, PlayerNote(player.name, data))
        if self.settings.clock_out:
            self.schedule.put(0.0, PULSES, Call(lambda: self._clock(bytes((midi.START,)))))
            self.schedule.put(0.0, PULSES, Call(self._pulse(0)))
        self._go_to(0)
        self._show()

    def _go_to(self, bar: int) -> None:
        """The next bar to be committed is `bar`."""
        self._bar = bar - 1
        at = self.transport.bar_start(bar) - COMMIT_S / self.transport.beat_s - self._early
        self.schedule.put(at, DECIDES, Call(lambda: self._commit(bar), "commit"))

    def _pulse(self, number: int) -> Callable[[], None]:
        def send() -> None:
            self._clock(bytes((midi.CLOCK,)))
            self.schedule.put((number + 1) / midi.CLOCKS_PER_BEAT, PULSES, Call(self._pulse(number + 1)))

        return send

    def _clock(self, data: bytes) -> None:
        for output in self.wiring.outputs:
            output.send(data)

    def _tap(self, time_s: float) -> None:
        found = self._taps.tap(time_s)
        if found is None:
            return
        bpm, next_s = found
        if not self.transport.running:
            self.transport.set_tempo(bpm, time_s)
            self.say(f"{bpm:.1f} BPM")
            self._start(next_s, 0.0)
        else:
            self._set_tempo(bpm, time_s)

    def _set_tempo(self, bpm: float, at_s: float) -> None:
        self.transport.set_tempo(bpm, at_s)
        if self.wiring.recorder is not None:
            self.wiring.recorder.tempo(self.transport.beat_at(at_s), bpm)
        self.say(f"{bpm:.1f} BPM")

    def _hear_clock(self, data: bytes, now_s: float) -> None:
        if self.settings.tempo_from != "clock":
            return
        kind = data[0]
        if kind == midi.CLOCK:
            at = self.follower.pulse(now_s)
            if self._clock_away:
                self._clock_away = False
                self.say("MIDI clock is back")
            if at is not None and self.transport.running:
                before = self.transport.bpm
                self.transport.align(*at)
                if self.wiring.recorder is not None and abs(self.transport.bpm - before) > 0.002 * before:
                    self.wiring.recorder.tempo(self.transport.beat_at(now_s), self.transport.bpm)
            elif not self.transport.running and self._clock_started is not None:
                beat = self._clock_started
                self._clock_started = None
                if at is not None:
                    self.transport.align(now_s, beat, at[2])
                elif self._idle_beat_s:
                    self.transport.align(now_s, beat, self._idle_beat_s)
                self._start_at(now_s, beat)
            elif at is not None:
                self._idle_beat_s = at[2]
        elif kind in (midi.START, midi.CONTINUE):
            beat = 0.0 if kind == midi.START else self._clock_position
            self.follower.start(beat)
            self._clock_started = beat
            self.say("MIDI clock starts" if kind == midi.START else f"MIDI clock goes on at beat {beat:g}")
            if self.transport.running:
                self._pause(now_s)
        elif kind == midi.STOP:
            self._clock_position = self.transport.beat_at(now_s)
            self.say("MIDI clock stops")
            self._pause(now_s)
        elif kind == midi.SONG_POSITION and len(data) == 3:
            self._clock_position = (data[1] + (data[2] << 7)) / midi.SIXTEENTHS_PER_BEAT

    _clock_started: float | None = None
    """The beat at which the next pulse starts us."""
    _clock_position = 0.0
    _idle_beat_s = 0.0

    def _start_at(self, now_s: float, beat: float) -> None:
        """Start in the middle of a song, at the next bar line if it is not one."""
        if beat == 0:
            self._start(now_s, 0.0)
            return
        self.transport.start(now_s, beat)
        bar = math.ceil(beat / self.transport.bar_beats - 1e-9)
        self._ask(bar, 0)
        self._go_to(bar)

    def _pause(self, now_s: float) -> None:
        """Stand still: everything ends, nothing is due."""
        self.transport.stop(now_s)
        self.ledger.all_off()
        self._band.clear()
        self.schedule.drop(lambda _, each: not isinstance(each, PlayerNote))

    def _look_after_clock(self) -> None:
        if self.settings.tempo_from == "clock" and self.transport.running and not self._clock_away:
            self._clock_away = self.follower.is_silent(self.inbox.now())
            if self._clock_away:
                self.say(f"MIDI clock is silent; going on at {self.transport.bpm:.1f} BPM")

    # --- bars -----------------------------------------------------------------------------------------------------

    def _commit(self, bar: int) -> None:
        """The last moment for a bar's plan: play it, and start on the next."""
        if self.settings.bars is not None and bar >= self.settings.bars:
            self.schedule.put(self.transport.bar_start(bar), DECIDES, Call(lambda: self._finish(f"{bar} bars played")))
            return
        plan, missed = self.book.commit(bar)
        self._bar = bar
        start, length = self.transport.bar_start(bar), self.transport.bar_beats
        if plan is not None:
            self._put_notes(plan, -math.inf)
        if missed:
            self.say(f"bar {bar + 1} was not planned in time" + ("; the groove goes on" if plan else ""))
        for beat in range(math.ceil(length - 1e-9)):
            self.schedule.put(start + beat, DECIDES, Call(lambda at=beat: self._beat(bar, at)))  # type: ignore[misc]
            self.schedule.put(start + beat + LISTEN_AGAIN, DECIDES, Call(lambda at=beat: self._listen_again(bar, at)))  # type: ignore[misc]
            if self.settings.metronome:
                self.schedule.put(start + beat - self._early, BEGINS, Click(beat == 0))
        self._ask(bar + 1, 0)
        wait_s = min(self.book.usual_s * 1.3 + SAFETY_S + COMMIT_S, 0.7 * length * self.transport.beat_s)
        self.schedule.put(start + length - wait_s / self.transport.beat_s, DECIDES, Call(lambda: self._ask(bar + 1, 0)))
        self._go_to(bar + 1)
        self._bar = bar

    def _put_notes(self, plan: Plan, since: float) -> None:
        """Put a plan's notes from beat `since` on into the schedule."""
        start = self.transport.bar_start(plan.bar)
        beat_length = self.transport.bar_beats / max(1, len(plan.chords))
        for part, _, position, pitch, duration, velocity in plan.notes.tolist():
            beat = start + position / POSITIONS_PER_QUARTER
            if beat < since:
                continue
            at = min(int(position / POSITIONS_PER_QUARTER / beat_length), len(plan.chords) - 1)
            length = DURATIONS[duration] / POSITIONS_PER_QUARTER if ROLES[part] != "drums" else 0.25
            jitter = (pitch * 7 + position * 13 + plan.bar * 5) % VELOCITY_STEP
            loud = min(127, max(1, velocity * VELOCITY_STEP + jitter))
            note = NoteOn(
                ROLES[part], pitch, loud, float(length), plan.bar, plan.number, plan.chords[at] if plan.chords else ""
            )
            self.schedule.put(beat - self._early, BEGINS, note)

    def _ask(self, bar: int, cut: int) -> None:
        """Ask for a bar, unless an answer for it is under way."""
        if self._planner is None or self.book.waits_for(bar):
            return
        now_s = self.inbox.now()
        now = self.transport.beat_at(now_s) if self.transport.running else -self.transport.bar_beats
        number = self.book.next_number()
        since = (min(bar, self._bar + 1) - 2) * self.transport.bar_beats
        ask = Ask(number, bar, cut, self.listener.heard(since, now), now, self._wishes(bar), self.transport.bpm)
        self.book.asked(number, bar, now_s)
        self._planner.ask(ask)

    def _wishes(self, bar: int) -> Wishes:
        now = self.transport.beat_at(self.inbox.now())
        silent = self.listener.silent_beats(now) / self.transport.bar_beats
        casting = cast(self.desk.mode, bar, self.settings.parts, silent, self.listener.last_onset > -math.inf)
        self._casting = casting
        intensity = self._intensity(now)
        density = {}
        for part in self.settings.parts:
            level = self.desk.density.get(part, 0) or (intensity if part != "bass" else 0)
            if level:
                density[part] = min(5, max(1, level + casting.lift))
            if part == casting.soloist:
                density[part] = 5
        return Wishes(
            self.desk.style, self.desk.strength, self.settings.parts, casting.resting, tuple(density.items()),
            casting.soloist, self.settings.temperature, self.settings.chords,
        )  # fmt: skip

    def _intensity(self, now: float) -> int:
        """How busy the player is, 1..5; 0 before there is anything to go by."""
        if self.listener.last_onset == -math.inf:
            return 0
        busy = self.listener.notes_per_beat(now)
        return 0 if busy == 0 else 1 + sum(busy > edge for edge in (0.45, 0.9, 1.6, 2.6))

    def _beat(self, bar: int, beat: int) -> None:
        self._loud = {part: loud * 0.5 for part, loud in self._loud.items()}
        self._player_loud *= 0.5
        symbol = self._planned_chord(bar, beat)
        if symbol != self._chord_mark and symbol and self.wiring.recorder is not None:
            self._chord_mark = symbol
            self.wiring.recorder.chord(self.transport.bar_start(bar) + beat, symbol)
        self._show()
        if beat == 0:
            self._tell_bar(bar)

    def _planned_chord(self, bar: int, beat: float) -> str:
        plan = self.book.played.get(bar)
        if plan is None or not plan.chords:
            return ""
        at = int(beat / (self.transport.bar_beats / len(plan.chords)))
        return plan.chords[max(0, min(at, len(plan.chords) - 1))]

    def _listen_again(self, bar: int, beat: int) -> None:
        """Did the player go elsewhere than planned? Then what clashes ends, and the rest of the bar is written again."""
        if self.settings.chords:
            return
        meant = _chord(self._planned_chord(bar, beat))
        now = self.transport.beat_at(self.inbox.now())
        heard = self.listener.chord_now(now, meant)
        self._heard_chord = heard
        plan = self.book.played.get(bar)
        if heard.root < 0 or heard.tones == meant.tones or plan is None:
            return
        for (port, channel, pitch), (part, note) in list(self._band.items()):
            if part != "drums" and pitch % 12 not in heard.tones:
                self._end(NoteOff(port, channel, pitch, note), now)
        ready = now + (self.book.usual_s * 1.2 + 0.02) / self.transport.beat_s
        cut = math.ceil((ready - self.transport.bar_start(bar)) * POSITIONS_PER_QUARTER)
        if cut < self.transport.bar_beats * POSITIONS_PER_QUARTER - 6:
            self._ask(bar, max(1, cut))

    def _finish(self, why: str) -> None:
        self.finished = why

    # --- playing ----------------------------------------------------------------------------------------------------

    def play_due(self) -> None:
        """Everything whose time has come."""
        transport, schedule = self.transport, self.schedule
        while not self.finished and transport.running:
            due_s = transport.time_of(schedule.next_beat())
            now_s = self.inbox.now()
            if due_s > now_s:
                return
            beat, item = schedule.pop()
            if isinstance(item, NoteOn):
                self._note_lateness(now_s - due_s)
                self._strike(item, beat)
            elif isinstance(item, NoteOff):
                self._end(item, beat)
            elif isinstance(item, Call):
                item.do()
            elif isinstance(item, PlayerNote):
                self._hear(Heard(item.port, item.data, now_s))
            elif isinstance(item, Click):
                self._click(item, beat)

    def _note_lateness(self, late_s: float) -> None:
        self.played += 1
        self.late += late_s > LATE_S
        self.worst_s = max(self.worst_s, late_s)

    def _strike(self, note: NoteOn, beat: float) -> None:
        desk, part = self.desk, note.part
        if not desk.sounds(part):
            return
        pitch = note.pitch
        if part != "drums" and not self.settings.chords:
            meant = _chord(note.chord)
            heard = self.listener.chord_now(beat + self._early, meant)
            strong = abs((beat + self._early) % 1.0) < 0.02 or note.beats >= 0.9
            pitch = fit(pitch, part, meant, heard, strong)
        loud = note.velocity * desk.level.get(part, 1.0) * self._dynamics()
        velocity = int(min(127, max(1, loud)))
        self._loud[part] = max(self._loud[part], velocity / 127)
        for number, line in enumerate(self.wiring.lines[part]):
            key = line.port, line.channel, pitch
            struck = self.ledger.note_on(line.port, line.channel, pitch, velocity)
            self._band[key] = part, struck
            end = beat + max(0.03, note.beats - 0.01)
            self.schedule.put(end, ENDS, NoteOff(line.port, line.channel, pitch, struck))
            if number == 0 and self.wiring.recorder is not None:
                self.wiring.recorder.event(part, beat + self._early, midi.note_on(line.channel, pitch, velocity))
        self.echo.sent(pitch, velocity, self.inbox.now())

    def _dynamics(self) -> float:
        """The player's loudness as a factor of the band's, half followed."""
        if self.listener.last_onset == -math.inf:
            return 0.9
        return min(LOUDEST, max(SOFTEST, float((self.listener.loudness / USUAL_VELOCITY) ** 0.6)))

    def _end(self, off: NoteOff, beat: float) -> None:
        key = off.port, off.channel, off.pitch
        part, note = self._band.get(key, ("", 0))
        if self.ledger.note_off(off.port, off.channel, off.pitch, off.note) and part and note == off.note:
            del self._band[key]
            lines = self.wiring.lines[part]
            if self.wiring.recorder is not None and lines[0] == Line(off.port, off.channel):
                self.wiring.recorder.event(part, beat + self._early, midi.note_off(off.channel, off.pitch))

    def _click(self, click: Click, beat: float) -> None:
        pitch = ACCENT if click.accent else CLICK
        for line in self.wiring.lines.get("click", ()):
            note = self.ledger.note_on(line.port, line.channel, pitch, 110 if click.accent else 80)
            self.schedule.put(beat + 0.1, ENDS, NoteOff(line.port, line.channel, pitch, note))
            self.echo.sent(pitch, 110 if click.accent else 80, self.inbox.now())
        self._show()

    def _set_sounds(self, port: str) -> None:
        """Program changes for whatever plays on a port."""
        sounds = self.settings.sounds
        for part in self.settings.parts:
            for line in self.wiring.lines[part]:
                if line.port == port:
                    self.ledger.pass_on(port, midi.program(line.channel, sounds[part]))
                    if self.wiring.recorder is not None and line == self.wiring.lines[part][0]:
                        self.wiring.recorder.event(part, -64.0, midi.program(line.channel, sounds[part]))
        if self.settings.player_program is not None:
            for line in self.wiring.lines.get("player", ()):
                if line.port == port:
                    self.ledger.pass_on(port, midi.program(line.channel, self.settings.player_program))

    # --- wishes -----------------------------------------------------------------------------------------------------

    def _obey(self, command: Command) -> None:
        obey(self, command)

    def set_tempo(self, bpm: float) -> None:
        """Another tempo from now on; not while another machine's clock leads."""
        if self.settings.tempo_from == "clock":
            self.say("the tempo comes from MIDI clock; change it there")
        else:
            self._set_tempo(bpm, self.inbox.now())

    def tap(self) -> None:
        """A tap for the tempo."""
        if self.settings.tempo_from != "clock":
            self._tap(self.inbox.now())

    def panic(self) -> None:
        """Silence, at once and everywhere; the band comes in again with the next bar."""
        self.schedule.drop(lambda _, each: isinstance(each, NoteOn | NoteOff))
        self.ledger.panic()
        self._band.clear()
        for held in self._thru.values():
            held.clear()

    def hush(self, part: str) -> None:
        """End what a part is sounding."""
        for (port, channel, pitch), (whose, note) in list(self._band.items()):
            if whose == part:
                self._end(NoteOff(port, channel, pitch, note), self.transport.beat_at(self.inbox.now()))

    def stop(self, why: str) -> None:
        self._finish(why)

    # --- telling ----------------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A line for the log and the screen."""
        self._said = [*self._said[-5:], text]
        self._tell(text)

    def _tell_bar(self, bar: int) -> None:
        plan = self.book.played.get(bar)
        chords = " ".join(_runs(plan.chords)) if plan else "-"
        following = self.book.plans.get(bar + 1)
        ahead = " ".join(_runs(following.chords if following else plan.next_chords if plan else ()))
        counts = dict.fromkeys(self.settings.parts, 0)
        if plan is not None:
            for part in plan.notes["part"].tolist():
                counts[ROLES[part]] += 1
        notes = " ".join(f"{part} {count}" for part, count in counts.items())
        self._tell(
            f"bar {bar + 1} | {self.transport.bpm:.1f} BPM | {chords} | next {ahead or '?'} | {notes}"
            f" | missed {self.book.missed} late {self.late}"
        )

    def _show(self, state: str = "", at_once: bool = False) -> None:
        """Lay out the view anew, now and then: nobody looks more often."""
        now_s = self.inbox.now()
        if not state and not at_once and now_s - self._shown_s < SHOW_S:
            return
        self._shown_s = now_s
        running = self.transport.running
        beat = self.transport.beat_at(self.inbox.now()) + 1e-6
        bar = self.transport.bar_at(beat) if running else 0
        plan, following = self.book.played.get(bar), self.book.plans.get(max(bar, -1) + 1)
        self.view = JamView(
            state=state or ("waiting" if not running else "counting in" if beat < 0 else "playing"),
            bar=bar,
            beat=int((beat - self.transport.bar_start(bar)) // 1) if running else 0,
            beats=max(1, math.ceil(self.transport.bar_beats - 1e-9)),
            bpm=self.transport.bpm,
            tempo_from=self.settings.tempo_from,
            chord=self._heard_chord.symbol if self._heard_chord.root >= 0 else "",
            chords=plan.chords if plan else (),
            next_chords=following.chords if following else plan.next_chords if plan else (),
            key=plan.key if plan else "",
            mode=self.desk.mode,
            says=self._casting.says,
            style=self.desk.style,
            strength=self.desk.strength,
            parts=tuple(self._part_view(part, following) for part in self.settings.parts),
            player_loud=self._player_loud,
            planned=self.book.planned,
            missed=self.book.missed,
            late=self.late,
            worst_ms=self.worst_s * 1000,
            plan_ms=self.book.usual_s * 1000,
            echoes=self.echo.count,
            clock="silent" if self._clock_away else "",
            ports_away=tuple(sorted(self._away)),
            last=tuple(self._said),
        )

    def _part_view(self, part: str, following: Plan | None) -> PartView:
        pitches: list[int] = []
        if following is not None:
            pitches = following.notes["pitch"][following.notes["part"] == ROLES.index(part)].tolist()
        between = f"{midi.name_of(min(pitches))}–{midi.name_of(max(pitches))}" if pitches and part != "drums" else ""
        return PartView(
            part, sum(1 for whose, _ in self._band.values() if whose == part), self._loud[part], len(pitches), between,
            part in self.desk.muted, part in self.desk.soloed, self.desk.density.get(part, 0), self.desk.level.get(part, 1.0),
        )  # fmt: skip


def _chord(symbol: str) -> Chord:
    return Chord.parse(symbol) if symbol else NO_CHORD


def _runs(chords: Sequence[str]) -> list[str]:
    """Chords of a bar with repeats left out."""
    return [symbol for at, symbol in enumerate(chords) if at == 0 or symbol != chords[at - 1]]
