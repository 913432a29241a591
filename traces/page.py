"""A trace as one HTML page: no script, no network, to be looked at and passed on.

Each exchange is a row: its part of the sequence picture, in words, its bytes, and how long it took as a bar.
"""

from collections.abc import Iterable, Iterator
from html import escape
from math import log10
from typing import Final

from bifente.traces.follow import Explanation, Follower
from bifente.traces.join import counted
from bifente.traces.model import Exchange, Item, TraceHeader
from bifente.traces.words import name_of

MOST: Final = 20_000
"""Rows of one page; browsers are slow with more."""

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8888;--ask:#1a6fb5;--say:#2e8b57;--bad:#c0392b;--soft:#8881}
body{font:14px/1.45 system-ui,sans-serif;margin:1.5rem}
h1{font-size:1.3rem;margin:0 0 .3rem}h2{font-size:1.1rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0 1rem}
dt{opacity:.7}dd{margin:0;font-family:ui-monospace,monospace;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th{text-align:left;font-weight:600;border-bottom:1px solid var(--line);padding:.3rem .6rem;position:sticky;top:0;
background:Canvas;z-index:1}
td{padding:.15rem .6rem;vertical-align:top}
tr:nth-child(even) td{background-color:var(--soft)}
td.n,td.t{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;opacity:.8}
td.s{padding:0;width:132px;background-image:linear-gradient(var(--line),var(--line)),
linear-gradient(var(--line),var(--line));background-size:1px 100%;background-repeat:no-repeat;
background-position:14px 0,118px 0}
td.s svg{display:block;height:44px;width:132px}
.asked{color:var(--ask)}.said{color:var(--say)}.bad{color:var(--bad)}
.where{opacity:.65;font-size:.9em}
details{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}
summary{cursor:pointer;opacity:.65}
.bar{display:block;height:6px;border-radius:3px;background:var(--ask);margin-top:.3rem;opacity:.7}
tr.event td{font-style:italic}
svg text{font:10px ui-monospace,monospace;fill:currentColor}
"""


def page(
    header: TraceHeader, items: Iterable[Item], *, title: str, most: int = MOST, tpdu: bool = False
) -> Iterator[str]:
    """The page in portions. Rows behind the first *most* are counted only. *tpdu* leaves T=0 halves apart."""
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n"
    )
    yield _head(header)
    yield (
        "<table><thead><tr><th>#</th><th>at</th><th>terminal → card</th><th>what was said</th><th>took</th></tr>"
        "</thead>\n<tbody>\n"
    )
    follower = Follower()
    number = rows = left = 0
    timing = _Timing()
    for item, parts in ((item, 1) for item in items) if tpdu else counted(items):
        rows += 1
        if isinstance(item, Exchange):
            number += 1
            timing.add(item)
        if rows > most:
            left += 1
            continue
        explanation = follower.explain(item)
        if isinstance(item, Exchange):
            yield _row(number, item, parts, explanation)
        else:
            yield (
                f'<tr class="event"><td class="n"></td><td class="t">{_time(item.time)}</td>'
                f'<td class="s">{_event_picture()}</td><td colspan="2">{escape(_slot(item.slot))}'
                f"{escape(explanation.text)}</td></tr>\n"
            )
    yield "</tbody></table>\n"
    more = f", of which {left} rows are not shown" if left else ""
    yield f"<p>{number} exchanges{more}.</p>\n{timing.table()}</body></html>\n"


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
            f'<tr><td>{escape(name)}</td><td class="t">{count}</td><td class="t">{_time(total)}</td>'
            f'<td class="t">{_time(total // count)}</td><td class="t">{_time(most)}</td>'
            f'<td><span class="bar" style="width:{round(100 * total / whole)}%"></span></td></tr>\n'
            for name, (count, total, most) in slowest
        )
        return (
            "<h2>How long the card took</h2>\n<table><thead><tr><th>command</th><th>times</th><th>in all</th>"
            f"<th>mean</th><th>at most</th><th>share</th></tr></thead>\n<tbody>\n{rows}"
            f"<tr><th>all</th><th></th><th>{_time(whole)}</th><th></th><th></th><th></th></tr></tbody></table>\n"
        )


def _head(header: TraceHeader) -> str:
    facts = [("reader", header.reader), ("ATR", header.atr.hex(" ").upper() if header.atr else "")]
    if header.protocol is not None:
        facts.append(("protocol", f"T={0 if header.protocol == 1 else 1}"))
    if header.date is not None:
        facts.append(("recorded", header.date.isoformat(timespec="seconds")))
    facts.append(("secrets", "masked" if header.masked else "not masked when it was recorded"))
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
    return f"<dl>{cells}</dl>\n"


def _row(number: int, exchange: Exchange, parts: int, explanation: Explanation) -> str:
    status = exchange.response.shown[-2:]
    bad = len(status) < 2 or not (status[0] in (0x90, 0x91, 0x61, 0x62) or status[:1] == b"\x9f")
    where = "/".join(each for each in (explanation.directory, explanation.file) if each)
    proven = [f"PIN {reference:02X} verified" for reference in explanation.verified]
    proven += ["recognised"] if explanation.recognised else []
    state = " · ".join(part for part in (where, *proven) if part)
    joined = f" · {parts} TPDUs" if parts > 1 else ""
    # A logarithmic bar: from ten microseconds to ten seconds.
    width = 0 if exchange.duration <= 10 else min(100, round(100 * (log10(exchange.duration) - 1) / 6))
    return (
        f'<tr><td class="n">{number}</td><td class="t">{_time(exchange.time)}</td>'
        f'<td class="s">{_picture(exchange, bad=bad)}</td>'
        f'<td><span class="asked">{escape(_slot(exchange.slot))}{escape(explanation.command)}</span><br>'
        f'<span class="{"bad" if bad else "said"}">{escape(explanation.response)}</span>'
        f"{f' <span class=where>{escape(state)}</span>' if state else ''}"
        f"<details><summary>{len(exchange.command)} → {len(exchange.response)} bytes{joined}</summary>"
        f"&gt; {exchange.command.hex()}<br>&lt; {exchange.response.hex()}</details></td>"
        f'<td class="t">{_time(exchange.duration)}<span class="bar" style="width:{width}%"></span></td></tr>\n'
    )


def _picture(exchange: Exchange, *, bad: bool) -> str:
    instruction = exchange.command.shown[1:2].hex().upper() or "–"
    status = exchange.response.shown[-2:].hex().upper() or "no answer"
    colour = "var(--bad)" if bad else "var(--say)"
    ask = '<path d="M14 16H113m-5 -4 5 4 -5 4" stroke="var(--ask)" fill="none"/>'
    say = (
        f'<path d="M118 35H19m5 -4 -5 4 5 4" stroke="{colour}" fill="none"/>'
        if len(exchange.response)
        else ""
    )
    texts = (
        f'<text x="66" y="12" text-anchor="middle">{instruction} {len(exchange.command)}</text>'
        f'<text x="66" y="31" text-anchor="middle">{status}</text>'
    )
    return f'<svg viewBox="0 0 132 44" role="img">{ask}{say}{texts}</svg>'


def _event_picture() -> str:
    return '<svg viewBox="0 0 132 44"><circle cx="118" cy="22" r="5" fill="var(--line)"/></svg>'


def _slot(slot: str) -> str:
    return f"{slot}: " if slot else ""


def _time(microseconds: int) -> str:
    if microseconds < 1000:
        return f"{microseconds} µs"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds / 1_000_000:.3f} s"
