"""What each model of the portfolio costs: microseconds an outcome learned and a row scored.

Run it from the project's root: `python -m tests.bench.portfolio_bench [model …]`; a model may be
`module:name` of a classifier of River. Negatives are 99 of a hundred outcomes; the values are
random, so trees are as deep as noise and one signal make them. `packed` and `compiled` are in
milliseconds and kilobytes: the price of a checkpoint and of a published version.
"""

import json
import random
import sys
import time
from collections.abc import Callable

from models.features import FEATURES
from models.portfolio import PORTFOLIO, competing
from models.portfolio.compiled import compile_payload

BATCH = 500
Row = list[float | None]


def made_row(rng: random.Random, fraud: bool) -> Row:
    """A row of the default features, a twentieth missing, higher for a fraud."""
    shift = 1.0 if fraud else 0.0
    return [None if rng.random() < 0.05 else rng.lognormvariate(shift, 1.0) for _ in FEATURES.names]


def best(call: Callable[[], object], runs: int = 20) -> float:
    """Seconds of the processor, the best of `runs`: other work on the machine only adds."""
    found = []
    for _ in range(runs):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def measured(name: str, learned: int = 20_000) -> str:
    """One line of the table."""
    rng, model = random.Random(1), competing(name, FEATURES.names, 1)
    outcomes = [(made_row(rng, fraud), fraud) for fraud in (n % 100 == 0 for n in range(learned))]
    start = time.process_time()
    for row, fraud in outcomes:
        model.learn(row, fraud, 1.0)
    learning = (time.process_time() - start) / learned
    asked = [made_row(rng, n % 100 == 0) for n in range(BATCH)]
    scorer, packed = compile_payload(model.compiled()), model.pack()
    costs = (
        learning * 1e6,
        best(lambda: model.score_many(asked[:50]), 3) / 50 * 1e6,
        best(lambda: scorer.score_many(asked)) / BATCH * 1e6,
        best(lambda: scorer.score(asked[0])) * 1e6,
        best(model.pack, 3) * 1e3,
        best(lambda: compile_payload(model.compiled()), 3) * 1e3,
    )
    sizes = (len(packed) / 1e3, len(json.dumps(model.compiled())) / 1e3)
    return f"{name:42s}" + "".join(f"{number:11.1f}" for number in (*costs, *sizes))


def main() -> None:
    """Print the table."""
    heads = ("learn us", "River us", "in 500 us", "single us", "packed ms", "compiled ms",
             "packed KB", "compiled KB")  # fmt: skip
    print(f"{'':42s}" + "".join(f"{head:>11s}" for head in heads))
    for name in sys.argv[1:] or PORTFOLIO:
        print(measured(name), flush=True)


if __name__ == "__main__":
    main()
