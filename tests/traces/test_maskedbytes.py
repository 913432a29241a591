"""Bytes of which some are hidden: what is hidden is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.traces.errors import HiddenBytes, TraceError
from bifente.traces.maskedbytes import MaskedBytes

spans = st.lists(st.tuples(st.integers(-3, 40), st.integers(-3, 40)), max_size=5)


@given(st.binary(max_size=32), spans)
def test_round_trip(data: bytes, hidden: list[tuple[int, int]]) -> None:
    masked = MaskedBytes.hiding(data, hidden)
    assert MaskedBytes.parse(masked.hex()) == masked
    assert len(masked) == len(data)
    gone = {at for start, stop in hidden for at in range(max(start, 0), min(stop, len(data)))}
    assert masked.masked == bool(gone)
    for at in range(len(data)):
        assert masked.hides(at, at + 1) == (at in gone)
        assert masked.hex()[2 * at : 2 * at + 2] == ("**" if at in gone else f"{data[at]:02X}")
        assert masked.shown[at] == (0 if at in gone else data[at])
    assert masked.matches(data)
    assert not masked.matches(data + b"\0")
    if gone:
        with pytest.raises(HiddenBytes):
            _ = masked.plain
    else:
        assert masked.plain == data


@given(st.text(alphabet="0123456789abcdefABCDEFg* \t\n", max_size=24))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        masked = MaskedBytes.parse(text)
    except TraceError:
        return
    assert masked.hex() == text.upper()


@pytest.mark.parametrize("text", ["0", "0**0", "0*", "*0", "***", "GG", "00 01", "00\n", "é0", "0x00"])
def test_refused(text: str) -> None:
    with pytest.raises(TraceError):
        MaskedBytes.parse(text)


def test_hidden_bytes_are_wildcards() -> None:
    masked = MaskedBytes.parse("0020000104********")
    assert masked.matches(bytes.fromhex("002000010431323334"))
    assert masked.matches(bytes.fromhex("002000010400000000"))
    assert not masked.matches(bytes.fromhex("002000020431323334"))
    assert repr(masked) == "MaskedBytes(0020000104********)"


@pytest.mark.parametrize(
    ("shown", "hidden"),
    [
        (b"\x01\x02", ((0, 1),)),
        (b"\0\0", ((1, 3),)),
        (b"\0\0", ((1, 1),)),
        (b"\0\0\0\0", ((2, 3), (0, 1))),
        (b"\0\0\0\0", ((0, 1), (1, 2))),
    ],
)
def test_what_cannot_be(shown: bytes, hidden: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(TraceError):
        MaskedBytes(shown, hidden)
