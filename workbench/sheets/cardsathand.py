"""The cards of a consultation: in files, or in real and served readers of PC/SC; which is which is found out."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.layouts import recognition
from bifente.workbench.cards.files import failing_as_files
from bifente.workbench.cards.kinds import need_pair, need_party, party_of
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.apdu.link import Card, Link
    from bifente.applets import SmartCard
    from bifente.igc import Authority
    from bifente.reader import TwoSlotReader

CPS, VITALE = "cps3", "vitale2"
"""The roles of the two cards, by the usual kind of each; cards of other generations take the same ones."""
_PARTIES = {CPS: recognition.CPS, VITALE: recognition.VITALE}
_ROLES = {CPS: "the professional's card", VITALE: "the patient's card"}

Around = Callable[["Card", str], "Card"]
"""What is put around a card before it is inserted, by its kind: a recorder, a fault."""


def as_it_is(card: "Card", _kind: str) -> "Card":
    """Nothing around a card."""
    return card


def trusted_authority(folder: Path | None) -> "Authority":
    """The authority in *folder*, or the default one when it is there. Raises WorkbenchError without any."""
    from bifente.workbench.authority import authority_at_hand

    authority = authority_at_hand(folder)
    if authority is None:
        raise WorkbenchError("there is no authority to trust yet", "input.no-authority-at-hand")
    return authority


@contextmanager
def cards_at_hand(
    cps: Path | None,
    vitale: Path | None,
    readers: Sequence[str] = (),
    *,
    with_vitale: bool = True,
    around: Around = as_it_is,
) -> "Iterator[dict[str, Link]]":
    """Links to the CPS and, *with_vitale*, to the Vitale, by kind: each from its file, or out of one of *readers*.

    *readers* are names of PC/SC readers, parts of them (all that have it) or numbers. Raises WorkbenchError, StoreError,
    ReaderError, TerminalError.
    """
    from bifente.applets import open_card
    from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
    from bifente.terminal import connect
    from bifente.terminal.errors import CardKind

    files = {CPS: cps, VITALE: vitale if with_vitale else None}
    _check_files(files)
    kinds = {CPS: CardKind.CPS} | ({VITALE: CardKind.VITALE} if with_vitale else {})
    with ExitStack() as held:
        devices: dict[str, SmartCard] = {
            kind: open_card(path) for kind, path in files.items() if path is not None
        }
        held.enter_context(failing_as_files(*devices.values()))
        links: dict[str, Link] = {}
        missing = [kind for kind in kinds if kind not in devices]
        found = _in_readers(held, readers, missing) if readers else {}
        absent = [kind for kind in missing if kind not in found]
        if absent and not readers:
            raise WorkbenchError(
                f"{_ROLES[absent[0]]} is not said",
                "usage",
                hint="give its card file, or the reader that holds it",
            )
        slots = {CPS: CPS_SLOT, VITALE: VITALE_SLOT}
        reader = held.enter_context(TwoSlotReader())
        for kind, card_kind in kinds.items():
            device: Card | None = devices.get(kind) or found.get(kind)
            links[kind] = connect(
                partial(_inserted, reader, slots[kind], device and around(device, kind)), card_kind
            )
        yield links


def _inserted(reader: "TwoSlotReader", slot: str, card: "Card | None") -> "Link":
    if card is not None:
        reader.insert(slot, card)
    return reader.link(slot)


def _check_files(files: dict[str, Path | None]) -> None:
    cps, vitale = files[CPS], files[VITALE]
    if cps is not None and vitale is not None:
        need_pair(cps, vitale)
        return
    for kind, path in files.items():
        if path is not None:
            need_party(path, _PARTIES[kind], _ROLES[kind])


def _in_readers(held: ExitStack, wanted: Sequence[str], missing: Sequence[str]) -> "dict[str, Card]":
    """The cards of the kinds *missing* among those in the readers."""
    from bifente.apdu.link import LinkError
    from bifente.reader import TwoSlotReader
    from bifente.reader.pyscard.relay import RelayCard
    from bifente.terminal.whichcard import kind_of

    found: dict[str, Card] = {}
    for name in _names(wanted):
        card = RelayCard(name)
        with TwoSlotReader("asked", ("ICC",)) as reader:
            try:
                reader.insert("ICC", card)
                kind = _role(kind_of(reader.link("ICC")))
            except LinkError:
                continue  # an empty reader, or a card that does not answer: another may have what is wanted
        if kind in missing and kind is not None and kind not in found:
            found[kind] = card
            held.callback(card.power_off)
    return found


def _role(kind: str | None) -> str | None:
    """Which of the two cards one of that kind is."""
    party = party_of(kind) if kind is not None else None
    return next((role for role, wanted in _PARTIES.items() if party is wanted), None)


def _names(wanted: Sequence[str]) -> list[str]:
    """The whole names of the readers that are meant; a part of a name means all that have it. Raises ReaderError."""
    from bifente.reader.choose import AmbiguousName
    from bifente.workbench.served.realreader import reader_called

    names: list[str] = []
    for one in wanted:
        try:
            names.append(reader_called(one))
        except AmbiguousName as error:
            names += error.names
    return list(dict.fromkeys(names))
