"""pretty_midi both ways."""

from __future__ import annotations

import numpy as np

from composer.formats.interop import from_pretty_midi, to_pretty_midi
from composer.score import Event, Part, Score, as_notes
from composer.timing import Meter, TempoMap


def test_to_pretty_midi_and_back() -> None:
    notes = as_notes([(7, 480, 60, 80), (1000, 33, 64, 90), (2000, 480, 67, 1)])
    score = Score(
        (Part("Flute", notes, 73, events=(Event(0, "control_change", (64, 127)),)), Part("Kit", notes, is_drum=True)),
        TempoMap(480, ((0, 500_000), (960, 400_000))),
        Meter(480, ((0, 1, 4), (480, 3, 4))),
    )
    midi = to_pretty_midi(score)
    flute, kit = midi.instruments
    assert (flute.name, flute.program, kit.is_drum) == ("Flute", 73, True)
    np.testing.assert_allclose([note.start for note in flute.notes], score.tempo.seconds(notes["onset"]), atol=1e-9)
    again = from_pretty_midi(midi)
    assert [part.name for part in again.parts] == ["Flute", "Kit"]
    np.testing.assert_array_equal(again.parts[0].notes, notes)
    assert again.tempo.changes == score.tempo.changes
    assert again.meter.changes == score.meter.changes
    assert again.parts[0].events == score.parts[0].events
