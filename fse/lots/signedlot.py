"""The signature of a lot by a CPS, and what is in it.

Provenance: **synthetic**; how a lot is really signed is not public. The CPS signs a CMS SignedData (RFC 5652) whose content
is DER::

    SignedLot ::= SEQUENCE {
        manifest  OCTET STRING,                    -- canonical JSON, below
        sheets    SEQUENCE OF OCTET STRING }       -- the signed sheets, in the order of the invoices

The manifest names file, professional, lot, organisme, mode and day, each invoice with the digest of its signed sheet, and the
digest of the lot's B2 records with a blank *zone de certification* of the lot: so that no sheet can be moved to another lot, no lot
to another file or caisse, and no record changed.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from hashlib import sha256
from typing import Final

from asn1crypto.core import OctetString, Sequence, SequenceOf

from bifente.crypto.cms import Signer, read_signed_data, signed_data
from bifente.crypto.errors import CryptoError
from bifente.documents import DocumentError, JsonValue, parse_json
from bifente.fse.errors import FseError
from bifente.fse.lots.records import lot_rows
from bifente.fse.lots.values import Lot, LotError, Organisme
from bifente.fse.sheet.model import BillingSituation

FORMAT: Final = "bifente-lot/1"
PROVENANCE: Final = "synthetic"
MAX_SIZE: Final = 64 << 20
"""A lot of 999 sheets of 64 KiB each is no longer: what is longer is not read."""


class LotRefused(FseError):
    """A lot that must not be accepted; the message says why. ``reason`` is the particular of ``kind``."""

    hint = "the lot was changed on its way, or belongs to another file: it must be sent again"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.kind = f"signature.lot-{reason}"


class _Sheets(SequenceOf):  # type: ignore[misc]  # asn1crypto has no types
    _child_spec = OctetString


class _SignedLot(Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [("manifest", OctetString), ("sheets", _Sheets)]  # noqa: RUF012 - asn1crypto reads it so


@dataclass(frozen=True, slots=True)
class LotEntry:
    """An invoice in the manifest of a lot: *digest* is the SHA-256 of its signed sheet, in hexadecimal digits."""

    number: int
    digest: str
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class LotManifest:
    """What the CPS says of a lot. ``records`` is the SHA-256 of its B2 records, in hexadecimal digits.

    ``signing`` is the *situation de facturation* in which its holder signs a lot of another professional of the practice; None
    when the professional signs. It is what the card says; no issuer's signature goes with it.
    """

    file: str
    professional: str
    lot: int
    organisme: Organisme
    mode: str
    day: date
    marking: str
    records: str
    invoices: tuple[LotEntry, ...]
    signing: BillingSituation | None = None
    complementary: str = ""

    def encode(self) -> bytes:
        """Canonical JSON."""
        value = {
            "format": FORMAT,
            "provenance": PROVENANCE,
            "file": self.file,
            "professional": self.professional,
            "lot": self.lot,
            "organisme": self.organisme.code,
            "complementary": self.complementary,
            "mode": self.mode,
            "day": self.day.isoformat(),
            "marking": self.marking,
            "records": self.records,
            "signing": None if self.signing is None else asdict(self.signing),
            "invoices": [
                {"number": one.number, "sheet": one.digest, "replaces": one.replaces} for one in self.invoices
            ],
        }
        return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")

    @classmethod
    def decode(cls, data: bytes) -> "LotManifest":
        """From canonical JSON. Raises LotRefused for anything else."""
        try:
            value = parse_json(data, "manifest of a lot")
            made = cls._of(value)
        except (DocumentError, LotError, KeyError, TypeError, ValueError) as error:
            raise LotRefused("unreadable", f"the manifest of the lot cannot be read: {error}") from error
        if made.encode() != data:
            raise LotRefused("unreadable", "the manifest of the lot is not in its canonical form")
        return made

    @classmethod
    def _of(cls, value: JsonValue) -> "LotManifest":
        if not isinstance(value, Mapping) or value.get("format") != FORMAT:
            raise ValueError(f"not of format {FORMAT}")
        entries = value["invoices"]
        if not isinstance(entries, list):
            raise ValueError("invoices: a list was expected")
        code = _text(value, "organisme")
        return cls(
            file=_text(value, "file"),
            professional=_text(value, "professional"),
            lot=_number(value, "lot"),
            organisme=Organisme(code[:2], code[2:]),
            mode=_text(value, "mode"),
            day=date.fromisoformat(_text(value, "day")),
            marking=_text(value, "marking"),
            records=_text(value, "records"),
            invoices=tuple(_entry(entry) for entry in entries),
            signing=_situation(value["signing"]),
            complementary=_text(value, "complementary"),
        )


@dataclass(frozen=True, slots=True)
class SignedLot:
    """A signed lot whose signature holds for the certificate that came with it; whose it is, is not judged yet.

    *sheets* are the signed sheets in the order of the manifest; *signer* is the certificate and *chain* what else came along,
    all DER.
    """

    manifest: LotManifest
    sheets: tuple[bytes, ...]
    signer: bytes
    chain: tuple[bytes, ...]


def manifest_of(
    lot: Lot, file: str, *, marking: str = "T", signing: BillingSituation | None = None
) -> LotManifest:
    """What is signed of *lot* in the file *file*."""
    digest = sha256()
    for one in lot_rows(lot, marking=marking):
        digest.update(one.raw)
    return LotManifest(
        file=file,
        professional=lot.professional,
        lot=lot.number,
        organisme=Organisme(lot.organisme.regime, lot.organisme.caisse),
        mode=lot.mode,
        day=lot.day,
        marking=marking,
        records=digest.hexdigest(),
        invoices=tuple(
            LotEntry(invoice.number, sha256(invoice.signed).hexdigest(), invoice.replaces)
            for invoice in lot.invoices
        ),
        signing=signing,
        complementary=lot.complementary,
    )


def sign_lot(
    lot: Lot, file: str, signer: Signer, *, marking: str = "T", signing: BillingSituation | None = None
) -> bytes:
    """The CMS (DER) of *lot* in the file *file*.

    *signing* is the situation in which another holder signs than the professional. What the signer raises passes through: a
    PIN may be missing.
    """
    manifest = manifest_of(lot, file, marking=marking, signing=signing)
    return signed_data(lot_content(manifest, [invoice.signed for invoice in lot.invoices]), signer)


def lot_content(manifest: LotManifest, sheets: Iterable[bytes]) -> bytes:
    """What is signed: the DER of *manifest* and of the signed *sheets*, in its order; whether they belong together is not asked."""
    return bytes(_SignedLot({"manifest": manifest.encode(), "sheets": list(sheets)}).dump())


def read_signed_lot(signed: bytes) -> SignedLot:
    """Read a signed lot and verify its signature by the certificate in it. Raises LotRefused."""
    if len(signed) > MAX_SIZE:
        raise LotRefused("unreadable", f"a signed lot of {len(signed)} bytes: at most {MAX_SIZE} are read")
    try:
        message = read_signed_data(signed)
    except CryptoError as error:
        raise LotRefused("signature", f"the signature of the lot does not hold: {error}") from error
    try:
        content = _SignedLot.load(message.content, strict=True)
        manifest, sheets = content["manifest"].native, tuple(content["sheets"].native)
        again = _SignedLot({"manifest": manifest, "sheets": list(sheets)}).dump()
    except (ValueError, TypeError) as error:
        raise LotRefused("unreadable", "what is signed is not a lot") from error
    if again != message.content:
        raise LotRefused("unreadable", "what is signed is not a lot in DER")
    told = LotManifest.decode(manifest)
    digests = [sha256(sheet).hexdigest() for sheet in sheets]
    if digests != [entry.digest for entry in told.invoices]:
        raise LotRefused("sheets", "the sheets in the lot are not those that its manifest names")
    return SignedLot(told, sheets, message.certificate, message.chain)


def _text(value: Mapping[str, JsonValue], name: str) -> str:
    text = value[name]
    if not isinstance(text, str):
        raise ValueError(f"{name}: a text was expected")
    return text


def _number(value: Mapping[str, JsonValue], name: str) -> int:
    number = value[name]
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError(f"{name}: a whole number was expected")
    return number


def _entry(value: JsonValue) -> LotEntry:
    if not isinstance(value, Mapping):
        raise ValueError("invoices: each is an object")
    replaces = value["replaces"]
    return LotEntry(
        _number(value, "number"),
        _text(value, "sheet"),
        None if replaces is None else _number(value, "replaces"),
    )


def _situation(value: JsonValue) -> BillingSituation | None:
    if value is None:
        return None
    names = {one.name for one in fields(BillingSituation)}
    if not isinstance(value, Mapping) or value.keys() != names:
        raise ValueError("signing: the fields of a situation de facturation were expected")
    texts = {name: _text(value, name) for name in names - {"number"}}
    return BillingSituation(number=_number(value, "number"), **texts)
