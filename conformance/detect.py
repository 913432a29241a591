"""Which kind of card is in a reader, and which PC/SC reader is meant by a name."""

from collections.abc import Sequence
from typing import Final

from bifente.apdu.link import Link
from bifente.conformance.errors import ConformanceError
from bifente.conformance.pcsc import PcscLink, list_readers
from bifente.conformance.target import CardUnderTest, PcscTarget, require_pin, require_serial
from bifente.layouts import cps3, t1test, vitale2

_NAMES: Final = {"cps3": cps3.AID_CONTACT, "vitale2": vitale2.AID_VITALE, "t1test": t1test.AID}


def kind_of(link: Link) -> str | None:
    """The kind whose application the card knows by its name, None for a card of no known kind. Raises LinkError."""
    for kind, name in _NAMES.items():
        answer = link.transmit(bytes((0x00, 0xA4, 0x04, 0x0C, len(name))) + name)
        if answer[-2:] == b"\x90\x00" or answer[-2:-1] == b"\x61":
            return kind
    return None


def one_reader(readers: Sequence[str], wanted: str) -> str:
    """The reader of that name, or the only one whose name contains it. Raises ConformanceError."""
    if wanted in readers:
        return wanted
    found = [reader for reader in readers if wanted.casefold() in reader.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConformanceError(f"{wanted!r} may be any of {', '.join(found)}", hint="give more of the name")
    listed = ", ".join(readers) or "none"
    raise ConformanceError(f"there is no reader {wanted!r}", hint=f"the readers are: {listed}")


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
    anything else. Raises ConformanceError, LinkError, TerminalError.
    """
    listed = list_readers()
    if slots:
        wanted = [
            one_reader([reader for reader in listed if name.casefold() in reader.casefold()], slot)
            for name in wanted
            for slot in slots
        ]
    cards: dict[str, CardUnderTest] = {}
    if kinds and len(kinds) != len(wanted):
        raise ConformanceError(
            "--card says of each --reader what card is in it", hint="give as many of both, or no --card"
        )
    for number, name in enumerate(wanted):
        place = one_reader(listed, name)
        kind = kinds[number] if kinds else _kind_in(place)
        if kind in cards:
            raise ConformanceError(f"two cards of kind {kind}", hint="test one after the other, then compare")
        cards[kind] = CardUnderTest(kind, place, pin, puk, real=not emulated)
    names = ", ".join(card.place for card in cards.values())
    target = PcscTarget(cards, name=names, destructive=destructive)
    require_serial(target, serial)
    require_pin(target)
    return target


def _kind_in(place: str) -> str:
    with PcscLink(place) as link:
        kind = kind_of(link)
    if kind is None:
        raise ConformanceError(
            f"the card in {place} is of no kind that is known here", hint=f"--card {'|'.join(_NAMES)}"
        )
    return kind
