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
from composer.harmony.circular import circular_logits
from composer.harmony.harmonise import roots_first
from composer.harmony.lane import ChordLane
from composer.harmony.melody_features import WIDTH, melody_features
from composer.harmony.melody_model import STATES, MelodyModel, default_harmony, quality_of
from composer.harmony.repeats import share_repeats
from composer.score import Part, Score, as_notes
from composer.timing import Meter
from composer.training.harmony import HarmonyTraining, accuracy, build, example, rolled, save, train_member

TINY = HarmonyTraining(
    kind="convolution",
    width=16,
    dilations=(1, 2),
    members=2,
    updates=60,
    batch=4,
    crop=32,
    dropout=0.0,
    block_dropout=0.0,
    label_smoothing=0.0,
)
CIRCULAR = replace(TINY, kind="circular", width=4, updates=100)
CHART = "C | F | G7 | C | Am | Dm | G | C"


def song(split: str = "train") -> Song:
    notes = [
        (480 * beat, 480, 60 + (0, 5, 7, 0, 9, 2, 7, 0)[beat // 4] + (0, 4, 7, 4)[beat % 4], 80) for beat in range(32)
    ]
    score = Score((Part("tune", as_notes(notes), role="melody"),), key="C")
    lane = ChordLane.from_chart(CHART, score.bars())
    return Song("x/1", "pop909", "x/1", split, "CC0", "", False, "", "", score, lane)


@pytest.mark.parametrize("training", [TINY, CIRCULAR])
def test_numpy_agrees_with_torch(training: HarmonyTraining, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    network = build(training).eval()
    members = [{name: tensor.numpy() for name, tensor in network.state_dict().items()}]
    model = MelodyModel(TINY.dilations, ((training.kind, members[0]),))
    features = np.random.default_rng(1).normal(size=(40, WIDTH)).astype(np.float32)
    with torch.no_grad():
        theirs = network(torch.from_numpy(features)[None], torch.ones(1, 40, 1))[0].log_softmax(-1).numpy()
    np.testing.assert_allclose(model.log_probabilities(features), theirs, atol=2e-4 if training is TINY else 5e-2)
    save(tmp_path, members, training, {})
    np.testing.assert_allclose(MelodyModel.load(tmp_path).log_probabilities(features), theirs, atol=6e-2)


def test_a_circular_network_turns_with_the_pitch_classes() -> None:
    rng = np.random.default_rng(1)
    pytest.importorskip("torch")
    weights = {name: tensor.numpy() for name, tensor in build(CIRCULAR).state_dict().items()}
    for name in ("key", "plain.weight", "plain.bias"):
        weights[name] = np.zeros_like(weights[name])
    features = rng.normal(size=(20, WIDTH)).astype(np.float32)
    here = circular_logits(weights, CIRCULAR.dilations, features)
    there = circular_logits(weights, CIRCULAR.dilations, rolled(features, -5))
    np.testing.assert_allclose(np.roll(here, 5, axis=2), there, atol=1e-4)


@pytest.mark.parametrize("training", [TINY, CIRCULAR])
def test_a_tiny_model_memorises_one_song(training: HarmonyTraining) -> None:
    pytest.importorskip("torch")
    shown = example(song())
    assert shown is not None
    weights = train_member([shown], training, seed=1)
    again = train_member([shown], training, seed=1)
    assert all(np.array_equal(weights[name], again[name]) for name in weights)
    root, third, beats = accuracy(MelodyModel(TINY.dilations, ((training.kind, weights),)), [shown])["pop909"]
    assert (root > 0.9, third > 0.9, beats) == (True, True, 32)


def test_networks_count_by_their_shares(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    first, second = (
        {name: tensor.numpy() for name, tensor in build(replace(TINY, width=width)).state_dict().items()}
        for width in (4, 8)
    )
    features = np.random.default_rng(1).normal(size=(8, WIDTH)).astype(np.float32)
    alone, other = (MelodyModel(TINY.dilations, (("convolution", one),)) for one in (first, second))
    both = MelodyModel(TINY.dilations, (("convolution", first), ("convolution", second)), (3.0, 1.0))
    mixed = 0.75 * np.exp(alone.log_probabilities(features)) + 0.25 * np.exp(other.log_probabilities(features))
    np.testing.assert_allclose(np.exp(both.log_probabilities(features)), mixed, atol=1e-6)
    save(tmp_path, [first, second], TINY, {"shares": [1.0]})
    with pytest.raises(CheckpointError, match="1 shares for 2 networks"):
        MelodyModel.load(tmp_path)


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
    network = {name: tensor.numpy() for name, tensor in build(TINY).state_dict().items()}
    save(tmp_path, [network], TINY, {})
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
    assert len(card["members"]) == len(config["members"])
    assert (folder / "weights.safetensors").stat().st_size < 5_000_000
