"""The bytes of real cards that are public, as literals with their source, against what our cards answer.

A wrong layout would agree with itself everywhere; these literals do not come from it. Commands have the Le that a T=0
reader does not send: the cards are asked here without the front that adds it.
"""

import re
from collections.abc import Callable

import pytest
from issued import issued

from bifente.apdu import tlv
from bifente.applets import SmartCard

JARDIN = "OpenSC, commits by V. Jardin of 2021 (dumps of a CPS3v3)"
LOG_2223 = "OpenSC issue #2223, log of a real CPS"
MF_FCP = "621E82013883023F0084088025000001FF0100A1088C067AFFFFFFFF458A0105"
"""OpenSC issue #2262: what a real CPS answers for its MF."""


@pytest.fixture(scope="module")
def cps() -> SmartCard:
    return issued("gp")


@pytest.fixture(scope="module")
def vitale() -> SmartCard:
    return issued("vitale-single")


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    for name in ("cps", "vitale"):
        if name in request.fixturenames:
            request.getfixturevalue(name).reset()


def talk(card: SmartCard, *commands: str) -> str:
    answer = b""
    for command in commands:
        answer = card.transmit(bytes.fromhex(command.replace(" ", "")))
    return answer.hex().upper()


CPS_BYTES: list[tuple[str, list[str], str]] = [
    # source, commands, answer of the last
    (f"FCP of EF.ATR; {JARDIN}", ["00A40904043F002F0100"],
     "62258002003982010183022F018801E8A1128C077B45FFFFFF45009C077BFFFFFFFFFF008A0105 9000"),
    (f"FCP of EF.DIR; {JARDIN}", ["00A40904043F002F0000"],
     "62258002006582010183022F008801F0A1128C077B45FFFFFF45009C077BFFFFFFFFFF008A0105 9000"),
    (f"FCP of EF.SN.ICC; {JARDIN}", ["00A40904043F00D00300"],
     "62258002000C8201018302D0038801E0A1128C077BFFFFFFFFFF009C077BFFFFFFFFFF008A0105 9000"),
    (f"EF.ATR; {JARDIN}", ["00A40904043F002F0100", "00B0000039"],
     ("804301B8460404B0ECC147039401804F088025000001FF0100E01002020104020201040202010002020100"
     "780806062B8122F87802 82029000 9000")),
    ("FCP of the MF; OpenSC issue #2262", ["00A40404088025000001FF010000"], f"{MF_FCP} 9000"),
    (f"EF.ATR by a path from the MF as current DF; {LOG_2223}", ["00A4000C023F00", "00A40904022F0100"],
     "62258002003982010183022F018801E8A1128C077B45FFFFFF45009C077BFFFFFFFFFF008A0105 9000"),
    (f"the applet by its name with P2 = 00; {LOG_2223}", ["00A40400088025000001FF0100"], "9000"),
    (f"EF.DIR by a path after it; {LOG_2223}", ["00A40400088025000001FF010000", "00A40904022F0000"],
     "62258002006582010183022F008801F0A1128C077B45FFFFFF45009C077BFFFFFFFFFF008A0105 9000"),
    ("EF.DIR by that path inside an application; OpenSC issue #2231", ["00A4090C043F000001", "00A40904022F0000"],
     "6A82"),
    ("a part of the applet's name with P2 = 00", ["00A40400078025000001FF0100"], "6A86"),
    ("the next applet of that name", ["00A40402088025000001FF0100"], "6A86"),
    ("the contactless application with P2 = 00", ["00A404000DE828BD080F8025000001FF002000"], "6A86"),
    ("EF.DIR by a short path; scdaemon sends it", ["00A4080C022F00"], "9000"),
    ("FCP of the ADF; OpenSC 0.23 accepts it", ["00A40904043F00000100"],
     "621F82013883020001840DE828BD080F8025000001FF0010A1048C0204458A0105 9000"),
    ("FCP of the contactless ADF", ["00A40904043F00000200"],
     "621F82013883020002840DE828BD080F8025000001FF0020A1048C0204458A0105 9000"),
    ("FCP of the business data file, written under PIN; the access bytes of the contacts that OpenSC 0.23 took",
     ["00A40904063F000001D10700"],
     "6224800200408201018302D1078800A1128C077B45FFFFFF13009C077BFFFFFFFFFFFF8A0105 9000"),
    (f"PIN data object; {JARDIN}", ["00CB3FFF0A4D087006BF810102A08000"],
     "7016BF810112A0109A01039B0103A1088C06F3000013FF00 9000"),
    (f"PUK data object; {JARDIN}", ["00CB3FFF0A4D087006BF810202A08000"],
     "701ABF810216A0149A010A9B010A9D020064A1088C06F3FF00FFFF00 9000"),
    ("PIN value is not a data to get: 6A80, as OpenSC wants", ["00CB3FFF0B4D097007BF8101037F418000"], "6A80"),
    ("private key is not a data to get", ["00A40904043F00000100", "00CB3FFF0B4D097007BF9002037F488000"], "6A80"),
    ("DOCP of the authentication key; accepted by OpenSC", ["00A40904043F00000100", "00CB3FFF0A4D087006BF900202A08000"],
     "7016BF900212A010A1078C05331313FF00800201009E0100 9000"),
    ("DOCP of the signature key; accepted by OpenSC", ["00A40904043F00000100", "00CB3FFF0A4D087006BF900102A08000"],
     "7015BF900111A00FA1068C044313FF00800201009E0101 9000"),
    ("SE#5 is not in the contactless ADF", ["00A40904043F00000200", "00CB3FFF0A4D087006BFFB05027B8000"], "6A88"),
    ("SELECT by AID with P2 = 00; OpenSC 1a3666364", ["00A404000DE828BD080F8025000001FF0010"], "6A86"),
    ("SELECT by AID with P2 = 0C; OpenSC 1a3666364", ["00A4040C0DE828BD080F8025000001FF0010"], "9000"),
    ("SELECT of an EF with P2 = 00; OpenSC 20f359ea0", ["00A4020002A001"], "6A86"),
    ("EF_ACTUA is absent before the first update; Cryptolib", ["00A40904043F00D01000"], "6A82"),
    ("the MF by P1 = 02 inside the ADF; OpenSC 0.23", ["00A40904043F00000100", "00A40204023F0000"],
     f"{MF_FCP} 9000"),
    ("a path from the MF without 3F00; ISO/IEC 7816-4", ["00A4080C0400015031"], "9000"),
    ("a path from the current DF; ISO/IEC 7816-4", ["00A4090C043F000001", "00A4090C025031"], "9000"),
    ("that path where the MF is current", ["00A4000C023F00", "00A4090C025031"], "6A82"),
    ("PIN status; OpenSC 0.23", ["0020000100"], "63C3"),
    ("PUK status; OpenSC 0.23", ["0020000200"], "63CA"),
    ("object directory of the image that OpenSC 0.23 took", ["00A40904063F000001503100", "00B0000020"],
     "A806300404027001A006300404027002A406300404027005A706300404027006 9000"),
    (f"PIN objects; {JARDIN}, bytes as OpenSC 0.23 took them", ["00A40904063F000001700100", "00B0000082"],
     ("304630250C1C436F646520706F7274657572206465206C6120636172746520435058030206C00401023003040101A1183016030203"
     "880A01010201040201080201088001010401FF303830170C11436F6465206465206465626C6F63616765030206C03003040102A118"
     "30160302018A0A01010201080201080201088001020401FF 9000")),
    ("EF.DIR of the image that OpenSC 0.23 took: contactless first", ["00A40904043F002F0000", "00B0000065"],
     ("61324F0DE828BD080F8025000001FF0020500A4350582049415320434C51043F000002730F4F0DE828BD080F8025000001FF0010"
     "612F4F0DE828BD080F8025000001FF001050074350582049415351043F000001730F4F0DE828BD080F8025000001FF0010 9000")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("commands", "answer"), [row[1:] for row in CPS_BYTES], ids=[row[0] for row in CPS_BYTES]
)
def test_cps3(cps: SmartCard, commands: list[str], answer: str) -> None:
    assert talk(cps, *commands) == answer.replace(" ", "")


def test_a_situation_is_read_under_pin(cps: SmartCard) -> None:
    """The access bytes 7B45FFFFFF4513 that OpenSC 0.23 took for D120: deletion and update by the issuer, reading under SE#3."""
    answer = talk(cps, "00A40904063F000001D12000")
    assert (
        answer[:8] + answer[12:]
        == "622480028201018302D1208800A1128C077B45FFFFFF45139C077BFFFFFFFFFFFF8A01059000"
    )
    size = int(answer[8:12], 16)
    assert talk(cps, "002000010431323334", "00A4020C02D120", "00B0000000").endswith("9000")
    assert talk(cps, f"00B0{size - 1:04X}01").endswith("9000")
    assert talk(cps, f"00B0{size:04X}01") == "6B00"


VITALE_FCPS = [
    # synthetic, but for the shape of IAS-ECC: SCB 2n is external authentication under SE#n
    ("POINTERS: free", "2001", "621B8002.{4}820101830220018800A1098C077BFFFFFFFFFF008A01059000"),
    ("G101: any professional reads", "2101", "621B8002.{4}820101830221018800A1098C077BFFFFFFFFFF218A01059000"),
    ("URGENCE: who gives care reads", "2301", "621B80020200820101830223018800A1098C077BFFFFFFFFFF248A01059000"),
    ("MEDICAL: its roles read and write", "2302", "621B80020800820101830223028800A1098C077BFFFFFFFF22228A01059000"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fid", "fcp"), [row[1:] for row in VITALE_FCPS], ids=[row[0] for row in VITALE_FCPS]
)
def test_vitale_fcps(vitale: SmartCard, fid: str, fcp: str) -> None:
    answer = talk(vitale, "00A4040C0BD250000002564954414C45", f"00A4020402{fid}00")
    assert re.fullmatch(fcp, answer)


def test_se_5_is_at_the_mf(cps: SmartCard) -> None:
    """OpenSC, commits by V. Jardin: 9000 when the MF is current; the content is ours."""
    answer = talk(cps, "00A40904023F0000", "00CB3FFF0A4D087006BFFB05027B8000")
    assert answer.startswith("70")
    assert answer.endswith("9000")
    assert tlv.find(bytes.fromhex(answer[:-4]), 0x70, 0xBFFB05, 0x7B) is not None


def test_the_serial_is_read_by_short_identifier_as_opensc_does(cps: SmartCard) -> None:
    """OpenSC 0.23: 00B09C00C0 on twelve bytes; 5A 0A, the issuer 8025000001, eight digits, a Luhn digit, F."""
    answer = talk(cps, "00A40404088025000001FF010000", "00B09C00C0")
    assert answer.endswith("6282")
    assert answer.startswith("5A0A8025000001")
    digits = answer[4:23]
    assert answer[23] == "F"
    luhn = sum(int(d) if at % 2 else sum(divmod(2 * int(d), 10)) for at, d in enumerate(reversed(digits), 1))
    assert luhn % 10 == 0


def test_atrs(cps: SmartCard, vitale: SmartCard) -> None:
    """pcsc-tools smartcard_list.txt."""
    assert cps.reset().hex().upper() == "3BAC00402A001225006480000310009000"
    assert vitale.reset().hex().upper() == "3B751300004709EA9000"


READERS: list[tuple[str, list[tuple[str, Callable[[str], bool]]]]] = [
    ("cardpeek vitale_2.lua: POINTERS", [
        ("00A404000BD250000002564954414C4500", lambda a: a.startswith("6F") and a.endswith("9000")),
        ("00A402000220 0100", lambda a: a.endswith("9000")),
        ("00B0000000", lambda a: a.startswith("E0") and a.endswith("9000")),
    ]),
    ("cardpeek vitale_2.lua: DIR and PAN", [
        ("00A404000ED2500000024D465F564954414C4500", lambda a: a.startswith("6F") and a.endswith("9000")),
        ("00A40200022F0000", lambda a: a.endswith("9000")),
        ("00B0000000", lambda a: a.endswith("9000")),
        ("00A40200022F0200", lambda a: a.endswith("9000")),
        ("00B0000000", lambda a: a.startswith("5A0A") and a.endswith("9000")),
    ]),
    ("Rufus lecteurvitale: identity by SFI after 3F00", [
        ("00A40000023F00", lambda a: a.endswith("9000")),
        ("00B0820000", lambda a: a.startswith("65") and a.endswith("9000")),
    ]),
    ("Rufus lecteurvitale: NIR by SFI", [
        ("00A404000BD250000002564954414C45", lambda a: a.endswith("9000")),
        ("00B0820000", lambda a: a.startswith("65") and "930F" in a and a.endswith("9000")),
    ]),
    ("JavaScript readers: identity, FCI of 30 bytes, 7C bytes", [
        ("00A404000ED2500000024D465F564954414C4500", lambda a: a.endswith("9000")),
        ("00A4020002D00100", lambda a: len(a) == 2 * 0x1E + 4 and a.endswith("9000")),
        ("00B000007C", lambda a: len(a) == 2 * 0x7C + 4 and a.startswith("65") and a.endswith("9000")),
    ]),
    ("a reader that looks for a Vitale in the CPS's slot tells them apart", []),
]  # fmt: skip


@pytest.mark.parametrize("steps", [row[1] for row in READERS[:-1]], ids=[row[0] for row in READERS[:-1]])
def test_public_vitale_readers(vitale: SmartCard, steps: list[tuple[str, Callable[[str], bool]]]) -> None:
    for command, holds in steps:
        answer = talk(vitale, command)
        assert holds(answer), f"{command}: {answer}"


@pytest.mark.parametrize(
    "commands",
    [
        ["00A4080C0400012001"],
        ["00A4040C0BD250000002564954414C45", "00A4090C022001"],
        ["00A4080C063F0000012001"],
    ],
    ids=["from the MF", "from the current DF", "whole"],
)
def test_a_vitale_takes_the_paths_of_iso_7816(vitale: SmartCard, commands: list[str]) -> None:
    """ISO/IEC 7816-4:2020 §11.2.2; POINTERS begins with E0 (cardpeek)."""
    assert talk(vitale, *commands) == "9000"
    assert talk(vitale, "00B0000001") == "E09000"


def test_a_cps_is_no_vitale(cps: SmartCard) -> None:
    """Rufus tells the slots apart by this refusal."""
    assert talk(cps, "00A4040C0ED2500000024D465F564954414C45") == "6A82"


def test_what_cardpeek_reads_of_a_closed_file(vitale: SmartCard) -> None:
    assert talk(vitale, "00A404000BD250000002564954414C4500", "00A402000221 0100")[-4:] == "9000"
    assert talk(vitale, "00B0000000") == "6982"


PROBES = [
    "00A4040007627601FF000000", "00A4040006A00000000101", "00A404000BE82B0601040181C31F0201",
    "00A4040C0FD23300000045737445494420763335", "00CADF3005", "00CB3FFF035C017E", "00A4040009A00000030800001000",
    "00A4040C07A000000116DB00", "00A404000CF276A288BCFBA69D34F31001", "00A4040009A00000039742544659",
    "00A4040006D27600012401", "00A4040C0AD392F000260100000001", "00A4040007A0000000790100",
]  # fmt: skip


def test_what_opensc_asks_an_unknown_card_changes_nothing(vitale: SmartCard) -> None:
    before = {name: vitale.store.get(name) for name in vitale.store.names()}
    for probe in PROBES:
        assert talk(vitale, probe) in ("6A82", "6A86", "6D00", "6A88", "6A80"), probe
    assert talk(vitale, "00A4000C023F00") == "9000"
    assert talk(vitale, "00A4020C022F00") == "9000"
    assert talk(vitale, "00B000005A")[-4:] in ("9000", "6282")
    assert before == {name: vitale.store.get(name) for name in vitale.store.names()}
