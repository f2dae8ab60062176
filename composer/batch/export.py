"""A corpus in the layouts that others read: plain MIDI, MidiTok, MusPy, Hugging Face datasets, and our own trainer's pack."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from composer.batch.corpus import Corpus
from composer.batch.split import sides
from composer.corpora.splits import SPLITS
from composer.errors import InputError
from composer.formats import read_midi
from composer.output import staging
from composer.score import Score

ROWS = 1000
"""Pieces in a file of a Hugging Face dataset, and so in memory at once."""
Writer = Callable[[Corpus, dict[str, str], Path], None]


def export(corpus: Corpus, layout: str, out: Path, shares: Sequence[float], force: bool) -> dict[str, int]:
    """Write the kept pieces in a layout of LAYOUTS; returns how many of each side. Raises InputError, OutputError."""
    if layout not in LAYOUTS:
        raise InputError(f"--to: no layout {layout!r}; choose from: {', '.join(LAYOUTS)}")
    side = sides(corpus, shares)
    if not side:
        raise InputError("this corpus has no pieces to export")
    names, write = LAYOUTS[layout]
    with staging(out, names, force) as folder:
        write(corpus, side, folder)
    return {name: list(side.values()).count(name) for name in SPLITS}


def _midi(corpus: Corpus, side: dict[str, str], folder: Path) -> None:
    """midi/ID.mid and metadata.csv."""
    (folder / "midi").mkdir()
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        table: csv.DictWriter[str] | None = None
        for row, data in corpus.music():
            (folder / "midi" / f"{row['id']}.mid").write_bytes(data)
            told = {"file": f"midi/{row['id']}.mid", "split": side[row["id"]]} | {
                name: " ".join(value) if isinstance(value, list) else value
                for name, value in row.items()
                if name not in ("file", "member", "status", "reason")
            }
            if table is None:
                table = csv.DictWriter(file, list(told))
                table.writeheader()
            table.writerow(told)


def _miditok(corpus: Corpus, side: dict[str, str], folder: Path) -> None:
    """midis/SPLIT/ID.mid: `DatasetMIDI(files_paths=list(Path("midis/train").glob("*.mid")), …)` takes it."""
    for name in SPLITS:
        (folder / "midis" / name).mkdir(parents=True)
    for row, data in corpus.music():
        (folder / "midis" / side[row["id"]] / f"{row['id']}.mid").write_bytes(data)
    _write_labels(corpus, side, folder / "labels.json")


def _write_labels(corpus: Corpus, side: dict[str, str], path: Path) -> None:
    """Style of every piece and the table of styles, for classifiers."""
    styles = sorted({row["style"] for row in corpus.kept()})
    pieces = {
        row["id"]: {"split": side[row["id"]], "style": row["style"], "label": styles.index(row["style"])}
        for row in corpus.kept()
    }
    path.write_text(json.dumps({"styles": styles, "pieces": pieces}, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _muspy(corpus: Corpus, side: dict[str, str], folder: Path) -> None:
    """_converted/N.json and .muspy.success: `muspy.MusicDataset("…/_converted")` takes it; splits.json says which is where."""
    (folder / "_converted").mkdir()
    places: dict[str, list[int]] = {name: [] for name in SPLITS}
    for number, (row, data) in enumerate(corpus.music()):
        music = muspy_of(read_midi(data), row)
        (folder / "_converted" / f"{number:06d}.json").write_text(json.dumps(music, ensure_ascii=False), "utf-8")
        places[side[row["id"]]].append(number)
    (folder / "_converted" / ".muspy.success").touch()
    (folder / "splits.json").write_text(json.dumps(places) + "\n", "utf-8")


def muspy_of(score: Score, row: dict[str, Any]) -> dict[str, Any]:
    """A score as MusPy's JSON (schema 0.2)."""
    bars = score.bars()
    return {
        "metadata": {
            "schema_version": "0.2", "title": score.title, "creators": [row["model"]], "copyright": row["licence"],
            "collection": "composer", "source_filename": f"{row['id']}.mid", "source_format": "midi",
        },
        "resolution": score.ticks_per_beat,
        "tempos": [{"time": tick, "qpm": 6e7 / pace_us} for tick, pace_us in score.tempo.changes],
        "key_signatures": [],
        "time_signatures": [
            {"time": tick, "numerator": numerator, "denominator": denominator} for tick, numerator, denominator in score.meter.changes
        ],
        "barlines": [{"time": bar.start} for bar in bars],
        "beats": [{"time": int(tick)} for bar in bars for tick in bar.beat_starts()],
        "lyrics": [],
        "annotations": [{"time": tick, "annotation": symbol, "group": "chord"} for tick, symbol in score.chords],
        "tracks": [
            {
                "program": part.program, "is_drum": part.is_drum, "name": part.role or part.name,
                "notes": [
                    {"time": onset, "pitch": pitch, "duration": duration, "velocity": velocity}
                    for onset, duration, pitch, velocity in part.notes.tolist()
                ],
                "chords": [], "lyrics": [], "annotations": [],
            }
            for part in score.parts
        ],
    }  # fmt: skip


def _datasets(corpus: Corpus, side: dict[str, str], folder: Path) -> None:
    """data/SPLIT-00000.parquet with the MIDI bytes in a column, and a README: `datasets.load_dataset(folder)` takes it."""
    from composer.batch.manifest import Rows

    (folder / "data").mkdir()
    rows = {name: Rows(folder / "data", name, ROWS) for name in SPLITS if name in side.values()}
    for row, data in corpus.music():
        rows[side[row["id"]]].add(row, data)
    for one in rows.values():
        one.close()
    splits = "".join(
        f"  - split: {'validation' if name == 'valid' else name}\n    path: data/{name}-*.parquet\n" for name in rows
    )
    head = f"---\npretty_name: {corpus.name}\ntags:\n- music\n- midi\n- synthetic\n"
    head += f"configs:\n- config_name: default\n  data_files:\n{splits}---\n"
    told = f"# {corpus.name}\n\n{len(side)} pieces made by composer. Column `midi` holds the file; the others are those of the manifest.\n"
    (folder / "README.md").write_text(head + told, "utf-8")


def _pack(corpus: Corpus, side: dict[str, str], folder: Path) -> None:
    """songs.npz: `composer train songs.npz` takes it."""
    from composer.batch.packing import pack_corpus

    pack_corpus(corpus, folder / "songs.npz", side)


LAYOUTS: dict[str, tuple[tuple[str, ...], Writer]] = {
    "midi": (("midi", "metadata.csv"), _midi),
    "miditok": (("midis", "labels.json"), _miditok),
    "muspy": (("_converted", "splits.json"), _muspy),
    "datasets": (("data", "README.md"), _datasets),
    "pack": (("songs.npz",), _pack),
}
"""Layout → (what it writes, how)."""
