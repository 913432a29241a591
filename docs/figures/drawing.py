"""Figures as SVG, to stand inside a page: they take its colours, light or dark, and need no script and no font."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

WIDTH = 760
LANE, LEFT, HEAD = 50, 28, 74
LETTER = 6.4
"""How wide a letter of a caption is, rather too wide than too narrow."""

COLOURS = ("#1c7ed6", "#e8590c", "#9c36b5", "#2f9e44", "#c2255c", "#0c8599", "#8a7400", "#748094")
"""Of the lanes: each is told from a white page and from a black one."""

STYLE = """<style>
.drawn { max-width: 100%; height: auto; font-family: var(--font-stack, sans-serif); }
.drawn text { fill: var(--color-foreground-primary, #1a1c1e); font-size: 13px; }
.drawn text.small { fill: var(--color-foreground-secondary, #4d5257); font-size: 11px; }
.drawn text.code { font-family: var(--font-stack--monospace, monospace); font-size: 12px; }
.drawn text.strong { font-weight: 600; }
.drawn text.middle { text-anchor: middle; }
.drawn text.end { text-anchor: end; }
.drawn .rail { stroke: var(--color-background-border, #d0d4d8); stroke-width: 1; }
.drawn .road { fill: none; stroke-width: 2.5; }
.drawn .band { fill: var(--color-background-secondary, #f3f4f6); }
.drawn .never { fill: var(--color-background-border, #d0d4d8); }
</style>"""


@dataclass(frozen=True, slots=True)
class Stop:
    """One place of a road: the lane it lies on, what happens there, and the stop from which it is reached."""

    lane: str
    label: str
    caption: str = ""
    came_from: int | None = None
    """An index into the stops of the same road, less than its own."""
    heading: bool = False


def figure(title: str, height: float, parts: Sequence[str]) -> str:
    """A whole figure."""
    return "\n".join((
        f'<svg class="drawn" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img">',
        f"<title>{escape(title)}</title>",
        STYLE,
        *parts,
        "</svg>",
        "",
    ))  # fmt: skip


def words(x: float, y: float, content: str, kind: str = "", turned: int = 0) -> str:
    """One line of text; *kind* is a class of the style."""
    turn = f' transform="rotate({turned} {x:g} {y:g})"' if turned else ""
    chosen = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}"{chosen}{turn}>{escape(content)}</text>'


def road(title: str, lanes: Mapping[str, str], stops: Sequence[Stop]) -> str:
    """A road through *lanes*, key → name: time runs downward, a line leads from each stop to those reached from it."""
    at = {key: LEFT + number * LANE for number, key in enumerate(lanes)}
    colour = {key: COLOURS[number % len(COLOURS)] for number, key in enumerate(lanes)}
    margin = LEFT + len(lanes) * LANE
    heights, captions, y = [], [], float(HEAD + 18)
    for stop in stops:
        captions.append(wrap(stop.caption, int((WIDTH - margin) / LETTER)))
        heights.append(y + (8 if stop.heading else 0))
        y += 25 + 14 * len(captions[-1]) + (8 if stop.heading else 0)
    parts = list(_rails(lanes, at, y))
    for stop, stop_y in zip(stops, heights, strict=True):
        if stop.came_from is not None:
            start = stops[stop.came_from]
            parts.append(
                f'<path class="road" stroke="{colour[start.lane]}" '
                f'd="M{at[start.lane]:g} {heights[stop.came_from]:g}V{stop_y:g}H{at[stop.lane]:g}"/>'
            )
    for stop, stop_y, caption in zip(stops, heights, captions, strict=True):
        radius = 8 if stop.heading else 6
        parts.append(
            f'<circle cx="{at[stop.lane]:g}" cy="{stop_y:g}" r="{radius}" fill="{colour[stop.lane]}"/>'
        )
        parts.append(words(margin, stop_y + 4, stop.label, "strong" if stop.heading else "code"))
        parts += (words(margin, stop_y + 19 + 14 * line, text, "small") for line, text in enumerate(caption))
    return figure(title, y, parts)


def _rails(lanes: Mapping[str, str], at: Mapping[str, int], end: float) -> Iterator[str]:
    for key, name in lanes.items():
        yield words(at[key] + 2, HEAD - 4, name, "small", -42)
        yield f'<line class="rail" x1="{at[key]}" y1="{HEAD}" x2="{at[key]}" y2="{end - 8:g}"/>'


def matrix(
    title: str,
    names: Sequence[str],
    allowed: Mapping[str, frozenset[str]],
    used: Mapping[tuple[str, str], int],
) -> str:
    """Who imports whom: a row for each name, in it a full square with the number of imports, or an empty one where an
    import is allowed and none is there."""
    cell, left, top = 40, 112, 96
    parts = []
    for row, name in enumerate(names):
        y = top + row * cell
        parts.append(words(left - 10, y + cell / 2 + 4, name, "end code"))
        parts.append(words(left + row * cell + cell / 2, top - 8, name, "small", -42))
        for column, other in enumerate(names):
            x = left + column * cell
            parts += _cell(
                x, y, cell, row == column, other in allowed.get(name, ()), used.get((name, other), 0)
            )
    return figure(title, top + len(names) * cell + 4, parts)


def _cell(x: int, y: int, cell: int, own: bool, may: bool, count: int) -> Iterator[str]:
    square = f'x="{x + 2}" y="{y + 2}" width="{cell - 4}" height="{cell - 4}" rx="4"'
    if own:
        yield f'<rect class="never" {square}/>'
    elif count:
        yield f'<rect fill="{COLOURS[0] if may else COLOURS[4]}" fill-opacity="0.3" stroke="{COLOURS[0]}" {square}/>'
        yield words(x + cell / 2, y + cell / 2 + 4, str(count), "middle")
    elif may:
        yield f'<rect fill="none" stroke="{COLOURS[0]}" stroke-dasharray="3 3" {square}/>'
    else:
        yield f'<rect class="band" {square}/>'
