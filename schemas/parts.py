"""What events are made of: their base, and the small records that stand in several of them."""

from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from schemas.fields import Int32, Int64
from schemas.pan import holds_pan


class Event(BaseModel):
    """Base of every event and of the records in them.

    Errors do not repeat the input, which may hold what must not be logged.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, protected_namespaces=())
    schema_name: ClassVar[str]

    def record(self) -> dict[str, Any]:
        """The event as the codec and `models/` take it."""
        return self.model_dump()

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        """The event of a decoded record; pydantic's ValidationError where it does not fit."""
        return cls.model_validate(record)


class Published(Event):
    """An event that comes from outside: no field of it may hold a card number."""

    @model_validator(mode="after")
    def _no_pan(self) -> Self:
        if holds_pan(self.__dict__):
            raise PydanticCustomError("pan", "a card number stands in a field")
        return self


class Source(Event):
    """Where a record came from."""

    schema_name = "source"
    stage: str
    partition: Int32
    offset: Int64


class VersionRef(Event):
    """A model or ruleset by name and version."""

    schema_name = "version_ref"
    name: str
    version: Int64


class ControlShare(Event):
    """Which of the model's declines are let through."""

    schema_name = "control_share"
    share: float
    seed: Int64


class DriftDay(Event):
    """What a partition, or a segment in it, held on one day, packed."""

    schema_name = "drift_day"
    day: Int64
    counts: bytes
    segment: str = ""


class Reason(Event):
    """Why, for a person."""

    schema_name = "reason"
    code: str
    text: str
