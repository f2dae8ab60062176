"""A worker's loaded model and the loop that generates units of pieces with it, shared by process workers and Ray actors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from composer.arrange import Arranger
from composer.batch import near_duplicates
from composer.batch.alone import write_tune
from composer.batch.lockstep import LANES, Job, Lockstep
from composer.batch.making import KEPT, Heard, Made, failed, make
from composer.batch.pieces import Piece, Pieces, dice
from composer.batch.plan import BatchPlan
from composer.batch.seeds import Seed
from composer.batch.shards import Finished, Unit, write_shard
from composer.batch.store import open_store, telling
from composer.errors import OutputError
from composer.model.checkpoint import load_checkpoint
from composer.score import Score

if TYPE_CHECKING:
    from composer.batch.originality import TrainingRuns

MOST_SEEDS = 256
"""Seeds a worker keeps in memory."""

Tell = Callable[[str, Any], None]
"""("starting", index) where a piece is about to be made alone, ("piece", record) for each one done, ("beat", None) in between."""

More = Callable[[], Sequence[Unit]]
"""Asked again and again while there is work: units to be made beside those in hand."""


@dataclass(frozen=True)
class Setting:
    """All that a worker needs to begin."""

    plan: BatchPlan
    seeds: tuple[Seed, ...]
    where: str
    checkpoint: str | None
    lanes: int = LANES


class PieceMaker:
    """A model, loaded, and the seeds last used."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.plan = setting, setting.plan
        self.pieces = Pieces(setting.plan, setting.seeds)
        self.store = open_store(setting.where)
        checkpoint = load_checkpoint(setting.checkpoint)
        self.arranger = Arranger(checkpoint)
        # Other trunks than LSTMs play one after another.
        self.lockstep = Lockstep[Any](checkpoint, setting.lanes) if checkpoint.config.trunk == "lstm" else None
        self.training: TrainingRuns | None = None
        if self.plan.training:
            from composer.batch.originality import TrainingRuns

            self.training = TrainingRuns.load(Path(self.plan.training))
        self._heard: OrderedDict[str, Heard | Exception] = OrderedDict()

    def do(
        self,
        units: Sequence[Unit],
        tell: Tell,
        careful: bool = False,
        poisoned: Mapping[int, str] | None = None,
        more: More = list,
    ) -> Iterator[Unit]:
        """Make these units' pieces and write their shards; yields each unit when its shard is there.

        careful: one piece at a time, each announced, so that one that kills the process is known.
        poisoned: pieces to skip because they killed workers, and why. Raises OutputError where the store cannot be written.
        """
        poisoned = poisoned or {}
        done: dict[str, list[Finished]] = {}
        unit_of: dict[int, Unit] = {}
        lengths: dict[int, float] = {}
        wanted: list[Piece] = []

        def take(units: Sequence[Unit]) -> None:
            done.update({unit.name: [] for unit in units})
            unit_of.update({index: unit for unit in units for index in unit.indexes})
            indexes = [index for unit in units for index in unit.indexes]
            for index in (index for index in indexes if index in poisoned):
                self._finish_record(failed(self.pieces[index], poisoned[index]), None, done[unit_of[index].name], tell)
            wanted.extend(self.pieces[index] for index in indexes if index not in poisoned)

        def sort() -> None:
            lengths.update({piece.index: self._length(piece, tell) for piece in wanted if piece.index not in lengths})
            wanted.sort(key=lambda piece: lengths[piece.index])

        def jobs() -> Iterator[tuple[int, Job[Made]]]:
            while wanted:
                piece = wanted.pop(0 if careful else -1)
                yield piece.index, self._job(piece, unit_of[piece.index], tell, careful)
                if not careful and (units := more()):
                    take(units)
                    sort()

        with threadpool_limits(1, "blas"):
            take(units)
            yield from self._complete(units, done)
            if not careful:
                self._write_seeds({piece.seed for piece in wanted if piece.seed and not piece.seed.path}, tell)
                sort()
                if self.lockstep is not None:
                    self.lockstep.bars_of = lambda index: lengths.get(index, 0.0)
            for index, made in self._run(jobs(), tell, careful):
                unit = unit_of[index]
                if isinstance(made, OutputError):
                    raise made
                self.finish(index, made, done[unit.name], tell)
                yield from self._complete([unit], done)
            yield from self._complete(list(set(unit_of.values())), done)  # came later, with nothing in them to try

    def _run(self, jobs: Iterator[tuple[int, Job[Any]]], tell: Tell, careful: bool) -> Iterator[tuple[int, Any]]:
        if self.lockstep is None:
            for index, job in jobs:
                try:
                    yield index, job(self.arranger)
                except Exception as error:  # the piece's, not ours: it goes into its record
                    yield index, error
            return
        self.lockstep.on_cycle = partial(tell, "beat", None)
        if not careful:
            yield from self.lockstep.run(jobs)
            return
        for numbered in jobs:
            yield from self.lockstep.run([numbered])

    def _job(self, piece: Piece, unit: Unit, tell: Tell, careful: bool) -> Job[Made]:
        def job(arranger: Arranger) -> Made:
            if careful:
                tell("starting", piece.index)
            return make(arranger, self.plan, piece, self._seed(piece.seed, arranger), unit.first_attempt, self.training)

        return job

    def _seed(self, seed: Seed | None, arranger: Arranger | None = None) -> Heard | None:
        """A seed ready to work with. Raises what is wrong with it, again and again."""
        if seed is None:
            return None
        if seed.key not in self._heard:
            try:
                score = seed.read() if seed.path else self._tune(seed, arranger or self.arranger)
                self._remember(seed, Heard(score))
            except Exception as error:  # told by every piece that is made from it
                self._remember(seed, error)
        self._heard.move_to_end(seed.key)
        heard = self._heard[seed.key]
        if isinstance(heard, Exception):
            raise heard
        return heard

    def _remember(self, seed: Seed, heard: Heard | Exception) -> None:
        self._heard[seed.key] = heard
        if len(self._heard) > MOST_SEEDS:
            self._heard.popitem(last=False)

    def _tune(self, seed: Seed, arranger: Arranger) -> Score:
        return write_tune(arranger, self.plan.own_bars, dice(f"{self.plan.seed}:{seed.key}"))

    def _write_seeds(self, seeds: set[Seed], tell: Tell) -> None:
        """Let the model write its own melodies, all of them at once."""
        missing = sorted((seed for seed in seeds if seed.key not in self._heard), key=lambda seed: seed.number)
        jobs = (
            (number, partial(lambda seed, arranger: self._tune(seed, arranger), seed))
            for number, seed in enumerate(missing)
        )
        for number, score in self._run(iter(jobs), tell, False):
            self._remember(missing[number], score if isinstance(score, Exception) else Heard(score))

    def _length(self, piece: Piece, tell: Tell) -> float:
        """Bars or so: the longest go first, so that none is left playing alone at the end."""
        tell("beat", None)  # reading many scores takes long
        if piece.seed is None or not piece.seed.path:
            return float(self.plan.own_bars)
        try:
            heard = self._seed(piece.seed)
        except Exception:  # it is told when the piece's turn comes
            return 0.0
        assert heard is not None
        return heard.score.end / heard.score.ticks_per_beat / 4

    def make_only(self, indexes: Sequence[int]) -> Iterator[tuple[int, Made | Exception]]:
        """Make pieces and write nothing."""
        unit = Unit("", tuple(indexes))
        wanted = [self.pieces[index] for index in indexes]
        with threadpool_limits(1, "blas"):
            self._write_seeds({piece.seed for piece in wanted if piece.seed and not piece.seed.path}, _nobody)
            jobs = ((piece.index, self._job(piece, unit, _nobody, False)) for piece in wanted)
            yield from self._run(jobs, _nobody, False)

    def finish(self, index: int, made: Made | Exception, done: list[Finished], tell: Tell) -> None:
        """Add a piece to those that are done: its record, its sound, its signature, or why there is none of it."""
        if isinstance(made, Exception):
            self._finish_record(failed(self.pieces[index], made), None, done, tell)
        else:
            self._finish_record(made.record, made, done, tell)

    def _finish_record(self, record: dict[str, Any], made: Made | None, done: list[Finished], tell: Tell) -> None:
        files: dict[str, Any] = {}
        if made is not None:
            files[".mid"] = made.midi
            roles = record["parts"]
            if self.plan.gate.near_duplicates and record["status"] == KEPT:
                record["minhash"] = near_duplicates.signature(near_duplicates.figures(made.score, roles))
            if self.plan.output.audio != "none" and record["status"] == KEPT:
                from composer.batch.sound import record_sound

                with telling(self.store.where):
                    files |= record_sound(made.score, self.plan.output, self.store.scratch(), record["id"])
        done.append(Finished(record, files))
        tell("piece", {name: record.get(name) for name in ("index", "status", "notes", "bytes")})

    def _complete(self, units: Sequence[Unit], done: dict[str, list[Finished]]) -> Iterator[Unit]:
        for unit in units:
            if unit.name in done and len(done[unit.name]) == len(unit.indexes):
                write_shard(self.store, unit, done.pop(unit.name), self.plan.output.layout)
                yield unit


def _nobody(_what: str, _value: object) -> None:
    """Nobody listens."""
