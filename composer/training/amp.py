"""An amplifier learned from a recording before and after it: align, train, validate, hand over.

The loss is the error-to-signal ratio after pre-emphasis, as in Wright et al. (2020), with the plain one beside it; what is
told is the plain error-to-signal ratio on the recording's last part, which is never trained on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from composer.amp.lstm import Lstm, LstmLayer
from composer.amp.model import Amp
from composer.amp.wavenet import Layer, Stack, WaveNet
from composer.errors import AudioError

if TYPE_CHECKING:
    import torch

MAX_DELAY_S = 0.5
MARGIN = 4
"""Frames of delay that are left in: a network can learn to wait, not to see ahead."""
ONSET = 48
"""Frames around the likeliest delay in which the response may begin."""
PRE_EMPHASIS = 0.85
LEAST_S = 5.0
KINDS = ("wavenet", "lstm")


@dataclass(frozen=True)
class AmpTraining:
    """How an amplifier is trained."""

    kind: str = "wavenet"
    minutes: float = 10.0
    """Of the clock, at most."""
    epochs: int = 60
    hidden: int = 20
    """Of the LSTM."""
    channels: int = 8
    """Of the WaveNet's first stack; the second has half."""
    dilations: tuple[int, ...] = field(default_factory=lambda: tuple(2**at for at in range(8)))
    segment: int = 4096
    """Frames that are trained on at a time."""
    warm_up: int = 1024
    """Frames before each segment in which the LSTM finds its feet."""
    batch: int = 24
    learning_rate: float = 5e-3
    validation: float = 0.12
    """The recording's last part, kept out."""
    seed: int = 0

    @classmethod
    def of(cls, kind: str, minutes: float, seed: int = 0) -> AmpTraining:
        """What suits a kind: an LSTM steps through time, so many short stretches side by side are quicker than a few long ones."""
        if kind == "lstm":
            return cls(kind, minutes, 400, segment=1024, warm_up=256, batch=128, learning_rate=8e-3, seed=seed)
        return cls(kind, minutes, seed=seed)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise AudioError(f"no kind of amplifier called {self.kind!r}; choose one of: {', '.join(KINDS)}")


@dataclass(frozen=True, eq=False)
class Pair:
    """A recording before (dry) and after (wet) an amplifier, aligned, float32, shape (frames,)."""

    dry: np.ndarray
    wet: np.ndarray
    sample_rate: int
    delay: int = 0
    """Frames that the wet side was late, taken out; negative where it was early."""
    inverted: bool = False


def read_pair(dry: str | Path, wet: str | Path) -> Pair:
    """Two sound files of one length and rate, more or less. Raises AudioError where they do not belong together."""
    from composer.audio.wav import read_wav

    (before, rate), (after, other_rate) = read_wav(dry), read_wav(wet)
    if rate != other_rate:
        raise AudioError(f"{wet}: has {other_rate} Hz, {dry} {rate} Hz; record both at the same rate")
    return align(before.mean(axis=1), after.mean(axis=1), rate)


def align(dry: np.ndarray, wet: np.ndarray, sample_rate: int) -> Pair:
    """Find by how much the wet side is late and take it out; turn it over where it is inverted.

    The cross-correlation says whether the two belong together; the response from one to the other, by regularised division
    of their spectra, says when it begins: an amplifier's own slowness is part of it and stays.
    Raises AudioError where the two do not resemble each other or are too short.
    """
    frames = min(len(dry), len(wet))
    if frames < LEAST_S * sample_rate:
        raise AudioError(
            f"a recording of {frames / sample_rate:.1f} s is too short to learn from; make it a minute or more"
        )
    size = 1 << (2 * frames - 1).bit_length()
    before, after = (np.diff(one[:frames], prepend=0).astype(np.float64) for one in (dry, wet))
    scale = np.sqrt((before**2).sum() * (after**2).sum())
    if scale == 0:
        raise AudioError("one of the two recordings is silent; record it again")
    spectrum = np.fft.rfft(before, size)
    cross = np.fft.rfft(after, size) * np.conj(spectrum)
    reach = int(MAX_DELAY_S * sample_rate)
    likeness = _around(np.fft.irfft(cross, size) / scale, reach)
    if np.abs(likeness).max() < 0.1:
        raise AudioError("the two recordings do not resemble each other; are they the same playing, before and after?")
    power = np.abs(spectrum) ** 2
    response = _around(np.fft.irfft(cross / (power + 0.01 * power.mean()), size), reach)
    best = int(np.abs(likeness).argmax())
    near = slice(max(0, best - ONSET), best + ONSET)
    loud = np.abs(response[near]) > 0.2 * np.abs(response[near]).max()
    onset, inverted = near.start + int(loud.argmax()) - reach, bool(likeness[best] < 0)
    delay = 0 if abs(onset) <= MARGIN else onset - MARGIN
    if delay > 0:
        dry, wet = dry[: frames - delay], wet[delay:frames]
    else:
        dry, wet = dry[-delay:frames], wet[: frames + delay]
    sign = np.float32(-1 if inverted else 1)
    return Pair(dry.astype(np.float32), wet.astype(np.float32) * sign, sample_rate, delay, inverted)


