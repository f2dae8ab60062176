"""What the studio shows of its seeds, takes and jobs."""

from __future__ import annotations

import json
from pathlib import Path

from composer import formats
from composer.arrange import find_lane, instrument
from composer.errors import ComposerError
from composer.gm import BAND, PROGRAM_NAMES
from composer.harmony.lane import ChordLane
from composer.inspecting import inspect
from composer.melody import find_melody
from composer.model.controls import PLAYING_ROLES
from composer.planning import all_bars
from composer.score import Part, Score
from composer.studio.band import rows_of
from composer.studio.examples import examples
from composer.studio.jobs import Job
from composer.studio.problems import NotHere
from composer.studio.shapes import (
    ArrangementView,
    BarView,
    ChartView,
    JobView,
    PartView,
    ScoreView,
    SeedReport,
    SeedView,
    Styles,
    StyleView,
    TrashView,
)
from composer.studio.store import Seed, Store, Take, Trashed
from composer.studio.writing import MIDI, RECORD
from composer.styles import STYLES
from composer.timing import Bar


def seed_view(seed: Seed, store: Store) -> SeedView:
    return SeedView(
        id=seed.id, name=seed.name, file=seed.file, reference=seed.reference, created=seed.created,
        kept=store.kept(seed), arrangements=len(store.takes(seed.id)),
    )  # fmt: skip


def seed_report(seed: Seed, store: Store, melody: str | None = None) -> SeedReport:
    """A seed with what is heard in it. Raises InputError where the part named is no melody."""
    score = seed_score(seed, store)
    report = inspect(score, store.seed_file(seed), melody)
    lane, bars = _lane(score, melody)
    chart = lane.chart(bars, bars_per_line=4).strip() if lane else ""
    symbols = [(tick, symbol) for tick, symbol in lane.to_symbols(bars)] if lane else []
    view = score_view(score).model_copy(update={"chords": symbols})
    return SeedReport(**seed_view(seed, store).model_dump(), report=report, chart=chart, score=view)


def _lane(score: Score, melody: str | None) -> tuple[ChordLane | None, tuple[Bar, ...]]:
    """The chords that the band would play, over the melody's bars; None where there is no melody."""
    try:
        part = find_melody(score, melody).part
        return find_lane(score, part, None)[0], all_bars(score, part)
    except ComposerError:
        return None, ()  # the report's problems say so


def chart_view(seed: Seed, store: Store, chart: str, melody: str | None) -> ChartView:
    """A chart as it lies over the seed's bars. Raises ChordError with the bar and what to write there."""
    score = seed_score(seed, store)
    bars = all_bars(score, find_melody(score, melody).part)
    lane = ChordLane.from_chart(chart, bars)
    return ChartView(chart=lane.chart(bars, bars_per_line=4).strip(), chords=list(lane.to_symbols(bars)))


def score_view(score: Score) -> ScoreView:
    return ScoreView(
        title=score.title,
        ticks_per_beat=score.ticks_per_beat,
        duration_s=score.duration_s,
        bars=[
            BarView(
                number=bar.number,
                start=bar.start,
                length=bar.length,
                numerator=bar.numerator,
                denominator=bar.denominator,
            )
            for bar in score.bars()
        ],
        tempo=list(score.tempo.changes),
        parts=[_part_view(part) for part in score.parts],
        chords=list(score.chords),
    )


def _part_view(part: Part) -> PartView:
    return PartView.model_construct(  # our own numbers need no second look
        name=part.name,
        role=part.role or ("drums" if part.is_drum else ""),
        program=part.program,
        sound=instrument(part),
        is_drum=part.is_drum,
        notes=rows_of(part.notes),
    )


def take_view(take: Take, store: Store) -> ArrangementView:
    """Raises NotHere where it is deleted this moment."""
    try:
        report = json.loads((store.take_folder(take) / RECORD).read_text("utf-8"))
    except FileNotFoundError:
        raise NotHere(f"no arrangement {take.id}; GET /api/trash lists what was deleted") from None
    return ArrangementView(
        id=take.id, seed_id=take.seed_id, parent=take.parent, kind=take.kind, label=take.label,  # type: ignore[arg-type]
        created=take.created, seed=take.seed, wishes=take.wishes, report=report,
    )  # fmt: skip


def trash_view(gone: Trashed, store: Store) -> TrashView:
    thing, seed = gone.thing, gone.seed
    take = isinstance(thing, Take)
    return TrashView(
        id=thing.id, kind="arrangement" if take else "seed", seed_id=seed.id, name=seed.name,
        label=thing.label if isinstance(thing, Take) else "", reference=seed.reference,
        arrangements=1 if take else len(store.takes(seed.id)), deleted=gone.deleted,
    )  # fmt: skip


def seed_score(seed: Seed, store: Store) -> Score:
    """As `composer arrange` would read it."""
    return _loaded(store.seed_file(seed))


def take_score(take: Take, store: Store) -> Score:
    """As `composer rework` would read it."""
    return _loaded(store.take_folder(take) / MIDI)


def _loaded(path: Path) -> Score:
    """Errors name the file alone: where the studio keeps it is nobody's business."""
    try:
        return formats.load(path)
    except ComposerError as error:
        raise type(error)(str(error).replace(str(path), path.name)) from None


def job_view(job: Job) -> JobView:
    return JobView(
        id=job.id, kind=job.kind, state=job.state, what=job.what, done=job.done,  # type: ignore[arg-type]
        arrangements=list(job.arrangements), files=list(job.files), problem=job.problem,
    )  # fmt: skip


def styles_view() -> Styles:
    return Styles(
        styles=[
            StyleView(
                name=style.name,
                description=style.description,
                parts=list(style.parts),  # type: ignore[arg-type]
                tempo_bpm=style.tempo_bpm,
                meters=list(style.meters),
            )
            for style in STYLES.values()
        ],
        parts=list(BAND),  # type: ignore[arg-type]
        roles={part: list(names) for part, names in PLAYING_ROLES.items()},  # type: ignore[misc]
        programs=list(PROGRAM_NAMES),
        examples=sorted(examples()),
    )
