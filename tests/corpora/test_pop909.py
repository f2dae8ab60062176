"""POP909: three editions joined, bars laid by evidence."""

from pathlib import Path

import numpy as np
import pytest

from composer.corpora import data_root, pop909
from composer.corpora.downbeats import Evidence, find_downbeats, grid_offset
from composer.formats.midi import write_midi
from composer.score import Part, Score, as_notes
from composer.timing import Meter, TempoMap, has_pickup

CHORDS = [(48, 52, 55), (45, 48, 52), (41, 45, 48), (43, 47, 50)]  # C Am F G
LATE = 960
"""In the corrected edition the first bar begins on its beat 3: a song that must be moved."""
SHIFT = 253
"""How much later everything is in the original edition."""


def build(root: Path, bars: int = 16, name: str = "002", lead: int = LATE, touch: int = 6) -> Path:
    """A song in three editions; the originals' melody is `touch` ticks late, as a player might be."""
    rng = np.random.default_rng(1)
    melody, piano, blocks = [], [], []
    for bar in range(bars):
        start, chord = lead + bar * 1920, CHORDS[bar % 4]
        blocks += [(start, 1920, pitch, 80) for pitch in chord]
        piano += [(start, 1900, chord[0] - 12, int(rng.integers(50, 100)))]
        piano += [(start + 240 * i, 200, chord[i % 3] + 12, int(rng.integers(50, 100))) for i in range(8)]
        if bar >= 4:
            melody += [(start + 480 * i, 440, 72 + (bar + i) % 5, int(rng.integers(50, 100))) for i in range(4)]
    corrected = Score((Part("piano", as_notes(piano + melody)), Part("chords", as_notes(blocks))), key="C")
    late = [(onset + SHIFT + touch, *rest) for onset, *rest in melody]
    soft = [(onset + SHIFT, *rest) for onset, *rest in piano]
    parts = (Part("MELODY", as_notes(late)), Part("BRIDGE"), Part("PIANO", as_notes(soft)))
    meter = Meter(480, ((0, 1, 4),))
    original = Score(parts, TempoMap.constant(72), meter)
    (root / "pop909" / name).mkdir(parents=True)
    (root / "pop909_cl").mkdir(exist_ok=True)
    (root / "pop909_form" / name).mkdir(parents=True)
    write_midi(original, root / "pop909" / name / f"{name}.mid")
    write_midi(corrected, root / "pop909_cl" / f"{name}.mid")
    marks = [
        (float(original.tempo.seconds(lead + SHIFT + beat * 480)), beat % 2 == 0, beat % 4 == 0)
        for beat in range(bars * 4)
    ]
    np.savetxt(root / "pop909" / name / "beat_midi.txt", np.array(marks, float))
    (root / "pop909_form" / name / "human_label1.txt").write_text(f"i4A8B{bars - 12}")
    return root


def test_the_three_editions_become_one_song(tmp_path: Path) -> None:
    (song,) = pop909.songs(build(tmp_path))
    assert song.id == song.work == "pop909/002"
    assert [part.role for part in song.score.parts] == ["melody", "piano"]
    bars = song.score.bars()
    assert not has_pickup(bars)
    assert song.lane is not None
    assert song.lane.chart(bars).split(" | ")[1:5] == ["C", "Am", "F", "G"]
    assert song.score.problems == ("bar lines moved by 2 quarters",)
    assert song.phrases == ((1, "i"), (5, "A"), (13, "B"))
    assert song.style == "ballad"
    assert song.score.tempo.bpm_at(0) == pytest.approx(72, abs=0.1)


def test_the_players_touch_stays(tmp_path: Path) -> None:
    (song,) = pop909.songs(build(tmp_path, touch=7))
    assert set((song.score.part("melody").notes["onset"] % 480).tolist()) == {7}
    assert set((song.score.part("piano").notes["onset"] % 240).tolist()) == {0}


