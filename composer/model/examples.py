"""The library of examples beside a checkpoint: for every groove a few bars of a band playing it, for `example.lead_in`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from composer.gm import ROLES
from composer.model.controls import measure, overall
from composer.model.example import fits, usual
from composer.model.sidecar import read_sidecar, write_sidecar
from composer.styles import PEOPLE
from composer.timing import beat_quarters
from composer.vocab import DRUM_PART, DURATIONS, GRID_NOTE_DTYPE, GridSong, duration_class

FILE = "examples.safetensors"
CARD_FIELD = "examples_sha256"
_FIELDS = ("part", "bar", "position", "pitch", "duration", "velocity")
_QUARTER = 12
NEARLY = 0.75
"""Only examples whose style is recognised with at least this share of the best example's probability are used."""
SHARE_AS_MINOR = 1 / 3
"""Of the examples that could be taken, those most like the song in mode."""


@dataclass(frozen=True)
class Example:
    """A few bars and whose they are."""

    song: GridSong
    """The band without a melody; style and groove as the card names them."""
    source: str
    licence: str
    heard: Mapping[str, float] = field(default_factory=dict)
    """Metre (as `metre_of`) → how probable its style was to the listener in auditions after it (composer.batch.auditions)."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Who plays in it."""
        return tuple(ROLES[part] for part in np.unique(self.song.notes["part"]).tolist())

    @property
    def heard_best(self) -> float:
        """How probable its style was in the metre in which it came across best; 0 where it never auditioned."""
        return max(self.heard.values(), default=0.0)

    def shows(self, asked: Sequence[str]) -> int:
        """How many of the requested parts play in it."""
        return len(set(asked) & set(self.parts))

    def suits(self, asked: Sequence[str]) -> bool:
        """Whether it fits the requested parts: a band with drums or, where no drums are requested, all requested parts without drums."""
        shown = self.parts
        return "drums" in shown if "drums" in asked else "drums" not in shown and set(asked) <= set(shown)


@dataclass(frozen=True)
class Examples:
    """All of them, in the order of the file."""

    entries: tuple[Example, ...] = ()

    @cached_property
    def heard(self) -> tuple[np.ndarray, ...]:
        """What every part does in each entry, one word a part, as `controls.overall`: (R, controls). Half a second, once."""
        return tuple(overall(measure(entry.song)) for entry in self.entries)

    def across(self, style: str, metre: str, asked: Sequence[str]) -> list[Example]:
        """Those after which a style comes across in a metre (as `metre_of`) nearly as well as after the best of them.

        Who never auditioned is believed in the metre they played in. What people play counts only if it suits the parts asked;
        what sequencers play comes apart into its parts.
        """
        mine = [
            entry
            for entry in self.entries
            if entry.song.style == style and (entry.song.groove != PEOPLE or entry.suits(asked))
        ]
        enough = NEARLY * max((entry.heard.get(metre, 0.0) for entry in mine), default=0.0)
        return [
            entry
            for entry in mine
            if (entry.heard.get(metre, -1.0) >= enough if entry.heard else metre_of(entry.song) == metre)
        ]

    def of(self, style: str, groove: str, song: GridSong, asked: Sequence[str]) -> list[Example]:
        """Those of a style in a groove ("" for any) that can stand before the song, their bars made as long as its own.

        Those that come across in its metre, else any; of these those that suit the parts asked, where any do; of these those
        that show most of them (who does not hear a piano plays one as all bands together do); and of these the third whose
        chords are as minor as the song's: after a riff in E minor, a band plays G over E major too.
        """
        for entries in (self.across(style, metre_of(song), asked), self.entries):
            found = []
            for entry in entries:
                if entry.song.style == style and groove in ("", entry.song.groove):
                    shaped = in_metre_of(song, entry.song)
                    if shaped is not None:
                        found.append(replace(entry, song=shaped))
            if found:
                suiting = [entry for entry in found if entry.suits(asked)] or found
                most = max(entry.shows(asked) for entry in suiting)
                showing = [entry for entry in suiting if entry.shows(asked) == most]
                return as_minor(song, showing, math.ceil(SHARE_AS_MINOR * len(showing)))
        return []


def as_minor(song: GridSong, examples: Sequence[Example], count: int) -> list[Example]:
    """The `count` examples with the song's share of minor chords, or the nearest to it, and those that are as near as the last."""
    wanted = minor_share(song)
    far = [abs(minor_share(example.song) - wanted) for example in examples]
    enough = sorted(far)[count - 1]
    return [example for example, how_far in zip(examples, far, strict=True) if how_far <= enough]


def minor_share(song: GridSong) -> float:
    """Share of a song's beats with a minor third among those with either third; a half where there are none."""
    known = np.flatnonzero(song.roots >= 0)
    minor, major = (song.tones[known, (song.roots[known] + third) % 12] for third in (3, 4))
    either = minor != major
    return float(minor[either].mean()) if either.any() else 0.5


def metre_of(song: GridSong) -> str:
    """A song's usual bar and its beats, in positions: "48/12" is 4/4, "36/18" 6/8."""
    return f"{usual(song.bar_length)}/{usual(song.beat_length)}"


