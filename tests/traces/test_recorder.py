"""The recorder passes everything through, and what is secret never reaches the trace."""

import io
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bifente.apdu.link import Card
from bifente.reader import T0Front, TwoSlotReader
from bifente.traces.cleaning.mask import Masker
from bifente.traces.files import TraceList, TraceWriter, read_trace
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Level, ReaderEvent, TraceHeader
from bifente.traces.record import Recorder, Stopwatch

ATR = bytes.fromhex("3B751300004709EA9000")
PIN, PUK = b"8264", b"50918273"
PLAIN = b"a session key, deciphered by the card"


class Scripted:
    """Answers what it is told to."""

    def __init__(self, answer: Callable[[bytes], bytes] | bytes = b"\x90\x00") -> None:
        self.answer = answer
        self.heard: list[bytes] = []

    def power_on(self) -> bytes:
        return ATR

    def reset(self) -> bytes:
        return ATR

    def power_off(self) -> None:
        pass

    def transmit(self, command: bytes) -> bytes:
        self.heard.append(command)
        return self.answer(command) if callable(self.answer) else self.answer


class DecipheringCard(Scripted):
    """Deciphers whatever it is given, as an APDU-level card: plain data at once."""

    def transmit(self, command: bytes) -> bytes:
        self.heard.append(command)
        if command[:1] == b"\x10":
            return b"\x90\x00"
        return PLAIN + b"\x90\x00" if command[1:4] == b"\x2a\x80\x86" else b"public\x90\x00"


def recorded(card: Card, *commands: bytes, unmask: bool = False) -> bytes:
    """The file that a recorder writes while *card* hears *commands*."""
    stream = io.BytesIO()
    recorder = Recorder(card, TraceWriter(stream, TraceHeader(masked=not unmask)), unmask=unmask)
    for command in commands:
        recorder.transmit(command)
    return stream.getvalue()


def assert_never_written(file: bytes, *secrets: bytes) -> None:
    """No secret in the file in any form: text, hexadecimal, reversed, or as a format 2 PIN block."""
    text = file.decode("ascii").upper()
    hexadecimal = "".join(text.split('"'))
    for secret in secrets:
        forms = {
            secret.decode("latin-1").upper(),
            secret.hex().upper(),
            secret[::-1].hex().upper(),
            repr(secret),
        }
        if secret.isdigit():
            forms.add(f"2{len(secret)}{secret.decode()}")
        for form in forms:
            assert form not in text
            assert form not in hexadecimal
    kept = read_trace(file)
    for exchange in kept.exchanges:
        for secret in secrets:
            assert secret not in exchange.command.shown
            assert secret not in exchange.response.shown
            assert secret.hex().upper() not in repr(exchange)


def test_everything_passes_through() -> None:
    card, kept = Scripted(b"\xab\x90\x00"), TraceList()
    ticks = iter(range(0, 1000, 10))
    recorder = Recorder(card, kept, slot="CPS", level=Level.TPDU, clock=lambda: next(ticks))
    assert isinstance(recorder, Card)
    assert recorder.power_on() == ATR
    assert recorder.transmit(b"\0\xb0\0\0\1") == b"\xab\x90\x00"
    assert recorder.transmit(b"") == b"\xab\x90\x00"
    assert recorder.reset() == ATR
    recorder.power_off()
    assert card.heard == [b"\0\xb0\0\0\1", b""]
    assert kept.items == [
        ReaderEvent(EventKind.COLD_RESET, 0, "CPS", ATR),
        Exchange(MaskedBytes.parse("00B0000001"), MaskedBytes.parse("AB9000"), 10, 10, "CPS", Level.TPDU),
        Exchange(MaskedBytes(b""), MaskedBytes.parse("AB9000"), 30, 10, "CPS", Level.TPDU),
        ReaderEvent(EventKind.WARM_RESET, 50, "CPS", ATR),
        ReaderEvent(EventKind.POWERED_OFF, 60, "CPS", b""),
    ]


def test_it_tells_what_the_card_inside_tells() -> None:
    card = Scripted()
    assert Recorder(card, TraceList()).serial is None
    assert not Recorder(card, TraceList()).speaks_tpdu
    card.serial = "99000000"  # type: ignore[attr-defined]
    assert Recorder(card, TraceList()).serial == "99000000"
    assert Recorder(T0Front(card), TraceList()).speaks_tpdu


def test_a_card_that_fails_is_noted_without_answer() -> None:
    def fail(command: bytes) -> bytes:
        raise OSError("gone")

    kept = TraceList()
    with pytest.raises(OSError, match="gone"):
        Recorder(Scripted(fail), kept).transmit(bytes.fromhex("002000010438323634"))
    assert [(e.command.hex(), e.response.hex()) for e in kept.trace().exchanges] == [
        ("0020000104********", "")
    ]


