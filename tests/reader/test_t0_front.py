"""The T=0 front, command by command, around a small card that answers APDUs."""

import re
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu.command import CommandAPDU
from bifente.apdu.link import Card
from bifente.reader.wrappers.t0front import T0Front

SERIAL_FILE = bytes.fromhex("5A0A8025000001990000001F")
DIALOGUES = Path(__file__).parents[3] / "shared" / "data" / "dialogues" / "opensc-0.23"


class SmallCard:
    """Answers APDUs as ISO/IEC 7816-4 has them, strictly: no data without Le, no Le where none belongs."""

    def __init__(self, file: bytes = SERIAL_FILE) -> None:
        self.file = file
        self.asked: list[bytes] = []
        self.challenges = 0
        self.signatures = 0

    def power_on(self) -> bytes:
        return bytes.fromhex("3B751300004709EA9000")

    def reset(self) -> bytes:
        return self.power_on()

    def power_off(self) -> None:
        pass

    def transmit(self, raw: bytes) -> bytes:
        self.asked.append(raw)
        command = CommandAPDU.parse(raw)
        data, status = self.answer(command)
        assert command.ne is not None or not data, "data without Le"
        return data + bytes.fromhex(status)

    def answer(self, command: CommandAPDU) -> tuple[bytes, str]:
        match command.ins:
            case 0xB0:
                rest = self.file[command.p1 << 8 | command.p2 :]
                wanted = command.ne or 0
                short = len(rest) < wanted < 256
                return rest[:wanted], "6282" if short else "9000"
            case 0x84:
                self.challenges += 1
                return bytes((self.challenges,)) * (command.ne or 0), "9000"
            case 0x20:
                if command.data and command.ne is not None:
                    return b"", "6700"
                return b"", "9000" if command.data == b"1234" else "63C2"
            case 0xA4:
                if command.p2 == 0x0C:
                    return b"", "9000"
                fci = b"\x62\x10" + bytes(16)
                return (fci, "6283") if command.data == b"\xde\xad" else (fci, "9000")
            case 0x2A if command.p1 == 0x9E:
                self.signatures += 1
                return bytes((self.signatures,)) * 128, "9000"
            case 0x2A if command.p1 == 0x90:
                return (b"a hash nobody wants" if command.ne else b""), "9000"
            case 0x88:
                return b"\x55" * 256, "9000"
            case 0x60:
                return b"\x66" * 4, "6A80"
        return b"", "6D00"


def talk(front: Card, script: str) -> None:
    """Lines ``command -> answer`` in hexadecimal; ``xx*n`` repeats a byte."""
    for line in script.strip().splitlines():
        command, _, expected = (part.strip() for part in line.partition("->"))
        assert front.transmit(unfold(command)).hex().upper() == unfold(expected).hex().upper(), line


def unfold(text: str) -> bytes:
    text = re.sub(r"([0-9A-F]{2})\*(\d+)", lambda m: m[1] * int(m[2]), text)
    return bytes.fromhex(text)


@pytest.fixture
def card() -> SmallCard:
    return SmallCard()


@pytest.fixture
def front(card: SmallCard) -> T0Front:
    return T0Front(card)


