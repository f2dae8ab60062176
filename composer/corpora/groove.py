"""Groove MIDI (Gillick et al. 2019, CC BY 4.0): human drummers, with style, tempo and metre per take in `info.csv`.

Played to a click, so that beats agree with ticks; the timing around them is the drummers' and is kept. Only beats are
read, not the takes that are one fill.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from composer.corpora.song import OnSkip, Song, hash_files, ignore_skip
from composer.corpora.splits import split_of
from composer.errors import InputError, ScoreError
from composer.formats.midi import read_midi
from composer.gm import BAND
from composer.score import Part, Score, as_notes
from composer.timing import Meter, TempoMap

LICENCE = "CC-BY-4.0"
LEAST_BARS = 4
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


def songs(data: Path, on_skip: OnSkip = ignore_skip) -> Iterator[Song]:
    """The beats under `data`/groove, in the order of its info.csv."""
    index = data / "groove" / "info.csv"
    if not index.is_file():
        raise InputError(f"{index}: no such file; corpora/groove/README.md says where to get the corpus")
    with index.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        path = index.parent / row["midi_filename"]
        song_id = f"groove/{row['id']}"
        if not path.is_file():
            on_skip(song_id, "not in this copy")
        elif row["beat_type"] != "beat":
            on_skip(song_id, "a fill by itself")
        else:
            try:
                yield _song(song_id, row, path)
            except InputError as error:
                on_skip(song_id, str(error).removeprefix(f"{path}: "))


def _song(song_id: str, row: Mapping[str, str], path: Path) -> Song:
    # In the evaluation sessions all drummers play the same ten grooves: those are one work each.
    label = row["style"]
    work = f"groove/{label}" if "eval_session" in row["id"] else song_id
    return Song(
        id=song_id,
        corpus="groove",
        work=work,
        split=split_of(work),
        licence=LICENCE,
        sha256=hash_files(path),
        synthetic=False,
        style=style_name(label),
        groove=label,
        score=_drums(read_midi(path), row),
        lane=None,
    )


def _drums(score: Score, row: Mapping[str, str]) -> Score:
    """The take as one drum part in General MIDI notes, at the click's tempo. Raises ScoreError where that cannot be."""
    if row["time_signature"] not in METERS:
        raise ScoreError("a metre the model does not play")
    numerator, denominator = METERS[row["time_signature"]]
    played = [part.notes for part in score.parts if part.is_drum and len(part)]
    if not played:
        raise ScoreError("no drums")
    notes = np.concatenate(played)
    for heard, meant in TO_GENERAL_MIDI.items():
        notes["pitch"][notes["pitch"] == heard] = meant
    reach = BAND["drums"]
    notes = as_notes(notes[(notes["pitch"] >= reach.low) & (notes["pitch"] <= reach.high)])
    ticks = score.ticks_per_beat
    drums = Part("Drums", notes, 0, True, "drums")
    taken = replace(
        score,
        parts=(drums,),
        tempo=TempoMap.constant(float(row["bpm"]), ticks),
        meter=Meter(ticks, ((0, numerator, denominator),)),
        chords=(),
        events=(),
    )
    if len(taken.bars()) < LEAST_BARS:
        raise ScoreError(f"shorter than {LEAST_BARS} bars")
    return taken
