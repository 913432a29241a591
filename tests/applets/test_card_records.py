"""Any record of a card may be garbage: one clear line when the card is loaded, or a card that works; never 6F00 later."""

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from issued import records

from bifente.applets import SmartCard, card_of, layout_of, open_card, read_card
from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.kernel.records import INITIAL, check_records
from bifente.applets.perso.edit.change import restore
from bifente.applets.perso.edit.compare import compare
from bifente.applets.perso.edit.dump import dump
from bifente.applets.perso.edit.view import view
from bifente.applets.perso.errors import PersoError
from bifente.applets.store.stores import MemoryStore, create_card_file
from bifente.layouts.nodes import EF

KINDS = {"gp": "cps3", "vitale-volets": "vitale2", "t1test": "t1test"}


def with_meta(card: str, /, **fields: object) -> bytes:
    return json.dumps({**json.loads(records(card)["meta"]), **fields}).encode()


DEEP = b"[" * 100_000 + b"]" * 100_000
WRONG: list[tuple[str, str, Callable[[], bytes], str]] = [
    ("gp", "meta", lambda: with_meta("gp", atr="zz"), "answer to reset"),
    ("gp", "meta", lambda: with_meta("gp", atr="3B" * 3000), "at most 200"),
    ("gp", "meta", lambda: with_meta("gp", atr="3B" * 40), "answer to reset"),
    ("gp", "meta", lambda: with_meta("gp", atr=""), "answer to reset"),
    ("gp", "meta", lambda: with_meta("gp", serial=7), "serial"),
    ("gp", "meta", lambda: with_meta("gp", serial="1\x1b[2J"), "serial"),
    ("gp", "meta", lambda: with_meta("gp", created="soon"), "created"),
    ("gp", "meta", lambda: with_meta("gp", opposed="2026-13-01"), "opposed"),
    ("gp", "meta", lambda: with_meta("gp", profile=[]), "profile"),
    ("gp", "meta", lambda: with_meta("gp", profile={"comment": {}}), "profile"),
    ("gp", "meta", lambda: with_meta("gp", kind="cps9"), "not known"),
    ("gp", "meta", lambda: b'{"kind":"cps3","profile":' + b'{"a":' * 500 + b"1" + b"}" * 501, "nested"),
    ("gp", "meta", lambda: DEEP, "not a description"),
    ("gp", "meta", lambda: b"[]", "not a description"),
    ("gp", "pin/02/uses", lambda: b"", "two bytes"),
    ("gp", "pin/02/uses", lambda: b"\x64", "two bytes"),
    ("gp", "pin/02/uses", lambda: b"\x00\x00\x64", "two bytes"),
    ("gp", "pin/02/uses", lambda: b"\xff" * 9, "two bytes"),
    ("gp", "pin/02/uses", lambda: b"\x00\x65", "0 to 100"),
    ("gp", "pin/01/left", lambda: b"\x04", "0 to 3"),
    ("gp", "pin/01/left", lambda: b"", "0 to 3"),
    ("gp", "pin/01", lambda: b"", "4 to 8 digits"),
    ("gp", "pin/01", lambda: b"12a4", "4 to 8 digits"),
    ("gp", "pin/02", lambda: b"1234567", "8 to 8 digits"),
    ("gp", "state/date", lambda: b"2026-02-30", "not a date"),
    ("gp", "state/date", lambda: b"20260201", "not a date"),
    ("gp", "state/date", lambda: b"\xff\xfe", "not a date"),
    ("gp", "identity", lambda: bytes(3), "identity"),
    ("gp", "root/FRVTBF01", lambda: DEEP, "authority"),
    ("gp", "root/FRVTBF01", lambda: b'{"car":"FRVTBF01","n":"0","e":65537}', "authority"),
    ("gp", "root/FRVTBF01", lambda: b'{"car":"FRVTBF01","n":"' + b"F" * 512 + b'","e":0}', "authority"),
    ("gp", "root/FRVTBF01", lambda: b'{"car":"FRVTBF0\xc3\xa9","n":"' + b"F" * 512 + b'","e":3}', "authority"),
    ("gp", "key/3F00/0001/81", lambda: b"", "PKCS #8"),
    ("gp", "key/3F00/0001/82", lambda: records("gp")["key/3F00/0001/82"][:-1], "PKCS #8"),
    ("gp", "file/3F00/0001/D104", lambda: b'{"value":' + DEEP + b"}", "content of a file"),
    ("gp", "file/3F00/0001/D104", lambda: b'{"value":NaN}', "content of a file"),
    ("gp", "file/3F00/0001/D104", lambda: b'{"value":{}}', "missing"),
    ("gp", "file/3F00/0001/D001", lambda: b'{"value":{"hex":"' + b"00" * 70_000 + b'"}}', "65536"),
    ("gp", "file/3F00/0001/D001", lambda: b'{"raw":"0"}', "hex"),
    ("gp", "file/3F00/0001/D001", lambda: b'{"raw":7}', "content of a file"),
    ("gp", "file/3F00/2F00", lambda: b"\x00\xff", "content of a file"),
    ("gp", f"{INITIAL}pin/02/uses", lambda: b"\x01", "two bytes"),
    ("vitale-volets", "file/3F00/0001/2101", lambda: b'{"value":[{"group":101,"fields":"T"}]}', "101"),
    ("vitale-volets", f"{INITIAL}file/3F00/0001/2302", lambda: b'{"value":1}', "2302"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "name", "make", "words"),
    WRONG,
    ids=[f"{row[1]} {number}" for number, row in enumerate(WRONG)],
)
def test_a_wrong_record_is_told_when_the_card_is_loaded(
    tmp_path: Path, profile: str, name: str, make: Callable[[], bytes], words: str
) -> None:
    spoiled = {**records(profile), name: make()}
    path = tmp_path / "x.card"
    create_card_file(path, spoiled)
    before = path.read_bytes()
    for load in (lambda: read_card(path), lambda: open_card(path)):
        with pytest.raises(CorruptCard) as caught:
            load()
        assert caught.value.record == name
        text = str(caught.value)
        assert name in text
        assert words in text
        assert text.isprintable()
        assert len(text) < 400
    if words != "not known":
        store = MemoryStore(spoiled)
        with pytest.raises(CorruptCard):
            card_of(store, KINDS[profile]).power_on()
    assert path.read_bytes() == before


