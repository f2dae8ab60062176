"""A score becomes stems: every part's own dry sound and what its reverb and chorus give back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from composer import gm
from composer.audio import schedule, soundfonts
from composer.audio.fluid import BLOCK, Synth
from composer.audio.spill import rest, silence
from composer.errors import AudioError
from composer.score import Part, Score

SAMPLE_RATE = 44_100
MAX_SECONDS = 20 * 60.0
"""Longer pieces are cut here, with a word: stems are kept whole."""
MAX_BYTES = 6 << 30
"""On disk, or in memory where the disk is full, see `spill`."""
PARTS_PER_SYNTH = 32
WORKERS = 2
"""Synths that render side by side, each a few of the parts. Fixed, so that a score sounds the same on any machine."""
CHUNK = 128 * BLOCK
"""Frames between two looks at the progress bar."""
REST = 8 * CHUNK
"""Frames after which what is written leaves memory, where the stems lie on disk."""
FADE_S = 0.1


@dataclass(frozen=True, eq=False)
class Stems:
    """Every part on its own, before the mixer."""

    names: tuple[str, ...]
    """One a part, no two alike: its role, else its name."""
    roles: tuple[str, ...]
    """What each part is in the band: "melody", "bass" …, else its General MIDI family."""
    audio: np.ndarray
    """Dry sound, float32, shape (parts, frames, 2)."""
    sends: np.ndarray
    """What each part's reverb and chorus give back, shape as `audio`."""
    sample_rate: int
    velocities: tuple[float, ...] = ()
    """Mean note velocity of each part, 0 without notes; () where nobody knows."""
    soundfont: Path | None = None
    notices: tuple[str, ...] = ()
    """What the renderer had to change, one sentence each."""

    def __post_init__(self) -> None:
        parts = len(self.names)
        shape = self.audio.shape
        if (
            len(shape) != 3
            or shape[0] != parts
            or shape[2] != 2
            or self.sends.shape != shape
            or len(self.roles) != parts
        ):
            raise AudioError(
                f"{parts} stems need audio and sends of shape ({parts}, frames, 2), got {shape} and {self.sends.shape}"
            )

    @property
    def frames(self) -> int:
        return int(self.audio.shape[1])

    @property
    def duration_s(self) -> float:
        return self.frames / self.sample_rate


def role_of(part: Part) -> str:
    """What a part is in the band: its role, else "drums", else its program's General MIDI family."""
    if part.role:
        return part.role
    if part.is_drum:
        return "drums"
    family = gm.family(part.program)
    return "strings" if family == "ensemble" else family


def stem_names(parts: tuple[Part, ...]) -> tuple[str, ...]:
    """A name for each part, no two alike: "melody", "bass", "Flute", "Flute 2" …"""
    names: list[str] = []
    for index, part in enumerate(parts, 1):
        name = wanted = part.role or part.name.strip() or f"part {index}"
        count = 1
        while name.lower() in {taken.lower() for taken in names}:
            count += 1
            name = f"{wanted} {count}"
        names.append(name)
    return tuple(names)


def render(
    score: Score,
    soundfont: str | Path | None = None,
    sample_rate: int = SAMPLE_RATE,
    tail_s: float = 2.0,
    on_progress: Callable[[float], None] | None = None,
) -> Stems:
    """Play a score through a soundfont, see `soundfonts.find` for which. The same call gives the same samples.

    The stems last `tail_s` seconds longer than the last note, and at most 20 minutes. `on_progress` hears how much is
    done, 0..1, from the threads that render. Raises AudioError where FluidSynth or the font is missing.
    """
    if not 8_000 <= sample_rate <= 96_000:
        raise AudioError(f"sample rate must be in range 8000..96000 Hz, got {sample_rate}")
    if not 0 <= tail_s <= 60:
        raise AudioError(f"tail must be in range 0..60 seconds, got {tail_s:g}")
    font = soundfonts.find(soundfont)
    notices: list[str] = []
    music_s = score.duration_s
    if music_s > MAX_SECONDS:
        notices.append(f"the piece lasts {music_s / 60:.0f} minutes; the sound was cut after {MAX_SECONDS / 60:.0f}")
        music_s = MAX_SECONDS
    last = int(np.ceil(music_s * sample_rate / BLOCK)) * BLOCK
    frames = last + int(np.ceil(tail_s * sample_rate / BLOCK)) * BLOCK
    playing = [index for index, part in enumerate(score.parts) if len(part)]
    needed = 2 * len(playing) * frames * 8
    if needed > MAX_BYTES:
        raise AudioError(
            f"{len(playing)} parts of {music_s / 60:.1f} minutes need {needed / 2**30:.0f} GB of room;"
            " render fewer parts or a shorter piece"
        )
    # planar inside, so that FluidSynth writes in place
    dry, sends = (silence((len(score.parts), 2, frames)) for _ in range(2))
    clock = schedule.Clock(score.tempo, sample_rate, last)
    progress = _Progress(on_progress, frames * max(1, len(playing)))
    shares = _shares(score.parts, playing)
    jobs = [_Job(font, score.parts, share, clock, dry, sends, progress) for share in shares]
    with ThreadPoolExecutor(WORKERS) as pool:
        for heard in pool.map(_Job.run, jobs):
            notices.extend(heard)
    fade = min(frames - last, int(FADE_S * sample_rate))
    if fade:
        ramp = np.linspace(1, 0, fade, dtype=np.float32)
        dry[playing, :, -fade:] *= ramp
        sends[playing, :, -fade:] *= ramp
    return Stems(
        names=stem_names(score.parts),
        roles=tuple(role_of(part) for part in score.parts),
        audio=dry.transpose(0, 2, 1),
        sends=sends.transpose(0, 2, 1),
        sample_rate=sample_rate,
        velocities=tuple(float(part.notes["velocity"].mean()) if len(part) else 0.0 for part in score.parts),
        soundfont=font,
        notices=tuple(dict.fromkeys(notices)),
    )


