"""Train the band model: `composer train PACK --out RUN`; under torchrun, `-m composer.training.train`. It goes on where RUN stopped.

A step: every lane's next window, one forward and backward pass a part of the batch, gradients summed over processes, one step of
the optimiser. Now and then: a validation on songs never trained on, of the weights and of their moving average; the better
of the two becomes RUN/checkpoint if it is the best so far.
"""

from __future__ import annotations

import argparse
import json
import math
import pickle
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from composer.errors import ComposerError, InputError, OutputError
from composer.model.checkpoint import save_checkpoint
from composer.model.config import ModelConfig
from composer.model.network import FIELDS, Batch, Network, State, field_losses
from composer.model.sequence import NOTE
from composer.output import check_free
from composer.training.adversary import Adversary, profiles_of
from composer.training.briefs import ConditioningDropout
from composer.training.card import ancestor_of, corpora_of, grooves_of, licence_of, with_corpora
from composer.training.collate import collate
from composer.training.dataset import corpus_weights
from composer.training.distributed import Distributed, to_cpu
from composer.training.ema import Average
from composer.training.evaluate import evaluate, held_out
from composer.training.float_lstm import leave_autocast
from composer.training.grow import grow, read_weights
from composer.training.journal import Journal
from composer.training.labels import config_for
from composer.training.lanes import Lanes, Place, Source
from composer.training.optimizers import make_optimizer, set_rate
from composer.training.options import add_arguments, check_pack, recipe_of
from composer.training.packing import Pack, open_pack
from composer.training.pieces import join, split
from composer.training.recipe import Recipe, rate_at
from composer.training.threads import use_threads

RUN, RESUME, CHECKPOINT = "run.json", "resume.pt", "checkpoint"


