"""What is odd about the groups of a carte Vitale: reported, never refused.

Test cards and old cards hold wrong keys of certified NIRs, dates out of the calendar, codes that no public table knows.
Software that refused them could not read them; software that does not notice them bills wrongly.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum

from bifente.codes.dates import LooseDate
from bifente.codes.errors import CodeError
from bifente.codes.gip import known, label
from bifente.codes.nir import Nir
from bifente.slotted import dataclass
from bifente.ssv.groups import GROUPS, FieldDescription, FieldKind, Group
from bifente.ssv.people import PERIODS, Person, people, period


class FindingKind(Enum):
    """What sort of oddity."""

    NIR_KEY = "wrong NIR key"
    CERTIFIED_NIR_KEY = "wrong key of a certified NIR"
    NIR_SHAPE = "not a NIR"
    FICTITIOUS_NIR = "fictitious NIR"
    DATE = "date out of the calendar"
    NO_DATE = "not a date"
    PERIOD = "period that ends before it begins"
    CODE = "unknown code"
    SIZE = "unusual size"
    CONTROL = "control characters"
    TEST_CARD = "test marker"
    BOTH_COMPLEMENTARY = "mutuelle and AMC together"
    TOO_MANY = "more occurrences than the interface allows"
    NO_PERIOD = "neither rights nor coverage"


SSV_BOTH_COMPLEMENTARY = 0xF0F0
"""The code by which the SSV interface refuses a beneficiary with periods of a mutuelle and of an AMC."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``index`` is the place of the group among those given, from 0; ``field`` its field from 1 or None.

    The message names no person: neither a name nor a NIR stands in it.
    """

    kind: FindingKind
    index: int
    group: int
    field: int | None
    message: str
    ssv_code: int | None = None


def findings(groups: Sequence[Group]) -> list[Finding]:
    """All oddities of *groups*, in their order. Never raises for groups that were decoded."""
    found: list[Finding] = []
    for index, group in enumerate(groups):
        found += _of_fields(index, group)
        found += _of_nir(index, group)
        found += _of_periods(index, group)
        found += _of_markers(index, group)
    found += _of_beneficiaries(groups)
    return sorted(found, key=lambda finding: (finding.index, finding.field or 0))


def has_control(text: str) -> bool:
    """Control characters (C0, DEL, C1) stand in *text*: a screen that shows them as they are obeys them."""
    return _CONTROL.search(text) is not None


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NEVER_ENDS = "9" * 12


def unusual_end(groups: Sequence[Group]) -> str | None:
    """What the last beneficiary of a whole card has not that such cards mostly have; None when nothing is missing.

    The format has no total length, so a card that ends between two groups may be the beginning of a longer one, or a
    card like those few of the official test cards that end unusually.
    """
    persons = people(groups)
    if not persons:
        return None
    *others, last = [[group.id for group in person.body] for person in persons]
    if not {105, 106} & set(last):
        return "the last beneficiary has neither rights (105) nor coverage (106)"
    if 106 not in last:
        return "the last beneficiary has no coverage (106)"
    ends = {
        identifier: [group[PERIODS[identifier][1]] or _NEVER_ENDS for group in persons[-1].of(identifier)]
        for identifier in (105, 106)
    }
    if ends[105] and max(ends[106]) < max(ends[105]):
        return "the coverage (106) of the last beneficiary ends before the rights (105)"
    if last[-1] == 107:
        return "the last group is a mutuelle (107) without its period (108)"
    if others and all({107, 109} & set(one) for one in others) and not {107, 109} & set(last):
        return "the last beneficiary alone has neither mutuelle (107) nor AMC (109)"
    for identifier in (106, 108, 111):
        if others and last.count(identifier) < min(one.count(identifier) for one in others):
            return f"the last beneficiary has fewer groups {identifier} than each of the others"
    return None


def describe(group: Group) -> list[tuple[int, FieldDescription, str, str]]:
    """For a screen: number, description, text and explanation (label of a code, date in words) of each field."""
    return [
        (number, description, _shown(description, text), _explained(description, text))
        for number, (description, text) in enumerate(group.items(), 1)
    ]


def _shown(description: FieldDescription, text: str) -> str:
    return text.encode("latin-1").hex().upper() if description.kind is FieldKind.BINARY else text


def _explained(description: FieldDescription, text: str) -> str:
    if not text:
        return description.meaning
    if description.kind is FieldKind.DATE:
        try:
            return LooseDate(text).show()
        except CodeError:
            return "not a date"
    if description.table is not None:
        return label(description.table, text) or "unknown code"
    if description.kind is FieldKind.NIR:
        try:
            return Nir.parse(text).kind.value
        except CodeError:
            return "not a NIR"
    return description.meaning


def _of_fields(index: int, group: Group) -> Iterator[Finding]:
    for number, (description, text) in enumerate(group.items(), 1):
        if not text:
            continue
        if description.sizes and len(text) not in description.sizes:
            sizes = " or ".join(map(str, description.sizes))
            yield Finding(
                FindingKind.SIZE,
                index,
                group.id,
                number,
                f"{description.name}: {sizes} characters are usual, not {len(text)}",
            )
        if description.kind is not FieldKind.BINARY and has_control(text):
            yield Finding(
                FindingKind.CONTROL,
                index,
                group.id,
                number,
                f"{description.name}: control characters in a text{_meant(text)}",
            )
        if description.table is not None and known(description.table, text) is False:
            yield Finding(
                FindingKind.CODE,
                index,
                group.id,
                number,
                f"{description.name}: {text!r} is in no public table",
            )
        if description.kind is FieldKind.DATE:
            yield from _of_date(index, group.id, number, description.name, text)


def _meant(text: str) -> str:
    """Which letters the control characters of *text* are in Windows-1252, which some software writes as Latin-1."""
    meant = []
    for control in dict.fromkeys(_CONTROL.findall(text)):
        try:
            letter = control.encode("latin-1").decode("windows-1252")
        except UnicodeDecodeError:
            continue
        if letter.isprintable() and letter != control:
            meant.append(f"{ord(control):02X} is {letter}")
    return f" ({', '.join(meant)} in Windows-1252)" if meant else ""


def _of_date(index: int, group: int, number: int, name: str, text: str) -> Iterator[Finding]:
    try:
        loose = LooseDate(text)
    except CodeError:
        yield Finding(FindingKind.NO_DATE, index, group, number, f"{name}: no date of twelve digits")
        return
    if not loose.unset and loose.calendar() is None:
        yield Finding(FindingKind.DATE, index, group, number, f"{name}: not a day of the calendar")


_NIR_FIELDS = {
    101: ("NIR", "clé NIR", FindingKind.NIR_KEY),
    104: ("NIR certifié", "clé NIR certifié", FindingKind.CERTIFIED_NIR_KEY),
}


def _of_nir(index: int, group: Group) -> Iterator[Finding]:
    if group.id not in _NIR_FIELDS:
        return
    name, key_name, kind = _NIR_FIELDS[group.id]
    text, key = group[name], group[key_name]
    if not text and group.id == 104:
        return
    number = group.number(name)
    try:
        nir = Nir(text, key)
    except CodeError as error:
        yield Finding(FindingKind.NIR_SHAPE, index, group.id, number, f"{name}: {error}")
        return
    if not nir.check_key():
        yield Finding(
            kind,
            index,
            group.id,
            group.number(key_name),
            f"{name}: the key is {key or 'missing'}, {nir.compute_key()} fits",
        )
    if nir.fictitious:
        yield Finding(
            FindingKind.FICTITIOUS_NIR,
            index,
            group.id,
            number,
            f"{name}: month {nir.month} is never assigned",
        )


def _of_periods(index: int, group: Group) -> Iterator[Finding]:
    if group.id not in PERIODS:
        return
    try:
        backwards = period(group).backwards
    except CodeError:
        return
    if backwards:
        end = group.number(PERIODS[group.id][1])
        yield Finding(FindingKind.PERIOD, index, group.id, end, "the period ends before it begins")


_TEST_CAISSES = {"349": "caisse 349 is the CNDA's", "999": "caisse 999 is the GIE SESAM-Vitale's"}


def _of_markers(index: int, group: Group) -> Iterator[Finding]:
    if group.id != 101:
        return

    def marker(name: str, message: str) -> Finding:
        return Finding(FindingKind.TEST_CARD, index, 101, group.number(name), message)

    if group["type de carte Vitale"] == "T":
        yield marker("type de carte Vitale", "the type of the card says test")
    caisse = group["caisse gestionnaire"]
    if caisse == "349" or (caisse == "999" and group["code régime"] == "01"):
        yield marker("caisse gestionnaire", _TEST_CAISSES[caisse])
    if group["centre gestionnaire"] == "0349":
        yield marker("centre gestionnaire", "centre 0349 is the CNDA's")


def _of_beneficiaries(groups: Sequence[Group]) -> Iterator[Finding]:
    heads = [group.id for group in groups]
    starts = [index for index, identifier in enumerate(heads) if identifier == 104]
    for start, person in zip(starts, people(groups), strict=True):
        yield from _of_beneficiary(start, person)
    for identifier in (101, 102, 103):
        if heads.count(identifier) > 1:
            yield _too_many(heads.index(identifier), identifier, heads.count(identifier), 1)


def _of_beneficiary(start: int, person: Person) -> Iterator[Finding]:
    counts = Counter(group.id for group in person.body)
    for identifier, count in counts.items():
        limit = GROUPS[identifier].at_most
        if limit is not None and identifier > 104 and count > limit:
            yield _too_many(start, identifier, count, limit)
    if 105 not in counts and 106 not in counts:
        message = "the beneficiary has neither rights (105) nor coverage (106)"
        yield Finding(FindingKind.NO_PERIOD, start, 104, None, message)
    if 107 in counts and 109 in counts:
        yield Finding(
            FindingKind.BOTH_COMPLEMENTARY,
            start,
            104,
            None,
            "a mutuelle (107) and an AMC (109): the SSV interface answers F0F0",
            SSV_BOTH_COMPLEMENTARY,
        )


def _too_many(index: int, identifier: int, count: int, limit: int) -> Finding:
    return Finding(FindingKind.TOO_MANY, index, identifier, None, f"{count} times, {limit} are usual")
