"""Styles: what a name such as "bossa" means for a band — who plays, on which sounds, how fast, in which metres.

Pure data. Labels of corpora and grooves are mapped to these names by their loaders; the model knows them by name,
so a name that has once been trained on stays.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from composer.errors import InputError

PEOPLE = "people"
"""The groove label of all that people have played or written, whichever style it is in."""
FULL_BAND = ("drums", "bass", "guitar", "piano", "strings")


@dataclass(frozen=True)
class Style:
    """A style by name. Programs are General MIDI, counted from 0; tempos are quarter notes a minute."""

    name: str
    aliases: tuple[str, ...]
    description: str
    programs: dict[str, int]
    """Role → program, for all of `gm.BAND` (drums: the kit, as a program on the drum channel)."""
    parts: tuple[str, ...] = FULL_BAND
    """The parts that play unless the user names others."""
    tempo_bpm: tuple[int, int] = (80, 130)
    """Where the style feels at home, (low, high)."""
    meters: tuple[str, ...] = ("4/4",)
    """Metres it is at home in, the commonest first."""


def _style(
    name: str,
    aliases: str,
    description: str,
    programs: tuple[int, int, int, int, int],
    tempo_bpm: tuple[int, int],
    meters: str = "4/4",
    parts: str = "drums bass guitar piano strings",
) -> Style:
    """`programs` in the order drums (kit), bass, guitar, piano, strings."""
    return Style(
        name,
        tuple(aliases.split()),
        description,
        dict(zip(FULL_BAND, programs, strict=True)),
        tuple(parts.split()),
        tempo_bpm,
        tuple(meters.split()),
    )


def _table() -> dict[str, Style]:
    styles = [
        _style("pop", "pop-rock poprock electropop 8beat", "straight eighths, clean guitar, piano and strings",
               (0, 33, 27, 0, 48), (84, 132)),
        _style("ballad", "slow-pop power-ballad lullaby", "slow, arpeggios and long strings",
               (0, 33, 25, 0, 48), (56, 88), "4/4 6/8 3/4"),
        _style("rock", "rock-n-roll rocknroll beat twist hard-rock", "back beat, driven guitar, eighth-note bass",
               (16, 34, 29, 0, 48), (96, 168), "4/4 6/8"),
        _style("metal", "heavy-metal heavymetal thrash", "distorted riffs, double kick",
               (16, 34, 30, 0, 48), (110, 200), parts="drums bass guitar strings"),
        _style("swing", "jazz big-band bigband bebop foxtrot", "swung ride cymbal, walking bass, comping piano",
               (32, 32, 26, 0, 61), (110, 220), parts="drums bass guitar piano"),
        _style("bossa", "bossa-nova bossanova", "nylon guitar syncopation over a soft clave",
               (0, 32, 24, 4, 48), (110, 160)),
        _style("samba", "batucada brazilian", "fast two-beat surdo, busy shaker and guitar",
               (0, 33, 24, 0, 48), (84, 120), "4/4 2/4"),
        _style("country", "western bluegrass cowboy", "boom-chick bass and strummed steel guitar",
               (0, 32, 25, 0, 110), (90, 170), "4/4 3/4 2/4"),
        _style("funk", "fusion groove", "sixteenth-note syncopation, slap bass, clavinet",
               (0, 36, 28, 7, 61), (88, 120)),
        _style("soul", "motown", "relaxed back beat, electric piano, brass stabs",
               (0, 33, 27, 4, 61), (70, 125), "4/4 6/8"),
        _style("blues", "boogie shuffle boogie-woogie", "shuffled eighths, dominant sevenths",
               (0, 33, 26, 0, 48), (60, 150), "4/4 6/8", "drums bass guitar piano"),
        _style("reggae", "dub rocksteady", "off-beat guitar, drum accent on three, deep bass",
               (0, 33, 27, 16, 48), (60, 90)),
        _style("ska", "two-tone calypso", "fast off-beat chords, walking bass, brass",
               (0, 33, 27, 16, 61), (120, 180)),
        _style("tango", "milonga habanera", "marked beats, bandoneon and strings",
               (0, 32, 24, 23, 48), (100, 140), "4/4 2/4"),
        _style("march", "military brass-band", "oom-pah bass, snare rolls, brass",
               (48, 58, 24, 0, 61), (96, 132), "4/4 2/4 6/8"),
        _style("waltz", "viennese-waltz walzer valse", "three in a bar: bass, chord, chord",
               (0, 32, 24, 0, 48), (84, 190), "3/4"),
        _style("folk", "celtic irish jig reel acoustic", "strummed or picked guitar, light drums, fiddle",
               (0, 32, 25, 0, 40), (80, 140), "4/4 3/4 6/8 2/4"),
        _style("classical", "lied chamber art-song orchestral hymn", "piano and strings, no drums",
               (48, 43, 24, 0, 48), (60, 132), "4/4 3/4 2/4 6/8", "bass piano strings"),
        _style("latin", "salsa mambo rumba rhumba cha-cha chacha beguine merengue bolero son", "clave, montuno, tumbao",
               (0, 32, 24, 0, 56), (90, 190)),
        _style("jazz-waltz", "jazzwaltz", "swing in three",
               (40, 32, 26, 0, 48), (100, 190), "3/4", "drums bass guitar piano"),
        _style("disco", "eurodisco", "four on the floor, octave bass, strings",
               (0, 33, 28, 0, 48), (110, 132)),
        _style("gospel", "spiritual", "organ and piano in a rolling twelve-eight",
               (0, 33, 27, 16, 52), (60, 120), "4/4 6/8 3/4"),
        _style("rnb", "r&b rhythm-and-blues rb new-jack", "laid-back sixteenths, electric piano and pads",
               (0, 33, 27, 4, 48), (64, 110), "4/4 6/8"),
        _style("dance", "techno house trance rave electronic edm", "electronic kit, synth bass and pads",
               (25, 38, 28, 81, 50), (112, 145)),
        _style("hiphop", "hip-hop rap triphop trip-hop", "heavy back beat, sparse chords",
               (25, 38, 28, 4, 50), (76, 110)),
        _style("ragtime", "charleston dixie dixieland stride novelty", "stride left hand, syncopated right",
               (0, 58, 105, 3, 57), (90, 220), parts="drums bass guitar piano"),
        _style("polka", "zydeco quickstep", "quick two: bass and off-beat chords, accordion",
               (0, 58, 24, 21, 61), (100, 140), "4/4 2/4"),
    ]  # fmt: skip
    return {style.name: style for style in styles}


STYLES: dict[str, Style] = _table()
"""Name → Style."""


def resolve(name: str) -> Style:
    """The style of that name or alias; case, spaces and underscores do not matter. Raises InputError.

    >>> resolve("Bossa Nova").name
    'bossa'
    """
    wanted = "-".join(name.lower().replace("_", " ").replace("-", " ").split())
    if wanted in STYLES:
        return STYLES[wanted]
    by_alias = {alias: style for style in STYLES.values() for alias in style.aliases}
    if wanted in by_alias:
        return by_alias[wanted]
    near = difflib.get_close_matches(wanted, [*STYLES, *by_alias], n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"try one of: {', '.join(STYLES)}"
    raise InputError(f"no style called {name!r}; {hint}")


def at_home(meter: str) -> str:
    """The style of who names none: pop, or one that was learned in the metre.

    >>> at_home("4/4"), at_home("3/4"), at_home("6/8"), at_home("7/8")
    ('pop', 'folk', 'folk', 'pop')
    """
    return next((name for name in ("pop", "folk") if meter in STYLES[name].meters), "pop")


def parse_mixture(text: str) -> tuple[tuple[str, float], ...]:
    """A style, or several with shares: names as written with shares that sum to 1. Raises InputError.

    >>> parse_mixture("bossa:3, funk:1")
    (('bossa', 0.75), ('funk', 0.25))
    """
    found: dict[str, float] = {}
    for word in text.split(","):
        name, colon, share = word.strip().partition(":")
        try:
            weight = float(share) if colon else 1.0
        except ValueError:
            weight = -1.0
        if not name.strip() or not 0 < weight < float("inf"):
            raise InputError(
                f"style {word.strip()!r}: write NAME or NAME:SHARE with a share above 0, such as bossa:0.6,funk:0.4"
            )
        found[name.strip()] = found.get(name.strip(), 0.0) + weight
    total = sum(found.values())
    return tuple((name, weight / total) for name, weight in found.items())
