"""Corpora by the thousand: notes a second, cost per piece, memory, and what a hundred machines would do.

    python benchmarks/batch.py speed [--pieces 384] [--bars 16] [--workers 2] [--checkpoint DIR]
    python benchmarks/batch.py growth [--sizes 100,1000,10000]
    python benchmarks/batch.py machines

`speed` writes a corpus from melodies of benchmarks/generate.py, five parts, everything on (gate, near-duplicates, manifest), and
one song at a time beside it. `growth` makes corpora of several sizes with an untrained network of the smallest size, one bass part
over four bars, so that what is not the network weighs most. `machines` simulates a cluster: the times of unit, driver and seal
are measured here, an object store's are assumed and said.

Figures are of whatever else the machine does; `cpu` columns count processor time and are less moved by it.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from composer.arrange import ArrangeOptions, Arranger
from composer.batch.lockstep import LANES
from composer.batch.piece_maker import PieceMaker
from composer.batch.plan import BatchPlan
from composer.batch.run import generate, seal, setting_of
from composer.batch.store import open_store
from composer.batch.worker_pool import WorkerPool
from composer.formats import save
from composer.gm import BAND
from composer.model.checkpoint import save_checkpoint
from composer.model.config import ModelConfig
from composer.score import Part, Score
from composer.timing import TempoMap

CHORDS = "C | Am7 | Dm7 G7 | C | F | Fm | C/E A7 | Dm7 G7"


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Print a table."""
    texts = [
        head,
        *(tuple(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row) for row in rows),
    ]
    widths = [max(len(row[i]) for row in texts) for i in range(len(head))]
    lines = [
        "| " + " | ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) + " |" for row in texts
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 1) + ":" for width in widths) + "|")
    print("\n".join(lines))


def tunes(folder: Path, count: int, bars: int) -> None:
    """Seeds as benchmarks/generate.py makes them."""
    sys.path.insert(0, str(Path(__file__).parent))
    from generate import tune

    folder.mkdir()
    for number in range(count):
        save(tune(bars, number), folder / f"tune-{number}.mid")


