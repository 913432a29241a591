"""The class byte, against a table of all 256 values written from ISO/IEC 7816-4:2020 tables 2 and 3."""

import pytest

from bifente.apdu import ApduError, ClassByte, ClassRange, SecureMessaging
from bifente.apdu.classbyte import CLASS_BYTES

# first, last | range | channel of the first, and whether it counts up | chaining | secure messaging
TABLE = """
00 03 | first interindustry   |  0 counts | -     | none
04 07 | first interindustry   |  0 counts | -     | proprietary
08 0B | first interindustry   |  0 counts | -     | header not authenticated
0C 0F | first interindustry   |  0 counts | -     | header authenticated
10 13 | first interindustry   |  0 counts | chain | none
14 17 | first interindustry   |  0 counts | chain | proprietary
18 1B | first interindustry   |  0 counts | chain | header not authenticated
1C 1F | first interindustry   |  0 counts | chain | header authenticated
20 3F | reserved              |  0 stays  | -     | none
40 4F | further interindustry |  4 counts | -     | none
50 5F | further interindustry |  4 counts | chain | none
60 6F | further interindustry |  4 counts | -     | header not authenticated
70 7F | further interindustry |  4 counts | chain | header not authenticated
80 FE | proprietary           |  0 stays  | -     | none
FF FF | invalid               |  0 stays  | -     | none
"""


def _rows() -> list[tuple[int, str, int, bool, str]]:
    rows = []
    for line in TABLE.strip().splitlines():
        values, kind, channel, chaining, messaging = (column.strip() for column in line.split("|"))
        first, last = (int(text, 16) for text in values.split())
        start, counting = channel.split()
        for value in range(first, last + 1):
            number = int(start) + (value - first if counting == "counts" else 0)
            rows.append((value, kind, number, chaining == "chain", messaging))
    return rows


def test_the_table_is_complete() -> None:
    assert [row[0] for row in _rows()] == list(range(256))


@pytest.mark.parametrize("row", _rows(), ids=lambda row: f"{row[0]:02X}")
def test_each_value(row: tuple[int, str, int, bool, str]) -> None:
    value, kind, channel, chaining, messaging = row
    decoded = ClassByte.of(value)
    assert int(decoded) == value
    assert decoded.range.value == kind
    assert decoded.channel == channel
    assert decoded.chaining == chaining
    assert decoded.secure_messaging.value == messaging
    assert decoded.interindustry == kind.endswith("interindustry")
    assert CLASS_BYTES[value] is decoded


@pytest.mark.parametrize("value", [-1, 256])
def test_no_other_values(value: int) -> None:
    with pytest.raises(ApduError):
        ClassByte.of(value)


@pytest.mark.parametrize("channel", range(20))
@pytest.mark.parametrize("chaining", [False, True])
@pytest.mark.parametrize("messaging", list(SecureMessaging))
def test_build(channel: int, chaining: bool, messaging: SecureMessaging) -> None:
    exists = channel < 4 or messaging in (SecureMessaging.NONE, SecureMessaging.HEADER_CLEAR)
    if not exists:
        with pytest.raises(ApduError):
            ClassByte.build(channel, chaining, messaging)
        return
    built = ClassByte.build(channel, chaining, messaging)
    assert (built.channel, built.chaining, built.secure_messaging) == (channel, chaining, messaging)
    assert built.range is (ClassRange.FIRST if channel < 4 else ClassRange.FURTHER)


@pytest.mark.parametrize("channel", [-1, 20])
def test_no_other_channels(channel: int) -> None:
    with pytest.raises(ApduError):
        ClassByte.build(channel)
