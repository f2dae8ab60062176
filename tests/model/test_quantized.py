"""The trunk in eight bits: near to float32, exact sums, rows apart, and the same again."""

from __future__ import annotations

import numpy as np
import pytest

from composer.model.quantized import MOST, QuantizedLSTM, quantized_product, rounded
from composer.model.trunk import LSTMRuntime


def weights(embedding: int = 48, width: int = 64, layers: int = 2) -> dict[str, np.ndarray]:
    """As torch draws them for a new network."""
    rng = np.random.default_rng(3)
    found = {}
    for layer in range(layers):
        shapes = {"weight_ih": (4 * width, embedding if layer == 0 else width), "weight_hh": (4 * width, width)}
        for name, shape in (shapes | {"bias_ih": (4 * width,), "bias_hh": (4 * width,)}).items():
            array = rng.uniform(-1, 1, shape) / np.sqrt(width)
            found[f"trunk.lstm.{name}_l{layer}"] = array.astype(np.float32)
    return found


def events(count: int, embedding: int = 48) -> np.ndarray:
    return np.tanh(np.random.default_rng(4).standard_normal((count, embedding))).astype(np.float32)


@pytest.mark.parametrize("size", [(48, 64, 1), (64, 160, 3)])
def test_it_remembers_what_float32_remembers(size: tuple[int, int, int]) -> None:
    told, rows = events(40, size[0]), np.array([0])
    mine, theirs = QuantizedLSTM(weights(*size), size[2], 1), LSTMRuntime(weights(*size), size[2], 1)
    for each in told:
        heard, wanted = mine.step(rows, each[None]), theirs.step(rows, each[None])
        np.testing.assert_allclose(heard, wanted, atol=0.01)
    mine.forget(0)
    np.testing.assert_allclose(mine.read(0, told), wanted[0], atol=0.01)


def test_rows_know_nothing_of_each_other_and_all_is_the_same_again() -> None:
    told = events(12)
    memory = QuantizedLSTM(weights(), 2, 3)
    alone = [memory.step(np.array([1]), each[None])[0] for each in told[:8]]
    saved = memory.save(1)
    memory.forget(1)
    together = [memory.step(np.array([2, 1]), np.stack([each[::-1], each]))[1] for each in told[:8]]
    assert np.array_equal(alone, together)
    rest = memory.read(1, told[8:])
    memory.restore(1, saved)
    assert np.array_equal(memory.read(1, told[8:]), rest)
    assert not memory.state[0].any()


def test_weights_are_rounded_to_whole_numbers() -> None:
    matrix = np.random.default_rng(0).standard_normal((30, 7)).astype(np.float32) * np.arange(7, dtype=np.float32)
    whole, scale = rounded(matrix)
    assert whole.dtype == np.int8
    assert (np.abs(whole).max(axis=0)[1:] == MOST).all()
    assert not whole[:, 0].any()
    assert (np.abs(whole * scale - matrix) <= scale / 2 * 1.001).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_sums_are_not_cut_off(sign: int) -> None:
    """Where a processor adds products in 16 bits, they must fit."""
    large = np.full((64, 16), sign * 0.5, np.float32)
    np.testing.assert_allclose(
        quantized_product(large)(np.ones((1, 64), np.float32)), np.full((1, 16), sign * 32.0), rtol=1e-3
    )


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_models_of_any_depth_are_read_without_a_word(layers: int, capfd: pytest.CaptureFixture[str]) -> None:
    heard = QuantizedLSTM(weights(layers=layers), layers, 1).read(0, events(3))
    assert heard.shape == (64,)
    assert capfd.readouterr() == ("", "")