def render_part(
    score: Score, name: str, soundfont: str | Path | None = None, sample_rate: int = SAMPLE_RATE
) -> np.ndarray:
    """One part alone, reverb included: float32, shape (frames, 2). `name` is a role or a part's name."""
    stems = render(replace(score, parts=(score.part(name),)), soundfont, sample_rate)
    return np.ascontiguousarray(stems.audio[0] + stems.sends[0])


def _shares(parts: tuple[Part, ...], playing: list[int]) -> list[list[int]]:
    """Parts dealt to synths so that each has about as many notes: biggest first, always to the lightest."""
    count = max(min(WORKERS, len(playing)), -(-len(playing) // PARTS_PER_SYNTH))
    shares: list[list[int]] = [[] for _ in range(count)]
    loads = [0] * count
    for index in sorted(playing, key=lambda index: -len(parts[index])):
        lightest = min((load, at) for at, load in enumerate(loads) if len(shares[at]) < PARTS_PER_SYNTH)[1]
        shares[lightest].append(index)
        loads[lightest] += len(parts[index])
    return [sorted(share) for share in shares]


class _Progress:
    """Adds up what the threads have done."""

    def __init__(self, tell: Callable[[float], None] | None, total: int) -> None:
        self._tell, self._total, self._done, self._lock = tell, total, 0, threading.Lock()

    def add(self, amount: int) -> None:
        if self._tell:
            with self._lock:
                self._done += amount
                self._tell(self._done / self._total)


class _Job:
    """Some of the parts through one fresh synth. The synth is made by the caller's thread: FluidSynth's first start is
    not safe in two threads at once."""

    def __init__(
        self,
        font: Path,
        parts: tuple[Part, ...],
        share: list[int],
        clock: schedule.Clock,
        dry: np.ndarray,
        sends: np.ndarray,
        progress: _Progress,
    ) -> None:
        self._parts = [parts[index] for index in share]
        rows = [schedule.part_rows(part, clock, channel) for channel, part in enumerate(self._parts)]
        self._rows = schedule.in_order(rows)
        self._frames = dry.shape[2]
        self._progress = progress
        self._buffers = dry, sends
        self._dry = _addresses(dry, share, (0, 1))
        self._sends = _addresses(sends, share, (0, 1, 0, 1))
        self._synth = Synth(font, len(share), clock.sample_rate, schedule.wants_chorus(self._rows))

    def run(self) -> list[str]:
        """Render; returns what had to be changed."""
        notices = []
        with self._synth as synth:
            for channel, part in enumerate(self._parts):
                if part.is_drum:
                    synth.drums(channel)
            actions: dict[int, Callable[[int, int, int], None]] = {
                schedule.OFF: synth.note_off, schedule.ON: synth.note_on, schedule.CONTROL: synth.control,
                schedule.BEND: synth.bend, schedule.PRESSURE: synth.pressure, schedule.KEY_PRESSURE: synth.key_pressure,
            }  # fmt: skip
            now = 0
            for frame, _, channel, kind, a, b in self._rows.tolist():
                if frame > now:
                    self._process(now, frame)
                    now = frame
                if kind == schedule.PROGRAM:
                    chosen = synth.program(channel, a, b)
                    if chosen != (a, b) and chosen != (
                        0,
                        b,
                    ):  # a bank's plain sound in place of its variation needs no word
                        notices.append(_fallback(self._parts[channel], b, chosen))
                else:
                    actions[kind](channel, a, b)
            self._process(now, self._frames)
        return notices

    def _process(self, start: int, end: int) -> None:
        for at in range(start, end, CHUNK):
            frames = min(CHUNK, end - at)
            offset = np.uint64(4 * at)
            self._synth.process(frames, self._dry + offset, self._sends + offset)
            if at // REST != (at + frames) // REST:
                for buffer in self._buffers:
                    rest(buffer)
            self._progress.add(frames * len(self._parts))


def _addresses(buffers: np.ndarray, parts: list[int], sides: tuple[int, ...]) -> np.ndarray:
    """Where the sides (0 left, 1 right) of some parts begin in float32 buffers of shape (parts, 2, frames)."""
    return np.array([buffers[part, side].ctypes.data for part in parts for side in sides], np.uint64)


def _fallback(part: Part, program: int, chosen: tuple[int, int] | None) -> str:
    who = part.role or part.name or "a part"
    wanted = "drum kit" if part.is_drum else gm.PROGRAM_NAMES[program]
    if chosen is None:
        return f"{who}: the soundfont has no {wanted}, so this part is silent; another soundfont may have it"
    instead = f"drum kit {chosen[1]}" if part.is_drum else gm.PROGRAM_NAMES[chosen[1]]
    return f"{who}: the soundfont has no {wanted}{f' {program}' if part.is_drum else ''}, {instead} plays instead"
