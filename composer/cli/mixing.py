"""The mix on the command line: faders as words, and the table, JSON and picture that tell what came of them."""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli import options as opt
from composer.errors import InputError

if TYPE_CHECKING:
    from composer.audio.mixer import Mix, MixSettings
    from composer.audio.strip import Insert
    from composer.audio.synth import Stems
    from composer.score import Score

LOSSY = (".ogg", ".mp3")
MOST_OFF_DB = 3.0
"""A ceiling is lowered no further than this for an encoder's sake."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Balance, faders and effects. Parts go by name or by role, as composer inspect shows them."""
    group = parser.add_argument_group("mix")
    group.add_argument(
        "--balance",
        choices=("auto", "loudness", "neural", "synth"),
        default="auto",
        help="loudness: a rule sets each part by its measured loudness and masking; neural: a small network sets gain, pan and"
        " equaliser; auto: the better of the two (docs/mix.md has the table); synth: the soundfont's own levels (default: auto)",
    )
    group.add_argument(
        "--lufs",
        "--loudness",
        type=opt.number(-40, -6, "LUFS"),
        default=-14.0,
        metavar="LUFS",
        help="integrated loudness of the mix, -40..-6 LUFS (default: -14)",
    )
    group.add_argument(
        "--style", metavar="STYLE", help="style whose balance to use, see composer styles (default: none)"
    )
    for name, value, what in (
        ("gain", "DB", "faders on top of the balance, in dB: drums=-3dB"),
        ("pan", "PLACE", "-1 left … 1 right, or left, centre, right: guitar=-0.4"),
        ("reverb", "DB", "more or less of the room, in dB: piano=-6; piano=off is dry"),
        ("chorus", "DB", "sent to the chorus, in dB below the dry sound: piano=-9"),
        ("amp", "AMP", "through a guitar amplifier: guitar=crunch, clean, or a .nam or .json file"),
    ):
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar=f"PART={value}",
            help=f"{what}; may be repeated (default: none)",
        )
    group.add_argument(
        "--insert",
        action="append",
        default=[],
        metavar="PART=EFFECT",
        help="through an effect of pedalboard or a VST3 plug-in: guitar=Phaser:rate_hz=0.4, piano=vst3:/path/Name.vst3:mix=0.3;"
        " needs the extra [plugins]; may be repeated (default: none)",
    )
    for name in ("mute", "solo"):
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="PARTS",
            help=f"{name} these parts, separated by commas (default: none)",
        )


def settings(args: argparse.Namespace, sample_rate: int, score: Score | None = None) -> MixSettings:
    """What the options say. Raises InputError on words that cannot be read, AudioError on parts that the score has not."""
    from composer import styles
    from composer.audio.mixer import MixSettings, check_names
    from composer.audio.synth import role_of, stem_names

    said = MixSettings(
        target_lufs=args.lufs,
        balance=args.balance,
        style=styles.resolve(args.style).name if args.style else None,
        gain_db=levels("--gain", args.gain),
        pan={part: place(part, value) for part, value in pairs("--pan", args.pan)},
        reverb_db=levels("--reverb", args.reverb),
        chorus_db=levels("--chorus", args.chorus),
        inserts=_inserts(args, sample_rate),
        mute=_names(args.mute),
        solo=_names(args.solo),
    )
    if score is not None:
        check_names(stem_names(score.parts), [role_of(part) for part in score.parts], said)
    return said


def sample_rate(args: argparse.Namespace, otherwise: int = 44_100) -> int:
    """The rate that was asked for, else the one that the amplifiers are made for, else the usual one."""
    if args.sample_rate is not None or not args.amp:
        return int(args.sample_rate or otherwise)
    from composer.amp import load

    return next((rate for _, name in pairs("--amp", args.amp) if (rate := load(name).sample_rate)), otherwise)


def pairs(option: str, words: Iterable[str]) -> list[tuple[str, str]]:
    """["drums=-3dB, bass=1", "strings=off"] → [("drums", "-3dB"), ("bass", "1"), ("strings", "off")]. Raises InputError."""
    found = []
    for word in (item.strip() for text in words for item in text.split(",")):
        part, equals, value = (piece.strip() for piece in word.partition("="))
        if not part or not equals or not value:
            raise InputError(f"{option}: cannot read {word!r}; write PART=VALUE, such as drums=-3dB")
        found.append((part, value))
    return found


