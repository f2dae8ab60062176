"""How far a melody decides its chords: python benchmarks/harmony_ceiling.py --data DIR

Four bars of one song are paired with the four bars of all other songs that sing most like them (pitch classes by half beat,
counted from the key, cosine). How often do the two have the same root on the same beat? Where the melodies are all but the
same, nothing that sees four bars of melody can agree with the written chords much more often than the two writers do.
Test songs are left out, so that nothing is learned from them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from composer.corpora import iter_songs
from composer.training.harmony_songs import CORPORA, Example, examples, rolled

PHRASE_BARS = 4
FEWEST_PITCH_CLASSES = 4
"""Phrases on fewer sing alike by chance."""
BANDS = ((0.80, 0.85), (0.85, 0.90), (0.90, 0.95), (0.95, 1.01))
_AT_ONCE = 512


@dataclass(frozen=True)
class Phrases:
    """All phrases of one metre: `song` and `corpus` (n,), `sung` (n, features) of length 1, `roots` (n, beats)."""

    song: np.ndarray
    corpus: np.ndarray
    sung: np.ndarray
    roots: np.ndarray


def phrases(songs: Iterable[Example]) -> list[Phrases]:
    """Every four bars of one length, by the number of beats in a bar."""
    found: dict[int, list[tuple[int, str, np.ndarray, np.ndarray]]] = {}
    for index, song in enumerate(songs):
        counts = np.array([bar.beat_count for bar in song.bars])
        starts = np.cumsum(counts) - counts
        sung = rolled(song.features, song.reference)[:, :24]
        roots = np.where(song.roots < 0, -1, (song.roots - song.reference) % 12)
        for bar in range(len(counts) - PHRASE_BARS + 1):
            usual = int(counts[bar])
            beats = slice(starts[bar], starts[bar] + PHRASE_BARS * usual)
            here = sung[beats]
            classes = np.unique(here[here.sum(1) > 0].argmax(1) % 12) if here.any() else ()
            if (counts[bar : bar + PHRASE_BARS] == usual).all() and len(classes) >= FEWEST_PITCH_CLASSES:
                found.setdefault(usual, []).append((index, song.corpus, here.ravel(), roots[beats]))
    made = []
    for rows in found.values():
        sung = np.stack([row[2] for row in rows])
        sung /= np.linalg.norm(sung, axis=1, keepdims=True)
        song_of, corpus_of = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
        made.append(Phrases(song_of, corpus_of, sung, np.stack([row[3] for row in rows])))
    return made


def agreement(groups: Iterable[Phrases]) -> dict[tuple[str, float], np.ndarray]:
    """(corpus, least similarity) → beats that agree, beats, phrases, each with its nearest phrase of another song."""
    found: dict[tuple[str, float], np.ndarray] = {}
    for group in groups:
        for first in range(0, len(group.song), _AT_ONCE):
            rows = slice(first, first + _AT_ONCE)
            alike = group.sung[rows] @ group.sung.T
            alike[group.song[rows][:, None] == group.song] = 0.0
            nearest, most = alike.argmax(1), alike.max(1)
            ours, theirs = group.roots[rows], group.roots[nearest]
            named = (ours >= 0) & (theirs >= 0)
            same = (ours == theirs) & named
            for corpus in CORPORA:
                for low, high in BANDS:
                    chosen = (group.corpus[rows] == corpus) & (most >= low) & (most < high)
                    counts = np.array([same[chosen].sum(), named[chosen].sum(), chosen.sum()])
                    found[corpus, low] = found.get((corpus, low), 0) + counts
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora")
    options = parser.parse_args()
    songs = [song for song in examples(iter_songs(CORPORA, options.data)) if song.split != "test"]
    found = agreement(phrases(songs))
    print("| similarity | " + " | ".join(f"{corpus} same root | phrases" for corpus in CORPORA) + " |")
    print("|---" * (1 + 2 * len(CORPORA)) + "|")
    for low, high in BANDS:
        cells = [found[corpus, low] for corpus in CORPORA]
        texts = [f"{same / max(beats, 1):.2f} | {count}" for same, beats, count in cells]
        print(f"| {low:.2f}-{min(high, 1.0):.2f} | " + " | ".join(texts) + " |")


if __name__ == "__main__":
    main()