def test_one_clock_for_two_slots() -> None:
    kept, clock = TraceList(), Stopwatch()
    first, second = (Recorder(Scripted(), kept, slot=slot, clock=clock) for slot in ("CPS", "Vitale"))
    for recorder in (first, second, first, second):
        recorder.transmit(b"\0\xb0\0\0\1")
    times = [item.time for item in kept.items]
    assert times == sorted(times)
    assert [item.slot for item in kept.items] == ["CPS", "Vitale"] * 2


def test_unmask_keeps_everything() -> None:
    command = bytes.fromhex("0020000104") + PIN
    file = recorded(Scripted(), command, unmask=True)
    assert not read_trace(file).header.masked
    assert next(read_trace(file).exchanges).command.plain == command


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("0020000104 38323634", "0020000104********"),
        ("002100010838323634FFFFFFFF", "0021000108****************"),
        ("00200001 24 38323634FFFFFFFF", "0020**********************"),
        ("0020000100", "0020000100"),
        ("00200001", "00200001"),
        ("0020000138", "00200001**"),
        ("00240001083832363437373737", "0024000108****************"),
        ("002C02010437373737", "002C020104********"),
        ("00200001000004 38323634", "00200001000004********"),
        ("00200001000004 38323634 0000", "00200001000004************"),
        ("0020000103 38323634", "0020000103********"),
        ("0020000138323634", "0020************"),
        ("002038323634", "0020********"),
        ("00260001 04 38323634", "0026000104********"),
        ("20000104 38323634", "2000************"),
        ("00DA01 00 04 38323634", "00DA010004********"),
        ("00C20000 09 002000010438323634", "00C2000009******************"),
        ("002A8680 04 38323634", "002A868004********"),
        ("002A90A0 04 90008000", "002A90A00490008000"),
        ("00A4040C 02 3F00", "00A4040C023F00"),
        ("00990000 02 ABCD", "0099000002****"),
        ("0099000010", "0099000010"),
        ("00EE0000 02 ABCD", "00EE000002ABCD"),
        ("A0D80000 04 38323634", "A0D8000004********"),
        ("A04A0000 04 38323634", "A04A000004********"),
    ],
)
def test_which_bytes_of_a_command_are_masked(command: str, shown: str) -> None:
    asked, _ = Masker().mask(bytes.fromhex(command), b"\x90\x00")
    assert asked.hex() == shown


def test_deciphered_data_at_apdu_level() -> None:
    file = recorded(DecipheringCard(), bytes.fromhex("002A8086") + b"\xff\x81" + bytes(254), b"\0\xb0\0\0\6")
    assert_never_written(file, PLAIN)
    answers = [each.response.hex() for each in read_trace(file).exchanges]
    assert answers == ["**" * len(PLAIN) + "9000", b"public".hex().upper() + "9000"]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12))
@example([5, 0])
@example([40, 10, 39, 0])
def test_deciphered_data_fetched_by_get_response(portions: list[int]) -> None:
    stream = io.BytesIO()
    front = Recorder(T0Front(DecipheringCard()), TraceWriter(stream, TraceHeader()), level=Level.TPDU)
    front.transmit(bytes.fromhex("102A8086") + b"\xff\x81" + bytes(254))
    assert front.transmit(bytes.fromhex("002A808602AAAA"))[0] == 0x61
    fetched = b"".join(front.transmit(bytes((0, 0xC0, 0, 0, portion)))[:-2] for portion in portions)
    front.transmit(b"\0\xc0\0\0\0")
    assert PLAIN.startswith(fetched)
    file = stream.getvalue()
    text = file.decode("ascii")
    # No run of eight bytes of it, whatever the portions were.
    for at in range(len(PLAIN) - 8):
        assert PLAIN[at : at + 8].hex().upper() not in text
    for portion, exchange in zip(portions, list(read_trace(file).exchanges)[2:], strict=False):
        assert exchange.command.hex() == f"00C00000{portion:02X}"
        assert set(exchange.response.hex()[:-4]) <= {"*"}


def test_a_card_that_keeps_its_pending_data_too_long_betrays_nothing() -> None:
    """GET RESPONSE after another command is refused by a good card; a bad one still gives the plain data."""

    def answer(command: bytes) -> bytes:
        if command[1] == 0xC0:
            return PLAIN + b"\x90\x00"
        return b"\x61\x10" if command[1] == 0x2A else b"\x90\x00"

    file = recorded(
        Scripted(answer), bytes.fromhex("002A8086028100"), bytes.fromhex("00A4040C023F00"), b"\0\xc0\0\0\x10"
    )
    assert_never_written(file, PLAIN)


def test_other_answers_by_get_response_are_kept() -> None:
    answers = iter(("6114", "6102", "62009000"))
    file = recorded(
        Scripted(lambda command: bytes.fromhex(next(answers))),
        bytes.fromhex("002A808602AAAA"),
        bytes.fromhex("00A40404023F00"),
        bytes.fromhex("00C0000002"),
    )
    assert [each.response.hex() for each in read_trace(file).exchanges] == ["6114", "6102", "62009000"]