def test_what_cannot_be_joined_is_counted_with_its_reason(tmp_path: Path) -> None:
    build(tmp_path)
    build(tmp_path, name="003")
    build(tmp_path, name="004", bars=20)
    (tmp_path / "pop909_cl" / "002.mid").unlink()
    other = Score((Part("piano", as_notes([(0, 480, 30, 20)])), Part("chords", as_notes([(0, 480, 30, 20)]))))
    write_midi(other, tmp_path / "pop909_cl" / "003.mid", force=True)
    reasons: dict[str, str] = {}
    assert [song.id for song in pop909.songs(tmp_path, reasons.__setitem__)] == ["pop909/004"]
    assert reasons == {
        "pop909/002": "not in the corrected edition",
        "pop909/003": "the two editions do not hold the same notes",
    }


def test_labels_that_do_not_fit_are_left_out(tmp_path: Path) -> None:
    root = build(tmp_path)
    (root / "pop909_form" / "002" / "human_label1.txt").write_text("A4B4")
    (song,) = pop909.songs(root)
    assert song.phrases == ()


def _evidence(downbeats: list[int]) -> Evidence:
    return Evidence(np.array(downbeats, float), np.ones(len(downbeats)))


@pytest.mark.parametrize("phase", [0, 480, 960, 1440, 240, 1800])
def test_bars_follow_the_evidence(phase: int) -> None:
    found = find_downbeats(_evidence([phase + 1920 * bar for bar in range(12)]), 1920 * 12, 480, 4)
    assert (found.starts[0] - phase) % 1920 == 0
    assert -1920 < found.starts[0] <= 0
    assert found.odd == 0


def test_an_odd_bar_is_laid_where_much_speaks_for_it() -> None:
    before, after = [1920 * bar for bar in range(12)], [1920 * bar - 960 for bar in range(12, 24)]
    assert find_downbeats(_evidence(before + after), 1920 * 23, 480, 4).odd == 1
    stray = [1920 * 12 - 960, 1920 * 13 - 960]
    rest = [1920 * bar for bar in range(14, 24)]
    assert find_downbeats(_evidence(before + stray + rest), 1920 * 23, 480, 4).odd == 0


def test_a_grid_that_lies_off_by_the_same_everywhere_is_found() -> None:
    onsets = np.arange(100) * 120
    assert [grid_offset(onsets + off, 120) for off in (0, 40, -40, 60)] == [0, 40, -40, 60]
    assert grid_offset(np.arange(100) * 160, 120) == 0  # triplets


@pytest.mark.corpus
def test_the_corpus_joins() -> None:
    songs = [song for song, _ in zip(pop909.songs(data_root()), range(20), strict=False)]
    rates = []
    for song in songs:
        assert song.lane is not None
        starts = [start for bar in song.score.bars() for start in bar.beat_starts()]
        roots, _, tones = song.lane.arrays()
        notes = song.score.part("piano").notes
        beat = np.searchsorted(starts, notes["onset"] + 60, side="right") - 1
        sounding = roots[beat] >= 0
        rates.append(tones[beat, notes["pitch"] % 12][sounding].mean())
    assert np.median(rates) > 0.93


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("pop909/002/beat_midi.txt", b"garbage\n", "beat_midi.txt holds no beats"),
        ("pop909/002/beat_midi.txt", b"", "beat_midi.txt holds no beats"),
        ("pop909/002/beat_midi.txt", b"0.5 1.0\n1.0 0.0\n", "beat_midi.txt holds no beats"),
        ("pop909/002/beat_midi.txt", b"0.5 1.0 1.0\n1.0 0.0\n", "beat_midi.txt holds no beats"),
        ("pop909/002/beat_midi.txt", b"\xff\xfe", "beat_midi.txt holds no beats"),
        ("pop909/002/beat_midi.txt", b"nan 1.0 1.0\n", "beat_midi.txt holds no beats"),
        ("pop909_form/002/human_label1.txt", b"i4A8\xff", "human_label1.txt is no text"),
    ],
)
def test_damaged_files_beside_the_music_are_counted(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    root = build(tmp_path)
    (root / name).write_bytes(content)
    reasons: dict[str, str] = {}
    assert list(pop909.songs(root, reasons.__setitem__)) == []
    assert reasons == {"pop909/002": reason}
