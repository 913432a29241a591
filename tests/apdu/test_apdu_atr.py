"""Answers to reset: every public one of the French health cards, as literals."""

from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError
from bifente.apdu.reset.atr import Atr, InterfaceBytes
from bifente.apdu.reset.historical import (
    CARD_CAPABILITIES,
    CARD_SERVICE_DATA,
    COUNTRY_CODE,
    PRE_ISSUING_DATA,
    HistoricalBytes,
    StatusIndicator,
    explain_capabilities,
    explain_service_data,
)

# pcsc-tools smartcard_list.txt; the CPS ones also from the Cryptolib CPS and OpenSC's iasecc driver
VITALE_1 = [
    "3F6525002209F99000",
    "3F6525002C09F99000",
    "3F6525002209699000",
    "3F6525002C09699000",
    "3F65250052096A9000",
    "3F652500A3096A9000",
    "3F652500A4096A9000",
    "3F6525002B09EB9000",  # generic Bull SCOT 5 of the same family
]
VITALE_2 = [
    *(f"3B75130000{number}09EA9000" for number in ("43", "44", "45", "46", "47", "48", "49", "4B", "4C")),
    "3B751300004509FA9000",
]
RELATED = ["3B6700002D201601789000", "3B7A1300000009A5050100B701A601"]
CPS2TER = "3BAC00402A00122500648082021200 9000".replace(" ", "")
CPS3 = "3BAC00402A001225006480000310009000"
CPS3_CONTACTLESS = "3B8F80010031B86404B0ECC1739401808290000E"
CPS4_USB = "3B9B188001001225006480040100009044"
CPS4_CANDIDATE = "3B9B188001001225006480000401009044"
CPS4_T0 = "3BDC18FF00001225006480000401009000"
IAS_ECC = [
    "3B7F9600000031B8644070141073940180829000",
    "3B7D1300004D44572D4941532D4341524432",
    "3B7F1800000031B8645023ECC173940180829000",
    "3BDF96008031FE450031B864041FECC173940180829000EC",
    "3BDF18FF8191FE1FC30031B8640C01ECC173940180829000B3",
    "3BDC18FF8191FE1FC38073C8211366020403550002 34".replace(" ", ""),
]
# T0 | protocols | inverse | historical bytes | has TCK
DECODED = [
    *((text, (0,), True, text[8:], False) for text in VITALE_1),
    *((text, (0,), False, text[10:], False) for text in VITALE_2),
    (RELATED[0], (0,), False, "2D201601789000", False),
    (RELATED[1], (0,), False, "0009A5050100B701A601", False),
    (CPS2TER, (0,), False, "001225006480820212009000", False),
    (CPS3, (0,), False, "001225006480000310009000", False),
    (CPS3_CONTACTLESS, (0, 1), False, "0031B86404B0ECC173940180829000", True),
    (CPS4_USB, (0, 1), False, "0012250064800401000090", True),
    (CPS4_CANDIDATE, (0, 1), False, "0012250064800004010090", True),
    (CPS4_T0, (0,), False, "001225006480000401009000", False),
    (IAS_ECC[0], (0,), False, "0031B8644070141073940180829000", False),
    (IAS_ECC[1], (0,), False, b"MDW-IAS-CARD2".hex().upper(), False),
    (IAS_ECC[2], (0,), False, "0031B8645023ECC173940180829000", False),
    (IAS_ECC[3], (0, 1), False, "0031B864041FECC173940180829000", True),
    (IAS_ECC[4], (1,), False, "0031B8640C01ECC173940180829000", True),
    (IAS_ECC[5], (1,), False, "8073C8211366020403550002", True),
]


