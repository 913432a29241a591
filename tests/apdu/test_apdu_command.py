"""Command and response APDU: the seven cases, their boundaries, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import SW, ApduError, Case, CommandAPDU, ResponseAPDU

HEADER = bytes.fromhex("00B081F0")


@pytest.mark.parametrize(
    ("text", "case", "data", "ne"),
    [
        ("00B081F0", Case.CASE_1, "", None),
        ("00B081F001", Case.CASE_2S, "", 1),
        ("00B081F0FF", Case.CASE_2S, "", 255),
        ("00B081F000", Case.CASE_2S, "", 256),
        ("0020000100", Case.CASE_2S, "", 256),  # what a T=0 reader makes of case 1
        ("00B081F001AA", Case.CASE_3S, "AA", None),
        ("00B081F0020001", Case.CASE_3S, "0001", None),
        ("00B081F001AA00", Case.CASE_4S, "AA", 256),
        ("00B081F001AA10", Case.CASE_4S, "AA", 16),
        ("00B081F0000001", Case.CASE_2E, "", 1),
        ("00B081F0000100", Case.CASE_2E, "", 256),
        ("00B081F0000101", Case.CASE_2E, "", 257),
        ("00B081F000FFFF", Case.CASE_2E, "", 65535),
        ("00B081F0000000", Case.CASE_2E, "", 65536),
        ("00B081F0000001AA", Case.CASE_3E, "AA", None),
        ("00B081F0000002AABB", Case.CASE_3E, "AABB", None),
        ("00B081F0000001AA0000", Case.CASE_4E, "AA", 65536),
        ("00B081F0000001AA0100", Case.CASE_4E, "AA", 256),
        ("00B081F0000001AA0001", Case.CASE_4E, "AA", 1),
    ],
)
def test_each_case_is_read(text: str, case: Case, data: str, ne: int | None) -> None:
    command = CommandAPDU.parse(bytes.fromhex(text))
    assert command.case is case
    assert command.data == bytes.fromhex(data)
    assert command.ne == ne
    assert command.raw == bytes.fromhex(text)
    assert bytes((command.cla, command.ins, command.p1, command.p2)) == command.raw[:4]
    assert command.case.extended == (command.case.name[-1] == "E")


@pytest.mark.parametrize(
    ("length", "le", "start", "case"),
    [
        (255, None, "FF", Case.CASE_3S),
        (255, 256, "FF", Case.CASE_4S),
        (255, 257, "0000FF", Case.CASE_4E),
        (256, None, "000100", Case.CASE_3E),
        (256, 1, "000100", Case.CASE_4E),
        (257, None, "000101", Case.CASE_3E),
        (65535, None, "00FFFF", Case.CASE_3E),
        (65535, 65536, "00FFFF", Case.CASE_4E),
        (0, 256, "00", Case.CASE_2S),
        (0, 257, "000101", Case.CASE_2E),
        (0, 65536, "000000", Case.CASE_2E),
        (0, None, "", Case.CASE_1),
    ],
)
def test_the_shortest_form_is_built(length: int, le: int | None, start: str, case: Case) -> None:
    data = b"\x5a" * length
    command = CommandAPDU.build(0x00, 0xB0, 0x81, 0xF0, data, le)
    assert command.raw.startswith(HEADER + bytes.fromhex(start))
    assert command.case is case
    assert CommandAPDU.parse(command.raw) == command


def test_extended_form_on_demand() -> None:
    assert CommandAPDU.build(0, 0xB0, ne=256, extended=True).raw == bytes.fromhex("00B00000000100")
    assert CommandAPDU.build(0, 0xB0, data=b"\x01", extended=True).raw == bytes.fromhex("00B0000000000101")
    assert CommandAPDU.build(0, 0xB0, extended=True).case is Case.CASE_1


@pytest.mark.parametrize(
    "arguments",
    [
        {"cla": 256, "ins": 0},
        {"cla": -1, "ins": 0},
        {"cla": 0, "ins": 256},
        {"cla": 0, "ins": 0, "p1": 256},
        {"cla": 0, "ins": 0, "p2": -1},
        {"cla": 0, "ins": 0, "ne": 0},
        {"cla": 0, "ins": 0, "ne": 65537},
        {"cla": 0, "ins": 0, "data": bytes(65536)},
    ],
)
def test_what_cannot_be_built(arguments: dict[str, int]) -> None:
    with pytest.raises(ApduError):
        CommandAPDU.build(**arguments)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        "00B081",
        "00B081F00000",  # extended length of two bytes
        "00B081F0000000AA",  # extended Lc 0 with data
        "00B081F000000000",  # extended Lc 0 with Le
        "00B081F003AABB",
        "00B081F001AABBCC",
        "00B081F0000002AA",
        "00B081F0000001AABB",  # extended Le of one byte
        "00B081F0000001AABBCCDD",
        "00B081F0000100" + "AA" * 255,
    ],
)
def test_what_is_no_command(text: str) -> None:
    with pytest.raises(ApduError):
        CommandAPDU.parse(bytes.fromhex(text))


def _legal_lengths(raw: bytes) -> set[int]:
    """The sizes at which a prefix of *raw* is a command too, from the grammar of ISO/IEC 7816-3 §12.1."""
    legal = {4, 5}
    if raw[4]:
        legal |= {5 + raw[4], 6 + raw[4]}
    else:
        legal.add(7)
        if len(raw) > 6 and (length := int.from_bytes(raw[5:7], "big")):
            legal |= {7 + length, 9 + length}
    return legal


@pytest.mark.parametrize("length", [1, 2, 3, 7, 255, 256, 257])
@pytest.mark.parametrize("le", [None, 1, 256, 65536])
def test_truncation_at_each_byte(length: int, le: int | None) -> None:
    raw = CommandAPDU.build(0, 0xD6, 0, 0, b"\xa5" * length, le).raw
    for size in range(len(raw)):
        if size in _legal_lengths(raw):
            assert CommandAPDU.parse(raw[:size]).raw == raw[:size]
        else:
            with pytest.raises(ApduError):
                CommandAPDU.parse(raw[:size])


byte = st.integers(0, 255)
expected = st.one_of(st.none(), st.integers(1, 65536), st.sampled_from([1, 255, 256, 257, 65535, 65536]))


@given(byte, byte, byte, byte, st.binary(max_size=600), expected, st.booleans())
def test_round_trip(
    cla: int, ins: int, p1: int, p2: int, data: bytes, ne: int | None, extended: bool
) -> None:
    command = CommandAPDU.build(cla, ins, p1, p2, data, ne, extended=extended)
    assert command == CommandAPDU.parse(command.raw)
    assert (command.cla, command.ins, command.p1, command.p2) == (cla, ins, p1, p2)
    assert (command.data, command.ne) == (data, ne)


@given(st.binary(max_size=300))
def test_garbage_is_read_or_refused(raw: bytes) -> None:
    try:
        command = CommandAPDU.parse(raw)
    except ApduError:
        return
    assert command.raw == raw
    again = CommandAPDU.build(*command[1:], extended=command.case.extended)
    assert again == command


def test_the_largest_command() -> None:
    raw = CommandAPDU.build(0, 0xD6, 0, 0, bytes(65535), 65536).raw
    assert len(raw) == 65544
    with pytest.raises(ApduError):
        CommandAPDU.parse(raw + b"\0")


def test_class_byte_of_a_command() -> None:
    command = CommandAPDU.parse(bytes.fromhex("112A8086"))
    assert command.class_byte.chaining
    assert command.class_byte.channel == 1


@pytest.mark.parametrize("text", ["9000", "6A82", "61A0", "DEADBEEF9000"])
def test_response(text: str) -> None:
    raw = bytes.fromhex(text)
    response = ResponseAPDU.parse(raw)
    assert response.data == raw[:-2]
    assert response.sw == int(text[-4:], 16)
    assert response.raw == raw


@pytest.mark.parametrize("raw", [b"", b"\x90"])
def test_a_response_has_a_status_word(raw: bytes) -> None:
    with pytest.raises(ApduError):
        ResponseAPDU.parse(raw)


@given(st.binary(min_size=2, max_size=300))
def test_any_two_bytes_end_a_response(raw: bytes) -> None:
    assert ResponseAPDU.parse(raw).raw == raw


def test_a_response_does_not_show_its_data() -> None:
    assert "C0FFEE" not in repr(ResponseAPDU.parse(bytes.fromhex("C0FFEE9000"))).upper()
    assert "9000" in repr(ResponseAPDU(b"\xc0\xff\xee", SW.SUCCESS))
