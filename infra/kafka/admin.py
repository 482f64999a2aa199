"""Asking a cluster whether it answers."""

from __future__ import annotations

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient


def admin_client(bootstrap: str) -> AdminClient:
    """Return a quiet admin client; the caller reports what fails, librdkafka would print it too."""
    return AdminClient(
        {
            "bootstrap.servers": bootstrap,
            "log_level": 0,
            "socket.timeout.ms": 10_000,
            # A broker that is just coming up: ask again soon instead of after a second.
            "reconnect.backoff.max.ms": 500,
        }
    )


def answers(bootstrap: str, *, seconds: float = 2.0) -> bool:
    """Tell whether a broker of the cluster answers a metadata request within ``seconds``."""
    try:
        return bool(admin_client(bootstrap).list_topics(timeout=seconds).brokers)
    except KafkaException:
        return False
