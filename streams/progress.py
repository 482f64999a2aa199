"""Whether work that waits moves. Pure: it is shown where each partition stands, and when.

```text
 waits   the log's end is beyond what is folded
 stands  it waits, and its folded offset is what it was at an earlier look
 stalled a stage of which something waits and nothing that waits has moved
```

One busy partition of a stage is enough for the stage to be alive: a consumer that catches up serves
its partitions in turn. A partition that stands for long beside it shows in `standing`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Place(NamedTuple):
    """A partition, as one stage reads it."""

    stage: str
    topic: str
    partition: int


class Stand(NamedTuple):
    """Where a stage stands in a partition: the next offset to fold, and the log's end."""

    following: int
    end: int

    @property
    def lag(self) -> int:
        """Records that wait."""
        return max(0, self.end - self.following)


class Progress:
    """Since when each place has stood still while records waited in it; times in seconds.

    >>> progress, place = Progress(), Place("score", "fraud.activity", 0)
    >>> progress.look({place: Stand(5, 9)}, now=10.0)
    >>> progress.look({place: Stand(5, 12)}, now=17.0)
    >>> progress.stalled()
    {'score': 7.0}
    >>> progress.look({place: Stand(12, 12)}, now=18.0)
    >>> progress.stalled()
    {'score': 0.0}
    """

    def __init__(self) -> None:
        self.stands: dict[Place, Stand] = {}
        self._since: dict[Place, float] = {}
        self._now = 0.0

    def look(self, stands: Mapping[Place, Stand], now: float) -> None:
        """Take in where everything held stands at ``now``; what is no longer named is forgotten."""
        since = {
            place: self._since[place] if self._stands_still(place, stand) else now
            for place, stand in stands.items()
        }
        self.stands, self._since, self._now = dict(stands), since, now

    def standing(self) -> dict[Place, float]:
        """Seconds that each place has stood still at the last look; 0 where nothing waits."""
        return {place: self._now - since for place, since in self._since.items()}

    def stalled(self) -> dict[str, float]:
        """Seconds that nothing which waits has moved, by stage; 0 where nothing waits."""
        found = dict.fromkeys((place.stage for place in self.stands), 0.0)
        return found | {
            stage: min(seconds for place, seconds in self._waiting() if place.stage == stage)
            for stage in {place.stage for place, _ in self._waiting()}
        }

    def _waiting(self) -> Iterable[tuple[Place, float]]:
        return ((place, s) for place, s in self.standing().items() if self.stands[place].lag)

    def _stands_still(self, place: Place, stand: Stand) -> bool:
        before = self.stands.get(place)
        return before is not None and before.following == stand.following and before.lag > 0
