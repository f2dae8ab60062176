"""Which part is the tune: the one a user names, else the one that most looks like it, with the reason.

The judgement is a sum of plain observations (name, instrument, one note at a time, small steps, loudness …), so that
`why` can say which of them spoke. Their weights are rounded from a softmax regression over POP909, Nottingham and the
bands whose tracks name their lead. Where a part plays chords under its tune, the tune is its top line: the skyline of
Uitdenbogerd & Zobel, "Manipulation of music for melody matching" (1998), with the accompanying hand left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from composer.errors import InputError
from composer.given import given
from composer.gm import MELODY, PROGRAM_NAMES, family
from composer.score import Part, Score, struck_once
from composer.wording import counted

FEWEST_NOTES = 3

_TUNE_NAMES = re.compile(
    r"\b(melod(y|ie|ia)|melo|tune|theme|lead|solo(ist)?|vocals?|voc|voice|vox|singer|sing|cantus|soprano|canto|gesang|"
    r"chant|top ?line|main)\b",
    re.IGNORECASE,
)
_OTHER_NAMES = re.compile(
    r"\b(bass|base|chords?|pads?|drums?|perc\w*|rhythm|backing|backup|accomp\w*|acc|comp|arp\w*|harmony|strum\w*|kick|snare|"
    r"hats?|left( hand)?|lh|echo|fx|sfx|counter\w*|bridge|fill\w*)\b",
    re.IGNORECASE,
)
_FAMILIES = {
    "reed": 0.5,
    "pipe": 0.5,
    "lead": 0.5,
    "bass": -4.0,
    "ensemble": -2.5,
    "pad": -3.0,
    "effects": -3.0,
    "percussive": -3.0,
    "sounds": -4.0,
}
"""What an instrument's family says for its playing the tune."""

_TOGETHER_BEATS = 1 / 12
"""Notes begun within this time are struck together, as hands and guitars do it."""
_CHORDAL = 0.15
"""Above this share of onsets with several notes, a part is more than a tune."""


@dataclass(frozen=True)
class MelodyChoice:
    """A part of the score taken as its melody."""

    index: int
    """Where in `score.parts`, from 0."""
    part: Part
    """The part with the role "melody": whole, or only the notes of its top line; each note as it stands in the file."""
    why: str
    """A sentence for the user."""


@dataclass(frozen=True)
class _Look:
    """What can be seen of a part from its notes. Shares are 0..1."""

    struck: float
    """Share of onsets with more than one note."""
    chords: float
    """Share of onsets with three notes or more."""
    register: float
    """Middle pitch, weighted by onsets."""
    on_top: float
    """Share of onsets where nothing else sounds higher."""
    busy: float
    """Onsets."""
    per_beat: float
    """Onsets a beat while it plays."""
    repeats: float
    """Share of onsets that repeat the top pitch before."""
    leaps: float
    """Share of steps in its top line of a fifth or more."""
    spread: float
    """Standard deviation of the steps' sizes, in octaves."""
    wait: float
    """Middle time between onsets, in beats."""
    loudness: float
    """Mean velocity, 0..1."""


def find_melody(score: Score, wanted: str | None = None) -> MelodyChoice:
    """The melody of a score: the part `wanted` (a number from 1, a role, a name), else the one that looks most like it.

    Raises InputError with what the score holds instead, where there is no such part or no tune in it.
    """
    given(score, Score, "score", "a Score; composer.load reads one from a file")
    if not any(len(part) for part in score.parts):
        raise InputError("there are no notes in this file; give one with a melody")
    if wanted is not None:
        index = _named(score, wanted)
        return _chosen(score, index, f"you asked for {wanted!r}")
    pitched = [index for index, part in enumerate(score.parts) if not part.is_drum and len(part)]
    if not pitched:
        raise InputError("there are only drums in this file; give one with a melody, or add a melody track to it")
    said = [index for index in pitched if score.parts[index].role == MELODY]
    if said:
        return _chosen(score, said[0], "the file marks it as the melody")
    tunes = {index: _look(score, index, pitched) for index in pitched}
    playing = [index for index in pitched if len(score.parts[index]) >= FEWEST_NOTES]
    if not playing:
        most = max(len(score.parts[index]) for index in pitched)
        raise InputError(f"the busiest part has only {counted(most, 'note')}; a melody needs at least {FEWEST_NOTES}")
    singing = [index for index in playing if not _only_chords(tunes[index])]
    if not singing:
        raise InputError(
            f"there are only chords in this file ({_listed(score, playing)}); add a track with the melody,"
            " or name the part whose top line to take (--melody)"
        )
    if len(pitched) == 1:
        return _chosen(score, singing[0], "it is the only pitched part")
    busiest = max(tunes[index].busy for index in singing)
    loudest = max(tunes[index].loudness for index in singing)
    points = {index: _points(score.parts[index], tunes[index], busiest, loudest) for index in singing}
    best = max(singing, key=lambda index: sum(points[index].values()))
    usual = {reason: np.mean([seen[reason] for seen in points.values()]) for reason in points[best]}
    ahead = {reason: points[best][reason] - float(usual[reason]) for reason in usual}
    reasons = [reason for reason in sorted(ahead, key=lambda reason: -ahead[reason]) if ahead[reason] >= 0.3]
    why = ", ".join(reasons[:3]) or "no other part looks more like a melody"
    return _chosen(score, best, f"{why}; name another with --melody if it is not ({len(pitched)} pitched parts)")


