"""The pitch of one voice, frame by frame: SwiftF0 (Nieradzik, arXiv:2508.18440), a network of 135 kB under ONNX Runtime.

Owner of swift_f0. docs/decisions/audio-in.md says what it was compared with.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from composer.errors import AudioError

RATE = 16_000
"""Hz: what the network hears."""
HOP = 256
LOWEST_HZ = 46.875
HIGHEST_HZ = 2093.75
LOWEST, HIGHEST = 35, 96
"""MIDI pitches that the network is sure of: B1 to C7."""
BLOCK_S = 20.0


class PitchTracker:
    """A loaded network; `track` may be called any number of times.

    Raises AudioError with the command that installs it where the extra is missing.
    """

    def __init__(self) -> None:
        try:
            from swift_f0 import SwiftF0
        except ImportError:
            raise AudioError(
                'listening to recordings needs the extra "audio": pip install "melody-to-band[audio]"'
            ) from None
        self._network = SwiftF0(threads=1)

    def track(
        self, audio: np.ndarray, on_progress: Callable[[float], None] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """(MIDI pitch with fractions, voicing 0..1), each of shape (frames,), of float32 samples at 16 kHz.

        Frame i is centred on sample 256 * i. Block by block, with the same result as in one go.
        """
        from swift_f0 import concat

        stream = self._network.stream(LOWEST_HZ, HIGHEST_HZ)
        heard = []
        step = int(BLOCK_S * RATE)
        for at in range(0, len(audio), step):
            heard.append(stream.push(audio[at : at + step], RATE))
            if on_progress is not None:
                on_progress(min(1.0, (at + step) / len(audio)))
        heard.append(stream.flush())
        whole = concat(heard)
        return 69 + 12 * np.log2(whole.pitch_hz / 440), whole.confidence
