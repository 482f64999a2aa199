"""A schema becomes two Python functions, as `dataclasses` does it: their source is generated, once.

`compile_schema(schema)` gives `write(record) -> bytes` and `read(data, at) -> (record, at)`.
Supported is what the schemas of this project use: records, enums of at most 64 symbols, null or one
other type, arrays and maps, the primitives without float and fixed; no recursion. Reading past the
end raises or leaves `at` beyond the data: callers compare it with the length.

A writer is one join of every field's pieces, a reader one dictionary at the end of its statements.
For a record of a string `id` and the optional strings `a` and `b`, they are:

```python
def write_record(r):
    return b''.join((
        LENGTHS[len(q := r['id'].encode())], q,
        (b'\\x00' if (v0 := r['a']) is None else b'\\x02' + LENGTHS[len(q := v0.encode())] + q),
        (b'\\x00' if (v1 := r['b']) is None else b'\\x02' + LENGTHS[len(q := v1.encode())] + q),
    ))

def read_record(d, i):
    m = d[i]
    if m & 129: m, i = unpack_length(d, i)
    else: i += 1
    j = i + (m >> 1)
    v0 = d[i:j].decode(); i = j
    if d.startswith(b'\\x00\\x00', i): v1 = v2 = None; i += 2
    else:
        ...  # branch and value of v1, then of v2
    return {'id': v0, 'a': v1, 'b': v2}, i
```

The source is made of committed schemas alone, never of anything that came over the wire. How it is
written and how it is read: `schemas.compiled_writer`, `schemas.compiled_reader`.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from schemas.compiled_reader import ReaderSource
from schemas.compiled_writer import WriterSource

Write = Callable[[Mapping[str, Any]], bytes]
Read = Callable[[bytes, int], tuple[dict[str, Any], int]]


class Compiled(NamedTuple):
    """The two functions of a schema."""

    write: Write
    read: Read


def compile_schema(schema: Mapping[str, Any]) -> Compiled:
    """The writer and the reader of a record schema; TypeError for what is not supported.

    >>> pair = compile_schema({"type": "record", "name": "p",
    ...                        "fields": [{"name": "x", "type": "long"}]})
    >>> pair.write({"x": 1}), pair.read(bytes([2]), 0)
    (b'\\x02', ({'x': 1}, 1))
    """
    return Compiled(compile_writer(schema), ReaderSource().function(schema))


def compile_writer(
    schema: Mapping[str, Any],
    ready: Collection[str] = (),
    fixed: Mapping[str, Any] | None = None,
) -> Write:
    """A writer alone. A field of `ready` may hold its own encoded bytes in place of a record;
    a field of `fixed` is written with the value given, encoded once, whatever the record says.

    >>> inner = {"type": "record", "name": "i", "fields": [{"name": "x", "type": "long"}]}
    >>> outer = {"type": "record", "name": "o", "fields": [{"name": "i", "type": inner}]}
    >>> write = compile_writer(outer, ready={"i"})
    >>> write({"i": {"x": 1}}) == write({"i": bytes([2])})
    True
    """
    return WriterSource(ready, fixed or {}).function(schema)
