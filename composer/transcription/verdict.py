"""Is there one melody in it? If not, what there is instead, in a line that helps."""

from __future__ import annotations

import numpy as np

from composer.errors import InputError
from composer.transcription.contour import AROUND, FINE, HOP_S, Contour, swing
from composer.transcription.notes import Notes
from composer.transcription.pitch import HIGHEST_HZ, RATE

SILENT_DB = -60.0
FEWEST_NOTES = 3
LEAST_TONE_S = 0.5
LEAST_TONE = 0.25
"""Share of what is loud enough to hear that must have one pitch: singers leave 0.7 and more, drums and chords 0.15 and less."""
ANOTHER_VOICE_DB = -9.0
"""A peak off the partials this near to the tone's own power is another note; a hall leaves the one before at -15."""
CLEAR_DB = 20.0
"""By how much it must rise over what else is off the partials: noise has no such peaks."""
MANY = 0.4
SPOKEN_CENTS = 12.0
"""Median distance of notes from their semitones: 25 is no scale at all, a poor singer has 10."""
SPOKEN_STEADY = 0.28
WINDOW = 4096
ONE_TONE = 0.5
"""Share of the power in the strongest peak, from which on it is a tone: noise and drums have 0.1."""


def check_loud(audio: np.ndarray) -> None:
    """Raises InputError where float samples, full scale 1, are silence."""
    loudest_db = 20 * np.log10(float(np.abs(audio).max()) + 1e-9)
    if loudest_db < SILENT_DB:
        raise InputError(
            f"no sound detected (peak level {loudest_db:.0f} dBFS); is the microphone on? record it again, louder"
        )


def check_heard(contour: Contour, audio: np.ndarray) -> None:
    """Raises InputError where a recording has hardly a tone in it; audio: float32 samples at 16 kHz."""
    loudest_db = float(np.quantile(contour.level_db, 0.98))
    loud = contour.level_db.reshape(-1, FINE).max(axis=1) > loudest_db - 30
    if contour.voiced.sum() * HOP_S < LEAST_TONE_S or contour.voiced[loud].mean() < LEAST_TONE:
        if _too_high(audio):
            raise InputError(
                "everything detected lies above C7; only B1 to C7 can be transcribed: play it an octave lower"
            )
        raise InputError(
            "no single pitch detected, only noise, drums or chords; hum, sing, whistle or play one note at a time"
        )


def check_melody(notes: Notes, contour: Contour, audio: np.ndarray) -> None:
    """Raises InputError where the notes are no melody of one voice; audio: float32 samples at 16 kHz."""
    if len(notes) < FEWEST_NOTES <= len(notes) + notes.outside:
        raise InputError(
            f"of {len(notes) + notes.outside} notes {notes.outside} lie outside the range; --lowest and --highest set it,"
            " within B1 to C7"
        )
    if len(notes) < FEWEST_NOTES:
        raise InputError(
            f"only {len(notes)} note{'s' if len(notes) != 1 else ''} detected; a melody needs at least"
            f" {FEWEST_NOTES}: record more of it, or closer to the microphone"
        )
    if _accompanied(notes, contour, audio) > MANY:
        raise InputError("several voices sound at once; record the melody alone, one note at a time")
    if np.median(np.abs(notes.cents)) > SPOKEN_CENTS and _steadiness(contour) < SPOKEN_STEADY:
        raise InputError("the pitch glides as in speech, so there are no notes; sing or hum the melody")


def _too_high(audio: np.ndarray) -> bool:
    """Whether most of what is loud is one tone over the range."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(audio, (0, WINDOW)), WINDOW)[:: WINDOW // 2]
    loudness = np.array([float(np.square(frame).sum()) for frame in frames])
    high = []
    for frame in frames[loudness > loudness.max() / 100]:
        power = np.abs(np.fft.rfft(frame * np.hanning(WINDOW))) ** 2
        peak = int(power.argmax())
        width = 3 + round(0.045 * peak)  # as in `_other_peak`: vibrato widens it
        clear = power[max(0, peak - width) : peak + width + 1].sum() > ONE_TONE * power.sum()
        high.append(clear and peak * RATE / WINDOW > HIGHEST_HZ)
    return bool(np.mean(high) > ONE_TONE)


def _steadiness(contour: Contour) -> float:
    """Share of what has a pitch that keeps it, within a third of a semitone either way, for 100 ms."""
    return float((swing(contour.pitch, AROUND) < 0.7)[contour.voiced].mean())


def _accompanied(notes: Notes, contour: Contour, audio: np.ndarray) -> float:
    """Share of the notes with a clear peak beside their partials, heard late in each, when the note before has died away."""
    found = []
    for onset_s, end_s in zip(notes.onsets_s, notes.ends_s, strict=True):
        if end_s - onset_s < 0.2:
            continue
        at = int((onset_s + 0.7 * (end_s - onset_s)) * RATE)
        frame = min(int(at / RATE / HOP_S), len(contour) - 1)
        if at >= WINDOW // 2 and at + WINDOW // 2 <= len(audio) and contour.voiced[frame]:
            found.append(_other_peak(audio[at - WINDOW // 2 : at + WINDOW // 2], float(contour.pitch[frame])))
    return float(np.mean(found)) if found else 0.0


def _other_peak(piece: np.ndarray, pitch: float) -> bool:
    power = np.abs(np.fft.rfft(piece * np.hanning(WINDOW))) ** 2
    bins_hz = np.arange(len(power)) * RATE / WINDOW
    f0_hz = 440 * 2 ** ((pitch - 69) / 12)
    nearest = np.maximum(np.rint(bins_hz / f0_hz), 1) * f0_hz
    # Vibrato and glides widen a partial in proportion; the window widens all of them alike.
    own = np.abs(bins_hz - nearest) < 0.045 * nearest + 3 * RATE / WINDOW
    audible = (bins_hz > 70) & (bins_hz < 4000)
    rest = np.where(own | ~audible, 0, power)
    if not rest.any():
        return False
    peak = int(rest.argmax())
    peak_power = float(rest[peak - 2 : peak + 3].sum())
    floor = float(np.median(power[~own & audible])) + 1e-12
    return bool(
        10 * np.log10(peak_power / (power[own & audible].sum() + 1e-12)) > ANOTHER_VOICE_DB
        and 10 * np.log10(rest[peak] / floor) > CLEAR_DB
    )
