"""The metre check speaks where something is wrong, and is silent where all is well."""

from __future__ import annotations

from composer.harmony.metre import check_metre
from composer.score import Part, Score, as_notes
from composer.timing import Meter

WALTZ = Meter(480, ((0, 3, 4),))


def waltz(shift: int, meter: Meter = WALTZ, bars: int = 12) -> Score:
    """A long note on every first beat, a short one on the third."""
    rows = [(bar * 1440 + shift + at, length, 60, 80) for bar in range(bars) for at, length in ((0, 960), (960, 480))]
    return Score((Part("tune", as_notes(rows), role="melody"),), meter=meter)


def test_all_is_well() -> None:
    assert check_metre(waltz(0)) == []
    assert check_metre(waltz(480, Meter(480, ((0, 1, 4), (480, 3, 4))))) == []
    assert check_metre(Score()) == []


def test_bar_lines_in_the_wrong_place() -> None:
    assert "leans on beat 2" in check_metre(waltz(480))[0]


def test_metres_not_learned_and_changing() -> None:
    said = check_metre(waltz(0, Meter(480, ((0, 3, 4), (5 * 1440, 7, 8)))))
    assert any("not trained on 7/8, only on 2/4, 3/4, 4/4, 6/8" in line for line in said)
    assert any("3/4 from bar 1, 7/8 from bar 6" in line for line in said)
    cut = check_metre(waltz(0, Meter(480, ((0, 3, 4), (5 * 1440 + 480, 3, 4)))))
    assert any("Bar 6 is cut short" in line for line in cut)


def test_played_by_hand_and_late() -> None:
    loose = as_notes([(480 * at + 23 * (at % 2), 240, 60, 80) for at in range(40)])
    assert "50% of the notes begin off the grid" in check_metre(Score((Part("tune", loose),)))[-1]
    late = as_notes([(1920 * 3, 480, 60, 80)])
    assert check_metre(Score((Part("tune", late),))) == ["The first note is in bar 4; the bars before it are empty."]
