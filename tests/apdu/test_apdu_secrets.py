"""PINs, PUKs, keys and deciphered data are shown nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError, CommandAPDU
from bifente.apdu.secrets import (
    ResponseSecrecy,
    secret_response,
    secret_span,
    shown_command,
    shown_response,
)

PIN = b"1234"
PUK = b"12345678"

REFERENCE_DATA_COMMANDS = [
    "002000",
    "002100",
    "002400",
    "002401",
    "002500",
    "002C00",
    "002C01",
    "002C02",
    "002D00",
]


@pytest.mark.parametrize("header", REFERENCE_DATA_COMMANDS)
@pytest.mark.parametrize("cla", ["00", "01", "0C", "10", "40", "A0"])
def test_reference_data(header: str, cla: str) -> None:
    start = bytes.fromhex(cla) + bytes.fromhex(header)[1:] + b"\x01"
    for tail in (
        bytes((4,)) + PIN,
        bytes((4,)) + PIN + b"\0",
        b"\0\0\x04" + PIN,
        b"\0\0\x04" + PIN + b"\0\0",
    ):
        shown = shown_command(start + tail)
        assert PIN.hex() not in shown.lower()
        assert shown.startswith(start.hex().upper())
        assert len(shown) == 2 * len(start + tail)


def test_the_pin_of_an_ordinary_verify() -> None:
    command = CommandAPDU.build(0, 0x20, 0, 1, PIN)
    assert repr(command) == "CommandAPDU(0020000104********)"
    assert str(command) == f"{command}" == repr(command)
    assert repr([command]) == "[CommandAPDU(0020000104********)]"


@pytest.mark.parametrize(
    "tail",
    [
        bytes((3,)) + PIN,  # Lc too small by one: the last digit looks like Le
        bytes((2,)) + PIN,
        bytes((5,)) + PIN,
        bytes((0xFF,)) + PIN,
        PIN,  # Lc forgotten
        b"\0" + PIN,
        b"\0" + PIN[:2],  # two digits that look like an extended Le
        b"\0\0" + PIN,
        b"\0\0\x05" + PIN,
        b"\0\0\x03" + PIN,
    ],
)
def test_a_pin_with_wrong_lengths(tail: bytes) -> None:
    raw = bytes.fromhex("00200001") + tail
    digits = tail.lstrip(b"\0\x02\x03\x05\xff")
    shown = shown_command(raw)
    for digit in digits:
        assert f"{digit:02X}" not in shown[8:]
    try:
        text = repr(CommandAPDU.parse(raw))
    except ApduError as error:
        text = str(error)
    assert text.endswith("follow it") or shown in text
    assert not any(str(digit) in text for digit in digits)


@pytest.mark.parametrize("text", ["00200001", "0020000100", "00CA", "", "20"])
def test_nothing_to_mask(text: str) -> None:
    assert secret_span(bytes.fromhex(text)) is None
    assert shown_command(bytes.fromhex(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "00DA00FF04C0FFEE00",
        "00DB3FFF04C0FFEE00",
        "A0D8000004C0FFEE00",
        "00C2000004C0FFEE00",
        "002A868004C0FFEE00",
        "A048000004C0FFEE00",
    ],
)
def test_loaded_keys_and_envelopes(text: str) -> None:
    assert shown_command(bytes.fromhex(text)) == text[:10] + "*" * 8


@pytest.mark.parametrize(
    "text",
    [
        "00A4040C088025000001FF0100",
        "002241A406840182800102",
        "0088000004DEADBEEF",
        "002A90800480020102",
        "0048000004C0FFEE00",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert shown_command(bytes.fromhex(text)) == text


@given(st.sampled_from(REFERENCE_DATA_COMMANDS), st.binary(min_size=1, max_size=40), st.booleans())
def test_no_byte_of_the_data_field_is_shown(header: str, data: bytes, extended: bool) -> None:
    raw = CommandAPDU.build(*bytes.fromhex(header), p2=1, data=data, extended=extended).raw
    size = 7 if extended else 5
    assert shown_command(raw) == raw[:size].hex().upper() + "**" * len(data)


@given(st.binary(max_size=80))
def test_any_bytes_can_be_shown(raw: bytes) -> None:
    shown = shown_command(raw)
    assert len(shown) == 2 * len(raw)
    assert len(shown_response(raw, raw)) == 2 * len(raw)


def test_deciphered_data() -> None:
    command = bytes.fromhex("002A80860481AABBCC")
    answer = b"secret" + b"\x90\0"
    assert secret_response(command)
    assert shown_response(command, answer) == "**" * 6 + "9000"
    for secret in (
        "A046000010",
        "00CB3FFF0B4D097007BF9002037F4880",
        "00CB3FFF0B4D097007BF8101037F4180",
        "00CA7F4800",
    ):
        assert shown_response(bytes.fromhex(secret), answer) == "**" * 6 + "9000"
    for known in ("00CB3FFF0A4D087006BF810102A080", "00460000", "002A9E9A00"):
        assert shown_response(bytes.fromhex(known), answer) == answer.hex().upper()
    assert shown_response(bytes.fromhex("00B0000006"), answer) == answer.hex().upper()
    assert shown_response(command, bytes.fromhex("6985")) == "6985"


def test_deciphered_data_fetched_with_get_response() -> None:
    decipher = bytes.fromhex("002A80860481AABBCC")
    fetch = bytes.fromhex("00C0000006")
    dialogue = ResponseSecrecy()
    assert dialogue.shown(decipher, b"\x61\x06")[1] == "6106"
    assert dialogue.shown(fetch, b"sec\x61\x03") == ("00C0000006", "******6103")
    assert dialogue.shown(fetch, b"ret\x90\0") == ("00C0000006", "******9000")
    assert not dialogue.of(bytes.fromhex("00840000 08"))
    assert dialogue.shown(fetch, b"\x01\x02\x90\0")[1] == "01029000"
