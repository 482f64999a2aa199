"""The types of the events' fields, with their ranges: what `schemas.events` is annotated with."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AllowInfNan, Field, StringConstraints
from pydantic_core import PydanticCustomError

from schemas.currencies import CURRENCIES

MAX_AMOUNT_MINOR = 10_000_000_000_00
MAX_ID_LENGTH = 256
# Milliseconds of the years 1 to 9999: anything else cannot even be printed as a date.
FIRST_MS, LAST_MS = -62_135_596_800_000, 253_402_300_799_999

Action = Literal["APPROVE", "REVIEW", "CHALLENGE", "DECLINE"]
LabelKind = Literal["FRAUD", "LEGITIMATE", "INCONCLUSIVE"]
LabelSource = Literal["ANALYST", "CHARGEBACK", "TC40", "CUSTOMER", "ISSUER"]
Severity = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]
AlertStatus = Literal["OPEN", "IN_REVIEW", "CONFIRMED_FRAUD", "FALSE_POSITIVE", "RESOLVED"]
DriftState = Literal["FIRED", "RECOVERED"]
AuditResult = Literal["DONE", "WAITING", "REFUSED", "EXPIRED"]
CommandKind = Literal[
    "RULES_APPLY", "RULES_DEMOTE", "PROMOTE", "FREEZE", "RESUME", "EXCLUDE", "REBUILD", "POLICY",
    "APPROVE",
]  # fmt: skip


def _known_currency(value: str) -> str:
    if value not in CURRENCIES:
        raise PydanticCustomError("currency", "an ISO 4217 code")
    return value


Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH)]
Word = Annotated[str, StringConstraints(max_length=MAX_ID_LENGTH)]
FourDigits = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Millis = Annotated[int, Field(ge=FIRST_MS, le=LAST_MS)]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT_MINOR)]
Currency = Annotated[str, AfterValidator(_known_currency)]
Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Finite = Annotated[float, AllowInfNan(False)]
Attributes = Annotated[dict[Word, Finite | None], Field(max_length=1024)]
Features = dict[str, float | None]
