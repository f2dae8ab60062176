"""`composer ports`: the MIDI ports of this machine, and the other names a port can have."""

from __future__ import annotations

import argparse

EPILOG = """names that composer jam takes for --input and --output:
  NAME             a port listed here, or an unambiguous part of its name
  virtual:NAME     a port that composer opens for other programs to connect to (not on Windows)
  tcp:HOST:PORT    MIDI over TCP, as in mido's socket ports; connects if something listens there, otherwise listens
  file:PATH        input only: a music file that stands in for the player
  synth[:DRIVER]   output only: the built-in synth, through an audio driver such as jack, alsa, pulseaudio or coreaudio"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG


def run(args: argparse.Namespace) -> int:
    from composer.live.calibration import Latencies
    from composer.live.system_ports import midi_systems, system_ports

    systems = midi_systems()
    latencies = Latencies.load()
    if not systems:
        print("no MIDI system answers on this machine (on Linux: ALSA or a running JACK server)")
    for kind in ("input", "output"):
        ports = system_ports(kind) if systems else []
        print(f"{kind}s:" if ports else f"{kind}s: none")
        for name, system in ports:
            late_s = (latencies.input_s if kind == "input" else latencies.output_s)(name)
            print(f"  {name}  ({system}{f', {late_s * 1000:.0f} ms' if late_s else ''})")
    print(EPILOG)
    return 0
