"""How often the tempo, metre and bars of a melody in human time are found: folk tunes of the music21 corpus, no sound.

    python benchmarks/tempo.py

Tunes of the Essen collection and of O'Neill's, one metre each, at a random pace (70–135 beats a minute, 50–105 in compound
metres), every onset moved by 20 ms (standard deviation) and the pace wandering by 2.5 %. The weights in
composer.transcription.rhythm were set on every other tune.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from composer.timing import beat_quarters
from composer.transcription.rhythm import beats_a_bar, find_rhythm

BOOKS = (
    "essenFolksong/erk5.abc",
    "essenFolksong/altdeu20.abc",
    "oneills1850/0001-0050.abc",
    "oneills1850/0101-0200.abc",
)
METERS = ("2/4", "3/4", "4/4", "6/8")
Tune = tuple[str, np.ndarray]
"""Metre, and rows of (onset, length) in quarter notes, the first bar's pick-up counted."""


def tunes() -> Iterator[Tune]:
    from music21 import converter, corpus

    root = Path(corpus.__file__).parent
    for book in BOOKS:
        parsed = converter.parse(root / book)
        for piece in itertools.islice(getattr(parsed, "scores", [parsed]), 60):
            part = piece.parts[0] if piece.parts else piece
            signatures = {found.ratioString for found in part.recurse().getElementsByClass("TimeSignature")}
            bars = list(part.getElementsByClass("Measure"))
            if len(signatures) != 1 or not signatures <= set(METERS) or len(bars) < 6:
                continue
            meter = signatures.pop()
            over, under = map(int, meter.split("/"))
            missing = max(0.0, over * 4 / under - float(bars[0].duration.quarterLength))
            notes = [note for note in part.flatten().stripTies().notes if note.isNote and note.quarterLength > 0]
            if 16 <= len(notes) <= 200:
                yield meter, np.array([(float(note.offset) + missing, float(note.quarterLength)) for note in notes])


def judged(tune: Tune, rng: np.random.Generator) -> tuple[float, ...]:
    """(tempo right, tempo right but for its double or half, metre right, share of bar lines right)."""
    meter, rows = tune
    over, under = map(int, meter.split("/"))
    quarters = beat_quarters(over, under)
    pace = rng.uniform(50, 105) if quarters == 1.5 else rng.uniform(70, 135)
    count = int(rows.sum(axis=1).max() / quarters) + 8
    window = np.hanning(12) / np.linalg.norm(np.hanning(12))
    wander = np.convolve(rng.standard_normal(count + 11), window, "valid")
    beats_s = np.concatenate([[0.0], np.cumsum(60 / pace * (1 + 0.025 * wander))])

    def seconds(at: np.ndarray) -> np.ndarray:
        return np.interp(at / quarters, np.arange(len(beats_s)), beats_s)

    onsets_s = np.maximum.accumulate(seconds(rows[:, 0]) + rng.normal(0, 0.02, len(rows)) + 1e-6 * np.arange(len(rows)))
    found = find_rhythm(onsets_s, seconds(rows[:, 0] + 0.9 * rows[:, 1]), np.full(len(rows), 80))
    ratio = found.bpm / (pace * quarters)
    bars_s = found.beats_s[:: beats_a_bar(found.meter)]
    true_s = seconds(np.arange(0, rows[-1, 0], over * 4 / under))
    right = np.abs(true_s[:, None] - bars_s[None]).min(axis=1) < 0.1
    same = found.meter == (over, under) or (meter == "2/4" and found.meter == (4, 4))
    near = min(abs(ratio * factor - 1) for factor in (0.5, 2 / 3, 1, 1.5, 2, 3, 1 / 3))
    return float(abs(ratio - 1) < 0.06), float(near < 0.06), float(same), float(right.mean())


def main() -> None:
    rng = np.random.default_rng(5)
    results: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for number, tune in enumerate(tunes()):
        if number % 2:  # the others set the weights
            results[tune[0]].append(judged(tune, rng))
    print(f"{'metre':<8}{'tunes':>6}{'tempo':>8}{'or ×2':>8}{'metre':>8}{'bars':>8}")
    for meter, scores in [*sorted(results.items()), ("all", list(itertools.chain(*results.values())))]:
        print(f"{meter:<8}{len(scores):>6}" + "".join(f"{value:8.2f}" for value in np.mean(scores, axis=0)))


if __name__ == "__main__":
    main()
