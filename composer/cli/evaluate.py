"""`composer evaluate PACK`: our band on held-out songs beside people's, mma's and chance; and a page to listen blind."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from composer.cli import options as opt
from composer.cli.progress import steps
from composer.errors import InputError
from composer.wording import counted

if TYPE_CHECKING:
    from composer.evaluation.excerpts import Excerpt
    from composer.training.packing import Pack

    Step = Callable[[str], AbstractContextManager[Callable[[float], None]]]

EPILOG = """writes into the output folder:
  evaluation.md      the tables, to read       evaluation.json   the same, as data
  *.png              a chart per family        listening/        index.html, a blind A/B test, and its sound

examples:
  composer evaluate songs.npz --songs 16 --out evaluation --strengths 0.5,1,1.5
  composer evaluate songs.npz --systems own,ours --kinds bands --no-style --listen 12
  composer evaluate --tally votes-1.json votes-2.json

PACK comes from: python -m composer.training.prepare. A folder of corpora (as COMPOSER_DATA names it) is packed first,
without the synthetic band."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "pack", metavar="PACK", type=Path, nargs="?", help="a pack of songs (.npz), or a folder of corpora"
    )
    parser.add_argument(
        "--tally",
        nargs="+",
        type=Path,
        metavar="VOTES",
        help="only count the votes in these files from the listening page (default: none)",
    )
    music = parser.add_argument_group("what is compared")
    music.add_argument(
        "--songs", type=opt.whole(2, 500, "songs"), default=16, metavar="N", help="songs of each kind (default: 16)"
    )
    music.add_argument(
        "--bars", type=opt.whole(8, 64, "bars"), default=16, metavar="N", help="bars per excerpt, 8..64 (default: 16)"
    )
    music.add_argument(
        "--excerpts",
        type=opt.whole(1, 20, "excerpts"),
        default=2,
        metavar="N",
        help="most excerpts per song (default: 2)",
    )
    music.add_argument(
        "--takes",
        type=opt.whole(1, 20, "takes"),
        default=1,
        metavar="N",
        help="takes of each excerpt, each with its own random seed (default: 1)",
    )
    music.add_argument(
        "--kinds", default="bands,piano", metavar="KIND,…", help="of bands,piano,synthetic (default: bands,piano)"
    )
    music.add_argument(
        "--systems", default="own,shuffled,mma,ours", metavar="NAME,…", help="of own,shuffled,mma,ours (default: all)"
    )
    music.add_argument(
        "--split", default="test,valid", metavar="NAME,…", help="of test,valid (default: both, to have enough songs)"
    )
    music.add_argument(
        "--seed", type=opt.whole(0, 2**31 - 1, "a seed"), default=0, metavar="N", help="random seed (default: 0)"
    )
    music.add_argument("--checkpoint", type=Path, metavar="PATH", help="other weights (default: those shipped)")
    style = parser.add_argument_group("style and originality")
    style.add_argument(
        "--strengths", type=_strengths, default=[1.0], metavar="S,…", help="style strengths to try, 0..2 (default: 1)"
    )
    style.add_argument(
        "--charts",
        type=opt.whole(2, 500, "charts"),
        default=24,
        metavar="N",
        help="songs arranged in three styles each (default: 24)",
    )
    style.add_argument("--no-style", action="store_true", help="skip the style classifier (default: train and use it)")
    style.add_argument(
        "--no-originality",
        action="store_true",
        help="skip the search for copied passages (default: search the training songs)",
    )
    listen = parser.add_argument_group("listening page")
    listen.add_argument(
        "--listen",
        type=opt.whole(0, 100, "questions"),
        default=0,
        metavar="N",
        help="questions on the page (default: 0, no page)",
    )
    opt.add_soundfont(listen)
    opt.add_output(parser)


