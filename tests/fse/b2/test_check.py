"""The validator: each rule broken once, valid files without a finding, and nothing that makes it stop."""

from collections.abc import Callable
from datetime import date

import pytest
from anyb2 import DAY, act, file_of, hospital_rows, invoice, lot
from hypothesis import given
from hypothesis import strategies as st

from bifente.fse.b2 import B2Line, B2Row, build_row, read_rows, write_file
from bifente.fse.b2.check import RULES, B2Finding, check
from bifente.fse.b2.check.fields import field_findings
from bifente.fse.b2.check.quick import KnownRight, QuickLook


def professional_rows() -> list[B2Row]:
    """Two lots, three invoices, four acts, one of them of the CCAM."""
    detail = build_row(
        "PS",
        "4M",
        numero_ps="991000019",
        nir="2851975999001",
        cle_nir="30",
        numero_facture=3,
        sequence=1,
        code_acte="HBLD038",
        activite="1",
        modificateur_1="7",
        association="1",
    )
    ccam = B2Line(act(3, code="ADC").row, (detail,))
    return list(
        file_of(lot(1, invoice(1), invoice(2, act(2), act(2, code="IK"))), lot(2, invoice(3, ccam))).rows()
    )


def found(content: bytes) -> list[B2Finding]:
    return list(check(content))


def broken(content: bytes) -> set[str]:
    return {one.rule.name for one in found(content)}


@pytest.mark.parametrize("rows", [professional_rows, hospital_rows])
def test_a_valid_file_has_no_finding(rows: Callable[[], list[B2Row]]) -> None:
    assert found(write_file(rows())) == []


PS, CP = professional_rows, hospital_rows
Spoil = Callable[[bytes], bytes]


def at(number: int, column: int, text: str) -> Spoil:
    """Write *text* into record *number* from *column* on."""

    def spoil(content: bytes) -> bytes:
        place = (number - 1) * 128 + column - 1
        return content[:place] + text.encode("latin-1") + content[place + len(text) :]

    return spoil


def without(number: int) -> Spoil:
    """Take record *number* out."""
    return lambda content: content[: (number - 1) * 128] + content[number * 128 :]


def again(number: int, times: int = 1, *, change: Callable[[int, bytes], bytes] | None = None) -> Spoil:
    """Record *number* more often, each time changed."""

    def spoil(content: bytes) -> bytes:
        row = content[(number - 1) * 128 : number * 128]
        more = b"".join(change(one, row) if change else row for one in range(times))
        return content[: number * 128] + more + content[number * 128 :]

    return spoil


def numbered(one: int, row: bytes) -> bytes:
    """The row with another sequence in 37–38."""
    return row[:36] + b"%02d" % (one + 2) + row[38:]


def lines(end: bytes) -> Spoil:
    return lambda content: b"".join(content[n : n + 128] + end for n in range(0, len(content), 128))


def swapped(first: int, second: int) -> Spoil:
    def spoil(content: bytes) -> bytes:
        rows = [content[n : n + 128] for n in range(0, len(content), 128)]
        rows[first - 1], rows[second - 1] = rows[second - 1], rows[first - 1]
        return b"".join(rows)

    return spoil


def both(*spoils: Spoil) -> Spoil:
    def spoil(content: bytes) -> bytes:
        for one in spoils:
            content = one(content)
        return content

    return spoil


def at_byte_less(content: bytes) -> bytes:
    """One byte of record 3 is gone, and all that follows is out of step."""
    return content[:300] + content[301:]


