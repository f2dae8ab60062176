"""Stems become a mix: balance by measured loudness, pan, reverb, bus, limiter.

Each part's loudness is measured (BS.1770) and set so many LU from the lead, from a profile; the whole ends at a
loudness target under a true-peak ceiling, whatever the soundfont. The balance is between instruments, not between
notes: inside a part nothing is evened out, and half of what its mean velocity says stays (soft playing is softer).
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from composer.audio import loudness
from composer.audio.limiter import apply_curve
from composer.audio.master import Master, finish
from composer.audio.spill import rest
from composer.audio.strip import PROFILE, Strip, amplitude, pan_gains, planar, pour
from composer.audio.synth import Stems
from composer.errors import AudioError

WORKERS = 2
LEAD_LUFS = -20.0
"""Where the lead stands on the bus before the whole is brought to its target."""
MAX_BALANCE_DB = 40.0
MAX_REVERB_DB = 12.0
REFERENCE_VELOCITY, VELOCITY_KEPT, MAX_VELOCITY_DB = 80.0, 0.5, 6.0
"""A mean velocity other than 80 leaves half of the synth's 40 log10 standing, at most 6 dB; the lead always leads."""


@dataclass(frozen=True)
class MixSettings:
    """What the user wants of the mix. Parts go by stem name or by role; what is not said comes from `strip.PROFILE`."""

    target_lufs: float | None = -14.0
    """Integrated loudness of the whole; None leaves it as balanced."""
    ceiling_dbtp: float = -1.0
    auto: bool = True
    """Balance by measured loudness; False keeps the soundfont's own levels."""
    balance_lu: Mapping[str, float] = field(default_factory=dict)
    """Loudness relative to the lead, in place of the profile's."""
    gain_db: Mapping[str, float] = field(default_factory=dict)
    """The faders: added to the balance."""
    pan: Mapping[str, float] = field(default_factory=dict)
    """-1 left … 1 right, in place of the profile's."""
    reverb_db: Mapping[str, float] = field(default_factory=dict)
    """Added to a part's reverb; -inf makes it dry."""
    mute: tuple[str, ...] = ()
    solo: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.target_lufs is not None and not -40 <= self.target_lufs <= -6:
            raise AudioError(f"loudness target must be in range -40..-6 LUFS, got {self.target_lufs:g}")
        if not -20 <= self.ceiling_dbtp <= 0:
            raise AudioError(f"true-peak ceiling must be in range -20..0 dBTP, got {self.ceiling_dbtp:g}")
        for what, values, low, high in (
            ("balance", self.balance_lu, -60.0, 20.0), ("gain", self.gain_db, -np.inf, 40.0),
            ("pan", self.pan, -1.0, 1.0), ("reverb", self.reverb_db, -np.inf, 40.0),
        ):  # fmt: skip
            for name, value in values.items():
                if not low <= value <= high:
                    raise AudioError(f"{what} of {name} must be in range {low:g}..{high:g}, got {value:g}")

    def named(self) -> set[str]:
        """Every part that is spoken of."""
        return {*self.balance_lu, *self.gain_db, *self.pan, *self.reverb_db, *self.mute, *self.solo}


@dataclass(frozen=True)
class Level:
    """One line of the mix's table."""

    part: str
    role: str
    gain_db: float
    """From the synth's level to the mix, the limiter aside; -inf where the part is muted or silent."""
    pan: float
    reverb_db: float
    """What its reverb was given on top; -inf where there is none."""
    before_lufs: float
    """As the synth played it, dry."""
    after_lufs: float
    """In the mix before the limiter, reverb included."""


@dataclass(frozen=True, eq=False)
class Mix:
    """The finished stereo and how it came about."""

    stems: Stems
    table: tuple[Level, ...]
    """One line a stem, in the stems' order."""
    master: Master

    @property
    def audio(self) -> np.ndarray:
        """float32, shape (frames, 2)."""
        return self.master.audio

    @property
    def sample_rate(self) -> int:
        return self.stems.sample_rate

    @property
    def lufs(self) -> float:
        return self.master.lufs

    @property
    def true_peak_dbtp(self) -> float:
        return self.master.true_peak_dbtp

    def stem(self, part: str, limited: bool = False) -> np.ndarray:
        """One part as it stands in the mix, reverb included, float32 (frames, 2).

        All parts sum to the mix before the limiter; `limited`, they follow the limiter and sum to the mix itself.
        """
        for at, level in enumerate(self.table):
            if level.part.lower() == part.lower():
                sound = planar(self.stems.frames)
                for side in range(2):
                    _pour(sound, self.stems, at, level, side)
                return apply_curve(sound, self.master.curve, 1.0, sound) if limited else sound
        raise AudioError(f"no stem called {part!r}; this mix has: {', '.join(level.part for level in self.table)}")

    def report(self) -> str:
        """The table as people read it: a line a part, then the whole."""
        lines = [f"{'part':<14}{'gain dB':>9}{'pan':>7}{'reverb dB':>11}{'before':>9}{'after LUFS':>12}"]
        lines += [
            f"{level.part:<14}{level.gain_db:>9.1f}{level.pan:>7.2f}{level.reverb_db:>11.1f}{level.before_lufs:>9.1f}{level.after_lufs:>12.1f}"
            for level in self.table
        ]
        whole = f"{self.lufs:.1f} LUFS, true peak {self.true_peak_dbtp:.1f} dBTP"
        return "\n".join([*lines, f"{'mix':<14}{whole}, limiter at most {self.master.reduction_db:.1f} dB"])


