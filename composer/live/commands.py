"""The words that change a jam while it plays: the same from the keyboard, the control surface and the tests."""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from composer.errors import InputError
from composer.live.items import Command
from composer.live.settings import MODES
from composer.live.transport import FASTEST_BPM, SLOWEST_BPM
from composer.styles import resolve

if TYPE_CHECKING:
    from composer.live.engine import Engine

STRONGEST = 1.5

Obey = Callable[["Engine", dict[str, Any]], str]


def obey(engine: Engine, command: Command) -> None:
    """Do what a command says, and say that it was done. Raises InputError for what cannot be."""
    if command.name not in COMMANDS:
        raise InputError(f"no command called {command.name!r}; there are: {', '.join(COMMANDS)}")
    said = COMMANDS[command.name](engine, command.values)
    if said:
        engine.say(said)


def _part(engine: Engine, values: dict[str, Any]) -> str:
    part = str(values.get("part", ""))
    if part not in engine.settings.parts:
        raise InputError(f"no part called {part!r} in this band; it has: {', '.join(engine.settings.parts)}")
    return part


def _number(values: dict[str, Any], name: str, low: float, high: float) -> float:
    given = values.get(name, "nan")
    try:
        value = float("nan") if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        value = float("nan")
    if not low <= value <= high:
        raise InputError(f"{name} must be a number in range {low:g}..{high:g}, got {reprlib.repr(values.get(name))}")
    return value


def _on(values: dict[str, Any], otherwise: bool) -> bool:
    """Whether something is to be on; a word such as "false" would count as true, so only true and false are taken."""
    on = values.get("on", otherwise)
    if not isinstance(on, bool):
        raise InputError(f"on must be true or false, got {reprlib.repr(on)}")
    return on


def _mute(engine: Engine, values: dict[str, Any]) -> str:
    part = _part(engine, values)
    on = _on(values, part not in engine.desk.muted)
    (engine.desk.muted.add if on else engine.desk.muted.discard)(part)
    if on:
        engine.hush(part)
    return f"{part} {'muted' if on else 'plays again'}"


def _solo(engine: Engine, values: dict[str, Any]) -> str:
    part = _part(engine, values)
    on = _on(values, part not in engine.desk.soloed)
    (engine.desk.soloed.add if on else engine.desk.soloed.discard)(part)
    for other in engine.settings.parts:
        if not engine.desk.sounds(other):
            engine.hush(other)
    return f"{part} {'solo' if on else 'no longer solo'}"


def _step(by: int) -> Obey:
    def change(engine: Engine, values: dict[str, Any]) -> str:
        part = _part(engine, values)
        level = min(5, max(1, (engine.desk.density.get(part, 0) or 3) + by))
        engine.desk.density[part] = level
        return f"{part}: {'more' if by > 0 else 'less'}, density {level} of 5"

    return change


def _density(engine: Engine, values: dict[str, Any]) -> str:
    part, level = _part(engine, values), int(_number(values, "level", 0, 5))
    engine.desk.density[part] = level
    return f"{part}: density {level or 'automatic'}"


def _level(engine: Engine, values: dict[str, Any]) -> str:
    part, level = _part(engine, values), _number(values, "level", 0.1, 2)
    engine.desk.level[part] = level
    return f"{part}: level {level:g}"


def _style(engine: Engine, values: dict[str, Any]) -> str:
    name = str(values.get("style", ""))
    engine.desk.style = resolve(name).name
    return f"style {engine.desk.style} from the next bar on"


def _strength(engine: Engine, values: dict[str, Any]) -> str:
    engine.desk.strength = _number(values, "strength", 0, STRONGEST)
    return f"style strength {engine.desk.strength:g}"


def _mode(engine: Engine, values: dict[str, Any]) -> str:
    mode = str(values.get("mode", ""))
    if mode not in MODES:
        raise InputError(f"no mode called {mode!r}; there are: {', '.join(MODES)}")
    engine.desk.mode = mode
    return f"mode {mode}"


def _tempo(engine: Engine, values: dict[str, Any]) -> str:
    engine.set_tempo(_number(values, "bpm", SLOWEST_BPM, FASTEST_BPM))
    return ""


def _tap(engine: Engine, _: dict[str, Any]) -> str:
    engine.tap()
    return ""


def _panic(engine: Engine, _: dict[str, Any]) -> str:
    engine.panic()
    return "panic: all notes off; the band comes back in at the next bar"


def _stop(engine: Engine, values: dict[str, Any]) -> str:
    engine.stop(str(values.get("why", "")) or "stopped")
    return ""


COMMANDS: dict[str, Obey] = {
    "mute": _mute,
    "solo": _solo,
    "more": _step(1),
    "less": _step(-1),
    "density": _density,
    "level": _level,
    "style": _style,
    "strength": _strength,
    "mode": _mode,
    "tempo": _tempo,
    "tap": _tap,
    "panic": _panic,
    "stop": _stop,
}
"""Name → what it does. Values: part, on, level, style, strength, mode, bpm."""
