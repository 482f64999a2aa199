"""Records to bytes and back.

By default in Avro's single-object encoding: who reads needs no registry, only this package.

```text
 0    1    2                           10
┌────┬────┬───────────────────────────┬──────────────────────────────────────────────┐
│ C3 │ 01 │ CRC-64-AVRO of the schema │ body: the fields one after another           │
│    │    │ 8 bytes, little-endian    │                                              │
└────┴────┴───────────────────────────┴──────────────────────────────────────────────┘
```

With a registry (`schemas.registry`), in Confluent's wire format around the same body.

```text
 0    1                5
┌────┬────────────────┬──────────────────────────────────────────────────────────────┐
│ 00 │ schema's id    │ body                                                         │
│    │ 4, big-endian  │                                                              │
└────┴────────────────┴──────────────────────────────────────────────────────────────┘
```

A decision ends with the fingerprint of the body before it, the same in both formats.

```text
      ┌─────────────────────────────────────────┬───────┬────────────────────────────┐
 body │ transaction_id … src                    │ 80 01 │ fingerprint, 64 hex digits │
      └─────────────────────────────────────────┴───────┴────────────────────────────┘
        └──────────────── SHA-256 ────────────────────────▲
```

Times are integers (logical types are for others), maps keep the dictionary's order: the same
dictionary gives the same bytes. What an earlier version of a schema wrote is read into today's
fields. Old readers do not know new fingerprints: deploy readers before writers, or use a registry.
"""

import hashlib
import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cache
from operator import is_not, itemgetter
from typing import Any

from fastavro import schemaless_reader
from fastavro.validation import ValidationError, validate

from schemas.avro_schemas import NAMES, Schema, history, plain, rabin, text
from schemas.compiled import Compiled, Read, Write, compile_schema, compile_writer
from schemas.errors import SchemaInvalid, UnknownFingerprint

Record = dict[str, Any]
Encode = Callable[[Mapping[str, Any]], bytes]

_MARK = b"\xc3\x01"
_PREFIX = 10
_HEX_LENGTH = b"\x80\x01"  # the length 64 before the fingerprint's digits


class Codec(ABC):
    """Framing around the compiled bodies: a prefix that names the schema, then the body."""

    prefix_length: int

    def __init__(self) -> None:
        self._readers: dict[bytes, tuple[str, Read]] = {}

    @abstractmethod
    def header(self, name: str) -> bytes:
        """The prefix of today's schema."""

    @abstractmethod
    def _learn(self, data: bytes) -> tuple[str, Read]:
        """The schema of a prefix that was not met yet, or the error that says why not."""

    def encode(self, name: str, record: Mapping[str, Any]) -> bytes:
        """A record under today's schema; SchemaInvalid where it does not fit.

        >>> encode("ruleset", {"name": "r", "version": 1, "yaml": "", "sha256": ""}).hex()[20:]
        '0272020000'
        """
        return self.encoder(name)(record)

    def encoder(self, name: str, ready: tuple[str, ...] = ()) -> Encode:
        """`encode` for one schema, without the look-ups: for hot loops.

        A field of `ready` may hold the bytes of `body_of` in place of its record.
        """
        header, write = self.header(name), _writer(name, ready)

        def run(record: Mapping[str, Any]) -> bytes:
            try:
                return header + write(record)
            except Exception as error:  # whatever a foreign value does to the writer
                raise _unfit(name, record, error) from error

        return run

    def decode(self, data: bytes) -> tuple[str, Record]:
        """The schema's name and the record, in today's fields.

        SchemaInvalid for bytes that no writer makes (cut off, trailing, a tombstone's None),
        UnknownFingerprint for a schema that is not known here.

        >>> decode(encode("ruleset", {"name": "r", "version": 1, "yaml": "", "sha256": ""}))
        ('ruleset', {'name': 'r', 'version': 1, 'yaml': '', 'sha256': ''})
        """
        start = self.prefix_length
        known = self._readers.get(data[:start]) if data else None
        name, read = known or self._learn(data)
        try:
            record, end = read(data, start)
        except Exception as error:  # whatever foreign bytes do to the reader
            raise _malformed(name, data, repr(error)) from error
        if end != len(data):
            raise _malformed(name, data, f"a record of {end} bytes")
        return name, record

    def body_of(self, name: str, data: bytes) -> bytes | None:
        """The body of what `decode` read, if today's schema wrote it, for an `encoder` to splice.

        Nothing is checked but the prefix: ask for data that `decode` has taken, whose record was
        not changed since. Bytes are spliced as they came: another writer's blocks stay as they are.

        >>> data = encode("ruleset", {"name": "r", "version": 1, "yaml": "", "sha256": ""})
        >>> DEFAULT.body_of("ruleset", data), DEFAULT.body_of("alert", data)
        (b'\\x02r\\x02\\x00\\x00', None)
        """
        header = self.header(name)
        return data[len(header) :] if data.startswith(header) else None

    def encode_decision(self, record: Mapping[str, Any]) -> bytes:
        """A decision without fingerprint, encoded once, its fingerprint added."""
        return _sealed(self.header("decision"), _decision_body(record))

    def decision_encoder(self, common: Mapping[str, Any]) -> Encode:
        """`encode_decision`, quicker for decisions that hold the very objects of `common`.

        Their bytes are made once, here: they may not be changed afterwards. A decision that holds
        others is encoded all the same. SchemaInvalid, now or later, for what does not fit.
        """
        header, write = self.header("decision"), _decision_writer(common)
        values, shared = tuple(common.values()), itemgetter(*common)

        def run(record: Mapping[str, Any]) -> bytes:
            try:
                if any(map(is_not, shared(record), values)):
                    return self.encode_decision(record)
                return _sealed(header, write(record))
            except Exception as error:  # whatever a foreign value does to the writer
                raise _unfit("decision", {**record, "fingerprint": ""}, error) from error

        return run


