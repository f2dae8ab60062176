"""Count how chords follow each other in the training songs.

`python -m composer.live.train_progressions --data DIR --out checkpoints/jam`
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from composer.corpora import Song, iter_songs
from composer.live.hearing import state_of
from composer.live.progressions import WEIGHTS, Progressions

CORPORA = ("pop909", "openewld", "nottingham")
SCALE = np.array([1.2, 0, 1, 0, 1.05, 1, 0, 1.15, 0, 1, 0, 0.9])
"""How much a chord tone on each degree speaks for a major scale."""


def song_states(song: Song) -> tuple[np.ndarray, np.ndarray, int]:
    """A song's chords as states per beat of the metre, the place of each beat (2 first, 1 middle, 0 other), and its key."""
    assert song.lane is not None
    states, places = [], []
    for bar, chords in song.lane.by_bar(song.score.bars()):
        for beat, chord in enumerate(chords):
            states.append(state_of(chord))
            places.append(2 if beat == 0 else 1 if beat * 2 == bar.beat_count else 0)
    _, _, tones = song.lane.arrays()
    key = int(np.argmax([np.roll(SCALE, tonic) @ tones.sum(axis=0) for tonic in range(12)]))
    return np.array(states), np.array(places), key


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="the folder that holds the corpora (default: COMPOSER_DATA)")
    parser.add_argument(
        "--out", type=Path, default=Path("checkpoints/jam"), help="where the table goes (default: checkpoints/jam)"
    )
    args = parser.parse_args()
    songs: list[tuple[np.ndarray, np.ndarray, int]] = []
    licences: dict[str, str] = {}
    counted: dict[str, int] = {}
    for song in iter_songs(CORPORA, args.data):
        if song.split == "train" and song.lane is not None:
            songs.append(song_states(song))
            licences[song.corpus] = song.licence
            counted[song.corpus] = counted.get(song.corpus, 0) + 1
    Progressions.count(songs).save(args.out)
    card = {
        "model": "chord progressions: counts of chords after chords, relative to the key",
        "made_by": "python -m composer.live.train_progressions",
        "licence": "MIT",
        "corpora": {name: {"songs": counted[name], "licence": licences[name]} for name in licences},
    }
    (args.out / "card.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{len(songs)} songs → {args.out / WEIGHTS}\n")


if __name__ == "__main__":
    main()
