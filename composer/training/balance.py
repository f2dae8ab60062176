"""Mixes made wrong on purpose, and a network that puts them right.

Bands are drawn by chance (who plays, on which sounds, how busily), played on the soundfonts that are here, and measured. The
right mix is the loudness rule's on the sound as it is. Then every part is bent: shelves and a bell by up to 9 dB, as a
bad soundfont or a bad room would, and turned up or down. What the network is asked for is the equaliser, loudness and place that bring the
right mix back. Bending happens on measured bands, so that one measured band makes any number of wrong mixes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from composer.audio import balance, neural_balance, profiles, spectra
from composer.audio.balance import Measured
from composer.audio.mixer import MixSettings, measure
from composer.audio.strip import Equaliser
from composer.audio.synth import render
from composer.score import Part, Score, as_notes
from composer.styles import STYLES
from composer.timing import TempoMap

BEAT, BARS = 480, 6
PROGRESSIONS = ((0, 9, 5, 7), (0, 5, 7, 5), (9, 5, 0, 7), (2, 7, 0, 0), (0, 3, 8, 10))
RATE = 44_100
BENT_DB, TURNED_DB = 9.0, 12.0


@dataclass(frozen=True, eq=False)
class Example:
    """A mix made wrong, and what is right for it."""

    parts: tuple[Measured, ...]
    """As they come in."""
    wanted_lu: tuple[float, ...]
    """The profile's."""
    right: np.ndarray
    """Mean K-weighted power of each part in the right mix, shape (parts, BANDS)."""
    pans: tuple[float, ...]