def metre_called(meter: str) -> str:
    """The same of a time signature such as "6/8"."""
    above, below = (int(number) for number in meter.split("/"))
    return f"{4 * _QUARTER * above // below}/{round(_QUARTER * beat_quarters(above, below))}"


def in_metre_of(song: GridSong, example: GridSong) -> GridSong | None:
    """The example in the song's usual metre, None where it cannot be had.

    As musicians do: 2/4 is half a bar of 4/4, 3/4 is 4/4 without its last beat, and 6/8 is half a bar of 4/4, swung.
    """
    if fits(song, example):
        return example
    wanted, beat = usual(song.bar_length), usual(song.beat_length)
    if not (example.beat_length == _QUARTER).all() or not (example.bar_length == 4 * _QUARTER).all():
        return None
    if (wanted, beat) == (3 * _QUARTER, _QUARTER):
        keep = np.tile([True, True, True, False], example.bar_count)
        notes = example.notes[example.notes["position"] < wanted]
        return _in_bars(example, notes, np.full(example.bar_count, wanted), beat, keep)
    if (wanted, beat) not in ((2 * _QUARTER, _QUARTER), (3 * _QUARTER, 3 * _QUARTER // 2)):
        return None
    notes = example.notes.copy()
    half = 2 * _QUARTER
    notes["bar"] = 2 * notes["bar"] + notes["position"] // half
    notes["position"] %= half
    if beat != _QUARTER:
        notes["position"] = notes["position"] // _QUARTER * beat + _SWUNG[notes["position"] % _QUARTER]
        notes["duration"] = duration_class(DURATIONS[notes["duration"]] * 1.5) * (notes["part"] != DRUM_PART)
        _, first = np.unique(notes[["bar", "part", "position", "pitch"]], return_index=True)
        notes = notes[first]
    return _in_bars(example, notes, np.full(2 * example.bar_count, wanted), beat, np.ones(len(example.roots), bool))


_SWUNG = np.repeat([0, 6, 12], (2, 3, 7))
"""Place in a quarter, in twelfths → place in a dotted quarter: its off-beats fall on the last of the three eighths."""


def _in_bars(example: GridSong, notes: np.ndarray, lengths: np.ndarray, beat: int, beats: np.ndarray) -> GridSong:
    """The example with other notes in other bars, and some of its beats' chords."""
    unknown = np.full(len(lengths), -1)
    return replace(
        example,
        notes=np.sort(notes, order=["bar", "part", "position", "pitch"]),
        bar_length=lengths,
        beat_length=np.full(len(lengths), beat),
        roots=example.roots[beats],
        basses=example.basses[beats],
        tones=example.tones[beats],
        phrase_position=unknown,
        phrase_left=unknown,
        section=np.zeros(len(lengths), np.int64),
    )


def save_examples(examples: Sequence[Example], folder: Path) -> str:
    """Write them beside the weights; returns the hash for the card."""
    songs = [example.song for example in examples]
    notes = np.concatenate([song.notes for song in songs])
    arrays = {
        "notes": np.stack([notes[name].astype(np.uint8) for name in _FIELDS], axis=1),
        "bar_length": np.concatenate([song.bar_length for song in songs]).astype(np.uint8),
        "beat_length": np.concatenate([song.beat_length for song in songs]).astype(np.uint8),
        "roots": np.concatenate([song.roots for song in songs]).astype(np.int8),
        "basses": np.concatenate([song.basses for song in songs]).astype(np.int8),
        "tones": np.concatenate([song.tones for song in songs]).astype(np.uint8),
    }
    about = [
        {
            "style": example.song.style,
            "groove": example.song.groove,
            "source": example.source,
            "licence": example.licence,
            "heard": dict(example.heard),
            "tempo_bpm": round(example.song.tempo_bpm, 2),
            "notes": len(example.song.notes),
            "bars": example.song.bar_count,
            "beats": len(example.song.roots),
        }
        for example in examples
    ]
    return write_sidecar(folder, FILE, arrays, about)


def load_examples(folder: Path, card: Mapping[str, Any]) -> Examples:
    """The examples of a checkpoint folder, none where it has none. Raises CheckpointError where they are not the card's."""
    found = read_sidecar(folder, FILE, card.get(CARD_FIELD))
    if found is None:
        return Examples()
    arrays, about = found
    entries, at = [], {"notes": 0, "bars": 0, "beats": 0}
    for facts in about:
        note, bar, beat = (slice(at[name], at[name] + facts[name]) for name in ("notes", "bars", "beats"))
        at = {name: at[name] + facts[name] for name in at}
        notes = np.zeros(facts["notes"], GRID_NOTE_DTYPE)
        for column, name in enumerate(_FIELDS):
            notes[name] = arrays["notes"][note, column]
        unknown = np.full(facts["bars"], -1)
        song = GridSong(
            notes,
            arrays["bar_length"][bar].astype(np.int64),
            arrays["beat_length"][bar].astype(np.int64),
            arrays["roots"][beat].astype(np.int64),
            arrays["basses"][beat].astype(np.int64),
            arrays["tones"][beat].astype(bool),
            unknown,
            unknown,
            np.zeros(facts["bars"], np.int64),
            facts["tempo_bpm"],
            facts["style"],
            facts["groove"],
        )
        entries.append(Example(song, facts["source"], facts["licence"], facts.get("heard", {})))
    return Examples(tuple(entries))
