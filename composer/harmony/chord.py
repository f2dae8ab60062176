"""Chord symbols as lead sheets spell them, and the pitch classes they mean.

Spellings differ between books ("CM7", "Cmaj7", "C△7"); `Chord.parse` reads them all and `Chord.symbol` is one of them,
always the same. Where players leave a tone out we do too: a 13th chord has no 11th, a dominant 11th no third.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from composer.errors import ChordError

_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_MAJOR_NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
_DEGREES = {2: 2, 4: 5, 6: 9, 9: 2, 11: 5, 13: 9}
_SIGNS = {"b": -1, "-": -1, "#": 1, "+": 1, "": 0}
_NO_CHORD_SPELLINGS = {"N.C.", "N.C", "NC", "n.c.", "nc", "N"}
_ASCII = str.maketrans(
    {"♭": "b", "♯": "#", "𝄫": "bb", "𝄪": "##", "−": "-", "–": "-", "△": "Δ", "∆": "Δ", "^": "Δ", "Ø": "ø", "º": "°"}
)
_COMMON = """m 7 maj7 m7 6 m6 69 9 m9 maj9 11 m11 13 m13 dim dim7 m7b5 aug sus2 sus4 7sus4 9sus4 add9 madd9 5
7b5 7#5 7b9 7#9 7#11 7b13 7alt maj7#11 m(maj7)"""
"""Suffixes worth suggesting."""

_HEAD = re.compile(
    r"(?P<major>maj(?:or)?|Maj|MAJ|ma(?!dd)|M|Δ)|(?P<minor>min(?:or)?|Min|MIN|mi|m|-(?!5))|(?P<dim>dim|°|o(?!m))|(?P<half>ø|h(?=7|$))"
    r"|(?P<aug>aug|\+)"
)
_TOKEN = re.compile(
    r"(?P<skip>[(),\s])|(?P<six_nine>6/9|69|6add9)|(?P<major7>(?:maj|Maj|MAJ|ma|M|Δ)(?P<major_top>7|9|11|13)?|7M)"
    r"|sus(?P<sus>24|2|4|)|add(?P<add_sign>[b#+-]?)(?P<add>13|11|9|6|4|2)|(?:omit|no)(?P<omit>3|5)|(?P<alt>alt)"
    r"|(?P<sign>[b#+-])(?P<altered>13|11|9|6|5)|(?P<sharp5>\+|aug)|(?P<degree>13|11|9|7|6|5|4|2)"
)


@dataclass
class _Spelling:
    """What a symbol's suffix says, degree by degree, in semitones over the root."""

    third: int | None = 4
    fifth: int | None = 7
    sus: str = ""
    seventh: int | None = None
    top: int = 7
    sixth: bool = False
    alt: bool = False
    altered: set[tuple[int, int]] = field(default_factory=set)
    """(degree, sign) of ninths, elevenths and thirteenths."""
    added: set[tuple[int, int]] = field(default_factory=set)
    power: bool = False

    def intervals(self) -> set[int]:
        tones = {0} | {tone for tone in (self.third, self.fifth, self.seventh) if tone is not None}
        tones |= {_DEGREES[int(degree)] for degree in self.sus}
        if self.sixth:
            tones.add(9)
        if self.seventh is not None:
            plain = {9: (9,), 11: (9, 11), 13: (9, 13)}.get(self.top, ())
            tones |= {_DEGREES[degree] for degree in plain if not any(degree == other for other, _ in self.altered)}
            if self.top == 11 and self.third == 4 and self.seventh == 10:
                tones.discard(4)
        tones |= {(_DEGREES[degree] + sign) % 12 for degree, sign in self.altered | self.added}
        return tones | ({1, 3, 6, 8} if self.alt else set())

    def suffix(self) -> str:
        """The one spelling we write."""
        if self.power:
            return "5"
        if self.alt:
            return "7alt"
        third, fifth, seventh = self.third, self.fifth, self.seventh
        altered_fifth = {6: "b5", 8: "#5"}.get(-1 if fifth is None else fifth, "")
        body = "m" if third == 3 else ""
        if not self.sixth and not self.sus and (third, fifth, seventh) == (3, 6, None):
            body, altered_fifth = "dim", ""
        elif (third, fifth, seventh) == (3, 6, 9):
            body, altered_fifth = "dim7", ""
        elif not self.sixth and not self.sus and (third, fifth, seventh) == (4, 8, None):
            body, altered_fifth = "aug", ""
        elif seventh == 11:
            body += f"(maj{self.top})" if third == 3 else f"maj{self.top}"
        elif seventh is not None:
            body += str(self.top)
        elif self.sixth:
            body += "69" if (9, 0) in self.added else "6"
        if self.sus:
            body += f"sus{self.sus}"
        body += altered_fifth
        for degree, sign in sorted(self.altered):
            body += ("b" if sign < 0 else "#") + str(degree)
        for degree, sign in sorted(self.added - ({(9, 0)} if self.sixth else set())):
            body += "add" + {-1: "b", 0: "", 1: "#"}[sign] + str(degree)
        if third is None and not self.sus:
            body += "no3"
        return body + ("no5" if fifth is None else "")


