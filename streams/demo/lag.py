"""How far the workers' groups are behind the log, from what they have committed."""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from streams import changelog
from streams.demo.observer import ends
from streams.demo.tally import WATCHED
from streams.in_process import InProcessLog
from streams.in_process_world import in_process_world
from streams.settings import Settings
from streams.wiring import ROLES


class Groups:
    """The four roles' groups on one cluster; their outputs are delivered before they commit."""

    def __init__(self, bootstrap: str) -> None:
        self._reader = changelog.reader(Settings(bootstrap=bootstrap))
        self._members = {
            app_id: Consumer({"bootstrap.servers": bootstrap, "group.id": app_id})
            for app_id in sources()
        }

    def behind(self) -> dict[str, int]:
        """Records of its sources that each group has not committed yet, by group id."""
        return {app_id: self._behind(app_id, names) for app_id, names in sources().items()}

    def ends(self) -> list[TopicPartition]:
        """The offsets after the last records of the watched topics."""
        return ends(self._reader, WATCHED)

    def close(self) -> None:
        """Close the consumers."""
        for consumer in (self._reader, *self._members.values()):
            consumer.close()

    def _behind(self, app_id: str, names: set[str]) -> int:
        wanted = [TopicPartition(n, p) for n in names for p in range(topics.topic(n).partitions)]
        committed = self._members[app_id].committed(wanted, timeout=changelog.ADMIN_TIMEOUT_S)
        done = {(tp.topic, tp.partition): max(0, tp.offset) for tp in committed}
        return sum(max(0, e.offset - done[e.topic, e.partition]) for e in ends(self._reader, names))


def sources() -> dict[str, set[str]]:
    """The topics that each role's group reads, from the wiring.

    >>> sorted(sources()["fraud-join"])
    ['fraud.decisions', 'fraud.labels']
    """
    world = in_process_world(InProcessLog(clock=lambda: 0))
    return {
        role.app_id: {name for stage in role.stages(world) for name in stage.sources}
        for role in ROLES.values()
    }
