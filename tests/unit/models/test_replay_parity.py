"""The replay and the stream's own stages over a log give the same scores, to the bit."""

from __future__ import annotations

from models.features import FEATURES
from models.learn_policy import LearnPolicy
from models.replay import Replay
from models.replay_logistic import LogisticModel
from models.replay_track import Track
from tests.unit.models.replay_world import arrivals
from tests.unit.streams.whole_stream import decided

MANY = 900
HOUR = 3_600_000


def test_scores_are_those_of_the_stream() -> None:
    found = arrivals(MANY, seed=11, delay=100 * HOUR)
    decisions = {d["transaction_id"]: d for d in decided(found)}
    track = Track(LogisticModel(FEATURES.names, seed=0), LearnPolicy())
    replay = Replay([track])
    replay.run(found)
    replay.finish()
    scores = replay.history.scores(track.scored)
    by_model = 0
    for ordinal, identity in enumerate(replay.history.ids):
        decision = decisions[identity]
        in_force = scores[ordinal]
        if decision["model"] is None:
            in_force = replay.history.rules[ordinal]
        else:
            by_model += 1
        assert decision["score"] == in_force, identity
    assert len(decisions) == MANY
    assert 100 < by_model < MANY - 500
