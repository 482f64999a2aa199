"""When a model is published, which outcomes are learned, and where its threshold lies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from models.approval import ApprovalPolicy
from models.contest.promotion import PromotionPolicy
from models.contest.protection import ProtectionPolicy
from models.control_share import ControlShare
from models.portfolio.settings import CHOSEN

SEPARATE = "separate:"
"""Begins the name of a competitor that is learned in two; the rest says of what kind both are."""
BLENDED: tuple[str, ...] = tuple(CHOSEN["blend"]["members"])


@dataclass(frozen=True)
class LearnPolicy:
    """Settings of the learner, each with its reason.

    learning_rate: of the SGD, weights and intercept. 0.01 is River's default; standardised inputs
        make it independent of the features' units.
    intercept: log-odds before any outcome. -4.6 is one in a hundred: fraud is rare, and a start at
        one half would flood the first snapshots with alerts.
    keep_clean: share of legitimate outcomes that is learned, chosen by a hash of the transaction id
        and weighted by its inverse. 1.0 learns all: the logistic regression needs no thinning.
    first, every: a snapshot after so many learned outcomes, then at each multiple. Counts, never a
        clock: a second run publishes at the same outcomes.
    clean_share: of the first lessons that must be legitimate. Frauds are known after days, silence
        counts after weeks: a model of frauds alone would alert on everybody. Until `first` times
        this share of legitimate outcomes was learned, frauds beyond a tenth are left out, and then
        the first snapshot waits until about as many frauds are expected as come
        (`models.contest.opening`). Where both kinds are labelled, frauds are far below a tenth.
        0.0 leaves nothing out and waits for nothing.
    alerts_per_1000: transactions of a thousand that analysts can look at; sets the threshold.
    threshold: until the first model. Nothing is compared with it while the rules decide alone.
    remembered: transactions kept for idempotence, for the window of the metrics and for promotion:
        a week at 9,000 a day. It bounds the memory (73 bytes a transaction and model).
    ranked: the model's own latest scores whose quantile is the threshold.
    competitors: names of the portfolio, or `module:name` of any classifier of River or of a
        function that makes one (infra/docs/contest.md). By default the logistic regression, the
        blend that did best on VALID (ADR 0004) and the members it needs.
    blended: whom `blend` combines, all of them competitors.
    separate: kinds that compete once more, learned in two (`models.contest.separate`), under the
        name `separate:KIND`. Nobody: on VALID it was better for the logistic regression, worse for
        forests (infra/docs/feedback.md), and whose analysts label is for a bank to say.
    fast_sources: whose labels the fast one of such two learns.
    champion: who decides at first. The logistic regression is useful after hundreds of outcomes
        and costs a few microseconds a score; the others must earn their place.
    quick: published at `first` and `every`. A forest compiles and packs in up to a second, so
        the others are published at `slow_first` and `slow_every` only: multiples of `every`, so
        that whoever is champion names a version at which all others were published too.
    seed: of the learners.
    outweigh: how much heavier than the mistake its correction is learned. River cannot unlearn;
        two brings a linear model about as far to the other side as it had been led astray.
    versions: of each model, kept by number and threshold: what may still be judged or promoted.
    recalibrate: learned outcomes after which the version in force gets a new threshold from the
        latest scores, without a new version; 0, because each version brings one of its own.
    rebuild: learned outcomes after which everything is learned anew from the log; 0, because it
        takes as long as all learning so far, and only reversals and exclusions make a difference.
    promotion, protection: see `models.contest`. approval: see `models.approval`.
    control: see `models.control_share`. Off: letting fraud through is for people to decide.
    """

    learning_rate: float = 0.01
    intercept: float = -4.6
    keep_clean: float = 1.0
    first: int = 500
    every: int = 2_000
    clean_share: float = 0.9
    alerts_per_1000: float = 10.0
    threshold: float = 0.5
    remembered: int = 65_536
    ranked: int = 2_048
    competitors: tuple[str, ...] = tuple(dict.fromkeys(("logistic", *BLENDED, "blend")))
    blended: tuple[str, ...] = BLENDED
    separate: tuple[str, ...] = ()
    fast_sources: tuple[str, ...] = ("ANALYST",)
    champion: str = "logistic"
    quick: tuple[str, ...] = ("logistic",)
    slow_first: int = 2_000
    slow_every: int = 10_000
    seed: int = 1
    outweigh: float = 2.0
    versions: int = 1_024
    recalibrate: int = 0
    rebuild: int = 0
    promotion: PromotionPolicy = field(default_factory=PromotionPolicy)
    protection: ProtectionPolicy = field(default_factory=ProtectionPolicy)
    approval: ApprovalPolicy = field(default_factory=ApprovalPolicy)
    control: ControlShare = field(default_factory=ControlShare)

    @property
    def entered(self) -> tuple[str, ...]:
        """The names of all who compete, in their order.

        >>> LearnPolicy(competitors=("logistic",), separate=("splines",)).entered
        ('logistic', 'separate:splines')
        """
        return (*self.competitors, *(SEPARATE + kind for kind in self.separate))

    def is_quick(self, name: str) -> bool:
        """Whether a competitor is published at `first` and `every`: by what it is made of."""
        return name.removeprefix(SEPARATE) in self.quick


def should_publish(learned: int, policy: LearnPolicy) -> bool:
    """Whether the `learned`-th outcome completes a snapshot.

    >>> [n for n in range(5001) if should_publish(n, LearnPolicy())]
    [500, 2000, 4000]
    """
    return learned > 0 and (learned == policy.first or learned % policy.every == 0)


def due(learned: int, policy: LearnPolicy) -> tuple[str, ...]:
    """The competitors that the `learned`-th outcome completes a snapshot of, in their order.

    All of them together where the slow ones are due: a blend names its members' versions.

    >>> due(500, LearnPolicy()), due(10_000, LearnPolicy()) == LearnPolicy().competitors
    (('logistic',), True)
    """
    if learned > 0 and (learned == policy.slow_first or learned % policy.slow_every == 0):
        return policy.entered
    if should_publish(learned, policy):
        return tuple(name for name in policy.entered if policy.is_quick(name))
    return ()


def due_late(learned: int, policy: LearnPolicy) -> tuple[str, ...]:
    """The competitors of a first snapshot out of turn: all that would have had one by now.

    >>> due_late(1_234, LearnPolicy()), due_late(2_345, LearnPolicy()) == LearnPolicy().competitors
    (('logistic',), True)
    """
    return due(policy.slow_first if learned >= policy.slow_first else policy.first, policy)


def clean_weight(key: int, keep: float) -> float:
    """Weight of a legitimate outcome whose id hashes to `key` (64 bits); 0.0 leaves it out.

    >>> clean_weight(2**62, 0.5), clean_weight(2**63, 0.5)
    (2.0, 0.0)
    """
    return 1.0 / keep if key < keep * 2.0**64 else 0.0


def alert_threshold(scores: Iterable[tuple[float, float]], per_1000: float) -> float:
    """The score that about `per_1000` of a thousand reach, from (score, weight) pairs.

    The lowest score such that the weight at and above it stays within the share; where the highest
    score alone passes it (ties), half way from there to 1. Within [1e-6, 1 - 1e-6]; without scores
    0.5.

    >>> alert_threshold([(i / 1000, 1.0) for i in range(1000)], 10.0)
    0.99
    """
    weight_at: dict[float, float] = {}
    for score, weight in scores:
        weight_at[score] = weight_at.get(score, 0.0) + weight
    if not weight_at:
        return 0.5
    budget = per_1000 / 1000.0 * sum(weight_at.values()) * (1.0 + 1e-12)  # forgives rounding
    chosen, passed = (1.0 + max(weight_at)) / 2.0, 0.0
    for score in sorted(weight_at, reverse=True):
        passed += weight_at[score]
        if passed > budget:
            break
        chosen = score
    return min(max(chosen, 1e-6), 1.0 - 1e-6)
