"""Workers as processes: what one has in hand when it is lost is made by another, and a piece that kills them is told."""

from __future__ import annotations

import json
import os
import signal
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from composer.batch import worker_pool
from composer.batch.run import generate
from composer.batch.shards import Unit
from composer.batch.worker_pool import Worker, WorkerPool
from composer.errors import ComposerError, OutputError
from tests.batch.kitchen import Here, plan_of, setting, silence, write_seeds


def shas(folder: Path) -> list[str]:
    return [json.loads(line)["sha256"] for line in (folder / "manifest.jsonl").read_text().splitlines()]


class Line:
    """A worker's line on which nobody answers."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, message: Any) -> None:
        self.sent.append(message)


def test_workers_always_have_a_little_more_than_their_lanes_hold(seeds: Path, model: Path, tmp_path: Path) -> None:
    pool = WorkerPool(setting(plan_of(seeds, model), tmp_path, lanes=8), 2)
    pool._workers = [Worker(None, Line(), ready=True) for _ in range(2)]  # type: ignore[arg-type]
    one, other = pool._workers
    queue = deque(Unit(f"{number:05d}", tuple(range(4 * number, 4 * number + 4))) for number in range(16))
    pool._hand_out(queue)
    assert (one.left, other.left) == (12, 12)
    pool._hand_out(queue)
    assert (one.left, other.left) == (12, 12)
    one.left -= 5
    pool._hand_out(queue)
    assert (one.left, other.left) == (11, 12)
    assert [unit.name for unit in one.line.sent[-1][0]] == ["00006"]  # type: ignore[attr-defined]
    while len(queue) > 1:
        queue.popleft()
    one.left = other.left = 4
    pool._hand_out(queue)
    assert (one.left, other.left) == (4, 4), "the last goes to whoever is done first"
    other.left = 1
    pool._hand_out(queue)
    assert (one.left, other.left, len(queue)) == (4, 5, 0)


@pytest.mark.slow
def test_a_lost_worker_is_replaced(seeds: Path, model: Path, tmp_path: Path) -> None:
    plan = plan_of(seeds, model, output={"shard": 2})
    wanted = setting(plan, tmp_path / "corpus", lanes=2)
    pool, told, killed = WorkerPool(wanted, 2), [], []

    def listen(what: str, value: Any) -> None:
        if what == "lost":
            told.append(value)
        # Once: pieces of the other's, and those still in its pipe, are told while it is dead and not yet missed.
        if what == "piece" and not killed and (pid := pool._workers[0].process.pid):
            killed.append(pid)
            os.kill(pid, signal.SIGKILL)

    outcome = generate(wanted, pool, listen)
    assert told
    assert "was killed (signal 9)" in told[0]
    assert outcome.counts["kept"] == 12
    other = setting(plan, tmp_path / "other")
    generate(other, Here(other), silence)
    assert shas(tmp_path / "corpus") == shas(tmp_path / "other")


@pytest.mark.slow
def test_a_piece_that_kills_its_worker_is_told(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed that no process survives: here a file whose reading never ends, and a crew without patience."""
    folder = write_seeds(tmp_path / "seeds", 2)
    wanted = setting(plan_of(folder, model, takes=1, styles=["pop"], output={"shard": 2}), tmp_path / "corpus")
    (folder / "tune-1.mid").unlink()
    os.mkfifo(folder / "tune-1.mid")  # after it was found: reading it waits for ever
    monkeypatch.setattr(worker_pool, "DEATHS", 1)
    outcome = generate(wanted, WorkerPool(wanted, 1, patience_s=4), silence)
    assert (outcome.counts["kept"], outcome.counts["failed"]) == (1, 1)
    assert "made no progress for 4 s" in outcome.reasons[0][2]


def test_what_the_disk_says_reaches_the_driver(seeds: Path, model: Path, tmp_path: Path) -> None:
    wanted = setting(plan_of(seeds, model, takes=1), tmp_path / "corpus")

    def listen(what: str, _value: object) -> None:
        if what == "round":  # the plan is written down; now the place for shards is taken by a file
            (tmp_path / "corpus" / "shards").write_text("in the way")

    with pytest.raises(OutputError, match="cannot be written"):
        generate(wanted, WorkerPool(wanted, 1), listen)


def test_workers_that_cannot_start_are_told(seeds: Path, model: Path, tmp_path: Path) -> None:
    import shutil

    mine = tmp_path / "model"
    shutil.copytree(model, mine)
    wanted = setting(plan_of(seeds, mine), tmp_path / "corpus")
    (mine / "weights.safetensors").write_bytes(b"nothing")
    with pytest.raises(ComposerError, match="the weights do not match their card"):
        generate(wanted, WorkerPool(wanted, 1), silence)


def test_workers_that_die_over_no_piece_are_told(
    seeds: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks in writing a shard breaks again: nobody is hired for ever."""
    wanted = setting(plan_of(seeds, model), tmp_path / "corpus")
    pool = WorkerPool(wanted, 1)
    unit = Unit("00000", (0,))

    class Dead:
        exitcode = 1
        pid = 1

    def hired() -> Worker:
        return Worker(Dead(), Closed(), ready=True, units=[unit], careful=True)  # type: ignore[arg-type]

    class Closed(Line):
        def close(self) -> None:
            pass

    monkeypatch.setattr(pool, "_start_worker", hired)
    for _ in range(worker_pool.DEATHS - 1):
        pool._workers = [hired()]
        pool._replace_worker(pool._workers[0], deque(), silence, hangs=False)
    pool._workers = [hired()]
    with pytest.raises(ComposerError, match=r"shard 00000: the worker died \(exit code 1\), 3 times"):
        pool._replace_worker(pool._workers[0], deque(), silence, hangs=False)
