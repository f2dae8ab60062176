"""Options that several commands share, and how their words become values."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from composer.errors import InputError

T = TypeVar("T")


def number(low: float, high: float, what: str) -> Callable[[str], float]:
    """A parser of numbers in [low, high]; `what` names the unit in the error."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number; give {what} in {low:g}..{high:g}") from None
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text} is out of range; give {what} in {low:g}..{high:g}")
        return value

    return parse


def whole(low: int, high: int, what: str) -> Callable[[str], int]:
    """A parser of whole numbers in [low, high]."""

    def parse(text: str) -> int:
        value = number(low, high, what)(text)
        if value != int(value):
            raise argparse.ArgumentTypeError(f"{text} is not a whole number; give {what} in {low}..{high}")
        return int(value)

    return parse


def meter(text: str) -> tuple[int, int]:
    """ "6/8" → (6, 8)."""
    over, slash, under = text.partition("/")
    if not (slash and over.strip().isdecimal() and under.strip().isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a metre; write it as 4/4, 3/4 or 6/8")
    return int(over), int(under)


def pitch(text: str) -> int:
    """ "C4", "F#3", "Eb5" or a MIDI number → a MIDI pitch, C4 being 60."""
    found = re.fullmatch(r"([A-Ga-g])([#b]?)(-?\d)", text.strip())
    if found:
        step = "C D EF G A B".index(found[1].upper()) + {"#": 1, "b": -1, "": 0}[found[2]]
        return step + 12 * (int(found[3]) + 1)
    if text.strip().isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a pitch; give one such as C4, F#3 or 60")


def words(text: str) -> list[str]:
    """ "a, b,,c" → ["a", "b", "c"]."""
    return [word.strip() for word in text.split(",") if word.strip()]


def part_list(text: str) -> tuple[str, ...]:
    """ "drums,bass" → ("drums", "bass"). Raises InputError on a part the model does not write."""
    from composer.gm import BAND

    parts = tuple(dict.fromkeys(words(text.lower().replace(" ", ","))))
    unknown = [part for part in parts if part not in BAND]
    if unknown or not parts:
        what = f"no part called {unknown[0]!r}" if unknown else "no part given"
        raise InputError(f"--parts: {what}; choose from: {', '.join(BAND)}")
    return parts


def per_part(option: str, texts: Iterable[str], parse: Callable[[str], int]) -> dict[str, int]:
    """["drums=3,bass=2", "piano=5"] → {"drums": 3, "bass": 2, "piano": 5}. Raises InputError."""
    from composer.gm import BAND

    values: dict[str, int] = {}
    for word in (item.strip() for text in texts for item in text.split(",")):
        part, equals, value = word.partition("=")
        part = part.strip().lower()
        if not equals or part not in BAND:
            raise InputError(f"{option}: cannot read {word!r}; write PART=VALUE with one of: {', '.join(BAND)}")
        try:
            asked = parse(value.strip())
        except argparse.ArgumentTypeError as error:
            raise InputError(f"{option} {part}: {error}") from None
        once(option, values, part, asked)
    return values


def once(option: str, values: dict[str, T], part: str, asked: T) -> None:
    """Note what is asked of a part. Raises InputError where something else was before: which of them counts, nobody can tell."""
    if values.setdefault(part, asked) != asked:
        raise InputError(f"{option}: {part} is given twice, as {values[part]} and as {asked}; give it once")


def program(text: str) -> int:
    """A General MIDI program by number, counted from 0, or by name, as far as it is unmistakable."""
    from composer.gm import PROGRAM_NAMES

    if text.isdecimal():
        return whole(0, 127, "a General MIDI program")(text)
    named = [i for i, name in enumerate(PROGRAM_NAMES) if name.lower() == text.lower()]
    named = named or [i for i, name in enumerate(PROGRAM_NAMES) if text.lower() in name.lower()]
    if not named:
        near = difflib.get_close_matches(text.lower(), [name.lower() for name in PROGRAM_NAMES], 1, 0.75)
        meant = next((name for name in PROGRAM_NAMES if name.lower() in near), "Clean Guitar")
        raise argparse.ArgumentTypeError(
            f"{text!r} matches no General MIDI program; give a name such as {meant!r}, or a number in 0..127"
        )
    if len(named) > 1:
        some = ", ".join(PROGRAM_NAMES[i] for i in named[:4])
        raise argparse.ArgumentTypeError(f"{text!r} matches several General MIDI programs: {some}")
    return named[0]


def chart(text: str | None) -> str | None:
    """A chord chart as given, or the text of the file it names. Raises InputError where that file cannot be read."""
    if text is None:
        return None
    path = Path(text)
    if "|" in text or not (path.suffix or path.is_file()) or (not path.is_file() and path.suffix != ".txt"):
        return text
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not a text file; --chords takes a chart such as 'C | Am7 D7 | G'") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); --chords takes a chart or a text file") from None


def folder(text: str) -> Path:
    """Where to write. The name of a sound or a score is one that other programs want there: no folder is made of it."""
    path = Path(text)
    if path.suffix.lower() in (".wav", ".flac", ".ogg", ".mp3", ".mid", ".midi", ".musicxml") and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a file's name; give the folder to write into, such as {path.stem}")
    return path


def add_output(parser: argparse.ArgumentParser) -> None:
    """--out, --force and --quiet."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--out", type=folder, default=Path("out"), metavar="FOLDER", help="where to write (default: out)"
    )
    group.add_argument("--force", action="store_true", help="replace outputs that are already there (default: refuse)")
    group.add_argument("--quiet", action="store_true", help="no progress on stderr (default: show it)")


def add_soundfont(parser: argparse._ActionsContainer) -> None:
    """--soundfont."""
    parser.add_argument(
        "--soundfont",
        metavar="FONT",
        help="an .sf2 or .sf3 file, or a name from: composer soundfonts (default: the best one on this machine)",
    )


def shown(values: Mapping[str, object]) -> str:
    """ "drums=3 bass=2", for messages."""
    return " ".join(f"{name}={value}" for name, value in values.items())
