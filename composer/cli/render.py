"""`composer render FILE`: a music file played and mixed to a sound file."""

from __future__ import annotations

import argparse
from pathlib import Path

from composer.cli import mixing
from composer.cli import options as opt
from composer.cli.progress import steps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a .mid, .musicxml, .mxl or .abc file")
    sound = parser.add_argument_group("sound")
    opt.add_soundfont(sound)
    sound.add_argument("--stems", action="store_true", help="also one sound file per part (default: the mix only)")
    sound.add_argument(
        "--format", choices=("wav", "flac", "ogg", "mp3"), default="wav", help="audio file format (default: wav)"
    )
    sound.add_argument(
        "--sample-rate",
        type=opt.whole(8_000, 96_000, "Hz"),
        metavar="HZ",
        help="8000..96000 Hz (default: 44100, or the rate an amplifier needs)",
    )
    sound.add_argument(
        "--bits",
        type=int,
        choices=(16, 24, 32),
        default=24,
        help="bits per sample in wav and flac; 32 is float (default: 24)",
    )
    mixing.add_arguments(parser)
    opt.add_output(parser)


def outputs(name: str, kind: str, stems: bool) -> list[str]:
    """What is written: the sound, the mix's table and picture, and the folder of stems."""
    return [f"{name}.{kind}", f"{name}.mix.json", f"{name}.mix.png", *([f"{name}-stems"] if stems else [])]


def run(args: argparse.Namespace) -> int:
    from composer import formats
    from composer.audio.stem_files import write_stems
    from composer.audio.synth import render
    from composer.audio.wav import check_format
    from composer.errors import InputError
    from composer.output import check_free, staging
    from composer.picture_mix import save_mix_picture

    name = args.file.stem
    written = outputs(name, args.format, args.stems)
    sound, table, picture = written[:3]
    check_free(args.out, written, args.force)
    rate = mixing.sample_rate(args)
    score = formats.load(args.file)
    if not any(len(part) for part in score.parts):
        raise InputError(f"{args.file}: has no notes to render")
    check_format(args.out / sound, args.bits, rate)
    settings = mixing.settings(args, rate, score)
    with steps(args.quiet) as progress, staging(args.out, written, args.force) as folder:
        with progress.step("rendering the parts") as tell:
            stems = render(score, args.soundfont, rate, on_progress=tell)
        with progress.step("mixing"):
            mixed = mixing.write_mix(folder / sound, stems, settings, args.bits)
            mixing.write_report(folder / table, mixed)
            save_mix_picture(mixed, folder / picture, score.title or name)
        if args.stems:
            with progress.step("writing the stems"):
                write_stems(folder / f"{name}-stems", mixed, args.format, args.bits)
    print(mixed.report())
    for sentence in (*score.problems, *stems.notices, *mixing.shortfall(mixed, settings)):
        print(f"note: {sentence}")
    for output in written:
        print(args.out / output)
    return 0
