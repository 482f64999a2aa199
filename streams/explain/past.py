"""What a decision's windows held: the card's and the terminal's transactions, as then known.

The stages' own functions fold them again; only if that gives the features on record, are the
events all there were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from models.card import CardState, profile
from models.features import FEATURES, Feature
from models.terminal import TerminalState, apply_outcome, observe
from models.windows.digests import counts
from models.windows.spec import DAY_MS, HOUR_MS, MINUTE_MS
from schemas import topics
from schemas.errors import EventError
from streams.explain.found import as_written
from streams.history.force import MARKER
from streams.history.log import Log
from streams.records import LogRecord
from streams.wire import codec

Event = dict[str, Any]
Row = list[float | None]


@dataclass
class Past:
    """The events of one entity up to and including the decided one, in the order they were folded.

    `features`: what the fold gives for the last of them. `known`: verdicts on transactions at the
    terminal, as of then.
    """

    events: list[Event] = field(default_factory=list)
    features: Row = field(default_factory=list)
    known: dict[str, str] = field(default_factory=dict)
    marker: Event | None = None


def card_past(log: Log, activity: Event) -> Past:
    """The card's transactions that its stage had folded, from every partition of the activity."""
    card, src = activity["transaction"]["card_id"], activity["src"]
    found: dict[int, Event] = {}
    written = as_written(card)
    for partition in _partitions():
        for _, name, body in _read(log, partition, lambda r: written in (r.value or b"")):
            if name == "activity" and body["transaction"]["card_id"] == card:
                same = body["src"]["partition"] == src["partition"]
                if same and body["src"]["offset"] <= src["offset"]:
                    found.setdefault(body["src"]["offset"], body["transaction"])
    past, state = Past([found[at] for at in sorted(found)]), CardState()
    for event in past.events:
        past.features = profile(state, event)
    return past


def terminal_past(log: Log, decision: Event) -> Past:
    """The terminal's transactions and verdicts up to the decided record; the marker in force."""
    src, past, state = decision["src"], Past(), TerminalState()
    marks: dict[tuple[str, int], int] = {}
    verdicts: dict[str, tuple[int, str, str]] = {}
    terminal = decision["terminal_id"].encode()

    def wanted(record: LogRecord) -> bool:
        return record.key == terminal or (record.value or b"").startswith(MARKER)

    for key, name, body in _read(log, src["partition"], wanted, src["offset"] + 1):
        if name == "control_marker":
            if past.marker is None or body["sequence"] > past.marker["sequence"]:
                past.marker = body
        elif key == terminal and name == "terminal_outcome":
            apply_outcome(state, body)
            _judge(verdicts, body)
        elif key == terminal and not _repeats(marks, body["src"]):
            past.events.append(body["transaction"])
            past.features = observe(state, body["transaction"])
    past.known = {transaction: label for transaction, (_, _, label) in verdicts.items()}
    return past


def windows(past: Past, entity: str) -> dict[str, dict[str, Any]]:
    """The windows of an entity's features by name, each with its events, newest first.

    Both ends are event times (UTC ms): after `after`, up to `until`.
    """
    at = past.events[-1]["event_time"] if past.events else 0
    found: dict[str, dict[str, Any]] = {}
    for feature in FEATURES.features:
        if feature.entity == entity:
            name, until = window_of(feature), at - feature.delay_ms
            after = at - feature.span_ms
            found.setdefault(name, {"after": after, "until": until, "features": [], "events": []})
            found[name]["features"].append(feature.name)
    for window in found.values():
        inside = [e for e in past.events if window["after"] < e["event_time"] <= window["until"]]
        counted = [e for e in inside if counts(e["message_type"])]
        window["events"] = [e["transaction_id"] for e in sorted(counted, key=_time, reverse=True)]
    return found


def window_of(feature: Feature) -> str:
    """A window's name.

    >>> [window_of(f) for f in FEATURES.features if f.name in ("card_sum_10m", "terminal_risk_7d")]
    ['card 10m', 'terminal 7d until 7d before']
    """
    until = f" until {_span(feature.delay_ms)} before" if feature.delay_ms else ""
    return f"{feature.entity} {_span(feature.span_ms - feature.delay_ms)}{until}"


def listed(past: Past) -> Iterator[Event]:
    """The events as the explanation shows them."""
    for event in past.events:
        yield {
            name: event[name]
            for name in ("transaction_id", "event_time", "amount_minor", "currency", "card_id",
                         "terminal_id", "message_type")
        } | {"known": past.known.get(event["transaction_id"])}  # fmt: skip


def _judge(verdicts: dict[str, tuple[int, str, str]], outcome: Event) -> None:
    """The newest verdict holds, as at the terminal (`models.terminal.apply_outcome`)."""
    said = (outcome["observed_at"], outcome["outcome_id"], outcome["label"])
    of = outcome["transaction_id"]
    if outcome["label"] != "INCONCLUSIVE" and said > verdicts.get(of, (-1, "", "")):
        verdicts[of] = said


def _repeats(marks: dict[tuple[str, int], int], src: Event) -> bool:
    source = src["stage"], src["partition"]
    if src["offset"] <= marks.get(source, -1):
        return True
    marks[source] = src["offset"]
    return False


def _read(
    log: Log, partition: int, wanted: Callable[[LogRecord], bool], stop: int | None = None
) -> Iterator[tuple[bytes | None, str, Event]]:
    """The wanted records of a partition of the activity; unreadable ones are left out."""
    for record in filter(wanted, log.read(topics.ACTIVITY, partition, 0, stop)):
        try:
            yield record.key, *codec.decode(record.value or b"")
        except EventError:  # a dead letter of the stage
            continue


def _partitions() -> range:
    return range(topics.topic(topics.ACTIVITY).partitions)


def _time(event: Event) -> int:
    return int(event["event_time"])


def _span(millis: int) -> str:
    for unit, name in ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "m")):
        if millis % unit == 0:
            return f"{millis // unit}{name}"
    return f"{millis}ms"
