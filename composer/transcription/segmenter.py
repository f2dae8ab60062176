"""Contour → notes: the most likely sequence of notes and rests, found by Viterbi's algorithm.

A hidden Markov model in the manner of Ryynänen & Klapuri ("Modelling of note events for singing transcription", 2004)
and of Mauch et al. ("Computer-aided melody note transcription using the Tony software", 2015). Each semitone has two
states: an *attack*, which allows the pitch to slide in, and the note's *body*, which does not; besides there is a rest.
What departs from them: the pitch counts by how surely it is heard, with tails so heavy that vibrato stays in one note,
and the price of a new note falls where something is heard to begin, so that repeated notes come apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from composer.transcription.contour import FINE, Contour

REST, ATTACK, BODY = 0, 1, 2


@dataclass(frozen=True)
class Costs:
    """What is held against a path, in nats; widths in semitones. Tuned by benchmarks/transcribe.py --tune."""

    body_width: float = 0.42
    body_most: float = 4.0
    """Most that a frame off its pitch can cost: what makes the tails heavy."""
    attack_width: float = 1.2
    attack_most: float = 1.5
    """Most that the pitch can cost in an attack: a stroke is heard before its pitch is."""
    attack_frame: float = 0.2
    """Each frame of attack, so that notes get on with it."""
    unvoiced: float = 0.85
    """A frame of note without a tone."""
    voiced: float = 1.15
    """A frame of rest with one."""
    loud: float = 0.05
    """The same, for every dB over the level between rest and tone."""
    start: float = 2.9
    """A note after a rest."""
    move: float = 4.3
    """A note right after another."""
    again: float = 9.0
    """A note of the same pitch right after another."""
    leap: float = 0.04
    """Every semitone between the two."""
    end: float = 2.1
    """A rest after a note."""
    rise: float = 0.5
    """Taken off a new note's price for every dB by which the tone swells within 50 ms, over `rise_from`."""
    rise_from: float = 1.4
    flux: float = 1.4
    """Taken off for every unit of flux over `flux_from`."""
    flux_from: float = 1.4
    most_evidence: float = 9.0


@dataclass(frozen=True, eq=False)
class Path:
    """The state in each frame, arrays of shape (frames,)."""

    kind: np.ndarray
    """REST, ATTACK or BODY."""
    pitch: np.ndarray
    """Semitone; meaningless in rests."""

    def spans(self) -> np.ndarray:
        """(first frame, frame after the last, semitone) of each note, shape (notes, 3)."""
        before = np.concatenate([[REST], self.kind[:-1]])
        changed = np.concatenate([[True], self.pitch[1:] != self.pitch[:-1]])
        begins = np.flatnonzero((self.kind == ATTACK) & ((before != ATTACK) | changed))
        rests = np.append(np.flatnonzero(self.kind == REST), len(self.kind))
        ends = np.minimum(np.append(begins[1:], len(self.kind)), rests[np.searchsorted(rests, begins)])
        return np.stack([begins, ends, self.pitch[begins]], axis=1).astype(np.int64)


def beginnings(contour: Contour, prices: Costs) -> np.ndarray:
    """How much, in nats, speaks for a note's beginning in each frame; shape (frames,)."""
    tone = contour.tone_db
    ahead, behind = 5, 5
    padded = np.pad(tone, (behind, ahead), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, behind + ahead + 1)
    rise = around[:, behind:].max(axis=1) - around[:, : behind + 1].min(axis=1)
    # Only the place where it rises counts, not the whole neighbourhood that can see it.
    slope = np.convolve(tone, [0.5, 0.5, 0, -0.5, -0.5], "same")
    rise = np.where(slope > 0, np.clip(rise - prices.rise_from, 0, None), 0)
    swell = prices.rise * rise * np.clip(slope / (0.5 * rise + 1e-6), 0, 1)
    burst = prices.flux * np.clip(contour.flux - prices.flux_from, 0, None)
    evidence = np.minimum(swell + burst, prices.most_evidence)
    return np.asarray(evidence.reshape(-1, FINE).max(axis=1))