@pytest.mark.parametrize(("text", "protocols", "inverse", "historical", "checked"), DECODED)
def test_public_answers(
    text: str, protocols: tuple[int, ...], inverse: bool, historical: str, checked: bool
) -> None:
    raw = bytes.fromhex(text)
    atr = Atr.parse(raw)
    assert atr.encode() == raw
    assert atr.protocols == protocols
    assert atr.inverse == inverse
    assert atr.historical.hex().upper() == historical
    assert atr.tck == (raw[-1] if checked else None)
    assert atr.explain()
    for size in range(len(raw)):
        with pytest.raises(ApduError):
            Atr.parse(raw[:size])
    with pytest.raises(ApduError):
        Atr.parse(raw + b"\0")


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        (VITALE_1[0], [(None, None, 0x25, 0x00)]),
        (VITALE_2[4], [(None, 0x13, 0x00, 0x00)]),
        (CPS3, [(None, None, 0x00, None), (0, None, None, 0x2A)]),
        (CPS3_CONTACTLESS, [(None, None, None, None), (0, None, None, None), (1, None, None, None)]),
        (CPS4_USB, [(None, 0x18, None, None), (0, None, None, None), (1, None, None, None)]),
        (CPS4_T0, [(None, 0x18, None, 0xFF), (0, None, None, None)]),
        (
            IAS_ECC[4],
            [(None, 0x18, None, 0xFF), (1, None, None, None), (1, 0xFE, None, None), (15, 0xC3, None, None)],
        ),
    ],
)
def test_interface_bytes(text: str, groups: list[tuple[int | None, ...]]) -> None:
    assert Atr.parse(bytes.fromhex(text)).groups == tuple(InterfaceBytes(*group) for group in groups)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "at least 2 bytes"),
        ("3B", "at least 2 bytes"),
        ("3D00", "TS is 3B or 3F"),
        ("0300", "TS is 3B or 3F"),
        ("3B10", "within the interface bytes, group 1"),
        ("3B80", "within the interface bytes, group 1"),
        ("3B8040", "within the interface bytes, group 2"),
        ("3B02AA", "2 historical bytes are announced, 1 are there"),
        ("3B00AA", "has no TCK"),
        ("3B8001", "TCK is missing, it should be 81"),
        ("3B800182", "TCK is 82, it should be 81"),
        ("3B80018181", "TCK is 8181"),
        ("3B" + "F0" * 33, "at most 33"),
        (CPS3_CONTACTLESS[:-2] + "0F", "TCK is 0F, it should be 0E"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ApduError, match=reason):
        Atr.parse(bytes.fromhex(text))


def test_too_long() -> None:
    # seven groups of four and five historical bytes: 35 bytes in all
    with pytest.raises(ApduError, match="at most 33"):
        Atr(tuple(InterfaceBytes(0 if index else None, 1, 2, 3) for index in range(7)), bytes(5))


@pytest.mark.parametrize(
    ("groups", "historical"),
    [
        ((), b""),
        ((InterfaceBytes(0),), b""),
        ((InterfaceBytes(), InterfaceBytes()), b""),
        ((InterfaceBytes(),), bytes(16)),
    ],
)
def test_what_is_no_answer_to_reset(groups: tuple[InterfaceBytes, ...], historical: bytes) -> None:
    with pytest.raises(ApduError):
        Atr(groups, historical)


@pytest.mark.parametrize("values", [(16,), (-1,), (0, 256), (0, 0, -1), (0, 0, 0, 256)])
def test_interface_bytes_out_of_range(values: tuple[int, ...]) -> None:
    with pytest.raises(ApduError):
        InterfaceBytes(*values)


def test_build() -> None:
    history = bytes.fromhex("4709EA9000")
    assert Atr.build(history, ta1=0x13, tb1=0, tc1=0).encode().hex().upper() == VITALE_2[4]
    vitale_1 = Atr.build(bytes.fromhex("2209F99000"), tb1=0x25, tc1=0, inverse=True)
    assert vitale_1.encode().hex().upper() == VITALE_1[0]
    contactless = Atr.build(bytes.fromhex("0031B86404B0ECC173940180829000"), protocols=(0, 1))
    assert contactless.encode().hex().upper() == CPS3_CONTACTLESS
    assert (
        Atr.build(bytes.fromhex(CPS4_T0[10:]), protocols=(0,), ta1=0x18, tc1=0xFF).encode().hex().upper()
        == CPS4_T0
    )
    assert Atr.build(b"T1", protocols=(1,), ifsc=254).encode() == bytes.fromhex("3B828111FE543189")
    assert Atr.build(b"T1", protocols=(0, 1), ifsc=254).encode()[:5] == bytes.fromhex("3B828011FE")


@pytest.mark.parametrize(("protocols", "ifsc"), [((0,), 254), ((1,), 0), ((1,), 255)])
def test_ifsc_out_of_place(protocols: tuple[int, ...], ifsc: int) -> None:
    with pytest.raises(ApduError):
        Atr.build(protocols=protocols, ifsc=ifsc)


def test_cps3_in_words() -> None:
    assert Atr.parse(bytes.fromhex(CPS3)).explain() == [
        "TS=3B: direct convention; protocols T=0",
        "T0=AC: 12 historical bytes",
        "TB1=00: programming voltage, of no meaning any more",
        "TD1=40: T=0",
        "TC2=2A: waiting time integer WI=42 of T=0",
        "category 00: compact-TLV objects, then the status",
        "12 country code: 25 00 (France)",
        "64 pre-issuing data: 80 00 03 10",
        "status indicator: life cycle status 00, status word 9000",
    ]


