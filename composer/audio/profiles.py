"""Where each instrument stands in a mix when nobody says otherwise, and what a style changes about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from composer.audio.compressor import Compressor


@dataclass(frozen=True)
class Place:
    """One instrument's place."""

    balance_lu: float = -7.0
    """Loudness relative to the lead."""
    pan: float = 0.0
    """-1 left … 1 right."""
    reverb_db: float = -14.0
    """What the room gives back, relative to the dry sound."""
    highpass_hz: float = 30.0
    compressor: Compressor | None = field(default_factory=Compressor)


_GENTLE = Compressor(threshold_db=-14.0, ratio=2.0)
_PICKED = Compressor(threshold_db=-15.0, ratio=2.5, attack_s=0.018)

PROFILE: dict[str, Place] = {
    "melody": Place(0.0, 0.0, -13.0, 60.0, Compressor(-15.0, 2.0)),
    "drums": Place(-2.0, 0.0, -20.0, 25.0, Compressor(-10.0, 2.0, attack_s=0.025, release_db_s=120.0)),
    "bass": Place(-3.0, 0.0, -30.0, 28.0, Compressor(-18.0, 3.0, attack_s=0.025)),
    "guitar": Place(-7.0, -0.35, -15.0, 90.0, _PICKED),
    "piano": Place(-6.0, 0.3, -15.0, 60.0, _PICKED),
    "strings": Place(-9.0, 0.1, -10.0, 110.0, None),
    "lead": Place(-3.0, 0.0, -13.0, 60.0, _GENTLE),
    "reed": Place(-5.0, 0.15, -12.0, 70.0, _GENTLE),
    "pipe": Place(-5.0, -0.15, -12.0, 70.0, _GENTLE),
    "brass": Place(-5.0, 0.2, -12.0, 70.0, _GENTLE),
    "organ": Place(-9.0, -0.2, -14.0, 60.0, None),
    "pad": Place(-10.0, 0.0, -10.0, 110.0, None),
    "chromatic": Place(-7.0, 0.25, -12.0, 70.0, _PICKED),
}
"""By role, else by General MIDI family."""

STYLE_LU: dict[str, dict[str, float]] = {
    "ballad": {"drums": -3.0, "bass": -1.0, "piano": 1.5, "strings": 2.0},
    "rock": {"drums": 1.0, "guitar": 2.5, "piano": -1.0, "strings": -1.0},
    "metal": {"drums": 1.5, "guitar": 4.0},
    "swing": {"drums": -3.0, "bass": 1.0, "piano": 0.5},
    "bossa": {"drums": -4.0, "guitar": 2.0, "bass": -0.5},
    "samba": {"guitar": 1.0},
    "country": {"drums": -2.0, "guitar": 2.0},
    "funk": {"drums": 1.0, "bass": 2.0, "guitar": 1.0},
    "soul": {"bass": 1.0},
    "blues": {"guitar": 1.5, "drums": -1.0},
    "reggae": {"bass": 2.5, "guitar": 1.0, "drums": 0.5},
    "ska": {"guitar": 1.5, "strings": 2.0},
    "tango": {"drums": -4.0, "piano": 2.0, "strings": 3.0},
    "march": {"strings": 4.0, "drums": -1.0},
    "waltz": {"drums": -4.0, "strings": 2.0},
    "folk": {"drums": -4.0, "guitar": 2.0},
    "classical": {"piano": 3.0, "strings": 4.0, "bass": -2.0, "drums": -5.0},
    "latin": {"piano": 1.5},
    "jazz-waltz": {"drums": -3.0, "bass": 1.0},
    "disco": {"drums": 1.0, "bass": 1.0, "strings": 2.0},
    "gospel": {"piano": 1.5, "strings": 1.0},
    "rnb": {"drums": 1.0, "bass": 1.5},
    "dance": {"drums": 2.0, "bass": 2.0, "strings": 1.0},
    "hiphop": {"drums": 2.5, "bass": 2.5, "guitar": -1.0},
    "ragtime": {"piano": 3.0, "drums": -3.0},
    "polka": {"drums": -2.0, "piano": 1.5},
}
"""Style → role → LU added to its balance."""


def place(role: str) -> Place:
    return PROFILE.get(role, Place())


def balance_lu(role: str, style: str | None = None) -> float:
    """Loudness relative to the lead, in a style if one is named."""
    return place(role).balance_lu + (STYLE_LU.get(style, {}).get(role, 0.0) if style else 0.0)
