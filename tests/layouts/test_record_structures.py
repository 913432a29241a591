"""Files of records: what they hold, cut, spoiled and arbitrary, held against the declaration of the same structure."""

import pytest
from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu.files.fcp import FileStructure
from bifente.layouts.codecs.recordlist import RecordsCodec
from bifente.layouts.codecs.values import UTF8
from bifente.layouts.declared.recordstructures import content_of
from bifente.layouts.errors import LayoutError
from bifente.layouts.structures import Records, Transparent, WriteFunction

FIXED = Records(4, 3)
VARIABLE = Records(9, 5, FileStructure.LINEAR_VARIABLE)
CYCLIC = Records(2, 4, FileStructure.CYCLIC)
STRUCTURES = st.sampled_from([FIXED, VARIABLE, CYCLIC])
EACH = pytest.mark.parametrize("structure", [FIXED, VARIABLE, CYCLIC], ids=["fixed", "variable", "cyclic"])


def declared(structure: Records, content: bytes) -> list[bytes] | None:
    try:
        return list(content_of(structure).parse(content))
    except ConstructError:
        return None


def split(structure: Records, content: bytes) -> list[bytes] | None:
    try:
        return list(structure.split(content))
    except LayoutError:
        return None


@EACH
@given(content=st.binary(max_size=40) | st.binary(max_size=20).map(lambda raw: b"\0\2" + raw))
def test_arbitrary_contents(structure: Records, content: bytes) -> None:
    assert split(structure, content) == declared(structure, content)


@EACH
@given(sizes=st.lists(st.integers(0, 9), max_size=6), data=st.data())
def test_round_trip_and_every_cut(structure: Records, sizes: list[int], data: st.DataObject) -> None:
    records = [
        bytes((at + 1,)) * (size if structure.variable else structure.size) for at, size in enumerate(sizes)
    ]
    records = records[: structure.count]
    content = structure.join(records)
    assert list(structure.split(content)) == records == declared(structure, content)
    assert content_of(structure).build(records) == content
    assert structure.data_size(content) == sum(map(len, records))
    cut = content[: data.draw(st.integers(0, len(content)))]
    assert split(structure, cut) == declared(structure, cut)


def test_what_does_not_fit_is_refused() -> None:
    for structure, records, why in (
        (FIXED, [b"1234"] * 4, "4 records do not fit into a file of 3"),
        (FIXED, [b"123"], "record 1 has 3 bytes, not 4"),
        (VARIABLE, [b"", b"1234567890"], "record 2 has 10 bytes, not at most 9"),
    ):
        with pytest.raises(LayoutError, match=why):
            structure.join(records)
    for size, count, form in ((0, 1, 2), (1, 255, 2), (1, 1, 1), (0x10000, 1, 6)):
        with pytest.raises(ValueError, match="file of records"):
            Records(size, count, FileStructure(form))


def test_descriptors() -> None:
    """ISO/IEC 7816-4:2020 tables 10 to 12: descriptor byte, data coding byte, record size, number of records."""
    assert FIXED.descriptor.encode().hex() == "0221000403"
    assert (
        Records(40, 16, FileStructure.LINEAR_VARIABLE, WriteFunction.OR).descriptor.encode().hex()
        == "0441002810"
    )
    assert Records(6, 4, FileStructure.CYCLIC, WriteFunction.AND).descriptor.encode().hex() == "0661000604"
    assert Transparent().descriptor.encode().hex() == "01"
    assert Transparent(WriteFunction.ONE_TIME).descriptor.encode().hex() == "0101"
    assert [function.erased for function in WriteFunction] == [0, 0, 0, 0xFF]


def test_a_record_has_a_codec_of_its_own() -> None:
    codec = RecordsCodec(VARIABLE, UTF8)
    assert codec.encode(["a", "é"]) == b"\0\1a\0\2\xc3\xa9"
    assert codec.decode(b"\0\1a\0\2\xc3\xa9") == ["a", "é"]
    with pytest.raises(LayoutError, match="record 2"):
        codec.encode(["a", 1])
    with pytest.raises(LayoutError, match="a list was expected"):
        codec.encode("a")
