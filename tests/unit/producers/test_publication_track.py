"""What may be resumed from: everything before it was delivered, and little after it is lost."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.errors import ProgressInvalid
from producers.progress import Progress, ProgressFile, Reporter
from producers.source import START, Position
from producers.track import _SECTION, Track


def sending(track: Track, after: Position) -> Callable[[], None]:
    receipt = track.receipt()
    track.sent(after)
    return receipt


@given(st.integers(0, 1_500), st.randoms(use_true_random=False), st.integers(0, 1_500))
def test_the_position_never_passes_an_undelivered_record(sent, random, reports) -> None:  # type: ignore[no-untyped-def]
    track = Track(Position(7, 3))
    receipts = [sending(track, Position(7 + n + 1, 3)) for n in range(sent)]
    order = list(range(sent))
    random.shuffle(order)
    delivered = set(order[:reports])
    for n in order[:reports]:
        receipts[n]()
    contiguous = next((n for n in range(sent) if n not in delivered), sent)
    found = track.delivered.transactions - 7
    assert contiguous - _SECTION < found <= contiguous
    assert track.position == Position(7 + sent, 3)


def test_all_delivered_is_the_end_to_the_record() -> None:
    track = Track()
    receipts = [sending(track, Position(n + 1, 0)) for n in range(3 * _SECTION + 5)]
    for receipt in reversed(receipts):
        receipt()
    assert track.delivered == Position(3 * _SECTION + 5, 0)


def test_a_record_that_was_never_sent_does_not_hold_the_position() -> None:
    track = Track()
    sending(track, Position(1, 0))()
    track.receipt()  # refused, or interrupted, before it was sent
    assert track.delivered == Position(1, 0)


def test_a_progress_file_round_trips(tmp_path: Path) -> None:
    file = ProgressFile(tmp_path / "p.json", {"bootstrap": "a:1"})
    assert file.load() == START
    file.save(Position(5, 2))
    assert file.load() == Position(5, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["p.json"]
    file.remove()
    file.remove()
    assert file.load() == START


def test_a_progress_file_of_another_publication_is_refused(tmp_path: Path) -> None:
    ProgressFile(tmp_path / "p.json", {"bootstrap": "a:1"}).save(Position(5, 2))
    with pytest.raises(ProgressInvalid, match=r"p\.json.*another"):
        ProgressFile(tmp_path / "p.json", {"bootstrap": "b:1"}).load()


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"transactions": "x"}), "\x00"])
def test_a_broken_progress_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "p.json").write_text(content)
    with pytest.raises(ProgressInvalid, match=r"p\.json"):
        ProgressFile(tmp_path / "p.json", {}).load()


def test_progress_has_the_rate_of_this_run_and_the_time_left() -> None:
    now, told = [10.0], []
    reporter = Reporter(1_000, Position(100, 0), told.append, lambda: now[0])
    assert not reporter.due()
    now[0] += 2
    assert reporter.due()
    progress = reporter.report(Position(300, 50), undelivered=4, arrival=9)
    assert progress == Progress(
        transactions=300,
        labels=50,
        undelivered=4,
        total=1_000,
        seconds=2.0,
        rate=100.0,
        eta_seconds=7.0,
        arrival=9,
    )
    assert told == [progress]
    assert not reporter.due()


def test_nothing_sent_has_no_time_left() -> None:
    reporter = Reporter(10, START, None, lambda: 1.0)
    assert reporter.report(START, undelivered=0, arrival=0).eta_seconds is None
