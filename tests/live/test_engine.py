"""The engine under a fake clock: the same lines that play live."""

from __future__ import annotations

import time

import pytest

from composer.live import midi
from composer.live.items import Command, GeneratorLost, Heard, PortDown, PortUp
from composer.live.player_file import FilePlayer
from tests.live.band import CHORDS, PORT, PatternLeader, Stage, comping, settings

FOUR = ["C", "Am", "F", "G"]


def share_in_chord(stage: Stage, symbols: list[str], start_s: float, channels: tuple[int, ...] = (1, 3)) -> float:
    """Of the band's notes, how many belong to the player's chord of that bar."""
    good = total = 0
    for channel in channels:
        for at, pitch in stage.port.notes(channel):
            bar = int((at - start_s + 1e-6) // 2)
            if 0 <= bar < len(symbols):
                total += 1
                good += pitch % 12 in {note % 12 for note in CHORDS[symbols[bar]]}
    return good / total


def test_ten_minutes_in_moments() -> None:
    """300 bars at 120 BPM over a chart: nothing missed, nothing late, nothing left sounding."""
    stage = Stage(settings(bars=300, chords=tuple(symbol for symbol in FOUR for _ in range(4))))
    stage.play(comping(FOUR * 75, late_s=0.01), stage.downbeat_s())
    begun = time.process_time()
    stage.engine.run()
    assert time.process_time() - begun < 15  # a second of one free core
    assert stage.engine.view.missed == 0
    assert stage.engine.late == 0
    assert stage.port.sounding() == set()
    assert len(stage.port.notes(9)) > 1000


def test_the_same_jam_twice() -> None:
    runs = []
    for _ in range(2):
        stage = Stage(settings(bars=16))
        stage.play(comping(([*FOUR, "F", "G"]) * 3, late_s=0.01), stage.downbeat_s())
        stage.engine.run()
        runs.append(stage.port.sent)
    assert runs[0] == runs[1]


def test_the_band_is_on_the_beat() -> None:
    stage = Stage(settings())
    start = stage.downbeat_s()
    stage.engine.run()
    drums = [at for at, pitch in stage.port.notes(9) if pitch in (36, 38)]
    assert len(drums) == 16
    assert drums == pytest.approx([start + 0.5 * beat for beat in range(16)], abs=1e-6)


def test_count_in_comes_first() -> None:
    stage = Stage(settings(count_in_bars=2))
    start = stage.downbeat_s()
    stage.engine.run()
    clicks = [at for at, pitch in stage.port.notes(9) if pitch in (75, 76)]
    assert clicks == pytest.approx([start - 4 + 0.5 * beat for beat in range(8)], abs=1e-6)


def test_it_follows_chords_it_could_not_know() -> None:
    stage = Stage(settings(bars=32))
    start = stage.downbeat_s()
    songs = ([*FOUR, "F", "C", "G", "Am"]) * 4
    stage.play(comping(songs, late_s=0.015), start)
    stage.engine.run()
    assert share_in_chord(stage, songs, start) > 0.85


def test_a_new_key_is_followed_within_two_bars() -> None:
    stage = Stage(settings(bars=16))
    start = stage.downbeat_s()
    up = [(at, midi.on_channel(bytes((data[0], data[1] + 1, data[2])), 0)) for at, data in comping(FOUR * 2)]
    stage.play(comping(FOUR * 2), start)
    stage.play(up, start + 16)
    stage.engine.run()
    sharp = {(note + 1) % 12 for symbol in FOUR for note in CHORDS[symbol]}
    late = [pitch for at, pitch in stage.port.notes(1) if at >= start + 16 + 4]
    assert late
    assert all(pitch % 12 in sharp for pitch in late)


def test_a_missed_deadline_repeats_the_groove_and_is_counted() -> None:
    stage = Stage(settings(bars=8), delay_s=0.05)
    start = stage.downbeat_s()
    slow = PatternLeader()
    stage.leader = slow
    stage.engine.begin()
    while not stage.engine.finished:
        stage.delay_s = 5.0 if stage.inbox.now() > start + 3 else 0.05
        planner = stage.engine.conductor._planner
        planner._delay_s = stage.delay_s  # type: ignore[union-attr]
        stage.engine.turn()
    stage.engine.quiet()
    assert stage.engine.view.missed >= 2
    assert any("not planned in time; the groove repeats" in line for line in stage.said)
    bars = {int((at - start + 1e-6) // 2) for at, pitch in stage.port.notes(9) if pitch == 36}
    assert bars == set(range(8))


def test_its_own_notes_coming_back_are_no_player() -> None:
    stage = Stage(settings(bars=8))
    start = stage.downbeat_s()
    stage.play(comping(["C"] * 8), start)
    stage.engine.begin()
    told = 0
    while not stage.engine.finished:
        stage.engine.turn()
        for at, data in stage.port.sent[told:]:
            if midi.is_note_on(data) or midi.is_note_off(data):
                stage.inbox.put_at(at + 0.012, Heard("keys", midi.on_channel(data, 5), at + 0.012))
        told = len(stage.port.sent)
    stage.engine.quiet()
    assert stage.engine.voices.echo.count > 50
    assert all(plan.chords == ("C",) * 4 for bar, plan in stage.engine.conductor.book.played.items() if bar > 1)


def test_a_file_that_repeats_notes_fast_is_heard_whole() -> None:
    """Nothing of a file's is an echo: eight 32nds a beat on one key, each as loud as the last."""
    stage = Stage(settings(thru=True, bars=2))
    notes = [(number / 8, midi.note_on(0, 60, 80)) for number in range(64)]
    notes += [(number / 8 + 0.1, midi.note_off(0, 60)) for number in range(64)]
    stage.wiring.players = (FilePlayer("file:x.mid", tuple(sorted(notes)), 120, 4, 4, 2),)
    stage.engine.run()
    assert len(stage.port.notes(0)) == 64


def test_thru_is_at_once_and_a_lost_keyboard_lets_go() -> None:
    stage = Stage(settings(thru=True, bars=8))
    start = stage.downbeat_s()
    stage.play([(0.3, midi.control(4, 64, 127)), (0.31, midi.note_on(4, 72, 90))], start)
    stage.inbox.put_at(start + 1, PortDown("keys", "disconnected"))
    stage.engine.begin()
    while stage.inbox.now() < start + 1.2:
        stage.engine.turn()
    struck = [at for at, pitch in stage.port.notes(0) if pitch == 72]
    assert struck == [start + 0.31]
    assert (0, 72) not in stage.port.sounding()
    assert any(data == midi.control(0, 64, 0) for _, data in stage.port.sent)
    assert stage.engine.view.ports_away == ("keys",)
    stage.engine.quiet()


def test_a_lost_output_comes_back_clean() -> None:
    stage = Stage(settings(bars=8))
    start = stage.downbeat_s()
    stage.inbox.put_at(start + 1.01, PortDown(PORT, "the other side disconnected"))
    stage.inbox.put_at(start + 3.01, PortUp(PORT, "connected"))
    stage.engine.begin()
    while stage.inbox.now() < start + 2:
        stage.engine.turn()
    assert stage.engine.view.ports_away == (PORT,)
    while not stage.engine.finished:
        stage.engine.turn()
    stage.engine.quiet()
    after = [data for at, data in stage.port.sent if abs(at - (start + 3.01)) < 1e-6]
    assert midi.control(9, midi.NOTES_OFF, 0) in after
    assert midi.control(0, midi.SUSTAIN, 0) in after
    assert stage.port.sounding() == set()


def test_the_generator_is_started_again() -> None:
    made = []

    def start(stage: Stage) -> object:
        from composer.live.generator import InlinePlanner

        made.append(1)
        return InlinePlanner(stage.leader, stage.inbox, 0.05)

    stage = Stage(settings(bars=8), make_planner=start)
    stage.inbox.put_at(stage.downbeat_s() + 3, GeneratorLost("its process ended with code -9"))
    stage.engine.run()
    assert len(made) == 2
    assert stage.port.sounding() == set()
    assert len([1 for _, pitch in stage.port.notes(9) if pitch == 36]) == 16


def test_every_way_out_ends_every_note() -> None:
    stage = Stage(settings(bars=None))

    def burst(_: object) -> None:
        raise RuntimeError("a mistake of ours")

    stage.inbox.put_at(stage.downbeat_s() + 1.1, Command("mute", {"part": "drums"}))
    stage.engine.say = burst  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="a mistake of ours"):
        stage.engine.run()
    assert stage.port.sounding() == set()


def test_commands() -> None:
    stage = Stage(settings(bars=None))
    start = stage.downbeat_s()
    for at, name, values in [
        (2.1, "mute", {"part": "drums"}),
        (4.1, "mute", {"part": "drums"}),
        (4.2, "solo", {"part": "drums"}),
        (5.1, "mode", {"mode": "fours"}),
        (5.2, "style", {"style": "Bossa Nova"}),
        (5.3, "strength", {"strength": 0.5}),
        (5.4, "more", {"part": "piano"}),
        (5.5, "less", {"part": "bass"}),
        (5.6, "style", {"style": "nonsense"}),
        (5.7, "tempo", {"bpm": 100}),
        (5.8, "tempo", {"bpm": "fast"}),
        (5.9, "dance", {}),
        (6.0, "panic", {}),
        (8.0, "stop", {"why": "enough"}),
    ]:
        stage.inbox.put_at(start + at, Command(name, values))
    stage.play(comping(["C"] * 8), start)
    stage.engine.run()
    desk = stage.engine.desk
    assert (desk.mode, desk.style, desk.strength, desk.density) == ("fours", "bossa", 0.5, {"piano": 4, "bass": 2})
    assert stage.engine.transport.bpm == pytest.approx(100)
    assert not [at for at, pitch in stage.port.notes(9) if start + 2.1 < at < start + 4.1 and pitch in (36, 38)]
    assert not [at for at, _ in stage.port.notes(1) if start + 4.2 < at]
    said = "\n".join(stage.said)
    assert "no style called 'nonsense'" in said
    assert "bpm must be a number" in said
    assert "no command called 'dance'" in said
    assert stage.engine.finished == "enough"
    assert stage.port.sounding() == set()


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("tempo", {"bpm": 10**400}, "bpm must be a number in range 20..400, got 1000"),
        ("strength", {"strength": True}, "strength must be a number"),
        ("mute", {"part": "bass", "on": "false"}, "on must be true or false, got 'false'"),
        ("solo", {"part": "bass", "on": 1}, "on must be true or false"),
    ],
)
def test_no_command_ends_the_jam_or_is_taken_for_another(name: str, values: dict[str, object], said: str) -> None:
    stage = Stage(settings())
    stage.engine.take(Command(name, values))
    assert said in stage.said[-1]
    assert len(stage.said[-1]) < 200
    assert not stage.engine.finished
    assert all(stage.engine.desk.sounds(part) for part in stage.settings.parts)


