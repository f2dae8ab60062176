"""Train the band model: `python -m composer.training.train PACK --out RUN` — resumes exactly where RUN stopped.

AdamW with warm-up and cosine, bf16 autocast, validation on songs never trained on, a log line every few seconds
(RUN/log.jsonl), and a half-precision checkpoint (RUN/checkpoint) that the arranger loads.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from composer.corpora.mma_grooves import grooves
from composer.model.checkpoint import CONFIG, save_checkpoint
from composer.model.config import ModelConfig
from composer.model.network import FIELDS, Network, State, field_losses
from composer.styles import STYLES
from composer.training.collate import collate
from composer.training.dataset import Stream, corpus_weights
from composer.training.evaluate import evaluate, held_out
from composer.training.grow import grow, read_weights
from composer.training.packing import Pack, open_pack

REAL_GROOVES = (
    "easyrpg",
    "freedoom",
    "freedoom_history",
    "groove",
    "lieder",
    "nottingham",
    "openewld",
    "openmsx",
    "pop909",
    "simutrans",
)
"""Groove labels of real music, known to every model whether or not its pack holds them."""


@dataclass(frozen=True)
class Recipe:
    """How to train; every figure ends up on the checkpoint's card."""

    minutes: float = 60.0
    """Length of the whole run, over all its slices; the learning rate reaches its end here."""
    batch: int = 16
    window: int = 256
    """Events a step sees of each song; an LSTM's state goes on from window to window."""
    learning_rate: float = 2e-3
    final_rate: float = 5e-5
    warmup_steps: int = 100
    weight_decay: float = 0.02
    clip: float = 1.0
    real_share: float = 0.4
    """Share of draws that are real music rather than the synthetic band."""
    seed: int = 1


