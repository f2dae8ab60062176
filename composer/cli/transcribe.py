"""`composer transcribe RECORDING`: the melody in a recording, as a MIDI seed."""

from __future__ import annotations

import argparse
from pathlib import Path

from composer.cli import options as opt
from composer.cli.progress import steps

EPILOG = """Notes keep their sung timing; only beats and bars are inferred. Correct the seed in any MIDI editor, then
  composer arrange SEED.mid

examples:
  composer transcribe hum.wav
  composer transcribe whistle.mp3 --tempo 96 --meter 3/4 --out waltz.mid
  composer transcribe bass.flac --highest C4 --denoise on"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "recording",
        metavar="RECORDING",
        type=Path,
        help="one voice: .wav, .flac, .ogg, .mp3, .aiff, any rate, up to 30 min",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="the MIDI file to write (default: out/NAME-seed.mid)")
    parser.add_argument(
        "--tempo",
        type=opt.number(20, 400, "quarter notes a minute"),
        metavar="BPM",
        help="quarter notes per minute, 20..400 (default: detected)",
    )
    parser.add_argument(
        "--meter", type=opt.meter, metavar="N/D", help="such as 3/4 (default: detected among 4/4, 3/4 and 6/8)"
    )
    parser.add_argument(
        "--denoise",
        choices=("auto", "on", "off"),
        default="auto",
        help="remove steady noise, and mains hum if there is any; auto: noise only from recordings of a second or more (default: auto)",
    )
    parser.add_argument(
        "--lowest", type=opt.pitch, metavar="PITCH", help="leave out lower notes, such as E2 (default: B1)"
    )
    parser.add_argument(
        "--highest", type=opt.pitch, metavar="PITCH", help="leave out higher notes, such as C6 (default: C7)"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is already there (default: refuse)")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr (default: show it)")


def run(args: argparse.Namespace) -> int:
    from composer import formats
    from composer.cli.seeding import SEED, listen
    from composer.errors import OutputError
    from composer.transcription.transcribe import TranscribeOptions

    out = args.out or Path("out") / f"{args.recording.stem}{SEED}"
    if out.suffix.lower() not in formats.MIDI_SUFFIXES:
        raise OutputError(f"{out}: a seed is a MIDI file; give --out a name that ends in .mid")
    if out.exists() and not args.force:
        raise OutputError(f"{out}: already exists; choose another --out, or --force to replace it")
    options = TranscribeOptions(args.tempo, args.meter, args.denoise, args.lowest, args.highest)
    with steps(args.quiet) as progress:
        seed = listen(args.recording, options, progress)
    formats.save(seed.score, out, args.force)
    print("\n".join([f"{args.recording.name}:", *seed.lines()]))
    print("\n".join([*(f"  note     {sentence}" for sentence in seed.score.problems), f"  {out}"]))
    return 0
