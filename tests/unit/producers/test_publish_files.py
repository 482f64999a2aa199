"""Publishing files: order, limit, throttle, progress, and going on after an interruption."""

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from confluent_kafka import Message
from rdkafka_double import consumed, rdkafka_broker

from producers.errors import DeliveryFailed, FileInvalid, ProgressInvalid
from producers.progress import Progress
from producers.publish import publish
from schemas.codec import decode
from schemas.topics import LABELS, TRANSACTIONS

ROWS = 3_000
DELAY_MS = 100_500


@pytest.fixture
def rdkafka() -> Iterator[str]:
    with rdkafka_broker() as address:
        yield address


class Stop(BaseException):
    """As Ctrl-C does it: not an Exception."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transaction a second; each label 100.5 s later."""
    folder = tmp_path_factory.mktemp("world")
    n = pl.int_range(0, ROWS, eager=True)
    ids = pl.DataFrame({"transaction_id": n}).with_columns(
        card_id=n % 50, terminal_id=n % 20, event_time=n * 1_000
    )
    ids.with_columns(amount_minor=n, currency=pl.lit("EUR")).write_parquet(
        folder / "transactions.parquet"
    )
    ids.with_columns(label=pl.lit("FRAUD"), observed_at=n * 1_000 + DELAY_MS).write_csv(
        folder / "labels.csv"
    )
    return folder


def ids(messages: list[Message]) -> list[int]:
    return [int(decode(message.value() or b"")[1]["transaction_id"]) for message in messages]


def interrupted_after(transactions: int):  # type: ignore[no-untyped-def]
    def throttle(sent: int) -> bool:
        if sent >= transactions:
            raise Stop
        return False

    return throttle


def test_a_folder_is_published_whole(world: Path, rdkafka: str) -> None:
    told: list[Progress] = []
    done = publish(world, rdkafka, on_progress=told.append)
    assert (done.transactions, done.labels, done.undelivered) == (ROWS, ROWS, 0)
    assert (done.total, done.eta_seconds) == (ROWS, 0.0)
    assert told[-1] == done
    assert sorted(ids(consumed(rdkafka, TRANSACTIONS))) == list(range(ROWS))
    assert sorted(ids(consumed(rdkafka, LABELS))) == list(range(ROWS))
    assert list(world.glob("../.*progress*")) == []


def test_each_card_is_in_order(world: Path, rdkafka: str) -> None:
    publish(world, rdkafka, limit=500)
    by_card: dict[bytes | None, list[int]] = {}
    for message in consumed(rdkafka, TRANSACTIONS):
        by_card.setdefault(message.key(), []).append(*ids([message]))
    assert len(by_card) == 50
    assert all(found == sorted(found) for found in by_card.values())


def test_a_limit_leaves_out_labels_that_came_later(world: Path, rdkafka: str) -> None:
    done = publish(world, rdkafka, limit=500)
    assert done.transactions == done.total == 500
    # The last transaction arrives in second 499: labels of the seconds up to 398 are there.
    assert sorted(ids(consumed(rdkafka, LABELS))) == list(range(399))


def test_an_interrupted_publication_goes_on_where_it_was(
    world: Path, rdkafka: str, tmp_path: Path
) -> None:
    file = tmp_path / "progress.json"
    for stop in (700, 1_900):
        with pytest.raises(Stop):
            publish(world, rdkafka, resume_file=file, throttle=interrupted_after(stop))
        assert json.loads(file.read_text())["transactions"] == stop
    done = publish(world, rdkafka, resume_file=file)
    assert (done.transactions, done.labels) == (ROWS, ROWS)
    # An orderly interruption delivers what it has sent: nothing is lost, nothing repeated.
    assert sorted(ids(consumed(rdkafka, TRANSACTIONS))) == list(range(ROWS))
    assert sorted(ids(consumed(rdkafka, LABELS))) == list(range(ROWS))
    assert not file.exists()


def test_what_was_not_delivered_is_sent_again(world: Path, rdkafka: str, tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    away = "127.0.0.1:1"
    with pytest.raises(DeliveryFailed):
        publish(world, away, resume_file=file, limit=50, delivery_timeout_s=1.0)
    found = json.loads(file.read_text())
    assert (found["transactions"], found["labels"]) == (0, 0)
    found["of"]["bootstrap"] = rdkafka
    file.write_text(json.dumps(found))
    publish(world, rdkafka, resume_file=file, limit=50)
    assert sorted(ids(consumed(rdkafka, TRANSACTIONS))) == list(range(50))


def test_a_progress_file_of_another_cluster_is_refused(
    world: Path, rdkafka: str, tmp_path: Path
) -> None:
    file = tmp_path / "progress.json"
    with pytest.raises(Stop):
        publish(world, rdkafka, resume_file=file, throttle=interrupted_after(5))
    with pytest.raises(ProgressInvalid):
        publish(world, "127.0.0.1:1", resume_file=file)
    assert file.exists()


def test_without_resuming_no_file_is_written(world: Path, rdkafka: str, tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    with pytest.raises(Stop):
        publish(world, rdkafka, resume=False, resume_file=file, throttle=interrupted_after(5))
    assert not file.exists()


def test_a_throttle_holds_transactions_back(world: Path, rdkafka: str) -> None:
    asked: list[int] = []

    def throttle(sent: int) -> bool:
        asked.append(sent)
        return len(asked) % 3 != 0  # each transaction is held twice

    publish(world, rdkafka, limit=20, throttle=throttle)
    assert asked == [n for n in range(20) for _ in range(3)]


def test_a_rate_is_kept(world: Path, rdkafka: str) -> None:
    done = publish(world, rdkafka, limit=101, rate=200)
    assert 0.495 <= done.seconds < 2.0


def test_a_speedup_is_kept(world: Path, rdkafka: str) -> None:
    done = publish(world, rdkafka, limit=101, speedup=200)
    assert 0.495 <= done.seconds < 2.0


def test_a_record_that_would_be_a_dead_letter_is_named(rdkafka: str, tmp_path: Path) -> None:
    header = "transaction_id,card_id,terminal_id,event_time,amount_minor,currency\n"
    (tmp_path / "t.csv").write_text(
        header + "1,c,t,5,1,EUR\n2,4111111111111111,t,6,1,EUR\n", encoding="utf-8"
    )
    with pytest.raises(FileInvalid, match=r"t\.csv, row 2: .*PAN_DETECTED") as caught:
        publish(tmp_path / "t.csv", rdkafka)
    assert "4111111111111111" not in str(caught.value)
    assert ids(consumed(rdkafka, TRANSACTIONS)) == [1]


def test_a_progress_file_that_cannot_be_written_is_named(
    world: Path, rdkafka: str, tmp_path: Path
) -> None:
    with pytest.raises(ProgressInvalid, match="cannot be written"):
        publish(world, rdkafka, limit=5, resume_file=tmp_path / "absent" / "progress.json")


def test_a_held_publication_still_reports(world: Path, rdkafka: str) -> None:
    told: list[Progress] = []
    publish(
        world,
        rdkafka,
        limit=5,
        on_progress=told.append,
        throttle=lambda sent: sent == 4 and len(told) < 2,
    )
    assert [progress.transactions for progress in told] == [4, 4, 5]
    assert told[0].undelivered == 0
