"""Training: a tiny model learns a tiny corpus, stops, and goes on from the very place where it stopped."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from composer.cli import main as composer
from composer.errors import CheckpointError, InputError, OutputError
from composer.gm import ROLES
from composer.model.checkpoint import load_checkpoint
from composer.model.config import ModelConfig
from composer.model.decoder import Decoder
from composer.model.ngram_filter import CARD_FIELD as KNOWN_RUNS
from composer.model.ngram_filter import NgramFilter, load_ngram_filter
from composer.training import pieces
from composer.training.card import add_to_card
from composer.training.dataset import bands_of, corpus_weights
from composer.training.ema import Average
from composer.training.grow import read_weights
from composer.training.journal import Journal
from composer.training.labels import config_for
from composer.training.lanes import Lanes, Source
from composer.training.optimizers import make_optimizer, orthogonal, set_rate
from composer.training.packing import open_pack, pack
from composer.training.recipe import Recipe, rate_at
from composer.training.soup import soup
from composer.training.train import Trainer
from composer.vocab import GridSong
from tests.model.songs import toy_song

CONFIG = ModelConfig.tiny(styles=("pop",), grooves=("g",))
QUICK = Recipe(steps=6, batch=4, window=64, warmup_steps=2, precision="float32")
"""Six small steps, exactly repeatable."""


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    torch.set_num_threads(1)


def labelled(song: GridSong, index: int) -> GridSong:
    meta = {
        "id": f"toy/{index}",
        "corpus": "toy",
        "work": f"toy/{index}",
        "licence": "CC0",
        "sha256": "",
        "synthetic": "True" if index % 2 else "False",
        "meter": "4/4",
    }
    return replace(song, meta=meta | {"split": "valid" if index == 3 else "train"})


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pack") / "toy.npz"
    assert pack([labelled(toy_song(16, 0), index) for index in range(4)], path) == 4
    return path


def weights_of(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trainer.network.state_dict().items()}


def test_peoples_bands_are_drawn_as_often_as_asked(tmp_path: Path) -> None:
    def song(index: int, roles: tuple[str, ...]) -> GridSong:
        made = labelled(toy_song(16, 0), index)
        return replace(made, notes=made.notes[np.isin(made.notes["part"], [ROLES.index(role) for role in roles])])

    band, pianist = ("melody", "drums", "bass"), ("melody", "piano")
    path = tmp_path / "toy.npz"
    pack([song(0, pianist), song(1, band), song(2, band), song(4, pianist)], path)
    songs = open_pack(path)
    assert bands_of(songs).tolist() == [False, True, True, False]
    assert corpus_weights(songs, 0.6, 0.25)[1:3] == pytest.approx([0.4, 0.25])
    assert corpus_weights(songs, 0.6)[[0, 2, 3]].sum() == pytest.approx(0.6)
    with pytest.raises(InputError, match=r"at most 0\.2"):
        Recipe(real_share=0.2, band_share=0.3)


def test_a_pack_gives_back_what_went_in(packed: Path) -> None:
    song, found = labelled(toy_song(16, 0), 1), open_pack(packed)[1]
    assert np.array_equal(found.notes, song.notes)
    for name in ("bar_length", "beat_length", "roots", "basses", "tones", "phrase_position", "phrase_left"):
        assert np.array_equal(getattr(found, name), getattr(song, name)), name
    assert (found.style, found.groove, found.meta) == (song.style, song.groove, song.meta)


@pytest.mark.parametrize("trunk", ["lstm", "transformer"])
def test_it_learns(trunk: str, packed: Path, tmp_path: Path) -> None:
    recipe = Recipe(minutes=1, batch=2, window=128, learning_rate=1e-2, warmup_steps=5, ema=0.9)
    trainer = Trainer(open_pack(packed), tmp_path, replace(CONFIG, trunk=trunk), recipe)
    before = sum(trainer.learn()[0]).item() / max(trainer.notes, 1)
    for _ in range(40):
        total, notes = trainer.learn()
    assert sum(total).item() / notes < 0.75 * before
    valid = trainer.check()
    assert valid["by_corpus"].keys() == {"toy*"}
    assert (tmp_path / "curves.png").stat().st_size > 5000
    checkpoint = load_checkpoint(tmp_path / "checkpoint")
    assert checkpoint.card["corpora"]["toy (synthetic band)"] == {"licence": "CC0", "songs": 2}
    assert checkpoint.card["valid"]["bits"] == trainer.best
    Decoder(checkpoint)
    trainer.close()


@pytest.mark.parametrize(("trunk", "optimizer"), [("lstm", "adamw"), ("transformer", "muon")])
def test_two_half_runs_are_one_whole_run(trunk: str, optimizer: str, packed: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, trunk=trunk, layers=2)
    recipe = replace(QUICK, optimizer=optimizer)
    whole = Trainer(open_pack(packed), tmp_path / "whole", config, recipe)
    whole.train()
    first = Trainer(open_pack(packed), tmp_path / "halves", config, recipe)
    first.train(steps=3)
    second = Trainer(open_pack(packed), tmp_path / "halves", config, recipe)
    assert second.step == 3
    second.train()
    assert second.step == whole.step == 6
    assert second.over()
    for one, other in ((whole.network, second.network), (whole.adversary, second.adversary)):
        assert all(
            torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
        )
    assert all(torch.equal(whole.average.weights[name], tensor) for name, tensor in second.average.weights.items())
    assert whole.best == second.best


def test_parts_of_a_batch_add_up_to_it(packed: Path, tmp_path: Path) -> None:
    found = []
    for accumulate in (1, 2):
        recipe = replace(QUICK, accumulate=accumulate, steps=3)
        trainer = Trainer(open_pack(packed), tmp_path / str(accumulate), CONFIG, recipe)
        losses = [trainer.learn()[0].sum().item()]
        gradients = {name: p.grad.clone() for name, p in trainer.network.named_parameters() if p.grad is not None}
        losses += [trainer.learn()[0].sum().item() for _ in range(2)]
        found.append((losses, gradients))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for name, gradient in found[0][1].items():
        torch.testing.assert_close(gradient, found[1][1][name], rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(packed: Path, tmp_path: Path) -> None:
    recipe = replace(QUICK, steps=4)
    pack = open_pack(packed)
    Trainer(pack, tmp_path / "1", config_for(pack, "tiny"), recipe).train()
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "composer.training.train", str(packed), "--out", str(tmp_path / "2"), "--size", "tiny"]
    command += ["--steps", "4", "--batch", "4", "--window", "64", "--warmup", "2", "--precision", "float32"]
    env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "default"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("bits a note on held-out songs") == 1
    one, two = (torch.load(tmp_path / count / "resume.pt", weights_only=True) for count in "12")
    assert one["step"] == two["step"] == 4
    assert two["best"] == pytest.approx(one["best"], rel=1e-5)
    # Sums are taken in another order, and AdamW's first steps make much of rounding where gradients are nearly nothing.
    for name, tensor in one["network"].items():
        assert (tensor - two["network"][name]).norm() <= 1e-3 * tensor.norm(), name
    assert json.loads(one["places"]) == json.loads(two["places"])


@pytest.mark.slow
def test_workers_make_the_same_lessons(packed: Path) -> None:
    train = open_pack(packed).split("train")
    source = Source(train, corpus_weights(train), CONFIG, 64, 1)
    places = [source.begin(lane) for lane in range(3)]
    here, there = Lanes(source, places), Lanes(source, places, workers=2)
    for _ in range(12):
        for mine, theirs in zip(here.next(), there.next(), strict=True):
            assert np.array_equal(mine.example.pitch_features, theirs.example.pitch_features)
            assert mine.fresh == theirs.fresh
        assert here.places == there.places
    there.close()


def test_a_lane_goes_on_anywhere(packed: Path) -> None:
    train = open_pack(packed).split("train")
    source = Source(train, corpus_weights(train), CONFIG, 32, 1)
    lanes = Lanes(source, [source.begin(0)])
    for _ in range(60):
        (ahead,) = Lanes(source, lanes.places).next()
        (row,) = lanes.next()
        assert np.array_equal(row.example.event, ahead.example.event)
        assert row.fresh == ahead.fresh


def test_a_run_in_pieces_goes_on(packed: Path, tmp_path: Path) -> None:
    trainer = Trainer(open_pack(packed), tmp_path / "a", CONFIG, QUICK, pieces=tmp_path / "pieces")
    trainer.train(steps=2)
    assert pieces.split(torch.load(tmp_path / "a" / "resume.pt", weights_only=True), tmp_path / "pieces", 200_000) > 2
    again = Trainer(open_pack(packed), tmp_path / "b", CONFIG, QUICK, pieces=tmp_path / "pieces")
    assert again.step == 2
    assert all(torch.equal(tensor, weights_of(again)[name]) for name, tensor in weights_of(trainer).items())
    (tmp_path / "pieces" / "piece-01.bin").unlink()
    with pytest.raises(InputError, match=r"piece-01\.bin: a piece of the run is missing"):
        pieces.join(tmp_path / "pieces")
    again.train(steps=1)
    assert (pieces.join(tmp_path / "pieces") or {})["step"] == 3


def test_it_stops_when_nothing_gets_better(packed: Path, tmp_path: Path) -> None:
    recipe = replace(QUICK, steps=1000, learning_rate=0.0, final_rate=0.0, patience=2, validate_minutes=0.0, ema=0)
    trainer = Trainer(open_pack(packed), tmp_path, CONFIG, recipe)
    trainer.train()
    assert trainer.over()
    assert trainer.step == 3


def test_muon_makes_matrices_orthogonal_and_learns() -> None:
    torch.manual_seed(0)
    for shape in ((2, 24, 8), (2, 8, 24)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert values.min() > 0.5
        assert values.max() < 1.4
    network = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
    recipe = Recipe(optimizer="muon", weight_decay=0)
    optimizer = make_optimizer(network, recipe)
    x = torch.randn(256, 8)
    y = (x[:, :1] * x[:, 1:2]).tanh()
    losses = []
    for _ in range(200):
        set_rate(optimizer, 1e-2)
        loss = ((network(x) - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_the_average_follows_and_steps_aside() -> None:
    network = nn.Linear(2, 1)
    average = Average(network, 0.5)
    own = network.weight.detach().clone()
    with torch.no_grad():
        network.weight += 1
    average.update()
    with average.in_place():
        assert (network.weight < own + 1).all()
        assert (network.weight > own).all()
    assert torch.equal(network.weight, own + 1)


def test_a_damaged_checkpoint_is_refused(packed: Path, tmp_path: Path) -> None:
    trainer = Trainer(open_pack(packed), tmp_path, CONFIG, Recipe(batch=1, ema=0))
    trainer.check()
    folder = tmp_path / "checkpoint"
    weights = (folder / "weights.safetensors").read_bytes()
    (folder / "weights.safetensors").write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="do not match their card"):
        load_checkpoint(folder)
    (folder / "weights.safetensors").write_bytes(weights)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocabulary": "other"}))
    with pytest.raises(CheckpointError, match="made for vocabulary other, this version of composer has"):
        load_checkpoint(folder)
    with pytest.raises(CheckpointError, match=r"nowhere: not a checkpoint, \S+ is missing"):
        load_checkpoint(tmp_path / "nowhere")


def test_the_rate_warms_up_and_ends_low() -> None:
    recipe = Recipe()
    assert rate_at(recipe, 0, 0) < rate_at(recipe, 99, 0) == recipe.learning_rate
    assert rate_at(recipe, 10**6, 1.0) == pytest.approx(recipe.final_rate)


def test_a_pack_of_another_vocabulary_is_refused(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("composer.training.packing.vocabulary_hash", lambda: "other")
    with pytest.raises(InputError, match="pack it again"):
        open_pack(packed)
    with pytest.raises(InputError, match="no such pack"):
        open_pack(tmp_path / "none.npz")


def test_the_command_trains_and_goes_on(packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    words = ["train", str(packed), "--out", str(out), "--steps", "2", "--batch", "2", "--window", "64"]
    assert composer([*words, "--size", "tiny", "--threads", "1"]) == 0
    assert "step 2" in capsys.readouterr().out
    assert (out / "run.json").exists()
    assert composer([*words, "--threads", "1"]) == 0
    assert "the run is complete" in capsys.readouterr().out
    assert composer([*words, "--steps", "3", "--dropout", "0.4", "--threads", "1"]) == 0
    assert json.loads((out / "run.json").read_text())["config"]["dropout"] == 0.4
    assert composer([*words, "--size", "small"]) == 1
    assert "holds a run with a lstm of 1 × 64" in capsys.readouterr().err
    assert composer([*words, "--batch", "5", "--accumulate", "2"]) == 1
    assert "cannot be cut into 2 equal parts" in capsys.readouterr().err
    grown = ["--from", str(out / "checkpoint"), "--threads", "1"]
    assert (
        composer(["train", str(packed), "--out", str(tmp_path / "more"), "--steps", "1", "--batch", "2", *grown]) == 0
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--batch", "0"], "batch 0: too low to train with; give 1"),
        (["--minutes", "-1"], "minutes -1: too low to train with; give more"),
        (["--minutes", "1"], "--steps and --minutes are both the length of the run; give one of them"),
        (["--steps", "0"], "--steps 0: too few to train with; give 1 or more"),
        (["--ema", "1.5"], "ema 1.5: must be in range 0..1"),
        (["--dropout", "1"], "--dropout 1: must be at least 0 and below 1"),
        (["--from", "nowhere"], "nowhere: not a checkpoint"),
        (["--rate", "nan"], "learning rate: must be a number"),
        (["--rate", "-1"], "learning rate -1: must not be negative"),
        (["--seed", "-1"], "seed -1: must not be negative"),
        (["--workers", "-1"], "--workers -1: give 0..256"),
        (["--threads", "99999"], "--threads 99999: give 1.."),
        (["--slice", "-1"], "--slice -1: too short"),
        (["--out", "a-file"], "a-file: cannot be made, since a-file is a file"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], says: str, packed: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "a-file").write_text("no folder")
    assert composer(["train", str(packed), "--out", "run", "--steps", "1", "--size", "tiny", *words]) == 1
    assert says in capsys.readouterr().err
    assert composer(["train", "a-file", "--out", "run"]) == 1
    assert "a-file: is not a pack of songs" in capsys.readouterr().err


def test_a_new_network_knows_every_groove_of_the_pack(packed: Path) -> None:
    config = config_for(open_pack(packed), "tiny", "transformer")
    assert {"g", "pop909"} <= set(config.grooves)
    assert config.trunk == "transformer"


def test_without_torch_it_says_how_to_get_it(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert composer(["train", str(packed), "--out", str(tmp_path / "run")]) == 1
    assert "training needs PyTorch, which is not installed: ./run setup dev" in capsys.readouterr().err


def test_a_log_cut_short_by_a_kill_is_gone_on_with(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write({"minutes": 1.0, "bits": 2.0})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"minutes": 2.0, "bi')
    journal.write({"minutes": 3.0, "bits": 1.0})
    assert [entry["minutes"] for entry in journal.entries()] == [1.0, 3.0]


def test_a_run_that_is_damaged_is_told(packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    words = [
        "train",
        str(packed),
        "--out",
        str(out),
        "--steps",
        "1",
        "--batch",
        "2",
        "--window",
        "64",
        "--size",
        "tiny",
    ]
    assert composer(words) == 0
    whole = (out / "resume.pt").read_bytes()
    (out / "resume.pt").write_bytes(whole[:1000])
    assert composer(words) == 1
    assert "resume.pt: cannot be resumed" in capsys.readouterr().err
    (out / "run.json").write_text('{"config": {"wi')
    assert composer(words) == 1
    assert "run.json: cannot be read" in capsys.readouterr().err


def test_a_full_disk_is_told(packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torch answers the system's error with one of its own."""

    def full(*_: object) -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        finally:
            raise RuntimeError("unexpected pos 64 vs 0")

    monkeypatch.setattr(torch, "save", full)
    trainer = Trainer(
        open_pack(packed), tmp_path, config_for(open_pack(packed), "tiny"), Recipe(steps=1, batch=2, window=64)
    )
    with pytest.raises(OSError, match="No space left"):
        trainer.save()
    trainer.close()
    assert not list(tmp_path.glob("*.part"))