def speed(said: argparse.Namespace) -> None:
    """One song at a time, and a corpus."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tunes(folder / "seeds", 8, said.bars)
        from composer import formats

        arranger = Arranger.load(said.checkpoint)
        alone: list[tuple[float, float]] = []
        for number in range(6):
            score = formats.load(folder / "seeds" / f"tune-{number}.mid")
            options = ArrangeOptions(parts=tuple(BAND), chords=CHORDS, seed=number)
            began, cpu = time.perf_counter(), time.process_time()
            notes = arranger.arrange(score, options).report["timings"]["notes"]
            alone.append((notes / (time.perf_counter() - began), notes / (time.process_time() - cpu)))
        plan = BatchPlan.from_json(
            {
                "seeds": [str(folder / "seeds")],
                "parts": [list(BAND)],
                "controls": [{"chords": CHORDS}],
                "pieces": said.pieces,
                "checkpoint": said.checkpoint or "",
            }
        )
        setting, _ = setting_of(plan, str(folder / "corpus"), said.lanes)
        first: list[float] = []

        def listen(what: str, _value: object) -> None:
            if what == "round":
                first.append(time.monotonic())

        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        outcome = generate(setting, WorkerPool(setting, said.workers), listen)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        each, each_cpu = (statistics.median(values) for values in zip(*alone, strict=True))
        records = [json.loads(line) for line in (folder / "corpus" / "manifest.jsonl").open()]
        written = sum(record["notes"] - record["notes_melody"] for record in records)
        rate = written / outcome.seconds
        print(
            f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {written} notes of bands in {outcome.made} pieces\n"
        )
        table(
            ("how", "notes/s", "notes/s of cpu", "times"),
            [
                ("one song at a time", each, each_cpu, 1.0),
                (f"{said.workers} workers, {said.lanes} lanes", rate, written / cpu_s, rate / each),
                ("a worker, by processor time", "", written / cpu_s, written / cpu_s / each_cpu),
            ],
        )
        print(f"\n{outcome.seconds / outcome.made:.3f} s a piece, all told; {outcome.counts}")


def small_plan(folder: Path, pieces: int) -> BatchPlan:
    """One bass part over four bars of given chords, by an untrained network of the smallest size."""
    import torch

    from composer.model.network import Network

    if not (folder / "model").exists():
        torch.manual_seed(3)
        network = Network(ModelConfig.tiny(styles=("pop",), grooves=("g",), dropout=0.0)).eval()
        weights = {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}
        card = {"model": "untrained", "licence": "CC0", "corpora": {}, "grooves": {}}
        save_checkpoint(folder / "model", network.config, weights, card)
        rows = [(beat * 480, 400, 60 + beat * 5 % 12, 80) for beat in range(16)]
        (folder / "seeds").mkdir()
        save(Score((Part("Lead", rows, 73),), TempoMap.constant(120)), folder / "seeds" / "tune.mid")
    return BatchPlan.from_json(
        {
            "seeds": [str(folder / "seeds")],
            "parts": [["bass"]],
            "controls": [{"chords": "C | F | G | C", "form": "AB"}],
            "pieces": pieces,
            "checkpoint": str(folder / "model"),
            "gate": {"tries": 1, "silent": 0, "looping": 0, "clashing": 0, "out_of_chord": 0, "near_duplicates": 0.9},
        }
    )


def memory_mb(pid: int) -> float:
    """Memory a process holds, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def growth(said: argparse.Namespace) -> None:
    """Cost per piece and memory by the size of the corpus."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for pieces in said.sizes:
            setting, _ = setting_of(small_plan(Path(place), pieces), str(Path(place) / f"corpus-{pieces}"), said.lanes)
            pool = WorkerPool(setting, 1)
            seen: dict[str, Any] = {"done": 0, "worker": {}, "driver": {}, "seal": 0.0}
            marks = {max(1, pieces // 10), pieces // 2, pieces}

            def listen(
                what: str, _value: object, seen: dict[str, Any] = seen, pool: WorkerPool = pool, marks: set[int] = marks
            ) -> None:
                seen["done"] += what == "piece"
                if what == "piece" and seen["done"] in marks and pool._workers:
                    seen["worker"][seen["done"]] = memory_mb(pool._workers[0].process.pid or 0)
                    seen["driver"][seen["done"]] = memory_mb(os.getpid())
                if what == "seal":
                    seen["seal"] = time.process_time()

            before, cpu = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
            outcome = generate(setting, pool, listen)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            worker_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            driver_s = time.process_time() - cpu
            worker = list(seen["worker"].values())
            rows.append(
                (
                    pieces, 1000 * outcome.seconds / outcome.made, 1000 * worker_s / outcome.made, 1000 * driver_s / outcome.made,
                    1000 * (time.process_time() - seen["seal"]) / pieces, " ".join(f"{mb:.0f}" for mb in worker),
                    " ".join(f"{mb:.0f}" for mb in seen["driver"].values()), outcome.counts["duplicate"],
                )
            )  # fmt: skip
            print(f"{pieces} done, {outcome.seconds:.0f} s", file=sys.stderr)
    table(
        (
            "pieces",
            "ms a piece",
            "worker's cpu ms",
            "driver's cpu ms",
            "of it sealing",
            "worker MB at 1/10 1/2 1",
            "driver MB",
            "copies",
        ),
        rows,
    )


PUT_S, ACTORS_A_MACHINE, WAN_MB_S = 0.08, 16, 1000.0
"""Assumed: an object store's time to take a file; cores of a machine; what the store takes from all together."""


