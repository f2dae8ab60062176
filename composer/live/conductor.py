"""From bar to bar: asks for plans, commits them, writes the rest of a bar again when the player goes elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable

from composer.errors import ComposerError
from composer.gm import ROLES
from composer.harmony.chord import NO_CHORD
from composer.live.barbook import BarBook
from composer.live.items import GeneratorLost
from composer.live.jam_context import JamContext
from composer.live.modes import Casting, cast
from composer.live.plan import Ask, Plan, Planner, Wishes
from composer.live.schedule import BEGINS, DECIDES, Call, Click, NoteOn
from composer.live.voices import Voices, chord_named
from composer.vocab import DURATIONS, POSITIONS_PER_QUARTER, VELOCITY_STEP

COMMIT_S = 0.03
"""A bar is committed this long before it begins."""
SAFETY_S = 0.04
LISTEN_AGAIN = 0.15
"""Quarter notes after each of the metre's beats at which it is asked whether the player went elsewhere."""
WORTHWHILE = 6
"""Grid positions that must be left of a bar for it to be written again."""
BUSY_EDGES = (0.45, 0.9, 1.6, 2.6)
"""Strokes a beat of the player's that part one level of density from the next."""
RESTARTS = 3


class Conductor:
    """Decides what the band plays next."""

    def __init__(
        self, context: JamContext, voices: Voices, on_beat: Callable[[int, float], None], finish: Callable[[str], None]
    ) -> None:
        """on_beat(bar, beat), for each beat of the metre in quarter notes, and finish(why) are called when that is so."""
        self._context, self._voices, self._on_beat, self._finish = context, voices, on_beat, finish
        self.book = BarBook()
        self.casting = Casting()
        self.heard_chord = NO_CHORD
        """What the player was last heard to play."""
        self._bar = -1
        """The bar committed last."""
        self._planner: Planner | None = None
        self._restarts = 0

    # --- the generator ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start the generator, and ask for the first bar."""
        self._planner = self._context.wiring.start_planner()
        self._ask(0, 0)

    def end(self) -> None:
        """The generator goes; safe to call twice."""
        planner, self._planner = self._planner, None
        if planner is not None:
            planner.close()

    def generator_lost(self, item: GeneratorLost) -> None:
        """Start it again, a few times. Raises ComposerError when that is no use."""
        self.book.forget_asks()
        self._restarts += 1
        if item.hopeless:
            raise ComposerError(item.why)
        if self._restarts > RESTARTS:
            raise ComposerError(f"the generator has failed {self._restarts} times (last: {item.why}); giving up")
        self._context.say(f"the generator stopped ({item.why}); restarting it while the groove repeats")
        if self._planner is not None:
            self._planner.close()
        self._planner = self._context.wiring.start_planner()
        self._ask(self._bar + 1, 0)

    def _ask(self, bar: int, cut: int) -> None:
        """Ask for a bar, unless an answer for it is under way."""
        context = self._context
        if self._planner is None or self.book.waits_for(bar):
            return
        now_s = context.inbox.now()
        now = context.transport.beat_at(now_s) if context.transport.running else -context.transport.bar_beats
        number = self.book.next_number()
        since = min(bar, self._bar + 1, self.book.told_bar) - 2
        heard = context.listener.heard(context.transport.bar_start(since), now)
        ask = Ask(number, bar, cut, heard, now, self._wishes(bar), context.transport.bpm, since)
        self.book.asked(number, bar, now_s)
        self._planner.ask(ask)

    def take_plan(self, plan: Plan) -> None:
        """An answer has come."""
        context = self._context
        if not self.book.answered(plan, context.inbox.now()):
            return
        if plan.bar == self._bar and context.transport.running:
            # The bar is under way: what has not begun gives way to the new plan.
            start = context.transport.bar_start(plan.bar)
            fresh = max(
                context.beat + context.early + 0.02, start + plan.cut / POSITIONS_PER_QUARTER if plan.cut else -math.inf
            )
            context.schedule.drop(lambda beat, each: isinstance(each, NoteOn) and beat + context.early >= fresh)
            self.book.played[plan.bar] = plan
            self._put_notes(plan, fresh)

    # --- bars -------------------------------------------------------------------------------------------------------

    def go_to(self, bar: int) -> None:
        """The next bar to be committed is `bar`."""
        context = self._context
        if bar != self._bar + 1:
            self._ask(bar, 0)
        self._bar = bar - 1
        at = context.transport.bar_start(bar) - COMMIT_S / context.transport.beat_s - context.early
        context.schedule.put(at, DECIDES, Call(lambda: self._commit(bar), "commit"))

    def _commit(self, bar: int) -> None:
        """The last moment for a bar's plan: play it, and start on the next."""
        context, schedule = self._context, self._context.schedule
        start, length = context.transport.bar_start(bar), context.transport.bar_beats
        if context.settings.bars is not None and bar >= context.settings.bars:
            schedule.put(start, DECIDES, Call(lambda: self._finish(f"{bar} bars played")))
            return
        plan, missed = self.book.commit(bar)
        self._bar = bar
        if plan is not None:
            self._put_notes(plan, -math.inf)
        if missed:
            context.say(f"bar {bar + 1} was not planned in time" + ("; the groove repeats" if plan else ""))
        for number in range(round(length / context.transport.beat_beats)):
            beat = number * context.transport.beat_beats
            schedule.put(start + beat, DECIDES, Call(lambda at=beat: self._beat(bar, at)))  # type: ignore[misc]
            schedule.put(start + beat + LISTEN_AGAIN, DECIDES, Call(lambda at=beat: self._listen_again(bar, at)))  # type: ignore[misc]
        if context.settings.metronome:
            for count in range(context.settings.numerator):
                schedule.put(start + count * context.transport.count_beats - context.early, BEGINS, Click(count == 0))
        self._ask(bar + 1, 0)
        # And again when as much of this bar has been heard as can be.
        wait_s = min(self.book.usual_s * 1.3 + SAFETY_S + COMMIT_S, 0.7 * length * context.transport.beat_s)
        schedule.put(start + length - wait_s / context.transport.beat_s, DECIDES, Call(lambda: self._ask(bar + 1, 0)))
        self.go_to(bar + 1)
        self._bar = bar

    def _put_notes(self, plan: Plan, since: float) -> None:
        """Put a plan's notes from beat `since` on into the schedule."""
        context = self._context
        start = context.transport.bar_start(plan.bar)
        for part, _, position, pitch, duration, velocity in plan.notes.tolist():
            beat = start + position / POSITIONS_PER_QUARTER
            if beat < since:
                continue
            length = DURATIONS[duration] / POSITIONS_PER_QUARTER if ROLES[part] != "drums" else 0.25
            jitter = (pitch * 7 + position * 13 + plan.bar * 5) % VELOCITY_STEP
            loud = min(127, max(1, velocity * VELOCITY_STEP + jitter))
            chord = self._chord_of(plan, position / POSITIONS_PER_QUARTER)
            note = NoteOn(ROLES[part], pitch, loud, float(length), plan.bar, plan.number, chord)
            context.schedule.put(beat - context.early, BEGINS, note)

    def _chord_of(self, plan: Plan | None, beat: float) -> str:
        """Symbol that a plan has for a beat of its bar, "" for none."""
        if plan is None or not plan.chords:
            return ""
        at = int(beat / (self._context.transport.bar_beats / len(plan.chords)))
        return plan.chords[max(0, min(at, len(plan.chords) - 1))]

    def chord_at(self, bar: int, beat: float) -> str:
        """Symbol that a bar under way has for one of its beats, "" for none."""
        return self._chord_of(self.book.played.get(bar), beat)

    def _beat(self, bar: int, beat: float) -> None:
        self._voices.fade()
        self._on_beat(bar, beat)

    # --- listening --------------------------------------------------------------------------------------------------

    def _listen_again(self, bar: int, beat: float) -> None:
        """Did the player go elsewhere than planned? Then what clashes ends, and the rest of the bar is written again."""
        context = self._context
        if context.settings.chords:
            return
        meant, now = chord_named(self.chord_at(bar, beat)), context.beat
        heard = context.listener.chord_now(now, meant)
        self.heard_chord = heard
        if heard.root < 0 or heard.tones == meant.tones or bar not in self.book.played:
            return
        self._voices.end_where(lambda part, pitch: part != "drums" and pitch % 12 not in heard.tones, now)
        ready = now + (self.book.usual_s * 1.2 + 0.02) / context.transport.beat_s
        cut = math.ceil((ready - context.transport.bar_start(bar)) * POSITIONS_PER_QUARTER)
        if cut < context.transport.bar_beats * POSITIONS_PER_QUARTER - WORTHWHILE:
            self._ask(bar, max(1, cut))

    def _wishes(self, bar: int) -> Wishes:
        """What the band is asked for, by the desk, the mode and the player."""
        context, settings, now = self._context, self._context.settings, self._context.beat
        silent_bars = context.listener.silent_beats(now) / context.transport.bar_beats
        has_played = context.listener.last_onset > -math.inf
        self.casting = casting = cast(context.desk.mode, bar, settings.parts, silent_bars, has_played)
        intensity = self._intensity(now)
        density = {}
        for part in settings.parts:
            level = context.desk.density.get(part, 0) or (intensity if part != "bass" else 0)
            if level:
                density[part] = min(5, max(1, level + casting.lift))
            if part == casting.soloist:
                density[part] = 5
        return Wishes(
            context.desk.style, context.desk.strength, settings.parts, casting.resting, tuple(density.items()),
            casting.soloist, settings.temperature, settings.chords,
        )  # fmt: skip

    def _intensity(self, now: float) -> int:
        """How busy the player is, 1..5; 0 before there is anything to go by."""
        if self._context.listener.last_onset == -math.inf:
            return 0
        busy = self._context.listener.notes_per_beat(now)
        return 0 if busy == 0 else 1 + sum(busy > edge for edge in BUSY_EDGES)
