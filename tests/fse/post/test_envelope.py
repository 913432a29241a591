"""From letter to mail and back, with openssl on the other side; whatever is wrong with a mail is one clear line."""

import base64
import gzip
import re
import subprocess
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from bifente.codes.holder import CardHolder
from bifente.crypto import cms, rsa
from bifente.fse.post import (
    ARL,
    EDI_CONSENT,
    LOT,
    NOEMIE,
    B2Subject,
    CertificateNotForLetter,
    Letter,
    LetterRefused,
    MailRefused,
    MailTooLarge,
    OldSeal,
    Part,
    WrongRecipient,
    count_invoices,
    message_id,
    open_letter,
    pack,
    seal,
)
from bifente.igc import Authority, CertificateUsage, IssuedCaisse

MakeLetter = Callable[..., Letter]
SENT = datetime(2026, 11, 28, 3, 15, tzinfo=UTC)


def test_a_letter_is_the_mail_that_public_programs_send(letter: MakeLetter, caisse: IssuedCaisse) -> None:
    message = seal(letter(), caisse.certificate)
    assert message.isascii()
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert max(map(len, message.split(b"\r\n"))) <= 80
    outer = message_from_bytes(message)
    assert outer["Subject"] == "IR100500/00000991000019/20261128031500/00001"
    assert (outer["From"], outer["To"]) == ("cabinet@ps.rss.test", "01349@349.01.rss.test")
    assert outer["Date"] == "Sat, 28 Nov 2026 03:15:00 +0000"
    assert outer["Content-Type"] == "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"
    assert outer["Content-Description"] == "IRISTEST/B2/Z"
    assert outer["X-SV_CHIFFREMENT"] == "BIFENTE#bifente#1.40#A#2"
    inside = cms.open_enveloped(outer.get_payload(decode=True), caisse.key, caisse.certificate)  # type: ignore[arg-type]
    entity = message_from_bytes(inside)
    assert entity["Content-Type"] == "Application/EDI-consent; name=FSE00001"
    assert (entity["Content-Transfer-Encoding"], entity["Content-Description"]) == ("base64", "IRISTEST/B2/Z")
    held = zlib.decompress(entity.get_payload(decode=True))  # type: ignore[arg-type]
    assert held == letter().parts[0].content


PARTS = st.builds(
    Part,
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
    content_type=st.sampled_from([EDI_CONSENT, "application/octet-stream"]),
    description=st.sampled_from(["IRIS/B2", "IRIS/B2/Z", "IRISTEST/B2/Z", NOEMIE, LOT, ARL]),
    content=st.binary(max_size=300).filter(lambda content: not content.startswith(b"\x1f\x8b")),
)


@settings(max_examples=40)
@given(parts=st.lists(PARTS, min_size=1, max_size=4), in_mixed=st.booleans())
def test_what_is_sealed_is_opened(
    letter: MakeLetter, caisse: IssuedCaisse, parts: list[Part], in_mixed: bool
) -> None:
    sent = letter(parts=tuple(parts))
    assert (
        open_letter(seal(sent, caisse.certificate, in_mixed=in_mixed), caisse.key, caisse.certificate) == sent
    )
    assert open_letter(pack(sent), None, None, plain=True) == sent


def test_a_returned_noemie_file_is_compressed_by_gzip(letter: MakeLetter) -> None:
    content = b"000" + b" " * 125
    plain = pack(letter(parts=(Part("rsp", EDI_CONSENT, NOEMIE, content),)))
    assert gzip.decompress(message_from_bytes(plain).get_payload(decode=True)) == content  # type: ignore[arg-type]


