"""The options that say how the band is to play, shared by arrange, rework and restyle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from composer.cli import options as opt
from composer.errors import InputError

LEVEL = opt.whole(1, 5, "a level")


def add_style(group: argparse._ActionsContainer, default: str = "pop, or as --style-from plays") -> None:
    """--style (`default`: what it means to leave it out), --style-from and --style-strength."""
    group.add_argument(
        "--style",
        metavar="STYLE",
        help="a name from composer styles, one of the grooves it lists, or a mixture such as bossa:0.6,funk:0.4"
        f" (default: {default})",
    )
    group.add_argument(
        "--style-from", type=Path, metavar="FILE", help="play in the manner of this file's band (default: of no file)"
    )
    group.add_argument(
        "--style-strength",
        type=opt.number(0, 2, "a strength"),
        default=1.0,
        metavar="S",
        help="0 as if no style were named … 1 as the style has it … 2 exaggerated; other than 1 takes twice as long (default: 1)",
    )


def add_piece(group: argparse._ActionsContainer) -> None:
    """--chords and --melody of a finished piece."""
    group.add_argument(
        "--chords",
        metavar="CHART",
        help="a chart or a text file with one (default: the file's own, else those heard in it)",
    )
    group.add_argument(
        "--melody", metavar="PART", help="the part that is the melody, by name or number (default: found)"
    )


def add_levels(group: argparse._ActionsContainer) -> None:
    """--density, --register, --polyphony, --role and --program."""
    for name, what in (
        ("density", "how busy a part plays, 1 sparse … 5 busy"),
        ("register", "how high a part plays, 1 low … 5 high"),
        ("polyphony", "how many notes a part strikes at once, 1 … 5; of drums, how much of the kit"),
    ):
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="PART=LEVEL",
            help=f"{what}; may be repeated (default: as the style has it)",
        )
    group.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="PART=ROLE",
        help="what a part does: bass=walking, piano=arpeggio, strings=pad … ; a wrong one lists them all"
        " (default: as the style has it)",
    )
    group.add_argument(
        "--program",
        action="append",
        default=[],
        metavar="PART=SOUND",
        help="a part's General MIDI sound, 0..127 or a name such as 'guitar=Jazz Guitar' (default: the style's)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """--takes, --seed, --temperature, --feel and --checkpoint."""
    model = parser.add_argument_group("model")
    model.add_argument("--takes", type=opt.whole(1, 99, "takes"), default=1, metavar="N", help="versions (default: 1)")
    model.add_argument(
        "--seed",
        type=opt.whole(0, 2**31 - 1, "a seed"),
        default=0,
        metavar="N",
        help="the dice: same seed, same machine, same band; take K uses N + K - 1 (default: 0)",
    )
    model.add_argument(
        "--temperature",
        type=opt.number(0.05, 4.0, "a temperature"),
        default=1.0,
        metavar="T",
        help="0.05 safe … 4 wild, no unit (default: 1.0)",
    )
    model.add_argument(
        "--feel",
        type=opt.number(0, 2, "a feel"),
        metavar="F",
        help="timing off the grid: 0 none, 1 as drummers of the style play, 2 exaggerated (default: 1, or 0 where a finished"
        " piece is on the grid)",
    )
    model.add_argument("--checkpoint", type=Path, metavar="PATH", help="other weights (default: those shipped)")


def add_sound(parser: argparse.ArgumentParser) -> None:
    """--soundfont, --stems and --no-audio."""
    sound = parser.add_argument_group("sound")
    opt.add_soundfont(sound)
    sound.add_argument("--stems", action="store_true", help="also one WAV per part (default: the mix only)")
    sound.add_argument("--no-audio", action="store_true", help="write no sound at all (default: the mix)")


def wishes_of(args: argparse.Namespace, default_style: str = "pop") -> dict[str, Any]:
    """The command's words as fields of ArrangeOptions, without its parts and its dice."""
    from composer import formats

    reference = None
    if args.style_from is not None:
        reference = formats.load(args.style_from)
    return {
        "style": args.style or ("" if reference is not None else default_style),
        "style_from": reference,
        "style_strength": args.style_strength,
        "temperature": args.temperature,
        "feel": args.feel,
        "density": opt.per_part("--density", args.density, LEVEL),
        "register": opt.per_part("--register", args.register, LEVEL),
        "polyphony": opt.per_part("--polyphony", args.polyphony, LEVEL),
        "roles": roles(args.role),
        "programs": opt.per_part("--program", args.program, opt.program),
    }


def roles(words: list[str]) -> dict[str, str]:
    """["bass=walking", …] → {"bass": "walking"}. Raises InputError."""
    from composer.gm import BAND

    found = {}
    for word in (item.strip() for many in words for item in many.split(",")):
        part, equals, role = (piece.strip().lower() for piece in word.partition("="))
        if not equals or part not in BAND:
            raise InputError(f"--role: cannot read {word!r}; write PART=ROLE with one of: {', '.join(BAND)}")
        found[part] = role
    return found
