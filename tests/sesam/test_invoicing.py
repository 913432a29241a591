"""Where it was asked for, invoicing makes sheets, lots and files of ours: signed by both cards, and taken by our caisse."""

from datetime import timedelta

import pytest
from caissedesk import NOON, Centre
from issued import TODAY, authority
from keypool import cycling
from sesamdesk import desk_with

from bifente.fse.caisse.evidence import Examiner
from bifente.fse.caisse.prices import TariffPricer
from bifente.fse.caisse.store.opening import open_engine, store_url
from bifente.fse.caisse.store.store import CaisseStore
from bifente.fse.lots.files import read_lot_file
from bifente.fse.lots.values import LotFile, Organisme
from bifente.fse.post import ARL as MAILED_ARL
from bifente.fse.tariff.tables import Tables
from bifente.igc import Authority
from bifente.sesam.invoicing import ACT, ARL, FILE, LOT, MARK, SHEET, unwrapped, wrapped
from bifente.sesam.zones import ZoneGroup, decode_zone, encode_zone

CARDS = "CPS TRANSPA2 1234"
DAY = f"{TODAY:%Y%m%d}0000"


def zone(*groups: tuple[int, tuple[str, ...]]) -> str:
    """Groups as a hexadecimal zone."""
    return encode_zone(
        ZoneGroup(number, tuple(text.encode() for text in fields)) for number, fields in groups
    ).hex()


def invoice(number: int, *acts: str, birth: str = "197715030000", day: str = DAY) -> str:
    """The groups of an invoice that are known, and its acts in ours."""
    return zone(
        (1110, (str(number), "1", day, "", "", "")),
        (1130, ("", "", "", birth, "1", "", "", "")),
        *((ACT, (act,)) for act in acts),
    )


@pytest.fixture
def one(speaker_at):
    with desk_with(invoicing=True) as desk:
        speaker = speaker_at(desk)
        speaker.desk = desk
        speaker("SSV_InitLIB")
        yield speaker


@pytest.fixture
def centre(tmp_path, pooled_keys):
    issued = authority().issue_caisse(
        "01", "349", not_before=NOON - timedelta(days=1), key_source=cycling(pooled_keys)
    )
    store = CaisseStore(open_engine(store_url("caisse.db", tmp_path), make=True))
    trust = Authority.open(authority().directory).trust_store
    yield Centre(store, issued, Examiner(trust, pricer=TariffPricer(Tables.shipped())), tmp_path / "post")
    store.close()


def test_from_the_groups_of_an_invoice_to_the_acknowledgement(one, centre) -> None:
    sheets = []
    for number, acts in ((11, ["G"]), (12, ["G fee=35.00", "G"])):
        code, _, made = one(f"SSV_FormaterFactures {CARDS} 49 51 {invoice(number, *acts)}")
        assert code == "0000", one.desk.records[-1].why
        assert "9000 Feuille de soins (synthetic)" in one.desk.records[-1].line()
        sheets.append(made)
    groups = decode_zone(bytes.fromhex(sheets[0]))
    assert {group.id for group in groups} == {SHEET}
    assert {group.fields[0] for group in groups} == {MARK}

    code, _, readable = one(f"SSV_TraduireFSE {sheets[1]}")
    assert code == "0000"
    said = decode_zone(bytes.fromhex(readable))
    assert [(group.id, group.text(1)) for group in said if group.id in (1110, ACT)] == [
        (1110, "12"),
        (ACT, "G 1 quantity=1"),
        (ACT, "G 1 quantity=1"),
    ]
    assert next(group for group in said if group.id == 1130).text(4) == "19771503"

    code, _, lots = one(f"SSV_FormaterLot {CARDS} {''.join(sheets)}")
    assert code == "0000", one.desk.records[-1].why
    code, _, sent = one(f"SSV_FormaterFichier {lots}")
    assert code == "0000"
    groups = decode_zone(bytes.fromhex(sent))
    (b2,), (signed,) = unwrapped(groups, FILE), unwrapped(groups, LOT)
    file = read_lot_file(b2, [signed])
    assert [row.raw[27 - 1 : 35].decode() for row in file.lots[0].rows if row.raw[:1] == b"5"] == [
        "000000011",
        "000000012",
    ]

    centre.send(centre.mail(LotFile(file.identification, Organisme("01", "349"), b2, (signed,))))
    done = centre.caisse.receive(centre.box)
    (arl,) = centre.arls()
    assert (done.accepted, done.refused) == (1, 0), arl.codes
    assert (arl.positive, arl.lot) == (True, 1)


