"""Who plays when: the modes of a jam as a pure function of the bar."""

from __future__ import annotations

from dataclasses import dataclass

TRADE = {"call": 2, "fours": 4}
"""Bars each side has before it is the other's turn."""
HOLD_BARS = 2
"""Bars of the player's silence after which `accompany` thins out, and `continue` takes the lead."""
REST_BARS = 8
"""Bars of silence after which the accompanying band waits, drums apart."""
SOLOISTS = ("piano", "guitar", "strings", "bass")


@dataclass(frozen=True)
class Casting:
    """What a bar asks of the band."""

    soloist: str = ""
    """Takes the lead here."""
    resting: tuple[str, ...] = ()
    lift: int = 0
    """Added to everybody's density; the soloist's is 5."""
    says: str = ""


def cast(mode: str, bar: int, parts: tuple[str, ...], silent_bars: float, has_played: bool) -> Casting:
    """The roles for a bar. `silent_bars`: how long the player has been silent."""
    soloist = next((part for part in SOLOISTS if part in parts), "")
    others = tuple(part for part in parts if part not in ("drums", soloist))
    if mode in TRADE:
        length = TRADE[mode]
        if bar // length % 2:
            return Casting(soloist, lift=0, says=f"the band's {length}")
        return Casting(resting=(soloist,) if len(others) else (), lift=-1, says=f"your {length}")
    if not has_played or silent_bars <= HOLD_BARS:
        return Casting(says="with you")
    if mode == "continue":
        return Casting(soloist, says="going on without you")
    if silent_bars >= REST_BARS:
        return Casting(resting=tuple(part for part in parts if part != "drums"), lift=-2, says="waiting for you")
    return Casting(lift=-1, says="holding back")
