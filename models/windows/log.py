"""The events of one entity, exact for events in any order.

Events of equal time keep their order of arrival: an event's windows hold itself and those of equal
time that arrived before it. A late event (older than one already seen) is scored by the same code
as an event in order: the newer ones are taken off, it is added, they are put back. That costs as
much as there are newer ones (and once through the log where other ids are kept). Beyond the
lateness, or with several currencies, a copy of the past is scored and the log built anew, O(n).

Counts and distinct ids are over all events, amounts over the events in the transaction's own
currency. A log with one currency keeps one series for both.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import repeat

from models.windows.columns import Columns, Event
from models.windows.series import Layout, Series
from models.windows.spec import LATENESS_MS

BEGINNING = -(2**62)
_COMPACT = 32  # dead events worth a rebuild, once they are also half of all


class EventLog:
    """Events of one entity with everything the aggregations read."""

    __slots__ = (
        "_books",
        "_currencies",
        "_passed",
        "clock",
        "distincts",
        "frauds",
        "last",
        "layout",
        "others",
        "prior",
        "series",
    )

    def __init__(self, layout: Layout, columns: Columns, frauds: list[int]):
        self.layout = layout
        self.frauds = frauds  # sorted event times of known frauds, kept by the terminal
        self.prior = -1  # index of the last event with the current event's other id
        self._load(columns)

    @property
    def newest(self) -> int | None:
        """Event time of the newest counted event, ms; None if there is none."""
        return self.series.times[-1] if self.series.size else None

    def columns(self) -> Columns:
        """A copy of the live events."""
        series = self.series
        whole = Columns(series.times, series.amounts, self.others, self._currencies)
        return whole.between(self.first(), series.size)

    def first(self) -> int:
        """Index of the oldest event within the horizon."""
        times = self.series.times
        return bisect_right(times, times[-1] - self.layout.horizon_ms) if times else 0

    def currencies(self, first: int) -> tuple[list[str], bytes]:
        """The names of the live events' currencies, and each event's index if they are several."""
        if self._books is None:
            return self._currencies, b""
        live = self._currencies[first:]
        names = sorted(set(live))
        return names, bytes(map(names.index, live)) if len(names) > 1 else b""

    def before(self, time: int) -> EventLog:
        """The past of a late event: a log of what is kept at or before `time`."""
        past, frauds = self.columns(), self.frauds
        if past.times:
            frauds = frauds[bisect_right(frauds, past.times[-1] - self.layout.horizon_ms) :]
        return EventLog(self.layout, past.between(0, bisect_right(past.times, time)), frauds)

    def rewinds(self, time: int, currency: str) -> bool:
        """Whether a late event can be added by `rewind`: one currency, and within the lateness."""
        newest = self.newest
        if self._books is not None or newest is None or time < newest - LATENESS_MS:
            return False
        return self._currencies[0] == currency

    def rewind(self, time: int) -> list[Event]:
        """Take off the events after `time` and return them; the edges stand at `time`."""
        series, currency = self.series, self._currencies[0]
        place = bisect_right(series.times, time)
        others = self.others[place:] if self.layout.keeps_others else repeat(0)
        newer = [
            (at, amount, currency, other)
            for at, amount, other in zip(
                series.times[place:], series.amounts[place:], others, strict=False
            )
        ]
        series.truncate(place)
        series.seek(time)
        del self.others[place:]
        self._index_others()
        return newer

    def replay(self, newer: list[Event]) -> None:
        """Put back, in order, what `rewind` took off."""
        for event in newer:
            self.advance(event[0], event[3])
            self.append(event)

    def advance(self, clock: int, other: int) -> None:
        """Move all edges to `clock` and look up `other`, before the event is added."""
        self.clock = clock
        series = self.series
        series.advance(clock)
        if self.layout.keeps_others:
            self.prior = self.last.get(other, -1)
            self._expire(series.marks)

    def book(self, currency: str) -> Series:
        """The series of one currency, its edges at the clock."""
        if self._books is None:
            alone = not self._currencies or self._currencies[0] == currency
            return self.series if alone else Series(self.layout)
        book = self._books.get(currency)
        if book is None:
            return Series(self.layout)
        book.advance(self.clock)
        return book

    def append(self, event: Event) -> None:
        """Add an event in order; `advance` was called with its time."""
        time, amount, currency, other = event
        self._enter(time, amount, currency)
        series = self.series
        if self.layout.keeps_others:
            self._count_other(other, series.size)
        series.append(time, amount)
        dead = series.marks[-1]
        if dead > _COMPACT and 2 * dead > series.size:
            self._load(self.columns())

    def insert(self, event: Event) -> None:
        """Add a late event at its place; without effect beyond the horizon."""
        (time, amount, currency, other), newest = event, self.newest
        if newest is not None and time <= newest - self.layout.horizon_ms:
            return
        columns = self.columns()
        place = bisect_right(columns.times, time)
        currencies = columns.currencies
        if currencies and currencies != [currency]:
            if len(currencies) != len(columns.times):
                currencies = currencies * len(columns.times)
            currencies.insert(place, currency)
        columns.times.insert(place, time)
        columns.amounts.insert(place, amount)
        if self.layout.keeps_others:
            columns.others.insert(place, other)
        self._load(columns._replace(currencies=currencies or [currency]))

    def _load(self, columns: Columns) -> None:
        self.series = Series(self.layout, columns.times, columns.amounts)
        self.others = columns.others
        self._currencies = columns.currencies
        self._books: dict[str, Series] | None = None
        if len(set(columns.currencies)) > 1:
            self._open_books()
        else:
            self._currencies = columns.currencies[:1]
        self.clock = columns.times[-1] if columns.times else BEGINNING
        self.series.seek(self.clock)
        self._index_others()

    def _index_others(self) -> None:
        """Find each other id's latest event, and count those of each distinct window."""
        self.last = dict(zip(self.others, range(len(self.others)), strict=True))
        self._passed = [self.series.marks[slot] for slot in self.layout.distincts]
        self.distincts = [len(set(self.others[mark:])) for mark in self._passed]

    def _open_books(self) -> None:
        """More than one currency: a series for each beside the one of all."""
        pairs: dict[str, tuple[list[int], list[int]]] = {}
        for currency, time, amount in zip(
            self._currencies, self.series.times, self.series.amounts, strict=True
        ):
            times, amounts = pairs.setdefault(currency, ([], []))
            times.append(time)
            amounts.append(amount)
        self._books = {c: Series(self.layout, *pair) for c, pair in pairs.items()}
        for book in self._books.values():
            book.seek(book.times[-1])

    def _enter(self, time: int, amount: int, currency: str) -> None:
        """Put the amount into its currency's book, opening books with the second currency."""
        if self._books is None:
            if not self._currencies:
                self._currencies = [currency]
            if self._currencies[0] == currency:
                return
            self._currencies = self._currencies * self.series.size
            self._open_books()
        assert self._books is not None
        self._books.setdefault(currency, Series(self.layout)).append(time, amount)
        self._currencies.append(currency)

    def _expire(self, marks: list[int]) -> None:
        """Uncount others whose latest event has left a distinct window."""
        for number, slot in enumerate(self.layout.distincts):
            mark = marks[slot]
            for index in range(self._passed[number], mark):
                if self.last[self.others[index]] == index:
                    self.distincts[number] -= 1
            self._passed[number] = mark

    def _count_other(self, other: int, index: int) -> None:
        for number, slot in enumerate(self.layout.distincts):
            if self.prior < self.series.marks[slot]:
                self.distincts[number] += 1
        self.last[other] = index
        self.others.append(other)
