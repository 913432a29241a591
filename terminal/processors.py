"""From a command to its complete answer: the small processors between a verb and a link.

Each processor is a :class:`Sender` around a :class:`Sender`; :class:`Channel` stacks them::

    Chaining -> GetResponse -> WrongLe -> LinkProcessor -> Link

Whatever the link is (T=0 with its 61xx and 6Cxx, T=1, an in-process card), the verbs above see one command and one
answer. Every loop is bounded: a card that never stops ends in :class:`ProtocolBroken`.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Final, Protocol

from bifente.apdu import SW, ApduError, CommandAPDU, Link, LinkError, ResponseAPDU, TransmissionProtocol
from bifente.apdu.facets import CountsResets
from bifente.apdu.instructions import GET_RESPONSE
from bifente.apdu.messaging import BESIDE_COMMAND, most_plain
from bifente.apdu.reset.atr import Atr
from bifente.layouts.recognition import Step
from bifente.terminal.errors import CardKind, CardRefused, ProtocolBroken, from_link_error

SHORT_LC: Final = 255
SHORT_NE: Final = 256
MAX_RESPONSE: Final = 65536
MAX_ROUNDS: Final = 512
"""GET RESPONSE commands for one answer: twice what 65 536 bytes in steps of 256 need."""

_CHAINING_BIT = 0x10
_PROPRIETARY = 0x80
"""From this class byte on, the bits mean what the card says."""
_CAPABILITIES = 0x7
_EXTENDED = 0x40


def connect(open_link: Callable[[], Link], card: CardKind) -> Link:
    """The link that *open_link* gives; its failure is the terminal's error, with its code of the SSV interface::

        cps = CpsSession(connect(lambda: reader.link("CPS"), CardKind.CPS))  # CpsAbsent (F001) when the slot is empty

    Raises CpsAbsent, VitaleAbsent, ReaderFailed and their like.
    """
    try:
        return open_link()
    except LinkError as error:
        raise from_link_error(error, card, "connect") from error


class Sender(Protocol):
    """Sends one command APDU, returns its answer; raises TerminalError kinds."""

    def send(self, command: CommandAPDU) -> ResponseAPDU:
        """Carry *command* to the card."""


class LinkProcessor:
    """The last processor: bytes to the link and back, link errors to terminal errors."""

    def __init__(self, link: Link, card: CardKind) -> None:
        self._transmit = link.transmit
        self._card = card
        self.step: Step | str | None = None
        self.lost = 0
        """How often the link failed: whoever relies on the card's volatile state compares it."""

    def send(self, command: CommandAPDU) -> ResponseAPDU:
        try:
            return ResponseAPDU.parse(self._transmit(command.raw))
        except LinkError as error:
            self.lost += 1
            raise from_link_error(error, self._card, self.step) from error
        except ApduError as error:
            self.lost += 1
            raise ProtocolBroken(f"the {self._card.value} answered no response APDU: {error}") from error


class WrongLe:
    """``6Cxx``: repeat the command once with the Le that the card names (ISO/IEC 7816-4:2020 §5.6)."""

    def __init__(self, inner: Sender) -> None:
        self._send = inner.send

    def send(self, command: CommandAPDU) -> ResponseAPDU:
        response = self._send(command)
        if response.sw is SW.SUCCESS:
            return response
        exact = response.sw.exact_le
        if exact is None:
            return response
        again = CommandAPDU.build(command.cla, command.ins, command.p1, command.p2, command.data, exact)
        return self._send(again)


class GetResponse:
    """``61xx``: fetch what waits with GET RESPONSE and join it (ISO/IEC 7816-4:2020 §11.7.1)."""

    def __init__(self, inner: Sender) -> None:
        self._send = inner.send

    def send(self, command: CommandAPDU) -> ResponseAPDU:
        response = self._send(command)
        if response.sw is SW.SUCCESS or response.sw.bytes_available is None:
            return response
        parts = [response.data]
        size = len(response.data)
        for _ in range(MAX_ROUNDS):
            waiting = response.sw.bytes_available
            if waiting is None:
                return ResponseAPDU(b"".join(parts), response.sw)
            cla = command.cla & ~_CHAINING_BIT if command.cla < _PROPRIETARY else command.cla
            response = self._send(CommandAPDU.build(cla, GET_RESPONSE, 0, 0, b"", waiting))
            parts.append(response.data)
            size += len(response.data)
            if size > MAX_RESPONSE or (response.sw.bytes_available is not None and not response.data):
                break
        raise ProtocolBroken("the card announces more data (61xx) without end", sw=response.sw)


class Chaining:
    """Data longer than one short command: command chaining, or one extended command where the card takes it.

    ISO/IEC 7816-4:2020 §5.3.3: same INS, P1, P2 in each block, bit 5 of CLA in all but the last. The first block that
    the card refuses ends the chain, its answer is the answer. *size* bytes stand in a block.
    """

    def __init__(self, inner: Sender, *, extended: bool, size: int = SHORT_LC) -> None:
        self._send = inner.send
        self._extended = extended
        self._size = size

    def send(self, command: CommandAPDU) -> ResponseAPDU:
        size = self._size
        if self._extended or len(command.data) <= size:
            return self._send(command)
        data = command.data
        cla, ins, p1, p2 = command.cla, command.ins, command.p1, command.p2
        last = (len(data) - 1) // size * size
        for start in range(0, last, size):
            block = data[start : start + size]
            response = self._send(CommandAPDU.build(cla | _CHAINING_BIT, ins, p1, p2, block))
            if response.sw != SW.SUCCESS:
                return response
            if response.data:
                raise ProtocolBroken("the card answered data in the middle of a chain", sw=response.sw)
        return self._send(CommandAPDU.build(cla, ins, p1, p2, data[last:], command.ne))


