"""File control information: the bytes of real cards come back, and any values do."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError, tlv
from bifente.apdu.files.fcp import (
    DEDICATED_FILE,
    NO_SFI,
    TRANSPARENT_EF,
    Fcp,
    FcpTemplate,
    FileDescriptor,
    FileStructure,
    LifeCycle,
)
from bifente.apdu.files.security import (
    ALWAYS,
    NEVER,
    InterfaceAttributes,
    Operation,
    Scb,
    SecurityAttributes,
    Target,
)
from bifente.apdu.tlv import Tlv

SM5 = Scb(0x45)
LOCKED = {
    Operation.DELETE: NEVER,
    Operation.TERMINATE: NEVER,
    Operation.ACTIVATE: NEVER,
    Operation.DEACTIVATE: NEVER,
    Operation.UPDATE: NEVER,
    Operation.READ: ALWAYS,
}
READ_ONLY = SecurityAttributes.build(Target.EF, LOCKED)
ADMINISTERED = SecurityAttributes.build(Target.EF, LOCKED | {Operation.DELETE: SM5, Operation.UPDATE: SM5})
CREATE = InterfaceAttributes(SecurityAttributes.build(Target.DF, {Operation.CREATE_DF: SM5}))

REAL = [
    # CPS3: EF.ATR, EF.DIR, EF.SN.ICC (OpenSC PR #2217)
    (
        "6225800200398201018302 2F01 8801E8 A112 8C077B45FFFFFF4500 9C077BFFFFFFFFFF00 8A0105",
        Fcp(
            TRANSPARENT_EF,
            0x2F01,
            57,
            sfi=0x1D,
            life_cycle=5,
            security=InterfaceAttributes(ADMINISTERED, READ_ONLY),
        ),
    ),
    (
        "6225800200658201018302 2F00 8801F0 A112 8C077B45FFFFFF4500 9C077BFFFFFFFFFF00 8A0105",
        Fcp(
            TRANSPARENT_EF,
            0x2F00,
            101,
            sfi=0x1E,
            life_cycle=5,
            security=InterfaceAttributes(ADMINISTERED, READ_ONLY),
        ),
    ),
    (
        "62258002000C8201018302 D003 8801E0 A112 8C077BFFFFFFFFFF00 9C077BFFFFFFFFFF00 8A0105",
        Fcp(
            TRANSPARENT_EF,
            0xD003,
            12,
            sfi=0x1C,
            life_cycle=5,
            security=InterfaceAttributes(READ_ONLY, READ_ONLY),
        ),
    ),
    # the synthetic image that OpenSC 0.23 accepts: MF, ADF
    ("6210 820138 83023F00 A104 8C020445 8A0105", Fcp(DEDICATED_FILE, 0x3F00, life_cycle=5, security=CREATE)),
    (
        "621F 820138 83020001 840DE828BD080F8025000001FF0010 A104 8C020445 8A0105",
        Fcp(
            DEDICATED_FILE,
            1,
            df_name=bytes.fromhex("E828BD080F8025000001FF0010"),
            life_cycle=5,
            security=CREATE,
        ),
    ),
]


@pytest.mark.parametrize(("text", "expected"), REAL)
def test_real_parameters(text: str, expected: Fcp) -> None:
    raw = bytes.fromhex(text)
    assert Fcp.parse(raw) == expected
    assert expected.encode() == raw


# a Gemalto, a Sagem and an Oberthur IAS-ECC card (comments of OpenSC's card-iasecc.c)
GEMALTO = bytes.fromhex("6F19 800202ED 820101 8302B001 8800 8C077B171717171700 8A0105")
SAGEM = bytes.fromhex("6F17 6215 8002007D 820101 8C020100 83022F00 8801F0 8A0105")
OBERTHUR = bytes.fromhex("621B 800205DC 820101 8302B001 8800 A109 8C077B17FF17171700 8A0105")


def test_gemalto() -> None:
    fcp = Fcp.parse(GEMALTO)
    assert fcp.template is FcpTemplate.FCI
    assert fcp.sfi == NO_SFI
    assert fcp.bare_security
    assert fcp.contactless is None
    assert fcp.contact is not None
    assert fcp.contact.get(Operation.DELETE) == Scb(0x17)
    assert (fcp.size, fcp.fid, fcp.life_cycle) == (749, 0xB001, LifeCycle.ACTIVATED)
    assert fcp.encode() == GEMALTO


def test_sagem_has_an_order_of_its_own() -> None:
    fcp = Fcp.parse(SAGEM)
    assert fcp.template is FcpTemplate.FCI_FCP
    assert fcp.order == (0x80, 0x82, 0x8C, 0x83, 0x88, 0x8A)
    assert fcp.sfi == 0x1E
    assert fcp.encode() == SAGEM
    assert replace(fcp, size=126).encode() == SAGEM.replace(b"\x00\x7d", b"\x00\x7e")


def test_oberthur() -> None:
    fcp = Fcp.parse(OBERTHUR)
    assert not fcp.bare_security
    assert fcp.size == 1500
    assert fcp.encode() == OBERTHUR


def test_every_template_of_the_recorded_dialogues(shared_data: Path) -> None:
    found = set()
    for path in (shared_data / "dialogues" / "opensc-0.23").glob("*.txt"):
        found |= set(re.findall(r"^< (6[2F][0-9A-F]{10,})9000$", path.read_text(), re.MULTILINE))
    assert len(found) >= 15
    for text in found:
        fcp = Fcp.parse(bytes.fromhex(text))
        assert fcp.encode().hex().upper() == text
        assert fcp.order == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing is there"),
        ("6403 500141", "begins with 62 or 6F"),
        ("6203 8A0105 00", "follow template"),
        ("6206 8A0105 8A0105", "twice"),
        ("6204 8A020505", "1 to 1 bytes"),
        ("6203 830100", "2 to 2 bytes"),
        ("6202 8000", "1 to 4 bytes"),
        ("6207 80050000000001", "1 to 4 bytes"),
        ("6202 8200", "1 to 6 bytes"),
        ("6205 8203020041", "record size"),
        ("6202 8400", "1 to 16 bytes"),
        ("6203 880100", "short identifier"),
        ("6203 8801F8", "short identifier"),
        ("6203 8801E9", "short identifier"),
        ("6204 8802F0F0", "short identifier"),
        ("620A 8C020100 A104 8C020100", "inside and outside"),
        ("6204 A1028C00", "access mode"),
        ("6205 A1038D0100", "template A1"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ApduError, match=reason):
        Fcp.parse(bytes.fromhex(text))


@pytest.mark.parametrize(
    "values",
    [
        {"size": -1},
        {"size": 1 << 32},
        {"fid": 0x10000},
        {"sfi": 31},
        {"life_cycle": 256},
        {"df_name": b""},
        {"df_name": bytes(17)},
        {"bare_security": True},
        {"others": (Tlv(0x83, b"\x3f\0"),)},
        {"descriptor": DEDICATED_FILE, "security": InterfaceAttributes(READ_ONLY)},
        {"descriptor": TRANSPARENT_EF, "security": CREATE},
        {"security": InterfaceAttributes(READ_ONLY, READ_ONLY), "bare_security": True},
    ],
)
def test_values_out_of_range(values: dict[str, object]) -> None:
    with pytest.raises(ApduError):
        Fcp(**values)


def test_sizes_of_other_widths_are_read() -> None:
    assert Fcp.parse(bytes.fromhex("6203800139")).size == 57
    assert Fcp.parse(bytes.fromhex("62058003010000")).encode() == bytes.fromhex("6206800400010000")


def test_proprietary_objects_are_kept() -> None:
    raw = bytes.fromhex("6F10 8408A000000151000000 A504 9F6501FF")
    fcp = Fcp.parse(raw)
    assert fcp.others == (Tlv(0xA5, bytes.fromhex("9F6501FF")),)
    assert fcp.target is Target.DF
    assert fcp.encode() == raw
    assert fcp.explain()[-1] == "object A5 of 4 bytes"


def test_explain() -> None:
    assert REAL[0][1].explain()[:5] == [
        "transparent EF",
        "file identifier 2F01",
        "57 bytes of data",
        "short identifier 1D",
        "life cycle status 05 (activated)",
    ]
    assert Fcp(life_cycle=0x20).explain() == ["life cycle status 20 (proprietary)"]


# Written from ISO/IEC 7816-4:2020 table 13
LIFE = {0: "NO_INFORMATION", 1: "CREATION", 3: "INITIALISATION", 4: "DEACTIVATED", 5: "ACTIVATED"}
LIFE |= {
    6: "DEACTIVATED",
    7: "ACTIVATED",
    12: "TERMINATED",
    13: "TERMINATED",
    14: "TERMINATED",
    15: "TERMINATED",
}


@pytest.mark.parametrize("value", range(256))
def test_life_cycle(value: int) -> None:
    state = LifeCycle.of(value)
    assert (state.name if state is not None else None) == LIFE.get(value)


@pytest.mark.parametrize(
    ("text", "words", "structure"),
    [
        ("01", "transparent EF", FileStructure.TRANSPARENT),
        ("41", "transparent EF", FileStructure.TRANSPARENT),
        ("38", "DF", None),
        ("78", "DF", None),
        ("02", "linear fixed EF", FileStructure.LINEAR_FIXED),
        ("0221", "linear fixed EF", FileStructure.LINEAR_FIXED),
        ("02210040", "linear fixed EF", FileStructure.LINEAR_FIXED),
        ("042100FF05", "linear variable EF, 5 records of at most 255 bytes", FileStructure.LINEAR_VARIABLE),
        ("062100100102", "cyclic EF, 258 records of at most 16 bytes", FileStructure.CYCLIC),
        ("39", "descriptor 39", None),
        ("B9", "descriptor B9", None),
    ],
)
def test_descriptors(text: str, words: str, structure: FileStructure | None) -> None:
    descriptor = FileDescriptor.parse(bytes.fromhex(text))
    assert descriptor.explain() == words
    assert descriptor.structure is structure
    assert descriptor.is_df == (words == "DF")
    assert descriptor.encode() == bytes.fromhex(text)


@pytest.mark.parametrize(
    "values",
    [
        (0x102,),
        (2, None, 16),
        (2, 0x21, None, 5),
        (2, 0x21, 16, 256),
        (2, 0x21, 0x10000),
        (2, None, None, None, True),
    ],
)
def test_descriptors_out_of_range(values: tuple[int, ...]) -> None:
    with pytest.raises(ApduError):
        FileDescriptor(*values)


def test_management_data_beside_the_parameters_are_passed_over() -> None:
    beside = bytes.fromhex("6411 840880250000 01FF0100 5005 4170706C69".replace(" ", ""))
    assert Fcp.parse(tlv.encode(0x6F, OBERTHUR + beside)).encode() == tlv.encode(0x6F, OBERTHUR)


def _maybe(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), values)


descriptors = st.one_of(
    st.builds(FileDescriptor, st.integers(0, 255)),
    st.builds(FileDescriptor, st.integers(0, 255), st.integers(0, 255)),
    st.builds(FileDescriptor, st.integers(0, 255), st.integers(0, 255), st.integers(0, 65535)),
    st.builds(
        FileDescriptor, st.integers(0, 255), st.integers(0, 255), st.integers(0, 65535), st.integers(0, 255)
    ),
    st.builds(
        FileDescriptor,
        st.integers(0, 255),
        st.integers(0, 255),
        st.integers(0, 65535),
        st.integers(0, 65535),
        st.just(True),
    ),
)
others = st.builds(Tlv, st.sampled_from([0x85, 0x86, 0xA5, 0xAB, 0x8D, 0x9F20]), st.binary(max_size=20))


@st.composite
def parameters(draw: st.DrawFn) -> Fcp:
    fcp = Fcp(
        descriptor=draw(_maybe(descriptors)),
        fid=draw(_maybe(st.integers(0, 0xFFFF))),
        size=draw(_maybe(st.integers(0, 0x20000))),
        total_size=draw(_maybe(st.integers(0, 0xFFFFFFFF))),
        df_name=draw(_maybe(st.binary(min_size=1, max_size=16))),
        sfi=draw(_maybe(st.integers(0, 30))),
        life_cycle=draw(_maybe(st.integers(0, 255))),
        others=tuple(draw(st.lists(others, max_size=3))),
        template=draw(st.sampled_from(FcpTemplate)),
    )
    named = st.dictionaries(
        st.sampled_from(list(fcp.target.operations.values())), st.integers(0, 255).map(Scb)
    )
    built = st.builds(SecurityAttributes.build, st.just(fcp.target), named, bit8=st.booleans())
    contact, contactless = draw(_maybe(built)), draw(_maybe(built))
    if draw(st.booleans()):
        bare = contactless is None and contact is not None and draw(st.booleans())
        interfaces = InterfaceAttributes(contact, contactless)
        fcp = replace(fcp, security=interfaces, bare_security=bare)
    return fcp


@given(parameters())
def test_round_trip(fcp: Fcp) -> None:
    raw = fcp.encode()
    assert Fcp.parse(raw) == fcp
    for size in range(len(raw)):
        with pytest.raises(ApduError):
            Fcp.parse(raw[:size])
    assert fcp.explain() is not None


@given(parameters(), st.randoms(use_true_random=False))
def test_any_order_comes_back(fcp: Fcp, random: object) -> None:
    plain = replace(fcp, template=FcpTemplate.FCP)
    items = tlv.decode_one(plain.encode())[0].children()
    random.shuffle(items)
    shuffled = tlv.encode(0x62, tlv.join(items))
    assert Fcp.parse(shuffled).encode() == shuffled


@given(st.binary(max_size=60), st.sampled_from([b"", b"\x62", b"\x6f"]))
def test_garbage_is_read_or_refused(content: bytes, tag: bytes) -> None:
    raw = tag + bytes((len(content),)) + content if tag else content
    try:
        value = Fcp.parse(raw)
    except ApduError:
        return
    assert Fcp.parse(value.encode()) == value
