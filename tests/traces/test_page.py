"""The page: whole, without network, and nobody's markup but ours."""

import re
from html.parser import HTMLParser

from bifente.traces.model import EventKind, Exchange, ReaderEvent, TraceHeader
from bifente.traces.octets import Octets
from bifente.traces.page import page

ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
ITEMS = [
    ReaderEvent(EventKind.COLD_RESET, 0, "<b>CPS", ATR),
    Exchange(Octets.parse("00A40904043F002F01"), Octets.parse("6127"), 10, 500, "<b>CPS"),
    Exchange(Octets.parse("00C0000002"), Octets.parse("01029000"), 600, 1500, "<b>CPS"),
    Exchange(Octets.parse("0020000104********"), Octets.parse("63C2"), 3000, 2_000_000, "<b>CPS"),
    Exchange(Octets.parse("00"), Octets.parse(""), 4000, 0, "<b>CPS"),
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