# professional_rows: 1=000 2=1 3=2 4=4 5=5 6=2 7=4 8=4 9=5 10=6 11=1 12=2 13=4 14=4M 15=5 16=6 17=999
# hospital_rows: 1=000 2=1 3=2 4=2S 5=3 6=3S 7=3E 8=3F 9=3H 10=4 11=4S 12=4E 13=4B 14=4 15=4S 16=4M 17=5 18=6 19=999
CASES: list[tuple[str, Callable[[], list[B2Row]], Spoil, int, str, str]] = [
    ("not-b2", PS, lambda _: b"PK\x03\x04", 0, "", ""),
    ("line-ends", PS, lines(b"\r\n"), 0, "", ""),
    ("byte-order-mark", PS, lambda content: b"\xef\xbb\xbf" + content, 0, "", ""),
    ("ebcdic", PS, lambda content: content.decode().encode("cp500"), 0, "", ""),
    ("length", PS, lambda content: content[:-5], 17, "", ""),
    ("unknown-record", PS, at(4, 1, "8"), 4, "", "1 and 36"),
    ("unknown-record", PS, at(14, 36, "Q"), 14, "", "1 and 36"),
    ("other-norm", PS, at(4, 1, "3"), 4, "", ""),
    ("unread-norm", PS, at(1, 62, "PH"), 1, "norme", "62–65"),
    ("length", PS, both(again(4, 40), at_byte_less), 3, "", ""),
    ("lost", PS, lambda content: content[:256] + b"X" * 5000, 23, "", ""),
    ("fixed", PS, at(1, 83, "129"), 1, "longueur", "83–85"),
    ("blank", PS, at(2, 95, "X"), 2, "-", "95–128"),
    ("mandatory", PS, at(4, 74, "     "), 4, "code_acte", "74–78"),
    ("mandatory", PS, at(4, 113, " " * 7), 4, "montant", "113–119"),
    ("mandatory", PS, at(4, 55, "0" * 9), 4, "executant", "55–63"),
    ("numeric", PS, at(4, 113, "  30,00"), 4, "montant", "113–119"),
    ("characters", PS, at(2, 30, "Dr"), 2, "nom", "30–69"),
    ("characters", PS, at(2, 30, "D\xc9"), 2, "nom", "30–69"),
    ("characters", PS, at(2, 30, "D\x1b"), 2, "nom", "30–69"),
    ("left-aligned", PS, at(2, 30, " D"), 2, "nom", "30–69"),
    ("code", PS, at(3, 77, "11"), 3, "nature_assurance", "77–78"),
    ("code", PS, at(4, 121, "7"), 4, "lieu", "121"),
    ("code", CP, at(4, 121, "?"), 4, "parcours_soins", "121"),
    ("unlisted-code", PS, at(3, 49, "99"), 3, "regime", "49–50"),
    ("date", PS, at(4, 68, "250229"), 4, "date_acte", "68–73"),
    ("date", PS, at(4, 68, "000000"), 4, "date_acte", "68–73"),
    ("date", PS, at(3, 96, "85 615"), 3, "naissance", "96–101"),
    ("hour", CP, at(3, 115, "25"), 3, "heure_sortie", "115–116"),
    ("nir", PS, at(3, 12, "9"), 3, "nir", "12–24"),
    ("nir-key", PS, at(3, 25, "31"), 3, "cle_nir", "25–26"),
    ("nir-key", CP, at(4, 63, "31"), 4, "cle_individuel", "63–64"),
    ("ps-key", PS, at(4, 55, "991000018"), 4, "executant", "55–63"),
    ("rpps-key", CP, at(7, 42, "10000000004"), 7, "rpps_prescripteur", "42–52"),
    ("siret-key", CP, at(8, 56, "12345678901234"), 8, "siret", "56–69"),
    ("order", PS, without(10), 10, "", "1"),
    ("order", PS, without(2), 2, "", "1"),
    ("order", PS, without(5), 5, "", "1"),
    ("truncated", PS, without(17), 16, "", ""),
    ("no-lines", PS, without(4), 4, "", "1"),
    ("too-many-lines", PS, again(4, 999), 1003, "", ""),
    ("too-many-records", PS, again(4, 999), 991, "", ""),
    ("too-many-details", PS, again(14, 26, change=numbered), 40, "", ""),
    ("too-many-details", CP, again(13, 10, change=numbered), 23, "", ""),
    ("4E-after-4S", CP, without(11), 11, "", ""),
    ("detail-after-4S", CP, without(15), 15, "", ""),
    ("detail-after-4S", CP, swapped(12, 13), 13, "", ""),
    ("sequence", PS, again(14), 15, "sequence", "37–38"),
    ("same-head", PS, at(4, 27, "000000009"), 4, "numero_facture", "27–35"),
    ("same-professional", PS, at(10, 2, "991000027"), 10, "numero_ps", "2–10"),
    ("same-lot", PS, at(10, 52, "009"), 10, "numero_lot", "52–54"),
    ("same-ends", PS, at(17, 50, "FSE002"), 17, "identification", "50–55"),
    ("same-norm", PS, at(2, 79, "CP"), 2, "norme", "79–80"),
    ("same-recipient", PS, at(11, 17, "350"), 11, "organisme", "17–19"),
    ("same-regime", PS, at(6, 49, "02"), 6, "regime", "49–50"),
    ("same-marking", PS, at(10, 55, "R"), 10, "marquage", "55"),
    ("unique-invoice", PS, at(12, 27, "000000001"), 12, "numero_facture", "27–35"),
    ("unique-lot", PS, at(11, 20, "001"), 11, "numero_lot", "20–22"),
    ("certification", PS, at(5, 97, " " * 32), 5, "zone_certification", "97–128"),
    ("certification", PS, at(2, 81, " "), 5, "zone_certification", "97–128"),
    ("invoice-type", PS, at(3, 47, " "), 3, "type_facture", "47"),
    ("count-lines", PS, at(5, 39, "002"), 5, "nombre_lignes", "39–41"),
    ("count-lines", CP, at(17, 39, "003"), 17, "nombre_lignes", "39–41"),
    ("count-lot", PS, at(10, 11, "003"), 10, "nombre_factures", "11–13"),
    ("count-file", PS, at(17, 56, "00000016"), 17, "volume", "56–63"),
    ("count-file", PS, at(17, 83, "003"), 17, "nombre_lots", "83–85"),
    ("sum-invoice", PS, at(5, 58, "00003001"), 5, "total_facture", "58–65"),
    ("sum-invoice", CP, at(17, 115, "00000001"), 17, "facture_hospitalisation", "115–122"),
    ("participation", PS, at(5, 74, "00000901"), 5, "participation", "74–81"),
    ("participation", CP, at(17, 74, "00010000"), 17, "participation", "74–81"),
    ("sum-lot", PS, at(10, 34, "000006301"), 10, "total_amo", "34–42"),
    ("modifiers", PS, at(14, 59, "7 J "), 14, "modificateur_3", "61"),
    ("modifiers", PS, at(14, 104, "  A "), 14, "modificateur_oc_3", "106"),
    ("split-amc", PS, both(at(3, 46, "F"), at(4, 122, "0000900")), 4, "montant_amc", "122–128"),
    ("split-amc", PS, both(at(3, 46, "F"), at(5, 82, "00000900")), 5, "total_amc", "82–89"),
    ("accident-missing", PS, at(3, 77, "41"), 3, "accident", "86–94"),
    ("accident", PS, both(at(3, 77, "41"), at(3, 86, "000250231")), 3, "accident", "86–94"),
    ("accident-key", PS, both(at(3, 77, "41"), at(3, 86, "123456789")), 3, "accident", "86–94"),
    ("centre-96", PS, at(3, 49, "961961231"), 3, "centre", "54–57"),
    ("future", PS, at(4, 68, "250311"), 4, "date_acte", "68–73"),
]


