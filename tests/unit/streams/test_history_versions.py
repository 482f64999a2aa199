"""Versions as they lie on `fraud.models`: in parts, twice after a crash, half published."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from models.snapshot_parts import split
from schemas import topics
from streams.history.memory import MemoryLog
from streams.history.versions import ModelUnknown, Versions
from streams.in_process import InProcessLog
from streams.wire import codec
from tests.unit.streams.labelled_stream import ticking


def snapshot(version: int, payload: bytes = b"0123456789") -> dict[str, Any]:
    return {
        "name": "forest", "version": version, "parent": None, "kind": "river.hoeffding_forest",
        "feature_spec": "f00d", "river_version": "1", "offset": version, "metrics": {},
        "payload": payload, "sha256": hashlib.sha256(payload).hexdigest(), "trained_from": 0,
        "threshold": 0.5, "part": 0, "parts": 1, "platform": "",
    }  # fmt: skip


def publish(log: InProcessLog, version: int, *, parts: slice = slice(None)) -> None:
    for suffix, part in split(snapshot(version), limit=4)[parts]:
        key = f"model/forest@{version}{suffix}".encode()
        log.append(topics.MODELS, key, codec.encode("model_snapshot", part))


def test_a_payload_in_parts_is_one_version() -> None:
    log = ticking()
    log.append(topics.MODELS, b"broken", b"no record of ours")
    publish(log, 5)
    publish(log, 5)  # a span that a restarted learner folded again
    publish(log, 9)
    versions = Versions(MemoryLog(log))
    assert [one.ref for one in versions.all] == ["forest@5", "forest@9"]
    one = versions.find("forest@5")
    assert one.payload_bytes == 10
    assert one.published == log.partitions[topics.MODELS, 0][1].timestamp
    assert versions.snapshot(one) == snapshot(5)


def test_a_version_is_there_once_all_its_parts_are() -> None:
    log = ticking()
    publish(log, 5, parts=slice(0, 2))
    with pytest.raises(ModelUnknown, match="no model at all"):
        Versions(MemoryLog(log)).find("forest")
    publish(log, 5, parts=slice(2, 3))
    assert Versions(MemoryLog(log)).find("forest").number == 5
