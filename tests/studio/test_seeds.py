"""What comes in: uploads, recordings, bundled tunes and charts, and what is refused of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from composer.audio.wav import write_sound
from composer.studio.studio import Studio
from composer.transcription import hummer
from tests.transcription import singing

from .conftest import WISHES, finished


def test_a_seed_is_told_with_melody_key_metre_and_chords(seed: dict[str, Any]) -> None:
    report = seed["report"]
    assert (seed["name"], report["bars"], report["key"]) == ("tune", 4, "C major")
    assert report["metre"][0]["value"] == "4/4"
    assert report["melody"]["number"] == 1
    assert len(seed["score"]["parts"][0]["notes"]) == 16
    assert seed["chart"]
    assert seed["score"]["chords"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("song.mid", b"garbage", "is not a MIDI file"),
        ("song.mid", b"", "is empty"),
        ("song.mid", b"MThd\0\0\0\6\0\1\0\1\1\xe0", ""),
        ("song.exe", b"MZ", "cannot be read; give .mid, .musicxml, .mxl or .abc"),
        ("song.mxl", b"PK\3\4 not really", ""),
        ("../../../evil", b"\0" * 100, "cannot be read"),
    ],
)
def test_garbage_is_refused_with_a_word_and_nothing_stays(
    client: TestClient, folder: Path, name: str, content: bytes, says: str
) -> None:
    before = set((folder / "seeds").iterdir())
    answer = client.post("/api/seeds", params={"name": name}, content=content)
    assert answer.status_code == 422
    problem = answer.json()
    assert says in problem["message"]
    assert problem["what"]
    assert str(folder) not in problem["message"], "where the studio keeps things is nobody's business"
    assert set((folder / "seeds").iterdir()) == before


def test_a_file_called_kept_outlives_the_choice_of_a_take(client: TestClient, studio: Studio, tune_file: Path) -> None:
    seed = client.post("/api/seeds?name=kept", content=tune_file.read_bytes()).json()
    asked = {"seed_id": seed["id"], "parts": ["bass"]}
    take = finished(client, client.post("/api/arrangements", json=asked).json())["arrangements"][0]
    kept = client.put(f"/api/seeds/{seed['id']}/kept", json={"arrangement_id": take})
    assert kept.json()["kept"] == take
    assert studio.store.seed_file(studio.store.seed(seed["id"])).read_bytes() == tune_file.read_bytes()
    assert client.get(f"/api/seeds/{seed['id']}").json()["report"] == seed["report"]


def test_a_file_that_has_gone_is_told_without_the_folder(
    client: TestClient, studio: Studio, folder: Path, tune_file: Path
) -> None:
    seed = client.post("/api/seeds?name=gone.mid", content=tune_file.read_bytes()).json()
    studio.store.seed_file(studio.store.seed(seed["id"])).unlink()
    for answer in (
        client.get(f"/api/seeds/{seed['id']}"),
        client.post(f"/api/seeds/{seed['id']}/chart", json={"chart": "C"}),
        client.post("/api/arrangements", json=WISHES | {"seed_id": seed["id"]}),
        client.post("/api/arrangements", json=WISHES | {"seed_id": seed["id"], "style_from": seed["id"]}),
    ):
        assert answer.status_code == 422
        assert "gone.mid" in answer.json()["message"]
        assert str(folder) not in answer.text
    studio.store.remove_seed(seed["id"])


def test_a_recording_is_written_down_when_it_comes_in(client: TestClient, tmp_path: Path) -> None:
    hum = write_sound(tmp_path / "my hum.wav", singing.sung(hummer.Voice()).audio, 16_000, 16)
    answer = client.post("/api/seeds", params={"name": "my hum.wav"}, content=hum.read_bytes())
    assert answer.status_code == 201, answer.json()
    seed = answer.json()
    assert (seed["name"], seed["file"]) == ("my hum", "my hum.mid")
    assert len(seed["score"]["parts"][0]["notes"]) == len(singing.tune().parts[0])
    silence = write_sound(tmp_path / "silence.wav", np.zeros(32_000, np.float32), 16_000, 16)
    refused = client.post("/api/seeds", params={"name": "silence.wav"}, content=silence.read_bytes())
    assert refused.status_code == 422
    assert refused.json()["message"].startswith("silence.wav: ")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("歌" * 85, "歌" * 60), ("𠮷" * 80, "𠮷" * 45), ("x\0", "x"), ("a\nb\x1b", "ab"), ("", "untitled")],
    ids=["three bytes", "four bytes", "null", "lines", "none"],
)
def test_a_name_that_a_file_system_minds_is_made_to_fit(
    client: TestClient, tmp_path: Path, tune_file: Path, name: str, shown: str
) -> None:
    whole = client.post("/api/seeds", params={"name": f"{name}.mid" if name else ""}, content=tune_file.read_bytes())
    assert (whole.status_code, whole.json()["name"]) == (201, shown), whole.json()
    silence = write_sound(tmp_path / "silence.wav", np.zeros(32_000, np.float32), 16_000, 16).read_bytes()
    refused = client.post("/api/seeds", params={"name": f"{name or 'untitled'}.wav"}, content=silence)
    assert refused.status_code == 422
    assert refused.json()["message"].startswith(f"{shown}.wav: ")


def test_an_upload_of_200_megabytes_is_refused_before_it_is_sent(client: TestClient) -> None:
    answer = client.post("/api/seeds?name=a.mid", content=iter([b"MThd"]), headers={"content-length": str(200 << 20)})
    assert answer.status_code == 413
    assert "more than any song" in answer.json()["message"]


def test_a_chart_is_read_or_refused_with_the_bar(client: TestClient, seed: dict[str, Any]) -> None:
    good = client.post(f"/api/seeds/{seed['id']}/chart", json={"chart": "C | F | G7 | C"}).json()
    assert [symbol for _, symbol in good["chords"]] == ["C", "F", "G7", "C"]
    bad = client.post(f"/api/seeds/{seed['id']}/chart", json={"chart": "C | Hx"})
    assert bad.status_code == 422
    assert bad.json()["message"].startswith("chart, bar 2: chord 'Hx'")


def test_bundled_tunes_are_there(client: TestClient) -> None:
    styles = client.get("/api/styles").json()
    assert len(styles["styles"]) == 27
    assert "greensleeves" in styles["examples"]
    assert client.post("/api/seeds/example", json={"example": "no-such"}).status_code == 404
