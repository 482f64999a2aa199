"""The audit trail made again: the learner's own fold over `fraud.outcomes`, nothing sent.

The strongest check, and the dearest: it learns everything once more. An entry that the log does
not make, whoever wrote it and however well it is linked, is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.audit.chain import Fault
from models.learn import Learner
from schemas import topics
from streams.governance.outcomes import Told
from streams.history.altered import Altered
from streams.history.log import Log
from streams.history.rebuild import BATCH, NothingToRebuild
from streams.history.refold import NewLearner, Refold

Entry = Mapping[str, Any]


def beside_a_refold(
    log: Log, entries: Sequence[Entry], told: Told = lambda _done, _all: None,
    new_learner: NewLearner = Learner,
) -> list[Fault]:  # fmt: skip
    """Where the fold makes other entries than are recorded (each once, in order of number).

    Raises `NothingToRebuild` where the log has lost its beginning. The same code and the same
    River are needed: another River publishes other hashes.
    """
    if not entries:
        return []
    if log.begin(topics.OUTCOMES) > 0:
        raise NothingToRebuild(
            topics.OUTCOMES, expected="records from offset 0", came=log.begin(topics.OUTCOMES)
        )
    made = {one["number"]: one for one in folded(log, entries[-1]["offset"], told, new_learner)}
    found = {one["number"]: one for one in entries}
    return [
        fault
        for number in sorted(made.keys() | found.keys())
        if (fault := _fault(number, made.get(number), found.get(number)))
    ]


def folded(log: Log, last: int, told: Told, new_learner: NewLearner) -> list[dict[str, Any]]:
    """The entries that the fold up to and with an offset makes."""
    with TemporaryDirectory(prefix="fraud-audit-") as folder:
        refold = Refold(log, Altered(), Path(folder), new_learner)
        records = iter(log.read(topics.OUTCOMES, 0, 0, last + 1))
        while batch := list(islice(records, BATCH)):
            refold.fold(batch)
            told(batch[-1].offset + 1, last + 1)
        return refold.learner.trail.take()


def _fault(number: int, made: Entry | None, found: Entry | None) -> Fault | None:
    if found is None:
        return Fault(number, "MISSING", f"the log makes entry {number}, which is not recorded")
    if made is None:
        return Fault(number, "INSERTED", f"the log does not make entry {number}")
    names = [name for name in made if made[name] != found.get(name) and name not in LINKS]
    if not names:
        return None
    text = f"the log makes entry {number} with another {', '.join(names)}"
    return Fault(number, "ALTERED", text)


LINKS = ("previous", "hash")
"""What changes in every entry after an altered one: not told again and again."""
