"""Care sheets on the workbench: written down, priced, made by card files in each mode, read again, printed."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from issued import TODAY, authority, issued, records

from bifente.apdu.facets import CardAround
from bifente.apdu.link import Card, CardRemoved
from bifente.applets.families.vitale2.exporter import groups_of
from bifente.applets.store.stores import create_card_file
from bifente.documents import DocumentError
from bifente.fse.errors import FseError, MaySignNoSheet, RightsUnknown, SheetRefused
from bifente.fse.sheet import InvalidSheet, RightsOrigin, SheetMode, canonical
from bifente.fse.sheet.professionalfile import ProfessionalFileError
from bifente.fse.sheet.rightssources import RightsAnswer
from bifente.igc import Authority
from bifente.igc.revocation import REASONS, revoke
from bifente.reader.errors import ReaderError
from bifente.ssv import wire
from bifente.terminal import TerminalError, VitaleAbsent, WrongPin
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.sheets.making import (
    Desk,
    MadeSheet,
    export_professional,
    make_sheet,
    make_without_vitale,
    prepare_sheet,
    sign_prepared,
)
from bifente.workbench.sheets.paper import paper_of
from bifente.workbench.sheets.pricing import price_again
from bifente.workbench.sheets.reading import read_sheet
from bifente.workbench.sheets.verifying import verify_sheet
from bifente.workbench.sheets.written import WrittenSheet, act_of_words, read_written
from bifente.workbench.tables import open_tables
from bifente.workbench.targets import over_socket

CARDS = {
    "doctor": "gp",
    "nurse": "nurse",
    "cpe": "hospital-cpe",
    "patient": "vitale-family",
    "c2s": "vitale-cmuc",
    "single": "vitale-single",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    for name, profile in CARDS.items():
        create_card_file(folder / f"{name}.card", records(profile))
    return folder


def at(desk: Path, cps: str = "doctor", vitale: str | None = "patient") -> Desk:
    return Desk(
        desk / f"{cps}.card",
        None if vitale is None else desk / f"{vitale}.card",
        authority=authority().directory,
        today=TODAY,
    )


def pin() -> bytes:
    return b"1234"


def asked(*acts: str, **members: object) -> WrittenSheet:
    return WrittenSheet.model_validate(members).with_acts(acts)


def made(
    desk: Path, *acts: str, cps: str = "doctor", vitale: str = "patient", **members: object
) -> MadeSheet:
    return make_sheet(asked(*acts, **members), at(desk, cps, vitale), pin)


# what is written down


@pytest.mark.parametrize(
    ("words", "code", "members"),
    [
        ("G", "G", {"coefficient": Decimal(1), "fee": None}),
        ("AMI 4", "AMI", {"coefficient": Decimal(4)}),
        ("G fee=45.00 qualifier=D", "G", {"fee": 4500, "qualifier": "D"}),
        ("2xAMK*7.5+F", "AMK", {"quantity": 2, "coefficient": Decimal("7.5"), "complement": "F"}),
        ("AMK 7.5 quantity=2 place=home", "AMK", {"coefficient": Decimal("7.5"), "place": "1"}),
        ("HBLD138", "HBLD138", {"technical": True, "activity": "1"}),
        (
            "HBLD036:1.0-FP/2 teeth=11,12",
            "HBLD036",
            {"modifiers": ("F", "P"), "association": "2", "teeth": ("11", "12")},
        ),
        ("G fee=45,5 date=2026-03-01", "G", {"fee": 4550, "date": date(2026, 3, 1)}),
    ],
)
def test_an_act_in_words(words: str, code: str, members: dict[str, object]) -> None:
    act = act_of_words(words)
    assert act.code == code
    assert {name: getattr(act, name) for name in members} == members


@pytest.mark.parametrize(
    "words",
    [
        "",
        "g",
        "G fee=",
        "G fee",
        "G 1 2",
        "G fee=1.234",
        "G fee=-1",
        "G price=3",
        "G fee=1 fee=2",
        "G fo=1",
        "1G",
        "G date=2026-2-1",
        "G quantity=x",
        "G place=street",
        "G coefficient=é",
        "AMI 1e3",
    ],
)
def test_words_that_are_no_act(words: str) -> None:
    with pytest.raises(WorkbenchError):
        act_of_words(words)


@settings(max_examples=40)
@given(st.text(max_size=30))
def test_any_text_is_an_act_or_one_clear_line(text: str) -> None:
    try:
        act_of_words(text)
    except WorkbenchError as error:
        if "\n" in str(error):
            raise AssertionError(str(error)) from error


def test_a_file_says_where_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "acts.yaml"
    for text, line, field in (
        ("acts:\n  - G\n  - {code: AMI, fee: abc}\n", 3, "acts[2].fee"),
        ("number: 3\nacts:\n- {coefficient: 2}\n", 3, "acts[1]"),
        ("pathwy: T\n", 1, "pathwy"),
        ("accident: {date: 2026-01-32}\n", 1, "accident.date"),
        ("third_party:\n  complementary: {nummer: x}\n", 2, "third_party.complementary"),
        ("acts: G\n", 1, "acts"),
        ("- G\n", 1, ""),
        ("number: 0\n", 1, "number"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DocumentError) as refused:
            read_written(path)
        assert refused.value.line == line, text
        assert refused.value.field.startswith(field), text
    path.write_text(
        "number: 7\nacts: [G, AMI 4]\nprescriber: {number: '991000019'}\naccident:\n", encoding="utf-8"
    )
    written = read_written(path)
    assert (written.number, [act.code for act in written.acts], written.accident) == (7, ["G", "AMI"], None)


# secured sheets


def test_acts_get_their_prices(desk: Path) -> None:
    sheet = made(desk, "G", pathway="T").sheet
    (act,) = sheet.acts
    assert act.price is not None
    assert (act.amount, act.price.base, act.price.rate, act.price.amo) == (3000, 3000, 70, 2100)
    dear = made(desk, "G fee=45.00 qualifier=D", pathway="T")
    assert dear.sheet.total == 4500
    assert dear.sheet.acts[0].price == act.price
    assert [note for note in dear.notes if "more than the base" in note]
    assert price_again(dear.sheet, open_tables()).differences == ()


def test_a_stated_price_must_be_the_tariffs(desk: Path) -> None:
    right = {"unit": "30", "base": "30", "rate": "70", "amo": "21"}
    act = {"code": "G", "price": right}
    assert made(desk, acts=[act], pathway="T").sheet.acts[0].price is not None
    with pytest.raises(WorkbenchError, match=r"stated amo is 2200, the tariff says 2100"):
        made(desk, acts=[{"code": "G", "price": right | {"amo": "22"}}], pathway="T")
    forced = make_sheet(
        asked(acts=[{"code": "G", "fee": "30", "price": right | {"amo": "22"}}], pathway="T"),
        at(desk),
        pin,
        priced=False,
    )
    assert price_again(forced.sheet, open_tables()).differences == (
        "act 1 (G): the sheet says amo 2200, the tariff 2100",
    )
    with pytest.raises(WorkbenchError, match="no fee"):
        make_sheet(asked("G"), at(desk), pin, priced=False)
    with pytest.raises(WorkbenchError, match="at least one act"):
        make_sheet(asked(), at(desk), pin)
    with pytest.raises(FseError, match="ZZZ"):
        made(desk, "ZZZ")


def test_circumstances_stand_on_the_sheet(desk: Path) -> None:
    done = made(
        desk,
        "G",
        pathway="T",
        prescriber={"number": "991000019", "speciality": "01", "date": "2026-11-01"},
        accident={"date": "2026-11-02", "number": "123456789"},
        third_party={"amo": "true", "complementary": "vitale"},
        number="17",
    )
    sheet = done.sheet
    assert (sheet.number, sheet.nature) == (17, "41")
    assert sheet.prescriber is not None
    assert sheet.prescribed == date(2026, 11, 1)
    assert sheet.third_party.complementary is not None
    assert sheet.third_party.complementary.number == "88888888"
    assert done.verdict is not None
    assert done.verdict.sheet == sheet
    with pytest.raises(WorkbenchError, match="names no complementary"):
        made(desk, "G", vitale="single", third_party={"complementary": "vitale"})


def test_what_the_cards_refuse(desk: Path) -> None:
    with pytest.raises(WrongPin):
        make_sheet(asked("G"), at(desk), lambda: b"9999")
    make_sheet(asked("G"), at(desk), pin)  # gives the tries back
    with pytest.raises(WorkbenchError, match="later than today"):
        made(desk, "G", date="2026-11-24")
    with pytest.raises(TerminalError, match="begins on"):
        make_sheet(asked("G"), replace(at(desk), today=date(2020, 1, 6)), pin)
    with pytest.raises(FseError, match="certificate holds from 2026-11-23"):
        made(desk, "G", date="2026-11-20")
    with pytest.raises(WorkbenchError, match="swapped"):
        make_sheet(asked("G"), at(desk, "patient", "doctor"), pin)
    with pytest.raises(WorkbenchError, match="is not said"):
        make_sheet(asked("G"), at(desk, vitale=None), pin)
    with pytest.raises(FseError, match="bénéficiaire"):
        made(desk, "G", beneficiary="9")
    with pytest.raises(FseError, match="situation"):
        made(desk, "G", situation="9")
    with pytest.raises(InvalidSheet, match="pathway"):
        make_sheet(asked("G fee=30", pathway="QQ"), at(desk), pin, priced=False)


class PulledWhenSigning(CardAround):
    """The card is taken out when its *nth* signature is asked for."""

    def __init__(self, card: Card, nth: int) -> None:
        super().__init__(card)
        self.card = card
        self.left = nth

    def transmit(self, command: bytes, /) -> bytes:
        if command[1:4] == b"\x2a\x9e\x9a":
            self.left -= 1
            if self.left == 0:
                raise CardRemoved("its slot")
        return self.card.transmit(command)


@pytest.mark.parametrize("kind", ["cps3", "vitale2"])
def test_a_card_that_is_pulled_while_it_signs(desk: Path, kind: str) -> None:
    pulled = replace(at(desk), around=lambda card, its: PulledWhenSigning(card, 1) if its == kind else card)
    with pytest.raises(TerminalError, match="CPS" if kind == "cps3" else "Vitale"):
        make_sheet(asked("G"), pulled, pin)
    assert make_sheet(asked("G"), at(desk), pin).verdict is not None


def test_cards_in_pcsc_readers(desk: Path) -> None:
    """Served as other programs see them; which card is in which reader is found out."""
    pytest.importorskip("smartcard.scard", reason="pyscard is not installed")
    cards = {"cps3": issued("gp"), "vitale2": issued("vitale-family")}
    with over_socket(cards):
        served = Desk(readers=("bifente",), authority=authority().directory, today=TODAY)
        assert make_sheet(asked("G", pathway="T"), served, pin).verdict is not None
        by_number = replace(served, readers=("3", "1"))
        assert make_sheet(asked("G"), by_number, pin).verdict is not None
        mixed = replace(served, vitale=desk / "patient.card", readers=("bifente",))
        assert make_sheet(asked("G"), mixed, pin).verdict is not None
        with pytest.raises(ReaderError, match="nowhere"):
            make_sheet(asked("G"), replace(served, readers=("nowhere",)), pin)
        with pytest.raises(VitaleAbsent):
            make_sheet(asked("G"), replace(served, readers=("1",)), pin)


def test_rights_told_online(desk: Path) -> None:
    groups = groups_of(records("vitale-family"))
    told = [
        group.replace("date de fin des droits AMO", "203012310000") if group.id == 105 else group
        for group in groups
    ]
    for content in (wire.encode(told), json.dumps(wire.to_json(told)).encode()):
        sheet = make_sheet(asked("G"), at(desk), pin, source=RightsAnswer(content)).sheet
        assert sheet.rights_origin is RightsOrigin.ONLINE
        assert sheet.rights.amo is not None
        assert sheet.rights.amo.end.text == "20301231"
    other = wire.encode(groups_of(records("vitale-cmuc")))
    with pytest.raises(RightsUnknown, match="another insured"):
        make_sheet(asked("G"), at(desk), pin, source=RightsAnswer(other))
    with pytest.raises(RightsUnknown):
        RightsAnswer(b"\x00\x65\x7f")


# other modes

INSURED = {
    "nir": "2801399999999",
    "key": "85",
    "regime": "01",
    "caisse": "349",
    "centre": "9881",
    "name": "TESSIER",
    "given_name": "CLAIRE",
    "birth_date": "1980-01-01",
}


def test_a_sheet_of_a_revoked_card(desk: Path, tmp_path: Path) -> None:
    """What was signed before the card was revoked holds; later signatures do not, and who cannot be asked is said."""
    done = make_without_vitale(asked("AMI 4", insured=INSURED), at(desk, "nurse", None), pin)
    assert done.verdict is not None
    path, igc = tmp_path / "sheet.p7m", tmp_path / "igc"
    path.write_bytes(done.content)
    shutil.copytree(authority().directory, igc)
    revoking, care = Authority.open(igc), done.sheet.care_date
    certificates = revoking.register.find(done.verdict.signer.serial_number)
    revoke(revoking, certificates, REASONS["certificateHold"], since=moment(care + timedelta(days=1)))
    assert len(verify_sheet(path, authority=igc).not_proven) == 2
    revoke(revoking, certificates, REASONS["keyCompromise"], since=moment(care))
    with pytest.raises(SheetRefused, match=f"the CPS's certificate is revoked since {care}"):
        verify_sheet(path, authority=igc)
    assert verify_sheet(path, authority=igc, revocation="off").sheet == done.sheet
    told = verify_sheet(path, authority=igc, revocation="online").not_proven
    assert "whether the CPS is revoked is not known: the OCSP responder is silent" in told[0]
    with pytest.raises(SheetRefused, match="cannot be told: the OCSP responder is silent"):
        verify_sheet(path, authority=igc, revocation="online", hard_fail=True)


def moment(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def test_without_vitale(desk: Path, tmp_path: Path) -> None:
    done = make_without_vitale(asked("AMI 4", insured=INSURED), at(desk, "nurse", None), pin)
    assert done.sheet.mode is SheetMode.WITHOUT_VITALE
    assert done.verdict is not None
    assert done.verdict.vitale is None
    assert len(done.verdict.not_proven) == 2
    path = tmp_path / "sheet.p7m"
    path.write_bytes(done.content)
    assert verify_sheet(path, authority=authority().directory).sheet == done.sheet
    for wrong in (
        {"insured": INSURED | {"key": "00"}},
        {},
        {"third_party": {"complementary": "vitale"}, "insured": INSURED},
    ):
        with pytest.raises(WorkbenchError):
            make_without_vitale(asked("AMI 4", **wrong), at(desk, "nurse", None), pin)


def test_degraded_and_printed(desk: Path, tmp_path: Path) -> None:
    pytest.importorskip("reportlab", reason="the extra figures is not installed")
    rights = {"begin": "2026-01-01"}
    done = make_without_vitale(
        asked("G", insured=INSURED | {"rights": rights, "situation": "0100"}),
        at(desk, vitale=None),
        pin,
        degraded=True,
    )
    assert done.verdict is None
    assert done.sheet.accepted == ()
    assert canonical.decode(done.content) == done.sheet
    path = tmp_path / "sheet.json"
    path.write_bytes(done.content)
    assert read_sheet(path).sheet == done.sheet
    first, again = paper_of(done.sheet), paper_of(done.sheet)
    assert first.startswith(b"%PDF-")
    assert first == again
    with pytest.raises(WorkbenchError, match="no card has signed"):
        verify_sheet(path, authority=authority().directory)


@pytest.mark.parametrize("count", [1, 60])
def test_long_sheets_and_strange_names_are_printed(desk: Path, count: int) -> None:
    pytest.importorskip("reportlab", reason="the extra figures is not installed")
    sheet = made(desk, "HBLD138 teeth=11,12", pathway="T").sheet
    person = replace(sheet.rights.beneficiary, given_name="ŁÓDŹ <b>&amp;", usual_name="N" * 27)
    long = replace(
        sheet,
        acts=sheet.acts * count,
        rights=replace(sheet.rights, beneficiary=person),
        prepared_by="8025000001/00000017",
    )
    content = paper_of(long)
    assert content.count(b"/Type /Page\n") == {1: 2, 60: 4}[count]


def test_secretariat_prepares_and_the_doctor_signs(desk: Path, tmp_path: Path) -> None:
    holder, prepared, signed = (tmp_path / name for name in ("doctor.holder", "prepared.der", "sheet.p7m"))
    holder.write_bytes(export_professional(at(desk, vitale=None), pin))
    step = prepare_sheet(asked("G", pathway="T"), holder, at(desk, "cpe"), pin)
    assert step.verdict is None
    prepared.write_bytes(step.content)
    assert read_sheet(prepared).form == "prepared"
    with pytest.raises(WorkbenchError, match="not signed yet"):
        verify_sheet(prepared, authority=authority().directory)
    with pytest.raises(InvalidSheet, match="names professional"):
        sign_prepared(prepared, at(desk, "nurse", None), pin)
    done = sign_prepared(prepared, at(desk, vitale=None), pin)
    assert done.verdict is not None
    assert done.verdict.opener is not None
    assert done.verdict.not_proven == ()
    assert done.sheet.prepared_by.startswith("8025000001/")
    signed.write_bytes(done.content)
    with pytest.raises(WorkbenchError, match="signed"):
        sign_prepared(signed, at(desk, vitale=None), pin)
    for at_byte in (30, len(holder.read_bytes()) // 2, -3):
        broken = bytearray(holder.read_bytes())
        broken[at_byte] ^= 1
        (tmp_path / "broken").write_bytes(broken)
        with pytest.raises(ProfessionalFileError):
            prepare_sheet(asked("G"), tmp_path / "broken", at(desk, "cpe"), pin)


def test_a_professional_of_another_authority_is_not_believed(
    desk: Path, tmp_path: Path, production_authority: Authority
) -> None:
    holder = tmp_path / "doctor.holder"
    holder.write_bytes(export_professional(at(desk, vitale=None), pin))
    elsewhere = Desk(
        desk / "cpe.card", desk / "patient.card", authority=production_authority.directory, today=TODAY
    )
    with pytest.raises(ProfessionalFileError):
        prepare_sheet(asked("G"), holder, elsewhere, pin)


def test_who_may_not_sign_is_refused_before_a_card_signs(desk: Path) -> None:
    with pytest.raises((InvalidSheet, MaySignNoSheet, FseError)):
        made(desk, "G", cps="cpe")


def test_files_that_are_not_sheets(desk: Path, tmp_path: Path) -> None:
    for content in (b"", b"{}", b"0\x03\x02\x01\x01", b"\xff" * 50, b"0" * 300):
        path = tmp_path / "x"
        path.write_bytes(content)
        with pytest.raises(WorkbenchError, match="not a care sheet"):
            read_sheet(path)
    with pytest.raises(WorkbenchError, match="card file"):
        read_sheet(desk / "doctor.card")
