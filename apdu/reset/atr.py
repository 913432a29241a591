"""The answer to reset (ISO/IEC 7816-3:2006 §8.2): parse, build, explain.

A contactless card has none; PC/SC part 3 makes one out of its historical bytes, of the same form.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import xor

from bifente.apdu.errors import ApduError
from bifente.apdu.reset.historical import HistoricalBytes
from bifente.slotted import dataclass

MAX_SIZE = 33
"""TS and at most 32 characters more."""

_DIRECT = 0x3B
_INVERSE = 0x3F

_FI = (372, 372, 558, 744, 1116, 1488, 1860, 0, 0, 512, 768, 1024, 1536, 2048, 0, 0)
_F_MAX = ("4", "5", "6", "8", "12", "16", "20", "", "", "5", "7.5", "10", "15", "20", "", "")
_DI = (0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class InterfaceBytes:
    """The interface bytes TAi, TBi, TCi, and the protocol type T under which they stand.

    ``protocol`` is 0 to 15 as the TD byte before the group says; None for the first group, which stands under none.
    The TD bytes themselves follow from the groups.
    """

    protocol: int | None = None
    ta: int | None = None
    tb: int | None = None
    tc: int | None = None

    def __post_init__(self) -> None:
        if self.protocol is not None and not 0 <= self.protocol <= 15:
            raise ApduError(f"a protocol type is 0 to 15, not {self.protocol}")
        for value in (self.ta, self.tb, self.tc):
            if value is not None and not 0 <= value <= 0xFF:
                raise ApduError(f"an interface byte is one byte, not {value}")

    @property
    def present(self) -> int:
        """The bits of Yi for TA, TB and TC (``10``, ``20``, ``40``)."""
        return (self.ta is not None) << 4 | (self.tb is not None) << 5 | (self.tc is not None) << 6


@dataclass(frozen=True, slots=True)
class Atr:
    """An answer to reset. ``groups`` are the interface bytes, of which the first group is always there."""

    groups: tuple[InterfaceBytes, ...] = (InterfaceBytes(),)
    historical: bytes = b""
    inverse: bool = False

    def __post_init__(self) -> None:
        if not self.groups or self.groups[0].protocol is not None:
            raise ApduError("the first group of interface bytes stands under no protocol")
        if any(group.protocol is None for group in self.groups[1:]):
            raise ApduError("each group of interface bytes but the first stands under a protocol")
        if len(self.historical) > 15:
            raise ApduError(f"an ATR has at most 15 historical bytes, not {len(self.historical)}")
        if len(self.encode()) > MAX_SIZE:
            raise ApduError(f"an ATR has at most {MAX_SIZE} bytes, this one {len(self.encode())}")

    @classmethod
    def parse(cls, raw: bytes) -> "Atr":
        """Read an ATR of 2 to 33 bytes.

        Raises ApduError when TS is neither 3B nor 3F, bytes are missing or left over, or TCK is wrong.
        """
        if len(raw) > MAX_SIZE:
            raise ApduError(f"an ATR has at most {MAX_SIZE} bytes, this one {len(raw)}")
        read = ReadAtr.of(raw)
        if read.remarks:
            raise ApduError(read.remarks[0])
        return read.atr

    @classmethod
    def build(
        cls,
        historical: bytes = b"",
        *,
        protocols: Sequence[int] = (),
        ta1: int | None = None,
        tb1: int | None = None,
        tc1: int | None = None,
        ifsc: int | None = None,
        inverse: bool = False,
    ) -> "Atr":
        """An ATR of the usual shape.

        *protocols* are written one TD byte each; without any the card is one of T=0 and has no TD byte. *ifsc*, the
        largest information field that the card takes under T=1 (1 to 254), needs 1 among *protocols* and goes into
        the third group of interface bytes or later, where alone it has that meaning.
        """
        groups = [InterfaceBytes(None, ta1, tb1, tc1), *(InterfaceBytes(number) for number in protocols)]
        if ifsc is not None:
            if 1 not in protocols or not 1 <= ifsc <= 254:
                raise ApduError("IFSC is 1 to 254 and belongs to protocol T=1")
            place = list(protocols).index(1) + 1
            if place == 1:
                place = 2
                groups.insert(place, InterfaceBytes(1))
            groups[place] = InterfaceBytes(1, ta=ifsc)
        return cls(tuple(groups), historical, inverse)

    def encode(self) -> bytes:
        """The bytes, TCK included where it belongs."""
        check = self.tck
        body = self._body()
        return (
            bytes((_INVERSE if self.inverse else _DIRECT,))
            + body
            + (b"" if check is None else bytes((check,)))
        )

    def _body(self) -> bytes:
        """T0 to the last historical byte."""
        body = bytearray()
        low = len(self.historical)
        for index, group in enumerate(self.groups):
            more = index + 1 < len(self.groups)
            body.append(group.present | more << 7 | low)
            body += bytes(value for value in (group.ta, group.tb, group.tc) if value is not None)
            if more:
                low = self.groups[index + 1].protocol or 0
        return bytes(body) + self.historical

    @property
    def tck(self) -> int | None:
        """The check byte over T0 to the last historical byte; None when T=0 is all there is (§8.2.5)."""
        if all(group.protocol in (None, 0) for group in self.groups):
            return None
        return reduce(xor, self._body())

    @property
    def protocols(self) -> tuple[int, ...]:
        """The protocol types offered, in the order of the ATR, each once; T=15 is not a protocol."""
        offered = dict.fromkeys(
            group.protocol for group in self.groups if group.protocol is not None and group.protocol != 15
        )
        return tuple(offered) or (0,)

    @property
    def history(self) -> HistoricalBytes:
        """The historical bytes, taken apart."""
        return HistoricalBytes.parse(self.historical)

    def explain(self) -> list[str]:
        """The ATR in words, one line per byte or item."""
        tck = [] if self.tck is None else [f"TCK={self.tck:02X}: correct"]
        return [*self._explain(self._body()[0]), *tck]

    def _explain(self, t0: int) -> list[str]:
        """In words without TCK; *t0* may announce more than there is."""
        offered = ", ".join(f"T={number}" for number in self.protocols)
        ts = _INVERSE if self.inverse else _DIRECT
        lines = [f"TS={ts:02X}: {'inverse' if self.inverse else 'direct'} convention; protocols {offered}"]
        lines.append(f"T0={t0:02X}: {t0 & 0x0F} historical bytes")
        lines += self._explain_interface()
        lines += self.history.explain()
        return lines

    def _explain_interface(self) -> Iterator[str]:
        specific: set[int | None] = set()
        for number, group in enumerate(self.groups, 1):
            for letter, value in (("A", group.ta), ("B", group.tb), ("C", group.tc)):
                if value is None:
                    continue
                if number <= 2:
                    text = _explain_early(letter, number, group.protocol, value)
                elif group.protocol in specific:
                    text = "of no further meaning"
                else:
                    text = _explain_specific(letter, group.protocol, value)
                yield f"T{letter}{number}={value:02X}: {text}"
            if number > 2:
                specific.add(group.protocol)
            if number < len(self.groups):
                following = self.groups[number]
                td = following.present | (number + 1 < len(self.groups)) << 7 | (following.protocol or 0)
                what = "global bytes follow" if following.protocol == 15 else f"T={following.protocol}"
                yield f"TD{number}={td:02X}: {what}"


@dataclass(frozen=True, slots=True)
class ReadAtr:
    """An ATR as somebody wrote it down: what can be read of it, and what is wrong in it."""

    raw: bytes
    atr: Atr
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, raw: bytes) -> "ReadAtr":
        """Read an ATR of at least 2 bytes, whatever is wrong behind TS.

        Raises ApduError when TS is neither 3B nor 3F, or nothing follows it.
        """
        if len(raw) < 2:
            raise ApduError(f"an ATR has at least 2 bytes, this one {len(raw)}")
        if raw[0] not in (_DIRECT, _INVERSE):
            raise ApduError(f"TS is 3B or 3F, not {raw[0]:02X}")
        groups, at = _interface_bytes(raw)
        inverse = raw[0] == _INVERSE
        if at is None:
            atr = _limited(groups, b"", inverse)
            return cls(raw, atr, (f"the ATR ends within the interface bytes, group {len(groups)}",))
        count = raw[1] & 0x0F
        historical = raw[at : at + count]
        atr = _limited(groups, historical, inverse)
        if len(historical) < count:
            remarks = [f"{count} historical bytes are announced, {len(historical)} are there"]
        else:
            remarks = _check_remarks(atr.tck, raw[at + count :])
        if len(raw) > MAX_SIZE:
            remarks.append(f"an ATR has at most {MAX_SIZE} bytes, this one {len(raw)}")
        return cls(raw, atr, tuple(remarks))

    def explain(self) -> list[str]:
        """The ATR in words; each remark is a line of its own, behind."""
        lines = self.atr._explain(self.raw[1])
        if not self.remarks and self.atr.tck is not None:
            lines.append(f"TCK={self.atr.tck:02X}: correct")
        return [*lines, *(f"remark: {remark}" for remark in self.remarks)]


def _interface_bytes(raw: bytes) -> tuple[list[InterfaceBytes], int | None]:
    """The groups of an ATR, and where its historical bytes begin; None when it ends before."""
    groups: list[InterfaceBytes] = []
    protocol: int | None = None
    follow, at = raw[1] & 0xF0, 2
    while True:
        wanted = follow.bit_count()
        found = raw[at : at + wanted]
        values = iter(found)
        ta, tb, tc = (next(values, None) if follow & bit else None for bit in (0x10, 0x20, 0x40))
        groups.append(InterfaceBytes(protocol, ta, tb, tc))
        if len(found) < wanted:
            return groups, None
        at += wanted
        if not follow & 0x80:
            return groups, at
        protocol, follow = found[-1] & 0x0F, found[-1] & 0xF0


def _limited(groups: list[InterfaceBytes], historical: bytes, inverse: bool) -> Atr:
    """An ATR of as many groups as one may have; whoever writes down more is told so by the length."""
    while True:
        try:
            return Atr(tuple(groups), historical, inverse)
        except ApduError:
            if len(groups) == 1:
                raise
            groups.pop()


def _check_remarks(tck: int | None, check: bytes) -> list[str]:
    """What is wrong behind the historical bytes, where *tck* should stand alone."""
    if tck is None:
        if not check:
            return []
        return [
            f"{_bytes(check)} {'follows' if len(check) == 1 else 'follow'} an ATR that has no TCK{_as_status(check)}"
        ]
    if check == bytes((tck,)):
        return []
    if len(check) > 1 and check[0] == tck:
        more = f"{_bytes(check[1:])} too many{_as_status(check[1:])}"
        return [f"TCK is {check.hex().upper()}, it should be {tck:02X} alone: {more}"]
    return [f"TCK is {check.hex().upper() or 'missing'}, it should be {tck:02X}"]


def _bytes(data: bytes) -> str:
    return f"{len(data)} byte{'' if len(data) == 1 else 's'} ({data.hex().upper()})"


def _as_status(data: bytes) -> str:
    """Two bytes behind an ATR may be the status word of the answer that it was taken from."""
    status = len(data) == 2 and (data == b"\x90\x00" or 0x61 <= data[0] <= 0x6F)
    return "; they may be the status word of an answer that holds it" if status else ""


def _explain_early(letter: str, number: int, protocol: int | None, value: int) -> str:
    """TA1 to TC2 in words."""
    if letter == "A":
        return _explain_speed(value) if number == 1 else _explain_specific_mode(value)
    if letter == "B":
        return "programming voltage, of no meaning any more"
    if number == 1:
        if value == 0xFF:
            return "extra guard time N=255: as short as the protocol allows"
        return f"extra guard time N={value}"
    return f"waiting time integer WI={value} of T=0" if protocol == 0 else "reserved"


def _explain_speed(value: int) -> str:
    fi, di = _FI[value >> 4], _DI[value & 0x0F]
    if not fi or not di:
        return "reserved speed"
    return f"Fi={fi} (at most {_F_MAX[value >> 4]} MHz), Di={di}: {fi / di:g} clock cycles per bit at best"


def _explain_specific_mode(value: int) -> str:
    change = "may not" if value & 0x80 else "may"
    speed = "implicit speed" if value & 0x10 else "speed of TA1"
    return f"specific mode, T={value & 0x0F}, {speed}; the mode {change} change"


_CLOCK_STOP = ("no clock stop", "clock stop at low", "clock stop at high", "clock stop at low or high")


def _explain_specific(letter: str, protocol: int | None, value: int) -> str:
    """TAi, TBi or TCi, i > 2, in words."""
    if protocol == 1:
        if letter == "A":
            return f"IFSC={value}: information fields of at most {value} bytes"
        if letter == "B":
            return f"waiting times CWI={value & 0x0F}, BWI={value >> 4}"
        return "CRC at the end of each block" if value & 1 else "LRC at the end of each block"
    if protocol == 15 and letter == "A":
        classes = ", ".join(name for bit, name in ((1, "5 V"), (2, "3 V"), (4, "1.8 V")) if value & bit)
        return f"{_CLOCK_STOP[value >> 6]}; supply {classes or 'reserved'}"
    if protocol == 15 and letter == "B":
        return "contact C6 not used" if value == 0 else f"use of contact C6: {value:02X}"
    return "reserved"
