"""Secure messaging on the side that asks: a session is opened with a key set, and a channel speaks in it.

::

    cps = CpsSession(link)
    open_messaging(cps.channel, keys, reference=0x0A, serial=cps.pan())
    cps.holder()                      # every command and answer is protected now

OpenSC's driver of IAS ECC speaks so to a card (``iasecc-sm.c``).
"""

from collections.abc import Callable
from hmac import compare_digest
from os import urandom
from typing import Final, NamedTuple

from bifente.apdu import SW, ApduError, CommandAPDU, ResponseAPDU
from bifente.apdu.instructions import EXTERNAL_AUTHENTICATE, GET_CHALLENGE, MANAGE_SECURITY_ENVIRONMENT
from bifente.apdu.messaging import Protection, next_counter, open_answer, protect_command
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
from bifente.apdu.protectedobjects import MessagingError
from bifente.apdu.tlv import encode
from bifente.crypto.messaging import derive, diversified, protection
from bifente.terminal.errors import ProtocolBroken
from bifente.terminal.processors import Channel, Sender

_STEP: Final = "mutual authentication"
_BOTH: Final = 0xC1


class MessagingKeys(NamedTuple):
    """The two keys of a card's key set, 16 bytes each. They never show."""

    enciphering: bytes
    authenticating: bytes

    @classmethod
    def diversified(cls, masters: tuple[bytes, bytes], pan: bytes) -> "MessagingKeys":
        """Those of the card with this *pan*, from its issuer's master keys."""
        enciphering, authenticating = (diversified(master, pan[-SERIAL_SIZE:]) for master in masters)
        return cls(enciphering, authenticating)

    def __repr__(self) -> str:
        return "MessagingKeys(**)"


class SecureMessagingProcessor:
    """Protects each command and opens each answer; the counter goes on with both.

    A card that answers without protection has ended the session: its refusal is the answer, and whatever is sent next
    fails. Success without protection is never believed.
    """

    def __init__(self, inner: Sender, protection: Protection, counter: bytes) -> None:
        self._send = inner.send
        self._protection = protection
        self._counter = counter
        self._over: SW | None = None

    def send(self, command: CommandAPDU) -> ResponseAPDU:
        if self._over is not None:
            raise ProtocolBroken("the session of secure messaging is over", sw=self._over)
        self._counter = counter = next_counter(self._counter)
        protected = protect_command(self._protection, counter, command, always_le=True)
        response = self._send(protected)
        if not response.data:
            self._over = response.sw
            if response.sw.ok or response.sw.warning:
                raise ProtocolBroken("the card answered without secure messaging", sw=response.sw)
            return response
        self._counter = counter = next_counter(counter)
        try:
            return open_answer(self._protection, counter, response, odd=bool(command.ins & 1))
        except MessagingError as error:
            self._over = response.sw
            raise ProtocolBroken(f"a protected answer does not hold: {error}", sw=response.sw) from error

    def __repr__(self) -> str:
        return f"SecureMessagingProcessor({'over' if self._over is not None else 'open'})"


def open_messaging(
    channel: Channel,
    keys: MessagingKeys,
    *,
    reference: int,
    pan: bytes,
    algorithm: int = 0x8C,
    own_serial: bytes = bytes(SERIAL_SIZE),
    random: Callable[[int], bytes] = urandom,
) -> None:
    """MUTUAL AUTHENTICATE with the key set *reference* of the card with this *pan*; the channel then speaks protected.

    *algorithm* is one of :data:`bifente.apdu.mutual.ALGORITHMS`. Raises CardRefused when the card does not know the keys,
    and ProtocolBroken when the card does not prove that it has them.
    """
    chosen = ALGORITHMS[algorithm]
    template = encode(0x80, bytes((algorithm,))) + encode(0x83, bytes((reference,)))
    channel.unprotect()
    channel.check(_STEP, MANAGE_SECURITY_ENVIRONMENT, _BOTH, 0xA4, template)
    nonce = channel.check(_STEP, GET_CHALLENGE, ne=chosen.nonce_size)
    card, own = Side(nonce, pan[-SERIAL_SIZE:]), Side(random(chosen.nonce_size), own_serial)
    half = random(HALF_SIZE)
    token_keys = protection(chosen.cipher, *keys)
    sent = seal(token_keys, Token(own, card, half))
    answer = channel.check(_STEP, EXTERNAL_AUTHENTICATE, 0, 0, sent, chosen.token_size)
    try:
        theirs = unseal(token_keys, chosen, answer)
    except ApduError as error:
        raise ProtocolBroken(f"the card's token: {error}", step=_STEP) from error
    if theirs is None or not compare_digest(b"".join((*theirs.own, *theirs.other)), b"".join((*card, *own))):
        raise ProtocolBroken("the card's token does not prove that it has the key set", step=_STEP)
    counter = first_counter(token_keys, card.nonce, own.nonce, zero=chosen.counter_is_zero)
    session = protection(chosen.cipher, *derive(common_secret(half, theirs.half), chosen.digest))
    channel.protect(lambda inner: SecureMessagingProcessor(inner, session, counter), session.block)
