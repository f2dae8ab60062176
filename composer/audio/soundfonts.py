"""Which soundfont plays: the catalogue, where fonts are looked for, how a better one is obtained and checked."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from composer.digest import sha256_of
from composer.errors import AudioError

SUFFIXES = (".sf2", ".sf3")
SYSTEM_FOLDERS = tuple(
    Path(folder)
    for folder in (
        "/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts", "/usr/local/share/soundfonts",
        "/opt/homebrew/share/soundfonts",
    )
)  # fmt: skip
MAX_FONT_BYTES = 2 << 30


@dataclass(frozen=True)
class Font:
    """One entry of the catalogue."""

    name: str
    """Short, as users type it: "fluidr3"."""
    file: str
    title: str
    licence: str
    size_mb: float
    sha256: tuple[str, ...]
    """The known good files; some fonts went round in more than one edition."""
    package: str
    """The Debian package that carries it, "" where it comes with a Python package."""
    note: str = ""


def project_folder() -> Path:
    """The soundfonts/ folder with the catalogue: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "soundfonts"
    return inside if inside.is_dir() else package.parent / "soundfonts"


def user_folder() -> Path:
    """The user's own fonts: soundfonts/ in the platform's data folder."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "composer" / "soundfonts"


def catalogue() -> tuple[Font, ...]:
    """The fonts we know, best first."""
    path = project_folder() / "catalogue.json"
    try:
        entries = json.loads(path.read_text("utf-8"))["fonts"]
        return tuple(Font(**{**entry, "sha256": tuple(entry["sha256"])}) for entry in entries)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AudioError(f"{path}: the catalogue cannot be read ({error}); restore it or install again") from None


def find(wanted: str | Path | None = None) -> Path:
    """The font to play: a path or a catalogue name if given, else the best there is.

    Looked for in soundfonts/, the user's data folder, the system's folders, and at last the small font that comes
    with pretty_midi. Raises AudioError where there is none, or not the wanted one.
    """
    if wanted is not None:
        return _wanted(wanted)
    for folder in (project_folder(), user_folder(), *SYSTEM_FOLDERS):
        if found := _best(folder):
            return found
    if bundled := bundled_font():
        return bundled
    raise AudioError("no soundfont found; install one with: apt-get install timgm6mb-soundfont, or name a .sf2 file")


def _wanted(wanted: str | Path) -> Path:
    path = Path(wanted).expanduser()
    if path.is_file():
        if path.suffix.lower() not in SUFFIXES:
            raise AudioError(f"{path}: a soundfont's name ends in .sf2 or .sf3; choose such a file")
        return path
    fonts = {font.name: font for font in catalogue()}
    font = fonts.get(str(wanted).lower())
    if font is None:
        names = f", or a name of the catalogue: {', '.join(fonts)}" if fonts else ""
        raise AudioError(f"{wanted}: no such soundfont; give the path of an .sf2 or .sf3 file{names}")
    if found := installed(font):
        return found
    raise AudioError(f"{font.name}: this soundfont is not here yet; get it with: composer soundfonts get {font.name}")


def installed(font: Font) -> Path | None:
    """Where a font of the catalogue is on this machine, None if it is not."""
    for folder in (project_folder(), user_folder(), *SYSTEM_FOLDERS):
        if (folder / font.file).is_file():
            return folder / font.file
    bundled = bundled_font()
    return bundled if bundled and bundled.name == font.file else None


def bundled_font() -> Path | None:
    """The small font inside the pretty_midi package, found without importing it."""
    spec = importlib.util.find_spec("pretty_midi")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "TimGM6mb.sf2"
        if path.is_file():
            return path
    return None


def _best(folder: Path) -> Path | None:
    """A folder's font: the catalogue's order first, then by name."""
    if not folder.is_dir():
        return None
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    order = {font.file: rank for rank, font in enumerate(catalogue())}
    return min(files, key=lambda path: (order.get(path.name, len(order)), path.name), default=None)


def credit(path: Path | None) -> dict[str, str | None]:
    """A font's name and licence, as they are told of what it plays."""
    known = next((font for font in catalogue() if path and font.file == path.name), None)
    return {"soundfont": path.name if path else None, "soundfont_licence": known.licence if known else "unknown"}


def verify(path: Path, font: Font | None = None) -> Font:
    """The catalogue's entry that this file is, by checksum. Raises AudioError where it is not what its name says."""
    fonts = catalogue() if font is None else (font,)
    digest = sha256_of(path)
    for known in fonts:
        if digest in known.sha256:
            return known
    raise AudioError(
        f"{path}: checksum {digest[:12]}… is not that of {font.name if font else 'a known font'}; get the file again"
    )


def get(name: str, url: str | None = None) -> Path:
    """Bring a catalogue font into soundfonts/ (else the user's data folder), checked; the one already here if it is.

    Without `url` it comes out of the Debian package, unpacked without touching the system, so that no root is needed.
    """
    font = next((font for font in catalogue() if font.name == name.lower()), None)
    if font is None:
        raise AudioError(f"{name}: not in the catalogue; it has: {', '.join(font.name for font in catalogue())}")
    if found := installed(font):
        verify(found, font)
        return found
    folder = next((folder for folder in (project_folder(), user_folder()) if _writable(folder)), None)
    if folder is None:
        raise AudioError(f"{user_folder()}: is not writable, so {font.name} cannot be saved; make it writable")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        fetched = _download(url, Path(scratch), font) if url else _unpack(font, Path(scratch))
        verify(fetched, font)
        return fetched.replace(folder / font.file)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _unpack(font: Font, scratch: Path) -> Path:
    if not font.package or not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise AudioError(
            f"{font.name}: there is no apt-get here to fetch it with; give --url of {font.file}, or put it into {user_folder()}"
        )
    for command in (["apt-get", "download", font.package], ["dpkg-deb", "-x", "", "unpacked"]):
        if "-x" in command:
            command[2] = str(next(scratch.glob("*.deb")))
        done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = next(iter(done.stderr.strip().splitlines()[-1:]), "no reason given")
            raise AudioError(
                f"{font.name}: {command[0]} {font.package} failed ({reason}); run apt-get update and try again"
            )
    found = next((scratch / "unpacked").rglob(font.file), None)
    if found is None:
        raise AudioError(f"{font.name}: package {font.package} holds no {font.file}; give --url of the file")
    return found


def _download(url: str, scratch: Path, font: Font) -> Path:
    from urllib.error import URLError
    from urllib.request import urlopen

    target = scratch / font.file
    try:
        with urlopen(url, timeout=60) as answer, target.open("wb") as file:
            for block in _limited(iter(lambda: answer.read(1 << 20), b"")):
                file.write(block)
    except (URLError, OSError, ValueError) as error:
        raise AudioError(f"{url}: cannot be fetched ({error}); check the address") from None
    return target


def _limited(blocks: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for block in blocks:
        total += len(block)
        if total > MAX_FONT_BYTES:
            raise AudioError("the file at this address is too large for a soundfont; check the address")
        yield block
