"""Where the knots of the shipped inputs lie, and which of them are looked at in pairs, as data.

Spans are what the quantity can plausibly be on the input's scale (`models.portfolio.catalogue`):
amounts to a million, a share from none to all, days to beyond the window, so that "never" has a
knot of its own. Pairs join what says little alone: an amount is unusual against the card's own
habits, a fraud at a terminal weighs by how many followed and how long ago.
"""

from __future__ import annotations

from collections.abc import Sequence

from models.portfolio.basis import Basis, Span

AMOUNT = Span(0.0, 14.0, 56)
FLAG = Span(0.0, 1.0, 1)
COUNT = Span(0.0, 6.0, 24)
FRAUDS = Span(0.0, 5.0, 20)
RATIO = Span(0.0, 3.0, 40)
RISK = Span(0.0, 1.0, 20)
DAYS = Span(0.0, 33.0, 22)
SIGNAL = Span(-14.0, 14.0, 56)
"""Of an input that is declared nowhere: a user's own, as its signed logarithm."""

SPANS = {
    "value:log_amount": AMOUNT,
    "value:night": FLAG,
    "log:card_count_1d": COUNT,
    "log:card_count_7d": COUNT,
    "log:card_count_30d": COUNT,
    "log:card_sum_1d": Span(0.0, 14.0, 40),
    "log:card_amount_ratio_7d": RATIO,
    "log:card_amount_ratio_30d": RATIO,
    "log:card_trend_7d_30d": Span(0.0, 2.0, 40),
    "log:card_std_30d": AMOUNT,
    "signed_log:card_zscore_30d": Span(-4.0, 4.0, 36),
    "log:card_max_30d": AMOUNT,
    "log_ratio:amount:card_max_30d": Span(-8.0, 4.0, 40),
    "value:card_terminal_seen_30d": FLAG,
    "log:card_seconds_since_last": Span(0.0, 15.0, 20),
    "value:terminal_risk_1d": RISK,
    "value:terminal_risk_7d": RISK,
    "value:terminal_risk_30d": RISK,
    "value:terminal_smoothed_risk_30d": Span(0.0, 1.0, 40),
    "log:terminal_known_frauds_3d": FRAUDS,
    "log:terminal_known_frauds_7d": FRAUDS,
    "log:terminal_known_frauds_30d": FRAUDS,
    "value:terminal_risk_known_30d": Span(0.0, 1.0, 40),
    "value:terminal_days_since_last_fraud_30d": DAYS,
    "value:terminal_days_since_first_fraud_30d": DAYS,
    "log:terminal_fraud_run_30d": FRAUDS,
    "log:terminal_amount_ratio_30d": RATIO,
    "value:terminal_fraud_run_days_30d": Span(0.0, 40.0, 40),
    "log:terminal_fraud_amount_min_30d": AMOUNT,
    "log:terminal_fraud_amount_mean_30d": AMOUNT,
    "log:card_high_amounts_14d": Span(0.0, 3.0, 12),
}

PAIRS = (
    ("value:log_amount", "log:card_amount_ratio_30d"),
    ("log:card_amount_ratio_30d", "signed_log:card_zscore_30d"),
    ("log_ratio:amount:card_max_30d", "log:card_amount_ratio_30d"),
    ("log_ratio:amount:card_max_30d", "log:card_count_30d"),
    ("log:card_trend_7d_30d", "log:card_amount_ratio_7d"),
    ("log:card_std_30d", "value:log_amount"),
    ("value:terminal_risk_7d", "value:terminal_risk_30d"),
    ("value:terminal_days_since_first_fraud_30d", "value:terminal_risk_7d"),
    ("value:terminal_days_since_first_fraud_30d", "log:terminal_known_frauds_30d"),
    ("value:terminal_days_since_last_fraud_30d", "log:terminal_known_frauds_7d"),
    ("log:terminal_fraud_run_30d", "value:terminal_days_since_first_fraud_30d"),
)


def basis_for(inputs: Sequence[str], *, coarse: int) -> Basis:
    """The basis over inputs, by name in order; a pair counts where both are there.

    >>> basis_for(("value:night", "signed_log:mine"), coarse=2).size
    59
    """
    places = {name: at for at, name in enumerate(inputs)}
    pairs = [
        (places[one], places[other]) for one, other in PAIRS if one in places and other in places
    ]
    return Basis([SPANS.get(name, SIGNAL) for name in inputs], pairs, coarse=coarse)
