"""The page: whole, without network, and nobody's markup but ours."""

import re
from html.parser import HTMLParser
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.documents.visible import visible
from bifente.traces.explanation.phases import Phase, Stretched, phased
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, ReaderEvent, TraceHeader
from bifente.traces.page import page
from bifente.traces.slotnames import LONGEST, short_names

ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
ITEMS = [
    ReaderEvent(EventKind.COLD_RESET, 0, "<b>CPS", ATR),
    Exchange(MaskedBytes.parse("00A40904043F002F01"), MaskedBytes.parse("6127"), 10, 500, "<b>CPS"),
    Exchange(MaskedBytes.parse("00C0000002"), MaskedBytes.parse("01029000"), 600, 1500, "<b>CPS"),
    Exchange(MaskedBytes.parse("0020000104********"), MaskedBytes.parse("63C2"), 3000, 2_000_000, "<b>CPS"),
    Exchange(MaskedBytes.parse("00"), MaskedBytes.parse(""), 4000, 0, "<b>CPS"),
]


class Checker(HTMLParser):
    """Every element that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "br", "path", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def made(**options: int | bool) -> str:
    return "".join(page(TraceHeader("<script>", ATR), ITEMS, title="A & B", **options))  # type: ignore[arg-type]


def test_the_page_is_whole() -> None:
    text = made()
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    assert "script" not in checker.seen
    assert "b" not in checker.seen
    assert not re.search(r"https?:|url\(|src=|href=|@import", text)
    assert "SELECT path 3F00/2F01 (EF.ATR)" in text
    assert "wrong, 2 tries left" in text
    assert "2.000 s" in text
    assert "2 TPDUs" in text
    assert "A &amp; B" in text
    assert "3 exchanges" in text
    assert "How long the card took" in text
    assert text.index("<td>VERIFY</td>") < text.index("<td>SELECT</td>")


def test_halves_apart_and_rows_bounded() -> None:
    assert "4 exchanges" in made(tpdu=True)
    assert "of which 3 rows are not shown" in made(most=1)


def dialogue() -> list[ReaderEvent | Exchange]:
    """Both cards: selection, a PIN, a recognition in turns, rights, a signature that is refused."""
    said = [
        ("CPS", "00A404000DE828BD080F8025000001FF0010", "9000"), ("CPS", "0020000104********", "9000"),
        ("Vitale", "00A4020C02C001", "9000"), ("Vitale", "00B0000004", "7F2101009000"),
        ("CPS", "0084000008", "00112233445566779000"), ("Vitale", "0082000002AAAA", "9000"),
        ("Vitale", "00A4020C022101", "9000"), ("Vitale", "00B0000004", "414243449000"),
        ("CPS", "00A4020402D104", "9000"), ("CPS", "00B0000004", "414243449000"),
        ("CPS", "002241B606840181800142", "9000"), ("CPS", "002A9E9A00", "6982"),
    ]  # fmt: skip
    items: list[ReaderEvent | Exchange] = [
        ReaderEvent(EventKind.COLD_RESET, 0, "CPS", ATR),
        ReaderEvent(EventKind.COLD_RESET, 5, "Vitale", bytes.fromhex("3B751300004709EA9000")),
    ]
    return items + [
        Exchange(MaskedBytes.parse(command), MaskedBytes.parse(answer), 10 + 100 * at, 50, slot)
        for at, (slot, command, answer) in enumerate(said)
    ]


def test_stretches_of_one_purpose_stand_together() -> None:
    found = [(str(phase), [each.parts for each in rows]) for phase, rows in groups()]
    assert found == [
        ("slot", [1, 1]), ("selection", [1]), ("PIN", [1]), ("recognition", [1] * 4), ("rights", [1] * 2),
        ("reading", [1] * 2), ("signing", [1] * 2),
    ]  # fmt: skip


def groups() -> list[tuple[Phase | None, list[Stretched]]]:
    rows = phased((item, 1) for item in dialogue())
    return [(phase, list(group)) for phase, group in groupby(rows, lambda each: each.phase)]


@given(st.lists(st.tuples(st.binary(max_size=7), st.sampled_from(["a", "b"]), st.booleans()), max_size=150))
def test_no_item_is_lost_or_overtaken(said: list[tuple[bytes, str, bool]]) -> None:
    items = [
        Exchange(MaskedBytes(b"\0\xa4" + raw if select else raw), MaskedBytes(b"\x90\0"), at, 0, slot)
        for at, (raw, slot, select) in enumerate(said)
    ]
    rows = list(phased((item, 1) for item in items))
    assert [each.item for each in rows] == items
    assert all(each.phase is not None for each in rows)


def test_two_cards_have_a_lane_each_and_everything_can_be_filtered() -> None:
    text = "".join(page(TraceHeader("r"), dialogue(), title="t"))
    rows = re.findall(r'class="row (l|r) (s\d)( refused)?"', text)
    assert [lane for lane, _, _ in rows] == ["r" if slot == "s1" else "l" for _, slot, _ in rows]
    assert [slot for _, slot, _ in rows].count("s1") == 5
    assert [bool(refused) for _, _, refused in rows] == [False] * 11 + [True]
    boxes = set(re.findall(r'<input type="checkbox" id="([^"]+)"', text))
    assert boxes == {
        "p-slot", "p-selection", "p-pin", "p-recognition", "p-rights", "p-reading", "p-signing", "s0", "s1", "refused",
    }  # fmt: skip
    for box in boxes:
        assert f"#{box}:" in text
    assert "prefers-color-scheme:dark" in text
    assert "12 exchanges in 1.2 ms, 1 refused" in text


def test_one_card_has_one_lane() -> None:
    assert "class=one" in made()
    assert 'id="s0"' not in made()


@pytest.mark.parametrize(
    ("slots", "names"),
    [
        (["CPS", "Vitale"], ["CPS", "Vitale"]),
        (
            ["Bifente Lecteur bi-fente [CPS] 00 00", "Bifente Lecteur bi-fente [Vitale] 01 00"],
            ["CPS", "Vitale"],
        ),
        (
            ["ACS ACR39U ICC Reader 00 00", "Gemalto PC Twin Reader (12345678) 01 00"],
            ["ACS ACR39U", "Gemalto PC"],
        ),
        (["ACS ACR39U 00 00", "ACS ACR39U 01 00"], ["ACR39U", "ACR39U #2"]),
        (["", "CPS"], ["slot 1", "CPS"]),
        ([""], [""]),
        (["x" * 60], [f"{'x' * 19}…"]),
        (["a\x1b[1m"], ["a\\x1b[1m"]),
    ],
)
def test_short_names_of_readers(slots: list[str], names: list[str]) -> None:
    assert list(short_names(slots).values()) == names


@given(st.lists(st.text(max_size=30), unique=True, max_size=6))
def test_short_names_tell_slots_apart(slots: list[str]) -> None:
    names = short_names(slots)
    assert len(set(names.values())) == len(slots)
    assert all(len(name) <= LONGEST and visible(name) == name for name in names.values())
