"""The whole way from a recording to a seed, and what to tell of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from composer.audio.mains import find_mains, remove_mains
from composer.audio.recording import Recording, read_recording
from composer.errors import InputError
from composer.gm import pitch_name
from composer.score import Score
from composer.transcription.contour import HOP_S, Contour, hear
from composer.transcription.denoise import reduce_noise
from composer.transcription.notes import Notes, find_notes
from composer.transcription.pitch import HIGHEST, HOP, LOWEST, RATE, PitchTracker
from composer.transcription.rhythm import Rhythm, find_rhythm
from composer.transcription.seed import seed_score
from composer.transcription.verdict import check_heard, check_loud, check_melody
from composer.wording import counted

DENOISE = ("auto", "on", "off")
SHORTEST_S = 1.0
"""Less is too little to tell noise from tune by."""
Progress = Callable[[str, float], None]
"""(what is being done, how much of it is done 0..1)."""


@dataclass(frozen=True)
class TranscribeOptions:
    """What the user knows better than we can hear. Raises InputError where it makes no sense."""

    tempo_bpm: float | None = None
    """Quarter notes a minute; None finds it."""
    meter: tuple[int, int] | None = None
    """(4, 4); None finds it among 4/4, 3/4 and 6/8."""
    denoise: str = "auto"
    """"on", "off", or "auto": wherever there is enough sound to tell noise from tune by; mains hum where it is found."""
    lowest: int | None = None
    """The lowest MIDI pitch that may be meant, lower notes are left out; None: whatever is heard, down to 35."""
    highest: int | None = None

    def __post_init__(self) -> None:
        if self.denoise not in DENOISE:
            raise InputError(f"denoise must be one of {', '.join(DENOISE)}, got {self.denoise!r}")
        if self.tempo_bpm is not None and not 20 <= self.tempo_bpm <= 400:
            raise InputError(f"tempo must be in range 20..400 BPM, got {self.tempo_bpm:g}")
        if self.meter is not None and (self.meter[1] not in (2, 4, 8) or not 1 <= self.meter[0] <= 12):
            raise InputError("metre {}/{} is not known; give one such as 4/4, 3/4 or 6/8".format(*self.meter))
        low, high = self.range
        if not LOWEST <= low < high <= HIGHEST:
            raise InputError(f"range {low}..{high} must lie within {LOWEST}..{HIGHEST} (B1 to C7), the lowest first")

    @property
    def range(self) -> tuple[int, int]:
        """The lowest and the highest MIDI pitch that is written down."""
        return (
            LOWEST if self.lowest is None else self.lowest,
            HIGHEST if self.highest is None else self.highest,
        )


@dataclass(frozen=True)
class Transcription:
    """A recording as a seed, and how it was heard."""

    score: Score
    report: dict[str, Any]
    """JSON-ready: the recording, notes, range, tempo and how sure, tuning, noise, what was dropped."""

    def lines(self) -> list[str]:
        """The same for people."""
        heard, said = self.report, self.report["tempo"]
        tempo = f"{said['bpm']:.1f} BPM, {said['metre']} ({said['from']})"
        if not said["steady"]:
            tempo += ", following the singer"
        drift = heard["tuning"]["drift_cents"]
        lines = [
            f"found    {heard['notes']} notes, {heard['lowest']} to {heard['highest']}, in {heard['seconds']:.0f} s",
            f"tempo    {tempo}; --tempo and --meter override it",
            f"tuning   {_cents(heard['tuning']['cents'])}"
            + (f", drifting {_cents(drift)}" if abs(drift) >= 15 else ""),
            f"noise    {_noise(heard['noise'])}",
        ]
        if heard["dropped"]:
            lines.append(f"dropped  {counted(heard['dropped'], 'sound')} too short to be notes")
        if heard["outside"]:
            lines.append(
                f"left out {counted(heard['outside'], 'note')} outside {heard['range']}; --lowest and --highest set it"
            )
        return lines


def transcribe(
    path: str | Path, options: TranscribeOptions = TranscribeOptions(), on_progress: Progress | None = None
) -> Transcription:
    """The melody in a recording of one voice, as a score with one part whose notes keep their human timing.

    Raises AudioError where the file is no sound or the extra `audio` is not installed; InputError where no melody is heard
    in it: silence, drums, speech, several voices.
    """
    began = time.perf_counter()
    path = Path(path)
    tracker = PitchTracker()
    recording = read_recording(path, RATE, _step(on_progress, "reading the recording"))
    try:
        check_loud(recording.audio)
        cleaned = _clean(recording.audio, options.denoise)
        contour = hear(cleaned.audio, tracker, _step(on_progress, "listening"))
        check_heard(contour, cleaned.audio)
        notes = find_notes(cleaned.audio, contour).within(*options.range)
        check_melody(notes, contour, cleaned.audio)
    except InputError as error:
        raise type(error)(f"{path}: {error}") from None
    rhythm = find_rhythm(notes.onsets_s, notes.ends_s, notes.velocities, options.tempo_bpm, options.meter)
    problems = (*recording.problems, *_clipping(recording))
    score = seed_score(notes, rhythm, path.stem, problems)
    report = _report(recording, contour, notes, rhythm, options) | {
        "noise": cleaned.told(recording.audio, contour),
        "listening_s": round(time.perf_counter() - began, 2),
    }
    return Transcription(score, report)


@dataclass(frozen=True, eq=False)
class _Cleaned:
    """Sound to listen to, and what was done to it."""

    audio: np.ndarray
    gated: bool
    mains_hz: float | None

    def told(self, raw: np.ndarray, contour: Contour) -> dict[str, Any]:
        """For the report, with how far the quietest twentieth of the raw sound lies under it where there is a tone."""
        frames = min(len(contour), len(raw) // HOP)
        power = (raw[: frames * HOP].reshape(frames, HOP) ** 2).mean(axis=1) + 1e-12
        voiced = contour.voiced[:frames]
        tune = float(np.median(power[voiced])) if voiced.any() else 1e-12
        under_db = 10 * np.log10(tune / float(np.quantile(power, 0.05)))
        return {"under_the_tune_db": round(under_db, 1), "taken_out": self.gated, "mains_hz": self.mains_hz}


def _clean(audio: np.ndarray, denoise: str) -> _Cleaned:
    if denoise == "off":
        return _Cleaned(audio, False, None)
    mains_hz = find_mains(audio, RATE)
    quiet = remove_mains(audio, RATE, mains_hz) if mains_hz else audio
    if denoise == "on" or len(audio) >= SHORTEST_S * RATE:
        return _Cleaned(reduce_noise(quiet), True, mains_hz)
    return _Cleaned(quiet, False, mains_hz)


def _report(
    recording: Recording, contour: Contour, notes: Notes, rhythm: Rhythm, options: TranscribeOptions
) -> dict[str, Any]:
    sung = notes.tuning[contour.voiced]
    low, high = int(notes.pitches.min()), int(notes.pitches.max())
    return {
        "seconds": round(recording.duration_s, 2),
        "sample_rate": recording.source_rate,
        "channels": recording.channels,
        "notes": len(notes),
        "lowest": pitch_name(low),
        "highest": pitch_name(high),
        "tempo": {
            "bpm": round(rhythm.bpm, 2),
            "metre": "{}/{}".format(*rhythm.meter),
            "sure": round(rhythm.sure, 2),
            "from": "as given" if options.tempo_bpm else _how_sure(rhythm.sure),
            "steady": rhythm.steady,
        },
        "tuning": {
            "cents": round(100 * float(np.median(sung))),
            "drift_cents": round(100 * float(sung[-1] - sung[0])),
            "spread_cents": round(float(np.std(notes.cents))),
        },
        "dropped": notes.dropped,
        "outside": notes.outside,
        "range": "{} to {}".format(*map(pitch_name, options.range)),
        "starts_s": round(float(rhythm.beats_s[0]), 3),
        "voiced": round(float(contour.voiced.mean()), 3),
        "hop_s": HOP_S,
    }


def _noise(noise: dict[str, Any]) -> str:
    mains = f", and {noise['mains_hz']:.0f} Hz mains hum removed" if noise["mains_hz"] else ""
    done = "steady noise removed" if noise["taken_out"] else "noise left in"
    return f"quietest moments {noise['under_the_tune_db']:.0f} dB under the tune; {done}{mains}"


def _how_sure(sure: float) -> str:
    return "clear" if sure >= 0.6 else "likely" if sure >= 0.25 else "a guess"


def _clipping(recording: Recording) -> tuple[str, ...]:
    if recording.clipped < 0.001:
        return ()
    return (f"{recording.clipped:.1%} of the recording is clipped: record it at a lower level",)


def _cents(cents: float) -> str:
    return f"{abs(cents):.0f} cents {'sharp' if cents > 0 else 'flat'}" if round(cents) else "in tune with A = 440 Hz"


def _step(on_progress: Progress | None, what: str) -> Callable[[float], None] | None:
    return None if on_progress is None else lambda done: on_progress(what, done)
