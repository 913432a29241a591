"""The cryptographic information files against the image that unmodified OpenSC 0.23 accepts, byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.layouts.codec import Codec, JsonValue
from bifente.layouts.codecs import pkcs15
from bifente.layouts.errors import LayoutError

APPLICATION = "E828BD080F8025000001FF0010"

# The files of a throw-away card that OpenSC 0.23 (pkcs15-tool, pkcs11-tool) read, signed and deciphered with.
IMAGE: dict[str, tuple[Codec, bytes]] = {
    "5031": (
        pkcs15.ODF,
        bytes.fromhex("A806300404027001A006300404027002A406300404027005A706300404027006"),
    ),
    "5032": (
        pkcs15.CIA_INFO,
        bytes.fromhex(
            "3081E20201000C0A415349502053414E544580114350533376332D30303030303030303030030206C0A281A6"
            "30170201010202022005000302010206052B0E03021A020110"
            "301B02010202020250050003020102060960864801650304020102"
            "0140301A02010302010605000302064006092A864886F70D010105020112"
            "301A02010402014005000302064006092A864886F70D01010B020142"
            "301A02010502010105000302064006092A864886F70D010101020102"
            "301A02010602010105000302020406092A864886F70D01010102011A"
            "A511180F32303130303331363131303030305A"
        ),
    ),
    "7001": (
        pkcs15.AODF,
        bytes.fromhex(
            "304630250C1C436F646520706F7274657572206465206C6120636172746520435058030206C00401023003040101"
            "A1183016030203880A01010201040201080201088001010401FF"
            "303830170C11436F6465206465206465626C6F63616765030206C03003040102"
            "A11830160302018A0A01010201080201080201088001020401FF"
        ),
    ),
    "7002": (
        pkcs15.PRKDF,
        bytes.fromhex(
            "304230150C0C4350535F505249565F53494703020780040101"
            "301D040EE828BD080F8025000001FF0010010303060040030204B002020081A10A30083002040002020800"
            "304130150C0C4350535F505249565F415554030206C0040101"
            "301C040EE828BD080F8025000001FF00100203020560030204B002020082A10A30083002040002020800"
        ),
    ),
    "7005": (
        pkcs15.CDF,
        bytes.fromhex(
            "303E30200C1B43657274696669636174206465205369676E6174757265204350530301003010"
            "040EE828BD080F8025000001FF001001A108300630040402D001"
            "304430260C214365727469666963617420642741757468656E74696669636174696F6E204350530301003010"
            "040EE828BD080F8025000001FF001002A108300630040402D002"
        ),
    ),
    "7006": (
        pkcs15.DODF,
        bytes.fromhex(
            "301E300D0C084350535F4441544103010030050C03435053A10630040402D107"
            "302130100C0B4350535F49445F4341524403010030050C03435053A10630040402D104"
            "302130100C0B4350535F4E414D455F505303010030050C03435053A10630040402D105"
            "302C301B0C124350535F41435449564954595F30315F50530302078004010130050C03435053A10630040402D120"
        ),
    ),
}

CASES = [pytest.param(codec, content, id=name) for name, (codec, content) in IMAGE.items()]


@pytest.mark.parametrize(("codec", "content"), CASES)
def test_image_comes_back_byte_for_byte(codec: Codec, content: bytes) -> None:
    assert codec.encode(codec.decode(content)) == content


def test_values_say_what_the_bytes_mean() -> None:
    signature, authentication = _decoded("7002")
    assert signature == {
        "label": "CPS_PRIV_SIG",
        "flags": ["private"],
        "auth_id": "01",
        "id": APPLICATION + "01",
        "usage": ["nonRepudiation"],
        "access": ["sensitive", "alwaysSensitive", "neverExtractable"],
        "reference": 0x81,
        "path": "",
        "modulus_bits": 2048,
    }
    assert authentication["usage"] == ["decrypt", "sign"]
    pin, puk = _decoded("7001")
    assert (pin["auth_id"], pin["id"], pin["pin_flags"]) == ("02", "01", ["case-sensitive", "initialized"])
    assert (pin["pin_type"], pin["min_length"], pin["max_length"]) == ("ascii-numeric", 4, 8)
    assert "auth_id" not in puk
    assert "unblockingPassword" in puk["pin_flags"]
    info = pkcs15.CIA_INFO.decode(IMAGE["5032"][1])
    assert info["label"] == "CPS3v3-0000000000"
    assert info["flags"] == ["readonly", "authRequired"]
    assert [
        (entry["mechanism"], entry["operations"], entry["algorithm"]) for entry in info["algorithms"]
    ] == [
        (0x220, ["hash"], 0x10),
        (0x250, ["hash"], 0x40),
        (0x06, ["compute-signature"], 0x12),
        (0x40, ["compute-signature"], 0x42),
        (0x01, ["compute-signature"], 0x02),
        (0x01, ["decipher"], 0x1A),
    ]
    assert [entry["oid"] for entry in info["algorithms"]][1] == "2.16.840.1.101.3.4.2.1"


def _decoded(file: str) -> list[dict[str, JsonValue]]:
    codec, content = IMAGE[file]
    value = codec.decode(content)
    assert isinstance(value, list)
    return value


def test_one_changed_member_changes_only_its_bytes() -> None:
    codec, content = IMAGE["7005"]
    entries = _decoded("7005")
    entries[1]["path"] = "D00A"
    assert codec.encode(entries) == content[:-2] + bytes.fromhex("D00A")


def test_bit_string_without_its_unused_bits_byte_is_kept() -> None:
    """OpenSC #2224: a real card writes ``03 01 07`` where ``03 02 06 C0`` is meant."""
    codec, content = IMAGE["7001"]
    lax = content.replace(bytes.fromhex("030206C0"), bytes.fromhex("030107"), 1)
    lax = bytes((0x30, lax[1] - 1, 0x30, lax[3] - 1)) + lax[4:]
    value = codec.decode(lax)
    assert value[0]["flags"] == {"hex": "07"}
    assert value[1]["flags"] == ["private", "modifiable"]
    assert codec.encode(value) == lax


