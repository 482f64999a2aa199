"""One run of a publication: a stream of arrivals, paced, throttled, sent and kept track of."""

from collections.abc import Callable

from producers.arrival import Arrival
from producers.errors import FileInvalid
from producers.pacing import Pacer
from producers.progress import Progress, ProgressFile, Reporter
from producers.publisher import LabelPublisher, TransactionPublisher
from producers.sender import Sender
from producers.source import Position, Source
from producers.track import Track
from schemas.errors import EventError

_HELD_S = 0.002  # how long a throttle's refusal stands


class Publication:
    """Publishes a source from a position through one sender.

    `throttle` says, given the number of transactions sent, whether to hold the next one back.
    """

    def __init__(
        self,
        source: Source,
        start: Position,
        sender: Sender,
        pacer: Pacer,
        reporter: Reporter,
        *,
        throttle: Callable[[int], bool] | None = None,
        file: ProgressFile | None = None,
    ) -> None:
        self._source, self._track, self._arrival = source, Track(start), 0
        self._sender, self._pacer, self._reporter = sender, pacer, reporter
        self._throttle, self._file = throttle, file
        self._transactions = TransactionPublisher(sender)
        self._labels = LabelPublisher(sender)

    def publish(self, limit: int | None = None) -> Progress:
        """Send everything there is, or up to transaction number `limit`, and see it delivered.

        Whatever ends it early leaves the progress file at what was delivered.
        """
        try:
            with self._sender:
                self._run(limit)
        finally:
            self._save()
        if self._file is not None:
            self._file.remove()
        return self._report()

    def _run(self, limit: int | None) -> None:
        for arrival in self._source.arrivals(self._track.position):
            if limit is not None and self._track.position.transactions >= limit:
                return
            self._pacer.hold(self._track.position.transactions, arrival.at)
            self._send(arrival)
            self._look()

    def _save(self) -> None:
        if self._file is not None:
            self._file.save(self._track.delivered)

    def _look(self) -> None:
        """A few times a second: stop if something was lost, keep the position, tell."""
        if self._reporter.due():
            self._sender.check()
            self._save()
            self._report()

    def _report(self) -> Progress:
        undelivered = self._sender.in_flight + self._sender.failed
        return self._reporter.report(self._track.position, undelivered, self._arrival)

    def _send(self, arrival: Arrival) -> None:
        transactions, labels = self._track.position
        self._arrival = arrival.at
        try:
            if arrival.event == "label":
                self._labels.publish(arrival.record, self._track.receipt())
                self._track.sent(Position(transactions, labels + 1))
            else:
                self._hold(transactions)
                self._transactions.publish(arrival.record, self._track.receipt())
                self._track.sent(Position(transactions + 1, labels))
        except EventError as error:
            raise self._at(arrival, transactions, labels, error) from error

    def _hold(self, sent: int) -> None:
        while self._throttle is not None and self._throttle(sent):
            self._sender.poll(_HELD_S)
            self._look()

    def _at(
        self, arrival: Arrival, transactions: int, labels: int, error: EventError
    ) -> FileInvalid:
        is_label = arrival.event == "label"
        file = self._source.labels if is_label else self._source.transactions
        return FileInvalid(f"{file}, row {(labels if is_label else transactions) + 1}: {error}")
