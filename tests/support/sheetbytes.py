"""Care sheets as bytes, made without cards: what a store keeps is looked at, not judged.

People are invented: the NIR has a birth month of 13.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bifente.codes.dates import Period
from bifente.crypto import rsa
from bifente.fse.sheet import canonical
from bifente.fse.sheet.acts import Act, Price, RightsOrigin, SheetMode, ThirdParty
from bifente.fse.sheet.model import BillingSituation, CareSheet, Professional
from bifente.fse.sheet.rights import Beneficiary, Coverage, Insured, Rights
from bifente.fse.sheet.signature import SignedContent, sign_content

DAY = date(2026, 3, 2)


@cache
def professional(billing: str = "99100001", key: str = "9") -> tuple[Professional, BillingSituation]:
    """A doctor and the situation in which he bills."""
    holder = Professional("0", "8", "99700000017", "7", "22", "DURIF", "ALICE")
    fields = dict.fromkeys(BillingSituation.__slots__, "")
    fields |= {
        "billing_id": billing,
        "billing_id_key": key,
        "speciality": "01",
        "may_sign_sheets": "1",
        "may_sign_lots": "1",
    }
    return holder, BillingSituation(**fields | {"number": 1})  # type: ignore[arg-type]


@cache
def rights(regime: str = "01", caisse: str = "349", centre: str = "9881") -> Rights:
    """Rights of an assuré of this caisse, open all year."""
    year = Period.parse("20260101", "20261231")
    insured = Insured("T", "19999991", "20281231", "2801399999999", "17", regime, caisse, centre, "10")
    person = Beneficiary(1, "TESSIER", "", "CLAIRE", "2801399999999", "17", "19801301", "1", "0", "")
    return Rights(insured, person, year, Coverage(year, "0", "0100"))


def care_sheet(
    number: int,
    *,
    amount: int = 3000,
    caisse: str = "349",
    billing: str = "99100001",
    key: str = "9",
    third_party: bool = False,
) -> CareSheet:
    """A consultation; with *third_party* the caisse pays the doctor."""
    holder, situation = professional(billing, key)
    price = Price(unit=amount, base=amount, rate=70, amo=amount * 7 // 10)
    acts = (Act("G", Decimal(1), amount, DAY, price=price),)
    who = rights(caisse=caisse)
    return CareSheet(number, DAY, holder, situation, who, acts, third_party=ThirdParty(amo=third_party))


def unsigned(sheet: CareSheet) -> bytes:
    """The canonical bytes."""
    return canonical.encode(sheet)


@cache
def _signer() -> tuple[RSAPrivateKey, bytes, tuple[bytes, ...]]:
    key = rsa.generate()
    return key, *certificates_of(key)


def certificates_of(key: RSAPrivateKey) -> tuple[bytes, tuple[bytes, ...]]:
    """A certificate of *key* that nobody trusts, and the chain above it."""
    made = []
    for name, issuer in (("signer", "intermediate"), ("intermediate", "intermediate")):
        subject, above = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer))
        builder = x509.CertificateBuilder(above, subject, key.public_key(), len(name))
        builder = builder.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        builder = builder.not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        made.append(builder.sign(key, SHA256()).public_bytes(Encoding.DER))
    return made[0], (made[1],)


def signed(sheet: CareSheet) -> bytes:
    """A message of the form that both cards make. Nobody can verify it: no authority knows its signer."""
    key, signer, (intermediate,) = _signer()
    version = sheet.version
    content = SignedContent(
        canonical.encode(sheet),
        b"v" * 128,
        b"c" * 200,
        b"V" * 12,
        b"r" * 32,
        b"C" * 12,
        b"R" * 32,
        version=version,
    )
    return sign_content(
        content.encode(), signer, intermediate, lambda message: key.sign(message, PKCS1v15(), SHA256())
    )


def several(numbers: Sequence[int], **facts: object) -> list[bytes]:
    """Signed sheets of these numbers."""
    return [signed(care_sheet(number, **facts)) for number in numbers]  # type: ignore[arg-type]


def degraded(sheet: CareSheet) -> CareSheet:
    """The same care without a card: what is known of the insured was typed in."""
    insured = replace(sheet.rights.insured, card_type="", card_serial="", card_end="")
    rights = replace(sheet.rights, insured=insured)
    return replace(sheet, rights=rights, mode=SheetMode.DEGRADED, rights_origin=RightsOrigin.TYPED)
