"""What the drifting worlds are, as data; what they do to the Handbook's world lies beside this.

Nothing heavy is imported here, so that the command line can list them at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

ONSET_DAY = 71  # Monday 11 June 2018: April's ramp-up, then six whole weeks to compare with
DAYS = 120
WEEK_DAYS = 7


@dataclass(frozen=True)
class Scenario:
    """A drifting world.

    describes: what changes, on one line.
    subjects: what a detector must signal: names of features, `score`, `alert_rate`, `label_rate`.
        Empty where nothing may fire.
    within_days: days of event time from the onset until the first of them must be signalled.
    lasts_days: days until the world is as before; None where it stays changed.
    attributes: numeric signals of the transactions, each a column of the file.
    source: the label source that changes, if one does.
    expected: whether a calendar knows of it beforehand.
    """

    name: str
    describes: str
    subjects: tuple[str, ...]
    within_days: int = 2
    lasts_days: int | None = None
    attributes: tuple[str, ...] = ()
    source: str | None = None
    expected: bool = False


_EVERY = (
    Scenario(
        "card-testing",
        "Many cards are tried in bursts, then used.",
        subjects=("terminal_count_10m", "terminal_count_1h"),
    ),
    Scenario(
        "account-takeover",
        "Good cards pay large sums far away, online.",
        subjects=("card_sum_1d", "card_sum_1h"),
    ),
    Scenario(
        "bust-out",
        "Good cards build up, then spend all at once.",
        subjects=("card_count_1d", "card_terminals_1d"),
    ),
    Scenario(
        "evader",
        "Thieves probe the limit, then stay below it.",
        subjects=("card_count_1d", "card_terminals_1d"),
    ),
    Scenario(
        "spending-growth",
        "Amounts rise 1.5 % a week, to 40 % more.",
        subjects=("amount",),
        within_days=28,
    ),
    Scenario(
        "vendor-signal-dies",
        "A vendor's device_risk is missing from now on.",
        subjects=("attribute_device_risk",),
        attributes=("device_risk",),
    ),
    Scenario(
        "vendor-signal-stuck",
        "A vendor's device_risk is one number for all.",
        subjects=("attribute_device_risk",),
        attributes=("device_risk",),
    ),
    Scenario(
        "vendor-signal-rescaled",
        "A vendor's device_risk comes in percent.",
        subjects=("attribute_device_risk",),
        attributes=("device_risk",),
    ),
    Scenario(
        "new-country",
        "A new country, currency and more online.",
        subjects=("amount", "log_amount"),
    ),
    Scenario(
        "label-poisoning",
        "Customers call purchases of their own fraud.",
        subjects=("label_rate",),
        source="CUSTOMER",
    ),
    Scenario(
        "label-whitewashing",
        "Analysts call frauds legitimate.",
        subjects=("label_rate",),
        source="ANALYST",
    ),
    Scenario(
        "seasonal-peak",
        "Two weeks of more purchases, as each year.",
        subjects=(),
        lasts_days=2 * WEEK_DAYS,
        expected=True,
    ),
)
SCENARIOS: Mapping[str, Scenario] = {scenario.name: scenario for scenario in _EVERY}
"""By name, in the order of the documentation."""
