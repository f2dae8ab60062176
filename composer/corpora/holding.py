"""Strings that are held too short: mma's basses sound for half of the time to their next note, people's for nine tenths of it.

So in every style that both play (share of the time, people / mma: rock 0.93 / 0.48, metal 0.92 / 0.45, dance 0.92 / 0.56,
swing 0.88 / 0.63, blues 0.76 / 0.58, pop 0.67 / 0.45), and with guitars in rock, dance and pop (0.88 / 0.62, 0.88 / 0.43,
0.99 / 0.63). The synthetic band's are held longer, the detached ones still shorter than the others. Where a short bass is the
style's own, as in oom-pah, nothing is touched.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from composer.corpora.ringing import STRUM_BEATS, chord_changes, first_after
from composer.corpora.song import Song
from composer.score import Part, as_notes

HELD = {
    "bass": {
        *("pop", "ballad", "rock", "metal", "dance", "disco", "hiphop", "rnb", "soul", "funk"),
        *("blues", "swing", "jazz-waltz", "bossa", "samba", "latin", "ska", "reggae"),
    },
    "guitar": {"pop", "rock", "metal", "dance"},
}
"""Part → styles in which it is held."""
_AS_PLAYED = (0.0, 0.2, 0.33, 0.5, 0.75, 1.0)
_AS_HELD = (0.0, 0.6, 0.78, 0.93, 0.99, 1.0)
"""A song's mean share of the time to the next stroke → what it becomes: the tenth, half and nine tenths of mma's rock → people's."""
_POWERS = np.geomspace(0.01, 1.0, 24)
"""Of the shares, tried until their mean is right."""
_LONGEST_BARS = 1


def held(song: Song) -> Song:
    """The song with its bass, and in some styles its guitar, held as people do; never into the next stroke or the next chord."""
    roles = [role for role, styles in HELD.items() if song.style in styles]
    if song.lane is None or not roles:
        return song
    bars = song.score.bars()
    changes = chord_changes(song.lane, bars)
    longest = _LONGEST_BARS * max(bar.length for bar in bars)
    parts = [
        _held(part, changes, longest, bars[-1].end, song.score.ticks_per_beat) if part.role in roles else part
        for part in song.score.parts
    ]
    return replace(song, score=song.score.with_parts(parts))


def _held(part: Part, changes: np.ndarray, longest: int, end: int, ticks_per_beat: int) -> Part:
    if len(part) < 2:
        return part
    notes, stroke = part.notes, int(STRUM_BEATS * ticks_per_beat)
    onset, length = notes["onset"].astype(np.int64), notes["duration"].astype(np.int64)
    begins = onset[np.concatenate([[True], np.diff(onset) > stroke])]
    limits = (
        first_after(begins, onset + stroke),
        first_after(changes, onset + stroke),
        onset + longest,
        np.full_like(onset, end),
    )
    room = np.minimum.reduce(limits) - onset
    share = np.clip(length / room, 0.01, 1.0)
    wanted = np.interp(share.mean(), _AS_PLAYED, _AS_HELD)
    shares = share ** _POWERS[:, None]
    longer_share = shares[np.argmin(np.abs(shares.mean(axis=1) - wanted))]
    longer = notes.copy()
    longer["duration"] = np.maximum(length, np.round(room * longer_share))
    return replace(part, notes=as_notes(longer))
