"""`composer amp`: neural guitar amplifiers, learned from a recording before and after the real thing."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import options as opt
from composer.cli.progress import steps
from composer.errors import AudioError, InputError

if TYPE_CHECKING:
    import numpy as np


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = f"""{parser.description}

  composer amp info                       list the bundled amplifiers
  composer amp info my.nam                what is in a file (.nam, or GuitarML's .json)
  composer amp apply crunch dry.wav       run a recording through one, into out/dry-crunch.wav
  composer amp signal                     a dry recording to play through your own amplifier, out/signal.wav
  composer amp circuit crunch dry.wav     … or through the simulated circuit that the bundled ones were trained on
  composer amp train dry.wav wet.wav      learn the amplifier between two recordings, into out/wet.nam (needs torch)

An amplifier goes into a mix with: composer render FILE --amp guitar=crunch"""
    parser.add_argument("action", choices=("info", "apply", "signal", "circuit", "train"), help="what to do")
    parser.add_argument("words", nargs="*", metavar="ARGUMENT", help="as shown above")
    parser.add_argument(
        "--drive",
        type=opt.number(-30, 30, "dB"),
        default=0.0,
        metavar="DB",
        help="apply: gain before the amplifier (default: 0)",
    )
    parser.add_argument(
        "--seconds",
        type=opt.number(10, 3600, "seconds"),
        default=120.0,
        metavar="S",
        help="signal: length (default: 120)",
    )
    train = parser.add_argument_group("train")
    train.add_argument(
        "--kind", choices=("wavenet", "lstm"), default="wavenet", help="type of network (default: wavenet)"
    )
    train.add_argument(
        "--minutes",
        type=opt.number(0.01, 1440, "minutes"),
        default=10.0,
        metavar="M",
        help="time limit in minutes (default: 10)",
    )
    train.add_argument("--name", help="of the amplifier (default: the wet file's)")
    train.add_argument(
        "--seed", type=opt.whole(0, 2**31, "a seed"), default=0, metavar="N", help="random seed (default: 0)"
    )
    opt.add_soundfont(parser)
    opt.add_output(parser)


def run(args: argparse.Namespace) -> int:
    wanted = {"info": (0, 1), "apply": (2, 2), "signal": (0, 0), "circuit": (2, 2), "train": (2, 2)}[args.action]
    if not wanted[0] <= len(args.words) <= wanted[1]:
        raise InputError(
            f"amp {args.action}: takes {wanted[1]} arguments, got {len(args.words)} (see: composer amp --help)"
        )
    actions = {"info": _info, "apply": _apply, "signal": _signal, "circuit": _circuit, "train": _train}
    return actions[args.action](args)


def _info(args: argparse.Namespace) -> int:
    from composer.amp import load, shipped

    for name in args.words or shipped():
        amp = load(name)
        network = amp.network
        layout = f"looks back {network.receptive_field} frames" if hasattr(network, "receptive_field") else "recurrent"
        esr = f"error-to-signal ratio {amp.esr:.4f}" if amp.esr is not None else "error not stated"
        print(f"{amp.name:<11} {network.kind:<9}{amp.sample_rate} Hz   {esr}   {layout}")
    return 0


def _apply(args: argparse.Namespace) -> int:
    import numpy as np

    from composer.amp import load
    from composer.audio.wav import write_sound
    from composer.output import staging

    name, path = args.words[0], Path(args.words[1])
    amp = load(name).driven(args.drive)
    dry, rate = _dry(path)
    sound = amp.through(dry, rate)
    output = f"{path.stem}-{Path(name).stem}.wav"
    with staging(args.out, [output], args.force) as folder:
        write_sound(folder / output, np.asarray(sound), rate, 24)
    print(args.out / output)
    return 0


def _dry(path: Path) -> tuple[np.ndarray, int]:
    """A recording as a guitar's one channel, shape (frames,), and its rate in Hz. Raises AudioError."""
    from composer.audio.wav import read_wav

    audio, rate = read_wav(path)
    if not len(audio):
        raise AudioError(f"{path}: holds no sound")
    return audio.mean(axis=1), rate


def _signal(args: argparse.Namespace) -> int:
    from composer.audio.wav import write_sound
    from composer.output import staging
    from composer.training.amp_signal import guitar_signal

    with steps(args.quiet) as progress, staging(args.out, ["signal.wav"], args.force) as folder:
        with progress.step("playing guitars"):
            sound = guitar_signal(args.seconds, soundfont=args.soundfont)
        write_sound(folder / "signal.wav", sound, 48_000, 24)
    print(args.out / "signal.wav")
    return 0


def _circuit(args: argparse.Namespace) -> int:
    from composer.amp.circuit import CIRCUITS, simulate
    from composer.audio.wav import write_sound
    from composer.output import staging

    name, path = args.words[0], Path(args.words[1])
    if name not in CIRCUITS:
        raise InputError(f"amp circuit: no circuit called {name!r}; there are: {', '.join(CIRCUITS)}")
    dry, rate = _dry(path)
    output = f"{path.stem}-{name}-circuit.wav"
    with steps(args.quiet) as progress, staging(args.out, [output], args.force) as folder:
        with progress.step("solving the circuit"):
            sound = simulate(dry, CIRCUITS[name], rate)
        write_sound(folder / output, sound, rate, 24)
    print(args.out / output)
    return 0


def _train(args: argparse.Namespace) -> int:
    from composer.amp import save
    from composer.output import check_free, staging

    if importlib.util.find_spec("torch") is None:
        raise InputError("amp train: needs torch; install it with: ./run setup dev")
    from composer.training.amp import AmpTraining, read_pair, train

    dry, wet = map(Path, args.words)
    output = f"{args.name or wet.stem}.nam"
    if Path(output).name != output:
        raise InputError(f"--name {args.name}: must be a name, not a path; name the folder with --out")
    check_free(args.out, [output], args.force)
    pair = read_pair(dry, wet)
    turned = ", inverted" if pair.inverted else ""
    print(
        f"aligned: the second recording is {pair.delay} frames late{turned}; {len(pair.dry) / pair.sample_rate:.0f} s to learn from"
    )
    settings = AmpTraining.of(args.kind, args.minutes, args.seed)
    quiet = args.quiet

    def tell(line: str) -> None:
        if not quiet:
            print(line, file=sys.stderr)

    amp = train(pair, args.name or wet.stem, settings, tell)
    with staging(args.out, [output], args.force) as folder:
        save(amp, folder / output)
    print(f"error-to-signal ratio {amp.esr:.4f} on the held-out end of the recording")
    print(args.out / output)
    return 0
