"""How the columns of somebody else's file become our fields: data, from a dict or a YAML file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from producers.errors import FileInvalid


class ColumnMapping(BaseModel):
    """Where each of our fields comes from in a file; a column named as our field needs no entry.

    `columns` maps our field to their column; the field `amount` is in major units and becomes
    `amount_minor`. `constants` fill a field in every row. `attributes` maps a signal's name to
    its column. `values` translates a field's texts. Numeric times are in `time_unit`; texts are
    ISO 8601, taken as UTC where they name no zone. Amounts that are not whole minor units are
    refused unless `round_amounts`. Labels without `observed_at` get the time of their
    transaction plus `label_delay_days`.

    >>> ColumnMapping(columns={"amount": "TX_AMOUNT"}, constants={"currency": "EUR"}).time_unit
    'ms'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: Mapping[str, str] = Field(default_factory=dict)
    constants: Mapping[str, str | int | bool | None] = Field(default_factory=dict)
    attributes: Mapping[str, str] = Field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    minor_units: PositiveInt = 100
    round_amounts: bool = False
    time_unit: Literal["s", "ms", "us"] = "ms"
    label_delay_days: float = Field(default=7.0, ge=0, allow_inf_nan=False)
    delimiter: str = Field(default=",", min_length=1, max_length=1)


class FileMapping(BaseModel):
    """The mappings of a publication: of its transactions and, where given, of its labels.

    A `labels` mapping without a file of labels says that they are columns of the transactions'
    file.

    >>> FileMapping.load({"transactions": {"columns": {"card_id": "cc"}}}).transactions.columns
    {'card_id': 'cc'}
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    transactions: ColumnMapping = ColumnMapping()
    labels: ColumnMapping | None = None

    @classmethod
    def load(cls, source: "FileMapping | Mapping[str, Any] | Path | None") -> "FileMapping":
        """Return the mapping of a dict or YAML file: `transactions` and `labels`, or the former's.

        Raises `FileInvalid` for what is no mapping, naming the wrong entry.
        """
        if isinstance(source, FileMapping):
            return source
        content = _content(source) if isinstance(source, Path) else dict(source or {})
        nested = content.keys() <= cls.model_fields.keys()
        try:
            return cls.model_validate(content if nested else {"transactions": content})
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            name = source if isinstance(source, Path) else "mapping"
            raise FileInvalid(f"{name}: {place}: {first['msg']}", came=first["input"]) from None


def _content(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FileInvalid(f"{path}: expected a readable YAML file: {error}") from error
    if not isinstance(content, dict):
        raise FileInvalid(f"{path}: expected a mapping, got {type(content).__name__}")
    return content
