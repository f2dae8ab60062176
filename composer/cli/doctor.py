"""`composer doctor`: what is missing, and the command that fixes it. Exit code 1 when something needed is missing."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="as JSON (default: one line per check)")


def run(args: argparse.Namespace) -> int:
    from composer import doctor

    checks = doctor.examine()
    if args.json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            mark = "ok" if check.ok else "MISSING" if check.needed else "absent"
            print(f"{mark:<8}{check.name:<14}{check.detail}")
            if not check.ok:
                print(f"{'':<8}{'':<14}fix: {check.fix}")
    return int(any(check.needed and not check.ok for check in checks))
