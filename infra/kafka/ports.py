"""Loopback ports: free ones on request, a clear error for a taken one."""

from __future__ import annotations

import random
import socket

from infra.errors import NoFreePort, PortInUse

HOST = "127.0.0.1"


# Below the range from which Linux (32768), macOS and Windows (49152) number the client's end of
# outgoing connections, above Kafka's and Prometheus' habitual ports: a server takes seconds to
# start, and in that time a busy machine opens hundreds of connections, any of which may take a
# port that was free when it was chosen.
CHOICE = range(20_000, 32_000)
_ATTEMPTS = 1_000
_random = random.SystemRandom()  # processes forked at the same moment must not choose alike


def free_port() -> int:
    """Return a loopback port that nobody listens on now, and that no client is given by chance.

    Another server may take it before we do: whoever lets us choose the port retries.

    >>> free_port() in CHOICE
    True
    """
    for _ in range(_ATTEMPTS):
        port = _random.choice(CHOICE)
        if is_free(port):
            return port
    raise NoFreePort(CHOICE)


def is_free(port: int) -> bool:
    """Tell whether a server could listen on ``port`` of the loopback interface."""
    with socket.socket() as probe:
        # As the JVM does: connections of an earlier broker in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def listens(port: int) -> bool:
    """Tell whether somebody accepts connections on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


def claim(port: int | None) -> int:
    """Return ``port`` if it is free, or a free one for ``None``; raise PortInUse otherwise."""
    if port is None:
        return free_port()
    if not is_free(port):
        raise PortInUse(port)
    return port
