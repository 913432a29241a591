"""Cards that are not what their place is for: told by the names of their files."""

from pathlib import Path

from bifente.layouts.recognition import CPS, VITALE, Party
from bifente.layouts.registry import called, kinds, layout_of
from bifente.workbench.errors import WorkbenchError

_USUAL = {CPS.name: "cps3", VITALE.name: "vitale2"}
"""The kind that most cards of a party are of: what a person is told to take."""

_SQLITE = b"SQLite format 3\0"
"""How a card file begins (https://www.sqlite.org/fileformat.html §1.3)."""


def kind_of_file(path: Path) -> str:
    """The kind of a card file. Raises StoreError kinds and CorruptCard."""
    from bifente.applets.kinds import kind_of, read_card

    return kind_of(read_card(path))


def refuse_card_file(path: Path, wanted: str) -> None:
    """Raise WorkbenchError when *path* is a card file where *wanted* is needed. What cannot be read is not a card file."""
    if is_card_file(path):
        raise WorkbenchError(f"{path}: a card file, not {wanted}", "input.is-a-card-file")


def is_card_file(path: Path) -> bool:
    """Whether *path* begins as card files do. What cannot be read is not a card file."""
    if not path.is_file():
        return False  # a pipe is read once only, and not here
    try:
        with path.open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def need_pair(cps: Path, vitale: Path, given: tuple[object, object] | None = None) -> None:
    """Raise WorkbenchError unless *cps* is the file of a professional's card and *vitale* that of a patient's, of whichever
    generation; *given* is what the user called them.
    """
    first, second = kind_of_file(cps), kind_of_file(vitale)
    professional, patient = given or (cps, vitale)
    if (party_of(first), party_of(second)) == (VITALE, CPS):
        raise WorkbenchError(
            f"the cards are swapped: {professional} is {called(first)}, {patient} is {called(second)}",
            hint="give them the other way round",
        )
    _need_party(professional, first, CPS, "the professional's card")
    _need_party(patient, second, VITALE, "the patient's card")


def party_of(kind: str) -> Party | None:
    """The part that cards of that kind take in a recognition; None for a kind without one, or one that is not known."""
    return layout_of(kind).party if kind in kinds() else None


def need_party(path: Path, wanted: Party, role: str) -> None:
    """Raise WorkbenchError unless *path* is the file of a card that takes that part; *role* is what it is needed as."""
    _need_party(path, kind_of_file(path), wanted, role)


def need_kind(path: Path, wanted: str, role: str) -> None:
    """Raise WorkbenchError unless *path* is the file of a card of that kind; *role* is what it is needed as."""
    _need(path, kind_of_file(path), wanted, role)


def _need_party(given: object, kind: str, wanted: Party, role: str) -> None:
    if party_of(kind) is not wanted:
        _need(given, kind, _USUAL[wanted.name], role)


def _need(given: object, kind: str, wanted: str, role: str) -> None:
    if kind != wanted:
        raise WorkbenchError(
            f"{given} is {called(kind)}: it cannot be {role}", hint=f"{called(wanted)} is needed here"
        )
