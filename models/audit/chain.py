"""A hash chain: each entry's hash covers the entry and the hash before it.

```text
 entry 0            entry 1            entry 2
 previous 000… ┌──► previous a41… ┌──► previous 07c…
 hash     a41… ┘    hash     07c… ┘    hash     e9b…   ◄── the head: note it elsewhere
```

Whoever alters, drops, inserts or swaps entries breaks a link, and `verify` names it. Whoever writes
all later entries anew, or drops the last ones, makes another head: only a head that was noted
elsewhere tells. Source: Haber and Stornetta, How to time-stamp a digital document (1991).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

Entry = dict[str, Any]
GENESIS = "0" * 64
"""What the first entry follows."""


class Head(NamedTuple):
    """An entry by number and hash; as text `12:e9b…`.

    >>> Head.parse("12:" + "ab" * 32).number
    12
    """

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """The head in a text; ValueError says what was expected."""
        number, _, digits = text.strip().partition(":")
        if not number.isdecimal() or len(digits) != 64 or set(digits) - set("0123456789abcdef"):
            raise ValueError(f"expected NUMBER:HASH with 64 hexadecimal digits, got {text!r}")
        return cls(int(number), digits)


class Fault(NamedTuple):
    """Where a chain is broken: the entry's number, what happened to it, a sentence."""

    number: int
    kind: str
    text: str


def canonical(value: Mapping[str, Any]) -> bytes:
    """One form of bytes for equal content, whatever the order of names.

    >>> canonical({"b": 0.5, "a": None})
    b'{"a":null,"b":0.5}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def sha256(value: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical bytes."""
    return hashlib.sha256(canonical(value)).hexdigest()


def digest(entry: Mapping[str, Any]) -> str:
    """The hash that an entry must have: of everything in it but the hash itself."""
    return sha256({name: value for name, value in entry.items() if name != "hash"})


class Chain:
    """The end of a chain, which is all that appending needs, and what was not taken yet.

    >>> chain = Chain()
    >>> first, second = chain.append({"what": "a"}), chain.append({"what": "b"})
    >>> second["number"], second["previous"] == first["hash"], len(chain.take()), chain.take()
    (1, True, 2, [])
    """

    def __init__(self, length: int = 0, last: str = GENESIS) -> None:
        self.length = length
        self.last = last
        self._new: list[Entry] = []

    def append(self, content: Mapping[str, Any]) -> Entry:
        """Link an entry of this content behind the last one."""
        entry = {"number": self.length, **content, "previous": self.last}
        entry["hash"] = digest(entry)
        self.length, self.last = self.length + 1, entry["hash"]
        self._new.append(entry)
        return entry

    def take(self) -> list[Entry]:
        """The entries since the last call, oldest first: for whoever sends or drops them."""
        new, self._new = self._new, []
        return new

    def data(self) -> list[Any]:
        """The end as plain data; what was not taken is not part of it."""
        return [self.length, self.last]


def verify(entries: Iterable[Mapping[str, Any]], head: Head | None = None) -> list[Fault]:
    """What is wrong with the recorded entries, in their order; empty for an unbroken chain.

    An entry may stand again with the same content: a learner that died repeats what it had said.
    With a `head` the entry of that number must be there and have that hash.

    >>> chain = Chain()
    >>> kept = [chain.append({"what": word}) for word in "abc"]
    >>> verify(kept), verify(kept[:2] + [kept[2] | {"what": "x"}])[0].text
    ([], 'entry 2 was altered: its content does not have its hash')
    """
    known: dict[int, str] = {}
    faults: list[Fault] = []
    last, previous = -1, GENESIS
    for entry in entries:
        number, found = entry["number"], entry["hash"]
        if known.get(number) == found == digest(entry):
            continue
        faults += _faults(entry, known, last, previous)
        known.setdefault(number, found)
        if number > last:
            last, previous = number, found
    return faults + _head_faults(head, known, last)


def _faults(
    entry: Mapping[str, Any], known: Mapping[int, str], last: int, previous: str
) -> list[Fault]:
    number = entry["number"]
    if digest(entry) != entry["hash"]:
        text = f"entry {number} was altered: its content does not have its hash"
        return [Fault(number, "ALTERED", text)]
    if number in known:
        text = f"entry {number} was inserted: another entry of that number stands before it"
        return [Fault(number, "INSERTED", text)]
    if number <= last:
        return [Fault(number, "MOVED", f"entry {number} was moved: it stands behind entry {last}")]
    if number > last + 1:
        many = number > last + 2
        gone = f"entries {last + 1} to {number - 1} are" if many else f"entry {last + 1} is"
        return [Fault(last + 1, "MISSING", f"{gone} missing before entry {number}")]
    if entry["previous"] != previous:
        before = f"entry {number - 1}" if number else "nothing"
        text = f"entry {number} does not follow {before}: one of the two was replaced"
        return [Fault(number, "REPLACED", text)]
    return []


def _head_faults(head: Head | None, known: Mapping[int, str], last: int) -> list[Fault]:
    if head is None or known.get(head.number) == head.hash:
        return []
    if head.number in known:
        text = (
            f"entry {head.number} has another hash than the head noted: it or one before it was "
            "replaced, and those after it written anew"
        )
        return [Fault(head.number, "REPLACED", text)]
    text = f"entries {last + 1} to {head.number} are missing at the end"
    return [Fault(last + 1, "MISSING", text)] if head.number > last else []
