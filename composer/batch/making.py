"""One piece, made: from its place in the plan to a score and all that is to be told of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from composer.arrange import Arrangement, Arranger, find_lane
from composer.batch.alone import band_alone
from composer.batch.continuation import continue_piece
from composer.batch.pieces import Piece
from composer.batch.plan import BatchPlan, Wish
from composer.batch.quality import faults, qualities
from composer.batch.stage import draw_stage
from composer.errors import InputError
from composer.formats.midi_write import midi_bytes
from composer.gm import BAND, MELODY, ROLES
from composer.harmony.key import Key, find_key
from composer.harmony.lane import ChordLane
from composer.melody import find_melody
from composer.options import ArrangeOptions, ReworkOptions
from composer.planning import named_style
from composer.players import main_player, with_roles
from composer.record import stamped
from composer.restyle import restyle
from composer.rework import rework
from composer.score import Score
from composer.styles import parse_mixture
from composer.timing import TempoMap, meter_name

if TYPE_CHECKING:
    from composer.batch.originality import TrainingRuns

KEPT, ASIDE, FAILED, DUPLICATE = "kept", "aside", "failed", "duplicate"
STATES = (KEPT, ASIDE, FAILED, DUPLICATE)
"""In the corpus; made, but not good enough; never made; the same as an earlier piece."""


@dataclass(frozen=True)
class Made:
    """A piece as it will be kept."""

    piece: Piece
    score: Score
    midi: bytes
    record: dict[str, Any]
    """What the manifest tells of it, as far as it is known."""


class Heard:
    """A seed as it is worked with: read once for all its pieces, its chords found once."""

    def __init__(self, score: Score) -> None:
        self.score = score
        self._lanes: dict[str | None, tuple[ChordLane, str]] = {}

    def lane(self, melody: str | None) -> tuple[ChordLane, str]:
        """The chords over the melody's bars, and where they come from."""
        if melody not in self._lanes:
            tune = replace(find_melody(self.score, melody).part, role=MELODY)
            self._lanes[melody] = find_lane(self.score, tune, None)
        return self._lanes[melody]


def make(
    arranger: Arranger,
    plan: BatchPlan,
    piece: Piece,
    seed: Heard | None,
    first: int = 0,
    training: TrainingRuns | None = None,
) -> Made:
    """Make a piece, as often as the gate asks for and allows. `first` is the number of its first attempt.

    Raises whatever its seed or its wishes are wrong about.
    """
    began = time.perf_counter()
    made: Made | None = None
    for attempt in range(first, first + plan.gate.tries):
        made = _attempt(arranger, plan, piece, seed, attempt, training)
        if made.record["status"] == KEPT:
            break
    assert made is not None
    made.record["seconds"] = round(time.perf_counter() - began, 4)
    return made


def failed(piece: Piece, error: BaseException | str) -> dict[str, Any]:
    """The record of a piece that cannot be made, with the reason."""
    reason = error if isinstance(error, str) else str(error)
    if not isinstance(error, (str, InputError)):
        reason = f"{type(error).__name__}: {reason}"
    if piece.seed is not None and piece.seed.path:
        reason = reason.replace(piece.seed.path, piece.seed.name)  # a corpus tells nobody where its seeds lay
    return {"id": piece.id, "index": piece.index, "status": FAILED, "reason": " ".join(reason.split()), **_asked(piece)}


def _attempt(
    arranger: Arranger, plan: BatchPlan, piece: Piece, seed: Heard | None, attempt: int, training: TrainingRuns | None
) -> Made:
    dice = piece.dice(attempt)
    options, source = _options(arranger, piece, seed, dice)
    made = _perform(arranger, plan, piece, seed, options, dice)
    score = stamped(made)
    midi = midi_bytes(score)
    found = qualities(score, made.lane, options.parts)
    found["longest_run"] = training.longest_run(score, options.parts) if training else None
    wrong = faults(found, plan.gate)
    if source:
        made.report["chords"]["source"] = source
    record = {
        "id": piece.id,
        "index": piece.index,
        "status": ASIDE if wrong else KEPT,
        "reason": "; ".join(wrong),
        "sha256": hashlib.sha256(midi).hexdigest(),
        "bytes": len(midi),
        "attempt": attempt + 1,
        "dice": dice,
        **_asked(piece),
        **_told(made, score, options),
        "licence": _licence(plan, piece, made.report),
        **found,
    }
    return Made(piece, score, midi, record)


