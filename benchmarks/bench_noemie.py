"""NOEMIE files written, read and checked: the return of a day of a caisse to one professional, four invoices in a row of all kinds.

The floor of both does the same work without declarations: what is written is one ``%`` over a tuple for each entity, and what is read
is split at the delimiters and cut at the same columns by hand, its numbers made integers. Nothing is checked there, nothing counted.
"""

import io
from collections.abc import Callable, Iterator
from datetime import date
from operator import itemgetter

from frame import Result, per_second

from bifente.codes.nir import Nir
from bifente.fse.noemie import Correspondent, Entity, FileIdentity, PlacedEntity, check, entities_of
from bifente.fse.returns.outcomes import InvoiceOutcome, LineOutcome, PartOutcome
from bifente.fse.returns.rejectcodes import reason
from bifente.fse.returns.rsp import Rsp, read_rsp, write_rsp

INVOICES = 400
DAY = date(2025, 3, 10)
NIR = str(Nir.with_key("2851975999001"))


def outcome(number: int) -> InvoiceOutcome:
    """One invoice in four is rejected, one has a complementary part, one a participation that was kept back."""
    kind = number % 4
    line = LineOutcome(1, "G", DAY, charged=3000, base=3000, rate=70, reimbursed=0 if kind == 1 else 2100)
    return InvoiceOutcome(
        invoice=number,
        lot=number // 100 + 1,
        lot_made=DAY,
        nir=NIR,
        amo=PartOutcome.rejected(2100)
        if kind == 1
        else PartOutcome.settled(2100, 1900 if kind == 2 else 2100),
        amc=PartOutcome.settled(900) if kind == 3 else None,
        insurer="0000401234" if kind == 3 else "",
        codes=(reason("0250 050").of(),) if kind == 1 else (),
        participation=200 if kind == 2 else 0,
        lines=(line,),
    )


def prepared() -> tuple[Rsp, bytes, list[Entity]]:
    """The return, its file, and the entities between header and trailer."""
    identity = FileIdentity(Correspondent("CP", "01349"), Correspondent("TP", "991000019"), "000001", DAY)
    outcomes = tuple(outcome(number) for number in range(1, INVOICES + 1))
    rsp = Rsp(identity, "991000019", DAY, "VIREMENT 4711", "CPAM 349", outcomes=outcomes)
    content = write_rsp(rsp)
    found = [one.entity for one in entities_of(io.BytesIO(content)) if isinstance(one, PlacedEntity)]
    return rsp, content, found[1:-1]


def bare_writing(entities: list[Entity]) -> Callable[[], object]:
    """One ``%`` for each entity, and the blocks."""
    rows = []
    for entity in entities:
        fields, values = entity.layout.fields, []
        for field in fields:
            text = field.of(entity.text)
            values.append(int(text) if field.numeric and text.strip() else text)
        forms = (
            f"%0{field.length}d" if isinstance(value, int) else f"%-{field.length}s"
            for field, value in zip(fields, values, strict=True)
        )
        rows.append(("".join(forms), tuple(values)))

    def work() -> bytes:
        payload = "".join(template % arguments for template, arguments in rows)
        return "".join("0" + payload[at : at + 127] for at in range(0, len(payload), 127)).encode("ascii")

    return work


def bare_reading(content: bytes, entities: list[Entity]) -> Callable[[], object]:
    """Each entity cut at its columns, its numbers made integers."""
    cuts = {}
    for entity in entities:
        fields = entity.layout.fields[:-1]
        numbers = [place for place, field in enumerate(fields) if field.numeric and field.mandatory]
        cuts[entity.number] = itemgetter(*(slice(one.first - 1, one.last) for one in fields)), numbers

    def work() -> list[list[object]]:
        text, found = content.decode("ascii"), []
        payload = "".join(text[at + 1 : at + 128] for at in range(128, len(text) - 128, 128))
        for entity in payload.rstrip(" ").split("@")[:-1]:
            cut, numbers = cuts[entity[:3]]
            values: list[object] = list(cut(entity))
            for number in numbers:
                values[number] = int(values[number])  # type: ignore[call-overload]  # a str
            found.append(values)
        return found

    return work


def results() -> Iterator[Result]:
    """Writing, reading, checking."""
    rsp, content, entities = prepared()
    count = len(entities)
    yield per_second(
        "NOEMIE entities written from the values of an RSP",
        lambda: write_rsp(rsp),
        count,
        unit="entities/s",
        floor=bare_writing(entities),
    )
    yield per_second(
        "NOEMIE entities read from a file",
        lambda: list(entities_of(io.BytesIO(content))),
        count,
        unit="entities/s",
        floor=bare_reading(content, entities),
    )
    yield per_second(
        "NOEMIE entities checked by all rules",
        lambda: sum(1 for _ in check(io.BytesIO(content))),
        count,
        unit="entities/s",
    )
    yield per_second(
        "invoices of an RSP checked and read", lambda: read_rsp(content), INVOICES, unit="invoices/s"
    )
