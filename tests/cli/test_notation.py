"""The two notations of a command on the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import SW, CommandAPDU
from bifente.cli.apdu.notation import NotationError, parse_command, parse_expected


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("84", "00840000", None),
        ("0084", "00840000", None),
        ("A40400", "00A40400", None),
        ("00A4040C", "00A4040C", None),
        ("84/08", "0084000008", None),
        ("84/08=", "0084000008", "9000"),
        ("84/", "0084000000", None),
        ("84/00", "0084000000", None),
        ("84/0100", "00840000000100", None),
        ("84/0000", "00840000000000", None),
        ("A40400:A000000527210101=9000", "00A4040008A000000527210101", "9000"),
        ("a4040c:3f00/00=61xx", "00A4040C023F0000", "61xx"),
        ("B08200/10=6a82", "00B0820010", "6A82"),
        ("200001=63CX", "00200001", "63Cx"),
        ("DB3FFF:3F00/0100", "00DB3FFF0000023F000100", None),
        ("A4:", "00A40000", None),
        # plain
        ("00A4040C023F00", "00A4040C023F00", None),
        ("00 A4 04 0C 02 3F 00 = 9000", "00A4040C023F00", "9000"),
        ("0020000100", "0020000100", None),
        ("00A4040CFF3F00", "00A4040CFF3F00", None),  # malformed on purpose: sent as it is
    ],
)
def test_what_is_sent_and_expected(text: str, raw: str, expected: str | None) -> None:
    written = parse_command(text)
    assert written.raw == bytes.fromhex(raw)
    assert (None if written.expected is None else str(written.expected)) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "begins"),
        ("=9000", "begins"),
        ("A", "odd"),
        ("zz", "hexadecimal"),
        ("A4:0", "odd"),
        ("A4:0G", "hexadecimal"),
        ("A4/123", "odd"),
        ("A4/123456", "LE"),
        ("A4=90", "status word"),
        ("A4=90001", "status word"),
        ("A4/08:3F00", "order"),
        ("A4=9000/08", "order"),
        ("A4:3F00:3F00", "order"),
        ("00A4040C02:3F00", "at most 4"),
        ("00A4040C02/00", "at most 4"),
    ],
)
def test_what_is_refused(text: str, word: str) -> None:
    with pytest.raises(NotationError, match=word):
        parse_command(text)


def test_more_than_255_bytes_make_the_lengths_extended() -> None:
    assert parse_command("DB3FFF:" + "AB" * 255).raw[4] == 255
    command = CommandAPDU.parse(parse_command("DB3FFF:" + "AB" * 256).raw)
    assert command.raw[4:7] == b"\x00\x01\x00"
    assert command.data == b"\xab" * 256


def test_an_error_does_not_repeat_a_pin() -> None:
    for text in ("200001:3132333K", "200001:313233343", "20000100:31323334:00", "2000010004:31323334"):
        with pytest.raises(NotationError) as caught:
            parse_command(text)
        assert "3132" not in str(caught.value)
    assert "3132" not in repr(parse_command("200001:31323334"))


def test_expected_status_words() -> None:
    assert parse_expected("").matches(SW.SUCCESS)
    assert parse_expected("61xx").matches(SW(0x6110))
    assert not parse_expected("61xx").matches(SW.SUCCESS)
    assert parse_expected("xxxx").matches(SW(0x0123))
    assert not parse_expected("9000").matches(SW(0x0900))


@given(
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(min_size=2, max_size=2),
    st.binary(max_size=300),
    st.one_of(st.none(), st.integers(1, 256)),
)
def test_the_compact_form_says_what_build_builds(
    cla: int, ins: int, params: bytes, data: bytes, ne: int | None
) -> None:
    text = f"{cla:02x}{ins:02X}{params.hex()}:{data.hex()}" + ("" if ne is None else f"/{ne & 0xFF:02X}")
    assert parse_command(text).raw == CommandAPDU.build(cla, ins, *params, data, ne).raw


@given(st.text(alphabet="0123456789abcdefABCDEFx:/= \n", max_size=40) | st.text(max_size=40))
def test_garbage_is_refused_in_one_way(text: str) -> None:
    try:
        written = parse_command(text)
    except NotationError:
        return
    assert written.raw
