"""RPPS, ADELI, FINESS and the national identifiers around them; the Luhn key under all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.codes.adeli import Adeli
from bifente.codes.errors import CodeError
from bifente.codes.finess import Finess
from bifente.codes.luhn import luhn_key, luhn_valid
from bifente.codes.national_id import NationalId
from bifente.codes.rpps import Rpps

DIGITS = st.text("0123456789", min_size=1, max_size=24)


@pytest.mark.parametrize(
    ("digits", "key"), [("7992739871", "3"), ("0", "0"), ("99100001", "9"), ("80250000010000000", "3")]
)
def test_known_luhn_keys(digits: str, key: str) -> None:
    assert luhn_key(digits) == key
    assert luhn_valid(digits + key)


@given(DIGITS, st.data())
def test_luhn_sees_each_single_digit_error(digits: str, data: st.DataObject) -> None:
    number = digits + luhn_key(digits)
    assert luhn_valid(number)
    at = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[at]]))
    assert not luhn_valid(number[:at] + other + number[at + 1 :])


@pytest.mark.parametrize("text", ["", "1", "12A", "١٢", "1 8"])
def test_what_is_no_number_has_no_luhn_key(text: str) -> None:
    assert not luhn_valid(text)
    if text != "1":
        with pytest.raises(CodeError):
            luhn_key(text)


def test_rpps() -> None:
    number = Rpps.with_key("9970000001")
    assert number.check_key()
    assert len(number.number) == 11
    assert Rpps.parse(f"{number.number[:5]} {number.number[5:]}") == number
    wrong = number.number[:-1] + str((int(number.number[-1]) + 1) % 10)
    assert not Rpps(wrong).check_key()


@pytest.mark.parametrize("text", ["", "9970000001", "997000000012", "9970000001A", "９9700000017"])
def test_rpps_of_another_shape(text: str) -> None:
    with pytest.raises(CodeError, match="RPPS"):
        Rpps.parse(text)


def test_adeli() -> None:
    number = Adeli.with_key("99100001")
    assert number.number == "991000019"
    assert number.check_key() is True
    assert (number.department, number.profession) == ("99", "1")
    assert Adeli("991000018").check_key() is False
    assert Adeli.parse("00b607760").check_key() is None


@pytest.mark.parametrize("text", ["", "99100001", "9910000190", "99100001-", "99100001é"])
def test_adeli_of_another_shape(text: str) -> None:
    with pytest.raises(CodeError, match="ADELI"):
        Adeli.parse(text)


# Public numbers of hospitals: they carry the rule, Corsica's letter included.
@pytest.mark.parametrize("number", ["750100125", "750712184", "2A0000014", "2B0000020"])
def test_finess_of_published_establishments(number: str) -> None:
    assert Finess(number).check_key()
    assert Finess.with_key(number[:8]).number == number
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert not Finess(wrong).check_key()


def test_finess_departments() -> None:
    assert Finess("2A0000014").department == "2A"
    assert Finess("970000001").department == "970"
    assert Finess("750100125").department == "75"


@pytest.mark.parametrize("text", ["", "75010012", "7501001250", "2C0000014", "A50100125", "75010012A"])
def test_finess_of_another_shape(text: str) -> None:
    with pytest.raises(CodeError, match="FINESS"):
        Finess.parse(text)


def test_identifiers_of_persons() -> None:
    rpps = NationalId.person("8" + Rpps.with_key("9970000001").number)
    assert (rpps.kind, rpps.label, rpps.check_key()) == ("8", "RPPS", True)
    adeli = NationalId.person("0991000019")
    assert (adeli.label, adeli.check_key()) == ("ADELI", True)
    assert NationalId.person("0991000018").check_key() is False
    assert NationalId.person("00B6077602").check_key() is None
    student = NationalId.person("9ETU0001")
    assert (student.label, student.check_key()) == ("Étudiant", None)


def test_identifiers_of_employees_name_their_structure() -> None:
    employee = NationalId.person("1750100125/CPET0001")
    assert (employee.kind, employee.value, employee.internal) == ("1", "750100125", "CPET0001")
    assert (employee.table, employee.label, employee.check_key()) == ("G07", "FINESS", True)
    registered = NationalId.person("3750100125/0001")
    assert (registered.table, registered.label, registered.check_key()) == ("G08", "FINESS/registre", None)


def test_identifiers_of_structures() -> None:
    finess = NationalId.structure("1750100125")
    assert (finess.label, finess.check_key()) == ("FINESS", True)
    assert NationalId.structure("373282932000074").check_key() is True
    assert NationalId.structure("373282932000075").check_key() is False
    assert NationalId.structure("499700000001101").check_key() is None


@given(st.from_regex(r"8[0-9]{11}|0[0-9A-Z]{9}|1[0-9]{9}/[A-Z0-9]{1,8}", fullmatch=True))
def test_an_identifier_of_a_person_comes_back(text: str) -> None:
    assert str(NationalId.person(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "8", "89970000001", "X99700000017", "8 9970000001", "899700000017/", "/CPET0001", "89970000001é"],
)
def test_no_identifier_of_a_person(text: str) -> None:
    with pytest.raises(CodeError):
        NationalId.person(text)


@pytest.mark.parametrize("text", ["", "1", "175010012", "1750100125/1", "9750100125", "6750100125"])
def test_no_identifier_of_a_structure(text: str) -> None:
    with pytest.raises(CodeError):
        NationalId.structure(text)


@given(st.text(max_size=20))
def test_garbage_gives_the_packages_error_only_for_identifiers(text: str) -> None:
    for read in (NationalId.person, NationalId.structure, Rpps.parse, Adeli.parse, Finess.parse):
        try:
            value = read(text)
        except CodeError:
            continue
        assert read(str(value)) == value