def test_vitale_1_in_words() -> None:
    assert Atr.parse(bytes.fromhex(VITALE_1[0])).explain() == [
        "TS=3F: inverse convention; protocols T=0",
        "T0=65: 5 historical bytes",
        "TB1=25: programming voltage, of no meaning any more",
        "TC1=00: extra guard time N=0",
        "category 22: proprietary",
        "09 F9 90 00: of the card's own meaning",
    ]


def test_vitale_2_speed() -> None:
    lines = Atr.parse(bytes.fromhex(VITALE_2[0])).explain()
    assert lines[2] == "TA1=13: Fi=372 (at most 5 MHz), Di=4: 93 clock cycles per bit at best"


def test_a_card_of_t1_in_words() -> None:
    lines = Atr.parse(bytes.fromhex(IAS_ECC[4])).explain()
    assert lines[2:8] == [
        "TA1=18: Fi=372 (at most 5 MHz), Di=12: 31 clock cycles per bit at best",
        "TC1=FF: extra guard time N=255: as short as the protocol allows",
        "TD1=81: T=1",
        "TD2=91: T=1",
        "TA3=FE: IFSC=254: information fields of at most 254 bytes",
        "TD3=1F: global bytes follow",
    ]
    assert lines[8] == "TA4=C3: clock stop at low or high; supply 5 V, 3 V"
    assert lines[-1] == "TCK=B3: correct"


@pytest.mark.parametrize(
    ("groups", "line"),
    [
        ([InterfaceBytes(None, 0x7F)], "TA1=7F: reserved speed"),
        (
            [InterfaceBytes(), InterfaceBytes(0, 0x10)],
            "TA2=10: specific mode, T=0, implicit speed; the mode may change",
        ),
        (
            [InterfaceBytes(), InterfaceBytes(1, 0x81)],
            "TA2=81: specific mode, T=1, speed of TA1; the mode may not change",
        ),
        ([InterfaceBytes(), InterfaceBytes(1, tc=1)], "TC2=01: reserved"),
        (
            [InterfaceBytes(), InterfaceBytes(1), InterfaceBytes(1, tb=0x45)],
            "TB3=45: waiting times CWI=5, BWI=4",
        ),
        (
            [InterfaceBytes(), InterfaceBytes(1), InterfaceBytes(1, tc=1)],
            "TC3=01: CRC at the end of each block",
        ),
        (
            [InterfaceBytes(), InterfaceBytes(1), InterfaceBytes(1, tc=0)],
            "TC3=00: LRC at the end of each block",
        ),
        (
            [InterfaceBytes(), InterfaceBytes(1), InterfaceBytes(1, 32), InterfaceBytes(1, 5)],
            "TA4=05: of no further meaning",
        ),
        ([InterfaceBytes(), InterfaceBytes(0), InterfaceBytes(15, tb=0)], "TB3=00: contact C6 not used"),
        ([InterfaceBytes(), InterfaceBytes(0), InterfaceBytes(15, tb=0x81)], "TB3=81: use of contact C6: 81"),
        ([InterfaceBytes(), InterfaceBytes(0), InterfaceBytes(2, 0x81)], "TA3=81: reserved"),
        ([InterfaceBytes()], "no historical bytes"),
    ],
)
def test_lines(groups: list[InterfaceBytes], line: str) -> None:
    assert line in Atr(tuple(groups)).explain()