def random_band(rng: np.random.Generator) -> Score:
    """A band of three to six playing a few bars."""
    style = STYLES[str(rng.choice(sorted(STYLES)))]
    roles = ["melody", *[role for role in ("drums", "bass", "guitar", "piano", "strings") if rng.random() < 0.85]]
    chords = PROGRESSIONS[int(rng.integers(len(PROGRESSIONS)))]
    rows: dict[str, list[tuple[int, int, int, int]]] = {role: [] for role in roles}
    loud = {role: int(rng.integers(60, 105)) for role in roles}
    octave = {
        "melody": int(rng.choice([60, 72])),
        "guitar": int(rng.choice([48, 52, 60])),
        "piano": int(rng.choice([48, 60])),
        "strings": int(rng.choice([48, 55, 67])),
    }
    dense = {role: rng.random() for role in roles}
    for bar in range(BARS):
        root = chords[bar % len(chords)]
        chord = [root % 12, (root + 4) % 12, (root + 7) % 12]
        for step in range(8):
            tick = bar * 4 * BEAT + step * BEAT // 2

            def add(role: str, pitch: int, length: int, tick: int = tick) -> None:
                velocity = int(np.clip(loud[role] + rng.integers(-12, 13), 20, 127))
                rows[role].append((tick, length, pitch, velocity))

            if "drums" in rows:
                if step % 4 == 0 or rng.random() < 0.15 * dense["drums"]:
                    add("drums", 36, 60)
                if step % 4 == 2:
                    add("drums", 38, 60)
                if rng.random() < 0.4 + 0.6 * dense["drums"]:
                    add("drums", int(rng.choice([42, 42, 42, 46, 51])), 60)
            if "bass" in rows and (step % 4 == 0 or rng.random() < dense["bass"]):
                add("bass", 28 + (root + 8) % 12, BEAT // 2)
            if rng.random() < 0.35 + 0.4 * dense["melody"]:
                add("melody", octave["melody"] + int(rng.choice(chord)), BEAT // 2)
            for role in ("guitar", "piano"):
                if role in rows and (step % 4 == 0 or rng.random() < 0.6 * dense[role]):
                    for tone in chord:
                        add(role, octave[role] + tone, BEAT // 2 if dense[role] > 0.4 else BEAT * 2)
            if "strings" in rows and step == 0:
                for tone in chord:
                    add("strings", octave["strings"] + tone, 4 * BEAT)
    leads = (73, 65, 56, 40, 0, 26, 80, 11, 71, 22)
    programs = {**style.programs, "melody": int(rng.choice(leads))}
    parts = (
        Part(role, as_notes(notes), programs.get(role, 0), role == "drums", role)
        for role, notes in rows.items()
        if notes
    )
    return Score(tuple(parts), TempoMap.constant(float(rng.uniform(*style.tempo_bpm))))


def measured_bands(
    count: int, fonts: Sequence[Path | str], seed: int, tell: Callable[[float], None] = lambda done: None
) -> list[tuple[Measured, ...]]:
    """So many random bands, each on one of the fonts, at their faders."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        stems = render(random_band(rng), fonts[number % len(fonts)], RATE, tail_s=0.5)
        parts = measure(stems, MixSettings())
        if all(part.lufs() > -np.inf for part in parts):
            found.append(tuple(parts))
        tell((number + 1) / count)
    return found


Right = tuple[tuple[float, ...], np.ndarray, tuple[float, ...]]


def right_mix(parts: Sequence[Measured]) -> Right:
    """The rule's mix of parts as they are: profile's loudness, power in the mix, pans."""
    wanted = tuple(profiles.balance_lu(part.role) for part in parts)
    pans = tuple(profiles.place(part.role).pan for part in parts)
    settings = balance.by_loudness(parts, RATE, wanted, pans)
    return wanted, mixed_power(parts, settings), pans


def mixed_power(parts: Sequence[Measured], settings: Sequence[balance.Setting]) -> np.ndarray:
    """Mean power of each part in a mix, (parts, BANDS)."""
    return np.array(
        [
            part.energies.mean(axis=0)
            * spectra.band_gains(setting.eq.sections(RATE), RATE)
            * 10 ** (setting.gain_db / 10)
            for part, setting in zip(parts, settings, strict=True)
        ]
    )


def made_wrong(
    parts: Sequence[Measured], right_one: Right, rng: np.random.Generator, bent_db: float = BENT_DB
) -> Example:
    """Bend and turn every part; what is right, `right_mix(parts)`, stays what it was."""
    wanted, right, pans = right_one
    bent = []
    for part in parts:
        low, mid, high = rng.uniform(-bent_db, bent_db, 3) * (rng.random(3) < 0.6)
        eq = Equaliser(
            low, float(np.exp(rng.uniform(np.log(80), np.log(250)))), mid, float(np.exp(rng.uniform(np.log(400), np.log(2_500)))),
            float(rng.uniform(0.6, 1.4)), high, float(np.exp(rng.uniform(np.log(3_000), np.log(8_000)))),
        )  # fmt: skip
        turned = 10 ** (rng.uniform(-TURNED_DB, TURNED_DB) / 10)
        gains = spectra.band_gains(eq.sections(RATE), RATE) * turned
        bent.append(replace(part, energies=part.energies * gains.astype(np.float32)))
    return Example(tuple(bent), wanted, right, pans)


@dataclass(frozen=True)
class Errors:
    """How far a mix is from the right one, means over parts."""

    balance_lu: float
    """Loudness relative to the lead, or to the loudest part where there is none."""
    spectrum_db: float
    """The shape of each part's spectrum, weighted by its power, levels aside."""
    pan: float


def errors(example: Example, settings: Sequence[balance.Setting]) -> Errors:
    made = mixed_power(example.parts, settings)
    lead = next((at for at, part in enumerate(example.parts) if part.role == "melody"), 0)
    totals = [10 * np.log10(power.sum(axis=1)) for power in (made, example.right)]
    apart = np.abs((totals[0] - totals[0][lead]) - (totals[1] - totals[1][lead]))
    shares = example.right / example.right.sum(axis=1, keepdims=True)
    shape = 10 * np.log10((made + 1e-15) / (example.right + 1e-15))
    centred = shape - (shares * shape).sum(axis=1, keepdims=True)
    spectrum = np.sqrt((shares * centred**2).sum(axis=1))
    pans = [abs(setting.pan - pan) for setting, pan in zip(settings, example.pans, strict=True)]
    others = [at for at in range(len(apart)) if at != lead]
    return Errors(float(apart[others].mean()) if others else 0.0, float(spectrum.mean()), float(np.mean(pans)))


def train(
    bands: Sequence[tuple[Measured, ...]],
    steps: int = 3_000,
    seed: int = 0,
    tell: Callable[[str], None] = lambda line: None,
) -> dict[str, np.ndarray]:
    """The network's weights."""
    import torch

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    responses = torch.tensor(_responses(), dtype=torch.float32)
    sizes = (neural_balance.FEATURES, 96, 64, neural_balance.OUTPUTS)
    layers = [torch.nn.Linear(*shape) for shape in pairwise(sizes)]
    network = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2], torch.nn.Tanh())
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-3)
    known = [right_mix(parts) for parts in bands]
    levels = [_beside(parts, right_one) for parts, right_one in zip(bands, known, strict=True)]
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * step / steps)))
        rows, wrong, right, wanted, pans = (
            np.concatenate(each) for each in zip(*(_row(bands, known, levels, rng) for _ in range(24)), strict=True)
        )
        tensor = [torch.from_numpy(np.asarray(each, np.float32)) for each in (rows, wrong, right, wanted, pans)]
        said = network(tensor[0])
        shape = (
            10 * torch.log10(tensor[1] + 1e-15)
            - 10 * torch.log10(tensor[2] + 1e-15)
            + neural_balance.MAX_EQ_DB * said[:, :3] @ responses
        )
        shares = (tensor[2] / tensor[2].sum(1, keepdim=True)) ** 0.7
        shares = shares / shares.sum(1, keepdim=True)
        centred = shape - (shares * shape).sum(1, keepdim=True)
        spectrum = (shares * centred.square()).sum(1)
        level = neural_balance.MAX_LU * said[:, 3] - tensor[3]
        loss = spectrum.mean() + 2 * level.square().mean() + 20 * (said[:, 4] - tensor[4]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 200 == 0 or step == steps - 1:
            off_db, off_lu = (float(one.detach()) ** 0.5 for one in (spectrum.mean(), level.square().mean()))
            tell(f"step {step}: spectrum {off_db:.2f} dB, level {off_lu:.2f} LU")
    return {
        f"{kind}{at + 1}": value
        for at, layer in enumerate(layers)
        for kind, value in (("w", layer.weight.detach().numpy().T.copy()), ("b", layer.bias.detach().numpy().copy()))
    }


def _beside(parts: Sequence[Measured], right_one: Right) -> np.ndarray:
    """Loudness beside the profile's in the right mix, relative to the lead, LU, (parts,)."""
    wanted, right, _ = right_one
    means = np.array([max(float(part.energies.mean(axis=0).sum()), 1e-12) for part in parts])
    # integrated loudness is gated and mean power is not: what the profile means by its LU is the part's own
    own = np.array([part.lufs() for part in parts]) - 10 * np.log10(means)
    stands = 10 * np.log10(right.sum(axis=1)) + own - np.array(wanted)
    lead = next((at for at, part in enumerate(parts) if part.role == "melody"), 0)
    return np.asarray(stands - stands[lead])


def _row(
    bands: Sequence[tuple[Measured, ...]],
    known: Sequence[Right],
    levels: Sequence[np.ndarray],
    rng: np.random.Generator,
) -> tuple[np.ndarray, ...]:
    """A wrong mix for training: features, its power, the right power, loudness beside the profile's, pans."""
    at = int(rng.integers(len(bands)))
    wanted, right, pans = known[at]
    example = made_wrong(bands[at], known[at], rng, BENT_DB if rng.random() < 0.8 else 0.0)
    rows = neural_balance.features(example.parts, wanted)
    wrong = np.array([part.energies.mean(axis=0) for part in example.parts])
    return rows, wrong, right, levels[at], np.array(pans)


def _responses() -> np.ndarray:
    """What a decibel of each band of the equaliser does to the bands, dB, shape (3, BANDS)."""
    each = (Equaliser(low_db=6.0), Equaliser(mid_db=6.0), Equaliser(high_db=6.0))
    return np.array([10 * np.log10(spectra.band_gains(eq.sections(RATE), RATE)) / 6 for eq in each])


def save(weights: dict[str, np.ndarray], path: Path) -> None:
    np.savez_compressed(path, **{name: value.astype(np.float16) for name, value in weights.items()})  # type: ignore[arg-type]
