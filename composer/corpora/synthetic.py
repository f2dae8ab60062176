"""The synthetic band: lead sheets arranged by Debian's `mma` (Musical MIDI Accompaniment), called as a program.

Build-time only, and synthetic wherever it is described: `Song.synthetic` is True and the corpus is "mma". One chart in
many grooves and one groove over many charts are exact parallel data for style; phrase labels choose variants, fills,
intros and endings.
"""

from __future__ import annotations

import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from composer.corpora.drum_fills import with_fills
from composer.corpora.mma_grooves import EXTRA_GROOVES, Groove, find_groove, grooves
from composer.corpora.ringing import damped
from composer.corpora.song import OnSkip, Song, ignore_skip
from composer.errors import InputError
from composer.gm import BAND, MELODY, family
from composer.harmony.chord import Chord
from composer.score import Part, Score, as_notes
from composer.styles import STYLES
from composer.timing import Bar, has_pickup

CORPUS = "mma"
MMA_TICKS = 192
"""mma's ticks a quarter note."""
OWN_FILLS = 0.6
"""Chance of a fill of ours at a phrase's end."""
MOST_USES = 2
"""How often a groove is drawn from one batch of lead sheets, while others are left."""

_BEATS = {"4/4": 4, "3/4": 3, "6/8": 6, "2/4": 2}
_ROOTS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_CHORDS = """
    0 7:5 | 0 2 7:sus2 | 0 3 6:dim3 | 0 3 7:m | 0 3 8:m#5 | 0 3 10:m7omit5 | 0 4:M | 0 4 6:(b5) | 0 4 7:M |
    0 4 8:aug | 0 5 7:sus4 | 0 7 10:7omit3 | 0 2 3 7:m(add9) | 0 2 4 7:add9 | 0 2 4 8:9b6 | 0 2 5 7:sus(add9) |
    0 2 7 10:7sus2 | 0 3 6 9:dim7 | 0 3 6 10:m7b5 | 0 3 7 9:m6 | 0 3 7 10:m7 | 0 3 7 11:mM7 | 0 3 8 10:m+7#9 |
    0 4 6 10:7b5 | 0 4 6 11:M7b5 | 0 4 7 9:6 | 0 4 7 10:7 | 0 4 7 11:M7 | 0 4 8 10:7#5 | 0 4 8 11:M7#5 |
    0 5 7 10:7sus | 0 1 3 6 10:m7b5b9 | 0 1 3 7 10:m7b9 | 0 1 4 6 10:7b5b9 | 0 1 4 7 10:7b9 | 0 1 4 8 10:aug7b9 |
    0 1 5 7 10:7susb9 | 0 2 3 6 10:m9b5 | 0 2 3 7 9:m6(add9) | 0 2 3 7 10:m9 | 0 2 3 7 11:mM7(add9) |
    0 2 4 6 10:9b5 | 0 2 4 7 9:6(add9) | 0 2 4 7 10:9 | 0 2 4 7 11:M9 | 0 2 4 8 10:9#5 | 0 2 5 7 10:sus9 |
    0 3 4 6 10:7b5#9 | 0 3 4 7 10:7#9 | 0 3 4 8 10:7#5#9 | 0 3 5 7 10:m7(add11) | 0 3 7 9 10:m7(add13) |
    0 4 6 7 10:7#11 | 0 4 6 7 11:M7#11 | 0 4 7 8 10:7b13 | 0 4 7 9 10:13 | 0 4 7 9 11:M13 | 0 2 3 5 7 10:m11 |
    0 2 4 6 7 10:9#11 | 0 2 4 5 7 11:M11 | 0 2 5 7 9 10:13sus | 0 4 6 7 9 10:13#11 | 0 2 4 7 9 10:13 |
    0 1 4 7 9 10:13b9
"""
_SUFFIXES = {
    tuple(map(int, intervals.split())): suffix.strip()
    for intervals, _, suffix in (pair.partition(":") for pair in _CHORDS.split("|") if ":" in pair)
}
"""mma's suffix for a chord's intervals over its root (its table has more; these are those that lead sheets use)."""


