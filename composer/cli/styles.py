"""`composer styles`: the styles, what they play and how fast."""

from __future__ import annotations

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("style", nargs="?", help="only this one, with its sounds (a name or an alias)")
    parser.add_argument("--json", action="store_true", help="as JSON (default: a table)")


def run(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from composer.gm import PROGRAM_NAMES
    from composer.styles import STYLES, resolve

    chosen = [resolve(args.style)] if args.style else list(STYLES.values())
    if args.json:
        print(json.dumps([asdict(style) for style in chosen], indent=2))
        return 0
    for style in chosen:
        low, high = style.tempo_bpm
        print(f"{style.name:<12}{low:>4}–{high:<4} BPM  {', '.join(style.meters):<20} {style.description}")
        if args.style:
            print(f"  aliases  {', '.join(style.aliases)}")
            for part in style.parts:
                sound = f"kit {style.programs[part]}" if part == "drums" else PROGRAM_NAMES[style.programs[part]]
                print(f"  {part:<8} {sound}")
            print("  grooves  " + (", ".join(grooves_of(style.name)) or "none in the shipped model"))
    return 0


def grooves_of(style: str) -> list[str]:
    """The ways of playing a style that the shipped model knows by name; [] without a model."""
    from composer.errors import CheckpointError
    from composer.model.checkpoint import CARD, default_checkpoint

    try:
        card = json.loads((default_checkpoint() / CARD).read_text())
    except CheckpointError:
        return []
    return sorted(name for name, facts in card.get("grooves", {}).items() if facts["style"] == style)
