"""What the sound worker does: stems for the page's faders, a mix with the faders as they stand, and the parcel of everything."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from composer import formats
from composer.audio.mixer import Mix, MixSettings, mix
from composer.audio.profiles import STYLE_LU
from composer.audio.stem_files import file_name, write_stems
from composer.audio.synth import Stems, render
from composer.audio.wav import write_sound
from composer.digest import sha256_of
from composer.record import plain, sound_story
from composer.score import Score
from composer.studio.jobs import Job
from composer.studio.names import cut
from composer.studio.shapes import MixRequest, SoundView, StemView
from composer.studio.store import Store, Take
from composer.studio.views import take_score
from composer.studio.writing import CHART, MIDI, RECORD

SOUND, EARLY = "sound", "early"
"""The folders of the page's stems and of the JSON that says how to play them: of the whole take, and of its beginning."""
EARLY_S = 10.0
"""How much is played while the whole is made."""
FULL = 0.98
"""Each stem is written at this peak, and its scale told: 16 bits are then enough for any."""


class Sounds:
    """Renders takes. The last one's stems are kept, since who has listened to a take will soon want its mix."""

    def __init__(self, store: Store, soundfont: str | None) -> None:
        self._store, self._font = store, soundfont
        self._last: tuple[str, Stems] | None = None

    def stems(self, job: Job, take: Take) -> Stems:
        """Every part by itself, as the soundfont plays it."""
        if self._last is None or self._last[0] != take.id:
            self._last = None
            tell = job.step("playing the parts")
            score = take_score(take, self._store)
            self._last = take.id, render(score, self._font, on_progress=tell)
        return self._last[1]

    def settings(self, take: Take, asked: MixRequest) -> MixSettings:
        """The balance that the take's style asks for, and the faders."""
        style = take.wishes.get("style") or ""
        return MixSettings(
            style=style if style in STYLE_LU else None,
            gain_db={part: gain if gain > -60 else -math.inf for part, gain in asked.gain_db.items()},
            pan=dict(asked.pan),
            mute=tuple(asked.mute),
            solo=tuple(asked.solo),
        )

    def mixed(self, job: Job, take: Take, asked: MixRequest) -> Mix:
        stems = self.stems(job, take)
        job.step("mixing")
        return mix(stems, self.settings(take, asked))

    # --- for the page ---

    def make_sound(self, job: Job, take: Take, early: bool, url: Callable[[str], str]) -> None:
        """Stems as they stand in the mix before the limiter, and what a player needs to know of the rest.

        `early`: the first seconds alone, balanced by themselves, to listen to while the whole is made.
        """
        folder = self._store.take_folder(take)
        score = take_score(take, self._store)
        whole = not early or score.duration_s < 2 * EARLY_S or (folder / SOUND).is_dir()
        kind = SOUND if whole else EARLY
        if not (folder / kind).is_dir():
            mixed = self.mixed(job, take, MixRequest()) if whole else self._first(job, take, score)
            self._hand_over(job, take, kind, mixed, url)
        job.files.append(url(f"{kind}.json"))

    def _first(self, job: Job, take: Take, score: Score) -> Mix:
        end = int(score.tempo.ticks(EARLY_S))
        tell = job.step("rendering the first bars")
        stems = render(
            score.with_parts(part.clip(0, end) for part in score.parts), self._font, tail_s=0, on_progress=tell
        )
        return mix(stems, self.settings(take, MixRequest()))

    def _hand_over(self, job: Job, take: Take, kind: str, mixed: Mix, url: Callable[[str], str]) -> None:
        tell = job.step("preparing the stems")
        with self._store.add_made(take, kind) as folder:
            stems = []
            for at, level in enumerate(mixed.table):
                name = f"{kind}-{at + 1}.flac"
                stems.append(
                    StemView(
                        part=level.part,
                        role=level.role,
                        url=url(name),
                        scale=_write_scaled(folder / name, mixed.stem(level.part), mixed.sample_rate),
                        gain_db=level.gain_db if math.isfinite(level.gain_db) else None,
                        pan=level.pan,
                        heard=level.heard,
                    )
                )
                tell((at + 1) / len(mixed.table))
            (folder / f"{kind}.json").write_text(_sound_view(mixed, stems, kind == SOUND).model_dump_json(), "utf-8")

    # --- to take away ---

    def make_mix(self, job: Job, take: Take, asked: MixRequest, url: Callable[[str], str]) -> None:
        """The mix with these faders as a 24-bit WAV, and its table as JSON."""
        name = f"mix-{digest(asked)}"
        if not (self._store.take_folder(take) / name).is_dir():
            mixed = self.mixed(job, take, asked)
            with self._store.add_made(take, name) as folder:
                write_sound(folder / "mix.wav", mixed.audio, mixed.sample_rate)
                (folder / "mix.json").write_text(json.dumps(plain(sound_story(mixed)), indent=2), "utf-8")
        job.files += [url(f"{name}.wav"), url(f"{name}.json")]

    def make_parcel(self, job: Job, take: Take, asked: MixRequest, title: str, url: Callable[[str], str]) -> None:
        """Everything of a take in one zip: MIDI, score, chart, record, the mix with these faders and its stems."""
        name = f"export-{digest(asked)}"
        if not (self._store.take_folder(take) / name).is_dir():
            mixed = self.mixed(job, take, asked)
            with self._store.add_made(take, name) as folder:
                job.step("engraving and packing")
                _fill(folder, self._store.take_folder(take), mixed, asked, file_name(cut(title)))
        job.files.append(url(f"{name}.zip"))


