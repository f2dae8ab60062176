"""The baseline of the ablation: events as flat tokens, one field a token, through the same trunk and one softmax.

As in REMI (Huang & Yang 2020) a note is Position · Pitch · Duration · Velocity (a drum has no duration, a given note also says whose it
is). Every token is told the chord, the melody, the bar, the controls and the style that the note model is told at that place; what it
has not is the canvas: no features of candidates, no pointers. Its logits come out by field with one more class, "any other
token", so that the same cross-entropy counts the same bits.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from composer.model.canvas import MELODY_FEATURES
from composer.model.config import ModelConfig
from composer.model.network import Batch, Network, State
from composer.model.sequence import BAR, END, GIVEN, NOTE
from composer.vocab import DURATIONS, MAX_POSITIONS, PARTS, PITCHES, VELOCITY_CLASSES

SIZES = {
    "position": MAX_POSITIONS + 1,
    "pitch": PITCHES,
    "duration": len(DURATIONS),
    "velocity": VELOCITY_CLASSES,
    "part": PARTS + 1,
    "bar": 1,
}
FIRST = dict(zip(SIZES, [0, *torch.tensor(list(SIZES.values())).cumsum(0).tolist()], strict=False))
"""Where each field's tokens begin. The last position is END."""
TOKENS = sum(SIZES.values())
UNUSED = (
    *("fields", "head_part", "at_position", "at_chord", "at_melody", "at_pitch", "at_degree", "at_duration"),
    *("to_position", "to_pitch", "to_duration", "to_velocity", "who", "position", "pitch", "duration", "velocity"),
)
"""Layers of the note model that flat tokens do without."""
SLOTS = 5
"""Tokens of one event at most: part, position, pitch, duration, velocity. A bar's and an END's one token is in the second slot."""


def _at(x: Tensor, place: Tensor) -> Tensor:
    """(B, T, e) at (B, S) places: (B, S, e)."""
    return x.gather(1, place[..., None].expand(-1, -1, x.shape[-1]))


class FlatTokens(Network):
    """The note model's trunk and conditions under flat tokens; the same forward as Network's."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        for name in UNUSED:
            delattr(self, name)
        self.token = nn.Embedding(TOKENS, config.embedding)
        nn.init.normal_(self.token.weight, std=0.05)
        self.melody = nn.Linear(MELODY_FEATURES, config.embedding)
        self.mix = nn.Linear(config.width, 2 * config.head)
        self.out = nn.Linear(2 * config.head, TOKENS)

    def forward(self, batch: Batch, state: State | None = None) -> tuple[dict[str, Tensor], State]:
        style = self.style_vector(batch)
        told, there = self._layout(batch)
        rows, events, _ = told.shape
        event = torch.arange(events, device=told.device)[None, :, None].expand_as(told)
        # Bar, part and controls are those of the event that the next token belongs to: column t - 1 of a batch describes event t.
        ends = there & (there.flip(-1).cumsum(-1).flip(-1) == 1)
        column = (event - 1 + ends.long()).clamp(0, events - 2)
        index = there.reshape(rows, -1).cumsum(1).view_as(there) - 1
        slot = torch.arange(SLOTS, device=told.device).expand_as(told)
        tokens, event, column, slot = self._packed([told, event, column, slot], index, there)
        x = self.token(tokens) + self._conditions(batch, event, column, slot, style)
        hidden, state = self.trunk(torch.tanh(x), state)
        scale, shift = self.style_scale(style)[:, None], self.style_shift(style)[:, None]
        hidden = self.norm(hidden) * (1 + scale) + shift
        return self._asked(hidden, index, batch), state

    def _layout(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Tokens of events 0 … T in their slots, (B, T + 1, SLOTS): which they are, and which slots are used."""
        who = torch.cat([batch.who, batch.target_kind[:, -1:] * (PARTS + 1) + batch.target_part[:, -1:]], dim=1)
        kind, part = who // (PARTS + 1), who % (PARTS + 1)
        fields = {
            name: torch.cat([getattr(batch, name), getattr(batch, f"target_{name}")[:, -1:]], 1)
            for name in list(SIZES)[:4]
        }
        note = (kind == GIVEN) | (kind == NOTE)
        position = torch.where(kind == BAR, FIRST["bar"], torch.where(kind == END, MAX_POSITIONS, fields["position"]))
        told = torch.stack(
            [
                part + FIRST["part"],
                position,
                *(fields[name] + FIRST[name] for name in ("pitch", "duration", "velocity")),
            ],
            dim=-1,
        )
        there = torch.stack([kind == GIVEN, torch.ones_like(note), note, note & (part != 1), note], dim=-1)
        return told, there

    def _packed(self, tables: list[Tensor], index: Tensor, there: Tensor) -> list[Tensor]:
        """What the used slots hold, side by side, padded to the longest row: (B, S) each."""
        row = torch.arange(len(there), device=there.device)[:, None, None].expand_as(there)[there]
        out = []
        for table in tables:
            packed = table.new_zeros(len(there), int(index.max()) + 1)
            packed[row, index[there]] = table[there]
            out.append(packed)
        return out

    def _conditions(self, batch: Batch, event: Tensor, column: Tensor, slot: Tensor, style: Tensor) -> Tensor:
        """What each token is told beside itself: (B, S, embedding). Chord and melody are those at its own event's place."""
        chords = torch.cat([batch.input_chord, batch.target_chord[:, -1:]], dim=1)
        melody = torch.cat([torch.zeros_like(batch.target_melody[:, :1]), batch.target_melody], dim=1)
        x = _at(self.chord(chords) + self.melody(melody), event)
        # The degree says the pitch: it is told with the pitch, not before.
        degree = torch.cat([batch.input_degree, torch.full_like(batch.input_degree[:, :1], 12)], dim=1).gather(1, event)
        x = x + self.degree(torch.where(slot >= 2, degree, 12))
        y = self.part(batch.target_part) + self.track(batch.track)
        for i, table in enumerate(self.bars):
            y = y + table(batch.bar[..., i])
        for i, table in enumerate(self.controls):
            y = y + table(batch.controls[..., i])
        return x + _at(y, column) + self.style_in(style)[:, None]

    def _asked(self, hidden: Tensor, index: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Logits by field at the asked events, each from the state before that field's token: (N, classes + 1)."""
        row, column = batch.asked.nonzero(as_tuple=True)
        found = {}
        for slot, name in enumerate(("position", "pitch", "duration", "velocity"), start=1):
            # A slot's index counts the used slots up to it; one less is the token it is predicted from.
            used = index[row, column + 1, slot] - 1
            logits = self.out(torch.nn.functional.silu(self.mix(hidden[row, used.clamp(min=0)]))).float()
            first, size = FIRST[name], SIZES[name]
            mine = torch.zeros(TOKENS, dtype=torch.bool, device=logits.device)
            mine[first : first + size] = True
            other = logits.masked_fill(mine, -torch.inf).logsumexp(dim=1, keepdim=True)
            found[name] = torch.cat([logits[:, mine], other], dim=1)
        return found