def mix(stems: Stems, settings: MixSettings | None = None) -> Mix:
    """Balance, pan, add reverb, sum and limit.

    Raises AudioError where the stems hold samples that are no numbers, or the settings name a part that is not there.
    """
    settings = settings or MixSettings()
    _check_names(stems, settings)
    bus = planar(stems.frames)
    with ThreadPoolExecutor(WORKERS) as pool:
        table = list(pool.map(lambda at: _level(stems, at, settings), range(len(stems.names))))

        def fill(side: int) -> None:
            for at, level in enumerate(table):  # in the stems' order: the sum is the same in every run
                _pour(bus, stems, at, level, side)

        list(pool.map(fill, range(2)))
    master = finish(bus, stems.sample_rate, settings.target_lufs, settings.ceiling_dbtp)
    lifted = (
        replace(level, gain_db=level.gain_db + master.gain_db, after_lufs=level.after_lufs + master.gain_db)
        for level in table
    )
    return Mix(stems, tuple(lifted), master)


def _level(stems: Stems, at: int, settings: MixSettings) -> Level:
    """One stem's line in the table, before the whole is brought to its loudness."""
    name, role = stems.names[at], stems.roles[at]
    strip = PROFILE.get(role, Strip())
    dry, both, wet = _energies(stems, at)
    before, wet_lufs = _lufs(dry.sum(axis=0), stems), _lufs(wet.sum(axis=0), stems)
    pan = _setting(settings.pan, name, role, strip.pan)
    gain_db = _setting(settings.gain_db, name, role, 0.0)
    muted = _named(settings.mute, name, role) or (bool(settings.solo) and not _named(settings.solo, name, role))
    if muted or gain_db == -np.inf or before == -np.inf:
        return Level(name, role, -np.inf, pan, -np.inf, before, -np.inf)
    if settings.auto:
        target = LEAD_LUFS + _setting(settings.balance_lu, name, role, strip.balance_lu)
        target += _velocity_db(stems.velocities[at] if stems.velocities else 0.0, role)
        gain_db += float(np.clip(target - before, -MAX_BALANCE_DB, MAX_BALANCE_DB))
    reverb_db = _setting(settings.reverb_db, name, role, 0.0)
    reverb_db += min(before + strip.reverb_lu - wet_lufs, MAX_REVERB_DB) if wet_lufs > -np.inf else -np.inf
    gain, send = amplitude(gain_db), amplitude(gain_db + reverb_db)
    panned = np.array(pan_gains(pan)) ** 2 @ (gain**2 * dry + 2 * gain * send * both + send**2 * wet)
    return Level(name, role, gain_db, pan, reverb_db, before, _lufs(panned, stems))


def _energies(stems: Stems, at: int) -> np.ndarray:
    """K-weighted energies of a part's tenths of a second: dry, dry times wet, wet; shape (3, sides, steps).

    They tell the loudness of any mix of the two without a look at the sound. AudioError on samples that are no numbers.
    """
    starts = loudness.step_starts(stems.frames, stems.sample_rate)
    energies = np.zeros((3, 2, len(starts)))
    pieces = (loudness.k_weighted(sound[at], stems.sample_rate) for sound in (stems.audio, stems.sends))
    with np.errstate(invalid="ignore", over="ignore"):
        for (first, dry), (_, wet) in zip(*pieces, strict=True):
            for which, power in enumerate((dry * dry, dry * wet, wet * wet)):
                loudness.add_up(energies[which], starts, first, power)
            rest(stems.audio)
            rest(stems.sends)
    if not np.isfinite(energies).all():
        raise AudioError("the stems hold samples that are no numbers; render them again")
    return energies


def _lufs(energies: np.ndarray, stems: Stems) -> float:
    return loudness.gated_loudness(energies, stems.frames, stems.sample_rate)


def _pour(bus: np.ndarray, stems: Stems, at: int, level: Level, side: int) -> None:
    """Add one side (0 left, 1 right) of a stem to the bus, as its line in the table says."""
    if level.gain_db == -np.inf:
        return
    panned = pan_gains(level.pan)[side]
    gains = amplitude(level.gain_db) * panned, amplitude(level.gain_db + level.reverb_db) * panned
    highpass_hz = PROFILE.get(level.role, Strip()).highpass_hz
    pour(bus[:, side], stems.audio[at, :, side], stems.sends[at, :, side], gains, highpass_hz, stems.sample_rate)


def _velocity_db(velocity: float, role: str) -> float:
    if velocity <= 0 or role == "melody":
        return 0.0
    played_db = VELOCITY_KEPT * 40 * float(np.log10(velocity / REFERENCE_VELOCITY))
    return float(np.clip(played_db, -MAX_VELOCITY_DB, MAX_VELOCITY_DB))


def _named(parts: tuple[str, ...], name: str, role: str) -> bool:
    return any(part.lower() in (name.lower(), role.lower()) for part in parts)


def _setting(values: Mapping[str, float], name: str, role: str, otherwise: float) -> float:
    """What is said of this part: by its name, else by its role, else the default."""
    said = {part.lower(): value for part, value in values.items()}
    return float(said.get(name.lower(), said.get(role.lower(), otherwise)))


def _check_names(stems: Stems, settings: MixSettings) -> None:
    known = {name.lower() for name in (*stems.names, *stems.roles)}
    for part in sorted(settings.named()):
        if part.lower() not in known:
            raise AudioError(f"the mix has no part {part!r}; it has: {', '.join(stems.names) or 'none'}")
