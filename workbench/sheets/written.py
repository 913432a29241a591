"""What a person writes down of a consultation: acts as words, and a whole sheet as a file of YAML or JSON.

An act is its code, perhaps a coefficient, and ``name=value``: ``AMI 4``, ``G fee=45.00 qualifier=D``, ``AMK 7.5 quantity=2
complement=F place=home``, ``HBLD138 association=2 teeth=11,12``. In short, as ``bifente fse price`` takes it: ``2xAMK*7.5+F``,
``HBLD036:1.0-F/2``. Amounts are euros with up to two decimals. What a file may say: the models below.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bifente.documents import DocumentError, JsonValue, read_text
from bifente.documents.values import Place, field_name
from bifente.documents.yamltext import MAX_SIZE, YamlDocument, parse_yaml, text_scalar
from bifente.workbench.errors import WorkbenchError

_EUROS = re.compile(r"(\d{1,6})(?:[.,](\d{1,2}))?")
_NGAP_IN_SHORT = re.compile(
    r"(?:(?P<quantity>[1-9]\d?)x)?(?P<code>[A-Z][A-Z0-9]{0,4})(?:\*(?P<coefficient>\d{1,4}(?:\.\d{1,2})?))?"
    r"(?:\+(?P<complement>[NFU]))?"
)
_CCAM_IN_SHORT = re.compile(
    r"(?P<code>[A-Z]{4}\d{3})(?::(?P<activity>[1-5])(?:\.(?P<phase>\d))?)?"
    r"(?:-(?P<modifiers>[A-Z0-9]{1,4}))?(?:/(?P<association>[1-5]))?"
)
_NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,2})?")
_PLACES: Final = {"practice": "0", "home": "1", "0": "0", "1": "1"}
_NOTHING: Final = ("", "null", "~")


def _cents(value: object) -> object:
    found = _EUROS.fullmatch(str(value)) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{str(value)[:20]!r} is not an amount in euros such as 45.00")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _decimal(value: object) -> object:
    try:
        return Decimal(str(value).replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"{str(value)[:20]!r} is not a coefficient") from None


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise ValueError(f"{str(value)[:20]!r} is not a day YYYY-MM-DD")
    return day


def _integer(value: object) -> object:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError(f"{text[:20]!r} is not a whole number")
    return int(text)


def _listed(value: object) -> object:
    """``F,P`` or ``FP`` of a text; a list is one."""
    if not isinstance(value, str):
        return value
    return tuple(value.split(",")) if "," in value else (value,)


def _signs(value: object) -> object:
    return tuple(value.replace(",", "")) if isinstance(value, str) else value


def _place(value: object) -> object:
    if value not in _PLACES:
        raise ValueError("practice or home")
    return _PLACES[str(value)]


def _truth(value: object) -> object:
    if value not in ("true", "false", True, False):
        raise ValueError("true or false")
    return value in ("true", True)


def _as_act(value: object) -> object:
    return fields_of_act(value) if isinstance(value, str) else value


Cents = Annotated[int, BeforeValidator(_cents)]
Coefficient = Annotated[Decimal, BeforeValidator(_decimal)]
WrittenDay = Annotated[date, BeforeValidator(_day)]
Whole = Annotated[int, BeforeValidator(_integer)]
Signs = Annotated[tuple[str, ...], BeforeValidator(_signs)]
Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Truth = Annotated[bool, BeforeValidator(_truth)]


class Written(BaseModel):
    """A part of what is written down; a name that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WrittenPrice(Written):
    """A price that is stated: the tariff must come to the same."""

    unit: Cents
    base: Cents
    rate: Whole
    amo: Cents
    amc: Cents = 0
    reduction: Cents = 0
    flat: Cents = 0
    exoneration: str = "0"
    participation: str = ""


