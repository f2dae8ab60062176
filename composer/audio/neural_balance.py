"""The neural balance: a small network that hears each part beside the others and says what the mix asks of it.

It reads a part's spectrum, the spectra of all others and of the lead, the instrument and how much it plays; it says three bands of
equaliser, loudness relative to the profile, and pan. Trained on mixes made wrong on purpose (`composer.training.balance`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from composer.audio import profiles, spectra
from composer.audio.balance import LEAD_LUFS, MAX_BALANCE_DB, Measured, Setting, lufs
from composer.audio.strip import Equaliser
from composer.errors import AudioError

ROLES = ("melody", "drums", "bass", "guitar", "piano", "strings")
"""What it knows by name; all others are one."""
FLOOR_DB = 40.0
MAX_EQ_DB, MAX_LU = 9.0, 4.0
OUTPUTS = 5
"""low, mid, high in dB / MAX_EQ_DB; loudness in LU / MAX_LU; pan."""
FEATURES = 3 * spectra.BANDS + len(ROLES) + 1 + 3
FILE = "neural_balance.npz"


def features(parts: Sequence[Measured], wanted_lu: Sequence[float]) -> np.ndarray:
    """One row a part, float32, shape (parts, FEATURES); wanted_lu is the profile's loudness relative to the lead."""
    means = np.array([part.energies.mean(axis=0) if len(part.energies) else np.zeros(spectra.BANDS) for part in parts])
    totals = means.sum(axis=1, keepdims=True)
    shapes = means / np.maximum(totals, 1e-12)
    standing = shapes * 10 ** (np.asarray(wanted_lu)[:, None] / 10) * (totals > 0)
    everything = standing.sum(axis=0)
    leads = [at for at, part in enumerate(parts) if part.role == "melody"]
    lead = _decibels(shapes[leads[0]]) if leads else np.full(spectra.BANDS, -1.0)
    rows = []
    for at, part in enumerate(parts):
        role = np.zeros(len(ROLES) + 1)
        role[ROLES.index(part.role) if part.role in ROLES else -1] = 1
        power = part.energies.sum(axis=1)
        playing = float((power > 1e-3 * power.mean()).mean()) if power.any() else 0.0
        others = everything - standing[at]
        besides = _decibels(others / max(float(others.sum()), 1e-12))
        numbers = np.array([playing, wanted_lu[at] / 10, len(parts) / 8])
        rows.append(np.concatenate([_decibels(shapes[at]), besides, lead, role, numbers]))
    return np.array(rows, np.float32).reshape(len(parts), FEATURES)


def _decibels(shape: np.ndarray) -> np.ndarray:
    """A spectrum that sums to 1 → around -1 … 1."""
    return np.asarray(np.maximum(10 * np.log10(np.maximum(shape, 1e-9)), -FLOOR_DB) / (FLOOR_DB / 2) + 1)


def by_network(parts: Sequence[Measured], sample_rate: int, wanted_lu: Sequence[float]) -> list[Setting]:
    """The network's settings; a part comes to the loudness that it says, measured behind its equaliser."""
    said = predict(features(parts, wanted_lu))
    found = []
    for part, wanted, row in zip(parts, wanted_lu, said, strict=True):
        low, mid, high = (round(float(value), 1) for value in row[:3] * MAX_EQ_DB)
        eq = Equaliser(low_db=low, mid_db=mid, high_db=high)
        bands = spectra.band_gains(eq.sections(sample_rate), sample_rate)
        loud = lufs((part.energies * bands.astype(np.float32)).sum(axis=1))
        gain_db = LEAD_LUFS + wanted + float(row[3]) * MAX_LU - loud
        gain_db = float(np.clip(gain_db, -MAX_BALANCE_DB, MAX_BALANCE_DB)) if np.isfinite(gain_db) else 0.0
        known = part.role in profiles.PROFILE and part.role not in ROLES
        pan = profiles.place(part.role).pan if known else float(np.clip(row[4], -1, 1))
        found.append(Setting(gain_db, pan, eq))
    return found


def predict(rows: np.ndarray, weights: dict[str, np.ndarray] | None = None) -> np.ndarray:
    """The network: rows (parts, FEATURES) → (parts, OUTPUTS), each -1..1."""
    weights = weights or _shipped()
    for layer in ("1", "2"):
        rows = np.maximum(rows @ weights[f"w{layer}"] + weights[f"b{layer}"], 0)
    return np.asarray(np.tanh(rows @ weights["w3"] + weights["b3"]))


@lru_cache(maxsize=1)
def _shipped() -> dict[str, np.ndarray]:
    path = Path(__file__).parent / FILE
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name].astype(np.float32) for name in ("w1", "b1", "w2", "b2", "w3", "b3")}
    except (OSError, KeyError, ValueError) as error:
        raise AudioError(f"{path}: the neural balance cannot be read ({error}); use --balance loudness") from None
