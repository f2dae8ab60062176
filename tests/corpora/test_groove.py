"""Groove MIDI: drums only, in General MIDI notes, styles by our names."""

from __future__ import annotations

import pytest

from composer.corpora import groove
from composer.errors import InputError
from composer.formats.midi import write_midi
from composer.score import Part, Score
from composer.styles import STYLES

HEADER = "drummer,session,id,style,bpm,beat_type,time_signature,midi_filename,audio_filename,duration,split\n"


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "groove"
    folder.mkdir()
    hits = [
        (bar * 1920 + beat * 480 + 7, 60, pitch, 80) for bar in range(6) for beat, pitch in enumerate((36, 22, 40, 26))
    ]
    write_midi(Score((Part("Drums", hits, is_drum=True),)), folder / "a.mid")
    write_midi(Score((Part("Drums", hits[:6], is_drum=True),)), folder / "short.mid")
    rows = [
        "drummer1,s,drummer1/s/1,jazz/fusion,98,beat,4-4,a.mid,,1,train",
        "drummer1,s,drummer1/s/2,rock,98,fill,4-4,a.mid,,1,train",
        "drummer1,s,drummer1/s/3,rock,98,beat,5-4,a.mid,,1,train",
        "drummer1,s,drummer1/s/4,rock,98,beat,4-4,gone.mid,,1,train",
        "drummer1,s,drummer1/s/5,rock,98,beat,4-4,short.mid,,1,train",
        "drummer2,eval_session,drummer2/eval_session/1,funk/groove1,138,beat,4-4,a.mid,,1,test",
    ]
    (folder / "info.csv").write_text(HEADER + "\n".join(rows) + "\n")
    return tmp_path


def test_beats_are_read_and_the_rest_is_counted(corpus):
    skipped = {}
    first, evaluation = groove.songs(corpus, skipped.__setitem__)
    assert [part.role for part in first.score.parts] == ["drums"]
    assert sorted(set(first.score.parts[0].notes["pitch"].tolist())) == [36, 38, 42, 46]
    assert (first.style, first.groove, first.lane) == ("funk", "jazz/fusion", None)
    assert round(first.score.tempo.bpm_at(0)) == 98
    assert first.score.parts[0].start == 0, "a stroke stands where it was meant to be"
    take = next(groove.takes(corpus))
    assert take.notes["onset"][0] == 7
    assert abs(take.late_s).max() < 0.002, "all are equally late: that is the take's lag, not the drummer's timing"
    assert evaluation.work == "groove/funk/groove1", "all drummers play it: one work"
    assert sorted(skipped.values()) == [
        "a fill by itself",
        "a metre the model does not play",
        "not in this copy",
        "shorter than 4 bars",
    ]


def test_every_label_maps_to_a_style():
    for label in ("rock/halftime", "latin/brazilian-samba", "neworleans/funk", "dance/disco", "jazz/march"):
        assert groove.style_name(label) in STYLES
    assert groove.style_name("middleeastern") == ""


def test_a_missing_index_says_where_to_get_it(tmp_path):
    with pytest.raises(InputError, match=r"corpora/groove/README\.md"):
        list(groove.songs(tmp_path))


def test_rows_that_are_cut_short_or_name_no_tempo_are_counted(corpus):
    rows = ["d,s,d/s/1,rock,fast,beat,4-4,a.mid,,1,train", "d,s,d/s/2,rock,0,beat,4-4,a.mid,,1,train", "d,s,d/s/3,rock"]
    (corpus / "groove" / "info.csv").write_text(HEADER + "\n".join(rows) + "\n")
    skipped = {}
    assert list(groove.songs(corpus, skipped.__setitem__)) == []
    assert list(skipped.values())[:2] == ["no tempo in info.csv"] * 2
    assert len(skipped) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER.replace("bpm,", "").encode(), "lacks the columns bpm; get the corpus again"),
        (b"", "lacks the columns id, style, bpm"),
        (b"\xff\xfe", "cannot be read as a table"),
    ],
)
def test_a_damaged_index_is_told(corpus, content, said):
    (corpus / "groove" / "info.csv").write_bytes(content)
    with pytest.raises(InputError, match=said):
        list(groove.songs(corpus))
