"""What a model is built as: one small value, saved beside its weights."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from composer.errors import CheckpointError
from composer.vocab import vocabulary_hash


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of a model. `tiny()`, `small()` and `base()` are the dial for people."""

    trunk: str = "lstm"
    """What carries memory from event to event: "lstm" or "transformer"."""
    width: int = 512
    """Units of each trunk layer."""
    layers: int = 2
    heads: int = 8
    """Attention heads of a transformer trunk; an LSTM has none."""
    embedding: int = 256
    """Width of an event on its way into the trunk."""
    head: int = 256
    """Hidden units behind each note field."""
    style: int = 48
    """Width of the style vector."""
    ear: int = 128
    """Units of the encoder that hears a reference's style."""
    context: int = 1024
    """Events a transformer looks back on."""
    dropout: float = 0.1
    """Share of the trunk's units that each step of training does without."""
    styles: tuple[str, ...] = ()
    """Style names the model knows; row 0 of the table, before them, is "not said"."""
    grooves: tuple[str, ...] = ()
    """Finer style labels (the corpora's grooves), likewise."""
    vocabulary: str = dataclasses.field(default_factory=vocabulary_hash)

    def __post_init__(self) -> None:
        if self.trunk not in ("lstm", "transformer"):
            raise CheckpointError(f"trunk must be 'lstm' or 'transformer', got {self.trunk!r}")
        if not 0 <= self.dropout < 1:
            raise CheckpointError(f"dropout must be at least 0 and below 1, got {self.dropout:g}")
        if self.trunk == "transformer" and self.width % (2 * self.heads):
            raise CheckpointError(f"width {self.width} does not divide into {self.heads} heads of even size")

    @classmethod
    def tiny(cls, **other: Any) -> ModelConfig:
        """For tests: learns one song in seconds."""
        return cls(
            **(
                {
                    "width": 64,
                    "layers": 1,
                    "heads": 2,
                    "embedding": 48,
                    "head": 48,
                    "style": 8,
                    "ear": 16,
                    "context": 256,
                    "dropout": 0.0,
                }
                | other
            )
        )

    @classmethod
    def small(cls, **other: Any) -> ModelConfig:
        """The shipped size: two layers of 512."""
        return cls(**other)

    @classmethod
    def base(cls, **other: Any) -> ModelConfig:
        """For a GPU and more music."""
        return cls(**({"width": 1024, "layers": 3, "heads": 16, "embedding": 384, "head": 384} | other))

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> ModelConfig:
        """The inverse of `to_json`. Raises CheckpointError for fields this code does not know."""
        known = {field.name for field in dataclasses.fields(cls)}
        if strange := sorted(set(fields) - known):
            raise CheckpointError(f"the checkpoint's config has unknown fields ({', '.join(strange)}); update composer")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
        }
        return cls(**values)
