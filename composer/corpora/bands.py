"""Whole bands written by people, from games that are free software: Freedoom, Simutrans, OpenTTD's OpenMSX, EasyRPG.

Each corpus is a folder of MIDI files. A file is kept, over its longest stretch in one metre the model plays, if its
beats are where its ticks say and at least two parts of a band (`composer.corpora.roles`) can be told in it; everything
else is counted with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from composer.corpora.duplicates import TuneIndex, tune_shingles
from composer.corpora.roles import band_of
from composer.corpora.song import Loader, OnSkip, Song, hash_files, ignore_skip, on_grid
from composer.corpora.splits import split_of
from composer.errors import InputError, ScoreError
from composer.formats.midi import read_midi
from composer.score import Part, Score, as_notes
from composer.timing import Meter, TempoMap

LEAST_ON_GRID = 0.8
LEAST_BARS = 8
LEAST_SECONDS = 12
MOST_BARS = 400
METERS = {(4, 4), (3, 4), (2, 4), (6, 8), (2, 2), (12, 8)}


@dataclass(frozen=True)
class BandCorpus:
    """A folder of band files: what it is called, its licence, and the style of a score in it."""

    name: str
    licence: str
    style_of: Callable[[Score], str]
    others: tuple[tuple[str, str], ...] = ()
    """(file name without suffix, licence) of files under another licence than the rest."""


def freedoom_style(score: Score) -> str:
    """Metal by distortion and pace, rock by a guitar and drums, dance by synth basses, else nobody has said."""
    has = {part.role: part for part in score.parts}
    bpm = score.tempo.bpm_at(0)
    guitar = has.get("guitar")
    driven = guitar is not None and guitar.program in (29, 30)
    if driven and "drums" in has and (guitar is not None and guitar.program == 30) and bpm >= 100:
        return "metal"
    if driven and "drums" in has:
        return "rock"
    if "drums" in has and "bass" in has and has["bass"].program in (38, 39):
        return "dance"
    return "rock" if guitar is not None and "drums" in has else ""


def transport_style(score: Score) -> str:
    """Simutrans and OpenMSX: triplets swing, slap basses funk, a drum kit and a bass otherwise pop."""
    has = {part.role: part for part in score.parts}
    if "drums" not in has:
        return "classical" if "strings" in has and "bass" not in has else ""
    if swing_share(score) > 0.5:
        brass = any(56 <= part.program <= 71 for part in score.parts)
        return "swing" if brass or ("bass" in has and has["bass"].program == 32) else "blues"
    if "bass" in has and has["bass"].program in (36, 37):
        return "funk"
    if "guitar" in has and has["guitar"].program in (29, 30):
        return "rock"
    return "pop" if "bass" in has else ""


def rpg_style(score: Score) -> str:
    """EasyRPG: rock where a drum kit and a driven guitar play, orchestral otherwise."""
    has = {part.role: part for part in score.parts}
    if "drums" in has and "guitar" in has and has["guitar"].program in (29, 30):
        return "rock"
    return "classical" if "drums" not in has else ""


CORPORA: dict[str, BandCorpus] = {
    corpus.name: corpus
    for corpus in (
        BandCorpus("freedoom", "BSD-3-Clause", freedoom_style),
        BandCorpus("freedoom_history", "BSD-3-Clause", freedoom_style),
        BandCorpus("simutrans", "Artistic-1.0", transport_style),
        BandCorpus("openmsx", "GPL-2.0", transport_style),
        BandCorpus("easyrpg", "CC-BY-4.0", rpg_style, (("Boss_3", "CC0-1.0"),)),
    )
}


def songs(name: str, data: Path, on_skip: OnSkip = ignore_skip) -> Iterator[Song]:
    """The bands of one of `CORPORA`, in folder `data`/`name`. Raises InputError where there is none."""
    corpus = CORPORA.get(name)
    if corpus is None:
        raise InputError(f"no band corpus called {name!r}; there are {', '.join(CORPORA)}")
    folder = data / name
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; corpora/{name}/README.md says where to get it")
    tunes = TuneIndex()
    for path in sorted(folder.glob("*.mid")):
        song_id = f"{corpus.name}/{path.stem}"
        try:
            score = usable(read_midi(path))
        except InputError as error:
            on_skip(song_id, str(error).removeprefix(f"{path}: "))
            continue
        tune = tune_shingles(score)
        if tunes.versions(tune):
            on_skip(song_id, "a version of another file")
            continue
        tunes.add(song_id, tune)
        yield _song(song_id, corpus, score, path)


LOADERS: dict[str, Loader] = {name: partial(songs, name) for name in CORPORA}
"""Corpus name → loader, from the folder that holds all corpora."""


def _song(song_id: str, corpus: BandCorpus, score: Score, path: Path) -> Song:
    from composer.harmony.infer import chords_from_notes

    # Freedoom's history holds other takes of the levels Freedoom has now: one work by level name, whatever its take.
    work = f"freedoom/{path.stem.partition('--')[0]}" if corpus.name.startswith("freedoom") else song_id
    return Song(
        id=song_id,
        corpus=corpus.name,
        work=work,
        split=split_of(work),
        licence=dict(corpus.others).get(path.stem.replace(" ", "_"), corpus.licence),
        sha256=hash_files(path),
        synthetic=False,
        style=corpus.style_of(score),
        groove=corpus.name,
        score=score,
        lane=chords_from_notes(score),
    )


def usable(score: Score) -> Score:
    """The file's band over its longest stretch in one metre. Raises ScoreError with why it cannot be used."""
    if not score.parts or score.end == 0:
        raise ScoreError("no notes")
    band = band_of(_steady(score))
    if len(band.parts) < 2 or all(part.role == "drums" for part in band.parts):
        raise ScoreError("fewer than two parts of a band")
    bars = len(band.bars())
    if bars < LEAST_BARS or band.duration_s < LEAST_SECONDS:
        raise ScoreError(f"shorter than {LEAST_BARS} bars or {LEAST_SECONDS} seconds")
    if bars > MOST_BARS:
        raise ScoreError(f"longer than {MOST_BARS} bars")
    if on_grid(band) < LEAST_ON_GRID:
        raise ScoreError("off the grid")
    return band


