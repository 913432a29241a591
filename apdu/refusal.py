"""Why a card refused a command, or warned: what the status word leaves out.

A status word is two bytes for many causes. An emulated card knows the cause, and a terminal's author wants it: which
clause was applied and what was wrong. It travels beside the answer (:class:`ExplainsRefusals`), never in it.
"""

from typing import NamedTuple, Protocol, runtime_checkable

from bifente.apdu.secrecy import marks, secret_spans
from bifente.apdu.status import SW


class Why(NamedTuple):
    """A clause and a sentence that is put together only when somebody reads it: most refusals nobody reads.

    ``clause`` names document and clause (``ISO/IEC 7816-4:2020 §11.2.2``), or says ``synthetic`` for a rule of ours.
    ``pattern`` is the sentence in the form of :meth:`str.format`, ``values`` what it is filled with: immutable, since
    the card goes on, and never a secret. Bytes are shown in hexadecimal, ``**`` where they are marked as secret.
    """

    clause: str
    pattern: str
    values: tuple[object, ...] = ()

    @property
    def sentence(self) -> str:
        """What was wrong and with which values, in plain English."""
        if not self.values:
            return self.pattern
        return self.pattern.format(*(_shown(value) for value in self.values))

    def __str__(self) -> str:
        return f"{self.sentence} ({self.clause})"

    def __repr__(self) -> str:
        return f"Why({str(self)!r})"


class Refusal(NamedTuple):
    """A status word other than success, and why the card sent it."""

    sw: SW
    why: Why

    def __str__(self) -> str:
        return f"{self.sw.value:04X}: {self.why}"


class CommandPart:
    """Bytes *start* to *stop* of a command, for a sentence: hexadecimal, ``**`` for each byte that is secret there.

    A digit can stand in any byte of a command that was put together wrongly, also in its class byte.
    """

    __slots__ = ("_command", "_start", "_stop")

    def __init__(self, command: bytes, start: int, stop: int) -> None:
        self._command = command
        self._start = start
        self._stop = stop

    def __str__(self) -> str:
        return _hexadecimal(self._command, secret_spans(self._command), self._start, self._stop)

    __repr__ = __str__


def _hexadecimal(raw: bytes, hidden: tuple[tuple[int, int], ...], start: int, stop: int) -> str:
    return "".join(
        "**" if any(first <= at < end for first, end in hidden) else f"{raw[at]:02X}"
        for at in range(start, min(stop, len(raw)))
    )


def _shown(value: object) -> object:
    if isinstance(value, bytes):
        return _hexadecimal(value, marks(value), 0, len(value)) or "nothing"
    return value


@runtime_checkable
class ExplainsRefusals(Protocol):
    """The facet of a card that says why: emulated cards have it, and what stands around a card passes it on."""

    @property
    def last_refusal(self) -> Refusal | None:
        """Why the last command was answered as it was; None after plain success, a reset, or where nobody knows."""


def refusal_of(card: object) -> Refusal | None:
    """Why *card* answered its last command as it did; None when it does not explain itself."""
    return card.last_refusal if isinstance(card, ExplainsRefusals) else None


def refusal_behind(card: object, answer: bytes) -> Refusal | None:
    """Why *card* gave *answer* to its last command; None when its last refusal is another one's, or it keeps silent."""
    refusal = refusal_of(card)
    return refusal if refusal is not None and refusal.sw.to_bytes_be() == answer[-2:] else None
