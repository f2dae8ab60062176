"""ABC's fields inside a tune (K:, L:, M:, Q:), so written that music21 reads them: none inline, and not the first after a bar line."""

from __future__ import annotations

import re

_INLINE = re.compile(r"\[\s*([KLMQ]:[^\]\n]*)\]")
_LINE = re.compile(r"(?m)^[KLMQ]:.*$")


def on_lines(text: str) -> str:
    """The same tunes with inline fields on lines of their own, and those in a tune's body said twice.

    >>> on_lines("M:4/4\\nK:C\\nCDEF|[M:3/4]GAG|")
    'M:4/4\\nK:C\\nCDEF|\\nM:3/4\\nM:3/4\\nGAG|'
    """
    tunes = re.split(r"(?m)^(?=X:)", text)
    return "".join(_body_on_lines(tune) for tune in tunes)


def _body_on_lines(tune: str) -> str:
    key = re.search(r"(?m)^K:.*\n?", tune)
    if key is None:
        return tune
    head, body = tune[: key.end()], tune[key.end() :]
    body = _INLINE.sub(lambda field: f"\n{field[1].rstrip()}\n", body)
    return head + _LINE.sub(lambda field: f"{field[0]}\n{field[0]}", body)
