"""Auditions: after which examples is the band heard in its style? `python -m composer.batch.auditions PACK CHECKPOINT`.

An example may be typical of its style and the band may yet be taken for another after it: a country waltz for a waltz, people's rock for
metal. So the band plays a few training tunes after every example of the library, and the style listener says what it hears. What
it said is written beside the examples; who asks for a style by its name hears the band after those that come across.
Run it after composer.training.example_library; it takes some minutes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from composer.arrange import Arranger
from composer.batch.lockstep import Job, Lockstep
from composer.evaluation.excerpts import choose
from composer.gm import MELODY, ROLES
from composer.model.checkpoint import Checkpoint, load_checkpoint
from composer.model.example import twice
from composer.model.examples import CARD_FIELD, Example, Examples, in_metre_of, metre_of, save_examples
from composer.model.sequence import Brief, cells, tempo_class
from composer.model.style_features import style_features
from composer.options import ArrangeOptions
from composer.planning import LOOKAHEAD_BARS, Plan, style_codes, wanted_controls
from composer.styles import PEOPLE, STYLES
from composer.training.card import add_to_card
from composer.training.packing import Pack, open_pack
from composer.vocab import GridSong

TUNES = 4
"""That the band plays after each example."""
BARS = 12
"""Of each tune."""
MADE_TO_FIT = 8
"""Examples of another metre that audition where none of its own comes across."""
HEARD = 0.5
"""How probable a style must be for it to be heard."""
KEPT = 12
"""Examples of what people play in a style and a metre: as a band, as a band with a piano, as pianists."""


@dataclass(frozen=True)
class Audition:
    """One example, by its number, before one tune."""

    number: int
    tune: GridSong
    dice: int


def tunes_of(pack: Pack, seed: int) -> dict[str, list[GridSong]]:
    """Metre → TUNES stretches of lead sheets, melody and chords alone, each of another work."""
    found: dict[str, list[GridSong]] = {}
    for cut in choose(pack, "synthetic", len(pack), BARS, 1, seed):
        tune = replace(cut.heard, notes=cut.heard.notes[cut.heard.notes["part"] == ROLES.index(MELODY)])
        found.setdefault(metre_of(tune), []).append(tune)
    return {metre: tunes[:TUNES] for metre, tunes in found.items()}


def play(checkpoint: Checkpoint, examples: Sequence[Example], one: Audition) -> Job[float]:
    """A job for a lane: the tune after the example → how probable its style is to the listener."""
    song, tune, listener = examples[one.number].song, one.tune, checkpoint.listener
    assert listener is not None
    style, shaped = STYLES[song.style], in_metre_of(tune, song)
    assert shaped is not None
    styles = ((style, song.groove, 1.0),)
    wishes = ArrangeOptions(parts=style.parts)
    brief = Brief(
        asked=cells(tune.bar_count, (ROLES.index(name) for name in wishes.parts)),
        given=cells(tune.bar_count, (ROLES.index(MELODY),)),
        lookahead=LOOKAHEAD_BARS,
        styles=style_codes(checkpoint, styles),
        tempo=tempo_class(tune.tempo_bpm),
        controls=wanted_controls(wishes, tune.bar_count),
        example=twice(shaped),
    )

    def job(arranger: Arranger) -> float:
        written = arranger.write(Plan(tune, brief, (), styles, ()), wishes, np.random.default_rng(one.dice))
        band = replace(tune, notes=np.concatenate([*written.grid.values()]))
        return listener.probabilities(style_features(band)).get(style.name, 0.0)

    return job


def hold(
    checkpoint: Checkpoint,
    examples: Sequence[Example],
    plan: Iterable[Audition],
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> list[Example]:
    """The examples with what the listener said of them in these auditions. `tell` hears how many of how many are over."""
    auditions = list(plan)
    work = ((at, play(checkpoint, examples, one)) for at, one in enumerate(auditions))
    said: dict[tuple[int, str], list[float]] = {}
    for done, (at, heard) in enumerate(Lockstep[float](checkpoint).run(work), 1):
        tell(done, len(auditions))
        if isinstance(heard, Exception):
            raise heard
        said.setdefault((auditions[at].number, metre_of(auditions[at].tune)), []).append(heard)
    told = list(examples)
    for (number, metre), probabilities in said.items():
        heard_in = {**told[number].heard, metre: round(float(np.mean(probabilities)), 3)}
        told[number] = replace(told[number], heard=heard_in)
    return told


def before(number: int, tunes: Sequence[GridSong], seed: int) -> Iterator[Audition]:
    """One example before each of some tunes, every time with dice of its own."""
    for place, tune in enumerate(tunes):
        yield Audition(number, tune, seed + TUNES * number + place)


def in_their_own(examples: Sequence[Example], tunes: dict[str, list[GridSong]], seed: int) -> Iterator[Audition]:
    """Every example before tunes in the metre it was played in; but a user's own styles have no listener, and pianists need none:
    it learned from bands, and takes a ballad for the piano alone for pop."""
    for number, example in enumerate(examples):
        if example.song.style in STYLES and not is_pianist(example):
            yield from before(number, tunes.get(metre_of(example.song), ()), seed)


def made_to_fit(examples: Sequence[Example], tunes: dict[str, list[GridSong]], seed: int) -> Iterator[Audition]:
    """Of styles that do not come across in a metre: their best examples in others, made to fit it."""
    library = Examples(tuple(examples))
    for style in sorted({example.song.style for example in examples} & set(STYLES)):
        for metre, some in tunes.items():
            across = library.across(style, metre, STYLES[style].parts)
            if any(example.heard.get(metre, 0.0) > HEARD for example in across):
                continue
            fitting = [
                (-example.heard_best, number)
                for number, example in enumerate(examples)
                if example.song.style == style
                and metre not in example.heard
                and not is_pianist(example)
                and in_metre_of(some[0], example.song) is not None
            ]
            for _, number in sorted(fitting)[:MADE_TO_FIT]:
                yield from before(number, some, seed)


def is_pianist(example: Example) -> bool:
    """Whether it is people's playing without drums."""
    return example.song.groove == PEOPLE and "drums" not in example.parts


