"""The arranger: the seed untouched, the asked-for parts there from first bar to last, whatever the weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.arrange import ArrangeOptions, Arranger, unusual_metre
from composer.errors import ChordError, InputError
from composer.formats import save
from composer.gm import BAND, ROLES
from composer.harmony.chord import Chord
from composer.model.grammar import is_playable
from composer.model.ngram_filter import NgramFilter, longest_run
from composer.score import Event, Part, Score
from composer.timing import Meter, TempoMap
from tests.model.songs import checkpoint_of, toy_network

EVERYONE = tuple(BAND)


@pytest.fixture(scope="module")
def arranger() -> Arranger:
    return Arranger(checkpoint_of(toy_network()))


def seed_score(bars: int, numerator: int, denominator: int, division: int = 480) -> Score:
    """A melody of a note a beat, human in timing, over tempo changes."""
    rng = np.random.default_rng(bars)
    length = numerator * 4 * division // denominator
    step = division * 4 // denominator
    rows = [
        (
            max(0, at + int(rng.integers(-3, 9))),
            max(1, step - 10),
            60 + int(rng.integers(0, 13)),
            int(rng.integers(40, 110)),
        )
        for at in range(0, bars * length, step)
    ]
    tempo = TempoMap(division, ((0, 500_000), (length * 2 + 7, 611_111)))
    return Score(
        (Part("Tune", rows, 73, events=(Event(3, "pitchwheel", (100,)), Event(9, "control_change", (64, 127)))),),
        tempo,
        Meter(division, ((0, numerator, denominator),)),
    )


@pytest.mark.parametrize("meter", [(2, 4), (3, 4), (4, 4), (6, 8), (5, 4)])
@pytest.mark.parametrize("bars", [4, 33])
def test_the_band_is_there_and_the_seed_untouched(arranger: Arranger, meter: tuple[int, int], bars: int) -> None:
    score = seed_score(bars, *meter)
    made = arranger.arrange(score, ArrangeOptions(parts=EVERYONE, chords="C | Am7 D7 | G"))
    assert made.score.parts[0].notes.tobytes() == score.parts[0].notes.tobytes()
    assert made.score.parts[0].events == score.parts[0].events
    assert (made.score.tempo, made.score.meter) == (score.tempo, score.meter)
    every = score.bars()
    assert [part.role for part in made.score.parts[1:]] == list(EVERYONE)
    for part in made.score.parts[1:]:
        assert part.start < every[0].end, part.role
        assert every[-1].start <= part.notes["onset"].max(), part.role
        assert part.end <= every[-1].end, part.role
        for onset in np.unique(part.notes["onset"]):
            assert is_playable(part.notes["pitch"][part.notes["onset"] == onset].tolist(), ROLES.index(part.role))
    json.dumps(made.report)
    assert any("was not trained on 5/4" in line for line in made.report["remarks"]) == (meter == (5, 4))


def test_two_hundred_bars(arranger: Arranger) -> None:
    score = seed_score(200, 4, 4)
    made = arranger.arrange(score, ArrangeOptions(parts=("bass",), chords="C | F"))
    assert made.report["bars"] == 200
    assert made.score.part("bass").notes["onset"].max() >= score.bars()[-1].start


def test_any_division(arranger: Arranger) -> None:
    for division in (24, 25, 96, 1000, 25_200):
        score = seed_score(4, 4, 4, division)
        made = arranger.arrange(score, ArrangeOptions(parts=("bass", "drums"), chords="C"))
        assert np.array_equal(made.score.parts[0].notes, score.parts[0].notes)
        assert made.score.ticks_per_beat == division


def test_a_melody_that_begins_late_is_joined_when_it_begins(arranger: Arranger) -> None:
    score = Score((Part("Tune", [(1920 * 2 + at * 480, 400, 60, 80) for at in range(16)]),))
    made = arranger.arrange(score, ArrangeOptions(parts=EVERYONE, chords="C"))
    for part in made.score.parts[1:]:
        assert 1920 * 2 <= part.start < 1920 * 3


@pytest.mark.parametrize("early", [0, 1, 12])
def test_a_first_note_a_hair_before_the_bar_line_is_on_it(arranger: Arranger, early: int) -> None:
    rows = [(1920 - early, 480, 60, 80), *((1920 + at * 480, 480, 60 + at, 80) for at in range(1, 16))]
    made = arranger.arrange(Score((Part("Tune", rows),)), ArrangeOptions(parts=EVERYONE))
    assert made.report["bars"] == 4
    assert all(part.start >= 1920 for part in made.score.parts[1:])
    assert made.score.parts[0].start == 1920 - early


@pytest.mark.parametrize("longer", [15, 100])
def test_a_last_note_that_rings_over_the_bar_line_brings_no_bar_of_band(
    arranger: Arranger, longer: int, tmp_path: Path
) -> None:
    score = Score((Part("Tune", [(at * 480, 480 + longer, 60 + at, 80) for at in range(16)]),))
    made = arranger.arrange(score, ArrangeOptions(parts=EVERYONE))
    assert made.report["bars"] == len(made.score.bars()) == 4
    assert all(part.end <= 1920 * 4 for part in made.score.parts[1:])
    assert np.array_equal(made.score.parts[0].notes, score.parts[0].notes)
    assert len(made.lane.chart(made.score.bars()).split("|")) == 4
    save(made.score, tmp_path / "band.musicxml")
    assert (tmp_path / "band.musicxml").read_text().count("<measure number") == 4 * len(made.score.parts)


def test_a_pick_up_belongs_to_the_melody(arranger: Arranger) -> None:
    rows = [(0, 480, 67, 80)] + [(480 + at * 480, 440, 72, 80) for at in range(16)]
    score = Score((Part("Tune", rows),), meter=Meter(480, ((0, 1, 4), (480, 4, 4))))
    made = arranger.arrange(score, ArrangeOptions(parts=EVERYONE, chords="(C) | C | F | G | C"))
    for part in made.score.parts[1:]:
        assert part.start < 480 + 1920


def test_same_seed_same_music(arranger: Arranger) -> None:
    score = seed_score(8, 4, 4)
    options = ArrangeOptions(chords="C | G", seed=5)
    first, second = (arranger.arrange(score, options).score for _ in range(2))
    assert first == second
    assert arranger.arrange(score, ArrangeOptions(chords="C | G", seed=6)).score != first


def test_tempo_program_and_chords_are_the_users(arranger: Arranger) -> None:
    made = arranger.arrange(
        seed_score(4, 4, 4), ArrangeOptions(parts=("bass",), chords="Cm7 | F7", tempo_bpm=90, programs={"bass": 32})
    )
    assert made.score.tempo.bpm_at(0) == pytest.approx(90, abs=0.01)
    assert made.score.part("bass").program == 32
    assert made.lane.chords[0] == Chord.parse("Cm7")
    assert made.report["chords"]["source"] == "given"
    assert made.score.chords[0] == (0, "Cm7")


def test_where_no_chord_is_written_pitched_parts_rest(arranger: Arranger) -> None:
    score, options = seed_score(8, 4, 4), ArrangeOptions(parts=EVERYONE, tutti=True)
    charted = arranger.arrange(score, replace(options, chords="C | N.C. | F N.C. | N.C. N.C. | C | C | C | N.C."))
    symbols = ((1920, "N.C."), (1920 * 2, "F"), (1920 * 3, "N.C."), (1920 * 4, "C"), (1920 * 7, "N.C."))
    written = arranger.arrange(replace(score, chords=symbols), options)  # before the first symbol nothing is said
    for made in (charted, written):
        assert made.report["remarks"] == ["no chord (N.C.) is written in bars 2, 4, 8: pitched parts rest there"]
        for part in made.score.parts[2:]:
            onset = part.notes["onset"]
            assert {onset.min() // 1920, onset.max() // 1920} == {0, 6}, part.role
            for bar in (1, 3, 7):
                sounds = (onset < 1920 * (bar + 1)) & (onset + part.notes["duration"] > 1920 * bar)
                assert not sounds.any(), part.role
        assert made.score.part("drums").end > 1920 * 7


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("A4B2", ["the form A4B2 has 6 bars, the piece 8: it is played as A4B4"]),
        ("XYZ3", ["the form XYZ3 does not share out 8 bars evenly: it is played as X3Y2Z3"]),
        ("i2 AB", []),
        ("AABB", []),
        (None, []),
    ],
)
def test_what_was_made_of_a_form_is_said(arranger: Arranger, form: str | None, said: list[str]) -> None:
    made = arranger.arrange(seed_score(8, 4, 4), ArrangeOptions(parts=("bass",), chords="C | " * 8, form=form))
    assert made.report["remarks"] == said


def test_one_tempo_for_several_is_said(arranger: Arranger) -> None:
    options = ArrangeOptions(parts=("bass",), chords="C | " * 4, tempo_bpm=200)
    said = arranger.arrange(seed_score(4, 4, 4), options).report["remarks"]
    assert said == ["the seed's 2 tempos (120, 98.2 BPM) are replaced by 200 BPM throughout"]
    steady = replace(seed_score(4, 4, 4), tempo=TempoMap())
    assert arranger.arrange(steady, options).report["remarks"] == []


def test_the_report_says_what_the_filter_lets_pass(arranger: Arranger) -> None:
    options, score = ArrangeOptions(parts=("bass", "drums"), chords="C"), seed_score(4, 4, 4)
    assert arranger.arrange(score, options).report["originality"] == {"shared_run_at_most": None}
    guarded = Arranger(replace(arranger.checkpoint, ngram_filter=NgramFilter.empty(1 << 12)))
    at_most = {part: longest_run(ROLES.index(part)) for part in ("drums", "bass")}
    assert guarded.arrange(score, options).report["originality"] == {"shared_run_at_most": at_most}


def test_progress_is_told(arranger: Arranger) -> None:
    heard: list[tuple[int, int]] = []
    arranger.arrange(seed_score(4, 4, 4), ArrangeOptions(chords="C"), lambda done, total: heard.append((done, total)))
    assert heard == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_mistakes_are_named(arranger: Arranger) -> None:
    with pytest.raises(InputError, match="no part called 'tuba'; choose from: drums, bass, guitar, piano, strings"):
        ArrangeOptions(parts=("tuba",))
    with pytest.raises(InputError, match=r"density of bass must be in range 1\.\.5, got 9"):
        ArrangeOptions(density={"bass": 9})
    with pytest.raises(InputError, match="style"):
        arranger.arrange(seed_score(4, 4, 4), ArrangeOptions(style="klezmer-core", chords="C"))
    with pytest.raises(ChordError):
        arranger.arrange(seed_score(4, 4, 4), ArrangeOptions(chords="H#x"))
    with pytest.raises(InputError):
        arranger.arrange(Score())


def test_a_style_in_a_metre_it_was_not_learned_in_is_told(arranger: Arranger) -> None:
    made = arranger.arrange(seed_score(4, 3, 4), ArrangeOptions(style="bossa", chords="C"))
    first = made.report["remarks"][0]
    assert first.startswith("bossa was learned in 4/4, not in 3/4")
    assert "waltz" in first
    for style, quarters in (("waltz", 3), ("bossa", 4), ("", 3)):
        assert unusual_metre(style, f"{quarters}/4") == []
    assert unusual_metre("waltz", "7/8") == [], "that the model was not trained on 7/8 is told elsewhere"
