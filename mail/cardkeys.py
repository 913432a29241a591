"""The two keys of a CPS at work on mails: one signs, the other deciphers; the PIN is the caller's to present."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from bifente.apdu import SW
from bifente.crypto.cms import issuer_and_serial
from bifente.crypto.der import SEQUENCE, elements, first, only
from bifente.crypto.errors import CryptoError
from bifente.mail.errors import MessageRefused
from bifente.terminal import CpsSession
from bifente.terminal.errors import CardRefused

_WRONG_CRYPTOGRAM: Final = (SW.INCORRECT_DATA_FIELD, SW.WRONG_LENGTH)


class CardSigner:
    """Signs mails as the holder of a CPS, by its signature key; fulfils ``Signer`` of :mod:`bifente.crypto.cms`.

    *authorities* are DER certificates, of which that of the card's issuer goes along. Raises TerminalError, CryptoError.
    """

    def __init__(self, session: CpsSession, authorities: Iterable[bytes] = ()) -> None:
        self._session = session
        self._certificate = session.signature_certificate()
        issuer, _ = issuer_and_serial(self._certificate)
        self._chain = tuple(one for one in authorities if _subject(one) == issuer)[:1]

    @property
    def certificate(self) -> bytes:
        """DER of the signature certificate."""
        return self._certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER of its issuer's certificate, if that is known."""
        return self._chain

    def sign(self, data: bytes) -> bytes:
        """The signature over *data* (256 bytes). Raises PinRequired, CpsAbsent and other TerminalErrors."""
        return self._session.sign_digest(sha256(data).digest())


class CardDecipher:
    """Deciphers content keys by the authentication key of a CPS (PSO DECIPHER); a CPS has no other certificate for that."""

    def __init__(self, session: CpsSession) -> None:
        self._session = session
        self.certificate = session.authentication_certificate()
        """DER of the authentication certificate, by which mails name the card."""

    def __call__(self, cryptogram: bytes) -> bytes:
        """What was enciphered for the card. Raises TerminalError; CryptoError for a cryptogram that the card does not take."""
        try:
            return self._session.decipher(cryptogram)
        except CardRefused as refused:
            if refused.sw in _WRONG_CRYPTOGRAM:
                raise CryptoError("the card does not decipher this") from None
            raise


def _subject(der: bytes) -> bytes:
    """The subject of a certificate as DER. Raises MessageRefused."""
    try:
        content, _ = first(only(der, SEQUENCE), SEQUENCE)
        return elements(content)[5]
    except (ValueError, IndexError):
        raise MessageRefused("the certificate of an authority cannot be read") from None
