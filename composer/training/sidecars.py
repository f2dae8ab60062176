"""Copies a checkpoint's sidecar files (examples, listener, known runs) to one derived from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from composer.model.examples import CARD_FIELD as EXAMPLES
from composer.model.examples import Example, load_examples, save_examples
from composer.model.ngram_filter import CARD_FIELD as KNOWN_RUNS
from composer.model.ngram_filter import load_ngram_filter
from composer.model.style_fit import CARD_FIELD as LISTENER
from composer.model.style_fit import load_listener, save_listener


def copy_sidecars(start: Path, out: Path, told: dict[str, Any], own: Sequence[Example] = ()) -> dict[str, Any]:
    """The examples, and after them one's own, the listener and the known runs that the card `told` speaks of, from `start` to `out`.

    Returns what the new card says of them. Raises CheckpointError where they are not the card's.
    """
    examples = [*load_examples(start, told).entries, *own]
    listener, known = load_listener(start, told), load_ngram_filter(start, told)
    out.mkdir(parents=True, exist_ok=True)
    carried = {}
    if examples:
        carried[EXAMPLES] = save_examples(examples, out)
    if listener is not None:
        carried[LISTENER] = save_listener(listener, out)
    if known is not None:
        carried[KNOWN_RUNS] = known.save(out)
    return carried
