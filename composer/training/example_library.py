"""Choose the examples that stand beside a checkpoint: `python -m composer.training.example_library PACK CHECKPOINT`.

Of every groove the bars that are most like the groove as a whole (nearest to the mean of what the style ear hears), from
songs whose licence lets four bars be handed on; of what bands of people play only bars that the style listener knows for the
style. Pianists are drawn at random: the listener learned from bands, and knew only their plainest bars (0.18 of their onsets off
the beat, where their songs have 0.51).
Run it after composer.training.style_listener. Writes them beside the weights and their hash into the card.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from composer.gm import ROLES
from composer.model.checkpoint import CARD
from composer.model.example import LONGEST, cut_example
from composer.model.examples import CARD_FIELD, Example, save_examples
from composer.model.style_features import style_features
from composer.model.style_fit import StyleListener, load_listener
from composer.styles import PEOPLE
from composer.training.card import add_to_card
from composer.training.packing import Pack, open_pack
from composer.vocab import GridSong

FREE = ("MIT", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0", "Artistic-1.0")
"""Licences under which a few bars may be handed on; where a groove has no such song, it has no example."""
FEWEST_PARTS = 3
"""Parts that an example of people's playing as a band shows: drums alone do not say how a band plays."""
LOUDNESSES = 3
"""Classes of velocity that a pianist's example shows: most bars of a song in notation have a single one."""
DRUMS, BASS, PIANO = ROLES.index("drums"), ROLES.index("bass"), ROLES.index("piano")
HIGHEST_BASS, MOST_TOGETHER, LEAST_IN_CHORD = 50.0, 1.5, 0.4
"""Mean pitch, notes struck together and share in the chord of a bass that holds a band up. A few of mma's grooves program theirs as
a second guitar, two octaves up or in thirds, and who heard one as an example played hip-hop over no root at all."""
SONGS_LOOKED_AT = {False: 12, True: 80}
EACH = {False: 2, True: 24}
"""Of a groove, and of what people play in a style, which audition (composer.batch.auditions): half of them are kept."""
Players = frozenset[int]
"""Which of DRUMS and PIANO play; none of them where nobody asks."""
PIANISTS = Players({PIANO})


def groups(pack: Pack) -> dict[tuple[str, str, str, Players], list[int]]:
    """Songs by style, groove, metre and players; what people play is one groove a style: bands, bands with a piano, pianists."""
    found: dict[tuple[str, str, str, Players], list[int]] = {}
    for index, about in enumerate(pack.about):
        meta = about["meta"]
        groove = about["groove"] if meta["synthetic"] == "True" else PEOPLE
        if about["style"] and free(meta):
            players = Players({DRUMS, PIANO} & set(pack[index].notes["part"].tolist()) if groove == PEOPLE else ())
            if players or groove != PEOPLE:
                found.setdefault((about["style"], groove, meta["meter"], players), []).append(index)
    return found


def free(meta: dict[str, Any]) -> bool:
    """Whether a few bars of the band may be handed on. Of the synthetic band's songs only the chords are another's."""
    return str(meta["licence"]) in FREE or meta["synthetic"] == "True"


def windows(song: GridSong, players: Players, listener: StyleListener | None) -> Iterator[tuple[int, np.ndarray]]:
    """Starts of LONGEST bars on end in one metre that the players and enough parts play throughout, and how they sound, (WIDTH,).

    Of people's bands, for which there is a listener, only those that it knows for the song's style. A pianist is enough, unheard.
    """
    fewest = 2 if listener is None else 1 if players == PIANISTS else FEWEST_PARTS
    for start in range(2, song.bar_count - LONGEST - 1, 2):
        cut = cut_example(song, start)
        if len(set(cut.bar_length.tolist())) > 1 or (cut.roots < 0).all():
            continue
        playing = [set(cut.notes["part"][cut.notes["bar"] == bar].tolist()) for bar in range(LONGEST)]
        throughout = set.intersection(*playing)
        if len(throughout) < fewest or not players <= throughout:
            continue
        if not holds_up(cut):
            continue
        if players == PIANISTS and len(np.unique(cut.notes["velocity"])) < LOUDNESSES:
            continue
        sound = style_features(cut)
        if listener is None or players == PIANISTS or next(iter(listener.probabilities(sound))) == song.style:
            yield start, sound.mean(axis=0)


