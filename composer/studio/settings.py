"""How a studio is run, as one checked value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from composer.errors import InputError

HOST = "127.0.0.1"
PORT = 8765
LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class StudioSettings:
    """Where the studio keeps its projects, and how much it takes on."""

    folder: Path
    """Everything it writes lies in here."""
    host: str = HOST
    """The address it listens on, and besides this machine's own names the only one it answers to."""
    port: int = PORT
    """0 takes a free one."""
    checkpoint: Path | None = None
    """Other weights than those shipped."""
    soundfont: str | None = None
    """As for `composer render`."""
    upload_bytes: int = 64 << 20
    """The largest request body: a song is a few dozen kilobytes, six minutes of stereo are 64 MB."""
    waiting: int = 8
    """Jobs that may wait behind the one at work, for each worker."""

    def __post_init__(self) -> None:
        if self.host in ("", "0.0.0.0", "::"):
            raise InputError(
                "--host must be one address, not all of them; give this machine's own, such as 192.168.1.5"
            )
        if not 0 <= self.port <= 65_535:
            raise InputError(f"--port must be in range 0..65535, got {self.port}")

    @property
    def names(self) -> frozenset[str]:
        """Host names under which a browser may ask for it. Any other points at a page that had its name rebound to us."""
        return frozenset((*LOCAL_NAMES, self.host.strip("[]").lower()))
