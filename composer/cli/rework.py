"""`composer rework SONG --bars 9-16 --parts bass,drums`: some bars of some parts anew, everything else untouched."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import options as opt
from composer.cli import takes, wishes
from composer.errors import InputError

if TYPE_CHECKING:
    from composer.arrange import Arrangement, Arranger, OnBar
    from composer.options import ArrangeOptions
    from composer.score import Score

EPILOG = """The result is SONG-rework.mid with its mix, picture and JSON, whose "proof" compares every note outside these bars.
The new notes are written to fit the surrounding bars and the other parts.

examples:
  composer rework out/song.mid --bars 9-16 --parts bass,drums --takes 3
  composer rework out/song.mid --bars 16 --parts drums --role drums=fill
  composer rework out/song.mid --bars 17-24 --parts strings --density strings=4"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("song", metavar="SONG", type=Path, help="a finished piece: .mid, .musicxml, .mxl or .abc")
    what = parser.add_argument_group("what to rewrite")
    what.add_argument(
        "--bars",
        required=True,
        type=bar_range,
        metavar="FIRST-LAST",
        help="bars by number: 9-16, or 16; the first full bar is 1, a pick-up before it 0",
    )
    what.add_argument(
        "--parts",
        required=True,
        metavar="PART,…",
        help="tracks by name, or drums,bass,guitar,piano,strings; a part the piece does not have yet is added",
    )
    music = parser.add_argument_group("music")
    wishes.add_style(music, "the piece's own, or that of --style-from")
    wishes.add_piece(music)
    wishes.add_levels(music)
    wishes.add_model(parser)
    wishes.add_sound(parser)
    opt.add_output(parser)


def bar_range(text: str) -> tuple[int, int]:
    """ "9-16" → (9, 16), "16" → (16, 16)."""
    found = re.fullmatch(r"(\d+)(?:\s*[-–:]\s*(\d+))?", text.strip())
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of bars; write FIRST-LAST, such as 9-16")
    first, last = int(found[1]), int(found[2] or found[1])
    if last < first:
        raise argparse.ArgumentTypeError(f"{text!r}: the first bar must not come after the last")
    return first, last


def run(args: argparse.Namespace) -> int:
    asked = wishes.wishes_of(args, "") | {"chords": opt.chart(args.chords), "melody": args.melody}
    names = tuple(opt.words(args.parts))
    if not names:
        raise InputError("--parts: name at least one part")

    def wish(arranger: Arranger, song: Score, number: int) -> ArrangeOptions:
        from composer.options import ArrangeOptions

        return ArrangeOptions(**asked, seed=args.seed + number)

    def make(arranger: Arranger, score: Score, wanted: ArrangeOptions, on_bar: OnBar) -> Arrangement:
        from composer.options import ReworkOptions
        from composer.rework import rework

        return rework(arranger, score, ReworkOptions(args.bars, names, wanted), on_bar)

    return takes.run(args, args.song, "-rework", wish, make)
