"""Letters that people type, as Latin-1 can hold them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.codes.errors import CodeError
from bifente.codes.letters import latin


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Cœur", "Coeur"),
        ("ŒUVRE", "OEUVRE"),
        ("D’ARTAGNAN", "D'ARTAGNAN"),
        ("D‘A", "D'A"),
        ("Ame\u0301lie", "Amélie"),
        ("JEAN\u2013LUC", "JEAN-LUC"),
        ("A\u202fB", "A B"),
        ("Æthel ÿ", "Æthel ÿ"),
    ],
)
def test_written_otherwise(typed: str, kept: str) -> None:
    assert latin(typed) == kept


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("Łukasz", "'Ł' (U+0141, LATIN CAPITAL LETTER L WITH STROKE)"),
        ("Ÿ", "'Ÿ' (U+0178, LATIN CAPITAL LETTER Y WITH DIAERESIS)"),
        ("x\u0302", "'\u0302' (U+0302, COMBINING CIRCUMFLEX ACCENT)"),
        ("€", "'€' (U+20AC, EURO SIGN)"),
        ("\ud800", "'\\ud800' (U+D800)"),
    ],
)
def test_a_letter_without_place_is_named_and_nothing_else(typed: str, named: str) -> None:
    with pytest.raises(CodeError) as caught:
        latin(f"SECRET {typed}")
    assert caught.value.reason == f"{named} is not in Latin-1"
    assert "SECRET" not in str(caught.value)


@given(st.text(st.characters(max_codepoint=255)))
def test_what_is_in_latin_1_stays(text: str) -> None:
    assert latin(text) == text


@given(st.text())
def test_whatever_passes_is_in_latin_1_and_stays_then(text: str) -> None:
    try:
        kept = latin(text)
    except CodeError:
        return
    assert kept.encode("latin-1").decode("latin-1") == kept
    assert latin(kept) == kept
    assert unicodedata.is_normalized("NFC", kept)
