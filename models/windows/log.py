"""The events of one entity, exact for events in any order.

Events of equal time keep their order of arrival: an event's windows hold itself and those of equal
time that arrived before it. The generated code of :mod:`models.windows.source` scores and appends
an event in order. A late event (older than one already seen) is scored by the same code: the newer
ones are taken off, it is added, they are put back. That costs as much as there are newer ones (and
once through the windows where other ids or maxima are kept). Beyond the lateness, or with several
currencies, a copy of the past is scored and the log built anew, O(n).

Counts and distinct ids are over all events, amounts over the events in the transaction's own
currency: a log of several currencies keeps a book, a log of its own, for each of them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right

from models.windows.columns import OTHER_BYTES, WIDE, Columns, Event
from models.windows.layout import Edges, Layout, moved_back
from models.windows.spec import LATENESS_MS

BEGINNING = -(2**62)


class EventLog:
    """Events of one entity with everything the generated code reads.

    Few objects, since thousands of logs are live and a worker visits them at random: three flat
    columns and one tuple of numbers.
    """

    __slots__ = (
        "amounts",
        "books",
        "clock",
        "compact_at",
        "currency",
        "edges",
        "frauds",
        "layout",
        "others",
        "tags",
        "times",
    )

    times: array[int]
    amounts: array[int]
    others: bytearray
    edges: Edges
    books: dict[str, EventLog] | None  # by currency, once there are several
    currency: str | None  # of all events; None without events, and where there are several
    tags: list[str]  # each event's currency, where there are several

    def __init__(self, layout: Layout, columns: Columns, frauds: list[int]):
        self.layout = layout
        self.frauds = frauds  # sorted event times of known frauds, kept by the terminal
        self._load(columns)

    @property
    def newest(self) -> int | None:
        """Event time of the newest counted event, ms; None if there is none."""
        return self.times[-1] if self.times else None

    def columns(self) -> Columns:
        """A copy of the live events."""
        currencies = self.tags if self.books else [self.currency] if self.currency else []
        whole = Columns(self.times, self.amounts, self.others, currencies)
        return whole.between(self.first(), len(self.times))

    def first(self) -> int:
        """Index of the oldest event within the horizon."""
        times = self.times
        return bisect_right(times, times[-1] - self.layout.horizon_ms) if times else 0

    def currencies(self, first: int) -> tuple[list[str], bytes]:
        """The names of the live events' currencies, and each event's index if they are several."""
        if self.books is None:
            return [self.currency] if self.currency else [], b""
        live = self.tags[first:]
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
        return newest is not None and currency == self.currency and time >= newest - LATENESS_MS

    def rewind(self, time: int) -> list[Event]:
        """Take off the events after `time` and return them; the edges stand at `time`."""
        place, currency = bisect_right(self.times, time), self.currency or ""
        self._stand(time, place)
        others = self.others[place * OTHER_BYTES :]
        parts = [bytes(others[i : i + OTHER_BYTES]) for i in range(0, len(others), OTHER_BYTES)]
        newer = [
            (at, amount, currency, parts[i] if parts else b"")
            for i, (at, amount) in enumerate(
                zip(self.times[place:], self.amounts[place:], strict=True)
            )
        ]
        del self.times[place:], self.amounts[place:], self.others[place * OTHER_BYTES :]
        self.clock = time
        return newer

    def insert(self, event: Event) -> None:
        """Add a late event at its place; without effect beyond the horizon."""
        (time, amount, currency, other), newest = event, self.newest
        if newest is not None and time <= newest - self.layout.horizon_ms:
            return
        self.widen(amount)
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
            columns.others[place * OTHER_BYTES : place * OTHER_BYTES] = other
        self._load(columns._replace(currencies=currencies or [currency]))

    def book(self, currency: str) -> EventLog:
        """The events of one currency, where there are others as well."""
        found = self.books.get(currency) if self.books else None
        return found or EventLog(self.layout, Columns.empty(), self.frauds)

    def enter(self, currency: str, book: EventLog) -> None:
        """Note that the event just added to the log and to this book is in `currency`."""
        if self.books is None:
            self.tags = [self.currency or currency] * (len(self.times) - 1)
            self.books = self._books_of(self.tags)
            self.currency = None
        self.books[currency] = book
        self.tags.append(currency)

    def widen(self, amount: int) -> array[int]:
        """The amounts' column, made wide if it cannot hold `amount`; it stays so."""
        if amount >> 32 and self.amounts.typecode != WIDE:
            self.amounts = array(WIDE, self.amounts)
        return self.amounts

    def compact(self) -> None:
        """Drop what is beyond the horizon. Called now and then, so O(1) amortised."""
        if self.books is not None:
            self._load(self.columns())
            return
        gone = self.first()
        del self.times[:gone], self.amounts[:gone], self.others[: gone * OTHER_BYTES]
        self.edges = self.layout.shifted(self.edges, gone)
        self.compact_at = _room(len(self.times))

    def _load(self, columns: Columns) -> None:
        self.times, self.amounts, self.others, currencies = columns
        size = len(self.times)
        self.clock = self.times[-1] if size else BEGINNING
        self.edges = self.layout.nothing(size)
        self._stand(self.clock, size)
        self.compact_at = _room(size)
        self.books = None
        several = len(set(currencies)) > 1
        self.currency = currencies[0] if currencies and not several else None
        if several:
            self.tags = currencies
            self.books = self._books_of(currencies)

    def _books_of(self, tags: list[str]) -> dict[str, EventLog]:
        """A log for each currency, from each event's currency."""
        books: dict[str, Columns] = {}
        for tag, time, amount in zip(tags, self.times, self.amounts, strict=False):
            book = books.get(tag)
            if book is None:
                book = books[tag] = Columns(array("q"), array(WIDE), bytearray(), [tag])
            book.times.append(time)
            book.amounts.append(amount)
        return {tag: EventLog(self.layout, book, self.frauds) for tag, book in books.items()}

    def _stand(self, clock: int, size: int) -> None:
        """Move the edges back to `clock` and count only the first `size` events."""
        columns = (self.times, self.amounts, self.others)
        self.edges = moved_back(self.layout, self.edges, columns, clock, size)


def _room(size: int) -> int:
    """The number of events at which to look for dead ones again."""
    return size + size // 4 + 16
