"""General MIDI: program families, drum names, and the five band parts with what a player can reach."""

from __future__ import annotations

from dataclasses import dataclass

DRUM_CHANNEL = 9
KICKS = (35, 36)
"""The two bass drums."""
_PITCH_CLASSES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
PROGRAM_NAMES: tuple[str, ...] = tuple(
    """Acoustic Grand Piano|Bright Acoustic Piano|Electric Grand Piano|Honky-tonk Piano|Electric Piano 1|Electric Piano 2
Harpsichord|Clavinet|Celesta|Glockenspiel|Music Box|Vibraphone|Marimba|Xylophone|Tubular Bells|Dulcimer|Drawbar Organ
Percussive Organ|Rock Organ|Church Organ|Reed Organ|Accordion|Harmonica|Bandoneon|Nylon Guitar|Steel Guitar|Jazz Guitar
Clean Guitar|Muted Guitar|Overdriven Guitar|Distortion Guitar|Guitar Harmonics|Acoustic Bass|Fingered Bass|Picked Bass
Fretless Bass|Slap Bass 1|Slap Bass 2|Synth Bass 1|Synth Bass 2|Violin|Viola|Cello|Contrabass|Tremolo Strings
Pizzicato Strings|Harp|Timpani|String Ensemble 1|String Ensemble 2|Synth Strings 1|Synth Strings 2|Choir Aahs|Voice Oohs
Synth Voice|Orchestra Hit|Trumpet|Trombone|Tuba|Muted Trumpet|French Horn|Brass Section|Synth Brass 1|Synth Brass 2
Soprano Sax|Alto Sax|Tenor Sax|Baritone Sax|Oboe|English Horn|Bassoon|Clarinet|Piccolo|Flute|Recorder|Pan Flute
Blown Bottle|Shakuhachi|Whistle|Ocarina|Square Lead|Saw Lead|Calliope Lead|Chiff Lead|Charang Lead|Voice Lead|Fifths Lead
Bass + Lead|New Age Pad|Warm Pad|Polysynth Pad|Choir Pad|Bowed Pad|Metallic Pad|Halo Pad|Sweep Pad|Rain|Soundtrack
Crystal|Atmosphere|Brightness|Goblins|Echoes|Sci-fi|Sitar|Banjo|Shamisen|Koto|Kalimba|Bagpipe|Fiddle|Shanai|Tinkle Bell
Agogo|Steel Drums|Woodblock|Taiko|Melodic Tom|Synth Drum|Reverse Cymbal|Fret Noise|Breath Noise|Seashore|Bird Tweet
Telephone|Helicopter|Applause|Gunshot""".replace("\n", "|").split("|")
)


@dataclass(frozen=True)
class Instrument:
    """What one band part is and what its player does. Pitches are MIDI, inclusive: 99.8 % of the training corpora's notes."""

    role: str
    program: int
    low: int
    high: int
    polyphony: int
    """Most notes that may sound at once."""
    span: int
    """Widest reach between notes struck together, in semitones (for the piano: each hand's; see `playable`)."""
    closest: int = 1
    """Narrowest interval between them: a bass strikes fifths and octaves together, closer notes are mud."""


BAND: dict[str, Instrument] = {
    "drums": Instrument("drums", 0, 27, 82, 4, 127),
    "bass": Instrument("bass", 33, 28, 60, 2, 12, 7),
    "guitar": Instrument("guitar", 25, 40, 83, 6, 30),
    "piano": Instrument("piano", 0, 31, 91, 8, 60),
    "strings": Instrument("strings", 48, 31, 96, 6, 48),
}
"""The parts the model writes, in the order it writes them."""

MELODY = "melody"
ROLES: tuple[str, ...] = (MELODY, *BAND)

_FAMILIES = (
    *("piano", "chromatic", "organ", "guitar", "bass", "strings", "ensemble", "brass"),
    *("reed", "pipe", "lead", "pad", "effects", "ethnic", "percussive", "sounds"),
)


def family(program: int) -> str:
    """The General MIDI family of a program: "piano", "guitar", "bass", "strings", "reed" …

    >>> family(0), family(33), family(48)
    ('piano', 'bass', 'ensemble')
    """
    return _FAMILIES[program // 8]


def pitch_name(pitch: int) -> str:
    """A MIDI pitch as musicians say it.

    >>> pitch_name(60), pitch_name(21), pitch_name(34)
    ('C4', 'A0', 'Bb1')
    """
    return f"{_PITCH_CLASSES[pitch % 12]}{pitch // 12 - 1}"
