"""Style examples: a few bars of a band in the wanted style, fed to the model as a prompt before the song.

A style's name says little and its embedding little more; four bars of somebody playing it say how. They stand before the
song's first bar, every part of them given, moved into the song's key; memory, habits and copying take them up as if the band
had played them itself, and nobody hears them. Training does the same with bars of other songs in the same groove.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from composer.model.sequence import Brief
from composer.vocab import MELODY_PART, PARTS, GridSong, excerpt, transpose

LONGEST = 4
"""Bars of an example: as long as most loops."""


def lead_in(song: GridSong, brief: Brief) -> tuple[GridSong, Brief]:
    """The song and the brief with the brief's example before them, `example_bars` bars long; as they are where there is none."""
    if brief.example is None:
        return song, brief
    example = in_key_of(song, brief.example)
    bars = example.bar_count
    notes = song.notes.copy()
    notes["bar"] += bars
    joined = replace(
        song,
        notes=np.concatenate([example.notes, notes]),
        bar_length=np.concatenate([example.bar_length, song.bar_length]),
        beat_length=np.concatenate([example.beat_length, song.beat_length]),
        roots=np.concatenate([example.roots, song.roots]),
        basses=np.concatenate([example.basses, song.basses]),
        tones=np.concatenate([example.tones, song.tones]),
        phrase_position=_after(bars, song.phrase_position, -1),
        phrase_left=_after(bars, song.phrase_left, -1),
        section=_after(bars, song.section, 0),
    )
    playing = np.zeros((bars, PARTS), bool)
    playing[:, np.unique(example.notes["part"])] = True
    told = replace(
        brief,
        asked=np.concatenate([np.zeros_like(playing), brief.asked]),
        given=np.concatenate([playing, brief.given]),
        controls=np.concatenate([np.zeros((bars, *brief.controls.shape[1:]), brief.controls.dtype), brief.controls]),
        fresh_from=brief.fresh_from + bars if brief.fresh_from else 0,
        example=None,
        example_bars=bars,
    )
    return joined, told


def _after(bars: int, lane: np.ndarray, unknown: int) -> np.ndarray:
    return np.concatenate([np.full(bars, unknown, lane.dtype), lane])


def twice(example: GridSong) -> GridSong:
    """The example repeated once: the model takes up what it has seen repeated."""
    again = example.notes.copy()
    again["bar"] += example.bar_count
    return replace(
        example,
        notes=np.concatenate([example.notes, again]),
        bar_length=np.tile(example.bar_length, 2),
        beat_length=np.tile(example.beat_length, 2),
        roots=np.tile(example.roots, 2),
        basses=np.tile(example.basses, 2),
        tones=np.tile(example.tones, (2, 1)),
        phrase_position=np.tile(example.phrase_position, 2),
        phrase_left=np.tile(example.phrase_left, 2),
        section=np.tile(example.section, 2),
    )


def in_key_of(song: GridSong, example: GridSong) -> GridSong:
    """The example moved by up to six semitones, to where its chord roots are most like the song's."""
    mine, theirs = _root_shares(song), _root_shares(example)
    common = [np.minimum(np.roll(theirs, move), mine).sum() - 0.001 * abs(move) for move in range(-5, 7)]
    return transpose(example, int(np.argmax(common)) - 5)


def _root_shares(song: GridSong) -> np.ndarray:
    known = song.roots[song.roots >= 0]
    return np.asarray(np.bincount(known, minlength=12) / max(len(known), 1))


def cut_example(song: GridSong, start: int, bars: int = LONGEST) -> GridSong:
    """Bars of a song as an example: the band without its melody."""
    cut = excerpt(song, start, min(start + bars, song.bar_count))
    return replace(cut, notes=cut.notes[cut.notes["part"] != MELODY_PART])


def best_example(song: GridSong, bars: int = LONGEST) -> GridSong | None:
    """The bars of a piece that show most of its band, early ones first; None where no part plays two bars on end."""
    length = min(bars, song.bar_count)
    band = song.notes[song.notes["part"] != MELODY_PART]
    plays = np.zeros((song.bar_count, PARTS), bool)
    plays[band["bar"], band["part"]] = True
    plays &= (song.bar_length == usual(song.bar_length))[:, None]
    shown = [plays[start : start + length].sum() - 0.01 * start for start in range(song.bar_count - length + 1)]
    if length < 2 or max(shown) < 2:
        return None
    return cut_example(song, int(np.argmax(shown)), length)


def fits(song: GridSong, example: GridSong) -> bool:
    """Whether an example is in the song's usual metre."""
    return bool(
        usual(example.bar_length) == usual(song.bar_length) and usual(example.beat_length) == usual(song.beat_length)
    )


def usual(lengths: np.ndarray) -> int:
    """The commonest length of bars or beats."""
    return int(np.bincount(lengths).argmax())
