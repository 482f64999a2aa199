"""Numbers inside JSON, bit for bit: base64 of their little-endian bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def pack_floats(numbers: Iterable[float]) -> str:
    """Floats as a text, infinities included.

    >>> unpack_floats(pack_floats([0.1, float("inf")])).tolist()
    [0.1, inf]
    """
    return _text(np.array(list(numbers), dtype="<f8"))


def pack_ints(numbers: Iterable[float]) -> str:
    """Whole numbers below 2**31 as a text."""
    return _text(np.array(list(numbers), dtype="<i4"))


def unpack_floats(text: str) -> NDArray[np.float64]:
    """What `pack_floats` wrote; raises ValueError for other texts."""
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f8")


def unpack_ints(text: str) -> NDArray[np.intp]:
    """What `pack_ints` wrote; raises ValueError for other texts."""
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<i4").astype(np.intp)


def _text(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode()
