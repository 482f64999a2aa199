"""Derived inputs against a naive reading of their declarations."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.features import FEATURES
from models.portfolio.catalogue import DECLARED, inputs_for
from models.portfolio.imbalance import corrected, hashed, log_odds, thinned
from models.portfolio.inputs import LIMIT, Input, Inputs, read_input

values = st.none() | st.floats()
DECLARATIONS = (
    Input("value", "a", -1.0),
    Input("log", "a", 2.0),
    Input("signed_log", "b", 0.0),
    Input("log_ratio", "a", 0.5, "b"),
)


def naive(one: Input, found: dict[str, float | None]) -> float:
    asked = [found[name] for name in (one.of, one.by) if name]
    if any(value is None or not math.isfinite(value) for value in asked):
        return one.fill
    held = [max(-LIMIT, min(LIMIT, value or 0.0)) for value in asked]
    logs = [math.log1p(max(value, 0.0)) for value in held]
    return {
        "value": held[0],
        "log": logs[0],
        "signed_log": math.copysign(math.log1p(abs(held[0])), held[0]),
        "log_ratio": logs[0] - logs[-1],
    }[one.op]


@given(values, values)
def test_inputs_are_finite_and_as_declared(a: float | None, b: float | None) -> None:
    derived = Inputs(("a", "b"), DECLARATIONS).derive([a, b])
    assert derived == [naive(one, {"a": a, "b": b}) for one in DECLARATIONS]
    assert all(map(math.isfinite, derived))


@given(st.lists(st.tuples(values, values), min_size=1, max_size=9))
def test_columns_have_the_bits_of_single_rows(
    rows: list[tuple[float | None, float | None]],
) -> None:
    inputs = Inputs(("a", "b"), DECLARATIONS)
    assert inputs.columns(rows).T.tolist() == [inputs.derive(row) for row in rows]
    with pytest.raises(ValueError, match="expected 2 features"):
        inputs.columns([[1.0]])


def test_declarations_survive_as_data() -> None:
    assert tuple(read_input(one.data()) for one in DECLARED) == DECLARED
    with pytest.raises(ValueError, match="expected an operation"):
        read_input(["exec", "a", "0x0p+0", ""])


def test_the_catalogue_covers_the_shipped_features_and_a_users_own() -> None:
    names = [one.name for one in inputs_for((*FEATURES.names, "attribute_device"))]
    assert len(names) == len(set(names)) == len(DECLARED) + 1
    assert names[-1] == "signed_log:attribute_device"
    assert {one.of for one in DECLARED} <= set(FEATURES.names)


@given(st.floats(0.0, 1.0), st.floats(0.001, 1.0))
def test_correction_keeps_order_and_probabilities(score: float, keep: float) -> None:
    found = corrected(score, keep)
    assert 0.0 < found <= min(max(score, 1e-9), 1.0) * (1 + 1e-12)
    assert math.isfinite(log_odds(found))


def test_thinning_keeps_the_total_weight() -> None:
    kept = [thinned(weight, 0.05, hashed(n, 1)) for n in range(40_000) for weight in (1.0, 8.0)]
    assert sum(kept) == pytest.approx(0.05 * 9.0 * 40_000, rel=0.03)
