"""`composer arrange SEED`: a band around a seed melody, written into a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli import options as opt
from composer.cli.progress import Steps, steps
from composer.errors import ChordError, InputError

if TYPE_CHECKING:
    from composer.arrange import ArrangeOptions, Arranger
    from composer.score import Score

EPILOG = """For every take, NAME being the seed's name:
  NAME.mid          the band as General MIDI, the melody untouched     NAME.wav         the mix
  NAME-stems/*.wav  one WAV per part (with --stems)                    NAME.musicxml    the score
  NAME.png          the piano roll                                     NAME.chords.txt  the chords: edit, then
  NAME.json         model, seed, inputs, chords, licences, timings                      --chords NAME.chords.txt

examples:
  composer arrange song.mid --style bossa --takes 3
  composer arrange song.mid --parts drums,bass,piano --density drums=2,piano=4 --program piano=4
  composer arrange song.musicxml --chords "C | Am7 D7 | G" --stems --out arranged"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("seed_file", metavar="SEED", type=Path, help="the melody: .mid, .musicxml, .mxl or .abc")
    music = parser.add_argument_group("music")
    music.add_argument(
        "--style", default="pop", help="a name from composer styles, or one of the grooves it lists (default: pop)"
    )
    music.add_argument(
        "--parts", metavar="PART,…", help="of drums,bass,guitar,piano,strings (default: those the style plays)"
    )
    music.add_argument(
        "--chords",
        metavar="CHART",
        help="a chart such as 'C | Am7 D7 | G', one bar between bars, or a text file with one (default: the"
        " seed's own chord symbols, else inferred from the melody)",
    )
    music.add_argument(
        "--melody", metavar="PART", help="the part that is the melody, by name or number (default: found, and told why)"
    )
    music.add_argument(
        "--tempo",
        type=opt.number(20, 400, "quarter notes a minute"),
        metavar="BPM",
        help="quarter notes a minute, 20..400, in place of the seed's tempo (default: the seed's)",
    )
    music.add_argument(
        "--density",
        action="append",
        default=[],
        metavar="PART=LEVEL",
        help="how busy a part plays, 1 sparse … 5 busy; may be repeated (default: as the style has it)",
    )
    music.add_argument(
        "--program",
        action="append",
        default=[],
        metavar="PART=SOUND",
        help="a part's General MIDI sound, 0..127 or a name such as 'guitar=Jazz Guitar' (default: the style's)",
    )
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
    model.add_argument("--checkpoint", type=Path, metavar="PATH", help="other weights (default: those shipped)")
    sound = parser.add_argument_group("sound")
    opt.add_soundfont(sound)
    sound.add_argument("--stems", action="store_true", help="also one WAV per part (default: the mix only)")
    sound.add_argument("--no-audio", action="store_true", help="write no sound at all (default: the mix)")
    opt.add_output(parser)


def run(args: argparse.Namespace) -> int:
    from composer import formats
    from composer.cli import take
    from composer.output import check_free, staging

    if args.stems and args.no_audio:
        raise InputError("--stems and --no-audio exclude each other; drop one of them")
    score = formats.load(args.seed_file)
    names = take_names(args.seed_file, args.takes)
    kinds = take.kinds(stems=args.stems, audio=not args.no_audio)
    outputs = [name + kind for name in names for kind in kinds]
    check_free(args.out, outputs, args.force)
    if any((args.out / name).resolve() == args.seed_file.resolve() for name in outputs):
        raise InputError(f"{args.seed_file}: the seed itself would be written over; choose another folder with --out")
    with steps(args.quiet) as progress:
        with progress.step("loading the model", "load"):
            from composer.arrange import Arranger

            arranger = Arranger.load(args.checkpoint)
        wishes = wishes_of(args, arranger)
        with staging(args.out, outputs, args.force) as folder:
            told = []
            for number, name in enumerate(names):
                done = _one(arranger, score, wishes, args, number, name, folder, progress)
                told.append((name, done))
    for name, lines in told:
        print("\n".join(lines))
        print("\n".join(f"  {args.out / (name + kind)}" for kind in kinds))
    return 0


def take_names(seed_file: Path, takes: int) -> list[str]:
    """One name a take: the seed's, numbered where there are several."""
    return [seed_file.stem] if takes == 1 else [f"{seed_file.stem}-{number}" for number in range(1, takes + 1)]


def wishes_of(args: argparse.Namespace, arranger: Arranger) -> dict[str, Any]:
    """The command's words as the fields of ArrangeOptions, all but the dice."""
    style, groove = arranger.style(args.style)
    return {
        "style": groove or style.name,
        "parts": opt.part_list(args.parts) if args.parts is not None else style.parts,
        "chords": opt.chart(args.chords),
        "tempo_bpm": args.tempo,
        "temperature": args.temperature,
        "density": opt.per_part("--density", args.density, opt.whole(1, 5, "a level")),
        "programs": opt.per_part("--program", args.program, opt.program),
        "melody": args.melody,
    }


def _one(
    arranger: Arranger,
    score: Score,
    wishes: dict[str, Any],
    args: argparse.Namespace,
    number: int,
    name: str,
    folder: Path,
    progress: Steps,
) -> list[str]:
    """Write one take into `folder`; returns what to tell about it."""
    from composer.arrange import ArrangeOptions
    from composer.cli import take

    wanted: ArrangeOptions = ArrangeOptions(**wishes, seed=args.seed + number)
    progress.seconds = {"load": progress.seconds["load"]}
    which = f", take {number + 1} of {args.takes}" if args.takes > 1 else ""
    try:
        with progress.step(f"writing the parts{which}", "arrange") as tell:
            arrangement = arranger.arrange(score, wanted, on_bar=lambda done, total: tell(done / max(1, total)))
    except ChordError:
        raise
    except InputError as error:
        raise type(error)(f"{args.seed_file}: {error}") from None
    return take.write(
        folder,
        name,
        arrangement,
        wanted,
        take.Sound(args.soundfont, args.stems, not args.no_audio),
        args.seed_file,
        progress,
    )
