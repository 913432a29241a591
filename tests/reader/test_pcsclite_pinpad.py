"""The PIN pad (PC/SC part 10): what reaches the card, what the program learns, what nobody sees."""

import itertools
import logging
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pcscwire import SECONDS, T0_ATR, T1_ATR, FakeCard, Wire, serving

from bifente.reader.pcsclite import PcscServer
from bifente.reader.pcsclite.codes import Rv, Share
from bifente.reader.pinpad import (
    EntryCancelled,
    PinPad,
    PinRequestError,
    Prompt,
    Scripted,
    pin_properties,
    tlv_properties,
)
from bifente.reader.pinrequests import MODIFY, VERIFY
from bifente.traces import Exchange, Masker, Recorder, TraceList

CPS, VITALE = "R [CPS] 00 00", "R [Vitale] 00 01"
GET_FEATURES, VERIFY_DIRECT, MODIFY_DIRECT = 0x42000D48, 0x42330006, 0x42330007
PIN_PROPERTIES, TLV_PROPERTIES = 0x4233000A, 0x42330012


def verify(
    template: str, *, fmt: int = 0x82, block: int = 0, length: int = 0, least: int = 4, most: int = 8
) -> bytes:
    data = bytes.fromhex(template)
    return struct.pack(
        "<BBBBBBBBBHB3sI", 30, 0, fmt, block, length, most, least, 2, 1, 0x040C, 0, bytes(3), len(data)
    ) + data  # fmt: skip


def modify(
    template: str,
    *,
    fmt: int = 0x82,
    block: int = 0,
    old: int = 0,
    new: int = 0,
    confirm: int = 3,
    least: int = 4,
    most: int = 8,
) -> bytes:
    data = bytes.fromhex(template)
    head = (30, 0, fmt, block, 0, old, new, most, least, confirm, 2, 3, 0x040C, 0, 1, 2, bytes(3), len(data))
    return struct.pack("<BBBBBBBBBBBBHBBB3sI", *head) + data


def typed(request: bytes, *entries: str, answer: bytes = b"\x90\x00") -> tuple[str, list[str]]:
    """The answer of VERIFY_PIN_DIRECT and the commands that the card saw."""
    seen: list[str] = []

    def transmit(command: bytes) -> bytes:
        seen.append(command.hex().upper())
        return answer

    return PinPad(Scripted(entries)).verify(request, transmit, CPS).hex().upper(), seen


def changed(request: bytes, *entries: str) -> tuple[str, list[str]]:
    seen: list[str] = []

    def transmit(command: bytes) -> bytes:
        seen.append(command.hex().upper())
        return b"\x90\x00"

    return PinPad(Scripted(entries)).modify(request, transmit, CPS).hex().upper(), seen


@pytest.mark.parametrize(
    ("request_", "pin", "command"),
    [
        # ASCII, as long as the PIN; Lc present or not
        (verify("00200001"), "1234", "002000010431323334"),
        (verify("0020000100"), "123456", "0020000106313233343536"),
        (verify("0020000104FFFFFFFF"), "12345678", "00200001083132333435363738"),
        # a block of eight, padded by the template or with FF
        (verify("0020000108FFFFFFFFFFFFFFFF", block=8), "1234", "002000010831323334FFFFFFFF"),
        (verify("00200001080000000000000000", block=8), "1234", "00200001083132333400000000"),
        (verify("00200001", block=8), "1234", "002000010831323334FFFFFFFF"),
        # right-justified
        (verify("00200001", fmt=0x86, block=8), "1234", "0020000108FFFFFFFF31323334"),
        # BCD of an odd length; binary
        (verify("00200001", fmt=0x81), "12345", "002000010312345F"),
        (verify("00200001", fmt=0x80), "1234", "002000010401020304"),
        # ISO 9564 format 2: length in the low nibble of byte 0, digits from byte 1
        (
            verify("002000010820FFFFFFFFFFFFFF", fmt=0x89, block=0x47, length=0x04),
            "1234",
            "0020000108241234FFFFFFFFFF",
        ),
    ],
)
def test_how_a_pin_is_set_in(request_: bytes, pin: str, command: str) -> None:
    assert typed(request_, pin) == ("9000", [command])


