"""A small corpus in the making: an untrained network, short seeds, and makers that need no process of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from composer import formats
from composer.batch.piece_maker import PieceMaker, Setting
from composer.batch.plan import BatchPlan
from composer.batch.run import OnEvent, setting_of
from composer.batch.shards import Unit
from composer.model.checkpoint import save_checkpoint
from composer.score import Part, Score
from composer.timing import Meter, TempoMap
from tests.model.songs import checkpoint_of, toy_network

OPEN_GATE = {"tries": 1, "silent": 0, "stuck": 0, "looping": 0, "clashing": 0, "out_of_chord": 0, "out_of_range": 0}


def save_toy_model(folder: Path) -> Path:
    """A checkpoint folder with an untrained network."""
    checkpoint = checkpoint_of(toy_network())
    save_checkpoint(folder, checkpoint.config, checkpoint.weights, checkpoint.card)
    return folder


def tune(step: int, bars: int = 4) -> Score:
    """A few bars of quarters in C, `step` scale degrees at a time."""
    scale = [60, 62, 64, 65, 67, 69, 71, 72]
    rows = [(beat * 480, 400, scale[beat * step % 8], 80) for beat in range(4 * bars)]
    return Score((Part("Lead", rows, 73),), TempoMap.constant(120), Meter(), title=f"Step {step}")


def write_seeds(folder: Path, count: int = 3, bars: int = 4) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        formats.save(tune(number + 1, bars), folder / f"tune-{number}.mid")
    return folder


def plan_of(folder: Path, model: Path, **changes: Any) -> BatchPlan:
    """Two parts over given chords, every gate but the copies' open."""
    values: dict[str, Any] = {
        "seeds": [str(folder)],
        "checkpoint": str(model),
        "parts": [["drums", "bass"]],
        "styles": ["pop", "rock"],
        "takes": 2,
        "controls": [{"chords": "C | F | G | C"}],
        "gate": OPEN_GATE | {"near_duplicates": 0},
        "output": {"shard": 3},
    }
    return BatchPlan.from_json(values | changes)


def setting(plan: BatchPlan, where: Path, lanes: int = 8) -> Setting:
    made, _ = setting_of(plan, str(where), lanes)
    return made


class Here:
    """Makes units in this very process."""

    def __init__(self, setting: Setting) -> None:
        self.piece_maker = PieceMaker(setting)

    def run(self, units: Sequence[Unit], tell: OnEvent) -> None:
        for unit in self.piece_maker.do(units, tell):
            tell("unit", unit.name)


def silence(_what: str, _value: object) -> None:
    """Nobody listens."""
