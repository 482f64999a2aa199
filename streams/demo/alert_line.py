"""An alert on one line, for the demo's view and `fraud alerts`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def alert_line(alert: Mapping[str, Any]) -> str:
    """Severity, time, card, transaction, decision, score, and every reason with its values.

    >>> alert_line({"severity": "HIGH", "event_time": 0, "card_id": "c7", "transaction_id": "t1",
    ...     "decision": "REVIEW", "score": 0.25, "reasons": [{"code": "BURST", "text": "9 in 1h"}]})
    'HIGH     1970-01-01 00:00:00  card c7  transaction t1  REVIEW  score 0.2500  BURST: 9 in 1h'
    """
    when = datetime.fromtimestamp(alert["event_time"] / 1_000, UTC)
    reasons = "; ".join(f"{reason['code']}: {reason['text']}" for reason in alert["reasons"])
    return (
        f"{alert['severity']:<8} {when:%Y-%m-%d %H:%M:%S}  card {alert['card_id']}  "
        f"transaction {alert['transaction_id']}  {alert['decision']}  "
        f"score {alert['score']:.4f}  {reasons}"
    )