@pytest.mark.parametrize(
    ("entry", "status"),
    [("timeout", "6400"), ("cancel", "6401"), ("123", "6403"), ("123456789", "6403"), ("12a4", "6403")],
)
def test_entries_that_do_not_reach_the_card(entry: str, status: str) -> None:
    assert typed(verify("00200001"), entry) == (status, [])
    assert changed(modify("00240001"), entry) == (status, [])


def test_the_cards_own_refusal_is_passed_on() -> None:
    assert typed(verify("00200001"), "9999", answer=b"\x63\xc2")[0] == "63C2"


def test_the_terminals_script_begins_again() -> None:
    pad = PinPad(Scripted(["1234", "cancel"]))
    said = [pad.verify(verify("00200001"), lambda _: b"\x90\x00", CPS).hex() for _ in range(4)]
    assert said == ["9000", "6401", "9000", "6401"]


@pytest.mark.parametrize(
    ("request_", "entries", "command"),
    [
        # old and new one after the other
        (modify("00240001"), ("1234", "5678", "5678"), "00240001083132333435363738"),
        (modify("00240001"), ("1234", "567890", "567890"), "002400010A31323334353637383930"),
        # blocks of eight
        (
            modify("0024000110" + "FF" * 16, block=8, new=8),
            ("1234", "5678", "5678"),
            "002400011031323334FFFFFFFF35363738FFFFFFFF",
        ),
        # no confirmation; only the new one
        (modify("00240001", confirm=2), ("1234", "5678"), "00240001083132333435363738"),
        (modify("00240101", confirm=1), ("5678", "5678"), "002401010435363738"),
        # RESET RETRY COUNTER whose PUK the program gives
        (
            modify("002C0001083132333435363738", new=8, confirm=1),
            ("4321", "4321"),
            "002C00010C313233343536373834333231",
        ),
    ],
)
def test_how_a_pin_is_changed(request_: bytes, entries: tuple[str, ...], command: str) -> None:
    assert changed(request_, *entries) == ("9000", [command])


PLAIN_CLASSES = {*range(0x04), *range(0x40, 0x50)}
"""First interindustry on channels 0 to 3, further interindustry on 4 to 19: no chaining, no secure messaging."""


class Nobody:
    """Who must not be asked for a PIN."""

    def enter(self, prompt: Prompt) -> str:
        pytest.fail(f"the pad asked for the {prompt.ask}")


@pytest.mark.parametrize("kind", ["verify", "modify"])
def test_the_pin_is_typed_into_no_other_command(kind: str) -> None:
    """Everything else is refused before anybody types, and no card sees it.

    All instructions in the plain classes, the instructions with PINs in all classes, and an eighth of all other pairs.
    """
    pins = {0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D}
    means = {ins for ins in pins if (ins < 0x24) == (kind == "verify")}
    taken = set()

    def transmit(command: bytes) -> bytes:
        taken.add((command[0], command[1]))
        return b"\x90\x00"

    for cla, ins in itertools.product(range(256), repeat=2):
        if not (cla in PLAIN_CLASSES or ins in pins or (cla + ins) % 8 == 0):
            continue
        plain = cla in PLAIN_CLASSES and ins in means
        pad = PinPad(Scripted(["1234"]) if plain else Nobody())
        template = f"{cla:02X}{ins:02X}000108FFFFFFFFFFFFFFFF"
        request = verify(template, block=8) if kind == "verify" else modify(template, confirm=0)
        try:
            getattr(pad, kind)(request, transmit, CPS)
        except PinRequestError:
            assert not plain, template
    assert taken == {(cla, ins) for cla in PLAIN_CLASSES for ins in means}


@pytest.mark.parametrize(
    "template",
    [
        "00D6000008FFFFFFFFFFFFFFFF",  # UPDATE BINARY: the program would read the PIN back
        "00B0000008FFFFFFFFFFFFFFFF",
        "00A4040C08FFFFFFFFFFFFFFFF",
        "0088000008FFFFFFFFFFFFFFFF",
        "00CB3FFF08FFFFFFFFFFFFFFFF",
        "0082000008FFFFFFFFFFFFFFFF",
        "00DA010008FFFFFFFFFFFFFFFF",
        "8020000108FFFFFFFFFFFFFFFF",  # proprietary, chained, secure messaging, channel 4 with secure messaging
        "1020000108FFFFFFFFFFFFFFFF",
        "0C20000108FFFFFFFFFFFFFFFF",
        "6020000108FFFFFFFFFFFFFFFF",
        "0024000108FFFFFFFFFFFFFFFF",  # of the other feature
    ],
)
def test_a_hostile_template_leaves_no_pin_anywhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, template: str
) -> None:
    shown: list[str] = []
    with (
        watched(tmp_path, PinPad(Nobody()), shown) as (fake, sink, server),
        Wire(server.path) as one,
    ):
        card = one.card(CPS)
        assert one.control(card, VERIFY_DIRECT, verify(template, block=8)) == (Rv.INVALID_PARAMETER, b"")
        assert fake.seen == []
    assert not [item for item in sink.items if isinstance(item, Exchange)]
    assert shown == []
    assert "INS 20 or 21" in caplog.text


