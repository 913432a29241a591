"""The groups of a carte Vitale by name: one mapping, nested as the rights are.

::

    {"version": 1,
     "assure": {"groupe": 101, "nir": "…", …}, "service_amo_famille": {…}, "accident_du_travail": {…},
     "beneficiaires": [
         {"groupe": 104, "numero": 1, "nom_usuel": "…", …,
          "droits_amo": [{"groupe": 105, …}], "couvertures": [{"groupe": 106, …}],
          "mutuelle": {"groupe": 107, …, "droits": [{"groupe": 108, …}]},
          "amc": {"groupe": 109, …}, "zone_commune": {"groupe": 111, …}}]}

Fields have the names of :data:`~bifente.ssv.groups.GROUPS` in small ASCII letters with ``_`` between the words,
and hold the texts of the card. Groups that stand at most once are null when they are absent.
"""

import re
import unicodedata
from collections.abc import Sequence

from bifente.documents.values import JsonValue
from bifente.ssv.groups import Group

VERSION = 1
"""Of the form; it changes when a name or the nesting does."""

_LISTS = {105: "droits_amo", 106: "couvertures"}
_ONCE = {107: "mutuelle", 109: "amc", 111: "zone_commune"}
_HEADS = {101: "assure", 102: "service_amo_famille", 103: "accident_du_travail"}


def named(groups: Sequence[Group]) -> dict[str, JsonValue]:
    """The mapping of groups in the order of a card (see :func:`bifente.ssv.people.check_order`)."""
    value: dict[str, JsonValue] = {"version": VERSION, **dict.fromkeys(_HEADS.values())}
    people: list[dict[str, JsonValue]] = []
    lists: dict[str, list[JsonValue]] = {}
    for group in groups:
        fields = _fields(group)
        if group.id in _HEADS:
            value[_HEADS[group.id]] = fields
        elif group.id == 104:
            lists = {name: [] for name in _LISTS.values()}
            person = {"groupe": 104, "numero": len(people) + 1, **fields, **lists}
            people.append({**person, **dict.fromkeys(_ONCE.values())})
        elif group.id in _LISTS:
            lists[_LISTS[group.id]].append(fields)
        elif group.id == 108:
            lists["droits"].append(fields)
        else:
            people[-1][_ONCE[group.id]] = fields
            if group.id == 107:
                lists["droits"] = []
                fields["droits"] = lists["droits"]
    return {**value, "beneficiaires": people}


def _fields(group: Group) -> dict[str, JsonValue]:
    return {"groupe": group.id} | {_slug(field.name): text for field, text in group.items()}


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^0-9a-z]+", "_", plain).strip("_")
