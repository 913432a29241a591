"""File control information: what SELECT answers (ISO/IEC 7816-4:2020 §7.4).

Three templates exist: ``62`` file control parameters (FCP), ``64`` file management data (FMD) and ``6F`` file control
information (FCI), which holds either of them or their content directly. Cards order the objects of a template as they
like and use both ways of writing ``6F``; what was read is therefore written back in the same order and template.
"""

from enum import Enum, IntEnum

from bifente.apdu import tlv
from bifente.apdu.errors import ApduError
from bifente.apdu.files.security import (
    CONTACT_TAG,
    INTERFACE_TAG,
    InterfaceAttributes,
    SecurityAttributes,
    Target,
)
from bifente.apdu.tlv import Tlv
from bifente.slotted import dataclass

FCP_TAG = 0x62
FCI_TAG = 0x6F

SIZE_TAG = 0x80
TOTAL_SIZE_TAG = 0x81
DESCRIPTOR_TAG = 0x82
FID_TAG = 0x83
DF_NAME_TAG = 0x84
SFI_TAG = 0x88
LIFE_CYCLE_TAG = 0x8A

_ORDER = (
    SIZE_TAG,
    TOTAL_SIZE_TAG,
    DESCRIPTOR_TAG,
    FID_TAG,
    DF_NAME_TAG,
    SFI_TAG,
    CONTACT_TAG,
    INTERFACE_TAG,
    LIFE_CYCLE_TAG,
)

NO_SFI = 0
"""The value of :attr:`Fcp.sfi` for an empty object ``88``: the EF has no short identifier."""


class FileStructure(IntEnum):
    """How the content of an EF is organised: bits 3 to 1 of the file descriptor byte."""

    NO_INFORMATION = 0
    TRANSPARENT = 1
    LINEAR_FIXED = 2
    LINEAR_FIXED_TLV = 3
    LINEAR_VARIABLE = 4
    LINEAR_VARIABLE_TLV = 5
    CYCLIC = 6
    CYCLIC_TLV = 7


class LifeCycle(IntEnum):
    """The life cycle status byte (ISO/IEC 7816-4:2020 table 13). Of the values with one meaning the usual one."""

    NO_INFORMATION = 0x00
    CREATION = 0x01
    INITIALISATION = 0x03
    DEACTIVATED = 0x04
    ACTIVATED = 0x05
    TERMINATED = 0x0C

    @classmethod
    def of(cls, value: int) -> "LifeCycle | None":
        """The state that byte *value* stands for (06 is 04, 07 is 05, 0C to 0F are one); None when proprietary."""
        if value & 0xFC == 0x0C:
            return cls.TERMINATED
        if value in (0x06, 0x07):
            value -= 2
        return cls(value) if value in cls._value2member_map_ else None


@dataclass(frozen=True, slots=True)
class FileDescriptor:
    """Object ``82``: the descriptor byte, and the data coding byte and record lengths where a card gives them.

    ``record_size`` is the maximum record length in bytes, ``record_count`` the number of records. The latter has one
    or two bytes, as ``wide_count`` says.
    """

    byte: int
    data_coding: int | None = None
    record_size: int | None = None
    record_count: int | None = None
    wide_count: bool = False

    def __post_init__(self) -> None:
        chain = (self.data_coding, self.record_size, self.record_count)
        present = [value is not None for value in chain]
        if present != sorted(present, reverse=True) or (self.wide_count and self.record_count is None):
            raise ApduError("a file descriptor gives data coding, record size and record count in this order")
        limits = (0xFF, 0xFFFF, 0xFFFF if self.wide_count else 0xFF)
        if not 0 <= self.byte <= 0xFF or any(
            value is not None and not 0 <= value <= limit for value, limit in zip(chain, limits, strict=True)
        ):
            raise ApduError("a value of the file descriptor is out of range")

    @classmethod
    def parse(cls, value: bytes) -> "FileDescriptor":
        """Read 1 to 6 bytes. Raises ApduError for another length."""
        if not 1 <= len(value) <= 6:
            raise ApduError(f"a file descriptor has 1 to 6 bytes, not {len(value)}")
        if len(value) == 3:
            raise ApduError("a maximum record size of one byte: it has two")
        return cls(
            value[0],
            value[1] if len(value) > 1 else None,
            int.from_bytes(value[2:4], "big") if len(value) > 2 else None,
            int.from_bytes(value[4:], "big") if len(value) > 4 else None,
            len(value) == 6,
        )

    def encode(self) -> bytes:
        """1 to 6 bytes."""
        raw = bytes((self.byte,))
        if self.data_coding is not None:
            raw += bytes((self.data_coding,))
        if self.record_size is not None:
            raw += self.record_size.to_bytes(2, "big")
        if self.record_count is not None:
            raw += self.record_count.to_bytes(2 if self.wide_count else 1, "big")
        return raw

    @property
    def is_df(self) -> bool:
        """A DF, the MF included (``38``; ``78`` when shareable)."""
        return self.byte & 0xBF == 0x38

    @property
    def structure(self) -> FileStructure | None:
        """The structure of an EF, None for a DF and for values of other meaning."""
        return FileStructure(self.byte & 0x07) if self.byte & 0x80 == 0 and self.byte & 0x38 != 0x38 else None

    def explain(self) -> str:
        """In words, e.g. ``transparent EF``."""
        if self.is_df:
            return "DF"
        if self.structure is None:
            return f"descriptor {self.byte:02X}"
        text = f"{self.structure.name.replace('_', ' ').lower()} EF"
        if self.record_count is not None:
            return f"{text}, {self.record_count} records of at most {self.record_size} bytes"
        return text


