"""The professional that the business data of a CPS3 name: the holder, and the SSV groups 1 and 2.

Group 2 says more of a *situation de facturation* than CPS_SIT_FACT does: the rest comes from the activity whose NoLogSit
is the situation's LienLogiqueSitPS. :data:`SOURCES` says where each field comes from; a field that is not in it stands in
no object of a CPS3 and is left empty.
"""

from collections.abc import Iterable, Mapping

from bifente.codes.holder import CardHolder
from bifente.layouts.codec import Codec, JsonValue, sequence, string
from bifente.layouts.codecs import businesstexts
from bifente.layouts.codecs.businessdata import (
    ACTIVITY,
    BILLING,
    ID_CARD,
    INFO,
    NAME,
    SIGNS_LOTS,
    SIGNS_SHEETS,
)
from bifente.layouts.codecs.values import Hex, Number
from bifente.layouts.errors import LayoutError, groups_as_content
from bifente.ssv.groups import Group

SOURCES: Mapping[str, str] = {
    "numéro logique de la situation": "CPS_SIT_FACT, A0 80",
    "mode d'exercice": "CPS_ACTIVITY, 80",
    "statut d'exercice": "CPS_ACTIVITY, 81, else the second byte of 80",
    "type d'identification structure": "CPS_ACTIVITY, first character of 85",
    "numéro d'identification structure": "CPS_ACTIVITY, 85 without its first character",
    "raison sociale structure": "CPS_ACTIVITY, 84",
    "numéro d'identification de facturation du PS": "CPS_SIT_FACT, A0 81, the first eight digits",
    "clé du numéro d'identification de facturation du PS": "CPS_SIT_FACT, A0 81, the ninth digit",
    "code conventionnel": "CPS_SIT_FACT, A0 82, digit 3",
    "code spécialité": "CPS_SIT_FACT, A0 82, digits 1 and 2",
    "code zone tarifaire": "CPS_SIT_FACT, A0 82, digits 4 and 5",
    "code zone IK": "CPS_SIT_FACT, A0 82, digit 6",
    "code agrément 1": "CPS_SIT_FACT, A0 83, digits 1 and 2",
    "code agrément 2": "CPS_SIT_FACT, A0 83, digits 3 and 4",
    "code agrément 3": "CPS_SIT_FACT, A0 83, digits 5 and 6",
    "habilitation à signer une facture": "CPS_SIT_FACT, A0 84, bit 10",
    "habilitation à signer un lot": "CPS_SIT_FACT, A0 84, bit 01",
}
"""Where each field of group 2 stands on a CPS3 (EE and E0 are left out before the tags).

Not there: the sector of table G19, for the activity has that of R02; the key of the structure apart from its number; the
replaced professional.
"""

HOLDER: Mapping[str, Codec] = {"CPS_ID_CARD": ID_CARD, "CPS_NAME_PS": NAME, "CPS_INFO_PS": INFO}
"""The data objects that name the holder, free to read."""

_IDENTIFIER = 8
"""How many digits an identifier of billing has before its key."""


def professional_groups(contents: Mapping[str, bytes]) -> list[Group]:
    """SSV group 1 and the groups 2, from the contents of data objects by their labels (``CPS_ID_CARD`` …).

    Of the activities those are enough that :func:`linked_activities` names. LayoutError.
    """
    holder = holder_of(*(codec.decode(contents[label]) for label, codec in HOLDER.items()))
    return groups_of(holder, contents)


def groups_of(holder: CardHolder, contents: Mapping[str, bytes]) -> list[Group]:
    """As :func:`professional_groups`, once the *holder* has been read from the contents. LayoutError."""
    activities = [
        ACTIVITY.decode(content) for label, content in contents.items() if label.startswith("CPS_ACTIVITY_")
    ]
    return [holder_group(holder), *billing_groups(read_billing(contents["CPS_SIT_FACT"]), activities)]


def read_billing(content: bytes) -> JsonValue:
    """The value of CPS_SIT_FACT. The State's readers take 00 in the place of its tag, and so does this; LayoutError.

    A file of zeros holds no situation.
    """
    if not any(content):
        return {"situations": []}
    return BILLING.decode(b"\xe0" + content[1:] if content[0] == 0 else content)


def holder_of(id_card: JsonValue, name: JsonValue, info: JsonValue) -> CardHolder:
    """The holder that decoded CPS_ID_CARD, CPS_NAME_PS and CPS_INFO_PS name, in either form.

    The names are those under which the holder practises. Responsibility (0), structure and department (None) stand in
    no object of form 2: the certificates say them. LayoutError when the objects do not say enough.
    """
    card, names, about = (_mapping(value) for value in (id_card, name, info))
    given_names = sequence(names.get("prenoms", ()), "prenoms")
    first = string(given_names[0], "prenoms") if given_names else ""
    training = "metier" if _kind(card, about) == "01" else "future_profession"
    return CardHolder(
        card_type=_code(_kind(card, about), "type", 16),
        category=_number(card, "categorie", 16),
        national_id=string(about.get("id_nat_ps"), "id_nat_ps"),
        family_name=_family_name(names, about),
        given_name=first if "nom" in names else _optional(names, "prenom_usuel") or first,
        civility=_number(names, "civilite"),
        profession=_number(about, "profession") if "profession" in about else None,
        future_profession=_number(about, training) if training in about else None,
        responsibility=_number(about, "responsabilite") if "responsabilite" in about else 0,
        speciality=_optional(about, "specialite"),
        structure_id=_optional(about, "structure"),
        structure_name=_optional(about, "raison_sociale"),
        department=_optional(about, "departement"),
        card_number=string(card.get("numero", card.get("carte")), "numero"),
    )


