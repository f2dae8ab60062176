"""How well melodies are written down from recordings: `composer transcribe` beside a plain baseline, in noise and in a hall.

    python benchmarks/transcribe.py [--quick] [--json FILE]

Notes: F1 as MIREX has it (mir_eval): an onset within 50 ms and a pitch within 50 cents, each note once; "with ends" also
an end within a fifth of the note's length. Tunes: Auld Lang Syne, Londonderry Air and Scarborough Fair; prices were tuned on
Amazing Grace and Greensleeves, but the first two were in sight when the foot of a rise and the noise reducer were chosen.
Sounds: our own voice (composer.transcription.hummer: vibrato, glides, scoops, breath, up
to 40 cents out of tune, 30 of drift) and FluidSynth's instruments, all in human time, no two notes at once; repeated notes
are tongued, 60 ms apart. Of the sounds, ooh, aah, mm, flute, piano, guitar and "Voice Oohs" were heard while tuning.

The baseline: librosa.pyin, its frames rounded to semitones and runs of 60 ms or more taken for notes.
Tempo: folk tunes of the music21 corpus (Essen, O'Neill), in human time, with no sound: benchmarks/tempo.py.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import mir_eval
import numpy as np

from composer import formats
from composer.audio.mains import find_mains, remove_mains
from composer.audio.synth import render
from composer.score import Part, Score
from composer.timing import Meter, TempoMap
from composer.transcription import hummer
from composer.transcription.contour import hear
from composer.transcription.denoise import reduce_noise
from composer.transcription.notes import find_notes
from composer.transcription.pitch import RATE, PitchTracker

ROOT = Path(__file__).parent.parent
TUNES = ("composer/seeds/auld-lang-syne.mid", "composer/seeds/londonderry-air.mid", "tests/data/scarborough.abc")
BARS = 6
VOICES = {"ooh": hummer.OOH, "aah": hummer.AAH, "mm": hummer.MM, "whistling": hummer.WHISTLE}
INSTRUMENTS = {
    "flute": (73, 12),
    "clarinet": (71, 0),
    "violin": (40, 0),
    "guitar": (24, 0),
    "piano": (0, 0),
    "voice font": (53, 0),
}
"""Sound → (General MIDI program, semitones to where it is played)."""
NOISES = (
    "clean",
    "white 20",
    "white 10",
    "white 5",
    "white 0",
    "pink 10",
    "pink 5",
    "pink 0",
    "mains 10",
    "mains 0",
    "hall",
)


@dataclass(frozen=True, eq=False)
class Take:
    """A recording and what is in it."""

    sound: str
    audio: np.ndarray
    onsets_s: np.ndarray
    ends_s: np.ndarray
    pitches: np.ndarray


Heard = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Onsets and ends in seconds, MIDI pitches."""


def takes(quick: bool) -> list[Take]:
    """Every sound plays one of the tunes; all of them where there is time."""
    made = []
    for number, sound in enumerate([*VOICES, *INSTRUMENTS]):
        for tune in [TUNES[number % len(TUNES)]] if quick else TUNES:
            rng = np.random.default_rng([number, len(tune)])
            made.append(_voice(tune, sound, rng) if sound in VOICES else _instrument(tune, sound, rng))
    return made


def _tune(path: str) -> Score:
    score = formats.load(ROOT / path)
    part = next(part for part in score.parts if len(part))
    return score.with_parts([part.clip(0, score.bars()[BARS].start)])


def _voice(path: str, sound: str, rng: np.random.Generator) -> Take:
    score, shift = _tune(path), 12 if sound == "whistling" else int(rng.integers(-4, 3))
    part = score.parts[0].transpose(shift)
    voice = replace(VOICES[sound], detune_cents=rng.uniform(-40, 40), drift_cents=rng.uniform(-30, 30))
    sung = hummer.hum(score, part, voice, rng, RATE)
    return Take(sound, sung.audio, sung.onsets_s, sung.ends_s, sung.pitches)


def _instrument(path: str, sound: str, rng: np.random.Generator) -> Take:
    score, (program, shift) = _tune(path), INSTRUMENTS[sound]
    # The singer's sense of time, in ticks so fine that nothing is rounded.
    part = score.parts[0].transpose(shift)
    onsets_s, ends_s = hummer.human_time(score, part, hummer.Voice(timing_s=0.012), rng)
    again = np.append(np.diff(part.notes["pitch"]) == 0, False)
    ends_s = np.where(again, np.minimum(ends_s, np.append(onsets_s[1:] - 0.06, np.inf)), ends_s)
    notes = part.notes.copy()
    notes["onset"] = np.rint(onsets_s * 19_200)
    notes["duration"] = np.rint((ends_s - onsets_s) * 19_200)
    played = Score((Part("Lead", notes, program, role="melody"),), TempoMap.constant(120, 9600), Meter(9600))
    audio = render(played, sample_rate=RATE).audio[0].mean(axis=1)
    return Take(sound, (0.5 * audio / np.abs(audio).max()).astype(np.float32), onsets_s, ends_s, notes["pitch"])


