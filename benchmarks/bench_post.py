"""Letters sealed and opened, and delivered in folders, beside the bare library doing only the cryptography of each.

A letter holds a B2 file of the most lines that one may have (990 records of 128) and a signed lot.
"""

import secrets
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from cards import authority
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from frame import Result, against_floor, pinned, rate_against

from bifente.crypto import rsa
from bifente.documents import new_file
from bifente.fse.post import B2_TEST, EDI_CONSENT, LOT, Letter, MaildirPost, Part, open_letter, pack, seal

SENT = datetime(2026, 11, 28, 3, 15, tzinfo=UTC)
CABINET, CAISSE = "cabinet@ps.rss.test", "01349@349.01.rss.test"
MAILS = 50
"""Mails that are delivered in a row."""

SEALED = 2.0
OPENED = 3.0
DURABLE = 3.0


def b2_file() -> bytes:
    """990 records, as varied as records are: digits in some columns, blanks in the others."""
    return b"".join(
        f"{number % 7}{number:09}{number * 7919 % 10**13:013}".ljust(100).ljust(128, "0").encode()
        for number in range(990)
    )


def results() -> Iterator[Result]:
    """Seal, open, deliver durably."""
    issued = authority().issue_caisse(
        "01", "349", not_before=SENT.replace(year=2025), key_source=lambda _bits: rsa.generate(2048)
    )
    b2, lot = b2_file(), secrets.token_bytes(20_000)
    parts = (Part("FSE00001", EDI_CONSENT, B2_TEST, b2), Part("lot1", EDI_CONSENT, LOT, lot))
    letter = Letter(CABINET, CAISSE, "IR100500/00000991000019/20261128031500/00141", parts, SENT)
    mail = seal(letter, issued.certificate)
    public = x509.load_der_x509_certificate(issued.certificate).public_key()
    assert isinstance(public, RSAPublicKey)
    pkcs1 = padding.PKCS1v15()
    packed = zlib.compress(b2)
    plain = packed + bytes(-len(packed + lot) % 16) + lot
    key, vector = secrets.token_bytes(16), secrets.token_bytes(16)
    cryptogram = public.encrypt(key, pkcs1)
    cipher = Cipher(algorithms.AES(key), modes.CBC(vector))
    ciphertext = cipher.encryptor().update(plain)

    def bare_seal() -> None:
        zlib.compress(b2)
        public.encrypt(secrets.token_bytes(16), pkcs1)
        cipher.encryptor().update(plain)

    def bare_open() -> None:
        issued.key.decrypt(cryptogram, pkcs1)
        opened = cipher.decryptor().update(ciphertext)
        zlib.decompress(opened[: len(packed)])

    with pinned():
        yield against_floor(
            "a letter sealed, against zlib, RSA and AES",
            lambda: seal(letter, issued.certificate),
            bare_seal,
            repeat=10,
            most=SEALED,
        )
        yield against_floor(
            "a letter opened, against RSA, AES and zlib",
            lambda: open_letter(mail, issued.key, issued.certificate),
            bare_open,
            repeat=10,
            most=OPENED,
        )
    with tempfile.TemporaryDirectory() as folder:
        yield delivered(Path(folder), letter)


def delivered(folder: Path, letter: Letter) -> Result:
    """Mails a second into a box, each durable, beside files that are written and synced with their folder."""
    MaildirPost(folder / "post", CAISSE)
    cabinet = MaildirPost(folder / "post", CABINET)
    mails = [pack(replace(letter, reference=str(number))) for number in range(MAILS)]
    bare = folder / "bare"
    bare.mkdir()
    runs = count()

    def deliver() -> None:
        turn = next(runs)
        for mail in mails:
            renamed = mail.replace(b"Message-ID: <", b"Message-ID: <%d." % turn, 1)
            cabinet.send(renamed, sender=CABINET, recipient=CAISSE)

    def write() -> None:
        turn = next(runs)
        for number, mail in enumerate(mails):
            new_file(bare / f"{turn}.{number}", mail)

    return rate_against(
        "mails delivered in folders, against files written and synced",
        deliver,
        write,
        MAILS,
        unit="mails/s",
        most=DURABLE,
    )
