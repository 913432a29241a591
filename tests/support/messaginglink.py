"""A CPS behind a link, and a session with it that speaks in secure messaging."""

from collections.abc import Iterator
from contextlib import contextmanager

from issued import issued

from bifente.apdu import TransmissionProtocol
from bifente.apdu.link import Card
from bifente.applets import SmartCard
from bifente.layouts.cards import cps3
from bifente.reader.wrappers.t0front import T0Front
from bifente.terminal import CpsSession
from bifente.terminal.messaging import MessagingKeys, open_messaging


class CardLink:
    """A link to a card, with what was said."""

    def __init__(self, card: Card, protocol: TransmissionProtocol) -> None:
        self.card = card
        self.protocol = protocol
        self.atr = card.power_on()
        self.log: list[tuple[bytes, bytes]] = []

    def transmit(self, command: bytes, /) -> bytes:
        answer = self.card.transmit(command)
        self.log.append((command, answer))
        return answer

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def reset(self) -> bytes:
        return self.card.reset()

    def close(self) -> None:
        pass


def plain_session(
    protocol: TransmissionProtocol = TransmissionProtocol.T0, profile: str = "gp"
) -> tuple[CpsSession, SmartCard, CardLink]:
    """A session with a fresh card of a shipped profile, the card itself, and the link between them."""
    card = issued(profile)
    link = CardLink(T0Front(card) if protocol == TransmissionProtocol.T0 else card, protocol)
    return CpsSession(link), card, link


def keys_of(pan: bytes) -> MessagingKeys:
    """The issuer's key set of a test card."""
    return MessagingKeys.diversified(cps3.TEST_MASTER_KEYS, pan)


def protect(cps: CpsSession, algorithm: int = 0x8C) -> CpsSession:
    """Open secure messaging; returns the same session."""
    pan = cps.pan()
    open_messaging(cps.channel, keys_of(pan), reference=cps3.KEYSET_ISSUER, pan=pan, algorithm=algorithm)
    return cps
