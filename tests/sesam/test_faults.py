"""Whatever can be wrong with cards, codes, dates and names has the code that the interface has for it."""

import shutil
from contextlib import ExitStack
from datetime import date, timedelta

import pytest
from issued import TODAY, authority, issued
from sesamdesk import INVOICING, desk_with

from bifente.apdu.facets import CardAround
from bifente.apdu.link import CardRemoved
from bifente.applets import card_of
from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import MemoryStore
from bifente.igc import Authority, Gamme
from bifente.igc.opposition import OpposedCps, OpposedVitale
from bifente.igc.revocation import oppose_card
from bifente.sesam.errors import CallFailed
from bifente.sesam.reading import need_one_complementary
from bifente.ssv.groups import GROUPS, Group
from bifente.terminal import CpsSession, VitaleSession
from bifente.workbench.sesam.serving import ListedOppositions

PS = "SSV_LireCartePS CPS TRANSPA2"
RIGHTS = "SSV_LireDroitsVitale CPS TRANSPA2"


@pytest.fixture
def at(speaker_at):
    """``at(cps, vitale)``: a program that has called SSV_InitLIB at a desk with those cards."""
    with ExitStack() as running:

        def started(*cards, **options):
            desk = running.enter_context(desk_with(*cards, **options))
            speaker = speaker_at(desk)
            assert speaker("SSV_InitLIB") == ["0000"]
            speaker.desk = desk
            return speaker

        yield started


def tries_left(speaker) -> int:
    return CpsSession(speaker.desk.reader.link("CPS")).pin_status().tries_left


def test_the_library_wants_to_be_initialised_once(speaker) -> None:
    one = speaker()
    for call in (
        f"{PS} 1234",
        f"{RIGHTS} 1234 -",
        "SSV_LireConfig",
        "SSV_LireDateLecteur CPS",
        "SIS_LireConfig 1",
    ):
        assert one(call)[0] == "F600", call
    assert one("SSV_TermLIB")[0] == "F600"
    assert one("SSV_InitLIB2 /etc/sesam.ini") == ["0000"]
    assert one("SSV_InitLIB") == ["F670"]
    assert one("SIS_InitLIB") == ["F670"]
    assert one("SIS_TermLIB") == ["0000"]
    assert one("SSV_InitLIB") == ["0000"]


def test_a_wrong_code_costs_a_try_until_none_is_left(at) -> None:
    one = at()
    for left in (2, 1, 0):
        assert one(f"{PS} 9999")[0] == "F003"
        assert tries_left(one) == left
        assert (f"{left} tr" in one.desk.records[-1].why) or "blocked" in one.desk.records[-1].why
    assert one(f"{PS} 1234")[0] == "F003"
    assert "blocked" in one.desk.records[-1].why
    assert "9999" not in " ".join(record.call.line() + record.line() for record in one.desk.records)


def test_a_code_that_is_none_costs_nothing(at) -> None:
    one = at()
    for code in ("-", "~", "12", "123456789", "abcd"):
        assert one(f"{PS} {code}")[0] == "F003"
        assert one(f"{RIGHTS} {code} -")[0] == "F003"
    assert tries_left(one) == 3


def test_an_empty_code_will_do_where_it_is_proven(at) -> None:
    one = at()
    assert one(f"{PS} 1234")[0] == "0000"
    assert one(f"{PS} -")[0] == "0000"
    assert one(f"{RIGHTS} - -")[0] == "0000"
    assert one(f"{RIGHTS} ~ ~")[0] == "0000"
    one.desk.reader.warm_reset("CPS")
    assert one(f"{PS} -")[0] == "F003"


def test_slots_that_are_empty(at) -> None:
    one = at()
    one.desk.reader.remove("Vitale")
    assert one(f"{PS} 1234")[0] == "0000"
    assert one(f"{RIGHTS} 1234 -")[0] == "F011"
    one.desk.reader.remove("CPS")
    assert one(f"{PS} 1234")[0] == "F001"
    assert one(f"{RIGHTS} 1234 -")[0] == "F001"
    one.desk.reader.unplug()
    assert one(f"{PS} 1234")[0] == "0400"


def test_cards_in_each_others_slots(at) -> None:
    one = at(swapped=True)
    assert one(f"{PS} 1234")[0] == "F004"
    assert "swapped" in one.desk.records[-1].why or "carte Vitale" in one.desk.records[-1].why
    assert one(f"{RIGHTS} 1234 -")[0] == "F004"


