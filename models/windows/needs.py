"""The local variables of the generated code, and what they need to be kept.

Aggregations ask for them by window; what several ask for is computed once. See
:mod:`models.windows.source` for the code in which the names appear.
"""

from __future__ import annotations

from typing import NamedTuple

from models.windows.layout import Layout


class Value(NamedTuple):
    """How to compute a feature: an expression, and when there is a value at all ("" for always)."""

    expression: str
    when: str = ""


class Slots:
    """Hands out an index for each distinct number, in order of first use."""

    def __init__(self) -> None:
        self.values: list[int] = []

    def __call__(self, value: int) -> int:
        """The index of `value`."""
        if value not in self.values:
            self.values.append(value)
        return self.values.index(value)


class Amounts(NamedTuple):
    """Names of what is known of a window's amounts in the transaction's own currency."""

    earlier: str  # how many events, without this one
    number: str  # with it
    plain: str  # sum of the amounts, minor units, without this one
    whole: str  # with it
    slot: int


class Needs:
    """What the features compiled so far need to be kept.

    `book` begins the names of what is kept by currency: it is empty where a log has but one, and
    its events are the book.
    """

    def __init__(self, book: str = "") -> None:
        self.book = book
        self.cuts = Slots()
        self.sums = Slots()
        self.squares = Slots()
        self.peaks = Slots()
        self.distincts = Slots()
        self.frauds = Slots()
        self.others = False
        self.shared: dict[str, str] = {}

    def layout(self, horizon_ms: int) -> Layout:
        """What to keep for all of it."""
        return Layout(
            cuts=tuple(self.cuts.values),
            sums=tuple(self.sums.values),
            squares=tuple(self.squares.values),
            peaks=tuple(self.peaks.values),
            distincts=tuple(self.distincts.values),
            keeps_others=self.others,
            horizon_ms=horizon_ms,
        )

    def mark(self, span_ms: int) -> str:
        """Index of the first event after t - span."""
        return f"m{self.cuts(span_ms)}"

    def number(self, span_ms: int, book: str = "") -> str:
        """How many events there are after t - span, this one included."""
        slot, earlier = self.cuts(span_ms), self.earlier(span_ms, book)
        return self.share(f"{book}c{slot}", f"{earlier} + counted")

    def earlier(self, span_ms: int, book: str = "") -> str:
        """The same without this one."""
        slot = self.cuts(span_ms)
        return self.share(f"{book}e{slot}", f"{book}n - {book}m{slot}")

    def amounts(self, span_ms: int) -> Amounts:
        """The amounts of the window that begins at t - span."""
        slot, book = self.cuts(span_ms), self.book
        self.sums(slot)
        return Amounts(
            self.earlier(span_ms, book),
            self.number(span_ms, book),
            f"{book}s{slot}",
            f"{book}w{slot}",
            slot,
        )

    def spread(self, span_ms: int) -> str:
        """n (n - 1) times the variance of the earlier amounts: an integer, 0 below two of them."""
        of, book = self.amounts(span_ms), self.book
        self.squares(of.slot)
        squares = f"{of.earlier} * {book}q{of.slot} - {of.plain} * {of.plain}"
        return self.share(f"{book}g{of.slot}", squares)

    def deviation(self, span_ms: int) -> str:
        """The standard deviation of the earlier amounts, minor units, 0.0 below two of them."""
        of, spread = self.amounts(span_ms), self.spread(span_ms)
        root = f"sqrt({spread} / ({of.earlier} * ({of.earlier} - 1)))"
        return self.share(f"{self.book}r{of.slot}", f"{root} if {spread} else 0.0")

    def peak(self, span_ms: int) -> str:
        """Index of the largest earlier amount, -1 for none."""
        slot = self.cuts(span_ms)
        self.peaks(slot)
        return f"{self.book}p{slot}"

    def median(self, span_ms: int) -> str:
        """The median of the earlier amounts, minor units, 0.0 for none."""
        slot, book = self.cuts(span_ms), self.book
        return self.share(f"{book}h{slot}", f"median({book}amounts, {book}m{slot}, {book}n)")

    def distinct(self, span_ms: int) -> str:
        """Number of distinct other ids, this one included."""
        slot = self.cuts(span_ms)
        self.distincts(slot)
        self.others = True
        return f"d{slot}"

    def prior(self) -> str:
        """Index of the newest earlier event with the same other id, -1 for none."""
        self.others = True
        return "prior"

    def known(self, far_ms: int, near_ms: int = 0) -> tuple[str, str]:
        """Where the known frauds after t - far begin, and those after t - near."""
        return f"f{self.frauds(far_ms)}", f"f{self.frauds(near_ms)}"

    def share(self, name: str, expression: str) -> str:
        """A name for what several features compute."""
        self.shared.setdefault(name, expression)
        return name