@pytest.mark.parametrize(
    ("rule", "rows", "spoil", "number", "field", "columns"),
    CASES,
    ids=[f"{number}-{case[0]}" for number, case in enumerate(CASES)],
)
def test_a_broken_rule_is_found_where_it_is_broken(
    rule: str, rows: Callable[[], list[B2Row]], spoil: Spoil, number: int, field: str, columns: str
) -> None:
    findings = [one for one in found(spoil(write_file(rows()))) if one.rule.name == rule]
    assert (number, field, columns) in {(one.number, one.field, one.columns) for one in findings}
    assert all(one.message for one in findings)


def test_each_rule_is_broken_once() -> None:
    assert {case[0] for case in CASES} == RULES.keys()


@pytest.mark.parametrize(
    ("spoil", "only"),
    [
        (at(4, 121, "7"), {"code"}),
        (at(10, 55, "R"), {"same-marking"}),
        (lines(b"\n"), {"line-ends"}),
        (at(3, 86, "000250310"), set()),
        (both(at(3, 77, "41"), at(3, 86, "000250310")), set()),
        (at(3, 96, "853900"), set()),
        (at(4, 120, "B"), {"unlisted-code"}),
        (at(10, 14, "0004"), {"count-lot"}),
        (at(6, 49, "02"), {"same-regime"}),
        (both(at(1, 26, "OC"), at(17, 26, "OC"), at(6, 49, "02")), set()),
    ],
)
def test_one_fault_is_one_finding(spoil: Spoil, only: set[str]) -> None:
    content = spoil(write_file(professional_rows()))
    assert broken(content) == only
    assert len(found(content)) == len(only)


