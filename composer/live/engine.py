"""The engine: takes items from the inbox, keeps the time, and plays. One thread; nothing else touches what is in here.

Its loop is three lines: wait for an item or the next deadline, take the item, play what is due. Under a fake inbox the same
lines run a jam in no time. Who does what: the `Timekeeper` moves the beat, the `Conductor` decides what is played, the `Voices`
sound, `telling` tells.
"""

from __future__ import annotations

import math

from composer.errors import ComposerError
from composer.live import midi
from composer.live.commands import obey
from composer.live.conductor import Conductor
from composer.live.inbox import Inbox
from composer.live.items import Command, GeneratorLost, Heard, PeerLeft, PortDown, PortUp
from composer.live.jam_context import JamContext, Say
from composer.live.plan import Plan
from composer.live.player_track import PlayerTrack
from composer.live.schedule import Call, Click, NoteOff, NoteOn, PlayerNote
from composer.live.settings import BandControls, JamSettings
from composer.live.telling import bar_line, look
from composer.live.timekeeper import Timekeeper
from composer.live.view import JamView
from composer.live.voices import Voices
from composer.live.wiring import Wiring

LATE_S = 0.005
HEARTBEAT_S = 0.25
COLD_S = 5.0
"""How long the first bar is waited for."""
SHOW_S = 0.05
"""Nobody looks more often."""
SAID = 6
"""Messages that the screen may show."""