def levels(option: str, words: Iterable[str]) -> dict[str, float]:
    """Numbers by part; a unit behind them is read, "off" is -inf. Raises InputError."""
    return {part: level(option, part, value) for part, value in pairs(option, words)}


def level(option: str, part: str, value: str) -> float:
    if value.lower() in ("off", "-inf", "-infdb"):
        return -math.inf
    found = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+))\s*(?:db|lu)?", value.lower())
    if found is None:
        raise InputError(f"{option} {part}: {value!r} is not a number; write one such as -3 or -3dB, or off")
    return float(found[1])


def place(part: str, value: str) -> float:
    """-1 … 1, or a word."""
    words = {"left": -1.0, "centre": 0.0, "center": 0.0, "right": 1.0}
    try:
        return words[value.lower()] if value.lower() in words else float(value)
    except ValueError:
        wanted = "a number from -1 (left) to 1 (right), or left, centre, right"
        raise InputError(f"--pan {part}: {value!r} is not a pan position; write {wanted}") from None


def report(mixed: Mix) -> dict[str, Any]:
    """The mix for JSON: what went in, every part's line, the whole."""
    from composer.audio.soundfonts import credit

    return {
        **credit(mixed.stems.soundfont),
        "sample_rate": mixed.sample_rate,
        "duration_s": round(mixed.stems.duration_s, 3),
        "lufs": _plain(mixed.lufs),
        "true_peak_dbtp": _plain(mixed.true_peak_dbtp),
        "master_db": _plain(mixed.master.gain_db),
        "limiter_db": _plain(mixed.master.reduction_db),
        "parts": [{name: _plain(value) for name, value in asdict(line).items()} for line in mixed.table],
        "notices": list(mixed.stems.notices),
    }


def write_mix(path: Path, stems: Stems, settings: MixSettings, bits: int) -> Mix:
    """Mix and write. What OGG and MP3 add to the peaks is heard again and taken off the limiter's ceiling; the mix stays."""
    from composer.audio.loudness import true_peak_dbtp
    from composer.audio.mixer import premaster
    from composer.audio.wav import read_wav, write_sound

    ready, ceiling_dbtp = premaster(stems, settings), settings.ceiling_dbtp
    while True:
        mixed = ready.mastered(ceiling_dbtp)
        write_sound(path, mixed.audio, mixed.sample_rate, bits, force=True)
        over_db = true_peak_dbtp(read_wav(path)[0]) - settings.ceiling_dbtp if path.suffix in LOSSY else 0.0
        if over_db <= 0 or ceiling_dbtp < settings.ceiling_dbtp - MOST_OFF_DB:
            return mixed
        ceiling_dbtp -= over_db + 0.05


def shortfall(mixed: Mix, settings: MixSettings) -> list[str]:
    """A word where the mix is not as loud as was asked, or where nothing is heard in it."""
    if not mixed.audio.any():
        return ["the mix is silent: " + ("every part is muted" if settings.mute or settings.solo else "no part sounds")]
    target = settings.target_lufs
    if target is None or not math.isfinite(mixed.lufs) or abs(mixed.lufs - target) <= 0.5:
        return []
    limits = "peaks are reduced by at most 20 dB, and sound is raised by at most 60"
    return [f"the mix is at {mixed.lufs:.1f} LUFS, not {target:g}: {limits}"]


def write_report(path: Path, mixed: Mix) -> None:
    path.write_text(json.dumps(report(mixed), indent=2, ensure_ascii=False) + "\n", "utf-8")


def _plain(value: object) -> object:
    """JSON has no infinities; hundredths are enough."""
    if isinstance(value, float):
        return round(value, 2) if math.isfinite(value) else None
    return value


def _names(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for text in words for name in opt.words(text))


def _inserts(args: argparse.Namespace, sample_rate: int) -> dict[str, tuple[Insert, ...]]:
    """By part: its amplifier, then its effects in the order they were named. What cannot work is said before anything is played."""
    from composer.amp import load

    found: dict[str, tuple[Insert, ...]] = {part: (load(name),) for part, name in pairs("--amp", args.amp)}
    for word in args.insert:
        from composer.audio.plugins import Plugin

        part, _, effect = (piece.strip() for piece in word.partition("="))
        if not part or not effect:
            raise InputError(f"--insert: cannot read {word!r}; write PART=EFFECT, such as guitar=Phaser")
        plugin = Plugin.parse(effect)
        plugin.start(sample_rate)
        found[part] = (*found.get(part, ()), plugin)
    return found
