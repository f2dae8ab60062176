"""The user's register of models: names for checkpoint folders, what was in them, and which one plays."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from composer.digest import sha256_of
from composer.errors import CheckpointError, InputError
from composer.trust.places import user_folder, write_file
from composer.trust.signature import CARD, WEIGHTS

RUNS_OWN = "checkpoint"
"""The folder in a training run's that holds its best weights."""
SHIPPED = "shipped"
"""The name of the weights that come with composer; it cannot be given to others."""


@dataclass(frozen=True)
class Entry:
    """One version of a model."""

    name: str
    path: str
    sha256: str
    """Of its weights, as its card said when it was added."""
    model: str
    added: str
    """UTC, ISO 8601."""

    @property
    def folder(self) -> Path:
        return Path(self.path)


@dataclass(frozen=True)
class Register:
    """What `models.json` in the user's folder holds; it never changes, edits are saved as a new one."""

    entries: tuple[Entry, ...] = ()
    used: str = SHIPPED
    """The name of the model that plays where none is named."""

    def entry(self, name: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.name == name), None)


def register_file() -> Path:
    return user_folder() / "models.json"


def read_register() -> Register:
    """The register, empty where there is none. Raises CheckpointError where it is damaged."""
    path = register_file()
    try:
        content = json.loads(path.read_text("utf-8"))
        return Register(tuple(Entry(**entry) for entry in content["models"]), str(content["use"]))
    except FileNotFoundError:
        return Register()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: the register of models is damaged ({error}); repair it or remove it") from None


def used_folder() -> Path | None:
    """The checkpoint the user chose with `composer models use`, None for the shipped one."""
    register = read_register()
    if register.used == SHIPPED:
        return None
    entry = register.entry(register.used)
    if entry is None:
        raise CheckpointError(
            f"{register_file()}: the chosen model {register.used!r} is not in it; composer models use {SHIPPED}"
        )
    return entry.folder


def resolve(name_or_path: Path | str) -> Path:
    """A registered name → its folder; anything else is a path. Of a run of `composer train` the checkpoint in it is meant."""
    name = str(name_or_path)
    path = Path(name)
    if "/" in name or "\\" in name or path.exists():
        inside = path / RUNS_OWN
        return inside if not (path / CARD).exists() and (inside / CARD).exists() else path
    entry = read_register().entry(name)
    return entry.folder if entry else path


def add(folder: Path, name: str) -> Entry:
    """Register the checkpoint in `folder`.

    Raises InputError for a name that is taken, CheckpointError for no checkpoint, or weights that are not its card's.
    """
    register = read_register()
    if not name or name == SHIPPED or set(name) & set("/\\\n\r"):
        raise InputError(f"a model cannot be called {name!r}; choose another --name")
    folder = folder.resolve()
    card = read_card(folder)
    known = register.entry(name)
    digest = str(card.get("sha256", ""))
    if known is not None and (known.path, known.sha256) != (str(folder), digest):
        raise InputError(f"{name}: the register has another model of this name ({known.path}); choose another --name")
    weights = folder / WEIGHTS  # encrypted ones are taken at their card's word, and checked when they are loaded
    if weights.is_file() and sha256_of(weights) != digest:
        raise CheckpointError(f"{folder}: the weights do not match their card; get it again")
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    entry = known or Entry(name, str(folder), digest, str(card.get("model", "")), now)
    others = tuple(other for other in register.entries if other.name != name)
    _save(Register((*others, entry), register.used))
    return entry


def usual_name(folder: Path) -> str:
    """What a checkpoint is called where nobody says: as its folder; of a training run, whose are all called alike, as the run."""
    folder = folder.resolve()
    return folder.parent.name or folder.name if folder.name == RUNS_OWN else folder.name


def use(name: str) -> None:
    """Let the model of that name play. Raises InputError where there is none."""
    register = read_register()
    if name != SHIPPED and register.entry(name) is None:
        have = ", ".join((SHIPPED, *(entry.name for entry in register.entries)))
        raise InputError(f"no model called {name!r} in the register; there are: {have}")
    _save(Register(register.entries, name))


def remove(name: str) -> None:
    """Take a name off the register; the files stay. Raises InputError where there is none."""
    register = read_register()
    if register.entry(name) is None:
        raise InputError(f"no model called {name!r} in the register; see: composer models")
    left = tuple(entry for entry in register.entries if entry.name != name)
    _save(Register(left, SHIPPED if register.used == name else register.used))


def read_card(folder: Path) -> dict[str, Any]:
    """A checkpoint's card. Raises CheckpointError."""
    try:
        card = json.loads((folder / CARD).read_text("utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{folder}: not a checkpoint, {CARD} is missing; name a folder made by training"
        ) from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder / CARD}: cannot be read ({error})") from None
    if not isinstance(card, dict):
        raise CheckpointError(f"{folder / CARD}: not a card")
    return card


def _save(register: Register) -> None:
    content = {"use": register.used, "models": [asdict(entry) for entry in register.entries]}
    write_file(register_file(), json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