def chord_name(chord: Chord) -> str:
    """A chord as mma spells it: by its tones, so that no two books' spellings matter; "z" where there is none.

    >>> chord_name(Chord.parse("Bbmaj7")), chord_name(Chord.parse("F#ø")), chord_name(Chord.parse("C/E"))
    ('BbM7', 'F#m7b5', 'CM/E')
    """
    if chord.root < 0:
        return "z"
    intervals = tuple(sorted({0} | {(tone - chord.root) % 12 for tone in chord.tones}))
    if intervals not in _SUFFIXES:
        wanted = set(intervals)
        intervals = min(_SUFFIXES, key=lambda known: (len(wanted ^ set(known)), len(known), known))
    slash = f"/{_ROOTS[chord.bass]}" if chord.bass not in (chord.root, -1) else ""
    return _ROOTS[chord.root] + _SUFFIXES[intervals] + slash


@dataclass(frozen=True)
class _Bar:
    """A bar of mma's chart and the stretch of the song it plays, in the song's ticks."""

    start: int
    end: int
    beats: float
    """mma's beats; fewer than the groove's in a bar cut short."""
    chords: tuple[tuple[float, Chord], ...]
    """(mma's beat counted from 1, chord) at every change."""
    song_bar: int


def arrange(song: Song, groove: Groove | str, rng_seed: int, mma: str = "mma") -> Song:
    """The lead sheet's melody with a band in that groove. The same seed gives the same notes.

    Raises InputError where the song has no chords, or a metre the groove cannot play, or where mma cannot be run.
    """
    groove = find_groove(groove) if isinstance(groove, str) else groove
    rng = random.Random(f"{song.id} {groove.label} {rng_seed}")
    bars = _chart_bars(song, groove)
    text = _chart(song, groove, bars, rng)
    played = _play(text, mma, f"{song.id} in {groove.label}")
    made = damped(_join(song, groove, bars, played, rng_seed))
    return made if groove.fills else _filled(made, bars, rng)


def suits(song: Song, groove: Groove) -> bool:
    """Whether the groove can play most of the song's bars (a few may be cut short)."""
    return _plays(groove, _song_meter(song))


def songs(
    lead_sheets: Iterable[Song],
    per_song: int,
    seed: int,
    on_skip: OnSkip = ignore_skip,
    mma: str = "mma",
) -> Iterator[Song]:
    """Every lead sheet in up to `per_song` grooves that suit it, no two alike: see `draw`."""
    used: Counter[str] = Counter()
    for sheet in lead_sheets:
        rng = random.Random(f"{sheet.id} {seed}")
        for groove in draw(sheet, per_song, rng, used):
            used[groove.label] += 1
            try:
                yield arrange(sheet, groove, seed, mma)
            except InputError as error:
                on_skip(f"{sheet.id}/{groove.label}", _reason(error))


def draw(sheet: Song, count: int, rng: random.Random, used: Mapping[str, int] | None = None) -> list[Groove]:
    """Up to `count` different grooves that suit a lead sheet, spread over styles and over grooves.

    A style whose tempo fits the song's is drawn four times as often as one whose tempo does not, a groove the less the more
    it is `used` already. One that has been used MOST_USES times is drawn only for a sheet that would have none: metres with
    few grooves get fewer arrangements a song, not the same groove a hundred times.
    """
    meter = _song_meter(sheet)
    fitting = [groove for groove in grooves().values() if _plays(groove, meter)]
    spent = used or {}
    fresh = [groove for groove in fitting if spent.get(groove.label, 0) < MOST_USES]
    if not fresh and fitting:
        return [min(fitting, key=lambda groove: (spent.get(groove.label, 0), rng.random()))]
    bpm = sheet.score.tempo.bpm_at(0)
    in_style = Counter(groove.style for groove in fresh)
    drawn: list[Groove] = []
    while fresh and len(drawn) < count:
        weights = []
        for groove in fresh:
            low, high = STYLES[groove.style].tempo_bpm
            style = (4.0 if low * 0.9 <= bpm <= high * 1.1 else 1.0) / in_style[groove.style] ** 0.5
            already = sum(other.style == groove.style for other in drawn)
            weights.append(style / (1 + 3 * already) / (1 + spent.get(groove.label, 0)) ** 2)
        drawn.append(fresh.pop(rng.choices(range(len(fresh)), weights)[0]))
    return drawn


