"""A finished corpus: checked, counted, split, exported, and learned from."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from composer import formats
from composer.batch import manifest, split, stats, verify
from composer.batch.corpus import Corpus
from composer.batch.export import export, muspy_of
from composer.batch.manifest import FIELDS
from composer.batch.near_duplicates import figures, near_duplicates, signature
from composer.batch.originality import TrainingRuns
from composer.batch.packing import PACK, pack_for_training
from composer.batch.run import generate
from composer.cli import main
from composer.errors import InputError
from composer.score import Part
from composer.training.packing import open_pack
from tests.batch.kitchen import Here, plan_of, setting, silence, tune, write_seeds

SHARES = (0.5, 0.25, 0.25)


@pytest.fixture(scope="module")
def made(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen pieces from eight seeds."""
    folder = tmp_path_factory.mktemp("made")
    plan = plan_of(write_seeds(folder / "seeds", 8, 8), model, takes=1, licence="CC0")
    wanted = setting(plan, folder / "corpus")
    generate(wanted, Here(wanted), silence)
    return folder / "corpus"


@pytest.fixture
def corpus(made: Path) -> Corpus:
    return Corpus.open(str(made))


def test_a_whole_corpus_has_no_problems(corpus: Corpus) -> None:
    assert list(verify.problems(corpus)) == []
    row = next(corpus.kept())
    assert list(row) == list(FIELDS)
    assert row["licence"] == "seed: CC0; weights: CC0"
    assert row["signature"] == "not signed"


def test_whatever_is_wrong_is_found(made: Path, tmp_path: Path) -> None:
    import shutil

    mine = tmp_path / "corpus"
    shutil.copytree(made, mine)
    first, second, *_ = sorted((mine / "shards").glob("*.tar"))
    first.unlink()
    data = bytearray(second.read_bytes())
    data[700] ^= 0xFF
    second.write_bytes(bytes(data))
    (mine / "shards" / "stranger.tar").write_bytes(b"")
    lines = (mine / "manifest.jsonl").read_text().splitlines()
    (mine / "manifest.jsonl").write_text("\n".join([*lines[:-1], lines[-2]]) + "\n")
    found = "\n".join(verify.problems(Corpus.open(str(mine))))
    for said in (
        f"shards/{first.name}: is missing",
        "does not match its recorded SHA-256",
        "stranger.tar: is not in the manifest",
        "occurs more than once",
        "manifest.parquet: is not the same",
    ):
        assert said in found


def test_splits_keep_seeds_together(corpus: Corpus, tmp_path: Path) -> None:
    count = split.write(corpus, SHARES, tmp_path / "splits", force=False)
    assert count == {"train": 8, "valid": 4, "test": 4}
    seeds = {
        name: {json.loads(line)["seed"] for line in (tmp_path / "splits" / f"{name}.jsonl").read_text().splitlines()}
        for name in count
    }
    assert seeds["train"] & seeds["valid"] == seeds["train"] & seeds["test"] == seeds["valid"] & seeds["test"] == set()
    with pytest.raises(InputError, match="sum to 1"):
        split.sides(corpus, [float("nan"), 0.5, 0.5])
    with pytest.raises(InputError, match="sum to 1"):
        split.sides(corpus, (0.5, 0.1, 0.1))


def test_layouts(corpus: Corpus, tmp_path: Path) -> None:
    for layout in ("midi", "miditok", "muspy", "datasets", "pack"):
        assert sum(export(corpus, layout, tmp_path / layout, SHARES, force=False).values()) == 16
    assert len(list((tmp_path / "midi" / "midi").glob("*.mid"))) == 16
    assert len((tmp_path / "midi" / "metadata.csv").read_text().splitlines()) == 17
    assert len(list((tmp_path / "miditok" / "midis" / "train").glob("*.mid"))) == 8
    assert (tmp_path / "muspy" / "_converted" / ".muspy.success").exists()
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(tmp_path / "datasets" / "data" / "train-00000.parquet")
    assert table.num_rows == 8
    row = table.to_pylist()[0]
    assert sum(len(part) for part in formats.read_midi(row["midi"]).parts) == row["notes"]
    with pytest.raises(InputError, match="no layout 'zip'"):
        export(corpus, "zip", tmp_path / "zip", SHARES, force=False)


