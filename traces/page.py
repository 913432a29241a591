"""A trace as one HTML page: no script, no network, to be looked at and passed on.

Two cards have a lane each, with the terminal between them; stretches of one purpose (selection, PIN, recognition, rights,
signing …) stand together under a heading, and can be hidden, as can a lane, or all that was not refused. Above stands the
whole course as a picture, below how long the card took. Names of strangers pass :func:`escaped` first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import log10
from typing import Final

from bifente.documents.visible import escaped
from bifente.layouts.names import layout_for_atr
from bifente.traces.explanation.names import name_of
from bifente.traces.explanation.phases import Phase, Stretched, phased
from bifente.traces.join import counted
from bifente.traces.model import Exchange, Item, TraceHeader
from bifente.traces.pagestyle import style
from bifente.traces.slotnames import short_names

MOST: Final = 20_000
"""Rows of one page; browsers are slow with more."""
_NOT_REFUSED: Final = frozenset({0x90, 0x91, 0x61, 0x9F})
_WARNING: Final = 0x62


def page(
    header: TraceHeader, items: Iterable[Item], *, title: str, most: int = MOST, tpdu: bool = False
) -> Iterator[str]:
    """The page in portions. Rows behind the first *most* are counted only. *tpdu* leaves T=0 halves apart."""
    course = _read(((item, 1) for item in items) if tpdu else counted(items), most)
    names = _names(header, course)
    lanes = {slot: at for at, slot in enumerate(course.slots)}
    phases = [phase for phase in Phase if any(each.phase is phase for each in course.rows)]
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{style(phases, len(lanes))}</style></head>\n"
        f"<body{'' if len(lanes) > 1 else ' class=one'}>\n<header><h1>{escaped(title)}</h1>\n"
    )
    yield _head(header, course, names)
    yield _picture(course, lanes, names)
    yield "</header>\n" + _filter(course, phases, lanes, names)
    yield "<main>\n" + _lanes(course, names)
    number = 0
    known: dict[str, str] = {}
    for phase, group in groupby(course.rows, lambda each: each.phase or Phase.OTHER):
        rows = list(group)
        yield _opening(phase, rows)
        for each in rows:
            number += isinstance(each.item, Exchange)
            state = _state(each)
            yield _row(number, each, lanes, names, "" if known.get(each.item.slot) == state else state)
            known[each.item.slot] = state
        yield "</section>\n"
    more = f", of which {course.left} rows are not shown" if course.left else ""
    yield '<p class="none">Nothing was refused.</p>\n</main>\n'
    yield f"<footer><p>{course.exchanges} exchanges{more}.</p>\n{course.timing.table()}</footer></body></html>\n"


def _names(header: TraceHeader, course: "_Course") -> dict[str, str]:
    """Short names of the slots; a trace of one that has no name is of the reader in its header."""
    if list(course.slots) != [""]:
        return short_names(list(course.slots))
    layout = None if header.atr is None else layout_for_atr(header.atr)
    if layout is not None and not course.slots[""]:
        course.slots[""] = layout.title
    return {"": short_names([header.reader])[header.reader]}


class _Timing:
    """How long the card took for each instruction."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[int, int, int]] = {}

    def add(self, exchange: Exchange) -> None:
        name = name_of(exchange.command)
        count, total, most = self._of.get(name, (0, 0, 0))
        self._of[name] = (count + 1, total + exchange.duration, max(most, exchange.duration))

    def table(self) -> str:
        """The slowest in all first; nothing when no time was recorded."""
        slowest = sorted(self._of.items(), key=lambda entry: -entry[1][1])
        whole = sum(total for _, (_, total, _) in slowest)
        if not whole:
            return ""
        rows = "".join(
            f'<tr><td>{escaped(name)}</td><td class="t">{count}</td><td class="t">{_time(total)}</td>'
            f'<td class="t">{_time(total // count)}</td><td class="t">{_time(most)}</td>'
            f'<td><span class="bar" style="width:{round(100 * total / whole)}%"></span></td></tr>\n'
            for name, (count, total, most) in slowest
        )
        heads = "".join(f'<th class="t">{name}</th>' for name in ("times", "in all", "mean", "at most"))
        return (
            '<h2>How long the card took</h2>\n<div class="wide"><table><thead><tr><th>command</th>'
            f"{heads}<th>share</th></tr></thead>\n<tbody>\n{rows}"
            f'<tr><th>all</th><td></td><td class="t">{_time(whole)}</td><td></td><td></td><td></td></tr>'
            "</tbody></table></div>\n"
        )


@dataclass(slots=True)
class _Course:
    """What the page shows of a trace."""

    rows: list[Stretched] = field(default_factory=list)
    slots: dict[str, str] = field(default_factory=dict)
    """The slots in the order in which they are heard of, with the kind of card in words."""
    refused: int = 0
    exchanges: int = 0
    left: int = 0
    timing: _Timing = field(default_factory=_Timing)

    @property
    def length(self) -> int:
        """From the first row that is shown to the end of the last, in microseconds."""
        return max((_end(each) for each in self.rows), default=0) - self.begin

    @property
    def begin(self) -> int:
        """When the first row was, in microseconds."""
        return min((each.item.time for each in self.rows), default=0)


