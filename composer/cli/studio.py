"""`composer studio`: the same work in a web page, and over HTTP for scripts."""

from __future__ import annotations

import argparse
from pathlib import Path

from composer.cli import options as opt
from composer.errors import InputError

EPILOG = """Everything it makes is kept in its folder for next time. Press Ctrl-C to stop it.

examples:
  composer studio --open
  composer studio --port 9000 --folder ~/songs/studio

The API is documented at /docs; see also docs/studio.md."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1, this machine only)"
    )
    parser.add_argument(
        "--port",
        type=opt.whole(0, 65_535, "a port"),
        default=8765,
        metavar="N",
        help="0 picks a free port (default: 8765)",
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="where projects are kept (default: ~/.local/share/composer/studio)"
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser (default: say where it is)")
    parser.add_argument("--checkpoint", type=Path, metavar="PATH", help="other weights (default: those shipped)")
    opt.add_soundfont(parser)


def run(args: argparse.Namespace) -> int:
    try:
        from composer.studio.server import serve
        from composer.studio.settings import StudioSettings
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in ("fastapi", "pydantic", "starlette", "uvicorn"):
            raise
        raise InputError(f'the studio needs {error.name}; pip install "melody-to-band[studio]"') from None
    from composer.trust.places import user_folder

    folder = args.folder or user_folder() / "studio"
    settings = StudioSettings(folder, args.host, args.port, args.checkpoint, args.soundfont)

    def opened(address: str) -> None:
        print(f"studio: {address}\nfolder: {folder}\npress Ctrl-C to stop it", flush=True)

    serve(settings, opened, args.open)
    return 0
