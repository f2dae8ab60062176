"""Through a real JACK server without a sound card: what it is given is the mix. benchmarks/play.py is the long run, with xruns counted."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from composer.amp import load
from composer.audio import soundfonts
from composer.audio.mixer import MixSettings, mix
from composer.audio.synth import render
from composer.errors import AudioError
from composer.playback.engine import Piece
from composer.playback.outlet import Output
from composer.playback.session import Playback
from composer.score import Part, Score, as_notes
from composer.timing import TempoMap

RATE, BEAT = 48_000, 480


@pytest.fixture(scope="module")
def jack() -> Iterator[Any]:
    """A JACK server for these tests only, under a name of its own; gives the module to talk to it."""
    if shutil.which("jackd") is None:
        pytest.skip("no jackd here: install jackd2 to test playing through JACK")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JACK_DEFAULT_SERVER", "composer-play-tests")
        patch.setenv("JACK_NO_AUDIO_RESERVATION", "1")
        patch.setenv("JACK_NO_START_SERVER", "1")
        module = pytest.importorskip("jack", reason="JACK-Client is not installed")
        server = subprocess.Popen(
            ["jackd", "-r", "-d", "dummy", "-r", str(RATE), "-p", "256"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 10
        answers = False
        while not answers and time.monotonic() < until and server.poll() is None:
            time.sleep(0.3)
            answers = _answers(module)
        if not answers:
            server.kill()
            server.wait()
            pytest.skip("jackd does not start here")
        yield module
        server.terminate()
        server.wait()


def _answers(module: Any) -> bool:
    try:
        module.Client("knock", no_start_server=True).close()
    except module.JackError:
        return False
    return True


@pytest.fixture(scope="module")
def score() -> Score:
    """Five parts, two bars at 160 BPM."""
    eighths = range(16)
    rows = {
        "melody": (73, [(at * BEAT // 2, 220, 72 + at % 5, 90) for at in eighths]),
        "drums": (0, [(at * BEAT // 2, 60, (36, 42, 38, 42)[at % 4], 90) for at in eighths]),
        "bass": (33, [(at * BEAT // 2, 220, 36, 90) for at in eighths]),
        "guitar": (27, [(at * BEAT, 400, 52 + tone, 80) for at in range(8) for tone in (0, 7, 12)]),
        "piano": (0, [(at * 4 * BEAT, 1_800, 60 + tone, 75) for at in range(2) for tone in (0, 4, 7)]),
    }
    parts = (Part(role, as_notes(notes), program, role == "drums", role) for role, (program, notes) in rows.items())
    return Score(tuple(parts), TempoMap.constant(160))


def test_what_jack_gets_is_the_mix_with_the_amplifier(jack: Any, score: Score, tmp_path: Path) -> None:
    from composer.audio.wav import read_wav

    stems = render(score, soundfonts.bundled_font(), RATE, tail_s=1.0)
    mixed = mix(stems, MixSettings(inserts={"guitar": (load("crunch"),)}))
    assert stems.soundfont is not None
    piece = Piece(
        score.parts, score.tempo, mixed.plan, stems.soundfont, RATE, score.duration_s, 1.0, record=True, separate=True
    )
    path = tmp_path / "played.wav"
    watcher = jack.Client("watcher", no_start_server=True)
    with Playback(piece, Output("jack", path, separate=True)) as playing:
        ports = {port.name for port in watcher.get_ports("composer:", is_output=True)}
        playing.fade("piano", gain_db=0.0)
        assert playing.wait(60)
    watcher.close()
    assert {f"composer:l_{number:02d}" for number in range(6)} <= ports, "the mix and a pair for every part"
    audio, _ = read_wav(path)
    late = len(audio) - stems.frames
    frames = int(score.duration_s * RATE)
    live, offline = audio[late : late + frames], mixed.audio[:frames]
    assert 10 * np.log10(((live - offline) ** 2).mean() / (offline**2).mean()) < -60


def test_a_server_at_another_rate_is_one_line(jack: Any, score: Score) -> None:
    stems = render(score, soundfonts.bundled_font(), 44_100, tail_s=0.1)
    assert stems.soundfont is not None
    piece = Piece(score.parts, score.tempo, mix(stems).plan, stems.soundfont, 44_100, score.duration_s)
    with pytest.raises(AudioError, match="jack runs at 48000 Hz and not at 44100: use --sample-rate 48000"):
        Playback(piece, Output("jack"))
