"""The ablation's baseline is fair: it counts what the note model counts, and no token is told what it must guess."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from composer.model.network import Batch, field_losses
from tests.model.songs import toy_network
from tests.training.test_grow import toy_batch

PLACE = Path(__file__).parents[2] / "benchmarks" / "flat_tokens.py"


@pytest.fixture(scope="module")
def flat() -> Any:
    spec = importlib.util.spec_from_file_location("flat_tokens", PLACE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["flat_tokens"] = module
    spec.loader.exec_module(module)
    return module


def first_change(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], field: str) -> int:
    return int((before[field] - after[field]).abs().amax(dim=1).nonzero()[0])


def changed(batch: Batch, at: int, **how: int) -> Batch:
    """The batch with fields of the event after `at` moved, as target and as input."""
    new = {name: getattr(batch, name).clone() for field in how for name in (field, f"target_{field}")}
    for field, to in how.items():
        new[f"target_{field}"][0, at] = to
        new[field][0, at + 1] = to
    return batch._replace(**new)


@pytest.mark.parametrize("trunk", ["lstm", "transformer"])
def test_nothing_is_told_before_it_is_guessed(flat: Any, trunk: str) -> None:
    batch = toy_batch()
    torch.manual_seed(0)
    network = flat.FlatTokens(toy_network(trunk).config).eval()
    kinds, parts = batch.target_kind[0], batch.target_part[0]
    asked = batch.asked[0].nonzero()[:, 0].tolist()
    row = next(i for i, at in enumerate(asked) if i > 20 and kinds[at] == 2 and parts[at] == 3 and at + 1 < len(kinds))
    at = asked[row]
    with torch.no_grad():
        before = network(batch)[0]
        by_pitch = network(changed(batch, at, pitch=(int(batch.target_pitch[0, at]) + 3) % 128))[0]
        moved = changed(batch, at, position=(int(batch.target_position[0, at]) + 1) % 48)
        chord, melody = batch.target_chord.clone(), batch.target_melody.clone()
        chord[0, at], melody[0, at] = 1 - chord[0, at], melody[0, at] + 1
        by_position = network(moved._replace(target_chord=chord, target_melody=melody))[0]
    assert first_change(before, by_pitch, "position") == row + 1
    assert first_change(before, by_pitch, "pitch") == row + 1
    assert first_change(before, by_pitch, "duration") == row
    assert first_change(before, by_position, "position") == row + 1
    assert first_change(before, by_position, "pitch") == row


def test_it_counts_every_field_over_all_tokens(flat: Any) -> None:
    batch = toy_batch()
    network = flat.FlatTokens(toy_network().config).eval()
    torch.nn.init.zeros_(network.out.weight)
    torch.nn.init.zeros_(network.out.bias)
    with torch.no_grad():
        losses = field_losses(network(batch)[0], batch)
    even = torch.tensor(float(flat.TOKENS)).log()
    for name, loss in losses.items():
        torch.testing.assert_close(loss[loss > 0], even.expand_as(loss[loss > 0]), msg=name)
