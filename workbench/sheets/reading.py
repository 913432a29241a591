"""Files of care sheets, whichever they are: signed, prepared for a signature, or the canonical bytes of one."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.cards.kinds import refuse_card_file
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.sheet.model import CareSheet
    from bifente.fse.sheet.rightssources import RightsSource

SIGNED, PREPARED, PLAIN = "signed", "prepared", "not signed"


@dataclass(frozen=True, slots=True)
class SheetFile:
    """The sheet of a file, and what kind of file it is. Nothing of it is verified."""

    sheet: "CareSheet"
    form: str


def read_sheet(path: Path) -> SheetFile:
    """The sheet in a file. Raises WorkbenchError, DocumentError, CanonicalError; whether signatures hold is not looked at."""
    from bifente.documents import read_bytes
    from bifente.fse.errors import CanonicalError
    from bifente.fse.sheet import canonical, cms
    from bifente.fse.sheet.signature import SignedContent
    from bifente.fse.sheet.verification import MAX_SIZE

    refuse_card_file(path, "a care sheet")
    raw = read_bytes(path, MAX_SIZE)
    form = PLAIN
    if raw[:1] == b"\x30":
        try:
            content, form = SignedContent.parse(raw), PREPARED
        except ValueError:
            try:
                content, form = SignedContent.parse(cms.parse(raw).content), SIGNED
            except ValueError as error:
                raise WorkbenchError(f"{path}: not a care sheet: {error}") from None
        raw = content.sheet
    try:
        return SheetFile(canonical.decode(raw), form)
    except CanonicalError as error:
        raise WorkbenchError(f"{path}: not a care sheet: {error}") from None


def read_rights_answer(path: Path) -> "RightsSource":
    """Rights that a service has told, from a file. Raises DocumentError, RightsUnknown."""
    from bifente.documents import read_bytes
    from bifente.fse.sheet.rightssources import MAX_RIGHTS, RightsAnswer

    refuse_card_file(path, "the answer of a service")
    return RightsAnswer(read_bytes(path, MAX_RIGHTS), str(path))
