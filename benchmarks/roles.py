"""How often `composer.corpora.roles` tells which player a track is: by its program, its name, what it plays, and all three.

    COMPOSER_DATA=… python benchmarks/roles.py

The truth comes from elsewhere. In POP909 the tracks are labelled (MELODY, PIANO; the bridge has no role of ours), in Lieder
voice and piano stand in the print; names and programs are hidden there, so that only what is played speaks. For the bands
the truth is a track's name where its program says the same; content alone is the honest row there, since the other
two took part in the truth. Drums are told by channel or name, never by what is played: their column says how often the name
alone would do. The Gaussians of roles.py were fitted to tracks of all splits before this benchmark was written (seven
means and spreads a role, of 860 tracks), so that valid and test works are judged here without being strangers.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from pathlib import Path

from composer.corpora import data_root, iter_songs
from composer.corpora.bands import LOADERS
from composer.corpora.roles import NAME_PATTERNS, program_role, track_role
from composer.corpora.splits import split_of
from composer.errors import InputError
from composer.formats.midi import read_midi
from composer.score import Part

WITNESSES = {
    "program": {"names": False, "content": False},
    "name": {"programs": False, "content": False},
    "content": {"names": False, "programs": False},
    "program + content": {"names": False},
    "name + content": {"programs": False},
    "all": {},
}


@dataclass(frozen=True)
class Case:
    """A track whose role is known."""

    source: str
    part: Part
    truth: str
    ticks_per_beat: int
    end: int


def named_role(name: str) -> str:
    """The one role a track's name speaks for, "" where it speaks for none or several."""
    roles = [role for role, pattern in NAME_PATTERNS.items() if re.search(pattern, name, re.IGNORECASE)]
    return roles[0] if len(roles) == 1 else ""


def band_cases(data: Path) -> list[Case]:
    """Tracks of the bands' files on whose role name and program agree."""
    cases = []
    for corpus in LOADERS:
        for path in sorted((data / corpus).glob("*.mid")):
            prefix = "freedoom" if corpus.startswith("freedoom") else corpus
            if split_of(f"{prefix}/{path.stem.partition('--')[0]}") == "train":
                continue
            try:
                score = read_midi(path)
            except InputError:
                continue
            for part in score.parts:
                truth = named_role(part.name)
                agreed = part.is_drum if truth == "drums" else program_role(part.program) == truth
                if truth and agreed and len(part) >= 16:
                    cases.append(Case("bands: name and program agree", part, truth, score.ticks_per_beat, score.end))
    return cases


def printed_cases(data: Path) -> list[Case]:
    """POP909's and Lieder's parts without name and program."""
    cases = []
    for corpus in ("pop909", "lieder"):
        for song in iter_songs([corpus], data):
            if song.split == "train":
                continue
            for part in song.score.parts:
                if part.role == "strings":
                    continue
                hidden = replace(part, name="", program=0, is_drum=False)
                cases.append(Case(corpus, hidden, part.role, song.score.ticks_per_beat, song.score.end))
    return cases


def main() -> None:
    data = data_root()
    bands = band_cases(data)
    print(f"{len(bands)} tracks of bands, held out, on whose role name and program agree")
    right: dict[str, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter(case.truth for case in bands)
    for case in bands:
        part = replace(case.part, is_drum=False) if case.truth == "drums" else case.part
        for witness, left_out in WITNESSES.items():
            # The drum channel settles drums; without it the witnesses must speak.
            told = track_role(part, case.ticks_per_beat, case.end, **left_out).role
            right[witness][case.truth] += told == case.truth
    roles = sorted(total, key=lambda role: -total[role])
    print(f"{'by':20}{'all':>7}" + "".join(f"{role:>10}" for role in roles) + "   (drums off their channel)")
    for witness in WITNESSES:
        share = right[witness].total() / max(len(bands), 1)
        print(f"{witness:20}{share:7.3f}" + "".join(f"{right[witness][role] / total[role]:10.3f}" for role in roles))
    print(f"{'tracks':20}{len(bands):7d}" + "".join(f"{total[role]:10d}" for role in roles))
    on_channel = [case for case in bands if case.truth == "drums"]
    told = sum(track_role(case.part, case.ticks_per_beat, case.end).role == "drums" for case in on_channel)
    print(f"drums on their channel: {told} of {len(on_channel)}")

    print("\ncontent alone, where the truth is printed or labelled (held out)")
    confusion: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for case in printed_cases(data):
        told_role = track_role(case.part, case.ticks_per_beat, case.end, names=False, programs=False).role
        confusion[case.source, case.truth][told_role] += 1
    for (source, truth), counts in confusion.items():
        others = ", ".join(f"{role} {count}" for role, count in counts.most_common() if role != truth)
        print(
            f"{source:10}{truth:10}{counts[truth] / counts.total():7.3f} of {counts.total():4d}   else: {others or '-'}"
        )


if __name__ == "__main__":
    main()
