"""The piano roll: there, legible in its parts, and never in the way of what was there before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.audio.mixer import mix
from composer.audio.synth import Stems
from composer.errors import OutputError
from composer.harmony.lane import ChordLane
from composer.picture import COLOURS, PAPER, save_piano_roll, short_line, title_facts
from composer.picture_mix import save_mix_picture
from composer.score import Part, Score
from composer.timing import Meter, TempoMap


def pixels(path: Path) -> np.ndarray:
    """RGB, 0..1, shape (height, width, 3)."""
    from matplotlib.image import imread

    return np.asarray(imread(path))[:, :, :3]


def shows(picture: np.ndarray, colour: str) -> int:
    """How many pixels are about of that colour."""
    from matplotlib.colors import to_rgb

    return int((np.abs(picture - to_rgb(colour)).max(axis=2) < 0.05).sum())


def band(bars: int = 8) -> Score:
    def rows(*pitches: int) -> list[tuple[int, int, int, int]]:
        return [(beat * 480, 400, pitch, 115) for beat in range(4 * bars) for pitch in pitches]

    parts = [
        Part("Lead", rows(72), 73, role="melody"),
        Part("Kit", rows(36, 42, 38), 0, True, "drums"),
        Part("Bass", rows(36), 33, role="bass"),
        Part("Keys", rows(60, 64, 67), 0, role="piano"),
    ]
    return Score(tuple(parts), TempoMap.constant(120), title="A $mall tune")


def test_every_part_has_its_colour(tmp_path: Path) -> None:
    picture = pixels(save_piano_roll(band(), tmp_path / "roll.png"))
    for role in ("melody", "drums", "bass", "piano"):
        assert shows(picture, COLOURS[role]) > 200, role
    assert shows(picture, COLOURS["strings"]) == 0
    assert shows(picture, PAPER) > 1_000


def test_velocity_is_seen(tmp_path: Path) -> None:
    soft = [(beat * 480, 400, 60, 10) for beat in range(32)]
    score = Score((Part("Keys", soft, 0, role="piano"),))
    bright = score.with_parts([Part("Keys", [(*row[:3], 120) for row in soft], 0, role="piano")])
    seen = [
        shows(pixels(save_piano_roll(one, tmp_path / f"{at}.png")), COLOURS["piano"])
        for at, one in enumerate((score, bright))
    ]
    assert seen[1] > seen[0] + 1_000


def test_chords_stand_above(tmp_path: Path) -> None:
    score = band()
    bare = pixels(save_piano_roll(score, tmp_path / "bare.png"))
    lane = ChordLane.from_chart("C | Am7 D7 | G | F#m7b5 B7b9", score.bars())
    with_lane = pixels(save_piano_roll(score, tmp_path / "lane.png", lane))
    assert with_lane.shape[0] > bare.shape[0]
    from dataclasses import replace

    own = pixels(save_piano_roll(replace(score, chords=((0, "C"), (1920, "G7"))), tmp_path / "own.png"))
    assert own.shape[0] > bare.shape[0]


@pytest.mark.parametrize(
    "score",
    [
        Score(),
        Score((Part("nobody"),)),
        Score((Part("one", [(0, 0, 0, 1)]),)),
        Score((Part("odd", [(0, 480, 27, 90), (10, 5, 3, 90)], is_drum=True),)),
        Score(tuple(Part(f"part {at}", [(0, 960, 10 * at % 128, 90)]) for at in range(40))),
        Score((Part("far", [(480 * 4 * 3_000, 480, 60, 90)]),)),
        Score((Part("waltz", [(0, 480, 60, 90)]),), meter=Meter(480, ((0, 1, 4), (480, 3, 4), (1920, 6, 8)))),
    ],
    ids=["empty", "silent", "blip", "odd drums", "40 parts", "3000 bars", "metres"],
)
def test_anything_can_be_drawn(score: Score, tmp_path: Path) -> None:
    picture = pixels(save_piano_roll(score, tmp_path / "roll.png"))
    assert picture.std() > 0
    assert max(picture.shape) < 8_000


def test_nothing_is_written_over_by_accident(tmp_path: Path) -> None:
    path = save_piano_roll(band(2), tmp_path / "roll.png")
    before = path.read_bytes()
    with pytest.raises(OutputError, match="--force"):
        save_piano_roll(Score(), path)
    assert path.read_bytes() == before
    save_piano_roll(Score(), path, force=True)
    assert path.read_bytes() != before
    with pytest.raises(OutputError, match="cannot be written"):
        save_piano_roll(Score(), tmp_path / "no" / "roll.png")
    assert [path.name for path in tmp_path.iterdir()] == ["roll.png"]


def test_a_piece_without_a_title_is_called_as_its_file_is(tmp_path: Path) -> None:
    titled = save_piano_roll(replace(band(2), title="evening"), tmp_path / "a.png")
    bare = save_piano_roll(replace(band(2), title=""), tmp_path / "evening.png")
    assert np.array_equal(pixels(titled), pixels(bare))


def test_the_title_tells_the_usual_metre_not_the_last_bars() -> None:
    score = replace(band(), meter=Meter(480, ((0, 4, 4), (480 * 28, 2, 4))))
    assert title_facts(score, score.bars())[:2] == ["120 BPM", "4/4"]


def test_a_title_is_cut_between_characters_and_never_read_as_mathematics() -> None:
    assert short_line("A $mall tune", 20) == "A \\$mall tune"
    assert short_line("a b$$$$", 6) == "a b\\$\\$…"


def test_names_in_any_script_and_with_any_sign_are_drawn(tmp_path: Path) -> None:
    """Neither mathematics, which matplotlib would read in a $, nor a warning for a letter that its font lacks."""
    score = Score((Part("$x^{ ピアノ", [(0, 400, 60, 90)]),), TempoMap.constant(120), title="A$ {b$c^ 歌" * 20)
    assert save_piano_roll(score, tmp_path / "roll.png").stat().st_size > 1_000
    mixed = mix(Stems(("$x^{ ピアノ", "_" * 90), ("piano", "bass"), np.full((2, 4_410, 2), 0.1, np.float32), 44_100))
    assert save_mix_picture(mixed, tmp_path / "mix.png", score.title).stat().st_size > 1_000
