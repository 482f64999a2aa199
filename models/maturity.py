"""When silence means legitimate: what each label source needs, and what is presumed after it.

```text
 decision ──► label by maturity? ─ yes ─► its outcome, as always
                     │ no
              was it let through? ─ no ─► UNKNOWN: no outcome, counted
                     │ yes
              kept by its id's hash? ─ no ─► THINNED: those kept stand for it
                     │ yes, or of the control share
              PRESUMED: a legitimate outcome of weight 1 / keep
```

Nobody charges a declined payment back, so its silence says nothing: it is never counted clean. A
label that comes after all is the truth: FRAUD makes an outcome that reverses the presumption,
LEGITIMATE confirms it and makes none (those kept stand for it already).

A card's state grows by 12 bytes a decision (`join_state`) for `retention_ms`. At 2,000
transactions/s, 1 % of them labelled by somebody:

```text
 maturity   pointers live   pointers   verdicts   the decisions themselves (1,360 bytes)
  60 days      120 days      249 GB       8 GB     28 TB, in fraud.decisions
 120 days      150 days      311 GB      10 GB     35 TB
 180 days      210 days      435 GB      14 GB     49 TB (raise fraud.decisions' 150 days first)
```

Beside it a card costs about 0.6 KB of Python objects while it is in memory. That is for a cluster
with more partitions than four: a million cards at two transactions a day are 2.9 GB at 60 days.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from models.control_share import on_record
from models.join import JoinState, outcome, weight_of
from models.join_state import key_of
from schemas.errors import FraudStreamsError
from schemas.fields import LabelSource

DAY_MS = 86_400_000
MARGIN_MS = 30 * DAY_MS
"""A pointer outlives its presumption by this: what comes late can still reverse it, and a worker
that was down for weeks still finds the decisions it has to presume."""
CHARGEBACKS_END_MS = 120 * DAY_MS
"""Card schemes allow chargebacks for 120 days: a pointer lives that long in any case."""

Kind = Literal["PRESUMED", "THINNED", "UNKNOWN", "LABELLED", "REPEAT"]


class MaturityInvalid(FraudStreamsError):
    """A maturity policy that cannot be meant."""

    code = "MATURITY_INVALID"
    advice = "See FRAUD_LABEL_DAYS, FRAUD_PRESUMED_KEEP and FRAUD_LET_THROUGH in the reference."


@dataclass(frozen=True)
class Source:
    """When a label source speaks, from the transaction's time on, ms.

    `delay_ms`: half of its labels have come. `maturity_ms`: what has not come by now comes so
    rarely that silence counts as an answer; a later label still reverses it.
    """

    name: LabelSource
    delay_ms: int
    maturity_ms: int

    def __post_init__(self) -> None:
        if not 0 <= self.delay_ms <= self.maturity_ms:
            raise MaturityInvalid(
                f"label source {self.name}",
                expected="0 <= delay <= maturity: silence cannot count before half have spoken",
                came=f"{self.delay_ms / DAY_MS:g} and {self.maturity_ms / DAY_MS:g} days",
            )


def source(name: LabelSource, delay_days: float, maturity_days: float) -> Source:
    """A source in days; raises `MaturityInvalid` where they are no finite numbers in order.

    >>> source("ANALYST", 1, 7).maturity_ms
    604800000
    """
    if not math.isfinite(delay_days) or not math.isfinite(maturity_days):
        raise MaturityInvalid(
            f"label source {name}",
            expected="two finite numbers of days; leave out a source that is not waited for",
            came=f"{delay_days:g} and {maturity_days:g}",
        )
    return Source(name, round(delay_days * DAY_MS), round(maturity_days * DAY_MS))


SOURCES = (
    source("ANALYST", 1, 7),  # looks at the alert the next day, or after a weekend
    source("CUSTOMER", 3, 30),  # sees the payment in the app within days, else on the statement
    source("ISSUER", 7, 30),  # its own desk closes a case within a month
    source("TC40", 14, 45),  # the issuer reports fraud to the scheme after that
    source("CHARGEBACK", 30, 60),  # schemes allow 120 days; what comes after 60 reverses
)
"""Where to start, not measured: `fraud profile` suggests a maturity from a bank's own labels."""


