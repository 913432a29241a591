"""What a surgery does with its cards and its post: lots signed by the CPS, files sent, answers collected."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.cabinet import opened, settings_of
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.cabinet import Cabinet, CabinetSheet
    from bifente.fse.cabinet.inbox import CollectedMail
    from bifente.fse.cabinet.log import ChainHead
    from bifente.fse.cabinet.lotmaking import MadeLots
    from bifente.fse.cabinet.outbox import CabinetSender, SentReport
    from bifente.fse.cabinet.settings import CabinetSettings
    from bifente.fse.post import Post
    from bifente.igc import TrustStore

_LONGEST_KEY = 1 << 16


def make_lots(
    cabinet: "Cabinet",
    *,
    cps: Path | None,
    readers: Sequence[str],
    pin: Callable[[], bytes],
    igc: Path | None = None,
    situation: int | None = None,
    trial: bool = True,
    insurers: Mapping[str, str] | None = None,
) -> "MadeLots":
    """Put all sheets that are ready in lots, signed by the CPS in the file *cps* or in one of *readers*.

    *insurers* says who takes the DRE of which complementary insurer. *situation* is the one of the card in which its holder signs, by default the first. Raises WorkbenchError, TerminalError,
    StoreError, UnknownSituation, FseError; UntrustedCertificate when that of the card has ended or is of another authority.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.fse.errors import UnknownSituation
    from bifente.fse.sheet.lotsigner import CpsSigner
    from bifente.fse.sheet.model import BillingSituation
    from bifente.igc import CertificateUsage
    from bifente.terminal import CpsSession
    from bifente.workbench.sheets.cardsathand import CPS, cards_at_hand, trusted_authority

    authority = trusted_authority(igc)
    with cards_at_hand(cps, None, readers, with_vitale=False) as links:
        session = CpsSession(links[CPS])
        session.verify_pin(pin())
        situations = [BillingSituation.of(group) for group in session.professional() if group.id == 2]
        chosen = [one for one in situations if situation is None or one.number == situation]
        if not chosen:
            raise UnknownSituation(situation or 1, [one.number for one in situations])
        trust = authority.trust_store
        signer = CpsSigner(session, [one.public_bytes(Encoding.DER) for one in trust.intermediates])
        # a caisse would refuse the lots: better before any is numbered
        trust.verify_certificate(signer.certificate, cabinet.clock(), CertificateUsage.SIGNATURE)
        return cabinet.make_lots(signer, signing=chosen[0], marking="T" if trial else "R", insurers=insurers)


@contextmanager
def at_the_post(folder: Path | None) -> "Iterator[tuple[Cabinet, Post, CabinetSender]]":
    """The surgery in *folder* with its post and the caisses it knows.

    Raises CabinetError, DocumentError, PostError, WorkbenchError, OSError.
    """
    from bifente.fse.cabinet.caisses import CertificateBook
    from bifente.fse.cabinet.outbox import CabinetSender
    from bifente.fse.post import opened_post, read_settings

    settings = settings_of(folder)
    post = read_settings(settings.post)
    book = CertificateBook.of_places(settings.caisses, trust_of(settings))
    with opened(folder) as cabinet, opened_post(post) as opened_box:
        yield cabinet, opened_box, CabinetSender(post.address, book, settings.trial)


def trust_of(settings: "CabinetSettings") -> "TrustStore":
    """Whom the surgery believes. Raises WorkbenchError, IgcError."""
    from bifente.workbench.authority import authority_at_hand

    authority = authority_at_hand(settings.igc)
    if authority is None:
        raise WorkbenchError(
            "there is no authority by which to believe a caisse", "input.no-authority-at-hand"
        )
    return authority.trust_store


def send(folder: Path | None, *, again: bool = False) -> "SentReport":
    """Send what was made, or retransmit what was not answered well. Raises as :func:`at_the_post`."""
    with at_the_post(folder) as (cabinet, post, sender):
        return cabinet.retransmit(post, sender) if again else cabinet.send(post, sender)


def collect(folder: Path | None) -> "Iterator[CollectedMail]":
    """Take the answers that have come; each is dealt with when the next one is asked for. Raises as :func:`at_the_post`."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.crypto import rsa
    from bifente.documents import read_bytes
    from bifente.fse.cabinet.inbox import Opening

    settings = settings_of(folder)
    key = certificate = None
    if settings.key is not None and settings.certificate is not None:
        key = rsa.load_private_pem(read_bytes(settings.key, _LONGEST_KEY))
        try:
            read = x509.load_pem_x509_certificate(read_bytes(settings.certificate, _LONGEST_KEY))
        except ValueError:
            raise WorkbenchError(f"{settings.certificate}: not a certificate") from None
        certificate = read.public_bytes(Encoding.DER)
    opening = Opening(trust_of(settings), key, certificate)
    with at_the_post(folder) as (cabinet, post, _):
        yield from cabinet.collect(post, opening)


def replace_rejected(
    cabinet: "Cabinet", sheet: "CabinetSheet", file: Path | None, *, igc: Path | None = None
) -> "CabinetSheet":
    """Send a rejected invoice again: the corrected sheet in *file*, verified, or the same one under a new number.

    Raises CabinetError, SheetRefused, DocumentError, WorkbenchError, OSError.
    """
    from bifente.documents import read_bytes
    from bifente.fse.sheet.verification import MAX_SIZE
    from bifente.workbench.sheets.cardsathand import trusted_authority

    if file is None:
        return cabinet.replace_rejected(sheet.id)
    return cabinet.replace_rejected(
        sheet.id, read_bytes(file, MAX_SIZE), trust=trusted_authority(igc).trust_store
    )


def noted_head(text: str | None) -> "ChainHead | None":
    """A line of the log as ``status`` prints it for a note: its number, a colon, its digest. Raises WorkbenchError."""
    from bifente.fse.cabinet.log import ChainHead

    if text is None:
        return None
    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdigit() and len(number) < 19 and len(digest) == 64):
        raise WorkbenchError(
            f"{text[:20]!r} is not a line of the log",
            hint="its number, a colon and its digest, as status prints them",
        )
    return ChainHead(int(number), digest.lower())
