"""What a field must hold, by its declaration: one function for each field that says what is wrong with its characters."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from bifente.codes.errors import CodeError
from bifente.codes.luhn import luhn_valid
from bifente.codes.nir import Nir
from bifente.fse.b2.check.quick import KnownRight, QuickLook
from bifente.fse.b2.check.rules import RULES, B2Finding
from bifente.fse.b2.codelists import OPEN_LISTS
from bifente.fse.b2.fields import B2Field, Use, day_of
from bifente.fse.b2.letters import named, unwritable
from bifente.fse.b2.record import B2Row

Wrong = tuple[str, str]
"""The name of a rule, and what is wrong."""


class FieldChecks:
    """The fields of the records that come by: a quick look at all, and one field after the other where that leaves a doubt."""

    def __init__(self) -> None:
        self._known = KnownRight()
        self._looks: dict[str, QuickLook] = {}

    def findings(self, row: B2Row) -> Iterable[B2Finding]:
        """What is wrong with the fields of *row*, one by one, and with the keys that two of them make."""
        look = self._looks.get(row.name)
        if look is None:
            look = self._looks[row.name] = QuickLook(row.record, self._known)
        return () if look.is_right(row.raw.decode("latin-1")) else field_findings(row)


def field_findings(row: B2Row) -> Iterator[B2Finding]:
    """The same without a quick look."""
    text = row.raw.decode("latin-1")
    for field in row.record.fields:
        content = text[field.first - 1 : field.last]
        wrong = wrong_field(field, content)
        if wrong is not None:
            yield about(row, field, content, *wrong)
    yield from _nir_keys(row)


def about(row: B2Row, field: B2Field, content: str, rule: str, message: str) -> B2Finding:
    """A finding about one field; its offset is that of the field."""
    return B2Finding(
        RULES[rule],
        message,
        row.number,
        row.name,
        row.offset + field.first - 1,
        field.name,
        field.columns,
        content,
    )


def wrong_field(field: B2Field, text: str) -> Wrong | None:
    """The first rule that the characters of a field break; None when they keep all."""
    if field.fixed is not None:
        return None if text == field.filling else ("fixed", f"{field.filling!r} always stands here")
    if field.use is Use.BLANK:
        return None if not text.strip(" 0" if field.numeric else " ") else ("blank", "columns without a use")
    if field.use is Use.RESERVED:
        return _characters(text)
    wrong = _numeric(field, text) if field.numeric else _alphanumeric(field, text)
    if wrong is not None:
        return wrong
    if field.codes:
        return _code(field, text)
    check = _BY_USE.get(field.use)
    return None if check is None else check(field, text)


def _characters(text: str) -> Wrong | None:
    letter = unwritable(text)
    if letter is None:
        letter = next((one for one in text if "a" <= one <= "z"), None)
    return None if letter is None else ("characters", f"the character {named(letter)}")


def _numeric(field: B2Field, text: str) -> Wrong | None:
    if text.isascii() and text.isdecimal():
        return None
    if not text.strip(" "):
        mandatory = field.presence == "O" and not field.may_be_blank
        return ("mandatory", f"{field.label}: mandatory, and empty") if mandatory else None
    return "numeric", f"{text!r} is not made of digits"


def _alphanumeric(field: B2Field, text: str) -> Wrong | None:
    wrong = _characters(text)
    if wrong is not None:
        return wrong
    if not text.strip(" "):
        mandatory = field.presence == "O" and not field.may_be_blank and "" not in field.labels
        return ("mandatory", f"{field.label}: mandatory, and empty") if mandatory else None
    return ("left-aligned", "begins with a space") if text[0] == " " else None


def _code(field: B2Field, text: str) -> Wrong | None:
    code = text.strip(" ")
    if code in field.labels or (field.presence != "O" and not code.strip("0")):
        return None
    if field.codes in OPEN_LISTS:
        return (
            ("unlisted-code", f"{field.label}: {code!r} is not among the codes that public sources print")
            if code
            else None
        )
    listed = ", ".join(one or "blank" for one in field.labels)
    return "code", f"{field.label}: {code!r} is not one of {listed}"


def _date(field: B2Field, text: str) -> Wrong | None:
    if not text.strip(" 0"):
        mandatory = field.presence == "O" and not field.may_be_blank
        return ("date", f"{field.label}: mandatory, and no date") if mandatory else None
    return None if day_of(text) is not None else ("date", f"{text!r} is not a day of the calendar (AAMMJJ)")


def _birth(_: B2Field, text: str) -> Wrong | None:
    """A date of birth may be in no calendar: only that it is one is asked."""
    return None if text.isascii() and text.isdecimal() else ("date", f"{text!r} is not AAMMJJ")


def _hour(_: B2Field, text: str) -> Wrong | None:
    hour, minute = text[:2], text[2:] or "00"
    if not text.strip(" "):
        return None
    return None if int(hour) <= 24 and int(minute) < 60 else ("hour", f"{text!r} is not an hour of the day")


def _nir(field: B2Field, text: str) -> Wrong | None:
    if field.presence != "O" and not text.strip(" 0"):
        return None
    try:
        Nir(text.strip(" "))
    except CodeError as error:
        return "nir", str(error)
    return None


def _professional(field: B2Field, text: str) -> Wrong | None:
    number = text.strip(" ")
    if not number.strip("0"):
        return ("mandatory", f"{field.label}: mandatory, and 0") if field.required else None
    if not number.isdecimal() or number.startswith(
        ("2001", "2002")
    ):  # Corsica: the key was made with the letter
        return None
    return None if luhn_valid(number) else ("ps-key", f"{number} does not end with its key")


def _rpps(_: B2Field, text: str) -> Wrong | None:
    number = text.strip(" ")
    if not number.strip("0") or luhn_valid(number):
        return None
    return "rpps-key", f"{number} does not end with its key"


def _siret(_: B2Field, text: str) -> Wrong | None:
    number = text.strip(" ")
    if not number.strip("0") or luhn_valid(number):
        return None
    return "siret-key", f"{number!r} does not end with its key"


_BY_USE: Final[dict[Use, Callable[[B2Field, str], Wrong | None]]] = {
    Use.DAY: _date,
    Use.BIRTH: _birth,
    Use.HOUR: _hour,
    Use.MINUTE: _hour,
    Use.NIR: _nir,
    Use.PROFESSIONAL: _professional,
    Use.RPPS: _rpps,
    Use.SIRET: _siret,
}


def _nir_keys(row: B2Row) -> Iterator[B2Finding]:
    for number, key in (("nir", "cle_nir"), ("nir_individuel", "cle_individuel")):
        if number not in row.record:
            continue
        nir, found = row.text(number).strip(" "), row.text(key)
        try:
            expected = Nir(nir).compute_key()
        except CodeError:
            continue  # said of the number itself
        if expected is not None and found != expected:
            yield about(
                row, row.record[key], found, "nir-key", f"the key of {nir} is {expected}, not {found!r}"
            )
