"""The chord model: numpy agrees with torch, learns what it is shown, and refuses weights that are not its own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.corpora.song import Song
from composer.errors import CheckpointError
from composer.harmony.circular import CircularNetwork
from composer.harmony.harmonise import best_states, home, roots_first
from composer.harmony.lane import ChordLane
from composer.harmony.melody_features import WIDTH, melody_features
from composer.harmony.melody_model import STATES, MelodyModel, default_harmony, quality_of
from composer.harmony.repeats import share_repeats
from composer.score import Part, Score, as_notes
from composer.timing import Meter
from composer.training.harmony import HarmonyTraining, build, save, train_network
from composer.training.harmony_songs import Augmentation, BatchSampler, example, fold_of, rolled, thinned

TINY = HarmonyTraining(
    width=4,
    dilations=(1, 2, 1),
    updates=60,
    batch=4,
    crop=32,
    dropout=0.0,
    label_smoothing=0.0,
    luck=Augmentation(wrong_key=0.0, thinned=0.0, unheard=0.0, block_dropout=0.0),
)
CHART = "C | F | G7 | C | Am | Dm | G | C"


def song(split: str = "train") -> Song:
    notes = [
        (480 * beat, 480, 60 + (0, 5, 7, 0, 9, 2, 7, 0)[beat // 4] + (0, 4, 7, 4)[beat % 4], 80) for beat in range(32)
    ]
    score = Score((Part("tune", as_notes(notes), role="melody"),), key="C")
    lane = ChordLane.from_chart(CHART, score.bars())
    return Song("x/1", "pop909", "x/1", split, "CC0", "", False, "", "", score, lane)


def tiny_weights() -> dict[str, np.ndarray]:
    pytest.importorskip("torch")
    return {name: tensor.numpy() for name, tensor in build(TINY).state_dict().items()}


def test_numpy_agrees_with_torch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    network = build(TINY).eval()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    model = MelodyModel((CircularNetwork(weights, TINY.dilations),))
    features = np.random.default_rng(1).normal(size=(40, WIDTH)).astype(np.float32)
    with torch.no_grad():
        theirs = network(torch.from_numpy(features)[None], torch.ones(1, 40, 1))[0].log_softmax(-1).numpy()
    np.testing.assert_allclose(model.log_probabilities(features), theirs, atol=5e-2)
    save(tmp_path, [weights], [weights], TINY)
    np.testing.assert_allclose(MelodyModel.load(tmp_path).log_probabilities(features), theirs, atol=6e-2)


def test_a_circular_network_turns_with_the_pitch_classes() -> None:
    weights = tiny_weights()
    for name in ("key", "plain.weight", "plain.bias"):
        weights[name] = np.zeros_like(weights[name])
    network = CircularNetwork(weights, TINY.dilations)
    features = np.random.default_rng(1).normal(size=(20, WIDTH)).astype(np.float32)
    there = network.logits(rolled(features, -5))
    np.testing.assert_allclose(np.roll(network.logits(features), 5, axis=2), there, atol=1e-4)


def test_a_tiny_model_memorises_one_song() -> None:
    pytest.importorskip("torch")
    shown = example(song())
    assert shown is not None
    weights = train_network([shown], TINY, seed=1)
    again = train_network([shown], TINY, seed=1)
    assert all(np.array_equal(weights[name], again[name]) for name in weights)
    model = MelodyModel((CircularNetwork(weights, TINY.dilations),))
    states = best_states(model, rolled(shown.features, shown.reference), shown.bars, home(shown.notes, shown.reference))
    right = (states % 12 + shown.reference) % 12 == shown.roots
    assert (right.mean() > 0.9, (states // 12 == shown.qualities)[right].mean() > 0.9) == (True, True)


def test_networks_are_averaged_in_probability(tmp_path: Path) -> None:
    first, second = tiny_weights(), tiny_weights()
    save(tmp_path, [first, second], [first, second], TINY)
    both = MelodyModel.load(tmp_path)
    one, other = MelodyModel.load_folds(tmp_path)
    features = np.random.default_rng(1).normal(size=(8, WIDTH)).astype(np.float32)
    mixed = 0.5 * np.exp(one.log_probabilities(features)) + 0.5 * np.exp(other.log_probabilities(features))
    np.testing.assert_allclose(np.exp(both.log_probabilities(features)), mixed, atol=1e-6)
    (tmp_path / "folds.safetensors").write_bytes((tmp_path / "weights.safetensors").read_bytes() + b" ")
    with pytest.raises(CheckpointError, match="not the networks that"):
        MelodyModel.load_folds(tmp_path)


def test_folds_go_by_work() -> None:
    folds = [fold_of(f"openewld/{number}", 4) for number in range(400)]
    assert folds == [fold_of(f"openewld/{number}", 4) for number in range(400)]
    assert min(np.bincount(folds, minlength=4)) > 70


def test_what_chance_does_to_a_batch() -> None:
    shown = example(song())
    assert shown is not None
    shown = replace(shown, guessed=shown.reference)
    fewer = thinned(shown, np.random.default_rng(1))
    assert fewer.shape == shown.features.shape
    assert not np.array_equal(fewer, shown.features)
    plain, hidden = (
        BatchSampler([shown], [[]], replace(TINY.luck, unheard=unheard), 4, 32).draw(
            np.ones(1), np.random.default_rng(2)
        )
        for unheard in (0.0, 0.5)
    )
    np.testing.assert_allclose(plain[0][0], rolled(shown.features, shown.reference), atol=1e-6)
    assert (hidden[0] != 0).sum() < (plain[0] != 0).sum()
    assert np.array_equal(hidden[2][0] % 12, (shown.roots - shown.reference) % 12)


def test_features_roll_with_the_reference() -> None:
    notes = song().score.parts[0].notes
    bars = Meter(480).bars(8 * 1920)
    moved = notes.copy()
    moved["pitch"] += 5
    np.testing.assert_allclose(melody_features(moved, bars, 5), melody_features(notes, bars, 0), atol=1e-6)
    np.testing.assert_allclose(melody_features(notes, bars, 3), rolled(melody_features(notes, bars, 0), 3), atol=1e-6)


def test_a_root_is_the_sum_of_its_qualities() -> None:
    chances = np.full((1, STATES), 1e-6)
    chances[0, [0, 12, 5]] = 0.3, 0.3, 0.4
    scores = roots_first(np.log(chances))
    assert scores.argmax() % 12 == 0
    np.testing.assert_allclose(scores[0, 0] - scores[0, 12], 0.0, atol=1e-9)


def test_bars_that_sing_the_same_share_their_chords() -> None:
    bars = Meter(480).bars(8 * 1920)
    melody = np.zeros((32, 12))
    melody[np.arange(32), np.arange(32) % 16 // 4] = 1.0
    scores = np.arange(32.0)[:, None]
    shared = share_repeats(scores, melody, bars)
    assert np.allclose(shared[:16], shared[16:])
    assert np.isclose(shared.mean(), scores.mean())


def test_weights_of_another_make_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot be read"):
        MelodyModel.load(tmp_path)
    save(tmp_path, [tiny_weights()], [], TINY)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"features": 7}))
    with pytest.raises(CheckpointError, match=f"made for 7 features .* this version has {WIDTH}"):
        MelodyModel.load(tmp_path)


def test_every_chord_has_a_quality() -> None:
    from composer.harmony.chord import Chord
    from composer.harmony.melody_model import QUALITIES

    found = {
        s: QUALITIES[quality_of(Chord.parse(s))] for s in ("Csus4", "C9", "Cm6", "Cdim7", "Cm9", "Cmaj9", "C5", "Cø")
    }
    assert found == {
        "Csus4": "", "C9": "7", "Cm6": "m", "Cdim7": "dim", "Cm9": "m7", "Cmaj9": "maj7", "C5": "", "Cø": "m7b5"
    }  # fmt: skip


def test_the_card_is_that_of_the_shipped_weights() -> None:
    folder = default_harmony()
    card, config = (json.loads((folder / name).read_text()) for name in ("card.json", "config.json"))
    assert (
        card["sha256"] == config["sha256"] == hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    )
    assert len(card["networks"]) == len(MelodyModel.load().networks)
    assert len(MelodyModel.load_folds()) == card["folds"]["networks"]
    assert (folder / "weights.safetensors").stat().st_size < 5_000_000
