"""`composer arrange SEED`: a band around a seed melody, written into a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import options as opt
from composer.cli import takes, wishes

if TYPE_CHECKING:
    from composer.arrange import Arranger
    from composer.options import ArrangeOptions
    from composer.score import Score

EPILOG = """For every take, where NAME is the seed's name:
  NAME.mid          the band as General MIDI, the melody untouched     NAME.wav         the mix
  NAME-stems/*.wav  one WAV per part (with --stems)                    NAME.musicxml    the score
  NAME.png          the piano roll                                     NAME.chords.txt  the chords: edit, then
  NAME.json         model, seed, inputs, chords, licences, timings                      --chords NAME.chords.txt
  NAME-seed.mid     for a recording, the melody as transcribed: correct it and arrange it again

examples:
  composer arrange song.mid --style bossa --takes 3
  composer arrange song.mid --style-from reference.mid --style-strength 1.5 --role bass=walking --form AABA
  composer arrange song.mid --parts drums,bass,piano --density drums=2,piano=4 --program piano=4
  composer arrange hum.wav --style bossa --meter 3/4
  composer arrange song.musicxml --chords "C | Am7 D7 | G" --stems --out arranged"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "seed_file",
        metavar="SEED",
        type=Path,
        help="the melody: .mid, .musicxml, .mxl or .abc, or a recording of it: .wav, .flac, .ogg, .mp3, .aiff",
    )
    music = parser.add_argument_group("music")
    wishes.add_style(music)
    music.add_argument(
        "--parts", metavar="PART,…", help="any of drums,bass,guitar,piano,strings (default: the style's parts)"
    )
    music.add_argument(
        "--chords",
        metavar="CHART",
        help="a chart such as 'C | Am7 D7 | G', bars separated by vertical bars, or a text file with one (default: the"
        " seed's own chord symbols, else inferred from the melody)",
    )
    music.add_argument(
        "--form",
        metavar="FORM",
        help="sections, such as AABA or i4A8A8B8A8o2 with lengths in bars (default: inferred from the melody)",
    )
    music.add_argument(
        "--tutti",
        action="store_true",
        help="all parts play throughout (default: parts rest for a phrase now and then, as in human bands)",
    )
    music.add_argument(
        "--melody", metavar="PART", help="the melody part, by name or number (default: detected, with the reason)"
    )
    music.add_argument(
        "--tempo",
        type=opt.number(20, 400, "quarter notes a minute"),
        metavar="BPM",
        help="quarter notes per minute, 20..400, instead of the seed's tempo; for a recording, the tempo it was sung at"
        " (default: the seed's)",
    )
    music.add_argument(
        "--meter", type=opt.meter, metavar="N/D", help="for a recording, its metre, such as 3/4 (default: detected)"
    )
    wishes.add_levels(music)
    wishes.add_model(parser)
    wishes.add_sound(parser)
    opt.add_output(parser)


def run(args: argparse.Namespace) -> int:
    asked = wishes.wishes_of(args) | {
        "chords": opt.chart(args.chords),
        "tempo_bpm": args.tempo,
        "form": args.form,
        "tutti": args.tutti,
        "melody": args.melody,
    }

    def wish(arranger: Arranger, score: Score, number: int) -> ArrangeOptions:
        from composer.options import ArrangeOptions
        from composer.planning import default_parts
        from composer.styles import at_home
        from composer.timing import meter_name

        if args.style is None and args.style_from is None:
            asked["style"] = at_home(meter_name(score.bars()))
        parts = opt.part_list(args.parts) if args.parts is not None else default_parts(arranger.checkpoint, asked)
        return ArrangeOptions(**asked, parts=parts, seed=args.seed + number)

    return takes.run(args, args.seed_file, "", wish, lambda arranger, *rest: arranger.arrange(*rest))
