"""Hands on the faders: keys of the terminal, and MIDI controllers."""

from __future__ import annotations

import math

from composer.playback.session import Playback

KEYS = (
    "1–9 choose a part · ↑ ↓ or + - louder, softer · ← → or < > pan · m mute · s solo · b B bass · h H treble · r R reverb"
    " · [ ] whole mix · space pause · , . back, on 5 s · 0 reset · q end"
)
STEP_DB, STEP_PAN, STEP_S = 1.0, 0.1, 5.0
VOLUME, PAN, ROOM = 7, 10, 91
UNITY = 100
"""General MIDI's usual volume leaves a part as it was mixed."""
ARROWS = {"\x1b[A": "+", "\x1b[B": "-", "\x1b[C": ">", "\x1b[D": "<"}


class Hands:
    """Keys → faders; remembers which part is chosen and whether the music pauses."""

    def __init__(self, playing: Playback) -> None:
        self._playing, self.chosen, self.paused, self.master_db = playing, 0, False, 0.0

    def press(self, key: str) -> bool:
        """One key; returns False for the one that ends."""
        playing = self._playing
        key = ARROWS.get(key, key)
        part = self.chosen + 1
        if key == "q":
            return False
        if key.isdecimal() and 1 <= int(key) <= len(playing.names):
            self.chosen = int(key) - 1
        elif key in _NUDGES:
            playing.nudge(part, *_NUDGES[key])
        elif key in ("m", "s"):
            name = {"m": "mute", "s": "solo"}[key]
            playing.fade(part, **{name: 1 - playing.board.get(self.chosen, name)})
        elif key in ("[", "]"):
            self.master_db = playing.master(self.master_db + (STEP_DB if key == "]" else -STEP_DB))
        elif key == " ":
            self.paused = not self.paused
            playing.pause(self.paused)
        elif key in (",", "."):
            playing.seek(max(0.0, playing.position_s + (STEP_S if key == "." else -STEP_S)))
        elif key == "0":
            playing.board.faders[self.chosen] = 0.0
            playing.fade(part, pan=playing.piece.plan.strips[self.chosen].pan)
        return True

    def midi(self, data: bytes) -> None:
        """A controller message: channel 1 moves the first part; 7 is its fader, 10 its place, 91 its room."""
        if len(data) < 3 or data[0] & 0xF0 != 0xB0:
            return
        part, controller, value = data[0] & 0x0F, data[1], data[2]
        if part >= len(self._playing.names):
            return
        if controller in (VOLUME, ROOM):
            full = UNITY if controller == VOLUME else 40
            level_db = 40 * math.log10(value / full) if value else -90.0
            self._playing.fade(part + 1, **{"gain_db" if controller == VOLUME else "reverb_db": level_db})
        elif controller == PAN:
            self._playing.fade(part + 1, pan=(value - 64) / 63)


_NUDGES: dict[str, tuple[str, float]] = {
    "+": ("gain_db", STEP_DB), "=": ("gain_db", STEP_DB), "-": ("gain_db", -STEP_DB),
    ">": ("pan", STEP_PAN), "<": ("pan", -STEP_PAN), "B": ("low_db", STEP_DB), "b": ("low_db", -STEP_DB),
    "H": ("high_db", STEP_DB), "h": ("high_db", -STEP_DB), "R": ("reverb_db", STEP_DB), "r": ("reverb_db", -STEP_DB),
}  # fmt: skip
