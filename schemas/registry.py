"""The codec in Confluent's wire format, where a schema registry is configured.

Subjects are the records' full names (`fraud.transaction`; Confluent calls it RecordNameStrategy),
because a topic may carry several of them. Needs the extra `registry` of this package.
"""

from typing import Any

from confluent_kafka.schema_registry import Schema as Registered
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.avro_schemas import NAMES, plain, text
from schemas.codec import Codec, reader
from schemas.compiled import Read
from schemas.errors import (
    FraudStreamsError,
    IncompatibleSchema,
    RegistryUnavailable,
    SchemaInvalid,
    UnknownFingerprint,
)

_PREFIX = 5
_CONFLICT, _NOT_FOUND = 409, 404


class RegistryCodec(Codec):
    """`Codec` with ids of a registry: today's schemas are registered when first written.

    >>> codec = RegistryCodec("mock://example")
    >>> data = codec.encode("ruleset", {"name": "r", "version": 1, "yaml": "", "sha256": ""})
    >>> data[0], codec.decode(data)[0]
    (0, 'ruleset')
    """

    prefix_length = _PREFIX

    def __init__(self, url: str) -> None:
        """Connects lazily; RegistryUnavailable, IncompatibleSchema come from `encode`, `decode`."""
        super().__init__()
        self._url = url
        self.client = SchemaRegistryClient.new_client({"url": url})
        self._headers: dict[str, bytes] = {}

    def header(self, name: str) -> bytes:
        """See Codec; KeyError for a name that is not in the contract."""
        if name not in self._headers:
            if name not in NAMES:
                raise KeyError(name)
            number = self._ask(
                self.client.register_schema, f"fraud.{name}", Registered(text(name), "AVRO")
            )
            self._headers[name] = b"\x00" + number.to_bytes(4, "big")
        return self._headers[name]

    def _learn(self, data: bytes) -> tuple[str, Read]:
        if not data or len(data) < _PREFIX or data[0] != 0:
            raise SchemaInvalid(
                "Confluent wire format", expected="00 and a schema's id", came=(data or b"")[:5]
            )
        number = int.from_bytes(data[1:_PREFIX], "big")
        found = self._ask(self.client.get_schema, number)
        learned = _reader_of(number, found.schema_str or "")
        self._readers[data[:_PREFIX]] = learned
        return learned

    def _ask(self, call: Any, *arguments: object) -> Any:
        try:
            return call(*arguments)
        except SchemaRegistryError as error:
            raise self._refused(error) from error
        except Exception as error:  # the client's HTTP library has errors of its own
            raise RegistryUnavailable(self._url, expected="an answer", came=error) from error

    def _refused(self, error: SchemaRegistryError) -> FraudStreamsError:
        if error.http_status_code == _NOT_FOUND:
            return UnknownFingerprint(self._url, expected="a registered schema", came=str(error))
        if error.http_status_code == _CONFLICT:
            return IncompatibleSchema(self._url, expected="a compatible schema", came=str(error))
        return RegistryUnavailable(self._url, expected="an answer", came=str(error))


def _reader_of(number: int, source: str) -> tuple[str, Read]:
    try:
        writer = plain(source)
        space, _, name = str(writer["name"]).rpartition(".")
        if space == "fraud" and name in NAMES:
            return name, reader(name, writer)
    except Exception as error:  # a registry may hold anything
        raise UnknownFingerprint(f"schema {number}", expected="Avro", came=repr(error)) from error
    raise UnknownFingerprint(f"schema {number}", expected="an event of fraud", came=writer["name"])
