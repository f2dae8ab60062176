"""The neural balance beside the loudness rule, on mixes made wrong on purpose.

    python benchmarks/balance.py [--train] [--bands 120] [--held-out 40] [--steps 3000]

Bands are random; those held out have seeds of their own. Of each part: how far it stands off the right mix in loudness (LU beside
the lead), in the shape of its spectrum (dB, weighted by power) and in place; plain: as the font plays it, bent: behind
shelves and bells of up to 9 dB. --train trains the network anew first and writes the shipped file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from composer.audio import balance, neural_balance, soundfonts
from composer.training.balance import Errors, Example, errors, made_wrong, measured_bands, right_mix, save, train


def shown(name: str, found: list[Errors]) -> None:
    means = (np.mean([getattr(one, column) for one in found]) for column in ("balance_lu", "spectrum_db", "pan"))
    print(f"{name:<26}" + "".join(f"{value:>12.2f}" for value in means))


def compare(examples: list[Example], kind: str) -> None:
    done: dict[str, list[Errors]] = {"as it came": [], "loudness rule": [], "neural": []}
    for one in examples:
        pans = [0.0] * len(one.parts)
        done["as it came"].append(errors(one, [balance.Setting(0.0, pan) for pan in pans]))
        done["loudness rule"].append(errors(one, balance.by_loudness(one.parts, 44_100, one.wanted_lu, one.pans)))
        done["neural"].append(errors(one, neural_balance.by_network(one.parts, 44_100, one.wanted_lu)))
    for name, found in done.items():
        shown(f"{kind}: {name}", found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true", help="train anew")
    parser.add_argument("--bands", type=int, default=120, help="to train on (default 120)")
    parser.add_argument("--held-out", type=int, default=40, help="to compare on (default 40)")
    parser.add_argument("--steps", type=int, default=3_000, help="of training (default 3000)")
    options = parser.parse_args()
    fonts = [
        path
        for name in ("fluidr3", "timgm6mb")
        for font in soundfonts.catalogue()
        if font.name == name and (path := soundfonts.installed(font))
    ]
    if options.train:
        bands = measured_bands(options.bands, fonts, seed=1)
        save(train(bands, options.steps, tell=print), Path(neural_balance.__file__).parent / neural_balance.FILE)
    held = measured_bands(options.held_out, fonts, seed=1000)
    rng = np.random.default_rng(5)
    print(f"{'mixes held out':<26}{'LU':>12}{'spectrum dB':>12}{'pan':>12}")
    known = [(parts, right_mix(parts)) for parts in held]
    compare([made_wrong(parts, right, rng, 0.0) for parts, right in known], "plain")
    compare([made_wrong(parts, right, rng) for parts, right in known for _ in range(3)], "bent")


if __name__ == "__main__":
    main()
