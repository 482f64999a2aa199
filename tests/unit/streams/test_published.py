"""The library: versions are found again in the log, compiled when asked for, and let go."""

from __future__ import annotations

import pytest

from models.announcement import Announcement
from models.scorer import SnapshotError
from models.snapshot_parts import join, split
from streams.published import Library, VersionMissing
from streams.wire import codec
from tests.unit.models.learn_world import World

ROW = [300.0, 1.0, 0.5]
PUBLISHED = World(first=50, every=100, slow_first=200, slow_every=200).teach(0, 600)


def snapshots() -> list[Announcement]:
    return [one for _, one in PUBLISHED.said if one.kind == "model_snapshot"]


def records(limit: int) -> list[bytes]:
    return [
        codec.encode("model_snapshot", part)
        for one in snapshots()
        if one.record is not None
        for _, part in split(one.record, limit)
    ]


@pytest.mark.parametrize("limit", [300, 3_000_000])
def test_every_version_scores_as_it_was_published(limit: int) -> None:
    log = records(limit)
    fetched: list[int] = []
    kept, reading = Library(), Library(lambda place: fetched.append(place) or log[place])
    for place, value in enumerate(log):
        kept.add(value)
        reading.add(value, place)
    assert not fetched, "a version was compiled that nobody asked for"
    assert len(kept.versions()) == len(snapshots())
    for version in kept.versions():
        expected = PUBLISHED.scorer(*version).score_many([ROW])
        for library in (kept, reading):
            scorer = library.scorer(version)
            assert scorer.score_many([ROW]) == expected
            assert scorer.ref == {"name": version[0], "version": version[1]}
            assert all(one.log_odds > 0 for one in scorer.top(ROW))


def test_a_version_is_there_when_all_its_parts_are() -> None:
    record = next(one.record for one in snapshots() if one.key.startswith("model/leveraging"))
    assert record is not None
    parts = [part for _, part in split(record, 300)]
    assert len(parts) > 2
    library, version = Library(), (record["name"], record["version"])
    for part in reversed(parts):
        with pytest.raises(VersionMissing, match=record["name"]):
            library.scorer(version)
        library.add(codec.encode("model_snapshot", part))
    assert library.snapshot(version) == record
    with pytest.raises(SnapshotError, match=f"{len(parts)} parts"):
        join(parts[1:])
    with pytest.raises(SnapshotError, match="payload with sha256"):
        join([parts[0] | {"payload": b"?"}, *parts[1:]])


def test_a_blend_is_its_members_combined() -> None:
    version = next(one.record["version"] for one in snapshots()
                   if one.record is not None and one.record["name"] == "blend")  # fmt: skip
    blend = PUBLISHED.scorer("blend", version)
    rows = [[float(at), 1.0, at / 40] for at in range(40)]
    columns = [PUBLISHED.scorer(*ref).score_many(rows) for ref in blend.members]
    assert blend.combine_many(columns) == blend.score_many(rows)
