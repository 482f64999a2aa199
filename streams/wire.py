"""A process's one codec: single-object encoding, or Confluent's wire format with a registry."""

from __future__ import annotations

from schemas.codec import Codec, SingleObjectCodec
from streams.settings import settings


def configured(registry_url: str | None) -> Codec:
    """The codec for a registry's URL, or without one.

    >>> configured(None).header("transaction")[:2].hex()
    'c301'
    """
    if registry_url is None:
        return SingleObjectCodec()
    from schemas.registry import RegistryCodec  # noqa: PLC0415 - needs the extra `registry`

    return RegistryCodec(registry_url)


codec = configured(settings().registry_url)
