"""What ``bifente trace`` prints: traces in words, as objects, as a page; differences."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.documents import writing

if TYPE_CHECKING:
    from bifente.traces.comparison.diff import Difference
    from bifente.traces.formats import Source


def in_words(source: "Source", *, tpdu: bool) -> Iterator[str]:
    """Two lines an exchange, one an event; why the card refused, when it said so; where it is, when that has changed."""
    from bifente.traces import Exchange
    from bifente.traces.explanation.explain import Follower
    from bifente.traces.join import joined

    header = source.header
    if header.reader:
        yield f"# {header.reader}"
    follower = Follower()
    where: dict[str, str] = {}
    number = 0
    for item in source.items if tpdu else joined(source.items):
        explanation = follower.explain(item)
        slot = f"[{item.slot}] " if item.slot else ""
        if not isinstance(item, Exchange):
            yield f"{slot}# {explanation.text}"
            continue
        number += 1
        yield f"{slot}{number:4} > {explanation.command}"
        took = f"  ({item.duration / 1000:.1f} ms)" if item.duration else ""
        yield f"{slot}     < {explanation.response}{took}"
        if item.why is not None:
            yield f"{slot}     ? {item.why}"
        here = "/".join(part for part in (explanation.directory, explanation.file) if part)
        proven = [f"PIN {reference:02X} verified" for reference in explanation.verified]
        proven += ["recognised"] if explanation.recognised else []
        state = ", ".join(part for part in (here, *proven) if part)
        if state and state != where.get(item.slot):
            where[item.slot] = state
            yield f"{slot}     = {state}"


def as_objects(source: "Source", *, tpdu: bool) -> Iterator[dict[str, object]]:
    """The header, then one object an item, as JSON takes them."""
    from bifente.traces import Exchange
    from bifente.traces.explanation.explain import Follower
    from bifente.traces.join import counted

    header = source.header
    yield {
        "reader": header.reader,
        "atr": None if header.atr is None else header.atr.hex().upper(),
        "protocol": None if header.protocol is None else header.protocol.name,
        "date": None if header.date is None else header.date.isoformat(),
        "masked": header.masked,
    }
    follower = Follower()
    items = ((item, 1) for item in source.items) if tpdu else counted(source.items)
    for item, parts in items:
        explanation = follower.explain(item)
        common: dict[str, object] = {"time": item.time, "slot": item.slot}
        if isinstance(item, Exchange):
            yield {
                **common,
                "duration": item.duration,
                "level": item.level.value,
                "command": item.command.hex(),
                "response": item.response.hex(),
                "asked": explanation.command,
                "said": explanation.response,
                "directory": explanation.directory,
                "file": explanation.file,
                "verified": [f"{reference:02X}" for reference in explanation.verified],
                "recognised": explanation.recognised,
                "parts": parts,
                **(
                    {}
                    if item.why is None
                    else {"why": {"clause": item.why.clause, "sentence": item.why.sentence}}
                ),
            }
        else:
            yield {
                **common,
                "event": item.kind.value,
                "atr": item.atr.hex().upper(),
                "said": explanation.text,
            }


def write_page(source: "Source", path: Path, *, title: str, tpdu: bool, force: bool = False) -> None:
    """One HTML page, in a new file that only its owner may read."""
    from bifente.traces.page import page

    with writing(path, replace=force) as file:
        for portion in page(source.header, source.items, title=title, tpdu=tpdu):
            file.write(portion.encode("utf-8"))


def difference_lines(result: "Difference") -> Iterator[str]:
    """What differs, the first first."""
    if result.same:
        yield f"the same in {result.compared} exchanges and resets"
        return
    for divergence in result.divergences:
        yield str(divergence)
    more = result.count - len(result.divergences)
    what = "divergence" if result.count == 1 else "divergences"
    yield f"{result.count} {what}{f', {more} of them not shown' if more else ''}; {result.compared} compared"


def difference_object(result: "Difference") -> dict[str, object]:
    """The same for JSON."""
    return {
        "same": result.same,
        "compared": result.compared,
        "count": result.count,
        "divergences": [asdict(each) for each in result.divergences],
    }
