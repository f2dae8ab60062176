"""`composer jam`: play with a band that listens."""

from __future__ import annotations

import argparse
import contextlib
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import options as opt
from composer.errors import InputError

if TYPE_CHECKING:
    from composer.live.control import ControlSurface
    from composer.live.session import SessionPlan

EPILOG = """ports are named as `composer ports` lists them; also virtual:NAME, tcp:HOST:PORT, file:PATH (input), synth (output).
Send only some parts to an output with --output drums,bass=PORT; click=PORT and player=PORT route the click and the player's notes.

examples:
  composer jam --input "My Keyboard" --output synth --style bossa --tempo count-in
  composer jam --input virtual:In --output virtual:Band --tempo clock --mode fours
  composer jam --input file:seed.mid --output tcp:127.0.0.1:9080 --tempo 120 --bars 16 --record jam.mid --plain

See docs/jam.md for keys, modes, the control surface and calibration."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    where = parser.add_argument_group("ports")
    where.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="PORT",
        help="where the player plays; may be repeated (default: none, the band plays alone)",
    )
    where.add_argument(
        "--output", action="append", default=[], metavar="[PARTS=]PORT",
        help="where the band plays; may be repeated (default: synth)",
    )  # fmt: skip
    where.add_argument(
        "--channel", action="append", default=[], metavar="PART=N",
        help="MIDI channel of a part, 1..16 (default: drums=10 bass=2 guitar=3 piano=4 strings=5; the player has 1)",
    )  # fmt: skip
    where.add_argument(
        "--thru", action=argparse.BooleanOptionalAction, default=None,
        help="pass the player's notes on to the outputs (default: if an output is synth or an input is a file)",
    )  # fmt: skip
    music = parser.add_argument_group("music")
    music.add_argument(
        "--parts", metavar="PART,…", help="of drums,bass,guitar,piano,strings (default: drums,bass,guitar,piano)"
    )
    music.add_argument("--style", default="pop", help="a name from composer styles (default: pop)")
    music.add_argument(
        "--strength", type=opt.number(0, 1.5, "a strength"), default=1.0, metavar="S",
        help="style strength: 0 ignores the style, 1 plays it as trained, up to 1.5 exaggerates it (default: 1)",
    )  # fmt: skip
    music.add_argument(
        "--mode", default="accompany",
        help="accompany, call (call and response, two bars each), fours (trade four bars), continue (default: accompany)",
    )  # fmt: skip
    music.add_argument(
        "--chords",
        metavar="CHART",
        help="a chart such as 'C | Am7 D7 | G' to be looped (default: follow the player)",
    )
    music.add_argument("--meter", type=opt.meter, metavar="N/D", help="metre (default: the file's, else 4/4)")
    music.add_argument(
        "--bars",
        type=opt.whole(1, 100000, "bars"),
        metavar="N",
        help="stop after this many bars (default: at the end of an input file, else never)",
    )
    music.add_argument(
        "--density", action="append", default=[], metavar="PART=LEVEL",
        help="how busy a part plays, 1 sparse … 5 busy; may be repeated (default: as busy as the player)",
    )  # fmt: skip
    music.add_argument(
        "--program",
        action="append",
        default=[],
        metavar="PART=SOUND",
        help="a part's General MIDI sound (default: the style's)",
    )
    music.add_argument(
        "--seed", type=opt.whole(0, 2**31 - 1, "a seed"), default=0, metavar="N", help="the dice (default: 0)"
    )
    music.add_argument(
        "--temperature",
        type=opt.number(0.05, 4.0, "a temperature"),
        default=0.9,
        metavar="T",
        help="0.05 safe … 4 wild (default: 0.9)",
    )
    clock = parser.add_argument_group("time")
    clock.add_argument(
        "--tempo", default=None, metavar="BPM",
        help="quarter notes a minute, or: tap (t on the keyboard, or any notes), count-in (play a bar of even notes), clock"
        " (follow MIDI clock) (default: the file's, else 120)",
    )  # fmt: skip
    clock.add_argument(
        "--count-in", type=opt.whole(0, 8, "bars"), default=1, metavar="BARS", help="bars counted in (default: 1)"
    )
    clock.add_argument("--metronome", action="store_true", help="click throughout (default: in the count-in only)")
    clock.add_argument("--clock-out", action="store_true", help="send MIDI clock to the outputs (default: no)")
    clock.add_argument(
        "--output-latency",
        type=opt.number(0, 500, "milliseconds"),
        metavar="MS",
        help="send the band's notes this much earlier (default: as calibrated)",
    )
    clock.add_argument(
        "--calibrate", action="store_true", help="measure latency with a tap test, save it and exit (default: play)"
    )
    out = parser.add_argument_group("output")
    out.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="record the whole jam as multitrack MIDI, saved continuously (default: no recording)",
    )
    out.add_argument(
        "--stems",
        type=opt.folder,
        metavar="FOLDER",
        help="after the jam, render the recording to one WAV per part (default: no)",
    )
    out.add_argument("--force", action="store_true", help="replace what is already there (default: refuse)")
    out.add_argument(
        "--plain", action="store_true", help="log lines in place of the screen (default: where there is no terminal)"
    )
    out.add_argument(
        "--control", type=opt.whole(0, 65535, "a port"), metavar="PORT",
        help="open the control surface, a WebSocket on 127.0.0.1 (default: none; 0 picks a port)",
    )  # fmt: skip
    opt.add_soundfont(out)
    out.add_argument("--checkpoint", type=Path, metavar="PATH", help="other weights (default: those shipped)")


def run(args: argparse.Namespace) -> int:
    from composer.live.session import Session

    plan = session_plan(args)
    if args.calibrate:
        from composer.live.tap_test import tap_test

        return tap_test(plan, say)
    plain = args.plain or not (sys.stdin.isatty() and sys.stdout.isatty())
    interrupted = False
    with (
        _ended_by_hangup(),
        _control(args.control) as surface,  # before the session: a port in use is told before the band loads
        Session(plan, say if plain else _quietly) as session,
    ):
        if surface is not None:
            surface.serve(session)
            say(f"control surface: ws://127.0.0.1:{surface.port}")
        try:
            if plain:
                while not session.wait(0.2):
                    pass
            else:
                from composer.live.screen import show

                show(session)
        except KeyboardInterrupt:  # how most jams end: what was asked for afterwards is done all the same
            interrupted = True
        why = session.engine.finished
    _report(session, "stopped" if interrupted else why, plan)
    recorder = session.engine.wiring.recorder
    if args.stems is not None and recorder is not None and not recorder.is_empty:
        _stems(args)
    return 130 if interrupted else 0


def session_plan(args: argparse.Namespace) -> SessionPlan:
    """The command's words as a session. Raises InputError."""
    from composer.cli.render import outputs
    from composer.live.port_names import PortName
    from composer.live.session import Route, SessionPlan
    from composer.live.settings import PART_CHANNELS, JamSettings
    from composer.output import check_free
    from composer.styles import resolve

    inputs = tuple(PortName.parse(text) for text in args.input)
    routes = tuple(Route.parse(text) for text in args.output) or (Route.parse("synth"),)
    if args.record is not None and args.record.suffix.lower() not in (".mid", ".midi"):
        raise InputError(
            f"--record {args.record}: keeps MIDI; give a name that ends in .mid (sound: --output synth:file:jam.wav)"
        )
    if args.stems is not None:
        if args.record is None:
            raise InputError("--stems renders the recording: give --record as well")
        check_free(args.stems, outputs(args.record.stem, "wav", stems=True), args.force)
    file_names = [name for name in inputs if name.kind == "file"]
    tempo, source = args.tempo, "given"
    if tempo in ("tap", "count-in", "clock"):
        tempo, source = None, args.tempo
        if file_names and source != "clock":
            raise InputError("a file cannot tap or count in; give --tempo a number")
        if file_names and len(file_names) == len(inputs):
            raise InputError("a file sends no MIDI clock; name the --input that does, or give --tempo a number")
        if source != "tap" and not inputs:
            raise InputError(f"--tempo {source}: needs a player; name an --input, see composer ports")
    try:
        bpm = 120.0 if tempo is None else opt.number(20, 400, "quarter notes a minute, tap, count-in or clock")(tempo)
    except argparse.ArgumentTypeError as error:
        raise InputError(f"--tempo: {error}") from None
    numerator, denominator = args.meter or (4, 4)
    if file_names:
        from composer.live.player_file import FilePlayer

        first = FilePlayer.load(Path(file_names[0].value), file_names[0].text)
        bpm = min(400.0, max(20.0, first.bpm)) if args.tempo is None else bpm
        if args.meter is None:
            numerator, denominator = first.numerator, first.denominator
    if args.soundfont is not None and args.stems is None and all(route.port.kind != "synth" for route in routes):
        raise InputError("--soundfont: nothing would sound with it; add --output synth or --stems, or leave it out")
    heard_through_us = bool(file_names) or any(route.port.kind == "synth" for route in routes)
    parts = opt.part_list(args.parts) if args.parts is not None else ("drums", "bass", "guitar", "piano")
    channels = opt.per_part("--channel", args.channel, opt.whole(1, 16, "a channel"))
    programs = opt.per_part("--program", args.program, opt.program)
    density = opt.per_part("--density", args.density, opt.whole(1, 5, "a level"))
    for option, asked in (("--channel", channels), ("--program", programs), ("--density", density)):
        for part in asked:
            if part not in parts and (option, part) != (
                "--channel",
                "drums",
            ):  # where the click goes without drums, too
                raise InputError(f"{option} {part}: this band has no {part}; add it to --parts, or leave {option} out")
    settings = JamSettings(
        parts=parts,
        style=resolve(args.style).name,
        tempo_bpm=bpm,
        tempo_from=source,
        numerator=numerator,
        denominator=denominator,
        count_in_bars=args.count_in if source == "given" else 0,
        bars=args.bars,
        mode=args.mode,
        strength=args.strength,
        temperature=args.temperature,
        seed=args.seed,
        chords=_chart(args.chords, numerator, denominator),
        metronome=args.metronome,
        thru=heard_through_us if args.thru is None else args.thru,
        clock_out=args.clock_out,
        channels={**PART_CHANNELS, **{part: number - 1 for part, number in channels.items()}},
        programs=programs,
        density=density,
    )
    return SessionPlan(
        settings, inputs, routes, args.record, args.force, args.checkpoint,
        soundfont=args.soundfont,
        output_latency_s=None if args.output_latency is None else args.output_latency / 1000,
    )  # fmt: skip


