"""The network in torch, for training: a trunk that remembers, and a head that writes one note field after another.

The head is autoregressive inside the event: position, then pitch given position, then duration, then velocity. Two of its
fields are scored partly by what each candidate would mean (canvas.position_features, canvas.pitch_features), which is how
parts agree: a bass note can be liked because the kick is there, a pitch because it is the chord's third.
Runtime decoding does not come here; `decoder.py` runs the same weights in numpy.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from composer.model.canvas import CHORD_FEATURES, MELODY_FEATURES, PITCH_FEATURES, POSITION_FEATURES
from composer.model.config import ModelConfig
from composer.model.controls import SIZES
from composer.model.copying import COPY_DURATIONS, COPY_PITCHES, COPY_POSITIONS, COPY_VELOCITIES, TRACKS
from composer.model.sequence import BAR_SIZES, NOTE, TEMPO_CLASSES
from composer.model.style_features import WIDTH
from composer.vocab import DRUM_PART, DURATIONS, MAX_POSITIONS, PARTS, PITCHES, VELOCITY_CLASSES

WHO = 4 * (PARTS + 1)
"""kind × part."""
INTERVALS = 51
"""−24..24 semitones from the part's previous note, clipped; 50 for no previous note."""
FIELDS = ("position", "pitch", "duration", "velocity")

State = list[Tensor]


class Batch(NamedTuple):
    """A Lesson (see sequence.TrainingExample) as tensors, with a batch axis before the events: (B, T, …)."""

    who: Tensor
    position: Tensor
    pitch: Tensor
    duration: Tensor
    velocity: Tensor
    input_degree: Tensor
    input_chord: Tensor
    bar: Tensor
    target_part: Tensor
    controls: Tensor
    track: Tensor
    copy_position: Tensor
    copy_pitch: Tensor
    copy_duration: Tensor
    copy_velocity: Tensor
    asked: Tensor
    target_kind: Tensor
    target_position: Tensor
    target_pitch: Tensor
    target_duration: Tensor
    target_velocity: Tensor
    earliest: Tensor
    previous_pitch: Tensor
    target_root: Tensor
    target_chord: Tensor
    target_melody: Tensor
    bar_length: Tensor
    position_features: Tensor
    pitch_features: Tensor
    style: Tensor
    """(B,)"""
    groove: Tensor
    tempo: Tensor
    reference: Tensor
    """(B, bars, style_features.WIDTH)"""
    reference_bars: Tensor
    """How many of them are there, 0 for no reference. (B,)"""


