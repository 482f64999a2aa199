"""Whether a record from outside may enter: one compiled check, errors with the dead letter's code.

The rules are the annotations of `schemas.events`; pydantic's compiled validator runs them over the
plain dictionary, strictly: no text becomes a number, no fraction is cut off an amount.
"""

from collections.abc import Callable
from typing import Any, NotRequired

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict  # pydantic needs this one before Python 3.12

from schemas.control_events import Command
from schemas.errors import (
    EventError,
    InvalidAmount,
    InvalidField,
    MissingRequiredField,
    PanDetected,
    SchemaInvalid,
    UnknownCurrency,
)
from schemas.events import Label, Transaction
from schemas.pan import holds_pan
from schemas.parts import Published

Record = dict[str, Any]


def _validator(event: type[Published]) -> Callable[[Record], None]:
    name, check = event.schema_name, _compiled(event)

    def validate(record: Record) -> None:
        try:
            check(record, strict=True)
        except ValidationError as error:
            raise _first(name, error) from None
        if holds_pan(record):
            raise PanDetected(name, expected="tokens, no card numbers", came=_suspects(record))

    return validate


def _compiled(event: type[Published]) -> Callable[..., Record]:
    """The model's rules over a dictionary: four times as fast as building the model."""
    rules: dict[str, Any] = {}
    for name, field in event.model_fields.items():
        rule: Any = field.rebuild_annotation()
        rules[name] = rule if field.is_required() else NotRequired[rule]
    shape = TypedDict(event.__name__, rules)  # type: ignore[misc]  # built from the model's fields
    return TypeAdapter(shape).validator.validate_python


def _first(name: str, error: ValidationError) -> EventError:
    """The worst finding: what is missing goes before what is wrong."""
    found = [_as_error(name, detail) for detail in error.errors(include_url=False)]
    return next((one for one in found if isinstance(one, MissingRequiredField)), found[0])


def _as_error(name: str, detail: ErrorDetails) -> EventError:
    where = ".".join([name, *map(str, detail["loc"])])
    kind, came, column = detail["type"], detail["input"], (*detail["loc"], "")[0]
    if kind == "missing":
        return MissingRequiredField(where, expected="a value, the field is absent")
    if not detail["loc"]:
        return SchemaInvalid(where, expected="a record", came=came)
    return _class(str(column), kind, came)(where, expected=_said(detail["msg"]), came=came)


def _class(column: str, kind: str, came: object) -> type[EventError]:
    required = column in _REQUIRED
    if required and (came is None or kind == "string_too_short"):
        return MissingRequiredField
    if column == "amount_minor":
        return InvalidAmount
    return UnknownCurrency if column == "currency" else InvalidField


def _said(message: str) -> str:
    return message.removeprefix("Input should be ").removeprefix("String should ")


def _suspects(record: Record) -> list[str]:
    return [key for key, value in record.items() if holds_pan({key: value})]


_REQUIRED = {
    name
    for event in (Transaction, Label, Command)
    for name, field in event.model_fields.items()
    if field.is_required()
}

validate_transaction = _validator(Transaction)
"""Raises the EventError of the first rule that a transaction's record breaks.

>>> validate_transaction({"transaction_id": "t", "card_id": "c", "terminal_id": "m",
...                       "event_time": 0, "amount_minor": 5, "currency": "EUR"})
"""
validate_label = _validator(Label)
validate_command = _validator(Command)
