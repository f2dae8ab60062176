"""How loud a soundfont plays each of its presets, so that a mix can be set before anything has been heard.

Every preset plays the same few notes at velocity 80; its loudness and level are kept in soundfonts/calibration.json for the
catalogue's fonts, and measured on the spot for others. With the score's own velocities and chords that says how loud a
part will be; `mix` measures instead and is exact, but must play the piece first.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from composer.audio import balance, profiles, schedule, soundfonts
from composer.audio.balance import Setting
from composer.audio.desk import MixPlan
from composer.audio.fluid import DRUM_BANK, Preset
from composer.audio.loudness import loudness
from composer.audio.mixer import NOMINAL_DB, MixSettings, faded, rms_db
from composer.audio.strip import Strip
from composer.audio.synth import render, role_of, stem_names
from composer.score import Part, Score, as_notes
from composer.timing import TempoMap

FILE = "calibration.json"
RATE, BEAT = 44_100, 480
VELOCITY = 80
SOUND_DB_PER_DECADE = 40.0
"""How FluidSynth turns velocity into level: 40 log10."""
BASSES = range(32, 40)


@dataclass(frozen=True)
class Loud:
    """How loud a preset is."""

    lufs: float
    rms_db: float


def phrase(preset: Preset) -> Part:
    """What a preset is asked to play: a bar of a kit, or four notes where its kind is at home."""
    bank, program = preset
    if bank == DRUM_BANK:
        hits = [
            (at * BEAT // 2, 60, pitch, VELOCITY)
            for at in range(8)
            for pitch in ((36, 42), (42,), (38, 42), (42,))[at % 4]
        ]
        return Part(f"{bank}:{program}", as_notes(hits), program, is_drum=True, role="drums")
    low = (33, 36, 40, 43) if program in BASSES else (55, 60, 64, 67)
    notes = [(at * BEAT, BEAT - 20, pitch, VELOCITY) for at, pitch in enumerate(low)]
    return Part(f"{bank}:{program}", as_notes(notes), program)


def measure(font: Path, presets: Sequence[Preset]) -> dict[Preset, Loud]:
    """Play and measure; silent presets are left out."""
    found = {}
    for at in range(0, len(presets), 16):
        few = presets[at : at + 16]
        stems = render(Score(tuple(map(phrase, few)), TempoMap.constant(120)), font, RATE, tail_s=0.3)
        for number, preset in enumerate(few):
            loud = loudness(np.ascontiguousarray(stems.audio[number]), RATE)
            if loud > -np.inf:
                found[preset] = Loud(round(loud, 2), round(rms_db(stems, number), 2))
    return found


def known(font: Path) -> dict[Preset, Loud]:
    """The table of a font that has one, {} for others."""
    path = soundfonts.project_folder() / FILE
    try:
        tables: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    table = tables.get(_key(font), {})
    return {
        (int(bank), int(program)): Loud(*pair) for name, pair in table.items() for bank, program in [name.split(":")]
    }


def levels(font: Path, presets: Sequence[Preset]) -> dict[Preset, Loud]:
    """From the table, else by measuring what it lacks."""
    table = known(font)
    missing = [preset for preset in dict.fromkeys(presets) if preset not in table]
    return {**table, **(measure(font, missing) if missing else {})}


def write(tables: dict[Path, dict[Preset, Loud]], path: Path) -> None:
    """Tables of fonts as the file that `known` reads."""
    data = {
        _key(font): {f"{bank}:{program}": [one.lufs, one.rms_db] for (bank, program), one in sorted(table.items())}
        for font, table in tables.items()
    }
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(table)}" for name, table in data.items())
    path.write_text("{\n" + lines + "\n}\n", "utf-8")


def _key(font: Path) -> str:
    return f"{font.name} {font.stat().st_size}"


def expected(part: Part, loud: Loud) -> Loud:
    """How loud a part will be, from its preset, its velocities and how many notes sound at once."""
    notes = part.notes
    power = (notes["velocity"] / VELOCITY) ** (SOUND_DB_PER_DECADE / 10)
    weight = np.minimum(np.maximum(notes["duration"], 1), BEAT).astype(float)
    louder_db = 10 * math.log10(float((power * weight).sum() / weight.sum()))
    together = len(notes) / max(1, len(np.unique(notes["onset"])))
    chord_db = 10 * math.log10(together) if not part.is_drum else 0.0
    return Loud(loud.lufs + louder_db + chord_db, loud.rms_db + louder_db + chord_db)


def plan(score: Score, font: Path, settings: MixSettings | None = None) -> MixPlan:
    """A mix for a desk without playing anything first. Its loudness is a guess; the limiter keeps it safe all the same."""
    settings = settings or MixSettings()
    names = stem_names(score.parts)
    roles = [role_of(part) for part in score.parts]
    presets = [(DRUM_BANK if part.is_drum else 0, part.program) for part in score.parts]
    table = levels(font, [preset for preset, part in zip(presets, score.parts, strict=True) if len(part)])
    strips, powers = [], []
    for name, role, part, preset in zip(names, roles, score.parts, presets, strict=True):
        place = profiles.place(role)
        heard = len(part) and preset in table and not schedule.is_shut(part)
        loud = expected(part, table[preset]) if heard else None
        trim_db = NOMINAL_DB - loud.rms_db if loud else 0.0
        velocity = float(part.notes["velocity"].mean()) if len(part) else 0.0
        wanted = profiles.balance_lu(role, settings.style) + balance.velocity_db(velocity, role)
        gain_db = balance.LEAD_LUFS + wanted - (loud.lufs + trim_db) if loud else 0.0
        strip = Strip(trim_db, place.highpass_hz, place.compressor)
        sends_db = schedule.sends_db(part)
        strip = faded(strip, name, role, Setting(gain_db, place.pan), settings, sends_db, silent=loud is None)
        strips.append(strip)
        if loud and strip.sounds:
            powers.append(10 ** ((loud.lufs + trim_db + strip.gain_db) / 10))
    whole = 10 * math.log10(sum(powers)) if powers else balance.LEAD_LUFS
    target = settings.target_lufs
    return MixPlan(names, tuple(strips), target - whole if target is not None else 0.0)