def _steady(score: Score) -> Score:
    """The longest stretch in one metre that the model plays, moved to tick 0: from the bar of its first note on."""
    changes = [
        change
        for before, change in zip((None, *score.meter.changes), score.meter.changes, strict=False)
        if before is None or before[1:] != change[1:]
    ]
    ends = [*(tick for tick, _, _ in changes[1:]), score.end]
    stretches = [
        (min(end, score.end) - tick, tick, end, numerator, denominator)
        for (tick, numerator, denominator), end in zip(changes, ends, strict=True)
        if (numerator, denominator) in METERS
    ]
    if not stretches:
        raise ScoreError("a metre the model does not play")
    length, tick, end, numerator, denominator = max(stretches)
    onsets = np.concatenate([part.notes["onset"] for part in score.parts])
    onsets = onsets[(onsets >= tick) & (onsets < end)]
    if length <= 0 or not len(onsets):
        raise ScoreError("a metre the model does not play")
    bar = numerator * 4 * score.ticks_per_beat // denominator
    start = tick + int(onsets.min() - tick) // bar * bar
    return _cut(score, start, end, Meter(score.ticks_per_beat, ((0, numerator, denominator),)))


def _cut(score: Score, start: int, end: int, meter: Meter) -> Score:
    """Ticks [start, end) moved to 0, without events."""
    parts = []
    for part in score.parts:
        notes = part.clip(start, end).notes.copy()
        notes["onset"] -= start
        parts.append(Part(part.name, as_notes(notes), part.program, part.is_drum, part.role))
    at_start = [tempo_us for tick, tempo_us in score.tempo.changes if tick <= start][-1]
    later = ((tick - start, tempo_us) for tick, tempo_us in score.tempo.changes if start < tick < end)
    tempo = TempoMap(score.ticks_per_beat, ((0, at_start), *later))
    return replace(score, parts=tuple(parts), tempo=tempo, meter=meter, chords=(), events=())


def swing_share(score: Score) -> float:
    """Of the onsets between beats near the half or the two-thirds, the share at the two-thirds: 0 straight, 1 swung."""
    onsets = np.concatenate([part.notes["onset"] for part in score.parts])
    phase = (onsets % score.ticks_per_beat) / score.ticks_per_beat
    straight = int((np.abs(phase - 1 / 2) < 0.06).sum())
    swung = int((np.abs(phase - 2 / 3) < 0.06).sum())
    return swung / max(straight + swung, 1)
