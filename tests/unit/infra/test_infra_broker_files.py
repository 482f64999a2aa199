"""The files of a broker: properties, commands, state, ports, and what the doctor says of them."""

from __future__ import annotations

import base64
import json
import os
import socket
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import pytest

from infra import ground
from infra.doctor import check_disk, check_port, doctor
from infra.errors import BrokerFailed, NoFreePort, PortInUse
from infra.kafka import ports
from infra.kafka.broker import Broker
from infra.kafka.config import BrokerConfig, cluster_id
from infra.kafka.jars import jar_folder
from infra.kafka.ports import CHOICE, claim, free_port, is_free, listens
from infra.kafka.state import BrokerState, forget_state, read_state, state_file, write_state


def properties_of(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def config_in(folder: Path) -> BrokerConfig:
    return BrokerConfig(folder, folder / "jars", Path("/jdk/bin/java"), 9092, 9093, 1024)


def state_here(folder: Path, pid: int, token: str) -> BrokerState:
    return BrokerState(pid, "127.0.0.1:9092", 9092, 9093, token, str(folder / "kafka.log"))


def test_the_properties_are_filled_in_and_listen_on_loopback_alone(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    config.write()
    written = properties_of(config.properties)
    assert "$" not in config.properties.read_text()
    assert written["listeners"] == "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093"
    assert written["auto.create.topics.enable"] == "false"
    assert written["log.dirs"] == str(tmp_path / "data")


def test_the_command_carries_heap_and_properties(tmp_path: Path) -> None:
    command = config_in(tmp_path).run_command()
    assert command[:2] == ["/jdk/bin/java", "-Xmx1024m"]
    assert command[-2:] == ["kafka.Kafka", str(tmp_path / "server.properties")]


def test_a_cluster_id_is_sixteen_bytes_and_never_reads_as_an_option() -> None:
    ids = {cluster_id() for _ in range(300)}
    assert len(ids) == 300
    assert all(len(base64.urlsafe_b64decode(text + "==")) == 16 for text in ids)
    assert not any(text.startswith("-") for text in ids)


def test_a_state_is_read_back_while_its_process_lives(tmp_path: Path) -> None:
    state = state_here(tmp_path, os.getpid(), Path(sys.executable).name)
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state
    forget_state(tmp_path)
    assert read_state(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"surplus": 1}'])
def test_a_broken_state_file_counts_as_none(tmp_path: Path, text: str) -> None:
    state_file(tmp_path).write_text(text)
    assert read_state(tmp_path) is None


def test_the_state_of_another_process_with_that_id_counts_as_none(tmp_path: Path) -> None:
    stale = state_here(tmp_path, os.getpid(), "/nobody/has/this/server.properties")
    state_file(tmp_path).write_text(json.dumps(asdict(stale)))
    assert read_state(tmp_path) is None


def test_without_a_broker_down_and_status_say_so_and_make_no_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert not ground.down(home)
    assert not ground.status(home).running
    assert not home.exists()
    with pytest.raises(BrokerFailed, match="is not running"):
        _ = Broker(home, jars=home).bootstrap


def test_ports_taken_and_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listens(port)
        assert not is_free(port)
        with pytest.raises(PortInUse, match=f"expected port {port} on 127.0.0.1 to be free"):
            claim(port)
    assert is_free(port)
    assert claim(port) == port
    assert is_free(claim(None))


def test_a_chosen_port_is_none_that_a_client_may_be_given_meanwhile() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = server.getsockname()
        clients = [stack.enter_context(socket.create_connection(address)) for _ in range(50)]
        assert not any(client.getsockname()[1] in CHOICE for client in clients)
    assert all(free_port() in CHOICE for _ in range(50))


def test_without_a_free_port_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(ports, "CHOICE", range(port, port + 1))
        with pytest.raises(NoFreePort, match=f"between {port} and {port}"):
            free_port()


def test_the_doctor_names_every_finding_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    checks = {check.name: check for check in doctor(tmp_path, port=free_port())}
    missing = {name for name, check in checks.items() if not check.ok}
    assert missing >= {"java", "maven", "jars"}
    assert "python" not in missing
    assert all(checks[name].todo for name in missing)
    assert json.loads(json.dumps([check.as_dict() for check in checks.values()]))


def test_maven_is_not_missed_once_the_jars_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    checks = doctor(tmp_path, port=free_port())
    assert not next(check.ok for check in checks if check.name == "maven")
    jar_folder(tmp_path / "jars").mkdir(parents=True)
    checks = doctor(tmp_path, port=free_port())
    assert next(check.ok for check in checks if check.name == "maven")


def test_the_doctor_sees_a_taken_port_and_looks_at_a_folder_yet_to_come(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check = check_port(tmp_path, server.getsockname()[1])
    assert not check.ok
    assert "lsof" in check.todo
    assert str(tmp_path) in check_disk(tmp_path / "not" / "yet").found
