"""Feel: how far from the grid people play, learned from drummers, given to a band that was written on it."""

from composer.feel.drummers import Drummer, choose_drummer
from composer.feel.playing import Feel
from composer.feel.straight import as_written, early, is_straight, straightened

__all__ = ["Drummer", "Feel", "as_written", "choose_drummer", "early", "is_straight", "straightened"]
