"""Chord recognition and prediction for the jam: a Viterbi path through what was heard, and repeats found in the piece so far.

Beats that have been heard are scored against chords (`hearing`) and joined by a Viterbi path. Beats to come are expected
from where the piece has been before: if the last bars went as four, eight or sixteen bars ago, so will the next; else from
how chords follow each other in songs (`progressions`), and else they stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.harmony.harmonise import roots_first
from composer.harmony.melody_features import melody_features, signature_tonic
from composer.harmony.melody_model import QUALITIES, MelodyModel
from composer.live.hearing import STATES, SUFFIXES, chroma_of, score_chroma, state_tones
from composer.live.plan import HEARD_DTYPE
from composer.live.progressions import Progressions
from composer.score import as_notes
from composer.timing import Meter

MEMORY_BARS = 40
"""How far back the piece is remembered."""
SHARPNESS = 9.0
"""Turns a difference in score into nats."""
CHANGE = (2.6, 1.6, 0.9)
"""What a change of chord costs, in nats, on a weak beat, in the middle of a bar, at its beginning."""
JUST_BEGUN = 0.1
"""Quarter notes of a beat after which it counts as heard."""
REACH_BARS = 6
"""How many bars a return is followed back."""
NEARLY = 0.25
"""How likely a chord must be, beside the likeliest, to be played as the safer one."""
ALIKE = 0.6
"""From which likeness on two beats count as the same."""
SQUARE = 1.0
"""Bars that a return after four, eight or sixteen bars counts more."""
TRUST = 1.0
"""How much more, as a power of e, a return one bar longer counts beside the others."""
DOUBT = 4.0
"""Bars a return must be long to count as much as what is usual."""
TUNE_BARS = 16
"""Bars of a lone tune that the melody's chord model is shown."""
THIN = 2.2
"""Pitch classes a sounding quarter note, on average, under which what is played is a tune rather than harmony."""
TICKS = 480


@dataclass(frozen=True)
class Outlook:
    """Chord states per beat (STATES, or -1 before anything was heard) from beat 0 to the end of the bar asked about."""

    states: np.ndarray
    heard_beats: int
    """How many of them have been heard."""
    key: int
    """Tonic of the major scale that fits what was heard lately, 0..11, -1 unknown."""


