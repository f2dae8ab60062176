"""What the player is doing: notes in beats, the chord of this moment, how busy and how loud."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from composer.harmony.chord import NO_CHORD, Chord
from composer.live import midi
from composer.live.hearing import chord_of, chroma_of, score_chroma, state_of
from composer.live.plan import HEARD_DTYPE

KEPT_BEATS = 48.0
"""How far back notes are kept."""
MARGIN = 0.12
"""By how much another chord must explain the player's notes better than the expected one."""
EARLY = 0.15
"""Beats by which a player may be ahead of a beat."""
HANDS = 0.12
"""Beats that hands take from one chord to the next: so long, held notes say nothing of a new strong beat."""
USUAL_VELOCITY = 80.0


@dataclass
class _Note:
    onset: float
    pitch: int
    velocity: int
    end: float | None = None
    """None while the key is down or the pedal holds it."""
    released: bool = False


class Listener:
    """Takes the player's messages with their beats; answers questions about them."""

    def __init__(self, beat_beats: float = 1.0) -> None:
        """beat_beats: quarter notes from one of the metre's beats to the next."""
        self._beat_beats = beat_beats
        self._notes: list[_Note] = []
        self._down: dict[tuple[str, int], _Note] = {}
        self._pedal: set[str] = set()
        self._version = 0
        self._chord_now: tuple[tuple[int, float, str, bool], Chord] | None = None
        self.last_onset = self._last_end = -math.inf
        self.loudness = USUAL_VELOCITY
        """Velocity of the player's recent notes, smoothed over about a dozen."""

    def hear(self, port: str, data: bytes, beat: float) -> None:
        """One message from an input."""
        self._version += 1
        if midi.is_note_on(data):
            self._finish(port, data[1], beat)
            note = _Note(beat, data[1], data[2])
            self._notes.append(note)
            self._down[port, data[1]] = note
            self.last_onset = max(self.last_onset, beat)
            self.loudness += (data[2] - self.loudness) / 12
        elif midi.is_note_off(data):
            note_down = self._down.get((port, data[1]))
            if note_down is not None:
                note_down.released = True
                if port not in self._pedal:
                    self._finish(port, data[1], beat)
        elif midi.is_control(data, midi.SUSTAIN):
            if data[2] >= 64:
                self._pedal.add(port)
            else:
                self._pedal.discard(port)
                for (where, pitch), note in list(self._down.items()):
                    if where == port and note.released:
                        self._finish(port, pitch, beat)

    def _finish(self, port: str, pitch: int, beat: float) -> None:
        note = self._down.pop((port, pitch), None)
        if note is not None:
            note.end = beat
            self._last_end = max(self._last_end, beat)

    def release(self, port: str, beat: float) -> None:
        """A port has gone, and whatever was held there with it."""
        self._pedal.discard(port)
        for pitch in [pitch for where, pitch in self._down if where == port]:
            self._finish(port, pitch, beat)

    def heard(self, start: float, now: float) -> np.ndarray:
        """Notes that sounded since `start`, held ones up to `now`: HEARD_DTYPE, by onset."""
        self._notes = [note for note in self._notes if (note.end or now) > now - KEPT_BEATS]
        rows = [
            (note.onset, max((now if note.end is None else note.end) - note.onset, 0.05), note.pitch, note.velocity)
            for note in self._notes
            if (note.end is None or note.end > start) and note.onset <= now + 0.25
        ]
        return np.array(sorted(rows), HEARD_DTYPE)

    def chord_now(self, beat: float, expected: Chord, strong: bool = False) -> Chord:
        """The chord at this moment: the expected one, unless the player's notes of this beat plainly say another.

        `strong`: chords are wont to change on this beat.
        """
        asked = self._version, beat, expected.symbol, strong
        if self._chord_now is None or self._chord_now[0] != asked:
            self._chord_now = asked, self._hear_chord(beat, expected, strong)
        return self._chord_now[1]

    def _hear_chord(self, beat: float, expected: Chord, strong: bool) -> Chord:
        start = math.floor((beat + 0.02) / self._beat_beats) * self._beat_beats
        struck = any(note.onset > start - EARLY for note in self._notes)
        if strong and not struck and beat < start + HANDS:
            return expected  # what is still held may be let go at any moment
        recent = [
            note for note in self._notes if note.onset > start - EARLY or note.end is None or note.end > start + 0.2
        ]
        if len({note.pitch % 12 for note in recent}) < 2:
            return expected
        rows = np.array(
            [(n.onset, max((beat if n.end is None else n.end) - n.onset, 0.05), n.pitch, n.velocity) for n in recent],
            HEARD_DTYPE,
        )
        chroma, bass = chroma_of(rows, np.array([start, max(beat, start + 0.3)]))
        if np.count_nonzero(chroma[0]) < 2:
            return expected
        scores = score_chroma(chroma, bass)[0]
        best = int(scores.argmax())
        wanted = state_of(expected)
        if wanted >= 0 and scores[best] < scores[wanted] + MARGIN:
            return expected
        if np.count_nonzero(chroma[0]) < 3 and expected is not NO_CHORD and scores[best] < scores[wanted] + 2 * MARGIN:
            return expected
        return chord_of(best)

    def notes_per_beat(self, beat: float, over: float = 8.0) -> float:
        """Onsets a beat over the last beats; a chord counts once."""
        onsets = sorted(note.onset for note in self._notes if beat - over <= note.onset <= beat)
        strokes = sum(1 for i, onset in enumerate(onsets) if i == 0 or onset - onsets[i - 1] > 0.1)
        return strokes / over

    def silent_beats(self, beat: float) -> float:
        """Beats since anything was struck or held."""
        return 0.0 if self._down else beat - max(self.last_onset, self._last_end)
