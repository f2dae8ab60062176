"""The canvas: everything written so far, as tables that features are read from.

Training paints a whole song at once and reads many events; decoding paints note by note and reads one event at a
time. Both read through the same functions, so what the model was taught is what it is shown.

Shapes: B bars, P = 96 positions, R = 6 parts (gm.ROLES), Q = 128 pitches; N events asked about at once.
"""

from __future__ import annotations

import numpy as np

from composer.model.copying import Copying
from composer.model.form import form_reference
from composer.vocab import DURATIONS, MAX_POSITIONS, MELODY_PART, PARTS, PITCHES, GridSong, bar_starts

CHORD_FEATURES = 13 + 13 + 12 + 13 + 12 + 9
"""root · bass · tones · next chord's root · its tones · beats until it comes (0..8)."""
_TONES, _NEXT_TONES = slice(26, 38), slice(51, 63)
"""Where among the chord features the tones of the chord and of the next one stand."""
MELODY_FEATURES = 13 + 3
"""pitch class sounding (12 = none) · onset here · height · sounding since the beat began."""
POSITION_FEATURES = PARTS + 4 + 6 + 3
"""onset of each visible part · of this part one bar ago · at the reference bar · chord change · melody sounds · metric level ·
this part has struck here in an earlier bar · in most of the bars it played · it strikes here in the next bar, which is given."""
PITCH_FEATURES = 14
NO_REFERENCE = -1

_PITCH = np.arange(PITCHES)
_PITCH_CLASS = _PITCH % 12
_SAME_CLASS = (_PITCH[None] % 12 == _PITCH[:, None] % 12) & (_PITCH[:, None] > 0)
"""Pitches of a sung pitch's class, (Q, Q); 0 stands for a rest."""
_SEMITONE_OFF = (np.abs(_PITCH[None] - _PITCH[:, None]) == 1) & (_PITCH[:, None] > 0)


