"""From a scored row and the rules that fired to the decision that goes on record.

Two voices are combined and the stricter one wins::

    model   score >= threshold            -> REVIEW
            score >= decline threshold    -> DECLINE
    rules   the strongest action of the rules that fired (shadow rules and notes do not act)
    control what the model alone would decline, of a share that is off by default, goes on as the
            rules say, with its reason (`models.control_share`)

The threshold comes with the control marker. The decline threshold is derived from it: a fixed
distance higher in log-odds, so that it moves with the model's calibration (`DecisionPolicy`).
Before the first model the rules alone decide; the score on record is then made from the rules that
fired, `1 - product(1 - weight)`, for ranking only, and is compared with no threshold.

Nothing here reads a clock: the same inputs give the same record, byte for byte.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.control_share import ControlShare
from models.features import FEATURES, FeatureSet
from models.rules import Hit
from models.scorer import Contribution, ModelScorer, Row
from schemas.named_row import NamedRow

LOGIC_VERSION = 2
"""Raised whenever the same inputs would decide or read differently; part of every decision."""

BOOT_SEQUENCE = -1
"""Sequence of the first marker, below every offset of `fraud.outcomes`."""

_RANK_OF = {"NOTE": 0, "REVIEW": 1, "CHALLENGE": 2, "DECLINE": 3}
_GOES_ON = _RANK_OF["REVIEW"]
_DECISIONS = ("APPROVE", "REVIEW", "CHALLENGE", "DECLINE")
_RULE_WEIGHT = {"NOTE": 0.0, "REVIEW": 0.3, "CHALLENGE": 0.5, "DECLINE": 0.8}


@dataclass(frozen=True)
class DecisionPolicy:
    """How decisions follow from the threshold; part of the logic, so a change raises its version.

    decline_margin: log-odds from the threshold to the decline threshold. 3.0 asks for twenty times
        the odds at which an analyst would look: declining without a look must be rare.
    top: how many features a MODEL_SCORE reason names.
    """

    decline_margin: float = 3.0
    top: int = 3


@dataclass(frozen=True)
class Control:
    """What is in force: one control marker, made ready for the hot path.

    >>> Control.of({"sequence": 7, "model": None, "ruleset": {"name": "baseline", "version": 1},
    ...             "threshold": 0.5, "reason": "boot"}).decline_threshold > 0.95
    True
    """

    sequence: int
    model: Mapping[str, Any] | None
    ruleset: Mapping[str, Any]
    threshold: float
    decline_threshold: float
    policy: DecisionPolicy
    share: ControlShare

    @classmethod
    def of(cls, marker: Mapping[str, Any], policy: DecisionPolicy | None = None) -> Control:
        """The control that a marker puts in force; `InvalidField` for a share out of bounds."""
        policy = policy or DecisionPolicy()
        threshold = marker["threshold"]
        return cls(
            marker["sequence"], marker["model"], marker["ruleset"], threshold,
            decline_threshold(threshold, policy), policy,
            ControlShare.of(marker.get("control_share")),
        )  # fmt: skip

    def common(self, features: FeatureSet = FEATURES) -> dict[str, Any]:
        """What every decision under this control says alike, for a codec to encode once."""
        return {
            "threshold": self.threshold,
            "model": self.model,
            "ruleset": self.ruleset,
            "logic_version": LOGIC_VERSION,
            "feature_spec": features.spec_hash,
        }

    def accepts(self, marker: Mapping[str, Any]) -> bool:
        """Whether a marker replaces this control: only one with a higher sequence does."""
        return bool(marker["sequence"] > self.sequence)


def decline_threshold(threshold: float, policy: DecisionPolicy) -> float:
    """The score from which the model declines: `threshold` moved up by the policy's margin.

    `threshold` in (0, 1); 0 and below give 0, 1 and above are returned as they are.
    """
    if not 0.0 < threshold < 1.0:
        return max(threshold, 0.0)
    odds = threshold / (1.0 - threshold) * math.exp(policy.decline_margin)
    return odds / (1.0 + odds)


def decide(
    transaction: Mapping[str, Any],
    row: Row,
    score: float | None,
    hits: Sequence[Hit],
    control: Control,
    *,
    src: Mapping[str, Any],
    scorer: ModelScorer | None = None,
    incomplete: bool = False,
    late: bool = False,
    features: FeatureSet = FEATURES,
) -> dict[str, Any]:
    """The decision record of one transaction, without its fingerprint.

    `row` is in the order of `features.names`. `score` is the model's, None when no model is in
    force; `scorer` explains it when it passes the threshold. `src` says which record was decided.
    The record's features are a `NamedRow`: a map without the cost of a dictionary.
    Raises ValueError when `row` does not fit `features`: an old spec, nothing may be guessed.
    """
    decision, reasons = _verdict(
        score, row, hits, control, scorer, transaction_id=transaction["transaction_id"]
    )  # fmt: skip
    return {
        "transaction_id": transaction["transaction_id"],
        "card_id": transaction["card_id"],
        "terminal_id": transaction["terminal_id"],
        "event_time": transaction["event_time"],
        "amount_minor": transaction["amount_minor"],
        "currency": transaction["currency"],
        "channel": transaction.get("channel"),
        "country": transaction.get("country"),
        "mcc": transaction.get("mcc"),
        "decision": decision,
        "score": rules_score(hits) if score is None else score,
        "threshold": control.threshold,
        "model": None if score is None else control.model,
        "ruleset": control.ruleset,
        "logic_version": LOGIC_VERSION,
        "feature_spec": features.spec_hash,
        "reasons": reasons,
        "features": NamedRow(features.names, row),
        "incomplete": incomplete,
        "late": late,
        "src": src,
    }


def is_control(record: Mapping[str, Any]) -> bool:
    """Whether a decision's or an outcome's payment went on by the control share alone.

    An outcome has no reasons; but what the model would decline goes on in no other way.

    >>> is_control({"model": {}, "score": 0.96, "threshold": 0.5, "decision": "APPROVE"})
    True
    """
    if record.get("model") is None or record["decision"] not in _DECISIONS[: _GOES_ON + 1]:
        return False
    return bool(record["score"] >= decline_threshold(record["threshold"], DecisionPolicy()))


def own_weight(outcome: Mapping[str, Any]) -> float:
    """An outcome's weight without the declines that it stands for.

    >>> own_weight({"model": None, "weight": 10.0})
    10.0
    """
    return 1.0 if is_control(outcome) else float(outcome["weight"])


def rules_score(hits: Sequence[Hit]) -> float:
    """A ranking in [0, 1) from rules alone, used before the first model.

    >>> rules_score([Hit("A", "", "REVIEW"), Hit("B", "", "CHALLENGE")])
    0.65
    """
    clear = 1.0
    for hit in hits:
        if not hit.shadow:
            clear *= 1.0 - _RULE_WEIGHT[hit.action]
    return 1.0 - clear


def _verdict(
    score: float | None, row: Row, hits: Sequence[Hit], control: Control,
    scorer: ModelScorer | None, *, transaction_id: str,
) -> tuple[str, list[dict[str, str]]]:  # fmt: skip
    """The stricter of the two voices, and the reasons of both: rules in file order, then model.

    A payment of the control share goes on as if the model had not spoken, unless a rule stops it.
    """
    rank, reasons = 0, []
    for hit in hits:
        if not hit.shadow:
            rank = max(rank, _RANK_OF[hit.action])
            reasons.append({"code": hit.code, "text": hit.text})
    if score is not None and score >= control.threshold:
        declines = score >= control.decline_threshold
        reasons.append(_model_reason(score, row, control, scorer))
        if declines and rank <= _GOES_ON and control.share.draws(transaction_id):
            reasons.append(control.share.reason())
        else:
            rank = max(rank, 3 if declines else 1)
    return _DECISIONS[rank], reasons


def _model_reason(
    score: float, row: Row, control: Control, scorer: ModelScorer | None
) -> dict[str, str]:
    text = f"score {score:.4f}, threshold {control.threshold:.4f}"
    if scorer is not None:
        top = ", ".join(_contribution(item) for item in scorer.top(row, control.policy.top))
        text += f": {top}" if top else ""
    return {"code": "MODEL_SCORE", "text": text}


def _contribution(item: Contribution) -> str:
    value = "missing" if item.value is None else f"{item.value:.6g}"
    return f"{item.feature} {value} ({item.log_odds:+.2f})"
