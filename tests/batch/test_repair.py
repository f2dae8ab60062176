"""What is damaged is made again: what has gone, and indexes, by any run; changed bytes by --repair, which reads them all."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from composer.batch import verify
from composer.batch.corpus import Corpus
from composer.batch.run import generate
from composer.cli import main
from composer.errors import InputError, OutputError
from tests.batch.kitchen import Here, plan_of, setting, silence, write_seeds


@pytest.fixture(scope="module")
def made(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Six pieces in two shards, with sound, in either layout."""
    folder = tmp_path_factory.mktemp("made")
    seeds = write_seeds(folder / "seeds", 3)
    for layout in ("tar", "folder"):
        output = {"layout": layout, "shard": 3, "audio": "wav", "soundfont": "timgm6mb"}
        wanted = setting(plan_of(seeds, model, takes=1, output=output), folder / layout)
        generate(wanted, Here(wanted), silence)
    return {layout: folder / layout for layout in ("tar", "folder")}


def copy_of(corpus: Path, place: Path) -> Path:
    return Path(shutil.copytree(corpus, place / "corpus"))


def problems(corpus: Path) -> list[str]:
    return list(verify.problems(Corpus.open(str(corpus))))


def made_again(corpus: Path, capsys: pytest.CaptureFixture[str], *words: str) -> int:
    capsys.readouterr()
    assert main(["generate", "--out", str(corpus), "--workers", "1", "--quiet", *words]) == 0
    return int(capsys.readouterr().out.partition("made now: ")[2].split()[0])


@pytest.mark.parametrize("ending", [".mid", ".json", ".wav"])
def test_any_file_that_has_gone_from_a_folder_is_made_again(
    ending: str, made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = copy_of(made["folder"], tmp_path)
    next(iter(sorted((mine / "shards" / "00001").glob(f"*{ending}")))).unlink()
    assert problems(mine)
    assert made_again(mine, capsys) == 3
    assert problems(mine) == []


@pytest.mark.parametrize("how", ["flipped", "member gone", "empty", "cut"])
def test_a_damaged_tar_is_repaired(
    how: str, made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = copy_of(made["tar"], tmp_path)
    path = mine / "shards" / "00001.tar"
    whole = path.read_bytes()
    if how == "member gone":
        with tarfile.open(path) as old:
            infos = old.getmembers()[1:]
            data = [old.extractfile(info).read() for info in infos]  # type: ignore[union-attr]
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as new:
            for info, content in zip(infos, data, strict=True):
                path_of = tmp_path / "member"
                path_of.write_bytes(content)
                with path_of.open("rb") as file:
                    new.addfile(info, file)
    else:
        path.write_bytes(
            {"flipped": whole[:600] + bytes([whole[600] ^ 1]) + whole[601:], "empty": b"", "cut": whole[:700]}[how]
        )
    assert main(["corpus", "verify", str(mine)]) == 1
    assert f"composer generate --out {mine} --repair" in capsys.readouterr().out
    assert made_again(mine, capsys, "--repair") == 3
    assert path.read_bytes() == whole
    assert problems(mine) == []
    assert made_again(mine, capsys, "--repair") == 0


def test_a_changed_file_of_a_folder_is_repaired(
    made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = copy_of(made["folder"], tmp_path)
    path = next(iter(sorted((mine / "shards" / "00000").glob("*.wav"))))
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert made_again(mine, capsys) == 0, "no run reads all that is there unasked"
    assert made_again(mine, capsys, "--repair") == 3
    assert problems(mine) == []


@pytest.mark.parametrize("manifest", [True, False])
@pytest.mark.parametrize(("old", "new"), [(b'"index"', b'"indeX"'), (b'"status": "kept"', b'"status": "kepT"')])
def test_a_shard_whose_index_was_changed_is_made_again(
    manifest: bool, old: bytes, new: bytes, made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = copy_of(made["tar"], tmp_path)
    index = mine / "shards" / "00001.jsonl"
    index.write_bytes(index.read_bytes().replace(old, new, 1))
    if not manifest:
        (mine / "manifest.jsonl").unlink()
    assert made_again(mine, capsys) == 3
    assert problems(mine) == []


def test_a_damaged_manifest_is_no_guide_to_repair(
    made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = copy_of(made["tar"], tmp_path)
    path = mine / "manifest.jsonl"
    path.write_text(path.read_text().replace('"kept"', '"aside"', 1))
    with pytest.raises(InputError, match=r"manifest\.jsonl: cannot be relied on"):
        verify.damaged_pieces(Corpus.open(str(mine)))
    made_again(mine, capsys)
    assert problems(mine) == []


def test_a_plan_that_was_deleted_is_written_again_by_the_very_same(
    made: dict[str, Path], model: Path, tmp_path: Path
) -> None:
    mine = copy_of(made["folder"], tmp_path)
    before = (mine / "plan.json").read_bytes()
    seeds = Path(json.loads(before)["plan"]["seeds"][0])
    (mine / "plan.json").unlink()
    output = {"layout": "folder", "shard": 3, "audio": "wav", "soundfont": "timgm6mb"}
    other = setting(plan_of(seeds, model, takes=1, output=output, seed=3), mine)
    with pytest.raises(OutputError, match=r"plan\.json is missing, and this is not"):
        generate(other, Here(other), silence)
    same = setting(plan_of(seeds, model, takes=1, output=output), mine)
    assert generate(same, Here(same), silence).made == 0
    assert (mine / "plan.json").read_bytes() == before
    assert problems(mine) == []


@pytest.mark.parametrize("data", [b"{\0\0", b'{"plan": {"na', b"\0\0\0{"])
def test_a_plan_cut_short_is_told(
    data: bytes, made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = copy_of(made["tar"], tmp_path)
    (mine / "plan.json").write_bytes(data)
    assert main(["generate", "--out", str(mine), "--quiet"]) == 1
    said = capsys.readouterr().err
    assert "plan.json: cannot be read" in said
    assert "utf-32" not in said