@pytest.fixture
def files(tmp_path: Path, caisse: IssuedCaisse) -> Path:
    """``caisse.pem`` and ``caisse.key``."""
    certificate = x509.load_der_x509_certificate(caisse.certificate)
    (tmp_path / "caisse.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "caisse.key").write_bytes(rsa.private_pem(caisse.key))
    return tmp_path


def openssl(folder: Path, *arguments: str, given: bytes) -> bytes:
    done = subprocess.run(
        ["openssl", "cms", *arguments], cwd=folder, input=given, capture_output=True, timeout=20, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_openssl_opens_our_mail(
    letter: MakeLetter, caisse: IssuedCaisse, files: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("openssl")
    opened = openssl(
        files,
        *("-decrypt", "-binary", "-inform", "SMIME", "-inkey", "caisse.key", "-recip", "caisse.pem"),
        given=seal(letter(), caisse.certificate, cipher="aes-256-cbc"),
    )
    found = message_from_bytes(opened)
    assert found["Content-Description"] == "IRISTEST/B2/Z"
    assert zlib.decompress(found.get_payload(decode=True)) == letter().parts[0].content  # type: ignore[arg-type]


@pytest.mark.parametrize("cipher", ["-aes-128-cbc", "-aes-256-cbc", "-des3"])
def test_we_open_the_mail_of_openssl(
    caisse: IssuedCaisse, files: Path, cipher: str, require_tool: Callable[[str], str]
) -> None:
    require_tool("openssl")
    content = b"5".ljust(128) * 50
    inside = (
        b"Content-Type: application/EDI-consent; name=FSE00007\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Description: IRIS/B2/Z\r\n\r\n"
    ) + base64.encodebytes(zlib.compress(content)).replace(b"\n", b"\r\n")
    mail = openssl(
        files,
        *("-encrypt", "-binary", cipher, "-outform", "SMIME", "-from", "cabinet@ps.rss.test"),
        *("-to", "01349@349.01.rss.test", "-subject", "IR100500/00000991000019/20261128031500/00050"),
        "caisse.pem",
        given=inside,
    )
    mail = b"Date: Sat, 28 Nov 2026 04:15:00 +0100\n" + mail
    if cipher == "-des3":
        with pytest.raises(OldSeal):
            open_letter(mail, caisse.key, caisse.certificate)
    opened = open_letter(mail, caisse.key, caisse.certificate, legacy=cipher == "-des3")
    assert opened.parts == (Part("FSE00007", "application/EDI-consent", "IRIS/B2/Z", content),)
    assert opened.sent == SENT
    assert B2Subject.parse(opened.subject).invoices == count_invoices(content) == 50


def test_a_letter_that_is_sealed_again_keeps_its_message_id_when_it_has_a_reference(
    letter: MakeLetter, caisse: IssuedCaisse
) -> None:
    named = letter(reference="file 000123")
    first, again = (seal(named, caisse.certificate) for _ in range(2))
    assert first != again
    assert message_id(first) == message_id(again)
    assert re.fullmatch(r"<[0-9a-f]{40}@ps\.rss\.test>", message_id(first))
    assert message_id(seal(letter(reference="file 000124"), caisse.certificate)) != message_id(first)
    one, other = (message_id(seal(letter(), caisse.certificate)) for _ in range(2))
    assert one != other
    assert message_id(b"X: 1\r\n\r\nhello").endswith("without.message-id.invalid>")


def test_the_certificate_must_be_one_for_this_letter(
    letter: MakeLetter,
    caisse: IssuedCaisse,
    other_caisse: IssuedCaisse,
    pooled_authority: Authority,
    pooled_keys: list[RSAPrivateKey],
) -> None:
    with pytest.raises(
        CertificateNotForLetter, match=r"that of 01422@422\.01\.rss\.test, the letter is for 01349@"
    ):
        seal(letter(), other_caisse.certificate)
    with pytest.raises(
        CertificateNotForLetter, match="valid from 2025-11-28 to 2028-11-28, not on 2029-11-28"
    ):
        seal(letter(sent=SENT.replace(year=2029)), caisse.certificate)
    with pytest.raises(CertificateNotForLetter, match="cannot be read"):
        seal(letter(), caisse.certificate[:-1])
    holder = CardHolder(
        card_type=0,
        category=0x80,
        national_id="899700000017",
        family_name="ESSAI",
        given_name="ZOE",
        civility=22,
        profession=10,
        future_profession=None,
        responsibility=0,
        speciality=None,
        structure_id=None,
        structure_name=None,
        department=None,
        card_number="2900000017",
    )
    for usage in CertificateUsage:
        der = pooled_authority.issue_certificate(
            holder, pooled_keys[0].public_key(), usage, SENT - timedelta(days=1)
        )
        back = letter(sender="01349@349.01.rss.test", recipient="cabinet@ps.rss.test")
        if usage is CertificateUsage.SIGNATURE:
            with pytest.raises(CertificateNotForLetter, match="for signatures only"):
                seal(back, der)
        else:  # a card deciphers with its authentication key
            opened = open_letter(
                seal(back, der), lambda cryptogram: rsa.decrypt(pooled_keys[0], cryptogram), der
            )
            assert opened == back


def test_a_mail_for_somebody_else_is_said_to_be(
    letter: MakeLetter, caisse: IssuedCaisse, other_caisse: IssuedCaisse
) -> None:
    with pytest.raises(WrongRecipient, match="not for this certificate"):
        open_letter(seal(letter(), caisse.certificate), other_caisse.key, other_caisse.certificate)


def resealed(inside: bytes, caisse: IssuedCaisse, letter: Letter) -> bytes:
    """A mail with other things inside than a letter."""
    mail = seal(letter, caisse.certificate)
    head = mail[: mail.index(b"\r\n\r\n") + 4]
    return head + base64.encodebytes(cms.envelop(inside, [caisse.certificate]))


def entity(description: str, content: bytes, encoding: str = "base64") -> bytes:
    head = f"Content-Type: {EDI_CONSENT}\r\nContent-Transfer-Encoding: {encoding}\r\n"
    head += f"Content-Description: {description}\r\n\r\n"
    return head.encode() + (base64.encodebytes(content) if encoding == "base64" else content)


@pytest.mark.parametrize(
    ("description", "content"),
    [
        ("IRIS/B2/Z", zlib.compress(bytes(65 << 20), 1)),
        (NOEMIE, gzip.compress(bytes(65 << 20), 1)),
    ],
    ids=["zlib", "gzip"],
)
def test_a_bomb_is_not_unpacked(
    letter: MakeLetter, caisse: IssuedCaisse, description: str, content: bytes
) -> None:
    mail = resealed(entity(description, content), caisse, letter())
    tracemalloc.start()
    try:
        with pytest.raises(MailTooLarge, match="unpacks to more than 64 MiB"):
            open_letter(mail, caisse.key, caisse.certificate)
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


def test_many_small_bombs_are_one_big_one(letter: MakeLetter, caisse: IssuedCaisse) -> None:
    one = entity("IRIS/B2/Z", zlib.compress(bytes(45 << 20), 1))
    inside = b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' + b"".join(
        b"\r\n--x\r\n" + one for _ in range(3)
    )
    with pytest.raises(MailTooLarge):
        open_letter(resealed(inside + b"\r\n--x--\r\n", caisse, letter()), caisse.key, caisse.certificate)


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        (entity("IRIS/B2/Z", zlib.compress(b"x" * 500)[:-3]), "is cut short"),
        (entity("IRIS/B2/Z", zlib.compress(b"x" * 500) + b"more"), "4 bytes behind its end"),
        (entity("IRIS/B2/Z", b"x" * 500), "cannot be decompressed"),
        (entity("IRIS/B2", b"x" * 50)[:-5] + b"*", "not base64"),
        (entity("IRIS/B2", b"x", "uuencode"), "transfer encoding 'uuencode'"),
        (entity("Prestation réglée", b"x"), "Content-Description is not ASCII"),
        (entity("=?utf-8?q?r=C3=A9?=", b"x"), "another charset"),
        (b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\nhello', "cut short"),
        (b"", "no headers"),
        (b"\0" * 40, "no headers"),
    ],
    ids=["cut", "more", "garbage", "base64", "encoding", "latin", "rfc2047", "multipart", "empty", "zeros"],
)
def test_what_is_wrong_inside_is_said(
    letter: MakeLetter, caisse: IssuedCaisse, inside: bytes, why: str
) -> None:
    with pytest.raises(MailRefused, match=why) as refused:
        open_letter(resealed(inside, caisse, letter()), caisse.key, caisse.certificate)
    assert "\n" not in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda mail: mail[: len(mail) // 2], "not a CMS EnvelopedData|not base64"),
        (lambda mail: mail[:-3], "not a CMS EnvelopedData|not base64"),
        (lambda mail: mail.replace(b"From: ", b"X-From: "), "no From"),
        (lambda mail: mail.replace(b"To: ", b"To: a@b.test, "), "has 2 addresses"),
        (lambda mail: mail.replace(b"To: ", b"To: nobody@b.test\r\nTo: "), "more than one To"),
        (lambda mail: mail.replace(b"28 Nov", b"31 Feb"), "a date is expected"),
        (lambda mail: mail.replace(b"IR100500", "IR100500é".encode("latin-1")), "Subject is not ASCII"),
        (lambda mail: mail.replace(b"pkcs7-mime", b"octet-stream"), "not enciphered"),
        (lambda mail: b"From: x\r\n" + b"A: b\r\n" * 100_000, "more headers"),
        (lambda mail: b"hello", "no headers"),
        (lambda mail: mail + b"A" * (33 << 20), "33 MiB, at most 32"),
    ],
    ids=["half", "end", "from", "two", "twice", "date", "latin", "plain", "headers", "none", "huge"],
)
def test_what_is_wrong_outside_is_said(
    letter: MakeLetter, caisse: IssuedCaisse, change: Callable[[bytes], bytes], why: str
) -> None:
    with pytest.raises(MailRefused, match=why) as refused:
        open_letter(change(seal(letter(), caisse.certificate)), caisse.key, caisse.certificate)
    assert "\n" not in str(refused.value)


