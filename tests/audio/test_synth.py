"""The synth plays what the score says, when it says it, the same every time."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from composer.audio import fluid, soundfonts, synth
from composer.audio.fluid import BLOCK, Synth, nearest_preset
from composer.audio.player import shares
from composer.audio.synth import Stems, render, render_part, stem_names
from composer.errors import AudioError
from composer.score import Event, Part, Score
from composer.timing import TempoMap

BEAT = 480


def solo(
    rows: list[tuple[int, int, int, int]], program: int = 0, drums: bool = False, events: tuple[Event, ...] = ()
) -> Score:
    """One part alone."""
    return Score((Part("solo", rows, program, drums, events=events),), TempoMap.constant(120))


def first_sound(audio: np.ndarray, floor: float = 1e-4) -> int:
    """The first frame that is heard."""
    return int(np.flatnonzero(np.abs(audio).max(axis=1) > floor)[0])


def test_every_part_is_a_stem_of_its_own(stems: Stems, band: Score) -> None:
    assert stems.names == ("melody", "drums", "bass", "guitar", "piano", "strings")
    assert stems.audio.shape == (6, stems.frames, 2)
    assert stems.audio.dtype == np.float32
    assert stems.duration_s == pytest.approx(band.duration_s + 0.5, abs=0.01)
    assert (np.abs(stems.audio).max(axis=(1, 2)) > 0.005).all()
    assert np.isfinite(stems.audio).all()
    assert stems.notices == ()


def test_the_same_call_gives_the_same_samples(stems: Stems, band: Score, small_font: Path) -> None:
    again = render(band, small_font, tail_s=0.5)
    assert np.array_equal(again.audio, stems.audio)


def test_a_part_alone_sounds_as_it_does_among_others(stems: Stems, band: Score, small_font: Path) -> None:
    alone = render(band.with_parts([band.part("guitar")]), small_font, tail_s=0.5)
    at = stems.names.index("guitar")
    shared = min(alone.frames, stems.frames) - int(synth.FADE_S * stems.sample_rate) - BLOCK
    difference = alone.audio[0, :shared] - stems.audio[at, :shared]
    # dead voices of the others leave traces on a synth
    assert (difference**2).mean() < 1e-6 * (stems.audio[at, :shared] ** 2).mean()


def test_parts_are_dealt_pitch_by_pitch_and_whole_where_notes_depend_on_each_other() -> None:
    def part(pitches: list[int], drums: bool = False, events: tuple[Event, ...] = ()) -> Part:
        return Part("one", [(at * BEAT, BEAT, pitch, 90) for at, pitch in enumerate(pitches)], 0, drums, events=events)

    guitar, legato = part([50, 55, 50, 62, 67]), part([50, 55, 60], events=(Event(0, "control_change", (68, 127)),))
    dealt = shares((part([]), guitar, part([36, 42, 42], drums=True), legato, part([60, 60])))
    assert sorted(len(share) for share in dealt) == [2, 3]
    pieces = [[one for index, one in share if index == 1] for share in dealt]
    found = [set(one[0].notes["pitch"].tolist()) for one in pieces]
    assert set.union(*found) == {50, 55, 62, 67}
    assert not set.intersection(*found)
    for whole in (2, 3, 4):
        assert sum(index == whole for share in dealt for index, _ in share) == 1
    many = shares((guitar,) * 40)
    assert sorted(index for share in many for index, _ in share) == list(range(40))


def test_render_part_is_the_part_alone(band: Score, small_font: Path) -> None:
    audio = render_part(band, "bass", small_font)
    stems = render(band.with_parts([band.part("bass")]), small_font)
    assert np.array_equal(audio, stems.audio[0])


@pytest.mark.parametrize("sample_rate", [22_050, 44_100, 48_000])
def test_onsets_follow_the_tempo_map(small_font: Path, sample_rate: int) -> None:
    tempo = TempoMap(BEAT, ((0, 500_000), (2 * BEAT, 1_000_000), (3 * BEAT, 250_000)))
    for tick, seconds in ((0, 0.0), (2 * BEAT, 1.0), (3 * BEAT, 2.0), (5 * BEAT, 2.5)):
        score = Score((Part("click", [(tick, 60, 76, 127)], is_drum=True),), tempo)
        onset = first_sound(render(score, small_font, sample_rate, tail_s=0.5).audio[0])
        assert 0 <= onset - seconds * sample_rate + BLOCK / 2 <= BLOCK + 0.004 * sample_rate


def test_velocity_program_bend_volume_and_pedal_are_heard(small_font: Path) -> None:
    rows = [(0, BEAT // 2, 60, 90)]

    def energy(score: Score, from_s: float = 0.0) -> float:
        audio = render(score, small_font).audio[0]
        return float((audio[int(from_s * 44_100) :] ** 2).sum())

    plain = energy(solo(rows))
    assert energy(solo([(0, BEAT // 2, 60, 40)])) < 0.3 * plain
    assert energy(solo(rows, events=(Event(0, "control_change", (7, 30)),))) < 0.3 * plain
    pedal = (Event(0, "control_change", (64, 127)), Event(4 * BEAT, "control_change", (64, 0)))
    assert energy(solo([*rows, (4 * BEAT, 10, 60, 1)], events=pedal), 0.8) > 3 * energy(solo(rows), 0.8)

    def pitch(score: Score) -> int:
        audio = render(score, small_font).audio[0, 4_000:20_000, 0]
        return int(np.abs(np.fft.rfft(audio * np.hanning(len(audio)))).argmax())

    organ = [(0, 2 * BEAT, 69, 100)]
    bent = (Event(0, "pitchwheel", (8191,)),)
    assert pitch(solo(organ, 73, events=bent)) / pitch(solo(organ, 73)) == pytest.approx(2 ** (2 / 12), rel=0.01)
    changed = render(solo(organ, 0, events=(Event(0, "program_change", (73,)),)), small_font)
    assert np.array_equal(changed.audio, render(solo(organ, 73), small_font).audio)


def test_a_repeated_pitch_is_struck_again_and_not_cut_short(small_font: Path) -> None:
    overlapping = render(solo([(0, 3 * BEAT, 60, 90), (BEAT, 3 * BEAT, 60, 90)], 48), small_font).audio[0]
    late = overlapping[int(1.6 * 44_100) : int(1.9 * 44_100)]
    assert np.abs(late).max() > 0.005


def test_notes_without_length_doubles_and_empty_parts_are_safe(small_font: Path) -> None:
    blip = render(solo([(0, 0, 60, 90)] * 300), small_font)
    assert 0 < np.abs(blip.audio).max() < 1
    assert np.array_equal(blip.audio, render(solo([(0, 0, 60, 90)]), small_font).audio)
    silent = render(Score((Part("nobody"),)), small_font)
    assert silent.audio.shape[2] == 2
    assert not silent.audio.any()
    assert render(Score(), small_font).audio.shape[0] == 0


def test_an_absurd_length_is_cut_with_a_word(small_font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "MAX_SECONDS", 2.0)
    stems = render(solo([(0, 2**30, 60, 90), (2**29, 480, 64, 90)]), small_font, tail_s=0.5)
    assert stems.duration_s == pytest.approx(2.5, abs=0.01)
    assert "cut" in stems.notices[0]


def test_more_memory_than_there_is_sense_is_refused(small_font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth, "MAX_BYTES", 1 << 20)
    with pytest.raises(AudioError, match="render fewer parts"):
        render(solo([(0, 48_000, 60, 90)]), small_font)


def test_more_parts_than_midi_has_channels(small_font: Path) -> None:
    parts = [Part(f"part {at}", [(0, 100, 40 + at, 90)], at % 8, at % 10 == 9) for at in range(40)]
    stems = render(Score(tuple(parts)), small_font, tail_s=0.2)
    assert len(stems.names) == 40
    assert (np.abs(stems.audio).max(axis=(1, 2)) > 1e-4).sum() >= 38


def test_names_never_collide(small_font: Path) -> None:
    parts = tuple(Part(name, [(0, 10, 60, 90)]) for name in ("Flute", "flute", "", "Flute 2"))
    assert synth.stem_names(parts) == ("Flute", "flute 2", "part 3", "Flute 2 2")


def test_progress_ends_at_one(band: Score, small_font: Path) -> None:
    heard: list[float] = []
    render(band, small_font, tail_s=0, on_progress=heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("wanted", "have", "chosen"),
    [
        ((0, 33), {(0, 0), (0, 33)}, (0, 33)),
        ((8, 33), {(0, 0), (0, 33)}, (0, 33)),
        ((0, 33), {(0, 0), (0, 38)}, (0, 38)),
        ((0, 33), {(0, 0), (0, 90)}, (0, 0)),
        ((0, 33), {(0, 90), (128, 0)}, (0, 90)),
        ((128, 25), {(0, 0), (128, 0)}, (128, 0)),
        ((128, 0), {(0, 0)}, None),
    ],
)
def test_a_missing_preset_finds_its_nearest(
    wanted: tuple[int, int], have: set[tuple[int, int]], chosen: tuple[int, int] | None
) -> None:
    assert nearest_preset(wanted, frozenset(have)) == chosen


def test_a_fallback_gets_a_word(small_font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fluid.Synth, "_presets", lambda self: frozenset({(0, 0)}))
    stems = render(solo([(0, 480, 60, 90)], 40), small_font)
    assert stems.notices == ("solo: the soundfont has no Violin, Acoustic Grand Piano plays instead",)
    drums = render(solo([(0, 480, 38, 90)], drums=True), small_font)
    assert not drums.audio.any()
    assert "silent" in drums.notices[0]


def test_a_missing_library_names_the_command(band: Score, small_font: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    def not_found(name: str) -> None:
        return None

    monkeypatch.delitem(sys.modules, "fluidsynth", raising=False)
    monkeypatch.setattr("ctypes.util.find_library", not_found)
    monkeypatch.delenv("HOMEBREW_PREFIX", raising=False)
    with pytest.raises(AudioError, match="apt-get install libfluidsynth3"):
        render(band, small_font)
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    with pytest.raises(AudioError, match="pip install pyfluidsynth"):
        render(band, small_font)


def test_a_font_that_is_none_is_named(band: Score, tmp_path: Path, small_font: Path) -> None:
    (tmp_path / "text.sf2").write_text("no soundfont")
    with pytest.raises(AudioError, match=r"text\.sf2: not a soundfont"):
        render(band, tmp_path / "text.sf2")
    cut = tmp_path / "cut.sf2"
    cut.write_bytes(small_font.read_bytes()[:3_000])
    with pytest.raises(AudioError, match=r"cut\.sf2: not a soundfont"):
        render(solo([(0, BEAT, 60, 90)]), cut)
    with pytest.raises(AudioError, match="no such soundfont"):
        render(band, tmp_path / "missing.sf2")


@pytest.mark.parametrize(("changes", "word"), [({"sample_rate": 100}, "sample rate"), ({"tail_s": -1.0}, "tail")])
def test_wrong_numbers_are_named(band: Score, small_font: Path, changes: dict[str, float], word: str) -> None:
    with pytest.raises(AudioError, match=word):
        render(band, small_font, **changes)  # type: ignore[arg-type]


def test_stems_check_their_shape(stems: Stems) -> None:
    with pytest.raises(AudioError, match="shape"):
        replace(stems, audio=stems.audio[:5])


def test_what_the_file_says_of_room_and_chorus_is_kept(small_font: Path) -> None:
    wet = (Event(0, "control_change", (91, 80)), Event(0, "control_change", (93, 127)))
    assert render(solo([(0, 100, 60, 90)], events=wet), small_font).sends_db == ((pytest.approx(6.02, abs=0.01), 0.0),)
    dry = (Event(0, "control_change", (91, 0)),)
    assert render(solo([(0, 100, 60, 90)], events=dry), small_font).sends_db == ((-np.inf, -np.inf),)


def test_version_is_told() -> None:
    assert fluid.version().count(".") == 2


def test_the_default_font_is_found() -> None:
    assert soundfonts.find().is_file()


def test_a_font_whose_name_is_no_utf_8_plays(tmp_path: Path, small_font: Path) -> None:
    font = tmp_path / os.fsdecode(b"f\xff.sf2")
    font.symlink_to(small_font)
    with Synth(font, 1, 44_100) as synth:
        assert synth.presets


@pytest.mark.parametrize("controller", [7, 11])
def test_a_part_that_the_file_keeps_at_no_volume_is_silent(controller: int, small_font: Path) -> None:
    """FluidSynth plays it 96 dB down, and a mix would lift that up to the others."""
    rows = [(beat * BEAT, 400, 60, 90) for beat in range(4)]

    def stem(*values: tuple[int, int]) -> Stems:
        events = tuple(Event(tick, "control_change", (controller, value)) for tick, value in values)
        return render(Score((Part("Pad", rows, 48, events=events),), TempoMap.constant(240)), small_font, tail_s=0.0)

    shut = stem((0, 0))
    assert not shut.audio.any()
    assert shut.notices == ("Pad: the file keeps its volume (controller 7 or 11) at 0, so it is silent",)
    assert stem((0, 0), (BEAT, 100)).audio.any(), "it fades in"
    assert stem((0, 100), (BEAT, 0)).audio.any(), "it fades out"


def test_names_are_fit_for_a_line() -> None:
    names = stem_names((Part("\x1b[31mred\n", role=""), Part("x" * 300), Part("x" * 300), Part("\t")))
    assert names == ("[31mred", "x" * 60, "x" * 60 + " 2", "part 4")