def test_a_reset_ends_the_secrecy_of_what_waited() -> None:
    kept = TraceList()
    recorder = Recorder(Scripted(lambda c: b"\x61\x05" if c[1] == 0x2A else b"hello\x90\x00"), kept)
    recorder.transmit(bytes.fromhex("002A808602AAAA"))
    recorder.reset()
    recorder.transmit(b"\0\xc0\0\0\5")
    assert kept.trace().items[-1].response.hex() == b"hello".hex().upper() + "9000"  # type: ignore[union-attr]


def test_secret_objects_of_a_bad_card() -> None:
    """The value of a PIN or a private key, which a good card never gives."""
    leak = b"\x70\x0a\xbf\x81\x01\x06\x7f\x41\x04" + PIN + b"\x90\x00"
    for request in (
        "00CB3FFF0B4D097007BF8101037F4180",
        "00CB3FFF0B4D097007BF9002037F4880",
        "00CA7F4100",
        "00CB3FFF037F4180",
    ):
        assert_never_written(recorded(Scripted(leak), bytes.fromhex(request)), PIN)
    docp = recorded(
        Scripted(bytes.fromhex("7016BF8101129000")), bytes.fromhex("00CB3FFF0A4D087006BF810102A080")
    )
    assert "7016BF8101129000" in docp.decode("ascii")


def test_one_secret_in_the_dialogue_of_the_two_slots() -> None:
    """The whole way: reader, front, recorder on either side of it."""
    for level in Level:
        stream = io.BytesIO()
        writer = TraceWriter(stream, TraceHeader())
        inner: Card = DecipheringCard()
        if level is Level.TPDU:
            inner = T0Front(inner)
        with TwoSlotReader() as reader:
            reader.insert("CPS", Recorder(inner, writer, level=level))
            link = reader.link("CPS")
            link.transmit(bytes.fromhex("0020000104") + PIN)
            link.transmit(bytes.fromhex("102A8086028100"))
            assert link.transmit(bytes.fromhex("002A808602AAAA"))[0] == 0x61
            assert link.transmit(bytes((0, 0xC0, 0, 0, len(PLAIN)))) == PLAIN + b"\x90\x00"
        assert_never_written(stream.getvalue(), PIN, PLAIN)


pins = st.text(alphabet="0123456789", min_size=4, max_size=8).map(str.encode)
reference_data = st.sampled_from([0x20, 0x21, 0x24, 0x25, 0x26, 0x28, 0x2C, 0x2D])
classes = st.sampled_from([0x00, 0x10, 0x01, 0x0C, 0x1C, 0x40, 0x60, 0x80, 0x90, 0xA0, 0xFF])


@st.composite
def pin_commands(draw: st.DrawFn, pin: bytes) -> bytes:
    """A command with *pin* somewhere after its instruction, well or badly made."""
    cla, ins = draw(classes), draw(reference_data)
    header = draw(st.sampled_from([2, 3, 4])) if draw(st.booleans()) else 4
    start = bytes((cla, ins)) + draw(st.binary(min_size=header - 2, max_size=header - 2))
    body = draw(st.binary(max_size=3)) + pin + draw(st.binary(max_size=9))
    length = draw(
        st.one_of(
            st.just(bytes((len(body),))),
            st.just(b"\0" + len(body).to_bytes(2, "big")),
            st.binary(max_size=3),
            st.integers(-3, 3).map(lambda off: bytes(((len(body) + off) & 0xFF,))),
        )
    )
    return start + length + body + draw(st.sampled_from([b"", b"\0", b"\0\0", b"\x10"]))


@given(st.data(), pins)
def test_a_known_pin_is_never_written(data: st.DataObject, pin: bytes) -> None:
    """PINs in chained, odd and malformed commands, to cards that echo, announce, refuse and repeat."""
    commands = data.draw(
        st.lists(st.one_of(pin_commands(pin), st.just(b"\0\xc0\0\0\0")), min_size=1, max_size=8)
    )
    behaviour = data.draw(st.sampled_from(["status", "echo", "announce"]))
    heard: list[bytes] = []

    def answer(command: bytes) -> bytes:
        heard.append(command)
        if behaviour == "echo":
            return command + b"\x90\x00"
        if behaviour == "announce":
            return heard[0] + b"\x61\x05" if command[1:2] == b"\xc0" else b"\x61\x20"
        return b"\x63\xc2"

    file = recorded(Scripted(answer), *commands)
    # A PIN of four digits may stand in a time stamp by chance: the bytes of the exchanges are what counts.
    for exchange in read_trace(file).exchanges:
        assert pin.hex().upper() not in exchange.command.hex()
        assert pin.hex().upper() not in exchange.response.hex()
        assert pin not in exchange.command.shown
        assert pin not in exchange.response.shown


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=40)), max_size=10))
def test_anything_can_be_masked(dialogue: list[tuple[bytes, bytes]]) -> None:
    masker = Masker()
    for command, response in dialogue:
        asked, said = masker.mask(command, response)
        assert asked.matches(command)
        assert said.matches(response)
        assert said.shown[-2:] == response[-2:]
