"""What each idea is worth: the same data and the same time, one thing changed at a time; bits a note on held-out songs.

    python benchmarks/ablation.py PACK --minutes 6 --out DIR [--size tiny] [--only NAME …] [--seeds 1]

Minutes are of the processor's time on one thread (so that a busy machine is fair to all), of wall time on a GPU. What has been run
is kept in DIR and not run again; ablation.md is the table, ablation.png the curves. Less is better everywhere but in notes/s.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from flat_tokens import FlatTokens

from composer.model.config import ModelConfig
from composer.model.network import FIELDS, Batch, Network, State
from composer.model.sequence import Brief
from composer.training.briefs import ConditioningDropout
from composer.training.curves import draw_curves
from composer.training.dataset import without_chords
from composer.training.labels import config_for
from composer.training.packing import Pack, open_pack
from composer.training.recipe import Recipe
from composer.training.train import Trainer
from composer.vocab import GridSong


@dataclass(frozen=True)
class Variant:
    """One row of the table: what differs from the note model with everything."""

    says: str
    trunk: str = "lstm"
    build: Callable[[ModelConfig], Network] = Network
    hiding: ConditioningDropout = ConditioningDropout()
    recipe: tuple[tuple[str, Any], ...] = ()
    judged: Callable[[GridSong, Brief], tuple[GridSong, Brief]] = lambda song, brief: (song, brief)
    """How held-out songs are told."""


class NoMusicalTime(Network):
    """Blind to what a position would be: no onsets of others, no metric levels, no habits."""

    def forward(self, batch: Batch, state: State | None = None) -> tuple[dict[str, torch.Tensor], State]:
        return super().forward(batch._replace(position_features=torch.zeros_like(batch.position_features)), state)


class NoPointers(Network):
    """Nothing points at what was played before."""

    def forward(self, batch: Batch, state: State | None = None) -> tuple[dict[str, torch.Tensor], State]:
        none = {f"copy_{name}": torch.full_like(getattr(batch, f"copy_{name}"), -1) for name in FIELDS}
        return super().forward(batch._replace(**none), state)


class NoCanvas(NoMusicalTime):
    """Blind to what a candidate would be: a position, a pitch, a pointer; notes by their numbers alone."""

    def forward(self, batch: Batch, state: State | None = None) -> tuple[dict[str, torch.Tensor], State]:
        none = {f"copy_{name}": torch.full_like(getattr(batch, f"copy_{name}"), -1) for name in FIELDS}
        blind = batch._replace(pitch_features=torch.zeros_like(batch.pitch_features), **none)
        return super().forward(blind, state)


VARIANTS = {
    "lstm": Variant("note events, LSTM, everything"),
    "transformer": Variant("… transformer", trunk="transformer"),
    "muon": Variant("… Muon for AdamW", recipe=(("optimizer", "muon"),)),
    "transformer-muon": Variant("… transformer, Muon", trunk="transformer", recipe=(("optimizer", "muon"),)),
    "no-chords": Variant(
        "… without the chord lane",
        hiding=ConditioningDropout(chords=1.0),
        judged=lambda song, brief: (without_chords(song), brief),
    ),
    "no-style": Variant(
        "… without style, groove and tempo",
        hiding=ConditioningDropout(all_style=1.0, tempo=1.0),
        judged=lambda song, brief: (song, replace(brief, styles=(), reference=None, tempo=0)),
    ),
    "no-time": Variant(
        "… without musical-time features",
        build=NoMusicalTime,
        hiding=ConditioningDropout(habits=1.0),
        judged=lambda song, brief: (song, replace(brief, know_habits=False)),
    ),
    "no-pointers": Variant("… without pointers to what was played", build=NoPointers),
    "no-canvas": Variant("… without any of the canvas", build=NoCanvas),
    "flat": Variant("flat tokens, LSTM", build=FlatTokens),
    "flat-transformer": Variant("flat tokens, transformer", trunk="transformer", build=FlatTokens),
}


def run(name: str, pack: Pack, out: Path, size: str, minutes: float, seed: int, device: str) -> dict[str, Any]:
    """Train one variant, or go on with it; its figures."""
    variant = VARIANTS[name]
    folder = out / f"{name}-{seed}"
    path = folder / "result.json"
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text())
        return kept
    recipe = Recipe(
        minutes=minutes, validate_minutes=max(minutes / 4, 0.5), seed=seed, batch=8 if size == "tiny" else 16
    )
    recipe = replace(recipe, **dict(variant.recipe), adversary=0.0)
    clock = time.process_time if device == "cpu" else time.monotonic
    from composer.training.distributed import Distributed

    trainer = Trainer(
        pack,
        folder,
        config_for(pack, size, variant.trunk),
        recipe,
        Distributed(device),
        clock=clock,
        hiding=variant.hiding,
        build=variant.build,
    )
    trainer.held_out = [variant.judged(song, brief) for song, brief in trainer.held_out]
    trainer.train()
    trainer.close()
    entries = [entry for entry in trainer.journal.entries() if "valid" in entry]
    sides = [entry[side] for entry in entries for side in ("valid", "average") if entry.get(side)]
    better = min(sides, key=lambda side: side["bits"])
    result = {
        "valid": better,
        "plain": entries[-1]["valid"]["bits"],
        "averaged": entries[-1].get("average", {}).get("bits"),
        "parameters": sum(p.numel() for p in trainer.network.parameters()),
        "notes_s": trainer.notes / trainer.spent_s,
        "steps": trainer.step,
    }
    path.write_text(json.dumps(result))
    (folder / "resume.pt").unlink()
    return result


def table(results: dict[str, list[dict[str, Any]]], title: str) -> str:
    """Markdown: a row a variant, the mean over seeds."""
    corpora = sorted({corpus for rows in results.values() for row in rows for corpus in row["valid"]["by_corpus"]})
    head = ["", "parameters", "notes/s", "bits a note", "last weights", "their average", *FIELDS, *corpora]
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    for name, rows in results.items():

        def mean(pick: Callable[[dict[str, Any]], float], rows: list[dict[str, Any]] = rows) -> float:
            return sum(map(pick, rows)) / len(rows)

        cells = [f"{mean(lambda r: r['parameters']) / 1e6:.2f} M", f"{mean(lambda r: r['notes_s']):,.0f}"]
        cells.append(f"**{mean(lambda r: r['valid']['bits']):.3f}**")
        cells += [f"{mean(lambda r, k=kind: r[k]):.3f}" for kind in ("plain", "averaged")]
        cells += [f"{mean(lambda r, f=field: r['valid']['by_field'][f]):.3f}" for field in FIELDS]
        cells += [f"{mean(lambda r, c=corpus: r['valid']['by_corpus'][c]):.2f}" for corpus in corpora]
        lines.append(f"| {VARIANTS[name].says} | {' | '.join(cells)} |")
    note = "Bits a note: the best validation, of weights or average. A star marks the synthetic band. notes/s: in training."
    return f"{title}\n\n" + "\n".join(lines) + f"\n\n{note}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=6.0, help="of training for each variant (default: 6)")
    parser.add_argument("--size", choices=("tiny", "small", "base"), default="tiny")
    parser.add_argument("--only", nargs="*", choices=list(VARIANTS), help="which variants (default: all)")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each (default: 1)")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    said = parser.parse_args()
    torch.set_num_threads(said.threads)
    pack = open_pack(said.pack)
    results: dict[str, list[dict[str, Any]]] = {}
    title = f"{said.size}, {said.minutes:g} minutes of training each on {said.device}, {said.threads} thread(s), seeds: {said.seeds}."
    for name in said.only or VARIANTS:
        for seed in range(1, said.seeds + 1):
            results.setdefault(name, []).append(run(name, pack, said.out, said.size, said.minutes, seed, said.device))
        (said.out / "ablation.md").write_text(table(results, title))
        logs = {
            n: [json.loads(line) for line in (said.out / f"{n}-1" / "log.jsonl").read_text().splitlines()]
            for n in results
        }
        draw_curves(
            {n: [entry for entry in log if "valid" in entry] for n, log in logs.items()}, said.out / "ablation.png"
        )
        print(f"{name}: {results[name][-1]['valid']['bits']:.3f}", flush=True)
    print(table(results, title))


if __name__ == "__main__":
    main()
