"""The replay's logistic model is the stream's, to the bit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models.learn_pipeline import LogisticPipeline
from models.learn_policy import LearnPolicy
from models.replay_logistic import LogisticModel
from models.replay_models import make
from models.scorer import FORMAT, canonical

NAMES = ("a", "b", "c")
Outcome = tuple[tuple[float | None, ...], bool, float]
value = st.none() | st.floats(-1e9, 1e9) | st.sampled_from([float("nan"), float("inf"), 0.0, 7.0])
outcomes = st.lists(
    st.tuples(st.tuples(value, value, value), st.booleans(), st.sampled_from([1.0, 0.5, 20.0])),
    max_size=30,
)


@given(outcomes)
def test_learns_the_bits_of_the_pipeline(learned: list[Outcome]) -> None:
    policy = LearnPolicy()
    mine = LogisticModel(NAMES, seed=0)
    theirs = LogisticPipeline(NAMES, learning_rate=policy.learning_rate, intercept=policy.intercept)
    for row, fraud, weight in learned:
        mine.learn(row, fraud, weight)
        theirs.learn(dict(zip(NAMES, row, strict=True)), fraud, weight)
        assert mine.payload() == canonical({"format": FORMAT, **theirs.data()})


def test_scores_do_not_depend_on_the_batch() -> None:
    model = make("logistic", ("a", "b"), 1)
    for number in range(50):
        model.learn((float(number), None), number % 7 == 0, 1.0)
    rows: list[tuple[float | None, float | None]] = [(3.0, None), (None, None), (50.0, 1.0)]
    assert model.score_many(rows) == [model.score(row) for row in rows]
    assert all(0.0 <= score <= 1.0 for score in model.score_many(rows))
