"""Files as trees: the worked example to the byte, every layout of a file, what does not belong, other records."""

import io
from random import Random

import pytest
from anyb2 import act, any_values, chosen_values, file_of, invoice, lot
from hypothesis import given, settings
from hypothesis import strategies as st

from bifente.fse.b2 import B2Error, B2Record, B2Row, NotB2, read_file, read_lots, read_rows, write_file
from bifente.fse.b2 import records as declared
from bifente.fse.b2.check import check
from bifente.fse.b2.files import B2File, B2Invoice, B2Line, B2Lot

A, B = "A" * 32, "B" * 32
EXAMPLE = (
    "000TP00000991000019      CP00000000000349000000TRFSE001250310PS  B2               128".ljust(128)
    + "1991000019      349001       DR TEST EMULATEUR                       B2250310 PSS062007U".ljust(128)
    + "2991000019 285197599900130000000123 T 1250310 F 0134998814000000000000000   "
    + "10000000000000000008506151          000000".ljust(52)
    + "4991000019 285197599900130000000123 00000000000009   09910000192401250310G    "
    + "01000100010003000000300007000021000003000 00000000"
    + f"5991000019 285197599900130000000123   001                00003000000021000000090000000000       {A}"
    + f"699100001900100010001001000003000000002100000000000001TF                               000000000{B}"
    + "999TP00000991000019      CP00000000000349      TRFSE00100000007                   001".ljust(128)
).encode()
"""§1.3 of the specification: seven records, generated there from the public tables; the persons are invented."""


def test_the_worked_example_is_made_from_its_values_to_the_byte() -> None:
    assert write_file(file_of(lot(1, invoice(123)))) == EXAMPLE


def test_the_worked_example_is_read() -> None:
    file = read_file(EXAMPLE)
    assert file.norm == "PS"
    ((only,),) = [one.invoices for one in file.lots]
    assert (only.header["regime"], only.header["caisse"], only.header["centre"]) == ("01", "349", "9881")
    assert [(line.row["code_acte"], line.row["montant"]) for line in only.lines] == [("G", 3000)]
    assert (only.total.number, only.total.offset, only.total["participation"]) == (5, 512, 900)
    assert write_file(file) == EXAMPLE


def records_of(content: bytes) -> list[bytes]:
    return [content[at : at + 128] for at in range(0, len(content), 128)]


LINES = records_of(EXAMPLE)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"\n".join(LINES), ("ASCII", "LF", False)),
        (b"\n".join(LINES) + b"\n", ("ASCII", "LF", False)),
        (b"\r\n".join(LINES) + b"\r\n", ("ASCII", "CRLF", False)),
        (b"\r".join(LINES), ("ASCII", "CR", False)),
        (b"\n\n".join(LINES) + b"\n\x1a", ("ASCII", "LF", False)),
        (LINES[0] + b"\n" + b"".join(LINES[1:]) + b"\n", ("ASCII", "LF", False)),
        (EXAMPLE + b"\0" * 40, ("ASCII", "none", False)),
        (EXAMPLE + b"\x1a", ("ASCII", "none", False)),
        (b"\xef\xbb\xbf" + EXAMPLE, ("ASCII", "none", True)),
        (EXAMPLE.decode().encode("cp500"), ("EBCDIC", "none", False)),
        (EXAMPLE.decode().encode("cp1140"), ("EBCDIC", "none", False)),
        (b"\x15".join(line.decode().encode("cp500") for line in LINES), ("EBCDIC", "LF", False)),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_every_layout_gives_the_same_records(content: bytes, form: tuple[str, str, bool]) -> None:
    from bifente.fse.b2.framing import FramedFile

    assert write_file(read_file(content)) == EXAMPLE
    found = FramedFile(content).form
    assert (found.encoding, found.line_ends, found.byte_order_mark) == form


class Dripping(io.RawIOBase):
    """A stream that gives a few bytes at a time, as pipes do."""

    def __init__(self, content: bytes, step: int) -> None:
        self._left, self._step = content, step

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece, self._left = self._left[: self._step], self._left[self._step :]
        return piece


@pytest.mark.parametrize("ends", [b"", b"\r\n"])
def test_a_stream_that_drips_gives_the_same(ends: bytes) -> None:
    content = ends.join(LINES)
    assert write_file(read_rows(Dripping(content, 37))) == EXAMPLE  # type: ignore[arg-type]


def test_offsets_are_those_of_the_file_as_it_is() -> None:
    rows = list(read_rows(b"\xef\xbb\xbf" + b"\r\n".join(LINES)))
    assert [row.offset for row in rows] == [3 + 130 * number for number in range(7)]