def best(examples: Sequence[Example]) -> list[Example]:
    """All of the grooves', and of people's playing KEPT in a style and a metre: bands that come across best, pianists as they come."""
    groups: dict[tuple[str, str, bool, bool], list[int]] = {}
    for number, example in enumerate(examples):
        if example.song.groove == PEOPLE:
            playing = example.parts
            key = (example.song.style, metre_of(example.song), "drums" in playing, "piano" in playing)
            groups.setdefault(key, []).append(number)

    kept = {
        number
        for group in groups.values()
        for number in sorted(group, key=lambda number: examples[number].heard_best, reverse=True)[:KEPT]
        if is_pianist(examples[number]) or examples[number].heard_best > HEARD
    }
    return [example for number, example in enumerate(examples) if example.song.groove != PEOPLE or number in kept]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="another seed hears other tunes (default: 0)")
    args = parser.parse_args()
    checkpoint = load_checkpoint(args.checkpoint)
    if checkpoint.listener is None:
        parser.error(f"{args.checkpoint} has no style listener yet: python -m composer.training.style_listener first")
    tunes = tunes_of(open_pack(args.pack).split("train"), args.seed)
    unheard = [replace(example, heard={}) for example in checkpoint.examples.entries]
    heard = best(hold(checkpoint, unheard, in_their_own(unheard, tunes, args.seed), _tell))
    heard = hold(checkpoint, heard, made_to_fit(heard, tunes, args.seed), _tell)
    add_to_card(args.checkpoint, **{CARD_FIELD: save_examples(heard, args.checkpoint)})
    clear = sum(example.heard_best > HEARD for example in heard)
    sys.stdout.write(f"{len(heard)} of {len(unheard)} examples kept; after {clear} of them their style is heard\n")


def _tell(done: int, of: int) -> None:
    """A line on stderr, now and then."""
    if done % 100 == 0 or done == of:
        sys.stderr.write(f"auditions: {done:,} of {of:,}\n")


if __name__ == "__main__":
    main()
