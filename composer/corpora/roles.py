"""Which track of a multitrack file is which player (drums, bass, melody …), and a band made of them.

Three witnesses vote in log-odds: the track's name, its General MIDI program, and what it plays (register, chords,
length, activity, against Gaussians fitted to tracks whose name and program agree). The channel settles drums.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from composer.gm import BAND, MELODY, ROLES, family
from composer.score import Part, Score, as_notes

PITCHED = tuple(role for role in ROLES if role != "drums")

NAME_PATTERNS = {
    "drums": r"drum|percus|\bkit\b|\bdrm|slagverk|cymbal|\bhi-?hat|snare",
    "bass": r"bass(?!oon)|\bbas(e|s)?\b|contrabass",
    MELODY: r"melod|\blead\b|vocal|\bvox\b|\bsolo(ist)?\b|\bsing|theme|\bvoice\b",
    "guitar": r"guitar|\bgtr|\bdist|overdrive|\bovr|\brhythm|banjo|mandolin|ukulele",
    "piano": r"piano|\bpia\b|organ|keyboard|\bkeys\b|clav|harpsichord|\bep\b|rhodes|accordion",
    "strings": r"string|\bpad\b|choir|violin|viola\b|cello|brass|horn|orchestra|ensemble|trombone|tutti",
}
NAME_VOTE = 3.0
PROGRAM_VOTE = 3.0
DEFAULT_PROGRAM_VOTE = 0.7
"""Program 0 is a piano, or a file that names none."""

_FEATURES = (
    "median pitch",
    "low pitch",
    "pitch spread",
    "chordal",
    "log2 beats held",
    "log2 onsets a beat",
    "coverage",
)
"""Fitted to 860 tracks of the band corpora and POP909; their order is that of `content_features`."""
_MEANS: dict[str, tuple[float, ...]] = {
    MELODY: (67.59, 60.89, 12.61, 0.07, -1.23, 0.45, 0.67),
    "bass": (35.85, 31.15, 11.44, 0.03, -1.11, 0.63, 0.93),
    "guitar": (56.07, 49.11, 14.43, 0.46, -1.14, 0.58, 0.61),
    "piano": (61.02, 49.94, 19.07, 0.38, -0.79, 0.66, 0.85),
    "strings": (62.66, 54.91, 15.6, 0.53, 0.72, -0.95, 0.61),
}
_SPREADS: dict[str, tuple[float, ...]] = {
    MELODY: (11.51, 11.75, 5.59, 0.26, 1.03, 0.88, 0.28),
    "bass": (5.6, 4.98, 4.77, 0.22, 1.18, 1.03, 0.2),
    "guitar": (9.42, 9.61, 5.93, 0.48, 0.98, 0.86, 0.34),
    "piano": (10.27, 11.03, 6.89, 0.33, 1.05, 0.84, 0.31),
    "strings": (12.58, 13.99, 8.81, 0.47, 1.69, 1.1, 0.32),
}


@dataclass(frozen=True)
class TrackRole:
    """A track's likeliest role and how sure that is, 0..1."""

    role: str
    confidence: float


