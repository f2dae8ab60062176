"""Chord symbols in MusicXML: <harmony> elements, and words that name a chord the editor had no element for."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from composer.errors import ChordError
from composer.harmony.chord import Chord

_KINDS = {
    "major": "", "minor": "m", "augmented": "aug", "diminished": "dim", "dominant": "7", "major-seventh": "maj7",
    "minor-seventh": "m7", "diminished-seventh": "dim7", "augmented-seventh": "7#5", "half-diminished": "m7b5",
    "major-minor": "m(maj7)", "minor-major": "m(maj7)", "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9",
    "major-ninth": "maj9", "minor-ninth": "m9", "augmented-ninth": "9#5", "dominant-11th": "11", "major-11th": "maj11",
    "minor-11th": "m11", "dominant-13th": "13", "major-13th": "maj13", "minor-13th": "m13", "suspended-second": "sus2",
    "suspended-fourth": "sus4", "power": "5", "pedal": "", "maj69": "69",
}  # fmt: skip
_ALTERS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}
_CHORD_WORDS = re.compile(r"[A-G][b#♭♯]?(?=.*[\dm°ø+])\S*$")


def harmony_symbol(harmony: ElementTree.Element) -> str:
    """A <harmony> element → lead-sheet symbol, "" where it cannot be read."""
    kind = harmony.find("kind")
    step = harmony.findtext("root/root-step")
    if kind is None or not step:
        return ""
    if kind.text == "none":
        return "N.C."
    root = step.strip() + _alter(harmony.findtext("root/root-alter"))
    bass_step = harmony.findtext("bass/bass-step")
    slash = f"/{bass_step.strip()}{_alter(harmony.findtext('bass/bass-alter'))}" if bass_step else ""
    degrees = harmony.findall("degree")
    said = _KINDS.get((kind.text or "").strip())
    printed = kind.get("text")
    spelled = None if said is None else said + "".join(_degree(degree) for degree in degrees)
    for suffix in (spelled, printed, said) if degrees else (printed, said):
        if suffix is not None and (symbol := _read(root + suffix + slash)):
            return symbol
    return ""


def words_symbol(words: str) -> str:
    """Text over the staff → the chord it names ("N.C.", "G7(b9)"), "" where it names none ("Fine", "A")."""
    text = words.strip().replace("ma7", "maj7")
    if text.rstrip(".").upper() in ("N.C", "NC"):
        return "N.C."
    return _read(text) if len(text) > 1 and _CHORD_WORDS.match(text) else ""


def _read(symbol: str) -> str:
    try:
        return Chord.parse(symbol).symbol
    except ChordError:
        return ""


def _alter(text: str | None) -> str:
    return _ALTERS.get(round(float(text or 0)), "")


def _degree(degree: ElementTree.Element) -> str:
    value, kind = (degree.findtext("degree-value") or "").strip(), (degree.findtext("degree-type") or "").strip()
    alter = round(float(degree.findtext("degree-alter") or 0))
    if kind == "subtract":
        return f"no{value}"
    return ("" if alter else "add" if kind == "add" else "") + _ALTERS.get(alter, "") + value
