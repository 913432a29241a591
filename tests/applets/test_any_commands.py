"""Whatever is sent, in whatever order, is answered by a status word and never by an unexpected failure.

The commands are those of the cards with chosen or drawn parameters, so that they come far: on a Vitale that knows its
doctor, on cards behind the T=0 front of a reader, and in all lengths on the T=1 card.
"""

from functools import cache

from explained import explained
from hypothesis import given
from hypothesis import strategies as st
from issued import issued
from pair import CPS, SELECT_VITALE, VITALE, Terminal, card, records, send

from bifente.apdu import CommandAPDU
from bifente.applets import SmartCard, card_of
from bifente.applets.kernel.files import decode_content
from bifente.applets.store.stores import MemoryStore
from bifente.layouts.cards.vitale2 import LAYOUT
from bifente.layouts.codecs import volets
from bifente.reader.wrappers.t0front import T0Front

MEDICAL_RECORD = "file/3F00/0001/2302"
VOLET = {
    "allergies": [{"substance": "pénicilline", "reaction": "urticaire", "constatee": "19980500"}],
    "traitements": [{"medicament": "EXEMPLAZOL 20 mg", "debut": "20150301"}],
    "mise_a_jour": "20260201",
}

FIDS = [
    0x3F00,
    0x0001,
    0x0002,
    0x2F00,
    0x2F02,
    0xD001,
    0x2001,
    0x2101,
    0x2301,
    0x2302,
    0xD107,
    0xD120,
    0x1001,
]
INSTRUCTIONS = [0x20, 0x22, 0x24, 0x2A, 0x2C, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xC0, 0xCB, 0xD6, 0xEE]
SHORT_LE = st.sampled_from([None, 1, 2, 8, 16, 255, 256])

DRAWN = st.builds(
    CommandAPDU.build,
    st.sampled_from([0x00, 0x00, 0x00, 0x10, 0x01, 0x0C, 0x80]),
    st.sampled_from(INSTRUCTIONS),
    st.one_of(st.sampled_from([0x00, 0x02, 0x04, 0x08, 0x09, 0x3F, 0x41, 0x81, 0x90, 0x9E, 0xFF]), st.integers(0, 255)),
    st.one_of(st.sampled_from([0x00, 0x01, 0x04, 0x0C, 0x86, 0x9A, 0xA0, 0xA4, 0xAE, 0xB6, 0xB8, 0xFF]), st.integers(0, 255)),
    st.binary(max_size=40),
    SHORT_LE,
)  # fmt: skip
SELECTED = st.builds(
    lambda p1, p2, fids, ne: CommandAPDU.build(0, 0xA4, p1, p2, b"".join(f.to_bytes(2, "big") for f in fids), ne),
    st.sampled_from([0x00, 0x01, 0x02, 0x03, 0x08, 0x09]),
    st.sampled_from([0x00, 0x04, 0x08, 0x0C]),
    st.lists(st.sampled_from(FIDS), max_size=3),
    SHORT_LE,
)  # fmt: skip
OFFSETS = st.one_of(st.integers(0, 60), st.integers(0, 0x7FFF))
READ = st.builds(lambda at, ne: CommandAPDU.build(0, 0xB0, at >> 8, at & 0xFF, b"", ne), OFFSETS, SHORT_LE)
CONTENT = volets.MEDICAL.encode(VOLET)
"""Pieces of it at other places make contents that nearly decode."""
PIECES = st.one_of(
    st.binary(min_size=1, max_size=30),
    st.tuples(st.integers(0, 150), st.integers(1, 60)).map(lambda piece: CONTENT[piece[0] : sum(piece)]),
)
WRITTEN = st.builds(
    lambda at, data: CommandAPDU.build(0, 0xD6, at >> 8, at & 0xFF, data),
    st.one_of(st.integers(0, 120), st.integers(0, 2100)),
    PIECES,
)
SAID = st.lists(st.one_of(DRAWN, SELECTED, READ, WRITTEN), max_size=25)


