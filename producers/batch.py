"""A batch of rows as found in a file, asked for the contract's fields one at a time."""

from dataclasses import dataclass

import polars as pl

from producers import columns
from producers.columns import Place
from producers.errors import FileInvalid
from producers.fields import FieldSpec
from producers.mapping import ColumnMapping

# What nearly every public fraud data set calls its two classes.
_CLASSES = {"1": "FRAUD", "0": "LEGITIMATE", "true": "FRAUD", "false": "LEGITIMATE"}


@dataclass(frozen=True)
class Batch:
    """Rows as found, how their columns map, and where they stand in which file.

    Where it is not `strict`, a cell that is missing or of another type is null, not an error.
    """

    found: pl.DataFrame
    mapping: ColumnMapping
    file: str
    first_row: int
    strict: bool = True

    def has(self, field: str) -> bool:
        """Return whether the file or its mapping says anything about a field."""
        mapped = field in self.mapping.constants or field in self.mapping.columns
        return mapped or field in self.found.columns

    def field(self, spec: FieldSpec) -> pl.Series:
        """Return a field's column in the contract's type, under the contract's name.

        Raises `FileInvalid` for a missing column or value and for a cell of another type.
        """
        if spec.name == "amount_minor" and self.has("amount"):
            return self._required(self._amounts(), spec, "amount")
        if not self.has(spec.name) and not spec.required:
            return pl.repeat(spec.default, len(self.found), eager=True).alias(spec.name)
        return self._required(self._converted(spec), spec, spec.name)

    def number(self, name: str, column: str) -> pl.Series:
        """Return a column as an attribute of floats; NaN is a value that was not measured."""
        found = self._column(column)
        known = found.fill_nan(None) if found.dtype.is_float() else found
        return columns.numbers(known, self._place(column)).alias(name)

    def _amounts(self) -> pl.Series:
        found, place = self._source("amount")
        per_major, rounded = self.mapping.minor_units, self.mapping.round_amounts
        return columns.minor_units(found, place, per_major=per_major, rounded=rounded)

    def _converted(self, spec: FieldSpec) -> pl.Series:
        found, place = self._source(spec.name)
        match spec.kind:
            case "time":
                return columns.times(found, place, unit=self.mapping.time_unit)
            case "integer":
                return columns.integers(found, place)
            case "flag":
                return columns.flags(found, place)
            case "text":
                return self._translated(columns.texts(found, place), spec, place)

    def _translated(self, made: pl.Series, spec: FieldSpec, place: Place) -> pl.Series:
        values = self.mapping.values.get(spec.name) or (_CLASSES if spec.name == "label" else {})
        ours = made.replace(values) if values else made
        return columns.one_of(ours, place, spec.symbols) if spec.symbols else ours

    def _required(self, made: pl.Series, spec: FieldSpec, source: str) -> pl.Series:
        if self.strict and made.null_count() and spec.required:
            place = self._place(self.mapping.columns.get(source, source))
            raise place.error(made.is_null().arg_max() or 0, "a value", None)
        whole = made if spec.default is None else made.fill_null(spec.default)
        return whole.alias(spec.name)

    def _source(self, field: str) -> tuple[pl.Series, Place]:
        if field in self.mapping.constants:
            value = self.mapping.constants[field]
            return pl.repeat(value, len(self.found), eager=True), self._place(f"{field} (constant)")
        column = self.mapping.columns.get(field, field)
        return self._column(column), self._place(column)

    def _column(self, name: str) -> pl.Series:
        if name not in self.found.columns:
            known = ", ".join(self.found.columns)
            raise FileInvalid(
                f"{self.file}", expected=f"a column {name}", came=known,
                todo="Say in a --mapping which column it is; `fraud init --from FILE` guesses one.",
            )  # fmt: skip
        return self.found[name]

    def _place(self, column: str) -> Place:
        return Place(self.file, column, self.first_row, self.strict)
