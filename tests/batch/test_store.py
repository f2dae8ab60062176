"""Places to keep a corpus: a folder, and what fsspec opens."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from composer.batch.corpus import Corpus
from composer.batch.run import generate, setting_of
from composer.batch.store import FolderStore, RemoteStore, open_store
from composer.batch.verify import problems
from composer.errors import InputError, OutputError
from tests.batch.kitchen import Here, plan_of, silence


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "corpus"))
    assert isinstance(store, FolderStore)
    store.write("a/b.txt", b"one")
    store.write("a/b.txt", b"two")
    assert store.read("a/b.txt") == b"two"
    assert store.names("a") == ["b.txt"]
    assert store.names("missing") == []
    assert list(store.scratch().iterdir()) == []
    with pytest.raises(OutputError, match="cannot be written"):
        store.write("a/b.txt/c", b"three")
    assert list(store.scratch().iterdir()) == []


def test_a_corpus_at_a_url(seeds: Path, model: Path) -> None:
    plan = plan_of(seeds, model, takes=1)
    wanted, _ = setting_of(plan, "memory://corpora/one", 8)
    assert isinstance(open_store("memory://corpora/one"), RemoteStore)
    outcome = generate(wanted, Here(wanted), silence)
    assert outcome.counts["kept"] == 6
    assert generate(wanted, Here(wanted), silence).made == 0
    assert list(problems(Corpus.open("memory://corpora/one"))) == []


def test_a_url_that_nobody_knows_is_told() -> None:
    with pytest.raises(InputError, match="cannot be used as an output"):
        open_store("gopher://corpora")


@pytest.mark.slow
def test_a_disk_that_takes_no_more(seeds: Path, model: Path, tmp_path: Path) -> None:
    """The real thing, as far as one may without a disk of one's own: the system lets no file grow beyond 3 kB."""
    (tmp_path / "plan.json").write_text(json.dumps(plan_of(seeds, model, takes=1).to_json()))
    code = (
        "import json, resource, sys; from composer.batch.plan import BatchPlan; from composer.batch.run import generate, setting_of;"
        "from tests.batch.kitchen import Here, silence; from composer.errors import OutputError\n"
        "plan = BatchPlan.from_json(json.load(open(sys.argv[1]))); setting, _ = setting_of(plan, sys.argv[2], 8); here = Here(setting)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))\n"
        "try: generate(setting, here, silence)\n"
        "except OutputError as error: print(error)\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "plan.json"), str(tmp_path / "corpus")]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert "cannot be written (File too large); free some space, then run the same command again" in done.stdout
    assert not list((tmp_path / "corpus" / "shards").glob("*.jsonl"))
    wanted, _ = setting_of(plan_of(seeds, model, takes=1), str(tmp_path / "corpus"), 8)
    assert generate(wanted, Here(wanted), silence).counts["kept"] == 6
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
