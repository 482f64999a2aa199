"""What one broker is started with: its folder, its ports, its heap, and the files made of them."""

from __future__ import annotations

import base64
import string
import uuid
from dataclasses import dataclass
from pathlib import Path

from infra.kafka.ports import HOST

TEMPLATE = Path(__file__).with_name("server.properties")
LOGGING = Path(__file__).with_name("log4j2.properties")
DEFAULT_HEAP_MB = 1024  # starts in 2.5 s and holds the demo's 150,000 transactions easily


@dataclass(frozen=True)
class BrokerConfig:
    """Where one broker lives; ``folder`` is absolute and belongs to it alone."""

    folder: Path
    jars: Path
    java: Path
    port: int
    controller_port: int
    heap_mb: int

    @property
    def bootstrap(self) -> str:
        """The address that clients are given, ``127.0.0.1:PORT``."""
        return f"{HOST}:{self.port}"

    @property
    def data(self) -> Path:
        """The folder of the records themselves."""
        return self.folder / "data"

    @property
    def properties(self) -> Path:
        """The broker's own properties; the path also tells its process from any other."""
        return self.folder / "server.properties"

    @property
    def log(self) -> Path:
        """What the broker prints: warnings and errors."""
        return self.folder / "kafka.log"

    def write(self) -> None:
        """Write server.properties into the folder."""
        template = string.Template(TEMPLATE.read_text())
        self.folder.mkdir(parents=True, exist_ok=True)
        self.properties.write_text(
            template.substitute(
                port=self.port, controller_port=self.controller_port, data=self.data
            )
        )

    def format_command(self) -> list[str]:
        """Return the command that prepares an empty data folder."""
        # 200 ms of work: the optimising compiler would only cost.
        return [
            *self._jvm(64, "-XX:TieredStopAtLevel=1"),
            *("kafka.tools.StorageTool", "format", "--cluster-id", cluster_id()),
            *("--config", str(self.properties)),
        ]

    def run_command(self) -> list[str]:
        """Return the command that runs the broker."""
        # This broker lives for minutes beside the workers on a few cores: the optimising compiler
        # and G1's threads took a core for themselves (110 % of one at 500 transactions/s, 58 %
        # without them) and an append took 8 ms instead of 3.
        flags = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        return [*self._jvm(self.heap_mb, *flags), "kafka.Kafka", str(self.properties)]

    def _jvm(self, heap_mb: int, *flags: str) -> list[str]:
        return [
            *(str(self.java), f"-Xmx{heap_mb}m", *flags, "-Djava.awt.headless=true"),
            *(f"-Dlog4j2.configurationFile={LOGGING}", "-cp", f"{self.jars}/*"),
        ]


def cluster_id() -> str:
    """Return a fresh cluster id as Kafka wants it: 16 bytes in URL-safe Base64 without padding."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    return cluster_id() if text.startswith("-") else text  # would read as an option
