"""The command APDU (ISO/IEC 7816-4:2020 §5.2, ISO/IEC 7816-3:2006 §12.1)."""

from enum import Enum
from typing import NamedTuple

from bifente.apdu.classbyte import CLASS_BYTES, ClassByte
from bifente.apdu.errors import ApduError

_new = tuple.__new__
"""Makes a CommandAPDU without the detour of its generated constructor: half a microsecond on every command."""


class Case(Enum):
    """The seven cases of a command APDU: data and response expected or not, short or extended lengths."""

    CASE_1 = "1"
    CASE_2S = "2S"
    CASE_3S = "3S"
    CASE_4S = "4S"
    CASE_2E = "2E"
    CASE_3E = "3E"
    CASE_4E = "4E"

    @property
    def extended(self) -> bool:
        """Lengths of two or three bytes."""
        return self.value.endswith("E")


class CommandAPDU(NamedTuple):
    """A command APDU and the very bytes it was made of.

    ``ne`` is the maximum number of response bytes: None without an Le field, else 1 to 256 (short) or 1 to 65 536
    (extended). Make one with :meth:`parse` or :meth:`build`, never field by field: the fields are derived from ``raw``.
    """

    raw: bytes
    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    ne: int | None

    @classmethod
    def parse(cls, raw: bytes) -> "CommandAPDU":
        """Read one command APDU of 4 to 65 544 bytes.

        The five bytes ``CLA INS P1 P2 00`` are case 2 with Ne = 256; a T=0 reader sends the same bytes for case 1,
        so a card that takes no data must treat them as case 1 too.

        Raises ApduError when the lengths do not add up. Its message shows no byte of the command: where Lc was
        forgotten, the first digit of a PIN stands in its place.
        """
        size = len(raw)
        if size > 5:
            length = raw[4]
            if length:
                if size == length + 5:
                    return _new(cls, (raw, raw[0], raw[1], raw[2], raw[3], raw[5:], None))
                if size == length + 6:
                    return _new(cls, (raw, raw[0], raw[1], raw[2], raw[3], raw[5:-1], raw[-1] or 256))
                raise ApduError(f"Lc does not agree with the {size - 5} bytes that follow it")
            return cls._parse_extended(raw, size)
        if size == 5:
            return _new(cls, (raw, raw[0], raw[1], raw[2], raw[3], b"", raw[4] or 256))
        if size == 4:
            return _new(cls, (raw, raw[0], raw[1], raw[2], raw[3], b"", None))
        raise ApduError(f"a command APDU has at least 4 bytes, this one {size}")

    @classmethod
    def _parse_extended(cls, raw: bytes, size: int) -> "CommandAPDU":
        if size < 7:
            raise ApduError("an extended length field has 3 bytes, 2 are there")
        length = raw[5] << 8 | raw[6]
        if size == 7:
            return _new(cls, (raw, raw[0], raw[1], raw[2], raw[3], b"", length or 65536))
        if length == 0:
            raise ApduError("extended Lc is 0 and bytes follow it")
        if size == length + 7:
            return _new(cls, (raw, raw[0], raw[1], raw[2], raw[3], raw[7:], None))
        if size == length + 9:
            expected = raw[-2] << 8 | raw[-1]
            return _new(cls, (raw, raw[0], raw[1], raw[2], raw[3], raw[7:-2], expected or 65536))
        raise ApduError(f"extended Lc does not agree with the {size - 7} bytes that follow it")

    @classmethod
    def build(
        cls,
        cla: int,
        ins: int,
        p1: int = 0,
        p2: int = 0,
        data: bytes = b"",
        ne: int | None = None,
        *,
        extended: bool = False,
    ) -> "CommandAPDU":
        """Encode a command APDU, in short form when both lengths allow it and *extended* does not forbid it.

        Raises ApduError when a byte is not 0…255, data exceed 65 535 bytes or ne is not None or 1…65 536.
        """
        if (cla | ins | p1 | p2) & ~0xFF:
            name, value = next(
                (name, value)
                for name, value in (("CLA", cla), ("INS", ins), ("P1", p1), ("P2", p2))
                if not 0 <= value <= 255
            )
            raise ApduError(f"{name} is one byte, not {value}")
        size = len(data)
        if size > 65535:
            raise ApduError(f"a command carries at most 65535 data bytes, not {size}")
        if ne is not None and not 1 <= ne <= 65536:
            raise ApduError(f"Ne is 1 to 65536 or None, not {ne}")
        if not isinstance(data, bytes):
            data = bytes(
                data
            )  # bytes themselves keep the marks of what is secret in them (bifente.apdu.secrecy)
        if not size and ne is None:
            return _new(cls, (bytes((cla, ins, p1, p2)), cla, ins, p1, p2, b"", None))
        if extended or size > 255 or (ne or 0) > 256:
            raw = bytes((cla, ins, p1, p2, 0)) + (size.to_bytes(2, "big") + data if size else b"")
            if ne is not None:
                raw += (ne & 0xFFFF).to_bytes(2, "big")
        elif not size:
            raw = bytes((cla, ins, p1, p2, (ne or 0) & 0xFF))
        else:
            raw = bytes((cla, ins, p1, p2, size)) + data
            if ne is not None:
                raw += bytes((ne & 0xFF,))
        return _new(cls, (raw, cla, ins, p1, p2, data, ne))

    @property
    def case(self) -> Case:
        """Which of the seven cases this is."""
        extended = len(self.raw) > 5 and self.raw[4] == 0
        if self.data:
            if self.ne is None:
                return Case.CASE_3E if extended else Case.CASE_3S
            return Case.CASE_4E if extended else Case.CASE_4S
        if self.ne is None:
            return Case.CASE_1
        return Case.CASE_2E if extended else Case.CASE_2S

    @property
    def class_byte(self) -> ClassByte:
        """CLA, decoded."""
        return CLASS_BYTES[self.cla]

    def __repr__(self) -> str:
        # Loaded by whoever shows a command: it is more than all the rest that commands need.
        from bifente.apdu.secrecy import shown_command

        return f"CommandAPDU({shown_command(self.raw)})"
