"""What a direction means: the figures of a bar (played_bar.FIGURES) that it sets, and between what they are to lie."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from composer.gm import ROLES
from composer.model.controls import DENSITY, POLYPHONY, REGISTER, ROLE, ROLE_NAMES, level_range
from composer.vocab import DRUM_PART

Range = tuple[float, float]
"""From, to; either may be infinite."""
_ANY = math.inf
_CHORDS: Mapping[str, Range] = {"together": (2.2, _ANY), "length": (0, 12)}
_LINES: Mapping[str, Range] = {"together": (1, 1.15), "length": (0, 16)}
_OF_CHORDS_AND_LINES: Mapping[str, Mapping[str, Range]] = {
    "comp": {**_CHORDS, "onsets": (1, 4.5)},
    "strum": {**_CHORDS, "onsets": (7.5, _ANY)},
    "pad": {"length": (34, _ANY), "onsets": (1, 2)},
    "arpeggio": {**_LINES, "onsets": (6.5, _ANY), "in chord": (0.95, 1)},
    "riff": {**_LINES, "as before": (1, 1), "in chord": (0.35, 0.7)},
    "line": {**_LINES, "as before": (0, 0.5), "in chord": (0.35, 0.7)},
}
_OF_ROLES: Mapping[str, Mapping[str, Mapping[str, Range]]] = {
    "drums": {
        "beat": {"kicks": (2, _ANY), "snares": (2, 5), "toms": (0, 1)},
        "fill": {"toms": (5, _ANY)},
        "light": {"snares": (0, 0)},
    },
    "bass": {
        "roots": {"roots": (1, 1)},
        "alternating": {"roots and fifths": (1, 1), "roots": (0, 0.7)},
        "octaves": {"octave leaps": (0.7, 1)},
        "walking": {"onsets a beat": (1, 1), "on the beat": (1, 1), "moves": (1, 1), "roots and fifths": (0, 0.7)},
        "line": {"roots and fifths": (0, 0.6), "roots": (0, 0.5), "on the beat": (0, 0.55)},
    },
    "guitar": _OF_CHORDS_AND_LINES,
    "piano": _OF_CHORDS_AND_LINES,
    "strings": _OF_CHORDS_AND_LINES,
}
"""As controls.playing_roles tells roles apart, some way inside each."""
NUMBERS_OF_NOTES = frozenset(("notes", "onsets", "onsets a beat"))
"""Figures that say the same: only one of them is asked for."""


def targets(part: int, asked: Sequence[int]) -> dict[str, Range]:
    """Figure → where it is to lie, for a part and a row of controls. Levels asked for go before what a role says of the same."""
    role = ROLE_NAMES[asked[ROLE]]
    found = dict(_OF_ROLES.get(ROLES[part], {}).get(role, {}))
    together = "instruments" if part == DRUM_PART else "together"
    for control, figure in ((DENSITY, "notes"), (REGISTER, "pitch"), (POLYPHONY, together)):
        if asked[control] and (part, control) != (DRUM_PART, REGISTER):
            if control == DENSITY:
                found = {name: where for name, where in found.items() if name not in NUMBERS_OF_NOTES}
            found[figure] = level_range(control, part, asked[control])
    return found
