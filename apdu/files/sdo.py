"""Security data objects of IAS-ECC: PINs, keys and security environments, read with GET DATA ``00 CB 3F FF``.

A request is an extended header list ``4D{70{BF cc rr {tag 80}}}``, the answer ``70{BF cc rr{…}}``. The tag of an
object holds its class ``cc`` and its reference ``rr``; bit 8 of ``cc`` is always set, because BER wants it in a tag
of three bytes. Object ``A0`` inside is the DOCP, the object's control parameters. Source: OpenSC, driver ``iasecc``,
and the dumps of a real CPS3 in OpenSC's PRs #2217 and #2267.
"""

from collections.abc import Sequence
from enum import IntEnum

from bifente.apdu import tlv
from bifente.apdu.errors import ApduError
from bifente.apdu.files.security import INTERFACE_TAG, InterfaceAttributes, SecurityAttributes, Target
from bifente.apdu.tlv import Tlv
from bifente.slotted import dataclass

HEADER_LIST_TAG = 0x4D
SDO_TEMPLATE_TAG = 0x70
DOCP_TAG = 0xA0
CHV_DATA_TAG = 0x7F41
PRIVATE_KEY_TAG = 0x7F48
PUBLIC_KEY_TAG = 0x7F49

_WHOLE = 0x80
"""The length that asks for the whole object in an extended header list (ISO/IEC 7816-4:2020 §8.4.5)."""


class SdoClass(IntEnum):
    """What a security data object is."""

    CHV = 0x01
    KEYSET = 0x0A
    RSA_PRIVATE = 0x10
    RSA_PUBLIC = 0x20
    SECURITY_ENVIRONMENT = 0x7B

    @staticmethod
    def target(value: int) -> Target:
        """Which access mode bits the attributes of class *value* use."""
        return _TARGETS.get(value, Target.SDO)


_TARGETS = {
    0x01: Target.CHV,
    0x0A: Target.KEYSET,
    0x10: Target.RSA_KEY,
    0x20: Target.RSA_KEY,
}


@dataclass(frozen=True, slots=True)
class SdoId:
    """Class (1 to 127, see :class:`SdoClass`) and reference (1 to 127) of a security data object.

    The reference carries no ``80`` for objects local to a DF: MSE SET says ``82`` for the key that is ``BF 90 02``.
    """

    sdo_class: int
    reference: int

    def __post_init__(self) -> None:
        if not 1 <= self.sdo_class <= 0x7F or not 0 <= self.reference <= 0x7F:
            raise ApduError(
                f"no tag for a security data object of class {self.sdo_class} and number {self.reference}"
            )

    @classmethod
    def of_tag(cls, tag: int) -> "SdoId":
        """Class and reference in a tag ``BFccrr``. Raises ApduError for other tags."""
        if tag >> 16 != 0xBF:
            raise ApduError(f"{tag:02X} is not the tag of a security data object")
        return cls(tag >> 8 & 0x7F, tag & 0xFF)

    @property
    def tag(self) -> int:
        """``BFccrr``."""
        return 0xBF8000 | self.sdo_class << 8 | self.reference

    def explain(self) -> str:
        """In words, e.g. ``CHV 01``."""
        try:
            name = SdoClass(self.sdo_class).name.replace("_", " ")
        except ValueError:
            name = f"class {self.sdo_class:02X}"
        return f"{name} {self.reference:02X}"


@dataclass(frozen=True, slots=True)
class SdoRequest:
    """What GET DATA asks for: an object, and the tags inside it (``A0`` DOCP, ``7F41``, ``7F48``, ``7F49``, ``7B``…)."""

    sdo: SdoId
    wanted: tuple[int, ...]

    @classmethod
    def parse(cls, data: bytes) -> "SdoRequest":
        """Read a data field ``4D{70{BFccrr{tag 80 …}}}``. Raises ApduError when it is anything else."""
        outer, rest = tlv.decode_one(data)
        if outer.tag != HEADER_LIST_TAG or rest:
            raise ApduError("GET DATA wants one extended header list 4D")
        template, rest = tlv.decode_one(outer.value)
        if template.tag != SDO_TEMPLATE_TAG or rest:
            raise ApduError("the extended header list wants one template 70")
        target, rest = tlv.decode_one(template.value)
        if rest:
            raise ApduError("template 70 asks for more than one security data object")
        return cls(SdoId.of_tag(target.tag), _wanted_tags(target.value))

    def encode(self) -> bytes:
        """The data field of GET DATA."""
        headers = b"".join(tlv.encode_tag(tag) + bytes((_WHOLE,)) for tag in self.wanted)
        raw = tlv.encode(self.sdo.tag, headers)
        return tlv.encode(HEADER_LIST_TAG, tlv.encode(SDO_TEMPLATE_TAG, raw))


def _wanted_tags(headers: bytes) -> tuple[int, ...]:
    tags = []
    at = 0
    while at < len(headers):
        tag, at = tlv.read_tag(headers, at)
        if headers[at : at + 1] != bytes((_WHOLE,)):
            raise ApduError(f"header {tag:02X} is not followed by 80, the whole object")
        tags.append(tag)
        at += 1
    if not tags:
        raise ApduError("the request names no object inside the security data object")
    return tuple(tags)


def encode_answer(sdo: SdoId, content: bytes) -> bytes:
    """The answer ``70{BFccrr{content}}`` to a request for *sdo*."""
    return tlv.encode(SDO_TEMPLATE_TAG, tlv.encode(sdo.tag, content))


