"""Every example in a docstring runs and says what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("models", "streams", "schemas", "producers", "infra")
ENTRY_POINTS = "__main__"


def modules() -> list[str]:
    """Every module of the product."""
    found = list(PACKAGES)
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        found += [one.name for one in pkgutil.walk_packages(path, f"{package}.")]
    return [name for name in found if not name.endswith(ENTRY_POINTS)]


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = finder.find(importlib.import_module("models.windows.layout"))
    assert any(one.examples for one in found)


@pytest.mark.parametrize("name", modules())
def test_the_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