def test_a_pack_without_songs_to_judge_by_is_refused(packed: Path, tmp_path: Path) -> None:
    pack = open_pack(packed)
    with pytest.raises(InputError, match="no validation songs"):
        Trainer(pack.split("train"), tmp_path, config_for(pack, "tiny"), Recipe(steps=1, batch=2, window=64))


def test_a_soup_is_the_mean_of_runs_that_go_back_to_one(packed: Path, tmp_path: Path) -> None:
    runs = [tmp_path / name for name in ("a", "b")]
    for seed, run in enumerate(runs):
        Trainer(
            open_pack(packed), run, config_for(open_pack(packed), "tiny"), replace(QUICK, steps=2, seed=seed)
        ).train()
    first, second = (run / "checkpoint" for run in runs)
    valid, _ = soup([first, second], packed, tmp_path / "soup")
    weights = [read_weights(folder)[1]["to_pitch.weight"] for folder in (first, second, tmp_path / "soup")]
    np.testing.assert_allclose(weights[2], (weights[0] + weights[1]) / 2, atol=1e-3)
    card = json.loads((tmp_path / "soup" / "card.json").read_text())
    assert card["valid"]["bits"] == valid["bits"]
    assert [part["sha256"] for part in card["soup"]] == [
        json.loads((folder / "card.json").read_text())["sha256"] for folder in (first, second)
    ]
    add_to_card(second, **{KNOWN_RUNS: NgramFilter.empty(64).save(second)})
    soup([first, second], packed, tmp_path / "with")
    assert load_ngram_filter(tmp_path / "with", json.loads((tmp_path / "with" / "card.json").read_text())) is not None
    with pytest.raises(InputError, match="two checkpoints or more"):
        soup([first], packed, tmp_path / "other")
    with pytest.raises(OutputError, match="already exists"):
        soup([first, second], packed, first)
