"""What cannot be processed: an envelope with its code, its origin and its bytes."""

from __future__ import annotations

import hashlib

from schemas import topics
from schemas.errors import EventError
from schemas.pan import mask_pan
from streams.records import Record
from streams.wire import codec

# The topic takes 4 MB; the envelope's own fields stay far below the rest.
MAX_ORIGINAL_BYTES = 3_500_000
MAX_CAUSE_CHARACTERS = 2_000


def dead_letter(stage: str, record: Record, error: EventError) -> tuple[str, bytes | None, bytes]:
    """The dead letter of ``record``: topic, key and encoded value.

    The original bytes are kept, PAN-shaped digits masked; beyond 3.5 MB they are cut and
    ``original_sha256`` identifies the whole. It is of the masked bytes: beside the last four
    digits, a hash of the unmasked ones would give a card number away.
    """
    original = mask_pan(record.value or b"")
    key = None if record.key is None else mask_pan(record.key)
    letter = {
        "code": error.code,
        "cause": mask_pan(str(error).encode()).decode(errors="replace")[:MAX_CAUSE_CHARACTERS],
        "stage": stage,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": key,
        "original": original[:MAX_ORIGINAL_BYTES],
        "truncated": len(original) > MAX_ORIGINAL_BYTES,
        "original_sha256": hashlib.sha256(original).hexdigest(),
    }
    return topics.DEAD_LETTERS, key, codec.encode("dead_letter", letter)
