"""Which of a file's columns are our fields: guesses by name and by the first rows' values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from producers.survey import ATTRIBUTE
from producers.tables import batches
from schemas.pan import find_pan, mask_text
from streams.starter.synonyms import LABEL, TELLING, TRANSACTION, plain

SAMPLE = 1_000  # rows looked at
REQUIRED = ("transaction_id", "card_id", "terminal_id", "event_time")
_SHOWN = 40
_DELIMITERS = ",;\t|"
_MS, _US = 10**11, 10**14  # larger numbers are milliseconds, microseconds since 1970
_CENT = 1e-3  # of a minor unit: what producers.columns takes for whole


@dataclass
class Guess:
    """Our field -> their column, and what the values say. `notes` are by our field."""

    transactions: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    signals: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    time_unit: str = "ms"
    round_amounts: bool = False
    delimiter: str = ","
    samples: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def guess(path: Path) -> Guess:
    """Look at a file's header and first rows.

    Raises `FileInvalid` for a file that is neither CSV nor Parquet.
    """
    delimiter = _delimiter(path)
    found = next(iter(batches(path, delimiter=delimiter)), pl.DataFrame()).head(SAMPLE)
    made = Guess(delimiter=delimiter)
    made.samples = {series.name: _sample(series) for series in found}
    taken: set[str] = set()
    made.transactions = _named(found.columns, TRANSACTION, taken)
    if "amount_minor" in made.transactions:
        taken.discard(made.transactions.pop("amount", ""))
    made.labels = _named(found.columns, LABEL, taken)
    _judge(made, found)
    rest = [series for series in found if series.name not in taken]
    made.signals = [s.name for s in rest if _is_signal(s)]
    made.unused = [s.name for s in rest if s.name not in made.signals]
    return made


def _delimiter(path: Path) -> str:
    if path.suffix.lower() != ".csv":
        return ","
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    return max(_DELIMITERS, key=header.count)


def _named(
    columns: list[str], synonyms: dict[str, tuple[str, ...]], taken: set[str]
) -> dict[str, str]:
    """Each column once; the better a name, the sooner it is taken."""
    found = {}
    for ours, names in synonyms.items():
        ranked = {plain(column): column for column in reversed(columns) if column not in taken}
        best = next((ranked[name] for name in names if name in ranked), None)
        if best is not None:
            found[ours] = best
            taken.add(best)
    return found


def _sample(series: pl.Series) -> str:
    known = series.drop_nulls()
    text = mask_text(str(known[0])) if len(known) else "empty"
    return one_line(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def one_line(text: str) -> str:
    """A text fit for a YAML comment: a line's end or a control character would end it.

    >>> one_line("two\\nlines\\x07")
    'two lines '
    """
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _judge(made: Guess, found: pl.DataFrame) -> None:
    theirs = made.transactions
    if "event_time" in theirs:
        _judge_time(made, found[theirs["event_time"]])
    if "amount" in theirs:
        amounts = found[theirs["amount"]].cast(pl.Float64, strict=False) * 100
        made.round_amounts = bool(((amounts - amounts.round()).abs() > _CENT).any())
    for ours in ("card_id", "transaction_id"):
        if ours in theirs and any(map(find_pan, _texts(found[theirs[ours]]))):
            made.notes[ours] = "LOOKS LIKE CARD NUMBERS: they are refused; tokenise them first"


def _judge_time(made: Guess, series: pl.Series) -> None:
    numbers = series.cast(pl.Float64, strict=False) if _is_number(series) else None
    largest = None if numbers is None else numbers.max()
    if not isinstance(largest, float):
        return
    made.time_unit = "us" if largest > _US else "ms" if largest > _MS else "s"
    if largest < _MS / 1_000:
        made.notes["event_time"] = (
            f"numbers up to {largest:.0f}: not seconds since 1970? Then the calendar is wrong "
            "(weekends, nights), and all else is right if they count seconds"
        )


def _is_number(series: pl.Series) -> bool:
    if series.dtype == pl.String:
        made = series.cast(pl.Float64, strict=False)
        return len(made.drop_nulls()) == len(series.drop_nulls()) > 0
    return series.dtype.is_numeric()


def _is_signal(series: pl.Series) -> bool:
    telling = any(word in plain(series.name) for word in TELLING)
    return _is_number(series) and not telling and not series.name.startswith(ATTRIBUTE)


def _texts(series: pl.Series) -> list[str]:
    return series.drop_nulls().cast(pl.String, strict=False).drop_nulls().to_list()
