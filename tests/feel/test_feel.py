"""Feel: off the grid as people are, and never so far that other notes are read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from composer.feel import Drummer, Feel, choose_drummer, is_straight, straightened
from composer.feel.drummers import PIECES, drummers
from composer.score import NOTE_DTYPE, Part, Score, as_notes
from composer.styles import STYLES
from composer.timing import Meter, TempoMap
from composer.vocab import POSITIONS_PER_QUARTER

LOOSE = Drummer("test", "rock", 100.0, 15.0, 20.0, np.full((len(PIECES), POSITIONS_PER_QUARTER), 9.0))


def feel(
    bpm: float = 100, meter: tuple[int, int] = (4, 4), bars: int = 16, drummer: Drummer = LOOSE, **more: float
) -> Feel:
    metre = Meter(480, ((0, *meter),))
    length = metre.bars(1)[0].length
    return Feel(drummer, metre.bars(bars * length), TempoMap.constant(bpm, 480), seed=5, **more)


def eighths(pitch: int = 42, bars: int = 16) -> np.ndarray:
    return as_notes([(tick, 200, pitch, 80) for tick in range(0, bars * 1920, 240)])


def lateness(notes: np.ndarray, before: np.ndarray) -> np.ndarray:
    return (notes["onset"] - before["onset"]).astype(float)


@given(
    st.lists(st.tuples(st.integers(0, 47), st.integers(1, 60), st.integers(36, 84)), min_size=1, max_size=60),
    st.floats(30, 280),
    st.floats(0.1, 2),
    st.sampled_from(["drums", "bass", "guitar", "piano", "strings"]),
)
def test_the_same_notes_are_read_from_it(
    rows: list[tuple[int, int, int]], bpm: float, strength: float, role: str
) -> None:
    places = sorted({(place, pitch): length for place, length, pitch in rows}.items())
    notes = as_notes([(place * 40, length * 40, pitch, 80) for (place, pitch), length in places])
    end = 1920 * 4
    played = feel(bpm, bars=4, strength=strength).play(notes, role, end)
    assert len(played) == len(notes)
    score = Score((Part("x", played, 0, role == "drums", role),), TempoMap.constant(bpm, 480), Meter(480))
    read = straightened(score).parts[0].notes
    assert sorted(read[["onset", "pitch"]].tolist()) == sorted(notes[["onset", "pitch"]].tolist())
    assert (played["onset"] >= 0).all()
    assert (played["duration"] >= 1).all()
    for pitch in np.unique(played["pitch"]):
        mine = np.sort(played[played["pitch"] == pitch], order="onset")
        assert (mine["onset"][:-1] + mine["duration"][:-1] <= mine["onset"][1:]).all(), "a pitch sounds once at a time"


def test_none_is_none() -> None:
    assert feel(strength=0.0).play(eighths(), "drums", 16 * 1920).tobytes() == eighths().tobytes()


def test_a_part_is_played_the_same_whoever_else_plays() -> None:
    one, other = feel(), feel()
    other.play(eighths(36), "bass", 16 * 1920)
    assert one.play(eighths(), "drums", 16 * 1920).tobytes() == other.play(eighths(), "drums", 16 * 1920).tobytes()


def test_parts_drift_together() -> None:
    steady = Drummer("test", "rock", 100.0, 8.0, 3.0, np.zeros((len(PIECES), POSITIONS_PER_QUARTER)))
    band = feel(bars=64, drummer=steady)
    notes = eighths(40, 64)
    drums = lateness(band.play(notes, "drums", 64 * 1920), notes)
    bass = lateness(band.play(notes, "bass", 64 * 1920), notes)
    assert np.corrcoef(drums, bass)[0, 1] > 0.6
    assert np.corrcoef(drums[:-2], drums[2:])[0, 1] > 0.4, "a drift lasts for more than a beat"


def test_pockets_are_for_quarter_notes() -> None:
    pocket = np.zeros((len(PIECES), POSITIONS_PER_QUARTER))
    pocket[PIECES.index("hat"), 0] = 12.0
    still = Drummer("test", "rock", 100.0, 0.0, 0.0, pocket)
    notes = eighths()
    assert set(lateness(feel(drummer=still).play(notes, "drums", 16 * 1920), notes)[::2]) == {8.0}, (
        "12 ms are 9.6 ticks, drawn in softly"
    )
    assert not lateness(feel(meter=(6, 8), drummer=still).play(notes[:24], "drums", 16 * 1440), notes[:24]).any()


def test_guitars_strum_down_on_the_beat_and_up_off_it() -> None:
    still = Drummer("test", "rock", 100.0, 0.0, 0.0, np.zeros((len(PIECES), POSITIONS_PER_QUARTER)))
    chord = as_notes([(tick, 200, pitch, 80) for tick in (0, 480, 720) for pitch in (52, 59, 64, 68)])
    played = feel(drummer=still).play(chord, "guitar", 1920)
    for tick, rises in ((480, True), (720, False)):
        struck = played[np.abs(played["onset"] - tick) < 30]
        order = struck[np.argsort(struck["onset"])]["pitch"]
        assert (np.diff(order) > 0).all() == rises


def test_every_style_has_somebody() -> None:
    for style in (*STYLES, ""):
        chosen = choose_drummer(style, 120, np.random.default_rng(0))
        assert chosen in drummers()
    assert choose_drummer("funk", 100, np.random.default_rng(1)).style == "funk"


def test_the_table_is_plausible() -> None:
    assert len(drummers()) > 200
    for drummer in drummers():
        assert drummer.pocket_ms.shape == (len(PIECES), POSITIONS_PER_QUARTER)
        assert 0 <= drummer.drift_ms < 30
        assert 2 < drummer.scatter_ms < 30
        assert np.abs(drummer.pocket_ms).max() < 80


def test_straight_or_not() -> None:
    def score(notes: np.ndarray) -> Score:
        return Score((Part("Drums", notes, 0, True, "drums"),), TempoMap.constant(100, 480), Meter(480))

    assert is_straight(score(eighths()))
    assert not is_straight(score(feel().play(eighths(), "drums", 16 * 1920)))
    assert not is_straight(score(np.zeros(0, NOTE_DTYPE)))


@pytest.mark.parametrize("ticks", [24, 96, 120, 480, 960])
def test_any_division(ticks: int) -> None:
    metre = Meter(ticks)
    notes = as_notes([(place * ticks // 2, ticks // 2, 42, 80) for place in range(32)])
    band = Feel(LOOSE, metre.bars(16 * ticks), TempoMap.constant(100, ticks), 5)
    score = Score(
        (Part("x", band.play(notes, "drums", 16 * ticks), 0, True, "drums"),), TempoMap.constant(100, ticks), metre
    )
    assert straightened(score).parts[0].notes["onset"].tolist() == notes["onset"].tolist()
