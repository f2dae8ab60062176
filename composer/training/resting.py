"""Count how often people's parts rest for a phrase: `python -m composer.training.resting PACK CHECKPOINT` writes it into the card."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from pathlib import Path

import numpy as np

from composer.gm import BAND, ROLES
from composer.resting import CARD_FIELD
from composer.training.card import add_to_card
from composer.training.packing import Pack, open_pack
from composer.vocab import GridSong

FEWEST_PHRASES = 3


def phrases_played(song: GridSong) -> np.ndarray:
    """Whether each part plays in at least half of each phrase's bars: bool, shape (phrases, R)."""
    plays = np.zeros((song.bar_count, len(ROLES)), bool)
    plays[song.notes["bar"], song.notes["part"]] = True
    edges = [*np.flatnonzero(song.phrase_position == 0).tolist(), song.bar_count]
    return np.array([plays[start:stop].mean(axis=0) >= 0.5 for start, stop in itertools.pairwise(edges)])


def count(pack: Pack) -> dict[str, dict[str, float]]:
    """Part → "leaves": the share of phrases it rests in after one it played; "stays": after one it rested in. Of people's bands."""
    seen = np.zeros((len(ROLES), 2, 2))
    for index, about in enumerate(pack.about):
        song = pack[index] if about["meta"]["synthetic"] != "True" else None
        present = set() if song is None else {ROLES[part] for part in np.unique(song.notes["part"]).tolist()}
        if song is None or not {"drums", "bass"} <= present or (song.phrase_position == 0).sum() < FEWEST_PHRASES:
            continue
        played = phrases_played(song).astype(int)
        for part in (ROLES.index(name) for name in BAND if name in present):
            if played[:, part].any():
                np.add.at(seen[part], (played[:-1, part], played[1:, part]), 1)
    rests = seen[:, :, 0] / np.maximum(seen.sum(axis=2), 1)
    return {
        name: {"leaves": round(rests[ROLES.index(name), 1], 3), "stays": round(rests[ROLES.index(name), 0], 3)}
        for name in BAND
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("checkpoint", type=Path)
    args = parser.parse_args()
    habits = count(open_pack(args.pack).split("train"))
    add_to_card(args.checkpoint, **{CARD_FIELD: habits})
    sys.stdout.write(json.dumps(habits) + "\n")


if __name__ == "__main__":
    main()