def _reason(error: InputError) -> str:
    """An error without its song, so that reasons can be counted."""
    return str(error).partition(": ")[2] or str(error)


def _song_meter(song: Song) -> str:
    """The metre of most bars; 2/2 counts as 4/4."""
    bars = song.score.bars()
    names = [f"{bar.numerator}/{bar.denominator}" for bar in bars[1 if len(bars) > 1 else 0 :]]
    meter = max(sorted(set(names)), key=names.count)
    return {"2/2": "4/4", "4/2": "4/4"}.get(meter, meter)


def _plays(groove: Groove, meter: str) -> bool:
    return meter == groove.meter or _two_to_one(meter, groove)


def _two_to_one(meter: str, groove: Groove) -> bool:
    """Two bars of 2/4 to one of a 4/4 groove, in the styles that are at home in 2/4."""
    return meter == "2/4" and groove.meter == "4/4" and "2/4" in STYLES[groove.style].meters


def _chart_bars(song: Song, groove: Groove) -> list[_Bar]:
    """The song's bars as mma plays them, without a pick-up. Raises InputError where they do not fit."""
    if song.lane is None:
        raise InputError(f"{song.id}: no chords to arrange")
    meter = _song_meter(song)
    if not suits(song, groove):
        raise InputError(f"{song.id}: {groove.label} plays {groove.meter}, not {meter}")
    group = 2 if _two_to_one(meter, groove) else groove.song_bars
    beats = _mma_beats(groove)
    bars = list(song.lane.by_bar(song.score.bars()))
    if has_pickup([bar for bar, _ in bars]):
        bars = bars[1:]
    lengths = [bar.length for bar, _ in bars]
    whole = max(sorted(set(lengths)), key=lengths.count)
    if max(lengths) > whole:
        raise InputError(f"{song.id}: bars longer than the metre")
    if sum(length < whole for length in lengths[:-1]) > len(lengths) / 5:
        raise InputError(f"{song.id}: the metre keeps changing")
    found: list[_Bar] = []
    at = 0
    while at < len(bars):
        taken = bars[at : at + group]
        if group > 1 and taken[0][0].length < whole:
            taken = taken[:1]
        found.append(_one_bar(taken, beats / (group * whole), beats))
        at += len(taken)
    return found


def _mma_beats(groove: Groove) -> int:
    """Beats mma counts in one bar of the groove."""
    if groove.song_bars == 2:
        return 4
    return {"stdlib/68march": 2, "stdlib/afro-cuban": 3}.get(groove.file, _BEATS[groove.meter])


def _one_bar(taken: list[tuple[Bar, tuple[Chord, ...]]], beats_per_tick: float, beats: int) -> _Bar:
    start, end = taken[0][0].start, taken[-1][0].end
    changes: list[tuple[float, Chord]] = []
    for bar, chords in taken:
        for tick, chord in zip(bar.beat_starts(), chords, strict=True):
            if not changes or changes[-1][1] != chord:
                changes.append((round(1 + (tick - start) * beats_per_tick, 4), chord))
    cut = min(float(beats), (end - start) * beats_per_tick)
    return _Bar(start, end, cut, tuple(changes), taken[0][0].index)


def _chart(song: Song, groove: Groove, bars: list[_Bar], rng: random.Random) -> str:
    """The chart in mma's notation."""
    bpm = min(280, max(40, round(song.score.tempo.bpm_at(0))))
    lines = [f"RndSeed {rng.randrange(1 << 30)}", f"Tempo {bpm}"]
    if not groove.file:
        lines.append(EXTRA_GROOVES)
    playing = ("", "")
    for (variant, volume), bar in zip(_variants(song, groove, bars, rng), bars, strict=True):
        if variant != playing[0]:
            lines.append(f"Groove {groove.call(variant)}")
        if volume != playing[1]:
            lines.append(f"Volume {volume}")
        playing = (variant, volume)
        if bar.beats < _mma_beats(groove):
            lines.append(f"Truncate {bar.beats:g}")
        first, *others = bar.chords
        lines.append(" ".join([chord_name(first[1]), *(f"{chord_name(chord)}@{beat:g}" for beat, chord in others)]))
    return "\n".join(lines) + "\n"


