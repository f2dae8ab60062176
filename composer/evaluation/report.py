"""The evaluation as a page to read: tables in Markdown from the same values as the JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from composer.evaluation.excerpts import KINDS
from composer.evaluation.measures import FAMILIES
from composer.evaluation.systems import SYSTEMS

INTRO = """# How the bands compare

Every system plays the same bars of held-out songs: the song's melody and chords are given, the parts are those the song has.
Figures are means over songs, with 95 % bootstrap intervals over songs in brackets. **Nearer to "own" is better, never
simply higher.** ✓ marks a figure of ours that lies inside the own bands' interval."""


def markdown(result: Mapping[str, Any], pictures: list[str]) -> str:
    """The whole report."""
    return "\n".join(_lines(result, pictures)) + "\n"


def _lines(result: Mapping[str, Any], pictures: list[str]) -> Iterator[str]:
    yield INTRO
    yield ""
    about = result["about"]
    yield (
        f"Songs from {about['source']} ({about['split']}), seed {about['seed']}, checkpoint {about['checkpoint']};"
        f" {about['bars']} bars an excerpt, {about['bars_around']} more on either side played and not measured."
    )
    for line in about["left_out"]:
        yield f"\nLeft out: {line}"
    yield ""
    for system in about["systems"]:
        yield f"- **{system}**: {SYSTEMS[system]}"
    for kind, told in result["kinds"].items():
        yield from _kind(kind, told, about["takes"], pictures)
    if result.get("originality"):
        yield from _originality(result["originality"])
    if result.get("style"):
        yield from _style(result["style"], pictures)


def _kind(kind: str, told: Mapping[str, Any], takes: int, pictures: list[str]) -> Iterator[str]:
    yield f"\n## {KINDS[kind][0].upper()}{KINDS[kind][1:]}\n"
    often = f", each played {takes} times with different random seeds" if takes > 1 else ""
    yield f"{told['songs']} songs, {told['excerpts']} excerpts{often}."
    if kind == "bands":
        yield "Their chords were inferred from these very bands by template matching, which favours the own bands' harmony."
    for why, count in told["left_out"].items():
        yield f"\nNot played: {why} ({count})"
    if told["inside"]:
        shares = ", ".join(f"{family} {right} of {count}" for family, (right, count) in told["inside"].items())
        yield f"\nOurs inside the own bands' interval: {shares}.\n"
    systems = list(next(iter(told["figures"].values()))["systems"]) if told["figures"] else []
    for family, about in FAMILIES.items():
        rows = {name: row for name, row in told["figures"].items() if row["family"] == family}
        if not rows:
            continue
        yield f"\n### {family.capitalize()}: {about}\n"
        yield f"| | {' | '.join(systems)} |\n|---|{'---|' * len(systems)}"
        for name, row in rows.items():
            cells = [_cell(row["systems"][system]) + _mark(row["systems"], system) for system in systems]
            yield f"| {name} | {' | '.join(cells)} |"
        yield from _picture(f"{kind}-{family}.png", pictures)
    if told["told_apart"]:
        yield from _told_apart(kind, told["told_apart"], pictures)
    if told["nearness"]:
        yield from _nearness(kind, told["nearness"], pictures)


def _told_apart(kind: str, told: Mapping[str, Any], pictures: list[str]) -> Iterator[str]:
    yield "\n### Two-sample test against the songs' own bands, eight bars at a time (AUC)\n"
    yield "0.5 is chance, 1.0 always told apart, by a classifier that never saw the song; from all figures, and from each family alone.\n"
    yield f"| | everything | {' | '.join(FAMILIES)} |\n|---|---|{'---|' * len(FAMILIES)}"
    for system, one in told.items():
        cells = [_cell(one["by_family"].get(family)) for family in FAMILIES]
        yield f"| {system} | **{_cell(one['auc'])}** | {' | '.join(cells)} |"
    for system, one in told.items():
        if system != "ours" or not one["telling"]:
            continue
        yield "\nThe single figures that give ours away most:\n"
        yield "| figure of eight bars | AUC alone | own | ours |\n|---|---|---|---|"
        for row in one["telling"]:
            yield f"| {row['figure']} | {max(row['auc'], 1 - row['auc']):.2f} | {row['own']:.2f} | {row[system]:.2f} |"
    yield from _picture(f"{kind}-told-apart.png", pictures)


