"""A kiosk of the assurance maladie (*borne de mise à jour*), as far as the card sees it: the issuer's keys, and one message.

``synthetic``: see :mod:`bifente.layouts.issuerupdate`. Needs neither a CPS nor a PIN.
"""

from contextlib import suppress
from typing import Final

from bifente.apdu import SW
from bifente.apdu.cvc import CvContent, CvError, CvKey
from bifente.apdu.instructions import BER_TLV, PUT_DATA
from bifente.layouts.cards import vitale2 as layout
from bifente.layouts.issuerupdate import PARAMETERS, IssuerUpdate, encode_update
from bifente.terminal.anchors import verify_certificate
from bifente.terminal.errors import CardRefused, TerminalError, VitaleUnusable
from bifente.terminal.messaging import MessagingKeys, open_messaging
from bifente.terminal.vitale import VitaleSession

ALGORITHM: Final = 0x54
"""AES-128 with SHA-256."""

_STEP: Final = "issuer's update"


def certified_keys(vitale: VitaleSession, root: CvKey) -> dict[str, CvContent]:
    """What both certificates of a card say, by the name of their file: its keys are certified anew, not made anew.

    Raises VitaleUnusable when another authority has issued them.
    """
    found = {"EF.CVC": vitale.cv_certificate(), "EF.CVC.SHEET": vitale.sheet_certificate()}
    try:
        return {name: verify_certificate(raw, (root,)) for name, raw in found.items()}
    except CvError as error:
        raise VitaleUnusable(
            f"Vitale inutilisable: its CV certificate is refused: {error}", step=_STEP
        ) from error


def put_update(vitale: VitaleSession, keys: MessagingKeys, update: IssuerUpdate) -> None:
    """Open secure messaging by the issuer's *keys* of this card, and have it write *update*: all of it or nothing.

    Raises VitaleUnusable when the card has no such keys, or others; CardRefused, ProtocolBroken.
    """
    try:
        open_messaging(
            vitale.channel, keys, reference=layout.KEYSET_ISSUER, pan=vitale.pan(), algorithm=ALGORITHM
        )
    except CardRefused as refused:
        raise VitaleUnusable(
            f"Vitale inutilisable: {_WHY.get(refused.sw, 'it does not take the issuer for it')} ({refused.sw})",
            step=_STEP,
            sw=refused.sw,
            hint="cards made before there were such keys are replaced by new ones",
        ) from refused
    try:
        vitale.channel.check(_STEP, PUT_DATA | BER_TLV, *PARAMETERS, encode_update(update))
    finally:
        with suppress(TerminalError):  # what it answered stands, also when it is pulled out now
            vitale.reset()


_WHY: Final = {
    SW.REFERENCED_DATA_NOT_FOUND: "it holds no keys of its issuer for updates",
    SW.CHANGED_WARNING: "another issuer's keys are on it",
}
