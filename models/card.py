"""One card's state, and its features as of each transaction's own time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.features import FEATURES, FeatureSet
from models.windows import ledger
from models.windows.bounds import Outliers
from models.windows.columns import Columns
from models.windows.digests import content_digest, counts, digest, digest_again
from models.windows.ledger import Seen
from models.windows.log import EventLog
from models.windows.packing import damaged, pack_columns, unpack_columns
from models.windows.plan import plan_for
from models.windows.spec import LATENESS_MS

__all__ = ["CardState", "Seen", "identity", "profile"]

KIND = "c"
Glimpse = tuple[Mapping[str, Any], bytes, bytes, int]
"""The transaction that `identity` saw last, its digests and its place, for `profile` to use."""


class CardState:
    """A card's events within the longest window + L, and the ids it has shown within L.

    At two transactions a day and windows of 30 days it packs into about 1.2 KB.

    >>> state = CardState()
    >>> CardState.unpack(state.pack()).pack() == state.pack()
    True
    """

    __slots__ = ("glimpse", "log", "plan", "shown")

    def __init__(self, features: FeatureSet = FEATURES):
        self.plan = plan_for(features, "card")
        self.log = EventLog(self.plan.layout, Columns.empty(), [])
        self.shown = bytearray()  # see models.windows.ledger
        self.glimpse: Glimpse | None = None

    @property
    def newest(self) -> int | None:
        """Event time of the newest counted transaction, ms; None if there is none."""
        return self.log.newest

    def incomplete(self, event_time: int) -> bool:
        """Whether windows at `event_time` reach back beyond what is kept (too late)."""
        newest = self.log.newest
        return newest is not None and event_time < newest - LATENESS_MS

    def pack(self) -> bytes:
        """The state as bytes, headed by a version."""
        return pack_columns(KIND, self.log) + self.shown

    @classmethod
    def unpack(cls, data: bytes, features: FeatureSet = FEATURES) -> CardState:
        """The state that :meth:`pack` wrote: it goes on with the same outputs and bytes.

        Raises :class:`~models.windows.errors.StateFormatError`.
        """
        state = cls.__new__(cls)
        state.plan = plan_for(features, "card")
        columns, at = unpack_columns(KIND, data, state.plan.layout.keeps_others)
        state.log = EventLog(state.plan.layout, columns, [])
        state.glimpse = None
        try:
            state.shown = ledger.check(data[at:])
        except ValueError as error:
            raise damaged(KIND, data) from error
        return state


def identity(state: CardState, transaction: Mapping[str, Any]) -> Seen:
    """Whether the card has shown this transaction id, and with the same content.

    Exact while the first record is within the lateness L of the card's newest transaction. A
    repeat is dropped, a conflict is a dead letter; neither goes to :func:`profile`.

    >>> state = CardState()
    >>> event = {"transaction_id": "t1", "card_id": "c", "terminal_id": "m", "event_time": 0,
    ...          "amount_minor": 100, "currency": "EUR"}
    >>> identity(state, event).name
    'NEW'
    >>> _ = profile(state, event)
    >>> identity(state, event).name, identity(state, event | {"amount_minor": 200}).name
    ('REPEAT', 'CONFLICT')
    """
    key, content = digest(transaction["transaction_id"]), content_digest(transaction)
    at = ledger.place(state.shown, key)
    state.glimpse = (transaction, key, content, at)
    return Seen.NEW if at < 0 else ledger.judge(state.shown, at, content, state.log.newest)


def profile(
    state: CardState, transaction: Mapping[str, Any], outliers: Outliers | None = None
) -> list[float | None]:
    """The card's features as of the transaction's own time, itself included; updates the state.

    Values stand in the order of ``FeatureSet.card_names``; None means missing. Reversals and
    advices get features but enter no window. `outliers` counts clipped values by feature.

    >>> state = CardState()
    >>> event = {"transaction_id": "t1", "card_id": "c", "terminal_id": "m", "event_time": 0,
    ...          "amount_minor": 1250, "currency": "EUR"}
    >>> profile(state, event)[:6]
    [1.0, 1.0, 1.0, 12.5, 12.5, 12.5]
    """
    if state.glimpse is None or state.glimpse[0] is not transaction:
        identity(state, transaction)
    assert state.glimpse is not None
    _, key, content, at = state.glimpse
    state.glimpse = None  # or every live card would keep a whole transaction alive
    time, plan, log = transaction["event_time"], state.plan, state.log
    event = (
        time,
        transaction["amount_minor"],
        transaction["currency"],
        digest_again(transaction["terminal_id"]) if plan.layout.keeps_others else b"",
    )
    row = plan.run(log, event, counts(transaction.get("message_type", "0100")), outliers)
    ledger.add(state.shown, at, (key, content, time), log.newest)
    return row
