"""The API over the shipped model: what the command line makes, mistakes as Problems, and everything there after a restart."""

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
from composer.audio.wav import write_sound
from composer.cli import main
from composer.studio.app import create_app
from composer.studio.settings import StudioSettings
from composer.studio.studio import Studio
from composer.timing import TempoMap
from composer.transcription import hummer
from tests.transcription import singing

from .conftest import ADDRESS, finished, tune

WISHES: dict[str, Any] = {"style": "bossa", "parts": ["drums", "bass"], "seed": 5, "density": {"bass": 2}}


@pytest.fixture(scope="module")
def seed(client: TestClient, tune_file: Path) -> dict[str, Any]:
    answer = client.post("/api/seeds?name=tune.mid", content=tune_file.read_bytes())
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture(scope="module")
def take(client: TestClient, seed: dict[str, Any]) -> str:
    answer = client.post("/api/arrangements", json=WISHES | {"seed_id": seed["id"], "register": {"bass": 2}})
    assert answer.status_code == 202
    job = finished(client, answer.json())
    assert job["state"] == "done", job["problem"]
    made: str = job["arrangements"][0]
    return made


def midi(client: TestClient, take: str) -> bytes:
    return client.get(f"/api/arrangements/{take}/files/band.mid").content


def notes(client: TestClient, take: str) -> dict[str, list[list[int]]]:
    score = client.get(f"/api/arrangements/{take}/score").json()
    return {part["role"]: part["notes"] for part in score["parts"]}


# --- seeds ---


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


def test_a_piece_with_a_long_name_is_exported(client: TestClient, tune_file: Path) -> None:
    seed = client.post("/api/seeds", params={"name": "𠮷" * 80 + ".mid"}, content=tune_file.read_bytes()).json()
    asked = {"seed_id": seed["id"], "parts": ["bass"]}
    take = finished(client, client.post("/api/arrangements", json=asked).json())["arrangements"][0]
    job = finished(client, client.post(f"/api/arrangements/{take}/export", json={}).json())
    assert job["state"] == "done", job["problem"]
    assert client.get(job["files"][0]).status_code == 200


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


# --- arranging ---


def test_the_same_wishes_give_the_same_file_as_the_command_line(
    client: TestClient, take: str, tune_file: Path, tmp_path: Path
) -> None:
    words = "--style bossa --parts drums,bass --seed 5 --density bass=2 --register bass=2 --no-audio --quiet"
    assert main(["arrange", str(tune_file), *words.split(), "--out", str(tmp_path)]) == 0
    assert midi(client, take) == (tmp_path / "tune.mid").read_bytes()
    assert (
        client.get(f"/api/arrangements/{take}/files/band.chords.txt").text == (tmp_path / "tune.chords.txt").read_text()
    )
    assert (
        client.get(f"/api/arrangements/{take}/files/band.musicxml").content == (tmp_path / "tune.musicxml").read_bytes()
    )
    ours = client.get(f"/api/arrangements/{take}/files/band.json").json()
    theirs = json.loads((tmp_path / "tune.json").read_text())
    for field in ("model", "seed", "style", "groove", "form", "chords", "parts", "options", "input", "licence"):
        assert field == "licence" or ours[field] == theirs[field], field


