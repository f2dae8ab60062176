"""A grown network computes what the smaller one did, and its new parts can learn."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from composer.errors import CheckpointError
from composer.model import network as net
from composer.model.checkpoint import save_checkpoint
from composer.model.network import Batch, Network, field_losses
from composer.model.sequence import Brief, cells, training_example
from composer.training.collate import collate
from composer.training.grow import grow, read_weights, ways_in
from tests.model.songs import toy_network, toy_song


def toy_batch() -> Batch:
    song = toy_song()
    brief = Brief(cells(6, (1, 2, 3, 4, 5)), cells(6, (0,)), styles=((2, 1, 1.0),), tempo=5)
    return collate([(training_example(song, brief), song, brief)])


class Encoder(nn.Module):
    """A new part with an inside: what it says enters the style vector."""

    def __init__(self, style: int) -> None:
        super().__init__()
        self.inside = nn.GRU(7, 9, batch_first=True)
        self.out = nn.Linear(9, style)

    def forward(self, x: Tensor) -> Tensor:
        said: Tensor = self.out(self.inside(x)[1][0])
        return said


class Grown(Network):
    """Wider chord features, one more part, more labels, a table and an encoder that were not there."""

    def __init__(self, old: Network) -> None:
        config = replace(old.config, styles=("folk", "pop", "rock", "waltz"), grooves=("a", "g"))
        super().__init__(config)
        self.chord = nn.Linear(self.chord.in_features + 5, config.embedding)
        self.part = nn.Embedding(self.part.num_embeddings + 2, config.embedding)
        self.role = nn.Embedding(4, config.embedding)
        self.bars.append(nn.Embedding(6, config.embedding))
        self.reference = Encoder(config.style)
        self.eval()

    def style_vector(self, batch: Batch) -> Tensor:
        named = self.style(batch.style) + self.groove(batch.groove) + self.tempo(batch.tempo)
        return torch.tanh(named + self.reference(torch.ones(len(batch.style), 3, 7)))

    def remember(self, batch: Batch, style: Tensor, state: net.State | None) -> tuple[Tensor, net.State]:
        more = torch.randn(*batch.input_chord.shape[:2], 5)
        wider = batch._replace(
            input_chord=torch.cat([batch.input_chord, more], dim=2),
            bar=torch.cat([batch.bar, torch.ones_like(batch.bar[..., :1])], dim=2),
        )
        return super().remember(wider, style + 0 * self.role.weight.sum(), state)


@pytest.mark.parametrize("trunk", ["lstm", "transformer"])
def test_it_computes_what_the_smaller_one_did(trunk: str) -> None:
    old, batch = toy_network(trunk), toy_batch()
    new = Grown(old)
    report = grow(old.state_dict(), new, old.config)
    # "rock" and "g" are other rows now; the names are what counts.
    moved = batch._replace(style=torch.tensor([3]), groove=torch.tensor([2]))
    with torch.no_grad():
        before, after = old(batch)[0], new(moved)[0]
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert any(line.startswith("reference.out.weight: new, zero") for line in report)
    assert any(line.startswith("reference.inside.weight_ih_l0: new, as made") for line in report)
    assert any(line.startswith("part.weight: (7, 48) → (9, 48)") for line in report)


def test_what_is_new_learns() -> None:
    old, batch = toy_network(), toy_batch()
    new = Grown(old)
    grow(old.state_dict(), new, old.config)
    optimizer = torch.optim.SGD(new.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        torch.stack([loss.sum() for loss in field_losses(new(batch)[0], batch).values()]).sum().backward()
        optimizer.step()
    for name in (
        f"bars.{len(old.bars)}.weight",
        "chord.weight",
        "reference.out.weight",
        "reference.inside.weight_ih_l0",
    ):
        gradient = new.get_parameter(name).grad
        assert gradient is not None, name
        assert gradient.abs().sum() > 0, name


def test_new_pointers_weigh_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    old, batch = toy_network(), toy_batch()
    with torch.no_grad():
        before = old(batch)[0]
    monkeypatch.setattr(net, "COPY_PITCHES", net.COPY_PITCHES + 1)
    monkeypatch.setattr(net, "COPY_VELOCITIES", net.COPY_VELOCITIES + 1)
    new = Network(old.config).eval()
    grow(old.state_dict(), new)
    wide = batch._replace(
        copy_pitch=torch.cat([batch.copy_pitch, batch.copy_pitch[..., :1]], dim=-1),
        copy_velocity=torch.cat([batch.copy_velocity, batch.copy_velocity[..., :1]], dim=-1),
    )
    with torch.no_grad():
        after = new(wide)[0]
    for name in before:
        torch.testing.assert_close(before[name], after[name], rtol=1e-5, atol=1e-5)


def test_a_wider_style_vector_can_still_learn() -> None:
    old, batch = toy_network(), toy_batch()
    new = Network(replace(old.config, style=12)).eval()
    grow(old.state_dict(), new)
    with torch.no_grad():
        before, after = old(batch)[0], new(batch)[0]
    for name in before:
        torch.testing.assert_close(before[name], after[name], rtol=1e-5, atol=1e-5)
    assert new.style.weight[1:3, 8:].abs().min() > 0
    assert not new.style_in.weight[:, 8:].any()


def test_other_changes_are_refused_and_nothing_is_touched() -> None:
    old = toy_network()
    for config, what in (
        (replace(old.config, width=128), "lstm"),
        (replace(old.config, embedding=64), r"who.weight is \(28, 48\) in the weights and \(28, 64\)"),
        (replace(old.config, styles=("pop",)), r"labels that this network lacks: rock"),
    ):
        new = Network(config)
        before = copy.deepcopy(new.state_dict())
        with pytest.raises(CheckpointError, match=what):
            grow(old.state_dict(), new, old.config)
        assert all(torch.equal(before[name], tensor) for name, tensor in new.state_dict().items())
    with pytest.raises(CheckpointError, match="have parameters that this network lacks: trunk"):
        grow(old.state_dict(), toy_network("transformer"))


def test_a_table_alone_or_tables_together_are_silent() -> None:
    part = nn.ModuleDict({"old": nn.Linear(2, 2), "new": nn.Sequential(nn.Embedding(3, 2), nn.Embedding(3, 2))})
    assert ways_in(part, {"new.0.weight", "new.1.weight"}) == {"new.0.weight", "new.1.weight"}


def test_weights_of_another_vocabulary_can_be_read(tmp_path: Path) -> None:
    old = toy_network()
    weights = {name: tensor.numpy() for name, tensor in old.state_dict().items()}
    save_checkpoint(tmp_path, replace(old.config, vocabulary="earlier"), weights, {})
    config, found = read_weights(tmp_path)
    assert config.vocabulary == "earlier"
    assert np.allclose(found["part.weight"], weights["part.weight"], atol=1e-3)
    (tmp_path / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"not a checkpoint, config\.json is missing"):
        read_weights(tmp_path)
