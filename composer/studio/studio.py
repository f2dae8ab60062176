"""The studio itself: its folder, its band, its jobs, and what can be asked of them. Knows nothing of HTTP."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from composer import formats
from composer.errors import ComposerError, MusicFileError
from composer.options import ReworkOptions
from composer.record import plain
from composer.references import hear_reference
from composer.restyle import restyle
from composer.rework import rework
from composer.studio import asking
from composer.studio.band import Band
from composer.studio.examples import examples
from composer.studio.jobs import Job, Jobs, Work
from composer.studio.names import short_name
from composer.studio.problems import NotHere, NotNow
from composer.studio.settings import StudioSettings
from composer.studio.shapes import ArrangeRequest, MixRequest, ReworkRequest, Wishes
from composer.studio.sounding import Sounds
from composer.studio.store import Seed, Store, Take, Trashed
from composer.studio.views import seed_score, take_score
from composer.studio.writing import MIDI, Order, write_takes


class Studio:
    """`with Studio(settings) as studio:`. Every method may be called from any thread."""

    def __init__(self, settings: StudioSettings) -> None:
        self.settings = settings
        self.store = Store(settings.folder)
        self.band = Band(settings.checkpoint)
        self.sounds = Sounds(self.store, settings.soundfont)
        self._claims = threading.Lock()  # held while a job lays claim to seeds and takes, or one of them goes

    def __enter__(self) -> Studio:
        self.store.__enter__()
        self.jobs = Jobs(self.settings.waiting)
        self.band.warm_up()
        return self

    def __exit__(self, *_: object) -> None:
        self.jobs.close()
        self.band.close()
        self.store.__exit__()

    # --- seeds ---

    def add_seed(self, name: str, content: bytes, reference: bool = False) -> Seed:
        """Keep an upload that can be read; of a recording, the melody heard in it.

        Raises MusicFileError; AudioError; InputError for a recording without a melody, or a reference in which no band plays.
        """
        name = short_name(name)
        if not content:
            raise MusicFileError(f"{name}: is empty (0 bytes); export or download it again")
        if formats.is_recording(name):
            name, content = _written_down(name, content)
        seed = self.store.add_seed(name, content, reference)
        try:
            score = seed_score(seed, self.store)
            if not any(len(part) for part in score.parts):
                raise MusicFileError(f"{seed.file}: there are no notes in this file; give one with a melody")
            if reference:
                hear_reference(score)
        except ComposerError:
            self.store.remove_seed(seed.id)
            raise
        return seed

    def add_example(self, name: str) -> Seed:
        """A bundled tune as a seed. Raises NotHere."""
        tunes = examples()
        if name not in tunes:
            raise NotHere(f"no example called {name!r}; choose from: {', '.join(sorted(tunes))}")
        return self.add_seed(tunes[name].name, tunes[name].read_bytes())

    # --- music ---

    def arrange(self, asked: ArrangeRequest) -> Job:
        """A band around a seed. Raises InputError, Busy."""
        seed = self.store.seed(asked.seed_id)
        path = self.store.seed_file(seed)
        score = seed_score(seed, self.store)
        options = asking.arrange_options(asked, score, self.store, self.band.arranger.checkpoint)
        return self._write(
            Order(
                "arrange",
                seed.id,
                None,
                score,
                options,
                asked.takes,
                _plain(asked),
                self._inputs(path, asked),
                lambda arranger, *rest: arranger.arrange(*rest),
                _style_label(asked, "pop"),
            )
        )

    def rework(self, take: Take, asked: ReworkRequest) -> Job:
        """Some bars of some parts of a take anew. Raises InputError, Busy."""
        score = take_score(take, self.store)
        options = asking.rework_options(asked, score, self.store, self.band.arranger.checkpoint)
        first, last = options.bars
        where = f"bar{'s' if last > first else ''} {first}" + (f"–{last}" if last > first else "")
        style = f", {asked.style}" if asked.style else ""
        return self._write(
            Order(
                "rework",
                take.seed_id,
                take.id,
                score,
                options.wishes,
                asked.takes,
                _plain(asked) | {"style": asked.style or take.wishes.get("style")},
                self._inputs(self.store.take_folder(take) / MIDI, asked),
                lambda arranger, piece, wishes, on_bar: rework(
                    arranger, piece, ReworkOptions(options.bars, options.parts, wishes), on_bar
                ),
                f"{', '.join(options.parts)} in {where}{style}",
            )
        )

    def restyle(self, take: Take, asked: Wishes) -> Job:
        """Another band for a take's melody and harmony. Raises InputError, Busy."""
        score = take_score(take, self.store)
        options = asking.restyle_options(asked, score, self.store, self.band.arranger.checkpoint)
        inputs = self._inputs(self.store.take_folder(take) / MIDI, asked)
        label = f"as {_style_label(asked, '')}"
        return self._write(
            Order("restyle", take.seed_id, take.id, score, options, asked.takes, _plain(asked), inputs, restyle, label)
        )

    def _write(self, order: Order) -> Job:
        used = (order.seed_id, order.parent, order.asked.get("style_from"))
        return self._begin("music", order.kind, used, lambda job: write_takes(job, order, self.band, self.store))

    def _inputs(self, path: Path, asked: Wishes) -> dict[str, Path]:
        reference = self.store.seed(asked.style_from) if asked.style_from else None
        return {"input": path} | ({"style_from": self.store.seed_file(reference)} if reference else {})

    # --- sound ---

    def sound(self, take: Take, early: bool, url: Callable[[str], str]) -> Job:
        """Stems for a page with faders; `early`: of the first seconds. Raises Busy."""
        return self._play("sound", take, lambda job: self.sounds.make_sound(job, take, early, url))

    def mix(self, take: Take, asked: MixRequest, url: Callable[[str], str]) -> Job:
        """The mix with the faders as they stand. Raises Busy."""
        return self._play("mix", take, lambda job: self.sounds.make_mix(job, take, asked, url))

    def export(self, take: Take, asked: MixRequest, url: Callable[[str], str]) -> Job:
        """Everything of a take in one zip. Raises Busy."""
        title = self.store.seed(take.seed_id).name
        return self._play("export", take, lambda job: self.sounds.make_parcel(job, take, asked, title, url))

    def _play(self, kind: str, take: Take, work: Work) -> Job:
        return self._begin("sound", kind, (take.id, take.seed_id), work)

    def _begin(self, worker: str, kind: str, used: Iterable[str | None], work: Work) -> Job:
        """Queue a job for things that are there. Raises NotHere where one was deleted this moment, Busy."""
        uses = frozenset(one for one in used if one)
        with self._claims:
            self.store.check_there(uses)
            return self.jobs.begin(worker, Job(kind, work, uses))

    # --- the trash ---

    def discard(self, thing: Seed | Take) -> Trashed:
        """Move a seed, with its takes, or a single take into the trash. Raises NotHere, NotNow while a job works on it."""
        with self._claims:
            if job := self.jobs.using(thing.id):
                name = thing.label if isinstance(thing, Take) else thing.name
                raise NotNow(f"{name!r} is in use by a job ({job.kind}); wait until that is done, or cancel it")
            return self.store.discard(thing)

    def restore_seed(self, seed_id: str) -> Seed:
        """Bring a seed and its takes back from the trash. Raises NotHere."""
        with self._claims:
            return self.store.restore_seed(seed_id)

    def restore_take(self, take_id: str) -> Take:
        """Bring a take back from the trash. Raises NotHere, NotNow."""
        with self._claims:
            return self.store.restore_take(take_id)


def _written_down(name: str, content: bytes) -> tuple[str, bytes]:
    """A recording → the name and bytes of a MIDI file with the melody heard in it: listened to once, not with every wish."""
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / name
        recording.write_bytes(content)
        seed = recording.with_suffix(".seed.mid")
        try:
            formats.save(formats.load(recording), seed)
        except ComposerError as error:
            raise type(error)(str(error).replace(str(recording), recording.name)) from None
        return f"{recording.stem}.mid", seed.read_bytes()


def _plain(asked: Wishes) -> dict[str, Any]:
    said: dict[str, Any] = plain(asked.model_dump(by_alias=True, exclude_defaults=True))
    return said


def _style_label(asked: Wishes, otherwise: str) -> str:
    named = (asked.style or otherwise).replace(":", " ").replace(",", " + ")
    return "the reference" if asked.style_from and not asked.style else named
