"""The certificates of a professional's card, field by field as IGC-Santé makes them.

Decoded from public test certificates of the real IGC (a CPS's signature, a CPE's authentication and a professional's
software certificate, in erickriegel/esignsante): order of the extensions, criticality and encodings are theirs. No
authentication certificate of a CPS, and none of a CPF, CDE or CPA, is public: these are put together from the others
(**synthetic**), as :func:`subject` and :func:`leaf_extensions` say.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from bifente.apdu.tlv import encode
from bifente.codes import gip
from bifente.codes.holder import CardHolder
from bifente.codes.usage import CertificateUsage
from bifente.igc.errors import CertificateRefused
from bifente.igc.issuingkey import IssuingKey
from bifente.igc.names import UPN_DOMAIN, AnyGamme, AuthorityNames

CARD_ISSUER = "8025000001"
"""The issuer's number in front of the card number."""

_PRIVATE_KEY_USAGE_PERIOD = x509.ObjectIdentifier("2.5.29.16")
_USER_PRINCIPAL_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_GIP = "1.2.250.1.71.1.2."
_CARD_TYPE = x509.ObjectIdentifier(_GIP + "2")
_CARD_ID = x509.ObjectIdentifier(_GIP + "3")
CARD_CATEGORY = x509.ObjectIdentifier(_GIP + "5")
"""The category (G01) of a card or of another product: 00 card, 03 certificate of software; 80 more for TEST."""
_PROFESSION = x509.ObjectIdentifier(_GIP + "7")
_FUTURE_PROFESSION = x509.ObjectIdentifier(_GIP + "8")
_RESPONSIBILITY = x509.ObjectIdentifier(_GIP + "12")

_INTEGER = 0x02
_OCTET_STRING = 0x04
_UTF8_STRING = 0x0C
_PRINTABLE_STRING = 0x13
_SEQUENCE = 0x30

_LONGEST = 64
"""Characters of a DN's value: the least upper bound of the attributes here (RFC 5280, appendix A.1), for all of them."""

_EMPLOYEE_TITLE = "Personnel santé ou social"

Extension = tuple[x509.ExtensionType, bool]
"""An extension and whether it is critical."""


def subject(holder: CardHolder, title: str | None) -> x509.Name:
    """The subject DN, in the real order; the person is one RDN of three values, sorted as DER wants it.

    A CDE has the subject of a CPE and a CPA that of a CPE without title (synthetic). Raises CertificateRefused when the
    holder lacks what its type of card needs, or a value is too long.
    """
    rdns = [rdn((NameOID.COUNTRY_NAME, "FR", "country"))]
    if holder.card_type >= 2:
        rdns += [
            rdn((NameOID.STATE_OR_PROVINCE_NAME, holder.department, "department")),
            rdn((NameOID.ORGANIZATION_NAME, holder.structure_name, "structure name")),
            rdn((NameOID.ORGANIZATIONAL_UNIT_NAME, holder.structure_id, "structure identifier")),
        ]
    if title is not None:
        rdns.append(rdn((NameOID.TITLE, title, "title")))
    rdns.append(
        rdn(
            (NameOID.GIVEN_NAME, holder.given_name, "given name"),
            (NameOID.COMMON_NAME, holder.national_id, "national identifier"),
            (NameOID.SURNAME, holder.family_name, "family name"),
        )
    )
    return x509.Name(rdns)


def card_subject(holder: CardHolder) -> x509.Name:
    """The subject of a technical certificate: the card's number, for whoever is near can read it (synthetic)."""
    return x509.Name(
        [
            rdn((NameOID.COUNTRY_NAME, "FR", "country")),
            rdn((NameOID.COMMON_NAME, holder.card_number, "card number")),
        ]
    )


def title_of(holder: CardHolder) -> str | None:
    """The ``title`` of the subject: the profession's label, an employee's fixed words, nothing for a CPA.

    For a CPF it is the label of the profession learnt (synthetic). An unknown profession has no title.
    """
    if holder.card_type == 0 and holder.profession is not None:
        return gip.label("G15", f"{holder.profession:02}")
    if holder.card_type == 1 and holder.future_profession is not None:
        return gip.label("G16", f"{holder.future_profession:02}")
    return _EMPLOYEE_TITLE if holder.card_type == 2 else None


def leaf_extensions(
    names: AuthorityNames,
    holder: CardHolder,
    usage: CertificateUsage,
    public_key: RSAPublicKey,
    issuer: IssuingKey,
    not_before: datetime,
    not_after: datetime,
) -> Iterator[Extension]:
    """The extensions of a leaf in the order of the real ones.

    Synthetic: G16 in .8 on a CPF, G04 in .12 on a CDE, and the place of .12 at the end; and the whole certificate of a
    technical key, which says of its holder nothing but the type of card.
    """
    signature = usage is CertificateUsage.SIGNATURE
    yield from leaf_beginning(public_key, issuer.public_key)
    yield key_usage(non_repudiation=signature, digital_signature=not signature), True
    yield policies(names.policy, names.policy_uri), False
    if signature:
        yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False
        yield private_key_usage_period(not_before, not_after), False
    elif usage is CertificateUsage.TECHNICAL:
        yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False
    else:
        yield (
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON]),
            False,
        )
        principal = f"{holder.national_id}@{UPN_DOMAIN}".encode()
        yield (
            x509.SubjectAlternativeName(
                [x509.OtherName(_USER_PRINCIPAL_NAME, encode(_UTF8_STRING, principal))]
            ),
            False,
        )
    yield from leaf_pointers(names, issuer)
    for oid, value in _gip_extensions(holder, named=usage is not CertificateUsage.TECHNICAL):
        yield x509.UnrecognizedExtension(oid, value), False


