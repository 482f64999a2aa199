"""The broker comes up, stays apart from others, and never outlives whoever owns it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Producer

from infra import ground
from infra.errors import AlreadyRunning, BrokerFailed, PortInUse, TopicMismatch
from infra.kafka import process
from infra.kafka.admin import answers
from infra.kafka.broker import Broker
from infra.kafka.ports import free_port, is_free
from infra.kafka.topics import create_topics
from schemas.topics import TOPICS, Topic

ROOT = Path(__file__).parents[2]
OWNER = """
import sys, time
from pathlib import Path
from infra.kafka.broker import Broker
broker = Broker(Path(sys.argv[1]), jars=Path(sys.argv[2]), heap_mb=512)
try:
    broker.start()
    print("ready", flush=True)
    time.sleep(60)
finally:
    if sys.argv[3] == "stops":
        broker.stop()
"""


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def processes_with(text: str) -> list[int]:
    argv = ["ps", "-axww", "-o", "pid=,command="]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    lines = [line.split(None, 1) for line in done.stdout.splitlines()]
    return [int(pid) for pid, command in lines if text in command and int(pid) != os.getpid()]


def start_owner(folder: Path, jars: Path, how: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", OWNER, str(folder), str(jars), how]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        argv, env=environment, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    )


def test_every_topic_of_the_table_is_there_and_creating_again_changes_nothing(
    kafka: Broker,
) -> None:
    report = create_topics(kafka.bootstrap)
    assert report.created == ()
    assert set(report.present) == set(TOPICS)


def test_a_topic_that_differs_from_the_table_is_named_with_both_values(kafka: Broker) -> None:
    other = Topic("fraud.drift", "subject", (), 3, "for this test", retention_ms=5)
    with pytest.raises(TopicMismatch) as caught:
        create_topics(kafka.bootstrap, topics=[other])
    assert "fraud.drift: 3 partitions expected, 1 found" in caught.value.differences
    assert any("retention.ms=5 expected" in difference for difference in caught.value.differences)


def test_a_mistyped_topic_is_refused_not_created(kafka: Broker) -> None:
    errors: list[KafkaError | None] = []
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "message.timeout.ms": 2000})
    producer.produce("fraud.transaction", b"x", on_delivery=lambda error, _: errors.append(error))
    assert producer.flush(10) == 0
    assert errors[0] is not None


def test_two_brokers_run_side_by_side_and_keep_apart(
    kafka: Broker, new_kafka: Callable[[], Broker]
) -> None:
    other = new_kafka()
    assert other.bootstrap != kafka.bootstrap
    assert answers(other.bootstrap)
    assert answers(kafka.bootstrap)
    assert other.stop()
    assert answers(kafka.bootstrap)


def test_records_and_address_survive_a_stop_and_a_start(new_kafka: Callable[[], Broker]) -> None:
    broker = new_kafka()
    address = broker.bootstrap
    assert broker.stop()
    with pytest.raises(BrokerFailed, match="is not running"):
        _ = broker.bootstrap
    assert broker.start().bootstrap == address
    assert create_topics(broker.bootstrap).created == ()


@pytest.mark.parametrize(
    ("number", "how"),
    [(signal.SIGKILL, "forgets"), (signal.SIGTERM, "forgets"), (signal.SIGINT, "stops")],
)
def test_the_broker_ends_with_its_owner(
    jars: Path, tmp_path: Path, number: signal.Signals, how: str
) -> None:
    folder = tmp_path / "kafka"
    with start_owner(folder, jars, how) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        assert len(processes_with(str(folder))) == 3  # owner, broker, guard
        owner.send_signal(number)
    wait_until(lambda: processes_with(str(folder)) == [])


def test_ctrl_c_while_it_starts_leaves_nothing(jars: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    with start_owner(folder, jars, "forgets") as owner:
        wait_until((folder / "state.json").exists)
        owner.send_signal(signal.SIGINT)
    wait_until(lambda: processes_with(str(folder)) == [], seconds=3)
    assert not (folder / "state.json").exists()


def test_a_failed_start_tells_the_log_and_leaves_no_process(jars: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "meta.properties").write_text("version=1\nnode.id=7\ncluster.id=x\n")
    with pytest.raises(BrokerFailed, match="ended while starting") as caught:
        Broker(folder, jars=jars).start()
    assert "node" in caught.value.tail.lower()
    wait_until(lambda: processes_with(str(folder)) == [], seconds=2)


def test_a_taken_port_is_refused_before_anything_starts(kafka: Broker, tmp_path: Path) -> None:
    taken = int(kafka.bootstrap.rpartition(":")[2])
    with pytest.raises(PortInUse, match=f"lsof -i :{taken}"):
        Broker(tmp_path / "kafka", jars=kafka.jars, port=taken).start()


def test_up_status_down_know_the_broker_across_processes(jars: Path, tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    call = (
        "import sys; from pathlib import Path; from infra.ground import up; "
        "print(up(Path(sys.argv[1]), port=int(sys.argv[2]), jars=Path(sys.argv[3])).started)"
    )
    argv = [sys.executable, "-c", call, str(home), str(port), str(jars)]
    try:
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == "True\n"
        seen = ground.status(home)
        assert (seen.running, seen.answers, seen.bootstrap) == (True, True, f"127.0.0.1:{port}")
        assert not ground.up(home, port=port, jars=jars).started
        with pytest.raises(AlreadyRunning):
            ground.up(home, port=free_port(), jars=jars)
    finally:
        assert ground.down(home, wipe=True)
    assert not ground.status(home).running
    assert is_free(port)
    assert not ground.down(home)


def test_the_state_file_of_a_killed_broker_is_no_obstacle(jars: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    try:
        state = ground.up(home, port=None, jars=jars).state
        os.kill(state.pid, signal.SIGKILL)
        wait_until(lambda: not process.is_alive(state.pid))
        assert not ground.status(home).running
        again = ground.up(home, port=None, jars=jars)
        assert again.started
        assert again.topics.created == ()  # the records are still there
    finally:
        ground.down(home, wipe=True)


def test_a_foreign_process_that_has_the_recorded_id_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        state = {"pid": stranger.pid, "bootstrap": "127.0.0.1:1", "port": 1, "controller_port": 2}
        state |= {"properties": str(folder / "server.properties"), "log": "", "guard": stranger.pid}
        (folder / "state.json").write_text(json.dumps(state))
        assert not ground.down(tmp_path)
        assert stranger.poll() is None
        stranger.kill()
