"""What sounds: the band's notes, the click and the player's own passed through, on the ledger, in the recording, and off again."""

from __future__ import annotations

import math
from collections.abc import Callable

from composer.harmony.chord import NO_CHORD, Chord
from composer.live import midi
from composer.live.echo import EchoFilter
from composer.live.fit import fit
from composer.live.jam_context import JamContext
from composer.live.ledger import Ledger
from composer.live.listener import USUAL_VELOCITY
from composer.live.schedule import ENDS, Click, NoteOff, NoteOn
from composer.live.wiring import Line

CLICK, ACCENT = 75, 76
"""Claves and high wood block of the General MIDI kit."""
LOUDEST, SOFTEST = 1.35, 0.6
"""How far the player's dynamics move the band's."""


class Voices:
    """Everything we make sound, until it ends."""

    def __init__(self, context: JamContext) -> None:
        self._context = context
        self.ledger, self.echo = Ledger(context.wiring.outputs), EchoFilter()
        self.loud = dict.fromkeys(context.settings.parts, 0.0)
        """How hard each part last struck, 0..1, fading."""
        self._band: dict[tuple[str, int, int], tuple[str, int]] = {}
        """Ledger key → (part, note) of the band's sounding notes."""
        self._thru: dict[str, set[int]] = {name: set() for name in context.wiring.inputs}

    # --- the band ---------------------------------------------------------------------------------------------------

    def strike(self, note: NoteOn, beat: float) -> None:
        """Play a note of the band's, in the chord that is sounding and as loud as the player wants it."""
        context, part = self._context, note.part
        if not context.desk.sounds(part):
            return
        pitch = note.pitch
        sounds_at = beat + context.early
        if part != "drums" and not context.settings.chords:
            meant = chord_named(note.chord)
            heard = context.listener.chord_now(sounds_at, meant, context.transport.is_strong(sounds_at))
            strict = abs(sounds_at % context.transport.beat_beats) < 0.02 or note.beats >= 0.9
            pitch = fit(pitch, part, meant, heard, strict)
        velocity = int(min(127, max(1, note.velocity * context.desk.level.get(part, 1.0) * self._dynamics())))
        self.loud[part] = max(self.loud[part], velocity / 127)
        for number, line in enumerate(context.wiring.lines[part]):
            self._forget((line.port, line.channel, pitch), beat)
            struck = self.ledger.note_on(line.port, line.channel, pitch, velocity)
            self._band[line.port, line.channel, pitch] = part, struck
            end = beat + max(0.03, note.beats - 0.01)
            context.schedule.put(end, ENDS, NoteOff(line.port, line.channel, pitch, struck))
            if number == 0:
                context.record(part, sounds_at, midi.note_on(line.channel, pitch, velocity))
        self.echo.sent(pitch, velocity, context.inbox.now())

    def _dynamics(self) -> float:
        """The player's loudness as a factor of the band's, half followed."""
        listener = self._context.listener
        if listener.last_onset == -math.inf:
            return 0.9
        return min(LOUDEST, max(SOFTEST, float((listener.loudness / USUAL_VELOCITY) ** 0.6)))

    def end(self, off: NoteOff, beat: float) -> None:
        """End a note, if it is still the one that is meant."""
        key = off.port, off.channel, off.pitch
        _, note = self._band.get(key, ("", 0))
        self.ledger.note_off(off.port, off.channel, off.pitch, off.note)
        if note == off.note:
            self._forget(key, beat)

    def end_where(self, unwanted: Callable[[str, int], bool], beat: float) -> None:
        """End every note of the band's that `unwanted(part, pitch)` names."""
        for (port, channel, pitch), (part, note) in list(self._band.items()):
            if unwanted(part, pitch):
                self.end(NoteOff(port, channel, pitch, note), beat)

    def end_all(self) -> int:
        """Silence, pedals up; returns how many notes that were."""
        ended = self.ledger.all_off()
        for key in list(self._band):
            self._forget(key, self._context.beat)
        return ended

    def panic(self) -> None:
        """Silence on every channel of every port, whoever made the sound."""
        self.end_all()
        self.ledger.panic()
        for held in self._thru.values():
            held.clear()

    def sounding(self, part: str) -> int:
        """Notes of a part sounding now."""
        return sum(1 for whose, _ in self._band.values() if whose == part)

    def fade(self) -> None:
        """A beat has gone by."""
        self.loud = {part: loud * 0.5 for part, loud in self.loud.items()}

    def _forget(self, key: tuple[str, int, int], beat: float) -> None:
        """A note of the band's is over: the recording hears of it."""
        port, channel, pitch = key
        part, _ = self._band.pop(key, ("", 0))
        if part and self._context.wiring.lines[part][0] == Line(port, channel):
            self._context.record(part, beat + self._context.early, midi.note_off(channel, pitch))

    def _forget_ended(self) -> None:
        """The player, on a channel shared with the band, may have struck or ended a note of the band's: then it is over."""
        for (port, channel, pitch), (_, note) in list(self._band.items()):
            if not self.ledger.is_sounding(port, channel, pitch, note):
                self._forget((port, channel, pitch), self._context.beat)

    # --- the click, and the player's own ----------------------------------------------------------------------------

    def click(self, click: Click, beat: float) -> None:
        """The metronome."""
        pitch, velocity = (ACCENT, 110) if click.accent else (CLICK, 80)
        for line in self._context.wiring.lines.get("click", ()):
            note = self.ledger.note_on(line.port, line.channel, pitch, velocity)
            self._context.schedule.put(beat + 0.1, ENDS, NoteOff(line.port, line.channel, pitch, note))
            self.echo.sent(pitch, velocity, self._context.inbox.now())

    def pass_through(self, port: str, data: bytes) -> None:
        """The player's message, to wherever the player is heard."""
        held = self._thru.setdefault(port, set())
        if midi.is_note_on(data):
            held.add(data[1])
        elif midi.is_note_off(data):
            held.discard(data[1])
        for line in self._context.wiring.lines.get("player", ()):
            self.ledger.pass_on(line.port, midi.on_channel(data, line.channel))
            if midi.is_note_on(data):
                self.echo.sent(data[1], data[2], self._context.inbox.now(), (port, data[0] & 15, data[1]))
        self._forget_ended()

    # --- ports ------------------------------------------------------------------------------------------------------

    def set_sounds(self, port: str) -> None:
        """Program changes for whatever plays on a port."""
        context = self._context
        sounds, lines = context.settings.sounds, context.wiring.lines
        for part in context.settings.parts:
            for line in lines[part]:
                if line.port == port:
                    self.ledger.pass_on(port, midi.program(line.channel, sounds[part]))
                    if line == lines[part][0]:
                        context.record(part, -64.0, midi.program(line.channel, sounds[part]))
        if context.settings.player_program is not None:
            for line in lines.get("player", ()):
                if line.port == port:
                    self.ledger.pass_on(port, midi.program(line.channel, context.settings.player_program))

    def output_gone(self, port: str) -> None:
        """A port has taken its sounding notes along."""
        self.ledger.forget(port)
        for key in [key for key in self._band if key[0] == port]:
            self._forget(key, self._context.beat)

    def input_gone(self, port: str) -> None:
        """Whatever was held down there is let go."""
        for line in self._context.wiring.lines.get("player", ()):
            for pitch in self._thru[port]:
                self.ledger.note_off(line.port, line.channel, pitch)
            self.ledger.end_channel(line.port, line.channel)
        self._thru[port].clear()
        self._forget_ended()

    def knows_input(self, port: str) -> bool:
        return port in self._thru


def chord_named(symbol: str) -> Chord:
    """A symbol's chord; "" is none."""
    return Chord.parse(symbol) if symbol else NO_CHORD
