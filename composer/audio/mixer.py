"""Stems become a mix: strips, balance, bus, room, limiter.

Each part's loudness is measured (BS.1770) at its fader and set so many LU from the lead, from a profile; the whole ends at a
loudness target under a true-peak ceiling, whatever the soundfont. The balance is between instruments, not between
notes, and half of what a part's mean velocity says stays (soft playing is softer).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from composer.audio import balance, masking, profiles, reverb, spectra
from composer.audio.balance import Measured, Setting
from composer.audio.chorus import ChorusRun
from composer.audio.compressor import CELL
from composer.audio.desk import MixPlan
from composer.audio.limiter import apply_curve
from composer.audio.master import Master, finish
from composer.audio.spill import put, rest, scratch, silence
from composer.audio.strip import BackRun, FrontRun, Insert, Strip, planar
from composer.audio.synth import Stems
from composer.errors import AudioError
from composer.given import given

WORKERS = 2
BALANCES = ("auto", "loudness", "neural", "synth")
"""auto: the better of the next two, see docs/mix.md; synth: the soundfont's own levels."""
BETTER = "loudness"
"""What auto means, by the table that benchmarks/balance.py makes."""
NOMINAL_DB = -20.0
"""RMS of a part behind its trim."""
PIECE = 1 << 16

_T = TypeVar("_T")


@dataclass(frozen=True)
class MixSettings:
    """What the user wants of the mix. Parts go by stem name or by role; what is not said comes from `profiles`."""

    target_lufs: float | None = -14.0
    """Integrated loudness of the whole; None leaves it as balanced."""
    ceiling_dbtp: float = -1.0
    balance: str = "auto"
    """One of BALANCES."""
    style: str | None = None
    """Whose profile, see `profiles.STYLE_LU`."""
    balance_lu: Mapping[str, float] = field(default_factory=dict)
    """Loudness relative to the lead, in place of the profile's."""
    gain_db: Mapping[str, float] = field(default_factory=dict)
    """The faders: added to the balance."""
    pan: Mapping[str, float] = field(default_factory=dict)
    """-1 left … 1 right, in place of the profile's."""
    reverb_db: Mapping[str, float] = field(default_factory=dict)
    """Added to a part's reverb; -inf makes it dry."""
    chorus_db: Mapping[str, float] = field(default_factory=dict)
    """Sent to the chorus, relative to the dry sound; nothing where it is not said, unless the file does."""
    inserts: Mapping[str, tuple[Insert, ...]] = field(default_factory=dict)
    """Effects in a part's strip, in order."""
    mute: tuple[str, ...] = ()
    solo: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.target_lufs is not None and not -40 <= self.target_lufs <= -6:
            raise AudioError(f"loudness target must be in range -40..-6 LUFS, got {self.target_lufs:g}")
        if not -20 <= self.ceiling_dbtp <= 0:
            raise AudioError(f"true-peak ceiling must be in range -20..0 dBTP, got {self.ceiling_dbtp:g}")
        if self.balance not in BALANCES:
            raise AudioError(f"no balance called {self.balance!r}; choose one of: {', '.join(BALANCES)}")
        for what, values, low, high in (
            ("balance", self.balance_lu, -60.0, 20.0), ("gain", self.gain_db, -np.inf, 40.0),
            ("pan", self.pan, -1.0, 1.0), ("reverb", self.reverb_db, -np.inf, 40.0),
            ("chorus", self.chorus_db, -np.inf, 6.0),
        ):  # fmt: skip
            for name, value in values.items():
                if not low <= value <= high:
                    raise AudioError(f"{what} of {name} must be in range {low:g}..{high:g}, got {value:g}")

    def named(self) -> set[str]:
        """Every part that is spoken of."""
        spoken = (self.balance_lu, self.gain_db, self.pan, self.reverb_db, self.chorus_db, self.inserts)
        return {*(name for values in spoken for name in values), *self.mute, *self.solo}