def _variants(song: Song, groove: Groove, bars: list[_Bar], rng: random.Random) -> list[tuple[str, str]]:
    """(variant, volume) for every bar: one variant a letter, fills where a phrase ends, an ending at the end.

    Without phrase labels every eight bars count as a phrase.
    """
    starts = [start for start, _ in song.phrases] or [bar.song_bar for bar in bars[::8]]
    letters = [letter for _, letter in song.phrases] or [rng.choice("AAB") for _ in starts]
    phrase_of = [max(int(np.searchsorted(starts, bar.song_bar, side="right")) - 1, 0) for bar in bars]
    others = rng.sample(groove.sections, len(groove.sections))
    if rng.random() < 0.6:
        others.sort(key=lambda variant: variant != groove.sections[0])
    seen = list(dict.fromkeys(letters))
    section = {letter: others[index % len(others)] for index, letter in enumerate(seen)}
    volume = {letter: rng.choice(("mp", "m", "m", "mf")) for letter in seen}
    plan = [(section[letters[phrase]], volume[letters[phrase]]) for phrase in phrase_of]

    for at in range(len(bars) - 1):
        ends_here = phrase_of[at + 1] != phrase_of[at]
        if groove.fills and ends_here and phrase_of.count(phrase_of[at]) >= 4 and rng.random() < 0.8:
            plan[at] = (rng.choice(groove.fills), plan[at][1])
    first_phrase = phrase_of.count(phrase_of[0])
    intros = [(name, size) for name, size in groove.intros if size <= first_phrase]
    if letters[0] == "i" and intros and rng.random() < 0.7:
        name, size = rng.choice(intros)
        plan[:size] = [(name, volume["i"])] * size
    ends = [(name, size) for name, size in groove.ends if size * 3 <= len(bars)]
    if ends and rng.random() < 0.8:
        name, size = rng.choice(ends)
        plan[-size:] = [(name, plan[-1][1])] * size
    return plan


def _filled(made: Song, bars: list[_Bar], rng: random.Random) -> Song:
    """Fills of ours for a groove that has none, in the last bar of most phrases, the song's last one not."""
    starts = {start for start, _ in made.phrases} or {bar.song_bar for bar in bars[::8]}
    first = bars[0].song_bar
    ends = [start - 1 for start in sorted(starts) if start - 1 > first and rng.random() < OWN_FILLS]
    every = made.score.bars()
    at = [bar for bar in ends if bar < len(every)]
    parts = [with_fills(part, every, at, rng) if part.is_drum else part for part in made.score.parts]
    return replace(made, score=made.score.with_parts(parts))


def _play(chart: str, mma: str, what: str) -> Score:
    """What mma makes of a chart. Raises InputError where it cannot be run or does not like the chart."""
    from composer.formats.midi import read_midi

    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "chart.mma"), Path(folder, "chart.mid")
        source.write_text(chart)
        try:
            ran = subprocess.run(
                [mma, "-m", "3000", "-f", str(target), str(source)],
                capture_output=True,
                text=True,
                cwd=folder,
                timeout=60,
                check=False,
            )
        except FileNotFoundError:
            raise InputError(f"{what}: {mma} cannot be found; on Debian or Ubuntu: sudo apt install mma") from None
        except subprocess.TimeoutExpired:
            raise InputError(f"{what}: mma took longer than a minute") from None
        if ran.returncode or not target.exists():
            said = " ".join(line for line in ran.stdout.splitlines() if "PLUGIN" not in line)
            raise InputError(f"{what}: mma refused the chart: {' '.join(said.split())[:160]}")
        return read_midi(target)


