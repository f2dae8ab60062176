"""The music21 corpus: only what names an open licence."""

from __future__ import annotations

import pytest

from composer.corpora import music21_corpus
from composer.corpora.music21_corpus import licence_of


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("most uses allowed for free (CC-SA-BY).", "CC-BY-SA"),
        ("freely distributed under a CC-BY-SA 3.0 license", "CC-BY-SA"),
        ("© 2014, Creative Commons License (CC-BY)", "CC-BY"),
        ("Released to Public Domain in 1998", "public domain"),
        ("under the terms of the GNU General Public License", "GPL-2.0-or-later"),
        ("Rights to all derivative electronic formats reserved. Public domain edition", ""),
        ("CC-BY-NC 4.0", ""),
        ("Copyright ©", ""),
    ],
)
def test_licences(text, licence):
    assert licence_of(text) == licence


SHEET = """<score-partwise><identification><rights>{rights}</rights></identification>
<part-list><score-part id="P1"><part-name>Solo</part-name></score-part>
<score-part id="P2"><part-name>Piano</part-name></score-part></part-list>
{parts}</score-partwise>"""
BAR = """<measure number="{n}"><attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>
{notes}</measure>"""
NOTE = "<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>1</duration></note>"


def sheet(rights):
    parts = []
    for part, octave in (("P1", 5), ("P2", 3)):
        bars = [
            BAR.format(n=n, notes="".join(NOTE.format(step="CDEFGAB"[(n + k) % 7], octave=octave) for k in range(4)))
            for n in range(12)
        ]
        parts.append(f'<part id="{part}">{"".join(bars)}</part>')
    return SHEET.format(rights=rights, parts="".join(parts))


def test_only_open_works_are_read_and_others_are_counted(tmp_path):
    root = tmp_path / "music21"
    (root / "folk").mkdir(parents=True)
    (root / "open.musicxml").write_text(sheet("CC0"))
    (root / "silent.musicxml").write_text(sheet(""))
    (root / "closed.musicxml").write_text(sheet("All rights reserved"))
    (root / "folk" / "tune.musicxml").write_text(sheet("CC0"))
    (root / "folk" / "license.txt").write_text("for non-commercial use")
    skipped = {}
    (song,) = music21_corpus.songs(tmp_path, skipped.__setitem__)
    assert (song.id, song.licence) == ("music21/open", "CC0-1.0")
    assert [(part.role, len(part)) for part in song.score.parts] == [("melody", 48), ("piano", 48)]
    assert skipped == {
        "music21/silent": "names no licence",
        "music21/closed": "rights reserved",
        "music21/folk/tune": "its folder's licence forbids commercial use",
    }


def test_the_installed_package_s_corpus_is_found(tmp_path):
    assert (music21_corpus.folder(tmp_path) / "license.txt").is_file()
