"""The join against a naive one, in any order of arrival, with repeats and restarts."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.join import TRUSTED, JoinState, match, remember
from models.join_state import digest

decisions = st.builds(lambda n: ("decision", n, None), st.integers(0, 4))
labels = st.builds(
    lambda n, label, at, source: (
        "label",
        n,
        {
            "label_id": f"l{n}{label}{at}{source}",
            "transaction_id": str(n),
            "label": label,
            "source": source,
            "observed_at": at,
            "supersedes": None,
        },
    ),
    st.integers(0, 4),
    st.sampled_from(["FRAUD", "LEGITIMATE", "INCONCLUSIVE"]),
    st.integers(0, 3),
    st.sampled_from(TRUSTED),
)
arrivals = st.lists(decisions | labels, max_size=30)


def naive(events: list[Any]) -> dict[str, str]:
    """The winning label of each decided transaction: the greatest by (time, trust, digest)."""
    decided = {str(n) for kind, n, _ in events if kind == "decision"}
    found: dict[str, tuple[int, int, bytes, str]] = {}
    for kind, n, label in events:
        if kind == "label" and label["label"] != "INCONCLUSIVE" and str(n) in decided:
            trust = TRUSTED.index(label["source"])
            key = (label["observed_at"], trust, digest(label["label_id"]), label["label"])
            found[str(n)] = max(found.get(str(n), key), key)
    return {transaction: key[-1] for transaction, key in found.items()}


def folded(events: list[Any], restart: bool) -> tuple[dict[str, str], JoinState]:
    """What a consumer that lets the last outcome of a transaction stand has learned."""
    state = JoinState()
    learned: dict[str, str] = {}
    for offset, (kind, n, label) in enumerate(events):
        if restart:
            state = JoinState.unpack(state.pack())
        if kind == "label":
            found = match(state, label)
            if found.pointer is not None:
                assert events[found.pointer.offset][:2] == ("decision", n)
                assert learned.get(str(n)) != label["label"], "an outcome that teaches nothing new"
                learned[str(n)] = label["label"]
        else:
            event = {"transaction_id": str(n), "event_time": n}
            for won in remember(state, event, offset):
                learned[won["transaction_id"]] = won["label"]
    return learned, state


@given(arrivals)
def test_every_order_learns_the_winning_labels(events: list[Any]) -> None:
    learned, state = folded(events, restart=False)
    assert learned == naive(events)
    again, restarted = folded(events, restart=True)
    assert again == learned
    assert restarted.pack() == state.pack()


@given(arrivals, st.randoms(use_true_random=False))
def test_what_is_learned_does_not_depend_on_the_order(events: list[Any], rng: Any) -> None:
    shuffled = list(events)
    rng.shuffle(shuffled)
    assert folded(shuffled, restart=False)[0] == folded(events, restart=False)[0]
