"""Hashes are compared where they were promised to be equal, and nowhere else."""

import pytest

from models.provenance import PLATFORM, RIVER_VERSION, comparable
from tests.unit.models.test_learn import snapshots, taught


@pytest.mark.parametrize(
    ("river", "made_on", "expected"),
    [
        (RIVER_VERSION, PLATFORM, True),
        (RIVER_VERSION, "", True),
        (RIVER_VERSION, PLATFORM.replace("numpy ", "numpy 0."), False),
        ("0.0", PLATFORM, False),
    ],
)
def test_comparable_under_the_same_river_and_platform(
    river: str, made_on: str, expected: bool
) -> None:
    assert comparable(river, made_on) is expected


def test_every_snapshot_says_what_made_it() -> None:
    for record in snapshots(taught(0, 600), 600):
        assert (record["river_version"], record["platform"]) == (RIVER_VERSION, PLATFORM)
