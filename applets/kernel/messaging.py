"""The secure-messaging stage of a card with key sets: it opens commands and protects answers.

What it takes off and puts on is :mod:`bifente.apdu.messaging`; the session is that of the logical channel. A command that
does not hold ends it, as a plain one does: whoever has changed one byte finds no session to go on with.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bifente.apdu.classbyte import CLASS_BYTES, SecureMessaging
from bifente.apdu.command import CommandAPDU
from bifente.apdu.instructions import codes
from bifente.apdu.messaging import open_command, protect_answer
from bifente.apdu.protectedobjects import MessagingError, MessagingFault
from bifente.apdu.refusal import CommandPart, Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.refusals import PART_4, out_of_turn

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLASS: Final = f"{PART_4} §5.4.1"
_MESSAGING: Final = f"{PART_4} §10"
_ENDED: Final = "{}; the session is over"
_WORDS: Final = {
    MessagingFault.MISSING: SW.SECURE_MESSAGING_OBJECTS_MISSING,
    MessagingFault.INCORRECT: SW.SECURE_MESSAGING_OBJECTS_INCORRECT,
}
_SILENT: Final = codes(lambda known: known.silent)
"""OpenSC sends ``97 01 00`` with every command, also with those that answer nothing: there it is no Le."""


class KeySetMessaging:
    """For the cards whose layout has key sets."""

    def carry(self, card: "SmartCard", apdu: CommandAPDU, answer: Callable[[CommandAPDU], bytes]) -> bytes:
        """Open *apdu*, let it be answered, protect the answer."""
        channel = card.channel
        session, channel.session = channel.session, None
        if CLASS_BYTES[apdu.cla].secure_messaging is not SecureMessaging.HEADER_AUTHENTICATED:
            pattern = "class {} does not put the header under the checksum, which this card wants"
            why = Why(_CLASS, pattern, (CommandPart(apdu.raw, 0, 1),))
            raise CardError(SW.SECURE_MESSAGING_NOT_SUPPORTED, why)
        if session is None:
            raise out_of_turn(_MESSAGING, _NO_SESSION)
        try:
            plain = open_command(session.protection, session.count(), apdu)
        except MessagingError as error:
            raise CardError(_WORDS[error.fault], Why(_MESSAGING, _ENDED, (str(error),))) from None
        if plain.ne is not None and plain.ins in _SILENT:
            plain = CommandAPDU.build(plain.cla, plain.ins, plain.p1, plain.p2, plain.data)
        channel.session = session
        card.proven.messaging = session.keyset
        try:
            given = answer(plain)
        finally:
            card.proven.messaging = None
        odd = bool(apdu.ins & 1)
        counter = session.count()
        protected = protect_answer(session.protection, counter, given, odd=odd)
        if apdu.ne is None:
            return given[-2:]
        if len(protected) - 2 > apdu.ne:
            why = Why(_MESSAGING, _TOO_LONG, (len(protected) - 2, apdu.ne))
            card.explain(SW.WRONG_LENGTH, why)
            return protect_answer(session.protection, counter, SW.WRONG_LENGTH.to_bytes_be(), odd=odd)
        return protected


_NO_SESSION: Final = (
    "the class byte announces secure messaging, and no session is open on this channel (MUTUAL AUTHENTICATE)"
)
_TOO_LONG: Final = (
    "the protected answer has {} bytes, and the Le outside takes {}: ask for fewer, or with an extended Le"
)

KEY_SET_MESSAGING: Final = KeySetMessaging()
