"""What a demo shows while it runs: a live table on a terminal, a line now and then elsewhere.

Both write to standard error: standard output is the result's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from models.evaluation import average_precision, roc_auc
from streams.demo.alert_line import alert_line
from streams.demo.tally import Competitor, Tally

LINE_EVERY_S = 5.0
# Ranking 100,000 scores takes 20 ms: not with each frame.
QUALITY_EVERY_S = 2.0


class View(Protocol):
    """Where a demo says what it does."""

    def phase(self, text: str) -> None:
        """Say what happens now."""

    def tick(self) -> None:
        """Called often; shows something when it is time to."""


class Figures:
    """A tally as a few names and numbers, rates since the last look."""

    def __init__(self, tally: Tally, clock: Callable[[], float] = time.monotonic) -> None:
        self._tally = tally
        self._clock = clock
        self._last = (clock(), 0)
        self._quality: tuple[float, str, str] = (-QUALITY_EVERY_S, "-", "-")

    def rows(self) -> list[tuple[str, str]]:
        """(name, value) for everything worth a look."""
        tally = self._tally
        ap, auc = self._measured()
        model = "none yet" if tally.last_model is None else "{}@{}".format(*tally.last_model)
        return [
            ("published", f"{len(tally.sent):,}"),
            ("decided", f"{len(tally.decided):,} ({self._rate():,.0f}/s)"),
            ("undecided", f"{tally.undecided:,}"),
            ("alerts", f"{len(tally.alerts):,}"),
            ("labels", f"{len(tally.labels):,} ({tally.unmatched:,} without outcome)"),
            ("model", f"{model} ({len(tally.models)} published)"),
            ("AP / AUC", f"{ap} / {auc}"),
            *self._competitors(),
            ("drift signals", f"{len(tally.drift_signals):,}{self._drift()}"),
            ("dead letters", f"{sum(tally.dead_letters.values()):,}"),
        ]

    def _competitors(self) -> list[tuple[str, str]]:
        """Champion and challengers, each by the scores it had at the decisions."""
        champion, found = self._tally.champion, sorted(self._tally.competitors.copy().items())
        return [
            (f"{name}{' (decides)' if name == champion else ''}", _standing(one))
            for name, one in found
        ]

    def _drift(self) -> str:
        last = self._tally.last_drift
        return "" if last is None else f" ({last['subject']} {last['state'].lower()})"

    def _rate(self) -> float:
        now, decided = self._clock(), len(self._tally.decided)
        then, before = self._last
        if now - then >= 1.0:
            self._last = (now, decided)
        return (decided - before) / (now - then) if now > then else 0.0

    def _measured(self) -> tuple[str, str]:
        now = self._clock()
        if now - self._quality[0] >= QUALITY_EVERY_S:
            # The observer's thread may append between the two copies.
            count = len(self._tally.scores)
            labels, scores = self._tally.frauds[:count], self._tally.scores[:count]
            found = average_precision(labels, scores), roc_auc(labels, scores)
            ap, auc = ("-" if value is None else f"{value:.3f}" for value in found)
            self._quality = (now, ap, auc)
        return self._quality[1], self._quality[2]


def _standing(one: Competitor) -> str:
    measured = one.metrics
    if "average_precision" not in measured:
        return f"@{one.version}, not judged yet"
    ap, auc = measured["average_precision"], measured.get("auc_roc", 0.0)
    found = measured.get("card_precision", 0.0)
    return (
        f"AP {ap:.3f}, AUC {auc:.3f}, card precision {found:.3f} "
        f"over {measured['window']:,.0f} (@{one.version})"
    )


class LiveView:
    """A table that redraws itself four times a second, the last alerts below it."""

    def __init__(self, tally: Tally, console: Console) -> None:
        self._tally = tally
        self._figures = Figures(tally)
        self._phase = ""
        self._live = Live(
            get_renderable=self._render, console=console, refresh_per_second=4, transient=True
        )

    def phase(self, text: str) -> None:
        """Say what happens now."""
        self._phase = text

    def tick(self) -> None:
        """Nothing: the table has a thread of its own."""

    def _render(self) -> Group:
        table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
        for name, value in self._figures.rows():
            table.add_row(Text(name, style="dim"), value)
        alerts = [Text(alert_line(alert), overflow="ellipsis", no_wrap=True)
                  for alert in list(self._tally.last_alerts)]  # fmt: skip
        return Group(Text(self._phase, style="bold"), table, *alerts)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()


class LineView:
    """A line every five seconds, for logs and pipes."""

    def __init__(
        self, tally: Tally, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._figures = Figures(tally, clock)
        self._console = console
        self._clock = clock
        self._last = clock()

    def phase(self, text: str) -> None:
        """Say what happens now."""
        self._print(text)

    def tick(self) -> None:
        """Print the figures if the last ones are five seconds old."""
        if self._clock() - self._last >= LINE_EVERY_S:
            self._last = self._clock()
            self._print("; ".join(f"{name} {value}" for name, value in self._figures.rows()))

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing to put away."""


def view_for(tally: Tally, console: Console) -> LiveView | LineView:
    """The view that suits the console."""
    return LiveView(tally, console) if console.is_terminal else LineView(tally, console)
