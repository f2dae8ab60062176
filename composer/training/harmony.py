"""Train the chord model: a melody, its metre and form → one chord per beat, on POP909, OpenEWLD and Nottingham.

    python -m composer.training.harmony --data DIR --out checkpoints/harmony

One network for each fold, on the training songs that are not in it, which is how the recipe is measured; and a few on all of
them, longer, which are the model. Songs of the valid and test splits are in none. Each is kept in OUT/parts as soon as it is
done, so that two processes can share the work (--only). Each takes one core.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from composer.corpora import iter_songs
from composer.harmony.melody_features import WIDTH
from composer.harmony.melody_model import CONFIG, FOLDS, QUALITIES, WEIGHTS
from composer.training.harmony_songs import CORPORA, Augmentation, BatchSampler, Example, example, examples, fold_of
from composer.trust.record import FIELDS, write_songs

if TYPE_CHECKING:
    import torch

    from composer.training.harmony_network import Network

_RATE_FLOOR = 0.01
"""Share of the learning rate that is left at the end of training."""
_WARM_UP = 0.08
_MEMORY = 0.995
"""How much of the running average of the weights is kept at each update, once it has warmed up."""
_MOMENTUM = 0.95


@dataclass(frozen=True)
class HarmonyTraining:
    """How the chord model is trained."""

    width: int = 16
    """Numbers a beat and pitch class in the hidden layers."""
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 1, 4, 16)
    folds: int = 4
    """Networks that leave a fold of the songs out."""
    networks: int = 2
    """Those that learn from all of them."""
    updates: int = 2000
    updates_of_all: int = 6000
    """Of the networks that learn from all training songs, and have more to learn."""
    batch: int = 12
    crop: int = 96
    """Beats of a song in a batch."""
    learning_rate: float = 3e-3
    """Of AdamW, for all but the kernels."""
    kernel_rate: float = 5e-3
    """Of Muon, for the kernels."""
    weight_decay: float = 0.1
    dropout: float = 0.12
    label_smoothing: float = 0.05
    root_share: float = 0.5
    """How much of the loss is that of the root alone, its qualities summed."""
    luck: Augmentation = field(default_factory=Augmentation)
    seed: int = 0


def build(training: HarmonyTraining) -> Network:
    """The network that `training` asks for, in torch."""
    from composer.training.harmony_network import Network

    return Network(training.width, training.dilations, training.dropout)


def train_network(songs: Sequence[Example], training: HarmonyTraining, seed: int) -> dict[str, np.ndarray]:
    """One network's weights, float32, by name: the running average of them over its updates."""
    import torch

    from composer.training.ema import Average

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = build(training).train()
    drawing = BatchSampler.of(songs, training.luck, training.batch, training.crop, rng)
    chances = drawing.chances()
    average, step = Average(network, _MEMORY), _Step(network, training)
    for update in range(1, training.updates + 1):
        features, mask, targets = (torch.from_numpy(array) for array in drawing.draw(chances, rng))
        loss = _loss(network(features, mask), targets, training)
        network.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        step((update - 1) / training.updates)
        average.update()
        if update % 200 == 0:
            print(f"update {update} of {training.updates}: loss {loss.item():.3f}", flush=True)
    return {name: tensor.numpy() for name, tensor in average.weights.items()}


def _loss(logits: torch.Tensor, targets: torch.Tensor, training: HarmonyTraining) -> torch.Tensor:
    """Cross-entropy of the chord, and of its root alone."""
    from torch import logsumexp
    from torch.nn.functional import cross_entropy

    named = targets >= 0
    logits, chords = logits[named], targets[named]
    roots = logsumexp(logits.view(-1, len(QUALITIES), 12), 1)
    of_roots = cross_entropy(roots, chords % 12, label_smoothing=training.label_smoothing)
    of_chords = cross_entropy(logits, chords, label_smoothing=training.label_smoothing)
    return training.root_share * of_roots + (1 - training.root_share) * of_chords


