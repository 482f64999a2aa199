"""The demo without a broker: the same stages over an in-process log, in one thread."""

from __future__ import annotations

import time
from itertools import islice

from schemas import topics
from streams.demo.summary import Summary, summary
from streams.demo.tally import WATCHED, Tally
from streams.demo.view import View
from streams.demo.world import WorldRequest
from streams.in_process import InProcess, InProcessLog
from streams.in_process_world import in_process_world
from streams.wire import codec
from streams.wiring import ROLES

# Arrivals folded together: about an hour of the Handbook's event time, far below the lateness.
CHUNK = 500
# Read by their stages right away and by nobody afterwards. Decisions stay: labels come days later.
# So do outcomes: learning may be frozen, and go on with what queued.
PASSING = (topics.TRANSACTIONS, topics.ACTIVITY, topics.LABELS)

encode_transaction = codec.encoder("transaction")
encode_label = codec.encoder("label")


def run_embedded(request: WorldRequest, tally: Tally, view: View) -> Summary:
    """Run the world through all stages and sum up. The same request gives the same decisions."""
    embedded = Embedded(tally)
    view.phase("embedded: making the world")
    arrivals = request.arrivals()
    first = list(islice(arrivals, CHUNK))
    view.phase("embedded: no broker, the same stages over a log in this process")
    started = tally.clock()
    chunk = first
    while chunk:
        for arrival in chunk:
            embedded.publish(arrival.event, arrival.record)
        embedded.settle()
        view.tick()
        chunk = list(islice(arrivals, CHUNK))
    return summary("embedded", tally, started)


class Embedded:
    """All roles over one in-process log, watched by a tally."""

    def __init__(self, tally: Tally) -> None:
        self.log = InProcessLog(clock=_now_ms)
        self._tally = tally
        world = in_process_world(self.log)
        stages = [stage for role in ROLES.values() for stage in role.stages(world)]
        self._stages = InProcess(stages, self.log)
        self._seen = dict.fromkeys(self._watched(), 0)
        self._forgotten: dict[tuple[str, int], int] = {}

    def publish(self, event: str, record: dict[str, str]) -> None:
        """Append a transaction or a label."""
        key = record["card_id"].encode()
        if event == "label":
            self._tally.labelled(record["transaction_id"])
            self.log.append(topics.LABELS, key, encode_label(record))
        else:
            self._tally.published(record["transaction_id"])
            self.log.append(topics.TRANSACTIONS, key, encode_transaction(record))

    def settle(self) -> None:
        """Fold everything there is, count what came of it, drop what nobody reads again."""
        self._stages.run()
        self._observe()
        self._forget()

    def _watched(self) -> list[tuple[str, int]]:
        return [(name, p) for name in WATCHED for p in range(topics.topic(name).partitions)]

    def _observe(self) -> None:
        for at in self._watched():
            records = self.log.partitions[at]
            for record in records[self._seen[at] :]:
                self._tally.take(record.topic, record.value or b"")
            self._seen[at] = len(records)

    def _forget(self) -> None:
        # Offsets are positions in the list, so records stay and lose their bytes.
        for name in PASSING:
            for partition in range(topics.topic(name).partitions):
                records = self.log.partitions[name, partition]
                for at in range(self._forgotten.get((name, partition), 0), len(records)):
                    records[at] = records[at]._replace(value=None, headers=())
                self._forgotten[name, partition] = len(records)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
