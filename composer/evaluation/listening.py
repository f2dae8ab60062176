"""The listening page: two bands behind one melody, blind. A folder with index.html and its sound; no server, no network."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from composer.evaluation.excerpts import Excerpt
from composer.evaluation.study import Performance
from composer.evaluation.ungrid import of_roles, score_of
from composer.evaluation.votes import seal
from composer.gm import MELODY
from composer.score import Score

FOLDER = "listening"
OPPONENTS = ("own", "mma", "shuffled")
"""Whom ours meets, in turn."""


@dataclass(frozen=True)
class Pair:
    """One question: the same bars by two systems. `systems` are those behind A and B."""

    excerpt: Excerpt
    systems: tuple[str, str]
    bands: tuple[np.ndarray, np.ndarray]


def pairs(shows: Sequence[Performance], count: int, rng_seed: int) -> list[Pair]:
    """`count` questions: ours against each opponent in turn, every excerpt at most once an opponent, A and B by lot.

    Shuffled bars come up once in six: who prefers those is not listening.
    """
    rng = np.random.default_rng([rng_seed, 7])
    have = {name for show in shows for name in show.bands}
    order = [name for name in ("own", "mma", "own", "mma", "own", "shuffled") if name in have]
    pool = [(show, at) for show in shows for at in range(len(show.excerpts))]
    pool = [pool[i] for i in rng.permutation(len(pool))]
    used: set[tuple[str, int, str]] = set()
    found: list[Pair] = []
    for number in range(count):
        opponent = order[number % len(order)] if order else ""
        fitting = [
            (show, at)
            for show, at in pool
            if (show.kind, at, opponent) not in used
            and show.bands.get("ours", [None])[min(at, len(show.bands.get("ours", [None])) - 1)] is not None
            and opponent in show.bands
            and show.bands[opponent][at] is not None
        ]
        if not fitting:
            continue
        show, at = min(fitting, key=lambda one: sum((one[0].kind, one[1], name) in used for name in OPPONENTS))
        used.add((show.kind, at, opponent))
        mine, theirs = show.bands["ours"][at], show.bands[opponent][at]
        assert mine is not None
        assert theirs is not None
        if rng.random() < 0.5:
            found.append(Pair(show.excerpts[at], ("ours", opponent), (mine, theirs)))
        else:
            found.append(Pair(show.excerpts[at], (opponent, "ours"), (theirs, mine)))
    return found


def band_score(excerpt: Excerpt, notes: np.ndarray) -> Score:
    """Melody and band over the measured bars, every system on the same sounds: what is compared is the notes."""
    heard = excerpt.heard
    together = np.concatenate([of_roles(heard.notes, [MELODY]), notes])
    score = score_of(heard, np.sort(together, order=["bar", "part", "position", "pitch"]))
    # The same length for A and B, so that one can be switched for the other in mid-bar.
    return replace(score, parts=tuple(part for part in score.parts if len(part)))


def write_page(
    folder: Path, questions: Sequence[Pair], soundfont: str | None, tell: Callable[[float], None] = lambda done: None
) -> Path:
    """index.html and two MP3s a question into `folder`. Raises AudioError where no sound can be made."""
    from composer.audio.compressed import write_mp3
    from composer.audio.mixer import mix
    from composer.audio.synth import render

    folder.mkdir(parents=True, exist_ok=True)
    trials = []
    digest = hashlib.sha256()
    for number, question in enumerate(questions):
        mixes = [mix(render(band_score(question.excerpt, notes), soundfont)) for notes in question.bands]
        frames = max(len(one.audio) for one in mixes)
        files = []
        for letter, one in zip("ab", mixes, strict=True):
            name = f"{number + 1:02d}-{letter}.mp3"
            padded = np.zeros((frames, one.audio.shape[1]), np.float32)
            padded[: len(one.audio)] = one.audio
            write_mp3(folder / name, padded, one.sample_rate)
            digest.update(padded.tobytes())
            files.append(name)
        bars = question.excerpt.heard.bar_count
        trials.append({"a": files[0], "b": files[1], "bars": bars, "seconds": round(frames / mixes[0].sample_rate, 1)})
        tell((number + 1) / len(questions))
    facts = {
        "page": digest.hexdigest()[:16],
        "sealed": seal([question.systems for question in questions]),
        "trials": trials,
    }
    template = (Path(__file__).parent / "listening.html").read_text("utf-8")
    text = json.dumps(facts).replace("<", "\\u003c")
    page = template.replace("/*FACTS*/null", text).replace("{{COUNT}}", html.escape(str(len(trials))))
    (folder / "index.html").write_text(page, "utf-8")
    return folder / "index.html"
