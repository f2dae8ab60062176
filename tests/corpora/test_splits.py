"""Splits depend on the work's name alone."""

from collections import Counter

from composer.corpora.splits import SPLITS, split_of


def test_shares_are_ninety_five_five() -> None:
    counts = Counter(split_of(f"corpus/{number}") for number in range(20_000))
    assert set(counts) == set(SPLITS)
    assert abs(counts["train"] / 20_000 - 0.90) < 0.01
    assert abs(counts["valid"] / 20_000 - 0.05) < 0.005


def test_splits_never_change() -> None:
    assert [split_of(f"pop909/{number:03}") for number in (16, 17, 18, 19)] == ["train", "test", "train", "valid"]
