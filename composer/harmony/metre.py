"""Does the metre fit the music? What to tell a user about bar lines, pick-ups and timing, before anything is built."""

from __future__ import annotations

import numpy as np

from composer.score import NO_NOTES, Part, Score
from composer.timing import Bar, has_pickup
from composer.wording import counted

LEARNED = ((2, 4), (3, 4), (4, 4), (6, 8))
"""The metres that the band model has seen."""
GRID = 12
"""Places in a quarter note that count as on the grid: sixteenths and triplets meet in twelfths."""
_LOOSE_SHARE = 0.25
_PHASE_MARGIN = 1.35
_FEWEST_NOTES = 24


def check_metre(score: Score) -> list[str]:
    """What is doubtful about the metre, one sentence each, the gravest first; [] when all is well."""
    notes = np.concatenate([NO_NOTES, *(part.notes for part in score.parts)])
    if not len(notes):
        return []
    bars = score.bars()
    return [*_metres(score, bars), *_phase(score, bars), *_grid(score, notes), *_late_start(notes, bars)]


def not_learned(score: Score) -> list[str]:
    """A sentence where the piece is in metres that the model has not seen; [] where it is not."""
    unknown = sorted({(over, under) for _, over, under in _counted(score, score.bars())} - set(LEARNED))
    if not unknown:
        return []
    seen = ", ".join(f"{over}/{under}" for over, under in LEARNED)
    named = " and ".join(f"{over}/{under}" for over, under in unknown)
    return [f"The model was not trained on {named}, only on {seen}; the parts may not follow its accents."]


def _counted(score: Score, bars: tuple[Bar, ...]) -> list[tuple[int, int, int]]:
    """The metre's changes, without a pick-up and the short last bar that makes up for it: those are no changes of metre."""
    changes = [change for change in score.meter.changes if change[0] < score.end]
    upbeat = has_pickup(bars) and len(changes) > 1 and changes[1][0] == bars[1].start
    rest = len(changes) > 1 and changes[-1][0] == bars[-1].start and bars[-1].length < bars[-2].length
    return changes[int(upbeat) : len(changes) - int(rest)] or changes


def _metres(score: Score, bars: tuple[Bar, ...]) -> list[str]:
    said = not_learned(score)
    counted = _counted(score, bars)
    if len({change[1:] for change in counted}) > 1:
        where = ", ".join(
            f"{over}/{under} from bar {bars[_bar_at(bars, tick)].number}" for tick, over, under in counted[:4]
        )
        more = f" and {len(counted) - 4} more" if len(counted) > 4 else ""
        said.append(f"The metre changes: {where}{more}; check that these are the piece's own changes.")
    short = [bar for bar in bars[1:-1] if bar.length * bar.denominator < bar.numerator * 4 * score.ticks_per_beat]
    if short:
        said.append(f"Bar {short[0].number} is cut short by a metre change; check the time signature after it.")
    return said


def _bar_at(bars: tuple[Bar, ...], tick: int) -> int:
    return max((bar.index for bar in bars if bar.start <= tick), default=0)


def _melody(score: Score) -> Part | None:
    pitched = [part for part in score.parts if not part.is_drum and len(part)]
    return next((part for part in pitched if part.role == "melody"), pitched[0] if pitched else None)


def _phase(score: Score, bars: tuple[Bar, ...]) -> list[str]:
    """Long notes fall on first beats (Palmer & Krumhansl 1990); where another has clearly more, bar lines are off."""
    part = _melody(score)
    if part is None or len(part) < _FEWEST_NOTES:
        return []
    common = max({bar.beat_count for bar in bars}, key=lambda count: sum(bar.beat_count == count for bar in bars))
    stress = np.zeros(common)
    for bar in bars:
        if bar.beat_count != common:
            continue
        starts = np.array(bar.beat_starts())
        inside = part.notes[(part.notes["onset"] >= bar.start) & (part.notes["onset"] < bar.end)]
        nearest = np.abs(inside["onset"][:, None] - starts[None, :])
        beat, near = nearest.argmin(1), nearest.min(1) <= bar.beat_length / 8
        np.add.at(stress, beat[near], np.minimum(inside["duration"][near] / bar.beat_length, 4.0))
    best = int(stress.argmax())
    expected = stress[[0, common // 2]].max() if common % 2 == 0 else stress[0]
    if stress[best] <= _PHASE_MARGIN * expected:
        return []
    leans = f"The melody leans on beat {best + 1} more than on beat 1, so the bar lines may be {counted(best, 'beat')} early"
    return [f"{leans}; if it begins with a pick-up, give the pick-up a short bar of its own."]


def _grid(score: Score, notes: np.ndarray) -> list[str]:
    step = score.ticks_per_beat / GRID
    away = np.abs(notes["onset"] / step - np.round(notes["onset"] / step)) * step
    loose = float((away > max(1.0, score.ticks_per_beat / 48)).mean())
    if loose < _LOOSE_SHARE:
        return []
    played = f"{loose:.0%} of the notes begin off the grid of sixteenths and triplets, as in free human timing"
    return [f"{played}; the band follows the bar lines, so check that the playing matches them."]


def _late_start(notes: np.ndarray, bars: tuple[Bar, ...]) -> list[str]:
    first = _bar_at(bars, int(notes["onset"].min()))
    return [f"The first note is in bar {bars[first].number}; the bars before it are empty."] if first > 1 else []
