"""Which of a file's markers and texts are chord symbols, and which are "Verse", "A", "B".

Only their look is judged here; what they mean is `harmony.chord`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from composer.score import Event

Chords = tuple[tuple[int, str], ...]

TRACK_NAMES = re.compile(r"\s*(chords?|chord ?(symbols?|names?|track)|harmony|akkorde|accords)\s*$", re.IGNORECASE)

_SYMBOL = re.compile(
    r"""[A-G](\#\#?|bb?|♯|♭|x)?                       # root
        (maj|Maj|MAJ|ma|min|mi|m|M|dim|aug|alt|sus|add|omit|no|o7|ø|°|Δ|\^|\+|-|o(?=\d|$)(?!$)
         |69|6/9|11|13|5|6|7|9|(?<=sus)[24]|(?<=add)[24]|(?<=no)[35]|(?<=omit)[35]|[b\#♭♯-](5|9|11|13|6)|[(),\ ])*
        (/[A-G](\#|b|♯|♭)?)?                          # bass
        |N\.?\ ?C\.?|NC""",
    re.VERBOSE,
)


def is_symbol(text: str) -> bool:
    """Whether a text looks like a chord symbol.

    >>> [is_symbol(text) for text in ("C", "Am7", "F#m7b5/E", "N.C.", "Verse", "Coda", "A1", "Bridge", "D.S.")]
    [True, True, True, True, False, False, False, False, False]
    """
    return bool(_SYMBOL.fullmatch(text.strip())) and len(text) < 24


def are_rehearsal_letters(symbols: Iterable[str]) -> bool:
    """Whether letters come as sections do: A first, then B, then C, whatever returns in between.

    >>> [are_rehearsal_letters(letters) for letters in (["A", "A", "B", "A"], ["A", "D", "E"], ["Am"])]
    [True, False, False]
    """
    order = list(dict.fromkeys(symbols))
    return bool(order) and order == list("ABCDEFG"[: len(order)])


def take_markers(events: Sequence[Event]) -> tuple[Chords, tuple[Event, ...]]:
    """The chords among the markers, and the events without them."""
    found = [event for event in events if event.kind == "marker" and is_symbol(_text(event))]
    if are_rehearsal_letters(map(_text, found)):
        return (), tuple(events)
    return _take(events, found)


def take_texts(events: Sequence[Event], track_name: str) -> tuple[Chords, tuple[Event, ...]]:
    """The chords among the texts of a track that is called so, or that writes at least four and nothing else."""
    if TRACK_NAMES.match(track_name):
        texts = [event for event in events if event.kind in ("text", "lyrics", "marker", "cue_marker")]
        symbols = [event for event in texts if is_symbol(_text(event))]
        return _take(events, texts if 2 * len(symbols) >= len(texts) else [])
    texts = [event for event in events if event.kind == "text"]
    chords = len(texts) >= 4 and all(is_symbol(_text(event)) for event in texts)
    return _take(events, texts if chords and not are_rehearsal_letters(map(_text, texts)) else [])


def _take(events: Sequence[Event], found: Sequence[Event]) -> tuple[Chords, tuple[Event, ...]]:
    chords = {event.tick: _text(event) for event in found}
    taken = {id(event) for event in found}
    return tuple(sorted(chords.items())), tuple(event for event in events if id(event) not in taken)


def _text(event: Event) -> str:
    return str(event.data[0]).strip()
