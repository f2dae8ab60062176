"""Signatures over a checkpoint: one Ed25519 signature over the SHA-256 of every file that belongs to it.

`signature.json` stands beside the weights. What counts when a checkpoint is opened:

    a signature that does not fit what it signs    never loads
    the shipped weights                            load only under the project's own key
    anything else                                  loads; `Verdict.note` says so where nobody trusted has signed it
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from composer.errors import CheckpointError, InputError
from composer.trust.ed25519 import verify
from composer.trust.keys import PublicKey, project_keys, read_private, user_keys
from composer.trust.places import write_file

SIGNATURE = "signature.json"
WEIGHTS, CONFIG, CARD, SONGS = "weights.safetensors", "config.json", "card.json", "songs.jsonl.gz"
ENCRYPTED = ".aes"
"""What the name of a file ends in that holds weights encrypted; the signature is over what is inside."""
_SIGNED = (".safetensors", ".json", ".jsonl.gz")
FORMAT = "composer checkpoint signature 1"

State = Literal["project", "trusted", "unknown", "unsigned"]


@dataclass(frozen=True)
class Verdict:
    """What a checkpoint's signature says; one that does not fit is an error, not a verdict."""

    state: State
    """Signed by the project, by a key the user trusts, by a key nobody here knows, or not at all."""
    signer: str = ""
    fingerprint: str = ""

    @property
    def sentence(self) -> str:
        """In words, for lists and reports."""
        if self.state == "unsigned":
            return "not signed"
        who = {"project": "the project", "trusted": self.signer, "unknown": f"an unknown key ({self.signer})"}[
            self.state
        ]
        return f"signed by {who}, key {self.fingerprint}"

    @property
    def note(self) -> str:
        """What the user should be told when the weights are loaded, "" for nothing."""
        if self.state == "unsigned":
            return "these weights are not signed: use only what you trained yourself or got from somebody you trust"
        if self.state == "unknown":
            return f"these weights are {self.sentence}; if you trust it: composer models trust FILE.pub"
        return ""


def sign(folder: Path, key_file: Path, signer: str, digests: Mapping[str, str] | None = None) -> Verdict:
    """Sign the checkpoint in `folder` with a private key; writes signature.json. Raises InputError, CheckpointError."""
    files = _digests(folder, digests or {})
    private = read_private(key_file)
    raw = private.public_key().public_bytes_raw()
    signature = private.sign(_message(files, signer))
    content = {
        "format": FORMAT,
        "signer": signer,
        "files": files,
        "public_key": base64.b64encode(raw).decode(),
        "signature": base64.b64encode(signature).decode(),
    }
    write_file(folder / SIGNATURE, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
    return check(folder, digests)


def check(folder: Path, digests: Mapping[str, str] | None = None, shipped: bool = False) -> Verdict:
    """Check a checkpoint's signature. `digests` are SHA-256 (hex) of files the caller has read already, by name.

    Raises CheckpointError for a signature that does not fit; where `shipped`, for anything but the project's own.
    """
    verdict = _check(folder, digests or {})
    if shipped and verdict.state != "project":
        raise CheckpointError(
            f"{folder}: the shipped weights must be signed by the project, but are {verdict.sentence};"
            " reinstall composer, or name your own with --checkpoint"
        )
    return verdict


def drop(folder: Path) -> None:
    """Remove a signature that no longer fits, because the weights are about to change."""
    (folder / SIGNATURE).unlink(missing_ok=True)


def _check(folder: Path, digests: Mapping[str, str]) -> Verdict:
    path = folder / SIGNATURE
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise CheckpointError(f"{path}: an unsupported signature format ({content['format']}); update composer")
        signer, signed = str(content["signer"]), dict(content["files"])
        raw = base64.b64decode(content["public_key"], validate=True)
        signature = base64.b64decode(content["signature"], validate=True)
    except FileNotFoundError:
        return Verdict("unsigned")
    except (OSError, ValueError, KeyError, TypeError, binascii.Error):
        raise CheckpointError(f"{path}: the signature is damaged; get the checkpoint again") from None
    if CARD not in signed or not any(name.endswith(".safetensors") for name in signed):
        raise CheckpointError(f"{path}: signs no {CARD} or no weights; get the checkpoint again")
    if not verify(raw, signature, _message(signed, signer)):
        raise CheckpointError(f"{path}: the signature is not genuine; get the checkpoint again")
    found = _digests(folder, digests)
    changed = sorted(name for name in signed.keys() | found.keys() if signed.get(name) != found.get(name))
    if changed:
        raise CheckpointError(f"{folder}: {', '.join(changed)} changed since signed; get the checkpoint again")
    key = PublicKey(raw, signer)
    if any(raw == known.raw for known in project_keys()):
        return Verdict("project", signer, key.fingerprint)
    try:
        known_here = user_keys()
    except InputError as error:
        raise CheckpointError(str(error)) from None
    return Verdict("trusted" if any(raw == known.raw for known in known_here) else "unknown", signer, key.fingerprint)


def _digests(folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 of every file that belongs to the checkpoint (weights, card, config, record), by name."""
    try:
        here = {path.name for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")}
    except OSError as error:
        raise CheckpointError(f"{folder}: cannot be read ({error.strerror})") from None
    names = {name.removesuffix(ENCRYPTED) for name in here} - {SIGNATURE}
    names = {name for name in names if name.endswith(_SIGNED)}
    weights = [name for name in names if name.endswith(".safetensors")]
    if CARD not in names or not weights:
        missing = WEIGHTS if CARD in names else CARD
        raise CheckpointError(f"{folder}: not a checkpoint, {missing} is missing; name a folder made by training")
    found: dict[str, str] = {}
    for name in sorted(names):
        if name in known:
            found[name] = known[name]
            continue
        try:
            found[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except OSError as error:
            raise CheckpointError(f"{folder / name}: cannot be read ({error.strerror})") from None
    return found


def _message(files: Mapping[str, str], signer: str) -> bytes:
    """What is signed: format, signer and the files' hashes, as JSON that is the same everywhere."""
    told = {"files": dict(files), "format": FORMAT, "signer": signer}
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
