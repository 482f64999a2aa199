"""What a model is made with: hashes are promised to be equal under the same River and platform.

Sums are taken in a fixed order, but logarithms and exponentials are the C library's, and another
numpy or machine may round them otherwise.

>>> comparable("0.0.1", PLATFORM), comparable(RIVER_VERSION, "")
(False, True)
"""

from __future__ import annotations

import platform
from importlib.metadata import version

RIVER_VERSION = version("river")
PLATFORM = ", ".join(
    (
        f"{platform.python_implementation()} {'.'.join(platform.python_version_tuple()[:2])}",
        f"numpy {version('numpy')}",
        f"{platform.system()} {platform.machine()}",
        " ".join(platform.libc_ver()).strip() or "no glibc",
    )
)
"""Python, numpy, system, machine and C library of this process."""


def comparable(river: str, made_on: str) -> bool:
    """Whether a hash made so must be made again here; `made_on` is empty in older manifests."""
    return river == RIVER_VERSION and made_on in ("", PLATFORM)