@dataclass(frozen=True)
class Level:
    """One line of the mix's table."""

    part: str
    role: str
    gain_db: float
    """The fader, the master's gain included, the limiter aside; -inf where the part is muted or silent."""
    pan: float
    eq: str
    """What the equaliser does, "-2.0 dB at 63 Hz", or ""."""
    reverb_db: float
    """Sent to the room, relative to the dry sound; -inf where nothing is."""
    before_lufs: float
    """At the fader, trimmed and compressed."""
    after_lufs: float
    """In the mix before the limiter."""
    heard: float
    """The share of its loudness that is left beside all others, 0..1, see `masking`."""


@dataclass(frozen=True, eq=False)
class Mix:
    """The finished stereo and how it came about."""

    stems: Stems
    table: tuple[Level, ...]
    """One line a stem, in the stems' order."""
    master: Master
    plan: MixPlan
    """The same mix for a desk that plays it live."""
    fronts: np.ndarray
    """Every part at its fader, float32, shape (parts, 2, frames)."""
    powers: np.ndarray
    """Every part's mean K-weighted power in the mix, shape (parts, spectra.BANDS)."""

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
        """One part as it stands in the mix, with its share of the room, float32 (frames, 2).

        All parts sum to the mix before the limiter; `limited`, they follow the limiter and sum to the mix itself.
        """
        for at, level in enumerate(self.table):
            if level.part.lower() == part.lower():
                sound = _bus(self.fronts[at : at + 1], (self.plan.strips[at],), self.plan, self.sample_rate)
                sound = sound[: self.stems.frames]
                if limited:
                    return apply_curve(sound, self.master.curve, 10 ** (self.master.gain_db / 20), sound)
                sound *= np.float32(10 ** (self.master.gain_db / 20))
                return sound
        raise AudioError(f"no stem called {part!r}; this mix has: {', '.join(level.part for level in self.table)}")

    def bands(self) -> tuple[np.ndarray, np.ndarray]:
        """Middles of thirds of an octave in Hz, (bands,), and every part's mean K-weighted power there, (parts, bands)."""
        return spectra.CENTRES_HZ, self.powers

    def report(self) -> str:
        """The table as people read it: a line a part, then the whole."""
        lines = [
            f"{'part':<14}{'gain dB':>8}{'pan':>7}{'room dB':>9}{'before':>8}{'after LUFS':>12}{'heard':>7}  equaliser"
        ]
        lines += [
            f"{level.part[:13]:<14}{level.gain_db:>8.1f}{level.pan:>7.2f}{level.reverb_db:>9.1f}{level.before_lufs:>8.1f}"
            f"{level.after_lufs:>12.1f}{level.heard:>7.0%}  {level.eq or '-'}"
            for level in self.table
        ]
        whole = f"{self.lufs:.1f} LUFS, true peak {self.true_peak_dbtp:.1f} dBTP"
        return "\n".join([*lines, f"{'mix':<14}{whole}, limiter at most {self.master.reduction_db:.1f} dB"])


@dataclass(frozen=True, eq=False)
class Premaster:
    """The parts balanced and summed: what stands before gain and limiter, and can go through them more than once."""

    stems: Stems
    target_lufs: float | None
    measured: list[Measured]
    strips: list[Strip]
    fronts: np.ndarray
    """Every part at its fader, float32, shape (parts, 2, frames)."""
    bus: np.ndarray
    """float32, shape (frames, 2)."""

    def mastered(self, ceiling_dbtp: float) -> Mix:
        """The mix, as loud as asked under this ceiling."""
        stems, strips, rate = self.stems, self.strips, self.stems.sample_rate
        master = finish(self.bus, rate, self.target_lufs, ceiling_dbtp)
        plan = MixPlan(stems.names, tuple(strips), master.gain_db, master.limiter)
        powers = [_power(part, strip, master.gain_db, rate) for part, strip in zip(self.measured, strips, strict=True)]
        means = np.array([power.mean(axis=0) if len(power) else power.sum(axis=0) for power in powers])
        return Mix(stems, _levels(self.measured, strips, powers, master.gain_db), master, plan, self.fronts, means)