def _chart(text: str | None, numerator: int, denominator: int) -> tuple[str, ...]:
    """A chart's chords, one a beat, for as many bars as it has."""
    chart = opt.chart(text)
    if chart is None:
        return ()
    from composer.harmony.lane import ChordLane
    from composer.timing import Meter

    cells = re.sub(r"(?m)(?:^|(?<=\s))#.*", "", chart).replace("\n", "|").split("|")
    count = max(1, sum(bool(cell.strip()) for cell in cells))
    bars = Meter(480, ((0, numerator, denominator),)).bars(count * round(numerator * 4 * 480 / denominator))
    return tuple(chord.symbol for chord in ChordLane.from_chart(chart, bars).chords)


def say(text: str) -> None:
    """A log line: the time, and what happened."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _quietly(_: str) -> None:
    """The screen shows what is said."""


def _report(session: object, why: str, plan: SessionPlan) -> None:
    from composer.live.session import Session

    assert isinstance(session, Session)
    view = session.engine.view
    if why:
        say(why)
    say(f"{view.planned} plans made, {view.missed} bars missed, {view.late} of {session.engine.played} notes late")
    recorder = session.engine.wiring.recorder
    if recorder is not None:
        say("nothing was played, so nothing is recorded" if recorder.is_empty else f"recorded: {plan.record}")


def _stems(args: argparse.Namespace) -> None:
    """The recording through the renderer."""
    from composer.cli import render

    parser = argparse.ArgumentParser()
    render.add_arguments(parser)
    words = [str(args.record), "--stems", "--out", str(args.stems), *(["--force"] if args.force else [])]
    render.run(parser.parse_args(words + (["--soundfont", args.soundfont] if args.soundfont else [])))


@contextlib.contextmanager
def _ended_by_hangup() -> Iterator[None]:
    """A closed terminal ends the jam as SIGTERM does: with all notes off."""
    if not hasattr(signal, "SIGHUP"):
        yield
        return

    def leave(_signal: int, _frame: object) -> None:
        raise SystemExit(129)

    before = signal.signal(signal.SIGHUP, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def _control(port: int | None) -> contextlib.AbstractContextManager[ControlSurface | None]:
    """The control surface's port, taken; None where none was asked for. Raises InputError where it is in use."""
    from composer.live.control import ControlSurface

    return contextlib.nullcontext() if port is None else ControlSurface(port)
