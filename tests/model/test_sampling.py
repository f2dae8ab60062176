"""The sampler: whatever the weights say, parts begin, end, and can be played; the same seed plays the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from composer.errors import InputError
from composer.evaluation.originality import copied, lines_of
from composer.gm import BAND, ROLES
from composer.model.controls import ACTIVITY, CONTROLS, PLAYS
from composer.model.decoder import Decoder
from composer.model.grammar import is_playable
from composer.model.ngram_filter import EVERY, NgramFilter, longest_run, runs_of, steps_kept, steps_of
from composer.model.sampling import LONGEST_SILENCE, finish, stream
from composer.model.sampling_settings import SamplingSettings, sample_classes
from composer.model.sequence import BAR, NO_PART, Brief, cells, new_canvas
from composer.vocab import PARTS
from tests.model.songs import checkpoint_of, toy_network, toy_song


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(checkpoint_of(toy_network()))


def play(
    decoder: Decoder, bars: int = 12, quarters: int = 4, seed: int = 0, lookahead: int = 2
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    song = toy_song(bars, quarters=quarters)
    controls = np.zeros((bars, PARTS, len(CONTROLS)), int)
    controls[[0, -1], :, ACTIVITY] = PLAYS
    asked, given = cells(bars, (1, 2, 3, 4, 5)), cells(bars, (0,))
    brief = Brief(asked, given, lookahead, ((1, 1, 1.0),), controls=controls)
    notes = np.concatenate(list(stream(decoder, song, brief, SamplingSettings(), np.random.default_rng(seed))))
    return notes, finish(notes, song, brief)


@pytest.mark.parametrize("quarters", [2, 3, 4])
def test_every_part_begins_ends_and_never_rests_too_long(decoder: Decoder, quarters: int) -> None:
    notes, _ = play(decoder, quarters=quarters)
    assert notes["position"].max() < 12 * quarters
    for part in range(1, PARTS):
        bars = np.unique(notes["bar"][notes["part"] == part]).astype(int)
        assert bars[0] == 0
        assert bars[-1] == 11
        assert np.diff(bars).max() <= LONGEST_SILENCE + 1


def test_what_was_told_before_is_not_read_again_and_the_notes_are_the_same() -> None:
    decoder = Decoder(checkpoint_of(toy_network()))
    read: list[int] = []
    whole = decoder.rows.context.memory.read

    def counted(row: int, x: np.ndarray) -> np.ndarray:
        read.append(len(x))
        return whole(row, x)

    decoder.rows.context.memory.read = counted  # type: ignore[method-assign]
    first, _ = play(decoder)
    opening, read[:] = read[0], []
    second, _ = play(decoder)
    assert opening > 5
    assert np.array_equal(first, second)
    assert sum(events > 1 for events in read) < 12
    assert opening not in read[:1]


def test_who_remembers_something_else_does_not_take_what_others_were_told_for_it() -> None:
    decoder, song = Decoder(checkpoint_of(toy_network())), toy_song(4)
    brief = Brief(cells(4, (1, 2)), cells(4, (0,)))
    mark = (BAR, NO_PART, 0, 0, 0, 0, 0, 0)

    def after(saved: object) -> np.ndarray:
        decoder.begin(new_canvas(song, brief), brief)
        if saved is not None:
            decoder.restore(saved)
        decoder.tell([mark], NO_PART)
        decoder.catch_up()
        return decoder.rows.context.top[0].copy()

    silence = after(None)
    saved = decoder.save()
    on = after(saved)
    assert not np.array_equal(silence, on)
    assert np.array_equal(after(None), silence)
    assert np.array_equal(after(saved), on)


def test_all_of_it_is_playable(decoder: Decoder) -> None:
    _, parts = play(decoder)
    for part, notes in parts.items():
        instrument = BAND[ROLES[part]]
        assert instrument.low <= notes["pitch"].min()
        assert notes["pitch"].max() <= instrument.high
        for when in np.unique(notes[["bar", "position"]]):
            assert is_playable(notes["pitch"][notes[["bar", "position"]] == when].tolist(), part)


def test_same_seed_same_notes_other_seed_others(decoder: Decoder) -> None:
    assert np.array_equal(play(decoder)[0], play(decoder)[0])
    assert not np.array_equal(play(decoder)[0], play(decoder, seed=1)[0])


def test_what_a_training_song_plays_for_long_is_not_played_again() -> None:
    """With its own music as the training song, the band would say all of it again; with a watch it does not."""
    checkpoint = checkpoint_of(toy_network())
    bars = np.full(24, 48)
    theirs, _ = play(Decoder(checkpoint), bars=24)
    known = NgramFilter.empty(1 << 16)
    for part in range(1, PARTS):
        known.add(runs_of(steps_of(theirs, bars, part), steps_kept(part))[::EVERY])
    ours, _ = play(Decoder(replace(checkpoint, ngram_filter=known)), bars=24)
    train = lines_of([(theirs, bars)])
    song = toy_song(24)
    for part in range(1, PARTS):
        mine = ours[ours["part"] == part]
        assert copied(train, [(song, theirs[theirs["part"] == part])]).longest[0] > longest_run(part)
        assert copied(train, [(song, mine)]).longest[0] <= longest_run(part)
        assert np.unique(mine["bar"])[[0, -1]].tolist() == [0, 23]


def test_live_hears_only_the_past(decoder: Decoder) -> None:
    """With lookahead -1 a change of the melody in bar 5 changes nothing before bar 6."""
    song = toy_song(8)
    brief = Brief(cells(8, (2, 4)), cells(8, (0,)), -1)
    first = np.concatenate(list(stream(decoder, song, brief, SamplingSettings(), np.random.default_rng(0))))
    changed = song.notes.copy()
    changed["pitch"][(changed["part"] == 0) & (changed["bar"] >= 5)] += 1
    other = replace(song, notes=changed)
    second = np.concatenate(list(stream(decoder, other, brief, SamplingSettings(), np.random.default_rng(0))))
    upto = np.searchsorted(first["bar"], 6)
    assert np.array_equal(first[:upto], second[:upto])
    assert not np.array_equal(first, second)


def test_a_hole_is_filled_and_nothing_else(decoder: Decoder) -> None:
    song = toy_song(8)
    asked = np.zeros((8, PARTS), bool)
    asked[3:5, [2, 4]] = True
    brief = Brief(asked, cells(8, range(PARTS)) & ~asked)
    notes = np.concatenate(list(stream(decoder, song, brief, SamplingSettings(), np.random.default_rng(0))))
    assert len(notes)
    assert asked[notes["bar"], notes["part"]].all()


def thrown(odds: np.ndarray, dice: list[np.random.Generator | None], temperature: float = 1.0) -> list[int]:
    each = np.ones((len(odds), 1))
    return sample_classes(odds, temperature * each, 0.01 * each, dice)


def test_dice_follow_the_odds_and_each_row_its_own() -> None:
    odds = np.log(np.array([[0.6, 0.3, 0.1, 0.001], [0.1, 0.1, 0.1, 0.7]]))
    dice: list[np.random.Generator | None] = [np.random.default_rng(0), np.random.default_rng(1)]
    drawn = np.array([thrown(odds, dice) for _ in range(4000)])
    np.testing.assert_allclose(np.bincount(drawn[:, 0], minlength=4) / 4000, [0.6, 0.3, 0.1, 0.0], atol=0.03)
    np.testing.assert_allclose(np.bincount(drawn[:, 1], minlength=4) / 4000, [0.1, 0.1, 0.1, 0.7], atol=0.03)
    alone: list[np.random.Generator | None] = [np.random.default_rng(0)]
    assert [thrown(odds[:1], alone)[0] for _ in range(4000)] == drawn[:, 0].tolist()
    assert thrown(odds, [None, None], 1e-9) == [0, 3]


def test_a_throw_of_almost_one_stays_within_what_is_allowed() -> None:
    class Loaded(np.random.Generator):
        def random(self, *_: object) -> float:  # type: ignore[override]
            return 1 - 2**-53

    logits = np.array([[0.0, 0.0, 0.0, -1e9]], np.float32)
    assert thrown(logits, [Loaded(np.random.PCG64(0))]) == [2]


def test_temperature_has_a_range() -> None:
    with pytest.raises(InputError, match=r"temperature must be in range 0\.\.4, got 9"):
        SamplingSettings(9)
    with pytest.raises(InputError, match=r"position_min_p must be in range 0\.\.1, got 0, 2, 0, 0, 0, 0"):
        SamplingSettings(position_min_p=(0, 2, 0, 0, 0, 0))
    with pytest.raises(InputError, match="pitch_min_p must have 6 values, one a part, got 1"):
        SamplingSettings(pitch_min_p=(0.1,))
    with pytest.raises(InputError, match=r"foreign must be in range 1e-06\.\.1e\+06, got 1, 1, 0, 1, 1, 1"):
        SamplingSettings(foreign=(1, 1, 0, 1, 1, 1))
    with pytest.raises(InputError, match="off_root must be above 0 and at most 1, got 0"):
        SamplingSettings(off_root=0)


def test_who_plays_without_bass_and_drums_says_the_chord() -> None:
    piano, strings = ROLES.index("piano"), ROLES.index("strings")
    assert SamplingSettings.of(["melody", "bass", "piano"], 1.2) == SamplingSettings(1.2)
    alone = SamplingSettings.of(["melody", "piano", "strings"], 0.9)
    assert alone.temperature == 0.9
    assert alone.pitch_min_p[piano] > SamplingSettings().pitch_min_p[piano]
    assert alone.pitch_min_p[strings] < SamplingSettings().pitch_min_p[strings]
    assert alone.velocity_min_p[strings] < SamplingSettings().velocity_min_p[strings]
    assert alone.floors.shape == (4, len(ROLES))