def silence_db(contour: Contour) -> float:
    """The level between rests and tones: a little over the quietest, well under the usual tone."""
    if not contour.voiced.any():
        return 0.0
    quiet = float(np.quantile(contour.tone_db, 0.05))
    usual = float(np.quantile(contour.tone_db[np.repeat(contour.voiced, FINE)], 0.7))
    return max(usual - 25, min(quiet + 6, usual - 10))


def best_path(contour: Contour, offset: np.ndarray, evidence: np.ndarray, prices: Costs = Costs()) -> Path:
    """The most likely path. offset: semitones by which the singer is sharp, evidence: see `beginnings`; shapes (frames,)."""
    pitch = contour.pitch - offset
    sure = contour.voicing
    heard = pitch[contour.voiced]
    if not len(heard):
        return Path(np.zeros(len(contour), np.int64), np.zeros(len(contour), np.int64))
    low, high = int(np.floor(heard.min())) - 1, int(np.ceil(heard.max())) + 1
    notes = np.arange(low, high + 1)
    away = np.abs(pitch[:, None] - notes)
    body = -_blend(sure, np.minimum(away / prices.body_width, prices.body_most), prices.unvoiced)
    attack = -_blend(sure, np.minimum(away / prices.attack_width, prices.attack_most), prices.unvoiced)
    attack -= prices.attack_frame
    loudness = contour.tone_db.reshape(-1, FINE).mean(axis=1)
    rest = -sure * prices.voiced - prices.loud * np.clip(loudness - silence_db(contour), 0, 30)
    steps = np.abs(notes[:, None] - notes[None, :])
    change = -prices.leap * steps - prices.move - np.diag(np.full(len(notes), prices.again - prices.move))
    return _viterbi(body, attack, rest, evidence, change, prices, low)


def _blend(sure: np.ndarray, off: np.ndarray, unvoiced: float) -> np.ndarray:
    return np.asarray(sure[:, None] * off + (1 - sure[:, None]) * unvoiced)


def _viterbi(
    body: np.ndarray,
    attack: np.ndarray,
    rest: np.ndarray,
    evidence: np.ndarray,
    change: np.ndarray,
    prices: Costs,
    low: int,
) -> Path:
    """body, attack (frames, notes), rest, evidence (frames,), change (from note, to note): log scores."""
    frames, count = body.shape
    every = np.arange(count)
    in_rest, in_attack, in_body = 0.0, np.full(count, -np.inf), np.full(count, -np.inf)
    to_rest = np.zeros(frames, np.int32)  # the note it came from, -1: a rest
    to_attack = np.zeros((frames, count), np.int16)  # the note it came from, -1: a rest, -2: this attack
    to_body = np.zeros((frames, count), bool)  # from this attack, else from this body
    for frame in range(frames):
        moved = in_body[:, None] + change
        source = moved.argmax(axis=0)
        began = moved[source, every] + evidence[frame]
        from_rest = in_rest - prices.start + evidence[frame]
        source = np.where(began >= from_rest, source, -1)
        began = np.maximum(began, from_rest)
        new_attack = np.where(in_attack >= began, in_attack, began) + attack[frame]
        to_attack[frame] = np.where(in_attack >= began, -2, source)
        to_body[frame] = in_attack > in_body
        new_body = np.maximum(in_attack, in_body) + body[frame]
        last = int(in_body.argmax())
        ended = float(in_body[last]) - prices.end
        to_rest[frame] = last if ended > in_rest else -1
        in_rest = max(in_rest, ended) + float(rest[frame])
        in_attack, in_body = new_attack, new_body
    kind, pitch = np.zeros(frames, np.int64), np.zeros(frames, np.int64)
    state, note = (REST, 0) if in_rest >= in_body.max() else (BODY, int(in_body.argmax()))
    for frame in range(frames - 1, -1, -1):
        kind[frame], pitch[frame] = state, note + low
        if state == REST:
            if to_rest[frame] >= 0:
                state, note = BODY, int(to_rest[frame])
        elif state == BODY:
            state = ATTACK if to_body[frame, note] else BODY
        else:
            before = int(to_attack[frame, note])
            if before >= 0:
                state, note = BODY, before
            elif before == -1:
                state = REST
    return Path(kind, pitch)