def test_two_cards_of_one_kind(at) -> None:
    assert at(None, issued("nurse"))(f"{RIGHTS} 1234 -")[0] == "F014"
    assert at(issued("vitale-single"))(f"{RIGHTS} 1234 -")[0] == "F004"


def test_a_card_that_bills_nothing(at) -> None:
    one = at(issued("student-cpf"))
    assert one(f"{PS} 1234")[0] == "F004"
    assert "situation de facturation" in one.desk.records[-1].why


class Leaves(CardAround):
    """A card that is taken out after so many commands."""

    def __init__(self, card, commands) -> None:
        super().__init__(card)
        self._left = commands

    def transmit(self, command: bytes, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise CardRemoved("Vitale")
        return super().transmit(command)


@pytest.mark.parametrize("commands", [5, 12])
def test_a_vitale_that_is_taken_out_meanwhile(at, commands) -> None:
    one = at(None, Leaves(issued("vitale-family"), commands))
    assert one(f"{RIGHTS} 1234 -")[0] == "F015"
    assert one(f"{RIGHTS} 1234 -")[0] == "F011"
    one.desk.reader.insert("Vitale", issued("vitale-single"))
    assert one(f"{RIGHTS} 1234 -")[0] == "0000"


def test_a_date_at_which_a_card_does_not_hold(at) -> None:
    one = at()
    assert one(f"{RIGHTS} 1234 {TODAY:%Y%m%d}")[0] == "0000"
    assert one(f"{RIGHTS} 1234 {TODAY:%Y%m%d}0815")[0] == "0000"
    assert one(f"{RIGHTS} 1234 {TODAY + timedelta(days=3650):%Y%m%d}")[0] in ("F004", "F014")
    assert one(f"{RIGHTS} 1234 {date(2001, 1, 1):%Y%m%d}")[0] in ("F004", "F014")
    for text in ("20261341", "2026", "demain", "2026-11-23"):
        assert one(f"{RIGHTS} 1234 {text}")[0] == "4000"


def test_cards_on_the_list_of_opposed_ones(at, tmp_path) -> None:
    folder = tmp_path / "igc"
    shutil.copytree(authority().directory, folder)
    listed = Authority.open(folder)
    one = at()
    cps, vitale = CpsSession(one.desk.reader.link("CPS")), VitaleSession(one.desk.reader.link("Vitale"))
    insured = OpposedVitale(vitale.serial(), vitale.pan().hex().upper(), TODAY)
    professional = OpposedCps(cps.serial(), Gamme.FORT, (), TODAY)
    object.__setattr__(one.desk.desk, "opposed", ListedOppositions(listed))
    assert one(f"{RIGHTS} 1234 -")[0] == "0000"
    oppose_card(listed, insured)
    assert one(f"{RIGHTS} 1234 -")[0] == "F014"
    assert "opposed" in one.desk.records[-1].why
    assert one(f"{PS} 1234")[0] == "0000"
    oppose_card(listed, professional)
    assert one(f"{PS} 1234")[0] == "F004"
    assert tries_left(one) == 3


def test_a_test_card_with_a_real_one(at, production_authority, pooled_source) -> None:
    profile = read_profile("vitale-family").model_copy(update={"environment": "production-like"})
    records = personalise(profile, production_authority, today=TODAY, keys=pooled_source)
    real = card_of(MemoryStore(records), "vitale2")
    assert at(None, real)(f"{RIGHTS} 1234 -")[0] == "F026"


def test_mutuelle_and_amc_for_one_person() -> None:
    person = [Group(number, (b"",) * len(GROUPS[number].fields)) for number in (101, 104, 105, 107)]
    need_one_complementary(person)
    with pytest.raises(CallFailed) as refused:
        need_one_complementary([*person, Group(109, (b"",) * len(GROUPS[109].fields))])
    assert refused.value.code == 0xF0F0


@pytest.mark.parametrize("names", ["NOWHERE TRANSPA2", "CPS NOWHERE", "VITALE TRANSPA2", "- CPS"])
def test_resources_that_there_are_not(at, names) -> None:
    assert at()(f"SSV_LireCartePS {names} 1234")[0] == "F101"


def test_null_pointers(at) -> None:
    one = at()
    assert one("SSV_LireCartePS ~ TRANSPA2 1234")[0] == "4000"
    assert one("SSV_LireCartePS CPS ~ 1234")[0] == "4000"
    assert one("SSV_LireDateLecteur ~")[0] == "4000"


def test_the_clock_of_the_reader(at) -> None:
    one = at()
    assert one("SSV_LireDateLecteur TRANSPA2") == ["0000", "202611231030"]
    assert one("SSV_MajDateLecteur CPS 202612312359") == ["0000"]
    assert one("SIS_LireDateLecteur CPS") == ["0000", "202612312359"]
    assert one("SSV_MajDateLecteur CPS 20261301")[0] == "4000"
    assert one("SSV_MajDateLecteur CPS ~")[0] == "4000"
    assert one("SSV_LireDateLecteur NOWHERE")[0] == "F101"


def test_cards_that_another_application_holds(at, speaker_at) -> None:
    one = at()
    other = speaker_at(one.desk)
    other("OuvrirSession OTHER CPS")
    other("DebutExclusivite 1:3")
    assert one(f"{PS} 1234")[0] == "0004"
    assert one(f"{RIGHTS} 1234 -")[0] == "0004"
    assert "OTHER" in one.desk.records[-1].why
    other("SSV_InitLIB")
    assert other(f"{PS} 1234")[0] == "0000", "what the process itself holds is not in its way"
    other("FinExclusivite 1")
    assert one(f"{PS} 1234")[0] == "0000"


def test_what_is_not_imitated_says_so_and_asks_no_card(at) -> None:
    one = at()
    for call in INVOICING:
        assert one(call)[0] == "FBF0", call
        assert "not public" in one.desk.records[-1].why
    assert tries_left(one) == 3


def test_a_vitale_is_read_without_a_professional(at) -> None:
    one = at(None, issued("vitale-family"))
    one.desk.reader.remove("CPS")
    assert one("Hn_Init /etc") == ["0000", "0", "0000"]
    code, state, size, xml = one("Hn_LectureVitaleDonneesIdentification 1 4000")
    assert (code, state) == ("0000", "1")
    text = bytes.fromhex(xml).decode("iso-8859-1")
    assert int(size) == len(text)
    assert text.startswith('<?xml version="1.0" encoding="ISO-8859-1"?>')
    assert "<T_AsnBeneficiaire><ident><nomUsuel>EXEMPLE-ROUSSEL" in text
    assert "synthetic" in text
    code, _, needed, _ = one("Hn_LectureVitaleDonneesIdentification 1 10")
    assert (code, int(needed)) == ("0010", len(text) + 1)
    assert one("Hn_Finir") == ["0000"]
    assert one("MICA_Init") == ["0000"]
    assert one("MICA_LireVersion") == ["0000", "synthetic"]
    serial = VitaleSession(one.desk.reader.link("Vitale")).serial()
    assert one("MICA_ControlePresenceCarteVitale TRANSPA2") == ["0000", "1", serial]
    assert one("MICA_ControlePresenceCarteVitale CPS")[0] == "F101"
    one.desk.reader.remove("Vitale")
    assert one("MICA_ControlePresenceCarteVitale VITALE") == ["0000", "0", ""]
    assert one("Hn_LectureVitaleDonneesIdentification 0 4000")[:2] == ["F011", "0"]
    assert one("MICA_Terminer") == ["0000"]


def test_a_vitale_1_is_read_as_any_other(at) -> None:
    from bifente.ssv import wire
    from bifente.terminal import Vitale1Session

    one = at(None, issued("vitale1-family"))
    code, _, rights = one(f"{RIGHTS} 1234 -")
    assert code == "0000", one.desk.records[-1].why
    assert sum(group.id == 104 for group in wire.decode_card(bytes.fromhex(rights))) == 6
    assert one("Hn_Init /etc") == ["0000", "0", "0000"]
    text = bytes.fromhex(one("Hn_LectureVitaleDonneesIdentification 1 4000")[3]).decode("iso-8859-1")
    assert "<nomUsuel>EXEMPLE-FABRE" in text
    serial = Vitale1Session(one.desk.reader.link("Vitale")).serial()
    assert one("MICA_Init") == ["0000"]
    assert one("MICA_ControlePresenceCarteVitale TRANSPA2") == ["0000", "1", serial]


def test_zones_are_the_callers_to_free(at) -> None:
    assert at()("SSV_AllouerZoneMem 4096") == ["0000", "1"]
