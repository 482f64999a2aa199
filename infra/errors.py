"""What can be wrong with the ground; every message says what to do about it.

```text
GroundError
├── ToolMissing        TOOL_MISSING        Java or Maven absent or too old
├── JarsNotFetched     JARS_NOT_FETCHED    Maven ran and failed; retriable
├── PortInUse          PORT_IN_USE         somebody listens where the broker should
├── AlreadyRunning     ALREADY_RUNNING     this folder's broker runs, with other settings
├── NoFreePort         NO_FREE_PORT        every port tried is taken; retriable
├── BrokerFailed       BROKER_FAILED       the broker ended or never answered; retriable
├── BrokerUnreachable  BROKER_UNREACHABLE  nobody answers at the address given; retriable
├── TopicsNotReady     TOPICS_NOT_READY    a topic was refused, or has no leader yet; retriable
└── TopicMismatch      TOPIC_MISMATCH      the cluster's topics differ from the topic table
```
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from schemas.errors import FraudStreamsError


class GroundError(FraudStreamsError):
    """The broker, its tools or its topics are not as they must be."""

    code = "GROUND"


class ToolMissing(GroundError):
    """A program of the JVM is absent or too old; the message names the package to install."""

    code = "TOOL_MISSING"

    def __init__(self, tool: str, *, expected: str, came: str, todo: str) -> None:
        """`tool` is needed to run Kafka; `todo` names the package for each system."""
        super().__init__(f"{tool}: expected {expected}, {came}", todo=todo)


class JarsNotFetched(GroundError):
    """Maven could not copy Kafka's jars, most often for want of a network."""

    code = "JARS_NOT_FETCHED"
    retriable = True
    advice = "Check the network and Maven's settings.xml (proxy, mirror)."

    def __init__(self, exit_code: int, output: str) -> None:
        """`output` is the end of what Maven printed."""
        super().__init__(f"Maven could not fetch Kafka's jars (exit {exit_code}):\n{output}")


class PortInUse(GroundError):
    """Somebody else listens on the port that was asked for."""

    code = "PORT_IN_USE"

    def __init__(self, port: int) -> None:
        """`port` of the loopback interface."""
        super().__init__(
            f"Kafka: expected port {port} on 127.0.0.1 to be free, another process listens there",
            todo=f"Stop that process (`lsof -i :{port}` names it) or choose another port.",
        )


class NoFreePort(GroundError):
    """Every port that was tried is taken."""

    code = "NO_FREE_PORT"
    retriable = True

    def __init__(self, tried: range) -> None:
        """The ports that were drawn from."""
        super().__init__(
            f"expected a free port between {tried.start} and {tried.stop - 1} on 127.0.0.1,"
            " found none",
            todo="Stop servers that are not needed (`ss -ltn` lists them), then try again.",
        )


class AlreadyRunning(GroundError):
    """The folder's broker runs, but not as it was asked for."""

    code = "ALREADY_RUNNING"
    advice = "Use it as it is, or stop it first (`fraud down`)."

    def __init__(self, folder: Path, pid: int, bootstrap: str) -> None:
        """`pid` and `bootstrap` of the running broker."""
        super().__init__(f"The broker of {folder} already runs: process {pid}, {bootstrap}")


class BrokerFailed(GroundError):
    """The broker ended while starting, or did not answer in time; `tail` is its log's end."""

    code = "BROKER_FAILED"
    retriable = True

    def __init__(self, what: str, log: Path, tail: str) -> None:
        """`what` follows "Kafka"; `log` is the file to read on."""
        super().__init__(f"Kafka {what}. The end of {log}:\n{tail.strip() or '(empty)'}")
        self.tail = tail


class BrokerUnreachable(GroundError):
    """Nobody answers at the bootstrap address."""

    code = "BROKER_UNREACHABLE"
    retriable = True
    advice = "Check the address and that the broker runs (`fraud status`)."

    def __init__(self, bootstrap: str, seconds: float) -> None:
        """`seconds` were waited."""
        super().__init__(f"No Kafka broker answered at {bootstrap} within {seconds:g} s")


class TopicsNotReady(GroundError):
    """The cluster refused to create topics, or has not elected their leaders in time."""

    code = "TOPICS_NOT_READY"
    retriable = True
    advice = "Creating again is safe: topics that are there stay as they are."

    def __init__(self, bootstrap: str, failures: Sequence[str]) -> None:
        """`failures` has a line for each topic."""
        super().__init__(_listed(f"{bootstrap} lacks topics of the topic table", failures))


class TopicMismatch(GroundError):
    """Existing topics differ from the topic table; `differences` has a line for each."""

    code = "TOPIC_MISMATCH"
    advice = (
        "Delete these topics (their records are lost), or use another cluster: with other "
        "partition counts keys would not be where the workers look for them."
    )

    def __init__(self, bootstrap: str, differences: Sequence[str]) -> None:
        """`differences` say what was expected and what was found."""
        super().__init__(_listed(f"Topics of {bootstrap} differ from the topic table", differences))
        self.differences = tuple(differences)


def _listed(head: str, lines: Sequence[str]) -> str:
    return head + ":\n" + "\n".join(f"  - {line}" for line in lines) + "\n"
