"""When a challenger takes over: a stated policy over outcomes that have matured.

Champion and challenger are judged on identical transactions, those that both scored, of days that
are over for so long that their labels are in. At the analysts' budget a fraudulent card is found
by one, by the other, by both or by none; only the first two tell them apart. The cards are drawn
again with replacement (a paired bootstrap: a card's transactions of all its days move together),
and the challenger must be ahead in nearly all draws.

```text
 gain = (cards only the challenger finds - cards only the champion finds) / places for alerts
 promoted: gain >= margin, its lower confidence bound > 0 at alpha / challengers (Bonferroni),
           average precision and value caught no lower, calibration within its bounds,
           enough days and frauds, the last promotion long enough ago, learning not frozen
```
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models.contest.standings import DAY_MS, Table, daily_alerts, measures, scored


@dataclass(frozen=True)
class PromotionPolicy:
    """Settings of promotion, each with its reason.

    automatic: False leaves promotion to people.
    mature_days: days until a day's labels are taken as complete; 7 suits analysts' verdicts. Where
        silence is presumed legitimate it is at least as long as the presumptions took that were
        learned so far (`Learner.promotion`): before it, hardly anything but frauds is known.
    min_days, min_frauds: a week holds every weekday; fifty frauds make the bound worth computing.
    margin: card precision to be ahead by: half an alert of a hundred pays for the change.
    alpha: the chance to promote one that is no better, over all challengers together. 0.01 and not
        0.05, because the question is asked again with every publication of all.
    draws: of the bootstrap; at 10,000 the bound at alpha / 3 rests on thirty draws.
    cool_down_days: between promotions. The window must mostly be new, or luck is used twice.
    low, high: bounds of frauds expected over frauds that came. Beyond a factor of two the
        threshold's distance to the decline threshold means something else than it says.
    row_by_row: whether a model that does not compile may take over by itself. River scores it a row
        at a time, in a hundred microseconds and more; what compiles costs twenty at most in batches
        (`tests/bench/portfolio_bench.py`). People may promote it all the same.
    slack: how much average precision and value caught may lie below the champion's.
    seed: of the bootstrap, together with the offset at which it is asked.
    """

    automatic: bool = True
    mature_days: int = 7
    min_days: int = 7
    min_frauds: int = 50
    margin: float = 0.005
    alpha: float = 0.01
    draws: int = 10_000
    cool_down_days: int = 7
    low: float = 0.5
    high: float = 2.0
    row_by_row: bool = False
    slack: float = 0.0
    seed: int = 1


class Judged(NamedTuple):
    """A challenger that may take over, and why."""

    name: str
    gain: float
    reason: str


def mature(table: Table, watermark: int, full: bool, policy: PromotionPolicy) -> Table:
    """The rows of whole days that are over for `mature_days` at `watermark` (ms, UTC).

    The oldest day of a `full` memory may be partly forgotten and is left out.
    """
    days = table["time"] // DAY_MS
    last = watermark // DAY_MS - policy.mature_days  # days before this one are over for so long
    chosen = days < last
    if full and len(days):
        chosen &= days > days.min()
    return table[chosen]


@dataclass(frozen=True)
class Jury:
    """Who competes, in the order of their scores, who decides now, and what is asked of a
    challenger. The same state of the generator gives the same answer. `slow` are those that are
    scored row by row."""

    names: tuple[str, ...]
    champion: str
    per_1000: float
    policy: PromotionPolicy
    generator: np.random.Generator
    slow: frozenset[str] = frozenset()

    def best(self, rows: Table) -> Judged | None:
        """The challenger with the largest gain over mature `rows` among those that pass; None
        where none does."""
        barred = {self.champion, *(() if self.policy.row_by_row else self.slow)}
        challengers = [name for name in self.names if name not in barred]
        found = [self._judge(name, rows, len(challengers)) for name in challengers]
        passed = [one for one in found if one is not None]
        return max(passed, key=lambda one: one.gain, default=None)

    def _judge(self, name: str, rows: Table, challengers: int) -> Judged | None:
        policy, mine = self.policy, self.names.index(name)
        theirs = self.names.index(self.champion)
        rows = scored(rows, mine, theirs)
        days, frauds = len(np.unique(rows["time"] // DAY_MS)), int(rows["fraud"].sum())
        if days < policy.min_days or frauds < policy.min_frauds:
            return None
        one, other = (daily_alerts(rows, place, self.per_1000) for place in (mine, theirs))
        ahead, behind = len(one.detected - other.detected), len(other.detected - one.detected)
        gain = (ahead - behind) / one.places
        if gain < policy.margin or not self._passes(rows, mine, theirs):
            return None
        cards = len(np.unique(rows["card"][rows["fraud"] == 1]))
        alpha = policy.alpha / challengers
        bound = lower_bound(
            ahead, behind, cards, alpha=alpha, draws=policy.draws, generator=self.generator
        )
        if not bound > 0:
            return None
        reason = (
            f"promoted {name} by policy: {ahead} cards found that the champion missed, {behind} "
            f"the other way, card precision {gain:+.3f} over {days} days and {frauds} frauds"
        )
        return Judged(name, gain, reason)

    def _passes(self, rows: Table, mine: int, theirs: int) -> bool:
        policy = self.policy
        one, other = (measures(rows, place, self.per_1000) for place in (mine, theirs))
        calibrated = policy.low <= one.get("calibration", 0.0) <= policy.high
        return calibrated and all(
            one.get(name, 0.0) >= other.get(name, 0.0) - policy.slack
            for name in ("average_precision", "value_caught")
        )


def lower_bound(
    ahead: int, behind: int, cards: int, *, alpha: float, draws: int,
    generator: np.random.Generator,
) -> float:  # fmt: skip
    """The `alpha` quantile of (cards ahead - cards behind) when `cards` are drawn with replacement.

    Each drawn card is ahead, behind or neither, so the draws of all cards are one multinomial.

    >>> lower_bound(0, 0, 40, alpha=0.05, draws=100, generator=np.random.default_rng(1))
    0.0
    """
    shares = np.array([ahead, behind, cards - ahead - behind]) / cards
    counts = generator.multinomial(cards, shares, size=draws)
    return float(np.quantile(counts[:, 0] - counts[:, 1], alpha, method="lower"))
