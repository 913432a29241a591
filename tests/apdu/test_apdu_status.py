"""The status word: names, counters, unknown values."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import SW

# Written from ISO/IEC 7816-4:2020 tables 6 and 7.
NAMED = {
    0x9000: "SUCCESS",
    0x6282: "END_OF_FILE_REACHED",
    0x6283: "FILE_DEACTIVATED",
    0x6285: "FILE_TERMINATED",
    0x6300: "CHANGED_WARNING",
    0x6581: "MEMORY_FAILURE",
    0x6700: "WRONG_LENGTH",
    0x6881: "LOGICAL_CHANNEL_NOT_SUPPORTED",
    0x6882: "SECURE_MESSAGING_NOT_SUPPORTED",
    0x6883: "LAST_COMMAND_OF_CHAIN_EXPECTED",
    0x6884: "COMMAND_CHAINING_NOT_SUPPORTED",
    0x6982: "SECURITY_STATUS_NOT_SATISFIED",
    0x6983: "AUTHENTICATION_METHOD_BLOCKED",
    0x6984: "REFERENCE_DATA_NOT_USABLE",
    0x6985: "CONDITIONS_OF_USE_NOT_SATISFIED",
    0x6986: "NO_CURRENT_EF",
    0x6A80: "INCORRECT_DATA_FIELD",
    0x6A81: "FUNCTION_NOT_SUPPORTED",
    0x6A82: "FILE_NOT_FOUND",
    0x6A86: "INCORRECT_P1_P2",
    0x6A88: "REFERENCED_DATA_NOT_FOUND",
    0x6B00: "WRONG_P1_P2",
    0x6D00: "INSTRUCTION_NOT_SUPPORTED",
    0x6E00: "CLASS_NOT_SUPPORTED",
    0x6F00: "NO_PRECISE_DIAGNOSIS",
}


@pytest.mark.parametrize(("value", "name"), NAMED.items())
def test_names(value: int, name: str) -> None:
    assert SW[name] == value
    assert SW(value).name == name


@given(st.integers(0, 0xFFFF))
def test_each_value_is_a_status_word(value: int) -> None:
    sw = SW(value)
    assert sw == value
    assert sw.to_bytes_be() == value.to_bytes(2, "big")
    assert f"{value:04X}" in str(sw)
    assert sw.meaning
    assert hash(sw) == hash(SW(value))
    assert pickle.loads(pickle.dumps(sw)) == value
    assert copy.deepcopy(sw) == value


@pytest.mark.parametrize("value", [-1, 0x10000])
def test_no_other_values(value: int) -> None:
    with pytest.raises(ValueError, match="is not a valid SW"):
        SW(value)


@pytest.mark.parametrize("left", range(16))
def test_tries_left(left: int) -> None:
    sw = SW.retries(left)
    assert sw == 0x63C0 + left
    assert sw.tries_left == left
    assert str(left) in sw.meaning
    assert sw.warning
    assert not sw.ok


def test_one_try_is_no_tries() -> None:
    assert SW.retries(1).meaning.endswith("1 try left")


@pytest.mark.parametrize("left", [-1, 16])
def test_tries_out_of_range(left: int) -> None:
    with pytest.raises(ValueError, match="0 to 15"):
        SW.retries(left)


@pytest.mark.parametrize("value", [0x6300, 0x6381, 0x63B0, 0x63D0, 0x9000])
def test_no_counter(value: int) -> None:
    assert SW(value).tries_left is None


@pytest.mark.parametrize(("count", "value"), [(1, 0x6101), (255, 0x61FF), (256, 0x6100), (1000, 0x6100)])
def test_bytes_available(count: int, value: int) -> None:
    sw = SW.more(count)
    assert sw == value
    assert sw.bytes_available == min(count, 256)
    assert sw.ok


@pytest.mark.parametrize(("exact", "value"), [(1, 0x6C01), (255, 0x6CFF), (256, 0x6C00)])
def test_wrong_le(exact: int, value: int) -> None:
    assert SW.wrong_le(exact) == value
    assert SW(value).exact_le == exact
    assert not SW(value).ok


@pytest.mark.parametrize("exact", [0, 257])
def test_wrong_le_out_of_range(exact: int) -> None:
    with pytest.raises(ValueError, match="1 to 256"):
        SW.wrong_le(exact)


def test_nothing_available_is_not_announced() -> None:
    with pytest.raises(ValueError, match="at least one"):
        SW.more(0)


def test_kinds() -> None:
    assert [SW(value).ok for value in (0x9000, 0x6110, 0x6282, 0x9001)] == [True, True, False, False]
    assert [SW(value).warning for value in (0x6282, 0x63C1, 0x9000, 0x6400)] == [True, True, False, False]
    assert SW(0x9A12).meaning == "not named by ISO/IEC 7816-4"
    assert SW(0x9F12).meaning == "18 bytes available (CPS2ter)"
    assert SW.more_in_a0(256) == 0x9F00
    assert SW(0x9404).meaning == "CPS2ter: file identifier not found"
    assert SW(0x9000).bytes_available is None
    assert SW(0x9000).exact_le is None
