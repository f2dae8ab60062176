"""Effects of pedalboard and VST3 plug-ins as inserts. pedalboard's one owner; its licence is GPL-3, so it is an extra.

    Phaser                         one of pedalboard's own, as it comes
    Phaser:rate_hz=0.4:mix=0.3     with parameters
    vst3:/path/Name.vst3:mix=0.3   a plug-in, with its parameters by the names that pedalboard gives them

Every effect is fed blocks of one size whatever the sound card asks for, so that live and offline it hears the same.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from composer.errors import AudioError

BLOCK = 64
"""Frames it is given at a time; every block of a desk is a multiple."""
LONGEST_S = 0.25
"""An effect that answers later than this is of no use beside other instruments."""
INSTALL_HINT = 'install it with: pip install "melody-to-band[plugins]" (pedalboard, licence GPL-3)'
NOT_FOR_STRIPS = {
    "Chain", "Mix", "PluginContainer", "ExternalPlugin", "VST3Plugin", "AudioUnitPlugin", "Plugin", "Pedalboard", "IIRFilter",
}  # fmt: skip
VALUE = re.compile(r":([A-Za-z_][\w ]*)=([^:=]*)$")


def library() -> ModuleType:
    """pedalboard. Raises AudioError with the command to install it."""
    try:
        import pedalboard
    except ImportError as error:
        raise AudioError(f"effects and plug-ins need pedalboard ({error}); {INSTALL_HINT}") from None
    module: ModuleType = pedalboard
    return module


@dataclass(frozen=True)
class Plugin:
    """An effect by its name or its file, and what is set on it. It is loaded where it runs."""

    effect: str
    """A class of pedalboard, or "" for a plug-in."""
    path: str
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Plugin:
        """ "Phaser:mix=0.3" or "vst3:/path/Name.vst3:mix=0.3". Raises AudioError on words that cannot be read."""
        name = text.strip()
        values: list[tuple[str, str]] = []
        while found := VALUE.search(name):
            values.insert(0, (found[1].strip(), found[2].strip()))
            name = name[: found.start()]
        if name.lower().startswith("vst3:") and name[5:]:
            return cls("", str(Path(name[5:]).expanduser()), tuple(values))
        if not re.fullmatch(r"\w+", name):
            raise AudioError(f"insert {text!r}: write an effect's name or vst3:PATH, then :PARAMETER=VALUE")
        return cls(name, "", tuple(values))

    @property
    def name(self) -> str:
        return self.effect or Path(self.path).stem

    def start(self, sample_rate: int) -> PluginRun:
        """Raises AudioError where it cannot be loaded, set or used in a strip."""
        return PluginRun(self._vst3() if self.path else self._own(), self.name, sample_rate)

    def _own(self) -> Any:
        kinds = effects()
        by_name = {name.lower(): kind for name, kind in kinds.items()}
        kind = by_name.get(self.effect.lower())
        if kind is None:
            raise AudioError(f"no effect called {self.effect!r}; there are: {', '.join(kinds)}; or vst3:PATH")
        try:
            return kind(**{key: _value(kind, value) for key, value in self.values})
        except (TypeError, ValueError, RuntimeError) as error:
            takes = re.search(r"\(self: [^,)]*,? ?(.*)\) ->", kind.__init__.__doc__ or "")
            said = "" if isinstance(error, TypeError) else f"{_line(error)}; "
            raise AudioError(f"insert {self.name}: {said}it takes {takes[1] if takes else 'nothing'}") from None

    def _vst3(self) -> Any:
        if not Path(self.path).exists():
            raise AudioError(f"{self.path}: no such plug-in; give the path of a .vst3 file or folder")
        values = dict(self.values)
        which = values.pop("plugin", None)
        try:
            plugin = library().VST3Plugin(self.path, plugin_name=which)
        except (ImportError, ValueError, RuntimeError) as error:
            raise AudioError(
                f"{self.path}: cannot be loaded as a VST3 plug-in for this machine ({_line(error)})"
            ) from None
        if not plugin.is_effect:
            raise AudioError(f"{self.path}: {plugin.name} is an instrument; a strip holds effects only")
        for key, value in values.items():
            if key not in plugin.parameters:
                raise AudioError(
                    f"{self.path}: no parameter {key!r}; there are: {', '.join(plugin.parameters) or 'none'}"
                )
            try:
                setattr(plugin, key, _value(None, value))
            except (TypeError, ValueError, RuntimeError) as error:
                raise AudioError(f"{self.path}: {key}={value}: {_line(error)}") from None
        return plugin


def effects() -> dict[str, Any]:
    """pedalboard's own effects that a strip can hold, by name."""
    module = library()
    return {
        name: kind
        for name, kind in sorted(vars(module).items())
        if inspect.isclass(kind) and issubclass(kind, module.Plugin) and name not in NOT_FOR_STRIPS and name[0] != "_"
    }


class PluginRun:
    """An effect at work. What it holds back (look-ahead) is made up in whole blocks of silence before its sound: `latency`."""

    def __init__(self, effect: Any, name: str, sample_rate: int) -> None:
        self._effect, self._name, self._rate = effect, name, sample_rate
        self.latency = self._held_back()
        self._ready = np.zeros((2, self.latency), np.float32)

    def _held_back(self) -> int:
        """Frames that it keeps to itself, rounded up to whole blocks."""
        silence, most, missing, quiet = np.zeros((2, BLOCK), np.float32), 0, 0, 0
        while quiet * BLOCK < LONGEST_S * self._rate:
            missing += BLOCK - self._ask(silence).shape[1]
            quiet = 0 if missing > most else quiet + 1
            most = max(most, missing)
            if most > LONGEST_S * self._rate:
                raise AudioError(
                    f"{self._name}: has more than {LONGEST_S:g} s of latency, too much for a strip; choose another effect"
                )
        self._effect.reset()
        return -(-most // BLOCK) * BLOCK

    def _ask(self, block: np.ndarray) -> np.ndarray:
        try:
            return np.asarray(self._effect.process(block, self._rate, BLOCK, False))
        except (RuntimeError, ValueError) as error:
            raise AudioError(f"{self._name}: does not work here ({_line(error)})") from None

    def process(self, audio: np.ndarray) -> None:
        """audio (2, frames), whole blocks, in place; what is no number comes out as silence."""
        pieces = [self._ready]
        pieces += [self._ask(audio[:, at : at + BLOCK]) for at in range(0, audio.shape[1], BLOCK)]
        sound = np.concatenate(pieces, axis=1)
        frames = audio.shape[1]
        audio[:] = sound[:, :frames]
        self._ready = sound[:, frames:]
        if not np.isfinite(audio).all():
            audio[~np.isfinite(audio)] = 0


def _value(kind: Any, text: str) -> Any:
    """A number, a switch, one of the effect's words, or text."""
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text.lower()):
        return float(text)
    if text.lower() in ("true", "on", "yes", "false", "off", "no"):
        return text.lower() in ("true", "on", "yes")
    words = getattr(kind, "Mode", getattr(kind, "Quality", None))
    return getattr(words, text, text)


def _line(error: Exception) -> str:
    """The first line of what a library says, without its full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
