"""Which function makes which world of the catalogue; a test compares the two."""

from collections.abc import Callable, Mapping

import polars as pl

from producers.scenarios import attacks, habits, label_sources, places, vendor
from producers.scenarios.setting import Setting

Change = Callable[[Setting, pl.DataFrame], pl.DataFrame]

TRANSACTIONS: Mapping[str, Change] = {
    "card-testing": attacks.card_testing,
    "account-takeover": attacks.account_takeover,
    "bust-out": attacks.bust_out,
    "evader": attacks.evader,
    "spending-growth": habits.spending_growth,
    "vendor-signal-dies": vendor.dies,
    "vendor-signal-stuck": vendor.stuck,
    "vendor-signal-rescaled": vendor.rescaled,
    "new-country": places.new_country,
    "seasonal-peak": habits.seasonal_peak,
}
"""What a change makes of the plain world's frame (`producers.world_tables`, with
`transaction_id` and `changed`): rows in order of time again, the plain ones before the onset as
they were, `changed` where a row is not the plain world's."""

LABELS: Mapping[str, Change] = {
    "label-poisoning": label_sources.poisoned,
    "label-whitewashing": label_sources.whitewashed,
}
"""What a change makes of what is said about it: a frame with `said` (FRAUD, LEGITIMATE) and
`source`, where label sources differ."""
