"""Keeping books: the ledger, the schedule, the echo filter, the recorder, latencies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer import formats
from composer.errors import InputError, OutputError
from composer.live import midi
from composer.live.calibration import Latencies, measure_taps
from composer.live.echo import EchoFilter
from composer.live.ledger import Ledger
from composer.live.recorder import Recorder
from composer.live.schedule import BEGINS, ENDS, Schedule


class Keeper:
    """An output that keeps what it was sent."""

    def __init__(self, name: str = "a") -> None:
        self.name, self.sent = name, list[bytes]()

    def send(self, data: bytes) -> None:
        self.sent.append(data)


CHANGES = st.lists(st.tuples(st.sampled_from("onpf"), st.integers(0, 3), st.integers(0, 5)), max_size=60)


@given(CHANGES)
def test_whatever_was_struck_is_ended(changes: list[tuple[str, int, int]]) -> None:
    """Any order of notes, ends, pedals and losses: after `all_off` nothing sounds and no pedal is down."""
    out = Keeper()
    ledger = Ledger([out])
    for kind, channel, pitch in changes:
        if kind == "o":
            ledger.note_on("a", channel, pitch, 64)
        elif kind == "n":
            ledger.note_off("a", channel, pitch)
        elif kind == "p":
            ledger.pass_on("a", midi.control(channel, midi.SUSTAIN, 127 if pitch > 2 else 0))
        else:
            ledger.forget("a")
            out.sent.clear()
    ledger.all_off()
    on: set[tuple[int, int]] = set()
    pedal: set[int] = set()
    for data in out.sent:
        if midi.is_note_on(data):
            assert (data[0] & 15, data[1]) not in on
            on.add((data[0] & 15, data[1]))
        elif midi.is_note_off(data):
            on.discard((data[0] & 15, data[1]))
        else:
            (pedal.add if data[2] else pedal.discard)(data[0] & 15)
    assert (on, pedal, len(ledger)) == (set(), set(), 0)


def test_pedals_and_wheels_are_let_go() -> None:
    """Sustain, sostenuto, hold 2 and a bent string: none outlives the jam, and what was let go is not let go twice."""
    out = Keeper()
    ledger = Ledger([out])
    for data in ("b0407f", "b0427f", "b0457f", "e00050", "e10060", "e10040", "b10728"):
        ledger.pass_on("a", bytes.fromhex(data))
    out.sent.clear()
    ledger.end_channel("a", 0)
    ledger.all_off()
    assert sorted(data.hex() for data in out.sent) == ["b04000", "b04200", "b04500", "e00040"]


def test_a_late_end_spares_the_successor() -> None:
    out = Keeper()
    ledger = Ledger([out])
    first = ledger.note_on("a", 0, 60, 64)
    ledger.note_on("a", 0, 60, 64)
    assert not ledger.note_off("a", 0, 60, first)
    assert len(ledger) == 1


@pytest.mark.parametrize("piece", [1, 2, 5, 100])
def test_bytes_become_messages_however_they_are_cut(piece: int) -> None:
    """As keyboards send them: running status, a clock between two bytes of a note, system exclusive, and plain rubbish."""
    wire = bytes.fromhex(
        "4211 903c64 4064 f8 3cf800 4000 f000212ff87ff7 4033 903e40 c010 11 d030 e00050 f20a01 3e40 f4 55 f9 803e00 f6 fe"
    )
    reader = midi.Reader()
    messages = [message.hex() for at in range(0, len(wire), piece) for message in reader.read(wire[at : at + piece])]
    assert messages == (
        [
            "903c64",
            "904064",
            "f8",
            "f8",
            "903c00",
            "904000",
            "f8",
            "903e40",
            "c010",
            "c011",
            "d030",
            "e00050",
            "f20a01",
            "803e00",
            "fe",
        ]
    )


def test_ends_come_before_beginnings() -> None:
    schedule = Schedule()
    schedule.put(1.0, BEGINS, "b")
    schedule.put(1.0, ENDS, "a")
    schedule.put(0.5, BEGINS, "z")
    assert schedule.drop(lambda _, item: item == "z") == ["z"]
    assert [schedule.pop()[1] for _ in range(2)] == ["a", "b"]


def test_an_echo_excuses_one_note() -> None:
    echo = EchoFilter()
    echo.sent(60, 80, 10.0)
    assert echo.is_echo("in", midi.note_on(3, 60, 80), 10.02)
    assert not echo.is_echo("in", midi.note_on(3, 60, 80), 10.03)
    assert echo.is_echo("in", midi.note_off(3, 60), 10.5)
    echo.sent(60, 80, 11.0)
    assert not echo.is_echo("in", midi.note_on(3, 60, 81), 11.01)
    assert not echo.is_echo("in", midi.note_on(3, 60, 80), 11.5)


def test_a_note_repeated_fast_is_no_echo_unless_there_is_a_loop() -> None:
    """Sixteenths at 220 BPM, all struck alike and passed through: each is the player's. Where the band's notes return, none is sure."""
    strike, leave = midi.note_on(0, 60, 80), midi.note_off(0, 60)
    echo = EchoFilter()
    echo.sent(60, 80, 10.0, ("in", 0, 60))
    assert echo.is_echo("in", strike, 10.01)  # nobody strikes a key that is down
    assert echo.is_echo("in", leave, 10.04)
    echo = EchoFilter()
    for number in range(8):
        assert not echo.is_echo("in", strike, 10 + number * 0.068)
        echo.sent(60, 80, 10 + number * 0.068, ("in", 0, 60))
        assert not echo.is_echo("in", leave, 10.03 + number * 0.068)
    for number in range(4):
        echo.sent(40 + number, 90, 11.0)
        assert echo.is_echo("in", midi.note_on(0, 40 + number, 90), 11.01)
    echo.sent(60, 80, 11.1, ("in", 0, 60))
    assert not echo.is_echo("in", leave, 11.12)
    assert echo.is_echo("in", strike, 11.15)


def test_a_recording_is_an_arrangement(tmp_path: Path) -> None:
    """Tracks keep their roles, the tempo map and the chords; sounding notes are closed; nothing is overwritten unasked."""
    path = tmp_path / "jam.mid"
    recorder = Recorder(path, [("player", "melody"), ("bass", "bass")], (3, 4), 3.0, background=False)
    recorder.tempo(-3.0, 90)
    recorder.chord(0.0, "Am7")
    recorder.event("bass", 0.0, midi.note_on(1, 33, 90))
    recorder.event("player", 0.5, midi.note_on(0, 69, 80))
    recorder.event("player", 0.25, midi.note_on(0, 64, 80))
    recorder.event("player", 1.0, midi.note_off(0, 69))
    recorder.tempo(3.0, 100)
    recorder.flush()
    score = formats.load(path)
    assert [(part.role, len(part)) for part in score.parts] == [("melody", 2), ("bass", 1)]
    assert score.meter.changes[0][1:] == (3, 4)
    assert [round(60e6 / pace) for _, pace in score.tempo.changes] == [90, 100]
    assert score.chords == ((1440, "Am7"),)
    assert score.parts[0].notes["onset"].tolist() == [1440 + 120, 1440 + 240]
    with pytest.raises(OutputError, match="already exists"):
        Recorder(path, [], (4, 4), 0.0)
    with pytest.raises(OutputError, match="cannot be written"):
        Recorder(tmp_path / "nowhere" / "jam.mid", [], (4, 4), 0.0)


def test_no_recording_before_the_first_note(tmp_path: Path) -> None:
    """Sounds and tempo alone are nothing to keep: the same command is not refused the next time."""
    for _ in range(2):
        recorder = Recorder(tmp_path / "jam.mid", [("bass", "bass")], (4, 4), 0.0)
        recorder.tempo(0, 90)
        recorder.event("bass", -64.0, midi.program(1, 33))
        recorder.close()
        assert recorder.is_empty
    assert list(tmp_path.iterdir()) == []
    recorder = Recorder(tmp_path / "jam.mid", [("bass", "bass")], (4, 4), 0.0, background=False)
    recorder.event("bass", 0.0, midi.note_on(1, 33, 90))
    recorder.close()
    assert len(formats.load(tmp_path / "jam.mid").parts) == 1


def test_a_recording_that_breaks_off_has_no_pedal_down(tmp_path: Path) -> None:
    """Whole on disk at every moment, the player in full swing: notes, pedals and a bent string end with what there is."""
    recorder = Recorder(tmp_path / "jam.mid", [("player", "melody")], (4, 4), 0.0, background=False)
    for beat, data in enumerate(("b0407f", "903c50", "e00050", "b04200", "b0427f")):
        recorder.event("player", beat, bytes.fromhex(data))
    recorder.flush()
    messages = [message.hex() for message in mido.MidiFile(tmp_path / "jam.mid").tracks[1] if not message.is_meta]
    assert messages[5:] == ["B0 40 00", "80 3C 40", "E0 00 40", "B0 42 00"]


KILLED = """
import sys, time
from pathlib import Path
from composer.live import midi
from composer.live.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]), [("player", "melody")], (4, 4), 0.0)
begun = time.monotonic()
while True:
    beat = time.monotonic() - begun
    recorder.event("player", beat, midi.note_on(0, 60, 80))
    recorder.event("player", beat + 0.01, midi.note_off(0, 60))
    print(beat, flush=True)
    time.sleep(0.02)
