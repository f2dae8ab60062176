"""How often inferred chords are the songs' own, on songs not trained on: python benchmarks/harmony.py --data DIR

Two measurements. The recipe: beside the model lie the networks of a cross-validation, each of which has left out a fold of the
songs (`python -m composer.training.harmony` trains them), and every song is scored by the one that has not seen it. The
model as it is used: on the songs of the valid and test splits, which no network has seen.

Per beat between the melody's first bar and its last, beats without a chord left out. Root: the right root. Majmin: the
right root and third, over beats whose chord has a third. Beside the learned model, a plain Viterbi over 24 triads. Ranges
are those of 95 % of 2,000 draws of songs.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from composer.corpora import iter_songs
from composer.corpora.song import Song
from composer.harmony.chord import Chord
from composer.harmony.chroma import beat_edges, beat_weights, chroma
from composer.harmony.harmonise import harmonise
from composer.harmony.infer import chords_from_melody, chords_from_notes
from composer.harmony.key import Key, find_key
from composer.harmony.lane import ChordLane
from composer.harmony.melody_features import signature_tonic
from composer.harmony.melody_model import MelodyModel
from composer.harmony.viterbi import best_path
from composer.score import Part, Score, as_notes
from composer.timing import Meter
from composer.training.harmony_songs import CORPORA, fold_of

NAMES = [
    name + minor for minor in ("", "m") for name in ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
]


def triads_from_melody(melody: Part, score: Score) -> ChordLane:
    """The plain way: triads that share most with each beat's notes, the key's own favoured, a price on every change.

    The prices and the favour are those that did best on training songs.
    """
    bars = score.meter.bars(melody.end)
    heard = chroma(melody.notes, beat_edges(bars))
    chords = [Chord.parse(name) for name in NAMES]
    scores = np.stack([heard[:, list(chord.tones)].sum(1) for chord in chords], axis=1)
    scale = Key(signature_tonic(melody.notes), "major").scale
    scores += [0.2 * (set(chord.tones) <= set(scale)) for chord in chords]
    change = np.stack([-cost * (1.0 - np.eye(24)) for cost in (3.0, 1.5, 0.2)])
    return ChordLane(tuple(chords[state] for state in best_path(scores, change, beat_weights(bars))))


def compare(songs: Iterable[Song], infer: Callable[[Song], ChordLane]) -> np.ndarray:
    """Beats of each song: right roots, roots asked for, right thirds, thirds asked for; shape (songs, 4)."""
    counts = []
    for song in songs:
        assert song.lane is not None
        melody = song.score.part("melody")
        starts = np.array([start for bar in song.score.bars() for start in bar.beat_starts()])
        first = max(bar.start for bar in song.score.bars() if bar.start <= melody.start)
        count = np.zeros(4)
        for start, ours, theirs in zip(starts, infer(song).chords, song.lane.chords, strict=False):
            if start < first or theirs.root < 0:
                continue
            count[:2] += (ours.root == theirs.root, 1)
            if theirs.third in ("maj", "min"):
                count[2:] += (ours.majmin == theirs.majmin, 1)
        counts.append(count)
    return np.array(counts)


def accuracies(counts: np.ndarray) -> tuple[float, float, int]:
    """Root accuracy, majmin accuracy and beats counted."""
    root, roots, third, thirds = counts.sum(0)
    return root / roots, third / thirds, int(roots)


def interval(counts: np.ndarray, against: np.ndarray | None = None) -> tuple[float, float]:
    """95 % of root accuracies over songs drawn with replacement; of their differences, `against` the same songs."""
    draws = np.random.default_rng(0).integers(0, len(counts), (2000, len(counts)))
    found = counts[draws][..., :2].sum(1)
    share = found[:, 0] / found[:, 1]
    if against is not None:
        other = against[draws][..., :2].sum(1)
        share = share - other[:, 0] / other[:, 1]
    low, high = np.percentile(share, (2.5, 97.5))
    return float(low), float(high)


def _cells(counts: np.ndarray) -> str:
    root, third, _ = accuracies(counts)
    low, high = interval(counts)
    return f"{root:.3f} | {low:.3f} to {high:.3f} | {third:.3f}"


def _harmonised(model: MelodyModel, song: Song) -> ChordLane:
    melody = song.score.part("melody")
    return harmonise(model, melody.notes, song.score.meter.bars(melody.end), song.score.key)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--model", type=Path, help="another chord model's folder [the shipped one]")
    options = parser.parse_args()
    songs = [
        song
        for song in iter_songs(CORPORA, options.data)
        if song.lane and any(part.role == "melody" and len(part) for part in song.score.parts)
    ]
    model, folds = MelodyModel.load(options.model), MelodyModel.load_folds(options.model)

    def unseen(song: Song) -> ChordLane:
        return _harmonised(folds[fold_of(song.work, len(folds))], song)

    print(f"{platform.machine()}, {os.cpu_count()} cores, python {platform.python_version()}")
    print(f"\nEvery song by the one of {len(folds)} networks that left out its fold:\n")
    print("| from the melody | songs | beats | triads root | triads majmin | root | 95 % | majmin |")
    print("|---" * 8 + "|")
    alone: dict[str, np.ndarray] = {}
    for corpus in CORPORA:
        ours = [song for song in songs if song.corpus == corpus]
        plain = compare(ours, lambda song: triads_from_melody(song.score.part("melody"), song.score))
        alone[corpus] = compare(ours, unseen)
        plain_root, plain_third, _ = accuracies(plain)
        row = f"| {corpus} | {len(ours)} | {accuracies(plain)[2]} | {plain_root:.3f} | {plain_third:.3f}"
        print(f"{row} | {_cells(alone[corpus])} |", flush=True)
    print("\nSongs of valid and test by the model, and what that gains over the one network (root):\n")
    print("| from the melody | songs | beats | root | 95 % | majmin | gain | 95 % |")
    print("|---" * 8 + "|")
    for corpus in CORPORA:
        ours = [song for song in songs if song.corpus == corpus]
        held = np.array([song.split != "train" for song in ours])
        one = alone[corpus][held]
        together = compare(
            (song for song, out in zip(ours, held, strict=True) if out), lambda song: _harmonised(model, song)
        )
        gain = accuracies(together)[0] - accuracies(one)[0]
        low, high = interval(together, one)
        row = f"| {corpus} | {held.sum()} | {accuracies(together)[2]} | {_cells(together)}"
        print(f"{row} | {gain:+.3f} | {low:+.3f} to {high:+.3f} |", flush=True)
    held_out = [song for song in songs if song.split != "train"]
    played = [song for song in held_out if song.corpus == "pop909"]
    root, third, beats = accuracies(compare(played, lambda song: chords_from_notes(song.score)))
    print(f"\nfrom all the notes, pop909: root {root:.3f}, majmin {third:.3f} over {beats} beats")
    for corpus in CORPORA:
        keyed = [
            (song, key) for song in held_out if song.corpus == corpus and (key := Key.from_signature(song.score.key))
        ]
        found = [(find_key(song.score.part("melody"))[0], key) for song, key in keyed]
        same = np.mean([ours == key for ours, key in found])
        notes = np.mean([set(ours.scale) == set(key.scale) for ours, key in found])
        print(f"key from the melody, {corpus}: {same:.3f} right, {notes:.3f} the right signature, {len(found)} songs")
    print(f"\n64 bars from the melody: {speed_ms():.1f} ms (median of 9, weights loaded)")


def speed_ms() -> float:
    """Milliseconds for 64 bars of eighth notes in 4/4."""
    rng = np.random.default_rng(1)
    notes = [(240 * at, 240, int(60 + rng.choice([0, 2, 4, 5, 7, 9, 11, 12])), 80) for at in range(64 * 8)]
    melody = Part("Melody", as_notes(notes), role="melody")
    score = Score((melody,), meter=Meter())
    took = []
    for _ in range(10):
        started = time.perf_counter()
        chords_from_melody(melody, score)
        took.append(1000 * (time.perf_counter() - started))
    return float(np.median(took[1:]))


if __name__ == "__main__":
    main()
