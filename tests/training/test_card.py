"""The card is true: which songs, under which licences, and which weights before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from composer.cli import main as composer
from composer.errors import InputError
from composer.training.card import OPEN_WEIGHTS, corpora_of, licence_of, with_corpora
from composer.training.labels import config_for
from composer.training.packing import Pack, open_pack, pack
from composer.training.recipe import Recipe
from composer.training.soup import soup
from composer.training.train import Trainer
from composer.trust import record
from tests.model.songs import toy_song
from tests.training.test_train import labelled

ONE_STEP = Recipe(steps=1, batch=2, window=64, warmup_steps=1, precision="float32")
GENERATED = f"seed: none, the model's own; weights: {OPEN_WEIGHTS}"


def pack_of(path: Path, corpus: str, licence: str, count: int = 4) -> Path:
    songs = [labelled(toy_song(8, 0), index) for index in range(count)]
    told = {"corpus": corpus, "licence": licence, "synthetic": "False"}
    pack([replace(s, meta=s.meta | told | {"id": f"{corpus}/{i}"}) for i, s in enumerate(songs)], path)
    return path


@pytest.fixture
def one(tmp_path: Path) -> Path:
    return pack_of(tmp_path / "one.npz", "one", "CC0-1.0")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    return pack_of(tmp_path / "other.npz", "own", "the user's own")


def trained(path: Path, run: Path, start: Path | None = None) -> dict[str, object]:
    songs: Pack = open_pack(path)
    trainer = Trainer(songs, run, config_for(songs, "tiny", "lstm", start), ONE_STEP, start=start)
    trainer.train()
    trainer.close()
    card: dict[str, object] = json.loads((run / "checkpoint" / "card.json").read_text())
    return card


def test_a_pack_is_known_by_its_songs(one: Path, other: Path, tmp_path: Path) -> None:
    again = pack_of(tmp_path / "again.npz", "one", "CC0-1.0")
    assert open_pack(one).digest == open_pack(again).digest
    assert len({open_pack(one).digest, open_pack(other).digest, open_pack(one).split("train").digest}) == 3


def test_a_run_is_not_gone_on_with_on_another_pack(
    one: Path, other: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert trained(one, run)["pack"] == open_pack(one).digest
    words = ["--out", str(run), "--steps", "2", "--batch", "2", "--window", "64"]
    assert composer(["train", str(other), *words]) == 1
    said = capsys.readouterr().err
    assert f"{run}: holds a run on another pack of songs" in said
    assert f"--out ANOTHER --from {run / 'checkpoint'}" in said
    assert said.count("\n") == 1
    assert composer(["train", str(one), *words]) == 0


def test_weights_begun_from_others_name_them_and_what_they_learned_from(one: Path, other: Path, tmp_path: Path) -> None:
    first = trained(one, tmp_path / "first")
    second = trained(other, tmp_path / "second", tmp_path / "first")
    assert second["ancestor"] == {"model": "band-lstm", "sha256": first["sha256"], "corpora": first["corpora"]}
    assert second["corpora"] == {
        "one": {"licence": "CC0-1.0", "songs": 4},
        "own": {"licence": "the user's own", "songs": 4},
    }
    third = trained(one, tmp_path / "third", tmp_path / "second" / "checkpoint")
    assert third["ancestor"]["ancestor"]["sha256"] == first["sha256"]  # type: ignore[index]
    resumed = Trainer(
        open_pack(other), tmp_path / "second", config_for(open_pack(other), "tiny"), replace(ONE_STEP, steps=2)
    )
    assert resumed.ancestor == second["ancestor"]
    resumed.close()


def test_a_soup_names_what_all_its_runs_learned_from(one: Path, other: Path, tmp_path: Path) -> None:
    trained(one, tmp_path / "a")
    trained(other, tmp_path / "b", tmp_path / "a")
    trained(one, tmp_path / "c", tmp_path / "a")
    soup([tmp_path / "b", tmp_path / "c"], one, tmp_path / "soup")
    card = json.loads((tmp_path / "soup" / "card.json").read_text())
    assert set(card["corpora"]) == {"one", "own"}
    assert "pack" not in card


@pytest.mark.parametrize(
    ("licences", "open_"),
    [
        (["MIT", "MIT (collection); public-domain songs", "CC-BY-4.0, CC0-1.0", "GPL-2.0-or-later"], True),
        (["CC-BY-SA", "public domain", "Artistic-1.0", "BSD-3-Clause"], True),
        ([GENERATED], True),
        ([f"{GENERATED}, seed: public domain; weights: {OPEN_WEIGHTS}"], True),
        (["MIT", "the user's own"], False),
        (["CC-BY-NC-4.0"], False),
        (["MIT, all rights reserved"], False),
        ([f"seed: not told; weights: {OPEN_WEIGHTS}"], False),
        ([""], False),
    ],
)
def test_weights_are_ours_to_licence_only_where_all_they_learned_from_is_open(licences: list[str], open_: bool) -> None:
    said = licence_of({f"corpus {i}": {"licence": licence, "songs": 1} for i, licence in enumerate(licences)})
    assert (said == OPEN_WEIGHTS) == open_
    if not open_:
        assert said.endswith(f"these are not openly licensed: corpus {len(licences) - 1}")


def test_a_licence_with_a_comma_is_told_once(tmp_path: Path) -> None:
    found = corpora_of(open_pack(pack_of(tmp_path / "made.npz", "made", GENERATED)))
    assert found == {"made": {"licence": GENERATED, "songs": 4}}
    more = with_corpora(found, {"made": {"licence": "MIT", "songs": 2}})
    assert more == {"made": {"licence": f"{GENERATED}, MIT", "songs": 4}}
    assert with_corpora(more, found) == more


def test_a_record_of_other_songs_than_the_card_s_is_refused(
    one: Path, other: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(one, tmp_path / "first")
    trained(other, tmp_path / "second", tmp_path / "first")
    first, second = (str(tmp_path / name / "checkpoint") for name in ("first", "second"))
    assert composer(["models", "record", first, "--pack", str(other)]) == 1
    said = capsys.readouterr().err
    assert f"{other}: not what {first} learned from, by its card (one)" in said
    assert composer(["models", "record", first, "--corpora", "pop909"]) == 1
    assert "pop909: not what" in capsys.readouterr().err
    assert composer(["models", "record", first, "--pack", str(one)]) == 0
    assert composer(["models", "record", second, "--pack", str(other), "--ancestor", second]) == 1
    assert "was begun with other weights" in capsys.readouterr().err
    assert composer(["models", "record", second, "--pack", str(other)]) == 0
    assert "whose songs it knows too" in capsys.readouterr().out
    assert composer(["models", "record", second, "--pack", str(other), "--ancestor", first]) == 0
    assert {song["corpus"] for song in record.read_songs(Path(second))} == {"one", "own"}


def test_a_card_that_names_no_pack_is_held_against_its_corpora(one: Path, other: Path, tmp_path: Path) -> None:
    trained(one, tmp_path / "run")
    folder = tmp_path / "run" / "checkpoint"
    card = json.loads((folder / "card.json").read_text())
    del card["pack"]
    (folder / "card.json").write_text(json.dumps(card))
    more = pack_of(tmp_path / "more.npz", "one", "CC0-1.0", 6)
    for path, code in ((one, 0), (other, 1), (more, 1)):
        assert composer(["models", "record", str(folder), "--pack", str(path)]) == code


def test_a_run_of_an_earlier_version_is_gone_on_with(
    one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(one, tmp_path / "run")
    saved = Trainer._saved

    def without(self: Trainer) -> dict[str, object] | None:
        found = saved(self) or {}
        return {name: value for name, value in found.items() if name not in ("pack", "ancestor")}

    monkeypatch.setattr(Trainer, "_saved", without)
    songs = open_pack(one)
    trainer = Trainer(songs, tmp_path / "run", config_for(songs, "tiny"), ONE_STEP)
    assert (trainer.step, trainer.ancestor) == (1, {})
    trainer.close()
    with pytest.raises(InputError, match="another pack"):
        trainer._check_pack({"pack": "of others"})
