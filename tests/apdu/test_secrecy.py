"""PINs, PUKs, keys and deciphered data are shown nowhere."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bifente.apdu import ApduError, CommandAPDU
from bifente.apdu.secrecy import (
    DialogueSecrecy,
    secret_response,
    secret_spans,
    shown_command,
)
from bifente.traces.cleaning.mask import Masker
from bifente.traces.explanation.explain import explain_bytes, explain_command, explain_response, shown_bytes

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


@pytest.mark.parametrize("text", ["00200001", "0020000100", "00840000", "0084000008", "00840000FF", "", "20"])
def test_nothing_to_mask(text: str) -> None:
    assert secret_spans(bytes.fromhex(text)) == ()
    assert shown_command(bytes.fromhex(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "00A4040C053F00", "00A4040C013F0000", "00B0000010000000", "0088000009AABBCC",
        "00A4040C00003F00", "00990000041122", "00CB3FFF0A4D087006BF810102", "80E20000FF0102",
        "0020000131323334", "00D6000031323334",
    ],
)  # fmt: skip
def test_of_a_command_whose_lengths_lie_only_class_and_instruction_are_shown(text: str) -> None:
    raw = bytes.fromhex(text)
    assert shown_command(raw) == raw[:2].hex().upper() + "**" * (len(raw) - 2)


@pytest.mark.parametrize("header", ["0026", "0028", "00C6", "0027", "0029", "0055", "80D8"])
def test_instructions_of_which_nobody_knows_are_masked_like_verify(header: str) -> None:
    assert shown_command(bytes.fromhex(f"{header}000104") + PIN) == f"{header}000104********"


BARE_PINS = [
    # letters: alone, filled up, in a block, two of them, with a line's end, as two-byte characters
    "31323334", "3132333435", "313233343536", "3132333435363738", "31323334FFFFFFFF", "3132333400000000",
    "3132333420202020", "31323334FFFFFFFF35363738FFFFFFFF", "313233340D0A", "3100320033003400", "0031003200330034",
    # packed: alone, filled up with F or 0, odd, in a block
    "1234", "123456", "12345678", "1234FFFF", "12345FFF", "123456FFFFFFFFFF", "1234000000000000", "2020FFFF",
    # ISO 9564-1: format 2, and those that disguise all but the first two digits
    "241234FFFFFFFFFF", "26123456FFFFFFFF", "0412ABCDEF987654", "1412BEEF01020304", "3412FFAABBCCDDEE",
]  # fmt: skip


@pytest.mark.parametrize("text", BARE_PINS)
def test_a_pin_sent_without_a_command_is_shown_nowhere(text: str) -> None:
    raw = bytes.fromhex(text)
    hidden = "**" * len(raw)
    assert shown_command(raw) == hidden
    asked, said = Masker().mask(raw, raw + b"\x90\x00")
    assert (asked.hex(), said.hex()) == (hidden, f"{hidden}9000")
    try:
        written = repr(CommandAPDU.parse(raw))
    except ApduError as error:
        written = str(error)
    for shown in (written, explain_command(raw), explain_response(raw, b"\x6d\0"), *explain_bytes(raw)):
        assert text not in shown
        assert not any(part in shown for part in (text[:4], text[-4:], "1234", "INS 3", "INS 12"))
    assert shown_bytes(raw) == hidden


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0431323334", "04********"),  # Lc and PIN, four bytes of the header lost
        ("010431323334", "0104********"),
        ("00010431323334", "0001**********"),
        ("2000010431323334", "2000************"),
        ("00203132", "0020****"),  # VERIFY and two digits where P1 and P2 stand
        ("0020313233", "0020******"),
    ],
)
def test_a_pin_sent_with_part_of_a_command(text: str, shown: str) -> None:
    assert shown_command(bytes.fromhex(text)) == shown


@example("01200", "packed", b"", 0)
@given(
    st.text("0123456789", min_size=4, max_size=12),
    st.sampled_from(["letters", "packed", "block"]),
    st.sampled_from([b"", b"\xff", b"\0", b" "]),
    st.integers(0, 8),
)
def test_no_digit_of_a_bare_pin_is_shown(digits: str, how: str, filling: bytes, count: int) -> None:
    if how == "letters":
        raw = digits.encode() + filling * count
    elif how == "packed":
        raw = bytes.fromhex(digits + "F" * (len(digits) % 2)) + b"\xff" * max(count, 1)
    else:
        raw = bytes.fromhex(f"2{len(digits):X}{digits}".ljust(16, "F"))
    shown = shown_command(raw)
    # A packed PIN that begins like a command, with a known instruction, in a class that is not reserved, is taken for one.
    command = how == "packed" and raw[0] & 0xE0 != 0x20 and raw[1] in KNOWN
    assert shown == "**" * len(raw) or command


KNOWN = frozenset(range(0x20, 0x2E)) | {0x04, 0x44, 0x46, 0x47, 0x70, 0x82, 0x84, 0x86, 0x87, 0x88}


@given(st.binary(min_size=1, max_size=24))
def test_one_table_answers_for_all(raw: bytes) -> None:
    """The ``repr`` of a command, a trace and an explanation hide the same bytes."""
    asked, _ = Masker().mask(raw, b"\x90\0")
    assert asked.hex() == shown_command(raw)
    try:
        assert repr(CommandAPDU.parse(raw)) == f"CommandAPDU({asked.hex()})"
    except ApduError:
        assert asked.hidden or len(raw) < 2


@pytest.mark.parametrize(
    "text",
    [
        "00DA00FF04C0FFEE00",
        "00DB3FFF04C0FFEE00",
        "A0D8000004C0FFEE00",
        "00C2000004C0FFEE00",
        "002A868004C0FFEE00",
        "A048000004C0FFEE00",
        "0048000004C0FFEE00",
        "FF82000004C0FFEE00",
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
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert shown_command(bytes.fromhex(text)) == text


@given(st.sampled_from(REFERENCE_DATA_COMMANDS), st.binary(min_size=1, max_size=40), st.booleans())
def test_no_byte_of_the_data_field_is_shown(header: str, data: bytes, extended: bool) -> None:
    raw = CommandAPDU.build(*bytes.fromhex(header), p2=1, data=data, extended=extended).raw
    size = 7 if extended else 5
    assert shown_command(raw) == raw[:size].hex().upper() + "**" * len(data)


def shown_response(command: bytes, response: bytes) -> str:
    """The answer to the first command of a dialogue."""
    return DialogueSecrecy().shown(command, response)[1]


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
    dialogue = DialogueSecrecy()
    assert dialogue.shown(decipher, b"\x61\x06")[1] == "6106"
    assert dialogue.shown(fetch, b"sec\x61\x03") == ("00C0000006", "******6103")
    assert dialogue.shown(fetch, b"ret\x90\0") == ("00C0000006", "******9000")
    assert dialogue.shown(bytes.fromhex("0084000002"), b"\x61\x02") == ("0084000002", "6102")
    assert dialogue.shown(fetch, b"\x01\x02\x90\0")[1] == "01029000"
