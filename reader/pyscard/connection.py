"""A pyscard ``CardConnection`` to a slot of an in-process reader. Needs pyscard.

The behaviour followed is that of pyscard 2.3 over pcsc-lite: which call raises which exception with which code, what
a disposition does, and that a connection is told of a reset made by another.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

from smartcard.CardConnection import CardConnection
from smartcard.Exceptions import CardConnectionException, NoCardException, SmartcardException
from smartcard.scard import (
    SCARD_ATTR_ATR_STRING,
    SCARD_ATTR_DEVICE_FRIENDLY_NAME,
    SCARD_ATTR_DEVICE_SYSTEM_NAME,
    SCARD_ATTR_VENDOR_NAME,
    SCARD_CTL_CODE,
    SCARD_E_NO_SMARTCARD,
    SCARD_E_PROTO_MISMATCH,
    SCARD_E_READER_UNAVAILABLE,
    SCARD_E_SHARING_VIOLATION,
    SCARD_E_TIMEOUT,
    SCARD_E_UNSUPPORTED_FEATURE,
    SCARD_LEAVE_CARD,
    SCARD_RESET_CARD,
    SCARD_SHARE_DIRECT,
    SCARD_SHARE_EXCLUSIVE,
    SCARD_SHARE_SHARED,
    SCARD_UNPOWER_CARD,
    SCARD_W_REMOVED_CARD,
    SCARD_W_RESET_CARD,
    SCARD_W_UNRESPONSIVE_CARD,
)

from bifente.apdu.link import (
    CardAbsent,
    CardRemoved,
    LinkError,
    LinkTimeout,
    ReaderGone,
    TransmissionProtocol,
)
from bifente.reader.errors import CardMute, CardWasReset, ProtocolMismatch, SlotInUse
from bifente.reader.slots.link import SlotLink
from bifente.reader.slots.twoslot import TwoSlotReader

_ANY_PROTOCOL = CardConnection.T0_protocol | CardConnection.T1_protocol

_CODES: dict[type[LinkError], int] = {
    CardAbsent: SCARD_E_NO_SMARTCARD,
    CardRemoved: SCARD_W_REMOVED_CARD,
    ReaderGone: SCARD_E_READER_UNAVAILABLE,
    LinkTimeout: SCARD_E_TIMEOUT,
    SlotInUse: SCARD_E_SHARING_VIOLATION,
    ProtocolMismatch: SCARD_E_PROTO_MISMATCH,
    CardWasReset: SCARD_W_RESET_CARD,
    CardMute: SCARD_W_UNRESPONSIVE_CARD,
}

_GET_FEATURES = SCARD_CTL_CODE(3400)
"""CM_IOCTL_GET_FEATURE_REQUEST (PC/SC part 10 §2.2)."""


@contextmanager
def _as_pyscard(doing: str) -> Iterator[None]:
    """Turn the errors of a link into pyscard's, with the code PC/SC has for them."""
    try:
        yield
    except (CardAbsent, CardRemoved) as error:
        code = _CODES[type(error)]
        if doing == "transmit":
            raise CardConnectionException(f"Failed to {doing}", hresult=code) from error
        raise NoCardException(f"Unable to {doing}", hresult=code) from error
    except LinkError as error:
        code = _CODES.get(type(error), SCARD_E_READER_UNAVAILABLE)
        raise CardConnectionException(f"Unable to {doing}: {error}", hresult=code) from error


