"""Publishing files: paced, resumable, transactions and labels in the order of their arrival.

`publish` takes a file of transactions, or a folder with `transactions.*` and `labels.*`, CSV or
Parquet. Other people's columns are named by a mapping (`producers.mapping`).

An interrupted publication goes on where it was. Its progress file lags what was delivered by a
quarter of a second at most after a crash, and by nothing after an orderly end; what is sent twice
has the same ids and is harmless. The file is removed at completion.

```python
publish(Path("world"), "localhost:9092", rate=500, on_progress=print)
```
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from producers.mapping import FileMapping
from producers.pacing import Pacer
from producers.progress import Progress, ProgressFile, Reporter
from producers.publication import Publication
from producers.sender import Sender
from producers.source import START, Source

# Paced, latency counts; as fast as possible, full batches do.
_PACED_LINGER_MS, _BATCH_LINGER_MS = 1.0, 20.0


def publish(
    path: Path,
    bootstrap: str,
    *,
    rate: float | None = None,
    speedup: float | None = None,
    mapping: FileMapping | Mapping[str, Any] | Path | None = None,
    labels: Path | None = None,
    limit: int | None = None,
    resume: bool = True,
    resume_file: Path | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    throttle: Callable[[int], bool] | None = None,
    max_in_flight: int = 10_000,
    delivery_timeout_s: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
) -> Progress:
    """Publish at `rate` transactions/s, `speedup` times their own time, or as fast as is taken.

    Stops after transaction number `limit` with the labels that arrived by then. The progress file
    is `resume_file` or beside `path`. `on_progress` is called a few times a second. `throttle` is
    asked before each transaction, with the number sent, whether to hold it back.

    Raises `FileInvalid` (also for a record that would become a dead letter), `ProgressInvalid`
    or `DeliveryFailed`.
    """
    source = Source.open(path, mapping, labels)
    identity = source.identity() | {"bootstrap": bootstrap}
    file = ProgressFile(resume_file or _beside(path), identity) if resume else None
    start = file.load() if file else START
    linger_ms = _PACED_LINGER_MS if rate or speedup else _BATCH_LINGER_MS
    sender = Sender(bootstrap, max_in_flight, linger_ms, delivery_timeout_s)
    pacer = Pacer(rate=rate, speedup=speedup, clock=clock, wait=sender.poll)
    reporter = Reporter(source.total(limit), start, on_progress, clock)
    publication = Publication(source, start, sender, pacer, reporter, throttle=throttle, file=file)
    return publication.publish(limit)


def _beside(path: Path) -> Path:
    whole = path.resolve()
    return whole.with_name(f".{whole.name}.progress.json")