def _around(circular: np.ndarray, reach: int) -> np.ndarray:
    """Lags -reach … reach of a circular correlation."""
    return np.concatenate([circular[-reach:], circular[: reach + 1]])


def error_to_signal(wet: np.ndarray, made: np.ndarray) -> float:
    """Energy of the difference over that of the target; 0 is perfect, 1 is silence."""
    energy = float((wet.astype(np.float64) ** 2).sum())
    return float(((wet.astype(np.float64) - made) ** 2).sum()) / max(energy, 1e-12)


def train(
    pair: Pair, name: str, settings: AmpTraining | None = None, tell: Callable[[str], None] = lambda line: None
) -> Amp:
    """Train until the minutes or the epochs are over; the amplifier that validated best. `tell` hears a line an epoch."""
    import torch

    settings = settings or AmpTraining()
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    cut = int(len(pair.dry) * (1 - settings.validation))
    network: Any = _lstm(settings) if settings.kind == "lstm" else _wavenet(settings)
    lead_in = settings.warm_up if settings.kind == "lstm" else network.receptive_field - 1
    span = lead_in + settings.segment
    if cut < 2 * span:
        raise AudioError(f"a recording of {len(pair.dry) / pair.sample_rate:.1f} s is too short to learn from")
    dry, wet = torch.from_numpy(pair.dry), torch.from_numpy(pair.wet)
    scale = float(wet[:cut].square().mean().sqrt())
    optimiser = torch.optim.AdamW(network.parameters(), settings.learning_rate, weight_decay=1e-5)
    steps_an_epoch = max(1, cut // (settings.segment * settings.batch))
    began, best, best_esr, epoch = time.monotonic(), None, np.inf, 0
    limit_s = 60 * settings.minutes
    done = 0.0
    while epoch < settings.epochs and done < 1:
        epoch += 1
        for _ in range(steps_an_epoch):
            done = max((time.monotonic() - began) / limit_s, (epoch - 1) / settings.epochs)
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * min(done, 1))))
            starts = rng.integers(0, cut - span, settings.batch)
            inputs = torch.stack([dry[at : at + span] for at in starts])
            wanted = torch.stack([wet[at + lead_in : at + span] for at in starts])
            loss = _loss(network(inputs)[:, -settings.segment :], wanted, scale)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            if done >= 1:
                break
        made = network.export()
        esr = error_to_signal(pair.wet[cut:], made.start().process(pair.dry[cut:]))
        if esr < best_esr:
            best, best_esr = made, esr
        tell(f"epoch {epoch}: error to signal {esr:.4f}, best {best_esr:.4f}, {time.monotonic() - began:.0f} s")
    assert best is not None
    return Amp(name, best, pair.sample_rate, best_esr)