def digest(asked: MixRequest) -> str:
    """The same for the same faders: what has been made once is not made again."""
    return hashlib.sha256(json.dumps(asked.model_dump(), sort_keys=True).encode()).hexdigest()[:16]


def _write_scaled(path: Path, sound: np.ndarray, rate: int) -> float:
    peak = float(np.abs(sound).max(initial=0.0))
    if peak:
        sound = sound * np.float32(FULL / peak)
    write_sound(path, sound, rate, 16)
    return peak / FULL


def _sound_view(mixed: Mix, stems: list[StemView], whole: bool) -> SoundView:
    limiter = mixed.master.limiter
    return SoundView(
        whole=whole,
        sample_rate=mixed.sample_rate,
        duration_s=mixed.stems.duration_s,
        stems=stems,
        ceiling_dbtp=limiter.ceiling_dbtp,
        margin_db=limiter.margin_db,
        attack_s=limiter.attack_s,
        release_db_s=limiter.release_db_s,
        lufs=mixed.lufs if math.isfinite(mixed.lufs) else None,
        true_peak_dbtp=mixed.true_peak_dbtp if math.isfinite(mixed.true_peak_dbtp) else None,
        soundfont=mixed.stems.soundfont.name if mixed.stems.soundfont else "",
        notices=list(mixed.stems.notices),
    )


def _fill(folder: Path, take: Path, mixed: Mix, asked: MixRequest, title: str) -> None:
    """The zip, from files beside it that go again when it is packed."""
    scratch = folder / "parts"
    scratch.mkdir()
    score = formats.load(take / MIDI)
    formats.save(score, scratch / f"{title}.musicxml")
    (scratch / f"{title}.mid").write_bytes((take / MIDI).read_bytes())
    (scratch / f"{title}.chords.txt").write_bytes((take / CHART).read_bytes())
    write_sound(scratch / f"{title}.wav", mixed.audio, mixed.sample_rate)
    write_stems(scratch / f"{title}-stems", mixed)
    record = json.loads((take / RECORD).read_text("utf-8"))
    record["sound"] = sound_story(mixed) | {"faders": asked.model_dump()}
    record["licence"] = record.get("licence", {}) | {"soundfont": record["sound"]["soundfont_licence"]}
    files = sorted(path for path in scratch.rglob("*") if path.is_file())
    record["files"] = {path.relative_to(scratch).as_posix(): sha256_of(path) for path in files}
    text = json.dumps(plain(record), indent=2, ensure_ascii=False) + "\n"
    with zipfile.ZipFile(folder / "export.zip", "w", zipfile.ZIP_STORED) as parcel:  # sound does not get smaller by it
        for path in files:
            parcel.write(path, f"{title}/{path.relative_to(scratch).as_posix()}")
            path.unlink()
        parcel.writestr(f"{title}/{title}.json", text)
    for path in sorted(scratch.rglob("*"), reverse=True):
        path.rmdir()
    scratch.rmdir()
