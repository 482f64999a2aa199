"""Cells to the contract's types: exact amounts, times in UTC, and every bad cell named."""

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers import columns
from producers.columns import Place
from producers.errors import FileInvalid

PLACE = Place("f.csv", "theirs", first_row=11)
MOMENT = datetime(2018, 4, 1, 0, 0, 31, 250_000)
MOMENT_MS = 1_522_540_831_250


@given(st.lists(st.integers(0, 10_000_000_000_00), min_size=1))
def test_decimal_amounts_are_exact(cents: list[int]) -> None:
    written = pl.Series([f"{value // 100}.{value % 100:02}" for value in cents])
    assert columns.minor_units(written, PLACE, per_major=100, rounded=False).to_list() == cents


def test_the_handbooks_own_floats_are_whole_cents() -> None:
    found = pl.Series([57.16 * 5, 0.1 + 0.2, 146.0])
    made = columns.minor_units(found, PLACE, per_major=100, rounded=False)
    assert made.to_list() == [285_80, 30, 146_00]


def test_a_fraction_of_a_cent_is_refused_or_rounded_half_to_even() -> None:
    found = pl.Series([1.0, 0.125])
    with pytest.raises(FileInvalid, match=r"f\.csv, row 12, column theirs: expected a whole"):
        columns.minor_units(found, PLACE, per_major=100, rounded=False)
    made = columns.minor_units(found, PLACE, per_major=100, rounded=True)
    assert made.to_list() == [100, 12]


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf", "12,50", "€5", "1e999"])
def test_an_amount_that_is_no_number_is_named(bad: str) -> None:
    with pytest.raises(FileInvalid, match="row 13, column theirs: expected a finite number"):
        columns.minor_units(pl.Series(["1", "2", bad]), PLACE, per_major=100, rounded=False)


@pytest.mark.parametrize(
    ("found", "unit"),
    [
        (pl.Series([MOMENT]), "ms"),
        (pl.Series([MOMENT.replace(tzinfo=UTC)]), "s"),
        (pl.Series([MOMENT_MS]), "ms"),
        (pl.Series([float(MOMENT_MS)]), "ms"),
        (pl.Series([MOMENT_MS * 1_000 + 999]), "us"),
        (pl.Series([str(MOMENT_MS)]), "ms"),
        (pl.Series(["2018-04-01 00:00:31.250"]), "ms"),
        (pl.Series(["2018-04-01T00:00:31.250Z"]), "ms"),
        (pl.Series(["2018-04-01T02:00:31.250+02:00"]), "s"),
    ],
)
def test_times_become_utc_milliseconds(found: pl.Series, unit: str) -> None:
    assert columns.times(found, PLACE, unit=unit).to_list() == [MOMENT_MS]


def test_dates_seconds_and_zones() -> None:
    day = pl.Series([MOMENT.date()])
    assert columns.times(day, PLACE, unit="ms").to_list() == [1_522_540_800_000]
    assert columns.times(pl.Series([5]), PLACE, unit="s").to_list() == [5_000]
    zoned = pl.Series([MOMENT.replace(tzinfo=UTC)]).dt.convert_time_zone("Asia/Tokyo")
    assert columns.times(zoned, PLACE, unit="ms").to_list() == [MOMENT_MS]


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1)), st.integers(-720, 720))
def test_written_times_equal_the_moment(naive: datetime, minutes: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert columns.times(pl.Series([moment.isoformat()]), PLACE, unit="ms").to_list() == [expected]


@pytest.mark.parametrize("bad", ["yesterday", "01/04/2018", "2018-13-01", "-"])
def test_a_time_that_is_none_is_named(bad: str) -> None:
    with pytest.raises(FileInvalid, match="row 11, column theirs: expected an ISO 8601 time"):
        columns.times(pl.Series([bad, None]), PLACE, unit="ms")


@pytest.mark.parametrize(
    ("cell", "unit"),
    [("9" * 20, "ms"), ("9" * 5_000, "ms"), ("9" * 17, "s"), (9 * 10**16, "s"), (-(2**60), "s")],
)
def test_a_number_beyond_all_times_is_named(cell: object, unit: str) -> None:
    """A time in nanoseconds that is mapped as seconds must not wrap around to another moment."""
    with pytest.raises(FileInvalid, match=rf"row 11, column theirs: .* {unit} since 1970"):
        columns.times(pl.Series([cell]), PLACE, unit=unit)
    lenient = Place("f.csv", "theirs", first_row=11, strict=False)
    assert columns.times(pl.Series([cell]), lenient, unit=unit).to_list() == [None]


def test_flags() -> None:
    assert columns.flags(pl.Series(["Yes", "0", None, "TRUE"]), PLACE).to_list() == [
        *(True, False, None, True)
    ]
    assert columns.flags(pl.Series([1, 0]), PLACE).to_list() == [True, False]
    with pytest.raises(FileInvalid, match="row 12"):
        columns.flags(pl.Series(["1", "maybe"]), PLACE)


def test_integers_refuse_fractions() -> None:
    assert columns.integers(pl.Series([1.0, None]), PLACE).to_list() == [1, None]
    with pytest.raises(FileInvalid, match="row 12"):
        columns.integers(pl.Series([1.0, 1.5]), PLACE)
    with pytest.raises(FileInvalid, match="row 12"):
        columns.integers(pl.Series(["1", "1.5"]), PLACE)


def test_a_cell_with_a_card_number_is_masked_in_the_error() -> None:
    with pytest.raises(FileInvalid) as caught:
        columns.integers(pl.Series(["4111 1111 1111 1111"]), PLACE)
    assert "4111 1111" not in str(caught.value)
