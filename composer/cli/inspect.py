"""`composer inspect FILE`: what is in it, as text or JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from composer.cli.progress import steps
from composer.cli.seeding import load_seed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a .mid, .musicxml, .mxl or .abc file, or a recording")
    parser.add_argument(
        "--melody", metavar="PART", help="take this part as the melody, by name or number (default: found)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON (default: as text)")


def run(args: argparse.Namespace) -> int:
    from composer import inspecting

    with steps(quiet=args.json or not sys.stderr.isatty()) as progress:
        seed = load_seed(args.file, progress)
    report = inspecting.inspect(seed.score, args.file, args.melody)
    if seed.transcription:
        report["transcription"] = seed.transcription.report
    print(json.dumps(report, indent=2, ensure_ascii=False) if args.json else inspecting.as_text(report))
    if not args.json:
        print("\n".join(seed.lines()), end="\n" if seed.transcription else "")
    return 0
