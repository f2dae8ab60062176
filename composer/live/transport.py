"""Musical time: where beat b falls on the monotonic clock, as one straight line that is re-drawn when the tempo moves."""

from __future__ import annotations

from composer.errors import InputError
from composer.timing import beat_quarters

SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0


class Transport:
    """Beats (quarter notes) ↔ seconds. Everything is scheduled in beats; deadlines are absolute and never accumulate error."""

    def __init__(self, bpm: float = 120.0, numerator: int = 4, denominator: int = 4) -> None:
        check_tempo(bpm)
        self.numerator, self.denominator = numerator, denominator
        self.bar_beats = numerator * 4 / denominator
        self.count_beats = 4 / denominator
        """Quarter notes from one count to the next: in 6/8 there are six counts to the bar."""
        self.beat_beats = beat_quarters(numerator, denominator)
        """Quarter notes from one of the metre's beats, on which chords change, to the next: in 6/8 there are two to the bar."""
        self._anchor_s, self._anchor_beat = 0.0, 0.0
        self.beat_s = 60 / bpm
        """Seconds a beat."""
        self.running = False

    @property
    def bpm(self) -> float:
        return 60 / self.beat_s

    def start(self, at_s: float, beat: float = 0.0) -> None:
        """Beat `beat` is at `at_s`, and time flows."""
        self._anchor_s, self._anchor_beat, self.running = at_s, beat, True

    def stop(self, at_s: float) -> None:
        """Stand still where `at_s` falls."""
        self._anchor_beat, self._anchor_s, self.running = self.beat_at(at_s), at_s, False

    def time_of(self, beat: float) -> float:
        """Seconds; infinity while the transport stands."""
        return self._anchor_s + (beat - self._anchor_beat) * self.beat_s if self.running else float("inf")

    def beat_at(self, time_s: float) -> float:
        return self._anchor_beat + (time_s - self._anchor_s) / self.beat_s if self.running else self._anchor_beat

    def set_tempo(self, bpm: float, at_s: float) -> None:
        """Another tempo from `at_s` on; what lies before stays where it was."""
        check_tempo(bpm)
        self.align(at_s, self.beat_at(at_s), 60 / bpm)

    def align(self, time_s: float, beat: float, beat_s: float) -> None:
        """Re-draw the line through (time_s, beat) with the given slope."""
        self._anchor_s, self._anchor_beat, self.beat_s = time_s, beat, beat_s

    def bar_at(self, beat: float) -> int:
        """Index of the bar that a beat lies in; negative in the count-in."""
        return int((beat + 1e-9) // self.bar_beats)

    def is_strong(self, beat: float) -> bool:
        """Whether the metre's beat that a beat lies in begins a bar, or the second half of an even one."""
        place = int((beat + 0.02 - self.bar_start(self.bar_at(beat + 0.02))) / self.beat_beats)
        return place == 0 or place * 2 * self.beat_beats == self.bar_beats

    def bar_start(self, bar: int) -> float:
        """Beat of a bar's downbeat."""
        return bar * self.bar_beats


def check_tempo(bpm: float) -> None:
    """Raises InputError for what no band plays."""
    if not SLOWEST_BPM <= bpm <= FASTEST_BPM:
        raise InputError(f"tempo must be in range {SLOWEST_BPM:g}..{FASTEST_BPM:g} BPM, got {bpm:g}")


class Taps:
    """Taps or the notes of a count-in → tempo and the downbeat that follows."""

    def __init__(self, count: int, beats: float = 1.0) -> None:
        self.count = count
        """Taps that make a bar: the next beat after them is the downbeat."""
        self.beats = beats
        """Quarter notes from one tap to the next."""
        self.times_s: list[float] = []

    def tap(self, time_s: float) -> tuple[float, float] | None:
        """One tap; returns (bpm, time of the next beat) once there are enough even ones, else None.

        A tap within 60 ms of the last belongs to it (a chord); a gap of over two beats, or one uneven by more than 30 %,
        starts again.
        """
        times = self.times_s
        if times and time_s - times[-1] < 0.06:
            return None
        if len(times) >= 2:
            usual_s = (times[-1] - times[0]) / (len(times) - 1)
            if abs(time_s - times[-1] - usual_s) > 0.3 * usual_s:
                del times[:-1]
        if times and time_s - times[-1] > 60 / SLOWEST_BPM:
            times.clear()
        times.append(time_s)
        if len(times) < self.count:
            return None
        beat_s, next_s = fit_beats(times[-self.count :])
        self.times_s = times[-self.count :]
        bpm = 60 / beat_s * self.beats
        return (bpm, next_s) if SLOWEST_BPM <= bpm <= FASTEST_BPM else None


def fit_beats(times_s: list[float]) -> tuple[float, float]:
    """Even beats through taps by least squares: seconds a beat, and when the next one falls."""
    count = len(times_s)
    middle, mean_s = (count - 1) / 2, sum(times_s) / count
    spread = sum((i - middle) ** 2 for i in range(count))
    beat_s = sum((i - middle) * (t - mean_s) for i, t in enumerate(times_s)) / spread
    return beat_s, mean_s + (count - middle) * beat_s
