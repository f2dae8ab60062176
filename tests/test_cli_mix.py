"""The mix, amplifiers and playing on the command line: what is written, and one line for every mistake."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import numpy as np
import pytest

from composer.audio import mixer
from composer.audio.loudness import loudness, true_peak_dbtp
from composer.audio.mixer import mix
from composer.audio.stem_files import write_stems
from composer.audio.synth import Stems
from composer.audio.wav import read_wav, write_sound
from composer.cli import main, mixing
from composer.errors import InputError
from composer.formats import save
from composer.score import Part, Score, as_notes
from composer.timing import TempoMap

BEAT = 480


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def song(here: Path) -> Path:
    """Two bars of melody, guitar and bass at 200 BPM."""
    rows = {
        "melody": (73, [(at * BEAT, 440, 72 + at % 4, 90) for at in range(8)]),
        "guitar": (27, [(at * BEAT, 440, 52 + tone, 80) for at in range(8) for tone in (0, 7)]),
        "bass": (33, [(at * BEAT, 440, 36, 90) for at in range(8)]),
    }
    parts = tuple(Part(role, as_notes(notes), program, False, role) for role, (program, notes) in rows.items())
    save(Score(parts, TempoMap.constant(200)), here / "song.mid")
    return here / "song.mid"


def test_render_obeys_every_fader_and_tells_what_it_did(
    song: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "render",
        str(song),
        "--soundfont",
        "timgm6mb",
        "--quiet",
        "--format",
        "flac",
        "--stems",
        "--style",
        "rock",
    ]
    words += [
        "--gain",
        "bass=-3dB",
        "--pan",
        "guitar=-0.4",
        "--mute",
        "bass",
        "--amp",
        "guitar=crunch",
        "--lufs",
        "-18",
    ]
    assert main([*words, "--chorus", "melody=-12", "--reverb", "melody=off"]) == 0
    assert "guitar" in capsys.readouterr().out
    audio, rate = read_wav(here / "out" / "song.flac")
    assert rate == 48_000, "the amplifier's"
    assert loudness(audio, rate) == pytest.approx(-18, abs=0.5)
    assert true_peak_dbtp(audio) <= -0.99
    told = json.loads((here / "out" / "song.mix.json").read_text())
    assert told["lufs"] == pytest.approx(-18, abs=0.5)
    parts = {line["part"]: line for line in told["parts"]}
    assert parts["guitar"]["pan"] == -0.4
    assert parts["bass"]["after_lufs"] is None
    assert parts["melody"]["reverb_db"] is None
    assert (here / "out" / "song.mix.png").stat().st_size > 10_000
    assert {path.name for path in (here / "out" / "song-stems").iterdir()} == {
        "melody.flac",
        "guitar.flac",
        "bass.flac",
    }


def test_an_amplifier_is_applied_and_shown(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sine = (0.1 * np.sin(np.arange(12_000) / 30)).astype(np.float32)
    write_sound(here / "dry.wav", sine, 48_000)
    assert main(["amp", "apply", "crunch", "dry.wav"]) == 0
    wet, rate = read_wav(here / "out" / "dry-crunch.wav")
    assert (len(wet), rate) == (12_000, 48_000)
    assert main(["amp", "info"]) == 0
    assert "crunch      WaveNet" in capsys.readouterr().out
    assert main(["amp", "circuit", "clean", "dry.wav", "--quiet"]) == 0


@pytest.mark.parametrize("kind", ["ogg", "mp3"])
def test_encoded_peaks_stay_under_the_ceiling(
    song: Path, here: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The encoder's peaks are limited again, and nothing is mixed again for them."""
    summed, finished = counted(monkeypatch, "_bus"), counted(monkeypatch, "finish")
    words = ["render", str(song), "--soundfont", "timgm6mb", "--quiet", "--format", kind, "--lufs", "-8"]
    assert main(words) == 0
    audio, rate = read_wav(here / "out" / f"song.{kind}")
    assert true_peak_dbtp(audio) <= -1
    assert loudness(audio, rate) == pytest.approx(-8, abs=0.5)
    assert len(summed) == 1 < len(finished)


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[None]:
    """An entry for every call of a function of the mixer's from now on."""
    calls: list[None] = []
    real = getattr(mixer, name)
    monkeypatch.setattr(mixer, name, lambda *given: (calls.append(None), real(*given))[1])
    return calls


def test_a_mix_that_cannot_be_so_loud_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clicks = Part("drums", as_notes([(at * 4 * BEAT, 60, 37, 60) for at in range(4)]), 0, True, "drums")
    save(Score((clicks,), TempoMap.constant(60)), here / "clicks.mid")
    assert main(["render", "clicks.mid", "--soundfont", "timgm6mb", "--quiet", "--lufs", "-6"]) == 0
    assert "LUFS, not -6: peaks are reduced by at most 20 dB" in capsys.readouterr().out


def test_at_once_plays_into_a_file(song: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "play",
        str(song),
        "--soundfont",
        "timgm6mb",
        "--driver",
        "file",
        "--record",
        "heard.wav",
        "--at-once",
        "--quiet",
    ]
    assert main([*words, "--plain", "--osc", "0", "--start", "1"]) == 0
    audio, rate = read_wav(here / "heard.wav")
    assert rate == 48_000
    assert np.abs(audio).max() > 0.05
    assert true_peak_dbtp(audio) <= -0.99
    assert "played" in capsys.readouterr().out
    assert main(words) == 1
    assert "already exists" in capsys.readouterr().err