"""


def test_a_kill_loses_less_than_a_second(tmp_path: Path) -> None:
    path = tmp_path / "jam.mid"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        begun = time.monotonic()
        told = [process.stdout.readline()]
        while time.monotonic() - begun < 3.0:
            told.append(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        told += process.stdout.readlines()
    last = float(told[-1])
    score = formats.load(path)
    kept = int(score.parts[0].notes["onset"].max()) / score.ticks_per_beat
    assert last - kept < 1.0
    assert score.problems == ()


def test_taps_become_a_latency(tmp_path: Path) -> None:
    clicks = [10 + 0.6 * number for number in range(20)]
    taps = [click + 0.045 + 0.004 * (-1) ** number for number, click in enumerate(clicks)]
    late_s, spread_s = measure_taps(clicks, taps)
    assert late_s == pytest.approx(0.045, abs=0.005)
    assert spread_s < 0.01
    known = Latencies({"My Keyboard": late_s}, {"synth": 0.01})
    known.save(tmp_path / "latency.json")
    assert Latencies.load(tmp_path / "latency.json") == known
    assert Latencies.load(tmp_path / "none.json").input_s("My Keyboard") == 0.0
    with pytest.raises(InputError, match="only 2 taps"):
        measure_taps(clicks, taps[4:6])
    with pytest.raises(InputError, match="differ by"):
        measure_taps(clicks, [click + 0.25 * (-1) ** number for number, click in enumerate(clicks)])
    (tmp_path / "latency.json").write_text("{]")
    with pytest.raises(InputError, match="delete it and calibrate again"):
        Latencies.load(tmp_path / "latency.json")


def test_the_tap_test_over_a_port() -> None:
    """A player 60 ms behind every click, under a fake clock: that is what is measured, and the click ends."""
    from composer.live.inbox import FakeInbox
    from composer.live.items import Heard
    from composer.live.tap_test import CLICKS, PERIOD_S, run_test

    inbox = FakeInbox()
    for number in range(CLICKS):
        at = inbox.now() + 1.0 + number * PERIOD_S + 0.06
        inbox.put_at(at, Heard("keys", midi.note_on(0, 60, 90), at))
    out = Keeper("out")
    late_s, spread_s = run_test(inbox, out, 9)
    assert (late_s, spread_s) == (pytest.approx(0.06), pytest.approx(0.0, abs=1e-9))
    assert sum(map(midi.is_note_on, out.sent)) == CLICKS
    assert midi.is_note_off(out.sent[-1])
