"""Loopback ports: free ones on request, a clear error for a taken one."""

from __future__ import annotations

import socket

from infra.errors import PortInUse

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a loopback port that nobody listens on now.

    Another process may take it before we do: whoever lets us choose the port retries.
    """
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


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
