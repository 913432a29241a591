"""The recognition of a Vitale 1: the CPS and it alone opens the card, and nothing in between helps or stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import pytest
from issued import authority, issued, records

from bifente.apdu import SW
from bifente.applets import SmartCard, card_of
from bifente.applets.store.stores import MemoryStore
from bifente.crypto.legacy.diversified import card_key, retail_mac
from bifente.layouts.recognition import Step
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.terminal import (
    CardRefused,
    CpsSession,
    CpsUnusable,
    PinRequired,
    RecognitionRequired,
    Vitale1Session,
    VitaleSession,
    VitaleUnusable,
    patient_session,
    recognise,
)
from bifente.terminal.whichcard import kind_of

TODAY = date(2026, 11, 24)


@dataclass
class Table:
    """Two cards in a reader, and a session with each."""

    cps: CpsSession
    vitale: Vitale1Session

    def recognise(self, *, anchors: bool = True):
        roots = authority().trust_store.cv_roots if anchors else ()
        return recognise(self.cps, self.vitale, date=TODAY, anchors=roots)


@contextmanager
def at_table(cps: SmartCard, vitale: SmartCard, *, pin: bool = True) -> Iterator[Table]:
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, cps)
        reader.insert(VITALE_SLOT, vitale)
        patient = patient_session(reader.link(VITALE_SLOT))
        assert isinstance(patient, Vitale1Session)
        table = Table(CpsSession(reader.link(CPS_SLOT)), patient)
        if pin:
            table.cps.verify_pin(b"1234")
        yield table


@pytest.fixture
def table() -> Iterator[Table]:
    with at_table(issued("gp"), issued("vitale1-family")) as made:
        yield made


def spoiled(profile: str, **changes: bytes | None) -> SmartCard:
    """A card of *profile* with other records, named with ``_`` for ``/``."""
    held = {**records(profile), **{name.replace("_", "/"): value for name, value in changes.items()}}
    kept = {name: value for name, value in held.items() if value is not None}
    return card_of(MemoryStore(kept), "cps3" if profile in ("gp", "student-cpf") else "vitale1")


@pytest.mark.parametrize("anchors", [True, False])
def test_a_recognised_professional_reads_the_family(table: Table, anchors: bool) -> None:
    with table.recognise(anchors=anchors) as made:
        assert made.active
        assert [group.id for group in table.vitale.rights()].count(104) == 6
        assert len(table.vitale.sign_sheet(bytes(32))) == 8
        assert (made.cha_cps is not None) is anchors
        assert (table.cps.issued is not None) is anchors
    with pytest.raises(RecognitionRequired):
        table.vitale.rights()
    with pytest.raises(RecognitionRequired):
        table.vitale.sign_sheet(bytes(32))


def test_it_is_told_by_its_atr(table: Table) -> None:
    assert kind_of(table.vitale.link) == "vitale1"
    with pytest.raises(VitaleUnusable, match="is a carte Vitale 1, not a carte Vitale"):
        VitaleSession(table.vitale.link)
    with pytest.raises(VitaleUnusable, match="is a CPS, not a carte Vitale 1"):
        Vitale1Session(table.cps.link)


def test_nothing_opens_without_the_pin() -> None:
    with at_table(issued("gp"), issued("vitale1-family"), pin=False) as table:
        with pytest.raises(PinRequired):
            table.recognise()
        with pytest.raises(RecognitionRequired):
            table.vitale.rights()


def test_a_student_is_recognised_and_reads_nothing() -> None:
    with at_table(issued("student-cpf"), issued("vitale1-family")) as table:
        with table.recognise():
            for verb in (table.vitale.rights, lambda: table.vitale.sign_sheet(bytes(32))):
                with pytest.raises(RecognitionRequired):
                    verb()
        with pytest.raises(RecognitionRequired):
            table.vitale.rights()


def test_a_cps_of_before_says_that_it_has_no_mother_key() -> None:
    with (
        at_table(spoiled("gp", secret_3F00_0001_85=None), issued("vitale1-family")) as table,
        pytest.raises(CpsUnusable, match="holds no mother key"),
    ):
        table.recognise()


@pytest.mark.parametrize(
    ("cps", "vitale", "step"),
    [
        ({"secret_3F00_0001_85": bytes(16)}, {}, Step.VITALE_VERIFIES),
        ({}, {"secret_3F00_01": bytes(16)}, Step.VITALE_VERIFIES),
    ],
)
def test_cards_of_other_keys_do_not_recognise_each_other(cps, vitale, step) -> None:
    with (
        at_table(spoiled("gp", **cps), spoiled("vitale1-family", **vitale)) as table,
        pytest.raises(CardRefused) as refused,
    ):
        table.recognise()
    assert (refused.value.step, refused.value.sw) == (step, SW.CHANGED_WARNING)


# what the terminal between the cards may try


def _sent(card: SmartCard, command: str) -> str:
    return card.transmit(bytes.fromhex(command)).hex().upper()


@dataclass
class Between:
    """The dialogue by hand, over the cards themselves."""

    cps: SmartCard
    vitale: SmartCard

    def __post_init__(self) -> None:
        assert _sent(self.cps, "00A4040C0DE828BD080F8025000001FF0010") == "9000"
        assert _sent(self.cps, "002000010431323334") == "9000"
        self.chr_vitale = records("vitale1-family")["identity"][:12]
        self.chr_cps = records("gp")["identity"][:12]
        self.cha_cps = records("gp")["identity"][12:]
        self.challenges()

    def challenges(self) -> None:
        self.rc = bytes.fromhex(_sent(self.cps, "0084000010"))[:-2]
        self.rv = bytes.fromhex(_sent(self.vitale, "BC84000010"))[:-2]

    def certified(self, chr_vitale: bytes | None = None, rv: bytes | None = None) -> bytes:
        named = self.chr_vitale if chr_vitale is None else chr_vitale
        assert _sent(self.cps, "002241A4148001E3840185830C" + named.hex()) == "9000"
        answer = self.cps.transmit(bytes.fromhex("0088000010") + (rv or self.rv) + b"\0")
        assert answer[-2:] == b"\x90\x00"
        return answer[:-2]

    def shown(self, proven: bytes, *, rc: bytes | None = None, chr_cps: bytes | None = None) -> str:
        data = (rc or self.rc) + (chr_cps or self.chr_cps) + bytes(32) + proven
        return _sent(self.vitale, f"BC820001{len(data):02X}" + data.hex())


@pytest.fixture
def between() -> Between:
    return Between(spoiled_unsigned(), issued("vitale1-family"))


def spoiled_unsigned() -> SmartCard:
    """A CPS without its issuer's signature: D_C is zeros."""
    made = spoiled("gp", file_3F00_0001_D084=None)
    made.power_on()
    return made


