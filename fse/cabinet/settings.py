"""What a surgery is told about itself: one YAML file in its folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bifente.documents import DocumentError, Fields, read_text
from bifente.documents.yamltext import parse_yaml
from bifente.fse.cabinet.errors import CabinetError, CabinetStoreMissing
from bifente.fse.cabinet.workingdays import RETURN_WITHIN, WorkingDays

FILE: Final = "cabinet.yaml"
"""Its name in the folder of a surgery."""

_LIMIT: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class CabinetSettings:
    """Where the store is, and by which calendar the surgery works. Paths are those of the file's folder."""

    store: str
    days: WorkingDays


EXAMPLE: Final = """\
# The settings of a surgery. A path is taken from the folder of this file.

# The store: a file (SQLite), or an SQLAlchemy URL, such as postgresql+psycopg://user@host/surgery
store: cabinet.db

# The département, two digits, 2A, 2B or three digits overseas: 57, 67 and 68 have two holidays more, those overseas others.
department: "{department}"

# Working days until a return that does not come is taken to be absent (what is usual is not public). After that, or
# after an ARL-, there are two working days to retransmit.
return_within: {return_within}
"""


def example(department: str = "75") -> str:
    """The settings of a new surgery, with their explanations. Raises CabinetError for an unknown département."""
    WorkingDays(department)
    return EXAMPLE.format(department=department, return_within=RETURN_WITHIN)


def read_settings(folder: Path) -> CabinetSettings:
    """The settings in *folder*. Raises CabinetStoreMissing without any, DocumentError, CabinetError, OSError."""
    path = folder / FILE
    try:
        text = read_text(path, _LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        raise CabinetStoreMissing(str(path)) from None
    document = parse_yaml(text, str(path))
    fields = Fields(document.value, str(path))
    try:
        store = fields.text("store")
        department = fields.text("department") if fields.has("department") else ""
        return_within = (
            fields.integer("return_within", 0, 30) if fields.has("return_within") else RETURN_WITHIN
        )
        fields.end()
        days = WorkingDays(department, return_within)
    except DocumentError as error:
        line = document.line((error.field,)) if error.field else 0
        raise DocumentError(str(path), error.message, line=line, field=error.field) from None
    except CabinetError as error:
        raise DocumentError(str(path), str(error), field="department", hint=error.hint) from None
    return CabinetSettings(store if "://" in store else str(folder / store), days)
