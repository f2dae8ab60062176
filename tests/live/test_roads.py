"""Ways a jam can take, under the fake clock: clocks that drop out, recordings across a stop, taps, several outputs, new styles."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest

from composer import formats
from composer.harmony.chord import Chord
from composer.live import midi
from composer.live.engine import Engine
from composer.live.harmonist import Harmonist
from composer.live.items import Command, Heard, PortDown
from composer.live.listener import Listener
from composer.live.progressions import Progressions
from composer.live.recorder import Recorder
from composer.live.wiring import Line
from tests.live.band import CHORDS, FakePort, PatternLeader, Stage, comping, settings

PULSE_S = 60 / 120 / 24


def clock(stage: Stage, pulses: list[float], before: list[tuple[float, bytes]]) -> None:
    """Let another machine's clock arrive: pulses and messages at seconds of the clock."""
    for at, data in [*before, *((at, bytes((midi.CLOCK,))) for at in pulses)]:
        stage.inbox.put_at(at, Heard("keys", data, at))


def test_a_clock_that_drops_out_is_survived_and_said() -> None:
    stage = Stage(settings(bars=8, tempo_from="clock", count_in_bars=0))
    begin = stage.inbox.now() + 1
    pulses = [begin + number * PULSE_S for number in range(24 * 33)]
    quiet = [at for at in pulses if not begin + 4.1 < at < begin + 7.3]
    clock(stage, quiet, [(begin - 0.001, bytes((midi.START,)))])
    stage.engine.run()
    drums = [at for at, pitch in stage.port.notes(9) if pitch in (36, 38)]
    assert drums == pytest.approx([begin + 0.5 * beat for beat in range(32)], abs=0.004)
    assert "MIDI clock lost; continuing at 120.0 BPM" in stage.said
    assert "MIDI clock is back" in stage.said


def test_a_recording_goes_on_after_a_stop(tmp_path: Path) -> None:
    """Stopped in bar 2, set back to the beginning: the second time round stands after the first, and nothing hangs."""
    stage = Stage(settings(bars=2, tempo_from="clock", count_in_bars=0, chords=("C",) * 4))
    stage.wiring.recorder = recorder = Recorder(
        tmp_path / "jam.mid", [("player", "melody"), *((part, part) for part in stage.settings.parts)], (4, 4), 0.0,
        background=False,
    )  # fmt: skip
    begin, again = stage.inbox.now() + 1, stage.inbox.now() + 6
    first = [begin + number * PULSE_S for number in range(24 * 6 + 3)]
    second = [again + number * PULSE_S for number in range(24 * 9)]
    stop = first[-1] + 0.005
    start = bytes((midi.START,))
    clock(stage, first + second, [(begin - 0.001, start), (stop, bytes((midi.STOP,))), (again - 0.001, start)])
    stage.play([(1.0, midi.note_on(0, 72, 90))], begin)
    stage.engine.run()
    recorder.close()
    score = formats.load(tmp_path / "jam.mid")
    assert score.problems == ()
    parts = {part.role: part.notes for part in score.parts}
    assert parts["drums"]["onset"].tolist() == [480 * beat for beat in [*range(7), *range(8, 16)]]
    held = parts["melody"]
    assert held["onset"].tolist() == [pytest.approx(960, abs=20)]
    assert int(held["onset"][0] + held["duration"][0]) < 480 * 6.5


def test_a_slow_ramp_of_the_clock_is_in_the_recording(tmp_path: Path) -> None:
    """From 120 to 180 BPM in 24 s, no two pulses noticeably different: the recording lasts as long as the jam did."""
    stage = Stage(settings(bars=14, tempo_from="clock", count_in_bars=0, chords=("C",) * 4))
    stage.wiring.recorder = recorder = Recorder(
        tmp_path / "jam.mid", [("player", "melody"), *((part, part) for part in stage.settings.parts)], (4, 4), 0.0,
        background=False,
    )  # fmt: skip
    begin = stage.inbox.now() + 1
    pulses = [begin]
    while len(pulses) < 14 * 4 * 24 + 2:
        pulses.append(pulses[-1] + 60 / (120 + 60 * min(1, (pulses[-1] - begin) / 24)) / 24)
    clock(stage, pulses, [(begin - 0.001, bytes((midi.START,)))])
    stage.engine.run()
    recorder.close()
    heard = [at for at, pitch in stage.port.notes(9) if pitch in (36, 38)]
    at, kept = 0.0, []
    for message in mido.MidiFile(tmp_path / "jam.mid"):
        at += message.time
        if message.type == "note_on" and message.channel == 9 and message.velocity:
            kept.append(at)
    assert len(kept) == len(heard) == 56
    assert kept[-1] - kept[0] == pytest.approx(heard[-1] - heard[0], rel=0.005)


