"""MIDI in and out: what comes back, what damaged files come to, and mido as the oracle."""

from __future__ import annotations

import contextlib
import io
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from composer.errors import MusicFileError, OutputError, ScoreError
from composer.formats import load, read_midi, save, write_midi
from composer.formats.midi_read import parse_midi
from composer.formats.midi_write import channel_plan, midi_bytes
from composer.score import Event, Part, Score, as_notes
from composer.timing import Meter, TempoMap

from .malformed import END, FILES, NOTE, chunk, header, meta, varlen
from .scores import scores

TUNE = ((0, 480, 60, 80), (480, 240, 64, 90), (720, 240, 67, 70))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scores())
def test_a_score_comes_back_as_it_was(score: Score) -> None:
    again = read_midi(midi_bytes(score))
    for before, after in zip(score.parts, again.parts, strict=True):
        np.testing.assert_array_equal(before.notes, after.notes)
        assert before == after
    assert again.tempo == score.tempo
    assert again.meter == score.meter
    assert replace(again, problems=()) == score


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scores())
def test_mido_reads_the_same_notes(score: Score) -> None:
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(score)))
    assert file.ticks_per_beat == score.ticks_per_beat
    begun = sum(message.type == "note_on" for track in file.tracks for message in track)
    ended = sum(message.type == "note_off" for track in file.tracks for message in track)
    assert begun == ended == sum(map(len, score.parts))


def test_reading_agrees_with_mido(tmp_path: Path) -> None:
    file = mido.MidiFile(type=1, ticks_per_beat=220)
    track = mido.MidiTrack()
    file.tracks += [mido.MidiTrack(), track]
    file.tracks[0] += [
        mido.MetaMessage("track_name", name="A tune"),
        mido.MetaMessage("time_signature", numerator=1, denominator=4),
        mido.MetaMessage("time_signature", numerator=3, denominator=4, time=220),
        mido.MetaMessage("set_tempo", tempo=400_000, time=660),
        mido.MetaMessage("key_signature", key="F#m"),
    ]
    track += [
        mido.MetaMessage("track_name", name="Flute"),
        mido.Message("program_change", program=73, channel=4),
        mido.Message("pitchwheel", pitch=-100, channel=4),
        mido.Message("note_on", note=60, velocity=70, channel=4, time=7),
        mido.MetaMessage("lyrics", text="la"),
        mido.Message("note_on", note=60, velocity=0, channel=4, time=200),
        mido.Message("control_change", control=64, value=127, channel=4),
        mido.Message("sysex", data=(1, 2, 3)),
    ]
    file.save(tmp_path / "a.mid")
    score = load(tmp_path / "a.mid")
    assert score.title == "A tune"
    assert score.meter == Meter(220, ((0, 1, 4), (220, 3, 4)))
    assert score.tempo == TempoMap(220, ((0, 500_000), (880, 400_000)))
    assert score.key == "F#m"
    (flute,) = score.parts
    assert (flute.name, flute.program, flute.notes.tolist()) == ("Flute", 73, [(7, 200, 60, 70)])
    assert flute.events == (
        Event(0, "pitchwheel", (-100,)),
        Event(7, "lyrics", ("la",)),
        Event(207, "control_change", (64, 127)),
        Event(207, "sysex", (b"\1\2\3",)),
    )
    assert score.problems == ()


@pytest.mark.parametrize("name", FILES)
def test_malformed(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name].data)
    began = time.perf_counter()
    if FILES[name].notes is None:
        with pytest.raises(MusicFileError, match=FILES[name].says) as caught:
            load(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)
        return
    score = load(path)
    assert sum(map(len, score.parts)) == FILES[name].notes
    if FILES[name].says:
        assert any(re.search(FILES[name].says, problem) for problem in score.problems), score.problems
    assert len(score.bars()) < 100_000
    again = read_midi(midi_bytes(score))
    assert replace(again, problems=()) == replace(score, problems=())
    assert time.perf_counter() - began < 5


