"""What can go wrong, as one tree.

    ComposerError                 anything a user can cause and a user can mend; never a traceback
    ├── InputError                a file or an argument that cannot be used as it is
    │   ├── MusicFileError        … a music file: unreadable, empty, of an unsupported kind
    │   ├── ScoreError            … notes, parts, tempo or metre that make no music
    │   └── ChordError            … a chord symbol or a chord chart
    ├── OutputError               a place that cannot be written, or would be overwritten
    ├── CheckpointError           weights that are missing, damaged or of another vocabulary
    └── AudioError                FluidSynth, a soundfont or an audio file

Messages are one line: what, where, what to do.
"""

from __future__ import annotations


class ComposerError(Exception):
    """A mistake its user can mend. The message is one line: what, where, what to do."""


class InputError(ComposerError):
    """A file or an argument that cannot be used as it is."""


class MusicFileError(InputError):
    """A music file that cannot be read."""


class ScoreError(InputError):
    """Notes, parts, tempo or metre that make no music."""


class ChordError(InputError):
    """A chord symbol or chord chart that cannot be read."""


class OutputError(ComposerError):
    """A place that cannot be written, or that would be overwritten."""


class CheckpointError(ComposerError):
    """Weights that are missing, damaged or of another vocabulary."""


class AudioError(ComposerError):
    """FluidSynth, a soundfont or an audio file that cannot be used."""
