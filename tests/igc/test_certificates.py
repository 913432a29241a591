"""The X.509 certificates of the cards: shape to the byte, and what openssl says of them."""

import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.codes.holder import CardHolder
from bifente.igc import Authority, CertificateRefused, CertificateUsage, Gamme, UntrustedCertificate

SIGNATURE, AUTHENTICATION = CertificateUsage.SIGNATURE, CertificateUsage.AUTHENTICATION
START = datetime(2026, 6, 14, 13, 43, 43, tzinfo=UTC)
MakeHolder = Callable[..., CardHolder]

CONSTRAINTS, SKI, AKI, KEY_USAGE = "2.5.29.19", "2.5.29.14", "2.5.29.35", "2.5.29.15"
POLICIES, EKU, PERIOD, SAN = "2.5.29.32", "2.5.29.37", "2.5.29.16", "2.5.29.17"
CDP, FRESHEST, AIA = "2.5.29.31", "2.5.29.46", "1.3.6.1.5.5.7.1.1"
GIP = "1.2.250.1.71.1.2."
COMMON = [CONSTRAINTS, SKI, AKI, KEY_USAGE, POLICIES]
POINTERS = [CDP, FRESHEST, AIA]
CARD = [GIP + "5", GIP + "2", GIP + "3"]


def issue(
    authority: Authority, holder: CardHolder, key: RSAPrivateKey, usage: CertificateUsage, **more: datetime
) -> bytes:
    return authority.issue_certificate(holder, key.public_key(), usage, **{"not_before": START, **more})


def extensions(der: bytes) -> dict[str, tuple[bool, str]]:
    """OID → (critical, content in hexadecimal), in the order of the certificate."""
    found = asn1.Certificate.load(der)["tbs_certificate"]["extensions"]
    return {e["extn_id"].dotted: (e["critical"].native, bytes(e["extn_value"]).hex()) for e in found}


@pytest.mark.parametrize(
    ("card_type", "responsibility", "last"),
    [(0, 0, [GIP + "7"]), (1, 0, [GIP + "8"]), (2, 0, []), (2, 1, [GIP + "12"]), (3, 0, [])],
    ids=["CPS", "CPF", "CPE", "CDE", "CPA"],
)
def test_the_order_of_the_extensions_is_the_real_one(
    authority: Authority,
    holder: MakeHolder,
    card_key: RSAPrivateKey,
    card_type: int,
    responsibility: int,
    last: list[str],
) -> None:
    who = holder(card_type, responsibility=responsibility)
    signature = extensions(issue(authority, who, card_key, SIGNATURE))
    assert list(signature) == [*COMMON, EKU, PERIOD, *POINTERS, *CARD, *last]
    authentication = extensions(issue(authority, who, card_key, AUTHENTICATION))
    assert list(authentication) == [*COMMON, EKU, SAN, *POINTERS, *CARD, *last]
    for shape in (signature, authentication):
        assert [oid for oid, (critical, _) in shape.items() if critical] == [KEY_USAGE]


def test_the_bytes_of_a_signature_certificates_extensions(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey
) -> None:
    # as in the public test certificates of the real IGC (erickriegel/esignsante), but for addresses and policy
    found = {
        oid: content
        for oid, (_, content) in extensions(issue(authority, holder(0), card_key, SIGNATURE)).items()
    }
    assert found[CONSTRAINTS] == "3000"
    assert found[KEY_USAGE] == "03020640"
    assert found[EKU] == "300a06082b06010505070304"
    assert found[PERIOD] == "3022800f" + b"20260614134343Z".hex() + "810f" + b"20290614134343Z".hex()
    assert found[GIP + "5"] == "040180"
    assert found[GIP + "2"] == "020100"
    assert found[GIP + "3"] == "1315" + b"8025000001/2900000017".hex()
    assert found[GIP + "7"] == "02010a"
    assert found[SKI][:4] == "0414"
    assert found[AKI][:8] == "30168014"
    uri = b"http://igc.bifente.invalid/PC%20TEST"
    qualifier = "06082b06010505070201" + f"16{len(uri):02x}" + uri.hex()
    assert found[POLICIES] == "303c303a" + "060488370101" + "30323030" + qualifier


def test_the_bytes_of_an_authentication_certificates_extensions(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey
) -> None:
    found = {
        oid: content
        for oid, (_, content) in extensions(issue(authority, holder(2), card_key, AUTHENTICATION)).items()
    }
    assert found[KEY_USAGE] == "03020780"
    assert found[EKU] == "301606082b06010505070302060a2b060104018237140202"
    name = b"10B0000017/CPET0001@carte-cps.invalid"
    inner = "060a2b060104018237140203" + f"a0{len(name) + 2:02x}0c{len(name):02x}" + name.hex()
    assert found[SAN] == f"30{len(inner) // 2 + 2:02x}a0{len(inner) // 2:02x}" + inner
    assert found[GIP + "2"] == "020102"


