"""The bytes of one record of every schema version, committed: they may never change.

After a new schema version in `schemas/avro/history`, this writes the file that is missing:

    PYTHONPATH=. python tests/contract/test_golden_bytes.py

It never overwrites: bytes of a committed version that differ are a broken contract, not a stale
file.
"""

import hashlib
import sys
from pathlib import Path

import pytest
from contract_records import EXAMPLES

from schemas.avro_schemas import NAMES, history
from schemas.codec import decision_fingerprint, decode, encode, encode_decision

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.hex"))


def golden(name: str, version: int) -> Path:
    return GOLDEN / f"{name}.v{version}.hex"


@pytest.mark.parametrize("name", NAMES)
def test_bytes_of_today(name: str) -> None:
    committed = bytes.fromhex(golden(name, max(history(name))).read_text())
    assert encode(name, EXAMPLES[name]) == committed
    assert decode(committed) == (name, EXAMPLES[name])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bytes_of_every_version_are_read(path: Path) -> None:
    assert decode(bytes.fromhex(path.read_text()))[0] == path.name.split(".")[0]


def test_every_version_has_its_bytes() -> None:
    versions = {golden(name, version) for name in NAMES for version in history(name)}
    assert versions == set(FILES)


def test_fingerprint_is_the_digest_of_the_body_before_it() -> None:
    decision = {k: v for k, v in EXAMPLES["decision"].items() if k != "fingerprint"}
    data = encode_decision(decision)
    digest = hashlib.sha256(data[10:-66]).hexdigest()
    assert data[-66:] == b"\x80\x01" + digest.encode()
    assert decode(data)[1] == {**decision, "fingerprint": digest}
    assert decision_fingerprint(decision) == decision_fingerprint(decode(data)[1]) == digest
    assert encode("decision", decode(data)[1]) == data


def test_fingerprint_of_the_example() -> None:
    assert (
        decision_fingerprint(EXAMPLES["decision"])
        == "a7a4a3c0e63c97a16a42c24e8158e94b589d503e6d6adcb1fda05002e15788d9"
    )


if __name__ == "__main__":
    for event in NAMES:
        path = golden(event, max(history(event)))
        if not path.exists():
            path.write_text(encode(event, EXAMPLES[event]).hex() + "\n")
            sys.stdout.write(f"{path}\n")
