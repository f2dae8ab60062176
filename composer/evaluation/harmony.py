"""How a band agrees with its chords, its melody and its key. Shares are 0..1; NaN where there is nothing to judge."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from composer.evaluation.ungrid import beats_of, of_roles, score_of
from composer.gm import BAND, MELODY
from composer.harmony.chord import Chord
from composer.harmony.key import Key, find_key
from composer.vocab import DURATIONS, GridSong, bar_starts

PITCHED = tuple(role for role in BAND if role != "drums")
NAN = float("nan")


def in_chord(song: GridSong, notes: np.ndarray, role: str) -> float:
    """Share of a part's notes that are tones of the chord they begin over."""
    mine = of_roles(notes, [role])
    beat = beats_of(song, mine)
    known = song.roots[beat] >= 0
    return _mean(song.tones[beat, mine["pitch"] % 12][known])


def bass_on_changes(song: GridSong, notes: np.ndarray) -> float:
    """Share of chord changes met by the bass, on the very beat, on which it plays the root or the slash note."""
    bass = of_roles(notes, ["bass"])
    beat = beats_of(song, bass)
    on_beat = bass["position"] % song.beat_length[bass["bar"]] == 0
    changes = np.flatnonzero(np.diff(song.roots, prepend=-2) != 0)
    right = []
    for change in changes[song.roots[changes] >= 0]:
        struck = bass["pitch"][on_beat & (beat == change)] % 12
        if len(struck):
            right.append(bool(np.isin(struck, (song.roots[change], song.basses[change])).any()))
    return _mean(np.array(right))


def clashes(song: GridSong, notes: np.ndarray) -> float:
    """Share of the band's pitched notes under a sounding melody that begin a semitone from it, in any octave."""
    melody = melody_line(song)
    mine = of_roles(notes, PITCHED)
    sung = melody[bar_starts(song.bar_length)[mine["bar"]] + mine["position"]]
    apart = (mine["pitch"].astype(int) - sung) % 12
    return _mean(np.isin(apart, (1, 11))[sung >= 0])


def out_of_key(song: GridSong, notes: np.ndarray) -> float:
    """Share of the band's pitched notes outside the key of the song's own music; in minor the raised 6th and 7th belong."""
    return _mean(~np.isin(of_roles(notes, PITCHED)["pitch"] % 12, list(key_of(song).home)))


def implied_chords(song: GridSong, notes: np.ndarray) -> float:
    """Share of beats on which the chord heard in the band alone has the lane's root, and its third where the band sounds one.

    Most bands leave the third to the singer for bars on end; a power chord is heard as major, but says nothing of the kind.
    """
    from composer.harmony.chroma import beat_edges, chroma
    from composer.harmony.infer import chords_from_notes

    pitched = of_roles(notes, PITCHED)
    if not len(pitched):
        return NAN
    bare = score_of(song, pitched)
    end = bare.ticks_per_beat * int(song.bar_length.sum()) // 12
    heard = chords_from_notes(bare, end).chords
    sounding = chroma(np.concatenate([part.notes for part in bare.parts]), beat_edges(bare.meter.bars(end))) > 0
    right = [
        given.majmin == found.majmin if third else given.root == found.root
        for given, found, third in zip(_thirds(song), heard, _third_sounds(heard, sounding), strict=False)
        if given is not None and given.third in ("maj", "min")
    ]
    return _mean(np.array(right))


def _third_sounds(chords: Sequence[Chord], sounding: np.ndarray) -> list[bool]:
    """Whether a third of either kind sounds while the chord of each beat lasts. `sounding`: bool, shape (beats, 12)."""
    found: list[bool] = []
    for chord, beats in itertools.groupby(range(len(chords)), key=lambda beat: chords[beat]):
        run = list(beats)
        classes = np.asarray(sounding[run].any(axis=0))
        third = chord.root >= 0 and bool(classes[[(chord.root + 3) % 12, (chord.root + 4) % 12]].any())
        found += [third] * len(run)
    return found


def tonal_distance(song: GridSong, notes: np.ndarray) -> float:
    """Distance of the parts from each other, bar by bar, as tonal centroids; the melody is one of them. 0 is agreement.

    Centroids after Harte, Sandler & Gasser (2006); between tracks as in MuseGAN (Dong et al. 2018), over whole bars.
    """
    both = np.concatenate([of_roles(song.notes, [MELODY]), of_roles(notes, PITCHED)])
    centroids = {role: _centroids(song, of_roles(both, [role])) for role in (MELODY, *PITCHED)}
    apart = [np.linalg.norm(centroids[a] - centroids[b], axis=1) for a, b in itertools.combinations(centroids, 2)]
    values = np.concatenate(apart)
    return _mean(values[np.isfinite(values)])


def key_of(song: GridSong) -> Key:
    """The key of everything pitched that the song itself holds."""
    return find_key(score_of(song))[0]


def melody_line(song: GridSong) -> np.ndarray:
    """The melody's sounding pitch at every position from the song's start, -1 in rests, shape (positions,)."""
    line = np.full(int(song.bar_length.sum()), -1)
    start = bar_starts(song.bar_length)
    for note in of_roles(song.notes, [MELODY]):
        at = start[note["bar"]] + note["position"]
        line[at : at + DURATIONS[note["duration"]]] = note["pitch"]
    return line


def _thirds(song: GridSong) -> list[Chord | None]:
    from composer.evaluation.ungrid import lane_of

    return [chord if chord.root >= 0 else None for chord in lane_of(song).chords]


def _centroids(song: GridSong, notes: np.ndarray) -> np.ndarray:
    """Tonal centroid of each bar, shape (B, 6); NaN in bars without notes."""
    weight = np.zeros((song.bar_count, 12))
    np.add.at(weight, (notes["bar"], notes["pitch"] % 12), DURATIONS[notes["duration"]])
    pitch = np.arange(12)
    angles = np.stack([pitch * 7 * np.pi / 6, pitch * 3 * np.pi / 2, pitch * 2 * np.pi / 3])
    radius = np.array([1.0, 1.0, 0.5])[:, None]
    basis = np.concatenate([radius * np.sin(angles), radius * np.cos(angles)])
    total = weight.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, weight @ basis.T / np.maximum(total, 1e-9), NAN))


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else NAN
