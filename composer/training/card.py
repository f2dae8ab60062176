"""What a checkpoint says of the data it learned from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from composer.model.checkpoint import CARD
from composer.training.packing import Pack


def add_to_card(folder: Path, **facts: Any) -> None:
    """Write facts into a checkpoint's card, over what it said of the same before; it must be signed again."""
    path = folder / CARD
    card = json.loads(path.read_text()) | facts
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")


def corpora_of(pack: Pack) -> dict[str, dict[str, Any]]:
    """Corpus → its licences and how many songs of it the pack holds; the synthetic band's are called so."""
    corpora: dict[str, dict[str, Any]] = {}
    for about in pack.about:
        meta: dict[str, str] = about["meta"]
        name = meta["corpus"] + (" (synthetic band)" if meta["synthetic"] == "True" else "")
        entry = corpora.setdefault(name, {"licence": meta["licence"], "songs": 0})
        entry["songs"] += 1
        if meta["licence"] not in entry["licence"].split(", "):
            entry["licence"] += f", {meta['licence']}"
    return corpora


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
