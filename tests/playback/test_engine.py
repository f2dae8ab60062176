"""What the sound card gets is what was mixed; faders, pauses, jumps and the end are obeyed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer import formats
from composer.audio import soundfonts
from composer.audio.limiter import Limiter
from composer.audio.mixer import Mix, mix
from composer.audio.synth import render
from composer.cli import main
from composer.errors import AudioError, InputError
from composer.playback.board import FADERS, LIMITS, Board, audible
from composer.playback.engine import Engine, Piece
from composer.playback.hands import Hands
from composer.playback.osc import OscServer, encode, messages
from composer.playback.outlet import Output
from composer.playback.ring import Ring
from composer.playback.session import Playback
from composer.score import Part, Score, as_notes
from composer.timing import TempoMap

RATE, BEAT = 48_000, 480
Make = Callable[..., Engine]


@pytest.fixture(scope="module")
def score() -> Score:
    """A bar of melody, bass and drums at 240 BPM."""
    rows = {
        "melody": [(at * BEAT, 440, 72 + at, 90) for at in range(4)],
        "bass": [(at * BEAT, 440, 36, 90) for at in range(4)],
        "drums": [(at * BEAT // 2, 60, 42, 80) for at in range(8)],
    }
    parts = tuple(
        Part(role, as_notes(notes), {"melody": 73, "bass": 33}.get(role, 0), role == "drums", role)
        for role, notes in rows.items()
    )
    return Score(parts, TempoMap.constant(240))


@pytest.fixture(scope="module")
def mixed(score: Score) -> Mix:
    return mix(render(score, soundfonts.bundled_font(), RATE, tail_s=0.5))


@pytest.fixture
def piece(score: Score, mixed: Mix) -> Piece:
    font = mixed.stems.soundfont
    assert font is not None
    return Piece(score.parts, score.tempo, mixed.plan, font, RATE, score.duration_s, tail_s=0.5)


@pytest.fixture
def engine(piece: Piece) -> Iterator[Make]:
    opened: list[Engine] = []

    def make(board: Board, **changes: object) -> Engine:
        opened.append(Engine(replace(piece, **changes), board))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for one in opened:
        one.__exit__()


def pull(engine: Engine, frames: int, period: int = 256, rows: int = 2) -> np.ndarray:
    """So many frames, as a driver asks for them."""
    out = np.zeros((rows, frames), np.float32)
    for at in range(0, frames, period):
        few = np.zeros((rows, min(period, frames - at)), np.float32)
        engine.fill(few.shape[1], few)
        out[:, at : at + period] = few
    return out


@pytest.mark.parametrize("period", [256, 441])
def test_any_period_gives_the_offline_mix(engine: Make, mixed: Mix, period: int) -> None:
    board = Board(3)
    one = engine(board, record=True)
    live = pull(one, RATE, period)[:, one.latency :]
    offline = mixed.audio.T[:, : live.shape[1]]
    assert 10 * np.log10(((live - offline) ** 2).mean() / (offline**2).mean()) < -90
    pull(one, RATE)
    assert one.finished
    assert board.state == "done"
    assert np.array_equal(one.recording[:, one.latency : one.latency + live.shape[1]], live)
    assert one.recorded == mixed.stems.frames + one.latency
    assert board.told("frame") == mixed.stems.frames


def test_every_part_has_an_output_of_its_own(engine: Make) -> None:
    out = pull(engine(Board(3), separate=True), RATE // 2, rows=8)
    alone = out[2:].reshape(3, 2, -1)
    assert (np.abs(alone).max(axis=(1, 2)) > 0.003).all()


def test_faders_are_obeyed(engine: Make, mixed: Mix) -> None:
    board = Board(3)
    board.set(0, "solo", 1)
    board.set(0, "gain_db", -6.0)
    board.set(0, "pan", -1.0)
    one = engine(board)
    pull(one, 2_560)
    heard = pull(one, RATE // 2)
    assert np.abs(heard[0]).max() > 0.01
    assert np.abs(heard[1]).max() < 0.5 * np.abs(heard[0]).max()  # but for the room
    assert list(audible(board.faders)) == [True, False, False]
    board.set(0, "gain_db", -200)
    assert board.get(0, "gain_db") == -90
    pull(one, 2_560)
    board.wish("pause", 1)
    assert not pull(one, 2_560)[:, 512:].any()
    assert board.state == "paused"


def test_jumps_and_stops(engine: Make) -> None:
    board = Board(3)
    one = engine(board)
    pull(one, 9_600)
    board.wish("seek", 0.5 * RATE)
    board.wish("seeks", 1)
    pull(one, 256)
    assert 0.5 * RATE - 64 <= board.told("frame") <= 0.5 * RATE + 512
    board.wish("stop", 1)
    last = pull(one, 2_560)
    assert one.finished
    assert not last[:, 1_280:].any()
    assert np.abs(last[:, 960:1_024]).max() < 0.05, "it fades"


class Fake:
    """A performance without sound, for hands."""

    def __new__(cls, piece: Piece) -> Playback:  # type: ignore[misc]
        playing = Playback.__new__(Playback)
        playing.piece, playing.board, playing._ring = piece, Board(len(piece.parts)), Ring(2, 1_024)
        return playing


def test_keys_and_controllers_move_faders(piece: Piece) -> None:
    playing = Fake(piece)
    hands = Hands(playing)
    for key in ("2", "+", "+", "m", "\x1b[C", "b", "]", " ", ".", "q"):
        going_on = hands.press(key)
    assert not going_on
    board = playing.board
    assert board.get(1, "gain_db") == 2
    assert board.get(1, "mute") == 1
    assert board.get(1, "pan") == pytest.approx(0.1)
    assert board.get(1, "low_db") == -1
    assert (board.wished("master_db"), board.wished("pause"), board.wished("seeks")) == (1, 1, 1)
    hands.press("0")
    assert not np.nan_to_num(board.faders[1]).any()
    hands.midi(bytes([0xB0, 7, 100]))
    hands.midi(bytes([0xB1, 7, 0]))
    hands.midi(bytes([0xB2, 10, 1]))
    hands.midi(bytes([0xBF, 7, 1]))
    hands.midi(b"\x90\x40\x40")
    assert [board.get(at, "gain_db") for at in range(3)] == [0, -90, 0]
    assert board.get(2, "pan") == -1


def test_no_fader_takes_the_sound_over_the_ceiling(engine: Make) -> None:
    board = Board(3)
    played = engine(board)
    ceiling = 10 ** (Limiter().ceiling_dbtp / 20)
    pull(played, RATE // 4)
    for value in (LIMITS["gain_db"][1], 0.0, -90.0, LIMITS["gain_db"][1]):
        board.wish("master_db", value)
        for part in range(3):
            board.set(part, "gain_db", 1e9 if value > 0 else value)
        sound = pull(played, RATE // 8)
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() <= ceiling


def test_what_is_no_fader_is_named(piece: Piece) -> None:
    playing = Fake(piece)
    with pytest.raises(InputError, match="no part called 'tuba'; there are: melody, bass, drums"):
        playing.fade("tuba", gain_db=1)
    with pytest.raises(InputError, match="no fader 'volume'"):
        playing.fade("bass", volume=1)
    with pytest.raises(InputError, match="no fader 'gain_db' at nan"):
        playing.fade("bass", gain_db=np.nan)
    assert len(FADERS) == 8


def test_osc_reads_what_it_writes_and_refuses_the_rest() -> None:
    packet = encode("/part/bass/gain", -3.0, 2, "text")
    assert messages(packet) == [("/part/bass/gain", [-3.0, 2, "text"])]
    bundle = b"#bundle\0" + bytes(8) + len(packet).to_bytes(4, "big") + packet
    assert messages(bundle + len(packet).to_bytes(4, "big") + packet) == messages(packet) * 2
    for wrong in (b"", b"/a", b"nothing\0,\0\0\0", packet[:-6], b"/a\0\0,x\0\0", bundle[:-4], b"/\xff\0\0,\0\0\0"):
        with pytest.raises(InputError):
            messages(wrong)


def test_osc_moves_faders_and_tells_meters(piece: Piece) -> None:
    import socket

    playing = Fake(piece)
    with OscServer(0) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        server.serve(playing)
        client.settimeout(5)

        def ask(address: str, *arguments: float) -> tuple[str, list[float | int | str]]:
            client.sendto(encode(address, *arguments), ("127.0.0.1", server.port))
            return messages(client.recv(4096))[0]

        client.sendto(encode("/part/bass/gain", -3.0), ("127.0.0.1", server.port))
        client.sendto(encode("/part/3/mute", 1), ("127.0.0.1", server.port))
        assert ask("/meters")[0] == "/position"
        assert {messages(client.recv(4096))[0][0] for _ in range(4)} == {
            "/meter/melody", "/meter/bass", "/meter/drums", "/limiter",
        }  # fmt: skip
        assert playing.board.get(1, "gain_db") == -3
        assert playing.board.get(2, "mute") == 1
        for address, numbers, word in (
            ("/part/tuba/gain", (1.0,), "no part"),
            ("/part/bass/gain", (), "one number"),
            ("/what", (), "no address"),
            ("/part/²/gain", (1.0,), "no part"),
            ("/part/bass/gain", (float("nan"),), "one number"),
            ("/master/gain", (float("nan"),), "one number"),
            ("/master/gain", (float("inf"),), "one number"),
        ):
            answer = ask(address, *numbers)
            assert answer[0] == "/error"
            assert word in str(answer[1][0])
        for garbage in (b"", b"\xff" * 40, bytes(100), b"#bundle\0" + b"\xff" * 30, encode("/seek", 3e38)):
            client.sendto(garbage, ("127.0.0.1", server.port))
        client.sendto(encode("/part/bass/gain", 1e9), ("127.0.0.1", server.port))
        client.sendto(encode("/master/gain", 1e9), ("127.0.0.1", server.port))
        client.sendto(encode("/end", 1), ("127.0.0.1", server.port))
        while "/end" not in str(messages(client.recv(4096))[0][1][0]):
            pass
        assert playing.board.get(1, "gain_db") == LIMITS["gain_db"][1]
        assert playing.board.wished("master_db") == LIMITS["gain_db"][1]
        assert playing.board.wished("seek") <= piece.duration_s * RATE


def test_a_process_plays_into_a_file_and_ends_by_itself(piece: Piece, mixed: Mix, tmp_path: Path) -> None:
    from composer.audio.wav import read_wav

    path = tmp_path / "played.wav"
    with Playback(replace(piece, record=True), Output("file", path)) as playing:
        assert playing.wait(60)
        assert playing.health.blocks > 250
        assert playing.position_s == pytest.approx(mixed.stems.duration_s, abs=0.01)
    audio, rate = read_wav(path)
    assert rate == RATE
    late = len(audio) - mixed.stems.frames
    frames = int(RATE * piece.duration_s)
    live, offline = audio[late : late + frames], mixed.audio[:frames]
    assert 10 * np.log10(((live - offline) ** 2).mean() / (offline**2).mean()) < -90


def test_a_recording_is_kept_where_all_of_us_are_asked_to_end(piece: Piece, tmp_path: Path) -> None:
    from composer.audio.wav import read_wav

    path = tmp_path / "played.wav"
    long = replace(piece, record=True, duration_s=60.0)
    with Playback(long, Output("file", path)) as playing:
        playing.wait(0.5)
        for child in multiprocessing.active_children():  # as kill does with a whole group
            assert child.pid is not None
            os.kill(child.pid, signal.SIGTERM)
        assert not playing.wait(0.3)
    audio, _ = read_wav(path)
    assert 0.3 * RATE < len(audio) < 30 * RATE
    assert np.abs(audio).max() > 0.01


@pytest.mark.parametrize(("ending", "code"), [(KeyboardInterrupt(), 130), (SystemExit(143), 143)])
def test_a_recording_is_named_however_it_ends(
    ending: BaseException,
    code: int,
    score: Score,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def end(playing: Playback) -> None:
        playing.wait(0.3)
        raise ending

    monkeypatch.setattr("composer.cli.play._plain", end)
    seed, wav = tmp_path / "seed.mid", tmp_path / "rec.wav"
    formats.save(score, seed)
    words = [
        "play",
        str(seed),
        "--at-once",
        "--driver",
        "file",
        "--record",
        str(wav),
        "--plain",
        "--soundfont",
        "timgm6mb",
    ]
    if isinstance(ending, SystemExit):
        with pytest.raises(SystemExit):
            main(words)
    else:
        assert main(words) == code
    assert wav.exists()
    assert capsys.readouterr().out.splitlines()[-1] == str(wav)


def test_a_driver_that_does_not_start_is_one_line(piece: Piece) -> None:
    with pytest.raises(AudioError, match="the audio driver nothing does not start"):
        Playback(piece, Output("nothing"))
