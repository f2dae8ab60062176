"""Training examples → one Batch of tensors, padded to the longest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from composer.model.network import Batch
from composer.model.sequence import Brief, TrainingExample
from composer.model.style_features import WIDTH
from composer.vocab import GridSong

_CLASSES = (
    "input_degree",
    "target_part",
    "controls",
    "track",
    "copy_position",
    "copy_pitch",
    "copy_duration",
    "copy_velocity",
    "earliest",
    "previous_pitch",
    "target_root",
    "bar",
)
_MEASURES = ("input_chord", "target_chord", "target_melody", "position_features", "pitch_features")
_EVENT_FIELDS = ("position", "pitch", "duration", "velocity")


def collate(rows: Sequence[tuple[TrainingExample, GridSong, Brief]], device: torch.device | str = "cpu") -> Batch:
    """B lessons of up to T events → a Batch of (B, T, …); what pads is never asked for."""
    examples = [row[0] for row in rows]
    length = max(len(example.event) for example in examples)

    def stack(arrays: list[np.ndarray], dtype: type) -> torch.Tensor:
        out = np.zeros((len(arrays), length, *arrays[0].shape[1:]), dtype)
        for row, array in zip(out, arrays, strict=True):
            row[: len(array)] = array
        return torch.from_numpy(out).to(device, non_blocking=True)

    fields = {name: stack([getattr(example, name) for example in examples], np.int64) for name in _CLASSES}
    fields |= {
        name: stack([getattr(example, name) for example in examples], examples[0].__dict__[name].dtype.type)
        for name in _MEASURES
    }
    fields["who"] = stack([who(example.event["kind"], example.event["part"]) for example in examples], np.int64)
    fields["target_kind"] = stack([example.target["kind"] for example in examples], np.int64)
    fields["asked"] = stack([example.asked for example in examples], np.bool_)
    fields["bar_length"] = stack([song.bar_length[example.target["bar"]] for example, song, _ in rows], np.int64)
    for name in _EVENT_FIELDS:
        fields[name] = stack([example.event[name] for example in examples], np.int64)
        fields[f"target_{name}"] = stack([example.target[name] for example in examples], np.int64)
    briefs = [row[2] for row in rows]
    for i, name in enumerate(("style", "groove")):
        fields[name] = torch.tensor([brief.styles[0][i] if brief.styles else 0 for brief in briefs], device=device)
    fields["tempo"] = torch.tensor([brief.tempo for brief in briefs], device=device)
    references = [np.zeros((0, WIDTH), np.float32) if b.reference is None else b.reference for b in briefs]
    heard = np.zeros((len(rows), max(1, *map(len, references)), WIDTH), np.float32)
    for row, bars in zip(heard, references, strict=True):
        row[: len(bars)] = bars
    fields["reference"] = torch.from_numpy(heard).to(device, non_blocking=True)
    fields["reference_bars"] = torch.tensor([len(bars) for bars in references], device=device)
    return Batch(**fields)


def who(kind: np.ndarray, part: np.ndarray) -> np.ndarray:
    """kind × part as one class."""
    return np.asarray(kind.astype(np.int64) * 7 + part)