def _loss(made: torch.Tensor, wanted: torch.Tensor, scale: float) -> torch.Tensor:
    def ratio(made: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        return (made - wanted).square().sum() / (wanted.square().sum() + 1e-4 * scale**2 * wanted.numel())

    brightened = [one[:, 1:] - PRE_EMPHASIS * one[:, :-1] for one in (made, wanted)]
    return ratio(brightened[0], brightened[1]) + ratio(made, wanted)


def _lstm(settings: AmpTraining) -> Any:
    import torch

    class Module(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rec = torch.nn.LSTM(1, settings.hidden, batch_first=True)
            self.head = torch.nn.Linear(settings.hidden, 1)

        def forward(self, sound: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                _, state = self.rec(sound[:, : settings.warm_up, None])
            hidden, _ = self.rec(sound[:, settings.warm_up :, None], state)
            return self.head(hidden)[..., 0]  # type: ignore[no-any-return]

        def export(self) -> Lstm:
            of = {key: value.detach().numpy().copy() for key, value in self.state_dict().items()}
            weights = np.concatenate([of["rec.weight_ih_l0"], of["rec.weight_hh_l0"]], axis=1)
            rest = np.zeros(settings.hidden, np.float32)
            layer = LstmLayer(weights, of["rec.bias_ih_l0"] + of["rec.bias_hh_l0"], rest, rest)
            silent = Lstm((layer,), of["head.weight"][0], float(of["head.bias"][0])).start()
            silent.process(np.zeros(8_192, np.float32))  # where it comes to rest is where it starts from
            hidden, cell = silent.state[0]
            layer = LstmLayer(layer.weights, layer.bias, hidden.copy(), cell.copy())
            return Lstm((layer,), of["head.weight"][0], float(of["head.bias"][0]))

    return Module()


def _wavenet(settings: AmpTraining) -> Any:
    import torch
    from torch.nn import Conv2d, Module, ModuleList

    half = max(1, settings.channels // 2)
    plan = ((1, settings.channels, half), (settings.channels, half, 1))

    class Part(Module):
        def __init__(self, inputs: int, channels: int, heads: int, last: bool) -> None:
            super().__init__()
            self.enter = Conv2d(inputs, channels, 1, bias=False)
            self.convs = ModuleList(
                Conv2d(channels, channels, (1, 3), dilation=(1, each)) for each in settings.dilations
            )
            self.mixins = ModuleList(Conv2d(1, channels, 1, bias=False) for _ in settings.dilations)
            self.onwards = ModuleList(Conv2d(channels, channels, 1) for _ in settings.dilations)
            self.head = Conv2d(channels, heads, 1, bias=last)

        def forward(self, signal: Any, condition: Any, head: Any) -> Any:
            signal = self.enter(signal)
            for conv, mixin, onward in zip(self.convs, self.mixins, self.onwards, strict=True):
                mixed = conv(signal)
                active = torch.tanh(mixed + mixin(condition)[..., -mixed.shape[-1] :])
                head = active if head is None else head[..., -active.shape[-1] :] + active
                signal = signal[..., -active.shape[-1] :] + onward(active)
            return signal, self.head(head)

    class Network(Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = ModuleList(Part(*shape, last=at == 1) for at, shape in enumerate(plan))
            self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.receptive_field = 1 + 2 * 2 * sum(settings.dilations)

        def forward(self, sound: torch.Tensor) -> torch.Tensor:
            # as a picture one pixel high, channels last: five times quicker here than a one-dimensional convolution
            condition = sound[:, None, None].contiguous(memory_format=torch.channels_last)
            signal, head = condition, None
            for part in self.parts:
                signal, head = part(signal, condition, head)
            return head[:, 0, 0]  # type: ignore

        def export(self) -> WaveNet:
            def of(tensor: torch.Tensor) -> np.ndarray:
                values: np.ndarray = tensor.detach().numpy().astype(np.float32)
                return values

            stacks = []
            parts: Any = self.parts
            for part in parts:
                layers = tuple(
                    Layer(
                        of(conv.weight)[:, :, 0].transpose(0, 2, 1).copy(), of(conv.bias), of(mixin.weight)[:, :, 0, 0],
                        of(onward.weight)[:, :, 0, 0], of(onward.bias), dilation,
                    )
                    for conv, mixin, onward, dilation in zip(
                        part.convs, part.mixins, part.onwards, settings.dilations, strict=True
                    )
                )  # fmt: skip
                head = of(part.head.weight)[:, :, 0, 0]
                bias = of(part.head.bias) if part.head.bias is not None else np.zeros(len(head), np.float32)
                stacks.append(Stack(of(part.enter.weight)[:, :, 0, 0], layers, head, bias))
            return WaveNet(tuple(stacks), 1.0)

    return Network()
