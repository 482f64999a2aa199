"""A small world in files, that reaches over the Handbook's folds."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl

from models.protocol import Fold

DAY = 86_400_000


def write_world(folder: Path, many: int) -> Path:
    """Nine weeks of 400 cards, every tenth transaction a large fraud, labels a week late."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, rows, start = random.Random(5), [], Fold.of("2018-07-05").train_start
    times = sorted(rng.sample(range(start, start + 63 * DAY), many))
    for number, at in enumerate(times):
        fraud = rng.random() < 0.1
        rows.append(
            {
                "transaction_id": str(number), "card_id": f"c{rng.randrange(400)}",
                "terminal_id": f"m{rng.randrange(30)}", "event_time": at, "arrival": at,
                "amount_minor": rng.randrange(100, 9_000) * (8 if fraud else 1),
                "label": "FRAUD" if fraud else "LEGITIMATE", "observed_at": at + 7 * DAY,
            }
        )  # fmt: skip
    frame = pl.DataFrame(rows)
    events = frame.drop("label", "observed_at").with_columns(currency=pl.lit("EUR"))
    events.write_parquet(folder / "transactions.parquet")
    frame.drop("amount_minor", "arrival").write_parquet(folder / "labels.parquet")
    return folder