def run(args: argparse.Namespace) -> int:
    if args.tally:
        return _tally(args.tally)
    if args.pack is None:
        raise InputError(
            "no songs to evaluate on; name a pack from 'python -m composer.training.prepare', or --tally votes.json"
        )
    from composer.evaluation.excerpts import KINDS, held_out
    from composer.evaluation.listening import FOLDER
    from composer.evaluation.measures import FAMILIES
    from composer.evaluation.plots import write_plots
    from composer.evaluation.report import markdown
    from composer.output import staging

    kinds = _words(args.kinds, KINDS, "--kinds")
    names = ["evaluation.md", "evaluation.json", "style.png"]
    names += [f"{kind}-{what}.png" for kind in kinds for what in (*FAMILIES, "told-apart", "nearness")]
    names += [FOLDER] if args.listen else []
    with steps(args.quiet) as progress, staging(args.out, names, args.force) as folder:
        with progress.step("reading the songs"):
            pack = _open(args.pack)
        songs = held_out(pack, _split(args.split))
        result, pages = evaluate(args, pack, songs, kinds, args.strengths, progress.step, folder)
        with progress.step("drawing"):
            pictures = write_plots(folder, result)
        (folder / "evaluation.md").write_text(markdown(result, pictures), "utf-8")
        text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "evaluation.json").write_text(text + "\n", "utf-8")
    print("\n".join(summary(result)))
    print(f"  {args.out / 'evaluation.md'}\n  {args.out / 'evaluation.json'}")
    if pages:
        print(f"  {args.out / FOLDER / 'index.html'}")
    return 0


def evaluate(
    args: argparse.Namespace,
    pack: Pack,
    songs: Pack,
    kinds: list[str],
    strengths: list[float],
    step: Step,
    folder: Path,
) -> tuple[dict[str, Any], bool]:
    """Play, measure, compare; returns the result, JSON-ready, and whether there is a listening page."""
    from composer.arrange import Arranger
    from composer.evaluation import originality, study
    from composer.evaluation.excerpts import MARGIN_BARS, choose
    from composer.evaluation.listening import FOLDER, pairs, write_page
    from composer.evaluation.style import NoStyles
    from composer.evaluation.systems import bands

    arranger = Arranger.load(args.checkpoint)
    systems, left_out = bands(_split(args.systems), arranger)
    shows = []
    for kind in kinds:
        excerpts = choose(songs, kind, args.songs, args.bars, args.excerpts, args.seed) * args.takes
        if len({one.work for one in excerpts}) < 2:
            left_out.append(f"{kind}: fewer than two held-out songs in {args.pack.name}")
            continue
        with step(f"playing: {kind}") as tell:
            shows.append(study.perform(kind, excerpts, systems, args.seed, tell))
    if not shows:
        raise InputError(f"{args.pack}: no held-out songs to compare on ({'; '.join(left_out)})")
    result: dict[str, Any] = {
        "about": {
            "source": args.pack.name, "split": args.split, "seed": args.seed, "bars": args.bars, "excerpts": args.excerpts,
            "takes": args.takes, "bars_around": MARGIN_BARS, "systems": list(systems), "left_out": left_out,
            "checkpoint": f"{arranger.checkpoint.card.get('model', '?')} {arranger.checkpoint.sha256[:12]}",
        },
        "kinds": {},
    }  # fmt: skip
    for show in shows:
        with step(f"measuring: {show.kind}") as tell:
            table = study.figures(show, args.seed, tell)
        with step(f"two-sample test: {show.kind}") as tell:
            apart = study.told_apart(show, args.seed, tell)
        with step(f"comparing habits: {show.kind}") as tell:
            near = study.nearness(show, args.seed, tell)
        result["kinds"][show.kind] = {
            "songs": len(set(show.works)), "excerpts": len(show.excerpts) // args.takes, "left_out": show.left_out,
            "inside": {family: list(both) for family, both in study.inside(table, "ours").items()},
            "figures": table, "told_apart": apart, "nearness": near,
        }  # fmt: skip
    train = pack.split("train")
    if not args.no_originality and len(train):
        with step("looking for copies") as tell:
            result["originality"] = study.copying(shows, originality.training_lines(train), tell)
    if not args.no_style and len(train):
        try:
            result["style"] = _style(args, arranger, train, songs, strengths, step)
        except NoStyles as error:
            left_out.append(f"style: {error}")
    if args.listen:
        with step("playing for the listening page") as tell:
            write_page(folder / FOLDER, pairs(shows, args.listen, args.seed), args.soundfont, tell)
    return result, bool(args.listen)


