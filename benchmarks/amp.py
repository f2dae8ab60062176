"""How much of a core an amplifier takes, and how near it is to its circuit.

    python benchmarks/amp.py [FILE.nam …]

Real-time factor at 48 kHz in blocks of 128 frames, one thread: below 1 keeps up. Beside the shipped amplifiers, networks
of the sizes that players usually own, with weights of chance.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from threadpoolctl import threadpool_limits

from composer.amp import load, shipped
from composer.amp.lstm import Lstm, LstmLayer
from composer.amp.model import Amp
from composer.amp.wavenet import Layer, Stack, WaveNet

RATE, BLOCK, SECONDS = 48_000, 128, 5.0


def lstm(rng: np.random.Generator, hidden: int) -> Lstm:
    state = np.zeros(hidden, np.float32)
    weights = (rng.standard_normal((4 * hidden, 1 + hidden)) / hidden).astype(np.float32)
    return Lstm((LstmLayer(weights, np.zeros(4 * hidden, np.float32), state, state),), state + 0.1, 0.0)


def wavenet(rng: np.random.Generator, channels: int, dilations: int) -> WaveNet:
    def some(*shape: int) -> np.ndarray:
        return np.asarray(rng.standard_normal(shape) / 8, np.float32)

    stacks, inputs = [], 1
    for width, heads in ((channels, channels // 2), (channels // 2, 1)):
        layers = tuple(
            Layer(some(width, 3, width), some(width), some(width, 1), some(width, width), some(width), 2**at)
            for at in range(dilations)
        )
        stacks.append(Stack(some(width, inputs), layers, some(heads, width), some(heads)))
        inputs = width
    return WaveNet(tuple(stacks), 0.02)


def factor(amp: Amp) -> float:
    sound = (0.1 * np.random.default_rng(0).standard_normal((2, int(SECONDS * RATE)))).astype(np.float32)
    run = amp.start(amp.sample_rate)
    for at in range(0, RATE // 2, BLOCK):
        run.process(sound[:, at : at + BLOCK].copy())
    began = time.thread_time()
    for at in range(0, sound.shape[1], BLOCK):
        run.process(sound[:, at : at + BLOCK])
    return (time.thread_time() - began) / SECONDS * amp.sample_rate / RATE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="amplifiers to measure beside")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    amps = [load(name) for name in (*shipped(), *options.files)]
    amps += [Amp(f"LSTM of {hidden}", lstm(rng, hidden), RATE) for hidden in (16, 24, 40)]
    amps += [Amp("WaveNet standard", wavenet(rng, 16, 10), RATE), Amp("WaveNet feather", wavenet(rng, 8, 7), RATE)]
    print(f"{'amplifier':<20}{'kind':<10}{'error to signal':>16}{'real-time factor':>18}")
    threadpool_limits(1)
    for amp in amps:
        esr = f"{amp.esr:.4f}" if amp.esr is not None else "-"
        print(f"{amp.name[:19]:<20}{amp.network.kind:<10}{esr:>16}{factor(amp):>18.3f}")


if __name__ == "__main__":
    main()
