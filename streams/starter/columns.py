"""The column mapping as a YAML file with a comment beside every line that was guessed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from streams.starter.guess import REQUIRED, Guess, one_line
from streams.starter.synonyms import TRANSACTION

_HEAD = """\
# How the columns of {file} become our fields: every line is a guess, check it.
# Then: fraud profile {file} --mapping columns.yaml
"""
_EMPTY = """\
# How the columns of your file become our fields. A column that is named as our field needs no line.
# `fraud init --from FILE` guesses these lines from a CSV or Parquet file.
transactions:
  columns: {}
  #  transaction_id: TX_ID        # ours: theirs
  #  card_id: CARD_TOKEN          # a token: what looks like a card number is refused
  #  terminal_id: TERMINAL_ID
  #  event_time: TX_DATETIME      # ISO 8601 or numbers in time_unit since 1970, UTC
  #  amount: TX_AMOUNT            # in major units (12.50); or amount_minor, in cents
  # constants: {currency: EUR}    # the same in every row
  # attributes: {device_risk: DEVICE_RISK}  # numeric signals of your own
  # time_unit: s                  # s, ms or us
"""


def text(found: Guess | None, file: str) -> str:
    """The YAML file; without a guess one that maps nothing.

    >>> text(None, "").splitlines()[2]
    'transactions:'
    """
    if found is None:
        return _EMPTY
    lines = [_HEAD.format(file=Path(file).name).rstrip(), *_transactions(found)]
    lines += _labels(found)
    return "\n".join(lines) + "\n"


def _transactions(found: Guess) -> Iterator[str]:
    yield "transactions:"
    yield from _columns(found, found.transactions)
    for ours in REQUIRED:
        if ours not in found.transactions:
            yield f"    # {ours}: ???  # REQUIRED, and no column looks like it"
    if not found.transactions.keys() & {"amount", "amount_minor"}:
        yield "    # amount: ???  # REQUIRED: 12.50; or amount_minor, in cents"
    absent = [n for n in TRANSACTION if n not in {*found.transactions, *REQUIRED, "amount_minor"}]
    yield f"    # no column looks like: {', '.join(absent)}"
    if "currency" not in found.transactions:
        yield "  constants:"
        yield "    currency: EUR  # no column looks like it: the same in every row"
    yield from _signals(found)
    yield from _settings(found)


def quoted(name: str) -> str:
    """A name as YAML reads it back, whatever is in it.

    >>> quoted("TX_ID"), quoted("two\\nlines")
    ('"TX_ID"', '"two\\\\nlines"')
    """
    return str(yaml.safe_dump(name, default_style='"', width=1_000_000)).rstrip()


def _columns(found: Guess, chosen: dict[str, str]) -> Iterator[str]:
    yield "  columns:" if chosen else "  columns: {}"
    for ours, theirs in chosen.items():
        note = f"; {found.notes[ours]}" if ours in found.notes else ""
        yield f"    {ours}: {quoted(theirs)}  # such as {found.samples[theirs]}{note}"


def _signals(found: Guess) -> Iterator[str]:
    if found.signals:
        yield "  # attributes:  # numeric signals: published with the transaction, by name"
        yield from (
            f"  #   {quoted(name)}: {quoted(name)}  # such as {found.samples[name]}"
            for name in found.signals
        )
    if found.unused:
        yield f"  # not used: {', '.join(map(one_line, found.unused))}"


def _settings(found: Guess) -> Iterator[str]:
    if found.time_unit != "ms":
        yield f"  time_unit: {found.time_unit}  # of numeric times, since 1970, UTC"
    if found.round_amounts:
        yield "  round_amounts: true  # some amounts are no whole cents"
    if found.delimiter != ",":
        yield f"  delimiter: {quoted(found.delimiter)}"


def _labels(found: Guess) -> Iterator[str]:
    if "label" not in found.labels:
        yield "# labels:  # no column looks like the answer; name a file of labels by --labels"
        return
    shared = ("transaction_id", "card_id", "terminal_id", "event_time")
    same = {name: found.transactions[name] for name in shared if name in found.transactions}
    yield "labels:  # columns of the same file; 1 and true are FRAUD, 0 and false LEGITIMATE"
    yield from _columns(found, same | found.labels)
    if "observed_at" not in found.labels:
        yield "  label_delay_days: 7  # no column says when a label came: so long after"
    yield from _settings(found)
