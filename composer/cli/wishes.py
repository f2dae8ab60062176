"""The options that say how the band is to play, shared by arrange, rework and restyle."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from composer.cli import options as opt
from composer.errors import InputError

LEVEL = opt.whole(1, 5, "a level")


def add_style(
    group: argparse._ActionsContainer, default: str = "pop, in 3/4, 6/8 and 2/4 folk; or as --style-from plays"
) -> None:
    """--style (`default`: what it means to leave it out), --style-from and --style-strength."""
    group.add_argument(
        "--style",
        metavar="STYLE",
        help="a style (see: composer styles), one of its grooves, or a mixture such as bossa:0.6,funk:0.4, where a share left out is 1"
        f" (default: {default})",
    )
    group.add_argument(
        "--style-from", type=Path, metavar="FILE", help="imitate how this file's band plays (default: none)"
    )
    group.add_argument(
        "--style-strength",
        type=opt.number(0, 2, "a strength"),
        default=1.0,
        metavar="S",
        help="0 ignores the style … 1 plays it as trained … 2 exaggerates it; any value but 1 takes twice as long (default: 1)",
    )


def add_piece(group: argparse._ActionsContainer) -> None:
    """--chords and --melody of a finished piece."""
    group.add_argument(
        "--chords",
        metavar="CHART",
        help="a chord chart, or a text file with one (default: the file's own chords, else inferred from its notes)",
    )
    group.add_argument(
        "--melody", metavar="PART", help="the part that is the melody, by name or number (default: found)"
    )


def add_levels(group: argparse._ActionsContainer) -> None:
    """--density, --register, --polyphony, --role and --program."""
    for name, what in (
        ("density", "how busy a part plays, 1 sparse … 5 busy"),
        ("register", "how high a part plays, 1 low … 5 high"),
        ("polyphony", "how many notes a part plays at once, 1 … 5; for drums, how much of the kit"),
    ):
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="PART=LEVEL",
            help=f"{what}; may be repeated (default: the style's own)",
        )
    group.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="PART=ROLE",
        help="a part's playing role: bass=walking, piano=arpeggio, strings=pad …; an unknown role lists them all"
        " (default: the style's own)",
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
        help="random seed: the same seed on the same machine gives the same notes; take K uses N + K - 1 (default: 0)",
    )
    model.add_argument(
        "--temperature",
        type=opt.number(0.05, 4.0, "a temperature"),
        default=1.0,
        metavar="T",
        help="sampling temperature, 0.05 safe … 4 wild (default: 1.0)",
    )
    model.add_argument(
        "--feel",
        type=opt.number(0, 2, "a feel"),
        metavar="F",
        help="human timing: 0 strictly on the grid, 1 as drummers of the style play, 2 exaggerated (default: 1, or 0 where a finished"
        " piece is on the grid)",
    )
    model.add_argument(
        "--checkpoint", type=Path, metavar="PATH", help="checkpoint folder or model name (default: the model in use)"
    )


def add_sound(parser: argparse.ArgumentParser) -> None:
    """--soundfont, --stems and --no-audio."""
    sound = parser.add_argument_group("sound")
    opt.add_soundfont(sound)
    sound.add_argument("--stems", action="store_true", help="also write one WAV per part (default: only the mix)")
    sound.add_argument("--no-audio", action="store_true", help="write no audio (default: write the mix)")


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

    found: dict[str, str] = {}
    for word in (item.strip() for many in words for item in many.split(",")):
        part, equals, role = (piece.strip().lower() for piece in word.partition("="))
        if not equals or part not in BAND:
            raise InputError(f"--role: cannot read {word!r}; write PART=ROLE, where PART is one of: {', '.join(BAND)}")
        opt.once("--role", found, part, role)
    return found