@settings(max_examples=60)
@given(garbage=st.binary(max_size=200), at=st.integers(0, 5000))
def test_garbage_in_a_mail_is_refused_and_nothing_else(
    letter: MakeLetter, caisse: IssuedCaisse, garbage: bytes, at: int
) -> None:
    mail = seal(letter(reference="fixed"), caisse.certificate)
    at = min(at, len(mail))
    for broken in (garbage, mail[:at] + garbage, mail[:at] + garbage + mail[at:]):
        with suppress(MailRefused):
            open_letter(broken, caisse.key, caisse.certificate)
        assert message_id(broken)


def test_a_mail_of_a_thousand_levels_is_refused(letter: MakeLetter, caisse: IssuedCaisse) -> None:
    nested = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(1100)
    )
    mail = seal(letter(), caisse.certificate)
    head = mail[: mail.index(b"Content-Type: application/pkcs7")]
    with pytest.raises(MailRefused):
        open_letter(head + nested, caisse.key, caisse.certificate)


def test_two_envelopes_in_one_mail_are_not_chosen_from(letter: MakeLetter, caisse: IssuedCaisse) -> None:
    mail = seal(letter(), caisse.certificate, in_mixed=True)
    boundary = re.search(rb'boundary="([^"]+)"', mail)
    assert boundary is not None
    start = mail.index(b"--" + boundary[1])
    end = mail.rindex(b"\r\n--" + boundary[1] + b"--")
    twice = mail[:end] + b"\r\n" + mail[start:]
    with pytest.raises(MailRefused, match="2 enciphered parts"):
        open_letter(twice, caisse.key, caisse.certificate)


