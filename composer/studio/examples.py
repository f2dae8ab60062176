"""The bundled melodies, all in the public domain."""

from __future__ import annotations

from pathlib import Path

SEEDS = Path(__file__).parents[1] / "seeds"


def examples() -> dict[str, Path]:
    """Name → MIDI file."""
    return {path.stem: path for path in SEEDS.glob("*.mid")}
