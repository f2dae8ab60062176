"""What a checkpoint says of the data it learned from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from composer.model.checkpoint import CARD
from composer.training.packing import Pack
from composer.trust.register import read_card, resolve

Corpora = dict[str, dict[str, Any]]
"""Corpus → {"licence": its licences, ", " between them, "songs": how many}."""

OPEN_WEIGHTS = "MIT (the weights); trained on the openly licensed and synthetic corpora listed here"
_OPEN = r"(?:MIT|CC0|CC-BY(?!-N)|BSD|L?GPL|Apache|Artistic|public domain)\b"
_GENERATED = rf"seed: (?:none, the model's own|{_OPEN}[^,;]*); weights: {re.escape(OPEN_WEIGHTS)}"
_ALL_OPEN = re.compile(rf"(?:{_GENERATED}|{_OPEN}[^,]*)(?:, (?:{_GENERATED}|{_OPEN}[^,]*))*", re.IGNORECASE)


def add_to_card(folder: Path, **facts: Any) -> None:
    """Write facts into a checkpoint's card, over what it said of the same before; it must be signed again."""
    path = folder / CARD
    card = json.loads(path.read_text()) | facts
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")


def corpora_of(pack: Pack) -> Corpora:
    """Corpus → its licences and how many songs of it the pack holds; the synthetic band's are called so."""
    corpora: Corpora = {}
    for about in pack.about:
        meta: dict[str, str] = about["meta"]
        name = meta["corpus"] + (" (synthetic band)" if meta["synthetic"] == "True" else "")
        entry = corpora.setdefault(name, {"licence": meta["licence"], "songs": 0})
        entry["songs"] += 1
        entry["licence"] = _with_licence(entry["licence"], meta["licence"])
    return corpora


def with_corpora(before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> Corpora:
    """The corpora of weights that learned from these first and then from those.

    Of one in both, the licences of both, and the larger number of songs: which of them are the same is not known.
    """
    found: Corpora = {name: dict(entry) for name, entry in before.items()}
    for name, entry in now.items():
        mine = found.setdefault(name, dict(entry))
        mine["licence"] = _with_licence(str(mine["licence"]), str(entry["licence"]))
        mine["songs"] = max(mine["songs"], entry["songs"])
    return found


def _with_licence(licences: str, licence: str) -> str:
    """One licence more, unless it is among them; a generated corpus's has ", " in it, so that splitting finds none."""
    return licences if f", {licence}, " in f", {licences}, " else f"{licences}, {licence}"


def licence_of(corpora: Mapping[str, Mapping[str, Any]]) -> str:
    """The licence of weights that learned from these: ours only where all of it is open, else nobody has given one."""
    closed = [name for name, entry in corpora.items() if not _ALL_OPEN.fullmatch(str(entry["licence"]))]
    if not closed:
        return OPEN_WEIGHTS
    return f"not stated (the weights); of the corpora listed here these are not openly licensed: {', '.join(closed)}"


def ancestor_of(start: Path) -> dict[str, Any]:
    """What a card says of the weights that a run was begun with: their hash, their corpora, and their own ancestor."""
    card = read_card(resolve(start))
    told = {"model": card.get("model", ""), "sha256": card.get("sha256", ""), "corpora": card.get("corpora", {})}
    return told | ({"ancestor": card["ancestor"]} if card.get("ancestor") else {})


def grooves_of(pack: Pack) -> dict[str, dict[str, Any]]:
    """The grooves the pack holds: of which style, and in which metres; real corpora's labels belong to no style."""
    found: dict[str, dict[str, Any]] = {}
    for about in pack.about:
        if label := str(about["groove"]):
            meta: dict[str, str] = about["meta"]
            style = str(about["style"]) if meta["synthetic"] == "True" else ""
            entry = found.setdefault(label, {"style": style, "meters": []})
            if (meter := meta.get("meter", "")) and meter not in entry["meters"]:
                entry["meters"].append(meter)
    return found