def _style(
    args: argparse.Namespace, arranger: Any, train: Pack, songs: Pack, strengths: list[float], step: Step
) -> dict[str, Any] | None:
    from composer.evaluation import style
    from composer.evaluation.excerpts import choose
    from composer.evaluation.restyling import restyle, trials
    from composer.evaluation.systems import mma_is_there

    with step("learning the styles") as tell:
        classifier = style.learn(train, 60, args.seed, tell)
        own_right = style.ceiling(classifier, songs, 20, args.seed)
    charts: list[Excerpt] = []
    for kind in ("synthetic", "piano", "bands"):  # lead sheets first: their chords were written by people
        charts += (
            choose(songs, kind, args.charts - len(charts), args.bars, 1, args.seed) if len(charts) < args.charts else []
        )
    plan = trials(charts, style.meters_of(train, set(classifier.styles) & set(own_right)), args.seed)
    if not plan:
        return None
    with_mma = "mma" in _split(args.systems) and mma_is_there()
    with step("arranging in other styles") as tell:
        return restyle(arranger, classifier, plan, strengths, own_right, with_mma, args.seed, tell)


def summary(result: dict[str, Any]) -> list[str]:
    """A few lines for the terminal."""
    lines = []
    for kind, told in result["kinds"].items():
        lines.append(f"{kind}: {told['songs']} held-out songs, {told['excerpts']} excerpts")
        for system, one in told["told_apart"].items():
            auc = one["auc"]
            if auc["value"] is not None:
                lines.append(
                    f"  {system} against the songs' own bands: AUC {auc['value']:.2f} ({auc['low']:.2f}–{auc['high']:.2f})"
                )
        shares = ", ".join(f"{family} {right}/{count}" for family, (right, count) in told["inside"].items())
        if shares:
            lines.append(f"  our figures inside the own bands' interval: {shares}")
    style = result.get("style")
    if style:
        lines.append(f"style: held-out songs recognised {style['ceiling']:.2f}")
        for name, row in style["systems"].items():
            right, kept = row["accuracy"]["value"], row["chords_kept"]["value"]
            if right is not None and kept is not None:
                lines.append(
                    f"  {name}: recognised {right:.2f} ({row['of_ceiling']:.0%} of that), chords kept {kept:.2f}"
                )
    return lines + [f"left out: {line}" for line in result["about"]["left_out"]]


def _open(path: Path) -> Pack:
    """A pack, or a folder of corpora packed for the occasion."""
    from composer.training.packing import open_pack

    if not path.is_dir():
        return open_pack(path)
    import tempfile
    from collections import Counter

    from composer.training.packing import pack
    from composer.training.prepare import all_songs, on_grid

    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "songs.npz"
        count: Counter[str] = Counter()
        pack(on_grid(all_songs(count, path), count), made)
        return open_pack(made)


def _strengths(text: str) -> list[float]:
    """ "0,1,2" → [0.0, 1.0, 2.0]."""
    return [opt.number(0, 2, "a style strength")(word) for word in _split(text)]


def _tally(paths: list[Path]) -> int:
    from composer.evaluation.votes import tally

    found, listeners = tally(paths)
    print(counted(listeners, "listener"))
    print("\n".join(f"  {one}" for one in found) or "  no votes yet")
    return 0


def _split(text: str) -> list[str]:
    """Words in small letters, each once."""
    return list(dict.fromkeys(opt.words(text.lower())))


def _words(text: str, known: Any, option: str) -> list[str]:
    words = _split(text)
    unknown = [word for word in words if word not in known]
    if unknown or not words:
        raise InputError(
            f"{option}: cannot read {', '.join(unknown) or 'an empty list'}; choose from: {', '.join(known)}"
        )
    return words
