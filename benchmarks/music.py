"""Listening with numbers: `composer evaluate` on held-out songs, as a table in the terminal. Needs a pack of songs.

    python benchmarks/music.py PACK [--songs 16] [--bars 16] [--kinds bands,piano,synthetic] [--checkpoint DIR] [--seed 0]

PACK comes from `python -m composer.training.prepare`. The figures, the shuffled control and the test by classifier are those of
`composer.evaluation`; `composer evaluate PACK` adds mma, style, originality, pictures and a page to listen blind.
Nearer to "own" is better, never simply higher.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from composer.arrange import Arranger
from composer.errors import ComposerError
from composer.evaluation import study
from composer.evaluation.excerpts import KINDS, choose, held_out
from composer.evaluation.systems import bands
from composer.training.packing import open_pack


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--songs", type=int, default=16, help="songs of each kind (default 16)")
    parser.add_argument("--bars", type=int, default=16, help="default 16")
    parser.add_argument("--kinds", default="bands,piano", help=f"of {','.join(KINDS)} (default bands,piano)")
    parser.add_argument("--split", default="test,valid", help="default test,valid")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one")
    parser.add_argument("--seed", type=int, default=0)
    said = parser.parse_args()
    try:
        songs = held_out(open_pack(said.pack), said.split.split(","))
        systems, _ = bands(["own", "shuffled", "ours"], Arranger.load(said.checkpoint))
    except ComposerError as error:
        print(error, file=sys.stderr)
        return 1
    for kind in said.kinds.split(","):
        table_of(kind, choose(songs, kind, said.songs, said.bars, 1, said.seed), systems, said.seed)
    return 0


def table_of(kind: str, excerpts: list, systems: dict, seed: int) -> None:
    """Play, measure and print one kind of music."""
    if len({one.work for one in excerpts}) < 2:
        print(f"\n{kind}: fewer than two held-out songs")
        return
    began = time.perf_counter()
    show = study.perform(kind, excerpts, systems, seed, lambda done: None)
    table = study.figures(show, seed, lambda done: None)
    apart = study.told_apart(show, seed, lambda done: None)
    print(f"\n{KINDS.get(kind, kind)}: {len(set(show.works))} songs; mean (95 % interval over songs)")
    print(f"| {'':42} | {'own':20} | {'ours':20} | {'shuffled':20} |\n|{'-' * 44}|" + f"{'-' * 22}|" * 3)
    for name, row in table.items():
        cells = [shown(row["systems"][system]) for system in ("own", "ours", "shuffled")]
        print(f"| {name:42} | " + " | ".join(f"{cell:20}" for cell in cells) + " |")
    for system, one in apart.items():
        by = ", ".join(f"{family} {found['value']:.2f}" for family, found in one["by_family"].items() if found["value"])
        print(f"{system} told from own by eight bars: AUC {shown(one['auc'])}; {by}")
    print(f"{time.perf_counter() - began:.0f} s")


def shown(one: dict) -> str:
    return "" if one["value"] is None else f"{one['value']:.2f} ({one['low']:.2f}–{one['high']:.2f})"


if __name__ == "__main__":
    raise SystemExit(main())
