"""Groove MIDI (Gillick et al. 2019, CC BY 4.0): human drummers, with style, tempo and metre per take in `info.csv`.

Played to a click, so that beats agree with ticks. As songs their strokes are where they were meant to be (corpora/snapping.py), as
takes where they were played. Only beats are read, not the takes that are one fill.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from composer.corpora.snapping import snap
from composer.corpora.song import OnSkip, Song, hash_files, ignore_skip
from composer.corpora.splits import split_of
from composer.errors import InputError, ScoreError
from composer.formats.midi import read_midi
from composer.gm import BAND
from composer.score import Part, Score, as_notes, struck_once
from composer.timing import Meter, TempoMap
from composer.vocab import POSITIONS_PER_QUARTER

LICENCE = "CC-BY-4.0"
LEAST_BARS = 4
LEAST_BPM, MOST_BPM = 20.0, 400.0
COLUMNS = ("id", "style", "bpm", "beat_type", "time_signature", "midi_filename")
"""Of info.csv, those that are read."""
METERS = {"4-4": (4, 4), "3-4": (3, 4), "6-8": (6, 8)}

TO_GENERAL_MIDI = {22: 42, 26: 46, 58: 43, 40: 38}
"""The kit's rim and edge notes → the General MIDI notes that sound alike."""

_STYLES = {
    "rock": "rock", "punk": "rock", "funk": "funk", "afrobeat": "funk", "neworleans": "funk", "soul": "soul",
    "jazz": "swing", "hiphop": "hiphop", "country": "country", "gospel": "gospel", "reggae": "reggae", "pop": "pop",
    "latin": "latin", "afrocuban": "latin", "highlife": "latin", "blues": "blues", "dance": "dance",
}  # fmt: skip
_FINER = {
    "latin/brazilian-samba": "samba", "latin/samba": "samba", "latin/brazilian-bossa": "bossa", "dance/disco": "disco",
    "jazz/funk": "funk", "jazz/fusion": "funk", "jazz/klezmer": "folk", "jazz/march": "march", "rock/folk": "folk",
    "latin/reggaeton": "reggae", "latin/bossa": "bossa", "soul/motown": "soul",
}  # fmt: skip


def style_name(label: str) -> str:
    """The corpus's label → a name in STYLES, "" where none fits.

    >>> style_name("funk/purdieshuffle"), style_name("jazz/fusion"), style_name("latin/brazilian-samba")
    ('funk', 'funk', 'samba')
    """
    return _FINER.get(label) or _STYLES.get(label.partition("/")[0], "")


@dataclass(frozen=True)
class Take:
    """What a drummer played, and where each stroke was meant to be."""

    id: str
    work: str
    label: str
    """The corpus's own name of the style, such as "funk/purdieshuffle"."""
    sha256: str
    bpm: float
    meter: tuple[int, int]
    notes: np.ndarray
    """As played: NOTE_DTYPE, in General MIDI drums."""
    ticks_per_beat: int
    places: np.ndarray
    """Where each note was meant to be, in twelfths of a quarter note from the start, (n,)."""
    late_s: np.ndarray
    """How much later than that it was played, beyond the take's own lag behind its click, (n,)."""

    @property
    def split(self) -> str:
        return split_of(self.work)

    @property
    def style(self) -> str:
        return style_name(self.label)


def songs(data: Path, on_skip: OnSkip = ignore_skip) -> Iterator[Song]:
    """The beats under `data`/groove, in the order of its info.csv."""
    for take in takes(data, on_skip):
        try:
            score = _on_grid(take)
        except ScoreError as error:
            on_skip(take.id, str(error))
            continue
        yield Song(
            id=take.id,
            corpus="groove",
            work=take.work,
            split=take.split,
            licence=LICENCE,
            sha256=take.sha256,
            synthetic=False,
            style=take.style,
            groove=take.label,
            score=score,
            lane=None,
        )


def takes(data: Path, on_skip: OnSkip = ignore_skip) -> Iterator[Take]:
    """The same as they were played. Raises InputError where the corpus is not there, or its table cannot be read."""
    index = data / "groove" / "info.csv"
    if not index.is_file():
        raise InputError(f"{index}: no such file; corpora/groove/README.md says where to get the corpus")
    for row in _rows(index):
        path = index.parent / row["midi_filename"]
        take_id = f"groove/{row['id']}"
        if not path.is_file():
            on_skip(take_id, "not in this copy")
        elif row["beat_type"] != "beat":
            on_skip(take_id, "a fill by itself")
        elif row["time_signature"] not in METERS:
            on_skip(take_id, "a metre the model does not play")
        else:
            try:
                yield _take(take_id, row, path)
            except InputError as error:
                on_skip(take_id, str(error).removeprefix(f"{path}: "))


def _rows(index: Path) -> list[dict[str, str]]:
    """The table of takes; cells that a row lacks are empty. Raises InputError."""
    try:
        with index.open(encoding="utf-8", newline="") as lines:
            table = csv.DictReader(lines, restval="")
            columns, rows = table.fieldnames or (), list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{index}: cannot be read as a table ({error})") from None
    if missing := [name for name in COLUMNS if name not in columns]:
        raise InputError(f"{index}: lacks the columns {', '.join(missing)}; get the corpus again")
    return rows


def _take(take_id: str, row: Mapping[str, str], path: Path) -> Take:
    score = read_midi(path)
    played = [part.notes for part in score.parts if part.is_drum and len(part)]
    if not played:
        raise ScoreError("no drums")
    notes = np.concatenate(played)
    for heard, meant in TO_GENERAL_MIDI.items():
        notes["pitch"][notes["pitch"] == heard] = meant
    reach = BAND["drums"]
    notes = as_notes(notes[(notes["pitch"] >= reach.low) & (notes["pitch"] <= reach.high)])
    try:
        bpm = float(row["bpm"])
    except ValueError:
        bpm = 0.0
    if not LEAST_BPM <= bpm <= MOST_BPM:
        raise ScoreError("no tempo in info.csv")
    onsets = notes["onset"] / score.ticks_per_beat
    places, lag = snap(onsets, bpm)
    return Take(
        id=take_id,
        # In the evaluation sessions all drummers play the same ten grooves: those are one work each.
        work=f"groove/{row['style']}" if "eval_session" in row["id"] else take_id,
        label=row["style"],
        sha256=hash_files(path),
        bpm=bpm,
        meter=METERS[row["time_signature"]],
        notes=notes,
        ticks_per_beat=score.ticks_per_beat,
        places=places,
        late_s=(onsets - lag - places / POSITIONS_PER_QUARTER) * 60 / bpm,
    )


def _on_grid(take: Take) -> Score:
    """The take as it was meant, at its click's tempo; of a flam, which is one stroke of two sticks, the louder.

    Raises ScoreError for one that is too short.
    """
    ticks, notes = take.ticks_per_beat, take.notes.copy()
    notes["onset"] = np.maximum(take.places, 0) * ticks // POSITIONS_PER_QUARTER
    louder_first = notes[np.argsort(-notes["velocity"], kind="stable")]
    score = Score(
        parts=(Part("Drums", as_notes(struck_once(louder_first)), 0, True, "drums"),),
        tempo=TempoMap.constant(take.bpm, ticks),
        meter=Meter(ticks, ((0, *take.meter),)),
    )
    if len(score.bars()) < LEAST_BARS:
        raise ScoreError(f"shorter than {LEAST_BARS} bars")
    return score
