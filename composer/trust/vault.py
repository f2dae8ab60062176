"""Weights encrypted at rest: AES-256-GCM under a key that scrypt makes of a passphrase; they are opened in memory only.

A file is the magic, scrypt's cost (log2 n, one byte), a salt of 16 bytes, a nonce of 12, and the ciphertext with its tag.
Everything before the ciphertext is authenticated with it.
"""

from __future__ import annotations

import hashlib
import os
import sys

from composer.errors import CheckpointError, InputError
from composer.trust.signature import ENCRYPTED as SUFFIX

__all__ = ["PASSPHRASE_VARIABLE", "SUFFIX", "ask_passphrase", "lock", "unlock"]

PASSPHRASE_VARIABLE = "COMPOSER_PASSPHRASE"
_MAGIC = b"composer AES-256-GCM scrypt 1\n"
_COST = 15
_HEAD = len(_MAGIC) + 1 + 16 + 12


def lock(plain: bytes, passphrase: str) -> bytes:
    """`plain` encrypted, under a new salt and nonce. Raises InputError for an empty passphrase."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not passphrase:
        raise InputError(f"the passphrase is empty; set {PASSPHRASE_VARIABLE}, or type one when asked")
    salt, nonce = os.urandom(16), os.urandom(12)
    head = _MAGIC + bytes([_COST]) + salt + nonce
    return head + AESGCM(_key(passphrase, salt, _COST)).encrypt(nonce, plain, head)


def unlock(locked: bytes, passphrase: str, where: str) -> bytes:
    """What `lock` was given. Raises CheckpointError for a wrong passphrase or a changed file."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head, cipher = locked[:_HEAD], locked[_HEAD:]
    if not head.startswith(_MAGIC) or len(head) < _HEAD or not 10 <= head[len(_MAGIC)] <= 20:
        raise CheckpointError(f"{where}: not weights encrypted by composer, or damaged; get them again")
    salt, nonce = head[-28:-12], head[-12:]
    try:
        return AESGCM(_key(passphrase, salt, head[len(_MAGIC)])).decrypt(nonce, cipher, head)
    except InvalidTag:
        raise CheckpointError(f"{where}: wrong passphrase, or the file was changed") from None


def ask_passphrase(what: str) -> str:
    """From COMPOSER_PASSPHRASE, else typed by the user. Raises CheckpointError where neither can be."""
    import getpass

    if given := os.environ.get(PASSPHRASE_VARIABLE, ""):
        return given
    if not sys.stdin.isatty():
        raise CheckpointError(f"{what}: encrypted; set {PASSPHRASE_VARIABLE} to its passphrase")
    return getpass.getpass(f"passphrase for {what}: ")


def _key(passphrase: str, salt: bytes, cost: int) -> bytes:
    """32 bytes (RFC 7914), using 128·r·n bytes of memory: 32 MiB at the usual cost."""
    return hashlib.scrypt(
        passphrase.encode(), salt=salt, n=1 << cost, r=8, p=1, maxmem=(1 << cost) * 1024 * 2, dklen=32
    )