def parse_answer(data: bytes) -> tuple[SdoId, list[Tlv]]:
    """The object that an answer ``70{BFccrr{…}}`` is about and the objects inside. Raises ApduError."""
    template, rest = tlv.decode_one(data)
    if template.tag != SDO_TEMPLATE_TAG or rest:
        raise ApduError("a security data object comes in one template 70")
    item, rest = tlv.decode_one(template.value)
    if rest:
        raise ApduError("template 70 holds more than one security data object")
    return SdoId.of_tag(item.tag), item.children()


@dataclass(frozen=True, slots=True)
class Docp:
    """The control parameters of a security data object (``A0``). None means that the card does not say.

    ``max_tries`` and ``tries_left`` (one byte each) count wrong presentations, ``max_uses`` and ``uses_left`` (two
    bytes each) uses in all. ``size`` is the length of a key in bytes. ``others`` are the objects without a field
    here, written last; ``order`` lists the tags where they are not in the usual order.
    """

    sdo_class: int
    name: bytes | None = None
    max_tries: int | None = None
    tries_left: int | None = None
    max_uses: int | None = None
    uses_left: int | None = None
    security: InterfaceAttributes | None = None
    size: int | None = None
    non_repudiation: int | None = None
    others: tuple[Tlv, ...] = ()
    order: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for tag, (name, width) in _COUNTERS.items():
            value: int | None = getattr(self, name)
            if value is not None and not 0 <= value < 1 << 8 * width:
                raise ApduError(f"object {tag:02X} ({name}) has {width} bytes, {value} does not fit")
        if self.security is not None and not self.security.protects(SdoClass.target(self.sdo_class)):
            raise ApduError(f"the security attributes are not those of class {self.sdo_class:02X}")
        if any(item.tag in _ORDER for item in self.others):
            raise ApduError("an object with a field of its own stands among the others")

    @classmethod
    def parse(cls, content: bytes, sdo_class: int) -> "Docp":
        """Read the content of ``A0``. Raises ApduError on doubled objects and wrong lengths."""
        items = tlv.decode(content)
        known = {item.tag: item.value for item in items if item.tag in _ORDER}
        others = tuple(item for item in items if item.tag not in _ORDER)
        if len(known) + len(others) != len(items):
            raise ApduError("a control parameter is there twice")
        numbers: dict[str, int] = {}
        for tag, (name, width) in _COUNTERS.items():
            if tag in known:
                if len(known[tag]) != width:
                    raise ApduError(f"object {tag:02X} ({name}) has {width} bytes, not {len(known[tag])}")
                numbers[name] = int.from_bytes(known[tag], "big")
        security = None
        if INTERFACE_TAG in known:
            security = InterfaceAttributes.parse(known[INTERFACE_TAG], SdoClass.target(sdo_class))
        order = tuple(item.tag for item in items)
        usual = tuple(tag for tag in _ORDER if tag in known) + tuple(item.tag for item in others)
        return cls(
            sdo_class,
            name=known.get(_NAME_TAG),
            security=security,
            others=others,
            order=() if order == usual else order,
            **numbers,
        )

    @classmethod
    def of_answer(cls, data: bytes) -> tuple[SdoId, "Docp"]:
        """The object and the DOCP in an answer of the card. Raises ApduError when it holds no ``A0``."""
        sdo, items = parse_answer(data)
        content = tlv.find(items, DOCP_TAG)
        if content is None:
            raise ApduError(f"the answer about {sdo.explain()} holds no control parameters")
        return sdo, cls.parse(content, sdo.sdo_class)

    def encode(self) -> bytes:
        """Object ``A0``."""
        items = []
        for tag in _ORDER:
            if tag == _NAME_TAG and self.name is not None:
                items.append(Tlv(tag, self.name))
            elif tag == INTERFACE_TAG and self.security is not None:
                items.append(Tlv(tag, self.security.encode()))
            elif tag in _COUNTERS:
                name, width = _COUNTERS[tag]
                value: int | None = getattr(self, name)
                if value is not None:
                    items.append(Tlv(tag, value.to_bytes(width, "big")))
        items += self.others
        return tlv.encode(DOCP_TAG, tlv.join(tlv.arrange(items, self.order)))

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
        lines = [f"name {self.name.hex().upper()}"] if self.name is not None else []
        for label, value in (
            ("tries at most", self.max_tries),
            ("tries left", self.tries_left),
            ("uses at most", self.max_uses),
            ("uses left", self.uses_left),
            ("size in bytes", self.size),
            ("non-repudiation", self.non_repudiation),
        ):
            if value is not None:
                lines.append(f"{label}: {value}")
        if self.security is not None:
            lines += self.security.explain()
        return lines + [f"object {item.tag:02X} of {len(item.value)} bytes" for item in self.others]


_NAME_TAG = 0x84

_COUNTERS = {
    0x9A: ("max_tries", 1),
    0x9B: ("tries_left", 1),
    0x9C: ("max_uses", 2),
    0x9D: ("uses_left", 2),
    0x80: ("size", 2),
    0x9E: ("non_repudiation", 1),
}

_ORDER: Sequence[int] = (_NAME_TAG, 0x9A, 0x9B, 0x9C, 0x9D, INTERFACE_TAG, 0x80, 0x9E)
