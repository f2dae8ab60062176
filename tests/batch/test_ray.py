"""The same corpus from a Ray cluster: a real local one with two actors, one of which is killed in mid-run."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from composer.batch.run import generate
from tests.batch.kitchen import Here, plan_of, setting, silence

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install 'melody-to-band[ray]'"
)

DRIVER = '''
import json, os, signal, sys
import ray
from composer.batch import ray_pool
from composer.batch.plan import BatchPlan
from composer.batch.run import generate, setting_of

plan = BatchPlan.from_json(json.loads(sys.argv[1]))
setting, _ = setting_of(plan, sys.argv[2], 4)
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")

class Mortal(ray_pool.Actor):
    """The first actor of all dies over its first units, as if its machine had gone."""

    def do(self, units):
        mark = sys_argv_mark
        if not os.path.exists(mark):
            open(mark, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().do(units)

sys_argv_mark = sys.argv[3]
ray_pool.Actor = Mortal
lost = []
outcome = generate(
    setting, ray_pool.RayPool(setting, "auto", 2), lambda what, value: lost.append(value) if what == "lost" else None
)
print(json.dumps({"lost": lost, "counts": outcome.counts}))
'''


@pytest.mark.slow
def test_two_actors_one_killed(seeds: Path, model: Path, tmp_path: Path) -> None:
    plan = plan_of(seeds, model, output={"shard": 2})
    words = [json.dumps(plan.to_json()), str(tmp_path / "corpus"), str(tmp_path / "mark")]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, *words], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["counts"]["kept"] == 12
    assert len(told["lost"]) == 1
    wanted = setting(plan, tmp_path / "here")
    generate(wanted, Here(wanted), silence)
    mine, theirs = (
        [json.loads(line)["sha256"] for line in (tmp_path / name / "manifest.jsonl").read_text().splitlines()]
        for name in ("corpus", "here")
    )
    assert mine == theirs
