"""The CMS of the house, with openssl on the other side; what is changed, cut short or for somebody else is one clear refusal."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import cms as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from bifente.crypto import rsa
from bifente.crypto.cms import (
    CipherName,
    KeySigner,
    NotARecipient,
    OldCipher,
    envelop,
    envelope_facts,
    open_enveloped,
    read_signed_data,
    signed_data,
    verify_detached,
)
from bifente.crypto.errors import CryptoError

CONTENT = b"000TP 00000991000019\r\n" * 40
Keys = list[RSAPrivateKey]


def certificate(key: RSAPrivateKey | ec.EllipticCurvePrivateKey, name: str) -> bytes:
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(name.encode()))
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2046, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.DER)


@pytest.fixture(scope="session")
def certificates(pooled_keys: Keys) -> list[bytes]:
    return [certificate(key, f"holder {number}") for number, key in enumerate(pooled_keys[:3])]


@pytest.fixture
def openssl(require_tool: Callable[[str], str], tmp_path: Path) -> Callable[..., bytes]:
    """``openssl("cms", …, given=b"…")`` in the folder of the test."""
    program = require_tool("openssl")

    def run(*arguments: str, given: bytes = b"") -> bytes:
        done = subprocess.run(
            [program, *arguments], cwd=tmp_path, input=given, capture_output=True, timeout=20, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run


@pytest.fixture
def files(tmp_path: Path, pooled_keys: Keys, certificates: list[bytes]) -> None:
    """``0.crt`` and ``0.key`` to ``2.crt`` and ``2.key`` in the folder of the test."""
    for number, der in enumerate(certificates):
        pem = x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
        (tmp_path / f"{number}.crt").write_bytes(pem)
        (tmp_path / f"{number}.key").write_bytes(rsa.private_pem(pooled_keys[number]))


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-256-cbc", "aes-128-gcm", "aes-256-gcm"])
@pytest.mark.usefixtures("files")
def test_openssl_opens_an_envelope_of_ours_for_each_recipient(
    openssl: Callable[..., bytes], certificates: list[bytes], cipher: CipherName
) -> None:
    enveloped = envelop(CONTENT, certificates[:2], cipher=cipher)
    for number in ("0", "1"):
        opened = openssl(
            *("cms", "-decrypt", "-binary", "-inform", "DER"),
            *("-inkey", f"{number}.key", "-recip", f"{number}.crt"),
            given=enveloped,
        )
        assert opened == CONTENT
    assert cipher.encode() in openssl("cms", "-cmsout", "-print", "-inform", "DER", given=enveloped)


@pytest.mark.parametrize("options", [(), ("-keyid",), ("-stream",)], ids=["issuer", "key identifier", "BER"])
@pytest.mark.parametrize("cipher", ["-aes-128-cbc", "-aes192", "-aes-256-cbc", "-aes-256-gcm"])
@pytest.mark.usefixtures("files")
def test_we_open_an_envelope_of_openssl(
    openssl: Callable[..., bytes],
    pooled_keys: Keys,
    certificates: list[bytes],
    cipher: str,
    options: tuple[str, ...],
) -> None:
    enveloped = openssl(
        "cms", "-encrypt", "-binary", cipher, *options, "-outform", "DER", "1.crt", "0.crt", given=CONTENT
    )
    for number in (0, 1):
        assert open_enveloped(enveloped, pooled_keys[number], certificates[number]) == CONTENT


@pytest.mark.usefixtures("files")
def test_triple_des_is_read_when_asked_for_and_only_then(
    openssl: Callable[..., bytes], pooled_keys: Keys, certificates: list[bytes]
) -> None:
    enveloped = openssl("cms", "-encrypt", "-binary", "-des3", "-outform", "DER", "0.crt", given=CONTENT)
    with pytest.raises(OldCipher, match="Triple DES"):
        open_enveloped(enveloped, pooled_keys[0], certificates[0])
    assert open_enveloped(enveloped, pooled_keys[0], certificates[0], legacy=True) == CONTENT


@pytest.mark.usefixtures("files")
def test_other_ways_than_rsa_with_cbc_or_gcm_are_refused_by_their_names(
    openssl: Callable[..., bytes], pooled_keys: Keys, certificates: list[bytes]
) -> None:
    oaep = openssl(
        *("cms", "-encrypt", "-binary", "-aes-128-cbc", "-outform", "DER", "-recip", "0.crt"),
        *("-keyopt", "rsa_padding_mode:oaep"),
        given=CONTENT,
    )
    with pytest.raises(CryptoError, match="transported by rsaes_oaep"):
        open_enveloped(oaep, pooled_keys[0], certificates[0])
    other = openssl("cms", "-encrypt", "-binary", "-camellia128", "-outform", "DER", "0.crt", given=CONTENT)
    with pytest.raises(CryptoError, match="AES in CBC or GCM mode is expected"):
        open_enveloped(other, pooled_keys[0], certificates[0])


def test_a_card_may_decipher(pooled_keys: Keys, certificates: list[bytes]) -> None:
    enveloped = envelop(CONTENT, [certificates[2]])
    asked = []

    def card(cryptogram: bytes) -> bytes:
        asked.append(cryptogram)
        return rsa.decrypt(pooled_keys[2], cryptogram)

    assert open_enveloped(enveloped, card, certificates[2]) == CONTENT
    assert [len(one) for one in asked] == [256]


def test_an_envelope_for_somebody_else_names_whom_it_is_for(
    pooled_keys: Keys, certificates: list[bytes]
) -> None:
    enveloped = envelop(CONTENT, certificates[:2])
    with pytest.raises(NotARecipient) as refused:
        open_enveloped(enveloped, pooled_keys[2], certificates[2])
    expected = tuple(x509.load_der_x509_certificate(der).serial_number for der in certificates[:2])
    assert sorted(refused.value.recipients) == sorted(expected)
    assert f"{expected[0]:x}" in str(refused.value)


def test_a_key_of_another_certificate_is_refused(pooled_keys: Keys, certificates: list[bytes]) -> None:
    with pytest.raises(CryptoError, match="private key is not that of the certificate"):
        open_enveloped(envelop(CONTENT, certificates[:1]), pooled_keys[1], certificates[0])


def test_an_envelope_without_recipients_or_for_another_kind_of_key_is_not_made() -> None:
    with pytest.raises(CryptoError, match="without a recipient"):
        envelop(CONTENT, [])
    with pytest.raises(CryptoError, match="no RSA key"):
        envelop(CONTENT, [certificate(ec.generate_private_key(ec.SECP256R1()), "curve")])
    with pytest.raises(CryptoError, match="cannot be read"):
        envelop(CONTENT, [b"0\x00"])


def changed(enveloped: bytes, change: Callable[[asn1.EnvelopedData], None]) -> bytes:
    info = asn1.ContentInfo.load(enveloped)
    change(info["content"])
    return info.dump(force=True)


def refusal(enveloped: bytes, key: RSAPrivateKey, certificate: bytes) -> str:
    with pytest.raises(CryptoError) as refused:
        open_enveloped(enveloped, key, certificate)
    return str(refused.value)


def test_whatever_fails_behind_the_key_is_one_and_the_same_error(
    pooled_keys: Keys, certificates: list[bytes]
) -> None:
    """A sender who tries keys and paddings learns nothing: not that the key was wrong, its length, or the last block."""
    key, mine = pooled_keys[0], certificates[0]
    public = x509.load_der_x509_certificate(mine).public_key()
    said = set()
    for transported in (bytes(16), bytes(15), b"", bytes(200)):
        wrong = public.encrypt(transported, rsa.padding.PKCS1v15())  # type: ignore[union-attr]

        def with_key(data: asn1.EnvelopedData, wrong: bytes = wrong) -> None:
            data["recipient_infos"][0].chosen["encrypted_key"] = wrong

        said |= {_until_refused(lambda w=with_key: changed(envelop(CONTENT, [mine]), w), key, mine)}
    for broken in (bytes(256), b"\xff" * 256, bytes(255), b"\1"):

        def with_cryptogram(data: asn1.EnvelopedData, broken: bytes = broken) -> None:
            data["recipient_infos"][0].chosen["encrypted_key"] = broken

        said |= {_until_refused(lambda w=with_cryptogram: changed(envelop(CONTENT, [mine]), w), key, mine)}

    def last_block(data: asn1.EnvelopedData) -> None:
        held = data["encrypted_content_info"]["encrypted_content"].native
        data["encrypted_content_info"]["encrypted_content"] = held[:-1] + bytes((held[-1] ^ 1,))

    said |= {_until_refused(lambda: changed(envelop(CONTENT, [mine]), last_block), key, mine)}
    assert len(said) == 1
    assert "padding" not in said.pop().lower()


def _until_refused(make: Callable[[], bytes], key: RSAPrivateKey, certificate: bytes) -> str:
    """The refusal of a broken envelope: once in 256 the bytes of a wrong key end like a padding, then another is made."""
    for _ in range(20):
        try:
            assert open_enveloped(make(), key, certificate) != CONTENT
        except CryptoError as refused:
            return str(refused)
    raise AssertionError("never refused")


@settings(max_examples=40)
@given(cut=st.integers(0, 400), garbage=st.binary(max_size=40))
def test_garbage_and_what_is_cut_short_is_refused(
    pooled_keys: Keys, certificates: list[bytes], cut: int, garbage: bytes
) -> None:
    key, mine = pooled_keys[0], certificates[0]
    enveloped = envelop(CONTENT[:20], [mine])
    signed = signed_data(CONTENT[:20], KeySigner(key, mine))
    for broken in (enveloped[: min(cut, len(enveloped) - 1)], garbage, enveloped + garbage + b"!"):
        with pytest.raises(CryptoError):
            open_enveloped(broken, key, mine)
    for broken in (signed[: min(cut, len(signed) - 1)], garbage, signed + garbage + b"!"):
        with pytest.raises(CryptoError):
            read_signed_data(broken)
    with pytest.raises(CryptoError, match="not a CMS EnvelopedData but signed data"):
        open_enveloped(signed, key, mine)
    with pytest.raises(CryptoError, match="not a CMS SignedData but enveloped data"):
        read_signed_data(enveloped)


@pytest.mark.usefixtures("files")
def test_openssl_verifies_what_we_sign(
    openssl: Callable[..., bytes], pooled_keys: Keys, certificates: list[bytes]
) -> None:
    signed = signed_data(CONTENT, KeySigner(pooled_keys[0], certificates[0]))
    opened = openssl(
        *("cms", "-verify", "-binary", "-cades", "-inform", "DER", "-CAfile", "0.crt"),
        given=signed,
    )
    assert opened == CONTENT


@pytest.mark.parametrize(
    "options",
    [(), ("-md", "sha512"), ("-cades",), ("-keyid",), ("-stream",)],
    ids=["plain", "SHA-512", "CAdES", "key identifier", "BER"],
)
@pytest.mark.usefixtures("files")
def test_we_read_what_openssl_signs(
    openssl: Callable[..., bytes], certificates: list[bytes], options: tuple[str, ...]
) -> None:
    signed = openssl(
        *("cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-signer", "0.crt", "-inkey", "0.key"),
        *("-certfile", "1.crt", *options),
        given=CONTENT,
    )
    read = read_signed_data(signed)
    assert (read.content, read.certificate, read.chain) == (CONTENT, certificates[0], (certificates[1],))


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("-md", "sha1"), "signed with sha1"),
        (("-noattr",), "signed attributes are expected"),
        (("-nocerts",), "certificate is not in the message"),
        (("-keyopt", "rsa_padding_mode:pss"), "rsassa_pss"),
        (("-signer", "1.crt", "-inkey", "1.key"), "2 signers"),
    ],
    ids=["SHA-1", "no attributes", "no certificates", "PSS", "two signers"],
)
@pytest.mark.usefixtures("files")
def test_other_signatures_are_refused_by_their_names(
    openssl: Callable[..., bytes], options: tuple[str, ...], why: str
) -> None:
    signed = openssl(
        *("cms", "-sign", "-binary", "-nodetach", "-outform", "DER", "-signer", "0.crt", "-inkey", "0.key"),
        *options,
        given=CONTENT,
    )
    with pytest.raises(CryptoError, match=why):
        read_signed_data(signed)


@pytest.mark.usefixtures("files")
def test_a_signature_apart_from_its_content_is_refused(openssl: Callable[..., bytes]) -> None:
    signed = openssl(
        *("cms", "-sign", "-binary", "-outform", "DER", "-signer", "0.crt", "-inkey", "0.key"), given=CONTENT
    )
    with pytest.raises(CryptoError, match="does not hold what was signed"):
        read_signed_data(signed)


def test_what_we_sign_is_read_and_has_one_form(pooled_keys: Keys, certificates: list[bytes]) -> None:
    signer = KeySigner(pooled_keys[0], certificates[0], tuple(certificates[1:]))
    signed = signed_data(CONTENT, signer)
    assert signed == signed_data(CONTENT, signer)
    read = read_signed_data(signed)
    assert (read.content, read.certificate, set(read.chain)) == (
        CONTENT,
        certificates[0],
        set(certificates[1:]),
    )
    assert asn1.ContentInfo.load(signed, strict=True).dump(force=True) == signed


@pytest.mark.parametrize("place", [b"000TP 00000991000019", b"holder 1"], ids=["content", "certificate"])
def test_a_changed_byte_is_found(pooled_keys: Keys, certificates: list[bytes], place: bytes) -> None:
    signed = signed_data(CONTENT, KeySigner(pooled_keys[1], certificates[1]))
    for at in (signed.find(place), signed.rfind(place), len(signed) - 1):
        assert at >= 0
        with pytest.raises(CryptoError):
            read_signed_data(signed[:at] + bytes((signed[at] ^ 1,)) + signed[at + 1 :])


def test_another_certificate_with_the_same_key_and_name_does_not_take_the_signers_place(
    pooled_keys: Keys, certificates: list[bytes]
) -> None:
    twin = certificate(pooled_keys[0], "holder 0")
    assert twin == certificates[0] or len(twin) == len(certificates[0])
    other = x509.load_der_x509_certificate(certificates[0])
    later = (
        x509.CertificateBuilder()
        .subject_name(other.subject)
        .issuer_name(other.issuer)
        .public_key(pooled_keys[0].public_key())
        .serial_number(other.serial_number)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2046, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(pooled_keys[0].public_key()), False)
        .sign(pooled_keys[0], SHA256())
        .public_bytes(Encoding.DER)
    )
    signed = signed_data(CONTENT, KeySigner(pooled_keys[0], certificates[0]))
    assert len(later) == len(certificates[0])
    with pytest.raises(CryptoError, match="names another certificate"):
        read_signed_data(signed.replace(certificates[0], later))


def test_whatever_is_changed_in_an_authenticated_envelope_is_found(
    pooled_keys: Keys, certificates: list[bytes]
) -> None:
    """In CBC mode a change behind the first block may pass; here none does, and the words are those of a wrong key."""
    key, mine = pooled_keys[0], certificates[0]
    enveloped = envelop(CONTENT, [mine], cipher="aes-256-gcm")

    def parts(data: asn1.AuthEnvelopedData) -> None:
        held = data["auth_encrypted_content_info"]["encrypted_content"].native
        data["auth_encrypted_content_info"]["encrypted_content"] = (
            held[:9] + bytes((held[9] ^ 1,)) + held[10:]
        )

    def tag(data: asn1.AuthEnvelopedData) -> None:
        data["mac"] = bytes(16)

    def transported(data: asn1.AuthEnvelopedData) -> None:
        data["recipient_infos"][0].chosen["encrypted_key"] = bytes(256)

    said = {refusal(changed(enveloped, change), key, mine) for change in (parts, tag, transported)}
    assert said == {"the message cannot be deciphered: it was changed on its way, or made with another key"}
    with pytest.raises(CryptoError, match="nonce or tag is not of GCM"):
        open_enveloped(changed(enveloped, lambda data: data.__setitem__("mac", bytes(12))), key, mine)


def test_anybody_sees_cipher_and_recipients_of_an_envelope(certificates: list[bytes]) -> None:
    serials = {x509.load_der_x509_certificate(der).serial_number for der in certificates[:2]}
    for cipher, authenticated in (("aes-128-cbc", False), ("aes-256-gcm", True)):
        facts = envelope_facts(envelop(CONTENT, certificates[:2], cipher=cipher))  # type: ignore[arg-type]
        assert (facts.cipher, facts.authenticated) == (cipher, authenticated)
        assert set(facts.recipients) == serials


@pytest.mark.usefixtures("files")
def test_openssl_verifies_a_signature_apart_from_its_content(
    openssl: Callable[..., bytes], pooled_keys: Keys, certificates: list[bytes], tmp_path: Path
) -> None:
    when = datetime(2026, 11, 28, 3, 15, tzinfo=UTC)
    signer = KeySigner(pooled_keys[0], certificates[0])
    signature = signed_data(CONTENT, signer, when=when, capabilities=True, detached=True)
    (tmp_path / "content").write_bytes(CONTENT)
    (tmp_path / "signature").write_bytes(signature)
    verify = ("cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", "signature", "-CAfile", "0.crt")
    assert openssl(*verify, "-content", "content") == CONTENT
    shown = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", "signature")
    assert b"Nov 28 03:15:00 2026 GMT" in shown
    assert b"aes-256-gcm" in shown
    assert verify_detached(signature, CONTENT).signed_at == when


@pytest.mark.usefixtures("files")
def test_we_verify_a_signature_apart_from_its_content_and_no_other(
    openssl: Callable[..., bytes], certificates: list[bytes]
) -> None:
    sign = ("cms", "-sign", "-binary", "-outform", "DER", "-signer", "0.crt", "-inkey", "0.key")
    signature = openssl(*sign, given=CONTENT)
    read = verify_detached(signature, CONTENT)
    assert (read.content, read.certificate) == (CONTENT, certificates[0])
    assert read.signed_at is not None
    with pytest.raises(CryptoError, match="not the one that was signed"):
        verify_detached(signature, CONTENT + b" ")
    without = openssl(*sign, "-nocerts", given=CONTENT)
    assert verify_detached(without, CONTENT, known=certificates).certificate == certificates[0]
    with pytest.raises(CryptoError, match="not in the message"):
        verify_detached(without, CONTENT)
    with pytest.raises(CryptoError, match="brings a content of its own"):
        verify_detached(openssl(*sign, "-nodetach", given=CONTENT), CONTENT)
