"""When drift is signalled, and what follows from a signal: every number with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from models.features import FEATURES
from models.windows.spec import DAY_MS
from schemas.errors import FraudStreamsError

Action = Literal["NOTIFY", "FREEZE", "CHALLENGE"]
WEEK = 7
_VOLUME_DRIVEN = {
    "count", "sum", "distinct", "since_last", "seen", "known_frauds", "days_since_last_fraud",
    "days_since_first_fraud", "fraud_run", "max",
}  # fmt: skip
_NEW_EACH_TIME = {"zscore", "amount_ratio"}
"""The present amount against the window's: it differs from one to the next whatever the window."""


class DriftPolicyInvalid(FraudStreamsError):
    """A setting of the drift agent that cannot be meant."""

    code = "DRIFT_POLICY_INVALID"


@dataclass(frozen=True)
class DriftPolicy:
    """Settings of the drift agent; `infra/docs/drift.md` has what they were measured with.

    warm_up_days: days left out first. 37: the longest window and its delay, so that no feature is
        still filling (terminal_count_30d_delayed would make the reference a ramp).
    reference_days: of the reference, whole weeks, so that a weekday meets its like.
    least: decisions the reference needs; until then it grows by whole weeks.
    most_days: it grows no longer than that; it is bounded memory.
    least_day: decisions a day needs to be judged.
    day_floor, week_floor: PSI below which a day, or seven, say nothing. A feature of a window of S
        days changes slowly by itself, so its floors are (1 + S / 30) and (1 + S / 5) as high.
    score_day, score_week: the same floors of the score: a model that learns moves the bulk of its
        tiny scores without a change of the world.
    share_floor: standard errors that a bin's share of a day must be off, at least; (1 + S / 30) as
        many for a feature of a window of S days.
    spread, share_spread: a threshold is so many times the largest of its kind within the reference,
        each day (seven days) against the others.
    volume_driven, volume_other: what is added to a threshold, times the square of how far the
        volume of the feature's window is off the reference's: a count per card moves with the
        volume, and a season is no drift. PSI grows with the square of a
        shift over the spread: 25 is for a count whose logarithm spreads by a fifth, as one of 25.
    volume_shares: a volume so far off doubles what a share of a volume-driven feature may be off,
        and more with its fourth power: a shift moves the tail of a count out of all proportion.
    volume_factor: volume itself is signalled beyond so many times, or that part of, the reference.
    slack, limit: of Page-Hinkley, in standard deviations of an hourly mean (River's delta and
        threshold). One deviation of slack: models that learn wander by half of one for days.
    significance: ADWIN's delta; River's.
    clip: hourly means count as no further off than so many deviations: one odd hour is no drift.
    kept: hourly means kept for ADWIN and Page-Hinkley; at that length the older half goes.
    calm, calm_days: a signal recovers once its statistic was below that part of its threshold for
        so many days running.
    renew_days: after so many days in a row a signal has lasted, a new reference is gathered; when
        it is complete it takes the old one's place and all recover: the change is the usual now.
    slack_days: a day is closed without a partition that is so many days behind another: one that
        has no cards must not hold all up, one that is catching up must not be left out.
    actions: what a signal of a subject does beside being sent: FREEZE learning, CHALLENGE (the
        champion is replaced by `challenger`'s latest version). By subject; all else notifies.
    challenger: whom CHALLENGE promotes.
    """

    warm_up_days: int = 37
    reference_days: int = 21
    least: int = 10_000
    most_days: int = 84
    least_day: int = 500
    day_floor: float = 0.012
    week_floor: float = 0.003
    score_day: float = 0.5
    score_week: float = 0.25
    share_floor: float = 8.0
    spread: float = 4.0
    share_spread: float = 3.0
    volume_driven: float = 25.0
    volume_other: float = 0.2
    volume_shares: float = 0.05
    volume_factor: float = 2.0
    slack: float = 1.0
    limit: float = 25.0
    significance: float = 0.002
    clip: float = 4.0
    kept: int = 1_024
    calm: float = 0.5
    calm_days: int = 3
    renew_days: int = 7
    slack_days: int = 7
    actions: tuple[tuple[str, Action], ...] = ()
    challenger: str = "blend"

    def __post_init__(self) -> None:
        if self.reference_days % WEEK or self.reference_days < 2 * WEEK:
            raise DriftPolicyInvalid(
                "reference_days", expected="whole weeks, two or more",
                came=self.reference_days,
                todo="A reference that holds one weekday more often fires on the others.",
            )  # fmt: skip

    def day_floors(self, subjects: Sequence[str]) -> list[float]:
        """The floor of a day's PSI, by subject."""
        return [
            self.score_day if one == "score" else self.day_floor * (1.0 + nature(one).days / 30.0)
            for one in subjects
        ]

    def week_floors(self, subjects: Sequence[str]) -> list[float]:
        """The floor of seven days' PSI, by subject."""
        return [
            self.score_week if one == "score" else self.week_floor * (1.0 + nature(one).days / 5.0)
            for one in subjects
        ]

    def share_floors(self, subjects: Sequence[str]) -> list[float]:
        """The floor of a share's distance on a day, by subject."""
        return [self.share_floor * (1.0 + nature(one).days / 30.0) for one in subjects]

    def action(self, subject: str) -> Action:
        """What a signal of this subject does.

        >>> DriftPolicy(actions=(("label_rate", "FREEZE"),)).action("label_rate")
        'FREEZE'
        """
        return dict(self.actions).get(subject, "NOTIFY")


class Nature(NamedTuple):
    """What of a subject's definition bears on its drift: days its window reaches, whether the
    volume drives it, whether its values are words, which have no order."""

    days: float = 0.0
    volume_driven: bool = False
    words: bool = False


def nature(subject: str) -> Nature:
    """The nature of a feature; anything else, the score for one, has no window.

    >>> nature("card_count_7d"), nature("amount")
    (Nature(days=7.0, volume_driven=True, words=False), Nature(days=0.0, volume_driven=False, \
words=False))
    """
    return _NATURES.get(subject, Nature())


MIX = ("channel", "country", "currency", "entry_mode", "mcc_group")
"""Words of a transaction whose mix is watched; a merchant category's group is its first two digits.
"""
_NATURES = {
    feature.name: Nature(
        0.0 if feature.aggregation in _NEW_EACH_TIME else feature.span_ms / DAY_MS,
        feature.aggregation in _VOLUME_DRIVEN,
    )
    for feature in FEATURES.features
} | {word: Nature(words=True) for word in MIX}
