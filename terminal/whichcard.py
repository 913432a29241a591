"""Which kind of card is behind a link, found out by its ATR where only that tells, else by the names that it knows."""

from bifente.apdu import SW, ApduError, ResponseAPDU
from bifente.apdu.instructions import SELECT
from bifente.apdu.link import Link, LinkError
from bifente.layouts.registry import called, layouts


def kind_of(link: Link) -> str | None:
    """The kind whose application the card knows by its name, None for a card of no known kind. Raises LinkError."""
    atr = link.atr
    for layout in layouts():
        if layout.application is None and layout.answers_reset_with(atr):
            return layout.kind
    for layout in layouts():
        name = layout.application
        if name is None:
            continue
        sw = _selected(link, name)
        if sw is SW.CLASS_NOT_SUPPORTED and any(_selected(link, applet).ok for applet in layout.applets):
            sw = _selected(link, name)  # another applet had the chip, as the CPS2ter of a CPS3
        if sw.ok:
            return layout.kind
    return None


def _selected(link: Link, name: bytes) -> SW:
    return ResponseAPDU.parse(link.transmit(bytes((0x00, SELECT, 0x04, 0x0C, len(name))) + name)).sw


def what_it_is(link: Link, wanted: str, name: bytes | None = None) -> str:
    """What is wrong with a card that is not of the kind *wanted*, or does not know the application *name* of it: the end of
    a sentence.
    """
    try:
        kind = kind_of(link)
    except (LinkError, ApduError):  # it has refused already; now it does not even do that
        kind = None
    if name is None and kind is None:
        return f"is not {called(wanted)}: its ATR is {link.atr.hex().upper()}"
    if name is not None and (kind is None or kind == wanted):
        return f"does not know {name.hex().upper()}: it is not {called(wanted)}"
    return f"is {called(kind or wanted)}, not {called(wanted)}"
