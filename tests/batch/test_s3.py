"""A corpus on S3: a real server of moto's on this machine, reached as anybody's bucket is; left out where moto or s3fs is not installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from composer.batch.corpus import Corpus
from composer.batch.run import generate, setting_of
from composer.batch.store import open_store
from composer.batch.verify import problems
from composer.batch.worker_pool import WorkerPool
from composer.errors import OutputError
from tests.batch.kitchen import plan_of, silence

pytestmark = [
    pytest.mark.skipif(
        any(importlib.util.find_spec(name) is None for name in ("moto", "flask", "s3fs")),
        reason="moto and s3fs are not installed: pip install 'moto[server]' s3fs",
    ),
    # Of botocore's and werkzeug's own making.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "anybody",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3", skip_instance_cache=True).makedirs("music", exist_ok=True)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    yield "s3://music"
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    server.stop()


@pytest.mark.slow
def test_two_workers_write_to_a_bucket_and_go_on_there(seeds: Path, model: Path, bucket: str) -> None:
    wanted, _ = setting_of(plan_of(seeds, model, output={"shard": 2}), f"{bucket}/corpus", 4)
    outcome = generate(wanted, WorkerPool(wanted, 2), silence)
    assert outcome.counts["kept"] == 12
    corpus = Corpus.open(f"{bucket}/corpus")
    assert list(problems(corpus)) == []
    store = open_store(f"{bucket}/corpus")
    store.remove("shards/00003.jsonl")  # as if its worker had been lost before it was done
    assert generate(wanted, WorkerPool(wanted, 2), silence).made == 2
    assert list(problems(Corpus.open(f"{bucket}/corpus"))) == []


@pytest.mark.slow
def test_who_has_no_rights_there_is_told(
    seeds: Path, model: Path, bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    wanted, _ = setting_of(plan_of(seeds, model), f"{bucket}/corpus", 4)
    with pytest.raises(OutputError, match=r"cannot be reached .*credentials"):
        generate(wanted, WorkerPool(wanted, 1), silence)
