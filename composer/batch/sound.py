"""A piece's sound: its mix, and a file a part where that is wanted."""

from __future__ import annotations

from pathlib import Path

from composer.batch.plan import Output
from composer.score import Score


def record_sound(score: Score, output: Output, folder: Path, name: str) -> dict[str, Path]:
    """Render and mix a piece into `folder`; its files by what their names end in. Raises AudioError."""
    from composer.audio.mixer import mix
    from composer.audio.synth import render
    from composer.audio.wav import write_sound

    mixed = mix(render(score, output.soundfont or None))
    kind = f".{output.audio}"
    files = {kind: write_sound(folder / f"{name}{kind}", mixed.audio, mixed.sample_rate, force=True)}
    if output.stems:
        for level in mixed.table:
            part = "".join(letter if letter.isalnum() else "_" for letter in level.part).lower()
            path = folder / f"{name}.{part}{kind}"
            files[f".{part}{kind}"] = write_sound(path, mixed.stem(level.part), mixed.sample_rate, force=True)
    return files
