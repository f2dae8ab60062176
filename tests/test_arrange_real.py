"""The seed comes back untouched: real files, arranged and written and read again."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from composer.arrange import ArrangeOptions, Arranger
from composer.errors import ComposerError
from composer.formats import load, save
from composer.score import Score
from tests.model.songs import checkpoint_of, toy_network

SEEDS = sorted((Path(__file__).parent.parent / "composer" / "seeds").glob("*.mid"))


@pytest.fixture(scope="module")
def arranger() -> Arranger:
    return Arranger(checkpoint_of(toy_network()))


def assert_untouched(arranger: Arranger, score: Score, folder: Path) -> None:
    """The melody, the tempo map and the metres of what is read back from disk are the seed's, tick for tick."""
    made = arranger.arrange(score, ArrangeOptions(parts=("bass", "drums"), chords="C"))
    path = folder / "band.mid"
    save(made.score, path, force=True)
    back = load(path)
    assert np.array_equal(back.parts[0].notes, made.melody.part.notes)
    assert (back.tempo, back.meter) == (score.tempo, score.meter)
    assert back.ticks_per_beat == score.ticks_per_beat


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_bundled_seeds(arranger: Arranger, seed: Path, tmp_path: Path) -> None:
    assert_untouched(arranger, load(seed), tmp_path)


@pytest.mark.corpus
@pytest.mark.parametrize("corpus", ["pop909/*", "nottingham", "freedoom", "simutrans", "openmsx", "easyrpg"])
def test_real_files(arranger: Arranger, corpus: str, tmp_path: Path) -> None:
    every = sorted(Path(os.environ["COMPOSER_DATA"]).glob(f"{corpus}/*.mid"))
    sample = every if os.environ.get("COMPOSER_EVERY") else every[:: max(1, len(every) // 6)]
    assert sample
    proved = 0
    for path in sample:
        try:
            score = load(path)
            assert_untouched(arranger, score, tmp_path)
        except ComposerError:
            continue
        proved += 1
    assert proved > len(sample) / 2
