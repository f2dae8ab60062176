"""Soundfonts calibrated, and how well a mix that is set from the table alone stands on each.

    python benchmarks/calibration.py [--write] [--bands 12]

--write measures every preset of the catalogue's fonts found here into soundfonts/calibration.json. The table: random bands
whose faders are set from it before anything is played, then measured: by how many LU a part stands off its profile,
relative to the lead, without the calibration (the font's own levels) and with it; and how far the measuring mix is off.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from composer.audio import calibration, profiles, soundfonts
from composer.audio.balance import velocity_db
from composer.audio.fluid import Synth
from composer.audio.loudness import loudness
from composer.audio.mixer import MixSettings, mix
from composer.audio.synth import render
from composer.training.balance import RATE, random_band


def write(fonts: list[Path]) -> None:
    tables = {}
    for font in fonts:
        with Synth(font, 1, RATE) as synth:
            presets = sorted(preset for preset in synth.presets if preset[0] in (0, 128))
        tables[font] = calibration.measure(font, presets)
        print(f"{font.name}: {len(tables[font])} of {len(presets)} presets sound")
    calibration.write(tables, soundfonts.project_folder() / calibration.FILE)


def off(font: Path, bands: int) -> tuple[float, float, float]:
    """Mean distance from the profile in LU: the font's own levels, calibrated, measured."""
    rng = np.random.default_rng(7)
    found: list[list[float]] = [[], [], []]
    for _ in range(bands):
        score = random_band(rng)
        stems = render(score, font, RATE, tail_s=0.5)
        raw = np.array([loudness(np.ascontiguousarray(sound), RATE) for sound in stems.audio])
        plan = calibration.plan(score, font)
        set_db = np.array([strip.trim_db + strip.gain_db for strip in plan.strips])
        done = mix(stems, MixSettings(target_lufs=None))
        wanted = np.array(
            [
                profiles.balance_lu(role) + velocity_db(v, role)
                for role, v in zip(stems.roles, stems.velocities, strict=True)
            ]
        )
        lead = stems.roles.index("melody")
        after = np.array([level.after_lufs for level in done.table])
        for column, stands in zip(found, (raw, raw + set_db, after), strict=True):
            apart = np.abs((stands - stands[lead]) - (wanted - wanted[lead]))
            column += [float(one) for at, one in enumerate(apart) if at != lead and np.isfinite(one)]
    own, set_, measured = (float(np.mean(column)) for column in found)
    return own, set_, measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="measure the fonts anew")
    parser.add_argument("--bands", type=int, default=12, help="random bands a font (default 12)")
    options = parser.parse_args()
    fonts = [path for font in soundfonts.catalogue() if (path := soundfonts.installed(font))]
    if options.write:
        write(fonts)
    print(
        f"{'soundfont':<30}{'own levels':>12}{'calibrated':>12}{'measured':>10}   LU off the profile, mean over parts"
    )
    for font in fonts:
        own, set_, measured = off(font, options.bands)
        print(f"{font.name:<30}{own:>12.1f}{set_:>12.1f}{measured:>10.1f}")


if __name__ == "__main__":
    main()