TRANSPARENT_EF = FileDescriptor(0x01)
DEDICATED_FILE = FileDescriptor(0x38)


class FcpTemplate(Enum):
    """In which templates a card wraps the parameters, from the outside in."""

    FCP = (FCP_TAG,)
    FCI = (FCI_TAG,)
    FCI_FCP = (FCI_TAG, FCP_TAG)


@dataclass(frozen=True, slots=True)
class Fcp:
    """The control parameters of one file. None means that the card does not say.

    ``size`` counts the data of an EF, ``total_size`` the structure too; both are read from one to four bytes and
    written in two, or four where two do not suffice. ``sfi`` is 1 to 30, or :data:`NO_SFI` for an
    empty object ``88``; without the object the five low bits of ``fid`` serve as short identifier. ``security`` holds
    the attributes per interface; with ``bare_security`` those for contact stand as ``8C`` without the template ``A1``.
    ``others`` are the objects that have no field here. ``order`` lists the tags where they are not in the usual order.
    """

    descriptor: FileDescriptor | None = None
    fid: int | None = None
    size: int | None = None
    total_size: int | None = None
    df_name: bytes | None = None
    sfi: int | None = None
    life_cycle: int | None = None
    security: InterfaceAttributes | None = None
    bare_security: bool = False
    others: tuple[Tlv, ...] = ()
    template: FcpTemplate = FcpTemplate.FCP
    order: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, value, limit in (
            ("size", self.size, 0xFFFFFFFF),
            ("total size", self.total_size, 0xFFFFFFFF),
            ("file identifier", self.fid, 0xFFFF),
            ("short identifier", self.sfi, 30),
            ("life cycle status", self.life_cycle, 0xFF),
        ):
            if value is not None and not 0 <= value <= limit:
                raise ApduError(f"the {name} is 0 to {limit}, not {value}")
        if self.df_name is not None and not 1 <= len(self.df_name) <= 16:
            raise ApduError(f"a DF name has 1 to 16 bytes, not {len(self.df_name)}")
        if self.bare_security and (
            self.security is None or self.security.contact is None or self.security.contactless
        ):
            raise ApduError("bare security attributes are those for contact alone")
        if self.security is not None and not self.security.protects(self.target):
            raise ApduError(f"the security attributes are not those of a file of kind {self.target.value}")
        if any(item.tag in _ORDER for item in self.others):
            raise ApduError("an object with a field of its own stands among the others")

    @classmethod
    def parse(cls, data: bytes) -> "Fcp":
        """Read the answer to SELECT: ``62{…}``, ``6F{…}`` or ``6F{62{…}}`` (an FMD beside it is passed over).

        Raises ApduError when it is none of them, bytes follow, an object is there twice or has a wrong length.
        """
        outer, rest = tlv.decode_one(data)
        if rest:
            raise ApduError(f"{len(rest)} bytes follow template {outer.tag:02X}")
        if outer.tag == FCP_TAG:
            return cls._from_content(outer.value, FcpTemplate.FCP)
        if outer.tag != FCI_TAG:
            raise ApduError(f"file control information begins with 62 or 6F, not {outer.tag:02X}")
        inner = tlv.find(outer.value, FCP_TAG)
        if inner is None:
            return cls._from_content(outer.value, FcpTemplate.FCI)
        return cls._from_content(inner, FcpTemplate.FCI_FCP)

    @classmethod
    def _from_content(cls, content: bytes, template: FcpTemplate) -> "Fcp":
        items = tlv.decode(content)
        known = {item.tag: item.value for item in items if item.tag in _ORDER}
        others = tuple(item for item in items if item.tag not in _ORDER)
        if len(known) + len(others) != len(items):
            raise ApduError("a control parameter is there twice")
        descriptor = FileDescriptor.parse(known[DESCRIPTOR_TAG]) if DESCRIPTOR_TAG in known else None
        fcp = cls(
            descriptor=descriptor,
            fid=_integer(known, FID_TAG, 2, 2),
            size=_integer(known, SIZE_TAG, 1, 4),
            total_size=_integer(known, TOTAL_SIZE_TAG, 1, 4),
            df_name=known.get(DF_NAME_TAG),
            sfi=_short_identifier(known.get(SFI_TAG)),
            life_cycle=_integer(known, LIFE_CYCLE_TAG, 1, 1),
            security=_security(known, _target(descriptor, known.get(DF_NAME_TAG))),
            bare_security=CONTACT_TAG in known,
            others=others,
            template=template,
        )
        order = tuple(item.tag for item in items)
        if order == fcp.tags():
            return fcp
        from dataclasses import replace  # few cards have an order of their own

        return replace(fcp, order=order)

    @property
    def target(self) -> Target:
        """Which access mode bits apply: those of a DF or, also when the card does not say, of an EF."""
        return _target(self.descriptor, self.df_name)

    def tags(self) -> tuple[int, ...]:
        """The tags of the objects in the order in which :meth:`encode` writes them."""
        return tuple(item.tag for item in self._objects())

    def _objects(self) -> list[Tlv]:
        values = {
            SIZE_TAG: None if self.size is None else _big(self.size),
            TOTAL_SIZE_TAG: None if self.total_size is None else _big(self.total_size),
            DESCRIPTOR_TAG: None if self.descriptor is None else self.descriptor.encode(),
            FID_TAG: None if self.fid is None else self.fid.to_bytes(2, "big"),
            DF_NAME_TAG: self.df_name,
            SFI_TAG: None if self.sfi is None else bytes((self.sfi << 3,)) if self.sfi else b"",
            LIFE_CYCLE_TAG: None if self.life_cycle is None else bytes((self.life_cycle,)),
        }
        if self.bare_security and self.security is not None and self.security.contact is not None:
            values[CONTACT_TAG] = self.security.contact.encode()
        elif self.security is not None:
            values[INTERFACE_TAG] = self.security.encode()
        items = [Tlv(tag, value) for tag in _ORDER if (value := values.get(tag)) is not None]
        items += self.others
        return tlv.arrange(items, self.order)

    def encode(self) -> bytes:
        """The bytes that SELECT answers."""
        raw = tlv.join(self._objects())
        for tag in reversed(self.template.value):
            raw = tlv.encode(tag, raw)
        return raw

    @property
    def contact(self) -> SecurityAttributes | None:
        """The attributes for the contact interface."""
        return None if self.security is None else self.security.contact

    @property
    def contactless(self) -> SecurityAttributes | None:
        """The attributes for the contactless interface."""
        return None if self.security is None else self.security.contactless

    def explain(self) -> list[str]:
        """One line per parameter, for a person."""
        lines = []
        if self.descriptor is not None:
            lines.append(self.descriptor.explain())
        if self.fid is not None:
            lines.append(f"file identifier {self.fid:04X}")
        if self.df_name is not None:
            lines.append(f"DF name {self.df_name.hex().upper()}")
        if self.size is not None:
            lines.append(f"{self.size} bytes of data")
        if self.total_size is not None:
            lines.append(f"{self.total_size} bytes with structure")
        if self.sfi is not None:
            lines.append(f"short identifier {self.sfi:02X}" if self.sfi else "no short identifier")
        if self.life_cycle is not None:
            state = LifeCycle.of(self.life_cycle)
            name = "proprietary" if state is None else state.name.replace("_", " ").lower()
            lines.append(f"life cycle status {self.life_cycle:02X} ({name})")
        if self.security is not None:
            lines += self.security.explain()
        return lines + [f"object {item.tag:02X} of {len(item.value)} bytes" for item in self.others]


