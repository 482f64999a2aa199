"""Hat functions against a naive reading of what they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features import FEATURES
from models.portfolio.basis import Basis, Span, read_basis
from models.portfolio.catalogue import DECLARED, inputs_for
from models.portfolio.spans import PAIRS, SPANS, basis_for

A, B, C = Span(0.0, 2.0, 4), Span(-1.0, 1.0, 6), Span(0.0, 1.0, 1)
BASIS = Basis([A, B, C], [(0, 1), (1, 2)], coarse=2)
values = st.lists(st.floats(-1e9, 1e9) | st.floats(-1.5, 2.5), min_size=3, max_size=3)


def naive_hat(span: Span, knot: int, value: float) -> float:
    """A triangle of height one over a knot, as wide as two pieces."""
    step = (span.high - span.low) / span.pieces
    held = min(max(value, span.low), span.high)
    return max(0.0, 1.0 - abs(held - (span.low + knot * step)) / step)


def naive(found: list[float]) -> list[float]:
    heights = [
        naive_hat(span, knot, value)
        for span, value in zip((A, B, C), found, strict=True)
        for knot in range(span.pieces + 1)
    ]
    for one, other in BASIS.pairs:
        first, second = BASIS.spans[one].coarser(2), BASIS.spans[other].coarser(2)
        heights += [
            naive_hat(first, row, found[one]) * naive_hat(second, column, found[other])
            for row in range(first.pieces + 1)
            for column in range(second.pieces + 1)
        ]
    return heights


@given(values)
def test_hats_are_triangles_and_their_products(found: list[float]) -> None:
    heights = np.zeros(BASIS.size)
    for at, height in BASIS.hats(found).items():
        assert height != 0.0
        heights[at] = height
    assert heights == pytest.approx(naive(found), abs=1e-9)
    assert sum(BASIS.hats(found).values()) == pytest.approx(5.0)  # each place shares out one


@given(st.lists(values, min_size=1, max_size=9), st.integers(0, 99))
def test_sums_are_those_of_the_hats_whatever_is_beside(rows: list[list[float]], seed: int) -> None:
    weights = np.random.default_rng(seed).normal(size=BASIS.size)
    found = BASIS.sums(np.array(rows).T, weights)
    for at, row in enumerate(rows):
        expected = sum(height * weights[hat] for hat, height in BASIS.hats(row).items())
        assert found[at] == pytest.approx(expected, abs=1e-9)
        assert BASIS.sums(np.array([row]).T, weights)[0] == found[at]


def test_a_basis_survives_as_data() -> None:
    read = read_basis(BASIS.data())
    assert (read.spans, read.pairs, read.coarse) == (BASIS.spans, BASIS.pairs, BASIS.coarse)


def test_every_shipped_input_has_a_span_and_every_pair_its_inputs() -> None:
    names = [one.name for one in inputs_for(FEATURES.names)]
    assert set(SPANS) == set(names) == {one.name for one in DECLARED}
    assert {name for pair in PAIRS for name in pair} <= set(names)
    assert len(basis_for(names, coarse=2).pairs) == len(PAIRS)
    assert basis_for(["signed_log:mine"], coarse=2).pairs == ()
