"""Loudness and true peak as broadcasters measure them: ITU-R BS.1770-4.

The same numbers as pyloudnorm with its "DeMan" filters (the tests hold us to it), four times faster: the filter runs
in pieces that stay in the processor's cache, and the gating works on sums of a tenth of a second. What lies between
samples comes from one matrix product for thousands of cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

STEP_S = 0.1
"""Blocks are four steps long and overlap by three."""
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
PIECE = 1 << 16
OVERSAMPLING, TAPS = 4, 24
BEFORE = TAPS // 2 - 1
"""Frames that the filters between samples reach back."""
BATCH = 96
"""Cells a matrix product: too small to be worth a second thread, which would only wait."""


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


def k_weight(hz: np.ndarray, sample_rate: int) -> np.ndarray:
    """The K filter's power gain at frequencies, shape as `hz`."""
    from composer.audio.filters import power_response

    return power_response(k_weighting(sample_rate), hz, sample_rate)


def step_starts(frames: int, sample_rate: int) -> np.ndarray:
    """The frame that each tenth of a second begins at, shape (steps,); the last step may be a short one."""
    steps = int(np.ceil(frames / (STEP_S * sample_rate)))
    starts: np.ndarray = np.rint(np.arange(steps) * STEP_S * sample_rate).astype(np.int64)
    return starts


def k_weighted(audio: np.ndarray, sample_rate: int) -> Iterator[tuple[int, np.ndarray]]:
    """audio (frames, channels) through the K filter, piece by piece: (first frame, sound of shape (channels, frames))."""
    from scipy.signal import sosfilt

    sections = k_weighting(sample_rate).astype(audio.dtype)
    state = np.zeros((len(sections), audio.shape[1], 2), audio.dtype)
    for at in range(0, len(audio), PIECE):
        piece, state = sosfilt(sections, audio[at : at + PIECE].T, axis=-1, zi=state)
        yield at, piece


def add_up(energies: np.ndarray, starts: np.ndarray, at: int, power: np.ndarray) -> None:
    """Add a piece's power (…, frames), the first frame being `at`, to the energies (…, steps) it falls into."""
    first, last = np.searchsorted(starts, [at + 1, at + power.shape[-1]])
    cuts = np.concatenate([[0], starts[first:last] - at])
    energies[..., first - 1 : last] += np.add.reduceat(power, cuts, axis=-1, dtype=np.float64)


def weighted_energies(audio: np.ndarray, sample_rate: int, starts: np.ndarray) -> np.ndarray:
    """K-weighted energy between each start and the next, summed over frames and channels; shape as `starts`, from 0 on.

    audio: (frames, channels).
    """
    energies = np.zeros(len(starts))
    for at, piece in k_weighted(audio, sample_rate):
        add_up(energies, starts, at, np.einsum("cf,cf->f", piece, piece))
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


def cell_peaks(audio: np.ndarray, cell: int = 16) -> np.ndarray:
    """True peak (4 times oversampled) of every `cell` frames, the loudest channel; shape (ceil(frames / cell),).

    audio: (frames, channels).
    """
    cells = -(-len(audio) // cell)
    peaks = np.zeros(cells, np.float32)
    filters = _between(cell)
    batch = max(1, min(BATCH, cells))
    many = max(1, min(PIECE // cell // batch, -(-cells // batch))) * batch
    padded = np.zeros(many * cell + TAPS - 1, np.float32)
    for at in range(0, cells, many):
        found = peaks[at : at + many]
        low, high = max(0, at * cell - BEFORE), (at + many) * cell + TAPS - 1 - BEFORE
        for side in audio[low:high].T:
            padded[:] = 0
            padded[low + BEFORE - at * cell :][: len(side)] = side
            windows = np.lib.stride_tricks.sliding_window_view(padded, cell + TAPS - 1)[::cell]
            points = filters @ windows.reshape(-1, batch, cell + TAPS - 1).transpose(0, 2, 1)
            highest = np.abs(points, out=points).max(axis=1).ravel()
            np.maximum(found, highest[: len(found)], out=found)
    return peaks


def true_peak_dbtp(audio: np.ndarray) -> float:
    """The highest point of the curve through the samples, dB relative to full scale, -inf for silence."""
    highest = float(cell_peaks(audio).max(initial=0))
    return 20 * float(np.log10(highest)) if highest else -np.inf


@lru_cache(maxsize=2)
def _between(cell: int) -> np.ndarray:
    """The matrix that turns a cell and its neighbourhood, (cell + TAPS - 1,) frames from BEFORE ahead of it, into its
    frames and the three points after each: windowed sincs, shape (4 * cell, cell + TAPS - 1)."""
    taps = np.arange(TAPS) - BEFORE
    shifts = np.arange(OVERSAMPLING)[:, None] / OVERSAMPLING
    window = np.kaiser(TAPS * OVERSAMPLING + 1, 6.0)
    at = (TAPS // 2 * OVERSAMPLING + (taps - shifts) * OVERSAMPLING).round().astype(int)
    filters = np.sinc(taps - shifts) * window[at]
    filters /= filters.sum(axis=1, keepdims=True)
    matrix = np.zeros((cell, len(filters), cell + TAPS - 1), np.float32)
    for frame in range(cell):
        matrix[frame, :, frame : frame + TAPS] = filters
    return matrix.reshape(-1, cell + TAPS - 1)