class Engine:
    """A jam in progress."""

    def __init__(self, settings: JamSettings, inbox: Inbox, wiring: Wiring, tell: Say) -> None:
        """`tell` gets every line of the log."""
        self.settings, self.inbox, self.wiring, self._tell = settings, inbox, wiring, tell
        self.context = JamContext(settings, inbox, wiring, lambda text: self.say(text))
        self.transport = self.context.transport
        self.voices = Voices(self.context)
        self.conductor = Conductor(self.context, self.voices, self._on_beat, self.stop)
        self.timekeeper = Timekeeper(self.context, self._begin_at, self._halt)
        self._player = PlayerTrack(wiring.inputs, lambda beat, data: self.context.record("player", beat, data))
        self.player_loud = 0.0
        self.away: set[str] = set()
        """Ports that have gone."""
        self.said: list[str] = []
        self.late, self.worst_s, self.played = 0, 0.0, 0
        """Notes sent over 5 ms after their time, the latest of them, and all notes."""
        self.finished = ""
        """Why the jam is over, "" while it is not."""
        self.view = JamView()
        self._shown_s = -math.inf
        self._recorded_chord = ""

    # --- the loop ---------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Play until it is over. On every way out all notes end and the pedals go up."""
        try:
            self.begin()
            while not self.finished:
                self.turn()
        finally:
            self.quiet()

    def turn(self) -> None:
        """Wait for an item or the next deadline; take it; play what is due."""
        due_s = self.transport.time_of(self.context.schedule.next_beat()) if len(self.context.schedule) else math.inf
        item = self.inbox.wait(min(due_s, self.inbox.now() + HEARTBEAT_S))
        if item is not None:
            self.take(item)
        self.play_due()
        self.timekeeper.look_after_clock()

    def begin(self) -> None:
        """Set the sounds, ask for the first bar, and start counting if the tempo is known."""
        for output in self.wiring.outputs:
            self.voices.set_sounds(output.name)
        self.conductor.begin()
        if self.settings.tempo_from == "given":
            self._wait_for_the_band()
        self.timekeeper.begin()
        self._show()

    def _wait_for_the_band(self) -> None:
        """A generator that has just been started needs a moment: without a count-in, the first bar would be silent."""
        until_s = self.inbox.now() + COLD_S
        while not self.finished and not self.conductor.book.planned and self.inbox.now() < until_s:
            item = self.inbox.wait(until_s)
            if item is not None:
                self.take(item)

    def quiet(self) -> None:
        """End everything that sounds, and what runs beside us. Safe to call twice."""
        ended = self.voices.end_all()
        self._player.let_all_go(self.context.beat)
        self.timekeeper.end()
        self.conductor.end()
        if ended:
            self.say(f"{ended} notes ended")
        self._show("stopped")

    def play_due(self) -> None:
        """Everything whose time has come."""
        schedule = self.context.schedule
        while not self.finished and self.transport.running:
            due_s, now_s = self.transport.time_of(schedule.next_beat()), self.inbox.now()
            if due_s > now_s:
                return
            beat, item = schedule.pop()
            match item:
                case NoteOn():
                    self._note_lateness(now_s - due_s)
                    self.voices.strike(item, beat)
                case NoteOff():
                    self.voices.end(item, beat)
                case Call():
                    item.do()
                case PlayerNote():
                    self._hear_player(Heard(item.port, item.data, now_s))  # a file echoes nothing
                case Click():
                    self.voices.click(item, beat)
                    self._show()

    def _note_lateness(self, late_s: float) -> None:
        self.played += 1
        self.late += late_s > LATE_S
        self.worst_s = max(self.worst_s, late_s)

    # --- items ------------------------------------------------------------------------------------------------------

    def take(self, item: object) -> None:
        """One item from the inbox."""
        match item:
            case Heard():
                self._hear(item)
            case Plan():
                self.conductor.take_plan(item)
            case Command():
                try:
                    obey(self, item)
                except ComposerError as error:
                    self.say(str(error))
            case PortDown():
                self._port_down(item)
            case PortUp():
                self._port_up(item)
            case PeerLeft():
                self.say(f"{item.port}: {item.why}")
            case GeneratorLost():
                self.conductor.generator_lost(item)
        self._show(at_once=isinstance(item, Command | PortDown | PortUp))

    def _hear(self, heard: Heard) -> None:
        data, now_s = heard.data, heard.time_s
        if data[0] >= 0xF0:
            self.timekeeper.hear_clock(data, now_s)
            return
        if not self.voices.echo.is_echo(heard.port, data, now_s):
            self._hear_player(heard)

    def _hear_player(self, heard: Heard) -> None:
        """A message that the player meant."""
        data, now_s = heard.data, heard.time_s
        if self.settings.thru:
            self.voices.pass_through(heard.port, data)
        time_s = now_s - self.wiring.input_latency_s.get(heard.port, 0.0)
        if midi.is_note_on(data):
            self.player_loud = data[2] / 127
            self.timekeeper.hear_note(time_s)
        beat = self.transport.beat_at(time_s)  # after a last tap has set the time that it belongs to
        if self.transport.running:
            self.context.listener.hear(heard.port, data, beat)
            self._player.hear(heard.port, data, beat)

    def _port_down(self, item: PortDown) -> None:
        self.away.add(item.port)
        self.say(f"{item.port}: {item.why}; playing on and trying to reconnect")
        if item.port in self.voices.ledger.outputs:
            self.voices.output_gone(item.port)
        if self.voices.knows_input(item.port):
            self._let_go(item.port)
            self.voices.input_gone(item.port)

    def _let_go(self, port: str) -> None:
        """Nobody holds anything down on an input any more."""
        self.context.listener.release(port, self.context.beat)
        self._player.let_go(port, self.context.beat)

    def _port_up(self, item: PortUp) -> None:
        returned = item.port in self.away
        self.away.discard(item.port)
        if item.why:
            self.say(f"{item.port}: {item.why}")
        if item.port in self.voices.ledger.outputs and (returned or item.why):
            if returned:
                self.voices.ledger.silence(item.port)
            self.voices.set_sounds(item.port)

    # --- what timekeeper and conductor call -------------------------------------------------------------------------

    def _begin_at(self, bar: int) -> None:
        self.conductor.go_to(bar)
        self._show()

    def _halt(self) -> None:
        self.voices.end_all()
        for port in self.wiring.inputs:
            self._let_go(port)

    def _on_beat(self, bar: int, beat: float) -> None:
        self.player_loud *= 0.5
        symbol = self.conductor.chord_at(bar, beat)
        if symbol not in ("", self._recorded_chord) and self.wiring.recorder is not None:
            self._recorded_chord = symbol
            self.wiring.recorder.chord(self.transport.bar_start(bar) + beat, symbol)
        self._show()
        if beat == 0:
            self._tell(bar_line(self, bar))

    # --- wishes (see `commands`) ------------------------------------------------------------------------------------

    @property
    def desk(self) -> BandControls:
        """What may be changed while playing."""
        return self.context.desk

    def set_tempo(self, bpm: float) -> None:
        """Another tempo from now on."""
        self.timekeeper.set_tempo(bpm)

    def tap(self) -> None:
        """A tap for the tempo."""
        self.timekeeper.tap(self.inbox.now())

    def panic(self) -> None:
        """Silence, at once and everywhere; the band comes in again with the next bar."""
        self.context.schedule.drop(lambda _, each: isinstance(each, NoteOn | NoteOff))
        self.voices.panic()
        if self.settings.thru:  # without it, the player's notes sound elsewhere, and go on
            self._player.let_all_go(self.context.beat)

    def hush(self, part: str) -> None:
        """End what a part is sounding."""
        self.voices.end_where(lambda whose, _: whose == part, self.context.beat)

    def stop(self, why: str) -> None:
        """The jam is over."""
        self.finished = why

    # --- telling ----------------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A line for the log and the screen."""
        self.said = [*self.said[1 - SAID :], text]
        self._tell(text)

    def _show(self, state: str = "", at_once: bool = False) -> None:
        """Lay out the view anew, now and then."""
        now_s = self.inbox.now()
        if state or at_once or now_s - self._shown_s >= SHOW_S:
            self._shown_s = now_s
            self.view = look(self, state)
