"""How MusicXML names things: chord kinds, pitches in a key, text."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

_LINE = "FCGDAEB"
_SUFFIXES = {
    "major": ". maj M",
    "minor": "m min -",
    "dominant": "7",
    "major-seventh": "maj7 M7 Δ Δ7",
    "minor-seventh": "m7 min7 -7",
    "major-minor": "mMaj7 m(maj7) mM7",
    "diminished": "dim ° o",
    "diminished-seventh": "dim7 °7 o7",
    "half-diminished": "m7b5 ø ø7",
    "augmented": "aug +",
    "augmented-seventh": "aug7 +7 7#5",
    "major-sixth": "6",
    "minor-sixth": "m6",
    "dominant-ninth": "9",
    "major-ninth": "maj9",
    "minor-ninth": "m9",
    "dominant-11th": "11",
    "minor-11th": "m11",
    "dominant-13th": "13",
    "major-13th": "maj13",
    "minor-13th": "m13",
    "suspended-second": "sus2",
    "suspended-fourth": "sus4 sus",
    "power": "5",
}
"""MusicXML's chord kinds and the suffixes that mean them; "." is the bare letter."""
_KINDS = {suffix.replace(".", ""): kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_DEGREES = re.compile(r"(add|no|omit|sus)?([b#]?)(\d+)")
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SYMBOL = re.compile(r"([A-G])(bb|##|b|#|♭|♯)?([^/]*(?:/9)?)(?:/([A-G])(b|#|♭|♯)?)?$")


def spell(pitch: int, fifths: int) -> tuple[str, int, int]:
    """Step, alteration and octave of a MIDI pitch in a key of so many sharps: the nearest name on the line of fifths.

    >>> spell(61, 2), spell(61, -3), spell(60, 7)
    (('C', 1, 4), ('D', -1, 4), ('B', 1, 3))
    """
    place = pitch * 7 % 12
    while place < fifths - 4:
        place += 12
    while place > fifths + 7:
        place -= 12
    step, alter = _LINE[(place + 1) % 7], (place + 1) // 7
    natural = pitch - alter
    return step, alter, natural // 12 - 1


def signature(step: str, fifths: int) -> int:
    """What the key signature does to a step: 1 for sharp, -1 for flat."""
    place = _LINE.index(step)
    return (fifths - place + 6) // 7


def harmony(symbol: str, offset: int) -> str:
    found = _SYMBOL.match(symbol.strip())
    where = f"<offset>{offset}</offset>" if offset else ""
    if not found:
        no_root = '<root><root-step text="">C</root-step></root>'
        return f'<harmony>{no_root}<kind text="{text(symbol.strip())}">none</kind>{where}</harmony>'
    step, shift, suffix, bass, bass_shift = found.groups()
    suffix = suffix.strip()
    kind, degrees = kind_of(suffix)
    root = f"<root><root-step>{step}</root-step>{_alter('root', shift)}</root>"
    under = f"<bass><bass-step>{bass}</bass-step>{_alter('bass', bass_shift)}</bass>" if bass else ""
    return f'<harmony>{root}<kind text="{text(suffix)}">{kind}</kind>{under}{degrees}{where}</harmony>'


def kind_of(suffix: str) -> tuple[str, str]:
    """MusicXML's kind for a chord suffix, and the degrees that it needs beside: 7b9 is dominant with a flat ninth."""
    if suffix in ("7sus4", "7sus", "9sus4", "9sus"):
        return "suspended-fourth", _degree("add", "", "7") + (_degree("add", "", "9") if suffix[0] == "9" else "")
    if suffix in _KINDS:
        return _KINDS[suffix], ""
    for cut in range(len(suffix), -1, -1):
        rest = suffix[cut:].strip("(), ")
        found = list(_DEGREES.finditer(rest))
        whole = "".join(match[0] for match in found) == re.sub(r"[(), /]", "", rest)
        if suffix[:cut] in _KINDS and found and whole:
            return _KINDS[suffix[:cut]], "".join(_degree(*match.groups()) for match in found)
    return "other", ""


def _degree(word: str | None, shift: str, value: str) -> str:
    """One added, altered or left-out degree. Only a fifth is there to be altered; other degrees come as additions."""
    kind = "subtract" if word in ("no", "omit") else "alter" if value == "5" and shift else "add"
    alter = {"b": -1, "#": 1}.get(shift, 0)
    return (
        f"<degree><degree-value>{value}</degree-value><degree-alter>{alter}</degree-alter>"
        f"<degree-type>{kind}</degree-type></degree>"
    )


def _alter(what: str, shift: str | None) -> str:
    value = {"b": -1, "♭": -1, "bb": -2, "#": 1, "♯": 1, "##": 2}.get(shift or "", 0)
    return f"<{what}-alter>{value}</{what}-alter>" if value else ""


def text(words: str) -> str:
    """Escaped, without the characters that XML 1.0 forbids: most control characters, lone surrogates, U+FFFE and U+FFFF."""
    return escape(_FORBIDDEN.sub("", words), {'"': "&quot;"})
