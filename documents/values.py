"""The values that JSON and our YAML can say, and how a place inside them is written."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""Whatever a JSON text says. What is read here has lists and dicts."""

Place: TypeAlias = tuple[str | int, ...]
"""Names and indices (from 0) from the top of a document."""


def field_name(place: Place) -> str:
    """``beneficiaires[2].nom``; items are counted from 1."""
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text
