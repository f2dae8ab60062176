"""Listening with numbers: the band on held-out songs, beside the songs' own bands and a shuffled control.

    python benchmarks/music.py PACK [--songs 24] [--bars 16] [--temperature 1] [--min-p 0.03] [--checkpoint DIR]

PACK comes from `python -m composer.training.prepare`. For each held-out excerpt the model gets the melody, the chords and the
style, and writes the parts that the song has. "shuffled" keeps the song's own parts but moves their bars about at random: what a
measure says of it is what chance gives. Nearer to "own band" is better, never simply higher.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from composer.gm import ROLES
from composer.model.checkpoint import load_checkpoint
from composer.model.decoder import Decoder
from composer.model.sampling import Sampling, finish, stream
from composer.model.sequence import Brief, tempo_class
from composer.training.dataset import excerpt
from composer.training.packing import open_pack
from composer.vocab import MAX_POSITIONS, GridSong

DRUMS, BASS = ROLES.index("drums"), ROLES.index("bass")
KICKS = (35, 36)


def beats_of(song: GridSong, notes: np.ndarray) -> np.ndarray:
    """Index of the beat each note begins on."""
    return song.first_beat[notes["bar"]] + notes["position"] // song.beat_length[notes["bar"]]


def measures(song: GridSong, notes: np.ndarray) -> dict[str, float]:
    """What there is to say about one band: every figure a share in 0..1 unless it says otherwise."""
    found: dict[str, float] = {}
    for part in range(1, len(ROLES)):
        mine = notes[notes["part"] == part]
        if not len(mine):
            continue
        role = ROLES[part]
        grids = np.zeros((song.bar_count, MAX_POSITIONS), bool)
        grids[mine["bar"], mine["position"]] = True
        found[f"{role}: notes a bar"] = len(mine) / song.bar_count
        found[f"{role}: empty bars"] = float((~grids.any(axis=1)).mean())
        both, either = (grids[1:] & grids[:-1]).sum(), (grids[1:] | grids[:-1]).sum()
        found[f"{role}: onsets like the bar before"] = float(both / max(either, 1))
        if part == DRUMS:
            found["drums: different instruments"] = float(len(np.unique(mine["pitch"])))
            continue
        beat = beats_of(song, mine)
        known = song.roots[beat] >= 0
        if known.any():
            found[f"{role}: in chord"] = float(song.tones[beat, mine["pitch"] % 12][known].mean())
    bass, drums = notes[notes["part"] == BASS], notes[notes["part"] == DRUMS]
    if len(bass):
        changes = np.flatnonzero(np.diff(song.roots, prepend=-2) != 0)
        beat, pitch_class = beats_of(song, bass), bass["pitch"] % 12
        on_beat = bass["position"] % song.beat_length[bass["bar"]] == 0
        hits = [pitch_class[on_beat & (beat == at)] for at in changes if song.roots[at] >= 0]
        hits = [(at, hit) for at, hit in zip([a for a in changes if song.roots[a] >= 0], hits, strict=True) if len(hit)]
        if hits:
            found["bass: root or slash note on changes"] = float(
                np.mean([(hit == song.roots[at]).any() or (hit == song.basses[at]).any() for at, hit in hits])
            )
    if len(bass) and len(drums):
        kicks = drums[np.isin(drums["pitch"], KICKS)]
        slots = set(zip(bass["bar"].tolist(), bass["position"].tolist(), strict=True))
        if len(kicks):
            found["kick with a bass note"] = float(
                np.mean([slot in slots for slot in zip(kicks["bar"].tolist(), kicks["position"].tolist(), strict=True)])
            )
    return found


def shuffled(song: GridSong, rng: np.random.Generator) -> np.ndarray:
    """The song's own parts, each with its bars in an order of its own."""
    rows = []
    for part in range(1, len(ROLES)):
        mine = song.notes[song.notes["part"] == part].copy()
        mine["bar"] = rng.permutation(song.bar_count)[mine["bar"]]
        rows.append(mine)
    return np.concatenate(rows)


def generated(decoder: Decoder, song: GridSong, sampling: Sampling, rng: np.random.Generator) -> np.ndarray:
    """The model's band for the song's melody, chords, style and tempo."""
    config = decoder.config
    asked = tuple(part for part in range(1, len(ROLES)) if (song.notes["part"] == part).any())
    brief = Brief(
        asked,
        style=config.styles.index(song.style) + 1 if song.style in config.styles else 0,
        groove=config.grooves.index(song.groove) + 1 if song.groove in config.grooves else 0,
        tempo=tempo_class(song.tempo_bpm),
    )
    notes = np.concatenate(list(stream(decoder, song, brief, sampling, rng)))
    return np.concatenate(list(finish(notes, song, brief).values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", type=Path)
    parser.add_argument("--songs", type=int, default=24, help="excerpts of each kind, real and synthetic (default 24)")
    parser.add_argument("--bars", type=int, default=16, help="default 16")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--min-p", type=float, default=Sampling.min_p)
    parser.add_argument("--checkpoint", help="default: the shipped one")
    said = parser.parse_args()
    decoder = Decoder(load_checkpoint(said.checkpoint))
    sampling = Sampling(said.temperature, said.min_p)
    valid = open_pack(said.pack).split("valid")
    for kind in ("real bands", "synthetic band"):
        table: dict[str, dict[str, list[float]]] = {}
        taken = 0
        rng = np.random.default_rng(1)
        for index in np.random.default_rng(0).permutation(len(valid)):
            song = valid[int(index)]
            parts = set(song.notes["part"].tolist())
            synthetic = song.meta["synthetic"] == "True"
            if synthetic != (kind == "synthetic band") or song.bar_count < said.bars or not {DRUMS, BASS} <= parts:
                continue
            start = (song.bar_count - said.bars) // 2
            song = excerpt(song, start, start + said.bars)
            with threadpool_limits(1, "blas"):
                ours = generated(decoder, song, sampling, rng)
            own = song.notes[song.notes["part"] > 0]
            for column, notes in (("own band", own), ("shuffled", shuffled(song, rng)), ("model", ours)):
                for name, value in measures(song, notes).items():
                    table.setdefault(name, {}).setdefault(column, []).append(value)
            taken += 1
            if taken == said.songs:
                break
        print(f"\n{kind}: {taken} held-out excerpts of {said.bars} bars; mean ± standard error")
        print(
            f"| {'measure':36} | {'own band':15} | {'model':15} | {'shuffled':15} |\n|{'-' * 38}|" + f"{'-' * 17}|" * 3
        )
        for name in sorted(table):
            cells = [table[name].get(column, []) for column in ("own band", "model", "shuffled")]
            shown = [f"{np.mean(c):.2f} ± {np.std(c) / max(len(c), 1) ** 0.5:.2f}" if c else "" for c in cells]
            print(f"| {name:36} | {shown[0]:15} | {shown[1]:15} | {shown[2]:15} |")


if __name__ == "__main__":
    main()
