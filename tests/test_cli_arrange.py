"""`composer arrange` from its words to its files, with a band that needs no model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from composer import formats, gm
from composer.arrange import Arrangement, ArrangeOptions
from composer.audio.stem_files import file_name
from composer.cli import main
from composer.cli.take import shortened
from composer.cli.takes import take_names
from composer.errors import CheckpointError
from composer.harmony.lane import ChordLane
from composer.melody import find_melody
from composer.model.checkpoint import Checkpoint
from composer.model.config import ModelConfig
from composer.options import unheeded
from composer.score import Part, Score

ENDS = {".mid", ".wav", ".musicxml", ".png", ".json", ".chords.txt"}


class OneNoteBand:
    """Stands in for the Arranger: every part holds its lowest note a bar long. Remembers what it was asked."""

    asked: list[ArrangeOptions]
    checkpoint = Checkpoint(ModelConfig.tiny(), {}, {"model": "one note"}, "none")

    def __init__(self) -> None:
        self.asked = []

    def arrange(
        self, score: Score, options: ArrangeOptions, on_bar: Callable[[int, int], None] | None = None
    ) -> Arrangement:
        self.asked.append(options)
        idle = unheeded(options, options.parts)
        bars = score.bars()
        melody = find_melody(score, options.melody)
        parts = [replace(melody.part, role="melody")]
        for role in options.parts:
            rows = [(bar.start, bar.length, gm.BAND[role].low, 80) for bar in bars]
            parts.append(Part(role.title(), rows, gm.BAND[role].program, role == "drums", role))
        if on_bar:
            on_bar(len(bars), len(bars))
        chart = options.chords if isinstance(options.chords, str) else "C | F | G | C"
        lane = ChordLane.from_chart(chart, bars)
        return Arrangement(
            score.with_parts(parts),
            lane,
            melody,
            {"chords": {"source": "given", "chart": chart}, "licence": {"weights": "none needed"}}
            | {"unheeded": idle, "remarks": ["there is a remark"] if idle else []},
        )


@pytest.fixture
def band(monkeypatch: pytest.MonkeyPatch) -> OneNoteBand:
    band = OneNoteBand()
    monkeypatch.setattr("composer.arrange.Arranger.load", lambda checkpoint=None: band)
    return band


def written(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_everything_is_written_and_the_json_tells_of_it(band: OneNoteBand, seed_file: Path, here: Path) -> None:
    words = ["arrange", str(seed_file), "--stems", "--parts", "drums,bass", "--soundfont", "timgm6mb", "--quiet"]
    assert main(words) == 0
    stems = {f"tune-stems/{part}.wav" for part in ("melody", "drums", "bass")}
    assert written(here / "out") == {f"tune{end}" for end in ENDS} | stems
    story = json.loads((here / "out" / "tune.json").read_text())
    assert story["input"]["file"] == "tune.mid"
    assert len(story["input"]["sha256"]) == 64
    assert story["chords"]["chart"] == "C | F | G | C"
    assert story["options"]["seed"] == 0
    assert story["licence"] == {"weights": "none needed", "soundfont": "GPL-2.0"}
    assert set(story["files"]) == written(here / "out") - {"tune.json"}
    steps = ("load", "arrange", "render", "mix", "stems", "musicxml", "picture")
    assert {f"{step}_s" for step in steps} <= story["timings"].keys()
    melody = formats.load(here / "out" / "tune.mid").part("melody")
    assert melody.notes.tolist() == formats.load(seed_file).parts[0].notes.tolist()


def test_options_reach_the_arranger(band: OneNoteBand, seed_file: Path, here: Path) -> None:
    words = "--style Bossa-Nova --parts piano,bass --tempo 99 --seed 7 --temperature 0.8 --density piano=4,bass=1"
    more = [
        "--program",
        "piano=4",
        "--program",
        "bass=fretless",
        "--melody",
        "Lead",
        "--takes",
        "2",
        "--no-audio",
        "--quiet",
    ]
    assert main(["arrange", str(seed_file), *words.split(), *more]) == 0
    first, second = band.asked
    assert (first.style, first.parts, first.tempo_bpm) == ("Bossa-Nova", ("piano", "bass"), 99.0)
    assert (first.temperature, first.density, first.melody) == (0.8, {"piano": 4, "bass": 1}, "Lead")
    assert first.programs == {"piano": 4, "bass": 35}
    assert (first.seed, second) == (7, replace(first, seed=8))
    assert {name.split(".")[0] for name in written(here / "out")} == {"tune-1", "tune-2"}


def test_wishes_for_parts_that_do_not_play_are_said_and_not_stored(
    band: OneNoteBand, seed_file: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["arrange", str(seed_file), "--parts", "bass", "--no-audio", "--quiet"]
    assert main([*words, "--program", "piano=4,bass=35", "--density", "strings=5"]) == 0
    assert "  note: there is a remark\n" in capsys.readouterr().out
    story = json.loads((here / "out" / "tune.json").read_text())
    assert (story["options"]["programs"], story["options"]["density"]) == ({"bass": 35}, {})
    assert story["unheeded"] == {"density": {"strings": 5}, "programs": {"piano": 4}}


def test_chords_come_back_in_as_they_were_written(band: OneNoteBand, seed_file: Path, here: Path) -> None:
    words = ["arrange", str(seed_file), "--no-audio", "--quiet", "--parts", "bass"]
    assert main([*words, "--chords", "C | Am7 D7 | G | C"]) == 0
    assert main([*words, "--chords", "out/tune.chords.txt", "--out", "again"]) == 0
    assert (here / "again" / "tune.chords.txt").read_text() == (here / "out" / "tune.chords.txt").read_text()


def test_the_style_names_the_parts_unless_the_user_does(band: OneNoteBand, seed_file: Path, here: Path) -> None:
    assert main(["arrange", str(seed_file), "--style", "classical", "--no-audio", "--quiet"]) == 0
    assert band.asked[0].parts == ("bass", "piano", "strings")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--parts", "drums,kazoo"], "no part called 'kazoo'; choose from: drums"),
        (["--style", "bosa"], "did you mean bossa"),
        (["--density", "drums=9"], "--density drums: 9 is out of range; give a level in 1..5"),
        (["--density", "drums"], "--density: cannot read 'drums'; write PART=VALUE"),
        (["--program", "piano=kazoo"], "'kazoo' matches no General MIDI program"),
        (["--program", "piano=guitar"], "'guitar' matches several General MIDI programs: Nylon Guitar"),
        (
            ["--program", "guitar=Jaz Gitar"],
            "'Jaz Gitar' matches no General MIDI program; give a name such as 'Jazz Guitar'",
        ),
        (["--density", "piano=2,piano=4"], "--density: piano is given twice, as 2 and as 4; give it once"),
        (["--role", "bass=walking", "--role", "bass=roots"], "--role: bass is given twice, as walking and as roots"),
        (["--tempo", "0"], "give quarter notes a minute in 20..400"),
        (["--takes", "1.5"], "is not a whole number"),
        (["--chords", "missing.txt"], "missing.txt: cannot be read"),
        (["--chords", "C | H#x"], "bar 2"),
        (["--melody", "Zither"], "Zither"),
        (["--stems", "--no-audio"], "cannot be used together"),
        (["--soundfont", "missing.sf2"], "missing.sf2: no such soundfont"),
    ],
)
def test_wrong_wishes_are_one_line_and_leave_nothing(
    words: list[str], said: str, band: OneNoteBand, seed_file: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["arrange", str(seed_file), "--quiet", *words]) == 1
    error = capsys.readouterr().err
    assert error.startswith("composer: ")
    assert error.count("\n") == 1
    assert said in error
    assert written(here) == set()
    assert list(here.iterdir()) == []


def test_outputs_are_never_overwritten_without_force(
    band: OneNoteBand, seed_file: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "out").mkdir()
    (here / "out" / "tune.mid").write_text("mine")
    words = ["arrange", str(seed_file), "--no-audio", "--quiet"]
    assert main(words) == 1
    assert "--force" in capsys.readouterr().err
    assert band.asked == []
    assert (here / "out" / "tune.mid").read_text() == "mine"
    assert main([*words, "--force"]) == 0


def test_the_demo_replaces_its_own_but_nothing_that_was_edited(
    band: OneNoteBand, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert main(["demo"]) == 0
    chart = here / "out" / "auld-lang-syne.chords.txt"
    chart.write_text("F | C7 | F | Bb")
    capsys.readouterr()
    assert main(["demo"]) == 1
    assert f"{chart.relative_to(here)}: was edited since the demo wrote it" in capsys.readouterr().err
    assert chart.read_text() == "F | C7 | F | Bb"
    assert main(["demo", "--out", "other"]) == 0


def test_the_seed_itself_is_never_written_over(
    band: OneNoteBand, seed_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = seed_file.read_bytes()
    assert main(["arrange", str(seed_file), "--out", str(seed_file.parent), "--force", "--no-audio"]) == 1
    assert "the seed itself" in capsys.readouterr().err
    assert seed_file.read_bytes() == before


def test_a_bad_checkpoint_leaves_nothing(seed_file: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arrange", str(seed_file), "--checkpoint", "missing", "--quiet"]) == 1
    error = capsys.readouterr().err
    assert "missing" in error
    assert error.count("\n") == 1
    assert list(here.iterdir()) == []


def test_failure_in_a_later_take_leaves_no_earlier_one(
    band: OneNoteBand, seed_file: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange = band.arrange

    def fail_the_second(
        score: Score, options: ArrangeOptions, on_bar: Callable[[int, int], None] | None = None
    ) -> Arrangement:
        if options.seed == 1:
            raise CheckpointError("weights fell over; pick them up")
        return arrange(score, options, on_bar)

    monkeypatch.setattr(band, "arrange", fail_the_second)
    assert main(["arrange", str(seed_file), "--takes", "2", "--no-audio", "--quiet"]) == 1
    assert list(here.iterdir()) == []


def test_names_for_files() -> None:
    assert take_names(Path("a/b.song.mid"), 1) == ["b.song"]
    assert file_name("Guitar / left:1") == "Guitar _ left_1"
    assert shortened("C | F | G", bars=2) == "C | F | …"
