"""`composer studio` itself, and a real browser to look at it with."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
WAIT_S = 120


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[str]:
    """The address of a studio in this folder, ended with Ctrl-C."""
    command = [sys.executable, "-m", "composer", "studio", "--port", "0", "--folder", str(folder), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        found = re.match(r"studio: (http://127\.0\.0\.1:\d+/)", process.stdout.readline())
        assert found, process.stderr and process.stderr.read()
        yield found[1]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert errors.strip() == "composer: stopped; nothing was left half-written", errors


@contextmanager
def looking_at(address: str) -> Iterator[Page]:
    """A page of a desktop's size, about to go there."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no browser test without playwright")
    chromium = os.environ.get("COMPOSER_CHROMIUM") or next((path for path in CHROMIUM if Path(path).exists()), None)
    with playwright.sync_playwright() as running:
        if chromium is None and not Path(running.chromium.executable_path).exists():
            pytest.skip("no chromium on this machine: apt-get install chromium, or playwright install chromium")
        browser = running.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        )
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 800})
        page.set_default_timeout(WAIT_S * 1000)
        yield page
        browser.close()


def until(page: Page, question: str, *args: Any) -> None:
    """Wait for a question to the page to be answered with something true (its content policy lets no strings be run inside)."""
    deadline = time.monotonic() + WAIT_S
    while not page.evaluate(question, *args):
        assert time.monotonic() < deadline, f"never true: {question}"
        time.sleep(0.03)
