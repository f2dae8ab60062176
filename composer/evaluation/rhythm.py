"""When a band plays: kick and bass, the drummer's pattern, how one bar follows another. Shares are 0..1; NaN: nothing to judge."""

from __future__ import annotations

import numpy as np

from composer.evaluation.ungrid import of_roles
from composer.gm import KICKS, ROLES
from composer.vocab import MAX_POSITIONS, GridSong

SNARES, HATS = (38, 40), (42, 44, 46, 51, 53, 59)
NAN = float("nan")


def onsets(song: GridSong, notes: np.ndarray) -> np.ndarray:
    """Whether anything of these notes begins at each position of each bar: bool, shape (B, P)."""
    grid = np.zeros((song.bar_count, MAX_POSITIONS), bool)
    grid[notes["bar"], notes["position"]] = True
    return grid


def kick_with_bass(song: GridSong, notes: np.ndarray) -> float:
    """Share of kicks that meet a bass note, in bars where the bass plays."""
    drums, bass = of_roles(notes, ["drums"]), onsets(song, of_roles(notes, ["bass"]))
    kicks = onsets(song, drums[np.isin(drums["pitch"], KICKS)]) & bass.any(axis=1, keepdims=True)
    return float(bass[kicks].mean()) if kicks.any() else NAN


def bass_with_kick(song: GridSong, notes: np.ndarray) -> float:
    """Share of bass notes that meet a kick, in bars where there are kicks."""
    drums = of_roles(notes, ["drums"])
    kicks = onsets(song, drums[np.isin(drums["pitch"], KICKS)])
    bass = onsets(song, of_roles(notes, ["bass"])) & kicks.any(axis=1, keepdims=True)
    return float(kicks[bass].mean()) if bass.any() else NAN


def backbeat(song: GridSong, notes: np.ndarray) -> float:
    """Share of snares on the second and fourth quarter, in bars of four quarters."""
    drums = of_roles(notes, ["drums"])
    snares = drums[np.isin(drums["pitch"], SNARES) & (song.bar_length[drums["bar"]] == 48)]
    return float(np.isin(snares["position"], (12, 36)).mean()) if len(snares) else NAN


def on_sixteenths(notes: np.ndarray) -> float:
    """Drum-pattern rate: share of drum notes on the grid of sixteenths (MuseGAN's DP, Dong et al. 2018)."""
    drums = of_roles(notes, ["drums"])
    return float((drums["position"] % 3 == 0).mean()) if len(drums) else NAN


def kit_pieces(notes: np.ndarray) -> float:
    """How many different drums are struck."""
    drums = of_roles(notes, ["drums"])
    return float(len(np.unique(drums["pitch"]))) if len(drums) else NAN


def groove_kept(song: GridSong, notes: np.ndarray, role: str) -> float:
    """How far a part's onsets are those of the bar before: what both share of what either has."""
    grid = onsets(song, of_roles(notes, [role]))
    either = (grid[1:] | grid[:-1]).sum()
    return float((grid[1:] & grid[:-1]).sum() / either) if either else NAN


def off_beat(song: GridSong, notes: np.ndarray, role: str) -> float:
    """Share of a part's onsets off the beats."""
    grid = onsets(song, of_roles(notes, [role]))
    bar, position = np.nonzero(grid)
    return float((position % song.beat_length[bar] != 0).mean()) if len(bar) else NAN


def together(song: GridSong, notes: np.ndarray) -> float:
    """Share of the band's onsets at which two parts or more play, where two parts or more play in the bar."""
    grids = np.stack([onsets(song, of_roles(notes, [role])) for role in ROLES[1:]])
    many = grids.any(axis=2).sum(axis=0) >= 2
    count = grids.sum(axis=0)[many]
    return float((count >= 2).sum() / max((count >= 1).sum(), 1)) if many.any() else NAN


def empty_bars(song: GridSong, notes: np.ndarray, role: str) -> float:
    """Share of bars in which a part rests."""
    return float((~onsets(song, of_roles(notes, [role])).any(axis=1)).mean())


def density(song: GridSong, notes: np.ndarray, role: str) -> float:
    """Notes a part plays in four quarters, where it plays."""
    mine = of_roles(notes, [role])
    played = song.bar_length[np.unique(mine["bar"])].sum() / 48
    return float(len(mine) / played) if played else NAN
