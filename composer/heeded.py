"""What was asked of each part beside what is heard in what was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from composer.gm import ROLES
from composer.model.controls import ACTIVITY, DENSITY, PLAYS, POLYPHONY, REGISTER, ROLE, measure, role_class
from composer.options import WISHES, ArrangeOptions
from composer.planning import Plan

LEVEL_CONTROLS = {"density": DENSITY, "register": REGISTER, "polyphony": POLYPHONY}
HALF = 0.5
"""Share of the bars in which a role is to be played, or a level to be near, for it to count as heeded."""
NEAR = 1.0
"""Levels by which the mean of the bars may be off."""
Heeded = Mapping[str, Mapping[str, Mapping[str, Any]]]


def heeded(plan: Plan, grid: Mapping[int, np.ndarray], options: ArrangeOptions) -> Heeded:
    """Field of the options → part → what was "asked", and what is "heard": the mean level, or the share of bars with the role.

    Of levels also "within_one": in which share of the bars. grid: what was written, as `Written.grid`. Of the bars that were asked
    for and are played; None of a part that plays in none, and parts that were not to be written are left out.
    """
    if not any(getattr(options, name) for name in (*LEVEL_CONTROLS, "roles")):
        return {}
    measured = measure(replace(plan.song, notes=_in_order(grid)))
    bars = plan.brief.asked & (measured[..., ACTIVITY] == PLAYS)
    writing = [ROLES[part] for part in plan.brief.asked_parts]
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, control in LEVEL_CONTROLS.items():
        for part, level in getattr(options, name).items():
            if part not in writing:
                continue
            heard = _of(measured, bars, part, control)
            found.setdefault(name, {})[part] = {
                "asked": level,
                "heard": round(float(heard.mean()), 1) if len(heard) else None,
                "within_one": round(float(np.mean(abs(heard - level) <= 1)), 2) if len(heard) else None,
            }
    for part, role in options.roles.items():
        if part not in writing:
            continue
        heard = _of(measured, bars, part, ROLE)
        share = round(float(np.mean(heard == role_class(part, role))), 2) if len(heard) else None
        found.setdefault("roles", {})[part] = {"asked": role, "heard": share}
    return found


def _of(measured: np.ndarray, bars: np.ndarray, part: str, control: int) -> np.ndarray:
    """What a part is heard to do in each of some bars, (n,)."""
    return np.asarray(measured[bars[:, ROLES.index(part)], ROLES.index(part), control])


def _in_order(grid: Mapping[int, np.ndarray]) -> np.ndarray:
    return np.sort(np.concatenate([*grid.values()]), order=["bar", "part", "position", "pitch"])


def missed(found: Heeded) -> list[str]:
    """A sentence for every direction that the part does not follow.

    >>> missed({"density": {"piano": {"asked": 1, "heard": 2.4, "within_one": 0.6}}})
    ['piano: density 1 was asked for, 2.4 is heard']
    >>> missed({"roles": {"bass": {"asked": "octaves", "heard": 0.25}, "piano": {"asked": "riff", "heard": None}}})
    ['bass: octaves was asked for, and is played in 25% of its bars', 'piano: riff was asked for, and it plays nothing']
    """
    said: list[str] = []
    for name, parts in found.items():
        for part, one in parts.items():
            asked, heard = one["asked"], one["heard"]
            wish = asked if name == "roles" else f"{WISHES[name]} {asked}"
            if heard is None:
                said.append(f"{part}: {wish} was asked for, and it plays nothing")
            elif name == "roles" and heard < HALF:
                said.append(f"{part}: {wish} was asked for, and is played in {heard:.0%} of its bars")
            elif name != "roles" and (abs(asked - heard) > NEAR or one["within_one"] < HALF):
                said.append(f"{part}: {wish} was asked for, {heard:g} is heard")
    return said
