"""MUTUAL AUTHENTICATE with a key set: both sides prove that they have it, and a session of secure messaging begins.

``00 22 C1 A4`` names algorithm and key set, GET CHALLENGE gives the card's random number, and ``00 82 00 00`` carries the
terminal's token and brings the card's (OpenSC 0.23, ``iasecc-sm.c``; CWA 14890-1). The tokens are those of
:mod:`bifente.apdu.mutual`. The keys that a card has are derived from its issuer's by its serial number: synthetic.
"""

from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from bifente.apdu.errors import ApduError
from bifente.apdu.files.security import Operation
from bifente.apdu.mutual import (
    ALGORITHMS,
    HALF_SIZE,
    SERIAL_SIZE,
    Side,
    Token,
    common_secret,
    first_counter,
    seal,
    unseal,
)
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.environment import keyset_of
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.refusals import incorrect_data, not_on_card, out_of_turn, require
from bifente.applets.kernel.state import ControlReferenceTemplate, MessagingSession

if TYPE_CHECKING:
    from bifente.apdu.messaging import Protection
    from bifente.apdu.mutual import MutualAlgorithm
    from bifente.applets.kernel.card import SmartCard
    from bifente.layouts.nodes import KeySet

_CLAUSE: Final = "CWA 14890-1, as OpenSC 0.23, iasecc-sm.c has it"


def authenticate(card: "SmartCard", template: ControlReferenceTemplate, data: bytes) -> bytes:
    """Verify the terminal's token, answer the card's, and open the session of the channel.

    The challenge serves once. A session that was open is over, whatever comes out.
    """
    card.channel.session = None
    nonce, card.proven.nonce = card.proven.nonce, None
    reference = template.public_key or b"\0"
    keyset = keyset_of(card, reference)
    if keyset is None:
        raise not_on_card(_CLAUSE, "there is no key set {} here", reference)
    algorithm = ALGORITHMS[template.algorithm or 0]
    rule = keyset.access.get(Operation.MUTUAL_AUTHENTICATE)
    require("MUTUAL AUTHENTICATE", f"key set {keyset.reference:02X}", rule, card.proven)
    if nonce is None or len(nonce) != algorithm.nonce_size:
        pattern = "no challenge of {} bytes stands (GET CHALLENGE): a challenge serves once"
        raise out_of_turn(_CLAUSE, pattern, algorithm.nonce_size)
    own = Side(nonce, card.persistent.identity.chr[-SERIAL_SIZE:])
    keys = _keys(card, keyset, algorithm, own.serial)
    try:
        theirs = unseal(keys, algorithm, data)
    except ApduError as error:
        raise incorrect_data(_CLAUSE, "{}", str(error)) from None
    if theirs is None:
        why = Why(_CLAUSE, "the checksum of the token is not of key set {:02X}", (keyset.reference,))
        raise CardError(SW.CHANGED_WARNING, why)
    if not compare_digest(b"".join(theirs.other), b"".join(own)):
        why = Why(_CLAUSE, "the token is not for this card's serial number and challenge")
        raise CardError(SW.CHANGED_WARNING, why)
    half = card.random(HALF_SIZE)
    token = seal(keys, Token(own, theirs.own, half))
    counter = first_counter(keys, own.nonce, theirs.own.nonce, zero=algorithm.counter_is_zero)
    protection = _session_keys(algorithm, common_secret(half, theirs.half))
    card.channel.session = MessagingSession(keyset.reference, protection, counter)
    return token


def _keys(card: "SmartCard", keyset: "KeySet", algorithm: "MutualAlgorithm", serial: bytes) -> "Protection":
    from bifente.crypto.messaging import diversified, protection  # few cards of a run come here

    if keyset.masters is not None:
        enciphering, authenticating = (diversified(master, serial) for master in keyset.masters)
    else:
        held = [card.persistent.secret(card.tree.mf.path, reference) for reference in keyset.secrets or ()]
        if not held or None in held:
            raise not_on_card(_CLAUSE, "the card was made without the keys of set {:02X}", keyset.reference)
        enciphering, authenticating = (key or b"" for key in held)
    return protection(algorithm.cipher, enciphering, authenticating)


def _session_keys(algorithm: "MutualAlgorithm", secret: bytes) -> "Protection":
    from bifente.crypto.messaging import derive, protection

    return protection(algorithm.cipher, *derive(secret, algorithm.digest))
