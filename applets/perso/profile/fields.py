"""The kinds of fields a profile has: what they take, and what they say when they do not take it."""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, JsonValue, SecretStr

from bifente.apdu.errors import ApduError
from bifente.apdu.reset.atr import Atr
from bifente.codes.errors import CodeError
from bifente.codes.gip import TABLES, known
from bifente.codes.letters import composed, latin, simplified
from bifente.codes.national_id import NationalId
from bifente.codes.nir import Nir
from bifente.crypto import rsa
from bifente.crypto.errors import CryptoError


class ProfileModel(BaseModel):
    """Part of a profile: nothing unknown in it, unchangeable, silent about its values in errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,  # 31 is a code as good as "31"; what has leading zeros is text already
        hide_input_in_errors=True,
        validate_default=False,
    )


def matching(pattern: str, expected: str) -> AfterValidator:
    """The text matches *pattern*, in which digits are those of ASCII; else *expected* says what was."""
    compiled = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(f"{expected} expected")
        return text

    return AfterValidator(check)


def at_most(size: int) -> AfterValidator:
    """Hexadecimal text of no more than *size* bytes."""

    def check(text: str) -> str:
        if len(text) > 2 * size:
            raise ValueError(f"at most {size} bytes expected, not {len(text) // 2}")
        return text

    return AfterValidator(check)


def letters(most: int) -> AfterValidator:
    """A text of no more than *most* letters."""

    def check(text: str) -> str:
        if len(text) > most:
            raise ValueError(f"at most {most} letters expected, not {len(text)}")
        return text

    return AfterValidator(check)


def simplified_texts(value: object) -> object:
    """The texts in a mapping or list as Latin-1 can hold them, where it can: œ is oe, ’ is ', accents are composed."""
    if isinstance(value, dict):
        return {key: simplified_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [simplified_texts(item) for item in value]
    return simplified(value) if isinstance(value, str) else value


def _latin(text: str) -> str:
    try:
        return latin(text)
    except CodeError as error:
        raise ValueError(f"a text of one line in Latin-1 expected: {error.reason}") from None


def _logical_number(value: object) -> object:
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 255:
        raise ValueError("a number from 0 to 255 expected")
    return number


def _atr(text: str) -> str:
    try:
        Atr.parse(bytes.fromhex(text))
    except ApduError as error:
        raise ValueError(f"not an ATR: {error}") from None
    return text


def in_table(table: str, size: int) -> AfterValidator:
    """The text is a code of a GIP table, brought to *size* characters. Tables known in part take unknown codes."""

    def check(text: str) -> str:
        code = text.zfill(size)
        if len(code) != size or not code.isascii() or not code.isalnum() or known(table, code) is False:
            raise ValueError(f"a code of table {table} expected: {', '.join(sorted(TABLES[table]))}")
        return code

    return AfterValidator(check)


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    text = str(value)
    if re.fullmatch(r"\d{8}", text, re.ASCII):
        text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else date(0, 0, 0)
    except ValueError:
        raise ValueError("a day of the calendar such as 2026-01-31 expected") from None


def _loose_date(value: object) -> object:
    """Twelve digits of what people write: AAAA-MM-JJ, AAAAMMJJ, AAAAMMJJhhmm, or nothing."""
    digits = re.sub(r"(?<=\d)[-:T ](?=\d)", "", "" if value is None else str(value))
    if digits and (not digits.isascii() or not digits.isdigit() or len(digits) not in (8, 12)):
        raise ValueError("a date such as 2026-01-31 or 202601310000 expected (or nothing)")
    return digits.ljust(12, "0") if digits else ""


def _content(value: object, key: str = "") -> object:
    """The value of a codec, whose codes and dates are texts: 10 is "10", 2026-01-31 is "20260131"."""
    if isinstance(value, dict):
        return {name: _content(item, str(name)) for name, item in value.items()}
    if isinstance(value, list):
        return [_content(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and key != "numero_logique":
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        return value.replace("-", "")
    return composed(value)


def _from_code(parse: Callable[[str], object]) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            return str(parse(text))
        except CodeError as error:
            raise ValueError(str(error)) from None

    return check


def _pin(least: int, most: int) -> AfterValidator:
    expected = f"{least} to {most}" if least != most else f"{least}"

    def check(secret: SecretStr) -> SecretStr:
        value = secret.get_secret_value()
        if not (value.isascii() and value.isdigit() and least <= len(value) <= most):
            raise ValueError(f"{expected} digits expected")
        return secret

    return AfterValidator(check)


def _key(secret: SecretStr) -> SecretStr:
    try:
        key = rsa.load_private_pem(secret.get_secret_value().encode())
    except CryptoError as error:
        raise ValueError(f"{error} (PEM, in the profile or in a file that it names)") from None
    if key.key_size != 2048 or key.public_key().public_numbers().e != rsa.PUBLIC_EXPONENT:
        raise ValueError("an RSA key of 2048 bits with e = 65537 expected")
    return secret


def _text(value: object) -> object:
    """Digits without quotes are text here, also for a secret."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, matching(r"[^\x00-\x1f\x7f]+", "a text of one line")]
LatinText = Annotated[
    str, AfterValidator(_latin), matching(r"[ -~\xa0-\xff]*", "a text of one line in Latin-1")
]
LogicalNumber = Annotated[int, BeforeValidator(_logical_number)]
"""That of an activity, one byte."""
Hexadecimal = Annotated[str, matching(r"([0-9A-Fa-f]{2})*", "pairs of hexadecimal digits")]
AtrHexadecimal = Annotated[Hexadecimal, AfterValidator(_atr)]
"""An answer to reset, 2 to 33 bytes with the TCK that belongs to them (ISO/IEC 7816-3:2006 §8.2)."""
Content = Annotated[dict[str, JsonValue], BeforeValidator(_content)]
"""The decoded content of a file, with the names that its codec gives to its parts."""
Day = Annotated[date, BeforeValidator(_day)]
"""A day of the calendar."""
LooseText = Annotated[str, BeforeValidator(_loose_date)]
"""A date of an SSV group: twelve digits, not necessarily in the calendar, or empty."""
PersonId = Annotated[str, AfterValidator(_from_code(NationalId.person))]
StructureId = Annotated[str, AfterValidator(_from_code(NationalId.structure))]
NirNumber = Annotated[str, AfterValidator(_from_code(lambda text: Nir.parse(text).number))]
NirKey = Annotated[str, matching(r"\d\d", "two digits")]
PinDigits = Annotated[SecretStr, BeforeValidator(_text), _pin(4, 8)]
PukDigits = Annotated[SecretStr, BeforeValidator(_text), _pin(8, 8)]
PrivateKeyPem = Annotated[SecretStr, AfterValidator(_key)]