def answered(card_: SmartCard, command: CommandAPDU) -> None:
    """An explained status word that is none of a failure, after no more data than Le expects (ISO/IEC 7816-3:2006 §12.1.1)."""
    answer = explained(card_, card_.transmit(command.raw))
    assert len(answer) >= 2
    assert answer[-2:] != b"\x6f\x00"
    assert answer[-2] >> 4 in (6, 9)
    assert len(answer) - 2 <= (command.ne or 0)


@cache
def volet_records() -> dict[str, bytes]:
    node = LAYOUT.named("MEDICAL")[1]
    return {**records(VITALE), MEDICAL_RECORD: decode_content(node, CONTENT)}


def recognised() -> SmartCard:
    """A Vitale that knows its doctor, with the medical volet selected."""
    vitale = card_of(MemoryStore(volet_records()), "vitale2")
    vitale.power_on()
    assert Terminal(card(CPS), vitale).recognise() == "9000"
    send(vitale, SELECT_VITALE)
    assert send(vitale, "00A4020C022302")[1] == "9000"
    return vitale


@given(SAID)
def test_a_vitale_that_knows_its_doctor(commands: list[CommandAPDU]) -> None:
    vitale = recognised()
    for command in commands:
        answered(vitale, command)


@given(st.lists(WRITTEN, min_size=1, max_size=12))
def test_what_is_written_into_the_medical_volet_is_what_is_read(commands: list[CommandAPDU]) -> None:
    """Decodable or not, at once and after the card has been at rest."""
    vitale = recognised()
    expected = bytearray(CONTENT)
    for command in commands:
        at = command.p1 << 8 | command.p2
        fits = at + len(command.data) <= len(expected)
        answer = explained(vitale, vitale.transmit(command.raw)).hex().upper()
        assert answer == ("9000" if fits else "6A84" if at < len(expected) else "6B00")
        if fits:
            expected[at : at + len(command.data)] = command.data
    at_once = send(vitale, "00B00000000800")
    vitale.power_off()
    vitale.power_on()
    Terminal(card(CPS), vitale).recognise()
    send(vitale, "00A4020C022302")
    assert at_once == send(vitale, "00B00000000800") == (bytes(expected), "9000")


@given(SAID)
def test_cards_behind_the_front_of_a_reader(commands: list[CommandAPDU]) -> None:
    for front in (T0Front(recognised()), T0Front(issued("gp"))):
        front.transmit(bytes.fromhex("002000010431323334"))
        for command in commands:
            answer = explained(front, front.transmit(command.raw))
            assert len(answer) >= 2
            assert answer[-2:] != b"\x6f\x00"
            assert answer[-2] >> 4 in (6, 9)
            # data travel after case 2 alone, GET RESPONSE included
            assert len(answer) - 2 <= (0 if command.data else command.ne or 0)


LE = st.one_of(st.none(), st.integers(1, 300), st.sampled_from([65535, 65536]))
LONG = st.builds(
    lambda size, fill: bytes((fill,)) * size,
    st.one_of(st.integers(0, 300), st.sampled_from([4096, 65535])),
    st.integers(0, 255),
)
LONG_COMMANDS = st.builds(
    lambda ins, p1, p2, data, ne, extended: CommandAPDU.build(0, ins, p1, p2, data, ne, extended=extended),
    st.sampled_from([0xA4, 0xB0, 0xD6, 0xEE, 0x84]),
    st.one_of(st.sampled_from([0x00, 0x02, 0x08, 0x81]), st.integers(0, 255)),
    st.one_of(st.sampled_from([0x00, 0x04, 0x0C]), st.integers(0, 255)),
    LONG,
    LE,
    st.booleans(),
)
T1_COMMANDS = st.lists(
    st.one_of(LONG_COMMANDS, DRAWN, SELECTED, st.builds(lambda ne: CommandAPDU.build(0, 0xB0, 0x81, 0, b"", ne), LE)),
    max_size=15,
)  # fmt: skip


@given(T1_COMMANDS)
def test_the_t_1_card(commands: list[CommandAPDU]) -> None:
    card_ = issued("t1test")
    for command in commands:
        answered(card_, command)
