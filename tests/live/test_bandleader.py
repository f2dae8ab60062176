"""The bandleader over a network of chance: what it asks of the model, not how that sounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.harmony.chord import Chord
from composer.harmony.viterbi import best_path
from composer.live.bandleader import Bandleader, Metre
from composer.live.harmonist import steady_path
from composer.live.hearing import chord_of, chroma_of, score_chroma, state_of
from composer.live.plan import HEARD_DTYPE, Ask, Wishes
from composer.live.progressions import Progressions
from composer.model.checkpoint import Checkpoint
from composer.model.example import cut_example
from composer.model.examples import Example, Examples
from tests.model.songs import checkpoint_of, toy_network, toy_song

NOTHING = np.zeros(0, HEARD_DTYPE)


def chords(*symbols: str, beats: int = 4) -> np.ndarray:
    rows = [
        (bar * float(beats), beats - 0.1, 48 + tone, 80)
        for bar, symbol in enumerate(symbols)
        for tone in Chord.parse(symbol).tones
    ]
    return np.array(rows, HEARD_DTYPE)


@pytest.fixture(scope="module", params=["lstm", "transformer"])
def leader(request: pytest.FixtureRequest) -> Bandleader:
    return Bandleader(checkpoint_of(toy_network(request.param)), Metre(4.0), 3, Progressions.load())


def wishes(**changes: object) -> Wishes:
    return Wishes(parts=("drums", "bass", "piano"), **changes)  # type: ignore[arg-type]


def test_a_bar_resumed_keeps_what_was_played(leader: Bandleader) -> None:
    heard = chords("C", "F")
    first = leader.plan(Ask(1, 2, 0, heard, 7.9, wishes()))
    assert set(first.notes["part"]) <= {1, 2, 4}
    assert first.known
    again = leader.plan(Ask(2, 2, 24, np.concatenate([heard, chords("C", "F", "Am")[6:]]), 9.5, wishes()))
    before = [note for note in leader._band[2].tolist() if note[2] < 24]
    assert before == [note for note in before if note[:4] in {tuple(n)[:4] for n in first.notes.tolist()}]
    assert len(before) == int((first.notes["position"] < 24).sum())
    assert again.chords == ("Am",) * 4
    later = leader.plan(Ask(3, 3, 0, heard, 9.5, wishes()))
    assert later.bar == 3


def test_before_any_harmony_only_drums_play() -> None:
    leader = Bandleader(checkpoint_of(toy_network()), Metre(4.0), 3, Progressions.load())
    plan = leader.plan(Ask(1, 0, 0, NOTHING, -2.0, wishes()))
    assert not plan.known
    assert set(plan.notes["part"]) == {1}
    assert plan.chords == ("N.C.",) * 4


def test_a_chart_is_played_round_and_round() -> None:
    leader = Bandleader(checkpoint_of(toy_network()), Metre(3.0), 3, Progressions.load())
    chart = ("C",) * 3 + ("G7",) * 3
    plans = [leader.plan(Ask(n, n, 0, NOTHING, n * 3.0, wishes(chords=chart))) for n in range(3)]
    assert [plan.chords[0] for plan in plans] == ["C", "G7", "C"]
    assert [plan.next_chords[0] for plan in plans] == ["G7", "C", "G7"]


def test_compound_metre_counts_dotted_beats() -> None:
    leader = Bandleader(checkpoint_of(toy_network()), Metre(3.0, 1.5), 3, Progressions.load())
    plan = leader.plan(Ask(1, 0, 0, chords("C", beats=3), 2.5, wishes()))
    assert plan.chords == ("C", "C")


def test_styles_strength_and_rests_change_from_bar_to_bar(leader: Bandleader) -> None:
    heard = chords("C", "F")
    resting = leader.plan(Ask(10, 4, 0, heard, 15.0, wishes(resting=("piano",), style="rock", strength=0.4)))
    assert 4 not in set(resting.notes["part"])
    assert leader.plan(Ask(11, 5, 0, heard, 19.0, wishes(strength=1.5))).bar == 5


def test_long_jams_forget_what_they_do_not_need() -> None:
    leader = Bandleader(checkpoint_of(toy_network()), Metre(4.0), 3, Progressions.load())
    for bar in range(40):
        leader.plan(Ask(bar, bar, 0, NOTHING, bar * 4.0, wishes(chords=("C",) * 4)))
    assert len(leader._band) <= 26
    assert len(leader._states) <= 7


@pytest.mark.parametrize("symbol", ["C", "Ebm", "F#7", "Bbmaj7", "Am7", "Bdim", "Em7b5", "Gsus4"])
def test_chords_are_heard_in_any_voicing(symbol: str) -> None:
    chord = Chord.parse(symbol)
    rows = np.array(
        [(0.0, 1.0, 36 + chord.root, 80), *((0.0, 1.0, 60 + tone, 70) for tone in chord.tones)], HEARD_DTYPE
    )
    chroma, bass = chroma_of(rows, np.array([0.0, 1.0]))
    heard = chord_of(int(score_chroma(chroma, bass)[0].argmax()))
    assert (heard.root, heard.tones) == (chord.root, chord.tones)
    assert state_of(chord) == state_of(heard)


def test_the_quick_path_is_the_viterbi_path() -> None:
    rng = np.random.default_rng(4)
    scores, costs = rng.normal(size=(40, 12)), np.array([0.3, 1.0, 2.0])
    which = rng.integers(0, 3, 40)
    moves = np.stack([-cost * (1 - np.eye(12)) for cost in costs])
    assert steady_path(scores, costs[which]).tolist() == best_path(scores, moves, which).tolist()


def test_a_style_is_played_to_the_band_first_and_again_when_it_changes() -> None:
    entries = tuple(
        Example(replace(cut_example(toy_song(8, seed=seed), 2), style=style, groove="g", meta={}), "toy", "CC0-1.0")
        for seed, style in ((1, "pop"), (2, "rock"))
    )
    plain = checkpoint_of(toy_network())
    knows = replace(plain, examples=Examples(entries))
    heard = chords("C", "F", "C", "F", "C", "F")

    def bars(checkpoint: Checkpoint, *styles: str) -> list[list[tuple[int, ...]]]:
        leader = Bandleader(checkpoint, Metre(4.0), 3, Progressions.load())
        asks = [
            Ask(bar, bar, 0, heard[: 3 * bar], 4.0 * bar - 0.1, wishes(style=style))
            for bar, style in enumerate(styles, 2)
        ]
        return [leader.plan(ask).notes.tolist() for ask in asks]

    steady, switched = bars(knows, "pop", "pop", "pop"), bars(knows, "pop", "rock", "rock")
    assert steady[0] == switched[0]
    assert steady[1:] != switched[1:]
    assert bars(plain, "pop", "pop", "pop")[0] != steady[0]
    assert bars(knows, "pop", "rock", "rock") == switched


def test_bars_of_a_quarter_and_a_half_keep_to_the_players_time() -> None:
    """In 9/8 a bar is four and a half quarter notes: harmony counted in bars of four would lag behind, a bar in nine."""
    leader = Bandleader(checkpoint_of(toy_network()), Metre(4.5, 1.5), 3, Progressions.load())
    symbols = ("C",) * 19 + ("G",)
    heard = np.array(
        [(4.5 * bar, 4.4, 48 + tone, 80) for bar, symbol in enumerate(symbols) for tone in Chord.parse(symbol).tones],
        HEARD_DTYPE,
    )
    plan = leader.plan(Ask(1, 20, 0, heard, 89.9, wishes(), since=0))
    assert plan.chords == ("G",) * 3


@pytest.mark.parametrize(
    ("metre", "beat", "symbols"),
    [
        (Metre(4.5, 1.5), 1.5, ("C", "F", "F")),
        (Metre(3.5, 0.5), 0.5, ("C",) * 4 + ("F",) * 3),
        (Metre(3.0, 1.5), 1.5, ("C", "F")),
    ],
)
def test_chords_change_on_the_beats_of_the_metre(metre: Metre, beat: float, symbols: tuple[str, ...]) -> None:
    """Dotted quarters in 9/8 and 6/8, eighths in 7/8: heard so, and expected so."""
    leader = Bandleader(checkpoint_of(toy_network()), metre, 3, Progressions.load())
    bars = 16
    heard = np.array(
        [
            (bar * metre.bar_beats + at * beat, 0.9 * beat, 48 + tone, 80)
            for bar in range(bars)
            for at, symbol in enumerate(symbols)
            for tone in Chord.parse(symbol).tones
        ],
        HEARD_DTYPE,
    )
    plan = leader.plan(Ask(1, bars, 0, heard, bars * metre.bar_beats - 0.1, wishes(), since=0))
    assert plan.chords == plan.next_chords == symbols
