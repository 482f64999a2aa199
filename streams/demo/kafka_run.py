"""The demo on Kafka: five workers in processes of their own, a publisher, an observer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from infra.kafka.ports import free_port
from producers.arrival import Arrival
from producers.publisher import LabelPublisher, TransactionPublisher
from producers.sender import Sender
from streams.demo.lag import Groups
from streams.demo.observer import Observer, last_event_time
from streams.demo.processes import WorkerProcess, Workers
from streams.demo.summary import Summary, summary
from streams.demo.tally import Tally
from streams.demo.view import View
from streams.demo.world import WorldDoesNotFit, WorldRequest

ROLES = ("hot", "hot", "join", "learn", "drift")
# A second is hours of event time here: more would let partitions drift apart (and wait longer).
IN_FLIGHT = 2_000
# Labels have no decision to wait for; this many ahead of the join are a second or two.
LABELS_IN_FLIGHT = 10_000
LINGER_MS = 5.0
HELD_S = 0.002
READY_S = 90.0  # five interpreters that import River on two cores, then two rebalances
# Without any progress: longer than a session's timeout and a restore.
STALLED_S = 60.0
# A worker is looked after, and the view, every so many records.
TEND_EVERY = 100


def run_on_kafka(
    request: WorldRequest, bootstrap: str, folder: Path, tally: Tally, view: View
) -> Summary:
    """Run the world through a cluster with all topics and sum up; stops its workers at the end.

    Raises WorldDoesNotFit, WorkerFailed, DeliveryFailed or what the observer met.
    """
    request = behind(request, bootstrap)
    observer = Observer(bootstrap, tally)
    with observer, Workers(processes(bootstrap, folder)) as workers:
        view.phase(f"starting {len(ROLES)} workers on {bootstrap}")
        workers.wait_until_ready(READY_S)
        run = Run(bootstrap, observer, workers, tally, view)
        view.phase("publishing as fast as transactions are decided")
        started = tally.clock()
        run.publish(request.arrivals())
        view.phase("waiting for the last decisions and outcomes")
        run.settle()
        result = summary("kafka", tally, started)
        view.phase("stopping the workers")
    return result


def behind(request: WorldRequest, bootstrap: str) -> WorldRequest:
    """The world, moved behind the last one that the log holds; raises WorldDoesNotFit."""
    return request.after(last_event_time(bootstrap), now=time.time_ns() // 1_000_000)


def fits_behind(request: WorldRequest, bootstrap: str) -> bool:
    """Whether the world can be moved behind what the log holds."""
    try:
        behind(request, bootstrap)
    except WorldDoesNotFit:
        return False
    return True


def processes(bootstrap: str, folder: Path) -> list[WorkerProcess]:
    """The workers, each with a port, an id and a log of its own."""
    made = []
    for number, role in enumerate(ROLES, start=1):
        port = free_port()
        environment = {
            "FRAUD_BOOTSTRAP": bootstrap,
            "FRAUD_HOME": str(folder / "workers"),
            "FRAUD_WORKER_ID": f"demo-{role}-{port}",
        }
        log = folder / f"{number}-{role}.log"
        made.append(WorkerProcess(role, port, environment, log))
    return made


class Run:
    """Publishing no faster than decisions come, and waiting for what is still out."""

    def __init__(
        self, bootstrap: str, observer: Observer, workers: Workers, tally: Tally, view: View
    ) -> None:
        self._bootstrap = bootstrap
        self._observer = observer
        self._workers = workers
        self._tally = tally
        self._view = view
        self._progress = (0, time.monotonic())

    def publish(self, arrivals: Iterable[Arrival]) -> None:
        """Publish everything, holding back while too much is under way."""
        tally = self._tally
        with Sender(self._bootstrap, linger_ms=LINGER_MS) as sender:
            transactions, labels = TransactionPublisher(sender), LabelPublisher(sender)
            for number, (event, _, record) in enumerate(arrivals):
                if number % TEND_EVERY == 0:
                    self._tend()
                if event == "label":
                    self._hold(sender, lambda: tally.unmatched >= LABELS_IN_FLIGHT)
                    tally.labelled(record["transaction_id"])
                    labels.publish(record)
                else:
                    self._hold(sender, lambda: tally.undecided >= IN_FLIGHT)
                    tally.published(record["transaction_id"])
                    transactions.publish(record)

    def settle(self) -> None:
        """Wait until every transaction has its decision, every label its outcome, and the roles
        have committed everything.

        Gives up, saying what is missing, after a minute without progress: the summary counts it.
        """
        while (self._tally.undecided or self._tally.unmatched) and not self._stalled():
            self._rest(0.01)
        if self._tally.undecided or self._tally.unmatched:
            self._view.phase(self._still_out())
            return
        groups = Groups(self._bootstrap)
        try:
            self._await_groups(groups)
        finally:
            groups.close()

    def _await_groups(self, groups: Groups) -> None:
        """Wait until the slow path has caught up: the learner is behind the last outcomes."""
        left = groups.behind()
        while any(left.values()) and not self._stalled(-sum(left.values())):
            self._rest(0.2)
            left = groups.behind()
        if any(left.values()):
            self._view.phase(f"nothing moved for {STALLED_S:g} s; records behind: {left}")
        last = groups.ends()
        while not self._observer.has_read(last) and not self._stalled():
            self._rest(0.05)

    def _rest(self, seconds: float) -> None:
        self._tend()
        time.sleep(seconds)

    def _hold(self, sender: Sender, full: Callable[[], bool]) -> None:
        while full() and not self._stalled():
            sender.check()
            sender.poll(HELD_S)
            self._tend()

    def _tend(self) -> None:
        self._observer.check()
        self._workers.tend()
        self._view.tick()

    def _stalled(self, more: int = 0) -> bool:
        done = len(self._tally.decided) + len(self._tally.outcomes) + more
        if done != self._progress[0]:
            self._progress = (done, time.monotonic())
        return time.monotonic() - self._progress[1] > STALLED_S

    def _still_out(self) -> str:
        return (
            f"nothing came for {STALLED_S:g} s; still out: {self._tally.undecided} decisions and "
            f"{self._tally.unmatched} outcomes"
        )
