"""The carte Vitale 1 as a card: class BC, T=0, free data, and what stays closed without a professional."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from issued import issued

from bifente.apdu.reset.atr import Atr
from bifente.layouts.names import card_of_atr, layout_for_atr
from bifente.reader.wrappers.t0front import T0Front


def _said(card, command: str) -> str:
    return card.transmit(bytes.fromhex(command)).hex().upper()


@pytest.fixture
def card():
    return issued("vitale1-family")


def test_its_atr_is_one_of_those_that_are_public(card) -> None:
    atr = card.reset()
    assert atr.hex().upper() == "3F6525002209F99000"
    assert Atr.parse(atr).inverse
    assert Atr.parse(atr).protocols == (0,)


@pytest.mark.parametrize(
    "atr",
    [
        "3F6525002209F99000",
        "3F6525002C09F99000",
        "3F6525002209699000",
        "3F65250052096A9000",
        "3F652500A4096A9000",
    ],
)
def test_all_public_atrs_are_known(atr: str) -> None:
    layout = layout_for_atr(bytes.fromhex(atr))
    assert layout is not None
    assert layout.kind == "vitale1"


def test_a_generic_scot_5_is_none() -> None:
    assert card_of_atr(bytes.fromhex("3F6525002B09EB9000")) is None


def test_what_it_shows_is_free_and_the_rights_are_not(card) -> None:
    assert _said(card, "BCA4000C022F02") == "9000"
    assert _said(card, "BCB0000000").startswith("5A0A8025000002")
    assert _said(card, "BCB0820004") == "652B800D9000"
    for fid in ("2101", "2201", "2206"):
        assert _said(card, f"BCA4000C02{fid}") == "9000"
        assert _said(card, "BCB0000000") == "6982"
        assert _said(card, "BCD600000100") == "6982"
    assert _said(card, "BCA4000C022213") == "6A82"


@pytest.mark.parametrize("cla", ["00", "01", "10", "0C", "80", "A0", "BD", "FF"])
def test_no_other_class_is_taken(card, cla: str) -> None:
    assert _said(card, f"{cla}A4000C022F02") == "6E00"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("BC8800010100", "6982"),
        ("BC880002" + "20" + "00" * 32, "6982"),
        ("BC880003" + "0100", "6A86"),
        ("BC880101" + "0100", "6A86"),
        ("BC82000201FF", "6982"),
        ("BC82000101FF", "6A80"),
        ("BC820001" + "4B" + "00" * 75, "6985"),
        ("BC840000", "6700"),
        ("BC2A9E9A00", "6D00"),
        ("BC2241A400", "6D00"),
        ("BCCA014000", "6D00"),
    ],
)
def test_what_it_refuses(card, command: str, answer: str) -> None:
    assert _said(card, command) == answer


def test_a_challenge_serves_once(card) -> None:
    assert len(_said(card, "BC84000010")) == 36
    forged = "BC820001" + "4B" + "00" * 16 + "F0018000000001" + "00" * 52
    assert _said(card, forged) == "6300"
    assert _said(card, forged) == "6985"


def test_behind_t_0_as_every_t_0_card(card) -> None:
    front = T0Front(card)
    assert _said(front, "BCA4000C022F02") == "9000"
    assert _said(front, "BCB0000001") == "5A9000"
    assert _said(front, "BCB0000010") == "6C0C"
    assert _said(front, "BCB000000C").endswith("9000")


@given(command=st.binary(min_size=1, max_size=40))
def test_whatever_it_is_told_it_answers(command: bytes) -> None:
    card = issued("vitale1-family")
    answer = card.transmit(b"\xbc" + command)
    assert len(answer) >= 2
    assert answer[-2:] != b"\x6f\x00"
    assert card.proven.role is None