class _Step:
    """An update: Muon (Jordan et al. 2024) for the kernels, AdamW for the rest, at rates that warm up and fall by a cosine.

    A kernel is one matrix, from what it reads to what it writes; the twelve turns of it are all the same.
    """

    def __init__(self, network: Network, training: HarmonyTraining) -> None:
        import torch

        self._network, self._training, self._kernels = network, training, network.kernels()
        taken = {id(kernel) for kernel in self._kernels}
        others = [parameter for parameter in network.parameters() if id(parameter) not in taken]
        self._adam = torch.optim.AdamW(others, training.learning_rate, weight_decay=training.weight_decay)
        self._means = [torch.zeros_like(kernel) for kernel in self._kernels]

    def __call__(self, done: float) -> None:
        """`done` is the share of training that lies behind."""
        import torch

        from composer.training.optimizers import turned

        share = min(1.0, done / _WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * done)) + _RATE_FLOOR
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 1.0)
        self._adam.param_groups[0]["lr"] = self._training.learning_rate * share
        self._adam.step()
        rate = self._training.kernel_rate * share
        with torch.no_grad():
            for kernel, mean in zip(self._kernels, self._means, strict=True):
                assert kernel.grad is not None
                change = turned(kernel.grad, mean, _MOMENTUM, (1, -1, kernel.shape[-1]))
                kernel.mul_(1 - rate * self._training.weight_decay).sub_(change, alpha=rate)


def save(
    folder: Path,
    networks: Sequence[dict[str, np.ndarray]],
    folds: Sequence[dict[str, np.ndarray]],
    training: HarmonyTraining,
) -> None:
    """Weights in half precision, those of the folds apart, and what the runtime must agree with."""
    folder.mkdir(parents=True, exist_ok=True)
    blobs = {WEIGHTS: packed(networks), FOLDS: packed(folds)}
    for name, blob in blobs.items():
        (folder / name).write_bytes(blob)
    config = {
        "features": WIDTH,
        "qualities": list(QUALITIES),
        "dilations": list(training.dilations),
        "training": asdict(training),
        "sha256": hashlib.sha256(blobs[WEIGHTS]).hexdigest(),
        "folds_sha256": hashlib.sha256(blobs[FOLDS]).hexdigest(),
    }
    (folder / CONFIG).write_text(json.dumps(config, indent=1) + "\n")


def packed(networks: Sequence[dict[str, np.ndarray]]) -> bytes:
    """Networks' weights in one file's bytes, named "0.…", "1.…", in half precision."""
    from safetensors.numpy import save as to_bytes

    halves = {
        f"{number}.{name}": array.astype(np.float16)
        for number, weights in enumerate(networks)
        for name, array in weights.items()
    }
    return to_bytes(halves)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: load, train, and save once every fold has its network."""
    from safetensors.numpy import load_file, save_file

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the corpora")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write")
    parser.add_argument(
        "--only",
        type=int,
        nargs="+",
        metavar="FOLD",
        help="networks to train, numbered from 0; those after the folds leave none out [all]",
    )
    parser.add_argument("--seed", type=int, default=HarmonyTraining.seed, help="[%(default)s]")
    options = parser.parse_args(arguments)
    training = HarmonyTraining(seed=options.seed)
    songs = [song for song in iter_songs(CORPORA, options.data) if song.split == "train" and example(song)]
    learn = examples(songs)
    (options.out / "parts").mkdir(parents=True, exist_ok=True)
    write_songs(options.out, ({name: getattr(song, name) for name in FIELDS} for song in songs))
    print(f"{len(learn)} songs: {dict(Counter(song.corpus for song in learn))}")
    kept = [options.out / "parts" / f"{fold}.safetensors" for fold in range(training.folds + training.networks)]
    for fold in range(len(kept)) if options.only is None else options.only:
        started = time.process_time()
        seen = [song for song in learn if fold_of(song.work, training.folds) != fold]
        steps = training.updates if fold < training.folds else training.updates_of_all
        save_file(train_network(seen, replace(training, updates=steps), training.seed + fold), kept[fold])
        print(f"fold {fold}: {len(seen)} songs, {time.process_time() - started:.0f} s of processor", flush=True)
    if all(path.exists() for path in kept):
        networks = [load_file(path) for path in kept]
        folds, networks = networks[: training.folds], networks[training.folds :]
        save(options.out, networks, folds, training)
        print(f"{options.out}: {len(networks)} networks, and {len(folds)} to measure the recipe by")


if __name__ == "__main__":
    main()
