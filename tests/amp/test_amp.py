"""Amplifiers: networks as torch computes them, files as players own them, blocks of any size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from composer.amp import files, load, save, shipped
from composer.amp.lstm import Lstm, LstmLayer, LstmRun, _step
from composer.amp.model import Amp, Network
from composer.amp.resampling import ResampledRun
from composer.amp.wavenet import Layer, Stack, WaveNet
from composer.errors import AudioError

RNG = np.random.default_rng(0)
SOUND = (0.2 * RNG.standard_normal(3_000)).astype(np.float32)


def weights(*shape: int) -> np.ndarray:
    return (RNG.standard_normal(shape) / np.sqrt(3 * shape[-1])).astype(np.float32)


def lstm(hidden: int = 6, layers: int = 1, skip: float = 0.0) -> Lstm:
    sizes = [1] + [hidden] * (layers - 1)
    made = tuple(
        LstmLayer(weights(4 * hidden, inputs + hidden), weights(4 * hidden), weights(hidden), weights(hidden))
        for inputs in sizes
    )
    return Lstm(made, weights(hidden), 0.1, skip)


def wavenet(gated: bool = False, activation: str = "Tanh") -> WaveNet:
    def stack(inputs: int, channels: int, heads: int, last: bool) -> Stack:
        outputs = 2 * channels if gated else channels
        layers = tuple(
            Layer(
                weights(outputs, 3, channels), weights(outputs), weights(outputs, 1), weights(channels, channels),
                weights(channels), dilation, activation, gated,
            )
            for dilation in (1, 2, 8)
        )  # fmt: skip
        bias = weights(heads) if last else np.zeros(heads, np.float32)
        return Stack(weights(channels, inputs), layers, weights(heads, channels), bias)

    return WaveNet((stack(1, 4, 2, False), stack(4, 2, 1, True)), 0.5)


NETWORKS: list[Network] = [lstm(), lstm(5, 2), wavenet(), wavenet(gated=True), wavenet(activation="ReLU")]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("size", [1, 37, 128, 3_000])
def test_blocks_of_any_size_are_the_same_sound(network: Network, size: int) -> None:
    sound = SOUND if size > 1 else SOUND[:200]
    whole = network.start().process(sound)
    run = network.start()
    blocks = np.concatenate([run.process(sound[at : at + size]) for at in range(0, len(sound), size)])
    assert blocks == pytest.approx(whole, abs=1e-6)
    assert whole.dtype == np.float32


def test_the_lstm_is_torchs() -> None:
    torch = pytest.importorskip("torch")
    network = lstm(7, 2)
    theirs = torch.nn.LSTM(1, 7, num_layers=2, batch_first=True)
    state = {}
    for number, layer in enumerate(network.layers):
        inputs = layer.weights.shape[1] - 7
        state[f"weight_ih_l{number}"] = torch.from_numpy(layer.weights[:, :inputs].copy())
        state[f"weight_hh_l{number}"] = torch.from_numpy(layer.weights[:, inputs:].copy())
        state[f"bias_ih_l{number}"] = torch.from_numpy(layer.bias)
        state[f"bias_hh_l{number}"] = torch.zeros(28)
    theirs.load_state_dict(state)
    start = tuple(
        torch.from_numpy(np.stack([getattr(layer, what) for layer in network.layers])[:, None])
        for what in ("hidden", "cell")
    )
    with torch.no_grad():
        hidden, _ = theirs(torch.from_numpy(SOUND)[None, :, None], start)
    wanted = hidden[0].numpy() @ network.head + network.head_bias
    assert network.start().process(SOUND) == pytest.approx(wanted, abs=1e-5)


def test_with_and_without_numba_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    network = lstm(8)
    fast = network.start().process(SOUND)
    monkeypatch.setattr("composer.amp.lstm.kernel", lambda: _step)
    assert LstmRun(network).process(SOUND) == pytest.approx(fast, abs=1e-5)


def test_the_wavenet_is_torchs() -> None:
    pytest.importorskip("torch")
    from composer.training.amp import AmpTraining, _wavenet

    theirs = _wavenet(AmpTraining(channels=6, dilations=(1, 2, 4)))
    import torch

    with torch.no_grad():
        wanted = theirs(torch.from_numpy(SOUND)[None])[0].numpy()
    ours = theirs.export().start().process(SOUND)
    assert ours[len(SOUND) - len(wanted) :] == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("network", NETWORKS)
def test_nam_files_round_trip(tmp_path: Path, network: Network) -> None:
    path = save(Amp("mine", network, 48_000, 0.01), tmp_path / "mine.nam")
    again = load(path)
    assert (again.name, again.sample_rate, again.esr) == ("mine", 48_000, 0.01)
    assert again.network.start().process(SOUND) == pytest.approx(network.start().process(SOUND), abs=1e-5)


def guitarml(path: Path, network: Lstm, **changes: object) -> Path:
    """As Automated-GuitarAmpModelling writes it."""
    layer = network.layers[0]
    model = {"model": "SimpleRNN", "input_size": 1, "skip": int(network.skip), "output_size": 1, "unit_type": "LSTM",
             "num_layers": 1, "hidden_size": layer.size, "bias_fl": True} | changes  # fmt: skip
    state = {
        "rec.weight_ih_l0": layer.weights[:, :1].tolist(), "rec.weight_hh_l0": layer.weights[:, 1:].tolist(),
        "rec.bias_ih_l0": layer.bias.tolist(), "rec.bias_hh_l0": (0 * layer.bias).tolist(),
        "lin.weight": [network.head.tolist()], "lin.bias": [network.head_bias],
    }  # fmt: skip
    path.write_text(json.dumps({"model_data": model, "state_dict": state}))
    return path


def test_guitarml_files_are_read(tmp_path: Path) -> None:
    made = lstm(5, skip=1.0)
    rest = np.zeros(5, np.float32)
    network = Lstm(
        (LstmLayer(made.layers[0].weights, made.layers[0].bias, rest, rest),), made.head, made.head_bias, 1.0
    )
    amp = load(guitarml(tmp_path / "pedal.json", network))
    assert (amp.name, amp.sample_rate) == ("pedal", 44_100)
    assert amp.network.start().process(SOUND) == pytest.approx(network.start().process(SOUND), abs=1e-6)


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    good = json.loads(save(Amp("mine", lstm(), 48_000), tmp_path / "good.nam").read_text())

    def broken(**changes: object) -> Path:
        path = tmp_path / f"{'-'.join(changes)}-{len(str(changes))}.nam"
        path.write_text(json.dumps(good | changes))
        return path

    for path, word in (
        (tmp_path / "none.nam", "no such amplifier; give a .nam or .json file, or one of: clean, crunch"),
        (broken(version="1.9.0"), r"version 1\.9\.0 is not supported, only 0\.5, 0\.6, 0\.7;"),
        (broken(architecture="CatLSTM"), "architecture CatLSTM"),
        (broken(weights=good["weights"][:-3]), "too few weights"),
        (broken(weights=[*good["weights"], 1.0]), "1 weights too many"),
        (broken(weights=[*good["weights"][:-1], float("nan")]), "not finite numbers"),
        (broken(config={}), "KeyError"),
        (guitarml(tmp_path / "gru.json", lstm(), unit_type="GRU"), "a GRU network"),
        (guitarml(tmp_path / "knobs.json", lstm(), input_size=3), r"has knobs \(2\)"),
        (guitarml(tmp_path / "size.json", lstm(), hidden_size=9), "operands|do not fit"),
    ):
        with pytest.raises(AudioError, match=word):
            load(path)
    for text, word in (
        ("{", "cannot be read"),
        ("[]", "not an amplifier file"),
        ('{"a": 1}', "unsupported amplifier file"),
    ):
        (tmp_path / "text.json").write_text(text)
        with pytest.raises(AudioError, match=word):
            load(tmp_path / "text.json")


@pytest.mark.parametrize("rate", [44_100, 96_000, 22_050, 47_999])
def test_at_another_sample_rate_it_sounds_as_at_its_own(rate: int) -> None:
    amp = Amp("mine", wavenet(), 48_000)

    def played(at_rate: int) -> np.ndarray:
        seconds = np.arange(at_rate // 2) / at_rate
        return (0.3 * np.sin(2 * np.pi * 440 * seconds) * np.minimum(1, 20 * seconds)).astype(np.float32)

    ours, own = amp.through(played(rate), rate), amp.through(played(48_000), 48_000)
    wanted = np.interp(np.arange(len(ours)) / rate, np.arange(len(own)) / 48_000, own)
    middle = slice(len(ours) // 8, -len(ours) // 8)
    error, signal = ours[middle] - wanted[middle], wanted[middle]
    assert 10 * np.log10((error**2).mean() / (signal**2).mean()) < -50
    small, large = amp.start(rate), amp.start(rate)
    sound = played(rate)[: 64 * 150]
    pieces = [small.mono(sound[at : at + 64]) for at in range(0, len(sound), 64)]
    assert np.concatenate(pieces) == pytest.approx(large.mono(sound), abs=1e-6)
    assert small.latency % 64 == 0


def test_resampling_there_and_back_is_a_delay_and_nothing_else() -> None:
    class Through:
        def process(self, sound: np.ndarray) -> np.ndarray:
            return sound

    for own, rate in ((48_000, 44_100), (44_100, 48_000), (48_000, 96_000)):
        run = ResampledRun(Through(), own, rate)
        seconds = np.arange(rate // 4) / rate
        sound = sum(np.sin(2 * np.pi * hz * seconds + hz) for hz in (100, 3_000, 15_000)).astype(np.float32)
        out = run.process(sound)
        assert out[run.latency + 500 :] == pytest.approx(sound[500 : -run.latency], abs=3e-4)


def test_an_insert_takes_both_sides_as_one() -> None:
    amp = Amp("mine", lstm(), 48_000)
    stereo = np.stack([SOUND, SOUND])
    amp.start(48_000).process(stereo)
    assert np.array_equal(stereo[0], stereo[1])
    assert stereo[0] == pytest.approx(amp.start(48_000).mono(SOUND), abs=1e-6)
    louder = amp.driven(0.0, 6.0206).start(48_000).mono(SOUND)
    assert louder == pytest.approx(2 * stereo[0], abs=1e-4)


def test_the_shipped_amplifiers_are_like_their_circuits() -> None:
    from composer.amp.circuit import CIRCUITS, simulate

    time_s = np.arange(24_000) / 48_000
    plucked = sum(np.exp(-3 * time_s) * np.sin(2 * np.pi * 110 * n * time_s) / n for n in range(1, 8))
    sound = (0.12 * plucked).astype(np.float32)
    assert set(shipped()) == set(CIRCUITS) == {"clean", "crunch"}
    distortion = {}
    for name in shipped():
        amp = load(name)
        assert amp.esr is not None
        made, wanted = amp.start(48_000).mono(sound), simulate(sound, CIRCUITS[name], 48_000)
        error = ((made - wanted)[4_000:] ** 2).sum() / (wanted[4_000:] ** 2).sum()
        assert error < 0.12, name
        sine = (0.3 * np.sin(2 * np.pi * 220 * time_s)).astype(np.float32)
        spectrum = np.abs(np.fft.rfft(amp.start(48_000).mono(sine)[4_800:] * np.hanning(19_200)))
        distortion[name] = spectrum[3 * 88 - 3 : 3 * 88 + 4].max() / spectrum[85:92].max()
    assert distortion["crunch"] > 2 * distortion["clean"], "the crunch should crunch more"


def test_silence_stays_nearly_silent() -> None:
    for name in shipped():
        quiet = load(name).start(48_000).mono(np.zeros(9_600, np.float32))[4_800:]
        assert np.abs(quiet - quiet.mean()).max() < 1e-4
        assert abs(quiet.mean()) < 0.02


def test_reading_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    with pytest.raises(AudioError, match="too large"):
        load(save(Amp("mine", lstm(), 48_000), tmp_path / "mine.nam"))
