"""A small search over recipes with Optuna: many short runs, one table, one picture. It can be stopped and gone on with."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.errors import InputError
from composer.picture import COLOURS, FAINT, INK, LANE, PAPER
from composer.training.labels import config_for
from composer.training.packing import Pack
from composer.training.recipe import OPTIMIZERS, Recipe

if TYPE_CHECKING:
    import optuna

STUDY, TABLE, PICTURE = "study.db", "trials.md", "trials.png"


@dataclass(frozen=True)
class Tried:
    """One finished trial: what was chosen, and the best validation in bits a note."""

    number: int
    chosen: dict[str, Any]
    bits: float
    parameters: int
    notes: int
    """Notes it learned from in its time."""


def search(
    pack: Pack,
    out: Path,
    trials: int,
    minutes: float,
    size: str = "tiny",
    seed: int = 1,
    tell: Callable[[int], None] = lambda _: None,
) -> list[Tried]:
    """Try recipes, `minutes` of training each, until `trials` are done in all (those of earlier calls count); best first.

    Raises InputError where `out` holds a search that cannot be read, or one on another pack: their bits do not compare.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    out.mkdir(parents=True, exist_ok=True)
    _check_study(out / STUDY)
    study = optuna.create_study(
        study_name=f"{size}, {minutes:g} minutes",
        storage=f"sqlite:///{out / STUDY}",
        sampler=optuna.samplers.TPESampler(seed=seed),
        load_if_exists=True,
    )
    if study.user_attrs.get("pack", pack.digest) != pack.digest:
        raise InputError(f"{out}: holds a search on another pack of songs; choose another --out")
    study.set_user_attr("pack", pack.digest)

    def objective(trial: optuna.Trial) -> float:
        from composer.training.train import RESUME, Trainer

        config, recipe = draw(trial, pack, size)
        folder = out / f"trial-{trial.number:03d}"
        shutil.rmtree(folder, ignore_errors=True)
        recipe = replace(recipe, minutes=minutes, validate_minutes=minutes, seed=seed)
        trainer = Trainer(pack, folder, config, recipe, clock=time.process_time)
        try:
            trainer.train()
        finally:
            trainer.close()
        (folder / RESUME).unlink(missing_ok=True)
        trial.set_user_attr("parameters", sum(p.numel() for p in trainer.network.parameters()))
        trial.set_user_attr("notes", trainer.notes)
        return trainer.best

    while len(done := finished(study)) < trials:
        tell(len(done))
        study.optimize(objective, n_trials=1)
        report(finished(study), out)
    return done


def _check_study(path: Path) -> None:
    """Raises InputError for what is no database: Optuna would answer with errors of the libraries below it."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as found:
            found.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        raise InputError(f"{path}: cannot be read ({error}); remove it, or choose another --out") from None


def draw(trial: optuna.Trial, pack: Pack, size: str) -> tuple[Any, Recipe]:
    """A network and a recipe as the search proposes them."""
    config = config_for(pack, size, trial.suggest_categorical("trunk", ["lstm", "transformer"]))
    step = 2 * config.heads
    width = round(config.width * trial.suggest_float("width, × size", 0.5, 2.0, log=True) / step) * step
    recipe = Recipe(
        batch=trial.suggest_categorical("batch", [4, 8, 16, 32]),
        learning_rate=trial.suggest_float("rate", 3e-4, 2e-2, log=True),
        weight_decay=trial.suggest_float("weight decay", 1e-3, 0.2, log=True),
        optimizer=trial.suggest_categorical("optimizer", list(OPTIMIZERS)),
    )
    return replace(config, width=width, dropout=trial.suggest_float("dropout", 0.0, 0.3)), recipe


def finished(study: optuna.Study) -> list[Tried]:
    """The trials that came to their end, best first."""
    found = [
        Tried(t.number, t.params, t.value, t.user_attrs["parameters"], t.user_attrs["notes"])
        for t in study.trials
        if t.state.name == "COMPLETE" and t.value is not None
    ]
    return sorted(found, key=lambda tried: tried.bits)


def report(tried: list[Tried], out: Path) -> None:
    """The table and the picture."""
    names = list(tried[0].chosen)
    rows = [["trial", "bits a note", *names, "parameters", "notes learned"]]
    for one in tried:
        chosen = [
            f"{one.chosen[name]:.3g}" if isinstance(one.chosen[name], float) else str(one.chosen[name])
            for name in names
        ]
        rows.append([str(one.number), f"{one.bits:.3f}", *chosen, f"{one.parameters / 1e6:.2f} M", f"{one.notes:,}"])
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    (out / TABLE).write_text("\n".join(lines) + "\n")
    picture(tried, names, out / PICTURE)


def picture(tried: list[Tried], names: list[str], path: Path) -> None:
    """Bits a note over each choice; the best trial stands out."""
    from matplotlib.figure import Figure

    columns = (len(names) + 1) // 2
    figure = Figure(figsize=(3 * columns, 5.4), dpi=110, facecolor=PAPER, layout="constrained")
    for i, name in enumerate(names):
        axes = figure.add_subplot(2, columns, i + 1)
        values = [one.chosen[name] for one in tried]
        numeric = isinstance(values[0], float)
        x = values if numeric else [str(value) for value in values]
        axes.scatter(x, [one.bits for one in tried], s=18, color=COLOURS["piano"], alpha=0.8)
        axes.scatter(x[:1], [tried[0].bits], s=48, color=COLOURS["melody"], zorder=3)
        if numeric and min(values) > 0 and max(values) / min(values) > 5:
            axes.set_xscale("log")
        axes.set_facecolor(LANE)
        axes.set_title(name, color=INK, fontsize=10, loc="left")
        axes.tick_params(colors=FAINT, labelsize=7, which="both")
        axes.grid(color=PAPER)
        for spine in axes.spines.values():
            spine.set_visible(False)
    figure.supylabel("bits a note, held-out", color=FAINT, fontsize=9)
    figure.savefig(path)
