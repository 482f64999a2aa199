"""When drift is signalled, and what follows from a signal: every number with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from models.drift.natures import nature
from schemas.errors import FraudStreamsError

Action = Literal["NOTIFY", "FREEZE", "CHALLENGE"]
WEEK = 7


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
        tiny scores without a change of the world. In the steady worlds of seeds 0 to 4 it moves it
        by .62 a day and .22 a week at most (`tests/bench/drift_bench.py` prints it); the score's
        means, not its bulk, show small attacks.
    share_floor: standard errors that a bin's share of a day must be off, at least; (1 + S / 30) as
        many for a feature of a window of S days.
    spread, share_spread: a threshold is so many times the largest of its kind within the reference,
        each day (seven days) against the others.
    volume_least, volume_errors: how far a day's volume may be off its weekday's without being off:
        that part of it, or so many standard errors of a count.
    volume_driven, volume_other: what is added to a threshold, times the square of how far the
        volume was off at most within the feature's window: a count per card moves with the volume,
        and a season is no drift. PSI grows with the square of a shift over the spread: 25 is for
        a count whose logarithm spreads by a fifth, as one of 25.
    volume_shares: a volume so far off doubles what a share of a volume-driven feature may be off,
        and more with its fourth power: a shift moves the tail of a count out of all proportion.
    season_days: a volume that is off for so many days in a row is no season but the usual by now:
        a new reference is gathered.
    volume_factor: volume itself is signalled beyond so many times, or that part of, the reference.
    slack, limit: of Page-Hinkley, in standard deviations of an hourly mean (River's delta and
        threshold). One deviation of slack: models that learn wander by half of one for days.
    rate_slack, rate_limit: the same for the label rate, which no learning moves.
    significance: ADWIN's delta; River's.
    clip: hourly means count as no further off than so many deviations: one odd hour is no drift.
    segment_beyond: a segment is off only as far as it is beyond so many times the whole's change.
    segment_most: segments of a dimension that are watched: each is a metric's label and a state.
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
    score_day: float = 1.0
    score_week: float = 0.5
    share_floor: float = 8.0
    spread: float = 4.0
    share_spread: float = 3.0
    volume_least: float = 0.04
    volume_errors: float = 4.0
    volume_driven: float = 25.0
    volume_other: float = 0.2
    volume_shares: float = 0.05
    season_days: int = 28
    volume_factor: float = 2.0
    slack: float = 1.0
    limit: float = 25.0
    rate_slack: float = 0.4
    rate_limit: float = 17.0
    significance: float = 0.002
    clip: float = 4.0
    kept: int = 1_024
    segment_beyond: float = 1.5
    segment_most: int = 16
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
            self.score_day
            if one == "score"
            else self.day_floor * (1.0 + nature(one).slow_days / 30.0)
            for one in subjects
        ]

    def week_floors(self, subjects: Sequence[str]) -> list[float]:
        """The floor of seven days' PSI, by subject."""
        return [
            self.score_week
            if one == "score"
            else self.week_floor * (1.0 + nature(one).slow_days / 5.0)
            for one in subjects
        ]

    def share_floors(self, subjects: Sequence[str]) -> list[float]:
        """The floor of a share's distance on a day, by subject."""
        return [self.share_floor * (1.0 + nature(one).slow_days / 30.0) for one in subjects]

    def page_hinkley(self, subject: str) -> tuple[float, float]:
        """Slack and limit of a mean, in standard deviations.

        >>> DriftPolicy().page_hinkley("score")
        (1.0, 25.0)
        """
        if subject == "label_rate":
            return self.rate_slack, self.rate_limit
        return self.slack, self.limit

    def action(self, subject: str) -> Action:
        """What a signal of this subject does.

        >>> DriftPolicy(actions=(("label_rate", "FREEZE"),)).action("label_rate")
        'FREEZE'
        """
        return dict(self.actions).get(subject, "NOTIFY")
