"""The package's structure, proved from its imports: they point down, and every third-party library has one owner."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "composer"

# Bottom first. A unit is a module or a subpackage of composer; it imports itself and what stands below its own line.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("atomic", "digest", "given", "quiet", "wording"),
    ("trust",),
    ("amp", "gm", "styles", "priority", "timing"),
    ("score",),
    ("vocab",),
    ("audio", "feel", "output"),
    ("transcription",),
    ("formats",),
    ("harmony", "playback"),
    ("melody", "picture"),
    ("picture_mix",),
    ("corpora", "model"),
    ("options", "players", "resting"),
    ("references", "tacet"),
    ("planning",),
    ("heeded",),
    ("arrange", "training"),
    ("record", "rework"),
    ("restyle",),
    ("doctor", "evaluation", "inspecting", "live"),
    ("batch", "studio"),
    ("cli",),
    ("__init__", "__main__"),
)
HEIGHT = {unit: height for height, layer in enumerate(LAYERS) for unit in layer}

# Where each library may be imported: one owner, so that swapping it touches one place. numpy is the common language.
OWNERS: dict[str, tuple[str, ...]] = {
    "cryptography": ("trust/keys", "trust/vault"),
    "datasketch": ("batch/near_duplicates",),
    "fastapi": ("studio/app", "studio/routes"),
    "fluidsynth": ("audio/fluid",),
    "fsspec": ("batch/store",),
    "greenlet": ("batch/lockstep",),
    "matplotlib": ("batch/stats", "evaluation/plots", "picture", "training/curves", "training/search"),
    "mido": ("formats/",),
    "music21": ("formats/musicxml",),
    "noisereduce": ("transcription/denoise",),
    "numba": ("amp/",),
    "onnxruntime": ("model/quantized",),
    "optuna": ("training/search",),
    "pedalboard": ("audio/plugins",),
    "pretty_midi": ("formats/interop",),
    "pyarrow": ("batch/manifest",),
    "pydantic": ("studio/shapes",),
    "pyloudnorm": ("audio/",),
    "ray": ("batch/ray_pool",),
    "rich": ("cli/play_screen", "cli/progress", "live/screen"),
    "rtmidi": ("live/system_ports",),
    "safetensors": (
        "harmony/",
        "live/progressions",
        "model/checkpoint",
        "model/sidecar",
        "training/grow",
        "training/harmony",
    ),
    "scipy": ("amp/circuit", "audio/", "evaluation/logistic"),
    "soundfile": ("audio/",),
    "starlette": ("studio/app",),
    "swift_f0": ("transcription/pitch",),
    "threadpoolctl": ("arrange", "batch/piece_maker", "live/generator"),
    "tomli": ("batch/plan",),
    "torch": ("model/", "training/"),
    "uvicorn": ("studio/server",),
    "websockets": ("live/control",),
}

# Slow to import: never at the top of a module that the command line or the runtime reaches.
HEAVY = ("cryptography", "matplotlib", "music21", "pretty_midi", "scipy", "torch")


@dataclass(frozen=True)
class Import:
    """One import statement: `file` relative to the package without suffix, `name` absolute and dotted."""

    file: str
    line: int
    name: str

    @property
    def place(self) -> str:
        return f"composer/{self.file}.py:{self.line}"

    @property
    def unit(self) -> str:
        return self.file.split("/")[0]

    @property
    def library(self) -> str:
        return self.name.split(".")[0]


def imports_of(path: Path) -> Iterator[Import]:
    file = path.relative_to(PACKAGE).with_suffix("").as_posix()
    package = ("composer", *Path(file).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(file, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *((node.module,) if node.module else ())))
            if module == "composer":  # `from composer import gm` names a module
                yield from (Import(file, node.lineno, f"composer.{alias.name}") for alias in node.names)
            else:
                yield Import(file, node.lineno, module)


IMPORTS = [found for path in sorted(PACKAGE.rglob("*.py")) for found in imports_of(path)]


def test_every_unit_has_a_layer() -> None:
    units = {
        path.stem if path.is_file() else path.name
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert units - HEIGHT.keys() == set(), "give these a line in LAYERS"


def test_imports_point_down() -> None:
    upwards = []
    for found in IMPORTS:
        if found.library != "composer" or found.name == "composer.__version__":
            continue
        if found.unit in ("__init__", "__main__"):
            continue
        target = found.name.split(".")[1] if "." in found.name else "__init__"
        if target != found.unit and HEIGHT[target] >= HEIGHT[found.unit]:
            upwards.append(f"{found.place} imports {found.name}")
    assert upwards == []


def test_every_library_has_one_owner() -> None:
    strangers = []
    for found in IMPORTS:
        if found.library in sys.stdlib_module_names or found.library in ("composer", "numpy", "__future__"):
            continue
        owners = OWNERS.get(found.library)
        if owners is None:
            strangers.append(f"{found.place} imports {found.library}, which has no owner in OWNERS")
        elif not found.file.startswith(owners):
            strangers.append(f"{found.place} imports {found.library}, which belongs to {' and '.join(owners)}")
    assert strangers == []


@pytest.mark.parametrize("module", ["composer", "composer.cli", "composer.arrange"])
def test_importing_is_light(module: str) -> None:
    """What the user waits for at every start imports nothing heavy; torch is for training only."""
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []
