"""Ours in the style asked for: heard by the style classifier against its ceiling, and what was kept of the song."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from composer.arrange import Arranger
from composer.errors import ComposerError
from composer.evaluation import harmony
from composer.evaluation.bootstrap import mean_interval
from composer.evaluation.excerpts import Excerpt
from composer.evaluation.study import Tell, as_json, as_number
from composer.evaluation.style import StyleClassifier, balanced
from composer.evaluation.systems import Asked, arranged, mma
from composer.evaluation.ungrid import beats_of, of_roles
from composer.styles import STYLES

STYLES_A_CHART = 3

Player = Callable[["Trial"], tuple[np.ndarray, bool]]
"""A chart in a style → the band's notes over the whole excerpt, and whether the melody came out as it went in."""


@dataclass(frozen=True)
class Trial:
    """One chart in one style."""

    excerpt: Excerpt
    style: str
    dice: int
    """One seed per trial; with a shared one, all trials in a style would get the same example."""


def trials(charts: Sequence[Excerpt], meters: Mapping[str, Collection[str]], rng_seed: int) -> list[Trial]:
    """Every chart in three styles that have been heard in its metre, so that all styles come up about as often.

    meters: style → the metres it can be asked for in.
    """
    rng = np.random.default_rng(rng_seed)
    used = dict.fromkeys(sorted(meters), 0)
    found: list[Trial] = []
    for chart in charts:
        meter = chart.song.meta.get("meter", "4/4")
        fitting = [name for name in used if name in STYLES and meter in meters[name]]
        order = rng.permutation(len(fitting))
        for at in sorted(order.tolist(), key=lambda i: used[fitting[i]])[:STYLES_A_CHART]:
            found.append(Trial(chart, fitting[at], int(rng.integers(2**31))))
            used[fitting[at]] += 1
    return found


def restyle(
    arranger: Arranger,
    classifier: StyleClassifier,
    plan: Sequence[Trial],
    strengths: Sequence[float],
    own_right: dict[str, list[bool]],
    with_mma: bool,
    seed: int,
    tell: Tell,
) -> dict[str, Any]:
    """Accuracy of ours per strength beside the classifier's on held-out songs, and content kept beside mma's.

    own_right: style → whether each held-out song's own band was recognised. All accuracies are means over the same styles.
    """
    styles = sorted({trial.style for trial in plan} & set(own_right))
    best = balanced({style: own_right[style] for style in styles})
    players: dict[str, Player] = {
        f"ours, strength {strength:g}": partial(_ours, arranger, strength) for strength in strengths
    }
    if with_mma:
        players["mma"] = _mma
    rows: dict[str, Any] = {}
    for done, (name, player) in enumerate(players.items()):
        rows[name] = _row(plan, classifier, styles, seed, player, _share(tell, done, len(players)))
    for row in rows.values():
        row["of_ceiling"] = as_number(row["accuracy"]["value"] / best) if row["accuracy"]["value"] is not None else None
    held = sum(len(own_right[style]) for style in styles)
    return {"styles": styles, "ceiling": as_number(best), "held_out_songs": held, "systems": rows}


def _ours(arranger: Arranger, strength: float, trial: Trial) -> tuple[np.ndarray, bool]:
    return arranged(arranger, trial.excerpt, trial.dice, Asked(trial.style, strength, STYLES[trial.style].parts))


def _mma(trial: Trial) -> tuple[np.ndarray, bool]:
    return mma(trial.excerpt, trial.dice, style=trial.style), True


def _share(tell: Tell, done: int, count: int) -> Tell:
    """Progress of one of several equal steps."""
    return lambda part: tell((done + part) / count)


def _row(
    plan: Sequence[Trial], classifier: StyleClassifier, styles: list[str], seed: int, player: Player, tell: Tell
) -> Any:
    """One system over all trials: recognised, chords kept, notes in the chord, melody untouched."""
    recognised, chords, in_chord, kept, works, names, said = [], [], [], [], [], [], []
    failed = 0
    for at, trial in enumerate(plan):
        tell((at + 1) / len(plan))
        if trial.style not in styles:
            continue
        try:
            notes, untouched = player(trial)
        except ComposerError:
            failed += 1
            continue
        notes, heard = trial.excerpt.cut(notes), trial.excerpt.heard
        guess = classifier.guess(heard, notes)
        recognised.append(guess == trial.style)
        said.append(guess)
        names.append(trial.style)
        chords.append(harmony.implied_chords(heard, notes))
        pitched = of_roles(notes, harmony.PITCHED)
        beat = beats_of(heard, pitched)
        known = heard.roots[beat] >= 0
        in_chord.append(float(heard.tones[beat, pitched["pitch"] % 12][known].mean()) if known.any() else np.nan)
        kept.append(untouched)
        works.append(f"{trial.excerpt.work}/{trial.style}")
    # Accuracy is a mean over styles, as the ceiling is; content a mean over songs.
    per_style = {
        style: [right for right, name in zip(recognised, names, strict=True) if name == style] for style in set(names)
    }
    songs = [work.rpartition("/")[0] for work in works]
    return {
        "accuracy": as_json(mean_interval(np.array(recognised, float), names, seed)),
        "chords_kept": as_json(mean_interval(np.array(chords, float), songs, seed)),
        "in_chord": as_json(mean_interval(np.array(in_chord, float), songs, seed)),
        "melody_untouched": bool(all(kept)) if kept else None,
        "arrangements": len(recognised),
        "could_not": failed,
        "per_style": {style: as_number(float(np.mean(each))) for style, each in sorted(per_style.items())},
        "taken_for": {style: _commonest(names, said, style) for style in sorted(per_style)},
    }


def _commonest(names: list[str], said: list[str], style: str) -> str:
    mine = [guess for name, guess in zip(names, said, strict=True) if name == style]
    return max(sorted(set(mine)), key=mine.count)