def holder_group(holder: CardHolder) -> Group:
    """SSV group 1 of a holder; LayoutError for letters that it cannot hold.

    The last digit of an ADELI or RPPS number is its key; other identifiers have none.
    """
    kind, number = holder.national_id[:1], holder.national_id[1:]
    key = ""
    if kind in ("0", "8") and number.isdigit():
        number, key = number[:-1], number[-1]
    fields = {
        "type de carte PS": str(holder.card_type),
        "type d'identification nationale": kind,
        "numéro d'identification nationale": number,
        "clé du numéro d'identification nationale": key,
        "code civilité": f"{holder.civility:02d}",
        "nom du PS": holder.family_name,
        "prénom du PS": holder.given_name,
    }
    with groups_as_content():
        return Group.of(1, **fields)


def linked_activities(billing: JsonValue) -> tuple[int, ...]:
    """The NoLogSit of the activities that the groups 2 of a decoded CPS_SIT_FACT need; LayoutError.

    Situations of form 1 say everything themselves.
    """
    if not isinstance(billing, Mapping):
        return ()
    return tuple(
        dict.fromkeys(_link(_mapping(item)) for item in sequence(billing.get("situations"), "situations"))
    )


def billing_groups(billing: JsonValue, activities: Iterable[JsonValue]) -> list[Group]:
    """The groups 2 of a decoded CPS_SIT_FACT, joined with the decoded *activities*; LayoutError.

    What an activity would say is empty where none of them has the number that a situation links to.
    """
    if not isinstance(billing, Mapping):
        return businesstexts.billing_groups(billing)
    known: dict[int, Mapping[str, JsonValue]] = {}
    for activity in activities:
        known.setdefault(activity_number(activity), _mapping(activity))
    return [_joined(_mapping(item), known) for item in sequence(billing.get("situations"), "situations")]


def activity_number(activity: JsonValue) -> int:
    """The NoLogSit of a decoded activity of either form; LayoutError."""
    number = _mapping(activity).get("numero_logique")
    return Number(1).encode(number)[0]


def _joined(situation: Mapping[str, JsonValue], activities: Mapping[int, Mapping[str, JsonValue]]) -> Group:
    link = _link(situation)
    activity = activities.get(link, {})
    exercise = _mapping(activity.get("exercice", {"mode": activity.get("mode_exercice", "")}))
    structure = _optional(activity, "structure") or ""
    identifier = _optional(situation, "identifiant") or ""
    agreed = _mapping(situation.get("conventionnelles", {}))
    agreements = _mapping(situation.get("agrements", {}))
    may_sign = Hex((1,)).encode(situation.get("autorisations", "00"))[0]
    fields = {
        "mode d'exercice": exercise.get("mode", ""),
        "statut d'exercice": (_optional(activity, "statut") or _optional(exercise, "statut") or "")[:2],
        "type d'identification structure": structure[:1],
        "numéro d'identification structure": structure[1:],
        "raison sociale structure": activity.get("raison_sociale", ""),
        "numéro d'identification de facturation du PS": identifier[:_IDENTIFIER],
        "clé du numéro d'identification de facturation du PS": identifier[_IDENTIFIER:],
        "code conventionnel": agreed.get("convention", ""),
        "code spécialité": agreed.get("specialite", ""),
        "code zone tarifaire": agreed.get("zone", ""),
        "code zone IK": agreed.get("ik", ""),
        "code agrément 1": agreements.get("agrement_1", ""),
        "code agrément 2": agreements.get("agrement_2", ""),
        "code agrément 3": agreements.get("agrement_3", ""),
        "habilitation à signer une facture": str(int(bool(may_sign & SIGNS_SHEETS))),
        "habilitation à signer un lot": str(int(bool(may_sign & SIGNS_LOTS))),
    }
    texts = {name: string(text, name) for name, text in fields.items()}
    with groups_as_content():
        return Group.of(2, chr(link), **texts)


def _link(situation: Mapping[str, JsonValue]) -> int:
    return Number(1).encode(situation.get("situation"))[0]


def _kind(card: Mapping[str, JsonValue], about: Mapping[str, JsonValue]) -> str:
    """The type of the card: in CPS_INFO_PS, in form 1 in CPS_ID_CARD too."""
    if "type_carte" in card:
        return string(card["type_carte"], "type_carte")
    return string(_mapping(about.get("carte")).get("type"), "type")


def _family_name(names: Mapping[str, JsonValue], about: Mapping[str, JsonValue]) -> str:
    if "nom" in names:
        return string(names["nom"], "nom")
    practised = _optional(about, "nom_exercice") or _optional(names, "nom_marital")
    return practised or string(names.get("nom_patronymique"), "nom_patronymique")


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    if type(value) is not dict and not isinstance(value, Mapping):
        raise LayoutError(f"a mapping was expected, not {type(value).__name__}")
    return value


def _number(given: Mapping[str, JsonValue], key: str, base: int = 10) -> int:
    return _code(string(given.get(key), key), key, base)


def _code(text: str, key: str, base: int) -> int:
    try:
        return int(text, base)
    except ValueError:
        raise LayoutError(f"{key}: a numeric code was expected") from None


def _optional(given: Mapping[str, JsonValue], key: str) -> str | None:
    return string(given[key], key) if key in given else None
