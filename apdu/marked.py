"""Commands, and parts of them, whose secret bytes are marked by whoever put them there.

Everybody else can only guess from the command where a PIN may stand (:mod:`bifente.apdu.secrecy`); who inserts one
knows. The mark travels with the bytes, through every wrapper of a card, to whoever shows or records them.
"""

from typing import SupportsIndex, overload

from bifente.apdu.classbyte import CLASS_BYTES, SecureMessaging

Span = tuple[int, int]
"""A half-open range of bytes."""

_VERIFY = frozenset({0x20, 0x21})
_CHANGE = frozenset({0x24, 0x25, 0x2C, 0x2D})


class MarkedBytes(bytes):
    """The bytes of a command or of its data field, and the ranges of them (:attr:`secret`) that nobody may be shown.

    It is equal to the same bytes without marks. Slices, and what is put before or behind it, keep the marks, for a T=0
    front cuts an Le off; ``bytes(command)`` is without. The ``repr`` shows ``**`` for each marked byte.
    """

    secret: tuple[Span, ...]

    def __new__(cls, raw: bytes, secret: tuple[Span, ...]) -> "MarkedBytes":
        """*raw* with the ranges *secret* marked; what reaches beyond its end is cut."""
        made = super().__new__(cls, raw)
        kept = ((max(start, 0), min(stop, len(raw))) for start, stop in secret)
        made.secret = tuple(span for span in kept if span[0] < span[1])
        return made

    @classmethod
    def whole(cls, raw: bytes) -> "MarkedBytes":
        """*raw*, all of it marked."""
        return cls(raw, ((0, len(raw)),))

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __getitem__(self, key: SupportsIndex | slice) -> int | bytes:
        if not isinstance(key, slice):
            return super().__getitem__(key)
        part = super().__getitem__(key)
        first, _, step = key.indices(len(self))
        if step != 1:
            # Nobody turns a command round; should anybody, all of it is hidden.
            return MarkedBytes.whole(part)
        return MarkedBytes(part, tuple((start - first, stop - first) for start, stop in self.secret))

    def __add__(self, more: bytes) -> bytes:  # type: ignore[override] # bytes takes any buffer; commands are bytes
        behind = ((start + len(self), stop + len(self)) for start, stop in marks(more))
        return MarkedBytes(super().__add__(more), (*self.secret, *behind))

    def __radd__(self, before: bytes) -> bytes:
        size = len(before)
        return MarkedBytes(before.__add__(self), tuple((a + size, b + size) for a, b in self.secret))

    def __repr__(self) -> str:
        digits = [f"{byte:02X}" for byte in self]
        for start, stop in self.secret:
            digits[start:stop] = ["**"] * (stop - start)
        return f"MarkedBytes({''.join(digits)})"

    __str__ = __repr__


def marks(command: bytes) -> tuple[Span, ...]:
    """The ranges of *command* that whoever made it has marked as secret; none for plain bytes."""
    return command.secret if isinstance(command, MarkedBytes) else ()


def _plain_class(cla: int) -> bool:
    """Interindustry, one whole command, not under secure messaging: there INS means what ISO/IEC 7816-4 says."""
    meaning = CLASS_BYTES[cla]
    return meaning.interindustry and not meaning.chaining and meaning.secure_messaging is SecureMessaging.NONE


def is_verify(command: bytes) -> bool:
    """VERIFY, in a class that means it: its data field is one PIN (ISO/IEC 7816-4:2020 §11.6.6)."""
    return len(command) >= 4 and command[1] in _VERIFY and _plain_class(command[0])


def is_change(command: bytes) -> bool:
    """CHANGE REFERENCE DATA or RESET RETRY COUNTER, in a class that means it (ISO/IEC 7816-4:2020 §11.6.7, §11.6.10)."""
    return len(command) >= 4 and command[1] in _CHANGE and _plain_class(command[0])
