"""How well a network predicts songs it has not seen: bits per accompaniment note, in all, by field and by corpus."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from composer.model.config import ModelConfig
from composer.model.network import FIELDS, Network, field_losses
from composer.model.sequence import Brief, TrainingExample, training_example
from composer.training.briefs import ConditioningDropout, draw_brief
from composer.training.collate import collate
from composer.training.packing import Pack
from composer.vocab import GridSong, excerpt


def held_out(
    pack: Pack, config: ModelConfig, songs: int = 48, bars: int = 16, seed: int = 7
) -> list[tuple[GridSong, Brief]]:
    """The same few held-out excerpts every time, spread over the corpora.

    Style, groove, tempo and form are said, and nothing is given but the melody.
    """
    valid = pack.split("valid")
    rng = np.random.default_rng(seed)
    nothing = ConditioningDropout.nothing()
    by_corpus: dict[str, list[int]] = {}
    for index, about in enumerate(valid.about):
        meta = about["meta"]
        by_corpus.setdefault(f"{meta['corpus']}/{meta['synthetic']}", []).append(index)
    found: list[tuple[GridSong, Brief]] = []
    for indices in by_corpus.values():
        for index in rng.permutation(indices)[: max(2, songs // len(by_corpus))]:
            song = valid[int(index)]
            start = int(rng.integers(0, max(1, song.bar_count - bars)))
            song = excerpt(song, start, min(start + bars, song.bar_count))
            if (brief := draw_brief(song, config, rng, nothing)) is not None:
                found.append((song, brief))
    return found


@torch.no_grad()
def evaluate(network: Network, songs: list[tuple[GridSong, Brief]], device: str = "cpu") -> dict[str, Any]:
    """Bits per accompaniment note on held-out excerpts: in all, by field, and by corpus."""
    network.eval()
    sums: dict[str, np.ndarray] = {}
    for first in range(0, len(songs), 8):
        rows: list[tuple[TrainingExample, GridSong, Brief]] = [
            (training_example(song, brief), song, brief) for song, brief in songs[first : first + 8]
        ]
        batch = collate(rows, device)
        with torch.autocast(torch.device(device).type, torch.bfloat16):
            losses = field_losses(network(batch)[0], batch)
        owner = torch.arange(len(rows), device=device)[:, None].expand_as(batch.asked)[batch.asked]
        is_note = batch.target_kind[batch.asked] == 2
        for i, (_, song, _) in enumerate(rows):
            mine = owner == i
            name = song.meta["corpus"] + ("*" if song.meta["synthetic"] == "True" else "")
            row = [float(losses[field][mine].sum()) for field in FIELDS]
            sums[name] = sums.get(name, np.zeros(len(FIELDS) + 1)) + np.array([*row, int(is_note[mine].sum())])
    total = sum(sums.values(), np.zeros(len(FIELDS) + 1))
    bits = {name: float(row[:-1].sum() / max(row[-1], 1) / math.log(2)) for name, row in sums.items()}
    by_field = {field: float(total[i] / max(total[-1], 1) / math.log(2)) for i, field in enumerate(FIELDS)}
    return {"bits": sum(by_field.values()), "by_field": by_field, "by_corpus": bits, "notes": int(total[-1])}
