"""The jam, measured.

    python benchmarks/jam.py time [--minutes 10] [--tempo 120]   a jam in real time between real processes
    python benchmarks/jam.py highest                             the highest tempo at which no bar is missed
    python benchmarks/jam.py harmony --data DIR [--songs 12]     notes in the player's chord, songs fed in as if played
    python benchmarks/jam.py clock                               slaved to a clock whose tempo ramps by 5 %, reckoned
    python benchmarks/jam.py slave                               the same with another process's clock through a TCP port

`time`: the engine, the generator, the recorder, the renderer and a listener in processes of their own; the listener, at the other end of a
TCP port, plays chords and stamps what arrives on the clock all processes share. Jitter is how far onsets are from the grid, once
their median delay is taken off. The way through is a player's note out and back, less what a bare echo over the same kind of port
takes. Where JACK is installed the renderer plays into a server of its own without a sound card, and its xruns are counted.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from composer import priority
from composer.live import midi
from composer.live.bandleader import Bandleader, Metre
from composer.live.clock_in import ClockFollower
from composer.live.engine import Engine
from composer.live.generator import InlinePlanner
from composer.live.inbox import FakeInbox
from composer.live.player_file import FilePlayer
from composer.live.port_names import PortName
from composer.live.session import Route, Session, SessionPlan
from composer.live.settings import JamSettings
from composer.live.wiring import Line, Wiring
from composer.timing import beat_quarters

PARTS = ("drums", "bass", "guitar", "piano")
CHORDS = ((48, 60, 64, 67), (45, 60, 64, 69), (41, 60, 65, 69), (43, 59, 62, 67))
PROBE = 100
"""A pitch the player strikes to time the way through; the band never reaches it."""


def listener(pipe: Connection, number: int, bpm: float) -> None:
    """The other process: plays a chord a bar and a probe a beat; keeps the time of everything it hears."""
    priority.ask_for(priority.SOUND)  # who measures must not be late himself
    server = socket.create_server(("127.0.0.1", number))
    pipe.send("ready")
    peer, _ = server.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    heard: list[tuple[float, bytes]] = []
    probes: list[float] = []
    ways: list[float] = []
    start_s = pipe.recv()
    beat_s, beat = 60 / bpm, 0
    held: tuple[int, ...] = ()
    left = b""
    while True:
        next_s = (
            start_s + (beat + 0.37 * (beat % 2)) * beat_s
        )  # half of them between the beats, where the band strikes less
        peer.settimeout(max(0.0005, next_s - time.monotonic()))
        try:
            data = peer.recv(4096)
            now_s = time.monotonic()
            if not data:
                break
            left += data
            while len(left) >= 2:
                size = 1 if left[0] >= 0xF0 else 2 if left[0] & 0xF0 == 0xC0 else 3
                if len(left) < size:
                    break
                message, left = left[:size], left[size:]
                if midi.is_note_on(message):
                    if message[1] == PROBE and message[0] & 15 == 0:
                        ways.append(now_s - probes[-1])
                    else:
                        heard.append((now_s, message))
        except (TimeoutError, BlockingIOError):
            out = b""
            if beat % 4 == 0:
                out += b"".join(midi.note_off(0, pitch) for pitch in held)
                held = CHORDS[beat // 4 % 4]
                out += b"".join(midi.note_on(0, pitch, 75) for pitch in held)
            probes.append(time.monotonic())
            peer.sendall(midi.note_on(0, PROBE, 40) + midi.note_off(0, PROBE) + out)
            beat += 1
        except OSError:
            break
    pipe.send((heard, ways))


def echo(pipe: Connection, number: int) -> None:
    """A bare echo over TCP, for comparison."""
    priority.ask_for(priority.SOUND)
    server = socket.create_server(("127.0.0.1", number))
    pipe.send("ready")
    peer, _ = server.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := peer.recv(64):
        peer.sendall(data)


def leading_clock(pipe: Connection, number: int, change: float, over: int, beats: int) -> None:
    """The other process: a MIDI clock of 120 BPM that changes its tempo from beat 8 on; stamps the metronome that comes back."""
    priority.ask_for(priority.SOUND)
    server = socket.create_server(("127.0.0.1", number))
    pipe.send("ready")
    peer, _ = server.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    beat = np.arange(24 * beats) / 24
    bpm = 120 * (1 + change * np.clip((beat - 8) / over, 0, 1))
    time.sleep(3.0)  # the generator loads meanwhile
    due = time.monotonic() + 0.2 + np.concatenate([[0], np.cumsum(60 / bpm[:-1] / 24)])
    heard: list[float] = []
    for at_s, message in zip(
        due.tolist(), [bytes((midi.START, midi.CLOCK)), *[bytes((midi.CLOCK,))] * (len(due) - 1)], strict=True
    ):
        while (left_s := at_s - time.monotonic()) > 0:
            peer.settimeout(max(0.0002, left_s))
            try:
                data = peer.recv(4096)
            except (TimeoutError, BlockingIOError):
                continue
            now_s = time.monotonic()
            heard += [
                now_s for i in range(len(data) - 2) if data[i] == 0x99 and data[i + 1] in (75, 76) and data[i + 2]
            ]
        peer.sendall(message)
    pipe.send((due[::24].tolist(), heard))
    peer.close()


def measure_slave(args: argparse.Namespace) -> None:
    context = multiprocessing.get_context("spawn")
    for change in (0.05, -0.05):
        for over in (1, 4, 16):
            mine, theirs = context.Pipe()
            number, beats = free_port(), 40
            process = context.Process(target=leading_clock, args=(theirs, number, change, over, beats), daemon=True)
            process.start()
            mine.recv()
            name = PortName.parse(f"tcp:127.0.0.1:{number}")
            settings = JamSettings(
                parts=("drums",), tempo_from="clock", count_in_bars=0, metronome=True, bars=beats // 4
            )
            with Session(SessionPlan(settings, (name,), (Route(name),), checkpoint=args.checkpoint), lambda _: None):
                due, heard = mine.recv()
            process.join()
            off = np.array([min(abs(at - each) for each in heard) for at in due[2:-1]])
            print(
                f"tempo {change:+.0%} over {over:2d} beats, through a port: at worst {off.max() * 1000:.1f} ms off after two beats"
                f" (median {np.median(off) * 1000:.1f}), {int((off > 0.015).sum())} of {len(off)} beats over 15 ms", flush=True,
            )  # fmt: skip


@contextlib.contextmanager
def own_jack() -> Iterator[Path | None]:
    """A JACK server with no sound card, and the file that its complaints go to; None where there is no JACK."""
    if shutil.which("jackd") is None:
        yield None
        return
    os.environ["JACK_DEFAULT_SERVER"], os.environ["JACK_NO_AUDIO_RESERVATION"] = "composer-benchmark", "1"
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "jackd.log"
        with log.open("w") as out:
            server = subprocess.Popen(
                ["jackd", "-R", "-P", "30", "-d", "dummy", "-r", "48000", "-p", "512"], stdout=out, stderr=out
            )
            time.sleep(2.0)
            try:
                yield log if server.poll() is None else None
            finally:
                server.terminate()
                server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def bare_ways(count: int = 300) -> list[float]:
    """Seconds a note takes through a bare echo in another process."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    number = free_port()
    process = context.Process(target=echo, args=(theirs, number), daemon=True)
    process.start()
    mine.recv()
    ways = []
    with socket.create_connection(("127.0.0.1", number)) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            begun = time.monotonic()
            peer.sendall(b"\x90\x40\x40")
            peer.recv(64)
            ways.append(time.monotonic() - begun)
            time.sleep(0.01)
    process.join()
    return ways


