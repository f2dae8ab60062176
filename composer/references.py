"""What a band hears before it plays: a reference piece, or a few bars of the style from the library beside the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from composer.errors import InputError
from composer.gm import BAND, ROLES
from composer.harmony.lane import ChordLane
from composer.model.checkpoint import Checkpoint
from composer.model.directions import as_asked
from composer.model.example import best_example, in_key_of, twice
from composer.model.examples import in_metre_of
from composer.model.form import Phrase, phrase_places, section_classes
from composer.model.style_features import style_features
from composer.score import Score
from composer.styles import Style
from composer.timing import Bar
from composer.vocab import GridSong, bar_lengths, grid_notes

SHORTEST_REFERENCE, LONGEST_REFERENCE = 2, 16
"""Bars of a reference that are asked for, and that are listened to, spread over the piece."""


@dataclass(frozen=True)
class Reference:
    """A piece to play in the manner of."""

    bars: np.ndarray
    """How it is played, for the style ear: (n, style_features.WIDTH), n at most LONGEST_REFERENCE, from all over the piece."""
    example: GridSong | None
    """A few of its bars, for the band to go on from; None where nothing plays two bars on end."""


def hear_reference(score: Score) -> Reference:
    """Listen to a piece. Raises InputError where too little plays."""
    from composer.corpora.roles import band_of
    from composer.harmony.infer import chords_from_notes

    band = band_of(score)
    bars = band.bars()
    if not band.parts or not bars:
        raise InputError("the reference has no band in it: drums, bass, guitar, piano or strings")
    lane = ChordLane.from_symbols(score.chords, bars) if score.chords else None
    if lane is None and any(not part.is_drum for part in band.parts):
        lane = chords_from_notes(band, bars[-1].end)
    song = on_grid(band, bars, lane, (), score.tempo.bpm_at(score.end // 2))
    features = style_features(song)
    if len(features) < SHORTEST_REFERENCE:
        raise InputError(
            f"the reference has {len(features)} bars in which a band plays; at least {SHORTEST_REFERENCE} are needed to hear a style"
        )
    spread = np.unique(np.linspace(0, len(features) - 1, LONGEST_REFERENCE).round().astype(int))
    return Reference(np.asarray(features[spread]), best_example(song))


def reference_programs(reference: Score | None) -> dict[str, int]:
    """The sounds of a reference's band, by part; {} without one."""
    from composer.corpora.roles import band_of

    return (
        {} if reference is None else {part.role: part.program for part in band_of(reference).parts if part.role in BAND}
    )


def find_example(
    checkpoint: Checkpoint,
    song: GridSong,
    styles: Sequence[tuple[Style, str, float]],
    reference: Reference | None,
    parts: Sequence[str],
    rng: np.random.Generator,
    asked: np.ndarray | None = None,
) -> GridSong | None:
    """The bars the band is played before it begins, twice over: the reference's, else the style's.

    None where none are in the song's metre. Of a mixture every part hears one style, as many of the parts as its share says, the
    heaviest from the drums up. asked: what is asked of each part, (R, controls), which it is then heard to do.
    """
    if reference is not None and reference.example is not None:
        found = in_metre_of(song, reference.example)
    else:
        found = _style_example(checkpoint, song, styles, parts, rng)
    if found is not None and asked is not None and asked.any():
        style = max(styles, key=lambda entry: entry[2])[0].name if styles else ""
        found = as_asked(found, asked, checkpoint.examples, style, song, rng)
    return None if found is None else twice(found)


def _style_example(
    checkpoint: Checkpoint,
    song: GridSong,
    styles: Sequence[tuple[Style, str, float]],
    parts: Sequence[str],
    rng: np.random.Generator,
) -> GridSong | None:
    drawn: list[tuple[GridSong, float]] = []
    of = checkpoint.examples.of
    for style, groove, share in sorted(styles, key=lambda entry: -entry[2]):
        found = of(style.name, groove, song, parts) or of(style.name, "", song, parts)
        if found:
            drawn.append((found[int(rng.integers(len(found)))].song, share))
    if not drawn:
        return None
    first = drawn[0][0]
    if len(drawn) == 1:
        return first
    edges = np.cumsum([share for _, share in drawn]) / sum(share for _, share in drawn)
    asked = [ROLES.index(part) for part in BAND if part in parts]
    notes = []
    for place, part in enumerate(asked):
        one = in_key_of(first, drawn[int(np.searchsorted(edges, (place + 0.5) / len(asked)))][0])
        notes.append(one.notes[(one.notes["part"] == part) & (one.notes["bar"] < first.bar_count)])
    return replace(first, notes=np.sort(np.concatenate(notes), order=["bar", "part", "position", "pitch"]))


def on_grid(
    score: Score,
    bars: Sequence[Bar],
    lane: ChordLane | None,
    phrases: Sequence[Phrase],
    tempo_bpm: float,
    skipped_beats: int = 0,
) -> GridSong:
    """The score's bars as a GridSong; parts without a role are left out. `lane` begins `skipped_beats` before the first bar."""
    lengths, beats = bar_lengths(bars, score.ticks_per_beat)
    count = int((-(-lengths // beats)).sum())
    roots, basses, tones = np.full(count, -1), np.full(count, -1), np.zeros((count, 12), bool)
    if lane is not None:
        roots, basses, tones = (array[skipped_beats : skipped_beats + count] for array in lane.arrays())
    notes = grid_notes(score, score.meter.bars(bars[-1].end))
    first = bars[0].index
    notes = notes[notes["bar"] >= first]
    notes["bar"] -= first
    position, left = phrase_places(len(bars), [start for start, _ in phrases])
    return GridSong(
        notes, lengths, beats, roots.astype(np.int64), basses.astype(np.int64), tones, position, left,
        section_classes(len(bars), phrases), tempo_bpm,
    )  # fmt: skip
