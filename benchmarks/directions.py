"""Does the band do as it is told? Every level of density, register and polyphony and every playing role, asked of every part.

    python benchmarks/directions.py [--checkpoint DIR] [--takes 1] [--styles pop,funk] [--parts piano] [--controls density,role]

Levels: the mean level of the bars, how many of them are within one of what was asked, and how often a bar has three times as many
notes as its neighbour, or a third. Roles: the share of bars in which it is played, and when nobody asks.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import composer
from composer.arrange import Arranger
from composer.gm import BAND, ROLES
from composer.model.controls import ACTIVITY, CONTROLS, LEVELS, PLAYING_ROLES, PLAYS, measure, role_class
from composer.options import ArrangeOptions
from composer.references import on_grid
from composer.styles import STYLES
from composer.timing import meter_name

SEEDS = Path(composer.__file__).parent / "seeds"
STYLES_ASKED = "pop,funk,swing,waltz"
THREEFOLD = 3
ASKED_AS = {"density": "density", "register": "register", "polyphony": "polyphony", "role": "roles"}
"""A control's name → the field of ArrangeOptions that asks for it."""


class Bench:
    """The tunes, each in every style at home in its metre."""

    def __init__(self, arranger: Arranger, styles: list[str], takes: int) -> None:
        self.arranger = arranger
        scores = [composer.load(path) for path in sorted(SEEDS.glob("*.mid"))]
        self.asked = [
            (score, style, seed)
            for score in scores
            for style in styles
            if meter_name(score.bars()) in STYLES[style].meters
            for seed in range(takes)
        ]
        self.swings: list[bool] = []
        """Of the last call of `bars`: whether one of two neighbours has THREEFOLD as many notes."""

    def bars(self, part: str, control: str, wish: int | str | None) -> np.ndarray:
        """What the part is heard to do in each bar it plays, as a class of the control, over all arrangements."""
        found = []
        self.swings = []
        for score, style, seed in self.asked:
            parts = tuple(dict.fromkeys((*STYLES[style].parts, part)))
            wishes = {} if wish is None else {ASKED_AS[control]: {part: wish}}
            made = self.arranger.arrange(score, ArrangeOptions(style=style, parts=parts, seed=seed, feel=0, **wishes))
            song = on_grid(made.score, made.score.bars(), made.lane, (), made.score.tempo.bpm_at(0))
            heard = measure(song)[:, ROLES.index(part)]
            found.append(heard[heard[:, ACTIVITY] == PLAYS, CONTROLS.index(control)])
            count = np.bincount(song.notes["bar"][song.notes["part"] == ROLES.index(part)], minlength=song.bar_count)
            few, many = np.minimum(count[1:], count[:-1]), np.maximum(count[1:], count[:-1])
            self.swings += (many >= THREEFOLD * few)[few > 0].tolist()
        return np.concatenate(found)


def levels(bench: Bench, parts: list[str], controls: list[str]) -> Iterator[str]:
    """A row of the table for every part and level control."""
    yield (
        "| | "
        + " | ".join(f"asked {level}" for level in range(1, LEVELS + 1))
        + " | nothing asked | within one | threefold |"
    )
    yield "|---" * (LEVELS + 4) + "|"
    for control in (name for name in ("density", "register", "polyphony") if name in controls):
        for part in parts:
            if (part, control) == ("drums", "register"):
                continue
            heard, swings = [], []
            for level in range(1, LEVELS + 1):
                heard.append(bench.bars(part, control, level))
                swings += bench.swings
            near = np.mean([np.mean(abs(bars - level) <= 1) for level, bars in enumerate(heard, 1)])
            unasked = bench.bars(part, control, None).mean()
            swing = f"{np.mean(swings):.2f} ({np.mean(bench.swings):.2f})"
            cells = " | ".join(f"{bars.mean():.1f}" for bars in heard)
            yield f"| {control} of {part} | {cells} | {unasked:.1f} | {near:.2f} | {swing} |"


def roles(bench: Bench, parts: list[str]) -> Iterator[str]:
    """A row of the table for every part and role."""
    yield "| role | asked | nothing asked |"
    yield "|---|---|---|"
    for part in parts:
        unasked = bench.bars(part, "role", None)
        for name in PLAYING_ROLES[part]:
            heard, which = bench.bars(part, "role", name), role_class(part, name)
            yield f"| {part}: {name} | {np.mean(heard == which):.2f} | {np.mean(unasked == which):.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", help="other weights (default: those shipped)")
    parser.add_argument("--takes", type=int, default=1, help="seeds a tune and style (default: 1)")
    parser.add_argument("--styles", default=STYLES_ASKED, help=f"in which styles (default: {STYLES_ASKED})")
    parser.add_argument("--parts", default=",".join(BAND), help="of which parts (default: all)")
    parser.add_argument("--controls", default=",".join(ASKED_AS), help="which directions (default: all)")
    args = parser.parse_args()
    bench = Bench(Arranger.load(args.checkpoint), args.styles.split(","), args.takes)
    parts, controls = args.parts.split(","), args.controls.split(",")
    print(f"{len(bench.asked)} arrangements each")
    if set(controls) - {"role"}:
        for row in levels(bench, parts, controls):
            print(row, flush=True)
    if "role" in controls:
        for row in roles(bench, parts):
            print(row, flush=True)


if __name__ == "__main__":
    main()
