"""Card numbers are found however they are written, and masked in place."""

import re
import time
import uuid

import pytest
from contract_records import EXAMPLES
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import decode, encode
from schemas.pan import find_pan, mask_pan, mask_text

MANY = settings(max_examples=150, deadline=None)
PANS = [
    "4111111111111111",
    "4222222222222",
    "5500000000000004",
    "2223003122003222",
    "378282246310005",
    "30569309025904",
    "6011111111111117",
    "3530111333300000",
    "6304000000000000",
    "4000000000000000006",
    "135410014004955",
]


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B, step by step."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def with_check_digit(payload: str) -> str:
    return next(payload + digit for digit in "0123456789" if luhn(payload + digit))


CARD_NUMBERS = st.from_regex(r"[2-9][0-9]{11,17}", fullmatch=True).map(with_check_digit)


@pytest.mark.parametrize("pan", PANS)
@pytest.mark.parametrize(
    "around", ["{}", "card {}.", "id{}x", "12 {}", "{} 12", "0{}", "é{}é", "\n{}"]
)
def test_known_numbers(pan: str, around: str) -> None:
    assert luhn(pan)
    assert find_pan(around.format(pan))
    assert pan not in mask_text(around.format(pan))


@MANY
@given(pan=CARD_NUMBERS, separators=st.lists(st.sampled_from(["", " ", "-"]), min_size=18))
def test_any_number_with_any_separators(pan: str, separators: list[str]) -> None:
    text = pan[0] + "".join(s + d for s, d in zip(separators, pan[1:], strict=False))
    assert find_pan(text)
    masked = mask_text(text)
    assert len(masked) == len(text)
    assert re.sub("[ -]", "", masked) == "*" * (len(pan) - 4) + pan[-4:]


@MANY
@given(digits=st.from_regex(r"[2-9][0-9]{12,18}", fullmatch=True))
def test_the_check_digit_decides(digits: str) -> None:
    assert find_pan(digits) == luhn(digits)


@MANY
@given(
    number=st.integers(1_000_000_000_000, 1_999_999_999_999) | st.integers(10**18, 2 * 10**18 - 1)
)
def test_clocks_and_snowflakes_are_no_cards(number: int) -> None:
    assert not find_pan(f"tx-{number}")


@MANY
@given(number=st.uuids())
def test_uuids_are_no_cards(number: uuid.UUID) -> None:
    assert not find_pan(f"id {number}")


def test_a_uuid_hides_no_card() -> None:
    number = uuid.UUID("45320000-1111-4111-9716-446655440000")
    assert not find_pan(str(number))
    assert find_pan(f"{number} 4111 1111 1111 1111")


def test_too_short_too_long_wrong_digits() -> None:
    for text in ("", "411111111111", "4111111111111112", "4111,1111,1111,1111", "4" * 20):
        assert not find_pan(text)
        assert mask_text(text) == text


@MANY
@given(pan=st.sampled_from(PANS[:8]), before=st.binary(max_size=20), after=st.binary(max_size=20))
def test_raw_bytes_are_masked_in_place(pan: str, before: bytes, after: bytes) -> None:
    masked = mask_pan(before + pan.encode() + after)
    assert len(masked) == len(before) + len(pan) + len(after)
    assert pan.encode() not in masked


@pytest.mark.parametrize("size", range(60))
def test_length_prefixes_that_look_like_digits_hide_no_card(size: int) -> None:
    for pan in ("4111111111111111", "2223 0031 2200 3222"):
        record = {**EXAMPLES["transaction"], "transaction_id": "7", "card_id": pan + "x" * size}
        data = encode("transaction", record)
        masked = mask_pan(data)
        assert pan.encode() not in masked
        assert len(masked) == len(data)


def test_a_masked_record_stays_readable() -> None:
    record = {**EXAMPLES["transaction"], "card_id": "4111111111111111"}
    masked = decode(mask_pan(encode("transaction", record)))
    assert masked == ("transaction", {**record, "card_id": "*" * 12 + "1111"})


@pytest.mark.parametrize("piece", [b"4", b"4 ", b"4 4-", b"4" * 60 + b"x"])
def test_a_megabyte_is_masked_and_searched_in_time(piece: bytes) -> None:
    data = piece * (1_000_000 // len(piece))
    started = time.perf_counter()
    assert len(mask_pan(data)) == len(data)
    find_pan(data[:10_000].decode())
    assert time.perf_counter() - started < 10
