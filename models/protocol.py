"""The Fraud Detection Handbook's protocol: weekly folds, known cards removed, three metrics.

```text
 train_start      +7             +14            +21 days
 |--- train ------|--- delay ----|--- assessed --|
 |<-- cards with a fraud here or up to 7 days before the assessed day are not assessed
```

Source: Le Borgne, Siblini, Lebichot, Bontempi, Reproducible Machine Learning for Credit Card Fraud
Detection (ULB 2022), chapters 3 to 5. Its deviations are population ones (divided by the number
of folds).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.evaluation import CardDay, average_precision, mean_card_precision_at_k, roc_auc
from models.replay_history import DAY_MS, Recorded
from models.replay_track import Period

WEEK_MS = 7 * DAY_MS
METRICS = ("auc_roc", "average_precision", "card_precision_at_100")


@dataclass(frozen=True)
class Fold:
    """Seven days of training, seven of delay, seven assessed; `train_start` in UTC ms."""

    train_start: int

    @classmethod
    def of(cls, day: str) -> Fold:
        """The fold whose training starts on a day.

        >>> Fold.of("2018-07-25").assessed.start == Fold.of("2018-08-08").train_start
        True
        """
        return cls(int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1_000)

    @property
    def train(self) -> Period:
        """The week that a model of the same window may learn from."""
        return Period(self.train_start, self.train_start + WEEK_MS)

    @property
    def assessed(self) -> Period:
        """The week that is judged."""
        return Period(self.train_start + 2 * WEEK_MS, self.train_start + 3 * WEEK_MS)

    @property
    def name(self) -> str:
        """Its first day, as ISO 8601."""
        return _iso_day(self.train_start)


STANDARD = Fold.of("2018-07-25")
"""The book's standard split, which is also the last TEST fold."""
FOLDS: dict[str, tuple[Fold, ...]] = {
    "test": tuple(map(Fold.of, ("2018-08-15", "2018-08-08", "2018-08-01", "2018-07-25"))),
    "valid": tuple(map(Fold.of, ("2018-07-11", "2018-07-04", "2018-06-27", "2018-06-20"))),
}
"""Settings are chosen on `valid`; `test` reports."""


class Assessment(NamedTuple):
    """What a fold found; a metric is None where one class is missing."""

    fold: Fold
    transactions: int
    frauds: int
    auc_roc: float | None
    average_precision: float | None
    card_precision_at_100: float | None

    def as_dict(self) -> dict[str, Any]:
        """The assessment as JSON shows it."""
        return {
            "train_start": self.fold.name,
            "assessed_from": _iso_day(self.fold.assessed.start),
            "assessed_to": _iso_day(self.fold.assessed.end - 1),
            **{name: getattr(self, name) for name in ("transactions", "frauds", *METRICS)},
        }


def assessed(recorded: Recorded, fold: Fold) -> NDArray[np.bool_]:
    """Which transactions a fold judges: its third week, without cards known to be compromised.

    On the j-th assessed day a card is known if it had a fraud in the training week or in the j
    days after it: what labels a week late have told by then. Rows of unknown truth are left out.
    """
    time, frauds = recorded.event_time, recorded.truth == 1
    mask = (time >= fold.assessed.start) & (time < fold.assessed.end) & (recorded.truth >= 0)
    for day in range(7):
        start = fold.assessed.start + day * DAY_MS
        told = frauds & (time >= fold.train_start) & (time < fold.train.end + day * DAY_MS)
        known = np.unique(recorded.card[told])
        today = mask & (time >= start) & (time < start + DAY_MS)
        mask[today] = ~np.isin(recorded.card[today], known)
    return mask


def assess(recorded: Recorded, scores: NDArray[np.float64], fold: Fold) -> Assessment:
    """The three metrics of one fold; a row without a score (NaN) is left out."""
    mask = assessed(recorded, fold)
    mask &= ~np.isnan(scores)
    rows, found = recorded.take(mask), scores[mask]
    days = map(
        CardDay, rows.day.tolist(), rows.card.tolist(), found.tolist(), (rows.truth == 1).tolist()
    )
    return Assessment(
        fold,
        len(found),
        int((rows.truth == 1).sum()),
        roc_auc(rows.truth, found),
        average_precision(rows.truth, found),
        mean_card_precision_at_k(days, 100),
    )


def summary(found: Sequence[Assessment]) -> dict[str, Any]:
    """Mean and population standard deviation over the folds, and the folds.

    >>> summary([])["mean"]["auc_roc"] is None
    True
    """
    columns = {name: [getattr(one, name) for one in found] for name in METRICS}
    return {
        "mean": {name: _mean(values) for name, values in columns.items()},
        "std": {name: _deviation(values) for name, values in columns.items()},
        "folds": [one.as_dict() for one in found],
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known and len(known) == len(values) else None


def _deviation(values: Sequence[float | None]) -> float | None:
    mean = _mean(values)
    if mean is None:
        return None
    squares = [(value - mean) ** 2 for value in values if value is not None]
    return math.sqrt(math.fsum(squares) / len(squares))


def _iso_day(time: int) -> str:
    return datetime.fromtimestamp(time // 1_000, UTC).date().isoformat()