class Trainer:
    """One run in a folder; `train(minutes)` does a slice of it."""

    def __init__(
        self,
        pack: Pack,
        folder: Path,
        config: ModelConfig,
        recipe: Recipe,
        distributed: Distributed | None = None,
        start: Path | None = None,
        workers: int = 0,
        pieces: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        hiding: ConditioningDropout = ConditioningDropout(),
        build: Callable[[ModelConfig], Network] = Network,
    ) -> None:
        """`workers` make lessons ahead; `start`, `hiding` and `build` are for runs that are not like all others."""
        self.pack, self.folder, self.config, self.recipe, self.pieces = pack, folder, config, recipe, pieces
        self.distributed, self.clock = distributed or Distributed(), clock
        self.device = self.distributed.device
        if recipe.batch % (self.distributed.size * recipe.accumulate):
            raise InputError(
                f"a batch of {recipe.batch} cannot be shared by {self.distributed.size} processes in {recipe.accumulate} parts each"
            )
        self.journal = Journal(folder, self.distributed.first)
        torch.manual_seed(recipe.seed)
        self.network = build(config).to(self.device)
        leave_autocast(self.network)
        self.adversary = Adversary(config.style).to(self.device)
        saved = self._saved()
        if saved is not None:
            self._check_pack(saved)
        self.ancestor: dict[str, Any] = json.loads(saved.get("ancestor", "{}")) if saved is not None else {}
        if start is not None and saved is None:
            self.ancestor = ancestor_of(start)
            old, known = read_weights(start)
            for line in grow(known, self.network, old):
                self.journal.write({"grown": line})
        self.average = Average(self.network, recipe.ema)
        self.optimizer = make_optimizer(self.network, recipe, self.adversary)
        self.forward: Any = self.network
        self.step, self.notes, self.spent_s = 0, 0, 0.0
        self.best, self.stale = math.inf, 0
        self.state: State = []
        train = pack.split("train")
        if not len(train):
            raise InputError("the pack has no songs to train on; pack more of them")
        if not len(pack.split("valid")):
            raise InputError("the pack has no validation songs (its valid split is empty); pack more songs")
        source = Source(
            train,
            corpus_weights(train, recipe.real_share, recipe.band_share),
            config,
            recipe.window,
            recipe.seed,
            hiding,
            recipe.context_noise,
        )
        places = [source.begin(lane) for lane in range(recipe.batch)]
        torch.manual_seed(recipe.seed + self.distributed.rank)
        if saved is not None:
            places = self._restore(saved, places)
        self.lanes = Lanes(source, places[self.distributed.mine(recipe.batch)], workers)
        self.held_out = held_out(pack, config) if self.distributed.first else []

    # --- a step ---

    def _autocast(self) -> AbstractContextManager[Any]:
        if self.recipe.precision == "float32":
            return nullcontext()
        return torch.autocast(torch.device(self.device).type, torch.bfloat16)

    def learn(self) -> tuple[Tensor, int]:
        """One optimiser step; returns summed nats by field and the notes they are over, both of this process alone."""
        rows = self.lanes.next()
        size = len(rows) // self.recipe.accumulate
        parts = [rows[first : first + size] for first in range(0, len(rows), size)]
        batches = [collate([row[:3] for row in part], self.device) for part in parts]
        fresh = torch.tensor([row.fresh for row in rows], device=self.device)
        state = [tensor * ~fresh[None, :, None] for tensor in self.state]
        heard = [batch.reference_bars > 0 for batch in batches]
        asked, with_reference, self.spent_s = self.distributed.sum(
            [
                sum(int(batch.asked.sum()) for batch in batches),
                sum(int(has.sum()) for has in heard),
                self.spent_s * self.distributed.first,
            ]
        )
        done = self.recipe.done(self.step, self.spent_s)
        set_rate(self.optimizer, rate_at(self.recipe, self.step, done))
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        sums = torch.zeros(len(FIELDS), device=self.device)
        notes, after = 0, []
        for i, (batch, part, has) in enumerate(zip(batches, parts, heard, strict=True)):
            before = [tensor[:, i * size : (i + 1) * size] for tensor in state]
            with self._autocast():
                logits, then = self.forward(batch, before or None)
                losses = field_losses(logits, batch)
                total = torch.stack([losses[name].sum() for name in FIELDS])
                loss = total.sum() / max(asked, 1)
                if self.recipe.adversary and has.any():
                    loss = loss + self._given_away(batch, part, has) * (float(has.sum()) / with_reference)
            loss.backward()  # type: ignore[no-untyped-call]
            after.append([tensor.detach().float() for tensor in then])
            sums += total.detach().float()
            notes += int((batch.target_kind[batch.asked] == NOTE).sum())
        self.state = [torch.cat(tensors, dim=1) for tensors in zip(*after, strict=True)]
        learners = [p for group in self.optimizer.param_groups for p in group["params"]]
        self.distributed.add_gradients(learners)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        if self.recipe.ema:
            self.average.update()
        self.step += 1
        self.notes += notes
        return sums.cpu(), notes

    def _given_away(self, batch: Batch, rows: list[Any], has: Tensor) -> Tensor:
        """How well the adversary guesses what a reference's style vector should not say, weighed."""
        style = self.network.ear(batch.reference[has], batch.reference_bars[has])
        profiles = profiles_of([row.song for row, there in zip(rows, has.tolist(), strict=True) if there]).to(
            self.device
        )
        missed: Tensor = self.adversary(style, profiles, 1.0)
        return self.recipe.adversary * missed

    # --- a slice ---

    def over(self) -> bool:
        """Whether the run has come to its end, by length or for want of progress."""
        return self.recipe.done(self.step, self.spent_s) >= 1 or 0 < self.recipe.patience <= self.stale

    def train(self, minutes: float = math.inf, steps: float = math.inf, log_every_s: float = 20.0) -> dict[str, Any]:
        """Train for a slice of the run, or to its end; returns the last validation."""
        begun = last_log = last_check = self.clock()
        sums, count, logged, first = torch.zeros(len(FIELDS)), 0, self.notes, self.step
        valid: dict[str, Any] | None = None
        while True:
            now = self.clock()
            # Clocks differ: the first process says when to stop and when to validate.
            stop = self.over() or now - begun >= 60 * minutes or self.step - first >= steps
            check = now - last_check > 60 * self.recipe.validate_minutes
            stop, check = self.distributed.from_first((stop, check))
            if stop:
                break
            losses, notes = self.learn()
            self.spent_s += self.clock() - now
            sums, count, valid = sums + losses, count + notes, None
            if now - last_log > log_every_s:
                bits = (sums / max(count, 1) / math.log(2)).tolist()
                speed = (self.notes - logged) * self.distributed.size / (now - last_log)
                facts = {"step": self.step, "minutes": self.spent_s / 60, "bits": sum(bits), "notes_s": speed}
                rate = self.optimizer.param_groups[0]["lr"]
                self.journal.write(facts | {"rate": rate} | dict(zip(FIELDS, bits, strict=True)))
                sums, count, last_log, logged = torch.zeros(len(FIELDS)), 0, now, self.notes
            if check:
                valid, last_check = self.check(), self.clock()
        return valid or self.check()

    def check(self) -> dict[str, Any]:
        """Validate, write down, save; the checkpoint only if it is the best so far."""
        valid: dict[str, Any] = {}
        if self.distributed.first:
            valid = evaluate(self.network, self.held_out, self.device)
            entry = {"step": self.step, "minutes": self.spent_s / 60, "valid": valid}
            averaged = None
            if self.recipe.ema:
                with self.average.in_place():
                    averaged = evaluate(self.network, self.held_out, self.device)
                    if averaged["bits"] < min(self.best, valid["bits"]):
                        self._keep(averaged, averaged=True)
            if valid["bits"] < self.best and (averaged is None or valid["bits"] <= averaged["bits"]):
                self._keep(valid, averaged=False)
            better = min([valid["bits"]] + ([averaged["bits"]] if averaged else []))
            self.stale = 0 if better < self.best else self.stale + 1
            self.best = min(self.best, better)
            self.journal.write(entry | ({"average": averaged} if averaged else {}))
        self.best, self.stale, valid = self.distributed.from_first((self.best, self.stale, valid))
        self.save()
        return valid

    # --- what is kept ---

    def _keep(self, valid: dict[str, Any], averaged: bool) -> None:
        weights = {name: tensor.float().cpu().numpy() for name, tensor in self.network.state_dict().items()}
        save_checkpoint(self.folder / CHECKPOINT, self.config, weights, self.card(valid) | {"averaged": averaged})

    def card(self, valid: dict[str, Any]) -> dict[str, Any]:
        """What the checkpoint says of itself: recipe, data by corpus with licence, and how well it predicts."""
        corpora = with_corpora(self.ancestor.get("corpora", {}), corpora_of(self.pack))
        return {
            "model": f"band-{self.config.trunk}",
            "step": self.step,
            "training_minutes": round(self.spent_s / 60, 1),
            "notes_seen": self.notes * self.distributed.size,
            "recipe": asdict(self.recipe),
            "device": self.device,
            "processes": self.distributed.size,
            "torch": torch.__version__,
            "licence": licence_of(corpora),
            "corpora": corpora,
            "pack": self.pack.digest,
            "grooves": grooves_of(self.pack),
            "valid": valid,
        } | ({"ancestor": self.ancestor} if self.ancestor else {})

    def save(self) -> None:
        """The resume file, replaced whole; the first process writes it for all."""
        own = {
            "places": [asdict(place) for place in self.lanes.places],
            "state": to_cpu(self.state),
            "dice": torch.get_rng_state(),
            "cuda_dice": torch.cuda.get_rng_state(self.device) if self.device != "cpu" else None,
        }
        everyone = self.distributed.gather(own)
        if not self.distributed.first:
            return
        saved = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "adversary": self.adversary.state_dict(),
            "average": self.average.weights,
            "averaged": self.average.count,
            "step": self.step,
            "spent_s": self.spent_s,
            "notes": self.notes,
            "best": self.best,
            "stale": self.stale,
            # Whole numbers of 128 bits travel as text.
            "places": json.dumps([place for one in everyone for place in one["places"]]),
            "state": [torch.cat(tensors, dim=1) for tensors in zip(*(one["state"] for one in everyone), strict=True)],
            "dice": [one["dice"] for one in everyone],
            "cuda_dice": [one["cuda_dice"] for one in everyone],
            "pack": self.pack.digest,
            "ancestor": json.dumps(self.ancestor),
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / RUN).write_text(
            json.dumps({"config": self.config.to_json(), "recipe": asdict(self.recipe)}, indent=1)
        )
        staged = self.folder / f"{RESUME}.part"
        try:
            with staged.open("wb") as file:
                torch.save(saved, file)
        except BaseException as error:
            staged.unlink(missing_ok=True)
            # torch tells of a full disk by an error of its own, raised while it tidies up after the system's.
            refused = error.__context__ if isinstance(error, RuntimeError) else None
            if isinstance(refused, OSError):
                raise refused from None
            raise
        staged.replace(self.folder / RESUME)
        if self.pieces is not None:
            split(saved, self.pieces)

    def _saved(self) -> dict[str, Any] | None:
        """What the run, or its pieces, left; the same for all processes, read by the first."""
        path = self.folder / RESUME
        found: dict[str, Any] | None = None
        if self.distributed.first:
            if path.exists():
                try:
                    found = torch.load(path, map_location="cpu", weights_only=True)
                except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
                    raise InputError(
                        f"{path}: cannot be resumed ({' '.join(str(error).split())[:80]}); remove it to start afresh"
                    ) from None
            elif self.pieces is not None:
                found = join(self.pieces)
        everyones: dict[str, Any] | None = self.distributed.from_first(found)
        return everyones

    def _check_pack(self, saved: dict[str, Any]) -> None:
        """Raises InputError where the run was begun with other songs: its card would not tell of them, nor its best compare."""
        if saved.get("pack", self.pack.digest) != self.pack.digest:
            raise InputError(
                f"{self.folder}: holds a run on another pack of songs; to train it on this one, begin another run: --out"
                f" ANOTHER --from {self.folder / CHECKPOINT}"
            )

    def _restore(self, saved: dict[str, Any], begin: list[Place]) -> list[Place]:
        """Go on from what was saved; returns where the lanes are. Lanes that are new begin at their beginning."""
        self.network.load_state_dict(saved["network"])
        self.adversary.load_state_dict(saved["adversary"])
        self.optimizer.load_state_dict(saved["optimizer"])
        for name, tensor in saved["average"].items():
            self.average.weights[name].copy_(tensor)
        self.average.count = saved["averaged"]
        self.step, self.notes, self.spent_s = saved["step"], saved["notes"], saved["spent_s"]
        self.best, self.stale = saved["best"], saved["stale"]
        places = [Place(**place) for place in json.loads(saved["places"])]
        if len(places) == len(begin):
            self.state = [tensor[:, self.distributed.mine(len(begin))].to(self.device) for tensor in saved["state"]]
        else:
            places = [*places, *begin[len(places) :]][: len(begin)]
        if len(saved["dice"]) == self.distributed.size:
            torch.set_rng_state(saved["dice"][self.distributed.rank])
            own = saved["cuda_dice"][self.distributed.rank]
            if own is not None and self.device != "cpu":
                torch.cuda.set_rng_state(own, self.device)
        return places

    def close(self) -> None:
        """End workers and close files."""
        self.lanes.close()
        self.journal.close()


