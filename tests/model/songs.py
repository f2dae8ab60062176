"""Songs and checkpoints of chance for the model's tests."""

from __future__ import annotations

import numpy as np
import torch

from composer.model.checkpoint import Checkpoint
from composer.model.config import ModelConfig
from composer.model.network import Network
from composer.vocab import GRID_NOTE_DTYPE, GridSong


def toy_song(bars: int = 6, seed: int = 0, quarters: int = 4, beat: int = 12) -> GridSong:
    """Every part, changing chords, patterns that come back every other bar."""
    rng = np.random.default_rng(seed)
    length = 12 * quarters
    beats = -(-length // beat)
    rows = []
    for bar in range(bars):
        for part, count in enumerate((5, 8, 4, 6, 7, 3)):
            source = np.random.default_rng([seed, part, bar % 2])
            for position in np.sort(source.choice(length, count, replace=False)):
                pitch = (36 if part == 1 else 48) + int(source.integers(0, 24))
                rows.append((part, bar, position, pitch, 0 if part == 1 else int(source.integers(3, 15)), 9))
    roots = np.repeat(rng.integers(-1, 12, bars), beats)
    tones = np.zeros((len(roots), 12), bool)
    for interval in (0, 4, 7):
        tones[np.arange(len(roots)), (roots + interval) % 12] = roots >= 0
    notes = np.sort(np.array(rows, GRID_NOTE_DTYPE), order=["bar", "part", "position", "pitch"])
    bar = np.arange(bars)
    return GridSong(
        notes, np.full(bars, length), np.full(bars, beat), roots, roots, tones, bar % 4, 3 - bar % 4, 2 + bar // 4 % 2,
        110.0, "pop", "g",
    )  # fmt: skip


def toy_network(trunk: str = "lstm", seed: int = 3) -> Network:
    """Untrained, and with enough noise in it that every input matters."""
    torch.manual_seed(seed)
    config = ModelConfig.tiny(trunk=trunk, layers=2, styles=("pop", "rock"), grooves=("g",), dropout=0.0)
    network = Network(config).eval()
    for parameter in network.parameters():
        if parameter.ndim < 2:
            torch.nn.init.normal_(parameter, 0.5, 0.3)
    return network


def checkpoint_of(network: Network) -> Checkpoint:
    """The network's weights as the decoder takes them."""
    weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
    card = {"model": "toy", "licence": "CC0", "corpora": {}, "grooves": {"g": {"style": "pop", "meters": ["4/4"]}}}
    return Checkpoint(network.config, weights, card, "toy")
