"""What `composer inspect` reports of a score: parts, bars, key, melody, chords, problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from composer import formats, gm
from composer.errors import ComposerError
from composer.score import Part, Score, struck_once
from composer.timing import has_pickup
from composer.wording import counted

Report = dict[str, Any]
MIDI_TYPES = ("one track", "several tracks", "several songs")


def inspect(score: Score, path: Path | None = None, melody: str | None = None) -> Report:
    """Everything worth knowing before arranging `score`, as plain values for JSON. `melody` names the part to take."""
    from composer.harmony.key import find_key
    from composer.harmony.metre import check_metre

    problems = [*score.problems]
    bars = score.bars() if score.end else ()
    report: Report = {
        "title": score.title,
        "file": path.name if path else "",
        "format": _format(path) if path else "",
        "ticks_per_beat": score.ticks_per_beat,
        "bars": len(bars) - has_pickup(bars),
        "pickup": has_pickup(bars),
        "seconds": round(score.duration_s, 2),
        "tempo_bpm": _changes(score, [(tick, round(60e6 / tempo_us, 2)) for tick, tempo_us in score.tempo.changes]),
        "metre": _changes(score, [(tick, f"{over}/{under}") for tick, over, under in score.meter.changes]),
        "key_signature": score.key,
        "key": None,
        "key_confidence": None,
        "parts": [_part(score, number, part) for number, part in enumerate(score.parts, 1)],
        "melody": None,
        "chords": None,
        "chords_from": "",
    }
    if any(len(part) and not part.is_drum for part in score.parts):
        key, confidence = find_key(score)
        report |= {"key": key.name, "key_confidence": round(float(confidence), 2)}
        problems += check_metre(score)
    report |= _melody_and_chords(score, melody, problems)
    return report | {"problems": problems}


def _melody_and_chords(score: Score, wanted: str | None, problems: list[str]) -> Report:
    from composer.arrange import find_lane
    from composer.harmony.infer import chords_from_notes
    from composer.melody import find_melody
    from composer.planning import all_bars

    found: Report = {}
    bars = score.bars()
    try:
        choice = find_melody(score, wanted)
    except ComposerError as error:
        if wanted is not None:
            raise
        problems.append(f"no melody: {error}")
        if any(len(part) and not part.is_drum for part in score.parts):
            found["chords"] = chords_from_notes(score).chart(bars, bars_per_line=4).splitlines()
            found["chords_from"] = "inferred from the notes"
        return found
    found["melody"] = {"number": choice.index + 1, "name": choice.part.name, "why": choice.why}
    try:
        lane, source = find_lane(score, choice.part, None)
    except ComposerError as error:
        problems.append(f"no chords: {error}")
        return found
    chart = lane.chart(all_bars(score, choice.part), bars_per_line=4)
    return found | {"chords": chart.splitlines(), "chords_from": source}


def _format(path: Path) -> str:
    if formats.is_recording(path):
        return "recording, as transcribed"
    if path.suffix.lower() in (".musicxml", ".xml", ".mxl"):
        return "MusicXML"
    if path.suffix.lower() == ".abc":
        return "ABC"
    head = path.read_bytes()[:10]
    kind = int.from_bytes(head[8:10], "big") if head[:4] == b"MThd" else -1
    return f"MIDI type {kind}: {MIDI_TYPES[kind]}" if 0 <= kind < len(MIDI_TYPES) else "MIDI"


def _changes(score: Score, changes: list[tuple[int, Any]]) -> list[Report]:
    return [{"value": value, "at": score.meter.position(tick)} for tick, value in changes]


def _part(score: Score, number: int, part: Part) -> Report:
    pitches = part.notes["pitch"]
    sounding = len(part) > 0 and not part.is_drum
    return {
        "number": number,
        "name": part.name,
        "role": part.role or ("drums" if part.is_drum else gm.family(part.program)),
        "program": part.program,
        "sound": "Drum Kit" if part.is_drum else gm.PROGRAM_NAMES[part.program],
        "notes": len(part),
        "low": gm.pitch_name(int(pitches.min())) if sounding else "",
        "high": gm.pitch_name(int(pitches.max())) if sounding else "",
        "polyphony": polyphony(part),
        "starts": score.meter.position(part.start) if len(part) else "",
    }


def polyphony(part: Part) -> int:
    """The most notes that sound at once; a note that begins where another ends does not count as together, nor one struck twice."""
    if not len(part):
        return 0
    notes = struck_once(part.notes)
    onsets = notes["onset"].astype(np.int64)
    ends = np.sort(onsets + np.maximum(notes["duration"], 1))
    ended_before = np.searchsorted(ends, onsets, side="right")
    begun = np.searchsorted(onsets, onsets, side="right")
    return int((begun - ended_before).max())


def as_text(report: Report) -> str:
    """The report for people."""
    minutes, seconds = divmod(round(report["seconds"], 1), 60)
    lines = [
        f"{report['file'] or 'score'}: {report['title'] or 'untitled'}",
        f"  format   {report['format']}, {report['ticks_per_beat']} ticks a quarter note",
        f"  length   {counted(report['bars'], 'bar')}{' and a pick-up' * report['pickup']}, {int(minutes)}:{seconds:04.1f}",
        f"  tempo    {_shown(report['tempo_bpm'])} BPM",
        f"  metre    {_shown(report['metre'])}",
        f"  key      {_key(report)}",
        "",
        f"  {'part':<22}{'role':<11}{'sound':<22}{'notes':>6}  {'range':<9}{'at once':>7}",
    ]
    for part in report["parts"]:
        name = f"{part['number']} {part['name']}"
        reach = f"{part['low']}–{part['high']}" if part["low"] else "–"
        lines.append(
            f"  {name[:21]:<22}{part['role'][:10]:<11}{part['sound'][:21]:<22}{part['notes']:>6}  {reach:<9}"
            f"{part['polyphony']:>7}"
        )
    melody = report["melody"]
    lines += [
        "",
        f"  melody   {melody['number']} {melody['name']}: {melody['why']}" if melody else "  melody   none found",
    ]
    if report["chords"]:
        lines += [f"  chords   {report['chords_from']}:", *(f"    {line}" for line in report["chords"])]
    lines += [f"  problem  {sentence}" for sentence in report["problems"]]
    return "\n".join(lines)


def _shown(changes: list[Report], most: int = 4) -> str:
    first = f"{changes[0]['value']:g}" if isinstance(changes[0]["value"], float) else str(changes[0]["value"])
    rest = [f"{change['value']} from {change['at']}" for change in changes[1:most]]
    more = [f"and {len(changes) - most} more changes"] if len(changes) > most else []
    return ", ".join([first, *rest, *more])


def _key(report: Report) -> str:
    given = f"; the file says {report['key_signature']}" if report["key_signature"] else ""
    return f"{report['key']} (confidence {report['key_confidence']:.2f}){given}" if report["key"] else f"unknown{given}"
