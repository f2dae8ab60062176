"""Key pairs for signing, and the public keys that are trusted: the project's, shipped here, and a user's own.

A private key is a PKCS #8 PEM file that only its owner can read, encrypted where COMPOSER_KEY_PASSPHRASE is set. A public
key is one line: `composer-ed25519 BASE64 NAME`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from composer.errors import InputError, OutputError
from composer.trust.places import user_folder, write_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KIND = "composer-ed25519"
KEY_PASSPHRASE_VARIABLE = "COMPOSER_KEY_PASSPHRASE"


@dataclass(frozen=True)
class PublicKey:
    """Who may be believed: 32 bytes and the name they go by."""

    raw: bytes
    name: str

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits of the key's SHA-256, to compare by eye."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @property
    def line(self) -> str:
        return f"{KIND} {base64.b64encode(self.raw).decode()} {self.name}"


def parse_public(line: str, where: str) -> PublicKey:
    """The key in one line of text. Raises InputError."""
    words = line.split(maxsplit=2)
    if len(words) < 2 or words[0] != KIND:
        raise InputError(f"{where}: not a public key; it is one line, '{KIND} BASE64 NAME'")
    try:
        raw = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise InputError(f"{where}: the public key is damaged; get it again")
    return PublicKey(raw, words[2].strip() if len(words) > 2 else "unnamed")


def read_public(path: Path) -> PublicKey:
    """The key in a .pub file. Raises InputError."""
    try:
        return parse_public(path.read_text("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a public key ({error})") from None


def keys_folder() -> Path:
    """The user's own keys and those of others that they trust."""
    return user_folder() / "keys"


def project_keys() -> tuple[PublicKey, ...]:
    """The keys whose signature the shipped weights must bear."""
    path = Path(__file__).with_name("project.pub")
    return tuple(parse_public(line, str(path)) for line in path.read_text("utf-8").splitlines() if line.strip())


def user_keys() -> tuple[PublicKey, ...]:
    """The keys in the user's folder."""
    return tuple(read_public(path) for path in sorted(keys_folder().glob("*.pub")))


def generate(name: str, folder: Path) -> tuple[Path, PublicKey]:
    """A new pair as `folder`/NAME.key and NAME.pub. Raises OutputError where there is one of that name already."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    if not name or set(name) & set("/\\\n\r\0") or name.startswith("."):
        raise InputError(f"key name {name!r}: use a name that can be a file name")
    secret, shown = folder / f"{name}.key", folder / f"{name}.pub"
    for path in (secret, shown):
        if path.exists():
            raise OutputError(f"{path}: already exists; a key is never replaced, choose another name")
    private = Ed25519PrivateKey.generate()
    passphrase = os.environ.get(KEY_PASSPHRASE_VARIABLE, "").encode()
    guard = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, guard)
    public = PublicKey(private.public_key().public_bytes_raw(), name)
    write_file(secret, pem, private=True)
    write_file(shown, f"{public.line}\n".encode())
    return secret, public


def read_private(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file. Raises InputError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    passphrase = os.environ.get(KEY_PASSPHRASE_VARIABLE, "").encode() or None
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), passphrase)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name a .key file") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InputError(
            f"{path}: not a private key, or one whose passphrase is not in {KEY_PASSPHRASE_VARIABLE}"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path}: not an Ed25519 key; make one with 'composer models keygen'")
    return key


def trust(path: Path) -> PublicKey:
    """Copy somebody's public key to the user's folder. Raises InputError, OutputError."""
    key = read_public(path)
    target = keys_folder() / f"{key.fingerprint}.pub"
    write_file(target, f"{key.line}\n".encode())
    return key
