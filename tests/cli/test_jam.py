"""The command line of the jam: its words, and its mistakes in one line."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from composer.cli import build_parser, main
from composer.cli.jam import session_plan
from composer.live import midi
from composer.live.session import Session


def plan_of(*words: str):  # type: ignore[no-untyped-def]
    return session_plan(build_parser("jam").parse_args(["jam", *words]))


def test_the_words_become_a_session(seed_file: Path) -> None:
    ports = ("--input", f"file:{seed_file}", "--output", "tcp:127.0.0.1:9080")
    plan = plan_of(*ports, "--tempo", "120", "--bars", "16", "--record", "jam.mid", "--plain")
    assert plan.settings.bars == 16
    assert plan.settings.tempo_bpm == 120
    assert plan.settings.thru
    assert [route.port.text for route in plan.outputs] == ["tcp:127.0.0.1:9080"]
    assert plan.record == Path("jam.mid")


def test_a_file_of_sound_that_is_there_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wav = tmp_path / "precious.wav"
    wav.write_bytes(b"precious")
    monkeypatch.setattr("composer.live.session.Session.__init__", lambda *_: pytest.fail("something started"))
    for words in (["--calibrate"], []):
        assert main(["jam", *words, "--input", "virtual:In", "--output", f"bass=synth:file:{wav}"]) == 1
        assert "precious.wav: already exists" in capsys.readouterr().err
    assert wav.read_bytes() == b"precious"
    assert plan_of("--output", f"synth:file:{wav}", "--force").force
    assert main(["jam", "--output", f"synth:file:{tmp_path}/nowhere/jam.wav"]) == 1
    assert "there is no folder" in capsys.readouterr().err


def test_a_file_brings_its_tempo_and_its_metre(seed_file: Path) -> None:
    settings = plan_of("--input", f"file:{seed_file}").settings
    assert (settings.tempo_bpm, settings.numerator, settings.denominator) == (120, 4, 4)


def test_charts_channels_and_sources() -> None:
    plan = plan_of(
        "--input", "virtual:In", "--output", "drums=virtual:Kit", "--output", "virtual:Band", "--chords", "C | Am7 D7 # turn",
        "--channel", "bass=7", "--tempo", "clock", "--density", "piano=4", "--program", "guitar=27",
    )  # fmt: skip
    settings = plan.settings
    assert settings.chords == ("C",) * 4 + ("Am7",) * 2 + ("D7",) * 2
    assert (settings.channels["bass"], settings.tempo_from, settings.count_in_bars, settings.thru) == (
        6,
        "clock",
        0,
        False,
    )
    assert (settings.density, settings.programs) == ({"piano": 4}, {"guitar": 27})
    assert plan.outputs[0].parts == ("drums",)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--parts", "drums,kazoo"], "no part called 'kazoo'"),
        (["--tempo", "fast"], "'fast' is not a number"),
        (["--tempo", "900"], "out of range"),
        (["--mode", "solo"], "no mode called 'solo'"),
        (["--meter", "four"], "write it as 4/4"),
        (["--meter", "4/²"], "write it as 4/4"),
        (["--meter", "4/5"], "is not supported; the jam counts halves"),
        (["--input", "file:nowhere.mid"], "nowhere.mid"),
        (["--input", "tcp:9080"], "write tcp:HOST:PORT"),
        (["--input", "synth"], "synth is an output"),
        (["--output", "file:x.mid"], "to keep the jam, use --record x.mid"),
        (["--output", "drums=tcp:127.0.0.1:1", "--parts", "drums,bass"], "bass"),
        (["--chords", "C | H7"], "H"),
        (["--style", "nonsense"], "no style called 'nonsense'"),
        (["--stems", "out"], "give --record as well"),
        (["--record", "jam.wav"], "keeps MIDI; give a name that ends in .mid"),
        (["--meter", "7/16"], "counts halves, quarters or eighths"),
        (["--tempo", "clock"], "--tempo clock: needs a player"),
        (["--tempo", "count-in"], "needs a player"),
        (["--tempo", "clock", "--input", "file:x.mid"], "a file sends no MIDI clock; name the --input that does"),
        (["--output", "tuba=tcp:127.0.0.1:1"], "no part called 'tuba'"),
        (["--output", "tcp:127.0.0.1:1", "--soundfont", "/nope"], "--soundfont: nothing would sound with it"),
        (["--parts", "drums", "--density", "bass=3"], "--density bass: this band has no bass; add it to --parts"),
        (["--program", "strings=49"], "--program strings: this band has no strings"),
        (["--parts", "bass", "--channel", "guitar=3"], "--channel guitar: this band has no guitar"),
        (["--calibrate", "--output", "virtual:Band"], "exactly one --input and one --output"),
        (["--channel", "bass=17"], "1..16"),
        (["--channel", "bass=3"], "bass and guitar are both on channel 3 of synth, which has one sound; move one"),
    ],
)
def test_mistakes_are_one_line(words: list[str], said: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = (
        [] if any(word.startswith(("--output", "--calibrate")) for word in words) else ["--output", "tcp:127.0.0.1:1"]
    )
    assert main(["jam", *words, *(plain if "--input" in words else []), "--plain"]) == 1
    err = capsys.readouterr().err
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_ports_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ports"]) == 0
    out = capsys.readouterr().out
    assert "inputs" in out
    assert "virtual:NAME" in out


def test_stems_that_are_there_are_told_before_the_jam(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "out" / "jam-stems").mkdir(parents=True)
    assert main(["jam", "--output", "tcp:127.0.0.1:1", "--record", "jam.mid", "--stems", "out", "--plain"]) == 1
    assert "jam-stems: already exists" in capsys.readouterr().err


def test_a_control_port_in_use_is_told_before_the_band_loads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("composer.live.session.Session.__init__", lambda *_: pytest.fail("something started"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["jam", "--output", "tcp:127.0.0.1:1", "--control", str(port), "--plain"]) == 1
    told = capsys.readouterr().err
    assert told == (
        f"composer: --control {port}: cannot listen on 127.0.0.1 (Address already in use); choose another port, or 0 for a free one\n"
    )


def test_what_was_asked_for_afterwards_is_done_after_ctrl_c_too(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --bars there is no other end than Ctrl-C or q."""
    rendered = list[Path]()

    played = [midi.note_on(9, 36, 90)]

    def end(session: Session, *_: object) -> bool:
        for message in played:
            session.engine.context.record("drums", 0.0, message)
        raise KeyboardInterrupt

    monkeypatch.setattr("composer.live.session.Session.wait", end)
    monkeypatch.setattr("composer.cli.jam._stems", lambda args: rendered.append(args.stems))
    words = ["--output", "synth:file:jam.wav", "--record", "jam.mid", "--stems", "out", "--plain"]
    assert main(["jam", *words]) == 130
    assert "recorded: jam.mid" in capsys.readouterr().out
    assert rendered == [Path("out")]
    played.clear()  # before the first bar: there is nothing to keep, and what was there stays
    kept = Path("jam.mid").read_bytes()
    assert main(["jam", *words, "--force"]) == 130
    assert "nothing was played, so nothing is recorded" in capsys.readouterr().out
    assert (rendered, Path("jam.mid").read_bytes()) == ([Path("out")], kept)
