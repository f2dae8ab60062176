"""A minute on a JACK server without a sound card: five parts, all strips, the amplifier, a generator beside it.

    python benchmarks/play.py [--seconds 60] [--period 256] [--checkpoint DIR] [--alone] [--cpu N] [--beside-cpu N] [--no-control]

Starts its own server (jackd -R -d dummy) and stops it. What went through JACK is recorded by a client of its own and compared
with the offline mix of the same events; xruns are those that JACK reports after the sound began. The control is the same minute
with a client that plays silence and makes nothing: its xruns are the server's, the recorder's and the machine's. A virtual
machine may be held back as a whole for tens of milliseconds while all its cores are busy ("steal"): --cpu keeps server and sound
to a core, --beside-cpu the generator.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from render import band, hardware

SERVER, RATE = "composer-bench", 48_000
GENERATOR = """
import sys
from composer import ArrangeOptions, Arranger, load
arranger = Arranger.load(sys.argv[1] or None)
score = load(sys.argv[2])
for seed in range(1000):
    arranger.arrange(score, ArrangeOptions(seed=seed))
    print(seed, flush=True)
"""


@contextlib.contextmanager
def jack_server(period: int, cpu: int | None) -> Iterator[None]:
    os.environ["JACK_DEFAULT_SERVER"], os.environ["JACK_NO_AUDIO_RESERVATION"] = SERVER, "1"
    command = ["jackd", "-R", "-P", "70", "-d", "dummy", "-r", str(RATE), "-p", str(period)]
    pinned = ["taskset", "-c", str(cpu)] if cpu is not None else []
    server = subprocess.Popen([*pinned, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(2)
    try:
        yield
    finally:
        server.terminate()
        server.wait()


class Tape:
    """A JACK client that records the player's outputs and counts xruns."""

    def __init__(self, seconds: float) -> None:
        import jack

        self.sound = np.zeros((2, int(seconds * RATE)), np.float32)
        self.frames, self.xruns = 0, 0
        self._client: Any = jack.Client("tape")
        inputs = [self._client.inports.register(side) for side in ("left", "right")]

        @self._client.set_process_callback
        def process(frames: int) -> None:
            take = min(frames, self.sound.shape[1] - self.frames)
            for side, port in enumerate(inputs):
                self.sound[side, self.frames : self.frames + take] = port.get_array()[:take]
            self.frames += take

        @self._client.set_xrun_callback
        def xrun(_delay: float) -> None:
            self.xruns += 1

        self._client.activate()
        self._inputs = inputs

    def connect(self) -> None:
        for port, side in zip(self._inputs, ("left", "right"), strict=True):
            self._client.connect(f"composer:{side}", port)

    def close(self) -> None:
        self._client.deactivate()
        self._client.close()


def agreement_db(live: np.ndarray, offline: np.ndarray) -> tuple[float, float]:
    """Error over signal of every second but the first, in which the recorder is connected, each found in the recording by
    itself, since an xrun leaves a hole: the median, and the share of seconds that agree to -60 dB; both (2, frames)."""
    from scipy.signal import fftconvolve

    live, offline = (one[:, int(np.flatnonzero(np.abs(one[0]) > 1e-4)[0]) :] for one in (live, offline))
    found = []
    for at in range(RATE, min(offline.shape[1], live.shape[1]) - 2 * RATE, RATE):
        piece = offline[:, at : at + RATE]
        near = slice(max(0, at - RATE), at + 4 * RATE)
        late = int(fftconvolve(live[0, near], piece[0, ::-1], "valid").argmax())
        error = live[:, near][:, late : late + RATE] - piece
        found.append(10 * float(np.log10((error**2).mean() / ((piece**2).mean() + 1e-12) + 1e-20)))
    return float(np.median(found)), float(np.mean(np.array(found) < -60))


