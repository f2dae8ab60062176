"""The loudness rule: from measured parts to faders and equalisers.

Every part is set so many LU from the lead, by its role's place and the style. Then what masks is moved out of the way, by
equalisers first and by faders where those do not suffice: the bass where the kick drum is, guitar and piano where they meet,
and everything where it covers the melody. After each cut a part is brought back to its loudness, so that it is moved
within the spectrum and not made quiet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from composer.audio import masking, spectra
from composer.audio.loudness import STEP_S, gated_loudness
from composer.audio.strip import Equaliser

LEAD_LUFS = -20.0
"""Where the lead stands on the bus before the whole is brought to its target."""
MAX_BALANCE_DB = 40.0
REFERENCE_VELOCITY, VELOCITY_KEPT, MAX_VELOCITY_DB = 80.0, 0.5, 6.0
"""A mean velocity other than 80 leaves half of the synth's 40 log10 standing, at most 6 dB; the lead always leads."""
LOW = slice(2, 11)
"""Bands of bass and kick: 40 to 250 Hz."""
MIDDLE = slice(9, 23)
"""Bands of guitar and piano: 200 Hz to 4 kHz."""
LEAD_HEARD = 0.38
"""The share of the melody's loudness that must be left beside the band."""
CUT_DB, FAR_CUT_DB = 1.0, 4.0
"""An equaliser moves in steps of this, and so far at most."""
DUCK_DB = 3.0
"""The most that the whole band steps back for the melody."""


@dataclass(frozen=True, eq=False)
class Measured:
    """One part at its fader."""

    name: str
    role: str
    energies: np.ndarray
    """K-weighted power, both sides together, shape (steps, BANDS), see `spectra`."""
    velocity: float = 0.0
    """Mean note velocity; 0 where nobody knows."""
    sends_db: tuple[float, float] = (0.0, -np.inf)
    """How wet the file wants it, reverb and chorus."""

    def lufs(self, eq: Equaliser | None = None, sample_rate: int = 48_000) -> float:
        """Integrated loudness, behind an equaliser if one is given."""
        power = (
            self.energies if eq is None else self.energies * spectra.band_gains(eq.sections(sample_rate), sample_rate)
        )
        return lufs(power.sum(axis=1))


@dataclass(frozen=True)
class Setting:
    """What a balance decides about one part."""

    gain_db: float = 0.0
    pan: float = 0.0
    eq: Equaliser = field(default_factory=Equaliser)


def lufs(power: np.ndarray) -> float:
    """Integrated loudness from the power in tenths of a second, (steps,)."""
    return gated_loudness(power.astype(np.float64), len(power), round(1 / STEP_S))


def velocity_db(velocity: float, role: str) -> float:
    """What of a part's mean velocity stays in its loudness."""
    if velocity <= 0 or role == "melody":
        return 0.0
    played_db = VELOCITY_KEPT * 40 * float(np.log10(velocity / REFERENCE_VELOCITY))
    return float(np.clip(played_db, -MAX_VELOCITY_DB, MAX_VELOCITY_DB))


def by_loudness(
    parts: Sequence[Measured], sample_rate: int, wanted_lu: Sequence[float], pans: Sequence[float]
) -> list[Setting]:
    """The rule. wanted_lu: each part's loudness relative to the lead; silent parts are left alone."""
    return _Rule(parts, sample_rate, wanted_lu, pans).run()


