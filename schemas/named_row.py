"""A row of optional numbers that reads as a map: what a decision carries its features as."""

from collections.abc import Iterator, Mapping, Sequence


class NamedRow(Mapping[str, float | None]):
    """An immutable map of names to numbers that never was a dictionary.

    The codec packs one as it packs the dictionary of the same names in the same order, without
    looking a name up. ValueError when there are not as many values as names.

    >>> row = NamedRow(("a", "b"), [1.5, None])
    >>> row["a"], dict(row), row == {"a": 1.5, "b": None}
    (1.5, {'a': 1.5, 'b': None}, True)
    """

    __slots__ = ("names", "numbers")

    def __init__(self, names: tuple[str, ...], numbers: Sequence[float | None]) -> None:
        """`names`: each once, the same tuple for every row; `numbers` are copied."""
        if len(names) != len(numbers):
            raise ValueError(f"a row of {len(names)} numbers expected, got {len(numbers)}")
        self.names = names
        self.numbers = tuple(numbers)

    def __getitem__(self, name: str) -> float | None:
        try:
            return self.numbers[self.names.index(name)]
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"NamedRow({dict(self)!r})"