TABLE = {
    "case 2 with the exact Le": "00B000000C -> 5A0A8025000001990000001F 9000",
    "case 2 with less": "00B0000002 -> 5A0A 9000",
    "case 2 to the end": "00B0000000 -> 5A0A8025000001990000001F 9000",
    "case 2 with more is refused, and works when repeated": """
        00B00000C0 -> 6C0C
        00B000000C -> 5A0A8025000001990000001F 9000""",
    "6C answers the offset too": """
        00B0000A05 -> 6C02
        00B0000A02 -> 001F 9000""",
    "case 3 announces": """
        00A40204 02 2F00 -> 6112
        00C0000012 -> 6210 00*16 9000""",
    "case 4: its Le changes nothing": """
        00A40204 02 2F00 00 -> 6112
        00C0000012 -> 6210 00*16 9000""",
    "case 4 with any Le": "00A40204 02 2F00 05 -> 6112",
    "no data, no announcement": "00A4020C 02 2F00 -> 9000",
    "GET RESPONSE with Le 00 takes all": """
        00A40204 02 2F00 -> 6112
        00C0000000 -> 6210 00*16 9000""",
    "GET RESPONSE without Le byte is the same": """
        00A40204 02 2F00 -> 6112
        00C00000 -> 6210 00*16 9000""",
    "GET RESPONSE in portions": """
        00A40204 02 2F00 -> 6112
        00C0000010 -> 6210 00*14 6102
        00C0000002 -> 0000 9000
        00C0000002 -> 6985""",
    "GET RESPONSE with too large a Le keeps the data": """
        00A40204 02 2F00 -> 6112
        00C0000013 -> 6C12
        00C0000012 -> 6210 00*16 9000""",
    "256 bytes are announced as 00": """
        00880000 01 AA -> 6100
        00C00000E7 -> 55*231 6119
        00C0000019 -> 55*25 9000""",
    "nothing waits": "00C0000000 -> 6985",
    "GET RESPONSE has no parameters, no data and no extended length": """
        00A40204 02 2F00 -> 6112
        00C0000100 -> 6A86
        00C00000 01 AA -> 6700
        00C00000 000012 -> 6700
        00C0000012 -> 6210 00*16 9000""",
    "GET RESPONSE belongs to the channel of its command": """
        01A40204 02 2F00 -> 6112
        00C0000012 -> 6E00
        10C0000012 -> 6E00
        01C0000012 -> 6210 00*16 9000""",
    "a secured command is continued in plain class": """
        0CA40204 02 2F00 -> 6112
        00C0000012 -> 6210 00*16 9000""",
    "a proprietary class is continued by itself or by interindustry": """
        80A40204 02 2F00 -> 6112
        90C0000012 -> 6E00
        80C0000012 -> 6210 00*16 9000
        80A40204 02 2F00 -> 6112
        00C0000012 -> 6210 00*16 9000""",
    "class A0 says 9F, and refuses in the words of a CPS2ter": """
        A0A40204 02 2F00 -> 9F12
        A0C0010012 -> 6B00
        A0C0000013 -> 6700
        A0C0000000 -> 6700
        A0C0000010 -> 6210 00*14 9F02
        A0C0000002 -> 0000 9000
        A0C0000002 -> 6F00
        A0A40204 02 2F00 -> 9F12
        00C0000012 -> 6210 00*16 9000""",
    "any other command drops what waits": """
        00A40204 02 2F00 -> 6112
        00B0000001 -> 5A 9000
        00C0000012 -> 6985""",
    "even a malformed one": """
        00A40204 02 2F00 -> 6112
        00A402 -> 6700
        00C0000012 -> 6985""",
    "a warning comes at the end of the data": """
        00A40204 02 DEAD -> 6112
        00C0000012 -> 6210 00*16 6283""",
    "an error has no data": """
        0060000004 -> 6A80
        00600000 01 AA -> 6A80
        00C0000004 -> 6985""",
    "PIN status in five bytes": "0020000100 -> 63C2",
    "PIN status in four": "00200001 -> 63C2",
    "VERIFY, with and without a Le that does not belong": """
        00200001 04 31323334 -> 9000
        00200001 04 31323334 00 -> 9000""",
    "PSO HASH keeps its hash": "002A90A0 04 90008000 -> 9000",
    "a block of a chain has no answer": "10A40204 02 2F00 -> 9000",
    "a signature with room for it": "002A9E9A80 -> 01*128 9000",
    "a signature with less room is dealt out": """
        002A9E9A40 -> 01*64 6140
        00C0000040 -> 01*64 9000""",
    "a signature asked by case 1": """
        002A9E9A -> 6180
        00C0000080 -> 01*128 9000""",
    "extended lengths do not exist": """
        00B00000 000000 -> 6700
        00A40204 000002 2F00 -> 6700
        00A40204 000002 2F00 0000 -> 6700""",
    "lengths that do not fit": """
        00A40204 03 2F00 -> 6700
        00A40204 01 2F00 00 -> 6700
        00A4 -> 6700""",
}


@pytest.mark.parametrize("script", TABLE.values(), ids=TABLE.keys())
def test_truth_table(front: T0Front, card: SmallCard, script: str) -> None:
    card.answer = _chain_aware(card.answer)  # type: ignore[method-assign]
    talk(front, script)


def _chain_aware(answer):
    def wrapped(command: CommandAPDU) -> tuple[bytes, str]:
        if command.class_byte.chaining:
            assert command.ne is None
            return b"", "9000"
        return answer(command)

    return wrapped


def test_nothing_reaches_the_card_that_t0_cannot_carry(front: T0Front, card: SmallCard) -> None:
    for command in ("00B00000000100", "00A4020400000203AB", "00A4", "00", "", "00A40204032F00"):
        assert front.transmit(bytes.fromhex(command)) == b"\x67\x00"
    assert card.asked == []


def test_a_command_answered_6c_is_executed_once(front: T0Front, card: SmallCard) -> None:
    talk(front, "002A9E9AFF -> 6C80\n002A9E9A80 -> 01*128 9000")
    assert card.signatures == 1
    talk(front, "002A9E9A80 -> 02*128 9000")


def test_the_kept_answer_serves_the_very_repetition_only(front: T0Front, card: SmallCard) -> None:
    talk(
        front,
        "00B00000FF -> 6C0C\n00B000010B -> 0A8025000001990000001F 9000\n00B000000C -> 5A0A8025000001990000001F 9000",
    )
    assert len(card.asked) == 3


def test_a_kept_answer_does_not_survive(front: T0Front, card: SmallCard) -> None:
    for between in (front.reset, front.power_on, front.power_off, lambda: front.transmit(b"\0\xc0\0\0\0")):
        talk(front, "00B00000FF -> 6C0C")
        between()
        card.file = b"\x77" * 12
        talk(front, "00B000000C -> 77*12 9000")
        card.file = SERIAL_FILE


