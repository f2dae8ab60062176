"""A file as the player: its notes on the beat of the jam, as if somebody sat there and played them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from composer.errors import InputError
from composer.live import midi


@dataclass(frozen=True)
class FilePlayer:
    """A file's pitched notes and pedals as (beat, message), in order; beat 0 is its first bar's downbeat."""

    name: str
    messages: tuple[tuple[float, bytes], ...]
    bpm: float
    numerator: int
    denominator: int
    bars: int

    @classmethod
    def load(cls, path: Path, name: str) -> FilePlayer:
        """Everything but the drums. A pick-up before the first full bar stands on negative beats. Raises MusicFileError."""
        from composer import formats
        from composer.timing import has_pickup, usual_meter

        score = formats.load(path)
        parts = [part for part in score.parts if not part.is_drum and len(part)]
        if not parts:
            raise InputError(f"{path}: has no pitched notes to play; choose another file")
        bars = score.bars()
        pickup = bars[0].length if has_pickup(bars) else 0
        numerator, denominator = usual_meter(bars)
        messages: list[tuple[float, int, bytes]] = []
        for part in parts:
            for onset, duration, pitch, velocity in part.notes.tolist():
                start = (onset - pickup) / score.ticks_per_beat
                end = (onset + max(1, duration) - pickup) / score.ticks_per_beat
                messages += [(start, 1, midi.note_on(0, pitch, velocity)), (end, 0, midi.note_off(0, pitch))]
            for event in part.events:
                if event.kind == "control_change" and event.data[0] == midi.SUSTAIN:
                    beat = (event.tick - pickup) / score.ticks_per_beat
                    messages.append((beat, 0, midi.control(0, midi.SUSTAIN, int(event.data[1]))))
        messages.sort(key=lambda each: each[:2])
        return cls(
            name,
            tuple((beat, data) for beat, _, data in messages),
            float(score.tempo.bpm_at(parts[0].start)),
            numerator,
            denominator,
            len(bars) - (1 if pickup else 0),
        )

    def __iter__(self) -> Iterator[tuple[float, bytes]]:
        return iter(self.messages)
