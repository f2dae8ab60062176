"""One untrained model and one folder of seeds for all tests of corpora."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.batch.kitchen import save_toy_model, write_seeds


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_toy_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_seeds(tmp_path_factory.mktemp("seeds") / "tunes")