@pytest.mark.parametrize(
    ("bits", "names"),
    [
        ("0100", []),
        ("020780", ["private"]),
        ("020520", ["internal"]),
        ("0205E0", ["private", "modifiable", "internal"]),
    ],
)
def test_bit_strings(bits: str, names: list[str]) -> None:
    entry = {"label": "x", "flags": names, "application": "CPS", "path": "D107"}
    assert bytes.fromhex("0C0178" + "03" + bits) in pkcs15.DODF.encode([entry])
    assert pkcs15.DODF.decode(pkcs15.DODF.encode([entry])) == [entry]


def test_twenty_one_data_objects() -> None:
    entries = [
        {
            "label": f"CPS_ACTIVITY_{number:02}_PS",
            "flags": ["private"],
            "auth_id": "01",
            "application": "CPS",
            "path": f"D1{31 + number:02X}",
        }
        for number in range(1, 17)
    ]
    content = pkcs15.DODF.encode(entries)
    assert len(content) == 16 * 46
    assert pkcs15.DODF.decode(content) == entries


REFUSED: list[tuple[Codec, JsonValue, str]] = [
    (pkcs15.ODF, [{"type": "keys", "path": "7001"}], "ODF 1: 'keys' is none of"),
    (pkcs15.ODF, [{"path": "7001"}], "type is missing"),
    (pkcs15.ODF, {"type": "authObjects"}, "a list was expected"),
    (pkcs15.ODF, [["authObjects"]], "a mapping was expected"),
    (pkcs15.CDF, [{"label": "x", "flags": [], "id": "01"}], "path is missing"),
    (pkcs15.CDF, [{"label": "x", "flags": [], "id": "01", "path": "D001", "size": 1}], "'size' is not known"),
    (pkcs15.CDF, [{"label": "x", "flags": ["public"], "id": "01", "path": "D001"}], "'public' is none of"),
    (pkcs15.CDF, [{"label": "x", "flags": [1], "id": "01", "path": "D001"}], "1 is none of"),
    (pkcs15.CDF, [{"label": "\ud800", "flags": [], "id": "01", "path": "D001"}], "UTF-8"),
    (pkcs15.CDF, [{"label": "x", "flags": [], "id": "0", "path": "D001"}], "hexadecimal"),
    (pkcs15.CDF, [{"label": 1, "flags": [], "id": "01", "path": "D001"}], "a text was expected"),
]