def test_many_records_take_little_memory() -> None:
    lots = 1000
    row = LINES[1]

    class Endless(io.RawIOBase):
        def __init__(self) -> None:
            self.pieces = iter([LINES[0], *[row * 16] * lots])

        def read(self, size: int = -1) -> bytes:
            return next(self.pieces, b"")

    import tracemalloc

    tracemalloc.start()
    count = sum(1 for _ in read_rows(Endless()))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 1 + 16 * lots
    assert peak < 1_000_000 < 128 * count


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "an empty file"),
        (b"\x1f\x8b\x08", "compressed .gzip"),
        (b"0002", "record 1 .byte 0.: 4 characters"),
        (b"\xff\xfe0\x000\x00", "UTF-16"),
        (b"<html>", "begins with '<html>'"),
        (EXAMPLE[:-40], "record 7 .byte 768.: 88 characters, not 128"),
        (b"\n".join([*LINES[:2], LINES[2][:100], *LINES[3:]]), "record 3 .byte 258.: 100 characters"),
        (EXAMPLE.replace(b"4991", b"4Z91"), None),
        (EXAMPLE[:384] + b"7" + EXAMPLE[385:], "record 4 .byte 384.: .* is no record of this norm"),
        (EXAMPLE[:256] + EXAMPLE[384:], "record 3 .byte 256. is a 4: record 6 expected here"),
        (EXAMPLE[: 5 * 128], "ends too early: record 6 expected"),
        (EXAMPLE + LINES[0], "record 8 .byte 896. is a 000: nothing follows record 999"),
    ],
)
def test_what_is_not_a_file_is_refused_with_its_place(content: bytes, why: str | None) -> None:
    if why is None:
        read_file(content)
        return
    with pytest.raises((NotB2, B2Error), match=why):
        read_file(content)


def test_lots_come_one_at_a_time() -> None:
    content = write_file(file_of(*(lot(number, invoice(number)) for number in (1, 2, 3))))
    assert [one.header["numero_lot"] for one in read_lots(content)] == ["001", "002", "003"]


@settings(max_examples=25)
@given(st.data())
def test_any_file_comes_back(data: st.DataObject) -> None:
    lots = []
    number = 0
    for at in range(data.draw(st.integers(0, 2))):
        invoices = []
        for _ in range(data.draw(st.integers(0, 2))):
            number += 1
            cents = data.draw(st.lists(st.integers(0, 9_999_999), min_size=1, max_size=3))
            invoices.append(invoice(number, *(act(number, cents=one, amo=one // 2) for one in cents)))
        lots.append(lot(at + 1, *invoices))
    file = file_of(*lots)
    content = write_file(file)
    again = read_file(content)
    assert write_file(again) == content
    assert [row.values for row in again.rows()] == [row.values for row in file.rows()]


def any_file(norm: str, choose: Random) -> B2File:
    """A file of *norm* with any values in any of its records, wherever one may stand."""
    kinds = {name: [one for one in declared.RECORDS[norm] if one.name.startswith(name)] for name in "234"}

    def row(name: str) -> B2Row:
        record = declared.find_record(norm, name)
        values = chosen_values(record, choose)
        return B2Row(record, record.build({**values, "norme": norm} if name == "000" else values))

    def rows(kind: str) -> tuple[B2Row, ...]:
        letters = [one.name for one in kinds[kind] if one.letter]
        return tuple(row(choose.choice(letters)) for _ in range(choose.randrange(4)))

    def any_invoice() -> B2Invoice:
        types = [kind for kind in "34" if kinds[kind]]
        lines = [B2Line(row(kind), rows(kind)) for kind in choose.choices(types, k=choose.randrange(3))]
        return B2Invoice(row("2"), rows("2"), tuple(lines), row("5"))

    lots = tuple(
        B2Lot(row("1"), tuple(any_invoice() for _ in range(choose.randrange(3))), row("6"))
        for _ in range(choose.randrange(3))
    )
    return B2File(row("000"), lots, row("999"))


@settings(max_examples=40)
@given(st.sampled_from(["PS", "CP"]), st.integers(), st.sampled_from([b"", b"\n", b"\r\n"]))
def test_any_records_come_back_as_the_same_tree(norm: str, seed: int, end: bytes) -> None:
    file = any_file(norm, Random(seed))
    content = write_file(file)
    laid_out = b"".join(one + end for one in records_of(content))
    again = read_file(laid_out)
    assert again.norm == file.norm
    assert [[len(one.lines) for one in lot.invoices] for lot in again.lots] == [
        [len(one.lines) for one in lot.invoices] for lot in file.lots
    ]
    assert [(row.name, row.values) for row in again.rows()] == [(row.name, row.values) for row in file.rows()]
    assert write_file(again) == content
    assert all(one.message for one in check(laid_out))


TOY = B2Record(
    "4X",
    "Toy",
    """
1       N O =4    type        Type
2-35    A F code  whatever    Quelconque
36      A O =X    complement  Complément du type
37-128  A O text  phrase      Une phrase
""",
)


@pytest.fixture
def one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(declared.RECORDS, "PS", [*declared.RECORDS["PS"], TOY])


@pytest.mark.usefixtures("one_line")
def test_a_record_is_added_by_one_declaration_and_one_line() -> None:
    toy = TOY.build({"phrase": "Voilà"})
    content = EXAMPLE[: 4 * 128] + toy + EXAMPLE[4 * 128 :]
    (line,) = read_file(content).lots[0].invoices[0].lines
    assert [(row.name, row["phrase"]) for row in line.details] == [("4X", "VOILA")]
    assert any_values(TOY) is not None


def test_a_letter_that_nobody_declared_is_no_record() -> None:
    content = EXAMPLE[: 4 * 128] + TOY.build({"phrase": "X"}) + EXAMPLE[4 * 128 :]
    with pytest.raises(B2Error, match=r"record 5 .byte 512.* is no record of this norm"):
        read_file(content)


def test_rows_say_what_they_are() -> None:
    (row, *_) = read_rows(EXAMPLE)
    assert isinstance(row, B2Row)
    assert (row.name, row.number, row.offset) == ("000", 1, 0)
