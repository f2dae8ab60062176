"""The numpy decoder against the torch network: the same weights, the same song, the same logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from composer.model.canvas import Canvas
from composer.model.decoder import Decoder
from composer.model.sequence import BAR, END, GIVEN, NO_PART, NOTE, PLAYS, RESTS, Brief, lesson, tell, visible_parts
from composer.training.collate import collate
from composer.vocab import GRID_NOTE_DTYPE
from tests.model.songs import checkpoint_of, toy_network, toy_song


@pytest.mark.parametrize("trunk", ["lstm", "transformer"])
@pytest.mark.parametrize("lookahead", [-1, 0, 2])
def test_same_logits_as_the_network(trunk: str, lookahead: int) -> None:
    network = toy_network(trunk)
    song = toy_song()
    activity = np.where((np.arange(6)[:, None] + np.arange(6)[None]) % 3 == 0, RESTS, PLAYS)
    brief = Brief((1, 2, 4), (0, 3), lookahead, 2, 1, 5, (0, 2, 3, 0, 5, 0), activity, True, True)
    told = lesson(song, brief)
    with torch.no_grad():
        wanted, _ = network(collate([(told, song, brief)]))

    decoder = Decoder(checkpoint_of(network))
    canvas = Canvas(song, lookahead)
    given = song.notes[np.isin(song.notes["part"], brief.given)]
    if lookahead >= 0:
        canvas.paint(given)
        canvas.paint_melody(given[given["part"] == 0])
    decoder.begin(canvas, brief)
    canvas.settle(0)
    events = tell(song, brief)
    row = 0
    previous = {1: -1, 2: -1, 4: -1}
    turn = (-1, -1)
    for now, following in zip(events[:-1].tolist(), events[1:].tolist(), strict=True):
        kind, part, _, bar, *fields = now
        next_kind, next_part, _, next_bar, position, pitch, duration, _ = following
        asked = next_kind in (NOTE, END)
        if kind == BAR:
            canvas.settle(bar)
        decoder.tell(now, next_part if asked else NO_PART)
        if kind == NOTE:
            canvas.paint(np.array([(part, bar, *fields)], GRID_NOTE_DTYPE))
        if kind == GIVEN and lookahead < 0:
            canvas.paint(np.array([(part, bar, *fields)], GRID_NOTE_DTYPE))
        if not asked:
            continue
        if turn != (next_part, next_bar):
            decoder.turn(next_bar, next_part, visible_parts(brief, next_part))
            turn = (next_part, next_bar)
        logits = wanted["position"][row].numpy()
        mine = decoder.positions()
        allowed = logits > -1e8
        np.testing.assert_allclose(mine[allowed], logits[allowed], atol=2e-4)
        if next_kind == NOTE:
            np.testing.assert_allclose(
                decoder.pitches(position, previous[next_part]), wanted["pitch"][row].numpy(), atol=2e-4
            )
            np.testing.assert_allclose(decoder.durations(pitch), wanted["duration"][row].numpy(), atol=2e-4)
            np.testing.assert_allclose(decoder.velocities(duration), wanted["velocity"][row].numpy(), atol=2e-4)
            previous[next_part] = pitch
        row += 1
    assert row == len(wanted["position"]) > 100
