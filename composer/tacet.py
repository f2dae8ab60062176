"""Bars that are written without a chord (N.C.): the pitched parts rest there, as players do; drums may go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from composer.gm import MELODY, ROLES
from composer.harmony.lane import ChordLane
from composer.model.controls import ACTIVITY, PLAYS, RESTS
from composer.score import Part, Score
from composer.timing import Bar, bars_said, spans

PITCHED = [part for part, role in enumerate(ROLES) if role not in (MELODY, "drums")]


def silent_bars(
    score: Score, bars: Sequence[Bar], lane: ChordLane, chords: str | ChordLane | None = None
) -> tuple[Bar, ...]:
    """Those of a lane's bars that the chart `chords`, or else the score's own symbols, say have no chord from end to end.

    What nobody wrote does not count: inferred lanes and lanes from elsewhere have N.C. where nothing is known, too, and so have
    bars before a file's first symbol.
    """
    if not isinstance(chords, str) and (chords is not None or not score.chords):
        return ()
    first = 0 if isinstance(chords, str) else min(tick for tick, _ in score.chords)
    return tuple(bar for bar, held in lane.by_bar(bars) if bar.end > first and all(chord.root < 0 for chord in held))


def rest_in(controls: np.ndarray, bars: Sequence[Bar], silent: Sequence[Bar]) -> None:
    """Have the pitched parts rest in the `silent` of these bars, and come back after them; controls: (bars, R, controls)."""
    rests = np.isin([bar.index for bar in bars], [bar.index for bar in silent])
    back = np.append(False, rests[:-1]) & ~rests
    for part in PITCHED:
        asked = controls[:, part, ACTIVITY]
        asked[back & (asked != RESTS)] = PLAYS
        asked[rests] = RESTS


def cut(part: Part, silent: Sequence[Bar]) -> Part:
    """The part without what rings on into silent bars; drums ring as they do."""
    if part.is_drum:
        return part
    notes = part.notes.copy()
    for bar in silent:
        over = (notes["onset"] < bar.start) & (notes["onset"].astype(np.int64) + notes["duration"] > bar.start)
        notes["duration"][over] = bar.start - notes["onset"][over]
    return replace(part, notes=notes)


def told(silent: Sequence[Bar]) -> list[str]:
    """A sentence on who rests where, [] where nobody does."""
    where = bars_said(spans([bar.number for bar in silent]))
    return [f"no chord (N.C.) is written in {where}: pitched parts rest there"] if silent else []