def _target(descriptor: FileDescriptor | None, df_name: bytes | None) -> Target:
    is_df = df_name is not None if descriptor is None else descriptor.is_df
    return Target.DF if is_df else Target.EF


def _big(value: int) -> bytes:
    """A size, in two bytes where they suffice."""
    return value.to_bytes(2 if value <= 0xFFFF else 4, "big")


def _integer(known: dict[int, bytes], tag: int, least: int, most: int) -> int | None:
    value = known.get(tag)
    if value is None:
        return None
    if not least <= len(value) <= most:
        raise ApduError(f"object {tag:02X} has {least} to {most} bytes, not {len(value)}")
    return int.from_bytes(value, "big")


def _short_identifier(value: bytes | None) -> int | None:
    if value is None:
        return None
    if not value:
        return NO_SFI
    if len(value) > 1 or value[0] & 0x07 or not 1 <= value[0] >> 3 <= 30:
        raise ApduError("a short identifier is 1 to 30 in the five high bits of one byte")
    return value[0] >> 3


def _security(known: dict[int, bytes], target: Target) -> InterfaceAttributes | None:
    bare = known.get(CONTACT_TAG)
    template = known.get(INTERFACE_TAG)
    if bare is not None and template is not None:
        raise ApduError("security attributes stand both inside and outside template A1")
    if bare is not None:
        return InterfaceAttributes(contact=SecurityAttributes.parse(bare, target))
    return None if template is None else InterfaceAttributes.parse(template, target)
