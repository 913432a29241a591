"""A search as a question to a full-text index; and whether what was typed is a name at all."""

from typing import Final

from bifente.igc.annuaire.store.words import beginning_with, tagged
from bifente.igc.annuaire.values import AnnuaireQuery, EntryKind

_DIGITS: Final = "0123456789"


def looks_like_identifier(typed: str) -> bool:
    """Whether what was typed for a name is rather a number: three figures at least, and letters as test numbers have them."""
    compact = "".join(typed.split()).upper()
    figures = sum(one in _DIGITS for one in compact)
    return figures >= 3 and len(compact) - figures <= 1 + compact.count("/") + 5 * ("/" in compact)


def condition_of(query: AnnuaireQuery, text: str) -> str | None:
    """The question to the index; empty when no word is asked for, None when what was typed holds no word at all."""
    names = "family given" if query.kind is EntryKind.PROFESSIONAL else "name"
    typed = [(names, text)]
    if query.kind is EntryKind.PROFESSIONAL:
        typed += [("family", query.family_name), ("given", query.given_name)]
    else:
        typed.append(("name", query.family_name))
    typed.append(("places", query.commune))
    parts = []
    for columns, words in typed:
        if words.strip():
            condition = beginning_with(columns, words)
            if not condition:
                return None
            parts.append(condition)
    parts.append(tagged("places", "d", query.departement))
    if query.kind is EntryKind.PROFESSIONAL:
        parts += [tagged("trades", "p", query.profession), tagged("trades", "q", query.skill)]
    return " AND ".join(filter(None, parts))
