"""Where the rights on a sheet come from: the carte Vitale itself, or a service that is asked in its place.

A source says with its ``origin`` which it is; that stands on the sheet, so that who verifies sees it. The people are always
those of the card.
"""

from collections.abc import Sequence
from typing import Protocol

from bifente.documents import parse_json
from bifente.fse.errors import RightsUnknown
from bifente.fse.sheet.acts import RightsOrigin
from bifente.ssv import wire
from bifente.ssv.errors import SsvError
from bifente.ssv.groups import Group
from bifente.ssv.people import Person, people

_WHO = ("date de naissance", "rang gémellaire")
_SERVICE = (
    "code service AMO bénéficiaire",
    "date de début du service AMO bénéficiaire",
    "date de fin du service AMO bénéficiaire",
)
_TOLD = (105, 106)
"""The groups that a service tells anew: AMO rights and couverture."""

MAX_RIGHTS = 1 << 20
"""No answer of a service is longer: what is longer is not read."""


class RightsSource(Protocol):
    """Tells the rights by which a sheet is drawn up. *card* are SSV groups 101 to 111 of the Vitale."""

    @property
    def origin(self) -> RightsOrigin:
        """What the sheet says of it."""

    def groups(self, card: Sequence[Group]) -> list[Group]:
        """The groups to judge by. Raises FseError."""


class CardRights:
    """The rights that the card holds: the usual source."""

    origin = RightsOrigin.VITALE

    def groups(self, card: Sequence[Group]) -> list[Group]:
        """Those of the card."""
        return list(card)


class RightsAnswer:
    """The answer of a service as bytes: SSV groups 101 to 111 of one insured, in their wire form (as a virtual card
    content, ``.in``, which ``bifente card export`` writes) or as JSON: ``[{"group": 101, "fields": ["T", …]}, …]``.

    Provenance: synthetic; the deployed service and its messages are not public. *name* names it in errors. Raises
    RightsUnknown for what cannot be read.
    """

    origin = RightsOrigin.ONLINE

    def __init__(self, content: bytes, name: str = "online rights") -> None:
        self._name = name
        try:
            if content.lstrip()[:1] == b"[":
                self._groups = wire.from_json(parse_json(content, name))
            else:
                self._groups = wire.decode(content)
        except SsvError as error:
            raise RightsUnknown(f"{name}: {error}") from error

    def groups(self, card: Sequence[Group]) -> list[Group]:
        """The people of the card with the rights that were told. Raises RightsUnknown for an insured of another NIR."""
        nir, told = _nir(card), _nir(self._groups)
        if told != nir:
            raise RightsUnknown(f"{self._name}: the rights of another insured than the card's")
        found: list[Group] = [group for group in card if group.id == 101]
        answered = people(self._groups)
        for person in people(card):
            found += self._told(person, answered)
        return found

    def _told(self, person: Person, answered: Sequence[Person]) -> list[Group]:
        same = [one for one in answered if all(one.head[field] == person.head[field] for field in _WHO)]
        if len(same) != 1:
            raise RightsUnknown(f"{self._name}: nothing is told of bénéficiaire {person.number} of the card")
        head = person.head
        for field in _SERVICE:
            head = head.replace(field, same[0].head[field])
        kept = [group for group in person.body if group.id not in _TOLD]
        return [head, *(group for group in same[0].body if group.id in _TOLD), *kept]


def _nir(groups: Sequence[Group]) -> str:
    return next((group["NIR"] for group in groups if group.id == 101), "")