def _named(score: Score, wanted: str) -> int:
    """Index of the part with that number (from 1), role or name; a part of a name will do where only one has it."""
    parts = score.parts
    text = wanted.strip().lower()
    if text.isdecimal():
        if not 1 <= int(text) <= len(parts):
            raise InputError(f"there is no part {text}; this score has {len(parts)}: {_listed(score)}")
        matches = [int(text) - 1]
    else:
        exact = [i for i, part in enumerate(parts) if text in (part.role.lower(), part.name.strip().lower())]
        matches = exact or [i for i, part in enumerate(parts) if text and text in part.name.lower()]
    if not matches:
        raise InputError(f"there is no part called {wanted!r}; this score has {_listed(score)}")
    playing = [i for i in matches if len(parts[i]) and not parts[i].is_drum]
    if not playing:
        what = "plays drums" if parts[matches[0]].is_drum else "plays no note"
        raise InputError(f"part {matches[0] + 1} ({wanted!r}) {what}; choose another of {_listed(score)}")
    if len(playing) > 1 and len({parts[i].name.strip().lower() for i in playing}) > 1:
        raise InputError(f"{wanted!r} fits several parts; give a number: {_listed(score, playing)}")
    return playing[0]


def _listed(score: Score, indices: list[int] | None = None) -> str:
    listed = list(range(len(score.parts))) if indices is None else indices
    names = [f"{i + 1} {score.parts[i].name.strip() or PROGRAM_NAMES[score.parts[i].program]}" for i in listed[:12]]
    return ", ".join(names) + (f" and {len(listed) - 12} more" if len(listed) > 12 else "")


def _chosen(score: Score, index: int, why: str) -> MelodyChoice:
    part = score.parts[index]
    where = f"part {index + 1}" + (f" ({part.name.strip()})" if part.name.strip() else "")
    groups = _onset_groups(struck_once(part.notes), score.ticks_per_beat)
    shared = float(np.mean(np.bincount(groups) > 1)) if len(groups) else 0.0
    if shared <= _CHORDAL:
        return MelodyChoice(index, replace(part, role=MELODY), f"{where} is the melody: {why}")
    top = top_line(part, score.ticks_per_beat)
    return MelodyChoice(
        index,
        replace(top, role=MELODY),
        f"the top line of {where} is the melody ({len(top)} of {len(part)} notes, since it plays chords too): {why}",
    )


def top_line(part: Part, ticks_per_beat: int) -> Part:
    """The highest voice of a part that plays chords: notes as they are, but only those no other covers.

    A note is covered by a higher one that is struck with it, or that holds on through most of it; notes more than
    fifteen semitones under the line around them belong to the other hand.
    """
    notes = part.notes
    if not len(notes):
        return part
    groups = _onset_groups(notes, ticks_per_beat)
    order = np.lexsort((notes["duration"], notes["pitch"], groups))
    last_of_group = np.append(groups[order][1:] != groups[order][:-1], True)
    highest = np.sort(order[last_of_group])
    keep: list[int] = []
    for index in highest.tolist():
        onset, duration, pitch = (int(notes[name][index]) for name in ("onset", "duration", "pitch"))
        covered = False
        for before in reversed(keep[-4:]):
            over = int(notes["onset"][before]) + int(notes["duration"][before]) - onset
            if notes["pitch"][before] > pitch + 2 and over > 0.5 * max(duration, 1):
                covered = True
        if not covered:
            keep.append(index)
    kept = notes[keep]
    if len(kept) >= 8:
        pitches = kept["pitch"].astype(np.float64)
        spans = np.lib.stride_tricks.sliding_window_view(np.pad(pitches, 12, mode="edge"), 25)
        around = np.quantile(spans, 0.75, axis=1)
        kept = kept[pitches > around - 15]
    return replace(part, notes=kept)