def spoilt(audio: np.ndarray, how: str, rng: np.random.Generator) -> np.ndarray:
    """The audio with "KIND DB" of noise (so many dB under the tune while it sounds), in a "hall", or "clean"."""
    if how == "clean":
        return audio
    if how == "hall":  # 1.2 s of reverberation, 6 dB under the direct sound
        count = int(1.2 * RATE)
        echo = rng.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
        size = len(audio) + count
        wet = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(echo / np.linalg.norm(echo), size), size)
        return (audio + 0.5 * wet[: len(audio)]).astype(np.float32)
    kind, below_db = how.split()
    count = len(audio)
    if kind == "mains":
        at = np.arange(count) / RATE
        noise = sum(np.sin(2 * np.pi * 50 * k * at + k) / k for k in (1, 2, 3, 4, 5, 7)) + 0.05 * rng.standard_normal(
            count
        )
    else:
        spectrum = np.fft.rfft(rng.standard_normal(count))
        slope = np.sqrt(np.maximum(np.arange(len(spectrum)), 1)) if kind == "pink" else 1.0
        noise = np.fft.irfft(spectrum / slope, count)
    loud = np.std(audio[np.abs(audio) > 0.01 * np.abs(audio).max()])
    return (audio + noise / np.std(noise) * loud * 10 ** (-float(below_db) / 20)).astype(np.float32)


def cleaned_audio(audio: np.ndarray) -> np.ndarray:
    """As composer.transcription does by default."""
    mains_hz = find_mains(audio, RATE)
    return reduce_noise(remove_mains(audio, RATE, mains_hz) if mains_hz else audio)


def as_it_is(audio: np.ndarray, tracker: PitchTracker) -> Heard:
    """Ours without taking noise out."""
    notes = find_notes(audio, hear(audio, tracker))
    return notes.onsets_s, notes.ends_s, notes.pitches


def ours(audio: np.ndarray, tracker: PitchTracker) -> Heard:
    cleaned = cleaned_audio(audio)
    notes = find_notes(cleaned, hear(cleaned, tracker))
    return notes.onsets_s, notes.ends_s, notes.pitches


def baseline(audio: np.ndarray) -> Heard:
    """librosa.pyin, rounded."""
    import librosa

    hop = 256
    f0_hz, voiced, _ = librosa.pyin(audio, fmin=65, fmax=2093, sr=RATE, frame_length=1024, hop_length=hop)
    pitch = np.where(voiced, np.rint(69 + 12 * np.log2(np.where(voiced, f0_hz, 440) / 440)), -1)
    edges = np.flatnonzero(np.diff(pitch, prepend=-2, append=-2))
    runs = [(a, b, pitch[a]) for a, b in itertools.pairwise(edges) if pitch[a] >= 0]
    kept = np.array([run for run in runs if (run[1] - run[0]) * hop / RATE >= 0.06]).reshape(-1, 3)
    return kept[:, 0] * hop / RATE, kept[:, 1] * hop / RATE, kept[:, 2]


def f1(take: Take, heard: Heard) -> tuple[float, float]:
    """(F1 by onset and pitch, the same with ends)."""
    if not len(heard[0]):
        return 0.0, 0.0
    true_s = np.stack([take.onsets_s, take.ends_s], axis=1)
    heard_s = np.stack([heard[0], np.maximum(heard[1], heard[0] + 0.01)], axis=1)
    true_hz, heard_hz = (440 * 2 ** ((np.asarray(pitch, float) - 69) / 12) for pitch in (take.pitches, heard[2]))
    measure = mir_eval.transcription.precision_recall_f1_overlap
    plain = measure(true_s, true_hz, heard_s, heard_hz, offset_ratio=None)[2]
    return plain, measure(true_s, true_hz, heard_s, heard_hz)[2]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--quick", action="store_true", help="one tune a sound; the baseline on clean and pink 10 only")
    words.add_argument("--json", type=Path, help="also write every number here")
    args = words.parse_args()
    tracker, made = PitchTracker(), takes(args.quick)
    table: dict[str, dict[str, list[tuple[float, float]]]] = {}
    spent_s = sounded_s = 0.0

    def measure(name: str, listen: Callable[[np.ndarray], Heard], noises: tuple[str, ...]) -> None:
        nonlocal spent_s, sounded_s
        for how in noises:
            row = table.setdefault(f"{name}, {how}", defaultdict(list))
            for number, take in enumerate(made):
                audio = spoilt(take.audio, how, np.random.default_rng(number))
                began = time.process_time()
                heard = listen(audio)
                if name == "ours":
                    spent_s += time.process_time() - began
                    sounded_s += len(audio) / RATE
                row[take.sound].append(f1(take, heard))
            _print_row(f"{name}, {how}", row)

    print(
        f"F1 by onset and pitch{'':18}"
        + "".join(f"{name[:9]:>10}" for name in [*VOICES, *INSTRUMENTS, "voices", "all"])
    )
    measure("ours", lambda audio: ours(audio, tracker), NOISES)
    measure("noise left in", lambda audio: as_it_is(audio, tracker), NOISES)
    measure("pyin, rounded", baseline, ("clean", "pink 10") if args.quick else ("clean", "white 10", "pink 10", "hall"))
    print(f"{sounded_s / spent_s:.0f} × real time (processor time of one core), "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GB at most")  # fmt: skip
    if args.json:
        args.json.write_text(json.dumps(table, indent=1))


def _print_row(name: str, row: dict[str, list[tuple[float, float]]]) -> None:
    means = {sound: float(np.mean([plain for plain, _ in scores])) for sound, scores in row.items()}
    voices = float(np.mean([means[sound] for sound in VOICES]))
    ends = float(np.mean([whole for scores in row.values() for _, whole in scores]))
    cells = [*means.values(), voices, float(np.mean(list(means.values())))]
    print(f"{name:<39}" + "".join(f"{cell:10.2f}" for cell in cells) + f"   with ends {ends:.2f}", flush=True)


if __name__ == "__main__":
    main()