def test_without_a_key_an_enciphered_mail_is_not_read(letter: MakeLetter, caisse: IssuedCaisse) -> None:
    with pytest.raises(MailRefused, match="no key to open it"):
        open_letter(seal(letter(), caisse.certificate), None, None, plain=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "cabinet"},
        {"sender": "cabinet@ps.rss.test\r\nBcc: x@y.test"},
        {"recipient": "Éric@ps.test"},
        {"subject": "IR1\r\nBcc: x@y.test"},
        {"subject": "reçu"},
        {"subject": ""},
        {"parts": ()},
        {"reference": "a\nb"},
    ],
    ids="-".join,
)
def test_a_letter_that_no_mail_could_be_is_not_made(letter: MakeLetter, changes: dict[str, object]) -> None:
    with pytest.raises(LetterRefused):
        letter(**changes)


def test_the_subject_counts_the_records_that_begin_with_5(letter: MakeLetter) -> None:
    b2 = letter().parts[0].content
    lines = b"".join(b2[at : at + 128] + b"\r\n" for at in range(0, len(b2), 128))
    assert count_invoices(b2) == count_invoices(lines) == 1
    subject = B2Subject.of_file("991000019", SENT, b2 * 12)
    assert str(subject) == "IR100500/00000991000019/20261128031500/00012"
    assert str(B2Subject.parse(str(subject))) == str(subject)
    for wrong in ("IR1/2/3/4", str(subject)[:-1], str(subject).replace("1128", "1328"), "Undelivered mail"):
        with pytest.raises(LetterRefused):
            B2Subject.parse(wrong)
    with pytest.raises(LetterRefused, match="99999"):
        B2Subject("991000019", SENT, 100_000)