def test_every_bar_is_told_while_it_is_written(client: TestClient, seed: dict[str, Any]) -> None:
    job = client.post("/api/arrangements", json=WISHES | {"seed_id": seed["id"], "takes": 2}).json()
    path = f"ws://127.0.0.1/api/jobs/{job['id']}/events"
    told: list[list[dict[str, Any]]] = []
    for _ in range(2):  # two tabs
        with client.websocket_connect(path) as socket:
            heard = []
            while not heard or heard[-1].get("state") not in ("done", "failed", "cancelled"):
                heard.append(socket.receive_json())
            told.append(heard)
    assert told[0] == told[1]
    bars = [(event["take"], event["bar"]) for event in told[0] if event["type"] == "bar"]
    assert bars == [(take, bar) for take in (1, 2) for bar in range(4)]
    made = told[0][-1]["arrangements"]
    written = [
        row for event in told[0] if event["type"] == "bar" and event["take"] == 1 for row in event["notes"]["bass"]
    ]
    final = notes(client, made[0])["bass"]
    assert [(row[0], row[2]) for row in written] == [(row[0], row[2]) for row in final]
    assert midi(client, made[0]) != midi(client, made[1])


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"style": "bosa"}, "did you mean bossa"),
        ({"style": "bossa:x"}, "write NAME or NAME:SHARE"),
        ({"chords": "C | Hx"}, "chart, bar 2"),
        ({"parts": []}, "no parts asked for"),
        ({"parts": ["tuba"]}, "parts.0: input should be"),
        ({"density": {"bass": 9}}, "less than or equal to 5"),
        ({"register": {"drums": 2}}, "drums have no register"),
        ({"roles": {"bass": "pad"}}, "bass plays no 'pad'"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": 99}, "temperature"),
        ({"melody": "tuba"}, "there is no part called 'tuba'"),
        ({"form": "??"}, ""),
        ({"takes": 1000}, "takes"),
        ({"seed": -1}, "seed"),
        ({"colour": "red"}, "colour"),
        ({"style_from": "../../etc/passwd"}, "style_from"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_at_once(
    client: TestClient, seed: dict[str, Any], wish: dict[str, Any], says: str
) -> None:
    answer = client.post("/api/arrangements", json=WISHES | {"seed_id": seed["id"]} | wish)
    assert answer.status_code == 422, answer.text
    assert says in answer.json()["message"]
    assert "\n" not in answer.json()["message"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("body", "where", "says"),
    [
        ("{bad", "character 2", "expecting property name enclosed in double quotes"),
        ("[1, 2", "character 6", "expecting ',' delimiter"),
        ("hello", "character 1", "expecting value"),
    ],
)
def test_what_is_not_json_is_refused_with_the_place(client: TestClient, body: str, where: str, says: str) -> None:
    answer = client.post("/api/arrangements", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["where"], problem["what"]) == (where, f"the request is not JSON, at {where}: {says}")


def test_a_cancelled_job_stops_at_the_next_bar_and_the_next_one_is_done(client: TestClient) -> None:
    long = client.post("/api/seeds/example", json={"example": "auld-lang-syne"}).json()
    wishes = {"seed_id": long["id"], "style": "bossa", "takes": 8}
    job = client.post("/api/arrangements", json=wishes).json()
    with client.websocket_connect(f"ws://127.0.0.1/api/jobs/{job['id']}/events") as socket:
        while socket.receive_json()["type"] != "bar":
            pass
        client.delete(f"/api/jobs/{job['id']}")
    seen = finished(client, job)
    assert (seen["state"], seen["arrangements"]) == ("cancelled", [])
    assert client.get(f"/api/seeds/{long['id']}/arrangements").json() == []


def test_a_reference_is_played_like(client: TestClient, tune_file: Path, seed: dict[str, Any], take: str) -> None:
    answer = client.post("/api/seeds?name=ref.mid&reference=true", content=midi(client, take))
    reference = answer.json()
    assert reference["id"] not in [one["id"] for one in client.get("/api/seeds").json()]
    wishes = {"seed_id": seed["id"], "style_from": reference["id"]}
    job = finished(client, client.post("/api/arrangements", json=wishes).json())
    assert job["state"] == "done", job["problem"]
    report = client.get(f"/api/arrangements/{job['arrangements'][0]}").json()["report"]
    assert report["style_from"]["file"] == "ref.mid"
    alone = client.post("/api/seeds?name=lone.mid&reference=true", content=tune_file.read_bytes())
    assert alone.status_code == 422, "no band plays in it"


# --- rework and restyle ---


def test_rework_changes_the_hole_and_nothing_else(client: TestClient, take: str) -> None:
    before, name = notes(client, take), midi(client, take)
    asked = {"bars": [2, 3], "parts": ["bass"], "seed": 3}
    job = finished(client, client.post(f"/api/arrangements/{take}/rework", json=asked).json())
    assert job["state"] == "done", job["problem"]
    made = client.get(f"/api/arrangements/{job['arrangements'][0]}").json()
    assert (made["parent"], made["kind"], made["label"]) == (take, "rework", "bass in bars 2–3")
    assert made["report"]["proof"]["untouched"]
    after = notes(client, made["id"])
    start, end = 1920, 3 * 1920
    assert {part: rows for part, rows in after.items() if part != "bass"} == {
        part: rows for part, rows in before.items() if part != "bass"
    }
    outside = [[row for row in rows["bass"] if not start <= row[0] < end] for rows in (before, after)]
    assert outside[0] == outside[1]
    assert before["bass"] != after["bass"]
    assert midi(client, take) == name, "the take that it was made from stays"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"bars": [3, 2], "parts": ["bass"]}, "the first before the last"),
        ({"bars": [1, 99], "parts": ["bass"]}, "the piece has 4 bars"),
        ({"bars": [0, 1], "parts": ["bass"]}, "bars"),
        ({"bars": [1, 2], "parts": []}, "parts"),
    ],
)
def test_a_hole_that_is_none_is_refused(client: TestClient, take: str, asked: dict[str, Any], says: str) -> None:
    answer = client.post(f"/api/arrangements/{take}/rework", json=asked)
    assert answer.status_code == 422
    assert says in answer.json()["message"]