@pytest.mark.parametrize(
    ("text", "objects", "status", "rest"),
    [
        (CPS3[10:], {COUNTRY_CODE: "2500", PRE_ISSUING_DATA: "80000310"}, StatusIndicator(0, 0x9000), ""),
        (CPS2TER[10:], {COUNTRY_CODE: "2500", PRE_ISSUING_DATA: "80820212"}, StatusIndicator(0, 0x9000), ""),
        (
            CPS3_CONTACTLESS[8:-2],
            {CARD_SERVICE_DATA: "B8", PRE_ISSUING_DATA: "04B0ECC1", CARD_CAPABILITIES: "940180", 8: "9000"},
            StatusIndicator(None, 0x9000),
            "",
        ),
        # the status of the CPS4 is cut by a byte; the fields before are read all the same
        (CPS4_USB[10:-2], {COUNTRY_CODE: "2500", PRE_ISSUING_DATA: "80040100"}, None, "0090"),
        (CPS4_CANDIDATE[10:-2], {COUNTRY_CODE: "2500", PRE_ISSUING_DATA: "80000401"}, None, "0090"),
        (
            "8073C8211366020403550002",
            {CARD_CAPABILITIES: "C82113", PRE_ISSUING_DATA: "020403550002"},
            None,
            "",
        ),
        ("80318081 05", {CARD_SERVICE_DATA: "80", 8: "05"}, StatusIndicator(5, None), ""),
        ("8083059000", {8: "059000"}, StatusIndicator(5, 0x9000), ""),
        ("8073AB", {}, None, "73AB"),
        ("00", {}, None, ""),
        ("009000", {}, None, "9000"),
        ("00059000", {}, StatusIndicator(5, 0x9000), ""),
        ("4709EA9000", {}, None, "09EA9000"),
        ("1001", {}, None, "01"),
    ],
)
def test_historical_bytes(
    text: str, objects: dict[int, str], status: StatusIndicator | None, rest: str
) -> None:
    raw = bytes.fromhex(text)
    history = HistoricalBytes.parse(raw)
    assert history.category == raw[0]
    assert history.objects == tuple((tag, bytes.fromhex(value)) for tag, value in objects.items())
    assert history.status == status
    assert history.rest == bytes.fromhex(rest)
    for tag, value in objects.items():
        assert history.get(tag) == bytes.fromhex(value)
    assert history.get(2) is None
    assert history.explain()[0].startswith(f"category {raw[0]:02X}: ")


def test_categories_in_words() -> None:
    words = {
        value: HistoricalBytes(value).explain()[0] for value in (0x00, 0x10, 0x80, 0x81, 0x8F, 0x90, 0x47)
    }
    assert [line.split(": ")[1] for line in words.values()] == [
        "compact-TLV objects, then the status",
        "reference to a DIR data object",
        "compact-TLV objects",
        "reserved",
        "reserved",
        "proprietary",
        "proprietary",
    ]


def test_service_data_and_capabilities_of_a_cps3() -> None:
    assert explain_service_data(0xB8) == [
        "application selection by full DF name",
        "data objects in EF.DIR",
        "data objects in EF.ATR",
        "EF.DIR and EF.ATR by READ BINARY",
        "card with MF",
    ]
    assert explain_capabilities(bytes.fromhex("940180")) == [
        "DF selection by full name",
        "DF selection by file identifier",
        "short EF identifiers",
        "one-time write, data units of 1 byte",
        "command chaining",
        "no logical channels but the basic one",
    ]


def test_other_capabilities() -> None:
    assert explain_service_data(0x41) == [
        "application selection by partial DF name",
        "EF.DIR and EF.ATR by READ RECORD",
        "card without MF",
    ]
    assert explain_capabilities(bytes.fromhex("00F27F")) == [
        "EFs of TLV structure",
        "write AND, data units of 2 bytes",
        "FF is a valid first byte of a tag",
        "extended lengths",
        "extended lengths described in EF.ATR",
        "logical channel numbers assigned by card or interface device, 8 or more",
    ]
    assert explain_capabilities(b"\0\0")[-1] == "one-time write, data units of half a byte"


byte = st.one_of(st.none(), st.integers(0, 255))


@st.composite
def answers(draw: st.DrawFn) -> Atr:
    protocols = [None, *draw(st.lists(st.sampled_from([0, 1, 2, 15]), max_size=3))]
    groups = [InterfaceBytes(protocol, draw(byte), draw(byte), draw(byte)) for protocol in protocols]
    return Atr(tuple(groups), draw(st.binary(max_size=15)), draw(st.booleans()))


@given(answers())
def test_round_trip(atr: Atr) -> None:
    raw = atr.encode()
    assert Atr.parse(raw) == atr
    assert atr.explain()
    if atr.tck is not None:
        assert reduce(xor, raw[1:]) == 0
    for size in range(len(raw)):
        with pytest.raises(ApduError):
            Atr.parse(raw[:size])


@given(st.sampled_from([b"", b"\x3b", b"\x3f"]), st.binary(max_size=40))
def test_garbage_is_read_or_refused(start: bytes, rest: bytes) -> None:
    try:
        atr = Atr.parse(start + rest)
    except ApduError:
        return
    assert atr.encode() == start + rest
    assert atr.explain()


@given(st.binary(max_size=15))
def test_any_historical_bytes_are_explained(raw: bytes) -> None:
    history = HistoricalBytes.parse(raw)
    assert history.explain()
    if history.category in (0x00, 0x80):
        encoded = b"".join(bytes((tag << 4 | len(value),)) + value for tag, value in history.objects)
        tail = history.rest
        if history.category == 0 and history.status is not None and history.status.life_cycle is not None:
            outside = encoded == raw[1:-3]
            tail = raw[-3:] if outside else b""
        assert raw[1:] == encoded + tail