def _read_suffix(text: str) -> tuple[_Spelling, int]:
    """The suffix's meaning, and how far it could be read."""
    said, at = _Spelling(), 0
    major = False
    if head := _HEAD.match(text):
        at = head.end()
        match head.lastgroup:
            case "major":
                major = True
                said.seventh = 11 if head[0] == "Δ" else None
            case "minor":
                said.third = 3
            case "dim":
                said.third, said.fifth = 3, 6
            case "half":
                said.third, said.fifth, said.seventh = 3, 6, 10
            case "aug":
                said.fifth = 8
    dim = head is not None and head.lastgroup == "dim"
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or token.end() == at:
            return said, at
        group = token.groupdict()
        if group["six_nine"]:
            said.sixth = True
            said.added.add((9, 0))
        elif group["major7"]:
            said.seventh, said.top = 11, int(group["major_top"] or 7)
        elif group["sus"] is not None:
            said.sus, said.third = "".join(sorted(set(said.sus + (group["sus"] or "4")))), None
        elif group["add"]:
            degree = {2: 9, 4: 11}.get(int(group["add"]), int(group["add"]))
            if degree == 6 and not group["add_sign"]:
                said.sixth = True
            else:
                said.added.add((degree, _SIGNS[group["add_sign"]]))
        elif group["omit"]:
            said.third, said.fifth = (None, said.fifth) if group["omit"] == "3" else (said.third, None)
        elif group["alt"]:
            said.alt, said.seventh, said.fifth = True, 10, None
        elif group["altered"]:
            degree, sign = int(group["altered"]), _SIGNS[group["sign"]]
            if degree == 5:
                said.fifth = 7 + sign
            else:
                said.altered.add((13 if degree == 6 else degree, sign))
        elif group["sharp5"]:
            said.fifth = 8
        elif group["degree"]:
            degree = int(group["degree"])
            if degree >= 7:
                said.seventh = 9 if dim and degree == 7 else 11 if major else 10
                said.top = degree
            elif degree == 6:
                said.sixth = True
            elif degree == 5:
                if text != "5":
                    return said, at
                said.third, said.power = None, True
            elif degree == 4:
                said.sus, said.third = "4", None
            else:
                said.added.add((9, 0))
        at = token.end()
    return said, at


def _note(text: str) -> tuple[int, str] | None:
    """A note name at the start of `text` → (pitch class, name)."""
    found = re.match(r"[A-G](?:##?|bb?)?", text)
    if not found:
        return None
    name = found[0]
    return (_LETTERS[name[0]] + name.count("#") - name.count("b")) % 12, name


def _spell(pitch_class: int, minor: bool) -> str:
    return (_MINOR_NAMES if minor else _MAJOR_NAMES)[pitch_class % 12]


