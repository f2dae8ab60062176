"""Fine-tuning: a small model learns a user's files, on a CPU, and what it knew stays."""

from __future__ import annotations

import importlib
import pkgutil
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import composer.model
from composer import formats
from composer.arrange import ArrangeOptions, Arranger
from composer.cli import main
from composer.errors import InputError
from composer.model.checkpoint import FILES, load_checkpoint, save_checkpoint, shipped_checkpoint
from composer.model.decoder import Decoder
from composer.planning import default_parts
from composer.score import Part, Score
from composer.timing import Meter, TempoMap
from composer.training.adapters import Adapters
from composer.training.finetune import FinetuneConfig, finetune
from composer.training.own_songs import files_in, own_pack, read_own, with_splits
from composer.trust.record import read_songs, write_songs
from composer.trust.signature import SONGS
from tests.model.songs import toy_network


def own_song(path: Path, turn: int) -> Path:
    """Sixteen bars of a bass and a piano under a tune, a little different in every file."""
    chords = [(48, 52, 55), (45, 48, 52), (41, 45, 48), (43, 47, 50)]
    lead = [(beat * 480, 440, 60 + (beat * 5 + turn) % 12, 80) for beat in range(64)]
    bass = [(bar * 1920 + beat * 960, 900, chords[bar % 4][0] - 12, 90) for bar in range(16) for beat in range(2)]
    keys = [
        (bar * 1920 + 480 * beat, 400, pitch, 70) for bar in range(16) for beat in (1, 3) for pitch in chords[bar % 4]
    ]
    parts = (Part("Melody", lead, 73), Part("Bass", bass, 33), Part("Piano", keys, 0))
    formats.save(Score(parts, TempoMap.constant(100 + turn), Meter()), path)
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [own_song(tmp_path / f"own-{i}.mid", i) for i in range(3)]


@pytest.fixture
def start(tmp_path: Path) -> Path:
    network = toy_network()
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    save_checkpoint(tmp_path / "start", network.config, weights, {"model": "toy", "grooves": {}, "corpora": {}})
    return tmp_path / "start"


def test_adapters_learn_by_the_chain_rule() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Sequential(torch.nn.Linear(12, 12))
    adapters = Adapters(layer, rank=2)
    (adapter,) = adapters.adapters
    adapter.up.data.normal_()
    adapters.merge()
    x = torch.randn(5, 12)
    (layer(x) ** 2).sum().backward()
    adapters.collect()
    down, up = (p.detach().clone().requires_grad_() for p in (adapter.down, adapter.up))
    ((x @ (adapter.base + up @ down).t() + layer[0].bias) ** 2).sum().backward()
    assert adapter.down.grad is not None
    assert adapter.up.grad is not None
    torch.testing.assert_close(adapter.down.grad, down.grad)
    torch.testing.assert_close(adapter.up.grad, up.grad)
    assert layer[0].bias.grad is None


