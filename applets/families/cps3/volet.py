"""What stands in the CPS2ter volet of a card: the holder and the situations of its profile once more, in the older forms.

The volet holds what a CPS3's own objects have no place for: legal form and sector of a structure, speciality, replaced
professional and dates of an activity. A profile gives these as free texts; what is no code or date stays out.
"""

import re
from typing import TYPE_CHECKING

from bifente.layouts.codec import JsonValue, record
from bifente.layouts.codecs import businessdata

if TYPE_CHECKING:
    from bifente.applets.families.cps3.forms import Activity, Billing, PresentProfile

_IN_VOLET = {
    "specialite": re.compile(r"\d{2}"),
    "forme_juridique": re.compile(r"\d{2}"),
    "id_nat_ps_remplace": re.compile(r"[\x20-\x7e]{1,31}"),
    "debut": re.compile(r"\d{8}(\d{4})?"),
    "fin": re.compile(r"\d{8}(\d{4})?"),
}
"""What an activity of a profile says that only the volet holds, and what it must look like to go in."""

_SECTOR = re.compile(r"\d{2}")


def holds(name: str, text: str) -> bool:
    """Whether the volet takes that field of an activity."""
    return name in _IN_VOLET and _IN_VOLET[name].fullmatch(text) is not None


def holds_sector(text: str) -> bool:
    """Whether the volet takes that sector of a situation de facturation (G19)."""
    return _SECTOR.fullmatch(text) is not None


def values(profile: "PresentProfile", business: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The value of each file of the volet by its name; *business* are those of the CPS3's own objects."""
    info = dict(record(business["CPS_INFO_PS"], "info", (), businessdata.INFO_PARTS.keys))
    info.pop("specialite", None)
    statut = next((one.statut for _, one in sorted(profile.activities.items()) if one.statut), None)
    if statut is not None:
        info["situation"] = statut
    found: dict[str, JsonValue] = {
        "CPS2TER_ID": business["CPS_ID_CARD"],
        "CPS2TER_NAME": business["CPS_NAME_PS"],
        "CPS2TER_LANG": business["CPS_LANG_PS"],
        "CPS2TER_PSINFO": info,
        "CPS2TER_SIT_FACT": business["CPS_SIT_FACT"],
    }
    billing = {one.numero_logique: one for one in reversed(profile.billing)}
    for number, activity in profile.activities.items():
        found[f"CPS2TER_ACTIVITY_{number:02}_PS"] = _activity(activity, billing.get(activity.numero_logique))
    return found


def _activity(activity: "Activity", billing: "Billing | None") -> JsonValue:
    """Of :data:`bifente.layouts.codecs.cps2terdata.ACTIVITY`."""
    exercice: dict[str, JsonValue] = {"mode": activity.mode_exercice}
    if activity.statut is not None:
        exercice["statut"] = activity.statut
    value: dict[str, JsonValue] = {"exercice": exercice, "numero_logique": activity.numero_logique}

    def fitting(name: str) -> str | None:
        text = getattr(activity, name)
        return text if text is not None and holds(name, text) else None

    sector = billing.secteur_activite if billing is not None else None
    structure = activity.structure if re.fullmatch("[0-9A-E]{1,15}", activity.structure or "") else None
    sector = sector if sector is not None and holds_sector(sector) else None
    if structure or sector or fitting("forme_juridique"):
        value["etablissement"] = {
            "secteur": sector or "",
            "forme_juridique": fitting("forme_juridique") or "",
            "structure": structure or "",
        }
    if (speciality := fitting("specialite")) is not None:
        value["qualification"] = {"specialite": speciality}
    for key, name in (("remplace", "id_nat_ps_remplace"), ("debut", "debut"), ("fin", "fin")):
        if (text := fitting(name)) is not None:
            value[key] = text if key == "remplace" else text[:8]
    for key in ("tableau_pharmacien", "raison_sociale"):
        if getattr(activity, key) is not None:
            value[key] = getattr(activity, key)
    return value