class Generator:
    """The band's own generator, arranging one take after another in a process of its own."""

    def __init__(self, checkpoint: str, cpu: int | None) -> None:
        seed = Path(__file__).parent.parent / "composer" / "seeds" / "greensleeves.mid"
        pinned = ["taskset", "-c", str(cpu)] if cpu is not None else []
        command = [*pinned, sys.executable, "-c", GENERATOR, checkpoint, str(seed)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it runs

    def close(self) -> int:
        """How many takes it made meanwhile."""
        self._process.terminate()
        said, _ = self._process.communicate()
        return len(said.splitlines())


def stolen_ms() -> float:
    """Time that the machine's host has kept from its cores, all together."""
    return 10.0 * int(Path("/proc/stat").read_text().splitlines()[0].split()[8])


def silence(seconds: float, period: int) -> tuple[int, float]:
    """The control: xruns, and milliseconds stolen, in so many seconds of a client that plays silence."""
    import multiprocessing

    from composer.playback import outlet
    from composer.playback.ring import Ring

    context = multiprocessing.get_context("spawn")
    ring = Ring(2, 2_048, context=context)
    pipe, theirs = context.Pipe()
    arguments = (theirs, ring.rows, ring.frames, ring.memory, RATE, outlet.Output("jack", period=period))
    client = context.Process(target=outlet.run, args=arguments, daemon=True)
    client.start()
    pipe.send_bytes(b"go")
    assert pipe.recv() is None
    tape = Tape(1)
    tape.connect()
    time.sleep(0.5)
    began, stolen = tape.xruns, stolen_ms()
    time.sleep(seconds)
    found = tape.xruns - began, stolen_ms() - stolen
    ring.end()
    client.join(5)
    tape.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="length (default 60)")
    parser.add_argument("--period", type=int, default=256, help="frames (default 256)")
    parser.add_argument("--soundfont", help="(default: the best one here)")
    parser.add_argument("--amp", default="crunch", help="in the guitar's strip; none leaves it out (default crunch)")
    parser.add_argument("--checkpoint", default="", help="of the generator (default: the shipped one)")
    parser.add_argument("--alone", action="store_true", help="no generator beside it")
    parser.add_argument("--ahead", type=float, default=45.0, help="ms of sound that lie ready (default 45)")
    parser.add_argument("--cpu", type=int, help="keep server and sound to this core (default: any)")
    parser.add_argument("--beside-cpu", type=int, help="keep the generator to this core (default: any)")
    parser.add_argument(
        "--check", action="store_true", help="fail where there were gaps, or more xruns than in the control"
    )
    parser.add_argument("--no-control", action="store_true", help="without the minute of silence")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the server must not outlive us

    from composer.amp import load
    from composer.audio.mixer import MixSettings, mix
    from composer.audio.synth import render
    from composer.playback.engine import Piece
    from composer.playback.outlet import Output
    from composer.playback.session import Playback

    score = band(options.seconds)
    score = replace(score, parts=tuple(part for part in score.parts if part.role != "strings"))
    stems = render(score, options.soundfont, RATE)
    inserts = {} if options.amp == "none" else {"guitar": (load(options.amp),)}
    mixed = mix(stems, MixSettings(inserts=inserts))
    assert stems.soundfont is not None
    piece = Piece(score.parts, score.tempo, mixed.plan, stems.soundfont, RATE, score.duration_s)
    beside = None if options.alone else Generator(options.checkpoint, options.beside_cpu)
    sys.setswitchinterval(1e-4)  # the tape's thread must not wait for this one
    gc.disable()
    if options.cpu is not None:
        os.sched_setaffinity(0, {options.cpu})
    control = None
    try:
        with jack_server(options.period, options.cpu):
            tape = Tape(options.seconds + 10)
            with Playback(piece, Output("jack", period=options.period, ahead_s=options.ahead / 1_000)) as playing:
                tape.connect()
                time.sleep(0.5)
                began, stolen = tape.xruns, stolen_ms()
                playing.wait(options.seconds + 20)
                xruns, health, stolen = tape.xruns - began, playing.health, stolen_ms() - stolen
            tape.close()
            if not options.no_control:
                control = silence(options.seconds, options.period)
    finally:
        takes = beside.close() if beside else 0
    print(hardware())
    budget_ms = 1e3 * options.period / RATE
    print(f"{len(score.parts)} parts, amp {options.amp}, {options.seconds:.0f} s, {options.period} frames ({budget_ms:.2f} ms)"
          f"{'' if options.alone else ', a generator beside it'}")  # fmt: skip
    print(
        f"gaps in the player's sound {health.gaps}; xruns after start {xruns}; stolen by the machine's host {stolen:.0f} ms"
    )
    if control:
        print(f"control, a client that plays silence: xruns {control[0]}; stolen {control[1]:.0f} ms")
    print(
        f"a block is made in {health.mean_ms:.2f} ms, at most {health.worst_ms:.2f}; late {health.late} of {health.blocks};"
        f" {options.ahead:.0f} ms lie ready; takes generated beside it {takes}"
    )
    median_db, share = agreement_db(tape.sound[:, : tape.frames], mixed.audio.T)
    print(
        f"recorded through JACK against the offline mix, second by second: median {median_db:.0f} dB; {share:.0%} agree to -60 dB"
    )
    if options.check and (health.gaps or share < 1 or xruns > (control[0] if control else 0)):
        sys.exit("the sound was not whole")


if __name__ == "__main__":
    main()
