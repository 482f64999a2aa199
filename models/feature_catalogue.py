"""The shipped features, as data.

The fourteen of the Fraud Detection Handbook (Le Borgne et al., ULB 2022) keep its definitions:
weekend, night, card_count and card_mean over 1/7/30 d, terminal_count and terminal_risk over
1/7/30 d with 7 days of delay, risk 0 where no transaction is old enough. Everything else is None
where it has no history; `terminal_smoothed_risk_30d` is the sibling of `terminal_risk_30d` that
shows the absence.
"""

from __future__ import annotations

from models.windows.spec import (
    AMOUNT_LIMIT,
    COUNT_LIMIT,
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    RUN_LIMIT,
    Entity,
    Feature,
)

LABEL_DELAY_MS = 7 * DAY_MS  # the Handbook's: labels are known after exactly seven days
HANDBOOK_DAYS = (1, 7, 30)
VELOCITY = (("10m", 10 * MINUTE_MS), ("1h", HOUR_MS), ("1d", DAY_MS))
RATIO_LIMIT = 1_000.0  # beyond a thousandfold, how many-fold says nothing more
SCORE_LIMIT = 1_000.0  # the same for z-scores, both ways


def _of_transaction(name: str, low: float, high: float, meaning: str) -> Feature:
    column = "amount_minor" if "amount" in name else "event_time"
    return Feature(
        name=name, entity="transaction", aggregation=name, column=column,
        low=low, high=high, meaning=meaning,
    )  # fmt: skip


def _count(entity: Entity, label: str, window_ms: int, delay_ms: int = 0) -> Feature:
    old = ", ending 7 d ago" if delay_ms else ", this one included"
    return Feature(
        name=f"{entity}_count_{label}", entity=entity, aggregation="count",
        column="transaction_id", window_ms=window_ms, delay_ms=delay_ms,
        meaning=f"the {entity}'s transactions over {label.removesuffix('_delayed')}{old}",
    )  # fmt: skip


def _amount(
    entity: Entity, what: str, label: str, window_ms: int, *, meaning: str,
    low: float = 0.0, high: float = AMOUNT_LIMIT, against_ms: int = 0,
) -> Feature:  # fmt: skip
    return Feature(
        name=f"{entity}_{what}_{label}", entity=entity,
        aggregation=what.removeprefix("amount_"), column="amount_minor",
        window_ms=window_ms, against_ms=against_ms, low=low, high=high, meaning=meaning,
    )  # fmt: skip


def _label(
    what: str, label: str, days: int, *, meaning: str, delay_ms: int = 0,
    high: float = 1.0, absent: float | None = None, prior: float = 0.0, strength: float = 0.0,
) -> Feature:  # fmt: skip
    return Feature(
        name=f"terminal_{what}_{label}", entity="terminal", aggregation=what, column="label",
        window_ms=days * DAY_MS, delay_ms=delay_ms, high=high, absent=absent,
        prior=prior, strength=strength, meaning=meaning,
    )  # fmt: skip


TRANSACTION_FEATURES = (
    _of_transaction("amount", 0.0, AMOUNT_LIMIT, "amount, minor units / 100"),
    _of_transaction("log_amount", 0.0, 30.0, "log1p of the amount"),
    _of_transaction("weekend", 0.0, 1.0, "1 on Saturday and Sunday, UTC (Handbook)"),
    _of_transaction("night", 0.0, 1.0, "1 where the UTC hour is 0 to 6 (Handbook)"),
    _of_transaction("hour", 0.0, 23.0, "UTC hour of the day, 0 to 23"),
)