def config_of(args: argparse.Namespace, pack: Pack) -> ModelConfig:
    """The run's config if there is one, else a new one. Raises InputError where the words ask for another than is there."""
    known = args.out / RUN
    if known.exists():
        config = _config_in(known)
        asked = config_for(pack, args.size or "small", args.trunk or config.trunk)
        if config.trunk != asked.trunk or (args.size and (config.width, config.layers) != (asked.width, asked.layers)):
            raise InputError(
                f"{args.out}: holds a run with a {config.trunk} of {config.layers} × {config.width}; leave out --size and --trunk to"
                " resume it, or choose another --out"
            )
    else:
        config = config_for(pack, args.size or "small", args.trunk or "lstm", args.start)
    return config if args.dropout is None else replace(config, dropout=args.dropout)


def _config_in(known: Path) -> ModelConfig:
    try:
        return ModelConfig.from_json(json.loads(known.read_text())["config"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{known}: cannot be read ({error}); choose another --out, or remove the run to start afresh"
        ) from None


def run(args: argparse.Namespace) -> int:
    """One slice of a run, from the words of the command line."""
    use_threads(args.threads)
    device = args.device if args.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: torch finds no GPU here; use --device cpu, or install torch's CUDA build")
    recipe = recipe_of(args)
    pack = open_pack(check_pack(args.pack))
    check_free(args.out, [])
    config = config_of(args, pack)
    distributed = Distributed(device)
    trainer: Trainer | None = None
    try:
        trainer = Trainer(pack, args.out, config, recipe, distributed, args.start, args.workers, args.pieces)
        if args.compile:
            trainer.forward = torch.compile(trainer.network, dynamic=True)
        valid = trainer.train(args.slice)
    except OSError as error:
        raise OutputError(f"{args.out}: cannot be written ({error.strerror}); is the disk full?") from None
    finally:
        if trainer is not None:
            trainer.close()
    if distributed.first:
        size = np.sum([p.numel() for p in trainer.network.parameters()]) / 1e6
        ended = "the run is complete" if trainer.over() else "run the same command to resume"
        print(
            f"{args.out}: {size:.1f} M parameters, step {trainer.step}, {trainer.spent_s / 60:.1f} minutes, {valid['bits']:.3f} bits a"
            f" note on held-out songs, best {trainer.best:.3f}; {ended}"
        )
    distributed.close()
    return 0


def main() -> int:
    """`python -m composer.training.train`: what torchrun starts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    try:
        return run(parser.parse_args())
    except ComposerError as error:
        print(f"composer: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