def _join(song: Song, groove: Groove, bars: list[_Bar], played: Score, rng_seed: int) -> Song:
    """The melody as it was, and the band in the song's ticks."""
    edges = np.cumsum([0, *(round(bar.beats * MMA_TICKS) for bar in bars)])
    song_edges = np.array([bars[0].start, *(bar.end for bar in bars)], np.float64)
    end = bars[-1].end
    parts = [replace(part, role=MELODY) for part in song.score.parts if part.role == MELODY]
    for part in band(played.parts, groove.style):
        notes = part.notes.copy()
        onset = np.interp(notes["onset"], edges, song_edges)
        offset = np.interp(notes["onset"].astype(np.float64) + notes["duration"], edges, song_edges)
        notes["onset"] = np.round(onset)
        notes["duration"] = np.maximum(np.round(offset) - np.round(onset), 1)
        cut = replace(part, notes=as_notes(notes)).clip(0, end)
        if len(cut):
            parts.append(cut)
    missing = {"bass"} - {part.role for part in parts}
    if missing or len(parts) < 3:
        raise InputError(f"{song.id}: {groove.label} left out {', '.join(missing) or 'the band'}")
    score = replace(song.score.with_parts(parts), events=())
    lane = song.lane
    if len(score.bars()) != len(song.score.bars()):
        raise InputError(f"{song.id}: the band has {len(score.bars())} bars, the song {len(song.score.bars())}")
    return replace(
        song,
        id=f"{CORPUS}/{song.id}/{groove.label}/{rng_seed}",
        corpus=CORPUS,
        synthetic=True,
        style=groove.style,
        groove=groove.label,
        score=score,
        lane=lane,
    )


def band(tracks: Iterable[Part], style: str) -> list[Part]:
    """mma's tracks → at most one part per role, by track name first and program second."""
    by_role: dict[str, list[Part]] = {}
    tracks = [track for track in tracks if len(track)]
    true_basses = any(
        _is_bass_track(track) and _is_bass_program(track.program) for track in tracks if not track.is_drum
    )
    for track in tracks:
        by_role.setdefault(_role(track, true_basses), []).append(track)
    return [_one_player(role, by_role[role], style) for role in BAND if role in by_role]


def _is_bass_track(track: Part) -> bool:
    return track.name.lower().startswith(("bass", "walk"))


def _is_bass_program(program: int) -> bool:
    return family(program) == "bass" or program in (43, 58)


def _role(track: Part, true_basses: bool) -> str:
    if track.is_drum or track.name.lower().startswith("drum"):
        return "drums"
    if _is_bass_program(track.program) and not track.name.lower().startswith("chord"):
        return "bass"
    if _is_bass_track(track) and not true_basses and np.median(track.notes["pitch"]) < 60:
        return "bass"
    kind = family(track.program)
    if kind == "guitar" or track.program in (104, 105, 106, 107):
        return "guitar"
    if kind in ("piano", "chromatic", "organ") or track.program == 108:
        return "piano"
    return "strings"


def _one_player(role: str, tracks: list[Part], style: str) -> Part:
    """Tracks of one role as one part: the busiest, joined by others as long as one player can play them together."""
    tracks = sorted(tracks, key=lambda track: (-int(track.notes["duration"].clip(1, 384).sum()), track.name))
    limits = BAND[role]
    lead = tracks[0]
    notes = lead.notes
    for other in tracks[1:]:
        together = as_notes(np.concatenate([notes, other.notes]))
        if role == "drums" or (role in ("piano", "strings") and _voices(together) <= limits.polyphony):
            notes = together
    program = lead.program if role != "bass" or _is_bass_program(lead.program) else STYLES[style].programs["bass"]
    return Part(role.capitalize(), _in_reach(notes, role), program if role != "drums" else 0, role == "drums", role)


def _voices(notes: np.ndarray) -> int:
    """The most notes that sound at once, in all but the densest hundredth of onsets."""
    starts, ends = np.sort(notes["onset"]), np.sort(notes["onset"].astype(np.int64) + np.maximum(notes["duration"], 1))
    sounding = np.searchsorted(starts, notes["onset"], side="right") - np.searchsorted(
        ends, notes["onset"], side="right"
    )
    return int(np.quantile(sounding, 0.99))


def _in_reach(notes: np.ndarray, role: str) -> np.ndarray:
    """Pitches folded by octaves into the instrument's range (drums: dropped outside); unisons struck twice are one."""
    limits = BAND[role]
    notes = notes.copy()
    if role == "drums":
        notes = notes[(notes["pitch"] >= limits.low) & (notes["pitch"] <= limits.high)]
    else:
        for _ in range(6):
            notes["pitch"] += 12 * (notes["pitch"] < limits.low)
            notes["pitch"] -= 12 * (notes["pitch"] > limits.high)
    _, first = np.unique(notes["onset"].astype(np.int64) * 128 + notes["pitch"], return_index=True)
    return as_notes(notes[first])
