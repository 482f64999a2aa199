"""A change against the recorded log: read, fold, decide twice, compare. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from models.features import FEATURES
from schemas import topics
from schemas.errors import FraudStreamsError
from streams.history.log import Log
from streams.history.moments import iso
from streams.history.versions import Versions
from streams.published import Library, VersionMissing
from streams.records import LogRecord
from streams.whatif.change import Change
from streams.whatif.comparison import Comparison
from streams.whatif.limits import Limits
from streams.whatif.replay import HORIZON_MS, Replay, Span, fingerprint
from streams.whatif.truth import truths
from streams.wire import codec

DECISION = codec.header("decision")
TOLD_EVERY = 1_000
WHOLE = Span()
NO_LIMITS = Limits()
Told = Callable[[str, int, int], None]
"""What is being done, how many records of it are done, of how many."""


class ModelUnfit(FraudStreamsError):
    """A model learned from other features than those of the log."""

    code = "MODEL_UNFIT"


class NothingThere(FraudStreamsError):
    """The log has no transaction of the span."""

    code = "NOTHING_THERE"
    advice = "Choose another --from and --to: they are event times, UTC."


def library(log: Log) -> Library:
    """Everything on `fraud.models`; payloads are read again when they are asked for."""

    def fetch(place: int) -> bytes:
        for record in log.read(topics.MODELS, 0, place, place + 1):
            return record.value or b""
        raise VersionMissing(f"{topics.MODELS}@{place}", expected="its record", came="nothing")

    found = Library(fetch)
    for record in log.read(topics.MODELS):
        with suppress(FraudStreamsError):  # what cannot be read is missed where it is named
            found.add(record.value or b"", record.offset)
    return found


def with_model(change: Change, log: Log, published: Library, text: str) -> None:
    """Ask about a published model, `NAME@VERSION` or its newest, with its own threshold.

    Raises `ModelUnknown`, or `ModelUnfit` for one of another feature set.
    """
    found = Versions(log).find(text)
    if found.manifest["feature_spec"] != FEATURES.spec_hash:
        raise ModelUnfit(
            f"model {found.ref}", expected=f"feature set {FEATURES.spec_hash}",
            came=found.manifest["feature_spec"],
        )  # fmt: skip
    change.scorer = published.scorer(found.key)
    change.scorer_threshold = found.manifest["threshold"]


def whatif(
    log: Log,
    published: Library,
    change: Change,
    *,
    span: Span = WHOLE,
    limits: Limits = NO_LIMITS,
    examples: int = 5,
    told: Told = lambda *_: None,
) -> dict[str, Any]:
    """The diff of decisions, what was folded for it, whether the baseline is what was recorded,
    and which stated limits are kept; raises `NothingThere` for a span without transactions.
    """
    comparison = Comparison(truths(log, span), examples)
    counts: Counter[str] = Counter()
    made: dict[bytes, str] = {}
    for partition in range(topics.topic(topics.ACTIVITY).partitions):
        replay = Replay(partition, published, change, span)
        for pair in replay.pairs(_told(log, topics.ACTIVITY, partition, told)):
            comparison.add(pair)
            made[pair.fingerprint] = pair.before["transaction_id"]
        counts += replay.counts
    if not comparison.days:
        raise NothingThere(topics.ACTIVITY, expected="transactions of the span", came="none")
    change.check()
    found = {
        "change": change.data(), "from": _moment(span.start), "to": _moment(span.end),
        "folded": _folded(log, counts, span), "baseline": _baseline(log, made, told),
        **comparison.data(),
    }  # fmt: skip
    judged = limits.judged(found)
    as_recorded = found["baseline"]["differing"] == 0
    return found | {"limits": judged, "ok": as_recorded and all(one["kept"] for one in judged)}


def _told(log: Log, topic: str, partition: int, told: Told) -> Iterator[LogRecord]:
    end = log.end(topic, partition)
    for record in log.read(topic, partition, 0, end):
        yield record
        if record.offset % TOLD_EVERY == 0:
            told(f"{topic}[{partition}]", record.offset, end)
    told(f"{topic}[{partition}]", end, end)


def _folded(log: Log, counts: Counter[str], span: Span) -> dict[str, Any]:
    """What the windows were made of, and whether they can be whole."""
    partitions = range(topics.topic(topics.ACTIVITY).partitions)
    begins = [log.begin(topics.ACTIVITY, partition) for partition in partitions]
    return {
        "decided_twice": counts["decided"],
        "folded_only": counts["folded"],
        "older_than_windows": counts["older"],
        "terminal_outcomes": counts["terminal_outcome"],
        "markers": counts["control_marker"],
        "refused": counts["refused"],
        "windows_from": _moment(span.start - HORIZON_MS) if span.start > 0 else None,
        "log_begins_at": begins,
        "from_the_beginning": not any(begins),
    }


def _baseline(log: Log, made: dict[bytes, str], told: Told) -> dict[str, Any]:
    """How the decisions as recorded compare with those on the log, by fingerprint."""
    missing = dict(made)
    for value in _decisions(log, told):
        missing.pop(_fingerprint(value), None)
    other = set(missing.values())
    differing = sorted(other & {one["transaction_id"] for one in _decoded(log, other)})
    return {
        "decisions": len(made),
        "equal": len(made) - len(missing),
        "differing": len(differing),
        "unrecorded": len(other) - len(differing),
        "first_differing": differing[0] if differing else None,
    }


def _decisions(log: Log, told: Told = lambda *_: None) -> Iterator[bytes]:
    for partition in range(topics.topic(topics.DECISIONS).partitions):
        for record in _told(log, topics.DECISIONS, partition, told):
            if (record.value or b"").startswith(DECISION):
                yield record.value or b""


def _decoded(log: Log, wanted: set[str]) -> Iterable[dict[str, Any]]:
    """Every decision that can be read; none where nothing is wanted."""
    for value in _decisions(log) if wanted else ():
        try:
            yield codec.decode(value)[1]
        except FraudStreamsError:
            continue


def _fingerprint(value: bytes) -> bytes:
    """The fingerprint, empty for bytes that have none."""
    try:
        return fingerprint(value)
    except ValueError:
        return b""


def _moment(time: int) -> str | None:
    return iso(time) if abs(time) < 2**61 else None