def test_muspy_has_every_note() -> None:
    score = tune(1)
    music = muspy_of(score, {"model": "toy", "licence": "CC0", "id": "x"})
    notes = music["tracks"][0]["notes"]
    assert [tuple(note[name] for name in ("time", "duration", "pitch", "velocity")) for note in notes] == [
        tuple(row) for row in score.parts[0].notes.tolist()
    ]


def test_tars_hold_piece_and_record_side_by_side(made: Path) -> None:
    with tarfile.open(min((made / "shards").glob("*.tar"))) as tar:
        names = tar.getnames()
    assert [name.rpartition(".")[2] for name in names] == ["mid", "json"] * (len(names) // 2)


def test_figures_do_not_hear_the_key_but_the_notes(corpus: Corpus) -> None:
    scores = [formats.read_midi(data) for _, data in corpus.music()]
    one, other = (figures(score, ("bass", "drums")) for score in scores[:2])
    moved = scores[0].with_parts(part.transpose(2) for part in scores[0].parts)
    assert np.array_equal(one, figures(moved, ("bass", "drums")))
    signs = [signature(marks) for marks in (one, other, figures(moved, ("bass", "drums")))]
    assert near_duplicates([*signs, ""], 0.8) == [0, 1, 0, 3]


def test_what_is_copied_is_measured(corpus: Corpus, tmp_path: Path) -> None:
    export(corpus, "pack", tmp_path, SHARES, force=False)
    runs = TrainingRuns.of(open_pack(tmp_path / "songs.npz"))
    score = formats.read_midi(next(corpus.music())[1])
    bass = score.part("bass")
    whole = runs.longest_run(score, ("bass",))
    assert whole >= len(bass) - 2
    other = [(i * 480, 400, 40 + (i * i * 7) % 11, 80) for i in range(40)]
    mine = score.with_parts([Part("Bass", other, 33, False, "bass")])
    assert runs.longest_run(mine, ("bass",)) < 20


def test_stats(corpus: Corpus, tmp_path: Path) -> None:
    rows = list(corpus.rows())
    text = "\n".join(stats.table(rows))
    assert "16 pieces" in text
    assert "pop 8, rock 8" in text
    stats.draw(rows, tmp_path / "stats.png")
    assert (tmp_path / "stats.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.slow
def test_a_corpus_is_learned_from(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--size", "tiny", "--steps", "2", "--batch", "2", "--window", "32", "--device", "cpu", "--threads", "1"]
    assert main(["train", str(made), "--out", str(tmp_path / "run"), *words]) == 0
    assert (tmp_path / "run" / "checkpoint" / "weights.safetensors").exists()
    assert pack_for_training(made, tmp_path / "run") == tmp_path / "run" / PACK
    other = tmp_path / "other"
    shutil.copytree(made, other)
    lines = other / manifest.LINES
    lines.write_text("".join(line for line in lines.read_text().splitlines(True)[:3]))
    capsys.readouterr()
    assert main(["train", str(other), "--out", str(tmp_path / "run"), *words]) == 1
    assert capsys.readouterr().err == (
        f"composer: {tmp_path / 'run'}: was begun with another corpus than {other}; name another folder with --out\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["generate", "--out", "new"], "nothing to generate: give a plan, --seeds"),
        (["generate", "--seeds", "missing", "--out", "new"], "missing: no such file or folder of seeds"),
        (["generate", "missing.toml", "--out", "new"], "missing.toml: no such plan"),
        (["generate", "bad.toml", "--out", "new"], "bad.toml: unknown key 'stiles'"),
        (["generate", "worse.toml", "--out", "new"], "worse.toml: is not a TOML file"),
        (["generate", "odd.toml", "--out", "new"], "takes must be a whole number, got 'two'"),
        (["generate", "--own", "2", "--styles", "bosa", "--out", "new"], "did you mean bossa"),
        (["generate", "--own", "2", "--parts", "kazoo", "--out", "new"], "no part called 'kazoo'"),
        (["generate", "--own", "2", "--task", "dance", "--out", "new"], "tasks: no 'dance'"),
        (["generate", "--own", "2", "--stems", "--out", "new"], "stems need audio"),
        (["corpus", "verify", "missing"], "missing: no corpus is here"),
        (["corpus", "export", "missing"], "say where to write with --out"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], said: str, here: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "bad.toml").write_text('own = 2\nstiles = ["pop"]\n')
    (here / "worse.toml").write_text("own = \n")
    (here / "odd.toml").write_text('own = 2\ntakes = "two"\n')
    before = sorted(here.iterdir())
    if words[0] == "generate":
        words = [*words, "--checkpoint", str(model)]
        if words[1] == "--out":
            words = words[:3]
    assert main(words) == 1
    error = capsys.readouterr().err.splitlines()
    assert error[-1].startswith("composer: ")
    assert said in error[-1]
    assert sorted(here.iterdir()) == before


def damaged(made: Path, folder: Path, name: str, data: bytes | None) -> Path:
    """A copy of a corpus in which one file is gone, or something else."""
    mine = folder / "corpus"
    shutil.copytree(made, mine)
    (mine / name).unlink() if data is None else (mine / name).write_bytes(data)
    return mine


@pytest.mark.parametrize("command", [["stats"], ["split"], ["export", "--to", "midi"], ["export", "--to", "pack"]])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("manifest.jsonl", b'{"id": "0123'),
        ("manifest.jsonl", b'["not", "a", "row"]\n'),
        ("shards/00000.tar", None),
        ("shards/00000.tar", b"x"),
        ("plan.json", b"[]"),
    ],
)
def test_what_is_damaged_is_told_in_one_line(
    command: list[str], name: str, data: bytes | None, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = damaged(made, tmp_path, name, data)
    if name.endswith(".tar") and command[0] != "export":
        return  # they do not open it
    assert main(["corpus", command[0], str(mine), "--out", str(tmp_path / "out"), *command[1:]]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"composer: {mine}/{name}: cannot be read (")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("data", [b'{"id": "0123', b'{"id": "0123", "status": "kept", "indeX": 3}\n', b"\0\0{"])
def test_an_index_that_cannot_be_read_is_told(
    data: bytes, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no report vouches for it: a run that was stopped has none."""
    mine = damaged(made, tmp_path, "shards/00000.jsonl", data)
    (mine / "report.json").unlink()
    assert main(["generate", "--out", str(mine), "--quiet"]) == 1
    assert "00000.jsonl: cannot be read (" in capsys.readouterr().err
    (mine / "shards" / "00000.jsonl").unlink()
    assert main(["generate", "--out", str(mine), "--quiet", "--workers", "1"]) == 0
    assert list(verify.problems(Corpus.open(str(mine)))) == []


def test_names_may_hold_what_ends_a_line_of_text(model: Path, tmp_path: Path) -> None:
    folder = write_seeds(tmp_path / "seeds", 1)
    (folder / "tune-0.mid").rename(folder / "a\u2028b\x85c.mid")
    wanted = setting(plan_of(folder, model, takes=1), tmp_path / "corpus")
    assert generate(wanted, Here(wanted), silence).counts["kept"] == 2
    corpus = Corpus.open(str(tmp_path / "corpus"))
    assert list(verify.problems(corpus)) == []
    assert {row["seed"] for row in corpus.rows()} == {"a\u2028b\x85c.mid"}


def test_a_side_without_pieces_is_told(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["corpus", "export", str(made), "--to", "midi", "--out", str(tmp_path), "--shares", "0.98,0.01,0.01"]) == 0
    )
    assert "note: no pieces for valid and test: too few seeds" in capsys.readouterr().err
