"""A place for music of one's own: key, metre, tempo, form and a chord progression for each of its sections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.harmony.chord import Chord
from composer.harmony.key import Key
from composer.harmony.lane import ChordLane
from composer.model.form import Phrase
from composer.score import Score
from composer.styles import parse_mixture, resolve
from composer.timing import Bar, Meter, TempoMap

TICKS_PER_BEAT = 480
FORMS = ("AABA", "ABAB", "AABB", "ABAC")
PROGRESSIONS = (
    "I I IV V", "I V vi IV", "vi IV I V", "I vi IV V", "I vi ii V", "ii V I I", "ii V I vi", "I IV I V", "IV V iii vi",
    "I iii IV V", "vi ii V I", "I IV ii V", "IV I V vi", "I V IV I",
)  # fmt: skip
"""Four bars each, as everybody plays them; capitals are major chords."""
MINOR_PROGRESSIONS = ("i VI III VII", "i iv i V", "i VII VI V", "iv i V i", "i VI iv V", "i III VII iv")
_DEGREES = {"i": 0, "ii": 2, "iii": 4, "iv": 5, "v": 7, "vi": 9, "vii": 11}
_MINOR_DEGREES = {"i": 0, "ii": 2, "iii": 3, "iv": 5, "v": 7, "vi": 8, "vii": 10}


@dataclass(frozen=True)
class Stage:
    """Where music is to be: an empty score with its metre and tempo, its bars, chords and form."""

    score: Score
    bars: tuple[Bar, ...]
    lane: ChordLane
    phrases: tuple[Phrase, ...]


def draw_stage(bars: int, rng: np.random.Generator, style: str, tempo_bpm: float | None = None) -> Stage:
    """A key, a metre and tempo of the style, a form of eight-bar sections, and a chord progression for each section."""
    kind = resolve(max(parse_mixture(style), key=lambda entry: entry[1])[0]) if style else resolve("pop")
    low, high = kind.tempo_bpm
    bpm = tempo_bpm or float(rng.integers(low, high + 1))
    numerator, denominator = (int(word) for word in kind.meters[0].split("/"))
    meter = Meter(TICKS_PER_BEAT, ((0, numerator, denominator),))
    length = TICKS_PER_BEAT * 4 * numerator // denominator
    minor = bool(rng.random() < 0.3)
    key = Key(int(rng.integers(12)), "minor" if minor else "major")
    form = FORMS[int(rng.integers(len(FORMS)))]
    sections = [form[at // 8 % len(form)] for at in range(0, bars, 8)]
    choice = MINOR_PROGRESSIONS if minor else PROGRESSIONS
    # A section is a progression and its answer; the same letter comes with the same chords.
    chords = {letter: [choice[i] for i in rng.integers(len(choice), size=2)] for letter in sorted(set(sections))}
    names: list[str] = []
    for letter in sections:
        for progression in chords[letter]:
            names += [chord_name(roman, key) for roman in progression.split()]
    names = [*names[: bars - 1], chord_name("i" if minor else "I", key)]
    all_bars = meter.bars(length * bars)
    score = Score((), TempoMap.constant(bpm, TICKS_PER_BEAT), meter, key=signature(key))
    lane = ChordLane(
        tuple(Chord.parse(name) for name, bar in zip(names, all_bars, strict=True) for _ in range(bar.beat_count))
    )
    return Stage(score, all_bars, lane, tuple((at * 8, letter) for at, letter in enumerate(sections)))


def chord_name(roman: str, key: Key) -> str:
    """ "vi" in C → "Am"."""
    degrees = _MINOR_DEGREES if key.mode == "minor" else _DEGREES
    return key.spell((key.tonic + degrees[roman.lower()]) % 12) + ("" if roman[0].isupper() else "m")


def signature(key: Key) -> str:
    """A key as MIDI files spell it."""
    names = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
    minor = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
    return (minor if key.mode == "minor" else names)[key.tonic]