def test_challenges_are_drawn_as_long_as_asked(front: T0Front, card: SmallCard) -> None:
    talk(front, "0084000010 -> 01*16 9000\n0084000008 -> 02*8 9000")
    assert card.asked == [bytes.fromhex("0084000010"), bytes.fromhex("0084000008")]


@pytest.mark.parametrize("event", ["power_on", "reset", "power_off"])
def test_resets_drop_what_waits(front: T0Front, event: str) -> None:
    talk(front, "00A40204 02 2F00 -> 6112")
    getattr(front, event)()
    talk(front, "00C0000012 -> 6985")


def test_an_answer_longer_than_256_bytes_is_dealt_out() -> None:
    class Long(SmallCard):
        def transmit(self, raw: bytes) -> bytes:
            return bytes(range(256)) + bytes(44) + b"\x90\x00"

    front = T0Front(Long())
    first = front.transmit(bytes.fromhex("00CB3FFF00"))
    assert first == bytes(range(256)) + b"\x61\x2c"
    assert front.transmit(bytes.fromhex("00C000002C")) == bytes(44) + b"\x90\x00"
    assert front.transmit(bytes.fromhex("00CB3FFF014D")) == b"\x61\x00"
    assert front.transmit(bytes.fromhex("00C0000000")) == bytes(range(256)) + b"\x61\x2c"


def test_it_tells_the_serial_of_the_card_inside() -> None:
    card = SmallCard()
    assert T0Front(card).serial is None
    card.serial = "99000000"  # type: ignore[attr-defined]
    assert T0Front(card).serial == "99000000"


@given(st.lists(st.binary(max_size=300), max_size=12))
def test_any_bytes_get_an_answer_of_at_least_two(commands: list[bytes]) -> None:
    class Anything(SmallCard):
        def transmit(self, raw: bytes) -> bytes:
            assert 4 <= len(raw) <= 261
            CommandAPDU.parse(raw)
            return raw * 2 + b"\x90\x00"

    front = T0Front(Anything())
    for command in commands:
        answer = front.transmit(command)
        assert 2 <= len(answer) <= 258


@given(size=st.integers(1, 600), portions=st.lists(st.integers(0, 255), min_size=1, max_size=700))
def test_portions_add_up(size: int, portions: list[int]) -> None:
    whole = bytes(index * 7 & 0xFF for index in range(size))

    class Long(SmallCard):
        def transmit(self, raw: bytes) -> bytes:
            return whole + b"\x90\x00"

    front = T0Front(Long())
    status = front.transmit(bytes.fromhex("00CB3FFF014D"))
    got = b""
    for wanted in portions:
        if status[0] != 0x61:
            break
        answer = front.transmit(bytes((0, 0xC0, 0, 0, wanted)))
        if answer[0] == 0x6C and len(answer) == 2:
            assert wanted > size - len(got) == answer[1]
            continue
        got, status = got + answer[:-2], answer[-2:]
    assert whole.startswith(got)
    assert (status == b"\x90\x00") == (got == whole)


class DialogueCard:
    """The APDU-level card behind a recorded T=0 dialogue: halves joined, then answered in order."""

    def __init__(self, exchanges: list[tuple[bytes, bytes]]) -> None:
        self.answers: deque[tuple[bytes, bytes]] = deque()
        pending: bytes | None = None
        for command, response in exchanges:
            if command[1] == 0xC0:
                assert pending is not None
                self.answers.append((pending, response))
                pending = None
            elif response[0] == 0x61 and len(response) == 2:
                pending = command
            else:
                self.answers.append((command, response))

    def power_on(self) -> bytes:
        return b""

    def reset(self) -> bytes:
        return b""

    def power_off(self) -> None:
        pass

    def transmit(self, command: bytes) -> bytes:
        expected, response = self.answers.popleft()
        assert command in (expected, expected + b"\0")
        return response


@pytest.mark.skipif(not DIALOGUES.is_dir(), reason="the recorded dialogues are not here")
@pytest.mark.parametrize("name", ["change-pin", "decipher", "dump", "read-data", "sign", "unblock"])
def test_recorded_dialogues_of_opensc(name: str) -> None:
    """What OpenSC 0.23 said and heard at TPDU level comes out again, but for the one 6282."""
    text = (DIALOGUES / f"{name}.txt").read_text("ascii")
    pairs = re.findall(
        r"^> ([0-9A-F]+)\n< ([0-9A-F]+)(?:\.\.\((\d+)\)\.\.([0-9A-F]{4}))?$", text, re.MULTILINE
    )
    exchanges = [
        (
            bytes.fromhex(command),
            bytes.fromhex(start).ljust(int(size or 0) - 2, b"\xee") + bytes.fromhex(status),
        )
        for command, start, size, status in pairs
    ]
    assert len(exchanges) > 25
    front = T0Front(DialogueCard(exchanges))
    for command, response in exchanges:
        answer = front.transmit(command)
        if response.endswith(b"\x62\x82"):
            assert answer == b"\x6c\x0c"
            assert front.transmit(command[:4] + b"\x0c") == response[:-2] + b"\x90\x00"
        else:
            assert answer == response
