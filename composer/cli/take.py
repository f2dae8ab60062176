"""One take as files: MIDI, mix, stems, score, picture, chords, and the JSON that tells how it came about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from composer.audio.stem_files import write_stems
from composer.cli.progress import Steps
from composer.digest import sha256_of
from composer.record import plain, stamped, story

if TYPE_CHECKING:
    from composer.arrange import Arrangement, ArrangeOptions
    from composer.audio.mixer import Mix


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

    score = stamped(made)
    chart = made.lane.chart(score.bars(), bars_per_line=4)
    (folder / f"{name}.chords.txt").write_text(chart, "utf-8")
    formats.save(score, folder / f"{name}.mid")
    mixed = _write_sound(folder, name, made, wanted, sound, progress) if sound.audio else None
    with progress.step("engraving the score", "musicxml"):
        formats.save(score, folder / f"{name}.musicxml")
    with progress.step("drawing the piano roll", "picture"):
        save_piano_roll(score, folder / f"{name}.png", made.lane)
    record = story(made, wanted, files, mixed, progress.seconds)
    record["files"] = {path.relative_to(folder).as_posix(): sha256_of(path) for path in files_of(folder, name)}
    text = json.dumps(plain(record), indent=2, ensure_ascii=False)
    (folder / f"{name}.json").write_text(text + "\n", "utf-8")
    return _told(name, made, wanted, mixed)


def _write_sound(
    folder: Path, name: str, made: Arrangement, wanted: ArrangeOptions, sound: Sound, progress: Steps
) -> Mix:
    from composer.audio.mixer import MixSettings, mix
    from composer.audio.profiles import STYLE_LU
    from composer.audio.synth import render
    from composer.audio.wav import write_wav

    with progress.step("rendering the parts", "render") as tell:
        stems = render(made.score, sound.soundfont, on_progress=tell)
    with progress.step("mixing", "mix"):
        style = wanted.style if wanted.style in STYLE_LU else None
        mixed = mix(stems, MixSettings(style=style))
        write_wav(folder / f"{name}.wav", mixed.audio, mixed.sample_rate)
    if sound.stems:
        with progress.step("writing the stems", "stems"):
            write_stems(folder / f"{name}-stems", mixed)
    return mixed


def _told(name: str, made: Arrangement, wanted: ArrangeOptions, mixed: Mix | None) -> list[str]:
    from composer.timing import length_said

    score = made.score
    model = "reference" if wanted.style_from is not None else "piece"
    parts = ", ".join(f"{part.role or part.name} {len(part)}" for part in score.parts)
    lines = [
        f"{name}: {wanted.style or f'as in the {model}'}, {length_said(score.bars())}, {score.duration_s:.0f} s, seed {wanted.seed}",
        f"  melody: {made.melody.why if made.melody else 'none; the band plays alone'}",
        f"  chords: {shortened(made.lane.chart(score.bars()))}",
        f"  notes: {parts}",
    ]
    if heard := made.report.get("style_fit", {}).get("heard_as"):
        lines.append(
            "  sounds like: " + ", ".join(f"{style} {share:.0%}" for style, share in heard.items() if share >= 0.05)
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


def files_of(folder: Path, name: str) -> list[Path]:
    """The files of a take that are in a folder, with every stem."""
    mine = [folder / f"{name}{kind}" for kind in kinds(stems=True, audio=True)]
    return sorted(found for path in mine if path.exists() for found in (path.iterdir() if path.is_dir() else [path]))
