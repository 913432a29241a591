"""ATRs as people write them down: what is wrong in one is a remark, and the rest is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu.errors import ApduError
from bifente.apdu.reset.atr import Atr, ReadAtr


def atrs() -> st.SearchStrategy[bytes]:
    """ATRs without fault."""
    return st.builds(
        lambda historical, protocols, ta1, inverse: Atr.build(
            historical, protocols=protocols, ta1=ta1, inverse=inverse
        ).encode(),
        st.binary(max_size=15),
        st.sampled_from([(), (0,), (1,), (0, 1), (1, 15)]),
        st.none() | st.integers(0, 255),
        st.booleans(),
    )


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        # of the list of pcsc-tools
        ("3B8480010111200336", None),
        ("3B84800101112003369000", "TCK is 369000, it should be 36 alone: 2 bytes (9000) too many"),
        ("3B9F96801FC78031A073BE21136743200718000001 00", "TCK is 00, it should be A5"),
        ("3B02145011", "1 byte (11) follows an ATR that has no TCK"),
        ("3B046089", "4 historical bytes are announced, 2 are there"),
        ("3B8C80015027523181000000000071 81", "TCK is missing, it should be"),
        ("3B8280010244 00", "TCK is 00, it should be 45"),
        # and others
        ("3BAC00402A0012250064800003100090", "12 historical bytes are announced, 11 are there"),
        ("3BAC00402A00122500648000031000900077", "1 byte (77) follows an ATR that has no TCK"),
        ("3BAC0040", "the ATR ends within the interface bytes, group 2"),
        (
            "3F65250022 09F99000 9000",
            "2 bytes (9000) follow an ATR that has no TCK; they may be the status word",
        ),
        ("3B00" + "00" * 34, "an ATR has at most 33 bytes, this one 36"),
    ],
)
def test_what_is_wrong_is_remarked(text: str, remark: str | None) -> None:
    read = ReadAtr.of(bytes.fromhex(text))
    if remark is None:
        assert read.remarks == ()
        return
    assert any(remark in each for each in read.remarks), read.remarks
    assert read.explain()[-len(read.remarks) :] == [f"remark: {each}" for each in read.remarks]
    assert not any("correct" in line for line in read.explain())
    with pytest.raises(ApduError):
        Atr.parse(bytes.fromhex(text))


@pytest.mark.parametrize("text", ["", "3B", "00A4", "9000", "3D00"])
def test_what_is_no_atr_at_all(text: str) -> None:
    with pytest.raises(ApduError):
        ReadAtr.of(bytes.fromhex(text))


@given(atrs())
def test_an_atr_without_fault_has_no_remark(raw: bytes) -> None:
    read = ReadAtr.of(raw)
    assert (read.remarks, read.atr) == ((), Atr.parse(raw))
    assert read.explain() == read.atr.explain()


@given(atrs(), st.data())
def test_a_spoilt_atr_is_still_read(raw: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(2, len(raw)))
    byte = data.draw(st.integers(0, 255))
    spoilt = data.draw(
        st.sampled_from(
            [raw[:at], raw[:at] + raw[at + 1 :], raw[:at] + bytes((byte,)) + raw[at:], raw + bytes((byte,))]
        )
    )
    read = ReadAtr.of(spoilt)
    try:
        Atr.parse(spoilt)
    except ApduError:
        assert read.remarks
    else:
        assert read.remarks == ()
    assert read.explain()[0].startswith(f"TS={spoilt[0]:02X}")


@given(st.binary(max_size=40).map(lambda rest: b"\x3b" + rest))
def test_anything_behind_ts(raw: bytes) -> None:
    if len(raw) < 2:
        return
    assert ReadAtr.of(raw).explain()