def rate_at(recipe: Recipe, step: int, done: float) -> float:
    """Learning rate at a step, with `done` the share of the run's minutes that is over: warm-up, then cosine."""
    ramp = min(1.0, (step + 1) / recipe.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return ramp * (recipe.final_rate + (recipe.learning_rate - recipe.final_rate) * cosine)


class Trainer:
    """One run in a folder; `train(minutes)` does a slice of it."""

    def __init__(
        self,
        pack: Pack,
        folder: Path,
        config: ModelConfig,
        recipe: Recipe,
        device: str = "cpu",
        start: Path | None = None,
    ) -> None:
        self.folder, self.config, self.recipe, self.device = folder, config, recipe, device
        torch.manual_seed(recipe.seed)
        self.pack = pack
        train = pack.split("train")
        weights = corpus_weights(train, recipe.real_share)
        self.network = Network(config).to(device)
        if start is not None:
            old, known = read_weights(start)
            for line in grow(known, self.network, old):
                self._log({"grown": line})
        decayed = [p for p in self.network.parameters() if p.ndim >= 2]
        plain = [p for p in self.network.parameters() if p.ndim < 2]
        groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98))
        self.step, self.spent_s, self.notes = 0, 0.0, 0
        self.state: State | None = None
        self._resume()
        dice = [np.random.default_rng([recipe.seed, self.step, lane]) for lane in range(recipe.batch)]
        self.streams = [iter(Stream(train, weights, config, rng, recipe.window)) for rng in dice]
        self.held_out = held_out(pack, config)

    def _resume(self) -> None:
        path = self.folder / "resume.pt"
        if path.exists():
            saved = torch.load(path, map_location=self.device, weights_only=True)
            self.network.load_state_dict(saved["network"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.step, self.spent_s, self.notes = saved["step"], saved["spent_s"], saved["notes"]

    def save(self, valid: dict[str, Any]) -> None:
        """Resume file and half-precision checkpoint, each replaced whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        staged = self.folder / "resume.pt.part"
        state = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save(state | {"step": self.step, "spent_s": self.spent_s, "notes": self.notes}, staged)
        staged.replace(self.folder / "resume.pt")
        weights = {name: tensor.float().cpu().numpy() for name, tensor in self.network.state_dict().items()}
        save_checkpoint(self.folder / "checkpoint", self.config, weights, self.card(valid))

    def card(self, valid: dict[str, Any]) -> dict[str, Any]:
        """What the checkpoint says of itself: recipe, data by corpus with licence, and how well it predicts."""
        corpora: dict[str, dict[str, Any]] = {}
        for about in self.pack.about:
            meta: dict[str, str] = about["meta"]
            name = meta["corpus"] + (" (synthetic band)" if meta["synthetic"] == "True" else "")
            entry = corpora.setdefault(name, {"licence": meta["licence"], "songs": 0})
            entry["songs"] += 1
            if meta["licence"] not in entry["licence"].split(", "):
                entry["licence"] += f", {meta['licence']}"
        return {
            "model": f"band-{self.config.trunk}",
            "step": self.step,
            "training_minutes": round(self.spent_s / 60, 1),
            "notes_seen": self.notes,
            "recipe": self.recipe.__dict__,
            "device": self.device,
            "torch": torch.__version__,
            "licence": "MIT (the weights); trained on the openly licensed and synthetic corpora listed here",
            "corpora": corpora,
            "grooves": self.grooves(),
            "valid": valid,
        }

    def grooves(self) -> dict[str, dict[str, Any]]:
        """The grooves the pack holds: of which style, and in which metres; real corpora's labels belong to no style."""
        found: dict[str, dict[str, Any]] = {}
        for about in self.pack.about:
            if label := str(about["groove"]):
                meta: dict[str, str] = about["meta"]
                style = str(about["style"]) if meta["synthetic"] == "True" else ""
                entry = found.setdefault(label, {"style": style, "meters": []})
                if (meter := meta.get("meter", "")) and meter not in entry["meters"]:
                    entry["meters"].append(meter)
        return found

    def train(self, minutes: float, every_s: float = 20.0, save_every_s: float = 300.0) -> dict[str, Any]:
        """Train for a slice of the run, or to its end; returns the last validation."""
        begun = last_log = last_save = time.monotonic()
        sums = torch.zeros(len(FIELDS))
        count, logged = 0, self.notes
        while (now := time.monotonic()) - begun < 60 * minutes and self.spent_s < 60 * self.recipe.minutes:
            losses, notes = self._learn()
            sums += losses
            count += notes
            self.spent_s += time.monotonic() - now
            if now - last_log > every_s:
                bits = (sums / max(count, 1) / math.log(2)).tolist()
                entry = {
                    "step": self.step,
                    "minutes": self.spent_s / 60,
                    "bits": sum(bits),
                    "notes_s": (self.notes - logged) / (now - last_log),
                }
                self._log(entry | dict(zip(FIELDS, bits, strict=True)))
                sums, count, last_log, logged = torch.zeros(len(FIELDS)), 0, now, self.notes
            if now - last_save > save_every_s:
                self._check()
                last_save = time.monotonic()
        return self._check()

    def _check(self) -> dict[str, Any]:
        valid = evaluate(self.network, self.held_out, self.device)
        self._log({"step": self.step, "minutes": self.spent_s / 60, "valid": valid})
        self.save(valid)
        return valid

    def _log(self, entry: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def _learn(self) -> tuple[torch.Tensor, int]:
        """One optimiser step; returns summed nats by field and the notes they are over."""
        rows = [next(stream) for stream in self.streams]
        batch = collate([row[:3] for row in rows], self.device)
        if self.state:
            fresh = torch.tensor([row[3] for row in rows], device=self.device)
            self.state = [tensor * ~fresh[None, :, None] for tensor in self.state]
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.recipe, self.step, self.spent_s / (60 * self.recipe.minutes))
        self.network.train()
        with torch.autocast(torch.device(self.device).type, torch.bfloat16):
            logits, state = self.network(batch, self.state or None)
            losses = field_losses(logits, batch)
        self.state = [tensor.float() for tensor in state]
        notes = int((batch.target_kind[batch.asked] == 2).sum())
        total = torch.stack([losses[name].sum() for name in FIELDS])
        self.optimizer.zero_grad(set_to_none=True)
        (total.sum() / max(int(batch.asked.sum()), 1)).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.step += 1
        self.notes += notes
        return total.detach().float().cpu(), notes


def main() -> None:
    """Command line: one slice of a run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path, help="packed songs (.npz)")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the run; training goes on from what is there"
    )
    parser.add_argument(
        "--size", choices=("tiny", "small", "base"), default="small", help="size of the model (default small)"
    )
    parser.add_argument("--trunk", choices=("lstm", "transformer"), default="lstm", help="default lstm")
    parser.add_argument(
        "--from", dest="start", type=Path, help="begin with this checkpoint's weights, grown to what the network is now"
    )
    parser.add_argument("--minutes", type=float, default=Recipe.minutes, help="length of the whole run (default 60)")
    parser.add_argument(
        "--slice", type=float, default=1e9, help="stop after so many minutes, to go on later (default: the whole run)"
    )
    parser.add_argument("--batch", type=int, default=Recipe.batch, help="songs side by side (default 16)")
    parser.add_argument("--window", type=int, default=Recipe.window, help="events a step (default 256)")
    parser.add_argument("--rate", type=float, default=Recipe.learning_rate, help="peak learning rate (default 2e-3)")
    parser.add_argument(
        "--real-share", type=float, default=Recipe.real_share, help="share of draws that are real music (default 0.4)"
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads (default: torch's choice)")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    pack = open_pack(args.pack)
    size = {"tiny": ModelConfig.tiny, "small": ModelConfig.small, "base": ModelConfig.base}[args.size]
    known = args.out / "checkpoint" / CONFIG
    if known.exists():
        config = ModelConfig.from_json(json.loads(known.read_text()))
    else:
        names = {str(about["groove"]) for about in pack.about} | set(grooves()) | set(REAL_GROOVES)
        if args.start:
            old, _ = read_weights(args.start)
            names |= set(old.grooves)
            now = tuple(dict.fromkeys([*STYLES, *old.styles]))
            config = replace(
                old, styles=now, grooves=tuple(sorted(names - {""})), vocabulary=ModelConfig.tiny().vocabulary
            )
        else:
            config = size(trunk=args.trunk, styles=tuple(STYLES), grooves=tuple(sorted(names - {""})))
    recipe = Recipe(
        minutes=args.minutes, batch=args.batch, window=args.window, learning_rate=args.rate, real_share=args.real_share
    )
    trainer = Trainer(pack, args.out, config, recipe, args.device, args.start)
    print(json.dumps(trainer.train(args.slice)))


if __name__ == "__main__":
    main()