def test_stop_needs_no_reason() -> None:
    stage = Stage(settings())
    stage.engine.take(Command("stop", {"why": ""}))
    assert stage.engine.finished == "stopped"


def test_trading_fours_and_waiting() -> None:
    stage = Stage(settings(bars=16, mode="fours"))
    stage.play(comping(["C"] * 4), stage.downbeat_s())
    stage.engine.run()
    whose = {ask.bar: ask.wishes.soloist for ask in stage.leader.asks}
    assert [whose[bar] for bar in range(16)] == [""] * 4 + ["piano"] * 4 + [""] * 4 + ["piano"] * 4


def test_silence_is_waited_out_or_filled() -> None:
    for mode, soloist, resting in (("accompany", "", ("bass", "piano")), ("continue", "piano", ())):
        stage = Stage(settings(bars=14, mode=mode))
        stage.play(comping(["C"] * 2), stage.downbeat_s())
        stage.engine.run()
        last = stage.leader.asks[-1].wishes
        assert (last.soloist, last.resting) == (soloist, resting), mode


def test_the_player_counts_in() -> None:
    stage = Stage(settings(tempo_from="count-in", count_in_bars=0, bars=2))
    stage.play([(0.6 * beat, midi.note_on(0, 60, 80)) for beat in range(4)], stage.inbox.now() + 1)
    start = stage.inbox.now() + 1 + 4 * 0.6
    stage.engine.run()
    assert stage.engine.transport.bpm == pytest.approx(100, abs=0.01)
    assert [at for at, _ in stage.port.notes(9)][:4] == pytest.approx(
        [start + 0.6 * beat for beat in range(4)], abs=1e-3
    )


