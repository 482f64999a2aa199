"""The error tree: codes, advice, and no card number in any message."""

import pytest

from schemas import errors
from schemas.errors import EventError, FraudStreamsError, InvalidField, RegistryUnavailable

ALL = [v for v in vars(errors).values() if isinstance(v, type) and issubclass(v, FraudStreamsError)]
CODES = {
    "SCHEMA_INVALID",
    "UNKNOWN_FINGERPRINT",
    "MISSING_REQUIRED_FIELD",
    "INVALID_AMOUNT",
    "UNKNOWN_CURRENCY",
    "INVALID_FIELD",
    "FUTURE",
    "TOO_LATE",
    "PAN_DETECTED",
    "KEY_MISMATCH",
    "CONFLICTING_DUPLICATE",
    "ORPHAN_LABEL",
    "PROCESSING_FAILED",
    "TOO_LARGE",
}


def test_codes() -> None:
    assert {kind.code for kind in EventError.__subclasses__()} == CODES
    concrete = [kind for kind in ALL if kind not in (FraudStreamsError, EventError)]
    assert len({kind.code for kind in concrete}) == len(concrete)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_messages_say_everything(kind: type[FraudStreamsError]) -> None:
    error = kind("profile fraud.transactions/3@7", expected="this", came="that", todo="Do so.")
    again = "may help" if kind.retriable else "does not help"
    expected = (
        "profile fraud.transactions/3@7: expected this, got 'that'. Do so. "
        f"Retrying {again}. [{kind.code}]"
    )
    assert str(error) == expected


def test_advice_is_there_without_being_given() -> None:
    for kind in ALL:
        assert kind.advice or kind in (FraudStreamsError, EventError)
    assert "broker" not in str(RegistryUnavailable("here"))


def test_a_whole_sentence_will_do() -> None:
    assert str(InvalidField("The field is odd.")).startswith("The field is odd. See ")


def test_card_numbers_are_masked_and_values_cut() -> None:
    error = InvalidField("card 4111111111111111", came="5500 0000 0000 0004" + "x" * 5000)
    assert "4111111111111111" not in str(error)
    assert "**** **** **** 0004" in str(error)
    assert len(str(error)) < 400
