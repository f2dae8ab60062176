"""POP909: pop songs played on the piano, melody apart, with experts' chords and people's phrase labels.

Three editions are joined. The original (`pop909/NNN/NNN.mid`) has MELODY, BRIDGE and PIANO, human touch and tempo; its
bars mean nothing. The metrically corrected one (`pop909_cl/NNN.mid`) has
beats that are beats, the key and the chords, but one piano for all. The third (`pop909_form/NNN/human_label1.txt`) has
phrases such as i4A8B8o4, lengths in bars. Notes of the first two are paired by pitch, velocity and order.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from composer.corpora.blocks import block_lane, block_symbols
from composer.corpora.downbeats import Downbeats, Evidence, find_downbeats, grid_offset
from composer.corpora.form import section_begins
from composer.corpora.song import OnSkip, Song, hash_files, ignore_skip, on_grid
from composer.corpora.splits import split_of
from composer.errors import MusicFileError, ScoreError
from composer.formats.midi import read_midi
from composer.gm import BAND
from composer.harmony.chord import Chord
from composer.score import Part, Score
from composer.timing import DEFAULT_TICKS_PER_BEAT, Bar, Meter, TempoMap

TICKS = DEFAULT_TICKS_PER_BEAT
LEAST_PAIRED = 0.8
"""Share of the original's notes that the corrected edition must have for the two to be the same song."""
LEAST_ON_GRID = 0.7
BALLAD_BELOW_BPM = 78
LINE_POLYPHONY = 1.6
"""A bridge thinner than this is a line of its own; a thicker one belongs to the pianist."""
LOW_PITCH = 52
"""Notes from here down vote for downbeats as a bass would."""

BEGINS_WEIGHT = 0.3
"""What it counts where a phrase begins on a change in the music, against melody where phrases are sung (1)."""

Mover = Callable[[np.ndarray], np.ndarray]
_PHRASE = re.compile(r"([A-Za-z])(\d+)")


def songs(data: Path, on_skip: OnSkip = ignore_skip) -> Iterator[Song]:
    """The songs under `data`/pop909, joined with `data`/pop909_cl and pop909_form."""
    for folder in sorted((data / "pop909").iterdir()):
        if not folder.is_dir():
            continue
        song_id = f"pop909/{folder.name}"
        corrected = data / "pop909_cl" / f"{folder.name}.mid"
        if not corrected.is_file():
            on_skip(song_id, "not in the corrected edition")
            continue
        try:
            yield _song(song_id, folder, corrected, data / "pop909_form" / folder.name / "human_label1.txt")
        except (MusicFileError, ScoreError) as error:
            on_skip(song_id, str(error).removeprefix(f"{corrected}: "))


