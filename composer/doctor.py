"""What `composer doctor` looks at: what the project needs beside itself, each with the command that supplies it."""

from __future__ import annotations

import importlib.metadata
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from composer.errors import ComposerError

DISTRIBUTION = "melody-to-band"
TRAINING_ONLY = "torch"
"""The one dependency that arranging and rendering do without."""


@dataclass(frozen=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
    """A command, or what to do, where it is not ok."""
    needed: bool = True
    """Whether arranging, rendering or inspecting fails without it."""


def examine() -> list[Check]:
    """Every check, in the order a user would mend them."""
    return [_python(), *_packages(), _fluidsynth(), _soundfont(), _weights(), _corpora()]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    return Check("python", sys.version_info >= (3, 10), version, "install Python 3.10 or newer")


def requirements() -> dict[str, str]:
    """Package → version range, of the installed distribution; {} where it is run without being installed."""
    try:
        lines = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    plain = [re.match(r"([\w.-]+)\s*(.*)", line) for line in lines if ";" not in line]
    return {found[1]: found[2] for found in plain if found}


def _packages() -> list[Check]:
    wanted = requirements()
    if not wanted:
        return [Check("packages", False, f"{DISTRIBUTION} is not installed", "./run setup (or: pip install -e .)")]
    missing = [name for name in wanted if not _version(name)]
    needed = [name for name in missing if name != TRAINING_ONLY]
    torch = _version(TRAINING_ONLY)
    return [
        Check(
            "packages",
            not needed,
            f"missing: {', '.join(needed)}" if needed else f"{len(wanted) - 1} found",
            "./run setup",
        ),
        Check(
            "torch", bool(torch), torch or "not installed (needed for training only)", "./run setup dev", needed=False
        ),
    ]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _fluidsynth() -> Check:
    from composer.audio import fluid

    try:
        return Check("fluidsynth", True, fluid.version())
    except ComposerError as error:
        return Check(
            "fluidsynth", False, str(error), "apt-get install libfluidsynth3 (macOS: brew install fluid-synth)"
        )


def _soundfont() -> Check:
    from composer.audio import soundfonts

    try:
        found = soundfonts.find()
    except ComposerError as error:
        return Check("soundfont", False, str(error), "composer soundfonts get timgm6mb")
    return Check("soundfont", True, str(found))


def _weights() -> Check:
    from composer.arrange import Arranger

    fix = "restore checkpoints/ from version control, or name weights with --checkpoint"
    try:
        Arranger.load()
    except ComposerError as error:
        return Check("checkpoint", False, str(error), fix)
    return Check("checkpoint", True, "the shipped weights load and fit this version")


def _corpora() -> Check:
    folder = os.environ.get("COMPOSER_DATA", "")
    fix = "set COMPOSER_DATA to the folder with the corpora (see corpora/)"
    if not folder:
        return Check("corpora", False, "COMPOSER_DATA is not set (needed for training only)", fix, needed=False)
    there = Path(folder).is_dir()
    return Check("corpora", there, folder if there else f"{folder} is not a folder", fix, needed=False)
