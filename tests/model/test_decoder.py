"""The numpy decoder against the torch network: the same weights, the same song, the same logits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from composer.model.controls import SIZES
from composer.model.decoder import Decoder
from composer.model.guidance import GuidedDecoder, without_style
from composer.model.sampling import Sampling, stream
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
    lesson,
    new_canvas,
    tell,
    visible_parts,
)
from composer.model.style_features import style_features
from composer.training.collate import collate
from composer.vocab import GRID_NOTE_DTYPE, GridSong
from tests.model.songs import checkpoint_of, toy_network, toy_song


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


@pytest.mark.parametrize("trunk", ["lstm", "transformer"])
@pytest.mark.parametrize(("lookahead", "hole"), [(-1, False), (0, False), (2, False), (2, True)])
def test_same_logits_as_the_network(trunk: str, lookahead: int, hole: bool) -> None:
    network = toy_network(trunk)
    song = toy_song()
    brief = full_brief(song, lookahead, hole)
    told = lesson(song, brief)
    with torch.no_grad():
        wanted, _ = network(collate([(told, song, brief)]))

    decoder = Decoder(checkpoint_of(network))
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
            for note in in_cells(song.notes, brief.given)[["part", "bar", "pitch", "duration", "velocity"]].tolist():
                if note[1] == bar - 1:
                    decoder.hear(note[0], *note[2:])
        decoder.tell(now, next_part if asked else NO_PART)
        if kind == NOTE:
            decoder.hear(part, *fields[1:])
            canvas.paint(np.array([(part, bar, *fields)], GRID_NOTE_DTYPE))
        if kind == GIVEN and lookahead < 0:
            canvas.paint(np.array([(part, bar, *fields)], GRID_NOTE_DTYPE))
        if not asked:
            continue
        if turn != (next_part, next_bar):
            decoder.turn(next_bar, next_part, visible_parts(brief, np.array([next_bar]), np.array([next_part]))[0])
            turn = (next_part, next_bar)
        logits = wanted["position"][row].numpy()
        mine = decoder.positions()
        allowed = logits > -1e8
        np.testing.assert_allclose(mine[allowed], logits[allowed], atol=2e-4)
        if next_kind == NOTE:
            np.testing.assert_allclose(decoder.pitches(position), wanted["pitch"][row].numpy(), atol=2e-4)
            np.testing.assert_allclose(decoder.durations(pitch), wanted["duration"][row].numpy(), atol=2e-4)
            np.testing.assert_allclose(decoder.velocities(duration), wanted["velocity"][row].numpy(), atol=2e-4)
        row += 1
    assert row == len(wanted["position"]) > (30 if hole else 100)


def test_strength_one_is_the_styled_band_and_nought_the_unstyled() -> None:
    checkpoint, song = checkpoint_of(toy_network()), toy_song()
    brief = full_brief(song, 2)

    def notes(decoder: Decoder, brief: Brief) -> np.ndarray:
        return np.concatenate(list(stream(decoder, song, brief, Sampling(), np.random.default_rng(0))))

    styled, plain = notes(Decoder(checkpoint), brief), notes(Decoder(checkpoint), without_style(brief))
    assert np.array_equal(notes(GuidedDecoder(checkpoint, 1.0), brief), styled)
    assert np.array_equal(notes(GuidedDecoder(checkpoint, 0.0), brief), plain)
    strong = notes(GuidedDecoder(checkpoint, 2.0), brief)
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
