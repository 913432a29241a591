"""Dialogues in words: what is asked, what is answered, and what is known of the card meanwhile."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.layouts.names import application_name, file_name, layout_for_atr
from bifente.traces.cleaning.mask import Masker
from bifente.traces.explanation.explain import (
    Explanation,
    Follower,
    explain_bytes,
    explain_command,
    explain_response,
)
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, ReaderEvent

CPS3_ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
VITALE_ATR = bytes.fromhex("3B751300004309EA9000")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("00A404000BD250000002564954414C4500", "SELECT by DF name: application VITALE"),
        ("00A40404088025000001FF0100", "SELECT by DF name: MF of the CPS3"),
        ("00A4040C", "SELECT by DF name, without a name, nothing asked back"),
        ("00A4040000", "SELECT by DF name, without a name"),
        (
            "00A4040C0E D2500000024D465F564954414C45",
            "SELECT by DF name: MF of the carte Vitale 2, nothing asked back",
        ),
        (
            "00A4040C0D E828BD080F8025000001FF0010",
            "SELECT by DF name: application CPX IAS, nothing asked back",
        ),
        ("00A4040009 A00000030800001000", "SELECT by DF name: application PIV"),
        ("00A4040006 A00000009999", "SELECT by DF name: A00000009999, an application not known here"),
        ("00A40000023F00", "SELECT file 3F00 (MF)"),
        ("00A40200022001 00", "SELECT EF 2001 (POINTERS)"),
        ("00A40904043F002F01", "SELECT path 3F00/2F01 (EF.ATR)"),
        ("00A4020402BEEF", "SELECT EF BEEF"),
        ("00A4030C", "SELECT parent DF, nothing asked back"),
        ("00A40002023F00", "SELECT file 3F00 (MF), the next one"),
        ("00A4FF0002AAAA", "SELECT FF 00 with 2 bytes"),
        ("00B0820023", "READ BINARY SFI 02 offset 0, 35 bytes"),
        ("00B0010000", "READ BINARY offset 256"),
        ("00D6000A02ABCD", "UPDATE BINARY offset 10, 2 bytes"),
        ("00B1000004 54020000 00", "READ BINARY 00 00 with 4 bytes"),
        ("0020000104 31323334", "VERIFY PIN 01 (4 digits, masked)"),
        ("0020000100", "VERIFY: state of PIN 01"),
        ("00200001", "VERIFY: state of PIN 01"),
        ("0020FF01", "VERIFY: log out of PIN 01"),
        ("0020FF00", "VERIFY: log out"),
        ("00200002 08 3132333435363738", "VERIFY PUK 02 (8 digits, masked)"),
        ("00240001 08 3132333431323334", "CHANGE PIN 01, old and new value (8 digits, masked)"),
        ("00240101 04 31323334", "CHANGE PIN 01, new value (4 digits, masked)"),
        ("002C0001 0C 313233343536373831323334", "UNBLOCK PIN 01, PUK and new value (12 digits, masked)"),
        ("002C0201 04 31323334", "UNBLOCK PIN 01, new value (4 digits, masked)"),
        ("002C0301", "UNBLOCK PIN 01"),
        ("00200001 31323334", "VERIFY, 8 bytes whose lengths do not add up, masked"),
        ("002241A4068001E1840183", "MSE SET AT internal: key 83, algorithm E1 (recognition, synthetic)"),
        (
            "002281A4118001E1830C00008025000001990000001F",
            "MSE SET AT external: key of the holder 00008025000001990000001F, algorithm E1 (recognition, synthetic)",
        ),
        ("002281B60A83084652435442463031", "MSE SET DST verify: key of the authority FRCTBF01"),
        ("002241B606840181800142", "MSE SET DST sign: key 81, algorithm 42 (RSA with SHA-256)"),
        ("002241B806840182 80011A", "MSE SET CT decipher: key 82, algorithm 1A (RSA decipher)"),
        ("0022C1A406 80010C 830101", "MSE SET AT mutual: key 01, algorithm 0C (3DES with SHA-1)"),
        ("0022F303", "MSE RESTORE SE#3"),
        ("002241B602 8005", "MSE SET DST sign: 2 bytes that are not data objects"),
        ("002A9E9A00", "PSO COMPUTE DIGITAL SIGNATURE"),
        ("002A90A004 90008000", "PSO HASH, 4 bytes"),
        ("102A00AE02 7F21", "PSO VERIFY CERTIFICATE, 2 bytes, a block of several"),
        ("002A808602 8100", "PSO DECIPHER, 2 bytes"),
        ("0084000010", "GET CHALLENGE, 16 bytes"),
        ("0088000001AA00", "INTERNAL AUTHENTICATE, 1 byte"),
        ("0082000002AAAA", "EXTERNAL AUTHENTICATE, 2 bytes"),
        ("00CB3FFF0A4D087006BF810102A080", "GET DATA SDO PIN 01 DOCP"),
        ("00CB3FFF0A4D087006BF810202A080", "GET DATA SDO PUK 02 DOCP"),
        ("00CB3FFF0B4D097007BF9002037F4880", "GET DATA SDO private key 02 private part"),
        ("00CB3FFF0A4D087006BFFB05027B80", "GET DATA SDO SE#5 content"),
        ("00CADF3005", "GET DATA object DF30"),
        ("00C0000012", "GET RESPONSE, 18 bytes"),
        ("00C0000000", "GET RESPONSE, all there is"),
        (
            "01A4040C02 3F00",
            "SELECT by DF name: 3F00, an application not known here, nothing asked back, on channel 1",
        ),
        (
            "0CB0000004 97010000",
            "READ BINARY 00 00, protected wrongly: no checksum of 8 bytes (8E) ends the data field",
        ),
        ("A0A40000023F00", "CPS2ter Select 00 00 with 2 bytes"),
        ("00700000", "MANAGE CHANNEL: open channel (any)"),
        ("0099AABB", "INS 99 AA BB"),
        ("00", "1 byte, no command"),
    ],
)
def test_commands(command: str, words: str) -> None:
    assert explain_command(bytes.fromhex(command)) == words


@pytest.mark.parametrize(
    ("command", "response", "words"),
    [
        ("002000010431323334", "9000", "verified"),
        ("002000010431323334", "63C2", "wrong, 2 tries left"),
        ("002000010431323334", "63C1", "wrong, 1 try left"),
        ("002000010431323334", "63C0", "wrong, no try left"),
        ("002000010431323334", "6983", "blocked (6983)"),
        ("0020000100", "63C3", "not verified, 3 tries left"),
        ("0020000100", "9000", "verified"),
        ("0020FF00", "9000", "logged out"),
        ("00240001083132333431323334", "9000", "changed"),
        ("002C02010431323334", "9000", "unblocked"),
        ("00A40904043F002F01", "6127", "39 bytes wait"),
        ("00A40904043F002F01", "6100", "256 bytes or more wait"),
        ("00A4020402BEEF", "6A82", "not there (6A82)"),
        ("00A4020C02D003", "9000", "selected"),
        ("00A4020402D003", "62258002000C8201018302D0038801E0A1128C077BFFFFFFFFFF009C077BFFFFFFFFFF008A01059000", "FCP of 39 bytes, a file of 12 bytes"),
        ("00A40000023F00", "621082013883023F00A1048C0204458A01059000", "FCP of 18 bytes, a directory"),
        ("00A40000023F00", "6F009000", "FCI of 2 bytes"),
        ("00B09C00C0", "5A0A8025000001990000001F6282", "12 bytes; end of file before Le bytes (6282)"),
        ("00B09C00C0", "6C0C", "wrong length, 12 bytes would be right"),
        ("00B0000000", "6982", "security status not satisfied (6982)"),
        ("00B0000000", "AA9000", "1 byte"),
        ("00B0000000", "6F42", "status 6F42"),
        ("00B0000000", "", "no answer"),
        ("00B0000000", "90", "no answer"),
        ("0084000008", "01020304050607089000", "challenge of 8 bytes"),
        ("0082000001AA", "6300", "wrong token (6300)"),
        ("0082000001AA", "9000", "authenticated"),
        ("1082000001AA", "9000", "taken"),
        ("0088000001AA00", "AAAA9000", "signature of 2 bytes"),
        ("002A9E9A00", "AAAA61FE", "signature of 2 bytes, 254 bytes wait"),
        ("002A8086028100", "AAAA9000", "2 bytes, masked"),
        ("00CB3FFF0A4D087006BF810102A080", "7016BF810112A0109A01039B0102A1088C06F3000013FF009000", "24 bytes: 2 of 3 tries left"),
        ("00CB3FFF0A4D087006BF810202A080", "701ABF810216A0149A010A9B010A9D020064A1088C06F3FF00FFFF009000", "28 bytes: 10 of 10 tries left, 100 uses left"),
        ("00CB3FFF0A4D087006BF900202A080", "7016BF900212A010A1078C05331313FF00800201009E01009000", "24 bytes: key of 2048 bits"),
        ("00CB3FFF0B4D097007BF8101037F4180", "6A80", "incorrect data field (6A80)"),
    ],
)  # fmt: skip
def test_answers(command: str, response: str, words: str) -> None:
    assert explain_response(bytes.fromhex(command), bytes.fromhex(response)) == words


def follow(*dialogue: str, atr: bytes = CPS3_ATR) -> list[Explanation]:
    """The exchanges of a dialogue ``command response`` explained one after the other."""
    follower, masker = Follower(), Masker()
    told = [follower.explain(ReaderEvent(EventKind.COLD_RESET, atr=atr))] if atr else []
    for line in dialogue:
        command, response = (bytes.fromhex(part) for part in line.split())
        told.append(follower.explain(Exchange(*masker.mask(command, response))))
    return told


def test_files_are_followed() -> None:
    told = follow(
        "00A40904043F002F01 6127",
        "00C0000027 62258002003982010183022F018801E8A1128C077B45FFFFFF45009C077BFFFFFFFFFF008A01059000",
        "00B0000002 80439000",
        "00B09C000C 5A0A8025000001990000001F9000",
        "00B0000002 5A0A9000",
        "00A4040C0DE828BD080F8025000001FF0010 9000",
        "00B0000002 6986",
        "00A4020C02D120 9000",
        "00B0000002 6982",
        "00A4020C02BEEF 6A82",
        "00B0000002 6982",
        "00A4030C 9000",
    )
    assert [each.text for each in told] == [
        "cold reset, ATR 3BAC00402A001225006480000310009000 (CPS3, contact)",
        "SELECT path 3F00/2F01 (EF.ATR) → 39 bytes wait",
        "GET RESPONSE, 39 bytes, of SELECT path 3F00/2F01 (EF.ATR) → FCP of 39 bytes, a file of 57 bytes",
        "READ BINARY offset 0 (EF.ATR), 2 bytes → 2 bytes",
        "READ BINARY SFI 1C offset 0 (EF.SN.ICC), 12 bytes → 12 bytes",
        "READ BINARY offset 0 (EF.SN.ICC), 2 bytes → 2 bytes",
        "SELECT by DF name: application CPX IAS, nothing asked back → selected",
        "READ BINARY offset 0, 2 bytes → command not allowed, no current EF (6986)",
        "SELECT EF D120 (CPS_ACTIVITY_01_PS), nothing asked back → selected",
        "READ BINARY offset 0 (CPS_ACTIVITY_01_PS), 2 bytes → security status not satisfied (6982)",
        "SELECT EF BEEF, nothing asked back → not there (6A82)",
        "READ BINARY offset 0 (CPS_ACTIVITY_01_PS), 2 bytes → security status not satisfied (6982)",
        "SELECT parent DF, nothing asked back → selected",
    ]
    assert [(each.directory, each.file) for each in told[-2:]] == [
        ("CPX IAS", "CPS_ACTIVITY_01_PS"),
        ("MF", None),
    ]


def test_the_same_short_identifier_means_another_file_elsewhere() -> None:
    told = follow(
        "00B0820023 65009000",
        "00A404000BD250000002564954414C4500 9000",
        "00B0820023 65009000",
        atr=VITALE_ATR,
    )
    assert [each.command for each in told[1:]] == [
        "READ BINARY SFI 02 offset 0 (EF.ID), 35 bytes",
        "SELECT by DF name: application VITALE",
        "READ BINARY SFI 02 offset 0 (EF.NIR), 35 bytes",
    ]


def test_a_dialogue_without_atr() -> None:
    told = follow(
        "00A40000023F00 9000",
        "00A40000022F00 9000",
        "00B0000001 619000",
        "00A4040C06A00000009999 9000",
        "00A404000BD250000002564954414C4500 9000",
        "00A40200022101 9000",
        atr=b"",
    )
    assert [(each.directory, each.file) for each in told] == [
        (None, None),
        (None, "2F00"),
        (None, "2F00"),
        ("A00000009999", None),
        ("VITALE", None),
        ("VITALE", "G101"),
    ]


def test_pins_and_recognition_are_followed() -> None:
    told = follow(
        "002000010431323335 63C2",
        "002000010431323334 9000",
        "00A40000023F00 9000",
        "0020000100 9000",
        "0082000002AAAA 9000",
        "0082000002AAAA 6300",
        "0082000002AAAA 9000",
        "0020FF01 9000",
    )
    assert [(each.verified, each.recognised) for each in told] == [
        ((), False),
        ((), False),
        ((1,), False),
        ((1,), False),
        ((1,), False),
        ((1,), True),
        ((1,), False),
        ((1,), True),
        ((), False),
    ]
    follower = Follower()
    follower.explain(Exchange(MaskedBytes.parse("0020000104********"), MaskedBytes.parse("9000")))
    assert follower.explain(ReaderEvent(EventKind.WARM_RESET, atr=CPS3_ATR)).verified == ()


def test_the_environment_is_followed() -> None:
    told = follow(
        "002241A4068001E1840183 9000",
        "0088000001AA 61FF",
        "00C00000FF AA9000",
        "002241B606840181800142 6A80",
        "002A9E9A00 AA9000",
        "002241B606840181800142 9000",
        "002A9E9A00 AA9000",
        "002241B806840182 6700",
        "002241B80684018280011A 9000",
        "102A80860181 9000",
        "002A80860181 AA9000",
        "00A40000023F00 9000",
        "002A9E9A00 6985",
    )
    assert [each.command for each in told if "key" in each.text or "PSO" in each.text] == [
        "MSE SET AT internal: key 83, algorithm E1 (recognition, synthetic)",
        "INTERNAL AUTHENTICATE with key 83, 1 byte",
        "GET RESPONSE, 255 bytes, of INTERNAL AUTHENTICATE with key 83, 1 byte",
        "MSE SET DST sign: key 81, algorithm 42 (RSA with SHA-256)",
        "PSO COMPUTE DIGITAL SIGNATURE",
        "MSE SET DST sign: key 81, algorithm 42 (RSA with SHA-256)",
        "PSO COMPUTE DIGITAL SIGNATURE with key 81",
        "MSE SET CT decipher: key 82, algorithm 1A (RSA decipher)",
        "PSO DECIPHER with key 82, 1 byte, a block of several",
        "PSO DECIPHER with key 82, 1 byte, the last block of 2 bytes",
        "PSO COMPUTE DIGITAL SIGNATURE",
    ]


def test_slots_are_followed_apart() -> None:
    follower = Follower()
    follower.explain(ReaderEvent(EventKind.COLD_RESET, slot="CPS", atr=CPS3_ATR))
    follower.explain(ReaderEvent(EventKind.COLD_RESET, slot="Vitale", atr=VITALE_ATR))
    read = [
        follower.explain(
            Exchange(MaskedBytes.parse("00A4020C02D001"), MaskedBytes.parse("9000"), slot=slot)
        ).command
        for slot in ("CPS", "Vitale")
    ]
    assert read == [
        "SELECT EF D001, nothing asked back",
        "SELECT EF D001 (EF.ID), nothing asked back",
    ]
    removed = follower.explain(ReaderEvent(EventKind.REMOVED, slot="CPS"))
    assert (removed.text, removed.directory) == ("removed", None)


def test_recorded_dialogues_of_opensc(shared_data: Path) -> None:
    """Every exchange of the recorded dialogues is named, and the PIN of the specimen stands nowhere."""
    for path in sorted((shared_data / "dialogues" / "opensc-0.23").glob("*.txt")):
        lines = [
            f"{command} {start}{'EE' * (int(size or 2) - 2 - len(start) // 2) if size else ''}{status}"
            for command, start, size, status in re.findall(
                r"^> ([0-9A-F]+)\n< ([0-9A-F]+)(?:\.\.\((\d+)\)\.\.([0-9A-F]{4}))?$",
                path.read_text("ascii"),
                re.MULTILINE,
            )
        ]
        told = follow(*lines)
        assert len(told) > 25
        for each in told:
            assert "INS" not in each.text
            assert "status" not in each.text
            assert "1234" not in each.text
            assert "31323334" not in each.text
        last = told[-1]
        assert last.verified == {"dump": (), "unblock": (2,)}.get(path.stem, (1,))


@pytest.mark.parametrize(
    ("data", "first"),
    [
        ("3BAC00402A001225006480000310009000", "ATR of the CPS3, contact"),
        ("3B751300004709EA9000", "ATR of the carte Vitale 2"),
        ("3F6525002209F99000", "ATR of the carte Vitale 1"),
        ("621082013883023F00A1048C0204458A0105", "file control information"),
        ("621082013883023F00A1048C0204458A01059000", "answer of 18 bytes with status word 9000 (success)"),
        ("7016BF810112A0109A01039B0103A1088C06F3000013FF00", "control parameters of security data object PIN 01"),
        ("7016BF810112A0109A01039B0103A1088C06F3000013FF009000", "answer of 24 bytes with status word 9000 (success)"),
        ("4D087006BF810102A080", "request for security data object PIN 01: A0"),
        ("5A0A8025000001990000001F", "5A primary account number: 8025000001990000001F"),
        ("5A0A8025000001990000001F6282", "answer of 12 bytes with status word 6282 (end of file before Le bytes)"),
        ("7F21095F3701AA4203464F4F", "7F21 CV certificate: 9 bytes"),
        ("9000", "status word 9000 (success)"),
        ("63C2", "status word 63C2 (verification failed, 2 tries left)"),
        ("6112", "status word 6112 (18 bytes available)"),
        ("00A404000BD250000002564954414C4500", "command APDU, case 4S"),
        ("00CB3FFF0A4D087006BF810102A080", "command APDU, case 3S"),
        ("002000010431323334", "command APDU, case 3S"),
        ("00200001", "command APDU, case 1"),
        ("00A40000", "command APDU, case 1"),
        ("00700000", "command APDU, case 1"),
        ("00E00000", "command APDU, case 1"),
        ("00620000", "command APDU, case 1"),
        ("00A4009000", "command APDU, case 2S"),
        ("6100", "status word 6100 (256 or more bytes available)"),
        ("6200", "status word 6200 (unchanged warning)"),
        ("6400", "status word 6400 (execution error)"),
        ("6F00", "status word 6F00 (no precise diagnosis)"),
        ("7000", "70 security data object: 0 bytes"),
        ("00B00000000000", "command APDU, case 2E"),
        ("A0A40000023F00", "command APDU, case 3S"),
        ("0102039000", "answer of 3 bytes with status word 9000 (success)"),
        ("1234", "2 bytes: no command, answer, ATR or data object"),
        ("", "0 bytes: no command, answer, ATR or data object"),
    ],
)  # fmt: skip
def test_what_bytes_are(data: str, first: str) -> None:
    assert explain_bytes(bytes.fromhex(data))[0] == first


def test_what_bytes_say() -> None:
    assert explain_bytes(bytes.fromhex("00A404000BD250000002564954414C4500")) == [
        "command APDU, case 4S",
        "  SELECT by DF name: application VITALE",
        "  CLA 00, INS A4, P1 04, P2 00",
        "  Lc 11: D250000002564954414C45",
        "  Le: up to 256 bytes",
    ]
    assert explain_bytes(bytes.fromhex("002000010431323334"))[1:] == [
        "  VERIFY PIN 01 (4 digits, masked)",
        "  CLA 00, INS 20, P1 00, P2 01",
        "  Lc 4: masked",
    ]
    assert explain_bytes(bytes.fromhex("6519800A4558454D504C4149524582083139383031333031800141")) == [
        "65 holder of the card: 25 bytes",
        '  80: 4558454D504C41495245 "EXEMPLAIRE"',
        '  82: 3139383031333031 "19801301"',
        "  80: 41",
    ]
    assert "  tries left: 3" in explain_bytes(
        bytes.fromhex("7016BF810112A0109A01039B0103A1088C06F3000013FF00")
    )
    assert "file identifier 3F00" in "\n".join(
        explain_bytes(bytes.fromhex("621082013883023F00A1048C0204458A0105"))
    )
    assert explain_bytes(bytes.fromhex("7010BF81010C7F4109800108820431323334")) == [
        "70 security data object: 16 bytes",
        "  BF8101: 12 bytes",
        "    7F41 PIN value: 9 bytes, not shown",
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_explained(data: bytes) -> None:
    lines = explain_bytes(data)
    assert lines
    assert all(line and line.isprintable() for line in lines)


@given(
    st.binary(min_size=1, max_size=4), st.text(alphabet="0123456789", min_size=6, max_size=8).map(str.encode)
)
def test_explaining_shows_no_pin(header: bytes, pin: bytes) -> None:
    for raw in (b"\0\x20\0\1" + bytes((len(pin),)) + pin, b"\0\x24\0\1" + pin, b"\0\x20" + header + pin):
        words = "\n".join((explain_command(raw), *explain_bytes(raw)))
        assert pin.decode() not in words
        assert pin.hex().upper() not in words


@given(
    st.lists(st.tuples(st.binary(max_size=30), st.binary(max_size=30)), max_size=8), st.binary(max_size=20)
)
def test_any_dialogue_is_followed(dialogue: list[tuple[bytes, bytes]], atr: bytes) -> None:
    follower, masker = Follower(), Masker()
    follower.explain(ReaderEvent(EventKind.COLD_RESET, atr=atr))
    for command, response in dialogue:
        told = follower.explain(Exchange(*masker.mask(command, response)))
        assert told.text == f"{told.command} → {told.response}"


HEADERS = ["00A40904", "00A40200", "00A40404", "002241B6", "00CB3FFF", "002A90A0", "102A00AE", "00B08200"]
valid = st.builds(
    lambda head, data: bytes.fromhex(head) + bytes((len(data),)) + data,
    st.sampled_from(HEADERS),
    st.binary(min_size=1, max_size=20),
)


@given(
    st.lists(
        st.tuples(valid, st.sampled_from(["9000", "6110", "6C10", "6A82", "62839000", "6FFF9000"])),
        max_size=8,
    )
)
def test_any_well_formed_dialogue_is_followed(dialogue: list[tuple[bytes, str]]) -> None:
    follower = Follower()
    follower.explain(ReaderEvent(EventKind.COLD_RESET, atr=CPS3_ATR))
    for command, response in dialogue:
        follower.explain(Exchange(MaskedBytes(command), MaskedBytes(bytes.fromhex(response))))
        follower.explain(Exchange(MaskedBytes.parse("00C0000000"), MaskedBytes.parse("62009000")))


def test_names() -> None:
    assert application_name(bytes.fromhex("D25000000441")) == "Adèle"
    assert application_name(bytes.fromhex("D250000002")) is None
    assert application_name(bytes.fromhex("A0000000790103")) == "CAC"
    assert application_name(b"") is None
    assert file_name(0x3F00) == "MF"
    assert file_name(0x2F00) == "EF.DIR"
    assert file_name(0xD001) is None
    assert file_name(0xD001, bytes.fromhex("E828BD080F8025000001FF0010")) == "EF.C.CH.SIG"
    assert file_name(0xD001, bytes.fromhex("D2500000024D465F564954414C45")) == "EF.ID"
    assert file_name(0xBEEF, bytes.fromhex("D2500000024D465F564954414C45")) is None
    assert file_name(0xBEEF, b"unknown") is None
    for specimen in (0x43, 0x4C):
        layout = layout_for_atr(bytes.fromhex("3B75130000") + bytes((specimen,)) + bytes.fromhex("09EA9000"))
        assert layout is not None
        assert layout.kind == "vitale2"
    assert layout_for_atr(bytes.fromhex("3B6700002D201601789000")) is None
