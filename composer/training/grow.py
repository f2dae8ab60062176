"""Loads a checkpoint into a larger network so that, at first, it computes exactly what the smaller one did.

New parameters have no effect until trained. Embeddings get rows of zero, linear layers
get columns of zero for new inputs, the heads' likes get rows of zero for new features, and of a new part of the network
only its way out is zero, so that its inside can be reached by gradients. Everything else must have kept its shape.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from composer.errors import CheckpointError
from composer.model.checkpoint import CARD, CONFIG, WEIGHTS
from composer.model.config import ModelConfig

GROWING_OUTPUTS = ("to_position", "to_pitch", "to_duration", "to_velocity", "ear.out")
"""Heads whose last outputs weigh candidates' features and pointers, and the ear, whose outputs are the style vector's."""
NAMED_ROWS = {"style.weight": "styles", "groove.weight": "grooves"}
"""Tables whose rows 1, 2, … belong to names in the config; they may stand in another order there."""

RENAMED = {"activity.weight": "controls.0.weight", "density.weight": "controls.1.weight"}
"""Parameters that have another name since."""

Weights = Mapping[str, Tensor] | Mapping[str, np.ndarray]


def read_weights(folder: Path) -> tuple[ModelConfig, dict[str, np.ndarray]]:
    """Config and weights of a checkpoint of this or an earlier vocabulary. Raises CheckpointError.

    Unlike `load_checkpoint` this does not ask that the vocabularies agree: `grow` asks that the shapes do.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    from composer.trust.register import resolve

    folder = resolve(folder)
    try:
        blob = (folder / WEIGHTS).read_bytes()
        config = ModelConfig.from_json(json.loads((folder / CONFIG).read_text()))
        wanted = json.loads((folder / CARD).read_text()).get("sha256")
        if wanted != hashlib.sha256(blob).hexdigest():
            raise CheckpointError(f"{folder}: the weights do not match their card; get the checkpoint again")
        return config, {name: array.astype(np.float32) for name, array in load(blob).items()}
    except FileNotFoundError as error:
        raise CheckpointError(f"{folder}: not a checkpoint, {Path(error.filename).name} is missing") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, SafetensorError) as error:
        raise CheckpointError(f"{folder}: cannot be read as a checkpoint ({error})") from None


@torch.no_grad()
def grow(weights: Weights, network: nn.Module, old: ModelConfig | None = None) -> list[str]:
    """Put a smaller network's weights into `network`, which then computes what the smaller one did.

    weights: by parameter name. old: the config they were made for; with it, rows of styles and grooves go where their
    names are now, without it they stay where they were. Returns a line for each parameter that is new or has grown.
    Raises CheckpointError for a parameter that changed in any other way, and leaves the network as it was.
    """
    mine = dict(network.named_parameters()) | dict(network.named_buffers())
    weights = {name if name in mine else RENAMED.get(name, name): torch.as_tensor(w) for name, w in weights.items()}
    if strange := sorted(set(weights) - set(mine)):
        raise CheckpointError(f"the weights have parameters that this network lacks: {', '.join(strange[:4])}")
    fresh = {name: tensor for name, tensor in mine.items() if name not in weights}
    grown: dict[str, Tensor] = {}
    report: list[str] = []
    for name, given in weights.items():
        value = given.to(mine[name])
        if name in NAMED_ROWS and old is not None:
            value = _by_name(value, getattr(old, NAMED_ROWS[name]), getattr(network.config, NAMED_ROWS[name]))
        if value.shape != mine[name].shape:
            report.append(f"{name}: {tuple(given.shape)} → {tuple(mine[name].shape)}")
            value = _larger(name, value, mine[name], _owner(network, name))
        grown[name] = value
    silent = ways_in(network, set(fresh))
    for name, tensor in mine.items():
        if name in grown:
            tensor.copy_(grown[name])
        elif name in silent:
            tensor.zero_()
    return report + [f"{name}: new, {'zero' if name in silent else 'as made'}" for name in fresh]


def ways_in(network: nn.Module, fresh: set[str]) -> set[str]:
    """The new parameters through which new parts of the network reach the old ones: those that must be zero.

    A new part is the largest module all of whose parameters are new (lists of modules are as many parts as they hold);
    its way out is its last layer, in the order in which the layers were made, or all of them where all are tables.
    """

    def parts(module: nn.Module, prefix: str) -> list[list[str]]:
        names = [prefix + name for name, _ in module.named_parameters()]
        if not fresh.intersection(names):
            return []
        if prefix and fresh.issuperset(names) and not isinstance(module, nn.ModuleList | nn.ModuleDict):
            layers = {name.rpartition(".")[0] for name in names}
            if all(isinstance(network.get_submodule(layer), nn.Embedding) for layer in layers):
                return [names]
            last = names[-1].rpartition(".")[0]
            return [[name for name in names if name.rpartition(".")[0] == last]]
        found = [[prefix + name] for name, _ in module.named_parameters(recurse=False) if prefix + name in fresh]
        for name, child in module.named_children():
            found += parts(child, f"{prefix}{name}.")
        return found

    return {name for part in parts(network, "") for name in part}


def _owner(network: nn.Module, name: str) -> nn.Module:
    return network.get_submodule(name.rpartition(".")[0])


def _by_name(table: Tensor, before: tuple[str, ...], now: tuple[str, ...]) -> Tensor:
    """Rows moved to where their names are now; row 0, "not said", stays; names never seen get rows of zero."""
    if lost := sorted(set(before) - set(now)):
        raise CheckpointError(f"the weights have labels that this network lacks: {', '.join(lost[:4])}")
    moved = table.new_zeros(len(now) + 1, table.shape[1])
    moved[[0, *(now.index(name) + 1 for name in before)]] = table
    return moved


def _larger(name: str, value: Tensor, wanted: Tensor, owner: nn.Module) -> Tensor:
    """The value in the corner of a tensor of the wanted shape, with zeros where they keep what is new from speaking."""
    layer = name.rpartition(".")[0]
    more = [big - small for small, big in zip(value.shape, wanted.shape, strict=False)]
    may_grow = {
        nn.Embedding: (True, layer in ("style", "groove", "tempo")),
        nn.Linear: (layer in GROWING_OUTPUTS, True),
    }.get(type(owner), (False, False))
    if value.ndim != wanted.ndim or min(more) < 0 or any(n and not may for n, may in zip(more, may_grow, strict=False)):
        raise CheckpointError(
            f"{name} is {tuple(value.shape)} in the weights and {tuple(wanted.shape)} in the network, which cannot be extended;"
            " train from scratch, or choose the size of the weights"
        )
    # New columns of a style table are free to speak: whoever reads them has columns of zero for them.
    out = wanted.clone() if isinstance(owner, nn.Embedding) and more[1] else torch.zeros_like(wanted)
    out[value.shape[0] :] = 0
    out[tuple(slice(n) for n in value.shape)] = value
    return out