def test_a_note_that_begins_at_the_end_and_hangs_lasts_a_quarter_note(tmp_path: Path) -> None:
    (tmp_path / "last.mid").write_bytes(header() + chunk(NOTE + b"\x00\x90\x48\x40" + END))
    score = load(tmp_path / "last.mid")
    assert score.parts[0].notes.tolist() == [(0, 480, 60, 80), (480, 480, 72, 64)]
    assert score.problems == (
        "track 1: 1 note begins at the end of the track and never ends; it is held for a quarter note",
    )


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(MusicFileError, match="no such file"):
        load(tmp_path / "none.mid")
    (tmp_path / "folder.mid").mkdir()
    with pytest.raises(MusicFileError, match="is a folder"):
        load(tmp_path / "folder.mid")
    with pytest.raises(MusicFileError, match="is a folder; give one music file in it"):
        load(tmp_path)
    with pytest.raises(MusicFileError, match="no such file"):
        load(tmp_path / "none")
    (tmp_path / "a.txt").write_bytes(b"RIFF")
    with pytest.raises(MusicFileError, match=r"ending in \.txt cannot be read"):
        load(tmp_path / "a.txt")


def reads_or_says_why(data: bytes) -> None:
    """What can be read can be written; what cannot raises nothing but MusicFileError."""
    with contextlib.suppress(MusicFileError):
        midi_bytes(read_midi(data))


def test_every_cut_of_a_file_reads_or_says_why() -> None:
    whole = midi_bytes(Score((Part("a", as_notes(TUNE)), Part("b", as_notes(TUNE), 5)), title="x", key="G"))
    for length in range(len(whole)):
        reads_or_says_why(whole[:length])


def test_every_flipped_byte_reads_or_says_why() -> None:
    whole = midi_bytes(Score((Part("a", as_notes(TUNE)),), title="x", key="G"))
    for place in range(len(whole)):
        for value in (0x00, 0x7F, 0x80, 0xF0, 0xFF):
            reads_or_says_why(whole[:place] + bytes((value,)) + whole[place + 1 :])


def test_running_status_and_silent_note_ons() -> None:
    body = b"\x00\x90\x3c\x50\x60\x3c\x00\x00\x40\x50\x60\x40\x00" + END
    assert read_midi(header() + chunk(body)).parts[0].notes.tolist() == [(0, 96, 60, 80), (96, 96, 64, 80)]


def test_first_in_first_out() -> None:
    body = b"\x00\x90\x3c\x50\x0a\x3c\x40\x0a\x3c\x00\x0a\x3c\x00" + END
    assert read_midi(header() + chunk(body)).parts[0].notes.tolist() == [(0, 20, 60, 80), (10, 20, 60, 64)]


def test_type_0_is_split_by_channel() -> None:
    body = meta(0, 3, b"All") + b"\x00\xc1\x20\x00\x91\x24\x50\x00\x99\x24\x50\x60\x81\x24\x40\x00\x89\x24\x40" + END
    score = read_midi(header(kind=0) + chunk(body))
    assert [(part.program, part.is_drum, len(part)) for part in score.parts] == [(32, False, 1), (0, True, 1)]
    assert score.title == "All"


def test_type_2_patterns_follow_each_other() -> None:
    second = meta(0, 0x58, b"\3\2\x18\x08") + meta(0, 0x51, b"\x06\x1a\x80") + NOTE + END
    score = read_midi(header(2, kind=2) + chunk(NOTE + END) + chunk(second))
    assert [part.start for part in score.parts] == [0, 1920]
    assert score.meter.changes == ((0, 4, 4), (1920, 3, 4))
    assert score.tempo.changes == ((0, 500_000), (1920, 400_000))
    assert "type 2 file" in score.problems[0]


