"""What the corpora hold and what is left out, counted: broken, off the grid, copies, versions, and leaks between splits."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from composer.corpora.duplicates import groups, notes_digest, tune_shingles, version_pairs
from composer.corpora.song import Song, on_grid
from composer.corpora.works import work_names

_COLUMNS = ("songs", "train", "valid", "test", "works", "notes", "bars", "chords", "labelled", "heard", "left out")


@dataclass
class Census:
    """Counts taken while songs go by; songs themselves are not kept."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    reasons: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    works: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    gridded: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    tunes: dict[str, frozenset[int]] = field(default_factory=dict)
    digests: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    work_of: dict[str, str] = field(default_factory=dict)
    split_of: dict[str, str] = field(default_factory=dict)

    def skip(self, song_id: str, reason: str) -> None:
        """To be given to a loader as its callback."""
        self.reasons[song_id.partition("/")[0]][reason] += 1

    def see(self, song: Song) -> None:
        counts = self.counts[song.corpus]
        counts.update(["songs", song.split])
        counts["notes"] += sum(len(part) for part in song.score.parts)
        counts["bars"] += len(song.score.bars())
        counts["chords"] += song.lane is not None
        counts["labelled"] += song.phrases_by == "people"
        counts["heard"] += song.phrases_by == "composer"
        self.works[song.corpus].add(song.work)
        self.gridded[song.corpus].append(on_grid(song.score))
        self.tunes[song.id] = tune_shingles(song.score)
        self.digests[notes_digest(song)].append(song.id)
        self.work_of[song.id], self.split_of[song.id] = song.work, song.split

    def version_groups(self) -> list[list[str]]:
        """Groups of songs that are versions of one another."""
        copies = [(ids[0], other) for ids in self.digests.values() for other in ids[1:]]
        return groups([*((one, other) for one, other, _ in version_pairs(self.tunes)), *copies])

    def work_groups(self, songs: Iterable[Iterable[str]]) -> list[list[str]]:
        """The works that groups of songs join, where they are more than one, and those joined before."""
        pairs = list(work_names().items())
        for group in songs:
            first, *others = sorted({self.work_of[song] for song in group})
            pairs += [(first, other) for other in others]
        return groups(pairs)

    def summary(self) -> str:
        """What there is and what was left out."""
        return "\n".join([*self._table(), "", *self._left_out()])

    def text(self) -> str:
        """All tables."""
        found = self.version_groups()
        return "\n".join([*self._table(), "", *self._grid(), "", *self._left_out(), "", *self._versions(found)])

    def _table(self) -> list[str]:
        lines = [f"{'corpus':18}" + "".join(f"{column:>10}" for column in _COLUMNS)]
        for name in sorted(self.counts.keys() | self.reasons.keys()):
            row: Mapping[str, int] = self.counts[name] | Counter(
                {"works": len(self.works[name]), "left out": self.reasons[name].total()}
            )
            lines.append(f"{name:18}" + "".join(f"{row[column]:>10}" for column in _COLUMNS))
        return lines

    def _grid(self) -> list[str]:
        lines = ["onsets within 1/24 beat of a sixteenth or an eighth triplet, share a song: median (lowest tenth)"]
        for name, shares in sorted(self.gridded.items()):
            lines.append(f"  {name:18}{np.median(shares):6.2f} ({np.quantile(shares, 0.1):.2f})")
        return lines

    def _left_out(self) -> list[str]:
        lines = ["left out"]
        for name, reasons in sorted(self.reasons.items()):
            lines += [f"  {name:18}{count:6d}  {reason}" for reason, count in reasons.most_common()]
        return lines

    def _versions(self, found: list[list[str]]) -> list[str]:
        copies = sum(len(ids) - 1 for ids in self.digests.values())
        several = [group for group in found if len({self.work_of[song] for song in group}) > 1]
        leaks = [group for group in found if len({self.split_of[song] for song in group}) > 1]
        lines = [
            f"exact copies (same notes): {copies}",
            f"groups of versions: {len(found)}, {sum(map(len, found))} songs; of these {len(several)} under several works",
            f"groups on both sides of a split: {len(leaks)}",
        ]
        lines += [f"  {', '.join(f'{song} ({self.split_of[song]})' for song in group)}" for group in leaks[:20]]
        return lines
