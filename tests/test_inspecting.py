"""What `composer inspect` says of a score."""

from __future__ import annotations

import json
from dataclasses import replace

from composer.inspecting import as_text, inspect, polyphony
from composer.score import Part, Score


def test_report_is_plain_json_and_names_what_is_there(melody: Score) -> None:
    report = inspect(melody)
    assert json.loads(json.dumps(report)) == report
    assert (report["bars"], report["ticks_per_beat"], report["key"]) == (4, 480, "C major")
    part = report["parts"][0]
    assert (part["name"], part["notes"], part["low"], part["high"], part["polyphony"]) == ("Lead", 16, "C4", "D5", 1)
    assert report["melody"]["name"] == "Lead"
    assert len(" | ".join(report["chords"]).split("|")) == 4


def test_given_chords_are_said_to_be_given(melody: Score) -> None:
    report = inspect(replace(melody, chords=((0, "C"), (1920, "F"), (3840, "G7"), (5760, "C"))))
    assert report["chords"] == ["C | F | G7 | C"]
    assert report["chords_from"] == "chord symbols in the file"


def test_drums_only_is_told_as_a_problem(melody: Score) -> None:
    drums = replace(melody.parts[0], name="Kit", is_drum=True)
    report = inspect(melody.with_parts([drums]))
    assert report["melody"] is None
    assert any(problem.startswith("no melody:") for problem in report["problems"])
    assert "none found" in as_text(report)


def test_an_empty_score_is_reported_too() -> None:
    report = inspect(Score())
    assert (report["bars"], report["parts"], report["key"]) == (0, [], None)
    assert "0 bars" in as_text(report)


def test_polyphony_counts_notes_that_sound_together() -> None:
    assert polyphony(Part("p", [(0, 480, 60, 80), (480, 480, 62, 80)])) == 1
    assert polyphony(Part("p", [(0, 481, 60, 80), (480, 480, 62, 80), (480, 10, 65, 80)])) == 3
    assert polyphony(Part("p", [(0, 0, 60, 80), (0, 0, 62, 80)])) == 2
    assert polyphony(Part("p")) == 0


def test_seconds_do_not_round_up_to_sixty(melody: Score) -> None:
    report = inspect(melody) | {"seconds": 119.97}
    assert ", 2:00.0" in as_text(report)