@dataclass(frozen=True)
class Chord:
    """A chord: its name and the pitch classes (C = 0) it holds. Two spellings of one chord ("C#", "Db") differ."""

    root: int
    """Pitch class 0..11, -1 for no chord."""
    tones: tuple[int, ...]
    """Pitch classes, ascending; a slash bass is not among them unless the chord has it."""
    bass: int
    """Pitch class of the lowest note: the root unless the symbol has a slash; -1 for no chord."""
    symbol: str

    @classmethod
    def parse(cls, symbol: str) -> Chord:
        """A lead-sheet symbol → Chord. Raises ChordError with the place of what cannot be read and a likely meaning.

        >>> Chord.parse("F#-7b5/C").symbol, Chord.parse("B♭△7").tones
        ('F#m7b5/C', (2, 5, 9, 10))
        """
        return _parse(symbol)

    @property
    def third(self) -> str:
        """The two-way class that accuracies count: "maj", "min", "" without a third, "N" without a chord."""
        if self.root < 0:
            return "N"
        return "maj" if (self.root + 4) % 12 in self.tones else "min" if (self.root + 3) % 12 in self.tones else ""

    @property
    def suffix(self) -> str:
        """The symbol without root and slash bass: "m7" of "Am7/G"."""
        found = _note(self.symbol)
        return "" if found is None or self.root < 0 else _split_bass(self.symbol)[0][len(found[1]) :]

    @property
    def majmin(self) -> tuple[int, str]:
        """(root, third): what the field's "majmin" accuracy compares."""
        return self.root, self.third

    def transpose(self, semitones: int) -> Chord:
        """The same chord moved; its root is spelled as keys usually are (Bb rather than A#)."""
        if self.root < 0 or semitones == 0:
            return self
        minor = self.third == "min"
        root, bass = (self.root + semitones) % 12, (self.bass + semitones) % 12
        name = _spell(root, minor)
        slash = "" if self.bass == self.root else "/" + _spell(bass, "#" in name)
        tones = tuple(sorted((tone + semitones) % 12 for tone in self.tones))
        return replace(self, root=root, bass=bass, tones=tones, symbol=name + self.suffix + slash)

    def __str__(self) -> str:
        return self.symbol


NO_CHORD = Chord(-1, (), -1, "N.C.")


def _split_bass(text: str) -> tuple[str, str]:
    body, slash, bass = text.rpartition("/")
    return (body, bass) if slash and not (bass == "9" and body.endswith("6")) else (text, "")


@lru_cache(maxsize=4096)
def _parse(symbol: str) -> Chord:
    text = symbol.strip().translate(_ASCII)
    if text in _NO_CHORD_SPELLINGS:
        return NO_CHORD
    if not text:
        raise ChordError("an empty chord symbol; write N.C. where there is no chord")
    body, bass_text = _split_bass(text)
    found = _note(body)
    if found is None:
        raise ChordError(f"chord {symbol!r}, character 1: a chord begins with A to G{_root_hint(body)}")
    root, name = found
    rest = body[len(name) :]
    said, read = _read_suffix(rest)
    if read < len(rest):
        near = difflib.get_close_matches(rest, _COMMON.split(), n=1, cutoff=0.5) or [said.suffix()]
        raise ChordError(
            f"chord {symbol!r}, character {len(name) + read + 1}: {rest[read:]!r} is not understood;"
            f" did you mean {name + near[0]}?"
        )
    bass, slash = root, ""
    if text != body:
        low = _note(bass_text[:1].upper() + bass_text[1:])
        if low is None or len(low[1]) != len(bass_text):
            raise ChordError(
                f"chord {symbol!r}, character {len(body) + 2}: {bass_text!r} is not a bass note;"
                f" write one as in {name}/G"
            )
        bass = low[0]
        slash = "" if bass == root else "/" + low[1]
    tones = tuple(sorted((root + interval) % 12 for interval in said.intervals()))
    return Chord(root, tones, bass, name + said.suffix() + slash)


def _readable(symbol: str) -> bool:
    try:
        _parse(symbol)
    except ChordError:
        return False
    return True


def _root_hint(body: str) -> str:
    if body[:1] in ("H", "h") and _readable("B" + body[1:]):
        return f"; the German H is B here: B{body[1:]}"
    if body[:1] in tuple("abcdefg") and _readable(body[0].upper() + body[1:]):
        return f"; did you mean {body[0].upper()}{body[1:]}?"
    if body[:1] == "%":
        return "; % repeats a bar and stands alone, in a chart"
    return "; did you mean N.C. (no chord)?" if body[:1] in ("n", "N") else f", not {body[:1]!r}"