def test_distribution_points_and_addresses(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey
) -> None:
    leaf = x509.load_der_x509_certificate(issue(authority, holder(2), card_key, SIGNATURE))
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    uris = [[name.value for name in point.full_name or []] for point in points]
    directory = (
        "ldap://annuaire-igc.bifente.invalid/cn=TEST%20AC%20BIFENTE%20STANDARD%20PERSONNES,"
        "ou=TEST%20AC%20RACINE%20BIFENTE%20STANDARD,ou=IGC-BIFENTE%20TEST,ou=0002%20000000000,o=BIFENTE-TEST,c=FR"
    )
    assert uris == [
        ["http://igc.bifente.invalid/CRL/ACI-ST-PP-TEST.crl"],
        [f"{directory}?certificaterevocationlist;binary?base?objectClass=pkiCA"],
    ]
    delta = leaf.extensions.get_extension_for_class(x509.FreshestCRL).value
    assert [[name.value for name in point.full_name or []] for point in delta] == [
        [f"{directory}?deltarevocationlist;binary?base?objectClass=pkiCA"]
    ]
    access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert [description.access_location.value for description in access] == [
        "http://ocsp.bifente.invalid",
        "http://igc.bifente.invalid/AC%20TEST/ACI-ST-PP-TEST.cer",
    ]


def test_nothing_can_be_taken_for_the_states(
    authority: Authority, production: Authority, holder: MakeHolder, card_key: RSAPrivateKey
) -> None:
    leaves = [
        issue(authority, holder(0), card_key, AUTHENTICATION),
        issue(production, holder(2, category=0), card_key, SIGNATURE),
    ]
    above = {
        c.public_bytes(serialization.Encoding.DER): a
        for a in (authority, production)
        for c in a.certificates.values()
    }
    for der in (*leaves, *above):
        for word in (b"ASIP", b"IGC-SANTE", b"GIP-CPS", b"gouv.fr", b"187512751", b"carte-cps.fr"):
            assert word not in der
        assert bytes.fromhex("2a817a018155") not in der, "1.2.250.1.213 is the policy arc of the real IGC"
    for der, its in above.items():
        assert (b"TEST" in der) is its.is_test


def test_the_person_is_one_rdn_of_three_values_sorted_as_der(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey
) -> None:
    leaf = asn1.Certificate.load(issue(authority, holder(2), card_key, AUTHENTICATION))
    rdns = leaf.subject.chosen
    values = [
        [(a["type"].dotted, a["value"].native, a["value"].chosen.__class__.__name__) for a in rdn]
        for rdn in rdns
    ]
    assert values[:5] == [
        [("2.5.4.6", "FR", "PrintableString")],
        [("2.5.4.8", "Paris (75)", "UTF8String")],
        [("2.5.4.10", "HOPITAL D'ESSAI", "UTF8String")],
        [("2.5.4.11", "10B0000017", "UTF8String")],
        [("2.5.4.12", "Personnel santé ou social", "UTF8String")],
    ]
    assert [(oid, value) for oid, value, _ in values[5]] == [
        ("2.5.4.42", "ZOÉ"),
        ("2.5.4.4", "ESSAI-PRATICIEN"),
        ("2.5.4.3", "10B0000017/CPET0001"),
    ]
    encodings = [a.dump() for a in rdns[5]]
    assert encodings == sorted(encodings)


@pytest.mark.parametrize(
    ("card_type", "changes", "oids"),
    [
        (0, {}, ["2.5.4.6", "2.5.4.12"]),
        (1, {}, ["2.5.4.6", "2.5.4.12"]),
        (3, {}, ["2.5.4.6", "2.5.4.8", "2.5.4.10", "2.5.4.11"]),
    ],
)
def test_the_other_subjects(
    authority: Authority,
    holder: MakeHolder,
    card_key: RSAPrivateKey,
    card_type: int,
    changes: dict[str, object],
    oids: list[str],
) -> None:
    leaf = asn1.Certificate.load(issue(authority, holder(card_type, **changes), card_key, SIGNATURE))
    assert [rdn[0]["type"].dotted for rdn in leaf.subject.chosen][:-1] == oids


@pytest.mark.parametrize(
    ("profession", "title"), [(10, "Médecin"), (21, "Pharmacien"), (60, "Infirmier"), (50, "Sage-femme")]
)
def test_the_title_is_the_label_of_the_profession(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey, profession: int, title: str
) -> None:
    for who in (holder(0, profession=profession), holder(1, future_profession=profession)):
        if who.card_type == 1 and profession == 60:
            continue
        leaf = x509.load_der_x509_certificate(issue(authority, who, card_key, SIGNATURE))
        assert [a.value for a in leaf.subject.get_attributes_for_oid(x509.NameOID.TITLE)] == [title]


