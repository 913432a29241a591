"""A surgery in a folder: made, filled with sheets, looked at."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bifente.workbench.authority import authority_at_hand
from bifente.workbench.cards.kinds import refuse_card_file
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.cabinet import Cabinet, CabinetSheet, KeptSheet, LotState, SheetState
    from bifente.fse.cabinet.records import CabinetMail
    from bifente.fse.cabinet.settings import CabinetSettings

S = TypeVar("S", bound=Enum)


def default_cabinet() -> Path:
    """The folder of the surgery when a command is given none."""
    from platformdirs import user_data_path

    return user_data_path("bifente") / "cabinet"


def make_cabinet(
    folder: Path,
    *,
    department: str,
    caisses: Sequence[Path] = (),
    maildir: Path | None = None,
    address: str | None = None,
    insurers: Sequence[str] = (),
) -> "CabinetSettings":
    """Make a surgery in *folder*: its settings, with explanations, and its store.

    *caisses* are certificates, or folders of such; *insurers* say who takes the DRE of whom (``0000000042=01996``); *maildir* the folder of boxes that it shares with them, by default its own.
    Raises FileExistsError when there is one already, CabinetError, OSError.
    """
    from bifente.documents import make_folder, new_file
    from bifente.fse.cabinet import Cabinet
    from bifente.fse.cabinet.settings import ADDRESS, FILE, POST_EXAMPLE, example, read_settings

    takers: dict[str, str] = {}
    for one in insurers:
        number, separator, taker = one.partition("=")
        if not separator:
            raise WorkbenchError(
                f"{one[:30]!r} does not say who takes the DRE of an insurer",
                hint="0000000042=01996, for example",
            )
        if takers.setdefault(number, taker) != taker:
            raise WorkbenchError(
                f"insurer {number[:20]} has two takers of its DRE: {takers[number]} and {taker}"
            )
    text = example(department, [str(one.resolve()) for one in caisses], takers)
    make_folder(folder, 0o700)
    if not (folder / FILE).exists():  # a person may have written them first
        new_file(folder / FILE, text.encode())
    settings = read_settings(folder)
    if not settings.post.exists():
        boxes = "mail" if maildir is None else str(maildir.resolve())
        new_file(settings.post, POST_EXAMPLE.format(address=address or ADDRESS, maildir=boxes).encode())
    Cabinet.create(settings.store, days=settings.days).close()
    return settings


def settings_of(folder: Path | None) -> "CabinetSettings":
    """The settings of the surgery in *folder*, by default the default one. Raises CabinetError, DocumentError, OSError."""
    from bifente.fse.cabinet.settings import read_settings

    return read_settings(default_cabinet() if folder is None else folder)


@contextmanager
def opened(folder: Path | None) -> "Iterator[Cabinet]":
    """The surgery in *folder*, by default the default one. Raises CabinetError, DocumentError, OSError."""
    from bifente.fse.cabinet import Cabinet

    settings = settings_of(folder)
    with Cabinet.open(settings.store, days=settings.days) as cabinet:
        yield cabinet


def add_sheet(
    cabinet: "Cabinet",
    file: Path,
    *,
    igc: Path | None = None,
) -> "KeptSheet":
    """Keep the sheet in *file*; both signatures are verified by the authority in *igc*, or the one at hand.

    Raises CabinetError, SheetRefused, DocumentError, OSError; WorkbenchError when there is no authority to verify by.
    """
    from bifente.documents import read_bytes
    from bifente.fse.sheet.verification import MAX_SIZE

    refuse_card_file(file, "a care sheet")
    raw = read_bytes(file, MAX_SIZE)
    trusted = authority_at_hand(igc)
    if trusted is None and raw[:1] != b"{":
        raise WorkbenchError("there is no authority to verify the sheet by", "input.no-authority-at-hand")
    return cabinet.keep(
        raw,
        trust=None if trusted is None else trusted.trust_store,
        source=str(file),
    )


def sheet_by_number(cabinet: "Cabinet", number: int, professional: str | None) -> "CabinetSheet":
    """The sheet with this invoice number; *professional* is needed when several have it. Raises WorkbenchError."""
    found = cabinet.with_number(number, professional)
    if len(found) == 1:
        return found[0]
    if not found:
        raise WorkbenchError(f"there is no sheet n° {number:09} in the store", "input.unknown-record")
    raise WorkbenchError(
        f"{len(found)} professionals have a sheet n° {number:09}: {', '.join(one.professional for one in found)}",
        "input.several-professionals",
    )


def save_mail(cabinet: "Cabinet", digest: str, file: Path, *, replace: bool = False) -> "CabinetMail":
    """Write the mail that was set aside, and whose SHA-256 begins with *digest*, to a file that only its owner can read.

    Raises WorkbenchError for none or several such mails, FileExistsError, OSError.
    """
    from bifente.documents import new_file

    wanted, found, after = digest.lower(), [], ""
    while page := cabinet.received("aside", after=after, limit=1000):
        found += [one for one in page if one.digest.startswith(wanted)]
        after = page[-1].digest
    if len(found) != 1:
        raise WorkbenchError(
            f"{len(found) or 'no'} mail{'s' * (len(found) != 1)} set aside whose SHA-256 begins with {digest[:64]!r}",
            "input.unknown-record",
        )
    raw = cabinet.document(found[0].document)
    if raw is None:
        raise WorkbenchError(f"mail {found[0].digest[:12]}: its bytes were purged", "input.unknown-record")
    new_file(file, raw, replace=replace)
    return found[0]


def sheet_state(name: str) -> "SheetState":
    """The state of this name. Raises WorkbenchError."""
    from bifente.fse.cabinet import SheetState

    return _state(SheetState, name)


def lot_state(name: str) -> "LotState":
    """The state of this name. Raises WorkbenchError."""
    from bifente.fse.cabinet import LotState

    return _state(LotState, name)


def _state(states: "type[S]", name: str) -> "S":
    for state in states:
        if state.value == name:
            return state
    known = ", ".join(str(state.value) for state in states)
    raise WorkbenchError(f"there is no state {name[:20]!r}", hint=f"one of: {known}")