@dataclass(frozen=True)
class MaturityPolicy:
    """Settings of the presumption, each with its reason.

    sources: those that are waited for; the longest maturity counts. Leave out one that sends no
        labels, and learning from silence begins earlier.
    let_through: decisions after which the payment went on, so that its fraud would be heard of. A
        REVIEW is looked at afterwards; a CHALLENGE may have stopped the payment and a DECLINE has.
        Without the reviewed ones the highest scores would be learned from frauds alone.
    keep: share of the presumed that becomes outcomes, chosen by a hash of the transaction id, each
        with the weight 1 / keep. At 2,000 transactions/s a tenth is 200 a second, 23 GB a day in
        fraud.outcomes, which is kept for ever; 1.0 for a small stream.
    orphan_ms: how long a label waits for its decision. A transaction may be two days late; the rest
        is for a hot path that has fallen behind.
    """

    sources: tuple[Source, ...] = SOURCES
    let_through: tuple[str, ...] = ("APPROVE", "REVIEW")
    keep: float = 0.1
    orphan_ms: int = 14 * DAY_MS

    def __post_init__(self) -> None:
        if not self.sources:
            raise MaturityInvalid("label sources", expected="at least one", came="none")
        if not 0.0 < self.keep <= 1.0:
            raise MaturityInvalid("share kept", expected="above 0, at most 1", came=self.keep)

    @property
    def maturity_ms(self) -> int:
        """Age of a decision, ms, from which silence counts.

        >>> MaturityPolicy().maturity_ms // DAY_MS
        60
        """
        return max(source.maturity_ms for source in self.sources)

    @property
    def retention_ms(self) -> int:
        """How long a decision's pointer lives, ms of event time."""
        return max(CHARGEBACKS_END_MS, self.maturity_ms + MARGIN_MS)

    def check_log(self, kept_ms: int) -> None:
        """Raise `MaturityInvalid` where `fraud.decisions`, kept so long, forgets before we do."""
        if self.retention_ms > kept_ms >= 0:
            raise MaturityInvalid(
                f"maturity of {self.maturity_ms / DAY_MS:g} days",
                expected=f"fraud.decisions kept for {self.retention_ms / DAY_MS:g} days or more",
                came=f"{kept_ms / DAY_MS:g} days",
                todo="Raise its retention in schemas/topics.py and on the broker.",
            )


class Presumption(NamedTuple):
    """What became of a decision at maturity; `outcome` is None unless PRESUMED.

    LABELLED: somebody has spoken. UNKNOWN: not let through, or forgotten (a card beyond
    `MAX_POINTERS`). THINNED: others stand for it. REPEAT: the same decision, twice in the log.
    """

    kind: Kind
    outcome: dict[str, Any] | None = None


def presume(
    state: JoinState, decision: Mapping[str, Any], offset: int, policy: MaturityPolicy
) -> Presumption:
    """Judge the matured decision at `offset` of `fraud.decisions` by its card's join.

    A function of its arguments that changes nothing: its outcome is the same at a redelivery.

    >>> presume(JoinState(), {"transaction_id": "t"}, 0, MaturityPolicy()).kind
    'UNKNOWN'
    """
    key = key_of(decision["transaction_id"])
    at = state.find(key)
    if at is None:
        return Presumption("UNKNOWN")
    if at != offset:
        return Presumption("REPEAT")
    if key in state.verdicts:
        return Presumption("LABELLED")
    if decision["decision"] not in policy.let_through:
        return Presumption("UNKNOWN")
    kept = share_kept(decision, policy)
    if not keeps(decision["transaction_id"], kept):
        return Presumption("THINNED")
    label = presumed_label(decision, policy)
    return Presumption("PRESUMED", outcome(decision, label, kept=kept, presumed=True))


def share_kept(decision: Mapping[str, Any], policy: MaturityPolicy) -> float:
    """The share of its kind that is kept: of the control share all, few that stand for many.

    >>> share_kept({"reasons": []}, MaturityPolicy())
    0.1
    """
    return 1.0 if on_record(decision).share else policy.keep


def presumed_weight(decision: Mapping[str, Any], policy: MaturityPolicy) -> float:
    """The weight of the outcome that presumed a matured decision; 0.0 where there was none.

    >>> policy = MaturityPolicy(keep=0.25)
    >>> [presumed_weight({"transaction_id": f"t{n}"}, policy) for n in range(2, 5)]
    [0.0, 4.0, 4.0]
    """
    kept = share_kept(decision, policy)
    return weight_of(decision) / kept if keeps(decision["transaction_id"], kept) else 0.0


def presumed_label(decision: Mapping[str, Any], policy: MaturityPolicy) -> dict[str, Any]:
    """What the issuer says by silence, observed at maturity."""
    return {
        "label_id": f"presumed:{decision['transaction_id']}",
        "transaction_id": decision["transaction_id"],
        "label": "LEGITIMATE",
        "source": "ISSUER",
        "observed_at": decision["event_time"] + policy.maturity_ms,
    }


def keeps(transaction_id: str, keep: float) -> bool:
    """Whether a presumed transaction is among the share `keep`.

    The hash is of its own kind, so that a learner that thins again by id is not thinned with it.

    >>> sum(keeps(f"t{n}", 0.25) for n in range(1000))
    228
    """
    found = hashlib.blake2b(transaction_id.encode(), digest_size=8, person=b"presumed").digest()
    return int.from_bytes(found, "little") < keep * 2.0**64
