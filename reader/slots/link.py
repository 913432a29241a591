"""The link to a card in a slot of an in-process reader."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from bifente.apdu.link import CardRemoved, TransmissionProtocol
from bifente.apdu.refusal import Refusal
from bifente.reader.slots.insertedcard import InsertedCard


class SlotLink:
    """A ``Link`` to the card that is in a slot now. It outlives neither that card nor :meth:`close`.

    Several links may share a card; each command is then whole, and a :meth:`transaction` holds the others off. May
    be used from several threads, and in a ``with`` block.
    """

    __slots__ = ("__weakref__", "_closed", "_inserted", "_known_resets")

    def __init__(
        self,
        inserted: InsertedCard,
        *,
        exclusive: bool = False,
        protocol: TransmissionProtocol | None = None,
        tell_resets: bool = False,
    ) -> None:
        self._inserted = inserted
        self._closed = False
        inserted.open(self, exclusive=exclusive, protocol=protocol)
        self._known_resets = inserted.resets if tell_resets else None

    def __repr__(self) -> str:
        return f"<SlotLink to {self._inserted.slot}{', closed' if self._closed else ''}>"

    @property
    def slot(self) -> str:
        """The name of the slot."""
        return self._inserted.slot

    @property
    def atr(self) -> bytes:
        """The ATR of the card's last reset."""
        return self._inserted.atr

    @property
    def protocol(self) -> TransmissionProtocol:
        """The protocol that was chosen with the card."""
        return self._inserted.protocol

    @property
    def resets(self) -> int:
        """How often the card has been reset since its insertion, by whomsoever: security states end there."""
        return self._inserted.resets

    @property
    def closed(self) -> bool:
        """The link was closed here."""
        return self._closed

    @property
    def alive(self) -> bool:
        """The card is still there and the link open."""
        return not (self._closed or self._inserted.removed)

    @property
    def powered(self) -> bool:
        """The card has its supply."""
        return self._inserted.powered

    def transmit(self, command: bytes, /) -> bytes:
        """Send one command, return the answer (at least two bytes).

        Raises CardRemoved, ReaderGone, LinkTimeout when the card stays busy with another link, CardMute when it was off
        and does not start, and CardWasReset when the link was made to tell resets.
        """
        if self._closed:
            raise CardRemoved(self._inserted.slot)
        return self._inserted.transmit(self, command, self._known_resets)

    @property
    def last_refusal(self) -> Refusal | None:
        """Why the card answered its last command as it did, by whichever link it came; None when it does not say."""
        return self._inserted.last_refusal

    def acknowledge_resets(self) -> None:
        """Resets by others are known now: commands go through again."""
        if self._known_resets is not None:
            self._known_resets = self._inserted.resets

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Exclusive use of the card while the block runs; blocks may nest.

        LinkTimeout when another link keeps its own for too long.
        """
        if self._closed:
            raise CardRemoved(self._inserted.slot)
        self._inserted.begin(self)
        try:
            yield
        finally:
            self._inserted.end(self)

    def reset(self) -> bytes:
        """Warm reset. Returns the ATR."""
        return self._restart(cold=False)

    def cold_reset(self) -> bytes:
        """Take the supply away and give it back. Returns the ATR."""
        return self._restart(cold=True)

    def power_off(self) -> None:
        """Take the supply away: the next command finds a freshly reset card."""
        if self._closed:
            raise CardRemoved(self._inserted.slot)
        self._inserted.power_off(self)

    def _restart(self, *, cold: bool) -> bytes:
        if self._closed:
            raise CardRemoved(self._inserted.slot)
        atr = self._inserted.restart(self, cold=cold)
        self.acknowledge_resets()
        return atr

    def close(self) -> None:
        """Let go of the card, as it is. Closing twice is allowed."""
        self._closed = True
        self._inserted.close(self)

    def __enter__(self) -> "SlotLink":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
