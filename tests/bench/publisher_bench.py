"""What publishing costs: CPU of the publishing thread a record, without and with a broker.

Run `python -m tests.bench.publisher_bench` from the project's root; it takes some seconds. The
broker is librdkafka's protocol double, in this process but in threads of its own.
"""

import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from confluent_kafka import Producer

from producers.files import read_transactions
from producers.handbook import simulate
from producers.publish import publish
from producers.publisher import prepared
from schemas.codec import encoder

ROWS = 40_000
REPEATS = 3  # the best counts: the others met somebody else's work
BOUND_US = 25.0  # 40,000 records a second


def best_us(work: Callable[[], int]) -> float:
    """Return the least thread CPU time in microseconds a record."""
    costs = []
    for _ in range(REPEATS):
        began = time.thread_time()
        records = work()
        costs.append((time.thread_time() - began) / records * 1e6)
    return min(costs)


def main() -> None:
    """Print the figures; exit with 1 where publishing costs more than its bound."""
    with tempfile.TemporaryDirectory() as folder:
        file = simulate(Path(folder), days=6).transactions_file
        records = list(islice(read_transactions(file), ROWS))
        encode = encoder("transaction")
        holder = Producer({"test.mock.num.brokers": 1, "log_level": 0})
        broker = next(iter(holder.list_topics(timeout=10).brokers.values()))
        address = f"{broker.host}:{broker.port}"

        def published() -> int:
            done = publish(file, address, limit=ROWS, resume=False)
            return done.transactions + done.labels

        print(
            f"read     {best_us(lambda: len(list(islice(read_transactions(file), ROWS)))):6.2f} us"
        )
        print(f"check    {best_us(lambda: len([prepared(r) for r in records])):6.2f} us")
        print(f"encode   {best_us(lambda: len([encode(r) for r in records])):6.2f} us")
        cost = best_us(published)
    print(f"publish  {cost:6.2f} us, {1e6 / cost:,.0f} records a second of CPU, all of the above")
    if cost > BOUND_US:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