def steady_path(scores: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Viterbi where every change costs the same: scores (beats, states), costs (beats,) of a change into each beat → (beats,).

    A state is entered from itself or from the best of all, so that a beat takes one pass and not states squared.
    """
    count, states = scores.shape
    back = np.zeros((count, states), np.int64)
    best, own = scores[0].astype(np.float64), np.arange(states)
    for beat in range(1, count):
        top = int(best.argmax())
        stay = best >= best[top] - costs[beat]
        back[beat] = np.where(stay, own, top)
        best = np.where(stay, best, best[top] - costs[beat]) + scores[beat]
    path = np.zeros(count, np.int64)
    path[-1] = best.argmax()
    for beat in range(count - 1, 0, -1):
        path[beat - 1] = back[beat, path[beat]]
    return path


class Harmonist:
    """Listens to a piece from its beginning. Not for polymetre: every bar has `beats` beats of `beat_quarters` quarter notes.

    Notes, and the moment that it is now, are told in quarter notes; all else is counted in the metre's beats.
    """

    def __init__(
        self,
        beats: int,
        progressions: Progressions | None = None,
        melody_model: MelodyModel | None = None,
        beat_quarters: float = 1.0,
    ) -> None:
        self.beats, self.beat_quarters = beats, beat_quarters
        self.progressions, self.melody_model = progressions, melody_model
        self._chroma = np.zeros((0, 12))
        self._bass = np.zeros(0, np.int64)
        self._notes = np.zeros(0, HEARD_DTYPE)

    def hear(self, notes: np.ndarray, start_beat: int, now: float) -> None:
        """Everything (HEARD_DTYPE) played from `start_beat` on, known up to `now`; what was known of it is replaced."""
        quarters = self.beat_quarters
        start, end = max(0, start_beat), max(0, int(np.ceil(now / quarters - 1e-6)))
        horizon = now - (TUNE_BARS + 1) * self.beats * quarters
        before = self._notes[(self._notes["onset"] < start * quarters) & (self._notes["onset"] >= horizon)]
        self._notes = np.concatenate([before, notes[notes["onset"] >= start * quarters]])
        if end > len(self._chroma):
            more = end - len(self._chroma)
            self._chroma = np.concatenate([self._chroma, np.zeros((more, 12))])
            self._bass = np.concatenate([self._bass, np.full(more, -1)])
        if end > start:
            chroma, bass = chroma_of(notes, np.arange(start, end + 1) * quarters)
            self._chroma[start:end], self._bass[start:end] = chroma, bass

    def outlook(self, now: float, until_beat: int) -> Outlook:
        """Chords up to `until_beat`: those heard by `now`, then those expected."""
        heard = max(0, min(int(np.ceil((now - JUST_BEGUN) / self.beat_quarters)), len(self._chroma)))
        first = max(0, heard - MEMORY_BARS * self.beats)
        first -= first % self.beats
        sounding = self._chroma[first:heard].any(axis=1)
        states = np.full(until_beat, -1, np.int64)
        if not sounding.any():
            return Outlook(states, heard, -1)
        key = self.key(heard)
        scores = self._scores(first, heard, key)
        weights = self._weights(np.arange(first, heard))
        path = steady_path(scores, np.array(CHANGE)[weights])
        path[: int(np.argmax(sounding))] = path[int(np.argmax(sounding))]
        states[first : min(heard, until_beat)] = path[: max(0, until_beat - first)]
        self._compare(states, first, heard, until_beat)
        for beat in range(heard, until_beat):
            states[beat] = self._expect(states, first, beat, key)
            self._compare_one(states, first, beat)
        return Outlook(states, heard, key)

    def _compare(self, states: np.ndarray, first: int, heard: int, until: int) -> None:
        """How alike every two heard beats are: half their chords, half what sounded in them; (beats, beats)."""
        count = max(0, min(heard, until) - first)
        self._alike = np.zeros((max(until - first, 0), max(until - first, 0)))
        if count == 0:
            return
        tones = state_tones()[np.maximum(states[first : first + count], 0)].astype(np.float64)
        common = tones @ tones.T / 3
        sound = np.sqrt(self._chroma[first : first + count])
        sound /= np.maximum(np.linalg.norm(sound, axis=1, keepdims=True), 1e-9)
        known = states[first : first + count] >= 0
        self._alike[:count, :count] = (0.5 * np.minimum(common, 1) ** 2 + 0.5 * sound @ sound.T) * np.outer(
            known, known
        )

    def _compare_one(self, states: np.ndarray, first: int, beat: int) -> None:
        """An expected beat is like those of the same chord."""
        self._alike[beat - first, : beat - first] = 0.9 * (states[first:beat] == states[beat])

    def key(self, heard: int) -> int:
        """Tonic of the major scale that holds most of what sounded in the last bars, the latest counting most; -1 in silence."""
        recent = self._chroma[max(0, heard - 4 * self.beats) : heard]
        if not recent.any():
            recent = self._chroma[:heard]
        if not recent.any():
            return -1
        fading = 0.5 ** (np.arange(len(recent))[::-1] / (1.5 * self.beats))
        total = fading @ np.sqrt(recent)
        scale = np.array([1.2, 0, 1, 0, 1.05, 1, 0, 1.15, 0, 1, 0, 0.9])
        return int(np.argmax([np.roll(scale, tonic) @ total for tonic in range(12)]))

    def _weights(self, beats: np.ndarray) -> np.ndarray:
        """How strong beats are: 2 a bar's first, 1 the middle of an even bar, else 0."""
        place = beats % self.beats
        half = (place * 2 == self.beats) & (self.beats % 2 == 0)
        return np.asarray(np.where(place == 0, 2, np.where(half, 1, 0)))

    def _scores(self, first: int, heard: int, key: int) -> np.ndarray:
        """Nats for every chord in every heard beat: the beat itself, a little of its bar, and the key."""
        chroma, bass = self._chroma[first:heard], self._bass[first:heard]
        own = score_chroma(chroma, bass)
        bar = np.arange(len(chroma)) // self.beats
        together = np.zeros((bar[-1] + 1, 12))
        np.add.at(together, bar, chroma)
        around = score_chroma(together, np.full(len(together), -1))[bar]
        # A beat with one or two pitch classes says little: its bar says the rest.
        rich = np.minimum(np.count_nonzero(chroma > 0.05, axis=1), 3)[:, None] / 3
        scores = SHARPNESS * (own + (1.2 - rich) * 0.6 * around)
        if self.melody_model is not None and self._is_thin(heard):
            return self._tune_scores(first, heard)
        if self.progressions is not None and key >= 0:
            scores += 0.35 * self.progressions.common(key)
        return np.asarray(scores)

    def _is_thin(self, heard: int) -> bool:
        """Whether a lone tune is played: hardly ever three pitch classes in a quarter note, lately."""
        end = int(np.ceil(heard * self.beat_quarters))
        start = max(0, end - 16)
        lately = self._notes[self._notes["onset"] + self._notes["duration"] > start]
        chroma, _ = chroma_of(lately, np.arange(start, end + 1, dtype=np.float64))
        counts = np.count_nonzero(chroma > 0.05, axis=1)
        return bool(counts.any()) and float(counts[counts > 0].mean()) < THIN

    def _tune_scores(self, first: int, heard: int) -> np.ndarray:
        """The melody's own chord model over the last bars, its states in our order; older beats say nothing new."""
        assert self.melody_model is not None
        scores = np.zeros((heard - first, STATES))
        start = max(first, (heard // self.beats - TUNE_BARS) * self.beats)
        begin, end = start * self.beat_quarters, heard * self.beat_quarters
        unit = 4 if self.beat_quarters == 1 else 8
        meter = Meter(TICKS, ((0, round(self.beats * self.beat_quarters * unit / 4), unit),))
        bars = meter.bars(round((end - begin) * TICKS))
        rows = [
            (max(0, round((onset - begin) * TICKS)), round(duration * TICKS), pitch, velocity)
            for onset, duration, pitch, velocity in self._notes.tolist()
            if begin <= onset < end
        ]
        notes = as_notes(rows)
        if not len(notes):
            return scores
        tonic = signature_tonic(notes)
        found = roots_first(self.melody_model.log_probabilities(melody_features(notes, bars, tonic)))[: heard - start]
        for quality, suffix in enumerate(QUALITIES):
            there = SUFFIXES.index(suffix) * 12
            scores[start - first :, there : there + 12] = np.roll(
                found[:, 12 * quality : 12 * quality + 12], tonic, axis=1
            )
        scores[start - first :, SUFFIXES.index("sus4") * 12 :] = found.min()
        return scores

    def _expect(self, states: np.ndarray, first: int, beat: int, key: int) -> int:
        """The likeliest chord of a beat to come, given those before it.

        What songs do mixed with what this one did wherever its last bars went as they did just now: the more bars, the more it
        counts.
        """
        history = states[max(first, beat - 64) : beat]
        last = int(history[-1]) if len(history) else -1
        usual = np.full(STATES, 1 / STATES)
        if self.progressions is not None and last >= 0:
            place = 2 if beat % self.beats == 0 else 1 if beat * 2 % self.beats == 0 else 0
            usual = np.exp(self.progressions.after(history.tolist(), key, place))
        elif last >= 0:
            usual[last] = STATES
        backs, runs = self._returns(first, beat)
        backs, runs = backs[states[backs] >= 0], runs[states[backs] >= 0]
        runs = runs + SQUARE * ((runs >= 1) & np.isin((beat - backs) // self.beats, (4, 8, 16)))
        own = np.bincount(states[backs], np.exp(TRUST * runs) - 1, STATES)
        longest = float(runs.max(initial=0.0))
        if own.any():
            share = longest / (longest + DOUBT)
            usual = (1 - share) * usual / usual.sum() + share * own / own.sum()
        # Of chords about as likely, the one most of whose tones the others have too.
        tones = state_tones()
        safe = tones @ (usual @ tones) / tones.sum(axis=1)
        return int(np.where(usual >= NEARLY * usual.max(), safe, 0).argmax())

    def _returns(self, first: int, beat: int) -> tuple[np.ndarray, np.ndarray]:
        """Beats whole bars back, and how many bars before them went as those before `beat` did."""
        backs = np.arange(beat - self.beats, first - 1, -self.beats)
        runs, going = np.zeros(len(backs)), np.ones(len(backs), bool)
        for step in range(1, REACH_BARS * self.beats + 1):
            there = np.maximum(backs - step - first, 0)
            going &= (backs - step >= first) & (self._alike[beat - step - first, there] >= ALIKE)
            if not going.any():
                break
            runs += going
        return backs, runs / self.beats
