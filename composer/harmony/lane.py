"""The chord lane: one chord per beat of a piece, and the chart people write it as.

A chart is bars between `|`, each with one or more chords that share its beats evenly:

    # Autumn, first half
    (B7)                          # in brackets, at the very start: the pick-up bar
    Em7 | A7 | Dmaj7 | Gmaj7
    C#m7b5 | F#7 | Bm / / E7 | %

`/` holds the chord one beat (a bar with `/` is counted beat by beat), `%` repeats the bar before, a line break ends
a bar, and `#` after a space begins a comment. A chart shorter than its piece repeats; what goes beyond the piece is not
used.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from composer.errors import ChordError
from composer.harmony.chord import NO_CHORD, Chord
from composer.timing import Bar, has_pickup
from composer.wording import counted

_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")


@dataclass(frozen=True)
class ChordLane:
    """One chord per beat over a piece's bars laid end to end: bar 0 beat 0, bar 0 beat 1, …"""

    chords: tuple[Chord, ...]

    def __len__(self) -> int:
        return len(self.chords)

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Roots (n,) int8 and bass (n,) int8, pitch classes or -1 for no chord; tones (n, 12) bool."""
        tones = np.zeros((len(self.chords), 12), bool)
        for row, chord in zip(tones, self.chords, strict=True):
            row[list(chord.tones)] = True
        roots = np.array([chord.root for chord in self.chords], np.int8)
        return roots, np.array([chord.bass for chord in self.chords], np.int8), tones

    def transpose(self, semitones: int) -> ChordLane:
        """Every chord moved."""
        return ChordLane(tuple(chord.transpose(semitones) for chord in self.chords))

    def by_bar(self, bars: Sequence[Bar]) -> Iterator[tuple[Bar, tuple[Chord, ...]]]:
        """(bar, its chords), one chord a beat. Raises ChordError where the lane does not fill the bars."""
        beats = sum(bar.beat_count for bar in bars)
        if beats != len(self.chords):
            raise ChordError(
                f"the chord lane has {len(self.chords)} beats, the piece {beats}; make the lane from the same bars"
            )
        at = 0
        for bar in bars:
            yield bar, self.chords[at : at + bar.beat_count]
            at += bar.beat_count

    def chart(self, bars: Sequence[Bar], bars_per_line: int = 0) -> str:
        """The lane as people write it, "C | Am7 D7 | G"; `from_chart` reads it back. 0 bars a line: all on one."""
        written: list[str] = []
        for bar, chords in self.by_bar(bars):
            text = _bar_text([chord.symbol for chord in chords])
            written.append(f"({text})" if bar.index == 0 and has_pickup(bars) else text)
        if bars_per_line < 1:
            return " | ".join(written)
        first = int(has_pickup(bars))
        lines = [written[:first]] if first else []
        lines += [written[at : at + bars_per_line] for at in range(first, len(written), bars_per_line)]
        return "\n".join(" | ".join(line) for line in lines) + "\n"

    @classmethod
    def from_chart(cls, text: str, bars: Sequence[Bar]) -> ChordLane:
        """A chart → one chord per beat of `bars`. Over a pick-up the chart does not name, its first chord sounds."""
        pickup, charted = _read_chart(text)
        if pickup is not None and not has_pickup(bars):
            raise ChordError(
                "the chart begins with a pick-up bar in brackets, but the piece has none; remove the brackets"
            )
        chords: list[Chord] = []
        full = list(bars)
        if has_pickup(bars):
            chords += (pickup or _ChartBar("the pick-up", charted[0].chords[:1])).over(full.pop(0))
        for index, bar in enumerate(full):
            chords += charted[index % len(charted)].over(bar)
        return cls(tuple(chords))

    @classmethod
    def from_symbols(cls, symbols: Sequence[tuple[int, str]], bars: Sequence[Bar]) -> ChordLane:
        """(tick, symbol) as in `Score.chords` → one chord per beat; a symbol between beats counts from the nearest.

        Beats before the first symbol have no chord, except in a pick-up bar, where lead sheets just do not write it.
        """
        starts = [(start, bar.beat_length) for bar in bars for start in bar.beat_starts()]
        if not symbols:
            return cls((NO_CHORD,) * len(starts))
        in_order = sorted(symbols, key=lambda change: change[0])
        changes = [(tick, _parsed(symbol, tick, bars)) for tick, symbol in in_order]
        chords, sounding, following = [], NO_CHORD, 0
        if has_pickup(bars) and changes[0][0] < bars[1].start + bars[1].beat_length / 2:
            sounding = changes[0][1]
        for start, beat_length in starts:
            while following < len(changes) and changes[following][0] < start + beat_length / 2:
                sounding = changes[following][1]
                following += 1
            chords.append(sounding)
        return cls(tuple(chords))

    def to_symbols(self, bars: Sequence[Bar]) -> tuple[tuple[int, str], ...]:
        """(tick, symbol) at every change: the form of `Score.chords`."""
        symbols: list[tuple[int, str]] = []
        for bar, chords in self.by_bar(bars):
            for start, chord in zip(bar.beat_starts(), chords, strict=True):
                if not symbols or symbols[-1][1] != chord.symbol:
                    symbols.append((start, chord.symbol))
        return tuple(symbols)


def chart_fit(text: str, bars: Sequence[Bar]) -> str:
    """A sentence where a chart is longer or shorter than the piece; "" where it fits. Raises ChordError."""
    charted, count = len(_read_chart(text)[1]), len(bars) - has_pickup(bars)
    have = f"the chart has {counted(charted, 'bar')}, the piece {count}"
    if charted > count:
        return f"{have}: the extra bars are not used"
    if charted < count:
        return f"{have}: the chart is repeated" + (" and cut at the end" if count % charted else "")
    return ""


@dataclass(frozen=True)
class _ChartBar:
    """One bar of a chart: chords in order, None where `/` holds the one before."""

    place: str
    chords: tuple[Chord | None, ...]

    def over(self, bar: Bar) -> list[Chord]:
        """One chord for each of the bar's beats; earlier chords get the longer share ("A B" in 3/4 is A A B)."""
        beats, count = bar.beat_count, len(self.chords)
        if count > beats:
            raise ChordError(
                f"chart, {self.place}: {count} chords, but bar {bar.number} of the piece has"
                f" {counted(beats, 'beat')}; at most one chord a beat"
            )
        if None not in self.chords:
            return [chord for beat in range(beats) if (chord := self.chords[_share(beat, count, beats)])]
        held: list[Chord] = []
        for chord in self.chords + (None,) * (beats - count):
            held.append(chord or held[-1])
        return held


