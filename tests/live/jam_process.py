"""A jam as a process, for the tests to kill: python jam_process.py PORT [RECORDING]. Plays the pattern band to a TCP port."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from composer.live.port_names import PortName  # noqa: E402
from composer.live.session import Route, Session, SessionPlan  # noqa: E402
from composer.live.settings import JamSettings  # noqa: E402
from tests.live.band import PatternLeader  # noqa: E402


def say(text: str) -> None:
    """A line for whoever started us."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def make_leader() -> PatternLeader:
    """In the generator's process: its id is told, so that it can be killed."""
    say(f"generator {os.getpid()}")
    return PatternLeader()


def main() -> None:
    def leave(_signal: int, _frame: object) -> None:
        raise SystemExit(143)

    signal.signal(signal.SIGTERM, leave)
    settings = JamSettings(
        parts=("drums", "bass", "piano"),
        tempo_bpm=240,
        count_in_bars=0,
        thru=True,
        chords=("C",) * 4,
        tempo_from="given",
    )
    name = PortName.parse(f"tcp:127.0.0.1:{sys.argv[1]}")
    record = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    plan = SessionPlan(settings, (name,), (Route(name),), record, make_leader=make_leader)
    try:
        with Session(plan, say) as session:
            while not session.wait(0.1):
                pass
    except KeyboardInterrupt:
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