@pytest.mark.parametrize(("profile", "name"), [
    ("gp", "meta"), ("gp", "pin/01"), ("gp", "pin/01/left"), ("gp", "pin/02/uses"), ("gp", "identity"),
    ("gp", "state/date"), ("gp", "file/3F00/2F01"), ("vitale-volets", "file/3F00/D001"), ("vitale-volets", "identity"),
])  # fmt: skip
def test_a_missing_record_is_told_too(profile: str, name: str) -> None:
    lacking = {each: record for each, record in records(profile).items() if each != name}
    with pytest.raises(CorruptCard, match="it is missing") as caught:
        check_records(lacking, layout_of(KINDS[profile]))
    assert caught.value.record == name


@pytest.mark.parametrize("profile", KINDS)
def test_a_record_that_nobody_knows_is_left_alone(profile: str) -> None:
    later = {
        **records(profile),
        "later/feature": b"\xff",
        "file/3F00/7777": b"?",
        "key/3F00/99": b"",
        "pin/07": b"",
    }
    check_records(later, layout_of(KINDS[profile]))


def test_a_key_whose_parts_do_not_belong_together() -> None:
    """Taken as they are by the library, which is asked not to validate: the signature would come out wrong, or not."""
    key = records("gp")["key/3F00/0001/81"]
    wrong = bytearray(key)
    wrong[-20] ^= 1  # in the last part, the coefficient
    with pytest.raises(CorruptCard, match="belong together"):
        check_records({**records("gp"), "key/3F00/0001/81": bytes(wrong)}, layout_of("cps3"))