def mix(stems: Stems, settings: MixSettings | None = None) -> Mix:
    """Balance, pan, add the room, sum and limit.

    Raises AudioError where the stems hold samples that are no numbers, or the settings name a part that is not there.
    """
    given(stems, Stems, "stems", "Stems, as composer.render gives them")
    settings = settings or MixSettings()
    return premaster(stems, settings).mastered(settings.ceiling_dbtp)


def premaster(stems: Stems, settings: MixSettings) -> Premaster:
    """A mix as far as its limiter. Raises as `mix` does."""
    rate = stems.sample_rate
    measured, strips, fronts = _at_faders(stems, settings)
    chosen = _balance(measured, settings, rate)
    strips = [
        _settle(strip, part, setting, settings) for strip, part, setting in zip(strips, measured, chosen, strict=True)
    ]
    plan = MixPlan(stems.names, tuple(strips))
    bus = _bus(fronts, plan.strips, plan, rate)[: stems.frames]
    return Premaster(stems, settings.target_lufs, measured, strips, fronts, bus)


def measure(stems: Stems, settings: MixSettings | None = None) -> list[Measured]:
    """Every part at its fader, as the balance sees it. Raises as `mix` does."""
    return _at_faders(stems, settings or MixSettings())[0]


def _at_faders(stems: Stems, settings: MixSettings) -> tuple[list[Measured], list[Strip], np.ndarray]:
    """What stands before the faders at work: parts measured, their strips, their sound (parts, 2, frames)."""
    check_names(stems.names, stems.roles, settings)
    fronts = silence((len(stems.names), 2, -(-stems.frames // CELL) * CELL))
    with ThreadPoolExecutor(2 * WORKERS) as pool:  # five parts on two cores: in pairs, the last would be alone
        strips = list(pool.map(lambda at: _strip(stems, at, settings), range(len(stems.names))))
        runs = [
            FrontRun(strip, stems.sample_rate) for strip in strips
        ]  # here: plug-ins want one thread to be loaded in
        measured = list(pool.map(lambda at: _front(stems, at, runs[at], fronts), range(len(strips))))
    return measured, strips, fronts


def _strip(stems: Stems, at: int, settings: MixSettings) -> Strip:
    """What stands before one part's fader."""
    name, role = stems.names[at], stems.roles[at]
    place = profiles.place(role)
    inserts = _said(settings.inserts, name, role, ())
    level_db = rms_db(stems, at)
    trim_db = NOMINAL_DB - level_db if np.isfinite(level_db) else 0.0
    return Strip(trim_db, place.highpass_hz, place.compressor, tuple(inserts))


def rms_db(stems: Stems, at: int) -> float:
    """A part's level while it sounds, dB; -inf for silence. AudioError on samples that are no numbers."""
    power = np.zeros(-(-stems.frames // PIECE))
    cells: list[np.ndarray] = []
    for number, start in enumerate(range(0, stems.frames, PIECE)):
        piece = stems.audio[at, start : start + PIECE].T
        whole = piece[:, : piece.shape[1] // 1024 * 1024].reshape(2, -1, 1024)
        cells.append(np.einsum("scf,scf->c", whole, whole) / 2048)
        power[number] = np.einsum("sf,sf->", piece, piece)
        rest(stems.audio)
    if not np.isfinite(power).all():
        raise AudioError("the stems contain samples that are not finite numbers; render them again")
    levels = np.concatenate(cells) if cells else np.zeros(0)
    if not levels.any():
        return 10 * math.log10(power.sum() / (2 * stems.frames)) if power.any() else -math.inf
    return 10 * math.log10(float(levels[levels > levels.max() * 1e-4].mean()))


def _front(stems: Stems, at: int, run: FrontRun, fronts: np.ndarray) -> Measured:
    """Bring one part to its fader, in pieces that are whole cells and whole tenths of a second, and measure it there. What
    its inserts are late is run through beforehand, so that the part is in time."""
    rate = stems.sample_rate
    step = spectra.step_frames(rate)
    piece = math.lcm(step, CELL)
    piece *= max(1, (1 << 17) // piece)
    late = run.latency
    if late:
        run.process(_lengthened(stems.audio[at, :late].T, late), np.empty((2, late), np.float32))
    found = []
    for start in range(0, fronts.shape[2], piece):
        place = fronts[at, :, start : start + piece]
        out = scratch(place)
        sound = stems.audio[at, late + start : late + start + out.shape[1]].T
        run.process(_lengthened(sound, out.shape[1]), out)
        put(place, out)
        steps = _lengthened(out, -(-out.shape[1] // step) * step)
        found.append(spectra.energies(steps, rate).sum(axis=0) / step)
        rest(stems.audio)
        rest(fronts)
    energies = np.concatenate(found) if found else np.zeros((0, spectra.BANDS), np.float32)
    if not np.isfinite(energies).all():
        raise AudioError(f"{stems.names[at]}: an effect produced samples that are not finite numbers; remove it")
    velocity = stems.velocities[at] if stems.velocities else 0.0
    sends = stems.sends_db[at] if stems.sends_db else (0.0, -np.inf)
    return Measured(stems.names[at], stems.roles[at], energies, velocity, sends)


def _lengthened(sound: np.ndarray, frames: int) -> np.ndarray:
    """sound (2, frames or fewer) with silence behind it, itself where it lacks nothing."""
    missing = frames - sound.shape[1]
    return np.pad(sound, ((0, 0), (0, missing))) if missing else sound


def _balance(parts: list[Measured], settings: MixSettings, rate: int) -> list[Setting]:
    pans = [profiles.place(part.role).pan for part in parts]
    if settings.balance == "synth":
        return [Setting(0.0, pan) for pan in pans]
    wanted = [
        _said(settings.balance_lu, part.name, part.role, profiles.balance_lu(part.role, settings.style))
        + balance.velocity_db(part.velocity, part.role)
        for part in parts
    ]
    if (settings.balance if settings.balance != "auto" else BETTER) == "neural":
        from composer.audio.neural_balance import by_network

        return by_network(parts, rate, wanted)
    return balance.by_loudness(parts, rate, wanted, pans)


def _settle(strip: Strip, part: Measured, setting: Setting, settings: MixSettings) -> Strip:
    """A part's strip with what the balance and the user say."""
    if settings.balance == "synth":
        setting = replace(setting, gain_db=setting.gain_db - strip.trim_db)
    return faded(strip, part.name, part.role, setting, settings, part.sends_db, part.lufs() == -np.inf)


def faded(
    strip: Strip, name: str, role: str, setting: Setting, settings: MixSettings,
    sends_db: tuple[float, float] = (0.0, -np.inf), silent: bool = False,
) -> Strip:  # fmt: skip
    """A strip with its fader, place and sends: the balance's setting, then the file's wishes, then the user's."""
    muted = _named(settings.mute, name, role) or (bool(settings.solo) and not _named(settings.solo, name, role))
    return replace(
        strip,
        eq=setting.eq,
        gain_db=setting.gain_db + _said(settings.gain_db, name, role, 0.0),
        pan=_said(settings.pan, name, role, setting.pan),
        inserts=tuple(_said(settings.inserts, name, role, strip.inserts)),
        reverb_db=profiles.place(role).reverb_db + sends_db[0] + _said(settings.reverb_db, name, role, 0.0),
        chorus_db=_said(settings.chorus_db, name, role, sends_db[1]),
        mute=muted or silent,
    )


def _bus(fronts: np.ndarray, strips: tuple[Strip, ...], plan: MixPlan, rate: int) -> np.ndarray:
    """Faders, pan, room and chorus: the sum of all parts, float32, shape (frames, 2)."""
    frames = fronts.shape[2]
    bus, send = planar(frames), planar(frames)
    chorused = any(strip.chorus_db > -np.inf for strip in strips)
    chorus = planar(frames) if chorused else None

    def fill(side: int) -> None:
        for front, strip in zip(fronts, strips, strict=True):  # in their order: the sum is the same in every run
            run = BackRun(strip, rate, (side,))
            for at in range(0, frames, PIECE):
                here = slice(at, at + PIECE)
                buses = [kind.T[side : side + 1, here] for kind in (bus, send, chorus) if kind is not None]
                run.process(front[side : side + 1, here], *buses)
                rest(fronts)
        reverb.whole(send[:, side], plan.room, rate, side, bus[:, side])

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(fill, range(2)))
    if chorus is not None:
        sway = ChorusRun(plan.chorus, rate)
        for at in range(0, frames, PIECE):
            sway.process(chorus.T[:, at : at + PIECE], bus.T[:, at : at + PIECE])
    return bus


def _power(part: Measured, strip: Strip, master_db: float, rate: int) -> np.ndarray:
    """One part's power in the mix before the limiter, its share of the room included, shape (steps, BANDS)."""
    gain = 10 ** ((strip.gain_db + master_db) / 10) if strip.sounds else 0.0
    bands = spectra.band_gains(strip.eq.sections(rate), rate) * gain * (1 + 10 ** (strip.reverb_db / 10))
    return np.asarray(part.energies * bands.astype(np.float32))


def _levels(
    parts: list[Measured], strips: list[Strip], powers: list[np.ndarray], master_db: float
) -> tuple[Level, ...]:
    """The table, from what was measured and set."""
    everything = np.sum(powers, axis=0) if powers else np.zeros((0, spectra.BANDS))
    return tuple(
        Level(
            part.name, part.role, strip.gain_db + master_db if strip.sounds else -np.inf, strip.pan, eq_text(strip),
            strip.reverb_db if strip.sounds else -np.inf, part.lufs(),
            balance.lufs(power.sum(axis=1)) if strip.sounds else -np.inf,
            masking.audibility(power, np.maximum(everything - power, 0)) if strip.sounds else 0.0,
        )
        for part, strip, power in zip(parts, strips, powers, strict=True)
    )  # fmt: skip


def eq_text(strip: Strip) -> str:
    """What a strip's equaliser does, in words; "" where it does nothing."""
    eq = strip.eq
    bands = (
        (eq.low_db, f"under {eq.low_hz:.0f} Hz"),
        (eq.mid_db, f"at {eq.mid_hz:.0f} Hz"),
        (eq.high_db, f"over {eq.high_hz:.0f} Hz"),
    )
    return ", ".join(f"{gain_db:+.1f} dB {where}" for gain_db, where in bands if gain_db)


def _named(parts: tuple[str, ...], name: str, role: str) -> bool:
    return any(part.lower() in (name.lower(), role.lower()) for part in parts)


def _said(values: Mapping[str, _T], name: str, role: str, otherwise: _T) -> _T:
    """What is said of this part: by its name, else by its role, else the default."""
    said = {part.lower(): value for part, value in values.items()}
    return said.get(name.lower(), said.get(role.lower(), otherwise))


def check_names(names: Sequence[str], roles: Sequence[str], settings: MixSettings) -> None:
    """Raises AudioError where the settings name a part that is not there."""
    known = {name.lower() for name in (*names, *roles)}
    for part in sorted(settings.named()):
        if part.lower() not in known:
            raise AudioError(f"the mix has no part {part!r}; it has: {', '.join(names) or 'none'}")