def test_validity_is_three_years_to_the_second(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey
) -> None:
    def period(**more: datetime) -> tuple[datetime, datetime]:
        leaf = x509.load_der_x509_certificate(issue(authority, holder(0), card_key, SIGNATURE, **more))
        return leaf.not_valid_before_utc, leaf.not_valid_after_utc

    assert period() == (START, datetime(2029, 6, 14, 13, 43, 43, tzinfo=UTC))
    leap = datetime(2028, 2, 29, 23, 0, tzinfo=UTC)
    assert period(not_before=leap)[1] == datetime(2031, 2, 28, 23, 0, tzinfo=UTC)
    paris = datetime(2026, 6, 14, 15, 43, 43, 999, tzinfo=timezone(timedelta(hours=2)))
    assert period(not_before=paris)[0] == START
    assert period(not_before=datetime(2015, 1, 1), not_after=datetime(2015, 1, 31)) == (
        datetime(2015, 1, 1, tzinfo=UTC),
        datetime(2015, 1, 31, tzinfo=UTC),
    )


def test_serials_have_sixteen_bytes_and_differ(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey
) -> None:
    leaves = [asn1.Certificate.load(issue(authority, holder(0), card_key, SIGNATURE)) for _ in range(20)]
    serials = [leaf["tbs_certificate"]["serial_number"] for leaf in leaves]
    assert {len(serial.contents) for serial in serials} == {16}
    assert len({serial.native for serial in serials}) == 20
    assert all(serial.native > 0 for serial in serials)


@pytest.mark.parametrize(
    "changes",
    [
        {"card_type": 2, "structure_name": None},
        {"card_type": 2, "structure_id": ""},
        {"card_type": 3, "department": None},
        {"family_name": "X" * 65},
        {"national_id": "8" * 65},
        {"given_name": ""},
    ],
)
def test_holders_that_make_no_certificate_are_refused(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey, changes: dict[str, object]
) -> None:
    who = holder(**{"card_type": 0, **changes})
    with pytest.raises(CertificateRefused) as caught:
        issue(authority, who, card_key, SIGNATURE)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


def test_environments_do_not_mix(
    authority: Authority, production: Authority, holder: MakeHolder, card_key: RSAPrivateKey
) -> None:
    with pytest.raises(CertificateRefused, match="test authority does not certify a real-like card"):
        issue(authority, holder(0, category=0x00), card_key, SIGNATURE)
    with pytest.raises(CertificateRefused, match="production-like authority does not certify a test card"):
        issue(production, holder(0), card_key, SIGNATURE)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(1999, 12, 31), None),
        (datetime(2048, 1, 1), None),
        (datetime(2026, 1, 2), datetime(2026, 1, 1)),
        (datetime(2026, 1, 1), datetime(2026, 1, 1)),
    ],
)
def test_periods_outside_the_authoritys_are_refused(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey, start: datetime, end: datetime | None
) -> None:
    with pytest.raises(CertificateRefused):
        authority.issue_certificate(holder(0), card_key.public_key(), SIGNATURE, start, end)


