"""The NIR: shape, key, fields and kinds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.codes.errors import CodeError
from bifente.codes.nir import Nir, NirKind

DIGITS = st.text("0123456789", min_size=1, max_size=1)
METROPOLITAN = st.from_regex(r"[1-8][0-9]{12}", fullmatch=True)
CORSICAN = st.from_regex(r"[1-8][0-9]{4}2[AB][0-9]{6}", fullmatch=True)

# (number, key): the first two stand on the official fictitious cards, the others were worked out by hand.
KNOWN = [
    ("1421962965165", "96"),
    ("1511962965175", "33"),
    ("2501962643002", "68"),
    ("1801913055014", f"{97 - 1801913055014 % 97:02d}"),
    ("180192A004001", f"{97 - (1801920004001 - 1000000) % 97:02d}"),
    ("280192B033002", f"{97 - (2801920033002 - 2000000) % 97:02d}"),
]


@pytest.mark.parametrize(("number", "key"), KNOWN)
def test_the_key_of_known_numbers(number: str, key: str) -> None:
    assert Nir.parse(number).compute_key() == key
    assert Nir(number, key).check_key()
    assert Nir.with_key(number) == Nir(number, key)


@given(CORSICAN)
def test_both_rules_for_corsica_give_the_same_key(number: str) -> None:
    zeroed = int(number.replace("A", "0").replace("B", "0"))
    subtracted = zeroed - (1_000_000 if number[6] == "A" else 2_000_000)
    assert Nir(number).compute_key() == f"{97 - subtracted % 97:02d}"


@given(METROPOLITAN | CORSICAN)
def test_a_right_key_is_found_right_and_any_other_wrong(number: str) -> None:
    nir = Nir.with_key(number)
    assert nir.check_key()
    assert Nir.parse(str(nir)) == nir
    assert Nir.parse(nir.show()) == nir
    for other in range(100):
        if f"{other:02d}" != nir.key:
            assert not Nir(number, f"{other:02d}").check_key()


def test_a_wrong_key_is_kept_and_reported() -> None:
    nir = Nir.parse("1 42 19 62 965 165 97")
    assert nir.key == "97"
    assert not nir.check_key()


def test_without_a_key_there_is_nothing_right() -> None:
    assert not Nir.parse("1421962965165").check_key()


def test_the_fields() -> None:
    nir = Nir.parse("1421962965165")
    assert (nir.sex, nir.year, nir.month, nir.department, nir.commune, nir.order) == (
        "1",
        "42",
        19,
        "62",
        "965",
        "165",
    )
    overseas = Nir.parse("2 80 13 974 11 001")
    assert (overseas.department, overseas.commune, overseas.order) == ("974", "11", "001")
    assert Nir.parse("180192a004001").department == "2A"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("1421962965165", NirKind.NORMAL),
        ("2421962965165", NirKind.NORMAL),
        ("3421962965165", NirKind.REGISTERING),
        ("4421962965165", NirKind.REGISTERING),
        ("5421962965165", NirKind.MIGRANT),
        ("6421962965165", NirKind.MIGRANT),
        ("5555550000001", NirKind.MSA),
        ("7421962965165", NirKind.PROVISIONAL),
        ("8421962965165", NirKind.PROVISIONAL),
        ("A555555349333", NirKind.ANONYMOUS),
    ],
)
def test_the_kinds(number: str, kind: NirKind) -> None:
    assert Nir.parse(number).kind is kind


def test_an_anonymous_number_has_no_key_of_its_own() -> None:
    nir = Nir.parse("A 55 55 55 349 333")
    assert nir.compute_key() is None
    assert Nir(nir.number, "42").check_key()
    assert not nir.fictitious
    with pytest.raises(CodeError):
        Nir.with_key(nir.number)


@pytest.mark.parametrize(
    ("month", "fictitious"), [(1, False), (12, False), (13, True), (19, True), (20, False), (99, False)]
)
def test_months_13_to_19_are_nobody(month: int, fictitious: bool) -> None:
    assert Nir(f"142{month:02d}62965165").fictitious is fictitious


@pytest.mark.parametrize(
    "text",
    [
        "",
        "142196296516",
        "14219629651659",
        "1421962965165960",
        "0421962965165",
        "9421962965165",
        "142192C965165",
        "1421962A65165",
        "B555555349333",
        "14219629651659X",
        "１421962965165",
        "142196296516²",
    ],
)
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(CodeError) as refused:
        Nir.parse(text)
    assert refused.value.identifier == "NIR"
    assert not text or text not in str(refused.value)


@given(st.text(max_size=20))
def test_garbage_gives_the_packages_error_only(text: str) -> None:
    try:
        nir = Nir.parse(text)
    except CodeError:
        return
    assert Nir.parse(str(nir)) == nir


def test_the_official_cards(virtual_cards: list) -> None:
    from bifente.ssv import wire

    for path in virtual_cards:
        card = wire.decode_card(path.read_bytes())
        assert Nir(card[0]["NIR"], card[0]["clé NIR"]).check_key(), path.name
