"""The inputs of the tree models over the shipped features, as data.

A feature that is declared nowhere here (a user's own, a signal of the attributes) enters as its
signed logarithm; one whose features a set lacks is left out. No number here comes from a
generator: fills are what "nothing known" means on the input's own scale.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.portfolio.inputs import Input

LONG_AGO_DAYS = 60.0
"""Stands where a terminal has no known fraud in the window: longer ago than any window."""
LARGE = 14.0
"""log1p of a million, beyond which no knot lies: where no known fraud was small."""
SAME = 0.6931471805599453
"""log1p(1): a ratio of one, "as usual"."""

DECLARED = (
    Input("value", "log_amount", 0.0),
    Input("value", "night", 0.0),
    Input("log", "card_count_1d", 0.0),
    Input("log", "card_count_7d", 0.0),
    Input("log", "card_count_30d", 0.0),
    Input("log", "card_sum_1d", 0.0),
    Input("log", "card_amount_ratio_7d", SAME),
    Input("log", "card_amount_ratio_30d", SAME),
    Input("log", "card_trend_7d_30d", SAME),
    Input("log", "card_std_30d", 0.0),
    Input("signed_log", "card_zscore_30d", 0.0),
    Input("log", "card_max_30d", 0.0),
    Input("log_ratio", "amount", 0.0, "card_max_30d"),
    Input("value", "card_terminal_seen_30d", 0.0),
    Input("log", "card_seconds_since_last", 15.0),
    Input("value", "terminal_risk_1d", 0.0),
    Input("value", "terminal_risk_7d", 0.0),
    Input("value", "terminal_risk_30d", 0.0),
    Input("value", "terminal_smoothed_risk_30d", 0.0),
    Input("log", "terminal_known_frauds_3d", 0.0),
    Input("log", "terminal_known_frauds_7d", 0.0),
    Input("log", "terminal_known_frauds_30d", 0.0),
    Input("value", "terminal_risk_known_30d", 0.0),
    Input("value", "terminal_days_since_last_fraud_30d", LONG_AGO_DAYS),
    Input("value", "terminal_days_since_first_fraud_30d", LONG_AGO_DAYS),
    Input("log", "terminal_fraud_run_30d", 0.0),
    Input("log", "terminal_amount_ratio_30d", SAME),
    Input("value", "terminal_fraud_run_days_30d", LONG_AGO_DAYS),
    Input("log", "terminal_fraud_amount_min_30d", LARGE),
    Input("log", "terminal_fraud_amount_mean_30d", LARGE),
    Input("log", "card_high_amounts_14d", 0.0),
)
_USED = {name for one in DECLARED for name in (one.of, one.by)}
_REDUNDANT = {
    "amount", "weekend", "hour", "card_mean_1d", "card_mean_7d", "card_mean_30d",
    "card_count_10m", "card_count_1h", "card_sum_10m", "card_sum_1h", "card_terminals_1d",
    "card_terminals_7d", "terminal_count_1d_delayed", "terminal_count_7d_delayed",
    "terminal_count_30d_delayed", "terminal_count_10m", "terminal_count_1h", "terminal_count_1d",
}  # fmt: skip
"""Shipped features left out: declared inputs stand for most of them; none was tried by itself."""


def inputs_for(names: Sequence[str]) -> tuple[Input, ...]:
    """The inputs over a set of features: those declared, then the user's own.

    >>> [one.name for one in inputs_for(("log_amount", "my_signal"))]
    ['value:log_amount', 'signed_log:my_signal']
    """
    present = set(names)
    declared = [one for one in DECLARED if one.of in present and (not one.by or one.by in present)]
    known = _USED | _REDUNDANT if declared else _USED
    own = [Input("signed_log", name, 0.0) for name in names if name not in known]
    return (*declared, *own)