def test_the_text_of_a_wrong_record_is_one_line_whatever_it_holds() -> None:
    wrong = json.dumps({"value": {"\x1b[31m\n" + "x" * 5000: "\u202e"}}).encode()
    with pytest.raises(CorruptCard) as caught:
        check_records({**records("gp"), "file/3F00/0001/D104": wrong}, layout_of("cps3"))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_restore_mends_a_record_that_it_has_kept() -> None:
    spoiled = {**records("gp"), "pin/01/left": b"\x99"}
    changes = restore(spoiled)
    check_records({**spoiled, **{n: r for n, r in changes.items() if r is not None}}, layout_of("cps3"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=12,
)


@st.composite
def spoiled_cards(draw: st.DrawFn) -> tuple[str, dict[str, bytes]]:
    """A shipped card of which one record is garbage, or nearly what it was."""
    profile = draw(st.sampled_from(sorted(KINDS)))
    whole = dict(records(profile))
    name = draw(st.sampled_from(sorted(whole)))
    record = whole[name]
    at = draw(st.integers(0, max(len(record) - 1, 0)))
    kind = draw(st.integers(0, 7))
    if kind == 0:
        record = draw(st.binary(max_size=60))
    elif kind == 1:
        record = json.dumps(draw(JSON)).encode()
    elif kind == 2:
        record = json.dumps({draw(st.sampled_from(["value", "raw"])): draw(JSON)}).encode()
    elif kind == 3:
        record = record[:at]
    elif kind == 4:
        record = record[:at] + draw(st.binary(min_size=1, max_size=4)) + record[at + 1 :]
    elif kind == 5:
        record = whole[draw(st.sampled_from(sorted(whole)))]
    elif kind == 6:
        record = _replaced(record, draw)
    else:
        record = b"[" * draw(st.integers(1, 3000)) + record
    return profile, {**whole, name: record}


def _replaced(record: bytes, draw: st.DrawFn) -> bytes:
    """A JSON record in which one leaf is another value."""
    try:
        value = json.loads(record)
    except ValueError:
        return record * 2
    holder, step = value, None
    while isinstance(holder, dict | list) and holder:
        keys = sorted(holder) if isinstance(holder, dict) else list(range(len(holder)))
        above, step = holder, draw(st.sampled_from(keys))
        holder = holder[step]
    if step is not None:
        above[step] = draw(JSON)
    return json.dumps(value).encode()


def drive(card: SmartCard, whole: Mapping[str, bytes]) -> None:
    """Ask the card for everything; the fixture of the folder fails on an unexpected failure, this on any 6F00."""

    def send(command: str) -> bytes:
        answer = card.transmit(bytes.fromhex(command))
        assert answer[-2:] != b"\x6f\x00", command
        return answer

    pin = whole.get("pin/01", b"1234")
    send(f"00200001{len(pin):02X}{pin.hex()}")
    for path, node in card.layout.walk():
        if isinstance(node, EF):
            send(f"00A40904{len(path.replace('/', '')) // 2:02X}{path.replace('/', '')}00")
            send("00B0000000")
    for aid in ("E828BD080F8025000001FF0010", "D250000002564954414C45", "D2500000044164E86C650101"):
        send(f"00A4040C{len(aid) // 2:02X}{aid}")
        for setting in (
            "002241B606800142840181",
            "002241A406840182800102",
            "002241A4068001E1840183",
            "002241B80684018280011A",
        ):
            send(setting)
            send(f"002A9E9A20{'5A' * 32}00")
            send(f"0088000010{'5A' * 16}00")
        for car in ("FRCTBF01", "FRVTBF01"):
            send(f"002281B60A8308{car.encode().hex()}")
            send("002A00AE057F2102420000")
        send("00CB3FFF0A4D087006BF900102A08000")
    send("00A4000C023F00")
    send("00CB3FFF0A4D087006BF810102A08000")
    send("00CB3FFF0A4D087006BF810202A08000")
    puk = whole.get("pin/02", b"12345678")
    send(f"00200002{len(puk):02X}{puk.hex()}")
    send("002C0301")
    send("00240001083132333434333231")


@settings(max_examples=250)
@given(spoiled_cards())
def test_whatever_a_record_holds_the_card_is_refused_or_works(spoiled: tuple[str, dict[str, bytes]]) -> None:
    profile, whole = spoiled
    refusals: list[Exception] = []
    card = card_of(MemoryStore(whole), KINDS[profile])
    try:
        card.power_on()
    except CorruptCard as refusal:
        refusals.append(refusal)
    if refusals:
        assert str(refusals[0]).isprintable()
        assert len(str(refusals[0])) < 400
        return
    drive(card, whole)
    card.power_off()
    view(whole)
    compare(whole, dict(records(profile)))
    with contextlib.suppress(PersoError):  # of the profile in the card, which only a dump needs
        dump(whole)
        dump(whole, secrets=True)
