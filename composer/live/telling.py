"""What a jam tells about itself: a log line a bar, and the view for screens and control surfaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from composer.gm import ROLES, pitch_name
from composer.live.plan import Plan
from composer.live.view import JamView, PartView

if TYPE_CHECKING:
    from composer.live.engine import Engine


def bar_line(engine: Engine, bar: int) -> str:
    """The log's line for a bar that has begun."""
    book = engine.conductor.book
    plan, following = book.played.get(bar), book.plans.get(bar + 1)
    chords = " ".join(_changes(plan.chords)) if plan else "-"
    ahead = " ".join(_changes(following.chords if following else plan.next_chords if plan else ()))
    counts = dict.fromkeys(engine.settings.parts, 0)
    if plan is not None:
        for part in plan.notes["part"].tolist():
            counts[ROLES[part]] += 1
    notes = " ".join(f"{part} {count}" for part, count in counts.items())
    return (
        f"bar {bar + 1} | {engine.transport.bpm:.1f} BPM | {chords} | next {ahead or '?'} | {notes}"
        f" | missed {book.missed} late {engine.late}"
    )


def look(engine: Engine, state: str = "") -> JamView:
    """Everything worth showing at this moment; `state` in place of the one that is plain to see."""
    transport, conductor, desk = engine.transport, engine.conductor, engine.context.desk
    beat = engine.context.beat + 1e-6
    bar = transport.bar_at(beat) if transport.running else 0
    plan, following = conductor.book.played.get(bar), conductor.book.plans.get(max(bar, -1) + 1)
    return JamView(
        state=state or ("waiting" if not transport.running else "counting in" if beat < 0 else "playing"),
        bar=bar,
        beat=int((beat - transport.bar_start(bar)) // transport.count_beats) if transport.running else 0,
        beats=transport.numerator,
        bpm=transport.bpm,
        tempo_from=engine.settings.tempo_from,
        chord=conductor.heard_chord.symbol if conductor.heard_chord.root >= 0 else "",
        chords=plan.chords if plan else (),
        next_chords=following.chords if following else plan.next_chords if plan else (),
        key=plan.key if plan else "",
        mode=desk.mode,
        says=conductor.casting.says,
        style=desk.style,
        strength=desk.strength,
        parts=tuple(_part_view(engine, part, following) for part in engine.settings.parts),
        player_loud=engine.player_loud,
        planned=conductor.book.planned,
        missed=conductor.book.missed,
        late=engine.late,
        worst_ms=engine.worst_s * 1000,
        plan_ms=conductor.book.usual_s * 1000,
        echoes=engine.voices.echo.count,
        clock="silent" if engine.timekeeper.clock_is_away else "",
        ports_away=tuple(sorted(engine.away)),
        last=tuple(engine.said),
    )


def _part_view(engine: Engine, part: str, following: Plan | None) -> PartView:
    pitches: list[int] = []
    if following is not None:
        pitches = following.notes["pitch"][following.notes["part"] == ROLES.index(part)].tolist()
    between = f"{pitch_name(min(pitches))}–{pitch_name(max(pitches))}" if pitches and part != "drums" else ""
    desk, voices = engine.context.desk, engine.voices
    return PartView(
        part, voices.sounding(part), voices.loud[part], len(pitches), between,
        part in desk.muted, part in desk.soloed, desk.density.get(part, 0), desk.level.get(part, 1.0),
    )  # fmt: skip


def _changes(chords: Sequence[str]) -> list[str]:
    """Chords of a bar with repeats left out."""
    return [symbol for at, symbol in enumerate(chords) if at == 0 or symbol != chords[at - 1]]
