"""`fraud explain`: everything about one decision, as JSON data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from models import counterfactual
from models.compiled_model import CompiledModel
from models.contributions import Parts, parts
from models.control_share import on_record
from models.counterfactual import Case, Change
from models.decision import LOGIC_VERSION, Control
from models.features import FEATURES
from models.portfolio.compiled_mean import CompiledMean
from models.portfolio.interface import RowScorer
from models.rules import Ruleset, baseline
from models.rules_explained import explained
from models.scorer import ModelScorer
from schemas.errors import FraudStreamsError
from streams.explain.found import Found, find, labels, outcomes
from streams.explain.past import Past, card_past, listed, terminal_past, window_of, windows
from streams.history.log import Log
from streams.published import Published, Version, VersionMissing
from streams.verify.library import library

Data = dict[str, Any]
AS_RECORDED = (
    "transaction_id", "card_id", "terminal_id", "event_time", "amount_minor", "currency",
    "channel", "country", "mcc", "decision", "score", "threshold", "model", "ruleset",
    "logic_version", "feature_spec", "reasons", "incomplete", "late", "src", "fingerprint",
)  # fmt: skip


class OtherFeatures(FraudStreamsError):
    """A decision by another feature specification, or logic, than this code has."""

    code = "OTHER_FEATURES"
    advice = "Explain it with the version of the code that decided it."


def explain(log: Log, transaction_id: str) -> Data:
    """Explain the decision of a transaction; raises DecisionUnknown, OtherFeatures."""
    found = find(log, transaction_id)
    decision = found.decision
    _check(decision)
    data: Data = {name: decision[name] for name in AS_RECORDED}
    data["on_record"] = found.place._asdict() | {"intact": found.intact, "repeats": found.repeats}
    data |= _history(log, found)
    case = _case(log, found, data.pop("marker"))
    data["model_parts"] = model_parts(case)
    data["rules"] = _rules(case)
    data["would_change"] = would_change(case)
    data["labels"], data["outcomes"] = labels(log, found), outcomes(log, found)
    return data


def _check(decision: Data) -> None:
    for name, ours in (("feature_spec", FEATURES.spec_hash), ("logic_version", LOGIC_VERSION)):
        if decision[name] != ours:
            where = f"decision of {decision['transaction_id']}: {name}"
            raise OtherFeatures(where, expected=str(ours), came=decision[name])


def _history(log: Log, found: Found) -> Data:
    """Features with their windows, and the events; without the activity, features alone."""
    decision, activity = found.decision, found.activity
    if activity is None or activity.get("transaction") is None:
        return _features(decision, {}) | {"rederived": None, "control": None, "marker": None}
    card, terminal = card_past(log, activity), terminal_past(log, decision)
    held = windows(card, "card") | windows(terminal, "terminal")
    marker = terminal.marker or {}
    return _features(decision, held) | {
        "events": {"card": list(listed(card)), "terminal": list(listed(terminal))},
        "rederived": {
            "card": _as_recorded(card, decision, FEATURES.card_names),
            "terminal": _as_recorded(terminal, decision, FEATURES.terminal_names),
        },
        "control": {name: marker.get(name) for name in ("sequence", "reason")},
        "marker": terminal.marker,
    }


def _features(decision: Data, held: Data) -> Data:
    entities = ("card", "terminal")
    return {
        "features": [
            {
                "feature": feature.name,
                "value": decision["features"].get(feature.name),
                "window": window_of(feature) if feature.entity in entities else None,
                "meaning": feature.meaning,
            }
            for feature in FEATURES.features
        ],
        "windows": held,
    }


def _as_recorded(past: Past, decision: Data, names: Iterable[str]) -> bool:
    """Whether the fold over the events gives the features on record."""
    return past.features == [decision["features"][name] for name in names]


def _case(log: Log, found: Found, in_force: Data | None) -> Case:
    """What the decision was made from: features and versions as on record, and the control share
    of the marker in force; without it the one that let this payment through, if one did."""
    decision, published = found.decision, library(log)
    model, rules = decision["model"], decision["ruleset"]
    share = {"sequence": 0, "control_share": on_record(decision).record()}
    marker = {"reason": "", **decision, **(share if in_force is None else _kept(in_force))}
    ruleset = _ruleset(published, (rules["name"], rules["version"]))
    return Case(
        (found.activity or {}).get("transaction") or decision,
        [decision["features"][name] for name in FEATURES.names],
        Control.of(marker), ruleset,
        None if model is None else published.scorer((model["name"], model["version"])),
    )  # fmt: skip


def _kept(marker: Data) -> Data:
    return {name: marker[name] for name in ("sequence", "control_share")}


def _ruleset(published: Published, version: Version) -> Ruleset:
    """As published; before the first marker the shipped rules decide, which nobody published."""
    shipped = baseline()
    try:
        return published.ruleset(version)
    except VersionMissing:
        if version != (shipped.name, shipped.version):
            raise
        return shipped


def model_parts(case: Case) -> Data | None:
    """The score's log-odds in parts, those of members one by one too; None for rules alone."""
    if case.scorer is None:
        return None
    whole = _parts(parts(case.scorer, case.row), case)
    (score,) = case.scorer.score_many([case.row])
    found = {name: _parts(parts(one, case.row), case) for name, one in _members(case.scorer)}
    return whole | {"score": score, "members": found}


def _members(scorer: ModelScorer) -> Iterable[tuple[str, RowScorer]]:
    """A blend's versions by name; the models inside a mean, the one that learned all first."""
    if not isinstance(scorer, CompiledModel):
        return ()
    refs = [f"{name}@{version}" for name, version in scorer.members]
    if isinstance(scorer.rows, CompiledMean):
        refs = ["slow", "fast"]
    return zip(refs, getattr(scorer.rows, "members", ()), strict=False)


def _parts(found: Parts, case: Case) -> Data:
    return {
        "log_odds": found.log_odds,
        "bias": found.bias,
        "held": found.held,
        "method": found.method,
        "contributions": [
            one._asdict() for one in found.contributions(case.features.names, case.row)
        ],
    }


def _rules(case: Case) -> list[Data]:
    return [asdict(rule) for rule in explained(case.ruleset.yaml, case.row, case.transaction)]


def would_change(case: Case) -> Data:
    """The smallest single changes that would have led to another decision."""
    without = counterfactual.without_each_rule(case)
    return {
        "score": counterfactual.bounds(case),
        "without_rule": {code: one._asdict() for code, one in without.items()},
        "nearest": [_change(one) for one in counterfactual.nearest(case)],
        "unknown": [_change(one) for one in counterfactual.unknown_each(case)],
    }


def _change(one: Change) -> Data:
    return {
        "feature": one.feature, "value": one.value, "instead": one.instead,
        "decision": one.outcome.decision, "score": one.outcome.score,
    }  # fmt: skip