@pytest.mark.parametrize("atr", [T0_ATR, T1_ATR], ids=["T=0", "T=1"])
@pytest.mark.parametrize(
    ("feature", "request_", "command"),
    [
        (VERIFY_DIRECT, verify("0021000108FFFFFFFFFFFFFFFF", block=8), "0021000108" + "**" * 8),
        (VERIFY_DIRECT, verify("4020000108FFFFFFFFFFFFFFFF", block=8), "4020000108" + "**" * 8),
        (MODIFY_DIRECT, modify("0025000100"), "0025000108" + "**" * 8),
        (MODIFY_DIRECT, modify("002D000100", confirm=0), "002D000104" + "**" * 4),
    ],
)
def test_whoever_watches_sees_where_the_pin_was_but_not_the_pin(
    tmp_path: Path, atr: bytes, feature: int, request_: bytes, command: str
) -> None:
    shown: list[str] = []
    pad = PinPad(Scripted(["4711"]))
    with (
        watched(tmp_path, pad, shown, atr, answer=b"\x90\x00") as (fake, sink, server),
        Wire(server.path) as one,
    ):
        assert one.control(one.card(CPS), feature, request_) == (Rv.SUCCESS, b"\x90\x00")
    assert b"4711" in fake.seen[0]
    said = [item.command.hex() for item in sink.items if isinstance(item, Exchange)]
    assert said == shown == [command]


@contextmanager
def watched(
    folder: Path, pad: PinPad, shown: list[str], atr: bytes = T1_ATR, answer: bytes | None = None
) -> Iterator[tuple[FakeCard, TraceList, PcscServer]]:
    """A card behind a PIN pad, a recorder around it (``--record``), an observer before it (``--trace``)."""
    fake, sink, masker = FakeCard(atr, answer), TraceList(), Masker()

    def observe(name: str, command: bytes, answer: bytes | None, seconds: float) -> None:
        shown.append(masker.mask(command, answer or b"")[0].hex())

    with serving(folder, Recorder(fake, sink), pin_pad=pad, observe=observe) as (_, server):
        yield fake, sink, server


def test_two_new_pins_that_differ() -> None:
    assert changed(modify("00240001"), "1234", "5678", "5679") == ("6402", [])


@pytest.mark.parametrize("declared", [VERIFY, MODIFY])
def test_requests_cut_short_or_too_long_are_refused(declared) -> None:
    whole = verify("00200001") if declared is VERIFY else modify("00240001")
    pad = PinPad(Scripted(["1234"]))
    call = pad.verify if declared is VERIFY else pad.modify
    for size in range(len(whole)):
        with pytest.raises(PinRequestError):
            call(whole[:size], lambda _: b"\x90\x00", CPS)
    with pytest.raises(PinRequestError):
        call(whole + b"\0", lambda _: b"\x90\x00", CPS)


@given(st.binary(max_size=80), st.booleans())
def test_garbage_is_refused_or_makes_a_command(garbage: bytes, grown: bool) -> None:
    request = garbage
    if grown and len(garbage) > 4:
        request = garbage[:15].ljust(15, b"\0") + struct.pack("<I", len(garbage)) + garbage
    pad = PinPad(Scripted(["12345678"]))
    for call in (pad.verify, pad.modify):
        try:
            assert len(call(request, lambda _: b"\x90\x00", CPS)) == 2
        except PinRequestError:
            continue


def test_properties() -> None:
    pad = PinPad(Scripted(["1234"]))
    assert pin_properties(pad).hex() == "10020200"
    assert pin_properties(None).hex() == "00000000"
    assert tlv_properties(None).hex() == "0807" + b"bifente".hex() + "0a0400000100" + "0b020000" + "0c020000"
    assert tlv_properties(pad).startswith(bytes.fromhex("01021002 020102 030100 060104 07010c"))