class LSTMTrunk(nn.Module):
    """Stacked LSTM with dropout between and after its layers.

    The forget bias starts at 1.5, so that what is heard in one bar lasts into the next.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.lstm = nn.LSTM(
            config.embedding,
            config.width,
            config.layers,
            batch_first=True,
            dropout=config.dropout * (config.layers > 1),
        )
        self.dropout = nn.Dropout(config.dropout)
        for name, bias in self.lstm.named_parameters():
            if name.startswith("bias_ih"):
                nn.init.zeros_(bias)
                nn.init.constant_(bias[config.width : 2 * config.width], 1.5)
            elif name.startswith("bias_hh"):
                nn.init.zeros_(bias)

    def forward(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """(B, T, embedding) and [h, c], each (layers, B, width) → (B, T, width) and the state after."""
        hidden, after = self.lstm(x, None if state is None else (state[0], state[1]))
        return self.dropout(hidden), [after[0].detach(), after[1].detach()]


def rotary(length: int, half: int, device: torch.device, offset: int = 0) -> tuple[Tensor, Tensor]:
    """cos and sin of rotary position embedding (Su et al. 2021), each (length, half)."""
    speed = 10000.0 ** (-torch.arange(half, device=device, dtype=torch.float32) / half)
    angle = (torch.arange(length, device=device, dtype=torch.float32) + offset)[:, None] * speed
    return angle.cos(), angle.sin()


class Block(nn.Module):
    """Pre-norm attention and gated MLP."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm_attention = nn.LayerNorm(config.width)
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.norm_mlp = nn.LayerNorm(config.width)
        self.up = nn.Linear(config.width, 4 * config.width)
        self.down = nn.Linear(2 * config.width, config.width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm_attention(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(self._turn(q, cos, sin), self._turn(k, cos, sin), v, is_causal=True)
        x = x + self.dropout(self.out(mixed.transpose(1, 2).reshape(batch, length, width)))
        gate, value = self.up(self.norm_mlp(x)).chunk(2, dim=-1)
        change: Tensor = self.dropout(self.down(F.silu(gate) * value))
        return x + change

    @staticmethod
    def _turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=-1)
        cos, sin = cos.to(x.dtype), sin.to(x.dtype)
        return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


class TransformerTrunk(nn.Module):
    """Decoder-only transformer over the events of one window; it carries no state between windows."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.enter = nn.Linear(config.embedding, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.rotary_half = config.width // config.heads // 2
        for block in self.blocks:
            for layer in (block.out, block.down):
                nn.init.normal_(layer.weight, std=0.02 / math.sqrt(2 * config.layers))  # type: ignore[arg-type, union-attr]

    def forward(self, x: Tensor, state: State | None) -> tuple[Tensor, State]:
        """(B, T, embedding) → (B, T, width); the state is empty."""
        x = self.enter(x)
        cos, sin = rotary(x.shape[1], self.rotary_half, x.device)
        for block in self.blocks:
            x = block(x, cos, sin)
        return x, []


class StyleEncoder(nn.Module):
    """Hears how a reference plays: every bar alone, then their mean, into the style vector's space. No reference adds nothing."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.bar = nn.Linear(WIDTH, config.ear)
        self.mix = nn.Linear(config.ear, config.ear)
        self.out = nn.Linear(config.ear, config.style, bias=False)

    def forward(self, bars: Tensor, count: Tensor) -> Tensor:
        """(B, n, WIDTH) and how many of the n are there (B,) → (B, style)."""
        there = (torch.arange(bars.shape[1], device=bars.device)[None] < count[:, None])[..., None]
        heard = F.silu(self.mix(F.silu(self.bar(bars)))) * there
        mean: Tensor = heard.sum(dim=1) / count.clamp(min=1)[:, None]
        vector: Tensor = self.out(mean) * (count > 0)[:, None]
        return vector


class Network(nn.Module):
    """Event embedding → trunk → style-modulated norm → field heads."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        e, h = config.embedding, config.head
        self.who = nn.Embedding(WHO, e)
        self.position = nn.Embedding(MAX_POSITIONS + 1, e)
        self.pitch = nn.Embedding(PITCHES, e)
        self.degree = nn.Embedding(13, e)
        self.duration = nn.Embedding(len(DURATIONS), e)
        self.velocity = nn.Embedding(VELOCITY_CLASSES, e)
        self.chord = nn.Linear(CHORD_FEATURES, e)
        self.bars = nn.ModuleList(nn.Embedding(size, e) for size in BAR_SIZES)
        self.part = nn.Embedding(PARTS + 1, e)
        self.controls = nn.ModuleList(nn.Embedding(size, e) for size in SIZES)
        self.style = nn.Embedding(len(config.styles) + 1, config.style)
        self.groove = nn.Embedding(len(config.grooves) + 1, config.style)
        self.tempo = nn.Embedding(TEMPO_CLASSES, config.style)
        self.track = nn.Embedding(TRACKS, e)
        self.ear = StyleEncoder(config)
        self.style_in = nn.Linear(config.style, e)
        self.trunk = LSTMTrunk(config) if config.trunk == "lstm" else TransformerTrunk(config)
        self.norm = nn.LayerNorm(config.width)
        self.style_scale = nn.Linear(config.style, config.width)
        self.style_shift = nn.Linear(config.style, config.width)
        self.fields = nn.Linear(config.width, 4 * h)
        self.head_part = nn.Embedding(PARTS + 1, 4 * h)
        self.at_position = nn.Embedding(MAX_POSITIONS, 3 * h)
        self.at_chord = nn.Linear(CHORD_FEATURES, 3 * h, bias=False)
        self.at_melody = nn.Linear(MELODY_FEATURES, 3 * h, bias=False)
        self.at_pitch = nn.Embedding(PITCHES, 2 * h)
        self.at_degree = nn.Embedding(13, 2 * h)
        self.at_duration = nn.Embedding(len(DURATIONS), h)
        self.to_position = nn.Linear(h, MAX_POSITIONS + 1 + POSITION_FEATURES + COPY_POSITIONS)
        self.to_pitch = nn.Linear(h, PITCHES + 12 + INTERVALS + PITCH_FEATURES + COPY_PITCHES)
        self.to_duration = nn.Linear(h, len(DURATIONS) + COPY_DURATIONS)
        self.to_velocity = nn.Linear(h, VELOCITY_CLASSES + COPY_VELOCITIES)
        for name, parameter in self.named_parameters():
            if isinstance(self.get_submodule(name.rsplit(".", 1)[0]), nn.Embedding):
                nn.init.normal_(parameter, std=0.05)

    def style_vector(self, batch: Batch) -> Tensor:
        """(B, style): name + groove + tempo + what is heard in the reference."""
        named = self.style(batch.style) + self.groove(batch.groove) + self.tempo(batch.tempo)
        return torch.tanh(named + self.ear(batch.reference, batch.reference_bars))

    def remember(self, batch: Batch, style: Tensor, state: State | None) -> tuple[Tensor, State]:
        """The trunk over a batch: (B, T, width), modulated by style, and the state after."""
        x = (
            self.who(batch.who)
            + self.position(batch.position)
            + self.pitch(batch.pitch)
            + self.degree(batch.input_degree)
        )
        x = x + self.duration(batch.duration) + self.velocity(batch.velocity) + self.chord(batch.input_chord)
        for i, table in enumerate(self.bars):
            x = x + table(batch.bar[..., i])
        x = x + self.part(batch.target_part) + self.track(batch.track)
        for i, table in enumerate(self.controls):
            x = x + table(batch.controls[..., i])
        x = torch.tanh(x + self.style_in(style)[:, None])
        hidden, state = self.trunk(x, state)
        scale, shift = self.style_scale(style)[:, None], self.style_shift(style)[:, None]
        return self.norm(hidden) * (1 + scale) + shift, state

    def forward(self, batch: Batch, state: State | None = None) -> tuple[dict[str, Tensor], State]:
        """Logits of every field at the asked events, teacher-forced: (N, classes) each; N asked events in batch order."""
        style = self.style_vector(batch)
        hidden, state = self.remember(batch, style, state)
        asked = batch.asked
        part = batch.target_part[asked]
        base = self.fields(hidden[asked]) + self.head_part(part)
        h = self.config.head
        for_position, for_pitch, for_duration, for_velocity = base.split(h, dim=-1)
        position, pitch = batch.target_position[asked].clamp(max=MAX_POSITIONS - 1), batch.target_pitch[asked]
        root = batch.target_root[asked]
        here = (
            self.at_position(position)
            + self.at_chord(batch.target_chord[asked])
            + self.at_melody(batch.target_melody[asked])
        )
        degree = torch.where(root >= 0, (pitch - root) % 12, 12)
        note = self.at_pitch(pitch) + self.at_degree(degree)
        for_pitch = for_pitch + here[:, :h]
        for_duration = for_duration + here[:, h : 2 * h] + note[:, :h]
        for_velocity = for_velocity + here[:, 2 * h :] + note[:, h:] + self.at_duration(batch.target_duration[asked])
        return {
            "position": self.score_positions(F.silu(for_position), batch, asked),
            "pitch": self.score_pitches(F.silu(for_pitch), batch, asked),
            "duration": _point(self.to_duration(F.silu(for_duration)), batch.copy_duration[asked]),
            "velocity": _point(self.to_velocity(F.silu(for_velocity)), batch.copy_velocity[asked]),
        }, state

    def score_positions(self, hidden: Tensor, batch: Batch, asked: Tensor) -> Tensor:
        """(N, h) → (N, P + 1); positions before the part's last note or past the bar are ruled out."""
        out = self.to_position(hidden)
        logits, likes, copies = out.split([MAX_POSITIONS + 1, POSITION_FEATURES, COPY_POSITIONS], dim=-1)
        logits = _point(torch.cat([logits, copies], dim=1), batch.copy_position[asked])
        scored = (batch.position_features[asked].to(likes.dtype) @ likes[:, :, None]).squeeze(-1).float()
        candidates = torch.arange(MAX_POSITIONS, device=hidden.device)[None]
        ruled_out = (candidates < batch.earliest[asked][:, None]) | (candidates >= batch.bar_length[asked][:, None])
        return torch.cat([(logits[:, :-1] + scored).masked_fill(ruled_out, -1e9), logits[:, -1:]], dim=1)

    def score_pitches(self, hidden: Tensor, batch: Batch, asked: Tensor) -> Tensor:
        """(N, h) → (N, Q): by absolute pitch, by degree of the chord, by interval, and by what the pitch would be."""
        out = self.to_pitch(hidden)
        logits, by_degree, by_interval, likes, copies = out.split(
            [PITCHES, 12, INTERVALS, PITCH_FEATURES, COPY_PITCHES], dim=-1
        )
        logits = _point(torch.cat([logits, copies], dim=1), batch.copy_pitch[asked])
        pitch = torch.arange(PITCHES, device=hidden.device)[None]
        root, previous = batch.target_root[asked][:, None], batch.previous_pitch[asked][:, None]
        degrees = by_degree.gather(1, (pitch - root) % 12) * (root >= 0)
        interval = torch.where(previous >= 0, (pitch - previous).clamp(-24, 24) + 24, INTERVALS - 1)
        scored = (batch.pitch_features[asked].to(likes.dtype) @ likes[:, :, None]).squeeze(-1)
        total: Tensor = logits + degrees + by_interval.gather(1, interval) + scored
        return total.float()


def _point(out: Tensor, pointed: Tensor) -> Tensor:
    """(N, classes + pointers) → (N, classes): each pointer's weight goes to the class it points at, (N, pointers), if any."""
    classes = out.shape[1] - pointed.shape[1]
    logits, weights = out.float()[:, :classes], out.float()[:, classes:]
    return logits.scatter_add(1, pointed.clamp(min=0), weights * (pointed >= 0))


def field_losses(logits: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """Cross-entropy in nats of every field at the asked events, (N,) each, 0 where the field does not apply (END; drum length)."""
    asked = batch.asked
    is_note = (batch.target_kind[asked] == NOTE).float()
    pitched = is_note * (batch.target_part[asked] != DRUM_PART)
    return {
        "position": F.cross_entropy(logits["position"], batch.target_position[asked], reduction="none"),
        "pitch": F.cross_entropy(logits["pitch"], batch.target_pitch[asked], reduction="none") * is_note,
        "duration": F.cross_entropy(logits["duration"].float(), batch.target_duration[asked], reduction="none")
        * pitched,
        "velocity": F.cross_entropy(logits["velocity"].float(), batch.target_velocity[asked], reduction="none")
        * is_note,
    }