@pytest.mark.parametrize(
    ("bodies", "starts"),
    [
        ((b"", NOTE, NOTE), [0, 1920]),
        ((NOTE, b"", b"", NOTE), [0, 1920]),
        ((b"", NOTE, b""), [0]),
        ((b"\x00\x90\x3c\x50\x00\x80\x3c\x40", NOTE), [0, 1920]),  # a note without length is a note
    ],
)
def test_a_type_2_track_without_a_note_takes_no_time(bodies: tuple[bytes, ...], starts: list[int]) -> None:
    score = read_midi(header(len(bodies), kind=2) + b"".join(chunk(body + END) for body in bodies))
    assert [part.start for part in score.parts] == starts
    said = "type 2 file: its 2 patterns are laid one after another"
    assert score.problems == ((said,) if len(starts) == 2 else ())


def test_what_a_type_2_track_without_a_note_says_is_said_of_the_next() -> None:
    setup = meta(0, 0x58, b"\3\2\x18\x08") + meta(0, 0x51, b"\x06\x1a\x80") + b"\x00\xc0\x21" + END
    score = read_midi(header(3, kind=2) + chunk(setup) + chunk(NOTE + END) + chunk(NOTE + END))
    assert [(part.start, part.program) for part in score.parts] == [(0, 33), (1440, 0)]
    assert score.meter.changes == ((0, 3, 4), (1440, 4, 4))
    assert score.tempo.changes == ((0, 400_000), (1440, 500_000))


@pytest.mark.parametrize(("frames", "rate"), [(24, 24), (25, 25), (29, 30_000 / 1001), (30, 30)])
@pytest.mark.parametrize("ticks_per_frame", [1, 4, 8, 40, 80, 255])
def test_time_code_keeps_every_second(frames: int, rate: float, ticks_per_frame: int) -> None:
    division = (256 - frames) << 8 | ticks_per_frame
    body = varlen(1001) + b"\x90\x3c\x50" + varlen(777) + b"\x80\x3c\x40" + END
    score = read_midi(header(division=division) + chunk(body))
    tick = 1 / (rate * ticks_per_frame)
    onset, duration, _, _ = score.parts[0].notes[0].tolist()
    assert (onset, duration) == (1001, 777)
    assert float(score.tempo.seconds(onset)) == pytest.approx(1001 * tick, rel=1e-12)
    assert "keeps its time in seconds" in score.problems[0]
    assert read_midi(midi_bytes(score)).tempo == score.tempo


def test_a_channel_set_up_in_another_track_keeps_its_program() -> None:
    setup = b"\x00\xc0\x21\x00\xb0\x07\x40\x00\xc1\x28" + END
    score = read_midi(
        header(3)
        + chunk(setup)
        + chunk(meta(0, 3, b"Low") + NOTE + END)
        + chunk(NOTE.replace(b"\x90", b"\x91").replace(b"\x80\x3c", b"\x81\x3c") + END)
    )
    assert [(part.name, part.program) for part in score.parts] == [("Low", 33), ("", 40)]
    assert score.parts[0].events == (Event(0, "control_change", (7, 64)),)


def test_chords_come_from_markers_and_chord_tracks() -> None:
    marked = meta(0, 6, b"Verse") + meta(0, 6, b"C") + meta(480, 6, b"Am7/G") + END
    score = read_midi(header(2) + chunk(marked) + chunk(NOTE + END))
    assert score.chords == ((0, "C"), (480, "Am7/G"))
    assert score.events == (Event(0, "marker", ("Verse",)),)
    track = meta(0, 3, b"Chords") + meta(0, 1, b"C") + meta(480, 1, b"Am7") + END
    assert read_midi(header(2) + chunk(track) + chunk(NOTE + END)).chords == ((0, "C"), (480, "Am7"))


def test_rehearsal_letters_are_no_chords() -> None:
    marked = meta(0, 6, b"A") + meta(480, 6, b"B") + meta(480, 6, b"A") + END
    score = read_midi(header(2) + chunk(marked) + chunk(NOTE + END))
    assert score.chords == ()
    assert len(score.events) == 3


def test_a_bank_select_stays_before_its_program() -> None:
    part = Part("x", as_notes(TUNE), 5, events=(Event(0, "control_change", (0, 1)), Event(0, "control_change", (7, 9))))
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(Score((part,)))))
    kinds = [(message.type, getattr(message, "control", None)) for message in file.tracks[1] if not message.is_meta]
    assert kinds[:3] == [("control_change", 0), ("program_change", None), ("control_change", 7)]


