"""One sheet, one byte string: round trip, and no other bytes are taken."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.codes.dates import Period
from bifente.codes.errors import CodeError
from bifente.codes.specialities import profession_of
from bifente.fse.sheet import (
    Act,
    BillingSituation,
    CanonicalError,
    CareSheet,
    Ccam,
    Complementary,
    InvalidSheet,
    Prescriber,
    Price,
    ProblemKind,
    Professional,
    ThirdParty,
)
from bifente.fse.sheet.acts import EXONERATIONS, PATHWAYS, Accident
from bifente.fse.sheet.canonical import MAX_SIZE, decode, encode
from bifente.fse.sheet.model import EARLIEST, VERSIONS
from bifente.fse.sheet.rights import Beneficiary, Coverage, DayRights, Insured, Rights, compact

DAY = date(2026, 3, 2)
latin = st.text(st.characters(max_codepoint=0xFF), max_size=12)
dates = st.dates(EARLIEST, DAY)
day_texts = st.just("") | st.dates().map(compact)
acts = st.builds(
    Act,
    code=st.from_regex(r"\A[A-Z][A-Z0-9]{0,4}\Z"),
    coefficient=st.decimals(Decimal("0.01"), Decimal("9999.99"), places=2),
    amount=st.integers(0, 9_999_999),
    date=dates,
)
characters = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
technical = st.builds(
    Ccam,
    activity=st.sampled_from("12345"),
    phase=st.sampled_from("0123"),
    modifiers=st.lists(characters, max_size=4, unique=True).map(tuple),
    association=st.sampled_from(["", *"12345"]),
    documentary=st.just("") | characters,
    teeth=st.lists(st.from_regex(r"\A[1-8][1-8]\Z"), max_size=16).map(tuple),
    grouping=st.sampled_from(["", "ADC", "ATM"]),
)
cents = st.integers(0, 9_999_999)


def priced(act: Act, unit: int, amo: int, amc: int, reduction: int) -> Act:
    amo = min(amo, act.amount)
    return replace(
        act,
        price=Price(
            unit, min(act.amount, 9_999_999), 70, amo, min(amc, act.amount - amo), reduction, 2400, "C", "A"
        ),
    )


new_acts = st.builds(
    Act,
    code=st.from_regex(r"\A[A-Z]{4}[0-9]{3}\Z"),
    coefficient=st.just(Decimal(1)),
    amount=cents,
    date=dates,
    quantity=st.integers(1, 99),
    complement=st.sampled_from(["", "N", "F", "U"]),
    qualifier=st.sampled_from(["", "D", "G", "N"]),
    ccam=technical,
    place=st.sampled_from("01"),
)
all_acts = acts | new_acts | st.builds(priced, acts | new_acts, cents, cents, cents, cents)
numbers = st.from_regex(r"\A[0-9]{9}\Z")
new_circumstances = st.fixed_dictionaries(
    {},
    optional={
        "exoneration": st.sampled_from(EXONERATIONS),
        "pathway": st.sampled_from(PATHWAYS),
        "prescriber": st.builds(Prescriber, numbers, st.sampled_from(["", "01"]), st.just(""), latin),
        "third_party": st.builds(
            ThirdParty,
            st.booleans(),
            st.none() | st.builds(Complementary, numbers, st.sampled_from(["", "M1"]), st.just("89")),
        ),
    },
) | st.sampled_from(
    [
        {"nature": "41", "accident": Accident(date(2026, 2, 1), "123456789")},
        {"nature": "30", "maternity": date(2025, 8, 1)},
        {"prescriber": Prescriber("991000019"), "prescribed": DAY, "accident": Accident(DAY)},
    ]
)
periods = st.builds(Period.parse, day_texts, day_texts)
all_rights = st.builds(
    Rights,
    insured=st.builds(Insured, latin, latin, day_texts, *[latin] * 6),
    beneficiary=st.builds(Beneficiary, st.integers(1, 19), *[latin] * 9),
    amo=st.none() | periods,
    coverage=st.none() | st.builds(Coverage, periods, latin, latin),
)


def made(
    rights: Rights,
    accepted: set[ProblemKind],
    acts: tuple[Act, ...],
    version: int,
    other: Period | None,
    new: tuple[tuple[Act, ...], dict[str, object]],
    **fields: object,
) -> CareSheet:
    """What the rights lack is accepted always, other things sometimes; *other* was in force on earlier days of acts."""
    if version > 2:
        acts = new[0]
        fields |= new[1]
    earlier = sorted({act.date for act in acts} - {DAY}) if version > 1 and other is not None else []
    rights = replace(rights, earlier=tuple(DayRights(day, other, rights.coverage) for day in earlier))
    lacking = {kind for day in (DAY, *(act.date for act in acts)) for kind in rights.lacking(day)}
    kinds = sorted(accepted | lacking, key=lambda kind: kind.value)
    return CareSheet(rights=rights, accepted=tuple(kinds), acts=acts, version=version, **fields)  # type: ignore[arg-type]


ANYBODYS = ["", *(f"{code:02}" for code in range(100) if profession_of(f"{code:02}") is None)]
"""Specialities that name no profession: a card of any type may have them."""

sheets = st.builds(
    made,
    number=st.integers(1, 999_999_999),
    care_date=st.just(DAY),
    professional=st.builds(Professional, st.sampled_from("023"), *[latin] * 6),
    situation=st.builds(
        BillingSituation,
        st.integers(0, 255),
        *[latin] * 12,
        st.sampled_from(ANYBODYS),
        *[latin] * 5,
        st.sampled_from(["", *"123456789"]),
        st.sampled_from(["", *"0123456789"]),
    ),
    version=st.sampled_from(VERSIONS),
    other=st.none() | periods,
    rights=all_rights,
    acts=st.lists(acts, min_size=1, max_size=3).map(tuple),
    accepted=st.sets(st.sampled_from(ProblemKind)),
    new=st.tuples(st.lists(all_acts, min_size=1, max_size=5).map(tuple), new_circumstances),
)
EXAMPLE = CareSheet(
    number=7,
    care_date=DAY,
    professional=Professional("0", "8", "9970000001", "7", "22", "DURIF", "ALICE"),
    situation=BillingSituation(1, *[""] * 12, "01", *[""] * 5, "1", ""),
    rights=Rights(
        Insured(*[""] * 9), Beneficiary(1, "TÉSSIER", *[""] * 8), Period.parse("20250101", ""), None
    ),
    accepted=(ProblemKind.NO_COVERAGE,),
    acts=(Act("AMI", Decimal("1.50"), 473, DAY),),
)


@given(sheets)
def test_round_trip(sheet):
    raw = encode(sheet)
    again = decode(raw)
    assert encode(again) == raw
    assert again == sheet


def test_the_form_itself():
    text = encode(EXAMPLE).decode()
    assert text.startswith(
        '{"format":"bifente-sheet/3","provenance":"synthetic",'
        '"sheet":{"accepted":["no-coverage"],"accident":null,"acts":[{"amount":473,"ccam":null,"code":"AMI",'
    )
    assert '"coefficient":"1.5","complement":"","date":"2026-03-02","place":"0","price":null' in text
    assert '"coverage":null' in text
    assert '"third_party":{"amo":false,"complementary":null}' in text
    assert "TÉSSIER" in text
    assert list(json.loads(text)["sheet"]) == sorted(json.loads(text)["sheet"])


OLD = {version: encode(replace(EXAMPLE, version=version)) for version in (1, 2)}


def test_the_forms_of_versions_1_and_2_are_read_and_written_as_they_were():
    assert OLD[1].startswith(b'{"format":"bifente-sheet/1","sheet":{"accepted":["no-coverage"],"acts":')
    assert OLD[2].startswith(
        b'{"format":"bifente-sheet/2","provenance":"synthetic","sheet":{"accepted":["no-coverage"],'
        b'"acts":[{"amount":473,"code":"AMI","coefficient":"1.5","date":"2026-03-02"}],"care_date"'
    )
    assert b"earlier" not in OLD[1]
    assert b"synthetic" not in OLD[1]
    for version, old in OLD.items():
        assert decode(old) == replace(EXAMPLE, version=version)
        assert b"third_party" not in old
    for wrong in (
        OLD[1].replace(b"sheet/1", b"sheet/2"),
        OLD[1].replace(b"sheet/1", b"sheet/3"),
        OLD[2].replace(b"sheet/2", b"sheet/1"),
        OLD[2].replace(b"sheet/2", b"sheet/3"),
        OLD[2].replace(b'"date":"2026-03-02"}', b'"date":"2026-03-02","place":"0"}'),
        OLD[2].replace(b'"number":7', b'"nature":"10","number":7'),
        OLD[2].replace(b'"acts":[{', b'"acts":[3,{'),
        OLD[2].replace(b'"rights":{', b'"rights":[],"rightz":{'),
        RAW.replace(b"sheet/3", b"sheet/2"),
        RAW.replace(b"synthetic", b"real"),
        RAW.replace(b'"provenance":"synthetic",', b""),
        OLD[1].replace(b'"insured"', b'"earlier":[],"insured"'),
        RAW.replace(b'"earlier":[],', b""),
        RAW.replace(b'"place":"0",', b""),
        RAW.replace(b'"mode":"S",', b""),
        RAW.replace(b'"amo":false', b'"amo":0'),
        RAW.replace(b"}}", b'},"version":3}', 1),
    ):
        assert wrong not in (*OLD.values(), RAW)
        with pytest.raises(CanonicalError):
            decode(wrong)


@pytest.mark.parametrize(
    ("text", "again"),
    [
        (Decimal("1"), "1"),
        (Decimal("1.00"), "1"),
        (Decimal("10"), "10"),
        (Decimal("1E+1"), "10"),
        (Decimal("0.50"), "0.5"),
    ],
)
def test_coefficients_have_one_text(text, again):
    assert Act("C", text, 0, DAY).coefficient == Decimal(again)
    sheet = CareSheet(
        **{name: getattr(EXAMPLE, name) for name in EXAMPLE.__slots__} | {"acts": (Act("C", text, 0, DAY),)}
    )
    assert f'"coefficient":"{again}"'.encode() in encode(sheet)


@given(sheets, st.data())
def test_truncated_and_changed_bytes_are_refused(sheet, data):
    raw = encode(sheet)
    with pytest.raises(CanonicalError):
        decode(raw[: data.draw(st.integers(0, len(raw) - 1))])
    changed = bytearray(raw)
    changed[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        other = decode(bytes(changed))
    except CanonicalError:
        return
    assert other != sheet


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
def test_garbage_is_refused(raw):
    with pytest.raises(CanonicalError):
        decode(raw)


RAW = encode(EXAMPLE)


@pytest.mark.parametrize(
    "raw",
    [
        RAW + b" ",
        RAW.replace(b":", b": ", 1),
        RAW.replace(b'"amount":473', b'"amount":473.0'),
        RAW.replace(b'"amount":473', b'"amount":4.73e2'),
        RAW.replace(b'"amount":473', b'"amount":NaN'),
        RAW.replace(b'"amount":473', b'"amount":-0'),
        RAW.replace(b'"amount":473', b'"amount":true'),
        RAW.replace(b'"amount":473', b'"amount":"473"'),
        RAW.replace(b'"amount":473', b'"amount":473,"amount":473'),
        RAW.replace(b'"amount":473', b'"amount":100000000'),
        RAW.replace(b'"amount":473', b'"amount":' + b"9" * 5000),
        RAW.replace(b'"1.5"', b'"1.50"'),
        RAW.replace(b'"1.5"', b'"15E-1"'),
        RAW.replace(b'"1.5"', b'"1e999999999"'),
        RAW.replace(b'"1.5"', b'"NaN"'),
        RAW.replace(b'"1.5"', '"１"'.encode()),
        RAW.replace(b"2026-03-02", b"20260302"),
        RAW.replace(b"2026-03-02", b"2026-02-30"),
        RAW.replace("É".encode(), b"\\u00c9"),
        RAW.replace("É".encode(), "E\u0301".encode()),
        RAW.replace("É".encode(), b"\\ud800"),
        RAW.replace("É".encode(), b"\xc9"),
        RAW.replace(b"bifente-sheet/3", b"bifente-sheet/5"),
        RAW.replace(b'"coverage":null', b'"coverage":{}'),
        RAW.replace(b'"coverage":null,', b""),
        RAW.replace(b'"number":7', b'"number":0'),
        RAW.replace(b'"accepted":["no-coverage"]', b'"accepted":["rights-closed","rights-closed"]'),
        RAW.replace(b'"accepted":["no-coverage"]', b'"accepted":["whatever"]'),
        RAW.replace(b'"accepted":["no-coverage"]', b'"accepted":{}'),
        b"[" * 50_000,
        b"{" * (MAX_SIZE + 1),
        b"\xef\xbb\xbf" + RAW,
    ],
)
def test_other_forms_are_refused(raw):
    assert raw != RAW
    with pytest.raises(CanonicalError):
        decode(raw)


def test_text_that_is_not_normalised_is_not_signed():
    sheet = CareSheet(
        **{name: getattr(EXAMPLE, name) for name in EXAMPLE.__slots__}
        | {"professional": Professional("0", "8", "1", "", "", "E\u0301", "")}
    )
    with pytest.raises(CanonicalError, match="normalisation"):
        encode(sheet)


@pytest.mark.parametrize(
    ("code", "coefficient", "amount"),
    [
        ("", "1", 0),
        ("g", "1", 0),
        ("1G", "1", 0),
        ("ABCDEF", "1", 0),
        ("É", "1", 0),
        ("G", "0", 0),
        ("G", "-1", 0),
        ("G", "10000", 0),
        ("G", "1.005", 0),
        ("G", "NaN", 0),
        ("G", "Infinity", 0),
        ("G", "1", -1),
        ("G", "1", 100_000_000),
    ],
)
def test_impossible_acts(code, coefficient, amount):
    with pytest.raises(InvalidSheet):
        Act(code, Decimal(coefficient), amount, DAY)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 0},
        {"number": 1_000_000_000},
        {"acts": ()},
        {"acts": EXAMPLE.acts * 980},
        {"version": 2, "acts": EXAMPLE.acts * 4},
        {"version": 2, "acts": (replace(EXAMPLE.acts[0], quantity=2),)},
        {"version": 2, "pathway": "T"},
        {"acts": (Act("G", Decimal(1), 10_000_000, DAY),)},
        {"acts": (Act("G", Decimal(1), 0, date(2026, 3, 3)),)},
        {"accepted": (ProblemKind.RIGHTS_CLOSED, ProblemKind.NO_COVERAGE)},
        {"accepted": ()},
        {"version": 0},
        {"version": 5},
        {"care_date": date(1, 1, 1)},
        {"professional": replace(EXAMPLE.professional, card_type="1")},
        {"professional": replace(EXAMPLE.professional, card_type="9")},
        {"professional": replace(EXAMPLE.professional, card_type="2")},
        {"professional": replace(EXAMPLE.professional, card_type="3")},
        {"situation": replace(EXAMPLE.situation, may_sign_sheets="0")},
        {"situation": replace(EXAMPLE.situation, number=-1)},
        {"situation": replace(EXAMPLE.situation, number=256)},
        {"rights": replace(EXAMPLE.rights, earlier=(DayRights(date(2026, 3, 1), None, None),))},
        {"acts": (Act("G", Decimal(1), 0, date(2024, 12, 31)),)},
        {"version": 1, "rights": replace(EXAMPLE.rights, earlier=(DayRights(DAY, None, None),))},
    ],
)
def test_impossible_sheets(change):
    with pytest.raises(InvalidSheet):
        CareSheet(**{name: getattr(EXAMPLE, name) for name in EXAMPLE.__slots__} | change)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1997, 12, 31)])
def test_no_act_is_older_than_the_first_sheet(day):
    with pytest.raises(InvalidSheet, match="before 1998"):
        Act("G", Decimal(1), 0, day)


@pytest.mark.parametrize(
    "text", ["ZZZZZZZZ", "2026", "20260230", "20261301", "99999999", "²0260101", "2026-1-1", "000000"]
)
def test_a_date_that_is_not_one_is_not_open(text):
    for begin, end in (("", text), (text, "")):
        with pytest.raises((CodeError, InvalidSheet), match="date"):
            replace(EXAMPLE.rights, amo=Period.parse(begin, end))
        with pytest.raises((CodeError, InvalidSheet), match="date"):
            Coverage(Period.parse(begin, end), "0", "0100")
    written = encode(EXAMPLE).replace(b'"begin":"20250101"', f'"begin":"{text}"'.encode())
    with pytest.raises(CanonicalError, match=r"date|Date"):
        decode(written)
    with pytest.raises(InvalidSheet, match="not a date"):
        replace(EXAMPLE.rights.insured, card_end=text)


@pytest.mark.parametrize("number", [-5, 0, 20])
def test_impossible_beneficiaries(number):
    with pytest.raises(InvalidSheet, match="1 to 19"):
        replace(EXAMPLE.rights.beneficiary, number=number)
