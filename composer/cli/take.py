"""One take as files: MIDI, mix, stems, score, picture, chords, and the JSON that tells how it came about."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli.progress import Steps

if TYPE_CHECKING:
    from composer.arrange import Arrangement, ArrangeOptions
    from composer.audio.mixer import Mix
    from composer.score import Score


@dataclass(frozen=True)
class Sound:
    """What the user wants to hear of a take."""

    soundfont: str | None = None
    stems: bool = False
    audio: bool = True


def kinds(stems: bool, audio: bool) -> list[str]:
    """The ends of the names that a take's files and folders get."""
    return [
        ".mid",
        *([".wav"] if audio else []),
        *(["-stems"] if stems else []),
        ".musicxml",
        ".png",
        ".json",
        ".chords.txt",
    ]


def write(
    folder: Path,
    name: str,
    made: Arrangement,
    wanted: ArrangeOptions,
    sound: Sound,
    files: Mapping[str, Path],
    progress: Steps,
) -> list[str]:
    """Write everything into `folder`; returns a few lines that tell the user what was made.

    files: what went in, by what it was for: "input", "style_from".
    """
    from composer import formats
    from composer.picture import save_piano_roll

    score = _stamped(made)
    chart = made.lane.chart(score.bars(), bars_per_line=4)
    (folder / f"{name}.chords.txt").write_text(chart, "utf-8")
    formats.save(score, folder / f"{name}.mid")
    mixed = _write_sound(folder, name, made, wanted, sound, progress) if sound.audio else None
    with progress.step("engraving the score", "musicxml"):
        formats.save(score, folder / f"{name}.musicxml")
    with progress.step("drawing the piano roll", "picture"):
        save_piano_roll(score, folder / f"{name}.png", made.lane)
    story = _story(made, wanted, files, mixed, progress)
    story["files"] = {path.relative_to(folder).as_posix(): _sha256(path) for path in _files(folder, name)}
    text = json.dumps(_plain(story), indent=2, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", "utf-8")
    return _told(name, made, wanted, mixed)


def _stamped(made: Arrangement) -> Score:
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


def _write_sound(
    folder: Path, name: str, made: Arrangement, wanted: ArrangeOptions, sound: Sound, progress: Steps
) -> Mix:
    from composer.audio.mixer import MixSettings, mix
    from composer.audio.profiles import STYLE_LU
    from composer.audio.synth import render
    from composer.audio.wav import write_wav

    with progress.step("playing the parts", "render") as tell:
        stems = render(made.score, sound.soundfont, on_progress=tell)
    with progress.step("mixing", "mix"):
        style = wanted.style if wanted.style in STYLE_LU else None
        mixed = mix(stems, MixSettings(style=style))
        write_wav(folder / f"{name}.wav", mixed.audio, mixed.sample_rate)
    if sound.stems:
        with progress.step("writing the stems", "stems"):
            write_stems(folder / f"{name}-stems", mixed)
    return mixed


def write_stems(folder: Path, mixed: Mix, kind: str = "wav", bits: int = 24) -> list[Path]:
    """Every part as it is in the mix, a sound file each; together they sum to the mix before its limiter."""
    from composer.audio.wav import write_sound

    def write_stem(part: str) -> Path:
        return write_sound(folder / f"{file_name(part)}.{kind}", mixed.stem(part), mixed.sample_rate, bits)

    folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(write_stem, (level.part for level in mixed.table)))


def file_name(part: str) -> str:
    """A part's name as a file name: nothing that a file system or a shell minds."""
    return "".join(letter if letter.isalnum() or letter in " -_+&" else "_" for letter in part).strip() or "part"


def _story(
    made: Arrangement, wanted: ArrangeOptions, files: Mapping[str, Path], mixed: Mix | None, progress: Steps
) -> dict[str, Any]:
    """The JSON: what went in, what the arranger says it did, how it sounds, how long it took."""
    from composer import __version__

    sound = _sound_story(mixed) if mixed else None
    return {
        "composer": __version__,
        "title": made.score.title,
        **{what: {"file": path.name, "sha256": _sha256(path)} for what, path in files.items()},
        "options": _options(made, wanted),
        **made.report,
        "duration_s": round(made.score.duration_s, 3),
        "sound": sound,
        "licence": made.report.get("licence", {}) | ({"soundfont": sound["soundfont_licence"]} if sound else {}),
        "timings": made.report.get("timings", {})
        | {f"{step}_s": round(seconds, 3) for step, seconds in progress.seconds.items()},
    }


def _options(made: Arrangement, wanted: ArrangeOptions) -> dict[str, Any]:
    """What was asked and counted: a wish for a part that does not play is no part of how this came about."""
    asked = {field.name: getattr(wanted, field.name) for field in fields(wanted) if field.name != "style_from"}
    for name, idle in made.report.get("unheeded", {}).items():
        asked[name] = {part: wish for part, wish in asked[name].items() if part not in idle}
    return asked


def _sound_story(mixed: Mix) -> dict[str, Any]:
    from composer.audio import soundfonts

    font = mixed.stems.soundfont
    known = next((entry for entry in soundfonts.catalogue() if font and entry.file == font.name), None)
    return {
        "soundfont": font.name if font else None,
        "soundfont_licence": known.licence if known else "unknown",
        "sample_rate": mixed.sample_rate,
        "lufs": round(mixed.lufs, 2),
        "true_peak_dbtp": round(mixed.true_peak_dbtp, 2),
        "limiter_db": round(mixed.master.reduction_db, 2),
        "levels": [asdict(level) for level in mixed.table],
        "notices": list(mixed.stems.notices),
    }


def _told(name: str, made: Arrangement, wanted: ArrangeOptions, mixed: Mix | None) -> list[str]:
    from composer.timing import length_said

    score = made.score
    model = "reference" if wanted.style_from is not None else "piece"
    parts = ", ".join(f"{part.role or part.name} {len(part)}" for part in score.parts)
    lines = [
        f"{name}: {wanted.style or f'as the {model} plays'}, {length_said(score.bars())}, {score.duration_s:.0f} s, seed {wanted.seed}",
        f"  melody: {made.melody.why if made.melody else 'none; the band plays by itself'}",
        f"  chords: {shortened(made.lane.chart(score.bars()))}",
        f"  notes: {parts}",
    ]
    if heard := made.report.get("style_fit", {}).get("heard_as"):
        lines.append(
            "  heard as: " + ", ".join(f"{style} {share:.0%}" for style, share in heard.items() if share >= 0.05)
        )
    lines += made.told
    if mixed:
        lines.append(f"  mix: {mixed.lufs:.1f} LUFS, true peak {mixed.true_peak_dbtp:.1f} dBTP")
    lines += [
        f"  note: {sentence}"
        for sentence in (*score.problems, *made.report.get("remarks", ()), *(mixed.stems.notices if mixed else ()))
    ]
    return lines


def shortened(chart: str, bars: int = 8) -> str:
    """A chart's first bars, on one line."""
    cells = chart.split(" | ")
    return " | ".join(cells[:bars]) + (" | …" if len(cells) > bars else "")


def _files(folder: Path, name: str) -> list[Path]:
    mine = [folder / f"{name}{kind}" for kind in kinds(stems=True, audio=True)]
    return sorted(found for path in mine if path.exists() for found in (path.iterdir() if path.is_dir() else [path]))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _plain(value: Any) -> Any:
    """The same for JSON, which knows no tuples, paths, numpy numbers or infinities."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if hasattr(value, "item"):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)
