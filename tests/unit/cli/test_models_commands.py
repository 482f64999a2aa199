"""`fraud models`: what it prints about a log, and what it does not accept."""

from __future__ import annotations

from typing import Any

import pytest

from infra.kafka.ports import free_port
from models.learn_commands import RULES
from streams.cli import models, models_order, models_rebuild, models_text
from streams.cli.models_order import NothingBefore
from streams.history.memory import MemoryLog
from streams.history.rebuild import Request
from streams.history.versions import ModelUnknown, Versions
from streams.in_process import InProcessLog
from tests.unit.cli.running import Fraud
from tests.unit.streams.labelled_stream import rebuilt, run, ticking


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    return MemoryLog(run(700))


def test_the_list_marks_what_is_in_force(log: MemoryLog) -> None:
    found = models.listed(log, None)
    named = models.listed(log, "logistic")["versions"]
    assert found["champion"] == "logistic"
    assert [f"{one['name']}@{one['version']}" for one in found["versions"] if one["in_force"]] == [
        found["in_force"]
    ]
    assert all(one["name"] == "logistic" for one in named)
    assert [one["learned"] for one in named] == sorted(one["learned"] for one in named)
    text = models_text.table(found)
    assert text.startswith(f"in force: {found['in_force']}, threshold ")
    assert text.count("\n*") == 1
    assert len(text.splitlines()) == 1 + len(found["versions"])


def test_an_empty_log_has_rules_alone() -> None:
    found = models.listed(MemoryLog(ticking()), None)
    assert models_text.table(found) == "in force: rules alone\nno model published yet"


def test_a_version_shows_its_manifest_and_weights(log: MemoryLog) -> None:
    found = models.shown(log, "logistic")
    assert {"sha256", "river_version", "feature_spec", "parent", "metrics"} <= set(found)
    assert "part" not in found
    text = models_text.described(found)
    assert found["sha256"] in text
    assert "weights (largest 10 of" in text
    assert "learned " in text


def test_a_difference_has_metrics_and_weights(log: MemoryLog) -> None:
    first, *_, last = models.listed(log, "logistic")["versions"]
    pair = [f"logistic@{one['version']}" for one in (first, last)]
    found = models.differing(log, *pair)
    assert found["same"] is False
    assert found["metrics"]["learned"][2] == last["learned"] - first["learned"]
    assert models_text.compared(found).startswith(
        f"{pair[0]} -> {pair[1]}: other weights\nmetrics\n"
    )
    same = models.differing(log, pair[0], pair[0])
    assert same["same"] is True
    assert "metrics" not in models_text.compared(same)


def test_what_was_in_force_before_is_found(log: MemoryLog) -> None:
    *_, before, _last = models.listed(log, "logistic")["versions"]
    assert models_order.previous(log) == f"logistic@{before['version']}"
    with pytest.raises(NothingBefore, match="--to"):
        models_order.previous(MemoryLog(ticking()))


def test_an_order_names_a_version_or_the_rules(log: MemoryLog) -> None:
    versions = Versions(log)
    newest = versions.find("logistic")
    assert models_order.meant(versions, "logistic") == ("logistic", None)
    assert models_order.meant(versions, newest.ref) == newest.key
    assert models_order.meant(versions, "rules") == (RULES, None)
    with pytest.raises(ModelUnknown):
        models_order.meant(versions, "rules@1")


def test_a_rebuild_says_what_it_equals(log: MemoryLog) -> None:
    found = models_rebuild.report(Request(), rebuilt(log, Request()))
    assert found["equals"] is True
    assert f"equals model {found['model']}" in models_rebuild.text(found)
    worse = found | {"equals": False, "versions_differing": ["logistic@7"], "comparable": False,
                     "versions_missing": ["logistic@9"]}  # fmt: skip
    text = models_rebuild.text(worse)
    assert "DIFFERS from what was published: logistic@7" in text
    assert "not made again: logistic@9" in text
    assert "not comparable" in text


def test_a_rebuild_without_labels_has_nothing_to_equal(log: MemoryLog) -> None:
    request = models_rebuild.asked(None, None, ["source=CUSTOMER"], "logistic")
    found = models_rebuild.report(request, rebuilt(log, request))
    assert found["equals"] is None
    assert found["sha256"] != found["published_sha256"]
    text = models_rebuild.text(found)
    assert f"{found['left_out']:,} labels left out, features derived again" in text
    assert "refused" not in text
    assert "2 commands or records refused" in models_rebuild.text(found | {"refused": 2})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--as-of", "soon"), "--as-of: expected an offset"),
        (("--labels-as-of", "4711x"), "--labels-as-of: expected a date"),
        (("--without-labels", "source~ANALYST"), "--without-labels: expected FIELD=VALUE"),
    ],
)
def test_options_say_what_they_expect(
    fraud: Fraud, arguments: tuple[Any, ...], message: str
) -> None:
    ran = fraud("models", "rebuild", *arguments)
    assert ran.code == 2
    assert message in " ".join(ran.err.replace("│", " ").split())


@pytest.mark.parametrize(
    "arguments",
    [("list",), ("show", "logistic"), ("diff", "a", "b"), ("rebuild",),
     ("promote", "logistic", "--actor", "ana"), ("rollback", "--actor", "ana")],
)  # fmt: skip
def test_without_a_broker_one_line_says_so(
    fraud: Fraud, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.cli.options.ANSWER_S", 0.3)
    nowhere = f"127.0.0.1:{free_port()}"
    ran = fraud("models", *arguments, "--bootstrap", nowhere, "--json")
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert nowhere in ran.err


def test_an_actor_is_required(fraud: Fraud) -> None:
    assert fraud("models", "promote", "logistic").code == 2
    assert fraud("models", "rollback").code == 2


def test_an_actor_has_a_name(fraud: Fraud) -> None:
    for order in (("promote", "logistic"), ("rollback",)):
        ran = fraud("models", *order, "--actor", " ")
        assert ran.code == 2
        assert "expected who wants it" in ran.err
        for agent in models_order.AGENTS:
            assert fraud("models", *order, "--actor", agent).code == 2


def test_the_log_in_this_process_is_a_log() -> None:
    memory = InProcessLog(clock=lambda: 5)
    memory.append("fraud.outcomes", b"k", b"v")
    log = MemoryLog(memory)
    assert (log.begin("fraud.outcomes"), log.end("fraud.outcomes")) == (0, 1)
    assert log.after("fraud.outcomes", 4) == 0
    assert log.after("fraud.outcomes", 5) == 1