def play(bpm: float, bars: int, checkpoint: Path | None, renderer: str | None = None) -> dict[str, float]:
    """One jam in real time, with a renderer if one is named; what came of it."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    number = free_port()
    process = context.Process(target=listener, args=(theirs, number, bpm), daemon=True)
    process.start()
    mine.recv()
    name = PortName.parse(f"tcp:127.0.0.1:{number}")
    settings = JamSettings(parts=PARTS, tempo_bpm=bpm, bars=bars, thru=True, count_in_bars=2, clock_out=False)
    with tempfile.TemporaryDirectory() as folder:
        routes = (Route(name), *([Route.parse(renderer)] if renderer else []))
        plan = SessionPlan(settings, (name,), routes, Path(folder) / "jam.mid", checkpoint=checkpoint)
        with Session(plan, lambda _: None) as session:
            engine = session.engine
            while not engine.transport.running:
                time.sleep(0.01)
            start_s = engine.transport.time_of(0)
            mine.send(start_s)
            while not session.wait(0.5):
                pass
            view = engine.view
            played, worst_ms = engine.played, engine.worst_s * 1000
    heard, ways = mine.recv()
    process.join()
    grid_s = 60 / bpm / 12
    times = np.array([at for at, data in heard if data[0] & 15 != 0 and at > start_s - 0.01])
    off = (times - start_s + grid_s / 4) % grid_s - grid_s / 4
    jitter = np.abs(off - np.median(off)) * 1000
    return {
        "bars": bars, "notes": played, "missed": view.missed, "late": view.late, "worst_ms": worst_ms, "plan_p90_ms": view.plan_ms,
        "jitter_p50_ms": float(np.quantile(jitter, 0.5)), "jitter_p99_ms": float(np.quantile(jitter, 0.99)),
        "jitter_max_ms": float(jitter.max()), "through_p99_ms": float(np.quantile(ways, 0.99)) * 1000 if ways else float("nan"),
    }  # fmt: skip


def report(title: str, values: dict[str, float]) -> None:
    print(
        f"{title}: " + ", ".join(f"{name} {value:.2f}".rstrip("0").rstrip(".") for name, value in values.items()),
        flush=True,
    )


def measure_time(args: argparse.Namespace) -> None:
    bars = max(1, round(args.minutes * args.tempo / 4))
    bare = float(np.quantile(bare_ways(), 0.99)) * 1000
    with own_jack() as log, tempfile.TemporaryDirectory() as folder:
        renderer = "synth:jack" if log is not None else f"synth:file:{folder}/jam.wav"
        found = play(args.tempo, bars, args.checkpoint, renderer)
        if log is not None:
            found["xruns"] = log.read_text(errors="replace").lower().count("xrun")
    report(
        f"{args.minutes:g} minutes at {args.tempo:g} BPM, {len(PARTS)} parts, recorded, {renderer.partition('/')[0]}",
        found,
    )
    print(
        f"a player's note through to the output: p99 {found['through_p99_ms'] - bare:.2f} ms beyond a bare echo's {bare:.2f}"
    )


def measure_highest(args: argparse.Namespace) -> None:
    holds = 0.0
    for bpm in (120, 160, 200, 240, 300, 360, 400):
        found = play(bpm, max(16, round(bpm / 4 * args.minutes)), args.checkpoint)
        report(f"{bpm} BPM", found)
        if found["missed"]:
            break
        holds = bpm
    print(f"highest tempo tried without a missed bar: {holds:g} BPM")


def measure_clock(_: argparse.Namespace) -> None:
    rng = np.random.default_rng(0)
    for change in (0.05, -0.05):
        for over in (1, 4, 16):
            beat = np.arange(24 * 40) / 24
            bpm = 120 * (1 + change * np.clip((beat - 8) / over, 0, 1))
            pulses = 10 + np.concatenate([[0], np.cumsum(60 / bpm[:-1] / 24)]) + rng.normal(0, 0.001, len(beat))
            follower = ClockFollower()
            found = [at for at in map(follower.pulse, pulses.tolist()) if at is not None]
            worst = max(abs(float(np.interp(b, beat, pulses)) - at) for at, b, _ in found if b >= 2)
            print(
                f"tempo {change:+.0%} over {over:2d} beats, pulses ± 1 ms: at worst {worst * 1000:.1f} ms off after two beats"
            )


def song_player(score: object, roles: tuple[str, ...], late: float) -> tuple[FilePlayer, float]:
    """A song's parts as a player, a little behind the beat; and the pick-up's length in beats."""
    from composer.score import Score
    from composer.timing import has_pickup

    assert isinstance(score, Score)
    bars, tpb = score.bars(), score.ticks_per_beat
    pickup = bars[0].length if has_pickup(bars) else 0
    messages = []
    for part in score.parts:
        if not part.is_drum and (not roles or part.role in roles):
            for onset, duration, pitch, velocity in part.notes.tolist():
                messages.append(((onset - pickup) / tpb + late, 1, midi.note_on(0, pitch, velocity)))
                messages.append(((onset + max(1, duration) - pickup) / tpb + late, 0, midi.note_off(0, pitch)))
    messages.sort(key=lambda each: each[:2])
    bar = bars[min(1, len(bars) - 1)]
    rows = tuple((beat, data) for beat, _, data in messages)
    return FilePlayer("player", rows, 120.0, bar.numerator, bar.denominator, len(bars) - bool(pickup)), pickup / tpb


class Listening:
    """An output that keeps band notes and their time."""

    name = "out"

    def __init__(self, inbox: FakeInbox) -> None:
        self._inbox, self.notes = inbox, list[tuple[float, int, int]]()

    def send(self, data: bytes) -> None:
        if midi.is_note_on(data):
            self.notes.append((self._inbox.now(), data[0] & 15, data[1]))


def measure_harmony(args: argparse.Namespace) -> None:
    from composer.corpora import iter_songs
    from composer.harmony.melody_model import MelodyModel
    from composer.live.progressions import Progressions
    from composer.model.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(args.checkpoint)
    parts = ("drums", "bass", "guitar", "piano")
    for corpus, roles in (("pop909", ()), ("pop909", ("melody",))):
        shares: dict[str, list[float]] = {part: [] for part in parts[1:]} | {"all": []}
        songs = (
            song for song in iter_songs((corpus,), args.data) if song.split == args.split and song.lane is not None
        )
        for done, song in enumerate(songs):
            if done >= args.songs:
                break
            player, pickup = song_player(song.score, roles, args.late_ms / 500)
            inbox = FakeInbox()
            out = Listening(inbox)
            settings = JamSettings(parts=parts, numerator=player.numerator, denominator=player.denominator,
                                   bars=min(player.bars, args.bars), temperature=0.9)  # fmt: skip
            lines = {part: (Line("out", settings.channels[part]),) for part in parts} | {"player": (), "click": ()}
            leader = Bandleader(
                checkpoint,
                Metre(player.numerator * 4 / player.denominator, beat_quarters(player.numerator, player.denominator)),
                done,
                Progressions.load(),
                MelodyModel.load(),
            )
            wiring = Wiring(
                ("player",), (out,), lines, lambda a=leader, b=inbox: InlinePlanner(a, b, 0.1), None, (player,)
            )  # type: ignore[misc]
            engine = Engine(settings, inbox, wiring, lambda _: None)
            engine.begin()
            start_s = engine.transport.time_of(0)
            try:
                while not engine.finished:
                    engine.turn()
            finally:
                engine.quiet()
            assert song.lane is not None
            starts = [
                tick / song.score.ticks_per_beat - pickup for bar in song.score.bars() for tick in bar.beat_starts()
            ]
            counts = {part: [0, 0] for part in parts[1:]}
            for at_s, channel, pitch in out.notes:
                part = next((name for name in parts if settings.channels[name] == channel), "drums")
                beat = int(np.searchsorted(starts, (at_s - start_s) * 2 + 0.01, side="right")) - 1
                if part != "drums" and 0 <= beat < len(song.lane.chords) and song.lane.chords[beat].root >= 0:
                    counts[part][0] += pitch % 12 in song.lane.chords[beat].tones
                    counts[part][1] += 1
            for part, (good, total) in counts.items():
                if total:
                    shares[part].append(good / total)
            good, total = (sum(each[i] for each in counts.values()) for i in (0, 1))
            shares["all"].append(good / max(1, total))
            print(f"  {song.id}: {shares['all'][-1]:.3f} of {total} notes", file=sys.stderr, flush=True)
        what = " and ".join(roles) or "all its parts"
        means = ", ".join(f"{part} {statistics.mean(values):.3f}" for part, values in shares.items() if values)
        print(
            f"{corpus} {args.split}, {len(shares['all'])} songs, player plays {what}, {args.late_ms:g} ms behind: {means}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("time", "highest", "harmony", "clock", "slave"), nargs="?", default="time")
    parser.add_argument("--minutes", type=float, help="how long (default: 10 for time, 0.5 a tempo for highest)")
    parser.add_argument("--tempo", type=float, default=120.0, help="quarter notes a minute (default: 120)")
    parser.add_argument("--checkpoint", type=Path, help="other weights (default: those shipped)")
    parser.add_argument("--data", type=Path, help="the folder that holds the corpora (default: COMPOSER_DATA)")
    parser.add_argument("--songs", type=int, default=12, help="songs a line (default: 12)")
    parser.add_argument("--bars", type=int, default=48, help="bars of each song (default: 48)")
    parser.add_argument("--split", default="test", help="of the corpora (default: test)")
    parser.add_argument(
        "--late-ms", type=float, default=15.0, help="how far behind the beat the player is (default: 15)"
    )
    args = parser.parse_args()
    args.minutes = args.minutes or (0.5 if args.what == "highest" else 10.0)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )
    measures = {
        "time": measure_time, "highest": measure_highest, "harmony": measure_harmony,
        "clock": measure_clock, "slave": measure_slave,
    }  # fmt: skip
    measures[args.what](args)


if __name__ == "__main__":
    main()
