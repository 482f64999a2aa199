"""The publishers: what is refused, what arrives, what a broker that is away does."""

from collections.abc import Iterator
from typing import Any

import pytest
from rdkafka_double import consumed, rdkafka_broker

from producers.errors import DeliveryFailed
from producers.publisher import LabelPublisher, TransactionPublisher, now_ms, prepared
from producers.sender import Sender
from schemas.codec import decode
from schemas.errors import InvalidAmount, InvalidField, MissingRequiredField, PanDetected
from schemas.events import Label, Transaction

NOWHERE = "127.0.0.1:1"
SALE: dict[str, Any] = {
    "transaction_id": "t1",
    "card_id": "tok_7",
    "terminal_id": "m9",
    "event_time": 1_522_540_831_000,
    "amount_minor": 57_16,
    "currency": "EUR",
}
FINDING: dict[str, Any] = {
    "label_id": "l1",
    "transaction_id": "t1",
    "card_id": "tok_7",
    "label": "FRAUD",
    "source": "ANALYST",
    "event_time": 1_522_540_831_000,
    "observed_at": 1_523_145_631_000,
}


@pytest.fixture
def rdkafka() -> Iterator[str]:
    with rdkafka_broker() as address:
        yield address


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"card_id": "4111111111111111"}, PanDetected),
        ({"card_id": "5500-0000-0000-0004"}, PanDetected),
        ({"merchant_id": "paid by 4111 1111 1111 1111"}, PanDetected),
        ({"amount_minor": -1}, InvalidAmount),
        ({"amount_minor": float("nan")}, InvalidAmount),
        ({"card_id": ""}, MissingRequiredField),
        ({"event_time": "now"}, InvalidField),
    ],
)
def test_what_would_be_a_dead_letter_is_refused(changed: dict[str, Any], error: type) -> None:
    with TransactionPublisher(NOWHERE) as publisher:
        with pytest.raises(error):
            publisher.publish(SALE | changed)
        assert publisher.sender.sent == 0


def test_a_label_with_a_card_number_is_refused() -> None:
    with LabelPublisher(NOWHERE) as publisher, pytest.raises(PanDetected):
        publisher.publish(FINDING | {"card_id": "4111111111111111"})


def test_arrival_is_the_clocks_unless_known() -> None:
    assert prepared(SALE, lambda: 9)["arrival"] == 9
    assert prepared(SALE | {"arrival": 0}, lambda: 9)["arrival"] == 0
    assert prepared(Transaction(**SALE), lambda: 9)["arrival"] == 9
    assert "arrival" not in SALE
    assert abs(prepared(SALE)["arrival"] - now_ms()) < 60_000


def test_models_and_dicts_arrive_by_card_and_in_order(rdkafka: str) -> None:
    with Sender(rdkafka) as sender:
        transactions = TransactionPublisher(sender, topic="typed", clock=lambda: 9)
        labels = LabelPublisher(sender, topic="typed")
        transactions.publish(SALE)
        transactions.publish(Transaction(**SALE | {"transaction_id": "t2"}))
        labels.publish(FINDING)
        labels.publish(Label(**FINDING | {"label_id": "l2"}))
    found = consumed(rdkafka, "typed")
    assert {message.key() for message in found} == {b"tok_7"}
    assert len({message.partition() for message in found}) == 1
    records = [decode(message.value() or b"") for message in found]
    assert [name for name, _ in records] == ["transaction", "transaction", "label", "label"]
    expected = Transaction(**SALE, arrival=9).record()
    assert [record for _, record in records[:2]] == [expected, expected | {"transaction_id": "t2"}]
    assert (sender.sent, sender.delivered, sender.failed, sender.in_flight) == (4, 4, 0, 0)


def test_keys_are_partitioned_as_java_does(rdkafka: str) -> None:
    keys = [str(n) for n in range(200)]
    with TransactionPublisher(rdkafka, topic="partitioned") as publisher:
        for key in keys:
            publisher.publish(SALE | {"card_id": key})
    for message in consumed(rdkafka, "partitioned"):
        assert message.partition() == (murmur2(message.key() or b"") & 0x7FFFFFFF) % 4


def murmur2(data: bytes) -> int:
    """Kafka's hash of a key (org.apache.kafka.common.utils.Utils.murmur2)."""
    mask, factor = 0xFFFFFFFF, 0x5BD1E995
    hashed = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * factor & mask
        hashed = (hashed * factor & mask) ^ ((word ^ word >> 24) * factor & mask)
    if rest := data[whole:]:
        hashed = (hashed ^ int.from_bytes(rest, "little")) * factor & mask
    hashed = (hashed ^ hashed >> 13) * factor & mask
    return hashed ^ hashed >> 15


def test_receipts_come_once_a_message(rdkafka: str) -> None:
    receipts: list[int] = []
    with TransactionPublisher(rdkafka, topic="receipts") as publisher:
        for n in range(100):
            publisher.publish(SALE, lambda n=n: receipts.append(n))  # type: ignore[misc]
        publisher.flush()
        assert sorted(receipts) == list(range(100))


def test_messages_in_flight_are_bounded(rdkafka: str) -> None:
    with Sender(rdkafka, max_in_flight=10, linger_ms=5) as sender:
        for _ in range(500):
            sender.send("bounded", b"k", b"v")
            assert sender.in_flight <= 10
    assert sender.delivered == 500


def send(sender: Sender, count: int) -> None:
    with sender:
        for _ in range(count):
            sender.send("away", b"k", b"v")


def test_undelivered_messages_raise_at_exit_with_count_and_cause() -> None:
    sender = Sender(NOWHERE, delivery_timeout_s=1.0)
    with pytest.raises(DeliveryFailed, match="3 messages were not delivered") as caught:
        send(sender, 3)
    assert caught.value.retriable
    assert caught.value.count == 3
    assert "away" in caught.value.cause
    with pytest.raises(DeliveryFailed):
        sender.check()


def test_a_full_queue_waits_instead_of_losing() -> None:
    with pytest.raises(DeliveryFailed) as caught:
        send(Sender(NOWHERE, max_in_flight=2, delivery_timeout_s=1.0), 4)
    assert caught.value.count == 4  # the third waited until the first two had failed


def test_an_error_in_the_body_is_the_one_that_is_raised() -> None:
    sender = Sender(NOWHERE, delivery_timeout_s=0.2)
    with pytest.raises(KeyError), sender:
        raise _sent(sender)


def _sent(sender: Sender) -> KeyError:
    sender.send("away", b"k", b"v")
    return KeyError()
