"""What a string of bytes is: ATRs, also those in which something is wrong, and the cards that they are of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.layouts.names import card_of_atr
from bifente.traces.explanation.explain import explain_bytes


@pytest.mark.parametrize(
    ("atr", "card"),
    [
        ("3BAC00402A001225006480000310009000", "CPS3, contact"),
        ("3BAC00402A001225006480820212009000", "CPS2ter, contact"),
        ("3BDC18FF00001225006480000401009000", "CPS4, contact"),
        ("3B9B18800100122500648004010000 9044", "CPS4, contact"),
        ("3B8F80010031B86404B0ECC1739401808290000E", "CPS3, contactless"),
        ("3BAC00402A001225006480000999009000", "CPS, generation 000999, contact"),
        ("3B751300004509FA9000", "carte Vitale 2"),
        ("3F6525002209699000", "carte Vitale 1"),
        ("3F6525002B09EB9000", None),
        ("3B7A1300000009A5050100B701A601", None),
    ],
)
def test_cards_are_named_by_their_atr(atr: str, card: str | None) -> None:
    raw = bytes.fromhex(atr)
    assert card_of_atr(raw) == card
    assert explain_bytes(raw)[0] == ("ATR" if card is None else f"ATR of the {card}")


@pytest.mark.parametrize(
    "atr", ["3BAC00402A001225006480820212009000", "3B8480010111200336", "3B021450", "3F65250022099F9000"]
)
@given(at=st.integers(2, 40), byte=st.integers(0, 255), how=st.sampled_from(["cut", "drop", "add", "change"]))
def test_whatever_is_wrong_in_an_atr_it_is_one(atr: str, at: int, byte: int, how: str) -> None:
    raw = bytes.fromhex(atr)
    at = 2 + at % (len(raw) - 2)
    wrong = {
        "cut": raw[: max(at, 4)],
        "drop": raw[:at] + raw[at + 1 :],
        "add": raw[:at] + bytes((byte,)) + raw[at:],
        "change": raw[:at] + bytes((byte,)) + raw[at + 1 :],
    }[how]
    if len(wrong) >= 4:
        assert explain_bytes(wrong)[0].partition(" of ")[0] == "ATR"


def test_an_answer_of_one_byte_is_no_atr() -> None:
    assert explain_bytes(bytes.fromhex("3B9000"))[0] == "answer of 1 byte with status word 9000 (success)"
    assert explain_bytes(bytes.fromhex("3B02"))[0] == "ATR"
