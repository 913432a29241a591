"""Records written and read: alignment, letters, refusals with the field named, and the round trip."""

from datetime import date
from decimal import Decimal

import pytest
from anyb2 import any_values
from hypothesis import given
from hypothesis import strategies as st

from bifente.fse.b2 import RECORDS, B2Error, B2Given, B2Value, B2ValueError, build_row, find_record
from bifente.fse.b2.letters import capitals

ALL = [record for records in RECORDS.values() for record in records]
ACT = find_record("PS", "4")
HEAD: dict[str, B2Given] = {
    "numero_ps": "991000019",
    "nir": "2851975999001",
    "cle_nir": "30",
    "numero_facture": 123,
}


@given(st.sampled_from(ALL).flatmap(lambda one: st.tuples(st.just(one), any_values(one))))
def test_any_values_come_back(drawn: tuple[object, dict[str, B2Value]]) -> None:
    record, values = drawn
    assert record in ALL
    raw = record.build(values)  # type: ignore[attr-defined]
    assert len(raw) == 128
    assert raw.isascii()
    assert record.parse(raw) == values  # type: ignore[attr-defined]


def test_numbers_to_the_right_letters_to_the_left() -> None:
    row = build_row(
        "PS",
        "4M",
        **HEAD,
        sequence=1,
        code_acte="hbld038",
        activite="1",
        phase="0",
        association="1",
    )
    text = row.raw.decode()
    assert text[26:36] == "000000123M"
    assert text[36:38] == "01"
    assert text[42:55] == "HBLD038      "
    assert row["code_acte"] == "HBLD038"


def act(**values: B2Given) -> dict[str, B2Given]:
    """The values of a whole record 4, some of them other ones."""
    whole = {
        **HEAD,
        "accord": "9",
        "executant": "991000019",
        "date_acte": date(2025, 3, 10),
        "code_acte": "G",
        "quantite": 1,
        "coefficient": Decimal("1.5"),
        "denombrement": 1,
        "prix_unitaire": 3000,
        "base": 3000,
        "taux": 70,
        "montant_amo": 2100,
        "montant": 3000,
        "lieu": "0",
    }
    return {**whole, **values}


def test_days_cents_and_coefficients() -> None:
    text = ACT.build(act()).decode()
    assert text[67:73] == "250310"
    assert text[80:86] == "000150"
    assert text[88:95] == "0003000"
    assert text[121:128] == "0000000"
    values = ACT.parse(text.encode())
    assert values["coefficient"] == Decimal("1.50")
    assert values["montant_amc"] == 0


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("montant", 10**7, "columns 113–119.*'10000000' is longer than 7 digits"),
        ("montant", -1, "columns 113–119.*-1 is negative"),
        ("montant", "12,50", "columns 113–119.*'12,50' is not made of digits"),
        ("montant", "²", "columns 113–119.*not made of digits"),
        ("montant", Decimal("12.5"), "not a whole number"),
        ("montant", True, "not a whole number"),
        ("montant", date(2025, 3, 10), "a day, which does not belong here"),
        ("coefficient", Decimal("1.005"), "columns 81–86.*more than 2 decimals"),
        ("coefficient", Decimal(10000), "does not fit into 6 digits"),
        ("coefficient", Decimal("NaN"), "columns 81–86"),
        ("coefficient", "1.5", "not a coefficient"),
        ("coefficient", True, "not a coefficient"),
        ("code_acte", "ABCDEF", "columns 74–78.*'ABCDEF' is longer than 5 characters"),
        ("code_acte", "ЖG", "the character 'Ж' .CYRILLIC CAPITAL LETTER ZHE. cannot be written"),
        ("code_acte", "G\n", "U\\+000A cannot be written"),
        ("code_acte", " G", "begins with a space"),
        ("code_acte", "", "columns 74–78.*mandatory, and no value is given"),
        ("montant", None, "columns 113–119.*mandatory, and no value is given"),
        ("coefficient", None, "columns 81–86.*mandatory, and no value is given"),
        ("numero_facture", 10**9, "columns 27–35"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(name: str, value: B2Given, why: str) -> None:
    with pytest.raises(B2ValueError, match=why) as refused:
        ACT.build(act(**{name: value}))
    assert (refused.value.record, refused.value.field) == ("4", name)


def test_a_mandatory_value_that_misses_and_a_name_that_is_not_known() -> None:
    values = act()
    del values["code_acte"]
    with pytest.raises(B2ValueError, match=r"record 4, field code_acte .*mandatory"):
        ACT.build(values)
    with pytest.raises(B2Error, match="record 4 has no field 'montan'"):
        ACT.build(act(montan=1))
    with pytest.raises(B2ValueError, match="'B2' always stands here"):
        build_row("PS", "000", version_norme="B3")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Noël Œuvrard", "NOEL OEUVRARD"),
        ("Straße d’Aÿ", "STRASSE D'AY"),
        ("Ærøskøbing – Łódź", "AEROSKOBING - LODZ"),
        ("Mère\u00a0Thérèse", "MERE THERESE"),
    ],
)
def test_accents_go_and_ligatures_open(written: str, expected: str) -> None:
    assert capitals(written) == expected


def test_a_record_of_another_length_is_refused() -> None:
    for raw in (b"", bytes(127), bytes(129)):
        with pytest.raises(B2Error, match=f"a record of {len(raw)} bytes, not 128"):
            ACT.parse(raw)


@given(st.sampled_from(ALL), st.binary(min_size=128, max_size=128))
def test_any_bytes_have_values(record: object, raw: bytes) -> None:
    values = record.parse(raw)  # type: ignore[attr-defined]
    assert all(isinstance(value, str | int | Decimal) for value in values.values())


def test_a_row_with_other_values() -> None:
    row = build_row("PS", "4", **act())
    changed = row.changed(montant=5000)
    assert changed["montant"] == 5000
    assert changed["base"] == row["base"]
    assert row["montant"] == 3000
