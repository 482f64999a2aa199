"""Files of others to the contract's records: mapping, batches, resuming, errors that say where."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from producers.errors import FileInvalid
from producers.files import read_labels, read_transactions
from producers.mapping import ColumnMapping, FileMapping
from producers.source import Position, Source
from producers.tables import BATCH_ROWS, count_rows
from schemas.events import Label, Transaction
from schemas.validation import validate_label, validate_transaction

ROWS = 2 * BATCH_ROWS + 5
THEIRS = ColumnMapping(
    columns={
        "transaction_id": "TRANSACTION_ID",
        "card_id": "CUSTOMER_ID",
        "terminal_id": "TERMINAL_ID",
        "event_time": "TX_DATETIME",
        "amount": "TX_AMOUNT",
        "label": "TX_FRAUD",
    },
    constants={"currency": "EUR"},
    attributes={"velocity": "V1"},
    label_delay_days=7,
)


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    row = pl.int_range(0, ROWS, eager=True)
    start = pl.datetime(2018, 4, 1, time_unit="ms")
    return pl.DataFrame({"TRANSACTION_ID": row}).select(
        "TRANSACTION_ID",
        CUSTOMER_ID=row % 7,
        TERMINAL_ID=row % 11,
        TX_DATETIME=start + pl.duration(seconds=row),
        TX_AMOUNT=row / 100,
        TX_FRAUD=(row % 100 == 0).cast(pl.Int64),
        V1=pl.when(row % 2 == 0).then(row * 0.5),
    )


@pytest.fixture(scope="module")
def files(frame: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("files")
    frame.write_csv(folder / "theirs.csv")
    frame.write_parquet(folder / "theirs.parquet", row_group_size=1_000)
    return [folder / "theirs.csv", folder / "theirs.parquet"]


def written(tmp_path: Path, text: str) -> Path:
    (tmp_path / "bad.csv").write_text(text, encoding="utf-8")
    return tmp_path / "bad.csv"


def test_csv_and_parquet_give_the_same_records(files: list[Path]) -> None:
    from_csv, from_parquet = (list(read_transactions(file, THEIRS)) for file in files)
    assert from_csv == from_parquet
    assert len(from_csv) == ROWS == count_rows(files[0]) == count_rows(files[1])
    assert list(from_csv[0]) == list(Transaction.model_fields)
    assert from_csv[123] | {"attributes": None} == {
        **dict.fromkeys(Transaction.model_fields),
        "transaction_id": "123",
        "card_id": "4",
        "terminal_id": "2",
        "event_time": 1_522_540_800_000 + 123_000,
        "amount_minor": 123,
        "currency": "EUR",
        "message_type": "0100",
    }
    assert [record["attributes"] for record in from_csv[123:125]] == [
        {"velocity": None},
        {"velocity": 62.0},
    ]
    validate_transaction(from_csv[123])


def test_labels_of_the_same_file(files: list[Path]) -> None:
    from_csv, from_parquet = (list(read_labels(file, THEIRS)) for file in files)
    assert from_csv == from_parquet
    assert list(from_csv[0]) == list(Label.model_fields)
    assert [record["label"] for record in from_csv[99:101]] == ["LEGITIMATE", "FRAUD"]
    assert from_csv[1]["observed_at"] - from_csv[1]["event_time"] == 7 * 86_400_000
    assert len({record["label_id"] for record in from_csv}) == ROWS
    validate_label(from_csv[0])


@pytest.mark.parametrize("skip", [0, 1, BATCH_ROWS, ROWS - 1, ROWS, ROWS + 10])
def test_skipping_gives_the_rest(files: list[Path], skip: int) -> None:
    for file in files:
        rest = [record["transaction_id"] for record in read_transactions(file, THEIRS, skip=skip)]
        assert rest == [str(n) for n in range(skip, ROWS)]


def test_a_source_resumes_where_it_was(files: list[Path]) -> None:
    source = Source.open(files[1], FileMapping(transactions=THEIRS, labels=THEIRS))
    arrivals = list(source.arrivals())
    assert len(arrivals) == 2 * ROWS
    at = ROWS + 777  # in the middle of the labels, which begin 7 days later: all transactions done
    assert list(source.arrivals(Position(ROWS, 777))) == arrivals[at:]


def test_a_folder_is_its_two_files(tmp_path: Path, frame: pl.DataFrame) -> None:
    frame.write_csv(tmp_path / "transactions.csv")
    assert Source.open(tmp_path).labels is None
    frame.write_parquet(tmp_path / "labels.parquet")
    source = Source.open(tmp_path)
    assert (source.transactions.name, source.labels) == (
        "transactions.csv",
        tmp_path / "labels.parquet",
    )
    with pytest.raises(FileInvalid, match=r"transactions\.parquet"):
        Source.open(_empty(tmp_path))


def _empty(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


HEADER = "transaction_id,card_id,terminal_id,event_time,amount,currency\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "1,c,t,5,1.00,EUR\n2,c,t,x,1.00,EUR\n", r"row 2, column event_time.*got 'x'"),
        (HEADER + "1,c,t,5,1.00,EUR\n2,c,t,5,abc,EUR\n", r"row 2, column amount.*got 'abc'"),
        (HEADER + "1,c,t,5,1.00,EUR\n2,,t,5,1.00,EUR\n", r"row 2, column card_id.*a value"),
        (HEADER + "1,c,t,5,,EUR\n", r"row 1, column amount.*a value"),
        (HEADER + "1,c,t,5,1.00\n", r"row 1: expected 6 cells, got 5"),
        (HEADER + '1,c,t,5,1.00,"EUR\n', r"row 1: "),
        ("transaction_id,card_id\n1,2\n", r"expected a column terminal_id"),
        ("a,a\n1,2\n", r"distinct names"),
        ("", r"a header"),
    ],
)
def test_a_bad_csv_says_where(tmp_path: Path, text: str, message: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(FileInvalid, match=rf"(?s)bad\.csv.*{message}"):
        list(read_transactions(file))


def test_a_bad_row_in_a_late_batch_has_its_own_number(tmp_path: Path) -> None:
    good = "1,c,t,5,1.00,EUR\n" * (BATCH_ROWS + 10)
    file = written(tmp_path, HEADER + good + "1,c,t,5,bad,EUR\n")
    with pytest.raises(FileInvalid, match=f"row {BATCH_ROWS + 11}, column amount"):
        list(read_transactions(file))
    with pytest.raises(FileInvalid, match=f"row {BATCH_ROWS + 11}, column amount"):
        list(read_transactions(file, skip=BATCH_ROWS + 2))


def test_an_unknown_label_is_named(tmp_path: Path) -> None:
    text = "transaction_id,card_id,label,event_time\n1,c,FRAUD,5\n2,c,dubious,5\n"
    with pytest.raises(FileInvalid, match=r"row 2, column label: expected one of FRAUD"):
        list(read_labels(written(tmp_path, text)))
    mapping = ColumnMapping(values={"label": {"dubious": "INCONCLUSIVE"}})
    assert [label["label"] for label in read_labels(tmp_path / "bad.csv", mapping)] == [
        *("FRAUD", "INCONCLUSIVE")
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.parquet", b"PAR1 nothing"), ("x.csv", b"\xff\xfe,a\n"), ("x.txt", b"")],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileInvalid, match=name):
        list(read_transactions(tmp_path / name))
    with pytest.raises(FileInvalid, match="no such file"):
        list(read_transactions(tmp_path / "absent.csv"))


@pytest.mark.parametrize(
    ("text", "rows"), [("a,b\n", 0), ("a,b", 0), ("a\n1\n2\n", 2), ("a\n1\n2", 2), ("", 0)]
)
def test_lines_are_counted(tmp_path: Path, text: str, rows: int) -> None:
    assert count_rows(written(tmp_path, text)) == rows


def test_a_mapping_comes_from_yaml_or_a_dict(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text("columns: {amount: TX_AMOUNT}\nconstants:\n  currency: EUR\n")
    expected = FileMapping(
        transactions=ColumnMapping(columns={"amount": "TX_AMOUNT"}, constants={"currency": "EUR"})
    )
    assert FileMapping.load(file) == expected
    assert FileMapping.load({"transactions": expected.transactions.model_dump()}) == expected
    assert FileMapping.load(None) == FileMapping()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("columns: 5", "columns"),
        ("colums: {}", "colums"),
        ("time_unit: weeks", "time_unit"),
        ("- a", "a mapping"),
        ("{", "YAML"),
        ("minor_units: 0", "minor_units"),
    ],
)
def test_a_bad_mapping_names_its_entry(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(content)
    with pytest.raises(FileInvalid, match=rf"m\.yaml.*{message}"):
        FileMapping.load(file)


def test_parquet_nan_is_a_missing_attribute(tmp_path: Path) -> None:
    row: dict[str, Any] = {"transaction_id": 1, "card_id": "c", "terminal_id": "t", "event_time": 5}
    frame = pl.DataFrame([row | {"amount_minor": 5, "currency": "EUR", "v": float("nan")}])
    frame.write_parquet(tmp_path / "n.parquet")
    mapping = ColumnMapping(attributes={"v": "v"})
    found = next(read_transactions(tmp_path / "n.parquet", mapping))
    assert found["attributes"] == {"v": None}
