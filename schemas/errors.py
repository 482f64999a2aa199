"""The error tree: every error names a code, and says whether trying again can help.

```text
FraudStreamsError
├── EventError                 one record cannot be processed: it becomes a dead letter with .code
│   ├── SchemaInvalid          SCHEMA_INVALID            bytes are not what their schema says
│   ├── UnknownFingerprint     UNKNOWN_FINGERPRINT       no schema of ours wrote them
│   ├── MissingRequiredField   MISSING_REQUIRED_FIELD    absent, null or empty
│   ├── InvalidAmount          INVALID_AMOUNT            NaN, infinite, negative, absurd, no integer
│   ├── UnknownCurrency        UNKNOWN_CURRENCY          not in ISO 4217
│   ├── InvalidField           INVALID_FIELD             any other field that is not as declared
│   ├── Future                 FUTURE                    event time beyond arrival
│   ├── TooLate                TOO_LATE                  older than the allowed lateness
│   ├── PanDetected            PAN_DETECTED              a card number where a token belongs
│   ├── KeyMismatch            KEY_MISMATCH              the record's key is not its entity
│   ├── ConflictingDuplicate   CONFLICTING_DUPLICATE     one id, two contents
│   ├── OrphanLabel            ORPHAN_LABEL              a label whose transaction never came
│   ├── ProcessingFailed       PROCESSING_FAILED         our own fault
│   └── TooLarge               TOO_LARGE                 more than a topic takes
├── IncompatibleSchema         INCOMPATIBLE_SCHEMA       a schema cannot read its own past
└── RegistryUnavailable        REGISTRY_UNAVAILABLE      retriable
```

Messages never show a card number: what looks like one is masked.
"""

from typing import ClassVar

from schemas.pan import mask_text

_NOTHING = object()
_SHOWN = 120


class FraudStreamsError(Exception):
    """Any error of this project: where, what was expected, what came, what to do.

    >>> print(InvalidAmount("transaction.amount_minor", expected="0 to 10", came=-1))
    transaction.amount_minor: expected 0 to 10, got -1. Send integer minor units (cents), not a \
decimal amount. Retrying does not help. [INVALID_AMOUNT]
    """

    code: ClassVar[str] = "FRAUD_STREAMS_ERROR"
    retriable: ClassVar[bool] = False
    advice: ClassVar[str] = ""

    def __init__(
        self, where: str, *, expected: str = "", came: object = _NOTHING, todo: str = ""
    ) -> None:
        """`where`: place, or the whole sentence; `todo` replaces the class's `advice`."""
        self.where = where
        self.expected = expected
        self.came = "" if came is _NOTHING else _shown(came)
        self.todo = todo or self.advice
        super().__init__(mask_text(self._message()))

    def _message(self) -> str:
        parts = [f"expected {self.expected}"] if self.expected else []
        parts += [f"got {self.came}"] if self.came else []
        head = f"{self.where}: {', '.join(parts)}" if parts else self.where
        again = "Retrying may help." if self.retriable else "Retrying does not help."
        return " ".join(filter(None, [head.rstrip(".") + ".", self.todo, again, f"[{self.code}]"]))


def _shown(value: object) -> str:
    text = mask_text(repr(value))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


class EventError(FraudStreamsError):
    """One record cannot be processed; its dead letter carries `code`."""


class SchemaInvalid(EventError):
    """The bytes are not what their schema says, or a record does not fit its schema."""

    code = "SCHEMA_INVALID"
    advice = "Publish with schemas.codec or a registry's serializer."


class UnknownFingerprint(EventError):
    """No schema that we know wrote these bytes."""

    code = "UNKNOWN_FINGERPRINT"
    advice = "Deploy the readers before the writers of a new schema version."


class MissingRequiredField(EventError):
    """A required field is absent, null or empty."""

    code = "MISSING_REQUIRED_FIELD"
    advice = "Map the field at the publisher."


class InvalidAmount(EventError):
    """NaN, infinite, negative, absurd or not an integer of minor units."""

    code = "INVALID_AMOUNT"
    advice = "Send integer minor units (cents), not a decimal amount."


class UnknownCurrency(EventError):
    """Not an alphabetic code of ISO 4217."""

    code = "UNKNOWN_CURRENCY"
    advice = "Send the three-letter code, upper case."


class InvalidField(EventError):
    """A field is not as declared."""

    code = "INVALID_FIELD"
    advice = "See schemas/avro for what the field holds."


class Future(EventError):
    """Event time beyond the record's arrival by more than the allowed skew."""

    code = "FUTURE"
    advice = "Check the terminal's clock and the time zone of the mapping (UTC milliseconds)."


class TooLate(EventError):
    """Older than the allowed lateness."""

    code = "TOO_LATE"
    advice = "Publish within the allowed lateness of two days."


class PanDetected(EventError):
    """A card number where a token belongs."""

    code = "PAN_DETECTED"
    advice = "Tokenise card numbers before they get here."


class KeyMismatch(EventError):
    """The record's key is not the entity it should be partitioned by."""

    code = "KEY_MISMATCH"
    advice = "Use the key that schemas.topics names for the topic."


class ConflictingDuplicate(EventError):
    """One id, two contents: the first one stands."""

    code = "CONFLICTING_DUPLICATE"
    advice = "Give a changed record an id of its own."


class OrphanLabel(EventError):
    """A label whose transaction never came."""

    code = "ORPHAN_LABEL"
    advice = "Check the label's transaction_id and card_id."


class ProcessingFailed(EventError):
    """Our own fault: the record is fine, as far as we know."""

    code = "PROCESSING_FAILED"
    advice = "Report it with the original bytes; publish the record again after the fix."


class TooLarge(EventError):
    """More than a topic takes."""

    code = "TOO_LARGE"
    advice = "Records are at most 1 MB."


class IncompatibleSchema(FraudStreamsError):
    """A schema cannot read what its earlier versions wrote."""

    code = "INCOMPATIBLE_SCHEMA"
    advice = "Give new fields a default; never remove symbols or change types."


class RegistryUnavailable(FraudStreamsError):
    """The schema registry does not answer, or refuses."""

    code = "REGISTRY_UNAVAILABLE"
    retriable = True
    advice = "Check the registry's URL and that it is up."
