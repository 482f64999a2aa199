"""How often each rule fires, and whether that jumped: a fold over decisions, in event-time hours.

```text
 |<------------ reference ------------>|<-- window -->|  the hour that just closed
        cards that fired / transactions   against the same here
```

An attack makes a rule fire on a few cards, often; a rule that went wrong fires on a share of all
traffic. So a card counts once an hour, and a jump has a floor as a share of all transactions, and
in cards. A rule that fires in shadow is counted alike: what it did there is what is usual when it
becomes active, and one that was never in shadow has fired on nobody.

Integers of whole hours: the same decisions in the same order give the same jumps.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from models.rule_policy import RatePolicy
from models.rules import RESERVED
from models.state_versions import check_version

HOUR_MS = 3_600_000
_VERSION = 0x52  # R: no other state of the same changelog begins with it
DIGITS = 12
"""Hexadecimal digits of a card's digest; 48 bits tell a thousand cards apart."""


class Jump(NamedTuple):
    """A rule whose rate jumped (`fired`) or came back; shares of transactions, event time in ms."""

    fired: bool
    code: str
    ruleset: str
    share: float
    usual: float
    bound: float
    end: int

    @property
    def said(self) -> str:
        """In words, for the log and the ruleset's note."""
        return (
            f"it fired on {self.share:.2%} of transactions, usually {self.usual:.2%}, "
            f"at most {self.bound:.2%} is expected"
        )


class _Hour:
    """One open hour: its transactions, and each rule's cards and further firings."""

    def __init__(self) -> None:
        self.count = 0
        self.cards: dict[str, set[str]] = {}
        self.more: dict[str, int] = {}

    def fire(self, code: str, card: str, most: int) -> None:
        cards = self.cards.setdefault(code, set())
        if len(cards) < most:
            cards.add(card)
        elif card not in cards:
            self.more[code] = self.more.get(code, 0) + 1

    def close(self) -> tuple[int, dict[str, int]]:
        return self.count, {c: len(self.cards[c]) + self.more.get(c, 0) for c in self.cards}


