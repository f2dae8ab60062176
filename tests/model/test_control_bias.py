"""Control bias: nothing asked, nothing tilted; asked, a part is tilted from what it did towards what it is to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.gm import ROLES
from composer.model.control_bias import ControlBias
from composer.model.control_targets import targets
from composer.model.controls import (
    CONTROLS,
    DENSITY,
    LEVELS,
    PLAYING_ROLES,
    POLYPHONY,
    REGISTER,
    ROLE,
    ROLE_NAMES,
    level_centre,
    level_range,
    measure,
    role_class,
)
from composer.model.played_bar import FIGURES, PlayedBar
from composer.vocab import GRID_NOTE_DTYPE, GridSong
from tests.model.songs import toy_song

MELODY, DRUMS, BASS, GUITAR, PIANO, STRINGS = range(len(ROLES))
QUARTERS, EIGHTHS = (0, 12, 24, 36), tuple(range(0, 48, 6))


def c_major(bars: int = 8) -> GridSong:
    """An empty song over one chord."""
    tones = np.zeros((4 * bars, 12), bool)
    tones[:, [0, 4, 7]] = True
    root, unknown = np.zeros(4 * bars, np.int64), np.full(bars, -1)
    return GridSong(
        np.zeros(0, GRID_NOTE_DTYPE), np.full(bars, 48), np.full(bars, 12), root, root, tones, unknown, unknown,
        np.zeros(bars, np.int64),
    )  # fmt: skip


def asking(part: int, bars: int = 8, **wishes: int) -> np.ndarray:
    controls = np.zeros((bars, len(ROLES), len(CONTROLS)), np.int64)
    for name, level in wishes.items():
        controls[:, part, CONTROLS.index(name)] = level
    return controls


def after(part: int, notes: list[tuple[int, int, int]], times: int = 1, **wishes: int) -> ControlBias:
    """The bias of a part that has played these (position, pitch, duration) in a bar, and is to play it once more; `times` over."""
    bias = ControlBias(c_major(), asking(part, **wishes))
    bias.turn(part, 0)
    before = bias.save(part)
    for _ in range(times):
        for note in notes:
            bias.hear(part, 0, *note)
        bias.again()
        bias.restore(part, before)
        bias.retry()
    return bias


def off(part: int, notes: list[tuple[int, int, int]], **wishes: int) -> float:
    """How far a bar is from what was asked."""
    bias = ControlBias(c_major(), asking(part, **wishes))
    bias.turn(part, 0)
    for note in notes:
        bias.hear(part, 0, *note)
    return bias.off()


def chords(
    places: tuple[int, ...], pitches: tuple[int, ...] = (60, 64, 67), duration: int = 5
) -> list[tuple[int, int, int]]:
    return [(at, pitch, duration) for at in places for pitch in pitches]


def test_who_is_asked_nothing_plays_as_it_likes() -> None:
    assert not after(PIANO, chords(QUARTERS)).active


def test_who_already_does_what_is_asked_is_left_alone() -> None:
    assert not after(PIANO, chords(QUARTERS), role=role_class("piano", "comp")).active
    assert off(PIANO, chords(QUARTERS), role=role_class("piano", "comp")) == 0


def test_a_bar_is_off_by_how_far_it_is_from_the_level() -> None:
    far = [off(PIANO, chords(QUARTERS), density=level) for level in range(1, LEVELS + 1)]
    assert far[2] == 0, "twelve notes a bar are a three"
    assert far[0] > far[1] > 0 < far[3] < far[4]
    assert off(PIANO, [], density=1) > max(far), "silence is no density"
    assert off(PIANO, []) == 0, "who is asked nothing may rest"


def test_too_dense_waits_and_then_ends() -> None:
    bias = after(PIANO, chords(QUARTERS), density=1)
    first = bias.positions()
    assert first[0] == 0 > first[-1], "it begins where it likes, but does not rest"
    for pitch in (60, 64, 67, 72):
        bias.hear(PIANO, 0, 0, pitch, 5)
    weights = bias.positions()
    assert weights[12] < weights[36], "who has played four notes of at most six may wait for the rest of them"
    assert weights[-1] == 0
    for pitch in (60, 64):
        bias.hear(PIANO, 0, 24, pitch, 5)
    assert (bias.positions()[:-1] < bias.positions()[-1]).all()


def test_too_sparse_plays_sooner_and_does_not_end() -> None:
    bias = after(PIANO, chords(QUARTERS), density=5)
    bias.hear(PIANO, 0, 0, 60, 5)
    weights = bias.positions()
    assert weights[6] > weights[24] > weights[-1]


def test_sparse_notes_come_from_the_start_of_the_bar_on() -> None:
    """What was off once as the end of each bar: a single note just before the next."""
    for density in (1, 2, 4, 5):
        weights = after(PIANO, chords(QUARTERS), density=density).positions()
        assert weights[0] == weights[:48].max()


def test_polyphony_is_about_what_is_struck_together() -> None:
    for level, sign in ((1, -1), (5, 1)):
        bias = after(PIANO, chords(QUARTERS, (60, 64)), polyphony=level)
        bias.hear(PIANO, 0, 12, 60, 5)
        weights = bias.positions()
        assert np.sign(weights[12]) == sign
        assert not np.delete(weights, 12).any()


def test_polyphony_of_drums_is_about_how_much_of_the_kit() -> None:
    bias = after(DRUMS, [(at, pitch, 0) for at in EIGHTHS for pitch in (36, 42)], polyphony=5)
    bias.hear(DRUMS, 0, 0, 36, 0)
    weights = bias.pitches(0)
    assert weights[36] == 0
    assert weights[51] > 0
    assert not bias.positions().any()


@pytest.mark.parametrize("pitches", [(36, 40), (84, 88)])
def test_a_register_draws_from_both_sides_and_not_past_itself(pitches: tuple[int, ...]) -> None:
    weights = after(PIANO, chords(QUARTERS, pitches), register=3).pitches(0)
    middle = round(level_centre(REGISTER, PIANO, 3))
    assert weights[middle] == 0
    assert weights[36] < weights[48] < 0 > weights[72] > weights[84]


def test_each_attempt_leans_further() -> None:
    first, second = (after(GUITAR, chords(QUARTERS), times, density=5) for times in (1, 2))
    assert second.positions()[-1] < first.positions()[-1] < 0


def test_after_too_little_and_too_much_comes_the_middle() -> None:
    bias = ControlBias(c_major(), asking(GUITAR, polyphony=3))
    bias.turn(GUITAR, 0)
    before, leaned = bias.save(GUITAR), []
    for pitches in ((60,), (60, 62, 64, 67), (60,)):
        for note in chords(QUARTERS, pitches):
            bias.hear(GUITAR, 0, *note)
        bias.again()
        bias.restore(GUITAR, before)
        bias.retry()
        leaned.append(bias.carried[GUITAR]["together"])
    little, middle, more = leaned
    assert little > 0
    assert middle == little / 2
    assert little > more > middle


def test_the_next_bar_begins_with_most_of_what_this_one_needed() -> None:
    bias = after(GUITAR, chords(QUARTERS), density=5)
    needed = bias.carried[GUITAR]["notes"]
    bias.turn(GUITAR, 1)
    assert 0 < bias.carried[GUITAR]["notes"] < needed


def test_bars_that_were_there_before_say_nothing_about_how_a_part_follows() -> None:
    written = np.zeros((8, len(ROLES)), bool)
    written[4:, PIANO] = True
    bias = ControlBias(c_major(), asking(PIANO), example_bars=1, written=written)
    for bar in range(4):
        for note in chords(QUARTERS if bar == 0 else EIGHTHS, (60,) if bar == 0 else (60, 64, 67)):
            bias.hear(PIANO, bar, *note)
    bias.turn(PIANO, 4)
    assert not bias.active


def test_a_riff_keeps_its_rhythm_and_then_ends() -> None:
    bias = ControlBias(c_major(), asking(GUITAR, role=role_class("guitar", "riff")))
    for place in (0, 18, 30):
        bias.hear(GUITAR, 0, place, 62, 5)
    bias.turn(GUITAR, 1)
    before = bias.save(GUITAR)
    bias.hear(GUITAR, 1, 6, 62, 5)
    bias.again()
    bias.restore(GUITAR, before)
    bias.retry()
    for place in (0, 18, 30):
        later = bias.positions()[place:]
        assert (later[1:] < later[0]).all(), "neither another place nor fewer of them"
        bias.hear(GUITAR, 1, place, 62, 5)
    later = bias.positions()[31:]
    assert later[-1] == 0
    assert (later[:-1] < 0).all()


def test_a_line_is_brought_back_to_the_chord_within_the_bar() -> None:
    bias = ControlBias(c_major(), asking(GUITAR, role=role_class("guitar", "line")))
    bias.turn(GUITAR, 0)
    c, d = 60, 62
    assert bias.pitches(0)[c] == bias.pitches(0)[d]
    bias.hear(GUITAR, 0, 0, c, 5)
    assert bias.pitches(0)[c] < bias.pitches(0)[d]
    for place in (6, 12, 18):
        bias.hear(GUITAR, 0, place, d, 5)
    assert bias.pitches(0)[c] > bias.pitches(0)[d]


@pytest.mark.parametrize("part", ["bass", "guitar", "piano", "strings"])
def test_a_role_that_is_played_is_within_its_targets_by_and_large(part: str) -> None:
    """Whatever the measure calls by a role's name is nearer to that role's figures than the average bar of other roles."""
    song = replace(toy_song(32, seed=4))
    index, measured = ROLES.index(part), measure(song)
    off: dict[bool, list[float]] = {True: [], False: []}
    bar_before = PlayedBar(song, 0)
    for bar in range(song.bar_count):
        played = bar_before.next(bar)
        for note in song.notes[(song.notes["part"] == index) & (song.notes["bar"] == bar)]:
            played.hear(int(note["position"]), int(note["pitch"]), int(note["duration"]))
        bar_before = played
        for name in PLAYING_ROLES[part]:
            wanted = targets(index, [0, 0, 0, 0, role_class(part, name), 0])
            misses = np.mean([not low <= FIGURES[figure](played) <= high for figure, (low, high) in wanted.items()])
            off[bool(measured[bar, index, ROLE] == role_class(part, name))].append(float(misses))
    assert np.mean(off[True]) < np.mean(off[False])


def test_every_role_of_every_part_has_targets_that_are_figures() -> None:
    for part, names in PLAYING_ROLES.items():
        for name in names:
            wanted = targets(ROLES.index(part), [0, 0, 0, 0, role_class(part, name), 0])
            assert wanted
            assert set(wanted) <= set(FIGURES)
            assert all(low <= high for low, high in wanted.values())


def test_a_level_goes_before_what_a_role_says_of_the_same() -> None:
    asked = [0] * len(CONTROLS)
    asked[ROLE], asked[DENSITY], asked[POLYPHONY] = ROLE_NAMES.index("strum"), 1, 5
    wanted = targets(GUITAR, asked)
    assert "onsets" not in wanted
    assert wanted["notes"] == level_range(DENSITY, GUITAR, 1)
    assert wanted["together"] == level_range(POLYPHONY, GUITAR, 5)


@pytest.mark.parametrize("control", [DENSITY, REGISTER, POLYPHONY])
def test_the_middle_of_a_level_is_measured_as_that_level(control: int) -> None:
    from composer.model import controls

    for part in range(1, len(ROLES)):
        if (part, control) == (DRUMS, REGISTER):
            continue
        centres = [level_centre(control, part, level) for level in range(1, LEVELS + 1)]
        kit = part == DRUMS and control == POLYPHONY
        edges = {
            DENSITY: controls.DENSITY_EDGES.get(part),
            REGISTER: controls.REGISTER_EDGES.get(part),
            POLYPHONY: controls.KIT_EDGES if kit else controls.POLYPHONY_EDGES,
        }[control]
        assert edges is not None
        assert [int(np.searchsorted(edges, centre)) + 1 for centre in centres] == [1, 2, 3, 4, 5]


def test_figures_of_a_bar() -> None:
    song = c_major()
    first = PlayedBar(song, 0)
    for note in chords((0, 24), (48, 60)):
        first.hear(*note)
    bar = first.next(1)
    for position, pitch in ((0, 60), (12, 60), (18, 67), (24, 62)):
        bar.hear(position, pitch, 5)
    wanted = {
        "notes": 4, "onsets": 4, "onsets a beat": 1, "together": 1, "pitch": 62.25, "in chord": 0.75, "roots": 0.5,
        "roots and fifths": 0.75, "octave leaps": 0, "moves": 0.5, "on the beat": 0.75, "as before": 0.5,
    }  # fmt: skip
    assert {name: FIGURES[name](bar) for name in wanted} == wanted
    assert FIGURES["together"](first) == 2
    assert FIGURES["octave leaps"](first) == 0.75


def drifted(part: int, controls: np.ndarray | None = None, example_bars: int = 2) -> ControlBias:
    """After two bars of single eighths, and four of its own of full chords."""
    bias = ControlBias(c_major(), asking(part) if controls is None else controls, example_bars)
    for bar in range(6):
        if bar == 2:
            bias.turn(part, bar)
        for note in chords(EIGHTHS, (60,) if bar < 2 else (60, 64, 67)):
            bias.hear(part, bar, *note)
    bias.turn(part, 6)
    return bias


def test_who_drifts_from_the_example_is_led_back() -> None:
    bias = drifted(PIANO)
    bias.hear(PIANO, 6, 0, 60, 5)
    assert bias.positions()[0] < 0
    assert not bias.positions()[1:].any()


def test_who_heard_no_example_keeps_to_none() -> None:
    assert not drifted(PIANO, example_bars=0).active


def test_drums_keep_to_no_example() -> None:
    assert not drifted(DRUMS).active


def test_what_is_asked_goes_before_the_example() -> None:
    assert not drifted(PIANO, asking(PIANO, polyphony=5)).active
