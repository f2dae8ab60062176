"""Does it sound like the style? A classifier learns from the training songs how each style plays.

What it gets right on held-out songs is its ceiling.

It hears only how the band plays — rhythm by part, degrees over the chords, lengths, chords struck, loudness — never key, tempo,
the melody or which parts there are, so a style is recognised by its playing alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from composer.errors import InputError
from composer.evaluation import logistic
from composer.evaluation.distances import HABITS, shares
from composer.evaluation.rhythm import HATS, SNARES
from composer.evaluation.texture import legato, polyphony
from composer.evaluation.ungrid import of_roles
from composer.gm import BAND, KICKS
from composer.training.packing import Pack
from composer.vocab import MAX_POSITIONS, GridSong, excerpt

WINDOW_BARS = 16
LEAST_BARS = 8
LEAST_SONGS = 8
"""Training songs that a style must have to be learned."""
PENALTY = 30.0
_SLOTS = (0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 5)
"""Position in a quarter note → the nearest of its sixteenths and triplets, counted in time."""


class NoStyles(InputError):
    """Songs by which no style can be known."""


@dataclass(frozen=True)
class StyleClassifier:
    """A fitted classifier and what it can name."""

    styles: tuple[str, ...]
    model: logistic.Logistic

    def guess(self, song: GridSong, notes: np.ndarray) -> str:
        """The style a band's playing sounds like."""
        return self.styles[int(self.model.predict(style_features(song, notes)[None])[0])]


def style_features(song: GridSong, notes: np.ndarray) -> np.ndarray:
    """How a band plays, shape (f,); NaN for parts that do not."""
    drums = of_roles(notes, ["drums"])
    rows = [_placed(song, drums[np.isin(drums["pitch"], pieces)]) for pieces in (KICKS, SNARES, HATS)]
    rest = drums[~np.isin(drums["pitch"], KICKS + SNARES + HATS)]
    rows.append(_placed(song, rest))
    for role in BAND:
        mine = of_roles(notes, [role])
        if role == "drums":
            continue
        rows.append(_placed(song, mine))
        for habit in HABITS:
            if habit.name in ("degree over the root", "length", "time to the next onset"):
                there = shares(song, notes, role, habit)
                rows.append(there if len(mine) else np.full(len(there), np.nan))
        rows.append(np.array([polyphony(notes, role), legato(song, notes, role)]))
    for role in BAND:
        mine = of_roles(notes, [role])
        played = max(len(np.unique(mine["bar"])), 1)
        rows.append(np.array([np.log1p(len(mine) / played) if len(mine) else np.nan]))
    return np.concatenate(rows)


def window(song: GridSong) -> GridSong | None:
    """The sixteen bars in the middle of a song that its style is judged by, all of a shorter one; None under eight."""
    if song.bar_count < LEAST_BARS:
        return None
    start = max(0, (song.bar_count - WINDOW_BARS) // 2)
    return excerpt(song, start, min(start + WINDOW_BARS, song.bar_count))


def is_band(song: GridSong) -> bool:
    """Whether a song is more than one player: drum loops and lone pianos are no example of a band's style."""
    present = set(np.unique(song.notes["part"]).tolist()) - {0}
    return len(present) >= 2 and song.style != ""


def meters_of(train: Pack, styles: Collection[str]) -> dict[str, set[str]]:
    """Style → the metres in which the training songs have it often enough."""
    counts = Counter((about["style"], about["meta"].get("meter", "")) for about in train.about)
    return {
        style: {meter for (name, meter), count in counts.items() if name == style and count >= LEAST_SONGS}
        for style in styles
    }


def learn(
    train: Pack, per_style: int, rng_seed: int = 0, tell: Callable[[float], None] = lambda done: None
) -> StyleClassifier:
    """A classifier from up to `per_style` training songs of each style. Raises NoStyles where none has enough of them."""
    rows, labels = _rows(train, per_style, rng_seed, tell)
    names = sorted({name for name in labels if labels.count(name) >= LEAST_SONGS})
    if not names:
        raise NoStyles(f"no style has {LEAST_SONGS} training songs of bands to be known by")
    keep = [name in names for name in labels]
    wanted = np.array([names.index(name) for name in labels if name in names])
    weights = (1 / np.bincount(wanted))[wanted] * len(wanted) / max(len(names), 1)
    model = logistic.fit(np.array(rows)[keep], wanted, len(names), PENALTY, weights)
    return StyleClassifier(tuple(names), model)


def ceiling(classifier: StyleClassifier, held_out: Pack, per_style: int, rng_seed: int = 0) -> dict[str, list[bool]]:
    """Style → whether each of its held-out songs' own bands was recognised."""
    rows, labels = _rows(held_out, per_style, rng_seed)
    found: dict[str, list[bool]] = {}
    for row, label in zip(rows, labels, strict=True):
        if label in classifier.styles:
            said = classifier.styles[int(classifier.model.predict(row[None])[0])]
            found.setdefault(label, []).append(said == label)
    return found


def balanced(right: dict[str, list[bool]]) -> float:
    """Mean over styles of the share that is right in each; NaN without any."""
    return float(np.mean([np.mean(each) for each in right.values()])) if right else float("nan")


def _rows(
    pack: Pack, per_style: int, rng_seed: int, tell: Callable[[float], None] = lambda done: None
) -> tuple[list[np.ndarray], list[str]]:
    about = pack.about
    taken: dict[str, int] = {}
    rows, labels = [], []
    for done, index in enumerate(np.random.default_rng(rng_seed).permutation(len(pack))):
        tell(done / max(len(pack), 1))
        style = about[int(index)]["style"]
        if not style or taken.get(style, 0) >= per_style:
            continue
        song = pack[int(index)]
        stretch = window(song) if is_band(song) else None
        if stretch is None:
            continue
        taken[style] = taken.get(style, 0) + 1
        rows.append(style_features(stretch, stretch.notes[stretch.notes["part"] > 0]))
        labels.append(style)
    return rows, labels


def _placed(song: GridSong, notes: np.ndarray) -> np.ndarray:
    """Onsets a bar on each sixteenth and triplet of the bar, shape (P / 2,); NaN without notes."""
    if not len(notes):
        return np.full(MAX_POSITIONS // 2, np.nan)
    position = notes["position"].astype(int)
    slot = position // 12 * 6 + np.array(_SLOTS)[position % 12]
    return np.asarray(np.bincount(slot, minlength=MAX_POSITIONS // 2) / song.bar_count)
