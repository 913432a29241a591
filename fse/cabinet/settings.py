"""What a surgery is told about itself: one YAML file in its folder."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bifente.documents import DocumentError, Fields, read_text
from bifente.documents.yamltext import parse_yaml, write_yaml
from bifente.fse.cabinet.errors import CabinetError, CabinetStoreMissing
from bifente.fse.cabinet.workingdays import RETURN_WITHIN, WorkingDays

FILE: Final = "cabinet.yaml"
"""Its name in the folder of a surgery."""

_LIMIT: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class CabinetSettings:
    """Where the store is, by which calendar the surgery works, its post, and whom it knows and believes.

    Paths are absolute or from the current folder; ``key`` and ``certificate`` are None where answers come in the clear.
    """

    store: str
    days: WorkingDays
    post: Path
    caisses: tuple[Path, ...]
    igc: Path | None
    key: Path | None
    certificate: Path | None
    trial: bool
    insurers: Mapping[str, str] = field(default_factory=dict)
    """Who takes the DRE of a complementary insurer: its number (10 digits) → régime and caisse of a certificate."""


EXAMPLE: Final = """\
# The settings of a surgery. A path is taken from the folder of this file.

# The store: a file (SQLite), or an SQLAlchemy URL, such as postgresql+psycopg://user@host/surgery
store: cabinet.db

# The département, two digits, 2A, 2B or three digits overseas: 57, 67 and 68 have two holidays more, those overseas others.
department: "{department}"

# Working days until a return that does not come is taken to be absent (what is usual is not public). After that, or
# after an ARL-, there are two working days to retransmit.
return_within: {return_within}

# The surgery's mail address, and its folder of boxes or its mail servers: see docs/post.md.
post: post.yaml

# The caisses that it sends to: their certificates (PEM or DER), or folders of such.
caisses: {caisses}

# Who takes the DRE of a complementary insurer, by the five digits of his certificate among the caisses (synthetic: in reality
# its code de routage leads to a concentrateur).
# insurers:
#   "0000000042": "01996"
insurers:{insurers}

# The authority that certifies the caisses; without it the one of your data folder is taken.
# igc: igc

# To open answers that are enciphered (PEM). Those of our caisse are not.
# key: surgery.key
# certificate: surgery.pem

# Files and mails are marked as a trial. Nothing of bifente is fit for anything else.
trial: true
"""

POST_EXAMPLE: Final = """\
# The post of the surgery: its address, and a folder of boxes that it shares with the caisses, or smtp with pop3 or imap.
address: {address}
maildir: {maildir}
"""

ADDRESS: Final = "cabinet@ps.rss.test"
"""The address of a surgery that is given no other: the domain belongs to nobody (RFC 6761)."""


def example(
    department: str = "75",
    caisses: Sequence[str] = ("caisses",),
    insurers: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """The settings of a new surgery, with their explanations. Raises CabinetError for an unknown département or insurer."""
    WorkingDays(department)
    for number, taker in insurers.items():
        why = _doubt(number, taker)
        if why:
            raise CabinetError(why)
    taken = "".join(f'\n  "{number}": "{taker}"' for number, taker in insurers.items())
    named = write_yaml(list(caisses)) if caisses else ""
    listed = "\n" + "".join(f"  {line}\n" for line in named.splitlines()) if caisses else "[]"
    return EXAMPLE.format(
        department=department, return_within=RETURN_WITHIN, caisses=listed.rstrip(), insurers=taken or " {}"
    )


def read_settings(folder: Path) -> CabinetSettings:
    """The settings in *folder*. Raises CabinetStoreMissing without any, DocumentError, CabinetError, OSError."""
    path = folder / FILE
    try:
        text = read_text(path, _LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        raise CabinetStoreMissing(str(path)) from None
    document = parse_yaml(text, str(path))
    fields = Fields(document.value, str(path))

    def place(name: str, default: str | None = None) -> Path | None:
        text = fields.text(name) if fields.has(name) else default
        return None if text is None else folder / text

    try:
        store = fields.text("store")
        department = fields.text("department") if fields.has("department") else ""
        return_within = (
            fields.integer("return_within", 0, 30) if fields.has("return_within") else RETURN_WITHIN
        )
        settings = CabinetSettings(
            store=store if "://" in store else str(folder / store),
            days=WorkingDays(department, return_within),
            post=place("post", "post.yaml") or folder,
            caisses=tuple(folder / one for one in fields.texts("caisses")) if fields.has("caisses") else (),
            igc=place("igc"),
            key=place("key"),
            certificate=place("certificate"),
            trial=fields.truth("trial") if fields.has("trial") else True,
            insurers=_insurers(fields),
        )
        if (settings.key is None) != (settings.certificate is None):
            fields.refuse("key and certificate go together", "key" if settings.key is None else "certificate")
        fields.end()
    except DocumentError as error:
        line = document.line((error.field,)) if error.field else 0
        raise DocumentError(str(path), error.message, line=line, field=error.field) from None
    except CabinetError as error:
        line = document.line(("department",))
        raise DocumentError(str(path), str(error), line=line, field="department", hint=error.hint) from None
    return settings


def _insurers(fields: Fields) -> Mapping[str, str]:
    """Number of an insurer → who takes its DRE. Raises DocumentError."""
    if not fields.has("insurers"):
        return {}
    found = fields.text_map("insurers")
    for number, taker in found.items():
        why = _doubt(number, taker)
        if why:
            fields.refuse(why, "insurers")
    return found


def _doubt(number: str, taker: str) -> str:
    if not re.fullmatch("[0-9]{10}", number):
        return f"{number[:20]!r} is not the number of an insurer: ten digits, in quotes"
    if not re.fullmatch("[0-9]{5}", taker):
        return f"{number}: {taker[:20]!r} is not régime and caisse: five digits, in quotes"
    return ""
