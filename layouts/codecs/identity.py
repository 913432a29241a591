"""Who the card is and whose: identity and NIR of a Vitale, its file map, serial numbers, EF.DIR, EF_ACTUA.

Sources: cardpeek ``vitale_2.lua`` and the readers of public repositories for the Vitale; OpenSC's commits of 2021 and
ansforge/dops-cryptolib (``pkcs15.c``) for EF.SN.ICC, EF_ACTUA and EF.DIR of the CPS3. The sizes of files are synthetic,
but that of the identity, which a public reader asks for with Le = 7C.
"""

from collections.abc import Callable
from typing import TypeVar

from bifente.codes.luhn import luhn_key
from bifente.layouts.codec import Codec, JsonValue, PaddedCodec, record, sequence, string
from bifente.layouts.codecs.template import Element, ListOf, Template, Wrapped
from bifente.layouts.codecs.values import DATE, LATIN, Bcd, Hex, Number, Text
from bifente.layouts.errors import LayoutError
from bifente.slotted import dataclass

_T = TypeVar("_T")
_R = TypeVar("_R")

IDENTITY_SIZE = 0x7C
NIR_SIZE = 0x40

IDENTITY = PaddedCodec(
    Template(
        (
            Element(
                0x65,
                "porteur",
                Template(
                    (
                        Element(0x80, "nom", LATIN),
                        Element(0x81, "prenoms", LATIN),
                        Element(0x82, "date_naissance", DATE, meaning="AAAAMMJJ, may be out of the calendar"),
                    )
                ),
            ),
        )
    ),
    IDENTITY_SIZE,
)
"""EF.ID of a Vitale 2: ``{"porteur": {"nom", "prenoms", "date_naissance"}}``, 124 bytes."""

NIR = PaddedCodec(
    Template(
        (
            Element(
                0x65,
                "assure",
                Template(
                    (
                        Element(0x90, "pays", LATIN),
                        Element(
                            0x93,
                            "nir",
                            Text(
                                "ascii", pattern="[0-9A-Z]{15}", expected="a NIR and its key, 15 characters,"
                            ),
                        ),
                    )
                ),
            ),
            Element(0x66, "carte", Template((Element(0x80, "debut_validite", DATE, meaning="AAAAMMJJ"),))),
        )
    ),
    NIR_SIZE,
)
"""EF.NIR of a Vitale 2: ``{"assure": {"pays", "nir"}, "carte": {"debut_validite"}}``, 64 bytes."""

FACE = Wrapped(
    0x65,
    Template(
        (
            Element(0x80, "nom", LATIN),
            Element(0x81, "prenoms", LATIN),
            Element(
                0x93,
                "nir",
                Text("ascii", pattern="[0-9A-Z]{15}", expected="a NIR and its key, 15 characters,"),
            ),
        )
    ),
)
"""EF.FACE of a Vitale 1 (``synthetic``): ``{"nom", "prenoms", "nir"}``, what the card shows of the assuré, without padding."""

DIRECTORY = ListOf(
    0x61,
    Template(
        (
            Element(0x4F, "aid", Hex()),
            Element(0x50, "label", Text("utf-8"), optional=True),
            Element(0x51, "path", Hex(), optional=True),
            Element(0x73, "ddo", Template((Element(0x4F, "aid", Hex()),)), optional=True),
        )
    ),
)
"""EF.DIR (ISO/IEC 7816-4:2020 §12.2.2): ``[{"aid", "label", "path", "ddo": {"aid"}}, …]``."""

_MOMENT = Bcd((14,))

ACTUALISATION = Wrapped(
    0xEC,
    Template((Element(0x81, "debut", _MOMENT, optional=True), Element(0x82, "fin", _MOMENT, optional=True))),
)
"""EF_ACTUA of a CPS3: ``{"debut", "fin"}`` as AAAAMMJJhhmmss; a beginning without end is an update under way."""


@dataclass(frozen=True, slots=True)
class SerialCodec:
    """EF.SN.ICC and EF.PAN: ``5A 0A``, issuer number (10 digits), serial (8 or 9), Luhn digit; 19 digits end with F.

    The value is ``{"emetteur", "numero", "cle"}``; without ``cle`` the right one is computed, a wrong one is kept.
    """

    def encode(self, value: JsonValue) -> bytes:
        """The 12 bytes; LayoutError."""
        given = record(value, "serial number", ("emetteur", "numero"), ("cle",))
        issuer, number = string(given["emetteur"], "emetteur"), string(given["numero"], "numero")
        if not all(part.isascii() and part.isdigit() for part in (issuer, number)):
            raise LayoutError("serial number: digits expected")
        if len(issuer) != 10 or len(number) not in (8, 9):
            raise LayoutError("serial number: an issuer of 10 digits and a number of 8 or 9 expected")
        key = string(given["cle"], "cle") if "cle" in given else luhn_key(issuer + number)
        if len(key) != 1:
            raise LayoutError("serial number: the key is one digit")
        return _PAN.encode(issuer + number + key)

    def decode(self, data: bytes) -> JsonValue:
        """The three parts; LayoutError."""
        text = string(_PAN.decode(data), "serial number")
        return {"emetteur": text[:10], "numero": text[10:-1], "cle": text[-1]}


