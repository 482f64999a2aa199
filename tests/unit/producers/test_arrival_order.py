"""The merge of transactions and labels: the order of arrival, nothing lost, nothing read ahead."""

from hypothesis import given
from hypothesis import strategies as st

from producers.arrival import arrival_of, interleave

times = st.lists(st.integers(0, 50), max_size=40).map(sorted)


@given(times, times)
def test_merge_is_the_stable_sort_with_labels_first(arrivals: list[int], seen: list[int]) -> None:
    transactions = [{"event_time": 0, "arrival": at, "n": n} for n, at in enumerate(arrivals)]
    labels = [{"observed_at": at, "n": n} for n, at in enumerate(seen)]
    expected = sorted(
        [(at, "label", n) for n, at in enumerate(seen)]
        + [(at, "transaction", n) for n, at in enumerate(arrivals)]
    )
    merged = interleave(iter(transactions), iter(labels))
    assert [(found.at, found.event, found.record["n"]) for found in merged] == expected


@given(st.lists(st.integers(0, 50)), times)
def test_each_stream_keeps_its_own_order(arrivals: list[int], seen: list[int]) -> None:
    transactions = [{"event_time": at} for at in arrivals]
    merged = list(interleave(transactions, [{"observed_at": at} for at in seen]))
    assert [found.at for found in merged if found.event == "transaction"] == arrivals
    assert [found.at for found in merged if found.event == "label"] == seen


def test_one_record_of_each_stream_is_held() -> None:
    taken = {"transactions": 0, "labels": 0}

    def counted(name: str, key: str):  # type: ignore[no-untyped-def]
        for at in range(1_000):
            taken[name] += 1
            yield {key: at}

    merged = interleave(counted("transactions", "event_time"), counted("labels", "observed_at"))
    for _ in range(10):
        next(merged)
    assert taken["transactions"] <= 7
    assert taken["labels"] <= 7


def test_arrival_goes_before_event_time() -> None:
    assert arrival_of({"event_time": 5, "arrival": 9}) == 9
    assert arrival_of({"event_time": 5, "arrival": None}) == 5
    assert arrival_of({"event_time": 5, "arrival": 0}) == 0
