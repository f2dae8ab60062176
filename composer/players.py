"""Who plays what in a finished piece: its tracks as the players the model knows."""

from __future__ import annotations

from dataclasses import replace

from composer.gm import MELODY, ROLES
from composer.melody import MelodyChoice
from composer.score import Part, Score


def with_roles(score: Score, melody: MelodyChoice | None) -> Score:
    """Every part with a role: the melody as chosen, the others as they say, else by name, sound and content."""
    from composer.corpora.roles import role_scores

    parts: list[Part] = []
    for index, part in enumerate(score.parts):
        if melody is not None and index == melody.index:
            role = MELODY
        elif part.role in ROLES and part.role != MELODY:
            role = part.role
        elif not len(part):
            role = ""
        else:
            votes = role_scores(part, score.ticks_per_beat, score.end)
            votes.pop(MELODY)
            role = max(votes, key=lambda name: votes[name])
        parts.append(replace(part, role=role))
    return score.with_parts(parts)


def main_player(score: Score, role: str) -> int | None:
    """Index of the part of a role that plays most notes, None where there is none."""
    candidates = [index for index, part in enumerate(score.parts) if part.role == role]
    return max(candidates, key=lambda index: len(score.parts[index]), default=None)
