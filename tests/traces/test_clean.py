"""What is taken out of a trace: secrets always, personal data as pseudonyms that still decode."""

import pytest
from issued import records

from bifente.applets import card_of
from bifente.applets.store.stores import MemoryStore
from bifente.traces.cleaning.clean import Cleaner, CleanSink
from bifente.traces.cleaning.pseudonyms import Pseudonyms
from bifente.traces.files import TraceList
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent
from bifente.traces.record import Recorder

KEY = bytes(32)


def dialogue(profile: str, kind: str, *commands: str) -> list[Item]:
    """What a fresh card of that profile says, nothing masked."""
    sink = TraceList()
    card = Recorder(card_of(MemoryStore(records(profile)), kind), sink, unmask=True)
    card.power_on()
    for command in commands:
        card.transmit(bytes.fromhex(command))
    return sink.items


def cleaned(items: list[Item], cleaner: Cleaner) -> list[Exchange]:
    return [item for item in map(cleaner.clean, items) if isinstance(item, Exchange)]


def exchanges(items: list[Item]) -> list[Exchange]:
    return [item for item in items if isinstance(item, Exchange)]


SELECT = "00A4040C0DE828BD080F8025000001FF0010"


def test_secrets_of_a_foreign_log_are_masked_and_told() -> None:
    items: list[Item] = [
        Exchange(MaskedBytes.parse("002000010438323634"), MaskedBytes.parse("9000")),
        Exchange(MaskedBytes.parse("002A80860401020304"), MaskedBytes.parse("AABB9000")),
        Exchange(MaskedBytes.parse("0020000104********"), MaskedBytes.parse("9000")),
    ]
    cleaner = Cleaner()
    found = cleaned(items, cleaner)
    assert [item.command.hex() for item in found][:1] == ["0020000104********"]
    assert found[1].response.hex() == "****9000"
    assert found[2] is items[2]
    assert list(cleaner.removed.lines()) == [
        "VERIFY: 4 secret bytes masked in 1 exchange",
        "PERFORM SECURITY OPERATION: 2 secret bytes masked in 1 exchange",
    ]


def test_names_become_pseudonyms_of_the_same_length() -> None:
    items = dialogue("gp", "cps3", SELECT, "002000010431323334", "00A4020402D105", "00B0000000",
                     "00A4020402D120", "00B0000000")  # fmt: skip
    before, after = exchanges(items), cleaned(items, Cleaner(Pseudonyms(KEY)))
    read = [at for at, item in enumerate(before) if item.command.hex().startswith("00B0")]
    assert read
    for at in read:
        was, now = before[at].response, after[at].response
        assert before[at].response.shown[-2:] == b"\x90\x00"
        assert len(now) == len(was)
        assert now.shown[-2:] == was.shown[-2:]
        assert now != was
        words = [word for word in was.shown[:-2].split() if len(word) > 3 and word.isalpha()]
        assert not any(word in now.shown for word in words)


def test_pseudonyms_do_not_depend_on_how_a_file_is_read() -> None:
    whole = dialogue("gp", "cps3", SELECT, "002000010431323334", "00A4020402D120", "00B0000020")
    parts = dialogue("gp", "cps3", SELECT, "002000010431323334", "00A4020402D120", "00B0000010", "00B0001010")
    one = cleaned(whole, Cleaner(Pseudonyms(KEY)))[-1].response.shown[:-2]
    two = b"".join(item.response.shown[:-2] for item in cleaned(parts, Cleaner(Pseudonyms(KEY)))[-2:])
    assert one == two
    other = cleaned(whole, Cleaner(Pseudonyms(bytes(31) + b"\1")))[-1].response.shown[:-2]
    assert other != one


def test_public_files_stay() -> None:
    items = dialogue("gp", "cps3", "00A40904043F002F01", "00B0000000")
    cleaner = Cleaner(Pseudonyms(KEY))
    assert cleaned(items, cleaner) == exchanges(items)
    assert list(cleaner.removed.lines()) == []


def test_an_unknown_card_gives_nothing_away() -> None:
    items: list[Item] = [
        Exchange(MaskedBytes.parse("00A4020C021234"), MaskedBytes.parse("9000")),
        Exchange(MaskedBytes.parse("00B0000000"), MaskedBytes(b"\x61\x08\x50\x06DUPONT\x90\x00")),
        Exchange(MaskedBytes.parse("00CA5F2000"), MaskedBytes(b"DUPONT<<JEAN\x90\x00")),
        Exchange(MaskedBytes.parse("00B2010400"), MaskedBytes(b"DUPONT\x90\x00")),
    ]
    cleaner = Cleaner(Pseudonyms(KEY))
    found = cleaned(items, cleaner)
    assert not any(b"DUPONT" in item.response.shown or b"JEAN" in item.response.shown for item in found)
    assert found[1].response.shown[:4] == b"\x61\x08\x50\x06"  # tags and lengths stay
    assert found[1].response.shown[4:-2].isalpha()
    assert found[2].response.shown[6:8] == b"<<"
    assert len(list(cleaner.removed.lines())) == 3


def test_what_waits_for_get_response_is_meant_too() -> None:
    items: list[Item] = [
        Exchange(MaskedBytes.parse("00A4020C021234"), MaskedBytes.parse("9000")),
        Exchange(MaskedBytes.parse("00B0000000"), MaskedBytes.parse("6106")),
        Exchange(MaskedBytes.parse("00C0000006"), MaskedBytes(b"DUPONT\x90\x00")),
    ]
    assert b"DUPONT" not in cleaned(items, Cleaner(Pseudonyms()))[-1].response.shown


def test_what_is_written_is_meant_too() -> None:
    items: list[Item] = [
        Exchange(MaskedBytes.parse("00A4020C021234"), MaskedBytes.parse("9000")),
        Exchange(MaskedBytes(bytes.fromhex("00D6000006") + b"DUPONT"), MaskedBytes.parse("9000")),
    ]
    written = cleaned(items, Cleaner(Pseudonyms()))[-1].command.shown
    assert written[:5] == bytes.fromhex("00D6000006")
    assert written[5:].isalpha()
    assert written[5:] != b"DUPONT"


def test_a_sink_before_a_sink() -> None:
    kept = TraceList()
    sink = CleanSink(kept, Cleaner())
    sink.write(ReaderEvent(EventKind.REMOVED))
    sink.write(Exchange(MaskedBytes.parse("002000010438323634"), MaskedBytes.parse("9000")))
    assert [type(item) for item in kept.items] == [ReaderEvent, Exchange]
    assert "38323634" not in repr(kept.items)


@pytest.mark.parametrize("unmask", [False, True])
def test_vitale_rights_are_replaced(unmask: bool) -> None:
    items = dialogue("vitale-single", "vitale2", "00A404000BD250000002564954414C45", "00B0820000")
    before = exchanges(items)[-1].response
    assert before.shown[-2:] == b"\x90\x00"
    after = cleaned(items, Cleaner(Pseudonyms(KEY), secrets=not unmask))[-1].response
    digits = before.shown[:-2]
    assert len(after) == len(before)
    assert sum(one != other for one, other in zip(digits, after.shown, strict=False)) >= 8
