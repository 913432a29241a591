"""Short names for slots: PC/SC calls a slot by maker, product, interface and two numbers."""

import re
from collections.abc import Sequence
from typing import Final

from bifente.documents.visible import visible

LONGEST: Final = 20
_IN_BRACKETS: Final = re.compile(r"\[([^\[\]]+)\]")
_SERIAL: Final = re.compile(r"\s*\([0-9A-Za-z]{6,}\)")
_NUMBERS: Final = re.compile(r"(?:\s+\d\d)+$")


def short_names(slots: Sequence[str]) -> dict[str, str]:
    """A name of at most :data:`LONGEST` letters for each of *slots*, no two alike; that of a lone nameless slot is empty."""
    made: dict[str, str] = {}
    for number, slot in enumerate(slots, 1):
        name = _shorter(slot, slots) or (f"slot {number}" if len(slots) > 1 else "")
        if name in made.values():
            name = f"{name[: LONGEST - 4]} #{number}"
        made[slot] = name
    return made


def _shorter(slot: str, slots: Sequence[str]) -> str:
    """What tells it from the others: the slot in brackets, else the words that not all have."""
    found = _IN_BRACKETS.findall(slot)
    if found and sum(found[-1] in _IN_BRACKETS.findall(other) for other in slots) == 1:
        return _cut(found[-1])
    plain = _NUMBERS.sub("", _SERIAL.sub("", slot)).strip()
    words = plain.split()
    others = [other.split() for other in slots if other != slot]
    while len(words) > 1 and others and all(words[0] in other for other in others):
        words.pop(0)
    if len(" ".join(words)) > LONGEST and len(words) > 2:
        words = words[:2] if len(" ".join(words[:2])) <= LONGEST else words[-1:]
    return _cut(" ".join(words) or plain)


def _cut(name: str) -> str:
    name = visible(name.strip())
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
