"""`fraud verify` over a demo's log: models and rules that change, late events, a worker killed.

Run it from the project's root: `python -m tests.bench.verify_demo [TRANSACTIONS]`. It starts a
broker of its own as `fraud up` does and runs `fraud demo` on it. Meanwhile it applies another
ruleset, publishes transactions that are more than a day late, and kills a worker of the hot path
with -9. Then it asks `fraud verify --json`, and once more with one byte of one decision altered.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from infra.ground import DEFAULT_HOME, down, up
from producers.publisher import TransactionPublisher
from producers.sender import Sender
from schemas import topics
from streams.demo.world import DAY_MS, WorldRequest
from streams.verify.log import verify
from streams.verify.recorded import Place
from tests.broker.running import bodies, count
from tests.broker.test_verify import OneByteAltered, run
from tests.unit.streams.altered_log import STRICTER

ROOT = Path(__file__).parents[2]
TRANSACTIONS = 160_000
LATE = 1 / 80
"""Share of transactions that come once more, each more than a day late."""


def main(transactions: int) -> int:
    """Print what the log holds and what `verify` says of it; 1 where that is not as it must be."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        bootstrap = up(home, port=None, jars=DEFAULT_HOME / "jars").state.bootstrap
        try:
            found = {"demo": demo(bootstrap, home, transactions), **history(bootstrap)}
            code, said = run(bootstrap, "verify")
            found |= {"verify": said | {"exit_code": code}, "altered": altered(bootstrap)}
        finally:
            down(home)
    print(json.dumps(found, indent=2, default=str))
    return 0 if holds(found) else 1


def holds(found: dict[str, Any]) -> bool:
    """Whether everything that the log was made for is in it, and `verify` says so."""
    checked, wanted = found["verify"]["checked"], found["decisions"]
    return (
        found["demo"]["exit_code"] == found["verify"]["exit_code"] == 0
        and found["demo"]["missing_decisions"] == found["demo"]["duplicate_decisions"] == 0
        and len(found["models"]) > 3
        and len(found["rulesets"]) > 1
        and found["late"] >= found["decisions"] * LATE / 2
        and (checked, found["verify"]["mismatches"]) == (wanted, 0)
        and (found["altered"]["checked"], found["altered"]["mismatches"]) == (wanted, 1)
    )


def demo(bootstrap: str, home: Path, transactions: int) -> dict[str, Any]:
    """A demo's summary, with what was done to it meanwhile."""
    argv = [
        sys.executable,
        "-m",
        "streams.cli",
        "demo",
        "--transactions",
        str(transactions),
        "--bootstrap",
        bootstrap,
        "--json",
    ]
    late = late_ones(transactions)
    running = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        reached(bootstrap, transactions // 2, running)
        publish(bootstrap, late)  # at once: a second of the demo is half a day
        rules(bootstrap, home)
        reached(bootstrap, transactions * 7 // 10, running)
        killed = workers(running.pid, "hot")[0]
        os.kill(killed, signal.SIGKILL)
        output, _ = running.communicate()
    finally:
        running.terminate()
        running.wait()
    return json.loads(output) | {"exit_code": running.returncode, "killed": killed}


def reached(bootstrap: str, decisions: int, running: subprocess.Popen[str]) -> None:
    """Wait until there are so many decisions."""
    while count(bootstrap, topics.DECISIONS) < decisions:
        assert running.poll() is None, "the demo ended too early"
        time.sleep(1)


def rules(bootstrap: str, home: Path) -> None:
    """Another ruleset, in force at once."""
    file = home / "stricter.yaml"
    file.write_text(STRICTER)
    words = ("apply", str(file), "--actor", "ana", "--reason", "try", "--active")
    code, said = run(bootstrap, "rules", *words)
    assert code == 0, said


def late_ones(transactions: int) -> list[dict[str, Any]]:
    """Transactions of the world again, a day earlier, under ids of their own.

    From just before the middle: nothing may be more than two days late.
    """
    events = WorldRequest(transactions).arrivals()
    made = [arrival.record for arrival in events if arrival.event == "transaction"]
    recent = made[transactions * 48 // 100 : transactions // 2]
    chosen = random.Random(7).sample(recent, int(transactions * LATE))
    return [
        one
        | {
            "transaction_id": f"late-{one['transaction_id']}",
            "event_time": one["event_time"] - DAY_MS,
        }
        for one in chosen
    ]


def publish(bootstrap: str, transactions: list[dict[str, Any]]) -> None:
    """Publish transactions beside the demo's."""
    with Sender(bootstrap) as sender:
        publisher = TransactionPublisher(sender)
        for record in transactions:
            publisher.publish(record)


def workers(parent: int, role: str) -> list[int]:
    """The process ids of a demo's workers of a role."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
            ours = f"PPid:\t{parent}\n" in (entry / "status").read_text()
        except OSError:
            continue
        if ours and "worker" in words and words[words.index("worker") + 1] == role:
            found.append(int(entry.name))
    return found


def history(bootstrap: str) -> dict[str, Any]:
    """What the decisions on record were made with."""
    made = {one["transaction_id"]: one for one in bodies(bootstrap, topics.DECISIONS)}.values()
    models = {f"{m['name']}@{m['version']}" for one in made if (m := one["model"])}
    sets = {f"{one['ruleset']['name']}@{one['ruleset']['version']}" for one in made}
    return {
        "decisions": len(made), "models": sorted(models), "rulesets": sorted(sets),
        "late": sum(one["late"] for one in made),
    }  # fmt: skip


class Altered(OneByteAltered):
    """One byte of a decision in the middle of the log."""

    at = Place(1, 20_000)


def altered(bootstrap: str) -> dict[str, Any]:
    """What `verify` says of a log in which one byte is another."""
    return asdict(verify(Altered(bootstrap)))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else TRANSACTIONS))
