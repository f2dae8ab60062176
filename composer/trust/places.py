"""Where a user's keys and the register of models are kept: the platform's folder for a program's data."""

from __future__ import annotations

import os
from pathlib import Path

from composer.errors import OutputError


def user_folder() -> Path:
    """composer/ in XDG_DATA_HOME (default ~/.local/share), where soundfonts are kept too."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "composer"


def write_file(path: Path, content: bytes, private: bool = False) -> None:
    """Write a file whole or not at all; a private one can be read by its owner only. Raises OutputError."""
    import tempfile

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes a file that only its owner can read.
        handle, staged = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            if not private:
                os.chmod(staged, 0o644)
            os.replace(staged, path)
        except BaseException:
            os.unlink(staged)
            raise
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another place") from None
