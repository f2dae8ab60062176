"""The line in every generated file that says which weights wrote it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_STAMP = re.compile(r"written by composer (\S+), model (.+?), sha256 ([0-9a-f]{64}), seed (\d+)")


@dataclass(frozen=True)
class Stamp:
    """What a generated file says of its making."""

    version: str
    model: str
    sha256: str
    seed: int

    @property
    def text(self) -> str:
        """As it stands in a MIDI file's text event.

        >>> Stamp.read(Stamp("0.1.0", "band-lstm", "a" * 64, 7).text)
        Stamp(version='0.1.0', model='band-lstm', sha256='aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', seed=7)
        """
        return f"written by composer {self.version}, model {self.model}, sha256 {self.sha256}, seed {self.seed}"

    @classmethod
    def read(cls, text: str) -> Stamp | None:
        """The stamp in a text, None where there is none."""
        found = _STAMP.search(text)
        return cls(found[1], found[2], found[3], int(found[4])) if found else None

    @classmethod
    def of_report(cls, report: Mapping[str, Any], version: str) -> Stamp | None:
        """The stamp of an arrangement's report (its JSON), None where it names no model."""
        model = report.get("model")
        if not isinstance(model, Mapping) or not re.fullmatch(r"[0-9a-f]{64}", str(model.get("sha256", ""))):
            return None
        return cls(version, str(model.get("model") or "unnamed"), str(model["sha256"]), int(report.get("seed") or 0))