class RuleRates:
    """The rates of one partition. `observe` decisions in recorded order; jumps come out.

    >>> rates = RuleRates()
    >>> decision = {"event_time": 0, "card_id": "c", "reasons": [],
    ...             "ruleset": {"name": "mine", "version": 1}}
    >>> rates.observe(decision)
    []
    >>> RuleRates.unpack(rates.pack()).pack() == rates.pack()
    True
    """

    def __init__(self, policy: RatePolicy | None = None) -> None:
        self.policy = policy or RatePolicy()
        self.open: dict[int, _Hour] = {}
        self.closed: dict[int, tuple[int, dict[str, int]]] = {}
        self.closed_below = 0
        self.active: dict[str, str] = {}  # the ruleset in which each rule acted last
        self.fired: dict[str, str] = {}  # the ruleset for which each jump was told

    def observe(self, decision: Mapping[str, Any], shadow: Iterable[str] = ()) -> list[Jump]:
        """Count a decision and the rules that fired in `shadow`; the jumps that it made known.

        An hour is over when an event lies an hour beyond its end; later ones for it are left out.
        """
        hour = decision["event_time"] // HOUR_MS
        ruleset = "{name}@{version}".format(**decision["ruleset"])
        if hour >= self.closed_below:
            self._count(self.open.setdefault(hour, _Hour()), decision, shadow, ruleset)
        jumps: list[Jump] = []
        for over in sorted(one for one in self.open if one < hour - 1):
            jumps += self._close(over, ruleset)
        self.closed_below = max(self.closed_below, hour - 1)
        return jumps

    def _count(
        self, hour: _Hour, decision: Mapping[str, Any], shadow: Iterable[str], ruleset: str
    ) -> None:
        hour.count += 1
        acted = [one["code"] for one in decision["reasons"] if one["code"] not in RESERVED]
        self.active.update(dict.fromkeys(acted, ruleset))
        codes = [*acted, *shadow]
        if codes:
            digest = hashlib.blake2b(decision["card_id"].encode(), digest_size=DIGITS // 2)
            for code in codes:
                hour.fire(code, digest.hexdigest(), self.policy.most)

    def _close(self, hour: int, ruleset: str) -> list[Jump]:
        self.closed[hour] = self.open.pop(hour).close()
        oldest = hour - self.policy.window_hours - self.policy.reference_hours
        self.closed = {one: kept for one, kept in self.closed.items() if one > oldest}
        codes = sorted({code for _, fired in self.closed.values() for code in fired})
        now = self._between(hour - self.policy.window_hours, hour)
        usual = self._between(oldest, hour - self.policy.window_hours)
        if now[0] < self.policy.least or usual[0] < 2 * self.policy.least:
            return []
        judged = (self._judge(code, now, usual, ruleset, (hour + 1) * HOUR_MS) for code in codes)
        return [jump for jump in judged if jump is not None]

    def _between(self, after: int, upto: int) -> tuple[int, dict[str, int]]:
        """Transactions and firings of the hours in (after, upto]."""
        total, fired = 0, dict[str, int]()
        for hour, (count, codes) in self.closed.items():
            if after < hour <= upto:
                total += count
                for code, times in codes.items():
                    fired[code] = fired.get(code, 0) + times
        return total, fired

    def _judge(
        self,
        code: str,
        now: tuple[int, dict[str, int]],
        usual: tuple[int, dict[str, int]],
        ruleset: str,
        end: int,
    ) -> Jump | None:
        times = now[1].get(code, 0)
        share, before = times / now[0], usual[1].get(code, 0) / usual[0]
        bound = max(self.policy.floor, self.policy.factor * before)
        jumped = share >= bound and times >= self.policy.cards
        if jumped and self.active.get(code) == ruleset != self.fired.get(code):
            self.fired[code] = ruleset
            return Jump(True, code, ruleset, share, before, bound, end)
        if not jumped and code in self.fired:
            return Jump(False, code, self.fired.pop(code), share, before, bound, end)
        return None

    # -- state --------------------------------------------------------------------------------

    def pack(self) -> bytes:
        """A version, then sorted JSON; an open hour holds at most `most` digests a rule."""
        state = {
            "open": {h: [o.count, _joined(o.cards), o.more] for h, o in self.open.items()},
            "closed": self.closed, "below": self.closed_below,
            "active": self.active, "fired": self.fired,
        }  # fmt: skip
        return bytes([_VERSION]) + json.dumps(state, sort_keys=True).encode()

    @classmethod
    def unpack(cls, data: bytes, policy: RatePolicy | None = None) -> RuleRates:
        """The state that `pack` wrote; raises `StateFormatError` for another version."""
        check_version("rule rates", data, _VERSION, 1)
        state, rates = json.loads(data[1:]), cls(policy)
        for hour, (count, cards, more) in state["open"].items():
            one = rates.open[int(hour)] = _Hour()
            one.count, one.cards, one.more = count, _split(cards), more
        rates.closed = {int(hour): (kept[0], kept[1]) for hour, kept in state["closed"].items()}
        rates.closed_below = state["below"]
        rates.active, rates.fired = state["active"], state["fired"]
        return rates


def _joined(cards: Mapping[str, set[str]]) -> dict[str, str]:
    return {code: "".join(sorted(found)) for code, found in cards.items()}


def _split(cards: Mapping[str, str]) -> dict[str, set[str]]:
    return {
        code: {text[at : at + DIGITS] for at in range(0, len(text), DIGITS)}
        for code, text in cards.items()
    }


# -- what a jump leads to ---------------------------------------------------------------------


def demotion(jump: Jump, src: Mapping[str, Any]) -> dict[str, Any]:
    """The command that puts the rule in shadow; `learn` carries out the first of a ruleset's.

    Its id follows from what asks and for what, so that a redelivery asks the same again.
    """
    payload = {"code": jump.code, "ruleset": jump.ruleset, "reason": jump.said}
    return {
        "command_id": f"demote-{_digest(jump, src)}",
        "kind": "RULES_DEMOTE",
        "payload": json.dumps(payload, sort_keys=True),
        "actor": "rule-rates",
        "issued_at": jump.end,
    }


def signal(jump: Jump, src: Mapping[str, Any]) -> dict[str, Any]:
    """The drift signal of a jump, or of a rate that came back."""
    return {
        "signal_id": _digest(jump, src),
        "detector": "RULE_RATE",
        "subject": f"rule/{jump.code}",
        "state": "FIRED" if jump.fired else "RECOVERED",
        "statistic": jump.share,
        "threshold": jump.bound,
        "reference": f"{jump.usual:.4%} of transactions, cards counted once an hour",
        "current": f"{jump.share:.4%}, under {jump.ruleset}",
        "severity": "HIGH" if jump.fired else "LOW",
        "event_time": jump.end,
        "src": dict(src),
    }


def _digest(jump: Jump, src: Mapping[str, Any]) -> str:
    parts = ("rule-rate", jump.code, jump.ruleset, jump.fired, jump.end, src["partition"])
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]
