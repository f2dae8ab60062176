"""Chords that nobody wrote down: from a full arrangement, or from a melody alone."""

from __future__ import annotations

from functools import lru_cache

from composer.harmony.chord import NO_CHORD, Chord
from composer.harmony.harmonise import harmonise
from composer.harmony.key import Key, find_key
from composer.harmony.lane import ChordLane
from composer.harmony.melody_model import MelodyModel
from composer.harmony.templates import QUALITIES, template_states
from composer.score import Part, Score, bars_of


def chords_from_notes(score: Score, end: int | None = None) -> ChordLane:
    """One chord per beat from everything pitched in a full arrangement, over the bars up to tick `end` (default: its own).

    Silence is N.C.; roots are spelled in the piece's key.
    """
    bars = score.bars() if end is None else score.meter.bars(end)
    key = Key.from_signature(score.key) or find_key(score)[0]
    suffixes = tuple(QUALITIES)
    names = [Chord.parse(key.spell(root) + suffix) for suffix in suffixes for root in range(12)]
    return ChordLane(tuple((*names, NO_CHORD)[state] for state in template_states(score, bars)))


def chords_from_melody(melody: Part, score: Score) -> ChordLane:
    """One chord per beat for a melody alone, over the bars it plays in: the learned model of
    docs/decisions/0003-chord-lane.md.

    The score gives metre and key signature. There is no N.C. between the melody's first bar and its last.
    Raises CheckpointError where the model's weights are missing.
    """
    return harmonise(_model(), melody.notes, bars_of(score.meter, [melody]), score.key)


@lru_cache(maxsize=1)
def _model() -> MelodyModel:
    return MelodyModel.load()
