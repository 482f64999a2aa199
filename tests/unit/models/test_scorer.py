"""The compiled scorer: River's numbers, the same bits in any batch, nothing poisoned."""

import hashlib
import json
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import compose, linear_model, optim, preprocessing

from models.learn import Learner
from models.scorer import Scorer, SnapshotError, Term, canonical, compile_snapshot

NAMES = ("amount", "count", "ratio", "constant", "never")
Features = dict[str, float | None]


def stream(size: int, seed: int = 5) -> list[tuple[Features, bool]]:
    rng = random.Random(seed)
    rows = []
    for _ in range(size):
        fraud = rng.random() < 0.1
        features: Features = {
            "amount": rng.expovariate(0.01)
            * (3 if fraud else 1)
            * (100 if rng.random() < 0.01 else 1),
            "count": float(rng.randrange(9)) if rng.random() < 0.8 else None,
            "ratio": rng.gauss(2 if fraud else 1, 0.3) if rng.random() < 0.5 else None,
            "constant": 7.0,
            "never": None,
        }
        rows.append((features, fraud))
    return rows


def learned(rows: list[tuple[Features, bool]]) -> Learner:
    learner = Learner(names=NAMES, feature_spec="spec")
    for number, (features, fraud) in enumerate(rows):
        learner.learn(
            {
                "transaction_id": str(number),
                "card_id": "c",
                "source": "ISSUER",
                "event_time": 0,
                "amount_minor": 100,
                "label": "FRAUD" if fraud else "LEGITIMATE",
                "score": 0.5,
                "weight": 1.0,
                "features": features,
            }
        )
    return learner


def river_model() -> Any:
    """The pipeline as River's own composition, fed with the columns that the module documents."""
    scaled = (
        compose.FuncTransformer(lambda x: {k: v for k, v in x.items() if k in NAMES})
        | preprocessing.StandardScaler()
        | compose.FuncTransformer(lambda x: {k: min(max(v, -12.0), 12.0) for k, v in x.items()})
    )
    shown = compose.FuncTransformer(lambda x: {k: v for k, v in x.items() if k not in NAMES})
    model = linear_model.LogisticRegression(optim.SGD(0.01), intercept_init=-4.6)
    return (scaled + shown) | model


def columns(features: Features) -> dict[str, float]:
    present = {name: found for name, found in features.items() if found is not None}
    return present | {f"{name}?": 1.0 for name in NAMES if name not in present}


ROWS = stream(800)
SNAPSHOT = learned(ROWS).publish(["logistic"], 799)[0]
MATRIX = [[features[name] for name in NAMES] for features, _ in ROWS]


def test_scores_are_rivers_to_1e_9() -> None:
    model, scorer = river_model(), compile_snapshot(SNAPSHOT)
    for features, fraud in ROWS:
        model.learn_one(columns(features), fraud)
    for (features, _), row in zip(ROWS, MATRIX, strict=True):
        expected = model.predict_proba_one(columns(features))[True]
        assert scorer.score(row) == pytest.approx(expected, abs=1e-9, rel=1e-9)


def test_bits_do_not_depend_on_the_batch() -> None:
    scorer = compile_snapshot(SNAPSHOT)
    alone = [scorer.score(row).hex() for row in MATRIX]
    for size in (1, 7, 500):
        batches = [MATRIX[at : at + size] for at in range(0, len(MATRIX), size)]
        scores = [score.hex() for batch in batches for score in scorer.score_many(batch)]
        assert scores == alone


NUMBERS = st.none() | st.floats() | st.floats(-50, 50)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(NUMBERS, min_size=5, max_size=5), min_size=1, max_size=9))
def test_rows_together_have_the_bits_of_each_alone(rows: list[list[float | None]]) -> None:
    scorer = compile_snapshot(SNAPSHOT)
    alone = [scorer.score(row).hex() for row in rows]
    assert [score.hex() for score in scorer.score_many(rows)] == alone
    assert [score.hex() for score in scorer.score_many(rows * 4)] == alone * 4


def test_weights_that_overflow_score_alike() -> None:
    terms = tuple(Term(weight, 0.0, -9.0, 9.0, 0.0) for weight in (1e308, -1e308, 1.0))
    scorer = Scorer("huge", 1, "spec", ("a", "b", "c"), 0.0, terms)
    rows: list[list[float | None]] = [[9.0, 9.0, 1.0], [9.0, 0.0, 1.0], [0.0, 9.0, None]]
    alone = [repr(scorer.score(row)) for row in rows]
    assert [repr(score) for score in scorer.score_many(rows * 2)] == alone * 2


def test_nan_counts_as_missing_and_an_outlier_is_held() -> None:
    scorer = compile_snapshot(SNAPSHOT)
    row: list[float | None] = [math.nan, 1.0, 1.0, 7.0, None]
    assert scorer.score(row) == scorer.score([None, *row[1:]])
    assert scorer.top([math.nan, *row[1:]]) == scorer.top([None, *row[1:]])
    bounds = scorer.terms[0]
    for far in (1e308, math.inf):
        assert scorer.score([far, *row[1:]]) == scorer.score([bounds.high, *row[1:]])
        assert scorer.score([-far, *row[1:]]) == scorer.score([bounds.low, *row[1:]])


def test_a_row_of_another_length_is_an_error() -> None:
    scorer = compile_snapshot(SNAPSHOT)
    with pytest.raises(ValueError, match="zip"):
        scorer.score([1.0])
    with pytest.raises(ValueError, match="5 numbers expected, got 1"):
        scorer.score_many([[1.0]] * 9)
    with pytest.raises(ValueError, match="inhomogeneous"):
        scorer.score_many([*MATRIX[:9], [1.0]])


def test_top_names_what_raised_the_score() -> None:
    scorer = compile_snapshot(SNAPSHOT)
    row = [5_000.0, 1.0, 3.0, 7.0, None]
    top = scorer.top(row, 2)
    assert [item.feature for item in top] == ["ratio", "amount"]
    assert top[0].value == 3.0
    assert top[0].log_odds > top[1].log_odds > 0


def test_contributions_add_up_to_the_score() -> None:
    scorer = compile_snapshot(SNAPSHOT)
    row = MATRIX[3]
    terms = (term.added(found) for found, term in zip(row, scorer.terms, strict=True))
    assert 1 / (1 + math.exp(-scorer.bias - math.fsum(terms))) == pytest.approx(scorer.score(row))


def altered(**changes: Any) -> dict[str, Any]:
    payload = json.loads(SNAPSHOT["payload"]) | changes
    data = canonical(payload)
    return SNAPSHOT | {"payload": data, "sha256": hashlib.sha256(data).hexdigest()}


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        (SNAPSHOT | {"kind": "river.forest"}, "kind river.logistic"),
        (SNAPSHOT | {"payload": SNAPSHOT["payload"] + b" "}, "payload with sha256"),
        (altered(format=2), "payload format 1"),
        (altered(intercept=float("nan").hex()), "finite weights"),
        (altered(weights=["0x1p0"]), "5 weights, as many as features"),
        (altered(means=["soup"] * 5), "hexadecimal numbers"),
        (
            SNAPSHOT | {"payload": b"{}", "sha256": hashlib.sha256(b"{}").hexdigest()},
            "canonical JSON",
        ),
    ],
)
def test_a_damaged_snapshot_is_refused(snapshot: dict[str, Any], expected: str) -> None:
    with pytest.raises(SnapshotError, match="model logistic@799: expected") as error:
        compile_snapshot(snapshot)
    assert expected in str(error.value)
    assert "last good model stays" in str(error.value)
