"""The card of a mail, in a file or in a reader; its PIN is asked for once it is there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.sheets.cardsathand import CPS, cards_at_hand

if TYPE_CHECKING:
    from bifente.terminal import CpsSession


@contextmanager
def mail_card(
    cps: Path | None, readers: Sequence[str], pin: Callable[[], bytes] | None
) -> "Iterator[CpsSession]":
    """A session with the CPS in the file *cps* or in one of *readers*, its PIN presented unless there is none to ask.

    Raises WorkbenchError, StoreError, ReaderError, TerminalError: no card, a wrong PIN with the tries left.
    """
    from bifente.terminal import CpsSession

    with cards_at_hand(cps, None, readers, with_vitale=False) as links:
        session = CpsSession(links[CPS])
        if pin is not None:
            session.verify_pin(pin())
        yield session


def card_certificate(cps: Path | None, readers: Sequence[str]) -> bytes:
    """The certificate (PEM) by which others encipher for a card; free to read. Raises as :func:`mail_card`."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.mail import CardDecipher, MessageRefused

    with mail_card(cps, readers, None) as session:
        der = CardDecipher(session).certificate
    try:
        return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    except ValueError:
        raise MessageRefused("the authentication certificate of the card cannot be read") from None