def _read(items: Iterable[tuple[Item, int]], most: int) -> _Course:
    course = _Course()

    def few() -> Iterator[tuple[Item, int]]:
        """The rows that are shown; of the others no more is asked than how many they are and how long they took."""
        for number, (item, parts) in enumerate(items):
            if isinstance(item, Exchange):
                course.exchanges += 1
                course.timing.add(item)
            if number < most:
                yield item, parts
            else:
                course.left += 1

    for each in phased(few()):
        course.rows.append(each)
        known = course.slots.setdefault(each.item.slot, "")
        if not isinstance(each.item, Exchange):
            title = each.explanation.text.rpartition("(")[2].removesuffix(")")
            if each.phase is Phase.CALL:
                course.slots[each.item.slot] = "calls"
            elif each.explanation.text.endswith(")") and not known:
                course.slots[each.item.slot] = title
        elif _verdict(each.item) == "bad":
            course.refused += 1
    return course


def _end(each: Stretched) -> int:
    return each.item.time + (each.item.duration if isinstance(each.item, Exchange) else 0)


def _verdict(exchange: Exchange) -> str:
    """``ok``, ``warn`` or ``bad``, by the status word."""
    status = exchange.response.shown[-2:]
    if len(status) < 2:
        return "bad"
    if status[0] == _WARNING:
        return "warn"
    return "ok" if status[0] in _NOT_REFUSED else "bad"


def _head(header: TraceHeader, course: _Course, names: dict[str, str]) -> str:
    facts = [("reader", escaped(header.reader))]
    if header.atr:
        facts.append(("ATR", f"<code>{header.atr.hex(' ').upper()}</code>"))
    if header.protocol is not None:
        facts.append(("protocol", f"T={0 if header.protocol == 1 else 1}"))
    if header.date is not None:
        facts.append(("recorded", escaped(header.date.isoformat(sep=" ", timespec="seconds"))))
    for slot, name in names.items():
        if name and name != slot:
            facts.append((escaped(name), escaped(slot)))
    refused = f", {course.refused} refused" if course.refused else ", none refused"
    facts.append(("length", f"{course.exchanges} exchanges in {_time(course.length)}{refused}"))
    facts.append(("secrets", "masked" if header.masked else "not masked when it was recorded"))
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{value}</dd>' for name, value in facts if value)}</dl>\n"


_WIDTH: Final = 1000
_LANE: Final = 26
_MARGIN: Final = 90


def _picture(course: _Course, lanes: dict[str, int], names: dict[str, str]) -> str:
    """The whole course: a lane for each slot, a block for what was said to it in one stretch."""
    begin, length = course.begin, course.length
    if not length or len(course.rows) < 2:
        return ""
    blocks = []
    for phase, group in groupby(course.rows, lambda each: each.phase or Phase.OTHER):
        rows = list(group)
        if phase is Phase.SLOT:
            continue
        for slot, at in lanes.items():
            own = [each for each in rows if each.item.slot == slot]
            if own:
                left = _MARGIN + (_WIDTH - _MARGIN) * (own[0].item.time - begin) / length
                wide = max((_WIDTH - _MARGIN) * (_end(own[-1]) - own[0].item.time) / length, 2)
                blocks.append(
                    f'<rect class="s{at} p-{phase.name.lower()}" x="{min(left, _WIDTH - wide):.1f}" y="{at * _LANE + 5}" '
                    f'width="{wide:.1f}" height="16" rx="2" style="fill:var(--c)"><title>{phase}: {len(own)}, '
                    f"{_time(_end(own[-1]) - own[0].item.time)}</title></rect>"
                )
    high = len(lanes) * _LANE
    labels = "".join(
        f'<text x="0" y="{at * _LANE + 17}">{escaped(names[slot][:14])}</text>'
        f'<line x1="{_MARGIN}" x2="{_WIDTH}" y1="{at * _LANE + 13}" y2="{at * _LANE + 13}"/>'
        for slot, at in lanes.items()
    )
    scale = (
        f'<text x="{_MARGIN}" y="{high + 14}">{_time(begin)}</text>'
        f'<text x="{_WIDTH}" y="{high + 14}" text-anchor="end">{_time(begin + length)}</text>'
    )
    return (
        f'<svg class="course" viewBox="0 0 {_WIDTH} {high + 18}" role="img" aria-label="the course of the dialogue">'
        f"{labels}{''.join(blocks)}{scale}</svg>\n"
    )