def _onset_groups(notes: np.ndarray, ticks_per_beat: int) -> np.ndarray:
    """Which chord each note belongs to, shape (n,): notes struck together share a number."""
    if not len(notes):
        return np.zeros(0, np.int64)
    together = max(1, round(ticks_per_beat * _TOGETHER_BEATS))
    groups, group, start = [], -1, -together - 1
    for onset in notes["onset"].tolist():
        if onset - start > together:
            group, start = group + 1, onset
        groups.append(group)
    return np.array(groups)


def _look(score: Score, index: int, pitched: list[int]) -> _Look:
    part, beat = score.parts[index], score.ticks_per_beat
    notes = struck_once(part.notes)
    groups = _onset_groups(notes, beat)
    sizes = np.bincount(groups)
    tops = np.full(len(sizes), -1)
    np.maximum.at(tops, groups, notes["pitch"])
    onsets = np.full(len(sizes), np.iinfo(np.int64).max)
    np.minimum.at(onsets, groups, notes["onset"].astype(np.int64))
    waits = np.diff(onsets) / beat
    above = np.zeros(len(onsets), bool)
    for other in pitched:
        if other != index:
            above |= _highest_sounding(score.parts[other], onsets + beat // 8) > tops
    steps = np.abs(np.diff(tops))
    return _Look(
        struck=float((sizes > 1).mean()),
        chords=float((sizes > 2).mean()),
        register=float(np.median(tops)),
        on_top=float(1 - above.mean()),
        busy=float(len(onsets)),
        per_beat=float(1 / max(float(np.mean(np.minimum(waits, 4))), 1e-3)) if len(waits) else 0.0,
        repeats=float((steps == 0).mean()) if len(steps) else 0.0,
        leaps=float((steps >= 7).mean()) if len(steps) else 0.0,
        spread=float(steps.std() / 12) if len(steps) else 0.0,
        wait=float(np.median(waits)) if len(waits) else 0.0,
        loudness=float(notes["velocity"].mean() / 127),
    )


def _highest_sounding(part: Part, ticks: np.ndarray) -> np.ndarray:
    """Highest pitch of `part` at each tick, -1 where it is silent; shape of `ticks`, which must be in order."""
    highest = np.full(len(ticks), -1)
    notes = part.notes
    begins = np.searchsorted(ticks, notes["onset"], side="left")
    ends = np.searchsorted(ticks, notes["onset"].astype(np.int64) + notes["duration"], side="left")
    for begin, end, pitch in zip(begins.tolist(), ends.tolist(), notes["pitch"].tolist(), strict=True):
        if end > begin:
            np.maximum(highest[begin:end], pitch, out=highest[begin:end])
    return highest


def _only_chords(look: _Look) -> bool:
    """Blocks of three notes or more whose top hardly moves: nobody could sing it."""
    return look.chords >= 0.8 and (look.wait >= 1.9 or look.repeats >= 0.5)


def _points(part: Part, look: _Look, busiest: float, loudest: float) -> dict[str, float]:
    """How much each observation speaks for this part as the melody; the keys are the reasons given to the user."""
    name = part.name.replace("_", " ")
    named = 6.0 if _TUNE_NAMES.search(name) else 0.0
    return {
        "its name says so": named - (4.0 if _OTHER_NAMES.search(name) else 0.0),
        "its instrument often plays one": _FAMILIES.get(family(part.program), 0.0),
        "it plays one note at a time": -3.0 * look.struck,
        "it lies in a singing range": -2.0 * min(max(0.0, 60 - look.register) / 12, 3.0),
        "it is on top": 0.5 * look.on_top,
        "it moves in small steps": -3.0 * look.leaps - 4.0 * look.spread,
        "it is neither too fast nor too slow to sing": -abs(float(np.log2(max(look.per_beat, 0.1) / 1.4))),
        "it plays much of the time": float(np.log(look.busy / busiest)),
        "it is played louder": 12.0 * (look.loudness - loudest),
    }
