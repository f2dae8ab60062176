"""`composer restyle SONG --style-from REF`: the same melody and harmony, played by another band."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import options as opt
from composer.cli import takes, wishes
from composer.errors import InputError

if TYPE_CHECKING:
    from composer.arrange import Arrangement, Arranger, OnBar
    from composer.options import ArrangeOptions
    from composer.score import Score

EPILOG = """The result is SONG-restyled.mid with its mix, picture and JSON, which says how much of the harmony was kept.

examples:
  composer restyle out/song.mid --style-from reference.mid
  composer restyle out/song.mid --style bossa --style-strength 1.5 --takes 3"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("song", metavar="SONG", type=Path, help="a finished piece: .mid, .musicxml, .mxl or .abc")
    music = parser.add_argument_group("music")
    wishes.add_style(music, "that of --style-from")
    wishes.add_piece(music)
    wishes.add_levels(music)
    wishes.add_model(parser)
    wishes.add_sound(parser)
    opt.add_output(parser)


def run(args: argparse.Namespace) -> int:
    if not args.style and args.style_from is None:
        raise InputError("no style given; name one with --style NAME or --style-from FILE")
    asked = wishes.wishes_of(args, "") | {"chords": opt.chart(args.chords), "melody": args.melody}

    def wish(arranger: Arranger, song: Score, number: int) -> ArrangeOptions:
        from composer.options import ArrangeOptions

        return ArrangeOptions(**asked, seed=args.seed + number)

    def make(arranger: Arranger, score: Score, wanted: ArrangeOptions, on_bar: OnBar) -> Arrangement:
        from composer.restyle import restyle

        return restyle(arranger, score, wanted, on_bar)

    return takes.run(args, args.song, "-restyled", wish, make)
