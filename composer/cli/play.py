"""`composer play FILE`: a music file through the sound card, mixed as `composer render` mixes it, with faders that move."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import mixing
from composer.cli import options as opt
from composer.cli.progress import steps
from composer.errors import InputError

if TYPE_CHECKING:
    from composer.playback.hands import Hands
    from composer.playback.osc import OscServer
    from composer.playback.session import Playback


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a .mid, .musicxml, .mxl or .abc file")
    sound = parser.add_argument_group("sound")
    opt.add_soundfont(sound)
    sound.add_argument(
        "--driver", default="", metavar="NAME",
        help="jack, alsa, pulseaudio, pipewire, coreaudio …; file plays into --record without a sound card (default: the first that works)",
    )  # fmt: skip
    sound.add_argument(
        "--sample-rate", type=opt.whole(8_000, 96_000, "Hz"), metavar="HZ", help="8000..96000 Hz (default: 48000)"
    )
    sound.add_argument(
        "--period",
        type=opt.whole(32, 4096, "frames"),
        default=256,
        metavar="FRAMES",
        help="audio buffer size (default: 256)",
    )
    sound.add_argument(
        "--ahead",
        type=opt.number(5, 2_000, "ms"),
        default=45.0,
        metavar="MS",
        help="audio buffered ahead to survive stalls; faders respond this much later, 5..2000 ms (default: 45)",
    )
    sound.add_argument(
        "--separate",
        action="store_true",
        help="on JACK, also give every part a pair of outputs (default: only the mix)",
    )
    sound.add_argument(
        "--at-once",
        action="store_true",
        help="start at once, mixed from the soundfont's calibration (default: render and mix first, then play)",
    )
    sound.add_argument(
        "--record", type=Path, metavar="WAV", help="record what is played as 32-bit float WAV (default: no recording)"
    )
    sound.add_argument(
        "--start",
        type=opt.number(0, 36_000, "seconds"),
        default=0.0,
        metavar="S",
        help="start position in seconds (default: 0)",
    )
    hands = parser.add_argument_group("faders")
    hands.add_argument(
        "--midi", metavar="PORT", help="move them with MIDI controllers 7, 10 and 91 on channel 1… (default: keys only)"
    )
    hands.add_argument(
        "--osc",
        type=opt.whole(0, 65_535, "a port"),
        metavar="PORT",
        help="move them with OSC on this UDP port of 127.0.0.1, 0 for a free one (default: no OSC)",
    )
    hands.add_argument(
        "--plain",
        action="store_true",
        help="a line of text now and then instead of a screen (default: when there is no terminal)",
    )
    mixing.add_arguments(parser)
    parser.add_argument("--force", action="store_true", help="overwrite an existing --record file (default: refuse)")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr (default: show it)")


def run(args: argparse.Namespace) -> int:
    with _osc(args.osc) as osc:  # first of all: a port in use is told before minutes of listening and mixing
        return _play(args, osc)


def _play(args: argparse.Namespace, osc: OscServer | None) -> int:
    from composer import formats
    from composer.audio import calibration, soundfonts
    from composer.audio.mixer import mix
    from composer.audio.synth import MAX_SECONDS, render
    from composer.audio.wav import check_format
    from composer.errors import OutputError
    from composer.playback.engine import Piece
    from composer.playback.hands import Hands
    from composer.playback.outlet import Output
    from composer.playback.session import Playback

    if args.driver == "file" and not args.record:
        raise InputError("--driver file: name the file with --record, as in --record out.wav")
    rate = mixing.sample_rate(args, 48_000)
    if args.record:
        if args.record.suffix.lower() != ".wav":
            raise OutputError(f"{args.record}: recordings are WAV files; give a name that ends in .wav")
        if args.record.exists() and not args.force:
            raise OutputError(f"{args.record}: already exists; use --force to overwrite it")
        check_format(args.record, 32, rate)
    score = formats.load(args.file)
    if not any(len(part) for part in score.parts):
        raise InputError(f"{args.file}: has no notes to play")
    if args.start >= score.duration_s:
        raise InputError(f"--start {args.start:g}: {args.file} lasts only {score.duration_s:.1f} s")
    settings = mixing.settings(args, rate, score)
    font = soundfonts.find(args.soundfont)
    notices = list(score.problems)
    if args.at_once:
        plan = calibration.plan(score, font, settings)
    else:
        with steps(args.quiet) as progress:
            with progress.step("rendering the parts") as tell:
                stems = render(score, font, rate, on_progress=tell)
            with progress.step("mixing"):
                mixed = mix(stems, settings)
        print(mixed.report())
        plan, notices = mixed.plan, [*notices, *stems.notices, *mixing.shortfall(mixed, settings)]
        del stems, mixed  # a song's worth of memory
    for sentence in notices:
        print(f"note: {sentence}")
    piece = Piece(
        score.parts, score.tempo, plan, font, rate, min(score.duration_s, MAX_SECONDS),
        record=args.record is not None, separate=args.separate, start_s=args.start,
    )  # fmt: skip
    output = Output(
        args.driver, args.record, args.period, separate=args.separate, force=args.force, ahead_s=args.ahead / 1_000
    )
    with _kept(args.record), _keyboard(args.midi) as listening, Playback(piece, output) as playing:
        hands = Hands(playing)
        listening.append(hands)
        if osc is not None:
            osc.serve(playing)
            print(f"OSC: 127.0.0.1:{osc.port}")
        if args.plain or not (sys.stdin.isatty() and sys.stdout.isatty()):
            _plain(playing)
        else:
            from composer.cli.play_screen import show

            show(playing, hands)
        playing.stop()
        health = playing.health
    print(
        f"played {playing.position_s:.1f} s; {health.blocks} blocks made in {health.mean_ms:.2f} ms each,"
        f" {health.late} late; gaps in the sound: {health.gaps}"
    )
    return 0


@contextlib.contextmanager
def _kept(path: Path | None) -> Iterator[None]:
    """At the end, whoever made it end, say where the recording is."""
    before = _written(path)
    try:
        yield
    finally:
        if path is not None and _written(path) not in (None, before):
            print(path, flush=True)


def _written(path: Path | None) -> tuple[int, int] | None:
    """What changes when a file is written anew; None where there is none."""
    if path is None or not path.exists():
        return None
    told = path.stat()
    return told.st_ino, told.st_mtime_ns


@contextlib.contextmanager
def _keyboard(port: str | None) -> Iterator[list[Hands]]:
    """MIDI for the hands that are put into the list; opened before anything sounds. Raises InputError."""
    from composer.live.items import Heard
    from composer.live.port_names import PortName
    from composer.live.ports import Ports

    listening: list[Hands] = []

    def hear(item: object) -> None:
        if isinstance(item, Heard):
            for hands in listening:
                hands.midi(item.data)

    with Ports(hear) as ports:
        if port:
            ports.input(PortName.parse(port))
        yield listening


def _osc(port: int | None) -> contextlib.AbstractContextManager[OscServer | None]:
    """The port for OSC, taken; None where none was asked for. Raises InputError where it is in use."""
    from composer.playback.osc import OscServer

    return contextlib.nullcontext() if port is None else OscServer(port)


def _plain(playing: Playback) -> None:
    """A line every ten seconds."""
    whole_s = playing.piece.duration_s
    while not playing.wait(10.0):
        print(f"{min(playing.position_s, whole_s):.0f} of {whole_s:.0f} s", flush=True)