def content_features(part: Part, ticks_per_beat: int, end: int) -> np.ndarray:
    """What a track plays, shape (7,): see `_FEATURES`; `end` is the piece's last tick. Needs at least one note."""
    notes = part.notes
    pitch = notes["pitch"].astype(np.float64)
    onsets, size = np.unique(np.round(notes["onset"] / (ticks_per_beat / 8)), return_counts=True)
    active = np.unique(notes["onset"] // (4 * ticks_per_beat))
    beats = max(len(active) * 4, 1)
    return np.array(
        [
            np.median(pitch),
            np.quantile(pitch, 0.1),
            np.quantile(pitch, 0.9) - np.quantile(pitch, 0.1),
            float((size > 1).mean()),
            np.log2(np.clip(np.median(notes["duration"]) / ticks_per_beat, 1 / 16, 16)),
            np.log2(np.clip(len(onsets) / beats, 1 / 16, 16)),
            min(len(active) * 4 * ticks_per_beat / max(end, 1), 1.0),
        ]
    )


def track_role(
    part: Part, ticks_per_beat: int, end: int, *, names: bool = True, programs: bool = True, content: bool = True
) -> TrackRole:
    """A track's role by name, program and content; any of the three may be left out of the vote."""
    scores = role_scores(part, ticks_per_beat, end, names=names, programs=programs, content=content)
    best = max(scores, key=lambda role: scores[role])
    odds = np.exp(np.array(list(scores.values())) - scores[best])
    return TrackRole(best, float(1 / odds.sum()))


def role_scores(
    part: Part, ticks_per_beat: int, end: int, *, names: bool = True, programs: bool = True, content: bool = True
) -> dict[str, float]:
    """Log-odds of every role, up to a constant."""
    if part.is_drum or (names and re.search(NAME_PATTERNS["drums"], part.name, re.IGNORECASE)):
        return {role: 0.0 if role == "drums" else -50.0 for role in ROLES}
    scores = {role: -50.0 if role == "drums" else 0.0 for role in ROLES}
    if names:
        for role in PITCHED:
            if re.search(NAME_PATTERNS[role], part.name, re.IGNORECASE):
                scores[role] += NAME_VOTE
    if programs and (voted := program_role(part.program)):
        scores[voted] += PROGRAM_VOTE if part.program else DEFAULT_PROGRAM_VOTE
        if part.program in range(80, 88):
            scores[MELODY] += PROGRAM_VOTE - 1
    if content and len(part):
        seen = content_features(part, ticks_per_beat, end)
        for role in PITCHED:
            spread = np.array(_SPREADS[role])
            away = np.clip((seen - np.array(_MEANS[role])) / spread, -4, 4)
            scores[role] += float(-0.5 * (away**2).sum() - np.log(spread).sum()) * 0.6
    return scores


def program_role(program: int) -> str:
    """The band role a General MIDI program belongs to, "" for drums and effects.

    >>> program_role(33), program_role(27), program_role(73), program_role(16), program_role(119)
    ('bass', 'guitar', 'melody', 'piano', '')
    """
    kind = family(program)
    if kind == "bass" or program == 43:
        return "bass"
    if kind == "guitar" or program in (104, 105, 106, 107):
        return "guitar"
    if kind in ("piano", "chromatic", "organ") or program in (46, 108):
        return "piano"
    if kind in ("reed", "pipe", "lead") or program in (53, 54, 56, 59, 85, 109, 110, 111):
        return MELODY
    if kind in ("strings", "ensemble", "brass", "pad") and program not in (47, 55):
        return "strings"
    return ""


def band_of(score: Score) -> Score:
    """The same piece with at most one part per role. Drum tracks are joined; doublings of the melody are left out.

    Per role the most active track leads, and others of that role stand in for the bars in which it is silent.

    Sound effects and tracks of no role are dropped; `Score.events` and the parts' own events too.
    """
    end, beat = score.end, score.ticks_per_beat
    drums, tracks = _tracks(score)
    scored = [(track, role_scores(track, beat, end)) for track in tracks]
    players: dict[str, list[Part]] = {role: [] for role in PITCHED}
    lead = _lead(scored, beat, end)
    for index, (track, votes) in enumerate(scored):
        wanted = dict(votes)
        if lead is not None and index != lead and wanted[MELODY] < max(wanted.values()):
            wanted.pop(MELODY)
        role = MELODY if index == lead else max(wanted, key=lambda name: wanted[name])
        players[role].append(track)
    melody_onsets = _onsets(scored[lead][0], beat) if lead is not None else set()
    parts = []
    for role in PITCHED:
        candidates = players[role]
        if role != MELODY:
            candidates = [track for track in candidates if not _doubles(track, melody_onsets, beat)]
        ranked = sorted(candidates, key=lambda track: -_weight(track, beat, end))
        if role == MELODY and lead is not None:
            ranked = [scored[lead][0], *(track for track in ranked if track is not scored[lead][0])]
        if ranked:
            parts.append(_relay(role, ranked, score))
    if len(drums):
        parts.append(Part("Drums", drums, 0, True, "drums"))
    order = {role: at for at, role in enumerate(ROLES)}
    parts = sorted((part for part in parts if len(part)), key=lambda part: order[part.role])
    return replace(score, parts=tuple(parts), events=())


def _tracks(score: Score) -> tuple[np.ndarray, list[Part]]:
    """All drum notes as one array, and the pitched tracks worth hearing; tracks of one name and sound are one."""
    drums: list[np.ndarray] = []
    merged: dict[tuple[str, int], list[np.ndarray]] = {}
    for part in score.parts:
        notes = part.notes[part.notes["duration"] > 0] if not part.is_drum else part.notes
        if not len(notes):
            continue
        if track_role(part, score.ticks_per_beat, score.end).role == "drums":
            drums.append(notes)
        elif not program_role(part.program):
            continue
        else:
            merged.setdefault((part.name, part.program), []).append(notes)
    joined = as_notes(np.concatenate(drums)) if drums else as_notes([])
    _, first = np.unique(joined["onset"].astype(np.int64) * 128 + joined["pitch"], return_index=True)
    reach = BAND["drums"]
    joined = joined[first]
    joined = joined[(joined["pitch"] >= reach.low) & (joined["pitch"] <= reach.high)]
    tracks = [Part(name, np.concatenate(notes), program) for (name, program), notes in merged.items()]
    return joined, [track for track in tracks if len(track) >= 8]


def _lead(scored: Sequence[tuple[Part, dict[str, float]]], beat: int, end: int) -> int | None:
    """The track that carries the tune: one note at a time, above the bass, moving, and there for much of the piece."""
    best: tuple[float, int] | None = None
    for index, (track, votes) in enumerate(scored):
        median, _, _, chordal, held, rate, coverage = content_features(track, beat, end)
        if chordal > 0.35 or median < 52 or coverage < 0.15 or votes["bass"] == max(votes.values()):
            continue
        margin = votes[MELODY] - max(score for role, score in votes.items() if role != MELODY)
        value = (
            np.clip(margin, -4, 4)
            + 3 * coverage
            - 2 * chordal
            + 0.05 * (median - 64)
            - abs(rate) * 0.3
            - max(held - 1, 0)
        )
        if best is None or value > best[0]:
            best = float(value), index
    return best[1] if best else None


def _weight(track: Part, beat: int, end: int) -> float:
    """How much a track does: the bars it plays in, and a little for how busy it is there."""
    features = content_features(track, beat, end)
    return float(features[6] + 0.1 * features[5])


def _onsets(track: Part, beat: int) -> set[tuple[int, int]]:
    """(eighth of a beat, pitch class) of every note."""
    return set(
        zip(
            np.round(track.notes["onset"] / (beat / 8)).astype(int).tolist(),
            (track.notes["pitch"] % 12).tolist(),
            strict=True,
        )
    )


def _doubles(track: Part, melody: set[tuple[int, int]], beat: int) -> bool:
    """Whether nearly all of a track's notes are the melody's, in any octave."""
    mine = _onsets(track, beat)
    return bool(mine) and len(mine & melody) > 0.8 * len(mine)


def _relay(role: str, ranked: Sequence[Part], score: Score) -> Part:
    """One player's part: the first track, and in bars where it neither plays nor holds a note, the next that does."""
    starts = np.array([bar.start for bar in score.bars()])
    taken: list[np.ndarray] = []
    busy: set[int] = set()
    for track in ranked:
        bar_of = np.searchsorted(starts, track.notes["onset"], side="right") - 1
        mine = np.isin(bar_of, list(busy), invert=True)
        if taken and mine.sum() < 8:
            continue
        chosen = track.notes[mine]
        taken.append(chosen)
        last = np.searchsorted(starts, chosen["onset"].astype(np.int64) + chosen["duration"] - 1, side="right") - 1
        for first_bar, last_bar in zip(bar_of[mine], last, strict=True):
            busy.update(range(int(first_bar), int(last_bar) + 1))
    notes = as_notes(np.concatenate(taken))
    _, first = np.unique(notes["onset"].astype(np.int64) * 128 + notes["pitch"], return_index=True)
    program = ranked[0].program
    if role in BAND and program_role(program) not in (role, MELODY):
        program = BAND[role].program
    return Part(role.capitalize(), _in_reach(notes[first], role), program, False, role)


def _in_reach(notes: np.ndarray, role: str) -> np.ndarray:
    """Pitches beyond the player's range folded in by octaves."""
    if role not in BAND:
        return notes
    notes = notes.copy()
    for _ in range(8):
        notes["pitch"] += 12 * (notes["pitch"] < BAND[role].low)
        notes["pitch"] -= 12 * (notes["pitch"] > BAND[role].high)
    return notes
