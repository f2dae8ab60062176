"""`composer soundfonts`: what there is, what plays, and how to get a better one."""

from __future__ import annotations

import argparse
from pathlib import Path

from composer.cli.progress import steps
from composer.errors import AudioError, InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = f"""{parser.description}

  composer soundfonts              list the catalogue: licence, size, what is here
  composer soundfonts get NAME     fetch one and check it (from the Debian package, without root)
  composer soundfonts verify       check every font of the catalogue that is here against its checksum"""
    parser.add_argument("action", nargs="?", choices=("list", "get", "verify"), default="list", help="(default: list)")
    parser.add_argument("name", nargs="?", help="a font of the catalogue, or for verify also a file")
    parser.add_argument("--url", help="get: fetch the font file from this address (default: the Debian package)")


def run(args: argparse.Namespace) -> int:
    from composer.audio import soundfonts

    if args.action == "get":
        if not args.name:
            raise InputError(f"soundfonts get: name one of: {', '.join(font.name for font in soundfonts.catalogue())}")
        with steps() as progress, progress.step(f"getting {args.name}"):
            fetched = soundfonts.get(args.name, args.url)
        print(fetched)
        return 0
    if args.action == "verify":
        return _verify(args.name)
    playing = _playing()
    for font in soundfonts.catalogue():
        path = soundfonts.installed(font)
        mark = "plays" if path and path == playing else "here" if path else "-"
        print(f"{font.name:<16}{mark:<7}{font.size_mb:>6.0f} MB  {font.licence:<9} {font.title}: {font.note}")
        if path:
            print(f"{'':<16}{path}")
    return 0


def _playing() -> Path | None:
    from composer.audio import soundfonts

    try:
        return soundfonts.find()
    except AudioError:
        return None


def _verify(name: str | None) -> int:
    from composer.audio import soundfonts

    if name and Path(name).is_file():
        print(f"{name}: is {soundfonts.verify(Path(name)).title}")
        return 0
    fonts = [font for font in soundfonts.catalogue() if name in (None, font.name)]
    if not fonts:
        raise InputError(f"{name}: no such file, and no such font in the catalogue (see: composer soundfonts)")
    here = [(font, path) for font in fonts if (path := soundfonts.installed(font))]
    if not here:
        raise AudioError(f"{name or 'soundfonts'}: not on this machine; get one with: composer soundfonts get NAME")
    for font, path in here:
        soundfonts.verify(path, font)
        print(f"{font.name}: {path} is intact")
    return 0
