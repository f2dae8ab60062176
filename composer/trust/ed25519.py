"""Ed25519 verification (RFC 8032, section 5.1.7) in plain integers: two milliseconds, where importing a library takes thirty.

Only verification: it handles nothing secret, so that nothing can leak from how long it takes. Keys are made and used for
signing by the `cryptography` package (`composer.trust.keys`), which is this module's oracle in the tests.
"""

from __future__ import annotations

import hashlib

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)

_Point = tuple[int, int, int, int]
"""Extended homogeneous coordinates (X, Y, Z, T) with x = X/Z, y = Y/Z, x·y = T/Z."""
_NEUTRAL: _Point = (0, 1, 1, 0)


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` (64 bytes) over `message` was made with the private half of `public_key` (32 bytes)."""
    if len(public_key) != 32 or len(signature) != 64:
        return False
    signer, nonce = _point(public_key), _point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    base = _point((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))
    if signer is None or nonce is None or base is None or scalar >= _ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _ORDER
    x, y, z, t = signer
    # [S]B - [k]A must be the R that the signer wrote down.
    found = _double_product(scalar, base, challenge, (_P - x, y, z, _P - t))
    return _encode(found) == signature[:32]


def _point(encoded: bytes) -> _Point | None:
    """The point a public key or nonce stands for (section 5.1.3), None where there is none."""
    y = int.from_bytes(encoded, "little")
    odd, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    over, under = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = over * pow(under, 3, _P) * pow(over * pow(under, 7, _P), (_P - 5) // 8, _P) % _P
    if (under * x * x - over) % _P:
        x = x * _ROOT_OF_MINUS_ONE % _P
        if (under * x * x - over) % _P:
            return None
    if x == 0 and odd:
        return None
    if x & 1 != odd:
        x = _P - x
    return x, y, 1, x * y % _P


def _encode(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    x, y = x * inverse % _P, y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _add(one: _Point, other: _Point) -> _Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * t1 * t2 % _P * _D % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _double(point: _Point) -> _Point:
    x, y, z, _ = point
    a, b, c = x * x % _P, y * y % _P, 2 * z * z % _P
    h = a + b
    e = h - (x + y) * (x + y) % _P
    g = a - b
    f = c + g
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiples(point: _Point) -> list[_Point]:
    """0 … 15 times a point."""
    found = [_NEUTRAL]
    for _ in range(15):
        found.append(_add(found[-1], point))
    return found


def _double_product(one: int, of: _Point, other: int, and_of: _Point) -> _Point:
    """one·of + other·and_of, four bits of both at a time (Straus 1964)."""
    first, second = _multiples(of), _multiples(and_of)
    result = _NEUTRAL
    for shift in range(252, -4, -4):
        if result is not _NEUTRAL:
            result = _double(_double(_double(_double(result))))
        for table, scalar in ((first, one), (second, other)):
            if digit := scalar >> shift & 15:
                result = _add(result, table[digit])
    return result
