"""Which network a run trains: its size, and the styles and grooves it has names for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from composer.corpora.mma_grooves import grooves
from composer.model.config import ModelConfig
from composer.styles import PEOPLE, STYLES
from composer.training.packing import Pack
from composer.vocab import vocabulary_hash

SIZES = ("tiny", "small", "base")
REAL_GROOVES = (
    "easyrpg",
    "freedoom",
    "freedoom_history",
    "groove",
    "lieder",
    "nottingham",
    "openewld",
    "openmsx",
    PEOPLE,
    "pop909",
    "simutrans",
)
"""Groove labels of real music, known to every model whether or not its pack holds them."""


def config_for(pack: Pack, size: str = "small", trunk: str = "lstm", start: Path | None = None) -> ModelConfig:
    """The config of a new run: by size and trunk, or of a checkpoint to start from, which then is as large as that was."""
    names = {str(about["groove"]) for about in pack.about} | set(grooves()) | set(REAL_GROOVES)
    if start is None:
        made: ModelConfig = getattr(ModelConfig, size)(trunk=trunk)
        styles: tuple[str, ...] = tuple(STYLES)
    else:
        from composer.training.grow import read_weights

        made, _ = read_weights(start)
        styles, names = tuple(dict.fromkeys([*STYLES, *made.styles])), names | set(made.grooves)
    return replace(made, styles=styles, grooves=tuple(sorted(names - {""})), vocabulary=vocabulary_hash())