def test_the_player_on_the_bass_channel_ends_its_note_in_the_recording_too(tmp_path: Path) -> None:
    """A note of the bass struck again by the player 0.1 s after: recorded as long as it was heard."""
    channels = settings().channels | {"bass": 0}
    stage = Stage(settings(bars=1, thru=True, chords=("C",) * 4, channels=channels))
    stage.wiring.recorder = recorder = Recorder(
        tmp_path / "jam.mid", [("player", "melody"), *((part, part) for part in stage.settings.parts)], (4, 4), 4.0,
        background=False,
    )  # fmt: skip
    stage.play([(0.1, midi.note_on(0, 36, 99)), (0.15, midi.note_off(0, 36))], stage.downbeat_s())
    stage.engine.run()
    recorder.close()
    (bass,) = [part for part in formats.load(tmp_path / "jam.mid").parts if part.role == "bass"]
    assert bass.notes["pitch"][0] == 36
    assert bass.notes["duration"][0] == pytest.approx(96, abs=2)
    assert bass.notes["duration"][1] > 200


@pytest.mark.parametrize("source", ["tap", "count-in"])
def test_the_last_count_of_the_players_is_recorded_before_bar_one(source: str, tmp_path: Path) -> None:
    """And so is a pick-up; the bar that they are in goes at the tempo that was counted."""
    stage = Stage(settings(bars=1, tempo_from=source, count_in_bars=0, chords=("C",) * 4))
    tracks = [("player", "melody"), *((part, part) for part in stage.settings.parts)]
    recorder = Recorder(tmp_path / "jam.mid", tracks, (4, 4), stage.settings.lead_in_beats, background=False)
    stage.wiring.recorder = recorder
    for at in (0, 1, 2, 3, 3.5, 4):
        stage.play(
            [(at * 0.6, midi.note_on(0, 60, 80)), (at * 0.6 + 0.15, midi.note_off(0, 60))], stage.inbox.now() + 1
        )
    stage.engine.run()
    recorder.close()
    score = formats.load(tmp_path / "jam.mid")
    parts = {part.role: part.notes["onset"].tolist() for part in score.parts}
    assert parts["melody"] == [3 * 480, 3.5 * 480, 4 * 480]
    assert parts["drums"] == [480 * beat for beat in range(4, 8)]
    assert score.tempo.bpm_at(0) == pytest.approx(100, abs=0.1)


def player_of(path: Path) -> list[tuple[float, str]]:
    """The player's track of a recording: (beat, message in hex)."""
    file = mido.MidiFile(path)
    (track,) = [each for each in file.tracks if each.name == "player"]
    at, found = 0, []
    for message in track:
        at += message.time
        if not message.is_meta:
            found.append((round(at / file.ticks_per_beat, 1), message.hex().replace(" ", "").lower()))
    return found


def test_the_recording_ends_what_the_player_holds_where_it_was_ended(tmp_path: Path) -> None:
    """Stopped with the pedal down, a panic with a note held, an input lost, and the end: nothing stays down, nothing ends twice."""
    stage = Stage(settings(bars=None, thru=True, tempo_from="clock", count_in_bars=0, chords=("C",) * 4))
    stage.wiring.recorder = recorder = Recorder(
        tmp_path / "jam.mid", [("player", "melody"), *((part, part) for part in stage.settings.parts)], (4, 4), 0.0,
        background=False,
    )  # fmt: skip
    begin, again = stage.inbox.now() + 1, stage.inbox.now() + 6
    pulses = [start + number * PULSE_S for start in (begin, again) for number in range(24 * 4)]
    others = [(begin - 0.01, midi.START), (begin + 1.99, midi.STOP), (again - 0.01, midi.CONTINUE)]
    clock(stage, pulses, [(at, bytes((kind,))) for at, kind in others])
    down, up = midi.control(0, midi.SUSTAIN, 127), midi.control(0, midi.SUSTAIN, 0)
    stage.play([(-0.1, midi.note_on(0, 50, 80)), (0.25, midi.note_off(0, 50))], begin)  # struck before there was time
    stage.play([(1, down), (1, midi.note_on(0, 60, 80)), (1.25, midi.note_off(0, 60)), (3, up)], begin)
    stage.play([(0, midi.note_on(0, 64, 80)), (0.75, midi.note_off(0, 64))], again)
    stage.inbox.put_at(again + 0.5, Command("panic"))
    stage.play([(1, down), (1.75, down)], again)
    stage.inbox.put_at(again + 1.25, PortDown("keys", "disconnected"))
    stage.inbox.put_at(again + 2, Command("stop"))
    stage.engine.run()
    recorder.close()
    assert player_of(tmp_path / "jam.mid") == [
        (2, "b0407f"), (2, "903c50"), (2.5, "803c40"), (4, "b04000"),  # the stop
        (4, "904050"), (5, "804040"),  # the panic
        (6, "b0407f"), (6.5, "b04000"),  # the input gone
        (7.5, "b0407f"), (8, "b04000"),  # the end
    ]  # fmt: skip


