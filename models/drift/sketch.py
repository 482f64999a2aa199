"""A float as one of 1,024 codes: eight to an octave, signs apart, missing by itself.

Codes need no reference, so each partition counts them by itself and counts add up exactly in any
order; quantiles are read from the sums. Eight to an octave means that a code's width is 6 to 12 %
of its value; integers up to 16 have codes of their own.

```text
 0        1 … 511          512     513 … 1022        1023
 missing  negative values  zero    positive values   (unused)
          |value| 2^-20 … 2^43, what is beyond counts with the last code
```

Source of the idea: bits of an IEEE double as logarithmic bins, as in HdrHistogram (Tene) and
DDSketch (Masson, Rim, Lee, VLDB 2019).
"""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CODES = 1_024
MISSING = 0
ZERO = 512
_MANTISSA_BITS = 3
_SHIFT = 52 - _MANTISSA_BITS
_MOST = 510
_FIRST = ((1_023 - 20) << _MANTISSA_BITS) - 1  # 2^-20 has code 513

Codes = NDArray[np.int64]


def codes(values: NDArray[np.float64]) -> Codes:
    """The code of each value, in the same shape; NaN is missing.

    >>> codes(np.array([np.nan, 0.0, 1.0, 1.1, 1.125, -1.0, 1e300])).tolist()
    [0, 512, 673, 673, 674, 351, 1022]
    """
    bits = np.ascontiguousarray(np.abs(values)).view(np.int64) >> _SHIFT
    size = np.clip(bits - _FIRST, 1, _MOST)
    found: Codes = np.where(values < 0, ZERO - size, ZERO + size)
    found[values == 0] = ZERO
    found[np.isnan(values)] = MISSING
    return found


@lru_cache(maxsize=4_096)
def value_of_word(word: str) -> float:
    """A number that stands for a word: its code is one of 510, by the word's CRC-32.

    Two words share a code once in 510 pairs and then count as one.

    >>> int(codes(np.array([value_of_word("FR")]))[0]) == ZERO + 1 + zlib.crc32(b"FR") % 510
    True
    """
    return value_of(ZERO + 1 + zlib.crc32(word.encode()) % _MOST)


def value_of(code: int) -> float:
    """The smallest magnitude that has a code: how an edge is shown to a person; NaN if missing.

    >>> value_of(673), value_of(512), value_of(351)
    (1.0, 0.0, -1.0)
    """
    if code == MISSING:
        return float("nan")
    if code == ZERO:
        return 0.0
    bits = np.array([(abs(code - ZERO) + _FIRST) << _SHIFT], dtype=np.int64)
    size = float(bits.view(np.float64)[0])
    return size if code > ZERO else -size
