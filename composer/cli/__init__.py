"""The command line: one file a command, each with `add_arguments(parser)` and `run(args)`.

A user's mistake is one line on stderr and exit code 1; Ctrl-C is 130; a closed pipe is silent.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from composer import __version__
from composer.errors import ComposerError, InputError

COMMANDS = {
    "arrange": "write a band around a seed melody",
    "transcribe": "transcribe the melody hummed, sung, whistled or played in a recording",
    "rework": "rewrite some bars of some parts and leave everything else untouched",
    "restyle": "have another band play the same melody and harmony",
    "generate": "generate a corpus of thousands of pieces, exactly as a plan specifies",
    "corpus": "verify, summarise, split and export a corpus made by generate",
    "studio": "arrange, listen, rework and export in a web page or over HTTP",
    "jam": "play with a band that listens",
    "ports": "list MIDI ports, and the names that composer jam takes",
    "render": "render a music file to an audio file, with stems if wanted",
    "play": "play a music file through the sound card, with live faders",
    "amp": "guitar amplifiers: train one from a recording, run sound through one, inspect one",
    "inspect": "describe a music file: parts, bars, key, chords, problems",
    "demo": "arrange a bundled seed melody",
    "styles": "list the styles",
    "soundfonts": "list, get and verify soundfonts",
    "finetune": "teach the model your own music, in minutes",
    "tune": "search for a better training recipe",
    "train": "train a band model, or resume training it",
    "models": "list, verify, choose and sign weights; trace a file to the weights that made it",
    "evaluate": "compare the model's bands with human ones, with mma's and with shuffled bars; make a blind listening test",
    "doctor": "list what is missing on this machine and the commands that fix it",
}
"""Command → what it does. Each is a module here, imported when it is asked for."""


class Parser(argparse.ArgumentParser):
    """argparse with our manners: a mistake is an InputError, one line long."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see: {self.prog} --help)")


def build_parser(command: str | None = None) -> Parser:
    """The parser with the options of `command`, or with every command's name only."""
    parser = Parser(
        prog="composer",
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=16),
        description="A seed melody in, a band arrangement out.",
        epilog="composer COMMAND --help lists a command's options. Start with: composer demo",
    )
    parser.add_argument("--version", action="version", version=f"composer {__version__}")
    parser.add_argument("--debug", action="store_true", help="on an error, show the full traceback (default: one line)")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands", parser_class=Parser)
    for name, purpose in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=purpose,
            description=f"{purpose[0].upper()}{purpose[1:]}.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == command:
            importlib.import_module(f"composer.cli.{name}").add_arguments(sub)
    return parser


def _end_on_sigterm() -> None:
    """Let SIGTERM unwind like Ctrl-C does, so that half-written outputs are removed."""

    def leave(_signal: int, _frame: object) -> NoReturn:
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, leave)


def _say_anything() -> None:
    """Titles and names of files may hold what the terminal cannot show: it is spelt out (\\xdc) then, and no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    _say_anything()
    command = next((word for word in argv if not word.startswith("-")), None)
    debug = "--debug" in argv
    try:
        args = build_parser(command).parse_args(argv)
        if args.command is None:
            build_parser().print_help()
            return 0
        _end_on_sigterm()
        code = importlib.import_module(f"composer.cli.{args.command}").run(args)
        sys.stdout.flush()
        return int(code or 0)
    except ComposerError as error:
        if debug:
            raise
        print(f"composer: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("composer: stopped; nothing was left half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has gone; give Python's own flush at exit somewhere to write.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
