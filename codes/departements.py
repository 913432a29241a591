"""The départements, and how the directory writes one: ``Vosges (88)``.

Official geographic code (INSEE); the form with the number behind is that of the certificates' ``ST`` and ``L`` and of the
directory's search (spec/pki.md §1.5).
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from unicodedata import combining, normalize

_NAMES: Final = """
01 Ain|02 Aisne|03 Allier|04 Alpes-de-Haute-Provence|05 Hautes-Alpes|06 Alpes-Maritimes|07 Ardèche|08 Ardennes|09 Ariège
10 Aube|11 Aude|12 Aveyron|13 Bouches-du-Rhône|14 Calvados|15 Cantal|16 Charente|17 Charente-Maritime|18 Cher|19 Corrèze
2A Corse-du-Sud|2B Haute-Corse|21 Côte-d'Or|22 Côtes-d'Armor|23 Creuse|24 Dordogne|25 Doubs|26 Drôme|27 Eure
28 Eure-et-Loir|29 Finistère|30 Gard|31 Haute-Garonne|32 Gers|33 Gironde|34 Hérault|35 Ille-et-Vilaine|36 Indre
37 Indre-et-Loire|38 Isère|39 Jura|40 Landes|41 Loir-et-Cher|42 Loire|43 Haute-Loire|44 Loire-Atlantique|45 Loiret|46 Lot
47 Lot-et-Garonne|48 Lozère|49 Maine-et-Loire|50 Manche|51 Marne|52 Haute-Marne|53 Mayenne|54 Meurthe-et-Moselle|55 Meuse
56 Morbihan|57 Moselle|58 Nièvre|59 Nord|60 Oise|61 Orne|62 Pas-de-Calais|63 Puy-de-Dôme|64 Pyrénées-Atlantiques
65 Hautes-Pyrénées|66 Pyrénées-Orientales|67 Bas-Rhin|68 Haut-Rhin|69 Rhône|70 Haute-Saône|71 Saône-et-Loire|72 Sarthe
73 Savoie|74 Haute-Savoie|75 Paris|76 Seine-Maritime|77 Seine-et-Marne|78 Yvelines|79 Deux-Sèvres|80 Somme|81 Tarn
82 Tarn-et-Garonne|83 Var|84 Vaucluse|85 Vendée|86 Vienne|87 Haute-Vienne|88 Vosges|89 Yonne|90 Territoire de Belfort
91 Essonne|92 Hauts-de-Seine|93 Seine-Saint-Denis|94 Val-de-Marne|95 Val-d'Oise|971 Guadeloupe|972 Martinique|973 Guyane
974 La Réunion|975 Saint-Pierre-et-Miquelon|976 Mayotte|977 Saint-Barthélemy|978 Saint-Martin|986 Wallis-et-Futuna
987 Polynésie française|988 Nouvelle-Calédonie
"""

DEPARTEMENTS: Final[Mapping[str, str]] = MappingProxyType(
    dict(entry.split(" ", 1) for line in _NAMES.strip().splitlines() for entry in line.split("|"))
)
"""Code → name."""

_WITH_CODE: Final = re.compile(r".*\(([0-9][0-9AB][0-9]?)\)")


def departement_label(code: str) -> str:
    """``Vosges (88)``; for a code that is none, the code itself."""
    name = DEPARTEMENTS.get(code)
    return code if name is None else f"{name} ({code})"


def departement_code(text: str) -> str | None:
    """The code that a person or a certificate means: ``88``, ``Vosges`` (accents and case as one likes), ``Vosges (88)``."""
    wanted = text.strip()
    found = _WITH_CODE.fullmatch(wanted)
    code = (found[1] if found else wanted).upper()
    if code in DEPARTEMENTS:
        return code
    if code.isdigit() and code.zfill(2) in DEPARTEMENTS:
        return code.zfill(2)
    return _BY_NAME.get(_plain(wanted))


def departement_of_postcode(postcode: str) -> str | None:
    """The département in which most of a postcode lies: its first two digits, three overseas; of 20 the third tells 2A from 2B."""
    if not (postcode.isascii() and postcode.isdigit() and len(postcode) == 5):
        return None
    if postcode.startswith("20"):
        return "2B" if postcode[2] in "26" else "2A"
    code = postcode[:3] if postcode[:2] in ("97", "98") else postcode[:2]
    return code if code in DEPARTEMENTS else None


def _plain(text: str) -> str:
    letters = normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]+", " ", "".join(one for one in letters if not combining(one))).strip()


_BY_NAME: Final = {_plain(name): code for code, name in DEPARTEMENTS.items()}
