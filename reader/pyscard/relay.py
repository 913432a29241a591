"""A card in a real reader, as a ``Card``: what a slot of ours holds to offer a real card, and to record it.

pyscard is imported when the card is made; it wants a C library and a PC/SC service.
"""

from types import ModuleType
from typing import Final

from bifente.apdu.link import (
    CardAbsent,
    CardRemoved,
    LinkError,
    LinkTimeout,
    ReaderGone,
    TransmissionProtocol,
)
from bifente.reader.choose import choose
from bifente.reader.errors import ServiceAbsent, UnknownReader
from bifente.reader.pyscard import CURE

_BOTH: Final = 3


class RelayCard:
    """The card in the PC/SC reader *name*, through the PC/SC service of the system.

    *protocol* insists on one; else the service chooses. A T=0 card is asked in TPDUs, for that is what a reader takes,
    so ``speaks_tpdu`` is true once it is powered. *exclusive* keeps other programs out (the default shares).

    Raises CardAbsent, CardRemoved, ReaderGone, LinkTimeout and LinkError; ImportError without pyscard.
    """

    def __init__(
        self, name: str, *, protocol: TransmissionProtocol | None = None, exclusive: bool = False
    ) -> None:
        self._scard = pcsc()
        self.name = name
        self.protocol: TransmissionProtocol | None = None
        self._wanted = _BOTH if protocol is None else int(protocol)
        self._exclusive = exclusive
        self._context: int | None = None
        self._handle: int | None = None

    def __repr__(self) -> str:
        return f"RelayCard({self.name!r})"

    @property
    def speaks_tpdu(self) -> bool:
        """The card was powered and speaks T=0."""
        return self.protocol is TransmissionProtocol.T0

    def power_on(self) -> bytes:
        """Connect to the card, or power it off and on. Returns the ATR."""
        if self._handle is not None:
            return self._reconnect(self._scard.SCARD_UNPOWER_CARD)
        scard = self._scard
        if self._context is None:
            result, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
            if result != scard.SCARD_S_SUCCESS:
                self._context = None
                raise ServiceAbsent(_message(scard, result))
        share = scard.SCARD_SHARE_EXCLUSIVE if self._exclusive else scard.SCARD_SHARE_SHARED
        result, handle, spoken = scard.SCardConnect(self._context, self.name, share, self._wanted)
        self._check(result)
        self._handle = handle
        return self._begin(spoken)

    def reset(self) -> bytes:
        """Warm reset. Returns the ATR."""
        if self._handle is None:
            return self.power_on()
        return self._reconnect(self._scard.SCARD_RESET_CARD)

    def power_off(self) -> None:
        """Let the card go, without its supply."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._scard.SCardDisconnect(handle, self._scard.SCARD_UNPOWER_CARD)
        context, self._context = self._context, None
        if context is not None:
            self._scard.SCardReleaseContext(context)

    def transmit(self, command: bytes, /) -> bytes:
        """One command to the card, as it is."""
        if self._handle is None:
            self.power_on()
        scard = self._scard
        pci = scard.SCARD_PCI_T0 if self.protocol is TransmissionProtocol.T0 else scard.SCARD_PCI_T1
        result, answer = scard.SCardTransmit(self._handle, pci, list(command))
        if result == scard.SCARD_E_NOT_TRANSACTED:
            # Nothing came back: the service says why when it is asked for the card.
            self._check(scard.SCardStatus(self._handle)[0])
        self._check(result)
        if len(answer) < 2:
            raise LinkError(f"reader {self.name}: an answer of {len(answer)} bytes")
        return bytes(each & 0xFF for each in answer)

    def _reconnect(self, how: int) -> bytes:
        scard = self._scard
        share = scard.SCARD_SHARE_EXCLUSIVE if self._exclusive else scard.SCARD_SHARE_SHARED
        result, spoken = scard.SCardReconnect(self._handle, share, self._wanted, how)
        self._check(result)
        return self._begin(spoken)

    def _begin(self, spoken: int) -> bytes:
        self.protocol = (
            TransmissionProtocol.T0 if spoken == self._scard.SCARD_PROTOCOL_T0 else TransmissionProtocol.T1
        )
        result, _, _, _, atr = self._scard.SCardStatus(self._handle)
        self._check(result)
        return bytes(each & 0xFF for each in atr)

    def _check(self, result: int) -> None:
        """Raise what *result* means."""
        scard = self._scard
        if result == scard.SCARD_S_SUCCESS:
            return
        if result in (
            scard.SCARD_E_NO_SMARTCARD,
            scard.SCARD_W_UNPOWERED_CARD,
            scard.SCARD_W_UNRESPONSIVE_CARD,
        ):
            raise CardAbsent(self.name)
        if result == scard.SCARD_W_REMOVED_CARD:
            self._handle = None
            raise CardRemoved(self.name)
        if result in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_NO_READERS_AVAILABLE):
            # Before there was a connection, nobody can say that it has been there.
            raise UnknownReader(self.name) if self._handle is None else ReaderGone(self.name)
        if result in (
            scard.SCARD_E_READER_UNAVAILABLE,
            scard.SCARD_E_NO_SERVICE,
            scard.SCARD_E_SERVICE_STOPPED,
        ):
            raise ReaderGone(self.name)
        if result == scard.SCARD_E_TIMEOUT:
            raise LinkTimeout(f"reader {self.name}", None)
        raise LinkError(f"reader {self.name}: {_message(scard, result)}")


def reader_names() -> list[str]:
    """The readers that the PC/SC service of the system knows.

    Raises ServiceAbsent, LinkError, ImportError without pyscard.
    """
    scard = pcsc()
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if result != scard.SCARD_S_SUCCESS:
        raise ServiceAbsent(_message(scard, result))
    try:
        result, names = scard.SCardListReaders(context, [])
        if result == scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        if result != scard.SCARD_S_SUCCESS:
            raise LinkError(f"the list of readers: {_message(scard, result)}")
        return [str(name) for name in names]
    finally:
        scard.SCardReleaseContext(context)


def reader_called(wanted: str) -> str:
    """The PC/SC reader that is meant by *wanted*: its name, a part that no other has, or its number in the list.

    Raises NoSuchName or AmbiguousName, which list what there is, and what :func:`reader_names` raises.
    """
    names = reader_names()
    return names[choose("reader", wanted, names)]


def pcsc() -> ModuleType:
    """pyscard's SCard functions. Raises ImportError that says how to get them."""
    try:
        from smartcard import scard
    except ImportError as error:
        raise ImportError(CURE) from error
    module: ModuleType = scard
    return module


def _message(scard: ModuleType, result: int) -> str:
    return str(scard.SCardGetErrorMessage(result)).strip()
