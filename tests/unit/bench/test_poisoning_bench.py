"""The poisoning bench fails where protection does: judged on small made-up runs."""

from __future__ import annotations

from typing import Any

import pytest

from producers.scenarios.catalogue import ONSET_DAY
from tests.bench.poisoning_bench import (
    RUNS,
    SPANS,
    UNTIL_FREEZE,
    Run,
    holds,
    measured,
    start_ms,
    table,
)

FREEZE = start_ms(ONSET_DAY) + 4 * 3_600_000
REASON = "the label rate jumped"


def figures(**until_freeze: float) -> dict[str, dict[str, Any]]:
    """Runs in which protection is worth .1 from the second day on."""
    found = {}
    for name in RUNS:
        spans = dict.fromkeys(SPANS, 0.5 if name == "unprotected" else 0.6)
        spans[UNTIL_FREEZE] = until_freeze.get(name.replace(" ", "_"), 0.6)
        found[name] = {"precision": spans, "frozen": None, "corrected": None}
    found["protected"] |= {"frozen": (FREEZE, REASON), "corrected": 149, "until": (1_600, 14)}
    return found


def test_protection_that_froze_in_time_holds() -> None:
    assert holds(figures())
    assert holds(figures(never_poisoned=0.62, protected=0.6005))


@pytest.mark.parametrize("protected", [0.5795, 0.3, 0.0])
def test_a_freeze_that_comes_too_late_does_not(protected: float) -> None:
    assert not holds(figures(never_poisoned=0.6, protected=protected))


def test_what_cannot_be_told_does_not_hold() -> None:
    """No fraud before the freeze, so no average precision."""
    assert not holds(figures(never_poisoned=0.0, protected=0.0))


def test_never_frozen_or_no_better_than_unprotected_does_not_hold() -> None:
    never = figures()
    never["protected"]["frozen"] = None
    assert not holds(never)
    late = figures()
    late["protected"]["precision"]["day 4-6"] = 0.5
    assert not holds(late)


def run(scores: dict[int, tuple[float, float]], frozen: tuple[int, str] | None = None) -> Run:
    """Each hour from the onset on a fraud and a legitimate payment, with these scores."""
    judged = []
    for hour, (fraud, legitimate) in scores.items():
        at = start_ms(ONSET_DAY) + hour * 3_600_000
        judged += [(at, fraud, True), (at, legitimate, False)]
    return Run(judged, frozen, None)


def test_every_run_is_judged_until_the_protected_ones_freeze() -> None:
    good, bad = (0.9, 0.1), (0.1, 0.9)
    runs = {
        "never poisoned": run({0: good, 3: good, 5: bad}),
        "unprotected": run({0: good, 3: bad, 5: bad}),
        "protected": run({0: good, 3: good, 5: bad}, (FREEZE, REASON)),
    }
    found = measured(runs)
    until = {name: one["precision"][UNTIL_FREEZE] for name, one in found.items()}
    assert until["never poisoned"] == until["protected"] == 1.0
    assert 0.5 <= until["unprotected"] < 1.0
    assert found["protected"]["until"] == (4, 2)
    assert found["protected"]["precision"]["day 0"] < 1.0


def test_without_a_freeze_there_is_no_such_span() -> None:
    found = measured({name: run({0: (0.9, 0.1)}) for name in RUNS})
    assert UNTIL_FREEZE not in found["protected"]["precision"]
    assert not holds(found)


def test_the_table_says_what_was_lost_until_the_freeze() -> None:
    text = table(figures(never_poisoned=0.62, protected=0.61))
    head, _, first, *_ = text.splitlines()
    assert head.split(" | ")[2] == UNTIL_FREEZE
    assert first.split(" | ")[2] == ".620"
    assert "Frozen 4.0 hours after the onset" in text
    assert "1,600 transactions" in text
    assert ".010" in text.splitlines()[-1]
