"""Latency per device: measured by a tap test, kept in a small file, applied to every jam.

The player taps along with a click. How late the taps come is what the output adds before the click is heard, and the input
before the tap arrives; a player who plays with the band is late by the same sum, so it is taken off what is heard. What the
output alone adds is known for our own renderer (its buffer), or said with --output-latency; the rest is the input's.
"""

from __future__ import annotations

import json
import os
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from composer.atomic import atomic_file
from composer.errors import InputError, OutputError

LONGEST_S = 0.3
LEAD_IN = 4
"""Taps at the beginning that do not count: people find the beat first."""


def settings_folder() -> Path:
    """Where this user's settings live."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "composer"


@dataclass
class Latencies:
    """Seconds by port name."""

    inputs: dict[str, float] = field(default_factory=dict)
    outputs: dict[str, float] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None = None) -> Latencies:
        """What was measured on this machine; nothing where nothing was. Raises InputError for a damaged file."""
        path = path or settings_folder() / "latency.json"
        try:
            table = json.loads(path.read_text("utf-8"))
            return cls(
                {str(name): float(value) for name, value in table["inputs"].items()},
                {str(name): float(value) for name, value in table["outputs"].items()},
            )
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise InputError(f"{path}: cannot be read ({error}); delete it and calibrate again") from None

    def save(self, path: Path | None = None) -> Path:
        """Keep them; returns where. Raises OutputError."""
        path = path or settings_folder() / "latency.json"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_file(path) as staged:
                staged.write_text(json.dumps({"inputs": self.inputs, "outputs": self.outputs}, indent=1), "utf-8")
        except OSError as error:
            raise OutputError(f"{path}: cannot be written ({error.strerror})") from None
        return path

    def input_s(self, name: str) -> float:
        return self.inputs.get(name, 0.0)

    def output_s(self, name: str) -> float:
        return self.outputs.get(name, 0.0)


def measure_taps(clicks_s: list[float], taps_s: list[float]) -> tuple[float, float]:
    """Clicks and taps → (median lateness, spread as half the middle half), in seconds.

    Each tap goes with the nearest click. Raises InputError where there are too few, or they agree too little to mean
    anything.
    """
    late = []
    for tap in taps_s:
        if not clicks_s:
            break
        number = min(range(len(clicks_s)), key=lambda i: abs(tap - clicks_s[i]))
        if number >= LEAD_IN and abs(tap - clicks_s[number]) < LONGEST_S:
            late.append(tap - clicks_s[number])
    if len(late) < 6:
        raise InputError(f"only {len(late)} taps fell on a click; tap along with every click")
    low, _, high = statistics.quantiles(late, n=4)
    spread = (high - low) / 2
    if spread > 0.06:
        raise InputError(f"the taps differ by {spread * 1000:.0f} ms; try again, more steadily")
    return statistics.median(late), spread
