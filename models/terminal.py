"""One terminal's state, its features as of each transaction's own time, and what is known of it."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from models.features import FEATURES, FeatureSet
from models.windows.bounds import Outliers
from models.windows.columns import Columns
from models.windows.digests import counts, digest_again
from models.windows.log import BEGINNING, EventLog
from models.windows.packing import damaged, pack_columns, unpack_columns
from models.windows.plan import plan_for
from models.windows.spec import LATENESS_MS
from models.windows.verdicts import Verdict, Verdicts

KIND = "t"


class TerminalState:
    """A terminal's events and verdicts within the longest window + delay + L.

    >>> state = TerminalState()
    >>> TerminalState.unpack(state.pack()).pack() == state.pack()
    True
    """

    __slots__ = ("log", "plan", "verdicts")

    def __init__(self, features: FeatureSet = FEATURES):
        self.plan = plan_for(features, "terminal")
        self.verdicts = Verdicts()
        self.log = EventLog(self.plan.layout, Columns.empty(), self.verdicts.frauds)

    @property
    def newest(self) -> int | None:
        """Event time of the newest counted transaction, ms; None if there is none."""
        return self.log.newest

    @property
    def expiry(self) -> int:
        """What is at or before this event time, ms, is no longer kept."""
        newest = self.log.newest
        return BEGINNING if newest is None else newest - self.plan.layout.horizon_ms

    def incomplete(self, event_time: int) -> bool:
        """Whether windows at `event_time` reach back beyond what is kept.

        >>> TerminalState().incomplete(0)
        False
        """
        newest = self.log.newest
        return newest is not None and event_time < newest - LATENESS_MS

    def pack(self) -> bytes:
        """The state as bytes, headed by a version."""
        return pack_columns(KIND, self.log) + self.verdicts.pack(self.expiry)

    @classmethod
    def unpack(cls, data: bytes, features: FeatureSet = FEATURES) -> TerminalState:
        """The state that :meth:`pack` wrote: it goes on with the same outputs and bytes.

        Raises :class:`~models.windows.errors.StateFormatError`.
        """
        state = cls.__new__(cls)
        state.plan = plan_for(features, "terminal")
        columns, at = unpack_columns(KIND, data, state.plan.layout.keeps_others)
        try:
            state.verdicts = Verdicts.unpack(data[at:])
        except (struct.error, UnicodeDecodeError) as error:
            raise damaged(KIND, data) from error
        state.log = EventLog(state.plan.layout, columns, state.verdicts.frauds)
        return state


def observe(
    state: TerminalState, transaction: Mapping[str, Any], outliers: Outliers | None = None
) -> list[float | None]:
    """The terminal's features as of the transaction's own time; updates the state.

    Values stand in the order of ``FeatureSet.terminal_names``; None means missing. Reversals and
    advices get features but enter no window. `outliers` counts clipped values by feature.

    >>> state = TerminalState()
    >>> event = {"card_id": "c", "event_time": 0, "amount_minor": 1250, "currency": "EUR"}
    >>> observe(state, event)[:6]
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    plan = state.plan
    event = (
        transaction["event_time"],
        transaction["amount_minor"],
        transaction["currency"],
        digest_again(transaction["card_id"]) if plan.layout.keeps_others else b"",
    )
    counted = counts(transaction.get("message_type", "0100"))
    return plan.run(state.log, event, counted, outliers)


def apply_outcome(state: TerminalState, outcome: Mapping[str, Any]) -> None:
    """Take a terminal_outcome: FRAUD adds its transaction to the known frauds, LEGITIMATE removes.

    The newest verdict by (observed_at, outcome_id) holds, whatever the order of arrival, and
    whether or not the transaction was seen here. INCONCLUSIVE says nothing and changes nothing.

    >>> state = TerminalState()
    >>> apply_outcome(state, {"outcome_id": "o1", "transaction_id": "t1", "label": "FRAUD",
    ...                       "event_time": 0, "observed_at": 5})
    >>> state.log.frauds
    [0]
    """
    label = outcome["label"]
    if label not in ("FRAUD", "LEGITIMATE"):
        return
    verdict = Verdict(
        outcome["observed_at"], outcome["outcome_id"], label == "FRAUD", outcome["event_time"]
    )
    state.verdicts.apply(outcome["transaction_id"], verdict, state.expiry)
