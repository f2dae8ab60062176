"""Song: one piece of a corpus, ready to learn from, with where it came from and what may be done with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from composer.corpora.splits import SPLITS
from composer.gm import ROLES
from composer.harmony.lane import ChordLane
from composer.score import NO_NOTES, Score

OnSkip = Callable[[str, str], None]
"""Called with (song id, reason) for each song left out. Reasons repeat word for word, so that they can be counted."""

Loader = Callable[[Path, OnSkip], Iterator["Song"]]
"""A corpus folder → its songs, in a fixed order; what cannot be used goes to the callback."""


def ignore_skip(song_id: str, reason: str) -> None:
    """The OnSkip of those who do not count."""


@dataclass(frozen=True)
class Song:
    """One piece. Its score has at most one part per role, beats that agree with ticks, and the right metre."""

    id: str
    corpus: str
    work: str
    """The underlying song ("pop909/002"): splits go by work, never by version."""
    split: str
    licence: str
    sha256: str
    """Of the bytes of the files it was read from."""
    synthetic: bool
    """Arranged by a program rather than by people."""
    style: str
    """A name in STYLES, "" where nobody has said."""
    groove: str
    """A finer label, the corpus's own, or ""."""
    score: Score
    lane: ChordLane | None
    """One chord per beat over `score.bars()`, None where the corpus names no chords."""
    phrases: tuple[tuple[int, str], ...] = ()
    """(first bar, letter) in order, () where unknown."""
    phrases_by: str = ""
    """"people" or "composer" (heard in the music by `composer.corpora.form`), "" where there are none."""

    def __post_init__(self) -> None:
        assert self.split in SPLITS, self.split
        roles = [part.role for part in self.score.parts]
        assert len(set(roles)) == len(roles), roles
        assert set(roles) <= set(ROLES), roles
        if self.lane is not None:
            beats = sum(bar.beat_count for bar in self.score.bars())
            assert len(self.lane.chords) == beats, f"{self.id}: {len(self.lane.chords)} chords over {beats} beats"


def with_form(song: Song) -> Song:
    """The song with sections heard in its own music where nobody has labelled them."""
    from composer.corpora.form import find_phrases

    if song.phrases:
        return song if song.phrases_by else replace(song, phrases_by="people")
    phrases = find_phrases(song.score)
    return replace(song, phrases=phrases, phrases_by="composer" if phrases else "")


def hash_files(*paths: Path) -> str:
    """SHA-256 of the files' bytes, one after another, as hex."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def on_grid(score: Score) -> float:
    """Share of onsets within 1/24 beat of a sixteenth or an eighth triplet: near 1 for written music, 0.5 by chance."""
    beat = score.ticks_per_beat
    onsets = np.concatenate([part.notes["onset"] for part in score.parts] or [NO_NOTES["onset"]]) % beat
    places = np.array([0, 3, 4, 6, 8, 9, 12]) * (beat / 12)
    near = np.abs(onsets[:, None] - places).min(axis=1, initial=beat) <= beat / 24
    return float(near.mean()) if len(near) else 1.0