def test_an_osc_port_in_use_is_told_before_anything_is_played(
    song: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("composer.formats.load", lambda *_: pytest.fail("something began"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert main(["play", str(song), "--osc", str(port)]) == 1
    told = capsys.readouterr().err
    assert told == (
        f"composer: --osc {port}: cannot listen on 127.0.0.1 (Address already in use); choose another port, or 0 for a free one\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["render", "SONG", "--gain", "tuba=-3"], "no part 'tuba'; it has: melody, guitar, bass"),
        (["render", "SONG", "--gain", "bass"], "--gain: cannot read 'bass'; write PART=VALUE"),
        (
            ["render", "SONG", "--pan", "bass=leftish"],
            "--pan bass: 'leftish' is not a pan position; write a number from -1",
        ),
        (["render", "SONG", "--pan", "bass=3"], "pan of bass must be in range -1..1"),
        (["render", "SONG", "--amp", "guitar=marshall"], "marshall: no such amplifier"),
        (["render", "SONG", "--insert", "guitar"], "--insert: cannot read 'guitar'; write PART=EFFECT"),
        (["render", "SONG", "--insert", "guitar=vst3:/none.vst3"], "/none.vst3: no such plug-in"),
        (["play", "SONG", "--driver", "file", "--record", "heard.mp3"], "give a name that ends in .wav"),
        (["render", "SONG", "--soundfont", "SONG"], "a soundfont's name ends in .sf2 or .sf3"),
        (["render", "SONG", "--format", "flac", "--bits", "32"], "FLAC samples have 16 or 24 bits"),
        (
            ["render", "SONG", "--out", "mix.wav"],
            "mix.wav is a file's name; give the folder to write into, such as mix",
        ),
        (["render", "SONG", "--style", "polkka"], "did you mean polka"),
        (["play", "SONG", "--driver", "file"], "name the file with --record"),
        (["play", "SONG", "--start", "99"], "song.mid lasts only 2.4 s"),
        (["play", "SONG", "--driver", "nosuch", "--at-once"], "the audio driver nosuch does not start"),
        (["amp", "apply", "crunch"], "takes 2 arguments, got 1"),
        (["amp", "apply", "crunch", "none.wav"], "none.wav: no such file"),
        (["amp", "apply", "crunch", "SONG"], "cannot be read as sound"),
        (["amp", "circuit", "fuzz", "none.wav"], "no circuit called 'fuzz'"),
        (["amp", "train", "none.wav", "none2.wav"], "none.wav: no such file"),
        (["amp", "train", "none.wav", "none2.wav", "--name", "a/b"], "must be a name, not a path"),
    ],
)
def test_mistakes_are_one_line(words: list[str], said: str, song: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(song) if word == "SONG" else word for word in words]
    assert main([*words, *(() if "--soundfont" in words else ("--soundfont", "timgm6mb")), "--quiet"]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_levels_are_read_with_and_without_units() -> None:
    read = mixing.levels("--gain", ["drums=-3dB,bass=1.5", "strings=off", "piano = +2 LU"])
    assert read == {"drums": -3.0, "bass": 1.5, "strings": -np.inf, "piano": 2.0}
    with pytest.raises(InputError, match="write one such as -3"):
        mixing.levels("--gain", ["drums=nan"])


def test_a_part_that_is_not_there_is_told_before_anything_is_played(
    song: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in (["render"], ["play", "--at-once", "--driver", "file", "--record", "out.wav"]):
        assert main([command[0], str(song), "--soundfont", "timgm6mb", *command[1:], "--gain", "kazoo=-3"]) == 1
        said = capsys.readouterr()
        assert "no part 'kazoo'; it has: melody, guitar, bass" in said.err
        assert "playing" not in said.err + said.out
    assert not (here / "out.wav").exists()


def test_a_place_is_a_number_or_a_word() -> None:
    assert [mixing.place("guitar", value) for value in ("left", "Centre", "right", "-0.4")] == [-1, 0, 1, -0.4]
    with pytest.raises(
        InputError, match=r"--pan guitar: '-3dB' is not a pan position; write a number from -1 \(left\)"
    ):
        mixing.place("guitar", "-3dB")


def test_stems_of_parts_whose_names_look_alike_as_files_are_all_kept(here: Path) -> None:
    stems = Stems(("a/b", "a:b", "A_b"), ("piano",) * 3, np.full((3, 4_410, 2), 0.1, np.float32), 44_100)
    written = write_stems(here / "stems", mix(stems))
    assert [path.name for path in written] == ["a_b.wav", "a_b 2.wav", "A_b 3.wav"]


def test_a_port_that_is_not_there_is_told_before_anything_sounds(
    song: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "kept.wav").write_bytes(b"kept")
    words = ["--driver", "file", "--record", "kept.wav", "--force", "--at-once", "--soundfont", "timgm6mb", "--plain"]
    assert main(["play", str(song), *words, "--midi", "tcp:192.0.2.1:9"]) == 1
    assert "tcp:192.0.2.1:9" in capsys.readouterr().err
    assert (here / "kept.wav").read_bytes() == b"kept"


def test_a_recording_without_sound_or_without_numbers_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import soundfile

    soundfile.write(here / "empty.wav", np.zeros((0, 2)), 44_100)
    soundfile.write(here / "nan.wav", np.full(400, np.nan), 44_100, subtype="FLOAT")
    for name, said in (("empty", "holds no sound"), ("nan", "contains samples that are not finite numbers")):
        assert main(["amp", "apply", "clean", f"{name}.wav"]) == 1
        assert f"{name}.wav: {said}" in capsys.readouterr().err
    assert not (here / "out").exists()
