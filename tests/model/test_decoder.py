"""The numpy decoder against the torch network: the same weights, the same song, the same logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from composer.model.canvas import Canvas
from composer.model.checkpoint import Checkpoint
from composer.model.config import ModelConfig
from composer.model.decoder import Decoder
from composer.model.network import Network
from composer.model.sequence import END, GIVEN, NO_PART, NOTE, PLAYS, RESTS, Brief, lesson, tell, visible_parts
from composer.training.collate import collate
from composer.vocab import GRID_NOTE_DTYPE, GridSong


def toy_song(bars: int = 6, seed: int = 0, quarters: int = 4) -> GridSong:
    """A song of chance: every part, changing chords, a melody that repeats."""
    rng = np.random.default_rng(seed)
    length = 12 * quarters
    rows = []
    for bar in range(bars):
        for part, count in enumerate((5, 8, 4, 6, 7, 3)):
            source = np.random.default_rng([seed, part, bar % 2])
            for position in np.sort(source.choice(length, count, replace=False)):
                low = 36 if part == 1 else 48
                rows.append((part, bar, position, low + int(source.integers(0, 24)), 0 if part == 1 else int(source.integers(3, 15)), 9))
    roots = np.repeat(rng.integers(-1, 12, bars), quarters)
    tones = np.zeros((bars * quarters, 12), bool)
    for interval in (0, 4, 7):
        tones[np.arange(len(roots)), (roots + interval) % 12] = roots >= 0
    notes = np.sort(np.array(rows, GRID_NOTE_DTYPE), order=["bar", "part", "position", "pitch"])
    bar = np.arange(bars)
    return GridSong(notes, np.full(bars, length), np.full(bars, 12), roots, roots, tones, bar % 4, 3 - bar % 4, 110.0, "pop", "g")


@pytest.mark.parametrize("trunk", ["lstm", "transformer"])
@pytest.mark.parametrize("lookahead", [-1, 0, 2])
def test_same_logits_as_the_network(trunk: str, lookahead: int) -> None:
    torch.manual_seed(3)
    config = ModelConfig.tiny(trunk=trunk, layers=2, styles=("pop", "rock"), grooves=("g",), dropout=0.0)
    network = Network(config).eval()
    for parameter in network.parameters():
        if parameter.ndim < 2:
            torch.nn.init.normal_(parameter, 0.5, 0.3)
    song = toy_song()
    activity = np.where((np.arange(6)[:, None] + np.arange(6)[None]) % 3 == 0, RESTS, PLAYS)
    brief = Brief((1, 2, 4), (0, 3), lookahead, 2, 1, 5, (0, 2, 3, 0, 5, 0), activity, True, True)
    told = lesson(song, brief)
    with torch.no_grad():
        wanted, _ = network(collate([(told, song, brief)]))

    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    decoder = Decoder(Checkpoint(config, weights, {}, ""))
    canvas = Canvas(song)
    given = song.notes[np.isin(song.notes["part"], brief.given)]
    if lookahead >= 0:
        canvas.paint(given)
        canvas.paint_melody(given[given["part"] == 0])
    decoder.begin(canvas, brief)
    events = tell(song, brief)
    row = 0
    previous = {1: -1, 2: -1, 4: -1}
    turn = (-1, -1)
    for now, following in zip(events[:-1].tolist(), events[1:].tolist(), strict=True):
        kind, part, slot, bar, *fields = now
        next_kind, next_part, _, next_bar, position, pitch, duration, velocity = following
        asked = next_kind in (NOTE, END)
        decoder.tell(kind, slot, bar, part, *fields, next_part if asked else NO_PART)
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
            np.testing.assert_allclose(decoder.pitches(position, previous[next_part]), wanted["pitch"][row].numpy(), atol=2e-4)
            np.testing.assert_allclose(decoder.durations(pitch), wanted["duration"][row].numpy(), atol=2e-4)
            np.testing.assert_allclose(decoder.velocities(duration), wanted["velocity"][row].numpy(), atol=2e-4)
            previous[next_part] = pitch
        row += 1
    assert row == len(wanted["position"]) > 100
