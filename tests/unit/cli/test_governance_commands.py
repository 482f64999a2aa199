"""`fraud card`, `report` and `audit`: what they do not accept, and how they fail."""

from __future__ import annotations

from typing import Any

import pytest

from infra.kafka.ports import free_port
from tests.unit.cli.running import Fraud


@pytest.mark.parametrize("arguments", [("card", "logistic"), ("report", "--week"), ("audit",)])
def test_without_a_broker_one_line_says_so(
    fraud: Fraud, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.cli.options.ANSWER_S", 0.3)
    nowhere = f"127.0.0.1:{free_port()}"
    ran = fraud(*arguments, "--bootstrap", nowhere, "--json")
    assert (ran.code, ran.out) == (1, "")
    assert nowhere in ran.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("audit", "--check", "12"), "expected NUMBER:HASH"),
        (("audit", "--check", "12:" + "x" * 64), "expected NUMBER:HASH"),
        (("report", "--week", "soon"), "expected a date such as"),
    ],
)
def test_arguments_say_what_they_expect(
    fraud: Fraud, arguments: tuple[Any, ...], message: str
) -> None:
    ran = fraud(*arguments)
    assert ran.code == 2
    assert message in " ".join(ran.err.replace("│", " ").split())
