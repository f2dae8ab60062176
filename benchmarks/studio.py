"""The studio as its user meets it: how long until there is something to see and to hear, what it weighs, what it can take.

    python benchmarks/studio.py [--tune auld-lang-syne] [--style bossa] [--picture docs/images/studio.png]

Starts `composer studio` in an empty folder and drives its page in chromium: a bundled tune, "Write the band", "Play". Times are
counted from the click on "Write the band". Needs playwright and a chromium, as the test of the page does.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
LEVEL = """() => {
  const samples = new Float32Array(2048);
  const { player } = window.studio;
  if (!player.playing) return 0;
  player.analyser.getFloatTimeDomainData(samples);
  return Math.max(...samples.map(Math.abs));
}"""
WEIGHT = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
  .filter(({ name }) => !name.includes('/api/')).map(({ encodedBodySize }) => encodedBodySize)"""
LIGHT_S = 2.0


@contextmanager
def studio() -> Iterator[tuple[str, psutil.Process, float]]:
    """A fresh studio: its address, its process, and how long it took to start."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "composer", "studio", "--port", "0", "--folder", folder]
        begun = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            found = re.match(r"studio: (\S+)", process.stdout.readline())
            took = time.perf_counter() - begun
            assert found, "the studio did not start"
            yield found[1], psutil.Process(process.pid), took
            process.send_signal(signal.SIGINT)
            process.wait(30)


def until(page: Any, question: str, seconds: float = 300) -> float:
    """When a question to the page is first answered with something true."""
    deadline = time.perf_counter() + seconds
    while not page.evaluate(question):
        if time.perf_counter() > deadline:
            sys.exit(f"never true: {question}")
        time.sleep(0.01)
    return time.perf_counter()


def requests_a_second(address: str, path: str) -> float:
    """One client, one connection, one request after the other."""
    client = http.client.HTTPConnection(urlsplit(address).netloc)
    count, begun = 0, time.perf_counter()
    while (took := time.perf_counter() - begun) < LIGHT_S:
        client.request("GET", path)
        answer = client.getresponse()
        answer.read()
        assert answer.status == 200, path
        count += 1
    return count / took


def megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


def processor_s(process: psutil.Process) -> float:
    """Seconds of processor time that it has taken: on a busy machine they tell more than the clock."""
    times = process.cpu_times()
    return float(times.user + times.system)


def measure(tune: str, style: str, picture: Path | None) -> list[tuple[str, str]]:
    from playwright.sync_api import sync_playwright

    chromium = next((path for path in CHROMIUM if Path(path).exists()), None)
    rows = []
    with studio() as (address, process, start_s), sync_playwright() as playwright:
        flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page(base_url=address, viewport={"width": 1200, "height": 740})
        begun = time.perf_counter()
        page.goto("/")
        page.wait_for_selector("#examples button")
        rows += [("studio starts, s", f"{start_s:.1f}"), ("page opens, s", f"{time.perf_counter() - begun:.2f}")]
        files = page.evaluate(WEIGHT)
        rows.append(("page, kB in files", f"{sum(files) / 1000:.0f} in {len(files)}"))
        page.click(f"#examples button:has-text('{tune.split('-')[0].title()}')")
        page.wait_for_selector("#desk:not([hidden])")
        page.request.post("/api/arrangements", data={"seed_id": "0" * 16})  # waits until the model is loaded
        rows.append(("memory with the model loaded, MB", f"{megabytes(process):.0f}"))
        page.select_option("#style", style)
        begun, spent = time.perf_counter(), processor_s(process)
        page.click("#write")
        first_bar = until(page, "() => document.body.dataset.bars")
        written = until(page, "() => document.body.dataset.state === 'take'")
        writing = processor_s(process) - spent
        page.click("#play")
        first_sound = until(page, f"() => ({LEVEL})() > 0.001")
        playing = processor_s(process) - spent - writing
        bars, seconds = page.evaluate(
            "() => [window.studio.roll.score.bars.length, window.studio.roll.score.duration_s]"
        )
        rows += [
            ("first bar on the screen, s", f"{first_bar - begun:.2f}"),
            (f"all {bars} bars ({seconds:.0f} s of music), s", f"{written - begun:.2f}"),
            ("first sound, s", f"{first_sound - begun:.2f}"),
            ("processor time of the server: writing, s", f"{writing:.2f}"),
            ("from there to the first sound, s", f"{playing:.2f}"),
            ("memory after that, MB", f"{megabytes(process):.0f}"),
        ]
        if picture:
            page.wait_for_timeout(9_000)
            page.evaluate("() => window.studio.roll.select({ from: 9, to: 12, parts: ['bass', 'piano'] })")
            page.wait_for_timeout(300)
            page.screenshot(path=picture)
        take = page.evaluate("() => window.studio.takes.now")
        page.click("#play")
        page.wait_for_timeout(500)
        browser.close()
        paths = (
            "/api/seeds",
            "/api/jobs",
            "/api/styles",
            f"/api/arrangements/{take}",
            f"/api/arrangements/{take}/score",
        )
        for path in paths:
            rows.append((f"GET {path.replace(take, 'ID')}, a second", f"{requests_a_second(address, path):.0f}"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tune", default="auld-lang-syne", help="a bundled tune (default: auld-lang-syne)")
    parser.add_argument("--style", default="bossa", help="(default: bossa)")
    parser.add_argument("--picture", type=Path, help="write a screenshot here (default: none)")
    parser.add_argument("--json", action="store_true", help="the table as JSON (default: as text)")
    args = parser.parse_args()
    load = psutil.getloadavg()[0]
    rows = measure(args.tune, args.style, args.picture)
    if args.json:
        print(json.dumps(dict(rows), indent=2))
        return
    print(f"{psutil.cpu_count()} cores, load {load:.1f} before the start")
    for what, value in rows:
        print(f"{what:<48}{value:>14}")


if __name__ == "__main__":
    main()
