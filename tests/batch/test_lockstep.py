"""Many songs in one batch: the same logits as the decoder for one, and the same notes whoever else is in the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from composer.arrange import Arranger
from composer.batch.lockstep import MOST_BARS, Lockstep
from composer.model.batch_invariant import TILE, batched_product
from composer.model.checkpoint import Checkpoint
from composer.model.decoder import Decoder
from composer.model.rows import Rows
from composer.model.sampling import stream
from composer.model.sampling_settings import SamplingSettings
from composer.model.sequence import Brief, cells
from composer.vocab import GridSong
from tests.model.songs import checkpoint_of, toy_network, toy_song


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return checkpoint_of(toy_network())


def piece(number: int) -> tuple[GridSong, Brief]:
    """Songs of several lengths, metres and briefs."""
    bars = 4 + number % 5
    song = toy_song(bars, number, quarters=3 + number % 2)
    given = cells(bars, (0, 2) if number % 3 else (0,))
    asked = cells(bars, (1, 3, 4) if number % 3 else (1, 2, 5))
    if number % 4 == 1:  # a hole, with what comes after it known
        asked[: bars // 2], asked[-1] = False, False
    given |= cells(bars, (1, 3, 4) if number % 3 else (1, 2, 5)) & ~asked if number % 4 == 1 else cells(bars, ())
    return song, Brief(asked, given, lookahead=2 - number % 2, styles=((1, 1, 1.0),), know_habits=number % 5 != 0)


def notes_of(decoder: Decoder, number: int) -> np.ndarray:
    song, brief = piece(number)
    strength = 1.7 if number % 5 == 3 else 1.0
    return np.concatenate(
        list(stream(decoder, song, brief, SamplingSettings(), np.random.default_rng(number), strength))
    )


class Both(Decoder):
    """Asks the lane, and asks for itself too: keeps the greatest difference between what the two make of any class."""

    def __init__(self, checkpoint: Checkpoint, lane: Decoder) -> None:
        super().__init__(checkpoint, Rows(checkpoint, 2, company=True))
        self.lane, self.most, self.asked = lane, 0.0, 0

    def __getattribute__(self, name: str) -> Any:
        mine = super().__getattribute__(name)
        if name not in ("begin", "tell", "turn", "position", "pitch", "duration", "velocity", "play", "end", "hear"):
            return mine

        def both(*values: Any) -> Any:
            mine(*values)
            return getattr(self.lane, name)(*values)

        return both

    def ask(self, choice: int) -> Any:
        self.catch_up()
        self.logits = self.rows.logits(choice, np.array([self.row]))[0]


@pytest.mark.slow
def test_a_lane_says_what_the_decoder_says(checkpoint: Checkpoint) -> None:
    def job(number: int) -> Callable[[Arranger], tuple[float, int]]:
        def run(arranger: Arranger) -> tuple[float, int]:
            lane: Any = arranger.decoder
            both = Both(checkpoint, lane)
            wait, rows = lane.wait, lane.rows

            def compare(choice: int) -> int:
                chosen: int = wait(choice)
                heard = rows.logits(choice, np.array([lane.row]))[0]
                both.most = max(both.most, float(np.abs(heard - both.logits).max()))
                both.asked += 1
                return chosen

            lane.wait = compare
            notes_of(both, number)
            return both.most, both.asked

        return run

    found = dict(Lockstep[tuple[float, int]](checkpoint, 5).run((number, job(number)) for number in range(10)))
    for compared in found.values():
        assert not isinstance(compared, Exception), compared
        assert compared[0] < 2e-4
        assert compared[1] > 50


@pytest.mark.slow
def test_a_song_is_the_same_in_any_company(checkpoint: Checkpoint) -> None:
    def job(number: int) -> Callable[[Arranger], np.ndarray]:
        return lambda arranger: notes_of(arranger.decoder, number)

    together = dict(Lockstep[np.ndarray](checkpoint, 16).run((number, job(number)) for number in range(14)))
    backwards = dict(Lockstep[np.ndarray](checkpoint, 7).run((number, job(number)) for number in reversed(range(14))))
    single_product = dict(Lockstep[np.ndarray](checkpoint, 1).run((number, job(number)) for number in range(14)))
    for number in range(14):
        assert np.array_equal(together[number], backwards[number])
        assert np.array_equal(together[number], single_product[number])
        assert len(single_product[number]) > 10


def test_long_songs_share_with_fewer(checkpoint: Checkpoint) -> None:
    lockstep = Lockstep[int](checkpoint, 4)
    lockstep.bars_of = lambda number: MOST_BARS * 1.1 if number == 2 else 10.0
    most = []

    def job(number: int) -> Callable[[Arranger], int]:
        def run(arranger: Arranger) -> int:
            most.append((number, len(lockstep._workers)))
            return len(notes_of(arranger.decoder, number))

        return run

    assert len(dict(lockstep.run((number, job(number)) for number in range(5)))) == 5
    assert dict(most)[2] == 1


def test_what_goes_wrong_stays_in_its_lane(checkpoint: Checkpoint) -> None:
    def job(number: int) -> Callable[[Arranger], int]:
        def run(arranger: Arranger) -> int:
            if number == 3:
                raise ValueError("a bad piece")
            return len(notes_of(arranger.decoder, number))

        return run

    found = dict(Lockstep[int](checkpoint, 4).run((number, job(number)) for number in range(6)))
    assert isinstance(found.pop(3), ValueError)
    assert all(isinstance(count, int) for count in found.values())


def test_rows_of_products_do_not_depend_on_their_company() -> None:
    """With the shapes of the shipped network, for which BLAS takes kernels of several kinds."""
    rng = np.random.default_rng(1)
    for shape in ((768, 256), (256, 118), (256, 210), (256, 35), (256, 20)):
        product = batched_product(rng.standard_normal(shape, np.float32))
        x = rng.standard_normal((TILE + 40, shape[0]), np.float32)
        whole = product(x)
        for count in (1, 2, 7, 8, 33, 64, 65, 100, TILE, TILE + 1):
            assert np.array_equal(product(x[-count:]), whole[-count:])