def test_the_same_through_sessions_of_sgd(one) -> None:
    one("SGD_ReserverSession 100000")
    one("SGD_AjouterGroupe 1 1110")
    for field in ("21", "1", DAY):
        one(f"SGD_AjouterChamp 1 {field}")
    one(f"SGD_AjouterGroupe 1 {ACT}")
    one("SGD_AjouterChamp 1 G")
    for call in (
        f"SIS_FormaterFactures {CARDS} 49 51 1",
        "SIS_TraduireFSE 1",
    ):
        assert one(call) == ["0000"], one.desk.records[-1].why
    assert one("SGD_LireGroupeSuivant 1 0 0") == ["0000", "1110", "1"]
    assert one("SGD_LireChamp 1 1110 1 1")[2] == b"21".hex()


def test_what_an_acknowledgement_says(centre, one) -> None:
    _, _, made = one(f"SSV_FormaterFactures {CARDS} 49 51 {invoice(31, 'G')}")
    _, _, lots = one(f"SSV_FormaterLot {CARDS} {made}")
    groups = decode_zone(bytes.fromhex(lots))
    (b2,), (signed,) = unwrapped(groups, FILE), unwrapped(groups, LOT)
    centre.send(centre.mail(LotFile("S00001", Organisme("01", "349"), b2, (signed,))))
    centre.caisse.receive(centre.box)
    (raw,) = centre.parts(MAILED_ARL)
    code, _, said = one(f"SSV_TraduireARL {raw.hex()}")
    assert code == "0000", one.desk.records[-1].why
    (arl,) = decode_zone(bytes.fromhex(said))
    assert (arl.id, arl.text(2), arl.text(3), arl.text(4)) == (ARL, "S00001", "1", "O")
    assert one(f"SSV_TraduireARL {raw[:-1].hex()}")[0] == "4000"


@pytest.mark.parametrize(
    ("given", "code", "why"),
    [
        (zone((1110, ("1", "1", DAY))), "FBF0", "groups of acts are not public"),
        (zone((ACT, ("G",))), "4000", "group 1110 is missing"),
        (invoice(0, "G"), "4000", "no number of the invoice"),
        (invoice(1, "NOTHING AT ALL"), "4000", ""),
        (invoice(1, "G", birth="190001010000"), "4000", "names nobody of the 4"),
        (invoice(1, "G", day="demain"), "4000", "not a date"),
        (zone((1110, ("1", "1", DAY, "99")), (ACT, ("G",))), "4000", "no situation de facturation 99"),
        ("FFFF", "4000", "not a zone"),
    ],
)
def test_invoices_that_cannot_be_made(one, given, code, why) -> None:
    assert one(f"SSV_FormaterFactures {CARDS} 49 51 {given}")[0] == code
    assert why in one.desk.records[-1].why


def test_zones_that_are_not_ours(one) -> None:
    some = invoice(1, "G")
    assert one(f"SSV_FormaterLot {CARDS} {some}")[0] == "4000"
    assert one(f"SSV_FormaterFichier {some}")[0] == "4000"
    assert one(f"SSV_TraduireFSE {some}")[0] == "4000"
    assert one("SSV_TraduireARL AABB")[0] == "4000"
    forged = encode_zone(wrapped(SHEET, "1", b"no sheet")).hex()
    assert one(f"SSV_TraduireFSE {forged}")[0] == "4000"
    cut = encode_zone(list(wrapped(SHEET, "1", bytes(70_000)))[:1]).hex()
    assert one(f"SSV_TraduireFSE {cut}")[0] == "4000"
    assert "missing" in one.desk.records[-1].why
    assert one(f"SSV_SecuriserFacture {CARDS} 1 1 {some}")[0] == "FBF0"