def test_the_tempo_is_tapped() -> None:
    stage = Stage(settings(tempo_from="tap", count_in_bars=0, bars=2))
    first = stage.inbox.now() + 1
    for number in range(4):
        stage.inbox.put_at(first + 0.4 * number, Command("tap"))
    stage.engine.run()
    drums = [at for at, _ in stage.port.notes(9)]
    assert drums == pytest.approx([first + 0.4 * (4 + beat) for beat in range(8)], abs=1e-6)


def test_the_metronome_clicks_on_every_beat() -> None:
    stage = Stage(settings(bars=2, metronome=True, count_in_bars=0, numerator=3))
    start = stage.downbeat_s()
    stage.engine.run()
    clicks = [(at, pitch) for at, pitch in stage.port.notes(9) if pitch in (75, 76)]
    assert [at for at, _ in clicks] == pytest.approx([start + 0.5 * beat for beat in range(6)], abs=1e-6)
    assert [pitch for _, pitch in clicks] == [76, 75, 75] * 2


@pytest.mark.parametrize(("numerator", "denominator"), [(6, 8), (7, 8), (2, 2)])
def test_a_metre_is_clicked_tapped_and_shown_by_its_own_counts(numerator: int, denominator: int) -> None:
    """Six counts in a bar of 6/8, in the count-in and after it, from us and from the player."""
    metre = {"numerator": numerator, "denominator": denominator}
    count_s = 0.5 * 4 / denominator
    stage = Stage(settings(bars=1, metronome=True, count_in_bars=1, **metre))
    stage.engine.run()
    clicks = [(at, pitch) for at, pitch in stage.port.notes(9) if pitch in (75, 76)]
    assert [at - clicks[0][0] for at, _ in clicks] == pytest.approx(
        [count_s * number for number in range(2 * numerator)], abs=1e-6
    )
    assert [pitch for _, pitch in clicks] == [76, *[75] * (numerator - 1)] * 2
    assert stage.engine.view.beats == numerator
    stage = Stage(settings(tempo_from="count-in", count_in_bars=0, bars=1, **metre))
    first = stage.inbox.now() + 1
    stage.play([(count_s * number, midi.note_on(0, 60, 80)) for number in range(numerator)], first)
    stage.engine.run()
    assert stage.engine.transport.bpm == pytest.approx(120, abs=0.01)
    assert stage.port.notes(9)[0][0] == pytest.approx(first + numerator * count_s, abs=1e-3)


def test_a_cold_generator_is_waited_for() -> None:
    """Its first answer takes two seconds: without a count-in, too, the first bar is played."""
    stage = Stage(settings(bars=2, count_in_bars=0), delay_s=2.0)
    stage.engine.begin()
    stage.engine.conductor._planner._delay_s = 0.05  # type: ignore[union-attr]
    while not stage.engine.finished:
        stage.engine.turn()
    assert stage.engine.view.missed == 0
    assert len(stage.port.notes(9)) == 8


def test_one_of_two_outputs_goes_and_the_other_plays_on() -> None:
    stage = Stage(settings(bars=6, chords=("C",) * 4))
    kit = FakePort(stage.inbox, "kit")
    stage.wiring.outputs = (stage.port, kit)
    lines = dict(stage.wiring.lines)
    stage.wiring.lines = lines | {"drums": (Line("kit", 9),), "bass": (Line("out", 1), Line("kit", 1))}
    stage.engine = Engine(stage.settings, stage.inbox, stage.wiring, stage.said.append)
    start = stage.downbeat_s()
    stage.inbox.put_at(start + 4.1, PortDown("out", "the other side disconnected"))
    stage.engine.run()
    assert {data[0] & 15 for _, data in kit.sent if midi.is_note_on(data)} == {1, 9}
    assert len([1 for at, pitch in kit.notes(9) if pitch in (36, 38)]) == 24
    assert kit.sounding() == set()


