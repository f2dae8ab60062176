"""How fast stems and mix are made, and how much memory that takes, on each soundfont found here.

    python benchmarks/render.py [--seconds 180] [--runs 3] [--parts 5]

Melody, drums, bass, guitar and piano (and strings, as a sixth) at 110 BPM: a stem each, all strips, the room, the limiter. Each
soundfont runs in a process of its own, so that the peak memory is its own; figures are medians. × is times real time by the
clock; CPU is what it would be on a core of one's own. Beside it, in the same run, what others take for a stereo mix without
stems: pretty_midi's own synthesis, and fluidsynth -F where its program is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from composer.score import Part, Score
from composer.timing import TempoMap

CHORDS = ((0, 4, 7), (9, 0, 4), (5, 9, 0), (7, 11, 2))


def band(seconds: float, seed: int = 0, count: int = 6) -> Score:
    """A plain pop band of so many parts for so long."""
    rng = np.random.default_rng(seed)
    beat, tempo = 480, TempoMap.constant(110)
    rows: dict[str, list[tuple[int, int, int, int]]] = {
        role: [] for role in ("melody", "drums", "bass", "guitar", "piano", "strings")
    }
    for bar in range(round(seconds * 110 / 60 / 4)):
        start, chord = 4 * beat * bar, CHORDS[bar % 4]
        for at in range(4):
            tick = start + at * beat
            rows["melody"].append((tick, 440, 72 + int(rng.choice(chord)), int(rng.integers(70, 110))))
            rows["bass"].append((tick, 440, 36 + chord[0 if at % 2 == 0 else 2], 90))
            rows["drums"] += [(tick, 60, 38 if at % 2 else 36, 100), (tick, 60, 42, 85), (tick + 240, 60, 42, 65)]
            rows["guitar"] += [(tick + 240 * half, 200, 52 + tone, 70) for half in (0, 1) for tone in chord]
        rows["piano"] += [(start + 2 * beat * half, 930, 60 + tone, 75) for half in (0, 1) for tone in chord]
        rows["strings"] += [(start, 4 * beat, 55 + tone, 70) for tone in chord]
    programs = {"melody": 73, "bass": 33, "guitar": 25, "strings": 48}
    parts = (Part(role, notes, programs.get(role, 0), role == "drums", role) for role, notes in rows.items())
    return Score(tuple(parts)[:count], tempo)


def measure(font: str, seconds: float, runs: int, parts: int) -> dict[str, float | str]:
    """Medians for one soundfont, in this process."""
    from composer.audio.mixer import mix
    from composer.audio.synth import render

    score = band(seconds, count=parts)
    render(band(4), font)  # libraries and font once, as in a session
    times: list[tuple[float, float, float]] = []
    for _ in range(runs):
        stems = done = None  # nobody holds two pieces at once
        start, cpu = time.perf_counter(), time.process_time()
        stems = render(score, font)
        middle = time.perf_counter()
        done = mix(stems)
        times.append((middle - start, time.perf_counter() - middle, time.process_time() - cpu))
    assert stems is not None
    assert done is not None
    stems_s, mix_s, cpu_s = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "font": Path(font).name,
        "audio_s": stems.duration_s,
        "stems_s": stems_s,
        "mix_s": mix_s,
        "cpu_s": cpu_s,
        "lufs": done.lufs,
        "memory_mb": peak_mb(),
    }


def peak_mb() -> float:
    """The most memory that this process has had. Linux's getrusage would count what its parent had when it was started."""
    status = Path("/proc/self/status")
    if status.is_file():
        return next(
            float(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM")
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def others(font: str, seconds: float, parts: int) -> list[tuple[str, float | None]]:
    """(name, seconds it takes) for those that make a stereo mix from the same file; None where one is not installed."""
    import composer

    found: list[tuple[str, float | None]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "band.mid"
        composer.save(band(seconds, count=parts), path)
        import pretty_midi

        began = time.perf_counter()
        pretty_midi.PrettyMIDI(str(path)).fluidsynth(fs=44_100, synthesizer=font)
        found.append(("pretty_midi's fluidsynth", time.perf_counter() - began))
        began = time.perf_counter()
        pretty_midi.PrettyMIDI(str(path)).synthesize(fs=44_100)
        found.append(("pretty_midi's synthesize (sines)", time.perf_counter() - began))
        program = shutil.which("fluidsynth")
        if program:
            began = time.perf_counter()
            subprocess.run(
                [program, "-ni", "-F", f"{folder}/out.wav", "-r", "44100", font, str(path)],
                check=True,
                capture_output=True,
            )
        found.append(("fluidsynth -F", time.perf_counter() - began if program else None))
    return found


def hardware() -> str:
    """Processor, cores and versions in one line."""
    from composer.audio.fluid import version

    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        processor = names[0] if names else processor
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{processor}, {os.cpu_count()} cores{load}, Python {platform.python_version()}, FluidSynth {version()}"


def main() -> None:
    from composer.audio import soundfonts

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180.0, help="length of the piece (default 180)")
    parser.add_argument("--runs", type=int, default=3, help="runs to take the median of (default 3)")
    parser.add_argument("--parts", type=int, default=5, help="5, or 6 with strings (default 5)")
    parser.add_argument("--font", help="only this soundfont; prints JSON")
    options = parser.parse_args()
    if options.font:
        print(json.dumps(measure(options.font, options.seconds, options.runs, options.parts)))
        return
    fonts = [path for font in soundfonts.catalogue() if (path := soundfonts.installed(font))]
    print(hardware())
    print(f"{'soundfont':<28}{'stems ×':>9}{'mix ×':>8}{'both ×':>8}{'both s':>8}{'CPU ×':>8}{'MB peak':>9}{'LUFS':>7}")
    for font in fonts:
        command = [
            sys.executable,
            __file__,
            "--font",
            str(font),
            f"--seconds={options.seconds}",
            f"--runs={options.runs}",
            f"--parts={options.parts}",
        ]
        one = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        both = one["stems_s"] + one["mix_s"]
        speeds = (one["audio_s"] / taken for taken in (one["stems_s"], one["mix_s"], both))
        print(
            f"{one['font']:<28}"
            + "".join(f"{speed:>{wide}.0f}" for speed, wide in zip(speeds, (9, 8, 8), strict=True))
            + f"{both:>8.1f}{one['audio_s'] / one['cpu_s']:>8.0f}{one['memory_mb']:>9.0f}{one['lufs']:>7.1f}"
        )
        for name, took in others(str(font), options.seconds, options.parts):
            speed = f"{options.seconds / took:.0f} × real time" if took else "not installed"
            print(f"    {name}: {speed}")


if __name__ == "__main__":
    main()
