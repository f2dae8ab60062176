"""Train the chord model: a melody, its metre and form → one chord per beat, on POP909, OpenEWLD and Nottingham.

    python -m composer.training.harmony --data DIR --out checkpoints/harmony

Songs of the valid and test splits are never trained on; valid scores are printed on the way. One core is enough.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from composer.corpora import iter_songs
from composer.corpora.song import Song
from composer.harmony.harmonise import best_states, home, reference_tonic
from composer.harmony.melody_features import PITCHED, WIDTH, melody_features, signature_tonic
from composer.harmony.melody_model import CONFIG, KINDS, QUALITIES, WEIGHTS, MelodyModel, quality_of
from composer.timing import Bar

if TYPE_CHECKING:
    import torch
    from torch import nn

CORPORA = ("pop909", "openewld", "nottingham")
FIFTHS = (5, 7)
CONVOLUTION: dict[str, Any] = {"kind": "convolution", "width": 96, "dropout": 0.25, "root_share": 0.0}
"""What a convolution is trained with that a circular network is not."""
_RATE_FLOOR = 0.01
"""Share of the learning rate that is left at the end of training."""
_MEMORY = 0.995
"""How much of the running average of the weights is kept at each update, once it has warmed up."""


@dataclass(frozen=True)
class HarmonyTraining:
    """How the chord model is trained; the card of the shipped weights says which members these defaults made."""

    kind: str = "circular"
    """One of melody_model.KINDS."""
    width: int = 16
    """Numbers a beat in the hidden layers; of a circular network, numbers a beat and pitch class."""
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 1, 4, 16)
    members: int = 2
    """Networks trained from different seeds and averaged in probability."""
    updates: int = 3000
    batch: int = 24
    crop: int = 96
    """Beats of a song in a batch."""
    learning_rate: float = 3e-3
    weight_decay: float = 5e-2
    dropout: float = 0.12
    block_dropout: float = 0.08
    """Chance that a song of a batch loses a whole block of pitch features."""
    label_smoothing: float = 0.05
    root_share: float = 0.5
    """How much of the loss is that of the root alone, its qualities summed."""
    wrong_key: float = 0.08
    """Share of examples a fifth away from their key, so that a wrong guess of the key is no disaster."""
    openewld: float = 1.6
    """How much more often OpenEWLD's songs are drawn: they are few, and their harmony is the most varied."""
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """One song for the model: its melody's features over the bars from first note to last, and its chords per beat."""

    corpus: str
    split: str
    notes: np.ndarray
    bars: tuple[Bar, ...]
    features: np.ndarray
    """(beats, WIDTH), pitch classes from C."""
    roots: np.ndarray
    """(beats,) pitch classes, -1 for no chord."""
    qualities: np.ndarray
    """(beats,) index in QUALITIES."""
    thirds: np.ndarray
    """(beats,) "maj", "min", "" or "N", as `Chord.third`."""
    reference: int
    """Tonic that the finished model would count from (`reference_tonic`)."""
    guessed: int
    """The same from the notes alone."""


def example(song: Song) -> Example | None:
    """A song as an Example; None without chords or without a melody of eight notes."""
    melody = next((part for part in song.score.parts if part.role == "melody" and len(part) >= 8), None)
    if melody is None or song.lane is None:
        return None
    bars = song.score.bars()
    first = max(at for at, bar in enumerate(bars) if bar.start <= melody.start)
    last = sum(bar.start < melody.end for bar in bars)
    before = sum(bar.beat_count for bar in bars[:first])
    sung = bars[first:last]
    chords = song.lane.chords[before : before + sum(bar.beat_count for bar in sung)]
    return Example(
        song.corpus,
        song.split,
        melody.notes,
        sung,
        melody_features(melody.notes, sung, 0),
        np.array([chord.root for chord in chords]),
        np.array([quality_of(chord) if chord.root >= 0 else 0 for chord in chords]),
        np.array([chord.third for chord in chords]),
        reference_tonic(melody.notes, song.score.key),
        signature_tonic(melody.notes),
    )


