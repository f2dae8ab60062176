"""A mix's stems as sound files, one a part."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from composer.audio.mixer import Mix


def write_stems(folder: Path, mixed: Mix, kind: str = "wav", bits: int = 24) -> list[Path]:
    """Every part as it is in the mix, a sound file each; together they sum to the mix before its limiter."""
    from composer.audio.wav import write_sound

    parts = [level.part for level in mixed.table]

    def write_stem(part: str, name: str) -> Path:
        return write_sound(folder / f"{name}.{kind}", mixed.stem(part), mixed.sample_rate, bits)

    folder.mkdir()
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(write_stem, parts, file_names(parts)))


def file_names(parts: Sequence[str]) -> list[str]:
    """A file name for each part, no two alike: "a/b" and "a:b" are "a_b" and "a_b 2"."""
    from composer.audio.synth import unique_names

    return unique_names(file_name(part) for part in parts)


def file_name(part: str) -> str:
    """A part's name as a file name: nothing that a file system or a shell minds."""
    return "".join(letter if letter.isalnum() or letter in " -_+&" else "_" for letter in part).strip() or "part"
