"""Certificates of the IGC-CPS, in the forms that spec/pki.md §1.1 and §1.3 and the lecture's screen show: read, shown, not trusted."""

import hashlib
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bifente.cli.main import main
from bifente.crypto.rsa import sign_digest
from bifente.igc import Authority, CertificateUsage, TrustStore, UntrustedCertificate
from bifente.igc.annuaire.certificates import CertifiedPerson, CertifiedServer, read_certificate
from bifente.igc.errors import StatusUnavailable
from bifente.igc.status import status_checker

BEGIN = datetime(2009, 9, 15, 0, 0, 1, tzinfo=UTC)
"""2009-09-15 02:00:01 in Paris, as on the lecture's screen."""
END = datetime(2012, 10, 31, 23, 59, 59, tzinfo=UTC)
SERIAL = 0x21B617


def name(*values: tuple[x509.ObjectIdentifier, str]) -> list[x509.RelativeDistinguishedName]:
    return [x509.RelativeDistinguishedName([x509.NameAttribute(oid, value)]) for oid, value in values]


def with_sha1(made: x509.Certificate, key: RSAPrivateKey) -> x509.Certificate:
    """The certificate signed as it was then: no library does it any more."""
    again = asn1x509.Certificate.load(made.public_bytes(Encoding.DER))
    body = again["tbs_certificate"]
    body["signature"] = {"algorithm": "sha1_rsa"}
    again["signature_algorithm"] = {"algorithm": "sha1_rsa"}
    again["signature_value"] = sign_digest(key, "sha1", hashlib.sha1(body.dump(force=True)).digest())
    return x509.load_der_x509_certificate(again.dump(force=True))


@pytest.fixture(scope="module")
def old() -> dict[str, x509.Certificate]:
    """An authority of class 4, a server that it certified, and a person of before CPS2ter under class 1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 1024 bits were usual then
        key = rsa.generate_private_key(65537, 1024)
    issuers = {
        number: x509.Name(
            name(
                (NameOID.COUNTRY_NAME, "FR"),
                (NameOID.ORGANIZATION_NAME, "GIP-CPS-TEST"),
                (NameOID.ORGANIZATIONAL_UNIT_NAME, f"AC-CLASSE-{number}-TEST"),
            )
        )
        for number in (1, 4)
    }

    def made(subject: x509.Name, issuer: x509.Name, *extensions: x509.ExtensionType) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(SERIAL)
            .not_valid_before(BEGIN)
            .not_valid_after(END)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, False)
        return with_sha1(builder.sign(key, SHA256()), key)

    usage = x509.KeyUsage(True, False, True, False, False, False, False, False, False)
    server = name(
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.ORGANIZATION_NAME, "TEST"),
        (NameOID.LOCALITY_NAME, "Paris (75)"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "318751275100020"),
        (NameOID.COMMON_NAME, "host.essai.test"),
    )
    person = x509.RelativeDistinguishedName(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "0990000017"),
            x509.NameAttribute(NameOID.SURNAME, "ESSAI"),
            x509.NameAttribute(NameOID.GIVEN_NAME, "ZOÉ"),
        ]
    )
    doctor = name(
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.ORGANIZATION_NAME, "TEST"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "Médecin"),
    )
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return {
        "authority": made(issuers[4], issuers[4], x509.BasicConstraints(ca=True, path_length=None)),
        "server": made(x509.Name(server), issuers[4], usage, x509.ExtendedKeyUsage(both)),
        "person": made(x509.Name([*doctor, person]), issuers[1], usage),
    }


def test_they_are_read(old: dict[str, x509.Certificate]) -> None:
    server = read_certificate(old["server"].public_bytes(Encoding.DER))
    assert server.owner == CertifiedServer("host.essai.test", "TEST", "318751275100020", "75")
    assert (server.serial, server.use.value) == ("21b617", "server")
    person = read_certificate(old["person"].public_bytes(Encoding.DER)).owner
    assert isinstance(person, CertifiedPerson)
    assert (person.identifier, person.family_name, person.given_name) == ("0990000017", "ESSAI", "ZOÉ")


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_they_are_shown(
    old: dict[str, x509.Certificate],
    encoding: Encoding,
    tmp_path: Path,
    pooled_authority: Authority,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, igc = tmp_path / "old certificate.cer", str(pooled_authority.directory)
    for who, expected in (
        ("server", "host.essai.test"),
        ("person", "ZOÉ ESSAI"),
        ("authority", "an authority"),
    ):
        file.write_bytes(old[who].public_bytes(encoding))
        assert main(["igc", "certificate", str(file), "--igc", igc]) == 0
        shown = capsys.readouterr().out
        for words in (
            expected,
            "IGC-CPS, AC-CLASSE-",
            "21b617",
            "2009-09-15 00:00:01",
            "2012-10-31 23:59:59 UTC (expired)",
        ):
            assert words in shown
        assert "RSA 1024, signed with SHA1" in shown
        assert "revocation" not in shown
    file.write_bytes(b"no certificate")
    assert main(["igc", "certificate", str(file), "--igc", igc]) == 3
    assert "not an X.509 certificate" in capsys.readouterr().err


def test_they_are_not_trusted(old: dict[str, x509.Certificate], authority: Authority) -> None:
    """SHA-1 and 1024 bits prove nothing today, also to whoever has their authority among the trusted ones."""
    store = TrustStore((old["authority"],), (), ())
    with pytest.raises(UntrustedCertificate):
        store.verify_certificate(
            old["server"].public_bytes(Encoding.DER),
            datetime(2010, 1, 1, tzinfo=UTC),
            CertificateUsage.AUTHENTICATION,
        )
    assert authority.state_of(old["server"]) is None
    with pytest.raises(StatusUnavailable, match="issuer is not known"):
        status_checker([authority], hard_fail=True).require_valid(old["server"])
