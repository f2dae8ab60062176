"""A finished corpus, opened again: its rows, and the music they speak of."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from composer.batch import manifest
from composer.batch.making import KEPT
from composer.batch.run import PLAN, read_plan_of
from composer.batch.store import Store, open_store
from composer.errors import InputError


@dataclass(frozen=True)
class Corpus:
    """A corpus by its manifest. Rows are as `manifest.FIELDS` names them."""

    store: Store
    plan: dict[str, Any]
    """What its plan.json says."""

    @classmethod
    def open(cls, where: str) -> Corpus:
        """The corpus in a folder or at a URL. Raises InputError where there is none, or where it is not finished."""
        store = open_store(where)
        plan = read_plan_of(store)
        if plan is None:
            raise InputError(f"{where}: no corpus is here ({PLAN} is missing); composer generate makes one")
        if manifest.LINES not in store.names(""):
            raise InputError(f"{where}: this corpus is not finished; go on with: composer generate --out {where}")
        return cls(store, plan)

    @property
    def name(self) -> str:
        return str(self.plan["plan"]["name"])

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every piece, whatever became of it. Raises InputError where the manifest cannot be read."""
        try:
            yield from manifest.read(self.store)
        except (OSError, ValueError) as error:
            raise self._damaged(manifest.LINES, error) from None

    def kept(self) -> Iterator[dict[str, Any]]:
        """The pieces that are in the corpus."""
        return (row for row in self.rows() if row["status"] == KEPT)

    def music(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """(row, MIDI bytes) of every piece that is kept; of a tar no more than one is in memory. Raises InputError for damage."""
        name, members = "", {}
        for row in self.kept():
            try:
                if row["member"] and row["file"] != name:
                    name, members = row["file"], self.members(row["file"])
                data = members[row["member"]] if row["member"] else self.store.read(row["file"])
            except KeyError:
                raise self._damaged(name, f"{row['member']} is missing in it") from None
            except (OSError, EOFError, tarfile.TarError) as error:
                raise self._damaged(row["file"], error) from None
            yield row, data

    def _damaged(self, name: str, error: Exception | str) -> InputError:
        why = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        where = self.store.where
        return InputError(
            f"{where}/{name}: cannot be read ({why}); composer corpus verify {where} finds all that is damaged"
        )

    def members(self, name: str) -> dict[str, bytes]:
        """What a tar holds. Raises FileNotFoundError, tarfile.TarError."""
        with tarfile.open(fileobj=io.BytesIO(self.store.read(name))) as tar:
            return {info.name: file.read() for info in tar if (file := tar.extractfile(info)) is not None}

    @cached_property
    def groups(self) -> dict[str, str]:
        """What must stay on one side of a split: id → its seed, or the seed of what it is nearly the same as."""
        rows = list(self.rows())
        work = {row["id"]: row["seed_sha256"] or row["id"] for row in rows}
        leader = {name: name for name in work.values()}

        def find(name: str) -> str:
            while leader[name] != name:
                name = leader[name]
            return name

        for row in rows:
            if row["near_duplicate_group"]:
                leader[find(work[row["id"]])] = find(work[row["near_duplicate_group"]])
        return {piece: find(name) for piece, name in work.items()}
