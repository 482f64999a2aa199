"""What of the learner's policy can be changed while it runs, by a command in the log.

Defaults are in the code (`LearnPolicy`), never in a worker's environment: a second learner, or a
rebuild elsewhere, must fold the log to the same models.

>>> changed(LearnPolicy(), {"publish_every": 500}).every
500
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple, get_args

from models.approval import APPROVE
from models.control_share import MOST
from models.learn_policy import LearnPolicy
from models.portfolio import PORTFOLIO
from schemas.errors import InvalidField
from schemas.fields import CommandKind, LabelSource

# An approval that waits for an approval never ends, and a rule that fires on everybody at night
# must not wait, and expire, for want of a second person: its demotion lets nothing new act.
NEVER_WAIT = (APPROVE, "RULES_DEMOTE")
KINDS = tuple(kind for kind in get_args(CommandKind) if kind not in NEVER_WAIT)
SOURCES: tuple[str, ...] = get_args(LabelSource)
SEPARABLE = tuple(name for name in PORTFOLIO if name != "blend")
"""Who may be learned in two: a blend's members learn once, for all. Nothing else: a command must
not name code to import."""
Changes = dict[str, Any]


class Setting(NamedTuple):
    """Which part and field of the policy, its kind and bounds, what it means, and of a list, some
    of what it is."""

    part: str
    field: str
    kind: type
    least: float
    most: float
    meaning: str
    among: tuple[str, ...] = ()


SETTINGS: dict[str, Setting] = {
    "publish_every": Setting(
        "", "every", int, 100, 1_000_000,
        "learned outcomes from one version of the quick models to the next",
    ),
    "publish_all_every": Setting(
        "", "slow_every", int, 100, 10_000_000,
        "the same for all competitors together; a multiple of publish_every",
    ),
    "recalibrate_every": Setting(
        "", "recalibrate", int, 0, 1_000_000,
        "learned outcomes after which the version in force gets a new threshold; 0: never, each "
        "version has one of its own",
    ),
    "rebuild_every": Setting(
        "", "rebuild", int, 0, 1_000_000_000,
        "learned outcomes after which all models are learned anew from the log, without what was "
        "excluded or reversed by then; 0: never, or publish_all_every and more",
    ),
    "alerts_per_1000": Setting(
        "", "alerts_per_1000", float, 0.01, 500.0,
        "transactions of a thousand that analysts can look at; sets the next thresholds",
    ),
    "promote_by_policy": Setting(
        "promotion", "automatic", bool, 0, 1, "whether a better challenger takes over by itself"
    ),
    "promote_row_by_row": Setting(
        "promotion", "row_by_row", bool, 0, 1,
        "whether that may be one that does not compile, which River scores row by row",
    ),
    "mature_days": Setting(
        "promotion", "mature_days", int, 0, 365,
        "days until promotion takes a day's labels as complete; at least as many as the "
        "presumptions took",
    ),
    "approve": Setting(
        "approval", "kinds", list, 0, len(KINDS),
        "kinds of commands that wait for a second approver", KINDS,
    ),
    "approve_hours": Setting(
        "approval", "hours", float, 0.01, 720.0, "hours until a command nobody approved expires"
    ),
    "separate": Setting(
        "", "separate", list, 0, len(SEPARABLE),
        "kinds of models that compete once more, learned in two: one hears every outcome, another "
        "the fast sources alone, and the score is their mean", SEPARABLE,
    ),
    "fast_sources": Setting(
        "", "fast_sources", list, 0, len(SOURCES),
        "sources whose labels teach the second one of such two", SOURCES,
    ),
    "control_share": Setting(
        "control", "share", float, 0.0, MOST,
        "share of the model's declines that is let through to learn what they were, 0.01 to 0.1; "
        "0: none",
    ),
    "control_seed": Setting(
        "control", "seed", int, 0, 2**31 - 1, "chooses which: another one, others"
    ),
}  # fmt: skip


def changed(policy: LearnPolicy, changes: Mapping[str, Any]) -> LearnPolicy:
    """The policy with these settings; raises `InvalidField` for a name or value it cannot have."""
    for name, value in changes.items():
        setting = SETTINGS.get(name)
        if setting is None:
            raise InvalidField("command.payload.set", expected=f"some of {[*SETTINGS]}", came=name)
        policy = _with(policy, setting, _checked(name, setting, value))
    if policy.slow_every % policy.every:
        raise InvalidField(
            "command.payload.set.publish_all_every",
            expected=f"a multiple of publish_every ({policy.every})", came=policy.slow_every,
        )  # fmt: skip
    if 0 < policy.rebuild < policy.slow_every:
        raise InvalidField(
            "command.payload.set.rebuild_every",
            expected=f"0, or publish_all_every ({policy.slow_every}) and more", came=policy.rebuild,
        )  # fmt: skip
    return policy


def current(policy: LearnPolicy) -> Changes:
    """Every setting's value."""
    return {name: _value(policy, one) for name, one in SETTINGS.items()}


def _value(policy: LearnPolicy, setting: Setting) -> Any:
    held = getattr(policy, setting.part) if setting.part else policy
    value = getattr(held, setting.field)
    return list(value) if setting.kind is list else value


def _with(policy: LearnPolicy, setting: Setting, value: Any) -> LearnPolicy:
    if not setting.part:
        return replace(policy, **{setting.field: value})
    part = replace(getattr(policy, setting.part), **{setting.field: value})
    return replace(policy, **{setting.part: part})


def _checked(name: str, setting: Setting, value: Any) -> Any:
    where = f"command.payload.set.{name}"
    if setting.kind is list:
        if not isinstance(value, list) or not set(map(str, value)) <= set(setting.among):
            raise InvalidField(where, expected=f"a list of some of {setting.among}", came=value)
        return tuple(sorted(set(value)))
    if setting.kind is bool:
        if not isinstance(value, bool):
            raise InvalidField(where, expected="true or false", came=value)
        return value
    number = isinstance(value, int) or (setting.kind is float and isinstance(value, float))
    if not number or isinstance(value, bool) or not setting.least <= value <= setting.most:
        what = "an integer" if setting.kind is int else "a number"
        expected = f"{what} from {setting.least:g} to {setting.most:g}"
        raise InvalidField(where, expected=expected, came=value)
    return setting.kind(value)
