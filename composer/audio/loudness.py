"""Loudness and true peak as broadcasters measure them: ITU-R BS.1770-4.

The same numbers as pyloudnorm with its "DeMan" filters (the tests hold us to it), four times faster: the filter runs
in pieces that stay in the processor's cache, and the gating works on sums of a tenth of a second.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

STEP_S = 0.1
"""Blocks are four steps long and overlap by three."""
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
PIECE = 1 << 16
OVERSAMPLING = 4


@lru_cache(maxsize=8)
def k_weighting(sample_rate: int) -> np.ndarray:
    """The K filter as second-order sections, shape (2, 6): a high shelf for the head, a high-pass for the ear.

    Analogue prototypes of BS.1770's tables after De Man (2014), so that any sample rate will do.
    """
    sections: list[list[float]] = []
    for gain_db, q, centre_hz, shelf in ((3.999843853973347, 0.7071752369554196, 1681.974450955533, True),
                                         (0.0, 0.5003270373238773, 38.13547087602444, False)):  # fmt: skip
        k = np.tan(np.pi * centre_hz / sample_rate)
        norm = 1 + k / q + k * k
        if shelf:
            high = 10 ** (gain_db / 20)
            band = high**0.4996667741545416
            b = [(high + band * k / q + k * k) / norm, 2 * (k * k - high) / norm, (high - band * k / q + k * k) / norm]
        else:
            b = [1.0, -2.0, 1.0]
        sections.append([*b, 1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm])
    return np.array(sections, np.float64)


def step_starts(frames: int, sample_rate: int) -> np.ndarray:
    """The frame that each tenth of a second begins at, shape (steps,); the last step may be a short one."""
    steps = int(np.ceil(frames / (STEP_S * sample_rate)))
    starts: np.ndarray = np.rint(np.arange(steps) * STEP_S * sample_rate).astype(np.int64)
    return starts


def weighted_energies(audio: np.ndarray, sample_rate: int, starts: np.ndarray) -> np.ndarray:
    """K-weighted energy between each start and the next, summed over frames and channels; shape as `starts`, from 0 on.

    audio: (frames, channels).
    """
    from scipy.signal import sosfilt

    sections = k_weighting(sample_rate).astype(audio.dtype)
    frames, channels = audio.shape
    energies = np.zeros(len(starts))
    state = np.zeros((len(sections), channels, 2), audio.dtype)
    for at in range(0, frames, PIECE):
        piece, state = sosfilt(sections, audio[at : at + PIECE].T, axis=-1, zi=state)
        power = np.einsum("cf,cf->f", piece, piece)
        first, last = np.searchsorted(starts, [at, at + len(power)])
        cuts = np.unique(np.concatenate([[0], starts[first:last] - at]))
        into = np.searchsorted(starts, cuts + at, side="right") - 1
        np.add.at(energies, into, np.add.reduceat(power, cuts, dtype=np.float64))
    return energies


def gated_loudness(energies: np.ndarray, frames: int, sample_rate: int) -> float:
    """Integrated loudness in LUFS from step energies (see eq. 2 to 7 of BS.1770-4), -inf for silence.

    Sound shorter than one block of 0.4 s is measured whole, without gates.
    """
    if frames == 0:
        return -np.inf
    whole = int(frames / (STEP_S * sample_rate) + 1e-9)
    if whole < 4:
        total = float(energies.sum()) / frames
        return -0.691 + 10 * float(np.log10(total)) if total > 0 else -np.inf
    summed = np.concatenate([[0.0], np.cumsum(energies[:whole])])
    power = (summed[4:] - summed[:-4]) / (4 * STEP_S * sample_rate)
    power = power[power > 10 ** ((ABSOLUTE_GATE_LUFS + 0.691) / 10)]
    if len(power) == 0:
        return -np.inf
    power = power[power > power.mean() * 10 ** (RELATIVE_GATE_LU / 10)]
    return -0.691 + 10 * float(np.log10(power.mean()))


def loudness(audio: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness of audio (frames, channels) in LUFS, -inf for silence."""
    energies = weighted_energies(audio, sample_rate, step_starts(len(audio), sample_rate))
    return gated_loudness(energies, len(audio), sample_rate)


def cell_peaks(audio: np.ndarray, cell: int, floor: float = 0.0) -> np.ndarray:
    """True peak (4 times oversampled) of every `cell` frames, the loudest channel; shape (ceil(frames / cell),).

    audio: (frames, channels). Where the samples stay under `floor` their own peak is given, which is much quicker; the
    curve between samples would have to rise by more than the caller's margin to matter.
    """
    frames = len(audio)
    cells = -(-frames // cell)
    peaks = np.zeros(cells, np.float32)
    for at in range(0, frames, PIECE // cell * cell):
        piece = audio[at : at + PIECE // cell * cell]
        power = np.abs(piece).max(axis=1)
        found = np.maximum.reduceat(power, np.arange(0, len(piece), cell))
        peaks[at // cell : at // cell + len(found)] = found
    loud = np.flatnonzero(peaks > floor) if floor > 0 else np.arange(cells)
    if len(loud) == 0:
        return peaks
    for run in np.split(loud, np.flatnonzero(np.diff(loud) > 4) + 1):
        for at in range(run[0], run[-1] + 1, max(1, PIECE // cell)):
            end = min(at + max(1, PIECE // cell), int(run[-1]) + 1)
            np.maximum(
                peaks[at:end], _between_samples(audio, at * cell, min(end * cell, frames), cell), out=peaks[at:end]
            )
    return peaks


def true_peak_dbtp(audio: np.ndarray) -> float:
    """The highest point of the curve through the samples, dB relative to full scale, -inf for silence."""
    if audio.size == 0:
        return -np.inf
    highest = float(max(audio.max(), -audio.min()))
    if highest == 0:
        return -np.inf
    return 20 * float(np.log10(cell_peaks(audio, 64, 0.6 * highest).max()))


@lru_cache(maxsize=1)
def _phases() -> np.ndarray:
    """The three filters that give the points between samples, shape (3, 24): windowed sincs."""
    taps = np.arange(24) - 11
    shifts = np.arange(1, OVERSAMPLING)[:, None] / OVERSAMPLING
    window = np.kaiser(24 * OVERSAMPLING + 1, 6.0)
    at = (12 * OVERSAMPLING + (taps - shifts) * OVERSAMPLING).round().astype(int)
    filters = np.sinc(taps - shifts) * window[at]
    return np.asarray(filters / filters.sum(axis=1, keepdims=True), np.float32)


def _between_samples(audio: np.ndarray, start: int, end: int, cell: int) -> np.ndarray:
    """Peaks of the oversampled curve over frames start..end, one a cell."""
    margin = 12
    low, high = max(0, start - margin), min(len(audio), end + margin)
    piece = np.zeros((audio.shape[1], end - start + 2 * margin), np.float32)
    piece[:, low - start + margin : high - start + margin] = audio[low:high].T
    windows = np.lib.stride_tricks.sliding_window_view(piece, 24, axis=1)[:, 1 : end - start + 1]
    highest = np.abs(windows @ _phases().T).max(axis=(0, 2))
    return np.asarray(np.maximum.reduceat(highest, np.arange(0, end - start, cell)))
