"""Is the style asked for the style that is heard? Every style at home in the metre of four bundled tunes, judged by the style listener.

    python benchmarks/style.py [--checkpoint DIR] [--takes 2] [--strengths 1] [--without-examples] [--grooves people,drawn]

The listener (composer.model.style_fit) is right about 98 % of held-out songs; composer evaluate has an independent one, and its ceiling.
`--grooves people` plays each style as people do where the library has them, `drawn` never, so that the two can be compared.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

import composer
from composer import planning
from composer.arrange import Arranger
from composer.model.examples import Examples
from composer.styles import STYLES, Style
from composer.timing import meter_name

SEEDS = Path(composer.__file__).parent / "seeds"


def heard(arranger: Arranger, style: Style, takes: int, strength: float) -> list[str]:
    """What the listener hears, tune by tune and take by take."""
    found = []
    for path in sorted(SEEDS.glob("*.mid")):
        score = composer.load(path)
        if meter_name(score.bars()) not in style.meters:
            continue
        for seed in range(takes):
            wishes = composer.ArrangeOptions(style=style.name, parts=style.parts, seed=seed, style_strength=strength)
            found.append(next(iter(arranger.arrange(score, wishes).report["style_fit"]["heard_as"])))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", help="other weights (default: those shipped)")
    parser.add_argument("--takes", type=int, default=2, help="seeds a tune (default: 2)")
    parser.add_argument("--strengths", default="1", help="style strengths, 0..2 (default: 1)")
    parser.add_argument("--without-examples", action="store_true", help="names alone (default: with examples)")
    parser.add_argument("--grooves", default="people", help="people, drawn or people,drawn (default: people)")
    parser.add_argument("--styles", default="", help="only these (default: all)")
    args = parser.parse_args()
    checkpoint = Arranger.load(args.checkpoint).checkpoint
    if args.without_examples:
        checkpoint = replace(checkpoint, examples=Examples())
    arranger = Arranger(checkpoint)
    wanted = [STYLES[name] for name in args.styles.split(",") if name] or list(STYLES.values())
    columns = [
        (groove, float(strength)) for groove in args.grooves.split(",") for strength in args.strengths.split(",")
    ]
    fewest = planning.FEWEST_PEOPLE
    print("| style | " + " | ".join(f"{groove}, strength {strength:g}" for groove, strength in columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    shares: list[list[float]] = [[] for _ in columns]
    for style in wanted:
        cells = []
        for column, (groove, strength) in enumerate(columns):
            planning.FEWEST_PEOPLE = fewest if groove == "people" else 10**6
            said = heard(arranger, style, args.takes, strength)
            if not said:
                cells.append("no tune in its metre")
                continue
            right = sum(name == style.name for name in said)
            shares[column].append(right / len(said))
            others = sorted({name for name in said if name != style.name}, key=said.count, reverse=True)
            cells.append(f"{right} of {len(said)}" + (f" ({', '.join(others)})" if others else ""))
        print(f"| {style.name} | " + " | ".join(cells) + " |", flush=True)
    print("| **mean** | " + " | ".join(f"**{np.mean(each):.2f}**" for each in shares) + " |")


if __name__ == "__main__":
    main()