def _filter(course: _Course, phases: Sequence[Phase], lanes: dict[str, int], names: dict[str, str]) -> str:
    def box(name: str, text: str, kind: str = "", *, checked: bool = True) -> str:
        on = " checked" if checked else ""
        return f'<label class="{kind}"><input type="checkbox" id="{name}"{on}/>{text}</label>'

    counts = {phase: sum(each.phase is phase for each in course.rows) for phase in phases}
    boxes = [
        box(f"p-{phase.name.lower()}", f"{phase} <i>{counts[phase]}</i>", f"p-{phase.name.lower()}")
        for phase in phases
    ]
    if len(lanes) > 1:
        boxes += [box(f"s{at}", escaped(names[slot])) for slot, at in lanes.items()]
    boxes.append(box("refused", f"refused only <i>{course.refused}</i>", "turned", checked=False))
    return f'<nav class="filter" aria-label="filter"><div>{"".join(boxes)}</div></nav>\n'


def _lanes(course: _Course, names: dict[str, str]) -> str:
    """The heads of the lanes: the first card, the terminal, the other cards."""
    cards = [
        f'<div class="s{at}">{escaped(names[slot]) or "card"}<small>{escaped(kind)}</small></div>'
        for at, (slot, kind) in enumerate(course.slots.items())
    ]
    terminal = '<div class="terminal">terminal</div>'
    if len(cards) < 2:
        return f'<div class="lanes">{terminal}{"".join(cards)}</div>\n'
    return f'<div class="lanes">{cards[0]}{terminal}<div class="others">{"".join(cards[1:])}</div></div>\n'


def _opening(phase: Phase, rows: Sequence[Stretched]) -> str:
    exchanges = [each.item for each in rows if isinstance(each.item, Exchange)]
    took = sum(each.duration for each in exchanges)
    bad = sum(_verdict(each) == "bad" for each in exchanges)
    facts = [f"{len(exchanges)} exchange{'s' if len(exchanges) != 1 else ''}"] if exchanges else []
    facts += [f"{_time(took)} of card"] if took else []
    facts += [f'<span class="bad">{bad} refused</span>'] if bad else []
    return f'<section class="p-{phase.name.lower()}"><h2>{phase}<small>{" · ".join(facts)}</small></h2>\n'


def _state(each: Stretched) -> str:
    """Where the card is and what is proven, in words."""
    explanation = each.explanation
    where = "/".join(part for part in (explanation.directory, explanation.file) if part)
    proven = [f"PIN {reference:02X} verified" for reference in explanation.verified]
    proven += ["recognised"] if explanation.recognised else []
    return " · ".join(part for part in (where, *proven) if part)


def _row(number: int, each: Stretched, lanes: dict[str, int], names: dict[str, str], state: str) -> str:
    item, explanation = each.item, each.explanation
    lane = lanes[item.slot]
    if not isinstance(item, Exchange):
        name = names[item.slot]
        return (
            f'<div class="event s{lane}"><span>{_time(item.time)}</span>'
            f"<div>{escaped(f'{name}: ' if name else '')}{escaped(explanation.text)}</div></div>\n"
        )
    verdict = _verdict(item)
    joined = f" · {each.parts} TPDUs" if each.parts > 1 else ""
    status = item.response.hex()[-4:]
    # A logarithmic bar: from ten microseconds to ten seconds.
    width = 0 if item.duration <= 10 else min(100, round(100 * (log10(item.duration) - 1) / 6))
    took = f"<small>{_time(item.duration)}</small>" if item.duration else ""
    other = f"{escaped(names[item.slot])}: " if lane > 1 else ""
    return (
        f'<div class="row {"l" if lane == 0 and len(lanes) > 1 else "r"} s{lane}{" refused" if verdict == "bad" else ""}">'
        f'<div class="spine"><span>{_time(item.time)}</span><span class="lane">{escaped(names[item.slot])}</span><span>{took}'
        f'<span class="bar" style="width:{width}%"></span></span></div>'
        f'<div class="card"><div class="asked">{other}{escaped(explanation.command)}</div>'
        f'<div class="said {verdict}">{escaped(explanation.response)} <code>{escaped(status)}</code></div>{_why(item)}'
        f'<div class="foot"><details><summary>{number} · {len(item.command)} → {len(item.response)} bytes{joined}'
        f"</summary><pre>&gt; {_pairs(item.command.hex())}\n&lt; {_pairs(item.response.hex())}</pre></details>"
        f"{f'<span class=where>{escaped(state)}</span>' if state else ''}</div></div></div>\n"
    )


def _why(exchange: Exchange) -> str:
    """What the card said of a refusal beside its answer."""
    why = exchange.why
    if why is None:
        return ""
    return f'<div class="why">{escaped(why.sentence)} <small>{escaped(why.clause)}</small></div>'


def _pairs(text: str) -> str:
    """Hexadecimal in pairs, which break at the end of a line."""
    return " ".join(text[at : at + 2] for at in range(0, len(text), 2)) or "no answer"


def _time(microseconds: int) -> str:
    if microseconds < 1000:
        return f"{microseconds} µs"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1_000_000:.3f} s"