def test_channels() -> None:
    parts = [Part(str(i)) for i in range(16)] + [Part("drums", is_drum=True)]
    plan = channel_plan(parts)
    assert plan[8:10] == [(0, 8), (0, 10)]
    assert plan[15:] == [(1, 0), (0, 9)]
    assert len(read_midi(midi_bytes(Score(tuple(parts)))).parts) == 17


def test_what_midi_cannot_hold() -> None:
    with pytest.raises(ScoreError, match="more than a MIDI file holds"):
        midi_bytes(Score((), TempoMap(100_000), Meter(100_000)))
    with pytest.raises(ScoreError, match="needs a channel"):
        midi_bytes(Score(events=(Event(0, "control_change", (1, 2)),)))
    with pytest.raises(ScoreError, match="cannot be written: values must be in range"):
        midi_bytes(Score((Part("x", events=(Event(0, "control_change", (1, 200)),)),)))
    with pytest.raises(ScoreError, match="'H'; MIDI has"):
        midi_bytes(Score(key="H"))


def test_files_are_whole_new_or_not_there(tmp_path: Path) -> None:
    score = Score((Part("a", as_notes(TUNE)),))
    write_midi(score, tmp_path / "a.mid")
    first = (tmp_path / "a.mid").read_bytes()
    with pytest.raises(OutputError, match="already exists"):
        save(Score(), tmp_path / "a.mid")
    assert (tmp_path / "a.mid").read_bytes() == first
    save(Score(), tmp_path / "a.mid", force=True)
    assert (tmp_path / "a.mid").read_bytes() != first
    with pytest.raises(ScoreError):
        save(Score(key="H"), tmp_path / "b.mid")
    with pytest.raises(OutputError, match=r"ending in \.txt"):
        save(score, tmp_path / "a.txt")
    with pytest.raises(OutputError, match="cannot be written"):
        save(score, tmp_path / "a.mid" / "b.mid")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mid"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(OutputError, match="cannot be written"):
        save(Score(), tmp_path / "a.mid")


def test_five_thousand_notes_read_quickly() -> None:
    rows = as_notes([(i * 120, 110, 40 + i % 40, 80) for i in range(5000)])
    data = midi_bytes(Score((Part("a", rows),)))
    began = time.perf_counter()
    read_midi(data)
    assert time.perf_counter() - began < 0.2, "usually 0.015 s; the limit leaves room for a busy machine"


@pytest.mark.corpus
@pytest.mark.skipif("COMPOSER_DATA" not in os.environ, reason="COMPOSER_DATA names no folder")
def test_real_files_come_back_as_they_were() -> None:
    """A sample of every MIDI corpus; COMPOSER_EVERY=1 takes every file."""
    every = int(os.environ.get("COMPOSER_EVERY", "20"))
    found = 0
    for corpus in sorted(Path(os.environ["COMPOSER_DATA"]).iterdir()):
        for path in sorted(corpus.rglob("*.mid"))[::every]:
            score = load(path)
            again = read_midi(midi_bytes(score))
            assert replace(again, problems=()) == replace(score, problems=()), path
            found += 1
    assert found


def test_too_many_bars_are_told_with_the_name_of_the_file() -> None:
    struck_twice = [(0, 480, 60, 80), (0, 240, 60, 80), (480 * 10_000, 480, 60, 80)]
    score = Score((Part("Piano", as_notes(struck_twice)),), meter=Meter(480, ((0, 1, 64),)))
    with pytest.raises(MusicFileError, match=r"^long\.mid: would have \d+ bars"):
        parse_midi(midi_bytes(score), "long.mid")


def test_a_file_has_the_rights_that_new_files_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain").touch()
    monkeypatch.setattr("os.umask", lambda _mask: pytest.fail("the umask was touched"))
    save(Score(), tmp_path / "a.mid")
    assert (tmp_path / "a.mid").stat().st_mode == (tmp_path / "plain").stat().st_mode