def metric_levels(bar_length: int, beat_length: int) -> np.ndarray:
    """How strong each position is, one-hot, shape (P, 6): downbeat, beat, half, third, quarter of a beat, other."""
    position = np.arange(MAX_POSITIONS)
    level = np.full(MAX_POSITIONS, 5)
    for strength, divisions in ((4, 4), (3, 3), (2, 2), (1, 1)):
        if beat_length % divisions == 0:
            level[position % (beat_length // divisions) == 0] = strength
    level[0] = 0
    levels: np.ndarray = np.eye(6, dtype=np.uint8)[level]
    levels[bar_length:] = 0
    return levels


def chord_table(song: GridSong) -> np.ndarray:
    """CHORD_FEATURES of every beat, float32, shape (C, CHORD_FEATURES)."""
    count = len(song.roots)
    eye = np.eye(13, dtype=np.float32)
    change = np.ones(count, bool)
    change[:-1] = (song.roots[1:] != song.roots[:-1]) | (song.tones[1:] != song.tones[:-1]).any(axis=1)
    following = np.arange(1, count + 1)
    for beat in range(count - 2, -1, -1):
        if not change[beat]:
            following[beat] = following[beat + 1]
    wait = np.minimum(following - np.arange(count), 9) - 1
    following = np.minimum(following, count - 1)
    return np.concatenate(
        [
            eye[song.roots % 13],
            eye[song.basses % 13],
            song.tones.astype(np.float32),
            eye[song.roots[following] % 13],
            song.tones[following].astype(np.float32),
            np.eye(9, dtype=np.float32)[wait],
        ],
        axis=1,
    )


def reference_bars(song: GridSong, lookahead: int) -> np.ndarray:
    """For each bar the earlier bar whose melody it repeats (two bars on end alike), else -1; shape (B,).

    Likeness is the share of melody notes, as (position, pitch class), that two bars have in common; 0.6 counts.
    The two bars are this one and the next; with less `lookahead` they are the last two that have been heard.
    """
    count = song.bar_count
    melody = song.notes[song.notes["part"] == MELODY_PART]
    table = np.zeros((count + 1, MAX_POSITIONS * 12), np.float32)
    table[melody["bar"], melody["position"].astype(int) * 12 + melody["pitch"] % 12] = 1
    common = table @ table.T
    size = np.diag(common)
    either = size[:, None] + size[None, :] - common
    pair_common = common[:-1, :-1] + common[1:, 1:]
    pair_either = either[:-1, :-1] + either[1:, 1:]
    likeness = np.where(pair_either > 0, pair_common / np.maximum(pair_either, 1), 0.0)
    if late := 1 - min(max(lookahead, -1), 1):
        likeness = np.pad(likeness, ((late, 0), (late, 0)))[:count, :count]
    likeness[np.triu_indices(count, -1)] = 0
    likeness *= song.bar_length[:, None] == song.bar_length[None, :]
    # The nearest of the equally alike is the freshest memory.
    best = count - 1 - likeness[:, ::-1].argmax(axis=1)
    return np.where(likeness[np.arange(count), best] >= 0.6, best, NO_REFERENCE)


class Canvas:
    """Tables over one song; `paint` adds notes, the other methods read."""

    def __init__(
        self,
        song: GridSong,
        given: np.ndarray,
        lookahead: int = 1,
        know_phrase: bool = True,
        know_habits: bool = True,
        fresh_from: int = 0,
    ) -> None:
        """`given`: the cells that are known beforehand, bool (B, R); see sequence.Brief for the rest."""
        count = song.bar_count
        self.song, self.know_habits = song, know_habits
        # What is given is seen ahead of its time, unless one plays along with it.
        self.foreseen = given & (lookahead >= 1)
        self.chords = chord_table(song)
        self.reference = np.full(count, NO_REFERENCE)
        if given[:, MELODY_PART].any():
            self.reference = reference_bars(song, lookahead)
        if know_phrase:
            by_form = form_reference(song.section, song.phrase_position)
            alike = by_form >= 0
            alike[alike] &= song.bar_length[by_form[alike]] == song.bar_length[alike]
            self.reference = np.where((self.reference < 0) & alike, by_form, self.reference)
        self.reference[fresh_from:][self.reference[fresh_from:] < fresh_from] = NO_REFERENCE
        self.copying = Copying(song, self.reference, fresh_from)
        self.struck = np.zeros((count, PARTS, MAX_POSITIONS, PITCHES // 8), np.uint8)
        """Pitches struck, eight to a byte: a song's tables should stay near the processor."""
        self.struck_degree = np.zeros((count, PARTS, MAX_POSITIONS, 12), np.uint8)
        self.struck_anywhere = np.zeros((count, PARTS, PITCHES), np.uint8)
        self.onsets = np.zeros((count, PARTS, MAX_POSITIONS), np.uint8)
        # What each part had done before each bar, in how many bars: for habits outlive the bar they were formed in.
        self.bars_played = np.zeros((count, PARTS), np.int32)
        self.bars_with_pitch = np.zeros((count, PARTS, PITCHES), np.int32)
        self.bars_with_onset = np.zeros((count, PARTS, MAX_POSITIONS), np.int32)
        self.later_played = np.zeros((count, PARTS), np.int32)
        self.later_pitch = np.zeros((count, PARTS, PITCHES), np.int32)
        self.later_onset = np.zeros((count, PARTS, MAX_POSITIONS), np.int32)
        self.melody_pitch = np.zeros((count, MAX_POSITIONS), np.int16)
        self.melody_onset = np.zeros((count, MAX_POSITIONS), np.uint8)
        self.change = np.zeros((count, MAX_POSITIONS), np.uint8)
        self._mark_changes()
        metres = list(zip(song.bar_length.tolist(), song.beat_length.tolist(), strict=True))
        levels = {metre: metric_levels(*metre) for metre in set(metres)}
        self.levels = np.stack([levels[metre] for metre in metres])

    def _mark_changes(self) -> None:
        song = self.song
        bar = np.repeat(np.arange(song.bar_count), np.diff(song.first_beat))
        position = (np.arange(len(bar)) - song.first_beat[bar]) * song.beat_length[bar]
        changed = np.ones(len(bar), bool)
        changed[1:] = (song.roots[1:] != song.roots[:-1]) | (song.tones[1:] != song.tones[:-1]).any(axis=1)
        self.change[bar[changed], position[changed]] = 1

    def paint(self, notes: np.ndarray) -> None:
        """Add grid notes (GRID_NOTE_DTYPE) that may be seen from now on, in order within their bar and part."""
        self.copying.paint(notes)
        bar, part, position = notes["bar"].astype(int), notes["part"].astype(int), notes["position"].astype(int)
        pitch = notes["pitch"].astype(int)
        np.bitwise_or.at(self.struck, (bar, part, position, pitch >> 3), (128 >> (pitch & 7)).astype(np.uint8))
        root = self.song.roots[self.song.beat_at(bar, position)]
        self.struck_degree[bar, part, position, (pitch - root) % 12] = 1
        self.struck_anywhere[bar, part, pitch] = 1
        self.onsets[bar, part, position] = 1

    def foresee(self) -> None:
        """Count what is given of later bars; call it once the given notes, and no others, are painted."""
        if not self.foreseen[1:, 1:].any():
            return
        for counts, marks in (
            (self.later_played, self.onsets.any(axis=2)),
            (self.later_pitch, self.struck_anywhere),
            (self.later_onset, self.onsets),
        ):
            seen = marks * self.foreseen.reshape(*self.foreseen.shape, *[1] * (marks.ndim - 2))
            counts[:-1] = np.cumsum(seen[:0:-1], axis=0, dtype=np.int32)[::-1]

    def settle(self, bar: int) -> None:
        """Update the running counts before a bar, once everything earlier is painted."""
        self.copying.settle(bar)
        if bar == 0:
            return
        last = bar - 1
        self.bars_played[bar] = self.bars_played[last] + self.onsets[last].any(axis=1)
        self.bars_with_pitch[bar] = self.bars_with_pitch[last] + self.struck_anywhere[last]
        self.bars_with_onset[bar] = self.bars_with_onset[last] + self.onsets[last]

    def paint_melody(self, notes: np.ndarray) -> None:
        """Add the melody's notes to the table from which the head reads the melody at each position."""
        flat = bar_starts(self.song.bar_length)
        line = np.zeros(flat[-1], np.int16)
        for bar, position, pitch, duration in zip(
            notes["bar"].tolist(),
            notes["position"].tolist(),
            notes["pitch"].tolist(),
            notes["duration"].tolist(),
            strict=True,
        ):
            start = flat[bar] + position
            line[start : start + DURATIONS[duration]] = pitch
            self.melody_onset[bar, position] = 1
        for bar in range(self.song.bar_count):
            self.melody_pitch[bar, : self.song.bar_length[bar]] = line[flat[bar] : flat[bar + 1]]

    def chord_features(self, bar: np.ndarray, position: np.ndarray) -> np.ndarray:
        """float32, shape (N, CHORD_FEATURES)."""
        return np.asarray(self.chords[self.song.beat_at(bar, position)])

    def melody_features(self, bar: np.ndarray, position: np.ndarray) -> np.ndarray:
        """float32, shape (N, MELODY_FEATURES)."""
        pitch = self.melody_pitch[bar, position].astype(np.int64)
        features = np.zeros((len(bar), MELODY_FEATURES), np.float32)
        features[np.arange(len(bar)), np.where(pitch > 0, pitch % 12, 12)] = 1
        features[:, 13] = self.melody_onset[bar, position]
        features[:, 14] = pitch / 64 - 1
        features[:, 15] = self.melody_pitch[bar, position - position % self.song.beat_length[bar]] == pitch
        return features

    def position_features(self, bar: np.ndarray, part: np.ndarray, visible: np.ndarray) -> np.ndarray:
        """What each candidate position holds: uint8, shape (N, P, POSITION_FEATURES).

        visible: bool (N, R), the parts whose notes of this very bar are known already.
        """
        reference = self.reference[bar]
        features = np.zeros((len(bar), MAX_POSITIONS, POSITION_FEATURES), np.uint8)
        features[:, :, :PARTS] = (self.onsets[bar] * visible[:, :, None]).transpose(0, 2, 1)
        features[:, :, PARTS] = self.onsets[bar - 1, part] * (bar > 0)[:, None]
        features[:, :, PARTS + 1] = self.onsets[reference, part] * (reference >= 0)[:, None]
        features[:, :, PARTS + 2] = self.change[bar]
        features[:, :, PARTS + 3] = self.melody_pitch[bar] > 0
        features[:, :, PARTS + 4 : PARTS + 10] = self.levels[bar]
        if self.know_habits:
            played = self.bars_played[bar, part] + self.later_played[bar, part]
            before = self.bars_with_onset[bar, part] + self.later_onset[bar, part]
            features[:, :, PARTS + 10] = before > 0
            features[:, :, PARTS + 11] = (before > 0) & (2 * before >= played[:, None])
        following, known = self._next(bar, part)
        features[:, :, PARTS + 12] = self.onsets[following, part] * known
        return features

    def _next(self, bar: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The bar after each, and whether the part's notes there are given and seen: (N,), (N, 1)."""
        following = np.minimum(bar + 1, self.song.bar_count - 1)
        return following, (self.foreseen[following, part] & (bar + 1 < self.song.bar_count))[:, None]

    def pitch_features(self, bar: np.ndarray, part: np.ndarray, position: np.ndarray) -> np.ndarray:
        """What each candidate pitch would be: uint8, shape (N, Q, PITCH_FEATURES).

        chord tone · chord bass · next chord's tone · melody's pitch class · a semitone from the melody ·
        struck here one bar ago · here at the reference bar · same degree here one bar ago · at the reference · struck in the last bar ·
        in any other known bar · in a third of the bars played · struck here one bar on, where that is given · anywhere in that bar
        """
        song, count = self.song, len(bar)
        beat = self.song.beat_at(bar, position)
        chords, roots = self.chords[beat], song.roots[beat]
        sung = self.melody_pitch[bar, position]
        reference = self.reference[bar]
        last, has_last, has_reference = bar - 1, (bar > 0)[:, None], (reference >= 0)[:, None]
        features = np.zeros((count, PITCH_FEATURES, PITCHES), np.uint8)
        features[:, 0] = chords[:, _TONES][:, _PITCH_CLASS]
        features[:, 1] = song.basses[beat][:, None] == _PITCH_CLASS
        features[:, 2] = chords[:, _NEXT_TONES][:, _PITCH_CLASS]
        features[:, 3] = _SAME_CLASS[sung]
        features[:, 4] = _SEMITONE_OFF[sung]
        features[:, 5] = self._struck(last, part, position) * has_last
        features[:, 6] = self._struck(reference, part, position) * has_reference
        features[:, 7] = _above(self.struck_degree[last, part, position] * has_last, roots)
        features[:, 8] = _above(self.struck_degree[reference, part, position] * has_reference, roots)
        features[:, 9] = self.struck_anywhere[last, part] * has_last
        if self.know_habits:
            played = self.bars_played[bar, part] + self.later_played[bar, part]
            before = self.bars_with_pitch[bar, part] + self.later_pitch[bar, part]
            features[:, 10] = before > 0
            features[:, 11] = (before > 0) & (3 * before >= played[:, None])
        following, known = self._next(bar, part)
        features[:, 12] = self._struck(following, part, position) * known
        features[:, 13] = self.struck_anywhere[following, part] * known
        return np.asarray(features.transpose(0, 2, 1))

    def _struck(self, bar: np.ndarray, part: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Pitches struck at each place, (N, Q)."""
        return np.unpackbits(self.struck[bar, part, position], axis=1)


def _above(degrees: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Degrees of a chord (N, 12) over each chord's root (N,), as pitches (N, Q)."""
    by_class = degrees.reshape(-1)[(np.arange(12) - roots[:, None]) % 12 + 12 * np.arange(len(roots))[:, None]]
    return np.asarray(np.tile(by_class, 11)[:, :PITCHES])