_PAN = Wrapped(0x5A, Bcd((19, 20)))

SERIAL = SerialCodec()


def pan(serial: JsonValue) -> bytes:
    """The ten bytes of the card number that stand in a CV certificate, from a value of :data:`SERIAL`; LayoutError."""
    return SERIAL.encode(serial)[2:]


@dataclass(frozen=True, slots=True)
class PointersCodec:
    """The map of the files of a Vitale 2 (POINTERS), as cardpeek reads it.

    ``E0 {A0 {82 {id, 2 bytes, AID} …}, 80 {name 8, application id, FID} …}``; the files are siblings of the list of
    applications, and each names an application of that list (else LayoutError, for cardpeek fails on it).
    Names of files are ASCII, padded with spaces on the card. The value::

        {"applications": [{"id": 1, "reserved": 0, "aid": "D250…"}],
         "files": [{"name": "PAN", "application": 1, "fid": "2F02"}]}
    """

    def encode(self, value: JsonValue) -> bytes:
        """The map; LayoutError."""
        given = record(value, "file map", ("applications", "files"))
        listed: JsonValue = {"list": given["applications"]}
        content = FILE_MAP.encode({"applications": listed, "files": given["files"]})
        self.decode(content)
        return content

    def decode(self, data: bytes) -> JsonValue:
        """The value of a map; LayoutError."""
        value, end = self.decode_prefix(data)
        if end != len(data):
            raise LayoutError(f"offset {end}: {len(data) - end} bytes follow the file map")
        return value

    def decode_prefix(self, data: bytes) -> tuple[JsonValue, int]:
        """The value of the map at the beginning of *data*, and its size; LayoutError."""
        parsed, end = FILE_MAP.decode_prefix(data)
        given = record(parsed, "file map", ("applications", "files"))
        listed = record(given["applications"], "applications", ("list",))["list"]
        applications, files = sequence(listed, "applications"), sequence(given["files"], "files")
        known = [record(entry, "application", ("id",), ("reserved", "aid"))["id"] for entry in applications]
        for entry in files:
            application = record(entry, "file", ("application",), ("name", "fid"))["application"]
            if application not in known:
                raise LayoutError(f"files: application {application} is not in the list")
        return {"applications": applications, "files": files}, end


@dataclass(frozen=True, slots=True)
class EntryCodec:
    """An entry of the file map: ``parts`` of the given sizes one after the other, None the rest of it.

    A number that is not given is its default, where it has one.
    """

    what: str
    parts: tuple[tuple[str, Codec, int | None], ...]
    defaults: tuple[tuple[str, int], ...] = ()

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of a mapping; LayoutError naming the part."""
        defaults = dict(self.defaults)
        required = [key for key, _, _ in self.parts if key not in defaults]
        given = {**defaults, **record(value, self.what, required, list(defaults))}
        return b"".join(self._part(key, codec.encode, given[key]) for key, codec, _ in self.parts)

    def decode(self, data: bytes) -> JsonValue:
        """The parts by their names; LayoutError."""
        value = {}
        for key, codec, size in self.parts:
            value[key] = self._part(key, codec.decode, data[:size])
            data = data[size:] if size is not None else b""
        if data:
            raise LayoutError(f"{self.what}: {len(data)} bytes too many")
        return value

    def _part(self, key: str, convert: Callable[[_T], _R], part: _T) -> _R:
        try:
            return convert(part)
        except LayoutError as error:
            raise LayoutError(f"{self.what}, {key}: {error}") from None


@dataclass(frozen=True, slots=True)
class PaddedName:
    """A name of 1 to 8 printable ASCII characters, followed by spaces up to 8."""

    def encode(self, value: JsonValue) -> bytes:
        """Eight bytes; LayoutError."""
        return _EIGHT_LETTERS.encode(string(value, "name").ljust(8))

    def decode(self, data: bytes) -> JsonValue:
        """The name; LayoutError."""
        return string(_EIGHT_LETTERS.decode(data), "name").rstrip(" ")


_EIGHT_LETTERS = Text("ascii", pattern="[ -~]{8}", expected="a name of 1 to 8 printable ASCII characters")
_AID = Hex(tuple(range(1, 17)))
_APPLICATION = EntryCodec(
    "application",
    (("id", Number(2), 2), ("reserved", Number(2), 2), ("aid", _AID, None)),
    defaults=(("reserved", 0),),
)
_FILE = EntryCodec("file", (("name", PaddedName(), 8), ("application", Number(2), 2), ("fid", Hex((2,)), 2)))

FILE_MAP = Wrapped(
    0xE0,
    Template(
        (
            Element(0xA0, "applications", Template((Element(0x82, "list", _APPLICATION, many=True),))),
            Element(0x80, "files", _FILE, many=True),
        )
    ),
)
"""The data objects of :data:`POINTERS`."""

POINTERS = PointersCodec()