def _nearness(kind: str, near: Mapping[str, Any], pictures: list[str]) -> Iterator[str]:
    systems = list(dict.fromkeys(system for one in near.values() for system in one["systems"]))
    yield "\n### Distances of note distributions from the own bands'\n"
    yield "Overlap of distributions (1 is the same) and, after the slash, the earth mover's distance (0 is the same).\n"
    yield f"| | halves of own | {' | '.join(systems)} |\n|---|---|{'---|' * len(systems)}"
    for habit, one in near.items():
        cells = []
        for system in systems:
            found = one["systems"].get(system)
            moved = f" / {found['wasserstein']['value']:.2f}" if found and found["wasserstein"] else ""
            cells.append(f"{found['overlap']['value']:.2f}{moved}" if found else "")
        yield f"| {habit} | {_plain(one['halves_of_own'])} | {' | '.join(cells)} |"
    yield from _picture(f"{kind}-nearness.png", pictures)


def _originality(told: Mapping[str, Any]) -> Iterator[str]:
    yield "\n## Originality\n"
    yield "The longest run of notes, in any key, that a band shares with a song of the training set (median and maximum over excerpts),"
    yield "and how many of its runs of 17 notes occur in it. Runs under nine notes count as eight. The own bands show what is usual.\n"
    systems = list(dict.fromkeys(s for kinds in told.values() for parts in kinds.values() for s in parts))
    yield f"| | {' | '.join(systems)} |\n|---|{'---|' * len(systems)}"
    for kind, parts in told.items():
        for what, row in parts.items():
            cells = []
            for system in systems:
                one = row.get(system)
                known = one and one["median_longest_run"] is not None
                share = (
                    f", {one['share_of_16_step_runs']:.0%}"
                    if known and one["share_of_16_step_runs"] is not None
                    else ""
                )
                cells.append(f"{one['median_longest_run']:.0f}, {one['longest_run']}{share}" if known else "")
            if any(cells):
                yield f"| {kind}: {what} | {' | '.join(cells)} |"


def _style(style: Mapping[str, Any], pictures: list[str]) -> Iterator[str]:
    yield "\n## Style asked for, content kept\n"
    yield (
        f"A classifier that hears only how the band plays recognises {_plain(style['ceiling'])} of {style['held_out_songs']}"
        f" held-out songs' own bands (mean over {len(style['styles'])} styles): the ceiling. Most of those are synthetic, in grooves"
        " that the training songs share."
    )
    yield "\n| | recognised | of the ceiling | chords kept | notes in the chord | melody untouched | arrangements |"
    yield "|---|---|---|---|---|---|---|"
    for name, row in style["systems"].items():
        touched = {True: "yes", False: "**no**", None: ""}[row["melody_untouched"]]
        yield (
            f"| {name} | {_cell(row['accuracy'])} | {_plain(row['of_ceiling'])} | {_cell(row['chords_kept'])} |"
            f" {_cell(row['in_chord'])} | {touched} | {row['arrangements']} |"
        )
    for name, row in style["systems"].items():
        wrong = [
            f"{one} ({share:.0%}, taken for {row['taken_for'][one]})"
            for one, share in row["per_style"].items()
            if share < 0.5 and row["taken_for"][one] != one
        ]
        if wrong:
            yield f"\n{name} is seldom recognised in: {', '.join(wrong)}."
    yield from _picture("style.png", pictures)


def _picture(name: str, pictures: list[str]) -> Iterator[str]:
    if name in pictures:
        yield f"\n![{name.removesuffix('.png').replace('-', ' ')}]({name})"


def _cell(one: Mapping[str, Any] | None) -> str:
    if not one or one["value"] is None:
        return ""
    return f"{one['value']:.2f} ({_plain(one['low'])}–{_plain(one['high'])})"


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _mark(systems: Mapping[str, Any], system: str) -> str:
    own, mine = systems.get("own"), systems[system]
    if system != "ours" or not own or own["low"] is None or mine["value"] is None:
        return ""
    return " ✓" if own["low"] <= mine["value"] <= own["high"] else ""
