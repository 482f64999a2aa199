"""What the pure core without its windows costs: best of several runs, microseconds a call.

Run it from the project's root: `python -m tests.bench.core_bench`.
"""

import random
import time
from collections.abc import Callable
from typing import Any

from models.alerts import AlertState, alert
from models.decision import Control, decide
from models.features import FEATURES
from models.join import JoinState, remember
from models.learn import Learner
from models.learn_control import boot, publish
from models.rules import baseline
from models.scorer import compile_snapshot

TRANSACTION: dict[str, Any] = {
    "transaction_id": "t1", "card_id": "c1", "terminal_id": "T1", "event_time": 1_000,
    "amount_minor": 999, "currency": "EUR", "attributes": {},
}  # fmt: skip
SRC = {"stage": "score", "partition": 0, "offset": 1}


def best(call: Callable[[], object], calls: int = 1, runs: int = 200) -> float:
    """Microseconds a call, the best of `runs`: other work on the machine only adds."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found) * 1e6 / calls


def outcomes(size: int) -> list[dict[str, Any]]:
    """Outcomes with the default features, a tenth of the values missing."""
    rng = random.Random(1)
    return [
        {
            "transaction_id": str(number), "card_id": "c", "weight": 1.0, "score": rng.random(),
            "label": "FRAUD" if rng.random() < 0.02 else "LEGITIMATE",
            "features": {n: rng.random() if rng.random() > 0.1 else None for n in FEATURES.names},
        }
        for number in range(size)
    ]  # fmt: skip


def quiet_row() -> list[float | None]:
    """A row on which no rule fires."""
    known = {"card_max_30d": 30.0, "card_mean_30d": 25.0, "card_terminal_seen_30d": 1.0}
    return [known.get(name, 0.5) for name in FEATURES.names]


def rounds(learned: list[dict[str, Any]]) -> list[float]:
    """Microseconds an outcome, over batches of fifty."""
    learner, found = Learner(), []
    for at in range(0, len(learned), 50):
        start = time.perf_counter()
        for made in learned[at : at + 50]:
            learner.learn(made)
        found.append((time.perf_counter() - start) / 50 * 1e6)
    return found


def stateful(decision: dict[str, Any]) -> dict[str, float]:
    """The stages that unpack a card's state, change it and pack it again."""
    join, alerts = JoinState(), AlertState().pack()
    for number in range(120):
        remember(join, {"transaction_id": str(number), "event_time": 0}, 0, number)
    packed = join.pack()

    def joined() -> bytes:
        state = JoinState.unpack(packed)
        remember(state, {"transaction_id": "new", "event_time": 1}, 0, 120)
        return state.pack()

    def alerted() -> bytes:
        state = AlertState.unpack(alerts)
        alert(state, decision)
        return state.pack()

    return {
        "alert: unpack, raise, pack": best(alerted),
        "join of 120 decisions: unpack, remember, pack": best(joined),
    }


def main() -> None:
    """Print the table."""
    learned, learner = outcomes(2_000), Learner()
    boot(learner)
    for made in learned:
        learner.learn(made)
    announced = publish(learner, 2_000)
    scorer, control = compile_snapshot(announced.record), Control.of(announced.marker)
    rules, row = baseline(), quiet_row()

    def decided(score: float) -> dict[str, Any]:
        return decide(TRANSACTION, row, score, [], control, src=SRC, scorer=scorer)

    table = {
        "rules, none fires": best(lambda: rules.evaluate(row, TRANSACTION)),
        "score, in batches of 100": best(lambda: scorer.score_many([row] * 100), 100),
        "decide, below the threshold": best(lambda: decided(1e-9)),
        "decide, above, explained": best(lambda: decided(0.9999)),
        **stateful(decided(0.9999)),
        "learn an outcome": min(rounds(learned)),
        "pack the learner": best(learner.pack, runs=20),
        "publish a snapshot": best(lambda: publish(learner, 1), runs=5),
    }
    for name, cost in table.items():
        print(f"{cost:10.2f} us  {name}")


if __name__ == "__main__":
    main()