def test_dynamics_are_followed() -> None:
    loud = {}
    for velocity in (40, 120):
        stage = Stage(settings(bars=8))
        messages = [
            (at, bytes((data[0], data[1], velocity)) if midi.is_note_on(data) else data)
            for at, data in comping(FOUR * 2)
        ]
        stage.play(messages, stage.downbeat_s())
        stage.engine.run()
        struck = [data[2] for _, data in stage.port.sent if midi.is_note_on(data) and data[0] & 15 == 3]
        loud[velocity] = sum(struck[-20:]) / 20
    assert loud[120] > 1.5 * loud[40]


def test_clock_out_sends_24_a_beat() -> None:
    stage = Stage(settings(bars=2, clock_out=True))
    start = stage.downbeat_s()
    stage.engine.run()
    sent = [(at, data[0]) for at, data in stage.port.sent if data[0] >= 0xF8]
    assert sent[0] == (pytest.approx(start), midi.START)
    assert sent[-1][1] == midi.STOP
    pulses = [at for at, kind in sent if kind == midi.CLOCK]
    assert pulses[:97] == pytest.approx([start + number / 48 for number in range(97)], abs=1e-6)


def test_slaved_to_a_clock_that_stops_and_goes_on() -> None:
    stage = Stage(settings(bars=6, tempo_from="clock", count_in_bars=0))
    begin = stage.inbox.now() + 1
    pulse_s = 60 / 100 / 24
    stage.inbox.put_at(begin - 0.001, Heard("keys", bytes((midi.START,)), begin - 0.001))
    at = begin
    for number in range(24 * 24):
        if number == 24 * 10:  # stopped in bar 3, set back to bar 3's beginning, and on
            stage.inbox.put_at(at, Heard("keys", bytes((midi.STOP,)), at))
            at += 2.0
            stage.inbox.put_at(at - 0.1, Heard("keys", midi.song_position(8.0), at - 0.1))
            stage.inbox.put_at(at - 0.001, Heard("keys", bytes((midi.CONTINUE,)), at - 0.001))
        stage.inbox.put_at(at, Heard("keys", bytes((midi.CLOCK,)), at))
        at += pulse_s
    stage.engine.run()
    drums = [when for when, _ in stage.port.notes(9)]
    assert drums[4:10] == pytest.approx([begin + 0.6 * beat for beat in range(4, 10)], abs=0.003)
    assert stage.port.sounding() == set()
    assert "MIDI clock stops" in stage.said
    assert any("continues at beat 8" in line for line in stage.said)
    resumed = begin + 10 * 0.6 + 2.0
    after = [when for when in drums if when > resumed - 0.01]
    assert after[:8] == pytest.approx([resumed + 0.6 * beat for beat in range(8)], abs=0.01)


