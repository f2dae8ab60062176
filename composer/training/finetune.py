"""Teach a trained model a user's own music in minutes, without its forgetting what it knew.

Either low-rank adapters on all its matrices and a style vector of the user's own, or (`only_style`) that vector alone. A share of
every batch may be replayed from a pack of other songs. Judged on files kept back, before and after, and on the pack's held-out songs.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from composer.errors import InputError
from composer.model.checkpoint import CARD, save_checkpoint
from composer.model.config import ModelConfig
from composer.model.example import best_example
from composer.model.examples import Example
from composer.model.network import FIELDS, Network, State, field_losses
from composer.model.sequence import Brief
from composer.training.adapters import Adapters
from composer.training.briefs import ConditioningDropout, draw_brief
from composer.training.card import corpora_of, grooves_of, licence_of, with_corpora
from composer.training.collate import collate
from composer.training.dataset import corpus_weights
from composer.training.evaluate import evaluate, held_out
from composer.training.float_lstm import leave_autocast
from composer.training.grow import grow, read_weights
from composer.training.lanes import Lanes, Source
from composer.training.packing import Pack
from composer.training.sidecars import copy_sidecars
from composer.trust.record import read_songs, write_songs
from composer.trust.register import resolve
from composer.vocab import GridSong, excerpt, vocabulary_hash


@dataclass(frozen=True)
class FinetuneConfig:
    """How to fine-tune."""

    minutes: float = 4.0
    steps: int = 0
    """Length in steps instead, if not 0."""
    label: str = "mine"
    """The name of the user's style, for --style."""
    only_style: bool = False
    rank: int = 8
    batch: int = 8
    replay: float = 0.5
    """Share of each batch that comes from the pack of other songs, where one is given."""
    window: int = 256
    rate: float = 2e-3
    style_rate: float = 1e-2
    warmup_steps: int = 10
    validate_s: float = 30.0
    patience: int = 4
    """Validations without a better one before it stops; the best is kept."""
    seed: int = 1


@dataclass(frozen=True)
class FinetuneResult:
    """What came of it: bits a note on the user's held-back music and on others', before and after."""

    own_before: float
    own_after: float
    others_before: float | None
    others_after: float | None
    steps: int
    minutes: float
    learned: int
    """Numbers that were free to move."""


Tell = Callable[[float], None]
MOST_EXAMPLES = 24
"""Of the user's songs that the band may be played a few bars of before it begins."""
BY_NAME = {"corpus": 0.0}
"""The user's music is called by its own name, never by that of people's music in general."""


