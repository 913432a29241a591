"""Which kind of card is in a reader, and which PC/SC reader is meant by a name."""

from collections.abc import Sequence

from bifente.conformance.errors import CardKindsDoNotMatch, ConformanceError, UnknownCardKind
from bifente.conformance.pcsc.functions import PcscLink
from bifente.conformance.target import CardUnderTest, PcscTarget, card_under_test, require_pin, require_serial
from bifente.layouts.registry import kinds as known_kinds
from bifente.reader.choose import NoSuchName, choose
from bifente.reader.pyscard.relay import reader_names
from bifente.terminal.whichcard import kind_of


def pcsc_target(
    wanted: Sequence[str],
    kinds: Sequence[str] = (),
    serial: str | None = None,
    *,
    slots: Sequence[str] = (),
    emulated: bool = False,
    destructive: bool = False,
    pin: bytes | None = None,
    puk: bytes | None = None,
) -> PcscTarget:
    """The cards in the PC/SC readers of those names; *kinds* says what is in each, else it is found out.

    A reader with several slots is several PC/SC readers: with *slots*, each name means those whose name has one of the
    slots in it, too.

    Unless they are *emulated*, the card must be the one with that *serial*. A PIN that is given is presented once before
    anything else. Raises ConformanceError, NoSuchName, AmbiguousName, LinkError, TerminalError.
    """
    listed = reader_names()
    if slots:
        wanted = [_in_slot(listed, name, slot) for name in wanted for slot in slots]
    unknown = [kind for kind in kinds if kind not in known_kinds()]
    if unknown:
        raise UnknownCardKind(f"there is no kind of card {unknown[0]}", hint=_kinds())
    cards: dict[str, CardUnderTest] = {}
    if kinds and len(kinds) != len(wanted):
        raise CardKindsDoNotMatch(f"{len(wanted)} readers, and kinds of {len(kinds)} cards")
    for number, name in enumerate(wanted):
        place = listed[choose("reader", name, listed)]
        kind = kinds[number] if kinds else _kind_in(place)
        if kind in cards:
            raise ConformanceError(f"two cards of kind {kind}", hint="test one after the other, then compare")
        cards[kind] = card_under_test(kind, place, pin, puk, real=not emulated)
    names = ", ".join(card.place for card in cards.values())
    target = PcscTarget(cards, name=names, destructive=destructive)
    require_serial(target, serial)
    require_pin(target)
    return target


def _in_slot(listed: Sequence[str], name: str, slot: str) -> str:
    """The reader of all those that *name* means that has *slot* in its name, or is at that number among them."""
    found = [reader for reader in listed if name.casefold() in reader.casefold()]
    if not found:
        raise NoSuchName("reader", name, listed)
    return found[choose("slot", slot, found)]


def _kind_in(place: str) -> str:
    with PcscLink(place) as link:
        kind = kind_of(link)
    if kind is None:
        raise UnknownCardKind(f"the card in {place} is of no kind that is known here", hint=_kinds())
    return kind


def _kinds() -> str:
    return f"the kinds are {', '.join(known_kinds())}"
