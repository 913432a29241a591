"""Cards of the shipped kinds brought into a security state by a true dialogue, and a way to speak to them there.

What is proven is proven by commands that a terminal sends: a PIN, a recognition with the other card, a session of secure
messaging. Nobody touches the card's memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from issued import TODAY, records
from messaginglink import CardLink

from bifente.apdu import CommandAPDU, TransmissionProtocol
from bifente.applets import SmartCard, card_of
from bifente.applets.perso.cardrecords import meta_of
from bifente.applets.store.stores import MemoryStore
from bifente.layouts.cards import cps3, vitale2
from bifente.terminal import CardKind, Channel, CpsSession, VitaleSession, patient_session, recognise
from bifente.terminal.messaging import MessagingKeys, open_messaging

PIN, PUK, WRONG = b"13572468", b"86420975", b"00000000"
"""Longer than any profile's, so that whoever finds them in an answer has found them."""


def card_records(profile: str) -> dict[str, bytes]:
    """The records of a card of that profile, with a PIN and a PUK that occur nowhere else."""
    made = dict(records(profile))
    for name, value in (("pin/01", PIN), ("pin/02", PUK)):
        if name in made:
            made[name] = value
    return made


@dataclass
class Spoken:
    """A powered card, and how whoever has it in this state sends a command to it."""

    card: SmartCard
    store: MemoryStore
    link: CardLink
    cla: int = 0x00
    """The class of its commands."""
    channel: Channel | None = None
    """In which a session of secure messaging is open."""

    def send(self, command: CommandAPDU) -> bytes:
        """The plain answer, with its status word."""
        if self.channel is None:
            raw = bytes((command.cla or self.cla,)) + command.raw[1:]
            return self.card.transmit(raw)
        ne = None if command.ne is None else min(command.ne, self.channel.most_answered)
        cla = command.cla or self.cla
        answer = self.channel.send(cla, command.ins, command.p1, command.p2, command.data, ne)
        return answer.data + answer.sw.to_bytes(2, "big")


Random = Callable[[int], bytes]


def fresh(made: Mapping[str, bytes], *, contactless: bool = False, random: Random | None = None) -> Spoken:
    """A powered card with these records, to which nothing has been proven."""
    store = MemoryStore(made)
    kind = meta_of(dict(made)).kind
    card = (
        card_of(store, kind, contactless=contactless)
        if random is None
        else card_of(store, kind, contactless=contactless, random=random)
    )
    link = CardLink(card, TransmissionProtocol.T1)
    if kind == "cps4":
        card.transmit(bytes.fromhex("01A4040C088025000001FF0100"))  # its IAS applet, on channel 1
    return Spoken(card, store, link, 0x01 if kind == "cps4" else card.layout.command_class)


def verify(spoken: Spoken, reference: int, value: bytes) -> bytes:
    """VERIFY."""
    return spoken.send(CommandAPDU.build(0, 0x20, 0, reference, value))


def recognised(spoken: Spoken, other: Spoken) -> None:
    """The card and *other* recognise each other; one of them is a professional's, whose PIN is presented."""
    cps, patient = (spoken, other) if spoken.card.layout.kind in ("cps3", "cps4") else (other, spoken)
    session = CpsSession(cps.link)
    session.verify_pin(PIN)
    recognise(session, patient_session(patient.link), date=TODAY)


def messaging_keys(spoken: Spoken) -> tuple[MessagingKeys, bytes]:
    """The issuer's key set of a card that has one, and the number by which it is named in the dialogue."""
    if spoken.card.layout.kind == "vitale2":
        pan = VitaleSession(spoken.link).pan()
        enciphering, authenticating = (
            spoken.store.get(f"secret/3F00/{reference:02X}")
            for reference in (vitale2.KEY_ENCIPHERING, vitale2.KEY_AUTHENTICATING)
        )
        return MessagingKeys(enciphering, authenticating), pan
    pan = CpsSession(spoken.link).pan()
    return MessagingKeys.diversified(cps3.TEST_MASTER_KEYS, pan), pan


def protected(spoken: Spoken, random: Random | None = None) -> None:
    """Open secure messaging with the issuer's key set, in which :meth:`Spoken.send` speaks from now on."""
    keys, pan = messaging_keys(spoken)
    algorithm = 0x54 if spoken.card.layout.kind == "vitale2" else 0x8C
    channel = Channel(spoken.link, CardKind.CPS, cla=spoken.cla)
    chosen = {} if random is None else {"random": random}
    open_messaging(channel, keys, reference=cps3.KEYSET_ISSUER, pan=pan, algorithm=algorithm, **chosen)
    spoken.channel = channel


def secrets_of(made: Mapping[str, bytes]) -> list[bytes]:
    """Bytes of which no answer may hold any: the numbers of the private keys, the symmetric keys, PINs and PUKs."""
    from bifente.crypto import rsa

    found: list[bytes] = []
    for name, value in made.items():
        if name.startswith("key/"):
            numbers = rsa.load_private(value, validate=False).private_numbers()
            for number in (numbers.p, numbers.q, numbers.d, numbers.dmp1, numbers.dmq1, numbers.iqmp):
                whole = number.to_bytes((number.bit_length() + 7) // 8, "big")
                found += [whole[at : at + 16] for at in range(0, len(whole) - 15, 16)]
        elif name.startswith("secret/") or name in ("pin/01", "pin/02"):
            found.append(value)
    return found
