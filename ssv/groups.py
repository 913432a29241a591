"""The SSV groups: which there are, what their fields are called and what they hold.

Groups 1, 2 and 101 to 111 are those that the SESAM-Vitale application interface returns for a professional's card and
for a carte Vitale ("API SSV 4.03", as MedinTux ``CSesam_API_InfoGroupe.cpp`` names them). Sizes and values are those of
the fictitious CNDA test cards; a field of another size is reported by :mod:`bifente.ssv.findings`, not refused.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from types import MappingProxyType

from bifente.codes.errors import CodeError
from bifente.codes.letters import latin
from bifente.slotted import dataclass, field
from bifente.ssv.errors import SsvError


class FieldKind(Enum):
    """What the text of a field is."""

    TEXT = "text"
    CODE = "code"
    DIGITS = "digits"
    DATE = "date AAAAMMJJhhmm"
    NIR = "NIR"
    KEY = "key"
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class FieldDescription:
    """One field. ``sizes`` are the sizes seen in bytes besides 0 (none = any), ``table`` names a code table of
    :data:`bifente.codes.gip.TABLES`, ``meaning`` adds what the name does not say.
    """

    name: str
    kind: FieldKind
    sizes: tuple[int, ...] = ()
    table: str | None = None
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class GroupDescription:
    """One group: its number, French name, fields in order and where the facts come from."""

    id: int
    name: str
    fields: tuple[FieldDescription, ...]
    at_most: int | None = None
    source: str = "API SSV 4.03 (MedinTux); formats measured on the CNDA test cards"
    numbers: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        numbers = {one.name: number for number, one in enumerate(self.fields, 1)}
        object.__setattr__(self, "numbers", MappingProxyType(numbers))

    def number(self, name: str) -> int:
        """The official number (from 1) of the field with that French name; KeyError that lists those there are."""
        try:
            return self.numbers[name]
        except KeyError:
            known = ", ".join(self.numbers)
            raise KeyError(f"group {self.id} has no field {name!r}; it has: {known}") from None


@dataclass(frozen=True, slots=True)
class Group:
    """One group with its fields as raw bytes (Latin-1 text, but 2.1 which is binary), in the order of the table."""

    id: int
    fields: tuple[bytes, ...]

    def __post_init__(self) -> None:
        described = GROUPS.get(self.id)
        if described is None:
            raise SsvError("there is no such group", group=self.id)
        if len(self.fields) != len(described.fields):
            raise SsvError(
                f"{len(described.fields)} fields expected, {len(self.fields)} given", group=self.id
            )

    @property
    def description(self) -> GroupDescription:
        """The group's line in the table."""
        return GROUPS[self.id]

    def number(self, name: str) -> int:
        """The official number (from 1) of the field with that French name; KeyError that lists those there are."""
        return GROUPS[self.id].number(name)

    def raw(self, name: str) -> bytes:
        """The bytes of a field by its French name; KeyError."""
        return self.fields[self.number(name) - 1]

    def __getitem__(self, name: str) -> str:
        """The text of a field by its French name (``group["code régime"]``); KeyError."""
        return self.fields[GROUPS[self.id].number(name) - 1].decode("latin-1")

    def items(self) -> Iterator[tuple[FieldDescription, str]]:
        """What each field is and its text, in the order of the table."""
        texts = (value.decode("latin-1") for value in self.fields)
        return zip(GROUPS[self.id].fields, texts, strict=True)

    def replace(self, name: str, text: str) -> "Group":
        """The same group with one field changed; KeyError for no such field, SsvError for text beyond Latin-1."""
        number = self.number(name)
        changed = list(self.fields)
        changed[number - 1] = to_bytes(text, self.id, number)
        return Group(self.id, tuple(changed))

    @classmethod
    def of(cls, group: int, *texts: str, **named: str) -> "Group":
        """A group from the texts of its fields in order; missing trailing ones are empty.

        *named* takes fields by French name (``**{"code régime": "01"}``). KeyError for a name that the group has not,
        SsvError for whatever else the table does not know.
        """
        described = GROUPS.get(group)
        if described is None:
            raise SsvError("there is no such group", group=group)
        if len(texts) > len(described.fields):
            raise SsvError(f"{len(described.fields)} fields expected, {len(texts)} given", group=group)
        values = [*texts] + [""] * (len(described.fields) - len(texts))
        for name, text in named.items():
            values[described.number(name) - 1] = text
        return cls(group, tuple(to_bytes(text, group, number) for number, text in enumerate(values, 1)))


