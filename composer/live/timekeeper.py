"""Where the beat comes from — a given tempo, taps, a count-in, another machine's clock — and where it goes: MIDI clock out."""

from __future__ import annotations

import math
from collections.abc import Callable

from composer.live import midi
from composer.live.clock_in import ClockFollower
from composer.live.jam_context import JamContext
from composer.live.schedule import BEGINS, PLAYER, PULSES, Call, Click, PlayerNote
from composer.live.transport import Taps

WAITING = {
    "tap": "tap a bar of beats",
    "count-in": "count in: a bar of even notes",
    "clock": "waiting for MIDI clock",
}
AHEAD_S = 0.4
"""From the command to the first click."""
SLIGHT = 0.002
"""Another tempo is recorded when it differs by this much from the last one recorded: a slow ramp in many small steps."""


class Timekeeper:
    """Starts, bends and halts the room's transport."""

    def __init__(self, context: JamContext, begin_at: Callable[[int], None], halt: Callable[[], None]) -> None:
        """begin_at(bar): time flows, and that bar is the next; halt(): it does not any more."""
        self._context, self._begin_at, self._halt = context, begin_at, halt
        self._follower = ClockFollower()
        self._taps = Taps(max(2, context.settings.numerator), context.transport.count_beats)
        self.clock_is_away = False
        self._clock_started: float | None = None
        """The beat at which the next pulse starts us."""
        self._clock_position = 0.0
        self._idle_beat_s = 0.0
        """Tempo of a clock that ticks before it starts; 0 unknown."""
        self._has_played = False

    def begin(self) -> None:
        """Start counting, if the tempo is known; else say what we wait for."""
        context = self._context
        if context.settings.tempo_from == "given":
            count = context.settings.count_in_bars * context.transport.bar_beats
            self._start(context.inbox.now() + AHEAD_S + count * context.transport.beat_s, -count)
        else:
            context.say(WAITING[context.settings.tempo_from])

    def end(self) -> None:
        """The jam is over: other machines hear it, too."""
        if self._context.settings.clock_out and self._context.transport.running:
            self._send(bytes((midi.STOP,)))
        self._context.transport.stop(self._context.inbox.now())

    # --- our own time -----------------------------------------------------------------------------------------------

    def tap(self, time_s: float) -> None:
        """A tap, or a note of a count-in."""
        context = self._context
        found = None if context.settings.tempo_from == "clock" else self._taps.tap(time_s)
        if found is None:
            return
        bpm, next_s = found
        if context.transport.running:
            self._bend(bpm, time_s)
        else:
            context.transport.set_tempo(bpm, time_s)
            context.say(f"{bpm:.1f} BPM")
            self._start(next_s, 0.0)
            context.record_tempo(-context.settings.lead_in_beats)

    def hear_note(self, time_s: float) -> None:
        """The player struck a note: before the beginning, that may be a tap."""
        if not self._context.transport.running and self._context.settings.tempo_from in ("count-in", "tap"):
            self.tap(time_s)

    def set_tempo(self, bpm: float) -> None:
        """Another tempo from now on; not while another machine's clock leads."""
        if self._context.settings.tempo_from == "clock":
            self._context.say("the tempo comes from MIDI clock; change it there")
        else:
            self._bend(bpm, self._context.inbox.now())

    def _bend(self, bpm: float, at_s: float) -> None:
        self._context.transport.set_tempo(bpm, at_s)
        self._context.record_tempo(self._context.transport.beat_at(at_s))
        self._context.say(f"{bpm:.1f} BPM")

    def _start(self, downbeat_s: float, from_beat: float) -> None:
        """Bar 0 begins at `downbeat_s`; what lies between `from_beat` and it is counted in."""
        context = self._context
        self._flow(downbeat_s, 0.0, from_beat)
        length = context.transport.count_beats
        for number in range(round(-from_beat / length)):
            accent = number % context.settings.numerator == 0
            context.schedule.put(from_beat + number * length, BEGINS, Click(accent))
        if context.settings.clock_out:
            context.schedule.put(0.0, PULSES, Call(lambda: self._send(bytes((midi.START,)))))
            context.schedule.put(0.0, PULSES, Call(self._pulse(0)))
        self._begin_at(0)

    def _flow(self, at_s: float, beat: float, from_beat: float) -> None:
        """Let time flow, so that `beat` is at `at_s`; files play from `from_beat` on, and the recording goes on where it was."""
        context = self._context
        context.transport.start(at_s, beat)
        if self._has_played and context.wiring.recorder is not None:
            context.wiring.recorder.resume(from_beat)
        self._has_played = True
        context.record_tempo(from_beat)
        for player in context.wiring.players:
            for due, data in player:
                if due >= from_beat - 1e-6:
                    context.schedule.put(due, PLAYER, PlayerNote(player.name, data))

    # --- clock out --------------------------------------------------------------------------------------------------

    def _pulse(self, number: int) -> Callable[[], None]:
        def send() -> None:
            self._send(bytes((midi.CLOCK,)))
            self._context.schedule.put((number + 1) / midi.CLOCKS_PER_BEAT, PULSES, Call(self._pulse(number + 1)))

        return send

    def _send(self, data: bytes) -> None:
        for output in self._context.wiring.outputs:
            output.send(data)

    # --- clock in ---------------------------------------------------------------------------------------------------

    def hear_clock(self, data: bytes, now_s: float) -> None:
        """A message of another machine's clock."""
        context, kind = self._context, data[0]
        if context.settings.tempo_from != "clock":
            return
        if kind == midi.CLOCK:
            self._hear_pulse(now_s)
        elif kind in (midi.START, midi.CONTINUE):
            beat = 0.0 if kind == midi.START else self._clock_position
            self._follower.start(beat)
            self._clock_started = beat
            context.say("MIDI clock starts" if kind == midi.START else f"MIDI clock continues at beat {beat:g}")
            if context.transport.running:
                self._pause(now_s)
        elif kind == midi.STOP:
            self._keep_position(now_s)
            context.say("MIDI clock stops")
            self._pause(now_s)
        elif kind == midi.SONG_POSITION and len(data) == 3:
            self._clock_position = (data[1] + (data[2] << 7)) / midi.SIXTEENTHS_PER_BEAT

    def _keep_position(self, now_s: float) -> None:
        """Where a stopped clock goes on: counted in pulses, as the other machine counts, never in the time since the last one."""
        transport = self._context.transport
        if self._clock_started is not None:
            self._clock_position, self._clock_started = self._clock_started, None  # stopped before its first pulse
        elif transport.running and self.clock_is_away:
            pulses = round(transport.beat_at(now_s) * midi.CLOCKS_PER_BEAT)  # nobody counted those of the silence
            self._clock_position = pulses / midi.CLOCKS_PER_BEAT
        elif transport.running:
            self._clock_position = self._follower.position

    def _hear_pulse(self, now_s: float) -> None:
        context = self._context
        at = self._follower.pulse(now_s)
        if self.clock_is_away:
            self.clock_is_away = False
            context.say("MIDI clock is back")
        if at is not None and context.transport.running:
            context.transport.align(*at)
            if abs(context.transport.bpm - context.recorded_bpm) > SLIGHT * context.recorded_bpm:
                context.record_tempo(context.transport.beat_at(now_s))
        elif not context.transport.running and self._clock_started is not None:
            beat, self._clock_started = self._clock_started, None
            if at is not None:
                context.transport.align(now_s, beat, at[2])
            elif self._idle_beat_s:
                context.transport.align(now_s, beat, self._idle_beat_s)
            self._start_at(now_s, beat)
        elif at is not None:
            self._idle_beat_s = at[2]

    def _start_at(self, now_s: float, beat: float) -> None:
        """Start in the middle of a song, at the next bar line if it is not one."""
        if beat == 0:
            self._start(now_s, 0.0)
            return
        self._flow(now_s, beat, beat)
        self._begin_at(math.ceil(beat / self._context.transport.bar_beats - 1e-9))

    def _pause(self, now_s: float) -> None:
        """Stand still: everything ends, nothing is due."""
        self._halt()
        self._context.transport.stop(now_s)
        self._context.schedule.drop(lambda _beat, _item: True)

    def look_after_clock(self) -> None:
        """Say when the clock has fallen silent; the band goes on at the last tempo."""
        context = self._context
        if context.settings.tempo_from == "clock" and context.transport.running and not self.clock_is_away:
            self.clock_is_away = self._follower.is_silent(context.inbox.now())
            if self.clock_is_away:
                context.say(f"MIDI clock lost; continuing at {context.transport.bpm:.1f} BPM")