def _song(song_id: str, folder: Path, corrected_path: Path, label_path: Path) -> Song:
    original_path = folder / f"{folder.name}.mid"
    original = read_midi(original_path)
    corrected = read_midi(corrected_path)
    tracks = {part.name.strip().upper(): part for part in original.parts if len(part.notes)}
    if "MELODY" not in tracks or "PIANO" not in tracks:
        raise ScoreError("no melody or no piano track")
    if len(corrected.parts) < 2:
        raise ScoreError("no chord track in the corrected edition")
    played, chords = corrected.parts[0], corrected.parts[1]
    moved = _Move.between(original, tracks, played)
    blocks = block_symbols(chords, together=TICKS // 8)
    if not blocks:
        raise ScoreError("no chord track in the corrected edition")
    numerator, denominator = corrected.meter.changes[0][1:]
    compound = denominator == 8
    beat = TICKS * 3 // 2 if compound else TICKS
    beats_per_bar = 2 if compound else numerator
    marks = _downbeat_marks(folder / "beat_midi.txt", original, moved)
    evidence = downbeat_evidence(played, blocks, marks, beat * beats_per_bar)
    end = max(part.end for part in corrected.parts)
    base = grid_offset(played.notes["onset"].astype(np.int64), TICKS // 4)
    found = find_downbeats(evidence, end, beat, beats_per_bar, steps=6 if compound else 4, base=base)
    lead = found.moved
    problems = [f"bar lines moved by {found.moved / TICKS:.3g} quarters"] if found.moved else []
    problems += [f"{found.odd} odd bar(s) laid between"] if found.odd else []
    meter = _meter(found, beat, beats_per_bar, compound)
    parts = [Part("Melody", moved(tracks["MELODY"].notes, lead), role="melody")]
    parts += _band(tracks, lambda notes: moved(notes, lead))
    tempo = _tempo(original.tempo, moved, lead)
    score = Score(tuple(parts), tempo, meter, title=folder.name, key=corrected.key, problems=tuple(problems))
    if on_grid(score) < LEAST_ON_GRID:
        raise ScoreError("off the grid")
    bars = score.bars()
    lane = block_lane([(onset + lead, stop + lead, chord) for onset, stop, chord in blocks], bars)
    score = replace(score, chords=lane.to_symbols(bars))
    phrases = () if compound or numerator != 4 or not label_path.is_file() else _phrases(label_path, score, bars)
    bpm = _median_bpm(tempo, score.end)
    return Song(
        id=song_id,
        corpus="pop909",
        work=song_id,
        split=split_of(song_id),
        licence="MIT",
        sha256=hash_files(original_path, corrected_path),
        synthetic=False,
        style="ballad" if bpm < BALLAD_BELOW_BPM else "pop",
        groove="",
        score=score,
        lane=lane,
        phrases=phrases,
    )


class _Move:
    """Original ticks → corrected ticks. Human timing is kept: only the local shift between the editions is taken."""

    def __init__(self, ticks: np.ndarray, shifts: np.ndarray, scale: float) -> None:
        self.ticks, self.shifts, self.scale = ticks, shifts, scale

    @classmethod
    def between(cls, original: Score, tracks: dict[str, Part], played: Part) -> _Move:
        scale = TICKS / original.ticks_per_beat
        ours: dict[tuple[int, int], list[float]] = defaultdict(list)
        theirs: dict[tuple[int, int], list[int]] = defaultdict(list)
        for part in tracks.values():
            for note in part.notes:
                ours[int(note["pitch"]), int(note["velocity"])].append(float(note["onset"]) * scale)
        for note in played.notes:
            theirs[int(note["pitch"]), int(note["velocity"])].append(int(note["onset"]))
        pairs = [
            pair
            for key, onsets in ours.items()
            if len(onsets) == len(theirs[key])
            for pair in zip(sorted(onsets), sorted(theirs[key]), strict=True)
        ]
        if len(pairs) < LEAST_PAIRED * sum(map(len, ours.values())):
            raise ScoreError("the two editions do not hold the same notes")
        paired = np.array(sorted(pairs), np.float64)
        shifts = paired[:, 1] - paired[:, 0]
        width = 31
        padded = np.pad(shifts, width // 2, mode="edge")
        smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
        if np.percentile(np.abs(shifts - smooth), 90) > TICKS / 8:
            raise ScoreError("the two editions drift apart")
        return cls(paired[:, 0], smooth, scale)

    def tick(self, ticks: np.ndarray) -> np.ndarray:
        """Corrected ticks (float) of original ones, any shape."""
        scaled = np.asarray(ticks, np.float64) * self.scale
        corrected: np.ndarray = scaled + np.interp(scaled, self.ticks, self.shifts)
        return corrected

    def __call__(self, notes: np.ndarray, lead: int) -> np.ndarray:
        """Notes on the corrected beats, `lead` ticks later."""
        moved: np.ndarray = notes.copy()
        moved["onset"] = np.maximum(np.round(self.tick(notes["onset"])) + lead, 0)
        moved["duration"] = np.maximum(np.round(notes["duration"] * self.scale), 1)
        return moved


def downbeat_evidence(
    played: Part, blocks: list[tuple[int, int, Chord]], marks: np.ndarray, bar_length: int
) -> Evidence:
    """Votes for downbeats: chord changes (up to 1), long low notes (up to 0.6), the original's marks (0.5)."""
    changes = [i for i, block in enumerate(blocks) if i == 0 or block[2] != blocks[i - 1][2]]
    onsets = np.array([blocks[i][0] for i in changes], np.float64)
    lengths = np.diff(np.append(onsets, blocks[-1][1]))
    low = played.notes[played.notes["pitch"] <= LOW_PITCH]
    weights = 0.6 * np.minimum(low["duration"] / bar_length, 1.0)
    depth = np.clip((LOW_PITCH + 4 - low["pitch"].astype(np.float64)) / 16, 0.25, 1.0)
    return Evidence.of(
        (onsets, np.clip(lengths / bar_length, 0.25, 1.0)),
        (low["onset"].astype(np.float64), weights * depth),
        (marks, np.full(len(marks), 0.5)),
    )


def _downbeat_marks(path: Path, original: Score, moved: _Move) -> np.ndarray:
    """The original's downbeats (third column of beat_midi.txt; seconds in the first) in corrected ticks, shape (n,).

    Raises ScoreError where they cannot be read.
    """
    if not path.is_file():
        return np.zeros(0)
    try:
        rows = np.array([line.split() for line in path.read_text("utf-8").splitlines() if line.strip()], np.float64)
    except ValueError:
        rows = np.zeros(0)
    if rows.ndim != 2 or rows.shape[1] < 3 or not np.isfinite(rows).all():
        raise ScoreError(f"{path.name} holds no beats")
    return moved.tick(original.tempo.ticks(rows[rows[:, 2] > 0, 0]))


def _meter(found: Downbeats, beat: int, beats_per_bar: int, compound: bool) -> Meter:
    changes: list[tuple[int, int, int]] = []
    starts = found.starts - found.starts[0]
    for start, length in zip(starts, [*np.diff(starts), beat * beats_per_bar], strict=True):
        beats = round(int(length) / beat)
        signature = (beats * 3, 8) if compound else (beats, 4)
        if not changes or changes[-1][1:] != signature:
            changes.append((int(start), *signature))
    return Meter(TICKS, tuple(changes))


def _tempo(tempo: TempoMap, moved: _Move, lead: int) -> TempoMap:
    """The original's tempo changes on the corrected beats."""
    steps: dict[int, int] = {}
    for tick, tempo_us in tempo.changes:
        steps[max(0, round(float(moved.tick(np.array(tick)))) + lead)] = tempo_us
    steps = dict(sorted(steps.items()))
    if 0 not in steps:
        steps = {0: next(iter(steps.values())), **steps}
    return TempoMap(TICKS, tuple(steps.items()))


def _median_bpm(tempo: TempoMap, end: int) -> float:
    return float(np.median([tempo.bpm_at(tick) for tick in range(0, max(end, 1), TICKS)]))


def _band(tracks: dict[str, Part], moved: Mover) -> list[Part]:
    """Piano, and the bridge: strings where it is a line (half counters the melody, half fills), else the pianist's."""
    piano = moved(tracks["PIANO"].notes)
    bridge = tracks.get("BRIDGE")
    if bridge is None:
        return [Part("Piano", piano, role="piano")]
    strings = BAND["strings"]
    notes = moved(bridge.notes)
    sounding = (notes["duration"].sum()) / max(1, _covered(notes))
    if sounding <= LINE_POLYPHONY and notes["pitch"].max() <= strings.high and notes["pitch"].min() >= strings.low:
        return [Part("Piano", piano, role="piano"), Part("Strings", notes, strings.program, role="strings")]
    return [Part("Piano", np.concatenate([piano, notes]), role="piano")]


def _covered(notes: np.ndarray) -> int:
    """Ticks in which at least one of the notes (in order of onset) sounds."""
    starts = notes["onset"].astype(np.int64)
    ends = np.maximum.accumulate(starts + notes["duration"])
    before = np.concatenate([[0], ends[:-1]])
    return int(np.maximum(ends - np.maximum(starts, before), 0).sum())


def _phrases(path: Path, score: Score, bars: tuple[Bar, ...]) -> tuple[tuple[int, str], ...]:
    """The labels laid where the music agrees: capitals are sung, small letters are not, and sections begin where something
    changes. () if they do not fit.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ScoreError(f"{path.name} is no text") from None
    labels = [(letter, int(length)) for letter, length in _PHRASE.findall(text)]
    total = sum(length for _, length in labels)
    if not labels or not -3 <= len(bars) - total <= 6:
        return ()
    starts = np.array([bar.start for bar in bars])
    onsets = score.part("melody").notes["onset"]
    sung = np.bincount(np.searchsorted(starts, onsets + TICKS // 8, side="right") - 1, minlength=len(bars)) > 0
    wanted = np.concatenate([np.full(length, letter.isupper()) for letter, length in labels])

    begins = section_begins(score)
    first = np.cumsum([0, *(length for _, length in labels[:-1])])

    def agreement(shift: int) -> float:
        at = np.arange(total) + shift
        inside = (at >= 0) & (at < len(bars))
        return float((sung[at[inside]] == wanted[inside]).sum() / total) - 0.01 * abs(shift)

    def fit(shift: int) -> float:
        at = first + shift
        return agreement(shift) + BEGINS_WEIGHT * float(begins[at[(at >= 0) & (at < len(bars))]].mean())

    shift = max(range(-3, 7), key=fit)
    if agreement(shift) < 0.75:
        return ()
    at, phrases = shift, []
    for letter, length in labels:
        if at + length > 0 and at < len(bars):
            phrases.append((max(at, 0), letter))
        at += length
    return tuple(phrases)
