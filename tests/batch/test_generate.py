"""Exactly once: whatever is killed, and whenever, the corpus comes out as planned and the same to the byte."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from composer import formats
from composer.batch import verify
from composer.batch.corpus import Corpus
from composer.batch.pieces import Piece
from composer.batch.run import OnEvent, estimate, generate
from composer.batch.shards import Unit
from composer.batch.store import FolderStore, telling
from composer.cli import main
from composer.errors import OutputError
from tests.batch.kitchen import OPEN_GATE, Here, plan_of, setting, silence, tune, write_seeds


def corpus(folder: Path) -> dict[str, tuple[str, str]]:
    """Id → (status, sha256) of the manifest; every id once."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    assert max(Counter(row["id"] for row in rows).values()) == 1
    return {row["id"]: (row["status"], row["sha256"] or "") for row in rows}


def payload(folder: Path) -> dict[str, bytes]:
    """What a data loader reads: every file but manifests and indexes, by name."""
    found = (path for path in (folder / "shards").rglob("*") if path.is_file() and path.suffix != ".jsonl")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_corpus_is_what_was_planned(seeds: Path, model: Path, tmp_path: Path) -> None:
    plan = plan_of(seeds, model)
    wanted = setting(plan, tmp_path / "corpus")
    outcome = generate(wanted, Here(wanted), silence)
    assert (outcome.pieces, outcome.counts["kept"], outcome.made) == (12, 12, 12)
    rows = [json.loads(line) for line in (tmp_path / "corpus" / "manifest.jsonl").read_text().splitlines()]
    assert [row["index"] for row in rows] == list(range(12))
    assert {(row["seed"], row["style"], row["take"]) for row in rows} == {
        (f"tune-{number}.mid", style, take) for number in range(3) for style in ("pop", "rock") for take in (1, 2)
    }
    assert all(row["notes_melody"] == 16 and row["notes_drums"] + row["notes_bass"] > 0 for row in rows)
    assert sorted(path.name for path in (tmp_path / "corpus").iterdir() if path.name[0] != ".") == [
        "manifest.jsonl", "manifest.parquet", "plan.json", "report.json", "shards",
    ]  # fmt: skip
    assert not (tmp_path / "corpus" / ".scratch").exists()


def test_lanes_shards_and_order_change_no_piece(seeds: Path, model: Path, tmp_path: Path) -> None:
    plan = plan_of(seeds, model)
    for name, lanes in (("one", 1), ("many", 12)):
        wanted = setting(plan, tmp_path / name, lanes)
        generate(wanted, Here(wanted), silence)
    assert corpus(tmp_path / "one") == corpus(tmp_path / "many")
    assert payload(tmp_path / "one") == payload(tmp_path / "many")


def test_the_second_run_makes_nothing(seeds: Path, model: Path, tmp_path: Path) -> None:
    wanted = setting(plan_of(seeds, model), tmp_path / "corpus")
    generate(wanted, Here(wanted), silence)
    before = payload(tmp_path / "corpus")
    assert generate(wanted, Here(wanted), silence).made == 0
    assert payload(tmp_path / "corpus") == before


def test_another_plan_is_refused(seeds: Path, model: Path, tmp_path: Path) -> None:
    wanted = setting(plan_of(seeds, model, takes=1), tmp_path / "corpus")
    generate(wanted, Here(wanted), silence)
    other = setting(plan_of(seeds, model, takes=1, seed=5), tmp_path / "corpus")
    with pytest.raises(OutputError, match=r"holds a corpus made with another plan \(seed: 0, now 5\); choose"):
        generate(other, Here(other), silence)
    other = setting(
        plan_of(seeds, model, takes=1, gate=OPEN_GATE | {"near_duplicates": 0, "tries": 2}), tmp_path / "corpus"
    )
    with pytest.raises(OutputError, match=r"another plan \(gate\.tries: 1, now 2\)"):
        generate(other, Here(other), silence)


def test_other_seeds_are_refused(model: Path, tmp_path: Path) -> None:
    folder = write_seeds(tmp_path / "seeds", 2)
    wanted = setting(plan_of(folder, model, takes=1), tmp_path / "corpus")
    generate(wanted, Here(wanted), silence)
    (folder / "tune-1.mid").unlink()
    other = setting(plan_of(folder, model, takes=1), tmp_path / "corpus")
    with pytest.raises(OutputError, match="holds a corpus made with other seeds"):
        generate(other, Here(other), silence)