def test_through_the_server(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fake = FakeCard(answer=b"\x90\x00")
    with (
        serving(tmp_path, fake, pin_pad=PinPad(Scripted(["4711", "cancel"]))) as (_, server),
        Wire(server.path) as one,
        Wire(server.path) as two,
    ):
        card = one.card(CPS)
        assert one.control(card, GET_FEATURES)[1].hex() == (
            "060442330006" + "070442330007" + "0a044233000a" + "120442330012"
        )
        assert one.control(card, PIN_PROPERTIES)[1].hex() == "10020200"
        assert one.control(card, VERIFY_DIRECT, verify("00200001")) == (Rv.SUCCESS, b"\x90\x00")
        assert fake.seen == [bytes.fromhex("0020000104") + b"4711"]
        assert one.control(card, VERIFY_DIRECT, verify("00200001")) == (Rv.SUCCESS, b"\x64\x01")
        assert one.control(card, VERIFY_DIRECT, b"nonsense")[0] == Rv.INVALID_PARAMETER
        assert one.control(card, VERIFY_DIRECT, verify("00200001"), room=1)[0] == Rv.INSUFFICIENT_BUFFER
        other = two.card(CPS)
        one.begin(card)
        assert two.control(other, VERIFY_DIRECT, verify("00200001"))[0] == Rv.SHARING_VIOLATION
    assert "4711" not in caplog.text


def test_a_t0_card_gets_the_pin_too(tmp_path: Path) -> None:
    fake = FakeCard(T0_ATR, answer=b"\x90\x00")
    with serving(tmp_path, fake, pin_pad=PinPad(Scripted(["1234"]))) as (_, server), Wire(server.path) as one:
        assert one.control(one.card(CPS), VERIFY_DIRECT, verify("00200001"))[1] == b"\x90\x00"
        assert fake.seen == [bytes.fromhex("002000010431323334")]


def test_without_a_pin_pad(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one:
        card = one.card(CPS)
        assert one.control(card, GET_FEATURES)[1].hex() == "0a044233000a" + "120442330012"
        assert one.control(card, VERIFY_DIRECT, verify("00200001"))[0] == Rv.UNSUPPORTED_FEATURE
        assert one.control(card, PIN_PROPERTIES)[1].hex() == "00000000"


def test_a_pad_needs_a_card(tmp_path: Path) -> None:
    with serving(tmp_path, pin_pad=PinPad(Scripted(["1234"]))) as (_, server), Wire(server.path) as one:
        card = one.connect(CPS, Share.DIRECT, 0)[0]
        assert one.control(card, VERIFY_DIRECT, verify("00200001"))[0] == Rv.NO_SMARTCARD


class Slow:
    """Somebody who thinks before typing."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()
        self.prompt: Prompt | None = None

    def enter(self, prompt: Prompt) -> str:
        self.prompt = prompt
        self.asked.set()
        if not self.go.wait(SECONDS):
            raise EntryCancelled
        return "1234"


def test_the_other_slot_goes_on_while_somebody_thinks(tmp_path: Path) -> None:
    slow = Slow()
    with (
        serving(tmp_path, FakeCard(answer=b"\x90\x00"), FakeCard(), pin_pad=PinPad(slow)) as (_, server),
        Wire(server.path) as one,
        Wire(server.path) as two,
    ):
        card, other = one.card(CPS), two.card(VITALE)
        answers: list[tuple[int, bytes]] = []
        thread = threading.Thread(
            target=lambda: answers.append(one.control(card, VERIFY_DIRECT, verify("00200001", most=6)))
        )
        thread.start()
        assert slow.asked.wait(SECONDS)
        assert slow.prompt is not None
        assert (slow.prompt.slot, slow.prompt.least, slow.prompt.most) == (CPS, 4, 6)
        assert two.transmit(other, bytes(5))[0] == Rv.SUCCESS
        slow.go.set()
        thread.join(SECONDS)
        assert answers == [(Rv.SUCCESS, b"\x90\x00")]


def test_nothing_shows_the_digits() -> None:
    assert "1234" not in repr(Scripted(["1234"])) + repr(PinPad(Scripted(["1234"])))
    with pytest.raises(ValueError, match="at least one"):
        Scripted([])
