"""How fast the band is written: notes a second, the first bar, the command line from cold; and how far that is from the limit.

    python benchmarks/generate.py [--runs 5] [--checkpoint DIR] [--bars 32]

A 32-bar melody to five parts, one song at a time. Figures are medians over runs with different seeds. The limit is what
the machine would allow if every weight of the trunk and the head were read once a note at the speed one thread copies memory.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from composer.arrange import ArrangeOptions, Arranger
from composer.formats import save
from composer.gm import BAND
from composer.score import Part, Score
from composer.timing import TempoMap

CHORDS = "C | Am7 | Dm7 G7 | C | F | Fm | C/E A7 | Dm7 G7"


def tune(bars: int, seed: int = 0) -> Score:
    """A melody in C over CHORDS, eighths and quarters, its second half like its first."""
    rng = np.random.default_rng(seed)
    scale = np.array([60, 62, 64, 65, 67, 69, 71, 72, 74, 76])
    rows, degree = [], 4
    half = []
    for _ in range(bars * 2):
        for start, length in ([(0, 480), (480, 480)], [(0, 240), (240, 240), (480, 480)])[int(rng.integers(2))]:
            degree = int(np.clip(degree + rng.integers(-2, 3), 0, len(scale) - 1))
            half.append((start, length - 20, int(scale[degree]), int(rng.integers(70, 105))))
        rows.append(half)
        half = []
    rows = rows[:bars] * 2
    notes = [
        (at * 960 + onset, length, pitch, velocity)
        for at, row in enumerate(rows)
        for onset, length, pitch, velocity in row
    ]
    return Score((Part("Melody", notes, 73),), TempoMap.constant(112))


def copy_speed() -> float:
    """Bytes a second that one thread reads from memory, best of five."""
    block = np.ones(64 << 20, np.uint8)
    best = 0.0
    for _ in range(5):
        begun = time.perf_counter()
        block.view(np.int64).sum()
        best = max(best, block.nbytes / (time.perf_counter() - begun))
    return best


def weight_bytes(arranger: Arranger) -> int:
    """Bytes of the matrices that every note goes through, trunk and head, as the decoder holds them; not the tables it picks rows from."""
    weights = arranger.checkpoint.weights
    large = sum(weights[name].size for name in weights if name.startswith(("trunk.", "fields.")))
    return large + sum(weights[name].nbytes for name in weights if name.startswith(("to_", "at_melody.")))


def once(arguments: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "composer", *arguments], check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="default 5")
    parser.add_argument("--bars", type=int, default=32, help="default 32")
    parser.add_argument("--checkpoint", help="default: the shipped one")
    said = parser.parse_args()

    begun = time.perf_counter()
    arranger = Arranger.load(said.checkpoint)
    load_s = time.perf_counter() - begun
    score = tune(said.bars)
    arranger.arrange(score, ArrangeOptions(parts=tuple(BAND), chords=CHORDS))
    timings = [
        arranger.arrange(score, ArrangeOptions(parts=tuple(BAND), chords=CHORDS, seed=seed)).report["timings"]
        for seed in range(said.runs)
    ]
    median = {name: statistics.median(row[name] for row in timings) for name in timings[0]}
    with tempfile.TemporaryDirectory() as folder:
        save(score, Path(folder, "seed.mid"))
        command = ["arrange", str(Path(folder, "seed.mid")), "--parts", ",".join(BAND), "--chords", CHORDS, "--stems"]
        command += ["--force", "--out", str(Path(folder, "out"))]
        if said.checkpoint:
            command += ["--checkpoint", said.checkpoint]
        cold_s = statistics.median(once(command) for _ in range(min(said.runs, 3)))
        help_s = statistics.median(once(["--help"]) for _ in range(said.runs))
    speed, size = copy_speed(), weight_bytes(arranger)
    limit = speed / size

    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; medians of {said.runs} runs"
    )
    print(f"model: {arranger.checkpoint.card.get('model')}, {size / 1e6:.1f} MB of weights read a note")
    rows = [
        ("notes a second, batch 1", f"{median['notes_per_s']:.0f}", "500"),
        ("first bar of five parts", f"{median['first_bar_s'] * 1000:.0f} ms", "300 ms"),
        (f"{said.bars} bars, {median['notes']:.0f} notes", f"{median['generate_s']:.2f} s", ""),
        ("model loaded in", f"{load_s:.2f} s", ""),
        ("cold `composer arrange`, WAV and stems", f"{cold_s:.1f} s", "10 s"),
        ("`composer --help`", f"{help_s:.2f} s", "0.3 s"),
        ("limit: weights read once a note from memory", f"{limit:.0f} notes/s at {speed / 1e9:.1f} GB/s", ""),
        ("share of that limit", f"{median['notes_per_s'] / limit:.0%}", ""),
    ]
    print(f"\n| {'what':46} | {'measured':28} | {'target':8} |\n|{'-' * 48}|{'-' * 30}|{'-' * 10}|")
    for what, measured, target in rows:
        print(f"| {what:46} | {measured:28} | {target:8} |")


if __name__ == "__main__":
    main()