def takes_extended_length(link: Link) -> bool:
    """Extended lengths reach this card: T=1, and its card capabilities announce them.

    ISO/IEC 7816-4:2020 §12.1.1.9: third software function byte, bit 7, in the compact object 7x of the historical
    bytes. T=0 has no extended case without ENVELOPE, which these cards do not know.
    """
    if link.protocol != TransmissionProtocol.T1:
        return False
    try:
        capabilities = Atr.parse(link.atr).history.get(_CAPABILITIES)
    except ApduError:
        return False
    return capabilities is not None and len(capabilities) == 3 and bool(capabilities[2] & _EXTENDED)


class Channel:
    """One card as the sessions see it: complete commands in, complete answers out.

    *extended* says that link and card carry extended lengths (None: as :func:`takes_extended_length` finds); without
    it longer data are chained and Ne is at most 256. *cla* is the class in which the card is spoken to. ``private_key_operations`` and ``private_key_seconds`` add up what was spent in commands that make the card
    use a private key.
    """

    def __init__(self, link: Link, card: CardKind, *, extended: bool | None = None, cla: int = 0x00) -> None:
        if extended is None:
            extended = takes_extended_length(link)
        self.link = link
        self.card = card
        self.cla = cla
        self.private_key_operations = 0
        self.private_key_seconds = 0.0
        self._epoch = 0
        self._counts = link if isinstance(link, CountsResets) else None
        self._max_ne = MAX_RESPONSE if extended else SHORT_NE
        self._extended = extended
        self.most_answered = SHORT_NE
        """Bytes that one short answer brings: fewer under secure messaging, unless T=0 fetches the rest."""
        self._wire = LinkProcessor(link, card)
        self._chain: Sender
        self.unprotect()

    @property
    def epoch(self) -> int:
        """Grows whenever the card's volatile state was, or may have been, lost.

        A link that counts the card's resets (as that of an in-process reader) is asked: they may be another's.
        """
        resets = 0 if self._counts is None else self._counts.resets
        return self._epoch + self._wire.lost + resets

    def protect(self, around: Callable[[Sender], Sender], block: int) -> None:
        """Let what *around* makes stand before the link: every command passes it, and every block of a chain.

        *block* is that of its cipher. A reset ends it.
        """
        size = most_plain(SHORT_LC, block, BESIDE_COMMAND)
        inner = around(GetResponse(WrongLe(self._wire)))
        self._chain = Chaining(inner, extended=self._extended, size=size)
        if not self._extended and self.link.protocol == TransmissionProtocol.T1:
            self.most_answered = most_plain(SHORT_NE, block)

    def unprotect(self) -> None:
        """Speak plainly (again)."""
        self._chain = Chaining(GetResponse(WrongLe(self._wire)), extended=self._extended)
        self.most_answered = SHORT_NE

    def forget(self) -> None:
        """Take note that the card's volatile state is gone (reset, log-out, failed authentication)."""
        self._epoch += 1

    def reset(self) -> bytes:
        """Warm reset. Returns the ATR."""
        self._epoch += 1
        self.unprotect()
        try:
            return self.link.reset()
        except LinkError as error:
            raise from_link_error(error, self.card, "reset") from error

    def send(
        self,
        cla: int,
        ins: int,
        p1: int = 0,
        p2: int = 0,
        data: bytes = b"",
        ne: int | None = None,
        *,
        step: Step | str | None = None,
    ) -> ResponseAPDU:
        """Send one command of any data length; whatever the card answers is returned.

        Raises TerminalError kinds when the link fails or the card breaks the protocol.
        """
        self._wire.step = step
        if ne is not None and ne > self._max_ne:
            ne = self._max_ne
        return self._chain.send(CommandAPDU.build(cla, ins, p1, p2, data, ne))

    def check(
        self,
        step: Step | str,
        ins: int,
        p1: int = 0,
        p2: int = 0,
        data: bytes = b"",
        ne: int | None = None,
    ) -> bytes:
        """Send one command that must succeed, in the card's class; returns the response data.

        Raises CardRefused(step, sw) for every status word but 9000.
        """
        response = self.send(self.cla, ins, p1, p2, data, ne, step=step)
        if response.sw != SW.SUCCESS:
            raise CardRefused(step, response.sw, card=self.card)
        return response.data

    def check_private(
        self,
        step: Step | str,
        ins: int,
        p1: int = 0,
        p2: int = 0,
        data: bytes = b"",
        ne: int | None = 256,
    ) -> bytes:
        """As :meth:`check`, for a command that uses a private key: it is counted and timed."""
        start = perf_counter()
        try:
            return self.check(step, ins, p1, p2, data, ne)
        finally:
            self.private_key_seconds += perf_counter() - start
            self.private_key_operations += 1