def test_restyle_keeps_the_melody(client: TestClient, seed: dict[str, Any], take: str) -> None:
    assert client.post(f"/api/arrangements/{take}/restyle", json={}).status_code == 422
    job = finished(client, client.post(f"/api/arrangements/{take}/restyle", json={"style": "reggae"}).json())
    assert job["state"] == "done", job["problem"]
    after = notes(client, job["arrangements"][0])
    assert after["melody"] == seed["score"]["parts"][0]["notes"]
    assert after["bass"] != notes(client, take)["bass"]


# --- sound ---


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


# --- the door ---


@pytest.mark.parametrize(
    "name",
    ["..%2f..%2fseed.json", "take.json", "%2e%2e", "band.mid%00", "sound", "mix-0000000000000000.wav", "sound-99.flac"],
)
def test_no_name_of_a_file_leads_anywhere_else(client: TestClient, take: str, name: str) -> None:
    answer = client.get(f"/api/arrangements/{take}/files/{name}")
    assert answer.status_code == 404
    assert answer.json()["message"]


def test_unknown_ids_and_paths_are_problems_too(client: TestClient) -> None:
    for path in ("seeds/aaaaaaaaaaaaaaaa", "arrangements/aaaaaaaaaaaaaaaa", "jobs/aaaaaaaaaaaaaaaa", "nothing"):
        answer = client.get(f"/api/{path}")
        assert answer.status_code == 404, path
        assert answer.json()["what"]
    assert client.get("/api/seeds/short").status_code == 422
    assert client.get("/../pyproject.toml").status_code == 404


def test_page_and_documentation_come_from_here_alone(client: TestClient) -> None:
    for path in ("/", "/docs", "/studio.css", "/js/main.js"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "https://" not in answer.text.replace('https:"', "")
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/api/seeds", "/api/arrangements", "/api/arrangements/{arrangement_id}/rework"} <= paths.keys()


def test_a_restart_finds_everything(
    client: TestClient, studio: Studio, folder: Path, seed: dict[str, Any], take: str
) -> None:
    """Last: it closes the others' studio for a moment."""
    assert client.put(f"/api/seeds/{seed['id']}/kept", json={"arrangement_id": take}).json()["kept"] == take
    before = client.get("/api/seeds").json(), midi(client, take)
    studio.__exit__()
    with Studio(StudioSettings(folder)) as another, TestClient(create_app(another), base_url=ADDRESS) as again:
        assert (again.get("/api/seeds").json(), midi(again, take)) == before
    studio.__enter__()
