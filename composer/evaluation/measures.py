"""Every figure about one band over one stretch of a song, by name and family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from composer.evaluation import form, harmony, rhythm, texture
from composer.gm import BAND
from composer.vocab import GridSong

FAMILIES = {
    "harmony": "agreement with chords, key and melody",
    "coordination": "parts with each other",
    "rhythm": "when the parts play",
    "density": "how much they play",
    "texture": "register, lengths, chords struck",
    "touch": "loudness",
    "form": "what comes back",
}
"""Family → what its figures are about."""


@dataclass(frozen=True)
class Measure:
    """One figure: `of(song, band's notes)`, NaN where there is nothing to judge."""

    name: str
    family: str
    of: Callable[[GridSong, np.ndarray], float]
    short: bool = True
    """Whether eight bars are enough for it to mean something."""


def all_measures(parts: tuple[str, ...] = tuple(BAND)) -> list[Measure]:
    """Every measure there is, in the table's order; figures of one part only for `parts`."""
    pitched = [role for role in harmony.PITCHED if role in parts]
    every = [role for role in BAND if role in parts]
    found = [Measure(f"{role}: in chord", "harmony", partial(harmony.in_chord, role=role)) for role in pitched]
    found += [
        Measure("bass: root or slash note on changes", "harmony", harmony.bass_on_changes),
        Measure("chords heard in the band are the lane's", "harmony", harmony.implied_chords),
        Measure("clashes with the melody", "harmony", harmony.clashes),
        Measure("out of key", "harmony", harmony.out_of_key),
        Measure("tonal distance between parts", "harmony", harmony.tonal_distance),
        Measure("kicks with a bass note", "coordination", rhythm.kick_with_bass),
        Measure("bass notes with a kick", "coordination", rhythm.bass_with_kick),
        Measure("onsets of two parts or more", "coordination", rhythm.together),
        Measure("drums: snares on the backbeat", "rhythm", rhythm.backbeat),
        Measure("drums: on sixteenths", "rhythm", lambda song, notes: rhythm.on_sixteenths(notes)),
        Measure("drums: different instruments", "rhythm", lambda song, notes: rhythm.kit_pieces(notes)),
    ]
    for role in every:
        found += [
            Measure(f"{role}: onsets like the bar before", "rhythm", partial(rhythm.groove_kept, role=role)),
            Measure(f"{role}: onsets off the beat", "rhythm", partial(rhythm.off_beat, role=role)),
        ]
    for role in every:
        found += [
            Measure(f"{role}: notes a bar where it plays", "density", partial(rhythm.density, role=role)),
            Measure(f"{role}: empty bars", "density", partial(rhythm.empty_bars, role=role)),
        ]
    for role in pitched:
        found += [
            Measure(f"{role}: notes struck together", "texture", _alone(texture.polyphony, role)),
            Measure(f"{role}: mean pitch", "texture", _alone(texture.register, role)),
            Measure(f"{role}: spread of pitches", "texture", _alone(texture.register_spread, role)),
            Measure(f"{role}: step between top notes", "texture", _alone(texture.leaps, role)),
            Measure(f"{role}: length in quarters", "texture", _alone(texture.length, role)),
            Measure(f"{role}: how legato", "texture", partial(texture.legato, role=role)),
        ]
    for role in every:
        found += [
            Measure(f"{role}: velocity spread", "touch", _alone(texture.velocity_spread, role)),
            Measure(f"{role}: onsets that change loudness", "touch", _alone(texture.velocity_moves, role)),
            Measure(f"{role}: accent of beats", "touch", partial(texture.accent, role=role)),
        ]
    found += [
        Measure("alike where the melody repeats", "form", form.repeats_with_melody, short=False),
        Measure("alike where it does not", "form", form.repeats_anyway, short=False),
    ]
    for role in every:
        found.append(Measure(f"{role}: bars heard before", "form", partial(form.old_bars, role=role)))
        if role != "drums":
            found.append(
                Measure(f"{role}: rhythms heard before", "form", partial(form.old_bars, role=role, pitched=False))
            )
    return found


def measure(song: GridSong, notes: np.ndarray, measures: list[Measure]) -> dict[str, float]:
    """Every measure of one band over one song: {name: figure or NaN}."""
    return {one.name: one.of(song, notes) for one in measures}


def _alone(figure: Callable[[np.ndarray, str], float], role: str) -> Callable[[GridSong, np.ndarray], float]:
    """A figure that needs no song."""
    return lambda song, notes: figure(notes, role)
