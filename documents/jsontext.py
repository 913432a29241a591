"""JSON as RFC 8259 has it, and no more: what Python's reader takes besides is refused, and so is what it fails on.

Refused are names that stand twice in an object, ``NaN`` and ``Infinity``, lone surrogates, and depths above
:data:`MAX_DEPTH`, which would otherwise end in a RecursionError here or in whoever walks through the value.
"""

import json
import re
from pathlib import Path
from typing import Final, cast

from bifente.documents.errors import DocumentError
from bifente.documents.reading import decoded, read_bytes
from bifente.documents.values import JsonValue

MAX_DEPTH: Final = 64

_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
"""A string, also one that never ends (or each of its quotes would be tried), or a bracket."""
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read_json(path: Path, limit: int) -> JsonValue:
    """The value in the file at *path*, of at most *limit* bytes. Raises DocumentError, OSError."""
    return parse_json(read_bytes(path, limit), str(path))


def parse_json(content: bytes | str, source: str) -> JsonValue:
    """The value that *content* says; *source* names it in errors. The caller bounds its size. Raises DocumentError."""
    text = decoded(content, source) if isinstance(content, bytes) else content
    _check_depth(text, source)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise DocumentError(source, f"not JSON: {error.msg}", line=error.lineno) from None
    except ValueError as error:
        raise DocumentError(source, f"not JSON: {error}") from None
    if "\\u" in text:  # otherwise no surrogate can be in it: the text itself was decoded
        _check_surrogates(value, source)
    return cast(JsonValue, value)


def _check_depth(text: str, source: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                line = text.count("\n", 0, token.start()) + 1
                raise DocumentError(source, f"nested more than {MAX_DEPTH} deep", line=line)
        elif token[0] in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        twice = ""
        for twice, _ in pairs:
            if twice in seen:
                break
            seen.add(twice)
        raise ValueError(f"{twice[:40]!r} stands twice in an object")
    return members


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number in JSON")


def _check_surrogates(value: object, source: str) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if _SURROGATE.search(one):
                raise DocumentError(source, "not JSON: half of a surrogate pair")
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
