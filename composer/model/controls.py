"""Controls: what one may ask of a part, bar by bar — whether it plays, how densely, how high, how thickly, and in what role.

The same functions measure music for training and check an arrangement against what was asked.
Shapes: B bars, R = 6 parts (gm.ROLES).
"""

from __future__ import annotations

import numpy as np

from composer.gm import KICKS, ROLES
from composer.model.canvas import reference_bars
from composer.model.copying import repeated_bars
from composer.vocab import DURATIONS, PARTS, POSITIONS_PER_QUARTER, GridSong

ACTIVITY, DENSITY, REGISTER, POLYPHONY, ROLE, REPEAT = range(6)
CONTROLS = ("activity", "density", "register", "polyphony", "role", "repeat")
UNKNOWN, RESTS, PLAYS = range(3)
FRESH, AGAIN = 1, 2
"""Whether a bar is new or an earlier one again (copying.Copying says which are looked back on)."""
LEVELS = 5
"""Density, register and polyphony are said as 1..5."""
PLAYING_ROLES = {
    "drums": ("beat", "fill", "light"),
    "bass": ("roots", "alternating", "octaves", "walking", "line"),
    "guitar": ("comp", "strum", "pad", "arpeggio", "riff", "line"),
    "piano": ("comp", "strum", "pad", "arpeggio", "riff", "line"),
    "strings": ("comp", "strum", "pad", "arpeggio", "riff", "line"),
}
"""What a part may be asked to do, in words. Drums: a beat, a fill, or light (no kick or no snare)."""
ROLE_NAMES = ("", *dict.fromkeys(name for names in PLAYING_ROLES.values() for name in names))
SIZES = (3, LEVELS + 1, LEVELS + 1, LEVELS + 1, len(ROLE_NAMES), 3)
"""Classes of each control; 0 is always "not said"."""

DENSITY_EDGES = {
    0: (2, 4, 6, 10),
    1: (10, 16, 24, 32),
    2: (2, 4, 6, 10),
    3: (4, 8, 12, 20),
    4: (6, 10, 16, 24),
    5: (3, 5, 8, 14),
}
"""Notes in a 4/4 bar that separate the five levels, per part."""
REGISTER_EDGES = {
    0: (58, 63, 68, 74),
    2: (33, 37, 41, 46),
    3: (50, 55, 60, 66),
    4: (52, 57, 62, 67),
    5: (54, 60, 66, 72),
}
"""Mean pitch of a bar that separates the five levels, per part."""
POLYPHONY_EDGES = (1.1, 1.7, 2.5, 3.5)
"""Notes struck together on average, that separate the five levels of a pitched part."""
KIT_EDGES = (2.5, 3.5, 4.5, 6.5)
"""Different instruments a drummer touches in a bar, likewise."""
_POLYPHONY_CENTRES = (1.0, 1.4, 2.1, 3.0, 4.0)
_KIT_CENTRES = (2.0, 3.0, 4.0, 5.5, 7.5)
TOMS, SNARES = (41, 43, 45, 47, 48, 50), (37, 38, 40)


def density_level(part: int, notes_per_bar: float) -> int:
    """Density as 1 (sparse) … 5 (busy) for a part, from its notes a 4/4 bar while it plays."""
    return int(np.searchsorted(DENSITY_EDGES[part], notes_per_bar)) + 1


def level_centre(control: int, part: int, level: int) -> float:
    """What a level stands for: notes in a 4/4 bar, mean pitch, notes struck together, or instruments of the kit.

    >>> level_centre(POLYPHONY, ROLES.index("piano"), 1), level_centre(REGISTER, ROLES.index("bass"), 3)
    (1.0, 39.0)
    """
    if control == POLYPHONY:
        return (_KIT_CENTRES if ROLES[part] == "drums" else _POLYPHONY_CENTRES)[level - 1]
    low, high = level_range(control, part, level)
    return (low + high) / 2


