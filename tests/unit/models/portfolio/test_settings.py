"""The settings that ship are those the VALID table speaks for."""

import json

import pytest

from models.portfolio.settings import CHOSEN
from tests.bench.choose_settings import GRID, TABLE, VALID, best

FOUND = json.loads(TABLE.read_text())


def test_the_best_model_is_in_the_table() -> None:
    assert {"splines"} <= set(FOUND) <= set(GRID)


@pytest.mark.parametrize("name", FOUND)
def test_the_settings_are_the_best_of_the_table(name: str) -> None:
    assert CHOSEN.get(name, {}) == best(FOUND[name])


@pytest.mark.parametrize("name", FOUND)
def test_everything_declared_was_tried(name: str) -> None:
    tried = [one["settings"] for one in FOUND[name]]
    assert len(tried) == len(GRID[name])
    assert all(settings in tried for settings in GRID[name])


def test_the_table_is_of_the_folds_before_those_that_report() -> None:
    assert [fold.name for fold in VALID] == ["2018-07-11", "2018-07-04", "2018-06-27", "2018-06-20"]
