"""A feature set becomes Python source, once: one function that folds an event into a log.

For a card with the features count over 1 h and mean over 1 d:

```python
def run(log, event, counted, outliers):
    time, amount, currency, other = event
    if time < log.clock or currency != log.currency:
        return out_of_turn(log, event, counted, outliers)
    own = amount * counted
    (m0, m1, s1,) = log.edges
    times = log.times
    amounts = log.amounts
    n = len(times)
    edge = time - 3600000
    while m0 < n and times[m0] <= edge:
        m0 += 1
    edge = time - 86400000
    while m1 < n and times[m1] <= edge:
        gone = amounts[m1]
        s1 -= gone
        m1 += 1
    w1 = s1 + own
    e0 = n - m0
    c0 = e0 + counted
    e1 = n - m1
    c1 = e1 + counted
    v0 = float(c0)
    if not (0.0 <= v0 and v0 <= 1000000.0): v0 = clip('card_count_1h', v0, ...)
    if c1:
        v1 = w1 / (100 * c1)
        if not (0.0 <= v1 and v1 <= 10000000000.0): v1 = clip('card_mean_1d', ...)
    else: v1 = None
    if counted:
        if amount >> 32: amounts = log.widen(amount)
        amounts.append(amount)
        times.append(time)
    log.edges = (m0, m1, w1,)
    log.clock = time
    if n >= log.compact_at: log.compact()
    return [v0, v1]
```

By slot (the index of a cut): `m` mark, `s` sum before and `w` with this event, `q` and `z` the same
of squares, `p` peak, `d` distinct others, `e` earlier events, `c` with this one, `f` known frauds,
`h` median. A second function, `run_mixed`, takes the book of the event's currency as well and reads
the amounts there: the same lines, the names of the book's own begin with `b`.

The source is made of feature specs alone, never of anything that came over the wire.
"""

from __future__ import annotations

from bisect import bisect_right
from math import inf, sqrt
from typing import Any

from models.windows.bounds import bounded, clip, indented, tuple_of
from models.windows.fraud_aggregates import fraud_amounts, run_of_frauds
from models.windows.layout import Layout, above, highest, is_last, last_of, median
from models.windows.needs import Needs, Value
from models.windows.spec import Feature

RUNTIME = {
    function.__name__: function
    for function in (
        above, bisect_right, clip, fraud_amounts, highest, is_last, last_of, median,
        run_of_frauds, sqrt,
    )
} | {"inf": inf}  # fmt: skip
_NEXT_TURN = (
    "if time < log.clock or currency != log.currency:",
    "    return out_of_turn(log, event, counted, outliers)",
)


def define(name: str, parameters: str, lines: list[str], scope: dict[str, Any]) -> Any:
    """The function with these lines; `scope` is what it can name."""
    source = "\n".join([f"def {name}({parameters}):", *indented(lines)])
    exec(compile(source, f"<features {name}>", "exec"), scope)
    return scope[name]


def run_lines(needs: Needs, layout: Layout, values: list[tuple[Feature, Value]]) -> list[str]:
    """The body of `run`, or of `run_mixed` where the needs are met by a book."""
    mixed = bool(needs.book)
    lines = ["time, amount, currency, other = event", *(() if mixed else _NEXT_TURN)]
    lines += ["own = amount * counted", *_open(layout, ""), *_others(layout)]
    if mixed:
        lines += _open(layout, needs.book)
    lines += _known_frauds(needs)
    lines += [f"{name} = {expression}" for name, expression in needs.shared.items()]
    for at, (feature, value) in enumerate(values):
        lines += bounded(feature, value, f"v{at}")
    if mixed:
        lines += _close(layout, needs.book)
    lines += [*_close(layout, ""), "if n >= log.compact_at: log.compact()"][: -1 if mixed else None]
    return [*lines, f"return [{', '.join(f'v{at}' for at in range(len(values)))}]"]


def _edges(layout: Layout, book: str, letters: str) -> str:
    groups = (range(len(layout.cuts)), layout.sums, layout.squares, layout.peaks, layout.distincts)
    return tuple_of(
        [
            f"{book}{letter}{slot}"
            for letter, group in zip(letters, groups, strict=True)
            for slot in group
        ]
    )


def _open(layout: Layout, book: str) -> list[str]:
    """Take a log's columns and edges, and move the edges to the event's time."""
    log = "book" if book else "log"
    lines = [
        f"{_edges(layout, book, 'msqpd')} = {log}.edges",
        f"{book}times = {log}.times",
        f"{book}amounts = {log}.amounts",
        f"{book}n = len({book}times)",
    ]
    if layout.keeps_others and not book:
        lines.append("others = log.others")
    for slot in range(len(layout.cuts)):
        lines += _advance(layout, book, slot)
    for slot in layout.peaks:
        peak, mark = f"{book}p{slot}", f"{book}m{slot}"
        lines.append(f"if {peak} < {mark}: {peak} = highest({book}amounts, {mark}, {book}n)")
    lines += [f"{book}w{slot} = {book}s{slot} + own" for slot in layout.sums]
    return lines + [f"{book}z{slot} = {book}q{slot} + own * own" for slot in layout.squares]


def _advance(layout: Layout, book: str, slot: int) -> list[str]:
    mark, passed = f"{book}m{slot}", []
    if slot in layout.sums or slot in layout.squares:
        passed.append(f"gone = {book}amounts[{mark}]")
    if slot in layout.sums:
        passed.append(f"{book}s{slot} -= gone")
    if slot in layout.squares:
        passed.append(f"{book}q{slot} -= gone * gone")
    if slot in layout.distincts and not book:
        passed += [
            f"at = {mark} * 8 + 8",
            f"if others.find(others[at - 8 : at], at) < 0 or is_last(others, {mark}): d{slot} -= 1",
        ]
    return [
        f"edge = time - {layout.cuts[slot]}",
        f"while {mark} < {book}n and {book}times[{mark}] <= edge:",
        *indented([*passed, f"{mark} += 1"]),
    ]


def _others(layout: Layout) -> list[str]:
    """Look up the event's other id."""
    if not layout.keeps_others:
        return []
    lines = [
        "at = others.rfind(other)",
        "prior = at // 8 if at % 8 == 0 else last_of(others, other)",
    ]
    return lines + [f"if prior < m{slot}: d{slot} += counted" for slot in layout.distincts]


def _known_frauds(needs: Needs) -> list[str]:
    """Find the edges' places among the known frauds."""
    cuts = needs.frauds.values
    if not cuts:
        return []
    places = [
        f"f{at} = bisect_right(frauds, time - {cut})"
        if cut
        else f"f{at} = bisect_right(frauds, time)"
        for at, cut in enumerate(cuts)
    ]
    nothing = " = ".join(f"f{at}" for at in range(len(cuts)))
    return ["frauds = log.frauds", "if frauds:", *indented(places), f"else: {nothing} = 0"]


def _close(layout: Layout, book: str) -> list[str]:
    """Add the event and put the edges back."""
    log = "book" if book else "log"
    lines = [f"if amount >> 32: {book}amounts = {log}.widen(amount)"]
    for slot in layout.peaks:
        peak = f"{book}p{slot}"
        lines.append(f"if {peak} < 0 or amount >= {book}amounts[{peak}]: {peak} = {book}n")
    lines += [f"{book}amounts.append(amount)", f"{book}times.append(time)"]
    if layout.keeps_others and not book:
        lines.append("others += other")
    edges = f"{log}.edges = {_edges(layout, book, 'mwzpd')}"
    return ["if counted:", *indented(lines), edges, f"{log}.clock = time"]