def holds_up(song: GridSong) -> bool:
    """Whether a song's bass, if it has one, is one: low, mostly one note at a time, mostly of the chord."""
    notes = song.notes[song.notes["part"] == BASS]
    if not len(notes):
        return True
    beat = song.beat_at(notes["bar"], notes["position"])
    told = song.roots[beat] >= 0
    pitch = notes["pitch"] % 12
    in_chord = (song.tones[beat, pitch].astype(bool) | (song.basses[beat] == pitch))[told]
    onsets = len(np.unique(notes[["bar", "position"]]))
    return bool(
        notes["pitch"].mean() <= HIGHEST_BASS
        and len(notes) <= MOST_TOGETHER * onsets
        and (not len(in_chord) or in_chord.mean() >= LEAST_IN_CHORD)
    )


def typical(
    pack: Pack, songs: list[int], players: Players, rng: np.random.Generator, listener: StyleListener | None
) -> Iterator[tuple[int, int]]:
    """(song, first bar) of the windows nearest to the mean of all, pianists' as they come, one of a song. People's with a listener."""
    people = listener is not None
    looked_at = rng.permutation(songs)[: SONGS_LOOKED_AT[people]].tolist()
    found = [(index, start, sound) for index in looked_at for start, sound in windows(pack[index], players, listener)]
    if not found:
        return
    sounds = np.array([sound for _, _, sound in found])
    far = np.linalg.norm((sounds - sounds.mean(axis=0)) / (sounds.std(axis=0) + 0.1), axis=1)
    taken: set[int] = set()
    for place in rng.permutation(len(found)) if players == PIANISTS else np.argsort(far):
        index, start, _ = found[place]
        if index not in taken and len(taken) < EACH[people]:
            taken.add(index)
            yield index, start


def choose(pack: Pack, listener: StyleListener, seed: int = 0) -> list[Example]:
    """The library of a pack of training songs."""
    rng = np.random.default_rng(seed)
    examples = []
    for (style, groove, _, players), songs in sorted(groups(pack).items(), key=_in_order):
        people = groove == PEOPLE
        for index, start in typical(pack, songs, players, rng, listener if people else None):
            meta = pack.about[index]["meta"]
            cut = cut_example(pack[index], start)
            song = GridSong(**{**vars(cut), "style": style, "groove": groove, "meta": {}})
            examples.append(Example(song, meta["id"], meta["licence"] if people else "synthetic"))
    return examples


def _in_order(group: tuple[tuple[str, str, str, Players], list[int]]) -> tuple[str, str, str, list[int]]:
    style, groove, metre, players = group[0]
    return style, groove, metre, sorted(players)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument(
        "--people",
        metavar="STYLE,…",
        help="styles to take people's bands for, as benchmarks/style.py recommends; their pianos always (default: all that have some)",
    )
    args = parser.parse_args()
    listener = load_listener(args.checkpoint, json.loads((args.checkpoint / CARD).read_text()))
    if listener is None:
        parser.error(f"{args.checkpoint} has no style listener yet: python -m composer.training.style_listener first")
    wanted = args.people.split(",") if args.people is not None else None
    examples = [
        e
        for e in choose(open_pack(args.pack).split("train"), listener)
        if wanted is None or e.song.groove != PEOPLE or "drums" not in e.parts or e.song.style in wanted
    ]
    add_to_card(args.checkpoint, **{CARD_FIELD: save_examples(examples, args.checkpoint)})
    grooves = {(example.song.style, example.song.groove) for example in examples}
    sys.stdout.write(
        f"{len(examples)} examples of {len(grooves)} grooves in {len({style for style, _ in grooves})} styles\n"
    )


if __name__ == "__main__":
    main()