def test_the_tokens_byte_by_byte(between: Between) -> None:
    """Written out here once more: labels, roles and order are not taken from the project."""
    proven = between.certified()
    key = card_key(authority().mother_key("recognition"), between.chr_vitale)
    message = b"bifente-C2C/V1\x01" + between.cha_cps + between.chr_cps + between.rc
    message += between.chr_vitale + between.rv + bytes(32)
    assert proven == between.cha_cps + retail_mac(key, message)
    assert between.shown(proven) == "9000"
    answer = bytes.fromhex(_sent(between.vitale, "BC88000110" + between.rc.hex() + "00"))[:-2]
    cha = records("vitale1-family")["identity"][12:]
    message = (
        b"bifente-C2C/V1\x02"
        + cha
        + between.chr_vitale
        + between.rv
        + between.chr_cps
        + between.rc
        + bytes(32)
    )
    assert answer == cha + retail_mac(key, message)
    sheet = bytes(range(32))
    mac = bytes.fromhex(_sent(between.vitale, "BC88000220" + sheet.hex() + "00"))[:-2]
    message = (
        b"bifente-FSE/V1" + sheet + between.chr_vitale + between.rv + between.chr_cps + between.rc + bytes(64)
    )
    assert mac == retail_mac(card_key(authority().mother_key("sheet"), between.chr_vitale), message)


def test_a_mac_serves_once(between: Between) -> None:
    proven = between.certified()
    assert between.shown(proven) == "9000"
    assert between.shown(proven) == "6985"
    old = between.rc
    between.challenges()
    assert between.shown(proven, rc=old) == "6300"
    assert _sent(between.vitale, "BCA4000C022101") == "9000"
    assert _sent(between.vitale, "BCB0000000") == "6982"


def test_a_mac_for_another_vitale_opens_none(between: Between) -> None:
    other = bytearray(between.chr_vitale)
    other[-2] ^= 1
    assert between.shown(between.certified(bytes(other))) == "6300"


@pytest.mark.parametrize("at", [0, 3, 7, 14])
def test_no_role_and_no_mac_can_be_changed_on_the_way(between: Between, at: int) -> None:
    proven = bytearray(between.certified())
    proven[at] ^= 1
    assert between.shown(bytes(proven)) == "6300"


def test_a_vitale_does_not_open_to_its_own_mac(between: Between) -> None:
    """Reflection: what the Vitale certifies is no proof of a CPS."""
    assert between.shown(between.certified()) == "9000"
    answer = bytes.fromhex(_sent(between.vitale, "BC88000110" + between.rc.hex() + "00"))[:-2]
    between.rv = bytes.fromhex(_sent(between.vitale, "BC84000010"))[:-2]
    assert between.shown(answer, chr_cps=between.chr_vitale) == "6300"


def test_the_cps_certifies_for_one_challenge_once(between: Between) -> None:
    between.certified()
    assert _sent(between.cps, "0088000010" + between.rv.hex() + "00") == "6985"
    assert _sent(between.cps, "002281A4118001E3830C" + between.chr_vitale.hex()) == "9000"
    assert _sent(between.cps, "008200001F" + between.rv.hex() + "00" * 15) == "6985"


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ("8001E3840185", "6A80"),
        ("8001E3840183830C" + "00" * 12, "6A80"),
        ("8001E3840185830B" + "00" * 11, "6A80"),
        ("8001E1840185", "6A88"),
        ("800102840185", "6A88"),
    ],
)
def test_the_mother_key_serves_nothing_else(between: Between, template: str, status: str) -> None:
    assert _sent(between.cps, f"002241A4{len(template) // 2:02X}{template}") == status
