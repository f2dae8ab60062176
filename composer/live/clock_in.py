"""Following another machine's MIDI clock: a phase-locked loop over its 24 pulses a beat.

An alpha-beta tracker (Benedict & Bordner 1962): every pulse corrects the expected time of the next a little, and the
length of a pulse less.
Lost pulses are counted from the time that passed, and not a second time if they were only held up; doubled ones are dropped.
Where the clock falls silent the band goes on at the last tempo until it is heard again.
"""

from __future__ import annotations

import statistics

from composer.live.midi import CLOCKS_PER_BEAT
from composer.live.transport import FASTEST_BPM, SLOWEST_BPM

ALPHA, BETA = 0.25, 0.03
"""How much of a pulse's error moves the phase, and the pulse length: settled after a beat, jitter of 2 ms smoothed to 0.7."""
SETTLING = 12
"""Pulses in which larger steps are taken, because nothing is known yet."""
SHORTEST_S, LONGEST_S = 60 / FASTEST_BPM / CLOCKS_PER_BEAT, 60 / SLOWEST_BPM / CLOCKS_PER_BEAT
SILENCE_S = 0.5
"""Without a pulse for this long, the clock has dropped out."""
LEAP = 0.3
"""A tempo this much off, told by six even pulses running, is believed at once."""


class ClockFollower:
    """Pulses in, (time, beat, seconds a beat) out. `beat` counts from the last start or song position."""

    def __init__(self, beat: float = 0.0) -> None:
        self.start(beat)

    def start(self, beat: float = 0.0) -> None:
        """The next pulse is `beat`."""
        self._next = round(beat * CLOCKS_PER_BEAT)
        self._pulse_s, self._expected_s = 0.0, 0.0
        self._last_s: float | None = None
        self._seen = 0
        self._recent: list[float] = []
        self._owed = 0
        """Pulses counted as lost lately: in a burst after a delay they come after all."""
        self.lost = 0

    @property
    def position(self) -> float:
        """Where the next pulse falls, in beats: after n pulses n/24, however long after the last of them it is asked."""
        return self._next / CLOCKS_PER_BEAT

    @property
    def locked(self) -> bool:
        """Whether the tempo is known."""
        return self._seen > 2

    def is_silent(self, now_s: float) -> bool:
        return self._last_s is not None and now_s - self._last_s > SILENCE_S

    def pulse(self, time_s: float) -> tuple[float, float, float] | None:
        """One clock message → where the loop sees the beat: (time_s, beat, beat_s); None while it cannot know yet."""
        if self._last_s is None:
            self._last_s, self._seen, self._expected_s = time_s, 1, time_s
            self._next += 1
            return None
        interval_s = time_s - self._last_s
        if self._seen == 1:
            self._pulse_s = min(max(interval_s, SHORTEST_S), LONGEST_S)
            self._expected_s = time_s + self._pulse_s
            self._last_s, self._seen = time_s, 2
            self._next += 1
            return None
        self._last_s = time_s
        error_s = time_s - self._expected_s
        missed = round(error_s / self._pulse_s)
        if missed < 0 and (self._owed > 0 or error_s < -0.75 * self._pulse_s):
            self._owed = max(0, self._owed - 1)
            return self._after(interval_s, None)  # one counted as lost that came after all, or a doubled pulse
        missed = max(0, missed)
        self.lost += missed
        self._owed = self._owed + missed if missed or self._seen % CLOCKS_PER_BEAT else 0
        self._next += missed
        self._expected_s += missed * self._pulse_s
        error_s = time_s - self._expected_s
        self._seen += 1
        gain = max(ALPHA, 1 / self._seen), max(BETA, 1 / self._seen**2 * 2 if self._seen < SETTLING else BETA)
        here_s = self._expected_s + gain[0] * error_s
        self._pulse_s += gain[1] * error_s
        at = here_s, self._next / CLOCKS_PER_BEAT, self._pulse_s * CLOCKS_PER_BEAT
        self._next += 1
        self._expected_s = here_s + self._pulse_s
        return self._after(interval_s, at)

    def _after(self, interval_s: float, at: tuple[float, float, float] | None) -> tuple[float, float, float] | None:
        """Believe a leap in tempo when six even pulses tell it."""
        self._recent = [*self._recent[-5:], interval_s]
        usual_s = statistics.median(self._recent)
        even = len(self._recent) == 6 and all(abs(each - usual_s) < 0.2 * usual_s for each in self._recent)
        if (
            not even
            or not SHORTEST_S <= usual_s <= LONGEST_S
            or abs(usual_s - self._pulse_s) < LEAP * self._pulse_s
            or self._last_s is None
        ):
            return at
        self._pulse_s, self._expected_s = usual_s, self._last_s + usual_s
        self._recent.clear()
        return self._last_s, (self._next - 1) / CLOCKS_PER_BEAT, usual_s * CLOCKS_PER_BEAT
