"""A file is read whole, and what is wrong in it is counted by column."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from producers import tables
from producers.errors import FileInvalid
from producers.mapping import ColumnMapping
from producers.survey import ColumnFound, Survey, survey

PAN = "4111111111111111"
MAPPING = ColumnMapping(
    columns={"transaction_id": "id", "amount": "amt"}, constants={"currency": "EUR"},
    attributes={"risk": "r"},
)  # fmt: skip
ROWS = f"""id,card_id,terminal_id,event_time,amt,r,notes
t1,c1,m1,2024-01-01T00:00:00,1.50,0.5,fine
t2,,m1,2024-01-01T00:00:01,much,,card {PAN}
,c2,m2,soon,2.00,low,
t4,{PAN},m2,2024-01-01T00:00:03,inf,1,
"""


def found(tmp_path: Path) -> Survey:
    file = tmp_path / "rows.csv"
    file.write_text(ROWS)
    return survey(file, MAPPING, "transaction")


def by_name(read: Survey) -> dict[str, ColumnFound]:
    return {column.name: column for column in read.columns}


def test_what_is_wrong_is_counted_by_column(tmp_path: Path) -> None:
    columns = by_name(found(tmp_path))
    assert {name: column.missing for name, column in columns.items()} == {
        "id": 1, "card_id": 1, "terminal_id": 0, "event_time": 0, "amt": 0, "r": 1, "notes": 2,
    }  # fmt: skip
    assert {name: c.unreadable for name, c in columns.items() if c.unreadable} == {
        "event_time": 1, "amt": 2, "r": 1,
    }  # fmt: skip
    assert {name: c.pan_shaped for name, c in columns.items() if c.pan_shaped} == {
        "card_id": 1, "notes": 1,
    }  # fmt: skip


def test_no_card_number_is_shown(tmp_path: Path) -> None:
    columns = by_name(found(tmp_path))
    assert columns["notes"].masked == "card ************1111"
    assert PAN not in repr([column.masked for column in columns.values()])


def test_columns_name_what_they_become(tmp_path: Path) -> None:
    columns = by_name(found(tmp_path))
    assert {name: column.fields for name, column in columns.items()} == {
        "id": ("transaction_id",), "card_id": ("card_id",), "terminal_id": ("terminal_id",),
        "event_time": ("event_time",), "amt": ("amount",), "r": ("attributes.risk",), "notes": (),
    }  # fmt: skip


def test_the_table_has_nulls_for_what_was_not_there(tmp_path: Path) -> None:
    table = found(tmp_path).table
    assert table["amount_minor"].to_list() == [150, None, 200, None]
    assert table["transaction_id"].to_list() == ["t1", "t2", None, "t4"]
    assert table["event_time"].null_count() == 1
    assert table["attributes.risk"].to_list() == [0.5, None, None, 1.0]
    assert table["currency"].unique().to_list() == ["EUR"]


def test_batches_are_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found(tmp_path)
    monkeypatch.setattr(tables, "BATCH_ROWS", 1)
    seen: list[int] = []
    parts = survey(tmp_path / "rows.csv", MAPPING, "transaction", seen.append)
    assert parts.table.equals(whole.table)
    assert parts.columns == whole.columns
    assert seen == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("number", "suspicious"),
    [(int(PAN), 1), (1_700_000_000_000, 0), (1_700_000_000_000_000, 0), (378282246310005, 1)],
)
def test_card_numbers_stored_as_integers(tmp_path: Path, number: int, suspicious: int) -> None:
    file = tmp_path / "rows.parquet"
    pl.DataFrame(
        {"transaction_id": ["t"], "card_id": [number], "terminal_id": ["m"], "event_time": [1],
         "amount_minor": [1], "currency": ["EUR"]}
    ).write_parquet(file)  # fmt: skip
    assert by_name(survey(file, ColumnMapping(), "transaction"))["card_id"].pan_shaped == suspicious


def test_the_digits_of_a_fraction_are_no_card_number(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    # The fraction's digits pass Luhn's check.
    file.write_text(ROWS.replace("1.50", "57.4111111111111111"))
    columns = by_name(survey(file, MAPPING, "transaction"))
    assert columns["amt"].pan_shaped == 0
    assert columns["notes"].pan_shaped == 1


def test_labels_get_what_the_file_lacks(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(
        "transaction_id,card_id,event_time,label\nt1,c,1700000000000,1\nt2,c,1700000000000,eh\n"
    )
    read = survey(file, ColumnMapping(label_delay_days=2), "label")
    assert read.table["label"].to_list() == ["FRAUD", None]
    assert read.table["source"].to_list() == ["ISSUER", "ISSUER"]
    assert by_name(read)["label"].unreadable == 1


def test_a_required_column_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("id\nt1\n")
    with pytest.raises(FileInvalid, match="a column card_id"):
        survey(file, MAPPING, "transaction")


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("id,card_id\n")
    assert len(survey(file, MAPPING, "transaction").table) == 0
