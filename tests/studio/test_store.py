"""The folder: what is whole is there after a restart, what is not is gone, and no name leads out of it."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from composer.errors import InputError, OutputError
from composer.studio.names import new_id, short_name
from composer.studio.problems import NotHere
from composer.studio.store import Seed, Store, Take


def a_take(seed_id: str, parent: str | None = None) -> Take:
    return Take(new_id(), seed_id, parent, "arrange", "bossa", time.time(), 0, {"style": "bossa"})


def a_project(store: Store, name: str) -> tuple[Seed, Take]:
    """An upload of this name, and a take of it."""
    seed = store.add_seed(name, b"notes")
    take = a_take(seed.id)
    with store.add_take(take):
        pass
    return seed, take


def test_everything_is_there_again_after_a_restart(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        seed = store.add_seed("My song.MID", b"notes")
        first, second = a_take(seed.id), a_take(seed.id)
        for take in (first, second):
            with store.add_take(take) as folder:
                (folder / "band.mid").write_bytes(b"band")
        store.keep(seed, first)
    with Store(tmp_path) as store:
        assert store.seeds() == [seed]
        assert store.seed_file(seed).read_bytes() == b"notes"
        assert store.takes(seed.id) == [first, second]
        assert store.kept(seed) == first.id


def test_what_a_kill_leaves_half_written_is_swept_away(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        seed = store.add_seed("song.mid", b"notes")
        with contextlib.suppress(KeyboardInterrupt), store.add_take(a_take(seed.id)) as folder:
            (folder / "band.mid").write_bytes(b"half a")
            raise KeyboardInterrupt
        assert store.takes(seed.id) == []
    (tmp_path / "arrangements" / ".new-abc").mkdir()
    (tmp_path / "arrangements" / ".new-abc" / "band.mid").write_bytes(b"half a")
    with Store(tmp_path) as store:
        assert store.takes(seed.id) == []
    assert list((tmp_path / "arrangements").iterdir()) == []


def test_a_file_that_was_meddled_with_hides_only_itself(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        good, bad = store.add_seed("good.mid", b"1"), store.add_seed("bad.mid", b"2")
    (tmp_path / "seeds" / bad.id / "seed.json").write_text("{not json", "utf-8")
    with Store(tmp_path) as store:
        assert store.seeds() == [good]
    assert (tmp_path / "seeds" / bad.id / "file" / "bad.mid").read_bytes() == b"2"


@pytest.mark.parametrize("name", ["kept", "seed.json", "file", "Kept", "seed", ".new-x", "take.json"])
def test_an_upload_of_the_stores_own_names_stays_as_it_is(tmp_path: Path, name: str) -> None:
    with Store(tmp_path) as store:
        seed, take = a_project(store, name)
        store.keep(seed, take)
    with Store(tmp_path) as store:
        assert store.seeds() == [seed]
        assert store.seed_file(seed).read_bytes() == b"notes"
        assert store.kept(seed) == take.id


@pytest.mark.parametrize("name", ["song.mid", "kept", "file"])
def test_an_upload_from_before_they_had_folders_is_still_read(tmp_path: Path, name: str) -> None:
    with Store(tmp_path) as store:
        seed, take = a_project(store, name)
    place = tmp_path / "seeds" / seed.id
    (place / "file").rename(place / "folder")
    (place / "folder" / name).rename(place / name)
    (place / "folder").rmdir()
    with Store(tmp_path) as store:
        assert store.seed_file(seed).read_bytes() == b"notes"
        store.keep(seed, take)
        assert store.seed_file(seed).read_bytes() == b"notes"
        assert store.kept(seed) == take.id


def test_a_full_disk_is_told_without_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    with Store(tmp_path) as store:
        seed = store.add_seed("song.mid", b"notes")
        monkeypatch.setattr("os.replace", full)
        monkeypatch.setattr(Path, "write_bytes", full)
        for asked in (lambda: store.add_seed("a.mid", b"1"), lambda: store.keep(seed, a_take(seed.id))):
            with pytest.raises(OutputError, match="cannot be written") as caught:
                asked()
            assert str(tmp_path) not in str(caught.value)
    assert {path.name for path in (tmp_path / "seeds" / seed.id).iterdir()} == {"seed.json", "file"}


def test_a_full_disk_keeps_nobody_from_deleting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    with Store(tmp_path) as store:
        seed, take = a_project(store, "song.mid")
        with store.add_made(take, "sound") as folder:
            (folder / "sound-1.flac").write_bytes(b"much")
        for writer in ("write_bytes", "write_text", "mkdir"):
            monkeypatch.setattr(Path, writer, full)
        monkeypatch.setattr("tempfile.mkdtemp", full)
        store.discard(take)
        assert not list(tmp_path.rglob("sound-1.flac")), "there is room again"
        store.discard(seed)
        assert (store.seeds(), [one.thing for one in store.trash()]) == ([], [seed])
        store.restore_seed(seed.id)
        assert store.restore_take(take.id) == take
        assert (store.seeds(), store.takes(seed.id), store.trash()) == ([seed], [take], [])


def test_what_cannot_be_moved_stays_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    with Store(tmp_path) as store:
        seed, take = a_project(store, "song.mid")
        with monkeypatch.context() as change:
            change.setattr(Path, "rename", refused)
            for thing in (seed, take):
                with pytest.raises(OutputError, match=r"cannot be written \(Permission denied\)") as caught:
                    store.discard(thing)
                assert str(tmp_path) not in str(caught.value)
        assert (store.seed(seed.id), store.take(take.id), store.trash()) == (seed, take, [])


def test_what_somebody_took_out_of_the_trash_is_not_in_it(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        seed, _ = a_project(store, "song.mid")
        store.discard(seed)
        shutil.rmtree(tmp_path / "trash" / "seeds" / seed.id)
        assert store.trash() == []
        with pytest.raises(NotHere, match="in the trash"):
            store.restore_seed(seed.id)


def test_a_folder_under_another_name_than_its_id_is_left_alone(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        seed, _ = a_project(store, "song.mid")
    shutil.copytree(tmp_path / "seeds" / seed.id, tmp_path / "trash" / "seeds" / "copy")
    shutil.copytree(tmp_path / "seeds" / seed.id, tmp_path / "seeds" / "copy")
    with Store(tmp_path) as store:
        assert (store.seeds(), store.trash()) == ([seed], [])


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("歌" * 85 + ".wav", "歌" * 60 + ".wav"),
        ("𠮷" * 80 + ".mid", "𠮷" * 45 + ".mid"),
        ("aa" + "歌" * 85 + ".mid", "aa" + "歌" * 59 + ".mid"),
        ("x" * 150 + ".MusicXML", "x" * 80 + ".musicxml"),
        ("a\0b\r\n\x7f.w\0av", "ab.wav"),
        ("\ud800.mid", ".mid"),
        ("夜\u3000の 歌.mid", "夜\u3000の 歌.mid"),
        ("x.mid" + "𠮷" * 80, "x.mid" + "𠮷" * 6),
    ],
    ids=["three bytes", "four bytes", "between", "letters", "control", "surrogate", "spaces", "ending"],
)
def test_a_name_is_cut_between_characters_and_keeps_its_ending(name: str, short: str) -> None:
    assert short_name(name) == short
    assert short_name(short) == short


def test_two_studios_do_not_share_a_folder(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(InputError, match="another studio works in this folder"), Store(tmp_path):
        pass


@pytest.mark.parametrize(
    "name", ["../../evil.mid", "/etc/passwd", "..", "a\0b.mid", "x" * 300 + ".mid", "", ".mid", "con/../x.mid"]
)
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    with Store(tmp_path / "studio") as store:
        path = store.seed_file(store.add_seed(name, b"notes"))
        assert path.read_bytes() == b"notes"
        assert path.resolve().is_relative_to(tmp_path / "studio" / "seeds")
    assert {found.name for found in tmp_path.iterdir()} == {"studio"}


def test_ids_that_were_not_given_out_are_not_there(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        seed, other = store.add_seed("a.mid", b"1"), store.add_seed("b.mid", b"2")
        with pytest.raises(NotHere, match="no seed"):
            store.seed("../../../etc")
        with pytest.raises(NotHere, match="no arrangement"):
            store.take("x" * 16)
        with pytest.raises(NotHere, match="another seed"):
            store.keep(seed, replace(a_take(other.id)))


def test_no_two_ids_are_alike_and_none_can_be_guessed() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(one) for one in ids} == {16}
