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
"""Share of the bars in which a role is to be played, for it to count as played."""
NEAR = 1.0
"""Levels by which the mean of the bars may be off."""
Heeded = Mapping[str, Mapping[str, Mapping[str, Any]]]


def heeded(plan: Plan, grid: Mapping[int, np.ndarray], options: ArrangeOptions) -> Heeded:
    """Field of the options → part → what was "asked", and what is "heard": the mean level, or the share of bars with the role.

    grid: what was written, as `Written.grid`. Of the bars that were asked for and are played; parts that play none are left out.
    """
    if not any(getattr(options, name) for name in (*LEVEL_CONTROLS, "roles")):
        return {}
    measured = measure(replace(plan.song, notes=_in_order(grid)))
    bars = plan.brief.asked & (measured[..., ACTIVITY] == PLAYS)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, control in LEVEL_CONTROLS.items():
        for part, level in getattr(options, name).items():
            heard = measured[bars[:, ROLES.index(part)], ROLES.index(part), control]
            if len(heard):
                found.setdefault(name, {})[part] = {"asked": level, "heard": round(float(heard.mean()), 1)}
    for part, role in options.roles.items():
        heard = measured[bars[:, ROLES.index(part)], ROLES.index(part), ROLE]
        if len(heard):
            share = float(np.mean(heard == role_class(part, role)))
            found.setdefault("roles", {})[part] = {"asked": role, "heard": round(share, 2)}
    return found


def _in_order(grid: Mapping[int, np.ndarray]) -> np.ndarray:
    return np.sort(np.concatenate([*grid.values()]), order=["bar", "part", "position", "pitch"])


def missed(found: Heeded) -> list[str]:
    """A sentence for every direction that the part does not follow.

    >>> missed({"density": {"piano": {"asked": 1, "heard": 2.4}}, "roles": {"bass": {"asked": "octaves", "heard": 0.25}}})
    ['piano: density 1 was asked for, 2.4 is heard', 'bass: octaves was asked for, and is played in 25% of its bars']
    """
    said: list[str] = []
    for name, parts in found.items():
        for part, one in parts.items():
            asked, heard = one["asked"], one["heard"]
            if name == "roles" and heard < HALF:
                said.append(f"{part}: {asked} was asked for, and is played in {heard:.0%} of its bars")
            elif name != "roles" and abs(asked - heard) > NEAR:
                said.append(f"{part}: {WISHES[name]} {asked} was asked for, {heard:g} is heard")
    return said