@pytest.mark.parametrize(
    ("place", "gone", "more", "number", "length"),
    [
        (300, 1, b"", 3, 127),
        (300, 0, b"X", 3, 129),
        (400, 20, b"", 4, 108),
        (400, 0, b"0" * 70, 4, 198),
        (160, 3, b"", 2, 125),
    ],
)
def test_a_record_of_another_length_is_named_and_the_next_ones_are_read(
    place: int, gone: int, more: bytes, number: int, length: int
) -> None:
    content = write_file(professional_rows())
    spoiled = content[:place] + more + content[place + gone :]
    lengths = [(one.number, one.message) for one in found(spoiled) if one.rule.name == "length"]
    assert lengths == [(number, f"{length} characters, not 128")]
    assert not {one.number for one in found(spoiled) if one.rule.name in ("unknown-record", "order", "lost")}


def test_a_finding_says_byte_value_and_clause() -> None:
    (finding,) = found(at(4, 121, "7")(write_file(professional_rows())))
    assert (finding.record, finding.offset, finding.value) == ("4", 3 * 128 + 120, "7")
    assert (finding.rule.clause, finding.is_remark) == ("§1.2", False)
    assert finding.message == "Code lieu: '7' is not one of 0, 1"


def test_offsets_are_those_of_the_file_with_line_ends() -> None:
    content = lines(b"\r\n")(at(4, 121, "7")(write_file(professional_rows())))
    assert [one.offset for one in found(content) if one.rule.name == "code"] == [3 * 130 + 120]


def test_an_act_on_the_day_of_the_file_is_not_in_the_future() -> None:
    assert date(2025, 3, 10) == DAY
    assert broken(write_file(professional_rows())) == set()


@given(st.binary(max_size=600))
def test_any_bytes_are_judged(content: bytes) -> None:
    assert all(isinstance(one, B2Finding) for one in check(content))


@given(st.binary(max_size=900), st.sampled_from([b"000", b"\xf0\xf0\xf0", b"\xef\xbb\xbf000", b"000\n"]))
def test_any_bytes_behind_a_beginning_are_judged(content: bytes, head: bytes) -> None:
    assert all(one.rule.name in RULES for one in check(head + content))


VALID = [write_file(professional_rows()), write_file(hospital_rows())]


@given(st.sampled_from(VALID), st.data())
def test_spoiled_files_are_judged(content: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(content)))
    length = data.draw(st.integers(0, 140))
    spoiled = content[:place] + data.draw(st.binary(max_size=140)) + content[place + length :]
    assert all(one.rule.name in RULES for one in check(spoiled))


@given(st.sampled_from(VALID), st.integers(0, 17 * 128 - 1), st.sampled_from(b"0159 AXz\xe9\x00"))
def test_one_byte_is_never_overlooked_where_it_counts(content: bytes, place: int, byte: int) -> None:
    spoiled = content[:place] + bytes([byte]) + content[place + 1 :]
    if byte in b"z\xe9\x00" and spoiled != content and place >= 3:
        assert broken(spoiled) != set()
    else:
        assert all(one.rule.name in RULES for one in check(spoiled))


@given(st.sampled_from(VALID), st.integers(0, 127), st.text("0159 AXz²", max_size=4), st.data())
def test_the_quick_look_overlooks_nothing(content: bytes, place: int, text: str, data: st.DataObject) -> None:
    rows = list(read_rows(content))
    row = data.draw(st.sampled_from(rows))
    spoiled = (row.raw[:place] + text.encode("latin-1") + row.raw[place + len(text) :])[:128]
    changed = B2Row(row.record, spoiled)
    look = QuickLook(row.record, KnownRight())
    assert look.is_right(row.raw.decode())
    if look.is_right(spoiled.decode("latin-1")):
        assert list(field_findings(changed)) == []
