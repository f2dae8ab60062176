"""Plans: what a file says, which pieces follow from it, and what cannot be."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from composer import formats
from composer.batch.pieces import Pieces
from composer.batch.plan import BatchPlan, read_plan
from composer.batch.run import setting_of
from composer.batch.seeds import find_seeds
from composer.cli import main
from composer.errors import InputError
from tests.batch.kitchen import write_seeds

DOCS = Path(__file__).parents[2] / "docs" / "batch.md"


def test_the_plan_in_the_docs(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    assert found is not None
    (tmp_path / "plan.toml").write_text(found[1], "utf-8")
    plan = read_plan(tmp_path / "plan.toml")
    assert plan.seeds == (str(tmp_path / "songs"), str(tmp_path / "hymn.abc"))
    assert plan.parts == (("drums", "bass", "piano"), ())
    assert [wish.temperature for wish in plan.controls] == [1.0, 1.2]
    assert BatchPlan.from_json(plan.to_json()) == plan
    assert plan.gate == BatchPlan(own=1).gate, "the docs show the gate as it is by default"


def pieces(folder: Path, **values: object) -> Pieces:
    plan = BatchPlan.from_json({"seeds": [str(folder)], "styles": ["pop", "bossa"], "takes": 2} | values)
    seeds, _ = find_seeds(plan.seeds, plan.own)
    return Pieces(plan, seeds)


def test_every_combination_once(tmp_path: Path) -> None:
    write_seeds(tmp_path / "a", 3)
    every = list(
        pieces(tmp_path / "a", own=1, tasks=["arrange", "scratch", "restyle"], parts=[["bass"], ["drums", "bass"]])
    )
    assert len(every) == (4 * 2 + 1) * 2 * 2 * 2
    assert len({piece.id for piece in every}) == len(every)
    assert [piece.index for piece in every] == list(range(len(every)))
    first = every[: len(every) // 2]
    assert {piece.take for piece in first} == {0}
    assert sum(piece.task == "scratch" for piece in first) == 2 * 2


def test_exactly_as_many_as_asked_for(tmp_path: Path) -> None:
    write_seeds(tmp_path / "a", 3)
    asked = pieces(tmp_path / "a", pieces=10)
    assert [len(asked), asked.once(), asked[9].take] == [10, 6, 1]
    sizes = [len(asked.of_shard(number)) for number in range(asked.shards())]
    assert sum(sizes) == 10


def test_a_name_follows_from_bytes_and_wishes_alone(tmp_path: Path) -> None:
    write_seeds(tmp_path / "a", 2)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "other.mid").write_bytes((tmp_path / "a" / "tune-1.mid").read_bytes())
    (tmp_path / "b" / "copy.mid").write_bytes((tmp_path / "a" / "tune-1.mid").read_bytes())
    ids = {piece.id for piece in pieces(tmp_path / "b")}
    assert len(ids) == 4
    assert ids < {piece.id for piece in pieces(tmp_path / "a")}
    assert not ids & {piece.id for piece in pieces(tmp_path / "b", seed=1)}
    assert not ids & {piece.id for piece in pieces(tmp_path / "b", controls={"temperature": 0.9})}
    _, copies = find_seeds((str(tmp_path / "b"),), 0)
    assert len(copies) == 1
    assert "the same bytes as" in copies[0]


def test_a_piece_in_two_formats_is_one_seed(tmp_path: Path) -> None:
    write_seeds(tmp_path / "a", 2)
    formats.save(formats.load(tmp_path / "a" / "tune-1.mid"), tmp_path / "a" / "tune-1.musicxml")
    found, copies = find_seeds((str(tmp_path / "a"),), 0)
    assert [seed.name for seed in found] == ["tune-0.mid", "tune-1.mid"]
    assert len(copies) == 1
    assert "tune-1.musicxml: the same piece as" in copies[0]
    asked = (str(tmp_path / "a" / "tune-1.mid"), str(tmp_path / "a" / "tune-1.musicxml"))
    assert len(find_seeds(asked, 0)[0]) == 2, "files that are named themselves are all used"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "no seeds: name files or folders"),
        ({"own": 1, "takes": 0}, "takes must be in range 1..1000000, got 0"),
        ({"own": 1, "styles": []}, "styles: is empty"),
        ({"own": 1, "styles": ["pop", "pop"]}, "styles: contains a duplicate"),
        ({"own": 1, "gate": {"silent": 2}}, "gate: silent must be in range 0..1, got 2"),
        ({"own": 1, "gate": {"quiet": 2}}, "gate: unknown key 'quiet'; choose from: tries"),
        ({"own": 1, "controls": [{"density": {"drums": 9}}]}, "density of drums must be in range 1..5"),
        ({"own": 1, "controls": [{"temperature": "hot"}]}, "controls: temperature must be a number, got 'hot'"),
        ({"own": 1, "output": {"layout": "zip"}}, "output: layout: no 'zip'; choose from: tar, folder"),
        ({"own": True}, "own must be a whole number, got True"),
        ({"own": 1, "parts": [["kazoo"]]}, "no part called 'kazoo'"),
        ({"own": 1, "parts": 3}, "parts must be a list of lists of parts, got 3"),
        ({"own": 1, "parts": [3]}, "parts: 3 is not a set of parts"),
        ({"own": 1, "controls": 3}, "controls must be a table or a list of tables, got 3"),
        ({"own": 1, "styles": ["pop", 3]}, "styles must be a list of strings, got ['pop', 3]"),
        ({"own": 1, "controls": [{"chords": "C | H"}]}, "chart, bar 2: "),
        ({"own": 1, "controls": [{"form": "AB?"}]}, "form 'AB?': write letters"),
        (
            {"own": 1, "parts": [["piano"], ["drums", "bass"]], "controls": [{}, {"density": {"piano": 3}}]},
            "controls: density of piano has no effect where only drums, bass play",
        ),
        (
            {"own": 1, "parts": [["drums"]], "controls": [{"roles": {"guitar": "strum"}}]},
            "controls: roles of guitar has no",
        ),
        ({"seeds": [3]}, "seeds must be a list of strings, got [3]"),
    ],
)
def test_what_cannot_be_is_told(values: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        BatchPlan.from_json(values)


@pytest.mark.parametrize(
    ("parts", "sets"),
    [
        (["style"], ((),)),
        ("style", ((),)),
        ([["style"]], ((),)),
        ([["drums", "bass"], "style"], (("drums", "bass"), ())),
        (["drums", "bass"], (("drums", "bass"),)),
        ("drums", (("drums",),)),
        ([[], ["drums"]], ((), ("drums",))),
    ],
)
def test_sets_of_parts_as_people_write_them(parts: object, sets: object) -> None:
    assert BatchPlan.from_json({"own": 1, "parts": parts}).parts == sets


def test_a_limit_on_copying_needs_the_songs_to_compare_with(tmp_path: Path) -> None:
    write_seeds(tmp_path / "a", 1)
    plan = BatchPlan.from_json({"seeds": [str(tmp_path / "a")], "gate": {"longest_run": 5}})
    with pytest.raises(InputError, match="gate: longest_run has no effect without the songs to compare with"):
        setting_of(plan, str(tmp_path / "out"), 1)
    setting_of(BatchPlan.from_json(plan.to_json() | {"training": "songs.npz"}), str(tmp_path / "out"), 1)


def test_controls_of_parts_that_a_style_does_not_play_are_refused(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.toml").write_text(
        f'seeds = ["{write_seeds(tmp_path / "a", 1)}"]\nstyles = ["swing"]\nparts = ["style"]\ncheckpoint = "{model}"\n'
        "[[controls]]\nregister = { strings = 4 }\n"
    )
    assert main(["generate", str(tmp_path / "plan.toml"), "--out", str(tmp_path / "out"), "--quiet"]) == 1
    assert "controls: register of strings has no effect where only" in capsys.readouterr().err


def test_a_folder_without_music_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no music in this folder"):
        find_seeds((str(tmp_path),), 0)


@pytest.mark.parametrize(
    ("task", "wish"),
    [
        ("continue", {"chords": "C | G"}),
        ("infill", {"programs": {"bass": 33}}),
        ("restyle", {"form": "AABA"}),
        ("scratch", {"tutti": True}),
    ],
)
def test_wishes_that_a_task_does_not_heed_are_refused(task: str, wish: dict[str, Any]) -> None:
    asked = {"seeds": ["tunes"], "styles": ["pop"], "controls": [wish]}
    with pytest.raises(InputError, match=f"{next(iter(wish))} has no effect on {task}"):
        BatchPlan.from_json({**asked, "tasks": ["arrange", task]})
    assert BatchPlan.from_json({**asked, "tasks": ["arrange"]}).controls


def test_a_seed_whose_name_is_no_text_is_used(tmp_path: Path) -> None:
    """Names from other systems: whatever tells of the seed can be written down."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    (folder / os.fsdecode(b"\xff.mid")).write_bytes(b"a song")
    (seed,), _ = find_seeds([str(folder)], 0)
    assert seed.name == "\ufffd.mid"
    assert Path(seed.path).read_bytes() == b"a song"
