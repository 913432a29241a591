"""PC/SC through pyscard's SCard functions: the calls that the reader suite examines, and a ``Link`` made of them.

Needs pyscard; imported only by targets that reach their readers through PC/SC.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final

from smartcard import scard

from bifente.apdu.link import (
    CardAbsent,
    CardRemoved,
    LinkError,
    LinkTimeout,
    ReaderGone,
    TransmissionProtocol,
)
from bifente.reader.errors import ServiceAbsent, UnknownReader

NAMES: Final = {
    getattr(scard, name) & 0xFFFFFFFF: name
    for name in sorted(dir(scard), reverse=True)
    if name.startswith(("SCARD_E_", "SCARD_W_", "SCARD_F_", "SCARD_S_"))
    and isinstance(getattr(scard, name), int)
}
"""Result → its name."""

_ABSENT: Final = frozenset({scard.SCARD_E_NO_SMARTCARD & 0xFFFFFFFF})
_REMOVED: Final = frozenset({scard.SCARD_W_REMOVED_CARD & 0xFFFFFFFF, scard.SCARD_W_RESET_CARD & 0xFFFFFFFF})
_UNKNOWN: Final = frozenset(
    {scard.SCARD_E_UNKNOWN_READER & 0xFFFFFFFF, scard.SCARD_E_NO_READERS_AVAILABLE & 0xFFFFFFFF}
)
_GONE: Final = frozenset(
    value & 0xFFFFFFFF
    for value in (
        scard.SCARD_E_READER_UNAVAILABLE,
        scard.SCARD_E_NO_SERVICE,
        scard.SCARD_E_SERVICE_STOPPED,
    )
)


def name_of(result: int) -> str:
    """The name of a PC/SC result."""
    return NAMES.get(result & 0xFFFFFFFF, f"{result & 0xFFFFFFFF:08X}")


class PcscFailed(LinkError):
    """A PC/SC call failed with :attr:`result`."""

    def __init__(self, call: str, result: int) -> None:
        super().__init__(f"{call}: {name_of(result)}")
        self.result = result & 0xFFFFFFFF


def failed(call: str, result: int, reader: str) -> LinkError:
    """The link error that a PC/SC result means."""
    result &= 0xFFFFFFFF
    if result in _ABSENT:
        return CardAbsent(reader)
    if result in _REMOVED:
        return CardRemoved(reader)
    if result in _UNKNOWN:
        # Only who has not connected yet may have given a wrong name.
        return UnknownReader(reader) if call == "SCardConnect" else ReaderGone(reader)
    if result in _GONE:
        return ServiceAbsent(name_of(result)) if call == "SCardEstablishContext" else ReaderGone(reader)
    if result == scard.SCARD_E_TIMEOUT & 0xFFFFFFFF:
        return LinkTimeout(call, None)
    return PcscFailed(call, result)


class PcscLink:
    """A ``Link`` to the card in the PC/SC reader of that name, shared. Raises LinkError kinds."""

    def __init__(self, reader: str) -> None:
        self._reader = reader
        result, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        if result:
            raise failed("SCardEstablishContext", result, reader)
        result, self._card, self._protocol = scard.SCardConnect(
            self._context, reader, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_ANY
        )
        if result:
            scard.SCardReleaseContext(self._context)
            raise failed("SCardConnect", result, reader)
        self._open = True

    @property
    def atr(self) -> bytes:
        """The ATR of the card's last reset."""
        result, _, _, _, atr = scard.SCardStatus(self._card)
        if result:
            raise failed("SCardStatus", result, self._reader)
        return bytes(atr)

    @property
    def protocol(self) -> TransmissionProtocol:
        """The protocol that was chosen with the card."""
        return TransmissionProtocol(self._protocol)

    def transmit(self, command: bytes, /) -> bytes:
        """Send one command, return the answer."""
        if not self._open:
            raise CardRemoved(self._reader)
        result, answer = scard.SCardTransmit(self._card, self._protocol, list(command))
        if result:
            raise failed("SCardTransmit", result, self._reader)
        return bytes(byte & 0xFF for byte in answer)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Exclusive use of the card while the block runs."""
        result = scard.SCardBeginTransaction(self._card)
        if result:
            raise failed("SCardBeginTransaction", result, self._reader)
        try:
            yield
        finally:
            scard.SCardEndTransaction(self._card, scard.SCARD_LEAVE_CARD)

    def reset(self) -> bytes:
        """Warm reset. Returns the ATR."""
        return self._reconnect(scard.SCARD_RESET_CARD)

    def cold_reset(self) -> bytes:
        """Take the supply away and give it back. Returns the ATR."""
        return self._reconnect(scard.SCARD_UNPOWER_CARD)

    def _reconnect(self, how: int) -> bytes:
        result, self._protocol = scard.SCardReconnect(
            self._card, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_ANY, how
        )
        if result:
            raise failed("SCardReconnect", result, self._reader)
        return self.atr

    def close(self) -> None:
        """Let go of the card; it is reset, so that nothing proven is left. Closing twice is allowed."""
        if self._open:
            self._open = False
            scard.SCardDisconnect(self._card, scard.SCARD_RESET_CARD)
            scard.SCardReleaseContext(self._context)

    def __enter__(self) -> "PcscLink":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