def _share(beat: int, count: int, beats: int) -> int:
    """Which of `count` chords sounds on `beat`: chord i begins on beat ceil(i * beats / count)."""
    return max(i for i in range(count) if -(-i * beats // count) <= beat)


def _bar_text(symbols: list[str]) -> str:
    beats = len(symbols)
    changes = [symbols[0], *(after for before, after in itertools.pairwise(symbols) if after != before)]
    if [changes[_share(beat, len(changes), beats)] for beat in range(beats)] == symbols:
        return " ".join(changes)
    return " ".join(symbol if beat == 0 or symbol != symbols[beat - 1] else "/" for beat, symbol in enumerate(symbols))


def _read_chart(text: str) -> tuple[_ChartBar | None, list[_ChartBar]]:
    """A chart's pick-up bar, if it names one, and its bars."""
    pickup: _ChartBar | None = None
    charted: list[_ChartBar] = []
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for cell in _COMMENT.sub("", line).split("|"):
            words = cell.split()
            if not words:
                continue
            place = f"bar {len(charted) + 1}" + (f" (line {number})" if len(lines) > 1 else "")
            if not charted and pickup is None and words[0].startswith("(") and words[-1].endswith(")"):
                pickup = _chart_bar(cell.strip()[1:-1].split(), "the pick-up bar")
            else:
                charted.append(_repeat(charted, place) if words == ["%"] else _chart_bar(words, place))
    if not charted:
        raise ChordError("the chord chart is empty; write it as in: C | Am7 D7 | G")
    return pickup, charted


def _repeat(charted: list[_ChartBar], place: str) -> _ChartBar:
    if not charted:
        raise ChordError(f"chart, {place}: % repeats the bar before, and there is none; name a chord")
    return _ChartBar(place, charted[-1].chords)


def _chart_bar(words: list[str], place: str) -> _ChartBar:
    chords: list[Chord | None] = []
    for word in words:
        if word in ("/", "."):
            chords.append(None)
            continue
        try:
            chords.append(Chord.parse(word))
        except ChordError as error:
            raise ChordError(f"chart, {place}: {error}") from None
    if not chords or chords[0] is None:
        raise ChordError(f"chart, {place}: begins with a hold; name its first chord")
    return _ChartBar(place, tuple(chords))


def _parsed(symbol: str, tick: int, bars: Sequence[Bar]) -> Chord:
    try:
        return Chord.parse(symbol)
    except ChordError as error:
        bar = max((bar for bar in bars if bar.start <= tick), key=lambda bar: bar.start, default=bars[0])
        raise ChordError(f"bar {bar.number}: {error}") from None
