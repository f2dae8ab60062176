"""Neural amplifiers: what a pedal or an amp does to a guitar, learned from a recording before and after it.

`load("crunch")` gives a shipped one, `load("my.nam")` or `load("my.json")` what players already own. An amplifier is an
insert for a strip: `amp.start(sample_rate).process(block)`. torch is needed for training only.
"""

from __future__ import annotations

from composer.amp.files import load, save, shipped
from composer.amp.model import Amp, AmpRun

__all__ = ["Amp", "AmpRun", "load", "save", "shipped"]