@pytest.mark.parametrize("layout", ["tar", "folder"])
def test_what_was_deleted_is_made_again(seeds: Path, model: Path, tmp_path: Path, layout: str) -> None:
    wanted = setting(plan_of(seeds, model, output={"shard": 3, "layout": layout}), tmp_path / "corpus")
    generate(wanted, Here(wanted), silence)
    before = payload(tmp_path / "corpus")
    (tmp_path / "corpus" / next(name for name in sorted(before) if name.endswith((".tar", ".mid")))).unlink()
    assert generate(wanted, Here(wanted), silence).made == 3
    assert payload(tmp_path / "corpus") == before
    assert generate(wanted, Here(wanted), silence).made == 0


def test_a_folder_with_other_things_is_refused(seeds: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    wanted = setting(plan_of(seeds, model), tmp_path / "mine")
    with pytest.raises(OutputError, match="is not empty and holds no corpus"):
        generate(wanted, Here(wanted), silence)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("layout", ["tar", "folder"])
def test_killed_at_random_many_times(seeds: Path, model: Path, tmp_path: Path, layout: str) -> None:
    plan = plan_of(seeds, model, output={"shard": 2, "layout": layout}, takes=3)
    whole = setting(plan, tmp_path / "whole")
    began = time.monotonic()
    generate(whole, Here(whole), silence)
    took = time.monotonic() - began
    wanted = setting(plan, tmp_path / "killed", lanes=2)
    dice, kills = random.Random(7), 0
    while kills < (10 if layout == "tar" else 5):
        child = os.fork()
        if not child:
            try:
                generate(wanted, Here(wanted), silence)
            finally:
                os._exit(0)
        time.sleep(dice.uniform(0, took))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        kills += os.WIFSIGNALED(status)
        if os.WIFEXITED(status):  # it was done before the axe fell: the axe must fall elsewhere
            shutil.rmtree(tmp_path / "killed")
    generate(wanted, Here(wanted), silence)
    assert corpus(tmp_path / "killed") == corpus(tmp_path / "whole")
    assert payload(tmp_path / "killed") == payload(tmp_path / "whole")
    assert not (tmp_path / "killed" / ".scratch").exists()


def test_a_full_disk_stops_and_goes_on(
    seeds: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = setting(plan_of(seeds, model), tmp_path / "corpus")
    take_in, room = FolderStore.take_in, [5]

    def full(self: FolderStore, path: Path, name: str) -> None:
        room[0] -= 1
        if room[0] < 0:
            with telling(self.where):
                raise OSError(errno.ENOSPC, "No space left on device")
        take_in(self, path, name)

    monkeypatch.setattr(FolderStore, "take_in", full)
    with pytest.raises(OutputError, match="No space left on device"):
        generate(wanted, Here(wanted), silence)
    assert list((tmp_path / "corpus" / ".scratch").iterdir()) == []
    room[0] = 1000
    generate(wanted, Here(wanted), silence)
    monkeypatch.undo()
    other = setting(plan_of(seeds, model), tmp_path / "other")
    generate(other, Here(other), silence)
    assert corpus(tmp_path / "corpus") == corpus(tmp_path / "other")


def test_a_poisoned_seed_is_told_and_the_others_are_made(model: Path, tmp_path: Path) -> None:
    folder = write_seeds(tmp_path / "seeds", 2)
    (folder / "poison.mid").write_bytes(b"MThd but not really")
    wanted = setting(plan_of(folder, model, takes=1), tmp_path / "corpus")
    outcome = generate(wanted, Here(wanted), silence)
    assert (outcome.counts["kept"], outcome.counts["failed"]) == (4, 2)
    report = json.loads((tmp_path / "corpus" / "report.json").read_text())
    assert {row["seed"] for row in report["failures"]} == {"poison.mid"}
    assert all("poison.mid" in row["reason"] for row in report["failures"])
    for path in (tmp_path / "corpus" / "report.json", tmp_path / "corpus" / "manifest.jsonl"):
        assert str(tmp_path) not in path.read_text(), "nobody is told where the seeds lay"


def test_what_the_gate_stops_is_made_again_and_set_aside(seeds: Path, model: Path, tmp_path: Path) -> None:
    strict = OPEN_GATE | {"near_duplicates": 0, "tries": 2, "stuck": 1}  # whoever plays at all strikes something once
    wanted = setting(plan_of(seeds, model, takes=1, gate=strict), tmp_path / "corpus")
    outcome = generate(wanted, Here(wanted), silence)
    assert outcome.counts["aside"] == 6
    rows = [json.loads(line) for line in (tmp_path / "corpus" / "manifest.jsonl").read_text().splitlines()]
    for row in rows:
        assert row["attempt"] == 2
        assert "stuck" in row["reason"]
        formats.load(tmp_path / "corpus" / row["file"])
    assert payload(tmp_path / "corpus") == {}


def test_what_was_set_aside_and_deleted_is_made_again(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first piece does not pass at once, the third not when it is made again as a copy of the second."""
    folder = write_seeds(tmp_path / "seeds", 1)
    now: list[tuple[int, int]] = []

    def alike(self: Piece, attempt: int) -> int:
        now[:] = [(self.take, attempt)]
        return 5

    monkeypatch.setattr("composer.batch.pieces.Piece.dice", alike)
    monkeypatch.setattr("composer.batch.making.faults", lambda *_: ["odd"] if now[0] in ((0, 0), (2, 1)) else [])
    gate = OPEN_GATE | {"near_duplicates": 0.8}
    wanted = setting(plan_of(folder, model, styles=["pop"], takes=3, gate=gate), tmp_path / "corpus", lanes=1)
    generate(wanted, Here(wanted), silence)
    before = corpus(tmp_path / "corpus")
    assert sorted(status for status, _ in before.values()) == ["aside", "aside", "kept"]
    for path in (tmp_path / "corpus" / "aside").iterdir():
        path.unlink()
    assert list(verify.problems(Corpus.open(str(tmp_path / "corpus"))))
    assert generate(wanted, Here(wanted), silence).made == 4
    assert corpus(tmp_path / "corpus") == before
    assert list(verify.problems(Corpus.open(str(tmp_path / "corpus")))) == []
    assert generate(wanted, Here(wanted), silence).made == 0


def test_copies_are_made_again_and_then_left_out(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_seeds(tmp_path / "seeds", 1)
    # The dice fall alike for both takes, however often they are thrown.
    monkeypatch.setattr("composer.batch.pieces.Piece.dice", lambda self, attempt: 5)
    plan = plan_of(folder, model, styles=["pop"], takes=2, gate=OPEN_GATE | {"near_duplicates": 0.8})
    wanted = setting(plan, tmp_path / "corpus")
    outcome = generate(wanted, Here(wanted), silence)
    assert (outcome.counts["kept"], outcome.counts["duplicate"], outcome.made) == (1, 1, 4)
    first, second = (json.loads(line) for line in (tmp_path / "corpus" / "manifest.jsonl").read_text().splitlines())
    assert first["near_duplicate_group"] == second["near_duplicate_group"] == first["id"]
    assert generate(wanted, Here(wanted), silence).made == 0


@pytest.mark.parametrize("shards", [1, 2])
def test_copies_made_again_are_the_same_whenever_it_is_killed(
    shards: int, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two copies, a shard each: the first comes out well, the second is still a copy then."""
    folder = write_seeds(tmp_path / "seeds", 1)

    def alike(self: Piece, attempt: int) -> int:
        return 5 if attempt == 0 else 100 * self.take + attempt

    monkeypatch.setattr("composer.batch.pieces.Piece.dice", alike)
    changes: dict[str, Any] = {"gate": OPEN_GATE | {"near_duplicates": 0.8}, "output": {"shard": 1}}
    plan = plan_of(folder, model, styles=["pop"], takes=3, **changes)
    whole = setting(plan, tmp_path / "whole")
    generate(whole, Here(whole), silence)
    wanted = setting(plan, tmp_path / "killed")

    class Killed(Here):
        def run(self, units: Sequence[Unit], tell: OnEvent) -> None:
            again = units[0].name.startswith("again-1")
            super().run(units[:shards] if again else units, tell)
            if again:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(wanted, Killed(wanted), silence)
    generate(wanted, Here(wanted), silence)
    assert corpus(tmp_path / "killed") == corpus(tmp_path / "whole")
    assert payload(tmp_path / "killed") == payload(tmp_path / "whole")


@pytest.mark.parametrize("task", ["restyle", "infill", "continue", "scratch"])
def test_other_tasks(task: str, model: Path, tmp_path: Path) -> None:
    from composer.score import Part, Score

    score: Score = tune(2, 8)
    bass = Part("Bass", [(bar * 1920, 1900, 36 + bar % 3, 80) for bar in range(8)], 33, False, "bass")
    drums = Part("Drums", [(beat * 480, 100, 36 if beat % 2 else 38, 90) for beat in range(32)], 0, True, "drums")
    (tmp_path / "seeds").mkdir()
    formats.save(score.with_parts([*score.parts, bass, drums]), tmp_path / "seeds" / "band.mid")
    plan = plan_of(
        tmp_path / "seeds", model, tasks=[task], styles=["pop"], takes=2, controls=[{"tempo_bpm": 77}], own_bars=8
    )
    wanted = setting(plan, tmp_path / "corpus")
    outcome = generate(wanted, Here(wanted), silence)
    assert outcome.counts["kept"] == 2, outcome.reasons
    rows = [json.loads(line) for line in (tmp_path / "corpus" / "manifest.jsonl").read_text().splitlines()]
    assert rows[0]["bars"] >= {"continue": 9}.get(task, 7)
    assert {row["task"] for row in rows} == {task}
    assert {row["tempo_bpm"] for row in rows} == {77}
    for _, data in Corpus.open(str(tmp_path / "corpus")).music():
        assert formats.read_midi(data).tempo.bpm_at(0) == pytest.approx(77, abs=0.01)


def test_the_model_writes_seeds_of_its_own(model: Path, tmp_path: Path) -> None:
    plan = plan_of(tmp_path, model, seeds=[], own=2, own_bars=8, takes=1, styles=["pop"], controls=[{}])
    wanted = setting(plan, tmp_path / "corpus")
    generate(wanted, Here(wanted), silence)
    rows = [json.loads(line) for line in (tmp_path / "corpus" / "manifest.jsonl").read_text().splitlines()]
    assert [row["seed"] for row in rows] == ["own-00000", "own-00001"]
    assert all(row["status"] == "kept" and row["notes_melody"] >= 16 for row in rows)
    assert rows[0]["sha256"] != rows[1]["sha256"]


def test_strong_style_is_written_alone_and_the_same(seeds: Path, model: Path, tmp_path: Path) -> None:
    plan = plan_of(
        seeds,
        model,
        takes=1,
        styles=["pop"],
        controls=[{"style_strength": 1.5, "chords": "C | F"}, {"chords": "C | F"}],
    )
    for name, lanes in (("one", 1), ("many", 6)):
        wanted = setting(plan, tmp_path / name, lanes)
        assert generate(wanted, Here(wanted), silence).counts["kept"] == 6
    assert corpus(tmp_path / "one") == corpus(tmp_path / "many")


def test_a_dry_run_leaves_nothing(seeds: Path, model: Path, tmp_path: Path) -> None:
    wanted = setting(plan_of(seeds, model), tmp_path / "corpus")
    found = estimate(wanted, 2)
    assert (found.pieces, found.shards, found.seeds) == (12, 4, 3)
    assert found.seconds > 0
    assert found.bytes > 12 * 500
    assert not (tmp_path / "corpus").exists()


def test_a_unit_that_was_poisoned_is_not_tried(seeds: Path, model: Path, tmp_path: Path) -> None:
    wanted = setting(plan_of(seeds, model), tmp_path / "corpus")
    told: list[Any] = []
    done = list(
        Here(wanted).piece_maker.do(
            [Unit("00000", (0, 1))], lambda what, value: told.append((what, value)), True, {1: "it bit"}
        )
    )
    assert [unit.name for unit in done] == ["00000"]
    assert ("starting", 0) in told
    assert ("starting", 1) not in told
    records = [json.loads(line) for line in (tmp_path / "corpus" / "shards" / "00000.jsonl").read_text().splitlines()]
    assert [record["status"] for record in records] == ["kept", "failed"]
    assert records[1]["reason"] == "it bit"


def test_where_nothing_is_kept_the_exit_code_says_so(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("no music")
    words = ["--seeds", str(tmp_path / "notes.txt"), "--checkpoint", str(model), "--workers", "1", "--quiet"]
    assert main(["generate", *words, "--out", str(tmp_path / "corpus")]) == 1
    assert "1 failed" in capsys.readouterr().out
