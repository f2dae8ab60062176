"""What a run writes down as it goes: log.jsonl always, TensorBoard's files where tensorboard is installed, and curves.png."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

from composer.training.curves import draw_curves

LOG, CURVES, BOARD = "log.jsonl", "curves.png", "tensorboard"


class Journal:
    """One run's records; a process that does not write keeps none."""

    def __init__(self, folder: Path, writes: bool = True) -> None:
        self.folder, self.writes = folder, writes
        self.board: Any = None

    def write(self, entry: dict[str, Any]) -> None:
        """One entry: a line of JSON, and every number of it under its name in TensorBoard."""
        if not self.writes:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOG).open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read() != b"\n":
                    file.write(b"\n")  # a run that was killed left half a line
            file.write(json.dumps(entry).encode() + b"\n")
        if "step" in entry and importlib.util.find_spec("tensorboard"):
            if self.board is None:
                from torch.utils.tensorboard import SummaryWriter

                self.board = SummaryWriter(str(self.folder / BOARD))
            for name, value in numbers(entry).items():
                self.board.add_scalar(name, value, entry["step"])
        if "valid" in entry:
            draw_curves({self.folder.name: self.entries()}, self.folder / CURVES)
            if self.board is not None:
                self.board.flush()

    def entries(self) -> list[dict[str, Any]]:
        """All entries so far, without those that a killed run wrote half."""
        path = self.folder / LOG
        return [*filter(None, map(_entry, path.read_bytes().splitlines()))] if path.exists() else []

    def close(self) -> None:
        if self.board is not None:
            self.board.close()


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def numbers(entry: dict[str, Any], prefix: str = "") -> dict[str, float]:
    """Every number in nested entries, named by its path: {"valid/by_field/pitch": 1.4, …}; training's own under "train"."""
    found: dict[str, float] = {}
    for name, value in entry.items():
        if isinstance(value, dict):
            found |= numbers(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and name != "step":
            found[f"{prefix or 'train/'}{name}"] = float(value)
    return found