def _options(arranger: Arranger, piece: Piece, seed: Heard | None, dice: int) -> tuple[ArrangeOptions, str]:
    """What is asked of the band, and where its chords come from, "" where the band says so itself."""
    wish, source = piece.wish, ""
    chords: str | ChordLane | None = wish.chords
    if piece.task == "arrange" and chords is None and seed is not None:
        chords, source = seed.lane(wish.melody)
    wanted: dict[str, Any] = {name: getattr(wish, name) for name in (
        "temperature", "style_strength", "feel", "tempo_bpm", "density", "register", "polyphony", "roles", "programs", "form",
        "tutti", "melody",
    )}  # fmt: skip
    style = max(parse_mixture(piece.style), key=lambda entry: entry[1])[0] if piece.style else ""
    parts = piece.parts or (named_style(arranger.checkpoint, style)[0].parts if style else tuple(BAND))
    return ArrangeOptions(style=piece.style, parts=parts, chords=chords, seed=dice, **wanted), source


def _perform(
    arranger: Arranger, plan: BatchPlan, piece: Piece, seed: Heard | None, options: ArrangeOptions, dice: int
) -> Arrangement:
    if piece.task == "scratch" or seed is None:
        stage = draw_stage(plan.own_bars, np.random.default_rng(dice), piece.style, options.tempo_bpm)
        return band_alone(arranger, stage, options)
    score = seed.score
    if options.tempo_bpm is not None:
        score = replace(score, tempo=TempoMap.constant(options.tempo_bpm, score.ticks_per_beat))
    if piece.task == "arrange":
        return arranger.arrange(score, options)
    if piece.task == "restyle":
        return restyle(arranger, score, options)
    if piece.task == "continue":
        return continue_piece(arranger, score, plan.continue_bars, options)
    return rework(arranger, score, _hole(score, plan.infill_bars, options, dice))


def _hole(score: Score, length: int, options: ArrangeOptions, dice: int) -> ReworkOptions:
    """Some bars at random of those parts asked for that play in the piece."""
    bars = score.bars()
    count = len(bars)
    if count < 2:
        raise InputError("the seed is too short to rewrite some of its bars")
    length = min(length, count // 2)
    start = int(np.random.default_rng(dice).integers(1, count - length + 2)) - 1
    try:
        cast = with_roles(score, find_melody(score, options.melody))
    except InputError:
        cast = with_roles(score, None)
    playing = tuple(role for role in options.parts if main_player(cast, role) is not None)
    if not playing:
        raise InputError(f"none of {', '.join(options.parts)} plays in this seed; arrange it first (task = arrange)")
    return ReworkOptions((bars[start].number, bars[start + length - 1].number), playing, options)


def _asked(piece: Piece) -> dict[str, Any]:
    """What the plan says of a piece."""
    usual = asdict(Wish())
    return {
        "task": piece.task,
        "seed": piece.seed.name if piece.seed else "",
        "seed_sha256": piece.seed.key if piece.seed else "",
        "style": piece.style,
        "take": piece.take + 1,
        "controls": {name: value for name, value in asdict(piece.wish).items() if value != usual[name]},
    }


def _told(made: Arrangement, score: Score, options: ArrangeOptions) -> dict[str, Any]:
    """What can be read off the music and the report."""
    report = made.report
    bars = score.bars()
    key = Key.from_signature(score.key) or find_key(score)[0]
    count = {role: sum(len(part) for part in score.parts if part.role == role) for role in ROLES}
    return {
        "parts": list(options.parts),
        "groove": report.get("groove", ""),
        "model": report["model"].get("model") or "",
        "model_sha256": report["model"]["sha256"],
        "signature": report["model"]["signature"],
        "key": key.name,
        "meter": meter_name(bars),
        "tempo_bpm": round(float(score.tempo.bpm_at(0)), 2),
        "bars": len(bars),
        "duration_s": round(score.duration_s, 3),
        "chords_source": report["chords"]["source"],
        "notes": sum(len(part) for part in score.parts),
        **{f"notes_{role}": number for role, number in count.items()},
    }


def _licence(plan: BatchPlan, piece: Piece, report: Mapping[str, Any]) -> str:
    """Of the seed and of the weights, as far as they are told."""
    own = piece.seed is None or not piece.seed.path
    seed = "none, the model's own" if own else plan.licence or "not told"
    return f"seed: {seed}; weights: {report['licence']['weights']}"