class WrittenAct(Written):
    """An act. ``fee`` is what is charged for the whole line; without it the base of the tariff is."""

    code: str
    coefficient: Coefficient = Decimal(1)
    quantity: Whole = 1
    fee: Cents | None = None
    date: WrittenDay | None = None
    complement: str = ""
    qualifier: str = ""
    place: Annotated[str, BeforeValidator(_place)] = "0"
    exoneration: str = ""
    activity: str = "1"
    phase: str = "0"
    modifiers: Signs = ()
    association: str = ""
    documentary: str = ""
    teeth: Listed = ()
    grouping: str = ""
    price: WrittenPrice | None = None

    @property
    def technical(self) -> bool:
        """Whether the code is one of the CCAM."""
        return bool(re.fullmatch(r"[A-Z]{4}\d{3}", self.code))


class WrittenPrescriber(Written):
    """Who prescribed the acts, and when."""

    number: str
    speciality: str = ""
    rpps: str = ""
    name: str = ""
    date: WrittenDay | None = None


class WrittenAccident(Written):
    """An accident; with a number it is one of work (nature 41)."""

    date: WrittenDay
    number: str = ""


class WrittenComplementary(Written):
    """A complementary insurer, of an attestation."""

    number: str
    member: str = ""
    contract: str = ""
    routing: str = ""
    host: str = ""
    domain: str = ""


class WrittenThirdParty(Written):
    """Who pays in the patient's place; ``complementary: vitale`` is the one that the card names."""

    amo: Truth = False
    complementary: Literal["vitale"] | WrittenComplementary | None = None
    contract: str = ""


class WrittenPeriod(Written):
    """A period, open where an end is missing."""

    begin: WrittenDay | None = None
    end: WrittenDay | None = None


class WrittenInsured(Written):
    """The insured and the bénéficiaire, typed in where no Vitale is there."""

    nir: str
    key: str
    regime: str
    caisse: str
    centre: str
    management: str = ""
    name: str
    birth_name: str = ""
    given_name: str
    birth_date: WrittenDay
    birth_rank: str = "1"
    quality: str = "0"
    rights: WrittenPeriod | None = None
    situation: str = ""
    ald: str = "0"


class WrittenSheet(Written):
    """What is asked of a sheet. What is not said has its usual meaning, or is chosen by who makes it."""

    acts: tuple[Annotated[WrittenAct, BeforeValidator(_as_act)], ...] = ()
    number: Annotated[Whole, Field(ge=1)] = 1
    date: WrittenDay | None = None
    beneficiary: Annotated[Whole, Field(ge=1)] = 1
    situation: Whole | None = None
    nature: str = ""
    exoneration: str = "0"
    pathway: str = ""
    prescriber: WrittenPrescriber | None = None
    accident: WrittenAccident | None = None
    maternity: WrittenDay | None = None
    third_party: WrittenThirdParty = WrittenThirdParty()
    insured: WrittenInsured | None = None

    def with_acts(self, texts: tuple[str, ...]) -> "WrittenSheet":
        """This with more acts, each in words. Raises WorkbenchError."""
        more = tuple(act_of_words(text) for text in texts)
        return self.model_copy(update={"acts": (*self.acts, *more)})


def act_of_words(text: str) -> WrittenAct:
    """The act of ``AMI 4``, ``G fee=45.00``, ``2xAMK*7.5+F``, ``HBLD036:1.0-F/2``. Raises WorkbenchError."""
    try:
        return WrittenAct.model_validate(fields_of_act(text))
    except ValidationError as error:
        first = error.errors()[0]
        name, message = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = f"there is no such word; there are {', '.join(WrittenAct.model_fields)}"
        raise WorkbenchError(f"act {text[:40]!r}: {name}: {message}") from None
    except ValueError as error:
        raise WorkbenchError(str(error), hint=_HINT) from None


_HINT: Final = "as G, 'AMI 4', 'G fee=45.00', '2xAMK*7.5+F', HBLD138 or 'HBLD036:1.0-F/2 fee=60'"