def machines(said: argparse.Namespace) -> None:
    """A cluster, simulated: actors make units, the driver serves one of them at a time, then seals."""
    with tempfile.TemporaryDirectory() as place:
        plan = small_plan(Path(place), 512)
        setting, _ = setting_of(plan, str(Path(place) / "corpus"), 64)
        piece_maker = PieceMaker(setting)
        generate(setting, Made(piece_maker), lambda _what, _value: None)
        store = open_store(setting.where)
        began = time.process_time()
        seal(store, plan, 512, lambda _what, _value: None)
        seal_s = (time.process_time() - began) / 512
        records = [
            json.loads(line) for path in (Path(place) / "corpus" / "shards").glob("*.jsonl") for line in path.open()
        ]
        began = time.process_time()
        for _ in range(200):
            json.loads(
                json.dumps(
                    [
                        {name: record.get(name) for name in ("index", "status", "notes", "bytes")}
                        for record in records[:64]
                    ]
                )
            )
        told_s = (time.process_time() - began) / 200 + said.driver_ms / 1000
    print(
        f"measured: {seal_s * 1000:.2f} ms of sealing a piece, {told_s * 1000:.2f} ms of driver a unit"
        f" (of it {said.driver_ms:g} ms of Ray's for a task, after its own benchmarks);\n"
        f"given (--piece-s, see `speed`): {said.piece_s:g} s of a core a piece; assumed: {PUT_S} s and {said.unit_mb:g} MB for a shard,"
        f" {WAN_MB_S:g} MB/s into the store, {ACTORS_A_MACHINE} cores a machine\n"
    )
    rows = []
    for count in (1, 10, 100, 1000):
        took, busy = simulate(count * ACTORS_A_MACHINE, said.pieces, 64, said.piece_s, told_s)
        sealing = seal_s * said.pieces
        store_s = said.unit_mb * said.pieces / 64 / WAN_MB_S
        rows.append(
            (
                count,
                count * ACTORS_A_MACHINE,
                said.pieces / took,
                busy,
                store_s / took,
                sealing,
                said.pieces / (took + sealing),
            )
        )
    table(("machines", "actors", "pieces/s", "driver busy", "store busy", "then sealing s", "pieces/s all told"), rows)


class Made:
    """Makers in this process."""

    def __init__(self, piece_maker: PieceMaker) -> None:
        self.piece_maker = piece_maker

    def run(self, units: Any, tell: Any) -> None:
        for unit in self.piece_maker.do(units, tell):
            tell("unit", unit.name)


def simulate(actors: int, pieces: int, size: int, piece_s: float, told_s: float) -> tuple[float, float]:
    """Seconds that `actors` need for `pieces`, and the share of them in which the driver is busy."""
    units = -(-pieces // size)
    ready = [(0.0, actor) for actor in range(min(actors, units))]
    heapq.heapify(ready)
    driver, busy, end = 0.0, 0.0, 0.0
    for _ in range(units):
        free, actor = heapq.heappop(ready)
        driver = max(driver, free) + told_s  # one at a time is served
        busy += told_s
        done = driver + size * piece_s + PUT_S
        end = max(end, done)
        heapq.heappush(ready, (done, actor))
    return end, busy / end


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_subparsers(dest="what", required=True)
    sub = what.add_parser("speed")
    sub.add_argument("--pieces", type=int, default=384)
    sub.add_argument("--bars", type=int, default=16)
    sub.add_argument("--workers", type=int, default=2)
    sub.add_argument("--lanes", type=int, default=LANES)
    sub.add_argument("--checkpoint", default=None)
    sub = what.add_parser("growth")
    sub.add_argument("--sizes", type=lambda text: [int(word) for word in text.split(",")], default=[100, 1000, 10000])
    sub.add_argument("--lanes", type=int, default=LANES)
    sub = what.add_parser("machines")
    sub.add_argument("--pieces", type=int, default=1_000_000)
    sub.add_argument("--piece-s", type=float, default=0.5, help="core seconds a piece (default 0.5)")
    sub.add_argument("--unit-mb", type=float, default=1.2, help="a shard of 64 pieces and its index (default 1.2)")
    sub.add_argument("--driver-ms", type=float, default=0.4, help="Ray's own time for a task (default 0.4)")
    said = parser.parse_args()
    {"speed": speed, "growth": growth, "machines": machines}[said.what](said)


if __name__ == "__main__":
    main()
