"""Graphs for ONNX Runtime, written down without the `onnx` package: of its protobuf schema the few messages one needs.

A graph that can be written in a page needs no file beside the weights and no package of 30 MB. Numbers of fields and types are
those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

_IR_VERSION = 8
_OPSETS = (("", 17), ("com.microsoft", 1))
"""Operators of ONNX itself, and those that ONNX Runtime adds."""
_TYPES = {np.dtype(np.float32): 1, np.dtype(np.uint8): 2, np.dtype(np.int8): 3, np.dtype(np.int64): 7}
_INT = 2


def node(kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", **attributes: int) -> bytes:
    """One operator; an input that is left out is called ""."""
    message = b"".join(_text(1, name) for name in inputs) + b"".join(_text(2, name) for name in outputs)
    message += _text(4, kind) + _text(7, domain)
    for name, value in attributes.items():
        message += _part(5, _text(1, name) + _number(3, value) + _number(20, _INT))
    return message


def model(
    nodes: Sequence[bytes], constants: Mapping[str, np.ndarray], inputs: Mapping[str, Sequence[int | str]], output: str
) -> bytes:
    """A graph of `nodes` from float32 inputs, each with its shape (a size may be a name), to one float32 output."""
    graph = b"".join(_part(1, each) for each in nodes) + _text(2, "graph")
    graph += b"".join(_part(5, _tensor(name, array)) for name, array in constants.items())
    graph += b"".join(_part(11, _value(name, shape)) for name, shape in inputs.items())
    graph += _part(12, _value(output))
    opsets = b"".join(_part(8, _text(1, domain) + _number(2, version)) for domain, version in _OPSETS)
    return _number(1, _IR_VERSION) + opsets + _part(7, graph)


def _tensor(name: str, array: np.ndarray) -> bytes:
    dims = b"".join(_number(1, size) for size in array.shape)
    return dims + _number(2, _TYPES[array.dtype]) + _text(8, name) + _part(9, array.tobytes())


def _value(name: str, shape: Sequence[int | str] | None = None) -> bytes:
    kind = _number(1, _TYPES[np.dtype(np.float32)])
    if shape is not None:
        sizes = (_text(2, size) if isinstance(size, str) else _number(1, size) for size in shape)
        kind += _part(2, b"".join(_part(1, size) for size in sizes))
    return _text(1, name) + _part(2, _part(1, kind))


# Protobuf: a field is its number and its kind (0 a number, 2 bytes), then what it holds.


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _part(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _part(field, text.encode())


def _varint(value: int) -> bytes:
    """Seven bits a byte, lowest first; the top bit says that there is more."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
