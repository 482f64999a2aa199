"""The demo's world: the Handbook's transactions and their labels, in the order they arrive."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from producers.arrival import Arrival, interleave
from producers.handbook import DAY_MS, generate
from producers.handbook import World as Generated
from producers.handbook_world import START_SECONDS, WorldSpec
from schemas.errors import FraudStreamsError
from schemas.events import Label, Transaction

START_MS = START_SECONDS * 1_000
A_DAY_PER_CUSTOMER = 1.8  # the Handbook has 1.92; a day too many is cut off again

# The fields the world knows nothing of, with the contract's defaults.
_TRANSACTION = {
    name: f.default for name, f in Transaction.model_fields.items() if not f.is_required()
}
_LABEL = {
    name: field.default for name, field in Label.model_fields.items() if not field.is_required()
}


class WorldDoesNotFit(FraudStreamsError):
    """The log's event time is so late that another world after it would lie in the future."""

    code = "WORLD_DOES_NOT_FIT"
    advice = "Use a broker without other transactions (`fraud down --wipe` empties the local one)."


@dataclass(frozen=True)
class WorldRequest:
    """What world is asked for; as many customers and terminals as the Handbook has, or fewer.

    ``shift_days`` moves it as a whole, so that a log that holds an earlier world goes on in time.
    """

    transactions: int
    seed: int = 0
    label_delay_days: int = 7
    customers: int = 5_000
    terminals: int = 10_000
    shift_days: int = 0

    def after(self, last_event_time: int | None, now: int) -> WorldRequest:
        """This world, moved by whole days to begin after ``last_event_time`` (ms, UTC).

        Raises WorldDoesNotFit if it would not be over at ``now``.

        >>> WorldRequest(10_000).after(START_MS + 5, now=START_MS + 9 * DAY_MS).shift_days
        1
        """
        if last_event_time is None or last_event_time < START_MS:
            return self
        shift_days = (last_event_time - START_MS) // DAY_MS + 1
        if START_MS + (shift_days + self.days) * DAY_MS > now:
            raise WorldDoesNotFit(
                f"the log holds transactions up to {last_event_time}: {self.days} more days",
                expected=f"an end before now ({now})",
            )
        return replace(self, shift_days=shift_days)

    @property
    def days(self) -> int:
        """Days of event time that surely hold the transactions asked for."""
        return math.ceil(self.transactions / (A_DAY_PER_CUSTOMER * self.customers)) + 1

    def arrivals(self) -> Iterator[Arrival]:
        """Transactions and labels in the order of arrival; the last labels come by themselves.

        >>> kinds = [arrival.event for arrival in WorldRequest(3, customers=50).arrivals()]
        >>> kinds
        ['transaction', 'transaction', 'transaction', 'label', 'label', 'label']
        """
        world = self._generate()
        return interleave(self._transactions(world), self._labels(world))

    def _generate(self) -> Generated:
        days = self.days
        while True:
            spec = WorldSpec(
                days=days, seed=self.seed, customers=self.customers, terminals=self.terminals
            )
            world = generate(spec)
            if len(world.ledger) >= self.transactions:
                return world
            days *= 2

    def _id(self, rank: int) -> str:
        # A world after another one has ids of its own; its cards and terminals are the same.
        return f"{self.shift_days}d-{rank}" if self.shift_days else str(rank)

    def _times(self, world: Generated) -> list[int]:
        times = world.event_time[: self.transactions] + self.shift_days * DAY_MS
        return [int(time) for time in times]

    def _transactions(self, world: Generated) -> Iterator[dict[str, Any]]:
        ledger = world.ledger
        for rank, event_time in enumerate(self._times(world)):
            yield _TRANSACTION | {
                "transaction_id": self._id(rank),
                "card_id": str(ledger.customer[rank]),
                "terminal_id": str(ledger.terminal[rank]),
                "event_time": event_time,
                "arrival": event_time,
                "amount_minor": int(ledger.cents[rank]),
                "currency": "EUR",
                "attributes": {},
            }

    def _labels(self, world: Generated) -> Iterator[dict[str, Any]]:
        ledger, delay_ms = world.ledger, self.label_delay_days * DAY_MS
        for rank, event_time in enumerate(self._times(world)):
            transaction_id, observed_at = self._id(rank), event_time + delay_ms
            yield _LABEL | {
                "label_id": f"{transaction_id}/ISSUER/{observed_at}",
                "transaction_id": transaction_id,
                "card_id": str(ledger.customer[rank]),
                "terminal_id": str(ledger.terminal[rank]),
                "label": "FRAUD" if world.scenario[rank] else "LEGITIMATE",
                "source": "ISSUER",
                "event_time": event_time,
                "observed_at": observed_at,
            }
