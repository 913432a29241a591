"""The T=1 test card: long lengths in both directions, and the T=1 rules of a reader."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from issued import issued

from bifente.apdu import CommandAPDU, TransmissionProtocol
from bifente.apdu.reset.atr import Atr
from bifente.applets import SmartCard
from bifente.reader import TwoSlotReader

BOUNDARIES = [1, 254, 255, 256, 257, 258, 4095, 65534, 65535]


@pytest.fixture(scope="module")
def card() -> SmartCard:
    return issued("t1test")


def test_its_atr_says_t_1_alone(card: SmartCard) -> None:
    atr = Atr.parse(card.reset())
    assert [int(protocol) for protocol in atr.protocols] == [1]


@pytest.mark.parametrize("size", BOUNDARIES)
def test_echo_of_every_length(card: SmartCard, size: int) -> None:
    data = bytes(index % 253 for index in range(size))
    assert card.transmit(CommandAPDU.build(0, 0xEE, 0, 0, data, 65536).raw) == data + b"\x90\x00"
    assert card.transmit(CommandAPDU.build(0, 0xEE, 0, 0, b"", size).raw) == bytes(size) + b"\x90\x00"
    assert card.transmit(CommandAPDU.build(0, 0xEE, 0, 0, data).raw) == b"\x90\x00"


def test_65_536_bytes_come_back(card: SmartCard) -> None:
    assert len(card.transmit(CommandAPDU.build(0, 0xEE, 0, 0, b"", 65536).raw)) == 65538


@pytest.mark.parametrize("size", BOUNDARIES)
def test_the_large_file_is_read_in_one_piece(card: SmartCard, size: int) -> None:
    card.reset()
    assert card.transmit(bytes.fromhex("00A4020C021001")) == b"\x90\x00"
    assert len(card.transmit(CommandAPDU.build(0, 0xB0, 0, 0, b"", size).raw)) == size + 2


@pytest.mark.parametrize(("le", "size"), [("", 0), ("05", 5), ("00", 32), ("FF", 32), ("01", 1)])
def test_no_answer_is_longer_than_what_is_expected(card: SmartCard, le: str, size: int) -> None:
    """ISO/IEC 7816-3:2006 §12.1.1: Nr is at most Ne, and Ne is 0 without an Le field."""
    card.reset()
    answer = card.transmit(bytes.fromhex("00A40000021001" + le))
    assert (len(answer), answer[-2:]) == (size + 2, b"\x90\x00")
    assert answer[:-2][:1] == b"\x6f"[:size]
    # the file is selected all the same
    assert card.transmit(bytes.fromhex("00B0000002")) == b"\x00\x00\x90\x00"


def test_long_updates_are_read_back(card: SmartCard) -> None:
    card.reset()
    card.transmit(bytes.fromhex("00A4020C021001"))
    data = bytes(index % 251 for index in range(32_000))
    assert card.transmit(CommandAPDU.build(0, 0xD6, 0x10, 0x00, data).raw) == b"\x90\x00"
    assert card.transmit(CommandAPDU.build(0, 0xB0, 0x10, 0x00, b"", len(data)).raw) == data + b"\x90\x00"


def test_a_reader_speaks_t_1_with_it(card: SmartCard) -> None:
    card.power_off()
    with TwoSlotReader() as reader:
        reader.insert("CPS", card)
        link = reader.link("CPS")
        assert link.protocol is TransmissionProtocol.T1
        answer = link.transmit(CommandAPDU.build(0, 0xEE, 0, 0, bytes(1000), 1000).raw)
        assert answer == bytes(1000) + b"\x90\x00"
    card.power_on()


@settings(max_examples=60)
@given(st.integers(0, 70_000), st.integers(0, 255), st.binary(min_size=4, max_size=9))
def test_any_byte_string_gets_a_status_word(size: int, fill: int, head: bytes) -> None:
    command = (head + bytes((fill,)) * size)[:size]
    for profile in ("t1test", "gp", "vitale-volets"):
        answer = issued(profile).transmit(command)
        assert len(answer) >= 2
        assert answer[-2:] != b"\x6f\x00"
