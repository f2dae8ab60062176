"""A file that appears whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """An empty file beside `target`, of the same suffix: it replaces `target` when the block ends well, else it is removed.

    It has the rights that the umask leaves a new file, where tempfile's are their owner's alone. Raises OSError.
    """
    scratch = target.with_name(f".{target.stem[:40]}-{secrets.token_hex(4)}{target.suffix}")
    os.close(os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        yield scratch
        os.replace(scratch, target)
    finally:
        scratch.unlink(missing_ok=True)
