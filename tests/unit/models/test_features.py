from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from models.features import FEATURES, Feature, FeatureSet
from models.vector import assemble
from models.windows.errors import FeatureSpecError
from models.windows.plan import plan_for
from models.windows.spec import DAY_MS, LATENESS_MS

SUNDAY = 1_522_540_800_000  # 2018-04-01 00:00 UTC


def feature(**changes) -> Feature:
    fields = {
        "name": "n", "entity": "card", "aggregation": "count", "column": "transaction_id",
        "window_ms": DAY_MS,
    }  # fmt: skip
    return Feature(**{**fields, **changes})


def test_the_row_is_transaction_card_terminal_attributes():
    features = FeatureSet(attributes=("device_score", "ip_risk"))
    assert features.names == (
        *("amount", "log_amount", "weekend", "night", "hour"),
        *features.card_names,
        *features.terminal_names,
        *("attribute_device_score", "attribute_ip_risk"),
    )


def test_the_order_of_declaration_between_entities_does_not_matter():
    features = FeatureSet(tuple(reversed(FEATURES.declared)))
    assert [f.entity for f in features.features] == [f.entity for f in FEATURES.features]


def test_every_shipped_feature_says_what_it_means():
    assert all(f.meaning for f in FEATURES.features)


def test_horizons_are_longest_window_and_delay_and_lateness():
    assert FEATURES.horizon_ms("card") == 30 * DAY_MS + LATENESS_MS
    assert FEATURES.horizon_ms("terminal") == 37 * DAY_MS + LATENESS_MS


def test_the_hash_follows_values_not_prose():
    first = FEATURES.declared[0]
    reworded = FeatureSet((replace(first, meaning="other words"), *FEATURES.declared[1:]))
    clipped = FeatureSet((replace(first, high=5.0), *FEATURES.declared[1:]))
    assert reworded == FEATURES
    assert reworded.spec_hash == FEATURES.spec_hash
    assert clipped != FEATURES
    assert FeatureSet(attributes=("a",)).spec_hash != FeatureSet(attributes=("b",)).spec_hash


def test_the_hash_is_the_same_in_another_process():
    code = "from models.features import FEATURES; print(FEATURES.spec_hash)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONHASHSEED": "7", "PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert found.stdout.strip() == FEATURES.spec_hash


def test_the_specs_are_json():
    assert json.loads(json.dumps([f.canonical() for f in FEATURES.features]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"aggregation": "median"}, ["'n'", "count", "median"]),
        ({"entity": "device"}, ["'n'", "terminal", "device"]),
        ({"column": "amount_minor"}, ["'n'", "transaction_id", "amount_minor"]),
        ({"aggregation": "seen", "column": "card_id"}, ["terminal_id", "card_id"]),
        ({"aggregation": "risk", "column": "label"}, ["terminal", "card"]),
        ({"window_ms": 0}, ["window_ms above 0"]),
        ({"window_ms": -1}, ["at least 0"]),
        ({"low": 2.0, "high": 1.0}, ["low <= high"]),
        ({"aggregation": "mean", "column": "amount_minor", "delay_ms": 1}, ["delay_ms 0"]),
        ({"aggregation": "trend", "column": "amount_minor"}, ["against_ms above window_ms"]),
    ],
)
def test_a_spec_that_cannot_be_interpreted_is_refused(changes, words):
    with pytest.raises(FeatureSpecError) as error:
        plan_for(FeatureSet((feature(**changes),)), "card")
    assert not error.value.retriable
    assert all(word in str(error.value) for word in words)


def test_a_name_used_twice_is_refused():
    with pytest.raises(FeatureSpecError, match="each name once"):
        FeatureSet((feature(), feature(window_ms=1)))


def test_an_unknown_transaction_feature_is_refused():
    odd = feature(entity="transaction", aggregation="moon_phase")
    with pytest.raises(FeatureSpecError, match="moon_phase"):
        assemble({}, [], [], FeatureSet((odd,)))


def row_of(attributes=None, features=FEATURES, outliers=None, **changes) -> dict[str, float | None]:
    event = {"event_time": SUNDAY, "amount_minor": 1250, "attributes": attributes, **changes}
    card, terminal = [None] * len(features.card_names), [None] * len(features.terminal_names)
    return dict(
        zip(features.names, assemble(event, card, terminal, features, outliers), strict=True)
    )


@pytest.mark.parametrize(
    ("offset_ms", "weekend", "night", "hour"),
    [
        (0, 1.0, 1.0, 0.0),
        (7 * 3_600_000 - 1, 1.0, 1.0, 6.0),
        (7 * 3_600_000, 1.0, 0.0, 7.0),
        (DAY_MS - 1, 1.0, 0.0, 23.0),
        (DAY_MS, 0.0, 1.0, 0.0),
        (6 * DAY_MS - 1, 0.0, 0.0, 23.0),
        (6 * DAY_MS, 1.0, 1.0, 0.0),
    ],
)
def test_times_are_utc(offset_ms, weekend, night, hour):
    row = row_of(event_time=SUNDAY + offset_ms)
    assert (row["weekend"], row["night"], row["hour"]) == (weekend, night, hour)


def test_attributes_are_missing_where_the_event_lacks_them():
    features = FeatureSet(attributes=("device_score",))
    assert row_of({"device_score": 0.25}, features)["attribute_device_score"] == 0.25
    for attributes in (None, {}, {"device_score": None}, {"other": 1.0}):
        assert row_of(attributes, features)["attribute_device_score"] is None


def test_outliers_are_clipped_and_counted():
    features, outliers = FeatureSet(attributes=("a", "b")), {}
    row = row_of({"a": float("inf"), "b": float("nan")}, features, outliers, amount_minor=10**13)
    assert row["attribute_a"] == 1e12
    assert row["attribute_b"] is None
    assert row["amount"] == 1e10
    assert outliers == {"attribute_a": 1, "attribute_b": 1, "amount": 1}
