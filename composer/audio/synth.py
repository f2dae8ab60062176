"""A score becomes stems: every part's own dry sound."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from composer import gm
from composer.audio import schedule, soundfonts
from composer.audio.fluid import BLOCK
from composer.audio.player import SYNTHS, Player, addresses, shares
from composer.audio.spill import put, rest, silence
from composer.errors import AudioError
from composer.given import given
from composer.score import Part, Score

SAMPLE_RATE = 44_100
MAX_SECONDS = 20 * 60.0
"""Longer pieces are cut here, with a word: stems are kept whole."""
MAX_BYTES = 6 << 30
"""On disk, or in memory where the disk is full, see `spill`."""
CHUNK = 128 * BLOCK
"""Frames between two looks at the progress bar."""
REST = 8 * CHUNK
"""Frames after which what is written leaves memory, where the stems lie on disk."""
FADE_S = 0.1
LONGEST_NAME = 60
"""Letters of a part's name that count: some files keep whole sentences there."""


@dataclass(frozen=True, eq=False)
class Stems:
    """Every part on its own, before the mixer."""

    names: tuple[str, ...]
    """One a part, no two alike: its role, else its name."""
    roles: tuple[str, ...]
    """What each part is in the band: "melody", "bass" …, else its General MIDI family."""
    audio: np.ndarray
    """Dry sound, float32, shape (parts, frames, 2)."""
    sample_rate: int
    velocities: tuple[float, ...] = ()
    """Mean note velocity of each part, 0 without notes; () where nobody knows."""
    sends_db: tuple[tuple[float, float], ...] = ()
    """How wet the file wants each part, reverb and chorus, see `schedule.sends_db`; () where it does not say."""
    soundfont: Path | None = None
    notices: tuple[str, ...] = ()
    """What the renderer had to change, one sentence each."""

    def __post_init__(self) -> None:
        parts = len(self.names)
        shape = self.audio.shape
        if len(shape) != 3 or shape[0] != parts or shape[2] != 2 or len(self.roles) != parts:
            raise AudioError(f"{parts} stems need audio of shape ({parts}, frames, 2), got {shape}")

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


def unique_names(wanted: Iterable[str]) -> list[str]:
    """Names as wanted, but no two alike, whatever their case: the second "Flute" is "Flute 2"."""
    names: list[str] = []
    for name in wanted:
        taken, count, free = {one.lower() for one in names}, 1, name
        while free.lower() in taken:
            count += 1
            free = f"{name} {count}"
        names.append(free)
    return names


def stem_names(parts: tuple[Part, ...]) -> tuple[str, ...]:
    """A name for each part, no two alike and fit for a line: "melody", "bass", "Flute", "Flute 2" …"""
    plain = ["".join(letter for letter in part.name if letter.isprintable()).strip() for part in parts]
    wanted = (part.role or plain[at][:LONGEST_NAME] or f"part {at + 1}" for at, part in enumerate(parts))
    return tuple(unique_names(wanted))


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
    given(score, Score, "score", "a Score; composer.load reads one from a file")
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
    needed = 2 * len(playing) * frames * 8  # the stems, and the mixer's own copy
    if needed > MAX_BYTES:
        raise AudioError(
            f"{len(playing)} parts of {music_s / 60:.1f} minutes need {needed / 2**30:.0f} GB of space;"
            " render fewer parts or a shorter piece"
        )
    dry = silence((len(score.parts), 2, frames))  # planar inside, so that FluidSynth writes in place
    clock = schedule.Clock(score.tempo, sample_rate, last)
    progress = _Progress(on_progress, frames)
    dealt = shares(score.parts)
    players = [Player(font, tuple(part for _, part in share), clock) for share in dealt]
    rows, written = [[index for index, _ in share] for share in dealt], _Written()
    with ThreadPoolExecutor(SYNTHS) as pool:
        list(pool.map(lambda player, share: _play(player, share, dry, progress, written), players, rows))
    notices += [notice for player in players for notice in player.notices]
    names = stem_names(score.parts)
    notices += [
        f"{name}: the file keeps its volume (controller 7 or 11) at 0, so it is silent"
        for name, part in zip(names, score.parts, strict=True)
        if len(part) and schedule.is_shut(part)
    ]
    fade = min(frames - last, int(FADE_S * sample_rate))
    if fade:
        dry[playing, :, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return Stems(
        names=names,
        roles=tuple(role_of(part) for part in score.parts),
        audio=dry.transpose(0, 2, 1),
        sample_rate=sample_rate,
        velocities=tuple(float(part.notes["velocity"].mean()) if len(part) else 0.0 for part in score.parts),
        sends_db=tuple(schedule.sends_db(part) for part in score.parts),
        soundfont=font,
        notices=tuple(dict.fromkeys(notices)),
    )


def render_part(
    score: Score, name: str, soundfont: str | Path | None = None, sample_rate: int = SAMPLE_RATE
) -> np.ndarray:
    """One part alone, dry: float32, shape (frames, 2). `name` is a role or a part's name."""
    stems = render(replace(score, parts=(score.part(name),)), soundfont, sample_rate)
    return np.ascontiguousarray(stems.audio[0])


class _Progress:
    """Adds up what the threads have done."""

    def __init__(self, tell: Callable[[float], None] | None, total: int) -> None:
        self._tell, self._total, self._done, self._lock = tell, SYNTHS * total, 0, threading.Lock()

    def add(self, amount: int) -> None:
        if self._tell:
            with self._lock:
                self._done += amount
                self._tell(self._done / self._total)


class _Written:
    """What has been written into: another synth may play the same part's other pitches."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._places: set[tuple[int, int]] = set()

    def before(self, row: int, at: int) -> bool:
        """Whether something was there already; from now on there is."""
        known = (row, at) in self._places
        self._places.add((row, at))
        return known


def _play(player: Player, share: list[int], dry: np.ndarray, progress: _Progress, written: _Written) -> None:
    """Some of the parts, or some of their pitches, from beginning to end, added to their rows of dry (parts, 2, frames)."""
    own = np.zeros((len(share), 2, CHUNK), np.float32)
    into = addresses(own, range(len(share)))
    with player:
        for at in range(0, dry.shape[2], CHUNK):
            frames = min(CHUNK, dry.shape[2] - at)
            own[:] = 0
            player.play(frames, into)
            with written.lock:  # a sum of two is the same in any order
                for row, sound in zip(share, own[:, :, :frames], strict=True):
                    place = dry[row, :, at : at + frames]
                    if written.before(row, at):
                        sound += place
                    put(place, sound)
            if at // REST != (at + frames) // REST:
                rest(dry)
            progress.add(frames)