def fields_of_act(text: str) -> dict[str, JsonValue]:
    """The fields of an act in words, as texts. Raises ValueError."""
    head, *rest = text.split() or [""]
    found = _CCAM_IN_SHORT.fullmatch(head) or _NGAP_IN_SHORT.fullmatch(head)
    if found is None:
        raise ValueError(f"act {text[:40]!r} does not begin with the code of an act")
    fields: dict[str, JsonValue] = {name: value for name, value in found.groupdict().items() if value}
    if rest and _NUMBER.fullmatch(rest[0]) and "coefficient" not in fields:
        fields["coefficient"] = rest.pop(0)
    for word in rest:
        name, sign, value = word.partition("=")
        if not sign or not value or name == "price":
            raise ValueError(f"act {text[:40]!r}: {word[:20]!r} is not name=value")
        if name in fields:
            raise ValueError(f"act {text[:40]!r} says its {name[:20]} twice")
        fields[name] = value
    return fields


def read_written(path: Path) -> WrittenSheet:
    """The sheet that is written down in a file of YAML or JSON. Raises DocumentError with the line, OSError."""
    document = parse_yaml(read_text(path, MAX_SIZE), str(path), plain=text_scalar)
    value = _without_nothing(document.value)
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        raise DocumentError(document.source, "members are expected, name: value", line=1)
    try:
        return WrittenSheet.model_validate(value)
    except ValidationError as error:
        raise _problem(document, error) from None


def _without_nothing(value: JsonValue) -> JsonValue:
    """Without members that say nothing."""
    if isinstance(value, Mapping):
        return {
            name: _without_nothing(item)
            for name, item in value.items()
            if not (item is None or (isinstance(item, str) and item in _NOTHING))
        }
    return [_without_nothing(item) for item in value] if isinstance(value, list) else value


def _problem(document: YamlDocument, error: ValidationError) -> DocumentError:
    """``acts.yaml:7: acts[2].fee: what is wrong``; items are counted from 1."""
    first = error.errors()[0]
    place: Place = tuple(part for part in first["loc"] if part not in _UNIONS)
    message = first["msg"].removeprefix("Value error, ")
    match first["type"]:
        case "missing":
            message, place = f"{place[-1]} is missing", place[:-1]
        case "model_type" | "model_attributes_type" | "dict_type":
            message = "members are expected, name: value"
        case "tuple_type":
            message = "a list is expected"
        case "extra_forbidden":
            message = "there is no such member"
    return DocumentError(document.source, message, line=document.line(place), field=field_name(place))


_UNIONS: Final = ("literal['vitale']", "WrittenComplementary")
"""What pydantic puts into the place of a member that may be one of several things."""


def options_over(
    written: WrittenSheet | None,
    *,
    acts: tuple[str, ...],
    plain: Mapping[str, str | int | None],
    prescriber: tuple[str | None, str | None],
    accident: tuple[str | None, str | None],
    amo: bool,
    amc: str | None,
) -> WrittenSheet:
    """*written* with what the options of a command say: acts are added, all else takes the place of what was there.

    *prescriber* is number and day, *accident* day and number, *amc* ``vitale`` or a number. Raises WorkbenchError.
    """
    members: dict[str, JsonValue] = {name: str(value) for name, value in plain.items() if value is not None}
    if prescriber[0] is not None:
        members["prescriber"] = _said(number=prescriber[0], date=prescriber[1])
    if accident[0] is not None:
        members["accident"] = _said(date=accident[0], number=accident[1])
    third_party: dict[str, JsonValue] = {}
    if amo:
        third_party["amo"] = "true"
    if amc is not None:
        third_party["complementary"] = amc if amc == "vitale" else {"number": amc}
    try:
        said = WrittenSheet.model_validate(members)
        paid = WrittenThirdParty.model_validate(third_party)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise WorkbenchError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    base = (written or WrittenSheet()).with_acts(acts)
    update = {name: getattr(said, name) for name in said.model_fields_set}
    if paid.model_fields_set:
        update["third_party"] = base.third_party.model_copy(
            update={name: getattr(paid, name) for name in paid.model_fields_set}
        )
    return base.model_copy(update=update)


def _said(**members: str | None) -> JsonValue:
    return {name: value for name, value in members.items() if value is not None}
