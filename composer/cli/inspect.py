"""`composer inspect FILE`: what is in it, as text or JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a .mid, .musicxml, .mxl or .abc file")
    parser.add_argument(
        "--melody", metavar="PART", help="take this part as the melody, by name or number (default: found)"
    )
    parser.add_argument("--json", action="store_true", help="as JSON (default: as text)")


def run(args: argparse.Namespace) -> int:
    from composer import formats, inspecting

    report = inspecting.inspect(formats.load(args.file), args.file, args.melody)
    print(json.dumps(report, indent=2, ensure_ascii=False) if args.json else inspecting.as_text(report))
    return 0
