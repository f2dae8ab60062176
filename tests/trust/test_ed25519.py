"""Verification against the RFC's vectors and against the `cryptography` package."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from composer.trust.ed25519 import verify

# RFC 8032, section 7.1: public key, message, signature.
VECTORS = {
    "TEST 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
}
ORDER = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize("name", VECTORS)
def test_the_rfc_s_vectors(name):
    key, message, signature = map(bytes.fromhex, VECTORS[name])
    assert verify(key, signature, message)
    assert not verify(key, signature, message + b"\0")


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_the_library_agrees(seed, message, bit):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    signature = private.sign(message)
    assert verify(public, signature, message)
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not verify(public, bytes(flipped), message)


def test_what_is_malformed_is_refused():
    key, message, signature = map(bytes.fromhex, VECTORS["TEST 2"])
    assert not verify(key[:31], signature, message)
    assert not verify(key, signature[:63], message)
    assert not verify(bytes([255] * 32), signature, message)
    # The same signature with S + L: a second signature nobody made.
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    assert not verify(key, signature[:32] + scalar.to_bytes(32, "little"), message)