@pytest.fixture
def openssl(require_tool: Callable[[str], str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    program = require_tool("openssl")

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [program, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    return run


Openssl = Callable[..., subprocess.CompletedProcess[str]]


def written(folder: Path, authority: Authority, der: bytes, gamme: Gamme) -> tuple[str | Path, ...]:
    """The arguments of ``openssl verify`` after the options."""
    intermediate, root = authority.chain(gamme)
    pem = serialization.Encoding.PEM
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "intermediate.pem").write_bytes(intermediate.public_bytes(pem))
    (folder / "leaf.pem").write_bytes(x509.load_der_x509_certificate(der).public_bytes(pem))
    return "-CAfile", folder / "root.pem", "-untrusted", folder / "intermediate.pem", folder / "leaf.pem"


@pytest.mark.parametrize("card_type", [0, 1, 2, 3])
@pytest.mark.parametrize("environment", ["T", "P"])
def test_openssl_accepts_the_chain_for_the_certificates_purpose(
    authority: Authority,
    production: Authority,
    holder: MakeHolder,
    card_key: RSAPrivateKey,
    openssl: Openssl,
    tmp_path: Path,
    card_type: int,
    environment: str,
) -> None:
    issuer = authority if environment == "T" else production
    who = holder(card_type, category=0x80 if environment == "T" else 0x00)
    gamme = Gamme.FORT if card_type < 2 else Gamme.STANDARD
    at = ("-x509_strict", "-attime", str(int(START.timestamp()) + 86400))
    for usage, good, bad in (
        (SIGNATURE, "smimesign", "sslclient"),
        (AUTHENTICATION, "sslclient", "smimesign"),
    ):
        paths = written(tmp_path, issuer, issue(issuer, who, card_key, usage), gamme)
        accepted = openssl("verify", *at, "-purpose", good, *paths)
        assert accepted.returncode == 0, accepted.stderr
        refused = openssl("verify", *at, "-purpose", bad, *paths)
        assert refused.returncode != 0
        assert "unsuitable certificate purpose" in refused.stderr
    late = openssl("verify", "-attime", str(int(START.timestamp()) + 3 * 366 * 86400), *paths)
    assert "certificate has expired" in late.stderr


def test_the_chains_are_not_interchangeable(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey, openssl: Openssl, tmp_path: Path
) -> None:
    der = issue(authority, holder(0), card_key, SIGNATURE)
    paths = written(tmp_path, authority, der, Gamme.STANDARD)
    assert openssl("verify", "-attime", str(int(START.timestamp())), *paths).returncode != 0


def test_openssl_uses_the_revocation_lists(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey, openssl: Openssl, tmp_path: Path
) -> None:
    der = issue(authority, holder(0), card_key, SIGNATURE)
    serial = x509.load_der_x509_certificate(der).serial_number
    paths = written(tmp_path, authority, der, Gamme.FORT)
    lists = {"this_update": START, "next_update": START + timedelta(days=7)}
    for revoked in ((), ((serial, START),)):
        crls = [
            authority.crl(Gamme.FORT, revoked, **lists),
            authority.crl(Gamme.FORT, root=True, **lists),
        ]
        loaded = [x509.load_der_x509_crl(crl) for crl in crls]
        (tmp_path / "crl.pem").write_bytes(
            b"".join(c.public_bytes(serialization.Encoding.PEM) for c in loaded)
        )
        done = openssl(
            "verify",
            "-crl_check_all",
            "-attime",
            str(int(START.timestamp()) + 60),
            "-CRLfile",
            tmp_path / "crl.pem",
            *paths,
        )
        if revoked:
            assert "certificate revoked" in done.stderr
        else:
            assert done.returncode == 0, done.stderr


def test_the_trust_store_agrees(
    authority: Authority, production: Authority, holder: MakeHolder, card_key: RSAPrivateKey
) -> None:
    store, at = authority.trust_store, START + timedelta(days=1)
    for card_type in range(4):
        for usage in CertificateUsage:
            der = issue(authority, holder(card_type), card_key, usage)
            leaf = store.verify_certificate(der, at, usage)
            assert leaf.public_key() == card_key.public_key()
            with pytest.raises(UntrustedCertificate):
                production.trust_store.verify_certificate(der, at, usage)
            assert store.merged(production.trust_store).verify_certificate(der, at, usage) == leaf
            assert production.trust_store.merged(store).verify_certificate(der, at, usage) == leaf
            other = SIGNATURE if usage is AUTHENTICATION else AUTHENTICATION
            with pytest.raises(UntrustedCertificate, match="not one for"):
                store.verify_certificate(der, at, other)
            for when in (START - timedelta(seconds=1), START + timedelta(days=3 * 366)):
                with pytest.raises(UntrustedCertificate):
                    store.verify_certificate(der, when, usage)


def test_a_naive_time_is_utc(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    if hasattr(time, "tzset"):
        monkeypatch.setenv("TZ", "Pacific/Kiritimati")
        time.tzset()
    try:
        der = issue(authority, holder(0), card_key, SIGNATURE)
        naive = START.replace(tzinfo=None)
        authority.trust_store.verify_certificate(der, naive)
        with pytest.raises(UntrustedCertificate):
            authority.trust_store.verify_certificate(der, naive - timedelta(seconds=1))
    finally:
        monkeypatch.undo()
        if hasattr(time, "tzset"):
            time.tzset()


def test_a_changed_or_self_made_certificate_is_not_trusted(
    authority: Authority, holder: MakeHolder, card_key: RSAPrivateKey
) -> None:
    der = issue(authority, holder(0), card_key, SIGNATURE)
    for position in range(0, len(der), 37):
        broken = bytearray(der)
        broken[position] ^= 1
        with pytest.raises(UntrustedCertificate):
            authority.trust_store.verify_certificate(bytes(broken), START)
    for wrong in (b"", der[:-1], der + b"\0"):
        with pytest.raises(UntrustedCertificate, match=r"not an X\.509 certificate"):
            authority.trust_store.verify_certificate(wrong, START)
    intermediate, _ = authority.chain(Gamme.FORT)
    with pytest.raises(UntrustedCertificate):
        authority.trust_store.verify_certificate(
            intermediate.public_bytes(serialization.Encoding.DER), START, SIGNATURE
        )