def leaf_beginning(public_key: RSAPublicKey, issuer_key: RSAPublicKey) -> Iterator[Extension]:
    """The extensions that every leaf begins with, up to its key usage."""
    # present and empty though false is the default: the real ones have it so
    yield x509.BasicConstraints(ca=False, path_length=None), False
    yield x509.SubjectKeyIdentifier.from_public_key(public_key), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), False


def leaf_pointers(names: AuthorityNames, issuer: IssuingKey) -> Iterator[Extension]:
    """Where a leaf says its revocation lists, its responder and its issuer's certificate are."""
    gamme, generation = issuer.gamme, issuer.generation
    yield x509.CRLDistributionPoints([_point(uri) for uri in names.crl_uris(gamme, generation)]), False
    yield x509.FreshestCRL([_point(uri) for uri in names.delta_crl_uris(gamme, generation)]), False
    yield (
        x509.AuthorityInformationAccess(
            [
                _access(AuthorityInformationAccessOID.OCSP, names.ocsp_uri),
                _access(AuthorityInformationAccessOID.CA_ISSUERS, names.issuer_uri(gamme, generation)),
            ]
        ),
        False,
    )


def root_extensions(names: AuthorityNames, public_key: RSAPublicKey) -> Iterator[Extension]:
    """The extensions of a root, in the real order."""
    yield x509.BasicConstraints(ca=True, path_length=None), True
    yield key_usage(certificates=True), True
    yield policies("2.5.29.32.0", names.policy_uri), False
    yield x509.SubjectKeyIdentifier.from_public_key(public_key), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(public_key), False


def intermediate_extensions(
    names: AuthorityNames,
    gamme: AnyGamme,
    public_key: RSAPublicKey,
    root_key: RSAPublicKey,
    root_generation: int = 1,
) -> Iterator[Extension]:
    """The extensions of an authority for persons or organisations, in the real order."""
    yield x509.BasicConstraints(ca=True, path_length=0), True
    yield key_usage(certificates=True), True
    yield policies("2.5.29.32.0", names.policy_uri), False
    yield (
        x509.CRLDistributionPoints([_point(uri) for uri in names.root_crl_uris(gamme, root_generation)]),
        False,
    )
    yield x509.SubjectKeyIdentifier.from_public_key(public_key), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key), False


def rdn(*values: tuple[x509.ObjectIdentifier, str | None, str]) -> x509.RelativeDistinguishedName:
    """One RDN; each value comes with its attribute and its name for a refusal."""
    for _, value, what in values:
        if not value:
            raise CertificateRefused(f"the certificate of such a card needs a {what}")
        if len(value) > _LONGEST:
            raise CertificateRefused(
                f"the {what} has {len(value)} characters, a certificate takes {_LONGEST}"
            )
    return x509.RelativeDistinguishedName([x509.NameAttribute(oid, value or "") for oid, value, _ in values])


def key_usage(
    *,
    digital_signature: bool = False,
    non_repudiation: bool = False,
    key_encipherment: bool = False,
    certificates: bool = False,
) -> x509.KeyUsage:
    """What a key is for."""
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=non_repudiation,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def policies(oid: str, uri: str) -> x509.CertificatePolicies:
    """One policy, and where its practice statement would be."""
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), [uri])])


def _point(uri: str) -> x509.DistributionPoint:
    return x509.DistributionPoint([x509.UniformResourceIdentifier(uri)], None, None, None)


def _access(method: x509.ObjectIdentifier, uri: str) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(uri))


def private_key_usage_period(not_before: datetime, not_after: datetime) -> x509.UnrecognizedExtension:
    """2.5.29.16 with both limits as GeneralizedTime (RFC 3280 §4.2.1.4), equal to the validity."""
    limits = ((0x80, not_before), (0x81, not_after))
    times = b"".join(
        encode(tag, when.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()) for tag, when in limits
    )
    return x509.UnrecognizedExtension(_PRIVATE_KEY_USAGE_PERIOD, encode(_SEQUENCE, times))


def category(code: int) -> x509.UnrecognizedExtension:
    """The G01 category as the real certificates have it."""
    return x509.UnrecognizedExtension(CARD_CATEGORY, encode(_OCTET_STRING, bytes((code,))))


def _gip_extensions(holder: CardHolder, *, named: bool) -> Iterator[tuple[x509.ObjectIdentifier, bytes]]:
    yield CARD_CATEGORY, category(holder.category).value
    yield _CARD_TYPE, _integer(holder.card_type)
    yield _CARD_ID, encode(_PRINTABLE_STRING, f"{CARD_ISSUER}/{holder.card_number}".encode())
    if not named:
        return
    if holder.card_type == 0 and holder.profession is not None:
        yield _PROFESSION, _integer(holder.profession)
    if holder.card_type == 1 and holder.future_profession is not None:
        yield _FUTURE_PROFESSION, _integer(holder.future_profession)
    if holder.card_type == 2 and holder.responsibility:
        yield _RESPONSIBILITY, _integer(holder.responsibility)


def _integer(value: int) -> bytes:
    return encode(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1))
