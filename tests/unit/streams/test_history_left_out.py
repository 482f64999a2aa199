"""The language that says which labels to leave out: data, checked, never evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from streams.history.left_out import LeftOut

OUTCOME: dict[str, Any] = {
    "source": "ANALYST", "label": "FRAUD", "label_id": "l,1", "card_id": "c1",
    "transaction_id": "t1", "terminal_id": "m1", "outcome_id": "o1", "decision": "APPROVE",
    "currency": "EUR", "observed_at": 1_525_132_800_000, "event_time": 1_524_000_000_000,
    "amount_minor": 1_250, "score": 0.75,
}  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "taken"),
    [
        ([], False),
        (["source=ANALYST"], True),
        (["source!=ANALYST"], False),
        (["source = ANALYST , card_id=c1"], True),
        (["source=ANALYST,card_id=c2"], False),
        (["card_id=c2", "label_id=l\\,1"], True),
        (["observed_at>=2018-05-01"], True),
        (["observed_at>2018-05-01"], False),
        (["observed_at<2018-05-01T02:00:01+02:00"], True),
        (["observed_at=1525132800000"], True),
        (["amount_minor>=1250,score<0.8"], True),
        (["amount_minor>1250"], False),
    ],
)
def test_terms_must_all_hold_and_filters_are_alternatives(filters: list[str], taken: bool) -> None:
    assert LeftOut.parse(filters).takes(OUTCOME) is taken
    assert bool(LeftOut.parse(filters)) is bool(filters)


def test_what_was_presumed_is_nobodys_label() -> None:
    presumed = OUTCOME | {"source": "ANALYST", "presumed": True}
    assert not LeftOut.parse(["source=ANALYST"]).takes(presumed)
    assert LeftOut.parse(["source=PRESUMED"]).takes(presumed)
    assert not LeftOut.parse(["source=PRESUMED"]).takes(OUTCOME | {"presumed": False})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected FIELD=VALUE"),
        ("source", "expected FIELD=VALUE"),
        ("source=ANALYST,", "expected FIELD=VALUE"),
        ("__class__=x", "expected one of source, label"),
        ("model=x", "expected one of source, label"),
        ("source=ANALYSTS", "expected one of ANALYST, CHARGEBACK"),
        ("label=fraud", "expected one of FRAUD"),
        ("source>ANALYST", "expected = or != after source"),
        ("card_id=", "expected a value"),
        ("observed_at>=soon", "observed_at: expected a date or time such as"),
        ("amount_minor>=much", "amount_minor: expected a number"),
        ("amount_minor>=nan", "amount_minor: expected a number"),
    ],
)
def test_what_cannot_be_meant_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LeftOut.parse([text])