def test_files_are_found_read_and_kept_back(files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no music")
    (tmp_path / "broken.mid").write_bytes(b"MThd")
    found = files_in([tmp_path])
    assert [path.name for path in found] == ["broken.mid", "own-0.mid", "own-1.mid", "own-2.mid"]
    songs, trouble, copies = read_own(found, "mine")
    assert len(songs) == 3
    assert not copies
    assert [line.partition(":")[0] for line in trouble] == ["broken.mid"]
    split = with_splits(songs, np.random.default_rng(0))
    assert sorted(song.meta["split"] for song in split) == ["train", "train", "valid"]
    alone = with_splits(songs[:1], np.random.default_rng(0))
    assert [(song.bar_count, song.meta["split"]) for song in alone] == [(12, "train"), (4, "valid")]
    short = [replace(songs[0], bar_length=songs[0].bar_length[:6])]
    with pytest.raises(InputError, match="under 16 bars"):
        with_splits(short, np.random.default_rng(0))
    with pytest.raises(InputError, match="no such file or folder"):
        files_in([tmp_path / "nowhere"])


def test_a_piece_in_two_formats_or_under_two_names_is_one(files: list[Path], tmp_path: Path) -> None:
    formats.save(formats.load(files[0]), tmp_path / "own-0.musicxml")
    (tmp_path / "the same.mid").write_bytes(files[1].read_bytes())
    (tmp_path / "other").mkdir()
    own_song(tmp_path / "other" / "own-2.mid", 7)
    songs, _, copies = read_own(files_in([tmp_path]), "mine")
    assert copies == ["own-0.musicxml", "the same.mid"]
    assert [song.meta["id"] for song in songs] == ["mine/own-2", "mine/own-0", "mine/own-1", "mine/own-2"]
    split = with_splits(songs, np.random.default_rng(0))
    assert len({song.meta["split"] for song in split if song.meta["id"] == "mine/own-2"}) == 1


def test_a_files_other_format_has_the_same_notes(files: list[Path], tmp_path: Path) -> None:
    formats.save(formats.load(files[0]), tmp_path / "another name.musicxml")
    assert read_own([files[0], tmp_path / "another name.musicxml"], "mine")[2] == ["another name.musicxml"]


@pytest.mark.parametrize("only_style", [False, True])
def test_it_learns_and_touches_only_what_it_may(
    only_style: bool, files: list[Path], start: Path, tmp_path: Path
) -> None:
    songs = with_splits(read_own(files, "mine")[0], np.random.default_rng(0))
    own = own_pack(songs, tmp_path / "own.npz")
    settings = FinetuneConfig(
        steps=12, only_style=only_style, batch=2, window=64, rate=1e-2, style_rate=0.1, warmup_steps=2
    )
    result = finetune(own, start, tmp_path / "new", settings, others=own)
    assert result.own_after < result.own_before
    assert result.others_before is not None
    before, after = load_checkpoint(start), load_checkpoint(tmp_path / "new")
    assert after.config.grooves == (*before.config.grooves, "mine")
    assert after.card["grooves"]["mine"] == {"style": "", "meters": ["4/4"]}
    assert len(after.card["finetuned"]["files"]) == 3
    changed = {name for name, array in before.weights.items() if not np.array_equal(array, after.weights[name])}
    assert changed == {"groove.weight"} if only_style else changed > {"groove.weight", "trunk.lstm.weight_hh_l0"}
    assert np.array_equal(before.weights["groove.weight"], after.weights["groove.weight"][:-1])
    Decoder(after)
    assert [example.song.groove for example in after.examples.entries] == ["mine", "mine"]
    band = Arranger(after).arrange(
        formats.load(files[0]), ArrangeOptions(style="mine", parts=("bass", "piano"), melody="Melody")
    )
    assert band.report["styles"] == [{"style": "mine", "groove": "mine", "share": 1.0}]
    assert default_parts(after, {"style": "mine"}) == ("bass", "piano")


def test_the_record_and_the_licence_are_true_of_what_it_knows_now(
    files: list[Path], start: Path, tmp_path: Path
) -> None:
    own = own_pack(with_splits(read_own(files, "mine")[0], np.random.default_rng(0)), tmp_path / "own.npz")
    others = own_pack(with_splits(read_own(files, "theirs")[0], np.random.default_rng(0)), tmp_path / "theirs.npz")
    settings = FinetuneConfig(steps=1, batch=2, window=64)
    finetune(own, start, tmp_path / "without", settings)
    assert list(read_songs(tmp_path / "without")) == [], "what the weights before learned from is not known"
    known = {"id": "old/1", "corpus": "old", "work": "old/1", "split": "train", "licence": "MIT", "sha256": "ab"}
    write_songs(start, [known | {"synthetic": False}])
    finetune(own, start, tmp_path / "new", settings, others)
    songs = list(read_songs(tmp_path / "new"))
    assert sorted(song["corpus"] for song in songs) == ["mine", "mine", "old", "theirs", "theirs"]
    assert {song["split"] for song in songs} == {"train"}
    card = load_checkpoint(tmp_path / "new").card
    assert card["licence"].endswith("not openly licensed: mine, theirs")
    assert card["corpora"]["theirs"]["songs"] == 3


def test_the_command_writes_a_checkpoint_once(
    files: list[Path], start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["finetune", "--files", *map(str, files), "--from", str(start), "--out", str(tmp_path / "new")]
    words += ["--minutes", "0.05", "--quiet", "--threads", "1"]
    assert main(words) == 0
    assert "3 files, 1 held out for validation" in capsys.readouterr().out
    assert load_checkpoint(tmp_path / "new").card["finetuned"]["lessons"]["label"] == "mine"
    assert main(words) == 1
    assert "already exists" in capsys.readouterr().err


def test_every_table_beside_the_weights_is_a_file_of_the_checkpoint() -> None:
    modules = [
        importlib.import_module(f"composer.model.{one.name}") for one in pkgutil.iter_modules(composer.model.__path__)
    ]
    beside = {module.FILE for module in modules if hasattr(module, "CARD_FIELD")}
    assert beside
    assert beside < set(FILES)


def test_the_shipped_model_learns_a_style_and_plays_it(
    files: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, style = tmp_path / "ft é", "my ü style"
    words = ["finetune", "--files", *map(str, files), "--from", str(shipped_checkpoint()), "--out", str(out)]
    assert main([*words, "--name", style, "--only", "style", "--minutes", "0.05", "--quiet", "--threads", "1"]) == 0
    assert {path.name for path in out.iterdir()} == {*FILES, SONGS}
    last = shlex.split(capsys.readouterr().out.splitlines()[-1].partition(": composer ")[2])
    assert last == ["arrange", "SEED", "--checkpoint", str(out), "--style", style]
    seed = own_song(tmp_path / "seed.mid", 3)
    words = [*last, "--parts", "bass", "--no-audio", "--quiet", "--melody", "Melody", "--out", str(tmp_path / "out")]
    assert main([str(seed) if word == "SEED" else word for word in words]) == 0
    assert (tmp_path / "out" / "seed.mid").exists()
