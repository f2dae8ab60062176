"""`composer render FILE`: a music file played and mixed to WAV."""

from __future__ import annotations

import argparse
from pathlib import Path

from composer.cli import options as opt
from composer.cli.progress import steps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a .mid, .musicxml, .mxl or .abc file")
    sound = parser.add_argument_group("sound")
    opt.add_soundfont(sound)
    sound.add_argument("--stems", action="store_true", help="also one WAV per part (default: the mix only)")
    sound.add_argument(
        "--loudness",
        type=opt.number(-40, -6, "LUFS"),
        default=-14.0,
        metavar="LUFS",
        help="integrated loudness of the mix, -40..-6 LUFS (default: -14)",
    )
    sound.add_argument(
        "--sample-rate",
        type=opt.whole(8_000, 96_000, "Hz"),
        default=44_100,
        metavar="HZ",
        help="8000..96000 Hz (default: 44100)",
    )
    sound.add_argument(
        "--bits", type=int, choices=(16, 24, 32), default=24, help="bits a sample; 32 is float (default: 24)"
    )
    opt.add_output(parser)


def run(args: argparse.Namespace) -> int:
    from composer import formats
    from composer.audio.mixer import MixSettings, mix
    from composer.audio.synth import render
    from composer.audio.wav import write_wav
    from composer.cli.take import write_stems
    from composer.output import check_free, staging

    name = args.file.stem
    outputs = [f"{name}.wav", *([f"{name}-stems"] if args.stems else [])]
    check_free(args.out, outputs, args.force)
    score = formats.load(args.file)
    with steps(args.quiet) as progress, staging(args.out, outputs, args.force) as folder:
        with progress.step("playing the parts") as tell:
            stems = render(score, args.soundfont, args.sample_rate, on_progress=tell)
        with progress.step("mixing"):
            mixed = mix(stems, MixSettings(target_lufs=args.loudness))
            write_wav(folder / outputs[0], mixed.audio, mixed.sample_rate, args.bits)
        if args.stems:
            with progress.step("writing the stems"):
                write_stems(folder / outputs[1], mixed)
    print(mixed.report())
    for sentence in (*score.problems, *stems.notices):
        print(f"note: {sentence}")
    for output in outputs:
        print(args.out / output)
    return 0