class SingleObjectCodec(Codec):
    """Avro's single-object encoding over the committed schemas and their history."""

    prefix_length = _PREFIX

    def __init__(self, versions: Callable[[str], Mapping[int, str]] = history) -> None:
        """`versions`: by name, every schema whose records are to be read."""
        super().__init__()
        self._headers = {name: _MARK + rabin(today(name)) for name in NAMES}
        for name in NAMES:
            for source in versions(name).values():
                writer = plain(source)
                self._readers[_MARK + rabin(writer)] = name, reader(name, writer)

    def header(self, name: str) -> bytes:
        """See Codec; KeyError for a name that is not in the contract."""
        return self._headers[name]

    def _learn(self, data: bytes) -> tuple[str, Read]:
        if not data or len(data) < _PREFIX or data[:2] != _MARK:
            raise SchemaInvalid(
                "single-object encoding", expected="C3 01 and a fingerprint", came=_start(data)
            )
        raise UnknownFingerprint(
            "single-object encoding",
            expected="a fingerprint of schemas/avro/history",
            came=data[2:_PREFIX].hex(),
        )


@cache
def today(name: str) -> Schema:
    """Today's schema, parsed, without logical types."""
    return plain(text(name))


@cache
def compiled(name: str) -> Compiled:
    """Writer and reader of today's body; KeyError for a name that is not in the contract."""
    if name not in NAMES:
        raise KeyError(name)
    return compile_schema(today(name))


def reader(name: str, writer: Schema) -> Read:
    """Reads the body that another version of a schema wrote into today's fields."""
    if rabin(writer) == rabin(today(name)):
        return compiled(name).read

    def read(data: bytes, at: int) -> tuple[Record, int]:
        stream = io.BytesIO(data)
        stream.seek(at)
        record = schemaless_reader(stream, writer, today(name))
        assert isinstance(record, dict)
        return record, stream.tell()

    return read


@cache
def _writer(name: str, ready: tuple[str, ...]) -> Write:
    return compile_writer(today(name), ready) if ready else compiled(name).write


@cache
def _unsealed() -> Schema:
    """A decision's schema without the fingerprint, which comes last."""
    return {**today("decision"), "fields": today("decision")["fields"][:-1]}


@cache
def _whole_decision_writer() -> Write:
    return compile_schema(_unsealed()).write


def _decision_writer(common: Mapping[str, Any]) -> Write:
    try:
        return compile_writer(_unsealed(), fixed=common)
    except Exception as error:  # whatever a foreign value does to the writer
        raise _unfit("decision", common, error) from error


def _decision_body(record: Mapping[str, Any]) -> bytes:
    try:
        return _whole_decision_writer()(record)
    except Exception as error:  # whatever a foreign value does to the writer
        raise _unfit("decision", {**record, "fingerprint": ""}, error) from error


def _sealed(header: bytes, body: bytes) -> bytes:
    digest = hashlib.sha256(body).hexdigest().encode()
    return b"".join((header, body, _HEX_LENGTH, digest))


def decision_fingerprint(record: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a decision's encoded fields before `fingerprint`, which may be there."""
    return hashlib.sha256(_decision_body(record)).hexdigest()


def _unfit(name: str, record: Mapping[str, Any], error: Exception) -> SchemaInvalid:
    """Says which field: the reference validates, the quick writer does not know."""
    try:
        validate(record, today(name))
        came = repr(error)
    except ValidationError as found:
        came = "; ".join(map(str, found.errors))
    except Exception:  # even the reference may stumble over it
        came = repr(error)
    return SchemaInvalid(name, expected=f"a record of schemas/avro/{name}.avsc", came=came)


def _malformed(name: str, data: bytes, came: str) -> SchemaInvalid:
    return SchemaInvalid(name, expected=f"one {name} in {len(data)} bytes", came=came)


def _start(data: bytes) -> str:
    return (data or b"")[:_PREFIX].hex(" ") or "nothing"


DEFAULT: Codec = SingleObjectCodec()
encode = DEFAULT.encode
encoder = DEFAULT.encoder
decode = DEFAULT.decode
encode_decision = DEFAULT.encode_decision
