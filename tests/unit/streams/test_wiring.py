"""The wiring on one screen is the wiring that runs."""

from __future__ import annotations

import re

import pytest

from schemas import topics
from streams import wiring
from streams.in_process import InProcessLog
from streams.in_process_world import in_process_world
from streams.stage import Stage
from streams.wiring import ROLES
from tests.unit.streams.whole_stream import NOW, run, stages

LOG = InProcessLog(clock=lambda: NOW)
EVERY = stages(LOG)


@pytest.mark.parametrize("stage", EVERY, ids=lambda stage: stage.name)
def test_topics_are_in_the_table_and_co_partitioned(stage: Stage) -> None:
    for name in (*stage.sources, stage.changelog):
        assert topics.topic(name).partitions == stage.partitions
    assert topics.topic(stage.changelog).cleanup == "compact"
    for name in stage.targets:
        topics.topic(name)


def test_the_screen_names_every_edge() -> None:
    screen = wiring.__doc__ or ""
    world = in_process_world(LOG)
    for role, described in ROLES.items():
        for stage in described.stages(world):
            (line,) = re.findall(rf"^.*\b{stage.name}  .*$", screen, re.MULTILINE)
            for name in (*stage.sources, *stage.targets):
                assert name.removeprefix("fraud.") in line
        assert role in screen


def test_changelogs_are_named_as_faust_names_them() -> None:
    world = in_process_world(LOG)
    for role in ROLES.values():
        for stage in role.stages(world):
            assert stage.changelog.startswith(f"{role.app_id}-")
            assert stage.changelog.endswith("-changelog")


def test_nothing_is_written_beside_the_wiring() -> None:
    written = {name for (name, _), records in run(800).partitions.items() if records}
    declared = {name for stage in EVERY for name in (*stage.sources, *stage.targets)}
    assert written <= declared | {topics.DEAD_LETTERS}