def test_stopping_a_clock_never_moves_the_bars() -> None:
    """Eight times stopped a little after a pulse and continued without a song position: n pulses are n/24 beats, each time."""
    stage = Stage(settings(bars=20, tempo_from="clock", count_in_bars=0, metronome=True, chords=("C",) * 4))
    pulse_s, at, pulses = 60 / 150 / 24, stage.inbox.now() + 1, list[float]()

    def send(after_s: float, *data: int) -> None:
        nonlocal at
        at += after_s
        stage.inbox.put_at(at, Heard("keys", bytes(data), at))

    for kind in (midi.START, *[midi.CONTINUE] * 8):
        send(0.4, kind)
        for _ in range(4 * 24):
            send(pulse_s, midi.CLOCK)
            pulses.append(at)
        send(0.003, midi.STOP)
    stage.engine.begin()
    while stage.inbox.now() < at:
        stage.engine.turn()
    stage.engine.quiet()
    accents = [when for when, pitch in stage.port.notes(9) if pitch == 76]
    assert accents == pytest.approx(pulses[:: 4 * 24], abs=0.002)


def test_a_clock_stopped_before_its_first_pulse_stays_where_it_was() -> None:
    stage = Stage(settings(bars=4, tempo_from="clock", count_in_bars=0))
    for kind in (midi.START, midi.STOP, midi.CLOCK, midi.CLOCK):
        stage.engine.take(Heard("keys", bytes((kind,)), stage.inbox.now()))
    assert not stage.engine.transport.running
    stage.engine.take(Heard("keys", bytes((midi.CONTINUE,)), stage.inbox.now()))
    assert "MIDI clock continues at beat 0" in stage.said