def test_a_new_style_is_played_from_the_next_bar_on() -> None:
    stage = Stage(settings(bars=6))
    start = stage.downbeat_s()
    stage.inbox.put_at(start + 4.5, Command("style", {"style": "bossa"}))
    stage.inbox.put_at(start + 4.6, Command("strength", {"strength": 1.4}))
    stage.engine.run()
    newest = {ask.bar: (ask.wishes.style, ask.wishes.strength) for ask in stage.leader.asks}
    assert [newest[bar] for bar in range(6)] == [("pop", 1.0)] * 3 + [("bossa", 1.4)] * 3


def test_what_is_still_held_says_nothing_of_a_strong_beat() -> None:
    """The hands have not moved yet: the new bar's first notes are played in the chord that was expected."""
    listener = Listener()
    for pitch in CHORDS["C"]:
        listener.hear("keys", midi.note_on(0, pitch, 80), 0.0)
    expected = Chord.parse("F")
    assert listener.chord_now(4.0, expected, strong=True).symbol == "F"
    assert listener.chord_now(4.5, expected).symbol == "C"  # held on, it is meant
    for pitch in CHORDS["C"]:
        listener.hear("keys", midi.note_off(0, pitch), 7.99)
    for pitch in CHORDS["G"]:
        listener.hear("keys", midi.note_on(0, pitch, 80), 7.95)
    assert listener.chord_now(8.0, expected, strong=True).symbol == "G"  # a little early is not too early


def test_a_beat_of_nine_eight_is_heard_by_itself() -> None:
    """It begins between two quarter notes: what was let go before it says nothing of it."""
    listener = Listener(1.5)
    for pitch in CHORDS["C"]:
        listener.hear("keys", midi.note_on(0, pitch, 80), 3.0)
        listener.hear("keys", midi.note_off(0, pitch), 4.45)
    for pitch in CHORDS["G"]:
        listener.hear("keys", midi.note_on(0, pitch, 80), 4.51)
    assert listener.chord_now(4.65, Chord.parse("C")).symbol == "G"


def test_chords_are_recorded_where_the_metres_beats_begin(tmp_path: Path) -> None:
    stage = Stage(settings(numerator=9, denominator=8, bars=2, chords=("C", "F", "G")), leader=PatternLeader(3))
    tracks = [("player", "melody"), *((part, part) for part in stage.settings.parts)]
    recorder = Recorder(tmp_path / "jam.mid", tracks, (9, 8), 4.5, background=False)
    stage.wiring.recorder = recorder
    stage.engine.run()
    recorder.close()
    found = [(tick / 480 - 4.5, symbol) for tick, symbol in formats.load(tmp_path / "jam.mid").chords]
    assert found == [(0.0, "C"), (1.5, "F"), (3.0, "G"), (4.5, "C"), (6.0, "F"), (7.5, "G")]
    transport = stage.engine.transport
    assert [transport.is_strong(beat) for beat in (4.5, 5.5, 6.0, 7.5)] == [True, True, False, False]


def test_a_song_that_returns_is_expected_to_go_on_as_it_did() -> None:
    """Eight bars unlike anything usual, heard twice: the third time they are known beforehand."""
    import numpy as np

    from composer.live.plan import HEARD_DTYPE

    song = ["C", "Ab", "F#m", "D", "C", "Ab", "Bb", "E"]
    harmonist = Harmonist(4, Progressions.load())
    rows = [
        (4.0 * bar, 3.9, 48 + tone, 80)
        for bar, symbol in enumerate((song * 3)[:20])
        for tone in Chord.parse(symbol).tones
    ]
    right = 0
    for bar in range(16, 20):
        harmonist.hear(np.array(rows, HEARD_DTYPE), 0, bar * 4 - 0.1)
        states = harmonist.outlook(bar * 4 - 0.1, bar * 4 + 4).states[-4:]
        right += sum(int(state) % 12 == Chord.parse(song[bar % 8]).root for state in states)
    assert right >= 14


def test_a_leader_hears_all_that_an_earlier_one_did() -> None:
    """After the generator was lost, the new one is told of the bars before."""
    from composer.live.generator import InlinePlanner
    from composer.live.items import GeneratorLost

    stage = Stage(settings(bars=12), make_planner=lambda stage: InlinePlanner(stage.leader, stage.inbox, stage.delay_s))
    start = stage.downbeat_s()
    stage.play(comping(["C", "Am", "F", "G"] * 3), start)
    stage.inbox.put_at(start + 13.0, GeneratorLost("its process ended with code -9"))
    stage.engine.run()
    after = next(ask for ask in stage.leader.asks if ask.now_beat > 25.5)
    assert after.since == -2
    assert float(after.heard["onset"].min()) == pytest.approx(0.0)