def level_range(control: int, part: int, level: int) -> tuple[float, float]:
    """Between what a bar is for it to have a level, in the units of `level_centre`; at the ends as wide as people go, nearly.

    >>> level_range(POLYPHONY, ROLES.index("piano"), 1), level_range(REGISTER, ROLES.index("bass"), 3)
    ((1.0, 1.1), (37.0, 41.0))
    """
    if control == POLYPHONY:
        around = (1.0, *KIT_EDGES, 9.0) if ROLES[part] == "drums" else (1.0, *POLYPHONY_EDGES, 5.0)
    elif control == DENSITY:
        edges = DENSITY_EDGES[part]
        around = (edges[0] // 2, *edges, edges[-1] ** 2 / edges[-2])
    else:
        edges = REGISTER_EDGES[part]
        around = (2 * edges[0] - edges[1], *edges, 2 * edges[-1] - edges[-2])
    return float(around[level - 1]), float(around[level])


def measure(song: GridSong) -> np.ndarray:
    """What each part does in each bar: int64, shape (B, R, 6), columns as CONTROLS; a silent bar only says that it rests."""
    cells = _Cells(song)
    out = np.zeros((song.bar_count, PARTS, len(CONTROLS)), np.int64)
    out[..., ACTIVITY] = np.where(cells.notes > 0, PLAYS, RESTS)
    per_bar = cells.notes / np.maximum(song.bar_length, 1)[:, None] * 48
    register, thickness = cells.mean(cells.pitch), cells.notes / np.maximum(cells.onsets, 1)
    for part in range(PARTS):
        plays = cells.notes[:, part] > 0
        out[:, part, DENSITY] = (np.searchsorted(DENSITY_EDGES[part], per_bar[:, part]) + 1) * plays
        if ROLES[part] == "drums":
            out[:, part, POLYPHONY] = (np.searchsorted(KIT_EDGES, cells.instruments()) + 1) * plays
        else:
            out[:, part, REGISTER] = (np.searchsorted(REGISTER_EDGES[part], register[:, part]) + 1) * plays
            out[:, part, POLYPHONY] = (np.searchsorted(POLYPHONY_EDGES, thickness[:, part]) + 1) * plays
    out[..., ROLE] = playing_roles(song, cells)
    again = repeated_bars(song, reference_bars(song, 1))
    out[..., REPEAT] = np.where(again, AGAIN, FRESH) * (cells.notes > 0)
    return out


def moved_register(measured: np.ndarray, song: GridSong) -> np.ndarray:
    """The same measures with the register measured again: all that a change of key changes. `song` is what is measured now."""
    out = measured.copy()
    cells = _Cells(song)
    register = cells.mean(cells.pitch)
    for part, edges in REGISTER_EDGES.items():
        out[:, part, REGISTER] = (np.searchsorted(edges, register[:, part]) + 1) * (cells.notes[:, part] > 0)
    return np.asarray(out)


def overall(measured: np.ndarray) -> np.ndarray:
    """One word for the whole song, per part: the median level and the commonest role over the bars it plays; (R, 6).

    Whether a bar repeats another is no word for a whole song, and stays unsaid.
    """
    out = np.zeros(measured.shape[1:], np.int64)
    for part in range(PARTS):
        bars = measured[measured[:, part, ACTIVITY] == PLAYS, part]
        if len(bars):
            out[part, DENSITY:ROLE] = np.median(bars[:, DENSITY:ROLE], axis=0).round()
            out[part, ROLE] = np.bincount(bars[:, ROLE]).argmax()
    return out


def role_class(part: str, name: str) -> int:
    """The class of a playing role's name for a part. Raises KeyError where the part has no such role."""
    if name not in PLAYING_ROLES[part]:
        raise KeyError(name)
    return ROLE_NAMES.index(name)


class _Cells:
    """Sums over the notes of every (bar, part) cell, each (B, R)."""

    def __init__(self, song: GridSong) -> None:
        notes = song.notes
        self.song, self.table = song, notes
        self.bar, self.part = notes["bar"].astype(np.int64), notes["part"].astype(np.int64)
        self.cell = self.bar * PARTS + self.part
        self.pitch = notes["pitch"].astype(np.int64)
        self.position = notes["position"].astype(np.int64)
        self.first = np.ones(len(notes), bool)
        """Whether a note is the lowest of what is struck with it."""
        self.first[1:] = (self.cell[1:] != self.cell[:-1]) | (self.position[1:] != self.position[:-1])
        self.notes = self.sum(np.ones(len(notes)))
        self.onsets = self.sum(self.first)

    def sum(self, values: np.ndarray) -> np.ndarray:
        size = self.song.bar_count * PARTS
        return np.bincount(self.cell, weights=values, minlength=size).reshape(-1, PARTS)

    def mean(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(self.sum(values) / np.maximum(self.notes, 1))

    def instruments(self) -> np.ndarray:
        """Different drums struck in each bar, (B,)."""
        table = np.zeros((self.song.bar_count, 128), bool)
        drums = self.part == ROLES.index("drums")
        table[self.bar[drums], self.pitch[drums]] = True
        return np.asarray(table.sum(axis=1))


def playing_roles(song: GridSong, cells: _Cells | None = None) -> np.ndarray:
    """The role each part plays in each bar, as an index into ROLE_NAMES, 0 where it rests; int64, shape (B, R)."""
    c = cells or _Cells(song)
    roles = np.zeros((song.bar_count, PARTS), np.int64)
    if not len(song.notes):
        return roles
    name = {word: i for i, word in enumerate(ROLE_NAMES)}
    beat = song.beat_at(c.bar, c.position)
    root = song.roots[beat]
    degree = (c.pitch - root) % 12
    is_tone = song.tones[beat, c.pitch % 12] & (root >= 0)
    onsets = np.maximum(c.onsets, 1)
    length = song.bar_length[:, None] / 48

    # Drums
    drums = ROLES.index("drums")
    toms, snares = c.sum(np.isin(c.pitch, TOMS))[:, drums], c.sum(np.isin(c.pitch, SNARES))[:, drums]
    kicks = c.sum(np.isin(c.pitch, KICKS))[:, drums]
    fill = (toms >= 3) | (snares >= 7 * length[:, 0])
    light = (kicks == 0) | (snares == 0)
    roles[:, drums] = np.where(fill, name["fill"], np.where(light, name["light"], name["beat"]))

    # Bass, from its lowest note at each onset
    same_cell = np.zeros(len(c.cell), bool)
    same_cell[1:] = c.cell[1:] == c.cell[:-1]
    interval = np.abs(np.diff(c.pitch, prepend=0))
    leaps = c.sum(same_cell & (interval == 12)) / np.maximum(c.notes - 1, 1)
    beats = np.diff(song.first_beat)[:, None]
    on_beat = c.mean(c.position % song.beat_length[c.bar] == 0)
    fresh = np.zeros(len(c.cell), bool)
    fresh[1:] = same_cell[1:] & (interval[1:] > 0)
    moves = c.sum(fresh) / np.maximum(c.notes - 1, 1)
    walking = (c.onsets >= 0.9 * beats) & (c.onsets <= 1.6 * beats) & (on_beat >= 0.6) & (moves >= 0.7) & (beats >= 3)
    roots, fifths = c.mean((degree == 0) & (root >= 0)), c.mean(np.isin(degree, (0, 7)) & (root >= 0))
    low = ROLES.index("bass")
    roles[:, low] = np.select(
        [leaps >= 0.3, walking & (fifths < 0.9), roots >= 0.9, fifths >= 0.9],
        [name["octaves"], name["walking"], name["roots"], name["alternating"]],
        name["line"],
    )[:, low]

    # Guitar, piano, strings
    together = np.zeros(len(c.cell), bool)
    together[:-1] = ~c.first[1:]
    chordal = c.sum(together & c.first) / onsets
    held = c.mean(DURATIONS[song.notes["duration"]])
    bar_tones = c.mean(is_tone)
    again = _same_as_last_bar(c)
    chords = chordal >= 0.5
    roles_of_chords = np.select(
        [held >= 2 * POSITIONS_PER_QUARTER, c.onsets >= 6 * length], [name["pad"], name["strum"]], name["comp"]
    )
    roles_of_lines = np.select(
        [held >= 2 * POSITIONS_PER_QUARTER, (bar_tones >= 0.75) & (c.onsets >= 4 * length), again],
        [name["pad"], name["arpeggio"], name["riff"]],
        name["line"],
    )
    for role in ("guitar", "piano", "strings"):
        part = ROLES.index(role)
        roles[:, part] = np.where(chords, roles_of_chords, roles_of_lines)[:, part]
    roles[c.notes == 0] = 0
    roles[:, 0] = 0
    return roles


def _same_as_last_bar(cells: _Cells) -> np.ndarray:
    """Whether a cell's onsets are those of the bar before, (B, R) bool."""
    marks = cells.sum(np.where(cells.first, (cells.position * 2654435761 + 97) % 1000003, 0))
    same = np.zeros(marks.shape, bool)
    same[1:] = (marks[1:] == marks[:-1]) & (marks[1:] > 0)
    return same
