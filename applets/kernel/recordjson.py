"""JSON in the records of a card, as a stranger may have written it: read whole, shallow and finite, or refused."""

import json
import math
from typing import NoReturn

from bifente.applets.kernel.errors import CorruptCard
from bifente.layouts.codec import JsonValue

MAX_DEPTH = 32
"""The deepest content of a card, an SSV group in a profile, has 8 levels."""


def read_json(name: str, record: bytes, what: str) -> JsonValue:
    """The JSON value of record *name*. Raises CorruptCard, which says that the record is not *what*."""
    try:
        text = record.decode(json.detect_encoding(record), "surrogatepass")
        value: JsonValue = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise CorruptCard(name, f"not {what}") from None
    if text.count("{") + text.count("[") > MAX_DEPTH and _too_deep(value):
        raise CorruptCard(name, f"not {what}: nested more than {MAX_DEPTH} levels deep")
    return value


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON (RFC 8259 §6)")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is beyond the numbers of JSON here")
    return value


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
"""Made once: ``json.loads`` makes one for each record."""


def _too_deep(value: JsonValue) -> bool:
    """Level by level, without recursion: what is walked here may be as deep as the parser goes."""
    level: list[JsonValue] = [value]
    for _ in range(MAX_DEPTH + 1):
        below: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                below += item.values()
            elif isinstance(item, list):
                below += item
        if not below:
            return False
        level = below
    return True