CARD_FEATURES = (
    *(_count("card", f"{d}d", d * DAY_MS) for d in HANDBOOK_DAYS),
    *(
        _amount("card", "mean", f"{d}d", d * DAY_MS,
                meaning=f"mean amount over {d} d, this one included (Handbook)")
        for d in HANDBOOK_DAYS
    ),
    *(_count("card", label, ms) for label, ms in VELOCITY if label != "1d"),
    *(
        _amount("card", "sum", label, ms, meaning=f"sum of amounts over {label}, this one included")
        for label, ms in VELOCITY
    ),
    _amount("card", "std", "30d", 30 * DAY_MS,
            meaning="standard deviation of the earlier amounts; None below two of them"),
    _amount("card", "zscore", "30d", 30 * DAY_MS, low=-SCORE_LIMIT, high=SCORE_LIMIT,
            meaning="deviations from the mean of the earlier amounts; None without a deviation"),
    _amount("card", "max", "30d", 30 * DAY_MS,
            meaning="largest earlier amount; None without one"),
    _amount("card", "amount_ratio", "7d", 7 * DAY_MS, high=RATIO_LIMIT,
            meaning="amount / card_mean_7d; None without an earlier amount"),
    _amount("card", "amount_ratio", "30d", 30 * DAY_MS, high=RATIO_LIMIT,
            meaning="amount / card_mean_30d; None without an earlier amount"),
    _amount("card", "high_amounts", "14d", 14 * DAY_MS, against_ms=30 * DAY_MS, high=COUNT_LIMIT,
            meaning="earlier amounts of 14 d above three times the median of those of 30 d, which "
            "a few large ones do not move; None without an earlier amount"),
    _amount("card", "trend", "7d_30d", 7 * DAY_MS, against_ms=30 * DAY_MS, high=RATIO_LIMIT,
            meaning="card_mean_7d / card_mean_30d; None without an earlier amount"),
    *(
        Feature(
            name=f"card_terminals_{d}d", entity="card", aggregation="distinct",
            column="terminal_id", window_ms=d * DAY_MS,
            meaning=f"distinct terminals over {d} d, this one included",
        )
        for d in (1, 7)
    ),
    Feature(
        name="card_terminal_seen_30d", entity="card", aggregation="seen", column="terminal_id",
        window_ms=30 * DAY_MS, high=1.0,
        meaning="1 where this card was at this terminal before; None without earlier transactions",
    ),
    Feature(
        name="card_seconds_since_last", entity="card", aggregation="since_last",
        column="event_time", window_ms=30 * DAY_MS, high=30.0 * 86_400,
        meaning="seconds since the card's previous transaction; None without one in 30 d",
    ),
)  # fmt: skip

TERMINAL_FEATURES = (
    *(
        _count("terminal", f"{d}d_delayed", d * DAY_MS, LABEL_DELAY_MS) for d in HANDBOOK_DAYS
    ),
    *(
        _label("risk", f"{d}d", d, delay_ms=LABEL_DELAY_MS, absent=0.0,
               meaning=f"known frauds / transactions of terminal_count_{d}d_delayed, 0 where there "
               "are none (Handbook)")
        for d in HANDBOOK_DAYS
    ),
    _label("smoothed_risk", "30d", 30, delay_ms=LABEL_DELAY_MS, prior=0.001, strength=10.0,
           meaning="terminal_risk_30d drawn towards 0.1 % by ten assumed transactions; None where "
           "no transaction is old enough"),
    *(_count("terminal", label, ms) for label, ms in VELOCITY),
    *(
        _label("known_frauds", f"{d}d", d, high=1e6, meaning=f"frauds of the last {d} d known now")
        for d in (3, 7, 30)
    ),
    _label("risk_known", "30d", 30,
           meaning="terminal_known_frauds_30d / earlier transactions of 30 d; None without any"),
    _label("days_since_last_fraud", "30d", 30, high=30.0,
           meaning="days since the newest fraud known now; None without one"),
    _label("days_since_first_fraud", "30d", 30, high=30.0,
           meaning="days since the oldest fraud known now of the last 30 d; None without one"),
    _label("fraud_run", "30d", 30, delay_ms=LABEL_DELAY_MS, high=RUN_LIMIT,
           meaning="how many of the newest transactions of terminal_count_30d_delayed are known "
           "frauds without a break; None where there are none"),
    _label("fraud_run_days", "30d", 30, delay_ms=LABEL_DELAY_MS, high=37.0,
           meaning="days since the oldest transaction of that run; None without a run"),
    _label("fraud_amount_min", "30d", 30, delay_ms=LABEL_DELAY_MS, high=AMOUNT_LIMIT,
           meaning="smallest amount of the known frauds that terminal_risk_30d counts; None "
           "without one: small frauds point to the terminal, large ones to the card"),
    _label("fraud_amount_mean", "30d", 30, delay_ms=LABEL_DELAY_MS, high=AMOUNT_LIMIT,
           meaning="their mean amount; None without one"),
    _amount("terminal", "amount_ratio", "30d", 30 * DAY_MS, high=RATIO_LIMIT,
            meaning="amount / the terminal's mean of 30 d, this one included; None without an "
            "earlier amount"),
)  # fmt: skip

DEFAULT_FEATURES = (*TRANSACTION_FEATURES, *CARD_FEATURES, *TERMINAL_FEATURES)
