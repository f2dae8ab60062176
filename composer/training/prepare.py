"""Pack songs for training: `python -m composer.training.prepare --out songs.npz [--data DIR] [--midi DIR …] [--synthetic DIR …]`."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from composer.corpora import DATA_VARIABLE, data_root, iter_songs
from composer.corpora import folder as own
from composer.corpora.form import find_phrases
from composer.corpora.holding import held
from composer.corpora.mma_grooves import find_groove
from composer.corpora.song import Song
from composer.corpora.synthetic_build import read
from composer.errors import ComposerError
from composer.harmony.infer import chords_from_notes
from composer.training.packing import from_song, pack
from composer.vocab import GridSong


def all_songs(
    count: Counter[str],
    data: Path | None,
    names: Sequence[str] | None = None,
    midi: Sequence[Path] = (),
    synthetic: Sequence[Path] = (),
) -> Iterator[Song]:
    """Real songs of the named corpora, of folders of MIDI, then the synthetic band's shards; what is skipped is counted.

    Without `data` there are no corpora; names: which of them, None for all. More than one folder of MIDI are own-1, own-2 …;
    a file is packed once and versions of a song are one work, whichever folders they lie in: else the splits would leak.
    """
    known = own.Known()
    midi, synthetic = _once(midi), _once(synthetic)

    def skipped(song_id: str, reason: str) -> None:
        count[f"{song_id.partition('/')[0]} left out: {reason}"] += 1

    if data is not None:
        for song in iter_songs(names, data, skipped):
            known.digests.add(song.sha256)
            yield song
    for number, folder in enumerate(midi, 1):
        yield from own.songs(folder, skipped, "own" if len(midi) == 1 else f"own-{number}", known=known)
    for folder in synthetic:
        yield from read(folder)


def _once(folders: Sequence[Path]) -> list[Path]:
    """Folders in order, each once, however it is written."""
    return list({folder.resolve(): folder for folder in reversed(folders)}.values())[::-1]


def labelled(song: Song) -> Song:
    """A real song under its corpus's groove label, with the chords and the form heard in it where nobody has written them down.

    A synthetic one takes its style from the table of grooves as it is today, and its strings are held as people hold theirs.
    """
    if song.synthetic:
        return held(replace(song, style=find_groove(song.groove).style))
    lane = song.lane
    if lane is None and any(not part.is_drum for part in song.score.parts):
        lane = chords_from_notes(song.score)
    phrases = song.phrases or find_phrases(song.score)
    return replace(song, groove=song.corpus, lane=lane, phrases=phrases)


def on_grid(songs: Iterator[Song], count: Counter[str]) -> Iterator[GridSong]:
    """Songs as GridSongs; those the grid cannot hold are counted and left out."""
    for song in songs:
        name = song.corpus + (" (synthetic band)" if song.synthetic else "")
        try:
            grid = from_song(labelled(song))
        except ComposerError as error:
            count[f"{name} left out: {str(error).partition(':')[0].rstrip('0123456789 ')}"] += 1
            continue
        count[name] += 1
        yield grid


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder that holds the corpora (default: COMPOSER_DATA)")
    parser.add_argument("--corpora", help="which ones, separated by commas (default: all that are there)")
    parser.add_argument(
        "--midi",
        type=Path,
        nargs="*",
        default=[],
        metavar="DIR",
        help="folders of your own MIDI, flat or laid out as Lakh; alone if no --data, --corpora or COMPOSER_DATA is given (default: none)",
    )
    parser.add_argument("--synthetic", type=Path, nargs="*", default=[], help="folders of synthetic shards made here")
    parser.add_argument("--out", type=Path, required=True, help="the pack (.npz)")
    said = parser.parse_args()
    count: Counter[str] = Counter()
    try:
        names = [name for word in said.corpora.split(",") if (name := word.strip())] if said.corpora else None
        only_own = said.midi and not names and said.data is None and not os.environ.get(DATA_VARIABLE)
        data = None if only_own else said.data or data_root()
        songs = all_songs(count, data, names, said.midi, said.synthetic)
        total = pack(on_grid(songs, count), said.out)
    except ComposerError as error:
        print(error, file=sys.stderr)
        return 1
    for what, number in sorted(count.items()):
        print(f"{number:7d}  {what}")
    print(f"{total:7d}  songs packed, {said.out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
