"""How well `composer.corpora.form` hears form: against POP909's human phrase labels, and against cutting every eight bars.

    COMPOSER_DATA=… python benchmarks/form.py [--songs N]

Boundaries count as found on the same bar, or within one; the start of the song does not count. "Same section" is the F
measure over pairs of bars that one labelling puts under one letter (the pairwise F of MIREX structural segmentation).
Where the labels begin is chosen with the help of the same evidence (`pop909._phrases`), which flatters the first column: with
the offset from the melody's rests alone, as they were before, it was 0.455, 0.727 and 0.615. The constants in form.py were
chosen on every other of the first 142 labelled songs; those are left out here.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Sequence

import numpy as np

from composer.corpora import data_root
from composer.corpora.form import Phrases, find_phrases
from composer.corpora.pop909 import songs

CHOSEN_ON = 142


def boundary_f(found: Phrases, true: Phrases, within: int) -> float:
    """F measure of section starts, but for a start at bar 0."""
    ours, theirs = ([start for start, _ in phrases if start > 0] for phrases in (found, true))
    if not ours or not theirs:
        return float(ours == theirs)
    apart = np.abs(np.subtract.outer(ours, theirs))
    return f_measure((apart.min(axis=1) <= within).mean(), (apart.min(axis=0) <= within).mean())


def same_section_f(found: Phrases, true: Phrases, bars: int) -> float:
    """F measure of pairs of bars under one letter."""
    ours, theirs = (_pairs(phrases, bars) for phrases in (found, true))
    both = (ours & theirs).sum()
    return f_measure(both / max(ours.sum(), 1), both / max(theirs.sum(), 1))


def _pairs(phrases: Phrases, bars: int) -> np.ndarray:
    letters = np.zeros(bars, int)
    for start, letter in phrases:
        letters[start:] = ord(letter)
    upper = np.triu_indices(bars, 1)
    return np.equal.outer(letters, letters)[upper]


def f_measure(precision: float, recall: float) -> float:
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def row(name: str, scores: Sequence[tuple[float, float, float]]) -> str:
    means = np.mean(scores, axis=0)
    wide = 1.96 * np.std(scores, axis=0) / len(scores) ** 0.5
    return f"{name:24}" + "".join(f"{mean:8.3f} ±{half:.3f}" for mean, half in zip(means, wide, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--songs", type=int, help="labelled songs at most (default: all)")
    said = parser.parse_args()
    labelled = (song for song in songs(data_root()) if song.phrases)
    heard, eights, spent = [], [], 0.0
    for song in itertools.islice(labelled, CHOSEN_ON, None if said.songs is None else CHOSEN_ON + said.songs):
        bars = len(song.score.bars())
        began = time.perf_counter()
        found = find_phrases(song.score)
        spent += time.perf_counter() - began
        every_eight = tuple((start, "A") for start in range(0, bars, 8))
        for phrases, scores in ((found, heard), (every_eight, eights)):
            near = (boundary_f(phrases, song.phrases, within) for within in (0, 1))
            scores.append((*near, same_section_f(phrases, song.phrases, bars)))
    print(f"{len(heard)} songs of POP909, {1000 * spent / max(len(heard), 1):.0f} ms a song")
    print(f"{'':24}{'same bar':>15}{'within a bar':>15}{'same section':>15}")
    print(row("heard in the music", heard))
    print(row("every eight bars", eights))


if __name__ == "__main__":
    main()
