"""Whatever becomes of a corpus, verify finds it: every file, in both layouts, changed, gone, or strange."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from pathlib import Path

import pytest

from composer.batch import verify
from composer.batch.corpus import Corpus
from composer.batch.run import generate
from composer.cli import main
from tests.batch.kitchen import Here, plan_of, setting, silence, write_seeds


@pytest.fixture(scope="module")
def made(model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two pieces with sound, in either layout."""
    folder = tmp_path_factory.mktemp("made")
    seeds = write_seeds(folder / "seeds", 1, 4)
    for layout in ("tar", "folder"):
        output = {"layout": layout, "shard": 2, "audio": "wav", "stems": True, "soundfont": "timgm6mb"}
        wanted = setting(plan_of(seeds, model, takes=1, output=output), folder / layout)
        generate(wanted, Here(wanted), silence)
    return {layout: folder / layout for layout in ("tar", "folder")}


def found(corpus: Path) -> list[str]:
    return list(verify.problems(Corpus.open(str(corpus))))


def copy_of(corpus: Path, place: Path) -> Path:
    return Path(shutil.copytree(corpus, place / "corpus"))


@pytest.mark.parametrize("layout", ["tar", "folder"])
def test_a_whole_one_is_whole(layout: str, made: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert found(made[layout]) == []
    assert list(verify.unchecked(Corpus.open(str(made[layout])))) == []
    assert main(["corpus", "verify", str(made[layout])]) == 0
    assert capsys.readouterr().out == f"{made[layout]}: intact, 2 pieces\n"


@pytest.mark.parametrize("ending", [".mid", ".json", ".wav", ".bass.wav"])
@pytest.mark.parametrize("how", ["changed", "gone", "garbage"])
def test_files_of_a_piece_in_a_folder(ending: str, how: str, made: dict[str, Path], tmp_path: Path) -> None:
    mine = copy_of(made["folder"], tmp_path)
    path = next(path for path in sorted((mine / "shards").rglob(f"*{ending}")) if path.name[16:] == ending)
    if how == "gone":
        path.unlink()
    else:
        data = path.read_bytes()
        path.write_bytes(b"garbage" if how == "garbage" else data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    (line,) = found(mine)
    assert path.name in line
    assert ("is missing" if how == "gone" else "does not match its recorded SHA-256") in line


@pytest.mark.parametrize("ending", [".mid", ".json", ".wav", ".bass.wav"])
@pytest.mark.parametrize("how", ["changed", "gone", "twice"])
def test_members_of_a_tar(ending: str, how: str, made: dict[str, Path], tmp_path: Path) -> None:
    mine = copy_of(made["tar"], tmp_path)
    (path,) = (mine / "shards").glob("*.tar")
    with tarfile.open(path) as tar:
        members = [(info, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]
    at = next(at for at, (info, _) in enumerate(members) if info.name[16:] == ending)
    info, data = members[at]
    if how == "gone":
        del members[at]
    elif how == "twice":
        members.insert(at, (info, data))
    else:
        members[at] = (info, data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    (line,) = found(mine)
    assert info.name[16:] == ending or how == "gone" or ending in line
    assert {"gone": "is missing from it", "twice": "is in it 2 times"}.get(
        how, "does not match its recorded SHA-256"
    ) in line


def test_a_member_or_bytes_too_many(made: dict[str, Path], tmp_path: Path) -> None:
    mine = copy_of(made["tar"], tmp_path)
    (path,) = (mine / "shards").glob("*.tar")
    whole = path.read_bytes()
    piece = next(Corpus.open(str(mine)).kept())["id"]
    with tarfile.open(path, "a") as tar:
        tar.addfile(tarfile.TarInfo(f"{piece}-foreign.txt"))
    (line,) = found(mine)
    assert line.endswith(f"{piece}-foreign.txt is not in the manifest")
    path.write_bytes(whole + b"more")
    (line,) = found(mine)
    assert "has extra data after its last member" in line


@pytest.mark.parametrize("layout", ["tar", "folder"])
@pytest.mark.parametrize(
    "name",
    ["shards/00000/notes.txt", "shards/deep/down/x.mid", "shards/stranger.jsonl", "shards/00009.jsonl",
     "shards/{id}.mid", "x", "aside/x.mid"],
)  # fmt: skip
def test_strangers(layout: str, name: str, made: dict[str, Path], tmp_path: Path) -> None:
    mine = copy_of(made[layout], tmp_path)
    name = name.format(id=next(Corpus.open(str(mine)).kept())["id"])
    (mine / name).parent.mkdir(parents=True, exist_ok=True)
    (mine / name).write_text("")
    assert found(mine) == [f"{name}: is not in the manifest"]


def test_a_shard_without_a_name_is_a_stranger(made: dict[str, Path], tmp_path: Path) -> None:
    mine = copy_of(made["tar"], tmp_path)
    tarfile.open(mine / "shards" / "empty.tar", "w").close()
    assert found(mine) == ["shards/empty.tar: is not in the manifest"]


@pytest.mark.parametrize("layout", ["tar", "folder"])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("report.json", None, "report.json: is missing"),
        ("report.json", "garbage", "report.json: is missing, or cannot be read"),
        ("report.json", "{}", "report.json: is missing, or cannot be read"),
        ("report.json", '{"pieces": 2, "kept": 2, "aside": 0, "duplicate": 0, "failed": 0, "failures": []}', "its hashes are missing"),
        ("shards/00000.jsonl", None, "shards/00000.jsonl: is missing"),
        ("shards/00000.jsonl", "", "shards/00000.jsonl: does not match its recorded SHA-256"),
        ("shards/00000.jsonl", "garbage", "shards/00000.jsonl: does not match its recorded SHA-256"),
        ("manifest.jsonl", "garbage", "manifest.jsonl: cannot be read"),
        ("manifest.parquet", "garbage", "manifest.parquet: cannot be read"),
    ],
)  # fmt: skip
def test_tables(
    layout: str, name: str, content: str | None, said: str, made: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    mine = copy_of(made[layout], tmp_path)
    if content is None:
        (mine / name).unlink()
    else:
        (mine / name).write_text(content)
    assert said in "\n".join(found(mine))
    assert main(["corpus", "verify", str(mine)]) == 1
    assert said in capsys.readouterr().out


def test_a_report_and_a_plan_of_another_corpus(made: dict[str, Path], tmp_path: Path) -> None:
    mine = copy_of(made["tar"], tmp_path)
    told = json.loads((mine / "report.json").read_text())
    (mine / "report.json").write_text(json.dumps(told | {"kept": 7}))
    assert found(mine) == ["report.json: 7 kept, the manifest has 2"]
    (mine / "report.json").write_text(json.dumps(told))
    (mine / "plan.json").write_text((mine / "plan.json").read_text().replace('"pop"', '"folk"'))
    assert found(mine) == ["plan.json: does not match its recorded SHA-256"]


def test_an_older_corpus_says_what_cannot_be_checked(made: dict[str, Path], tmp_path: Path) -> None:
    mine = copy_of(made["folder"], tmp_path)
    (mine / "manifest.parquet").unlink()
    for path in (mine / "manifest.jsonl", mine / "shards" / "00000.jsonl"):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in rows:
            del row["sound_sha256"], row["json_sha256"]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = json.loads((mine / "report.json").read_text())
    del report["sha256"]
    (mine / "report.json").write_text(json.dumps(report))
    assert found(mine) == []
    told = list(verify.unchecked(Corpus.open(str(mine))))
    assert "records and sound beside 2 pieces have no hash" in told[0]
    assert "plan.json and manifest.jsonl have no hash" in told[1]
    index = mine / "shards" / "00000.jsonl"
    index.write_text(index.read_text().replace('"task": "arrange"', '"task": "infill"'))
    assert all("do not agree on task" in line for line in found(mine))
    assert len(found(mine)) == 2
