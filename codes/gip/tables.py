"""The nomenclatures of the cards: tables G01 to G104 of GIP-CPS (``DICO-FR.GIP``, today the NOS of the Agence du
numérique en santé), R01 and R02, and the codes of the carte Vitale.

Sources: DICO-FR.GIP 2.18 (2020) and 01.10 (2003) as quoted publicly, the NOS for G20; MedinTux ``C_Vitale.cpp`` for
the Vitale. Tables that are known in part only are listed in :data:`PARTIAL`: an unknown code there is no error.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bifente.codes.gip import cards, professions


def _frozen() -> Mapping[str, Mapping[str, str]]:
    tables = {**professions.TABLES, **cards.TABLES}
    return MappingProxyType({name: MappingProxyType(table) for name, table in tables.items()})


TABLES: Mapping[str, Mapping[str, str]] = _frozen()
"""Code to French label, by the name of the table."""

PARTIAL = frozenset({"G03", "G06", "G12", "G14", "G18", "G100", "G102", "R01", "R02", "STS"})
"""Tables of which only a part is public here."""

_PREFIXES = {"SITUATION": 2}
"""Tables that only tell the beginning of a code, and how long it is."""


def label(table: str, code: str) -> str | None:
    """The French label of *code*, None when the table does not know it. KeyError for an unknown table.

    Codes of tables with two-character codes are found with or without their leading zero, as cards write both.
    """
    codes = TABLES[table]
    code = code[: _PREFIXES.get(table)]
    found = codes.get(code)
    if found is None and code.isascii() and code.isdigit():
        found = codes.get(code.zfill(2)) or codes.get(code.lstrip("0") or "0")
    return found


def known(table: str, code: str) -> bool | None:
    """Whether *code* is in the table; None when it is not and the table is known in part only."""
    if label(table, code) is not None:
        return True
    return None if table in PARTIAL else False
