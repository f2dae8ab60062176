"""The numpy decoder against the torch network: the same weights, the same song, the same logits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from composer.model.controls import SIZES
from composer.model.decoder import Decoder
from composer.model.guidance import without_style
from composer.model.rows import Rows
from composer.model.sampling import stream
from composer.model.sampling_settings import SamplingSettings
from composer.model.sequence import (
    BAR,
    END,
    GIVEN,
    NO_PART,
    NOTE,
    Brief,
    cells,
    given_melody,
    in_cells,
    new_canvas,
    tell,
    training_example,
)
from composer.model.style_features import style_features
from composer.training.collate import collate
from composer.vocab import GRID_NOTE_DTYPE, GridSong
from tests.model.songs import checkpoint_of, toy_network, toy_song


class Telling(Decoder):
    """Says what it makes of every class instead of choosing one."""

    def ask(self, choice: int) -> Any:
        self.catch_up()
        return self.rows.logits(choice, np.array([self.row]))[0]


def full_brief(song: GridSong, lookahead: int, hole: bool = False) -> Brief:
    """A brief that says everything there is to say."""
    rng = np.random.default_rng(5)
    asked, given = cells(song.bar_count, (1, 2, 4)), cells(song.bar_count, (0, 3))
    if hole:
        around = asked.copy()
        around[2:4] = False
        asked, given = asked & ~around, given | around
    controls = np.stack([rng.integers(0, size, asked.shape) for size in SIZES], axis=-1)
    reference = style_features(toy_song(4, seed=9))
    return Brief(asked, given, lookahead, ((2, 1, 1.0),), reference, 5, controls)


@pytest.mark.parametrize(("company", "tolerance"), [(True, 2e-4), (False, 0.05)], ids=["float32", "eight bits"])
@pytest.mark.parametrize("trunk", ["lstm", "transformer"])
@pytest.mark.parametrize(("lookahead", "hole"), [(-1, False), (0, False), (2, False), (2, True)])
def test_same_logits_as_the_network(trunk: str, lookahead: int, hole: bool, company: bool, tolerance: float) -> None:
    """In company to float32's last digits; alone as near as eight bits are."""
    network = toy_network(trunk)
    song = toy_song()
    brief = full_brief(song, lookahead, hole)
    told = training_example(song, brief)
    with torch.no_grad():
        wanted, _ = network(collate([(told, song, brief)]))

    checkpoint = checkpoint_of(network)
    decoder = Telling(checkpoint, Rows(checkpoint, 2, company))
    canvas = new_canvas(song, brief)
    if lookahead >= 0:
        canvas.paint(in_cells(song.notes, brief.given))
        canvas.foresee()
        canvas.paint_melody(given_melody(song, brief))
    decoder.begin(canvas, brief)
    canvas.settle(0)
    events = tell(song, brief)
    row = 0
    turn = (-1, -1)
    for now, following in zip(events[:-1].tolist(), events[1:].tolist(), strict=True):
        kind, part, _, bar, *fields = now
        next_kind, next_part, _, next_bar, position, pitch, duration, _ = following
        asked = next_kind in (NOTE, END)
        if kind == BAR:
            canvas.settle(bar)
            for note in in_cells(song.notes, brief.given).tolist():
                if note[1] == bar - 1:
                    decoder.hear(*note)
        if kind == NOTE:
            decoder.play(*fields[2:])
        else:
            decoder.tell([now], next_part if asked else NO_PART)
        if kind == NOTE:
            canvas.paint(np.array([(part, bar, *fields)], GRID_NOTE_DTYPE))
        if kind == GIVEN and lookahead < 0:
            canvas.paint(np.array([(part, bar, *fields)], GRID_NOTE_DTYPE))
        if not asked:
            continue
        if turn != (next_part, next_bar):
            decoder.turn(next_bar, next_part, SamplingSettings(), np.random.default_rng(0))
            turn = (next_part, next_bar)
        logits = wanted["position"][row].numpy()
        allowed = logits > -1e8
        np.testing.assert_allclose(decoder.position(0, 95, True)[allowed], logits[allowed], atol=tolerance)  # type: ignore[index]
        if next_kind == NOTE:
            np.testing.assert_allclose(decoder.pitch(position, 0, 127, 0), wanted["pitch"][row].numpy(), atol=tolerance)
            long = decoder.duration(pitch)
            if next_part == 1:
                assert long == 0  # a drum has no length: nothing is asked
            else:
                np.testing.assert_allclose(long, wanted["duration"][row].numpy(), atol=tolerance)
            np.testing.assert_allclose(decoder.velocity(duration), wanted["velocity"][row].numpy(), atol=tolerance)
        row += 1
    assert row == len(wanted["position"]) > (30 if hole else 100)


def test_strength_is_how_much_of_what_the_style_changes_is_played() -> None:
    checkpoint, song = checkpoint_of(toy_network()), toy_song()
    brief = full_brief(song, 2)

    def notes(brief: Brief, strength: float) -> np.ndarray:
        dice = np.random.default_rng(0)
        return np.concatenate(list(stream(Decoder(checkpoint), song, brief, SamplingSettings(), dice, strength)))

    styled, plain = notes(brief, 1.0), notes(without_style(brief), 1.0)
    assert np.array_equal(notes(brief, 1.000001), styled)
    assert np.array_equal(notes(brief, 0.0), plain)
    strong = notes(brief, 2.0)
    assert not np.array_equal(strong, styled)
    assert not np.array_equal(strong, plain)


def test_a_mixture_lies_between_its_styles() -> None:
    decoder, song = Decoder(checkpoint_of(toy_network())), toy_song()
    brief = replace(full_brief(song, 2), reference=None, tempo=0)
    one, other = (decoder.style_sum(replace(brief, styles=((style, 0, 1.0),))) for style in (1, 2))
    both = decoder.style_sum(replace(brief, styles=((1, 0, 0.25), (2, 0, 0.75))))
    np.testing.assert_allclose(both, 0.25 * one + 0.75 * other, atol=1e-6)


def test_a_reference_is_heard_in_no_key() -> None:
    song = toy_song(4, seed=9)
    higher = song.notes.copy()
    higher["pitch"][higher["part"] != 1] += 2
    moved = replace(
        song,
        notes=higher,
        roots=np.where(song.roots >= 0, (song.roots + 2) % 12, -1),
        tones=np.roll(song.tones, 2, axis=1),
    )
    heights = np.flatnonzero(np.abs(style_features(song) - style_features(moved)).max(axis=0) > 1e-6)
    assert len(heights) <= 4, "only how high each part lies may tell"