class _Rule:
    """The rule at work: settings that are improved step by step."""

    def __init__(
        self, parts: Sequence[Measured], sample_rate: int, wanted_lu: Sequence[float], pans: Sequence[float]
    ) -> None:
        self._parts, self._rate = parts, sample_rate
        self._targets = [LEAD_LUFS + lu for lu in wanted_lu]
        self._eqs = [Equaliser() for _ in parts]
        self._pans = pans
        self._gains = [0.0] * len(parts)
        self._now: list[np.ndarray] = [part.energies for part in parts]
        """Energies behind fader and equaliser."""
        self._heard = [at for at, part in enumerate(parts) if part.lufs() > -np.inf]
        for at in self._heard:
            self._level(at)

    def run(self) -> list[Setting]:
        self._bass_and_kick()
        self._guitar_and_piano()
        self._melody()
        return [Setting(gain, pan, eq) for gain, pan, eq in zip(self._gains, self._pans, self._eqs, strict=True)]

    def _level(self, at: int) -> None:
        """Bring a part to its target behind its equaliser."""
        bands = spectra.band_gains(self._eqs[at].sections(self._rate), self._rate)
        shaped = self._parts[at].energies * bands.astype(np.float32)
        gain_db = self._targets[at] - lufs(shaped.sum(axis=1))
        self._gains[at] = float(np.clip(gain_db, -MAX_BALANCE_DB, MAX_BALANCE_DB)) if np.isfinite(gain_db) else 0.0
        self._now[at] = shaped * np.float32(10 ** (self._gains[at] / 10))

    def _dip(self, at: int, band: int, depth_db: float, q: float = 1.2) -> None:
        """Set a part's bell to a dip around a band."""
        hz = float(spectra.CENTRES_HZ[band])
        self._eqs[at] = replace(self._eqs[at], mid_db=-round(depth_db, 1), mid_hz=round(hz, 1), mid_q=q)
        self._level(at)

    def _of(self, *roles: str) -> list[int]:
        return [at for at in self._heard if self._parts[at].role in roles]

    def _bass_and_kick(self) -> None:
        """The bass makes room at the kick's fundamental, by as much as the two meet."""
        for bass in self._of("bass"):
            for drums in self._of("drums"):
                met, band = masking.overlap(self._now[bass], self._now[drums], LOW)
                if met > 0.1:
                    self._dip(bass, band, min(FAR_CUT_DB, 8 * met))

    def _guitar_and_piano(self) -> None:
        """Each makes room where the other is strongest beside it."""
        for guitar in self._of("guitar"):
            for piano in self._of("piano"):
                met, _ = masking.overlap(self._now[guitar], self._now[piano], MIDDLE)
                if met < 0.15:
                    continue
                mean = [self._now[at][:, MIDDLE].mean(axis=0) + 1e-12 for at in (guitar, piano)]
                both = np.sqrt(mean[0] * mean[1])
                tilt = np.log2(mean[1] / mean[0])
                centre = (both * tilt).sum() / both.sum()
                depth_db = min(FAR_CUT_DB, 6 * met)
                for at, side in ((guitar, tilt - centre), (piano, centre - tilt)):
                    self._dip(at, MIDDLE.start + int((both * np.maximum(side, 0)).argmax()), depth_db)

    def _melody(self) -> None:
        """Everything makes room for the melody: dips where it is covered most, then a step back."""
        leads = self._of("melody")
        band = [at for at in self._heard if at not in leads]
        if not leads or not band:
            return
        lead = leads[0]
        cut_db = 0.0
        while self.lead_heard(lead, band) < LEAD_HEARD and cut_db < FAR_CUT_DB:
            cut_db += CUT_DB
            power = self._now[lead].mean(axis=0)
            presence = MIDDLE.start + 4 + int((power**masking.EXPONENT)[MIDDLE.start + 4 : 25].argmax())
            for at in band:
                if self._parts[at].role in ("bass", "drums") or (self._eqs[at].mid_db and cut_db == CUT_DB):
                    continue
                self._dip(at, presence, max(cut_db, -self._eqs[at].mid_db), 0.8)
        back_db = 0.0
        while self.lead_heard(lead, band) < LEAD_HEARD and back_db < DUCK_DB:
            back_db += CUT_DB / 2
            for at in band:
                self._targets[at] -= CUT_DB / 2
                self._level(at)

    def lead_heard(self, lead: int, band: Sequence[int]) -> float:
        return masking.audibility(self._now[lead], np.sum([self._now[at] for at in band], axis=0))
