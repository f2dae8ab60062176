"""What is heard of a take and taken away: stems, mixes, the parcel of everything; and one line where there is no sound."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from composer import formats
from composer.audio import soundfonts
from composer.errors import AudioError, OutputError
from composer.studio import sounding
from composer.studio.studio import Studio
from composer.timing import TempoMap

from .conftest import finished, tune


def test_stems_sum_to_the_mix_and_faders_are_obeyed(client: TestClient, take: str) -> None:
    import soundfile

    job = finished(client, client.post(f"/api/arrangements/{take}/sound").json())
    sound = client.get(job["files"][0]).json()
    bus = 0.0
    for stem in sound["stems"]:
        samples, rate = soundfile.read(io.BytesIO(client.get(stem["url"]).content))
        bus = bus + samples * stem["scale"]
    job = finished(client, client.post(f"/api/arrangements/{take}/mix", json={}).json())
    mix, _ = soundfile.read(io.BytesIO(client.get(job["files"][0]).content))
    assert rate == sound["sample_rate"]
    quiet = np.abs(bus).max(axis=1) < 0.1  # where the limiter does nothing
    assert np.abs(bus - mix)[quiet].max() < 0.02
    assert np.abs(mix).max() <= 1
    asked = {"mute": ["melody", "bass"], "gain_db": {"drums": -6}, "pan": {"drums": -1}}
    job = finished(client, client.post(f"/api/arrangements/{take}/mix", json=asked).json())
    table = client.get(job["files"][1]).json()["levels"]
    assert [level["gain_db"] is None for level in table] == [True, False, True]
    assert table[1]["pan"] == -1
    job = finished(client, client.post(f"/api/arrangements/{take}/mix", json={"mute": ["tuba"]}).json())
    assert "has no part 'tuba'" in job["problem"]["message"]


def test_of_a_long_take_the_beginning_comes_first(client: TestClient, tmp_path: Path) -> None:
    slow = tune()
    formats.save(replace(slow, tempo=TempoMap.constant(30)), tmp_path / "slow.mid")
    seed = client.post("/api/seeds?name=slow.mid", content=(tmp_path / "slow.mid").read_bytes()).json()
    asked = {"seed_id": seed["id"], "parts": ["bass"]}
    take = finished(client, client.post("/api/arrangements", json=asked).json())["arrangements"][0]
    job = finished(client, client.post(f"/api/arrangements/{take}/sound?early=true").json())
    sound = client.get(job["files"][0]).json()
    assert not sound["whole"]
    assert 8 < sound["duration_s"] < 10.1, "to the end of the last note that begins in it"
    assert [stem["part"] for stem in sound["stems"]] == ["melody", "bass"]
    assert client.get(sound["stems"][1]["url"]).status_code == 200


def test_the_parcel_holds_everything_and_the_melody_tick_for_tick(
    client: TestClient, take: str, seed: dict[str, Any], tune_file: Path, tmp_path: Path
) -> None:
    job = finished(client, client.post(f"/api/arrangements/{take}/export", json={"gain_db": {"bass": 2}}).json())
    answer = client.get(job["files"][0])
    assert 'filename="tune-export-' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parcel:
        parcel.extractall(tmp_path)
    names = {path.relative_to(tmp_path / "tune").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    stems = {f"tune-stems/{part}.wav" for part in ("melody", "drums", "bass")}
    assert names == {"tune.mid", "tune.wav", "tune.musicxml", "tune.chords.txt", "tune.json"} | stems
    band, melody = formats.load(tmp_path / "tune" / "tune.mid"), formats.load(tune_file)
    assert np.array_equal(band.part("melody").notes, melody.parts[0].notes)
    record = json.loads((tmp_path / "tune" / "tune.json").read_text())
    assert record["sound"]["faders"]["gain_db"] == {"bass": 2}
    assert set(record["files"]) == names - {"tune.json"}


def test_a_piece_with_a_long_name_is_exported(client: TestClient, tune_file: Path) -> None:
    seed = client.post("/api/seeds", params={"name": "𠮷" * 80 + ".mid"}, content=tune_file.read_bytes()).json()
    asked = {"seed_id": seed["id"], "parts": ["bass"]}
    take = finished(client, client.post("/api/arrangements", json=asked).json())["arrangements"][0]
    job = finished(client, client.post(f"/api/arrangements/{take}/export", json={}).json())
    assert job["state"] == "done", job["problem"]
    assert client.get(job["files"][0]).status_code == 200


@pytest.fixture
def silent(client: TestClient, tune_file: Path) -> str:
    """A take of which there is no sound yet."""
    seed = client.post("/api/seeds?name=silent.mid", content=tune_file.read_bytes()).json()
    job = client.post("/api/arrangements", json={"seed_id": seed["id"], "parts": ["bass"]}).json()
    take: str = finished(client, job)["arrangements"][0]
    return take


def problem(client: TestClient, take: str) -> dict[str, str]:
    """What is said of the sound that cannot be made."""
    job = finished(client, client.post(f"/api/arrangements/{take}/sound").json())
    assert (job["state"], job["files"]) == ("failed", [])
    told: dict[str, str] = job["problem"]
    assert "\n" not in told["message"]
    return told


def test_what_is_wrong_with_the_soundfont_is_told(
    client: TestClient, studio: Studio, silent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> Path:
        raise AudioError("no soundfont found; install one with: apt-get install timgm6mb-soundfont")

    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"no soundfont at all")
    with monkeypatch.context() as change:
        change.setattr(studio.sounds, "_font", str(broken))
        assert problem(client, silent)["what"] == f"{broken}: not a soundfont that FluidSynth can read"
        change.setattr(studio.sounds, "_font", "nowhere.sf2")
        assert problem(client, silent)["what"] == "nowhere.sf2: no such soundfont"
        change.setattr(soundfonts, "find", none)
        assert problem(client, silent)["what_to_do"] == "install one with: apt-get install timgm6mb-soundfont"
    assert finished(client, client.post(f"/api/arrangements/{silent}/sound").json())["state"] == "done"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            OSError(28, "No space left on device"),
            "the studio's folder: cannot be written (No space left on device); free some room on the disk and try again",
        ),
        (
            OutputError("{}: cannot be written (System error); choose another folder, or is the disk full?"),
            "sound-1.flac: cannot be written (System error); is the disk full?",
        ),
        (MemoryError(), "something went wrong inside the studio; see its log"),
    ],
    ids=["disk", "libsndfile", "memory"],
)
def test_a_full_disk_is_told_and_nothing_is_left(
    client: TestClient, studio: Studio, folder: Path, silent: str, monkeypatch: pytest.MonkeyPatch,
    error: Exception, says: str,
) -> None:  # fmt: skip
    def full(path: Path, *_: object) -> None:
        raise type(error)(*(one.format(path) if isinstance(one, str) else one for one in error.args))

    with monkeypatch.context() as change:
        change.setattr(sounding, "write_sound", full)
        told = problem(client, silent)
    assert told["message"] == says
    assert str(folder) not in told["message"]
    place = folder / "arrangements" / silent
    assert [path for path in place.iterdir() if path.is_dir()] == []
    assert finished(client, client.post(f"/api/arrangements/{silent}/sound").json())["state"] == "done"
