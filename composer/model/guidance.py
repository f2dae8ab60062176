"""Style strength: the same song heard twice, with its style and without, and the difference turned up or down.

Classifier-free guidance (Ho & Salimans 2022) on logits: strength 0 plays as if no style were named, 1 as trained, above 1
exaggerates what the style changes. Costs a second pass, in a row of its own (`Rows.guided`), so strength 1 never has one.
"""

from __future__ import annotations

from dataclasses import replace

from composer.model.sequence import Brief

STRONGEST = 2.0


def without_style(brief: Brief) -> Brief:
    """The brief with style, groove, reference and example removed: the unconditional pass of guidance."""
    return replace(brief, styles=(), reference=None, example=None)
