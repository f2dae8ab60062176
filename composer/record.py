"""What is told about a take beside its notes: the stamp in its MIDI, and the JSON of how it came about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.digest import sha256_of

if TYPE_CHECKING:
    from composer.arrange import Arrangement
    from composer.audio.mixer import Mix
    from composer.options import ArrangeOptions
    from composer.score import Score


def stamped(made: Arrangement) -> Score:
    """The score with a text that says which weights wrote it: `composer models trace` reads it."""
    from composer import __version__
    from composer.score import Event
    from composer.trust.stamp import Stamp

    stamp = Stamp.of_report(made.report, __version__)
    if stamp is None:
        return made.score
    # A stamp of an earlier arrangement does not speak for this one.
    kept = (event for event in made.score.events if not (event.kind == "text" and Stamp.read(str(event.data[0]))))
    return replace(made.score, events=(Event(0, "text", (stamp.text,)), *kept))


def story(
    made: Arrangement,
    wanted: ArrangeOptions,
    files: Mapping[str, Path],
    mixed: Mix | None,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """The JSON: what went in, what the arranger says it did, how it sounds, how long it took."""
    from composer import __version__

    sound = sound_story(mixed) if mixed else None
    return {
        "composer": __version__,
        "title": made.score.title,
        **{what: {"file": path.name, "sha256": sha256_of(path)} for what, path in files.items()},
        "options": _options(made, wanted),
        **made.report,
        "duration_s": round(made.score.duration_s, 3),
        "sound": sound,
        "licence": made.report.get("licence", {}) | ({"soundfont": sound["soundfont_licence"]} if sound else {}),
        "timings": made.report.get("timings", {}) | {f"{step}_s": round(took, 3) for step, took in seconds.items()},
    }


def _options(made: Arrangement, wanted: ArrangeOptions) -> dict[str, Any]:
    """What was asked and counted: a wish for a part that does not play is no part of how this came about."""
    asked = {field.name: getattr(wanted, field.name) for field in fields(wanted) if field.name != "style_from"}
    for name, idle in made.report.get("unheeded", {}).items():
        asked[name] = {part: wish for part, wish in asked[name].items() if part not in idle}
    return asked


def sound_story(mixed: Mix) -> dict[str, Any]:
    """How a mix sounds, and whose soundfont played it."""
    from composer.audio.soundfonts import credit

    return {
        **credit(mixed.stems.soundfont),
        "sample_rate": mixed.sample_rate,
        "lufs": round(mixed.lufs, 2),
        "true_peak_dbtp": round(mixed.true_peak_dbtp, 2),
        "limiter_db": round(mixed.master.reduction_db, 2),
        "levels": [asdict(level) for level in mixed.table],
        "notices": list(mixed.stems.notices),
    }


def plain(value: Any) -> Any:
    """The same for JSON, which knows no tuples, paths, numpy numbers or infinities."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)
