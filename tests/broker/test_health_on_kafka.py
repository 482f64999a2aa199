"""Ready by recovery, live by progress: a spare, and a worker that runs and folds nothing."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.kafka.broker import Broker
from schemas import topics
from streams.wire import codec
from tests.broker.running import Worker, count, keyed, produce, transaction, until

NewKafka = Callable[[], Broker]
STALL_S = 5.0


def page(running: Worker, name: str) -> tuple[int, dict[str, Any]]:
    """Status and body of a page; 0 while nothing answers."""
    try:
        with urllib.request.urlopen(f"{running.url}/{name}", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)
    except OSError:
        return 0, {}


def unpublished() -> bytes:
    """A marker that names a model which nobody has published: the scorer waits for it."""
    marker = {
        "sequence": 5, "model": {"name": "logistic", "version": 5},
        "ruleset": {"name": "baseline", "version": 1}, "threshold": 0.5, "reason": "a test",
    }  # fmt: skip
    return codec.encode("control_marker", marker)


def sample(running: Worker, start: str) -> float:
    """The value of the first series whose line begins so."""
    line = next(one for one in running.metrics().splitlines() if one.startswith(start))
    return float(line.rsplit(" ", 1)[1])


def test_a_spare_is_ready_and_a_worker_that_folds_nothing_is_not_live(
    new_kafka: NewKafka, tmp_path: Path
) -> None:
    bootstrap = new_kafka().bootstrap
    stalls = {"stall_s": STALL_S, "model_deadline_s": 300}
    hot = Worker("hot", bootstrap, tmp_path, worker_id="h", **stalls)
    learners = [Worker("learn", bootstrap, tmp_path / name, worker_id=name) for name in "ab"]
    try:
        assert_it_stalls(bootstrap, hot.ready())
        assert_one_is_spare([one.ready() for one in learners])
    finally:
        hot.kill()  # it waits for a model that never comes
        for one in learners:
            one.stop()


def assert_it_stalls(bootstrap: str, hot: Worker) -> None:
    """Live while it works; not live once nothing that waits moves."""
    produce(bootstrap, topics.TRANSACTIONS, [keyed(transaction(n)) for n in range(200)])
    until(lambda: count(bootstrap, topics.DECISIONS) >= 200, 60, hot.text())
    until(lambda: page(hot, "live")[0] == 200, 30, lambda: f"{page(hot, 'live')}")
    assert page(hot, "ready")[0] == page(hot, "health")[0] == 200
    produce(bootstrap, topics.ACTIVITY, [(b"m", unpublished())])
    produce(bootstrap, topics.TRANSACTIONS, [keyed(transaction(n)) for n in range(200, 400)])
    until(
        lambda: page(hot, "live")[1]["stalled_s"]["score"] > STALL_S, 60,
        lambda: f"{page(hot, 'live')}",
    )  # fmt: skip
    assert page(hot, "live")[0] == 503
    status, said = page(hot, "ready")
    assert (status, len(said["awaits"])) == (503, 1), "it awaits a model"
    until(lambda: sample(hot, "fraud_live ") == 0.0, 10, "the metric says otherwise")
    assert sample(hot, 'fraud_lag_records{partition="0",stage="profile"') == 0.0


def assert_one_is_spare(learners: list[Worker]) -> None:
    """fraud.outcomes has one partition: of two learners one has nothing to do."""

    def said() -> list[tuple[bool, bool, list[int]]]:
        pages = [page(one, "ready")[1] for one in learners]
        return sorted((p["ready"], p["spare"], p["partitions"]["learn"]) for p in pages)

    until(lambda: said() == [(True, False, [0]), (True, True, [])], 60, lambda: f"{said()}")
    assert [sample(one, "fraud_ready ") for one in learners] == [1.0, 1.0]
    assert [page(one, "live")[0] for one in learners] == [200, 200]