def finetune(
    own: Pack, start: Path, out: Path, settings: FinetuneConfig, others: Pack | None = None, tell: Tell = lambda _: None
) -> FinetuneResult:
    """Learn the `own` pack's training songs from the checkpoint `start`; write a checkpoint to `out`."""
    torch.manual_seed(settings.seed)
    old, weights = read_weights(start)
    if settings.label in old.styles:
        raise InputError(f"the model already has a style called {settings.label!r}; choose another --name")
    config = replace(old, grooves=tuple(dict.fromkeys([*old.grooves, settings.label])), vocabulary=vocabulary_hash())
    network = Network(config)
    leave_autocast(network)
    grow(weights, network, old)
    judges = kept_back(own, config, settings.seed)
    theirs = held_out(others, config) if others is not None else []
    own_before = evaluate(network, judges)["bits"]
    others_before = evaluate(network, theirs)["bits"] if theirs else None

    row = config.grooves.index(settings.label) + 1
    adapters = Adapters(network, settings.rank)
    if settings.only_style:
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        adapters.adapters = []
    table = network.groove.weight.requires_grad_(True)
    free = sum(p.numel() for p in adapters.parameters()) + config.style
    groups = [{"params": adapters.parameters(), "lr": settings.rate, "top": settings.rate}] if adapters.adapters else []
    groups.append({"params": [table], "lr": settings.style_rate, "top": settings.style_rate})
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0, betas=(0.9, 0.98))
    lanes, state = _lanes(own, others, config, settings), State()
    begun = last = time.monotonic()
    best, stale, step = own_before, 0, 0
    kept = _weights(network)
    while True:
        now = time.monotonic()
        done = step / settings.steps if settings.steps else (now - begun) / (60 * settings.minutes)
        if done >= 1 or now - last > settings.validate_s:
            bits = evaluate(network, judges)["bits"]
            stale = 0 if bits < best else stale + 1
            if bits < best:
                best, kept = bits, _weights(network)
            last = time.monotonic()
            if done >= 1 or stale >= settings.patience:
                break
        tell(done)
        pace = min(1.0, (step + 1) / settings.warmup_steps) * 0.5 * (1 + math.cos(math.pi * min(done, 1)))
        for group in optimizer.param_groups:
            group["lr"] = group["top"] * pace
        state = _learn(network, lanes, state)
        if table.grad is not None:
            only = torch.zeros_like(table)
            only[row] = table.grad[row]
            table.grad = only
        adapters.collect()
        torch.nn.utils.clip_grad_norm_([*adapters.parameters(), table], 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        adapters.merge()
        step += 1
    network.load_state_dict({name: torch.from_numpy(array) for name, array in kept.items()})
    result = FinetuneResult(
        own_before, best, others_before, evaluate(network, theirs)["bits"] if theirs else None, step,
        (time.monotonic() - begun) / 60, free,
    )  # fmt: skip
    replayed = others if settings.replay else None
    told = card(own, start, settings, result, replayed)
    told |= copy_sidecars(start, out, told, own_examples(own, settings.label))
    save_checkpoint(out, config, kept, told)
    carry_songs(start, out, own, replayed)
    return result


def carry_songs(start: Path, out: Path, *packs: Pack | None) -> None:
    """The record of songs of the weights in `start`, with the packs' training songs, beside those in `out`.

    Without a record there is none to go on with: one of the packs alone would say that the weights know nothing else.
    """
    known = {song["id"]: song for song in read_songs(resolve(start))}
    for pack in packs if known else ():
        known |= {about["meta"]["id"]: about["meta"] for about in pack.split("train").about} if pack else {}
    if known:
        write_songs(out, known.values())


def own_examples(own: Pack, label: str) -> list[Example]:
    """A few bars of each of the user's songs, but not of those kept back."""
    found, train = [], own.split("train")
    for index, about in list(enumerate(train.about))[:MOST_EXAMPLES]:
        if (bars := best_example(train[index])) is not None:
            song = replace(bars, style=label, groove=label, meta={})
            found.append(Example(song, about["meta"]["id"], about["meta"]["licence"]))
    return found


def kept_back(
    own: Pack, config: ModelConfig, seed: int, bars: int = 16, most: int = 48
) -> list[tuple[GridSong, Brief]]:
    """The user's judges, up to `most` excerpts of them, with the user's label said and nothing given but the melody."""
    rng = np.random.default_rng(seed)
    found = []
    for song in own.split("valid"):
        for start in range(0, max(1, song.bar_count - bars // 2), bars):
            part = excerpt(song, start, min(start + bars, song.bar_count))
            if (brief := draw_brief(part, config, rng, replace(ConditioningDropout.nothing(), **BY_NAME))) is not None:
                found.append((part, brief))
    return found[:most]


def _lanes(own: Pack, others: Pack | None, config: ModelConfig, settings: FinetuneConfig) -> list[Lanes]:
    replayed = round(settings.batch * settings.replay) if others is not None else 0
    shares = [(own, settings.batch - replayed)] + ([(others, replayed)] if others is not None and replayed else [])
    made = []
    for pack, count in shares:
        train = pack.split("train")
        hiding = replace(ConditioningDropout(), **BY_NAME) if pack is own else ConditioningDropout()
        source = Source(train, corpus_weights(train), config, settings.window, settings.seed, hiding)
        made.append(Lanes(source, [source.begin(lane) for lane in range(count)]))
    return made


def _learn(network: Network, lanes: list[Lanes], state: State) -> State:
    """Gradients of one batch; returns the trunk's state after it."""
    rows = [row for some in lanes for row in some.next()]
    batch = collate([row[:3] for row in rows])
    fresh = torch.tensor([row.fresh for row in rows])
    network.train()
    with torch.autocast("cpu", torch.bfloat16) if network.config.width > 128 else nullcontext():
        logits, after = network(batch, [tensor * ~fresh[None, :, None] for tensor in state] or None)
        losses = field_losses(logits, batch)
    total = torch.stack([losses[name].sum() for name in FIELDS]).sum()
    (total / max(int(batch.asked.sum()), 1)).backward()  # type: ignore[no-untyped-call]
    return [tensor.detach().float() for tensor in after]


def _weights(network: Network) -> dict[str, np.ndarray]:
    return {name: tensor.detach().float().numpy().copy() for name, tensor in network.state_dict().items()}


def card(
    own: Pack, start: Path, settings: FinetuneConfig, result: FinetuneResult, others: Pack | None = None
) -> dict[str, Any]:
    """The old card with what was learned since: from which files (by hash), how, and how well. `others` were replayed."""
    told: dict[str, Any] = json.loads((start / CARD).read_text())
    files = {about["meta"]["id"]: about["meta"]["sha256"] for about in own.about}
    corpora = with_corpora(told.get("corpora", {}), corpora_of(own))
    corpora = with_corpora(corpora, corpora_of(others)) if others is not None else corpora
    told.pop("pack", None)  # of the weights before: no one pack holds all that these know
    return told | {
        "licence": licence_of(corpora),
        "grooves": told.get("grooves", {}) | grooves_of(own),
        "corpora": corpora,
        "finetuned": {
            "from": told.get("sha256"),
            "files": files,
            "lessons": asdict(settings),
            "result": asdict(result),
        },
    }
