"""Keys: found in what is plainly in one, spelled as musicians spell them."""

from __future__ import annotations

import numpy as np
import pytest

from composer.harmony.key import KEYS, Key, find_key, profile_scores
from composer.score import NO_NOTES, Part, Score, as_notes

MAJOR_TUNE = (0, 0, 7, 7, 9, 9, 7, 5, 5, 4, 4, 2, 2, 0)
MINOR_TUNE = (0, 2, 3, 5, 7, 8, 7, 5, 3, 2, 11, 0)


def tune(steps: tuple[int, ...], tonic: int) -> np.ndarray:
    return as_notes([(480 * at, 480, 60 + tonic + step, 80) for at, step in enumerate(steps)])


@pytest.mark.parametrize("tonic", range(12))
def test_plain_tunes(tonic: int) -> None:
    assert find_key(tune(MAJOR_TUNE, tonic))[0] == Key(tonic, "major")
    assert find_key(tune(MINOR_TUNE, tonic))[0] == Key(tonic, "minor")


def test_scores_and_parts_agree_and_drums_do_not_count() -> None:
    part = Part("tune", tune(MAJOR_TUNE, 7), role="melody")
    drums = Part("kit", as_notes([(0, 1, 36, 100), (480, 1, 38, 100)]), is_drum=True)
    assert find_key(Score((part, drums))) == find_key(part) == find_key(part.notes)
    assert find_key(drums) == find_key(Score()) == find_key(NO_NOTES) == (Key(0, "major"), 0.0)
    assert 0.0 < find_key(part)[1] <= 1.0


def test_spelling() -> None:
    assert [Key(3, "major").spell(pitch_class) for pitch_class in (8, 9, 10, 2)] == ["Ab", "A", "Bb", "D"]
    assert [Key(1, "minor").spell(pitch_class) for pitch_class in (1, 0, 9)] == ["C#", "B#", "A"]
    assert (Key(6, "minor").name, Key(6, "minor").signature) == ("F# minor", "F#m")
    for mode in ("major", "minor"):
        for tonic in range(12):
            key = Key(tonic, mode)
            assert Key.from_signature(key.signature) == key
            assert len({key.spell(pitch_class)[0] for pitch_class in key.scale}) == 7
    assert Key.from_signature("") is None


def test_at_home_in_a_key() -> None:
    assert Key(0, "major").home == {0, 2, 4, 5, 7, 9, 11}
    assert Key(9, "minor").home == {9, 11, 0, 2, 4, 5, 7, 6, 8}


def test_profiles_of_many_weights_at_once() -> None:
    weights = np.zeros((3, 12))
    weights[0, [0, 2, 4, 5, 7, 9, 11]] = 3, 1, 2, 1, 2, 1, 1
    weights[1] = np.roll(weights[0], 5)
    scores = profile_scores(weights)
    assert [KEYS[best] for best in scores[:2].argmax(axis=1)] == [Key(0, "major"), Key(5, "major")]
    assert np.abs(scores).max() <= 1
    assert not scores[2].any()
