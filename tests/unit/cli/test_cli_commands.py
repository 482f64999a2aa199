"""What commands print where no broker is needed, and how they fail where one is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from infra.kafka.ports import free_port
from producers.handbook_world import PUBLIC_DAYS
from schemas.fields import LabelSource
from streams.cli import simulate
from streams.cli.label import SourceName, Verdict, label_record
from streams.cli.worker import RoleName, chosen, ports_from
from streams.roles import SHADOW
from streams.wiring import ROLES
from tests.unit.cli.running import Fraud

ROOT = Path(__file__).parents[3]


def test_status_of_a_broker_that_never_was(fraud: Fraud) -> None:
    ran = fraud("status", "--json")
    assert ran.code == 0
    assert ran.json["running"] is False
    assert "does not run" in fraud("status").out


def test_down_where_nothing_runs(fraud: Fraud) -> None:
    ran = fraud("down", "--json")
    assert (ran.code, ran.json) == (0, {"stopped": False, "wiped": False})


def test_doctor_names_what_is_missing(fraud: Fraud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    ran = fraud("doctor", "--json", "--port", free_port())
    found = {check["name"]: check for check in ran.json["checks"]}
    assert ran.json["ok"] is False
    assert "JDK 17" in found["java"]["todo"]
    assert "MISSING  java" in fraud("doctor").out


def test_simulate_writes_the_world(fraud: Fraud) -> None:
    ran = fraud("simulate", "handbook", "--out", "world", "--days", 1, "--json")
    assert ran.code == 0
    assert ran.json["transactions"] == 9_488
    assert Path(ran.json["transactions_file"]).is_file()
    assert Path(ran.json["labels_file"]).is_file()


@pytest.mark.parametrize(
    "arguments",
    [("alerts",), ("alerts", "--follow"), ("label", "t1", "fraud"), ("publish", "."),
     ("worker", "hot"), ("up", "--topics-only")],
)  # fmt: skip
def test_without_a_broker_one_line_says_so(
    fraud: Fraud, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.cli.options.ANSWER_S", 0.3)
    nowhere = f"127.0.0.1:{free_port()}"
    ran = fraud(*arguments, "--bootstrap", nowhere, "--json")
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.count("\n") == 1
    assert nowhere in ran.err
    assert "BROKER_UNREACHABLE" in ran.err


def test_a_bad_setting_is_named(fraud: Fraud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUD_BARRIER_MS", "soon")
    ran = fraud("alerts")
    assert ran.code == 1
    assert "FRAUD_BARRIER_MS" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [('{"BANK": [1, 2]}', "FRAUD_LABEL_DAYS BANK"), ("30", "label_days"), ("x", "expected JSON")],
)
def test_a_bad_setting_in_json_is_named(
    fraud: Fraud, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    monkeypatch.setenv("FRAUD_LABEL_DAYS", value)
    ran = fraud("alerts")
    assert ran.code == 1
    assert said.casefold() in ran.err.casefold()
    assert ran.err.count("\n") == 1


def test_the_module_runs_as_the_command() -> None:
    argv = [sys.executable, "-m", "streams.cli", "status", "--home", "nowhere", "--json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert '"running": false' in done.stdout


def test_names_are_those_of_wiring_and_contract() -> None:
    assert [role.value for role in RoleName] == [*ROLES, SHADOW, "all"]
    assert {source.name for source in SourceName} == set(get_args(LabelSource))
    assert simulate.PUBLIC_DAYS == PUBLIC_DAYS


def test_all_means_every_role_once() -> None:
    assert chosen([RoleName.ALL, RoleName.HOT]) == list(ROLES)
    assert chosen([RoleName.VERIFY, RoleName.HOT]) == ["hot", SHADOW]


def test_ports_follow_each_other_past_taken_ones() -> None:
    first = free_port()
    ports = ports_from(first, 3)
    assert ports[0] == first
    assert ports == sorted(set(ports))
    assert len(set(ports_from(0, 3))) == 3


def test_a_label_takes_what_the_decision_knows() -> None:
    decision = {"card_id": "c7", "terminal_id": "m9", "event_time": 5}
    made = label_record(
        "t1", Verdict.FRAUD, SourceName.CHARGEBACK, card=None, decision=decision, observed_at=9
    )
    assert (made["card_id"], made["terminal_id"], made["event_time"]) == ("c7", "m9", 5)
    assert (made["label"], made["source"], made["observed_at"]) == ("FRAUD", "CHARGEBACK", 9)
