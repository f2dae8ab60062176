"""Running one of the commands that write music: load, make every take, write them all or none."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from composer.cli import take
from composer.cli.progress import Steps, steps
from composer.errors import ChordError, InputError

if TYPE_CHECKING:
    from composer.arrange import Arrangement, Arranger, OnBar
    from composer.options import ArrangeOptions
    from composer.score import Score

Make = Callable[["Arranger", "Score", "ArrangeOptions", "OnBar"], "Arrangement"]
Wish = Callable[["Arranger", "Score", int], "ArrangeOptions"]
"""(arranger, the music, number of the take) → what is asked of it."""


def run(args: argparse.Namespace, source: Path, suffix: str, wish: Wish, make: Make) -> int:
    """Make `args.takes` takes of the music in `source`, named after it with `suffix`."""
    from composer import formats
    from composer.cli.seeding import SEED, load_seed
    from composer.output import check_free, staging
    from composer.planning import named_style
    from composer.styles import parse_mixture

    if args.stems and args.no_audio:
        raise InputError("--stems and --no-audio cannot be used together; drop one of them")
    names = take_names(source, args.takes, suffix)
    kinds = take.kinds(stems=args.stems, audio=not args.no_audio)
    outputs = [name + kind for name in names for kind in kinds]
    written = [source.stem + SEED] if formats.is_recording(source) else []
    check_free(args.out, [*outputs, *written], args.force)
    if any((args.out / name).resolve() == source.resolve() for name in outputs):
        raise InputError(f"{source}: the seed itself would be overwritten; choose another folder with --out")
    with steps(args.quiet) as progress:
        seed = load_seed(source, progress, getattr(args, "tempo", None), getattr(args, "meter", None))
        with progress.step("loading the model", "load"):
            from composer.arrange import Arranger

            arranger = Arranger.load(args.checkpoint)
        if arranger.checkpoint.signature.note and not args.quiet:
            print(f"note: {arranger.checkpoint.signature.note}", file=sys.stderr)
        with staging(args.out, [*outputs, *written], args.force) as folder:
            if written:
                formats.save(seed.score, folder / written[0])
            told = []
            for number, name in enumerate(names):
                wanted = wish(arranger, seed.score, number)
                for style, _ in parse_mixture(wanted.style) if wanted.style else ():
                    named_style(arranger.checkpoint, style)  # a mistake in a name is no mistake in the file
                which = f", take {number + 1} of {args.takes}" if args.takes > 1 else ""
                made = seed.tell(_make(make, arranger, seed.score, wanted, source, which, progress))
                sound = take.Sound(args.soundfont, args.stems, not args.no_audio)
                files = {"input": source} | ({"style_from": args.style_from} if args.style_from else {})
                told.append(take.write(folder, name, made, wanted, sound, files, progress))
    for name in written:
        print("\n".join([f"{source.name}, transcribed to {args.out / name}:", *seed.lines()]))
    for name, lines in zip(names, told, strict=True):
        print("\n".join(lines))
        print("\n".join(f"  {args.out / (name + kind)}" for kind in kinds))
    return 0


def _make(
    make: Make, arranger: Arranger, score: Score, wanted: ArrangeOptions, source: Path, which: str, progress: Steps
) -> Arrangement:
    progress.seconds = {step: progress.seconds[step] for step in ("listen", "load") if step in progress.seconds}
    try:
        with progress.step(f"writing the parts{which}", "arrange") as tell:
            return make(arranger, score, wanted, lambda done, total: tell(done / max(1, total)))
    except ChordError:
        raise
    except InputError as error:
        # What is missing from a damaged file may be what was lost of it.
        seen = f" (when it was read: {'; '.join(score.problems[:2])})" if score.problems else ""
        raise type(error)(f"{source}: {error}{seen}") from None


def take_names(source: Path, takes: int, suffix: str = "") -> list[str]:
    """One name a take: the source's with the suffix, numbered where there are several."""
    stem = source.stem + suffix
    return [stem] if takes == 1 else [f"{stem}-{number}" for number in range(1, takes + 1)]
