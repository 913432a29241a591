"""Fields of construct declarations whose values are those of JSON: numbers, texts, hexadecimal, mappings."""

from collections.abc import Callable, Mapping

from construct import (
    Adapter,
    BytesInteger,
    Construct,
    ExprAdapter,
    GreedyBytes,
    StringEncoded,
    Struct,
    ValidationError,
)

from bifente.layouts.codec import JsonValue, from_hex, record, string


class Expecting(Adapter):  # type: ignore[misc]  # construct is not typed
    """A field that takes only the values for which *test* is true; the error says what was *expected*."""

    def __init__(self, expected: str, field: Construct, test: Callable[..., bool]) -> None:
        super().__init__(field)
        self._expected = expected
        self._test = test

    def _decode(self, obj: object, context: object, path: str) -> object:
        if not self._test(obj):
            raise ValidationError(f"{self._expected} expected", path=path)
        return obj

    _encode = _decode


def number(size: int) -> Construct:
    """A number without sign of *size* bytes, big-endian."""
    most = (1 << 8 * size) - 1
    return Expecting(
        f"a number from 0 to {most}",
        BytesInteger(size),
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most,
    )


def hexadecimal(field: Construct = GreedyBytes) -> Construct:
    """Bytes as upper-case hexadecimal text."""
    return ExprAdapter(
        field,
        lambda raw, _: raw.hex().upper(),
        lambda value, _: from_hex(string(value, "hexadecimal"), "hexadecimal"),
    )


def sized(least: int, most: int) -> Construct:
    """All bytes that are left, from *least* to *most*."""
    return Expecting(f"{least} to {most} bytes", GreedyBytes, lambda raw: least <= len(raw) <= most)


def text(encoding: str, field: Construct = GreedyBytes) -> Construct:
    """A text."""
    return StringEncoded(field, encoding)


def mapping(what: str, *members: Construct, defaults: Mapping[str, JsonValue] | None = None) -> Construct:
    """A structure whose value is a mapping of its named *members* and of nothing else."""
    names = [member.name for member in members if member.name]
    given = dict(defaults or {})
    required = [name for name in names if name not in given]
    return ExprAdapter(
        Struct(*members),
        lambda parsed, _: {name: parsed[name] for name in names},
        lambda value, _: {**given, **record(value, what, required, list(given))},
    )
