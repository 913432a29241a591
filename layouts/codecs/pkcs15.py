"""The cryptographic information files of ISO/IEC 7816-15:2016 (once PKCS #15), as far as a professional's card uses them.

Each file is a record or a run of records in DER. The structures below are those that OpenSC 0.23 reads from a CPS3
(commits by V. Jardin, 2021, with the contents of a real card in #2224); members that the card does not use are not
declared, and a file that has them is refused with a LayoutError rather than read in part.
"""

from collections.abc import Mapping, Sequence

from bifente.apdu import tlv
from bifente.apdu.errors import ApduError
from bifente.apdu.tlv import Tlv
from bifente.layouts.codec import JsonValue, record, sequence, string
from bifente.layouts.codecs.der import (
    NULL,
    SEQUENCE,
    Bits,
    Constant,
    Integer,
    Member,
    Named,
    ObjectIdentifier,
    OctetString,
    Record,
    SequenceOf,
    Time,
    Utf8String,
    members,
    rising,
)
from bifente.layouts.errors import LayoutError
from bifente.slotted import dataclass, field


@dataclass(frozen=True, slots=True)
class CiaCodec:
    """The codec of one of these files. Values: see the constants of this module.

    Decoding refuses what it would not write again byte for byte.
    """

    name: str
    shapes: Mapping[str, Record] = field(repr=False)
    """The alternatives of an entry by the name that its ``type`` has; a single one under "" has no ``type``."""
    single: bool = False
    """The file is one record, not a run of them."""

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of the file; LayoutError."""
        entries: Sequence[JsonValue] = [value] if self.single else sequence(value, self.name)
        try:
            return b"".join(self._encode(entry, number) for number, entry in enumerate(entries, 1))
        except ApduError as error:
            raise LayoutError(f"{self.name}: {error}") from None

    def decode(self, data: bytes) -> JsonValue:
        """The value of the file; LayoutError."""
        try:
            entries = [self._decode(item, number) for number, item in enumerate(tlv.decode(data), 1)]
        except ApduError as error:
            raise LayoutError(f"{self.name}: {error}") from None
        if self.single and len(entries) != 1:
            raise LayoutError(f"{self.name}: one record was expected, {len(entries)} are there")
        value: JsonValue = entries[0] if self.single else entries
        if self.encode(value) != data:
            raise LayoutError(f"{self.name}: not written as DER wants it")
        return value

    def _where(self, number: int) -> str:
        return self.name if self.single else f"{self.name} {number}"

    def _encode(self, entry: JsonValue, number: int) -> bytes:
        what = self._where(number)
        shape = self.shapes.get("")
        if shape is None:
            fields = dict(record(entry, what, ("type",), list(entry) if isinstance(entry, Mapping) else ()))
            kind = string(fields.pop("type"), f"{what}, type")
            if kind not in self.shapes:
                raise LayoutError(f"{what}: {kind!r} is none of {', '.join(self.shapes)}")
            shape, entry = self.shapes[kind], fields
        return tlv.encode(shape.tag, shape.build(entry, what))

    def _decode(self, item: Tlv, number: int) -> JsonValue:
        what = self._where(number)
        for kind, shape in self.shapes.items():
            if item.tag == shape.tag:
                fields = shape.read(item.value, what)
                return {"type": kind, **fields} if kind else fields
        raise LayoutError(f"{what}: {item.tag:02X} is not a record of this file")


_PATH = rising(SEQUENCE, *members(path=OctetString()))
"""ISO/IEC 7816-15 §8.2.5 Path: a file identifier (or nothing), relative to the application."""

_COMMON = rising(
    SEQUENCE,
    *members(label=Utf8String(), flags=Bits(("private", "modifiable", "internal"))),
    Member("auth_id", OctetString(), optional=True),
)
"""CommonObjectAttributes, §8.2.8."""

_USAGE = (
    "encrypt",
    "decrypt",
    "sign",
    "signRecover",
    "keyEncipher",
    "keyDecipher",
    "verify",
    "verifyRecover",
    "derive",
    "nonRepudiation",
)
_ACCESS = ("sensitive", "extractable", "alwaysSensitive", "neverExtractable", "cardGenerated")
_PIN_FLAGS = (
    "case-sensitive",
    "local",
    "change-disabled",
    "unblock-disabled",
    "initialized",
    "needs-padding",
    "unblockingPassword",
    "soPassword",
    "disable-allowed",
    "integrity-protected",
    "confidentiality-protected",
    "exchangeRefData",
    "resetRetryCounter1",
    "resetRetryCounter2",
)
_PIN_TYPES = ("bcd", "ascii-numeric", "utf8", "half-nibble-bcd", "iso9564-1")
_OPERATIONS = (
    "compute-checksum",
    "compute-signature",
    "verify-checksum",
    "verify-signature",
    "encipher",
    "decipher",
    "hash",
    "generate-key",
)
_CONTENTS = (
    "privateKeys",
    "publicKeys",
    "trustedPublicKeys",
    "secretKeys",
    "certificates",
    "trustedCertificates",
    "usefulCertificates",
    "dataContainerObjects",
    "authObjects",
)

ODF = CiaCodec("ODF", {name: Record(0xA0 + number, (_PATH,)) for number, name in enumerate(_CONTENTS)})
"""EF.ODF: ``[{"type": "authObjects", "path": "7001"}, …]`` (§8.3)."""

AODF = CiaCodec(
    "AODF",
    {
        "": Record(
            SEQUENCE,
            (
                _COMMON,
                rising(SEQUENCE, *members(id=OctetString())),
                rising(
                    0xA1,
                    rising(
                        SEQUENCE,
                        *members(
                            pin_flags=Bits(_PIN_FLAGS),
                            pin_type=Named(_PIN_TYPES),
                            min_length=Integer(),
                            stored_length=Integer(),
                            max_length=Integer(),
                            reference=Integer(0x80),
                            pad=OctetString(),
                        ),
                    ),
                ),
            ),
        )
    },
)
"""EF.AODF: a list of PINs, ``{"label", "flags", "auth_id"?, "id", "pin_flags", "pin_type", "min_length",
"stored_length", "max_length", "reference", "pad"}`` (§8.9). ``auth_id`` is what unblocks it."""

PRKDF = CiaCodec(
    "PrKDF",
    {
        "": Record(
            SEQUENCE,
            (
                _COMMON,
                rising(
                    SEQUENCE,
                    *members(id=OctetString(), usage=Bits(_USAGE), access=Bits(_ACCESS), reference=Integer()),
                ),
                rising(0xA1, rising(SEQUENCE, _PATH, *members(modulus_bits=Integer()))),
            ),
        )
    },
)
"""EF.PrKDF: a list of RSA keys, ``{"label", "flags", "auth_id", "id", "usage", "access", "reference", "path",
"modulus_bits"}`` (§8.4)."""

CDF = CiaCodec(
    "CDF",
    {
        "": Record(
            SEQUENCE,
            (
                _COMMON,
                rising(SEQUENCE, *members(id=OctetString())),
                rising(0xA1, rising(SEQUENCE, _PATH)),
            ),
        )
    },
)
"""EF.CDF: a list of X.509 certificates, ``{"label", "flags", "id", "path"}``; ``id`` is that of the key (§8.7)."""

DODF = CiaCodec(
    "DODF",
    {
        "": Record(
            SEQUENCE,
            (
                _COMMON,
                rising(SEQUENCE, *members(application=Utf8String())),
                rising(0xA1, _PATH),
            ),
        )
    },
)
"""EF.DODF: a list of data objects, ``{"label", "flags", "auth_id"?, "application", "path"}`` (§8.8)."""

CIA_INFO = CiaCodec(
    "CIAInfo",
    {
        "": Record(
            SEQUENCE,
            (
                *members(
                    version=Integer(),
                    manufacturer=Utf8String(),
                    label=Utf8String(0x80),
                    flags=Bits(("readonly", "authRequired", "prnGeneration")),
                    algorithms=SequenceOf(
                        Record(
                            SEQUENCE,
                            (
                                *members(reference=Integer(), mechanism=Integer()),
                                Member(None, Constant(NULL)),
                                *members(
                                    operations=Bits(_OPERATIONS),
                                    oid=ObjectIdentifier(),
                                    algorithm=Integer(),
                                ),
                            ),
                        ),
                        0xA2,
                    ),
                ),
                rising(0xA5, *members(last_update=Time())),
            ),
        )
    },
    single=True,
)
"""EF.CIAInfo: ``{"version", "manufacturer", "label", "flags", "algorithms": [{"reference", "mechanism", "operations",
"oid", "algorithm"}, …], "last_update"}``; ``mechanism`` is the PKCS #11 number, ``algorithm`` what MSE takes (§8.10)."""
