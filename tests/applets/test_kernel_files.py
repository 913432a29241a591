"""Given a small card, when files are selected and read, then these answers (ISO/IEC 7816-4:2020 §11.2 and §11.3)."""

from collections.abc import Callable

import pytest

from bifente.apdu import SW
from bifente.apdu.files.fcp import Fcp
from bifente.applets import SmartCard

Talk = Callable[[str], str]

ANSWERS = [
    # one row: commands before, command, answer (None: only 9000 at its end)
    ("SELECT the MF by FID", [], "00A4000C023F00", "9000"),
    ("SELECT without data is the MF", [], "00A4000C", "9000"),
    ("SELECT the MF by P1=02, as OpenSC does", ["00A4010C020001"], "00A4020C023F00", "9000"),
    ("SELECT a child DF", [], "00A4010C020001", "9000"),
    ("a child DF is not an EF", [], "00A4020C020001", "6A82"),
    ("an EF is not a child DF", [], "00A4010C022001", "6A82"),
    ("SELECT a DF beside the current one", ["00A4010C020001"], "00A4000C020002", "9000"),
    ("an EF of another DF is not found by FID", ["00A4010C020001"], "00A4000C022001", "6A82"),
    ("SELECT the parent", ["00A4010C020001"], "00A4030C", "9000"),
    ("the MF has no parent", [], "00A4030C", "6A82"),
    ("SELECT by full path", [], "00A4080C063F0000012002", "9000"),
    ("SELECT by path with P1=09 is from 3F00 too", [], "00A4090C063F0000012002", "9000"),
    ("SELECT by path from the MF, without its identifier", [], "00A4080C0400012002", "9000"),
    ("the same inside another DF", ["00A4010C020002"], "00A4080C0400012002", "9000"),
    ("SELECT by path from the current DF", ["00A4010C020001"], "00A4090C022002", "9000"),
    ("the same from the MF", [], "00A4090C0400012002", "9000"),
    ("a path from the MF does not begin at the current DF", ["00A4010C020001"], "00A4080C022002", "6A82"),
    ("a path from the current DF does not begin at the MF", ["00A4010C020001"], "00A4090C0400012002", "6A82"),
    ("a path is not found beside the current DF", ["00A4010C020001"], "00A4090C020002", "6A82"),
    ("a path through an EF is not found", [], "00A4080C063F0020012002", "6A82"),
    ("a path of odd length", [], "00A4080C033F0000", "6A87"),
    ("SELECT by name", [], "00A4040C06A00000000102", "9000"),
    ("SELECT by the beginning of a name", [], "00A4040C05A000000001", "9000"),
    ("an unknown name", [], "00A4040C05A000000009", "6A82"),
    ("a name of no byte", [], "00A4040C", "6A87"),
    ("a name of 17 bytes", [], "00A4040C11" + "A0" * 17, "6A87"),
    ("an unknown P1", [], "00A4050C020001", "6A86"),
    ("P2 that asks for an FMD", [], "00A4040805A000000001", "6A86"),
    ("another occurrence than the first, not by name", [], "00A4000E023F00", "6A86"),
    ("READ BINARY without an EF", [], "00B0000010", "6986"),
    ("there is no current EF after a DF", ["00A4020C022001", "00A4010C020001"], "00B0000010", "6986"),
    ("READ BINARY of the current EF", ["00A4020C022001"], "00B0000004", "000102039000"),
    ("READ BINARY at an offset", ["00A4020C022001"], "00B000C002", "C0C19000"),
    ("READ BINARY by short identifier", [], "00B0810502", "05069000"),
    ("which makes the file current", ["00B0810001"], "00B0000002", "00019000"),
    ("an unknown short identifier", [], "00B0890001", "6A82"),
    ("short identifier 31 is none", [], "00B09F0001", "6A86"),
    ("bits 7 and 6 with a short identifier", [], "00B0A10001", "6A86"),
    ("short identifier 0 is the current EF", ["00A4020C022001"], "00B0800301", "039000"),
    ("an offset at the end", ["00A4020C022001"], "00B0019001", "6B00"),
    ("an offset beyond the end", ["00A4020C022001"], "00B07FFF01", "6B00"),
    ("more than there is", ["00A4020C022001"], "00B0018E08", "00006282"),
    ("Le = 00 reads to the end", ["00A4020C022001"], "00B0018E00", "00009000"),
    ("READ BINARY without Le", ["00A4020C022001"], "00B00000", "6700"),
    ("READ BINARY with data", ["00A4020C022001"], "00B000000101", "6700"),
    ("a file under PIN", ["00A4080C063F0000012002"], "00B0000008", "6982"),
    ("the same, PIN verified", ["0020000104 31323334", "00A4080C063F0000012002"], "00B0000008", "677561726465642E9000"),
    ("PIN verified while the file is current", ["00A4080C063F0000012002", "002000010431323334"], "00B0000008", "677561726465642E9000"),
    ("a file nobody reads", ["002000010431323334", "00A4080C063F0000012003"], "00B0000001", "6982"),
    ("UPDATE BINARY", ["00A4020C022001"], "00D6000002AABB", "9000"),
    ("what was written is read", ["00A4020C022001", "00D6000002AABB"], "00B0000003", "AABB029000"),
    ("UPDATE BINARY by short identifier", [], "00D6810101EE", "9000"),
    ("UPDATE BINARY to the last byte", ["00A4020C022001"], "00D6018F01EE", "9000"),
    ("UPDATE BINARY over the end", ["00A4020C022001"], "00D6018F02EEEE", "6A84"),
    ("UPDATE BINARY beyond the end", ["00A4020C022001"], "00D6019001EE", "6B00"),
    ("UPDATE BINARY of nothing", ["00A4020C022001"], "00D60000", "6700"),
    ("UPDATE BINARY under PIN", ["00A4080C063F0000012002"], "00D6000001EE", "6982"),
    ("UPDATE BINARY of a file nobody writes", ["002000010431323334", "00A4080C063F0000012003"], "00D6000001EE", "6982"),
    ("an unknown instruction", [], "00FE0000", "6D00"),
    ("an unknown instruction of another class", [], "10FE0000", "6D00"),
    ("GET RESPONSE belongs to the transport", [], "00C0000010", "6D00"),
    ("a proprietary class", [], "80A40000023F00", "6E00"),
    ("the reserved class", [], "20A40000023F00", "6E00"),
    ("the class that is none", [], "FFA40000023F00", "6E00"),
    ("a logical channel", [], "01A4000C023F00", "6881"),
    ("a further logical channel", [], "45A4000C023F00", "6881"),
    ("secure messaging", [], "0CA4000C023F00", "6882"),
    ("chaining of an instruction without it", [], "10A4000C023F00", "6884"),
    ("three bytes", [], "00A400", "6700"),
    ("no byte", [], "", "6700"),
    ("wrong Lc", [], "00A4000C033F00", "6700"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "command", "answer"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_answers(talk: Talk, before: list[str], command: str, answer: str) -> None:
    for earlier in before:
        assert talk(earlier)[-4:] in ("9000", "6282")
    assert talk(command) == answer


@pytest.mark.parametrize(("p2", "tag"), [("04", 0x62), ("00", 0x6F)])
def test_select_answers_the_control_parameters(talk: Talk, p2: str, tag: int) -> None:
    answer = bytes.fromhex(talk(f"00A402{p2}02200100"))
    assert answer[0] == tag
    assert answer[-2:] == b"\x90\x00"
    fcp = Fcp.parse(answer[:-2])
    assert (fcp.fid, fcp.size, fcp.sfi) == (0x2001, 400, 1)


def test_a_file_by_a_path_from_the_mf_has_its_own_directory(talk: Talk, mini: SmartCard) -> None:
    talk("00A4010C020002")
    assert talk("00A4080C0400012002") == "9000"
    assert mini.channel.directory.node.name == "ADF 1"


def test_next_occurrences_of_a_name(talk: Talk, mini: SmartCard) -> None:
    talk("00A4040C05A000000001")
    seen = [mini.channel.directory.node.name]
    while talk("00A4040E05A000000001") == "9000":
        seen.append(mini.channel.directory.node.name)
    assert seen == ["MF", "ADF 1", "ADF 2"]
    assert talk("00A4040F05A000000001") == "9000"
    assert mini.channel.directory.node.name == "ADF 1"
    assert talk("00A4040D05A000000001") == "9000"
    assert mini.channel.directory.node.name == "ADF 2"


@pytest.mark.parametrize("refused", ["00B0820001", "00D6820001EE"])
def test_a_refused_short_identifier_leaves_the_current_file(talk: Talk, refused: str) -> None:
    talk("00A4080C043F000001")
    assert talk(refused)[-4:] == "6982"
    assert talk("00B0000001") == "6986"


def test_long_reads_in_extended_form(talk: Talk) -> None:
    talk("00A4020C022001")
    assert len(talk("00B00000000190")) == 2 * 402
    assert talk("00B00000000000") == talk("00B00000000190")
    assert talk("00B00000000191")[-4:] == "6282"


def test_256_bytes_in_extended_form_are_not_all_there_is(talk: Talk) -> None:
    """ISO/IEC 7816-4:2020 §11.3.3: Le of zeros alone reads to the end; 0100 wants 256 bytes, and 6282 says they are not there."""
    talk("00A4020C022001")
    assert talk("00B00090000100")[-4:] == "9000"
    assert talk("00B00100000100") == bytes(144).hex() + "6282"
    assert talk("00B0010000") == bytes(144).hex() + "9000"
    assert talk("00B00100000000") == bytes(144).hex() + "9000"


def test_reset_forgets_what_was_proven_and_selected(mini: SmartCard, talk: Talk) -> None:
    talk("002000010431323334")
    talk("00A4080C063F0000012002")
    assert talk("00B0000001") == "679000"
    mini.reset()
    assert talk("00B0000001") == "6986"
    assert talk("00A4080C063F0000012002") == "9000"
    assert talk("00B0000001") == f"{SW.SECURITY_STATUS_NOT_SATISFIED:04X}"


@pytest.mark.parametrize("select", ["00A4000C023F00", "00A4040C06A00000000101", "00A4080C063F0000012002"])
def test_a_verified_pin_survives_select(talk: Talk, select: str) -> None:
    talk("002000010431323334")
    talk(select)
    assert talk("0020000100") == "9000"
    assert talk("00A4080C063F0000012002") == "9000"
    assert talk("00B0000001") == "679000"