def examples(songs: Iterable[Song]) -> list[Example]:
    """Every song that has a melody and chords."""
    return [made for song in songs if (made := example(song)) is not None]


def rolled(features: np.ndarray, reference: int) -> np.ndarray:
    """Features counted from C → counted from `reference`."""
    pitched = features[:, : 12 * PITCHED].reshape(len(features), PITCHED, 12)
    moved = np.roll(pitched, -reference, axis=2).reshape(len(features), -1)
    return np.concatenate([moved, features[:, 12 * PITCHED :]], axis=1)


def build(training: HarmonyTraining) -> nn.Module:
    """The network that `training` asks for, in torch, with the weight names of composer.harmony."""
    from composer.training import harmony_networks

    kinds = {"circular": harmony_networks.circular, "convolution": harmony_networks.convolution}
    return kinds[training.kind](training.width, training.dilations, training.dropout)


def _batch(
    songs: Sequence[Example], chances: np.ndarray, training: HarmonyTraining, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features, mask and targets (-100 where there is none) of random stretches of random songs."""
    import torch

    shape = (training.batch, training.crop)
    features = np.zeros((*shape, WIDTH), np.float32)
    mask = np.zeros((*shape, 1), np.float32)
    targets = np.full(shape, -100, np.int64)
    for row, chosen in enumerate(rng.choice(len(songs), training.batch, p=chances)):
        song, luck = songs[chosen], rng.random()
        reference = song.reference if luck < 0.6 else song.guessed
        if luck > 1 - training.wrong_key:
            reference = (song.reference + int(rng.choice(FIFTHS))) % 12
        start = int(rng.integers(0, max(1, len(song.roots) - training.crop + 1)))
        cut = slice(start, start + training.crop)
        roots = song.roots[cut]
        features[row, : len(roots)] = rolled(song.features[cut], reference)
        mask[row, : len(roots)] = 1.0
        states = song.qualities[cut] * 12 + (roots - reference) % 12
        targets[row, : len(roots)] = np.where(roots < 0, -100, states)
    return torch.from_numpy(features), torch.from_numpy(mask), torch.from_numpy(targets)


def train_member(songs: Sequence[Example], training: HarmonyTraining, seed: int) -> dict[str, np.ndarray]:
    """One network's weights, float32, by name: the running average of them over its updates."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = build(training).train()
    # Long songs are drawn more often, but not in proportion: every song has one harmony to teach.
    chances = np.array([len(song.roots) for song in songs]) ** 0.85
    chances *= [training.openewld if song.corpus == "openewld" else 1.0 for song in songs]
    chances /= chances.sum()
    optimiser = torch.optim.AdamW(network.parameters(), training.learning_rate, weight_decay=training.weight_decay)
    average = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for update in range(1, training.updates + 1):
        done = (update - 1) / training.updates
        rate = min(1.0, done / 0.08) * (0.5 + 0.5 * math.cos(math.pi * done)) + _RATE_FLOOR
        optimiser.param_groups[0]["lr"] = training.learning_rate * rate
        features, mask, targets = _batch(songs, chances, training, rng)
        kept = torch.ones(len(features), 1, WIDTH)
        blocks = torch.rand(len(features), PITCHED) >= training.block_dropout
        kept[:, 0, : 12 * PITCHED] = blocks.repeat_interleave(12, 1).float()
        named = targets >= 0
        logits, chords = network(features * kept, mask)[named], targets[named]
        roots = torch.logsumexp(logits.view(-1, len(QUALITIES), 12), 1)
        smooth = training.label_smoothing
        loss = training.root_share * functional.cross_entropy(roots, chords % 12, label_smoothing=smooth)
        loss = loss + (1 - training.root_share) * functional.cross_entropy(logits, chords, label_smoothing=smooth)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        with torch.no_grad():
            memory = min(_MEMORY, update / (9 + update))
            for name, tensor in network.state_dict().items():
                average[name].lerp_(tensor, 1 - memory)
        if update % 200 == 0:
            print(f"update {update} of {training.updates}: loss {loss.item():.3f}", flush=True)
    return {name: tensor.numpy() for name, tensor in average.items()}


def accuracy(model: MelodyModel, songs: Iterable[Example]) -> dict[str, tuple[float, float, int]]:
    """Corpus → (root accuracy, majmin accuracy, beats with a chord), per beat between the melody's first and last bar.

    The majmin accuracy counts beats whose chord has a third, as mir_eval does; no-chord beats count in neither.
    """
    hits: dict[str, np.ndarray] = {}
    for song in songs:
        features = rolled(song.features, song.reference)
        states = best_states(model, features, song.bars, home(song.notes, song.reference))
        right = (states % 12 + song.reference) % 12 == song.roots
        minor = np.isin(
            states // 12, [at for at, suffix in enumerate(QUALITIES) if suffix[:1] in ("m", "d") and suffix != "maj7"]
        )
        third = right & (np.where(minor, "min", "maj") == song.thirds)
        named, thirded = song.roots >= 0, np.isin(song.thirds, ("maj", "min"))
        counts = np.array([right[named].sum(), named.sum(), third[thirded].sum(), thirded.sum()])
        hits[song.corpus] = hits.get(song.corpus, 0) + counts
    return {
        corpus: (float(root / beats), float(third / thirds), int(beats))
        for corpus, (root, beats, third, thirds) in hits.items()
    }


def save(
    folder: Path, members: Sequence[dict[str, np.ndarray]], training: HarmonyTraining, card: dict[str, object]
) -> None:
    """Weights in half precision, and beside them what the runtime must agree with and where they come from."""
    from safetensors.numpy import save as to_bytes

    folder.mkdir(parents=True, exist_ok=True)
    halves = {
        f"{member}.{name}": array.astype(np.float16)
        for member, weights in enumerate(members)
        for name, array in weights.items()
    }
    blob = to_bytes(halves)
    (folder / WEIGHTS).write_bytes(blob)
    config = {
        "features": WIDTH,
        "qualities": list(QUALITIES),
        "dilations": list(training.dilations),
        "members": [training.kind] * len(members),
        "training": asdict(training),
        "sha256": hashlib.sha256(blob).hexdigest(),
    }
    (folder / CONFIG).write_text(json.dumps(config | card, indent=1) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: load, train, score on the valid songs, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument(
        "--updates", type=int, default=HarmonyTraining.updates, help="optimiser steps a network [%(default)s]"
    )
    parser.add_argument(
        "--members", type=int, default=HarmonyTraining.members, help="networks to average [%(default)s]"
    )
    parser.add_argument("--seed", type=int, default=HarmonyTraining.seed, help="[%(default)s]")
    parser.add_argument("--kind", choices=KINDS, default=HarmonyTraining.kind, help="[%(default)s]")
    options = parser.parse_args(arguments)
    shape = {} if options.kind == "circular" else CONVOLUTION
    training = HarmonyTraining(**shape, updates=options.updates, members=options.members, seed=options.seed)
    songs = examples(iter_songs(CORPORA, options.data))
    learn = [song for song in songs if song.split == "train"]
    valid = [song for song in songs if song.split == "valid"]
    started = time.process_time()
    members = [train_member(learn, training, training.seed + member) for member in range(training.members)]
    card: dict[str, object] = {
        "corpora": Counter(song.corpus for song in learn),
        "licences": {"pop909": "MIT", "openewld": "MIT", "nottingham": "GPL-3"},
        "cpu_s": round(time.process_time() - started),
    }
    save(options.out, members, training, card)
    for corpus, (root, third, beats) in accuracy(MelodyModel.load(options.out), valid).items():
        print(f"valid {corpus}: root {root:.3f}, majmin {third:.3f} over {beats} beats")


if __name__ == "__main__":
    main()
