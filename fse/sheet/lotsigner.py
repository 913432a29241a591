"""The signature of a CPS outside the care sheet: over the lots that its holder sends."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from bifente.fse.errors import MaySignNoLot
from bifente.fse.sheet.model import BillingSituation
from bifente.fse.sheet.signature import issuer_of
from bifente.terminal import CpsSession

_MAY_NOT: Final = "0"


class CpsSigner:
    """Signs as the holder of a CPS: RSASSA-PKCS1-v1_5 with SHA-256 by its signature key.

    *intermediates* are DER certificates of authorities, of which the one that issued the card's is the ``chain``. The
    PIN must have been presented to *session*; it fulfils the protocol ``Signer`` of :mod:`bifente.crypto.cms`. Raises
    FseError when no intermediate is the issuer, TerminalError.
    """

    def __init__(self, session: CpsSession, intermediates: Iterable[bytes]) -> None:
        self._session = session
        self._certificate = session.signature_certificate()
        self._chain = (issuer_of(self._certificate, intermediates),)

    @property
    def certificate(self) -> bytes:
        """DER of the signature certificate."""
        return self._certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        """DER of its issuer's certificate."""
        return self._chain

    def sign(self, data: bytes) -> bytes:
        """The signature over *data* (256 bytes). Raises PinRequired, CpsAbsent and other TerminalErrors."""
        return self._session.sign_digest(sha256(data).digest())


def check_lot_signer(signing: BillingSituation, billed: BillingSituation) -> None:
    """Raise MaySignNoLot unless who works in the situation *signing* may sign a lot billed in the situation *billed*.

    The holder needs the *habilitation à signer un lot* (SSV field 2.21; 0 refuses, what other values mean is not
    public). A lot of another holder is signed within one practice: both situations name the same structure (2.5, 2.6).
    That last rule is synthetic: which practices may do so is a matter of contract.
    """
    if signing.may_sign_lots == _MAY_NOT:
        raise MaySignNoLot(f"situation de facturation {signing.number} may not sign a lot (2.21 is 0)")
    if (signing.billing_id, signing.billing_id_key) == (billed.billing_id, billed.billing_id_key):
        return
    structure = (signing.structure_id_type, signing.structure_id)
    if not signing.structure_id or structure != (billed.structure_id_type, billed.structure_id):
        raise MaySignNoLot(
            f"a lot of {billed.billing_id}{billed.billing_id_key} is signed by a holder of another practice "
            f"({signing.structure_name or 'no structure'}, not {billed.structure_name or 'no structure'})"
        )