class SlotConnection(CardConnection):  # type: ignore[misc]  # pyscard has no types
    """Connects a pyscard program with the card in one slot."""

    _link: SlotLink | None = None

    def __init__(self, reader: TwoSlotReader, slot: str) -> None:
        CardConnection.__init__(self, reader.slot_name(slot))
        self._home = reader
        self._slot = slot
        self._direct = False
        self._exclusive = False
        self._disposition = SCARD_UNPOWER_CARD
        self._locks: list[AbstractContextManager[None]] = []

    def __del__(self) -> None:
        if self._link is not None:
            self._link.close()

    def connect(
        self, protocol: int | None = None, mode: int | None = None, disposition: int | None = None
    ) -> None:
        """Connect to the card; shared, and powered off at the end, unless told otherwise.

        Raises NoCardException for an empty slot, CardConnectionException for a protocol the card does not speak or
        a card in exclusive use.
        """
        CardConnection.connect(self, protocol)
        self._drop()
        self._disposition = SCARD_UNPOWER_CARD if disposition is None else disposition
        self._exclusive = mode == SCARD_SHARE_EXCLUSIVE
        self._direct = mode == SCARD_SHARE_DIRECT
        try:
            with _as_pyscard("connect"):
                self._open(protocol)
        except NoCardException:
            if not self._direct:
                raise
            self.setProtocol(_ANY_PROTOCOL)

    def _open(self, protocol: int | None) -> None:
        wanted = protocol or self.getProtocol()
        if not wanted & _ANY_PROTOCOL:
            raise ProtocolMismatch(self._slot, "raw commands", "T=0 or T=1")
        choice = (
            None if wanted & _ANY_PROTOCOL == _ANY_PROTOCOL else TransmissionProtocol(wanted & _ANY_PROTOCOL)
        )
        link = self._home.link(self._slot, exclusive=self._exclusive, protocol=choice, tell_resets=True)
        try:
            if not self._home.status(self._slot).powered:
                link.cold_reset()
        except LinkError:
            link.close()
            raise
        self._link = link
        self.setProtocol(int(link.protocol))

    def reconnect(
        self, protocol: int | None = None, mode: int | None = None, disposition: int | None = None
    ) -> None:
        """Connect again: warm reset by default, cold reset for SCARD_UNPOWER_CARD, none for SCARD_LEAVE_CARD."""
        CardConnection.reconnect(self, protocol)
        if self._link is None and not self._direct:
            raise CardConnectionException("Card not connected")
        exclusive = (SCARD_SHARE_SHARED if mode is None else mode) == SCARD_SHARE_EXCLUSIVE
        self._disposition = SCARD_RESET_CARD if disposition is None else disposition
        with _as_pyscard("reconnect"):
            # A handle whose card was exchanged takes the new one, as PC/SC's does.
            if self._link is None or not self._link.alive or exclusive is not self._exclusive or protocol:
                self._drop()
                self._exclusive, self._direct = exclusive, False
                self._open(protocol)
            if self._link is None:
                raise CardAbsent(self._slot)
            self._restart(self._link, self._disposition)
            self.setProtocol(int(self._link.protocol))

    def _restart(self, link: SlotLink, disposition: int) -> None:
        if disposition == SCARD_LEAVE_CARD:
            link.acknowledge_resets()
        elif disposition == SCARD_RESET_CARD:
            link.reset()
        else:
            link.cold_reset()

    def disconnect(self) -> None:
        """Disconnect, and do with the card what ``connect`` or ``reconnect`` said last."""
        link = self._link
        if link is None:
            return
        CardConnection.disconnect(self)
        try:
            # A card that has left needs nothing any more.
            with suppress(CardRemoved, ReaderGone), _as_pyscard_timeout():
                if self._disposition == SCARD_RESET_CARD:
                    link.reset()
                elif self._disposition != SCARD_LEAVE_CARD:
                    link.power_off()
        finally:
            self._drop()

    def release(self) -> None:
        """Disconnect; nothing else is held."""
        CardConnection.release(self)
        self.disconnect()

    def _drop(self) -> None:
        self._locks.clear()
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _connected(self) -> SlotLink:
        if self._link is None:
            raise CardConnectionException("Card not connected")
        return self._link

    def getATR(self) -> list[int]:  # pyscard's name
        """The ATR of the card's last reset, as a list of bytes."""
        link = self._connected()
        if not link.alive:
            raise CardConnectionException("Failed to get status", hresult=SCARD_W_REMOVED_CARD)
        return list(link.atr)

    def doTransmit(  # pyscard's name
        self, command: list[int], protocol: int | None = None
    ) -> tuple[list[int], int, int]:
        """Send one command; the answer's data, SW1 and SW2."""
        link = self._connected()
        chosen = self.getProtocol() if protocol is None else protocol
        if chosen not in (CardConnection.T0_protocol, CardConnection.T1_protocol):
            raise CardConnectionException(
                "Invalid protocol in transmit: this reader takes T0_protocol and T1_protocol"
            )
        if chosen != int(link.protocol):
            raise CardConnectionException("Failed to transmit", hresult=SCARD_E_PROTO_MISMATCH)
        with _as_pyscard("transmit"):
            answer = link.transmit(bytes(command))
        if len(answer) < 2:
            raise CardConnectionException("Card returned no valid response")
        return list(answer[:-2]), answer[-2], answer[-1]

    def doControl(self, controlCode: int, command: list[int] | None = None) -> list[int]:
        """The reader has no features of PC/SC part 10; any other control code is refused."""
        if controlCode == _GET_FEATURES:
            return []
        raise SmartcardException("Failed to control", hresult=SCARD_E_UNSUPPORTED_FEATURE)

    def doGetAttrib(self, attribId: int) -> list[int]:  # pyscard's names
        """ATR, vendor name and reader name; SmartcardException for any other attribute."""
        if attribId == SCARD_ATTR_ATR_STRING:
            return self.getATR()
        texts = {
            SCARD_ATTR_VENDOR_NAME: "bifente",
            SCARD_ATTR_DEVICE_FRIENDLY_NAME: self.reader,
            SCARD_ATTR_DEVICE_SYSTEM_NAME: self.reader,
        }
        if attribId not in texts:
            raise SmartcardException("Failed to getAttrib", hresult=SCARD_E_UNSUPPORTED_FEATURE)
        return list(texts[attribId].encode() + b"\0")

    def lock(self) -> None:
        """Begin a transaction; may nest. CardConnectionException when another keeps its own for too long."""
        transaction = self._connected().transaction()
        with _as_pyscard("lock"):
            transaction.__enter__()
        self._locks.append(transaction)

    def unlock(self) -> None:
        """End the innermost transaction."""
        if not self._locks:
            raise CardConnectionException("Failed to unlock: the card is not locked by this connection")
        self._locks.pop().__exit__(None, None, None)

    def connect_exclusive(self, protocol: int | None = None, disposition: int | None = None) -> None:
        """``connect`` in exclusive mode."""
        self.connect(protocol, SCARD_SHARE_EXCLUSIVE, disposition)


@contextmanager
def _as_pyscard_timeout() -> Iterator[None]:
    """Only a card that stays busy is an error of ``disconnect``."""
    try:
        yield
    except LinkTimeout as error:
        raise CardConnectionException("Failed to disconnect", hresult=SCARD_E_TIMEOUT) from error