def to_bytes(text: str, group: int, number: int) -> bytes:
    """A field's bytes from its text, as :func:`bifente.codes.letters.latin` writes it; SsvError naming the letter."""
    try:
        return latin(text).encode("latin-1")
    except CodeError as error:
        raise SsvError(error.reason, group=group, field=number) from None


def _text(name: str, meaning: str = "") -> FieldDescription:
    return FieldDescription(name, FieldKind.TEXT, meaning=meaning)


def _date(name: str, meaning: str = "") -> FieldDescription:
    return FieldDescription(name, FieldKind.DATE, (12,), meaning=meaning)


def _code(name: str, *sizes: int, table: str | None = None, meaning: str = "") -> FieldDescription:
    return FieldDescription(name, FieldKind.CODE, sizes, table, meaning)


def _digits(name: str, *sizes: int, meaning: str = "") -> FieldDescription:
    return FieldDescription(name, FieldKind.DIGITS, sizes, meaning=meaning)


def _nir(name: str) -> FieldDescription:
    return FieldDescription(name, FieldKind.NIR, (13,))


def _key(name: str, *sizes: int) -> FieldDescription:
    return FieldDescription(name, FieldKind.KEY, sizes)


_BODY = "régime (2), caisse (3), centre (4); zeros: none"

_TABLE = (
    GroupDescription(
        1,
        "Titulaire de la carte de professionnel de santé",
        (
            _code("type de carte PS", 1, 2, table="G02"),
            _code("type d'identification nationale", 1, 2, table="G08"),
            _text("numéro d'identification nationale"),
            _key("clé du numéro d'identification nationale", 1),
            _code("code civilité", 1, 2, table="G03"),
            _text("nom du PS"),
            _text("prénom du PS"),
        ),
        1,
        "API SSV 4.03 (MedinTux): names; sizes synthetic",
    ),
    GroupDescription(
        2,
        "Situation de facturation",
        (
            FieldDescription("numéro logique de la situation", FieldKind.BINARY, (1,)),
            _code("mode d'exercice", 1, 2, table="G17"),
            _code("statut d'exercice", 1, 2, table="G14"),
            _code("secteur d'activité", 2, 3, 4, table="G19"),
            _code("type d'identification structure", 1, 2, table="G07"),
            _text("numéro d'identification structure"),
            _key("clé du numéro d'identification structure", 1),
            _text("raison sociale structure"),
            _digits("numéro d'identification de facturation du PS", 8),
            _key("clé du numéro d'identification de facturation du PS", 1),
            _text("numéro d'identification du PS remplaçant"),
            _key("clé du numéro d'identification du PS remplaçant", 1),
            _code("code conventionnel", 1, table="G101"),
            _code("code spécialité", 2, table="G100"),
            _code("code zone tarifaire", 2, table="G102"),
            _code("code zone IK", 1, 2, table="G103"),
            _code("code agrément 1", 1, 2, table="G104"),
            _code("code agrément 2", 1, 2, table="G104"),
            _code("code agrément 3", 1, 2, table="G104"),
            _code("habilitation à signer une facture", 1),
            _code("habilitation à signer un lot", 1),
        ),
        None,
        "API SSV 4.03 (MedinTux): names; sizes synthetic",
    ),
    GroupDescription(
        101,
        "Données assuré",
        (
            _code("type de carte Vitale", 1, table="TYPE_VITALE"),
            _digits("numéro de série de la carte", 8, 9),
            _date("date de fin de validité de la carte", "empty: no end"),
            _text("données administration RUF1"),
            _text("données administration RUF2"),
            _text("données administration RUF"),
            _code("type d'identification du porteur", 1, table="TYPE_PORTEUR"),
            _nir("NIR"),
            _key("clé NIR", 2),
            _code("code régime", 2, table="REGIME"),
            _digits("caisse gestionnaire", 3),
            _digits("centre gestionnaire", 4),
            _code("code gestion", 2),
            _text("RUF famille"),
        ),
        1,
    ),
    GroupDescription(
        102,
        "Service AMO famille",
        (
            _code("code service AMO famille", 1, 2, table="SERVICE_AMO"),
            _date("date de début du service AMO famille"),
            _date("date de fin du service AMO famille"),
        ),
        1,
    ),
    GroupDescription(
        103,
        "Accident du travail",
        (
            _digits("organisme gestionnaire du risque AT", 9, meaning=_BODY),
            _code("code BGDH", 2),
            _digits("identifiant AT", 1, 8),
            _digits("organisme gestionnaire AT1", 9, meaning=_BODY),
            _code("code BGDH AT1", 2),
            _digits("identifiant AT1", 1, 8),
            _digits("organisme gestionnaire AT2", 9, meaning=_BODY),
            _code("code BGDH AT2", 2),
            _digits("identifiant AT2", 1, 8),
        ),
        1,
    ),
    GroupDescription(
        104,
        "Bénéficiaire",
        (
            _text("nom usuel"),
            _text("nom patronymique"),
            _text("prénom"),
            _text("adresse ligne 1", "chez"),
            _text("adresse ligne 2", "résidence"),
            _text("adresse ligne 3", "voie"),
            _text("adresse ligne 4", "lieu-dit"),
            _text("adresse ligne 5", "code postal et localité"),
            _nir("NIR certifié"),
            _key("clé NIR certifié", 2),
            _date("date de certification du NIR", "zeros: not certified"),
            _date("date de naissance", "may be out of the calendar"),
            _digits("rang gémellaire", 1),
            _code("qualité", 1, table="QUALITE"),
            _code("code service AMO bénéficiaire", 1, 2, table="SERVICE_AMO"),
            _date("date de début du service AMO bénéficiaire"),
            _date("date de fin du service AMO bénéficiaire"),
            _text("RUF AMO bénéficiaire"),
        ),
        19,
    ),
    GroupDescription(
        105,
        "Période de droits AMO",
        (_date("date de début des droits AMO"), _date("date de fin des droits AMO", "empty: open")),
        3,
    ),
    GroupDescription(
        106,
        "Période de code couverture",
        (
            _date("date de début de couverture", "empty: open"),
            _date("date de fin de couverture", "empty: open"),
            _code("code ALD", 1, table="ALD"),
            _code("code situation", 4, table="SITUATION"),
        ),
        7,
    ),
    GroupDescription(
        107,
        "Données mutuelle",
        (
            _digits("identification mutuelle", 8),
            _code("garanties effectives", 8, meaning="eight times O (oui) or N (non)"),
            _code("indicateur de traitement mutuelle", 2, table="INDICATEUR_MUTUELLE"),
            _code("type de services associés"),
            _text("services associés au contrat"),
            _code("code aiguillage STS", 1, table="STS"),
        ),
        1,
    ),
    GroupDescription(
        108,
        "Période de droits mutuelle",
        (_date("date de début des droits mutuelle"), _date("date de fin des droits mutuelle")),
        3,
    ),
    GroupDescription(
        109,
        "Données AMC",
        (
            _text("numéro de complémentaire B2"),
            _text("numéro de complémentaire EDI"),
            _text("numéro d'adhérent AMC"),
            _code("indicateur de traitement AMC", 2, table="INDICATEUR_AMC"),
            _date("date de début de validité AMC"),
            _date("date de fin de validité AMC"),
            _code("code de routage du flux AMC", 2),
            _code("identifiant d'hôte", 3),
            _text("nom de domaine AMC"),
            _code("code aiguillage STS", 1, table="STS"),
            _code("type de services associés", 1),
            _text("services associés au contrat"),
        ),
        1,
    ),
    GroupDescription(
        111, "Zone commune complémentaire (RUF)", (_text("RUF bénéficiaire complémentaire"),), 1
    ),
)

GROUPS: Mapping[int, GroupDescription] = MappingProxyType({group.id: group for group in _TABLE})