@pytest.mark.parametrize(("codec", "value", "message"), REFUSED)
def test_wrong_values_are_refused(codec: Codec, value: JsonValue, message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        codec.encode(value)


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("version", -1, "whole number"),
        ("version", True, "whole number"),
        ("last_update", "2010-03-16", "20100316110000Z"),
        ("algorithms", [{"reference": 1}], "mechanism is missing"),
    ],
)
def test_wrong_card_information_is_refused(member: str, value: JsonValue, message: str) -> None:
    info = dict(pkcs15.CIA_INFO.decode(IMAGE["5032"][1]))
    info[member] = value
    with pytest.raises(LayoutError, match=message):
        pkcs15.CIA_INFO.encode(info)


@pytest.mark.parametrize("oid", ["1", "3.1", "1.40.1", "1..2", "1.2.x", ""])
def test_wrong_object_identifiers_are_refused(oid: str) -> None:
    info = dict(pkcs15.CIA_INFO.decode(IMAGE["5032"][1]))
    info["algorithms"] = [{**info["algorithms"][0], "oid": oid}]
    with pytest.raises(LayoutError, match="object identifier"):
        pkcs15.CIA_INFO.encode(info)


@pytest.mark.parametrize(("codec", "content"), CASES)
def test_cut_anywhere_is_refused_or_a_smaller_file(codec: Codec, content: bytes) -> None:
    """Records carry their length: only a cut between two of them leaves something that reads."""
    whole = codec.decode(content)
    for end in range(len(content)):
        try:
            value = codec.decode(content[:end])
        except LayoutError:
            continue
        assert isinstance(whole, list)
        assert value == whole[: len(value)]


@pytest.mark.parametrize(("codec", "content"), CASES)
def test_one_flipped_bit_is_refused_or_comes_back(codec: Codec, content: bytes) -> None:
    for at in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[at // 8] ^= 1 << at % 8
        try:
            value = codec.decode(bytes(flipped))
        except LayoutError:
            continue
        assert codec.encode(value) == flipped


@pytest.mark.parametrize("codec", [codec for codec, _ in IMAGE.values()])
@given(garbage=st.binary(max_size=80))
def test_garbage_raises_nothing_but_layout_errors(codec: Codec, garbage: bytes) -> None:
    try:
        value = codec.decode(garbage)
    except LayoutError:
        return
    assert codec.encode(value) == garbage


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "label": st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
                "flags": st.lists(st.sampled_from(["private", "modifiable", "internal"]), unique=True),
                "id": st.binary(max_size=20).map(lambda value: value.hex().upper()),
                "usage": st.lists(st.sampled_from(["sign", "decrypt", "nonRepudiation"]), unique=True),
                "access": st.just(["sensitive"]),
                "reference": st.integers(0, 2**40),
                "path": st.just(""),
                "modulus_bits": st.integers(0, 16384),
            },
            optional={"auth_id": st.just("01")},
        ),
        max_size=4,
    )
)
def test_round_trip(entries: list[dict[str, JsonValue]]) -> None:
    expected = [
        {**entry, "flags": sorted(entry["flags"], key=_flag), "usage": sorted(entry["usage"], key=_use)}
        for entry in entries
    ]
    assert pkcs15.PRKDF.decode(pkcs15.PRKDF.encode(entries)) == expected


_flag = ["private", "modifiable", "internal"].index
_use = ["decrypt", "sign", "nonRepudiation"].index
