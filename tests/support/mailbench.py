"""Secure mails of a doctor and a nurse: their addresses, their text, their cards in a reader of this process."""

import email
import email.policy
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bifente.applets import card_of
from bifente.applets.store.stores import MemoryStore
from bifente.igc import Authority
from bifente.mail import CardDecipher, CardSigner
from bifente.reader import CPS_SLOT, TwoSlotReader
from bifente.terminal import CpsSession

NOW = datetime.now(UTC).replace(microsecond=0)
"""The real clock: the programs on the other side look at it."""

DOCTOR, NURSE = "alice.durand@cabinet.example", "guy@infirmier.example"
CAISSE = "01349@349.01.rss.test"
TEXT = "Chère collègue,\n\nvoici le compte rendu de M. Noël — à bientôt.\nFrom moi\n.\n-- \nAlice\n"


class CardAtHand:
    """A card in a reader of this process, its PIN presented."""

    def __init__(self, records: Mapping[str, bytes], authority: Authority) -> None:
        self.card = card_of(MemoryStore(dict(records)), "cps3")
        self.reader = TwoSlotReader()
        self.reader.insert(CPS_SLOT, self.card)
        self.session = CpsSession(self.reader.link(CPS_SLOT))
        self.session.verify_pin(b"1234")
        chain = [one.public_bytes(Encoding.DER) for one in authority.trust_store.intermediates]
        self.signer = CardSigner(self.session, chain)
        self.decipher = CardDecipher(self.session)


def pem(der: bytes) -> bytes:
    """A certificate for other programs."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def text_of(entity: bytes) -> str:
    """The first text of a mail, as the standard library reads it."""
    read = email.message_from_bytes(entity, policy=email.policy.default)
    body = read.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")
