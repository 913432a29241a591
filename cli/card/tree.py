"""A card on a screen: a tree of directories, files, PINs and keys."""

import sys
from collections.abc import Iterator, Mapping, Sequence

from bifente.applets.perso.edit.view import CardView, DirectoryView, FileView, KeyView, Line, PinView
from bifente.cli.styled import QUIET, Span, Spans, cropped, print_spans, screen_width, table, wrapped
from bifente.ssv.findings import describe
from bifente.ssv.groups import Group as SsvGroup

_SYNTHETIC = "synthetic"
_GUIDES = ("├── ", "└── ", "│   ", "    ")
_ASCII_GUIDES = ("+-- ", "`-- ", "|   ", "    ")
"""Before a branch, the last branch, what stands beside further branches, what stands below the last."""


def show_card(card: CardView) -> None:
    """Print the tree of a card with its legend."""
    width = screen_width()
    print_spans(wrapped(_title(card), width))
    print_spans([(f"  {name} ", QUIET), (text, "")] for name, text in _head(card))
    if card.root is not None:
        print_spans(_directory(card.root, width))
    if card.findings:
        print_spans([[("Noticed", "bold")]])
        for finding in card.findings:
            print_spans(wrapped([(f"  {finding}", "")], width))


def show_brief(card: CardView) -> None:
    """Print a card in a line for each PIN and file: its name, its size and how its content begins."""
    width = screen_width()
    print_spans(wrapped(_title(card), width))
    if card.business_form:
        print_spans([[("  business data ", QUIET), (card.business_form, "")]])
    rows = list(_brief_rows(card.root)) if card.root is not None else []
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for name, fid, size, content in rows:
        line = [
            (f"  {name:{widths[0]}}  ", "cyan"),
            (f"{fid:{widths[1]}}  {size:>{widths[2]}}  ", QUIET),
            (content, ""),
        ]
        print_spans([cropped(line, width)])
    if card.findings:
        print_spans([[(f"  {len(card.findings)} noticed, see card show", QUIET)]])


def show_part(part: DirectoryView | FileView | PinView | KeyView) -> None:
    """Print one part of a card as its tree shows it."""
    width = screen_width()
    if isinstance(part, DirectoryView):
        print_spans(_directory(part, width))
    elif isinstance(part, FileView):
        print_spans(_file(part, width))
    elif isinstance(part, PinView):
        print_spans(wrapped(_pin(part), width))
    else:
        print_spans(_key(part, width))


def _brief_rows(directory: DirectoryView) -> Iterator[tuple[str, str, str, str]]:
    for pin in directory.pins:
        yield f"PIN {pin.reference}", "", "", f"{pin.tries_left} of {pin.tries} tries left"
    for file in directory.files:
        content = ", ".join(text for _, text in file.lines) if file.decoded else "does not decode"
        yield file.name, file.fid, str(file.size), content
    for child in directory.directories:
        yield from _brief_rows(child)


def show_groups(groups: Sequence[SsvGroup]) -> None:
    """Print SSV groups, one table line for each field that is not empty."""
    for group in groups:
        print_spans([[(str(group.id), "bold cyan"), (f" {group.description.name}", "")]])
        lines = [
            (f"{number} {description.name}", f"{text}  ({words})" if words and words != text else text)
            for number, description, text, words in describe(group)
            if text
        ]
        show_value(lines)


def _title(card: CardView) -> Spans:
    title: list[Span] = [(card.title, "bold"), (f"  {card.serial}", "")]
    if card.environment:
        title.append((f"  {card.environment}", "green" if card.environment == "test" else "bold red"))
    if card.opposed:
        title.append((f"  opposed since {card.opposed}", "bold red"))
    return title


def _head(card: CardView) -> list[Line]:
    lines = [("made", card.created), ("ATR", card.atr)]
    if card.comment:
        lines.append(("from", card.comment))
    if card.holder:
        lines.append(("recognition", card.holder))
    if card.issuer_signature:
        lines.append(("issuer's signature", card.issuer_signature))
    if card.memory:
        lines.append(("memory", card.memory))
    if card.business_form:
        lines.append(("business data", card.business_form))
    if card.latest_date:
        lines.append(("latest date shown", card.latest_date))
    return lines


def _directory(directory: DirectoryView, width: int) -> Iterator[Spans]:
    """The lines of a directory, and of what is in it beside the guides of the tree."""
    name: list[Span] = [(directory.name, "bold"), (f"  {directory.fid}", "")]
    if directory.aid:
        name.append((f"  AID {directory.aid}", ""))
    yield from wrapped([*name, *_rules(directory.rules), _source(directory.source)], width)
    branch, last, beside, below = _guides()
    inner = width - len(branch)
    branches = [
        *(iter(wrapped(_pin(pin), inner)) for pin in directory.pins),
        *(_key(key, inner) for key in directory.keys),
        *(_file(file, inner) for file in directory.files),
        *(_directory(child, inner) for child in directory.directories),
    ]
    for number, lines in enumerate(branches, 1):
        guide, further = (last, below) if number == len(branches) else (branch, beside)
        for line in lines:
            yield [(guide, QUIET), *line]
            guide = further


def _guides() -> tuple[str, str, str, str]:
    """The lines of the tree, in ASCII where the output cannot write others."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return _GUIDES if encoding.lower().startswith("utf") else _ASCII_GUIDES


def _file(file: FileView, width: int) -> Iterator[Spans]:
    head: list[Span] = [(file.name, "cyan"), (f"  {file.fid}", "")]
    if file.sfi is not None:
        head.append((f"  SFI {file.sfi:02X}", ""))
    head.append((f"  {file.size} bytes", ""))
    if file.meaning:
        head.append((f"  {file.meaning}", "italic"))
    head += [*_rules(file.rules), _source(file.source)]
    if not file.decoded:
        head.append(("  does not decode", "bold red"))
    yield from wrapped(head, width)
    yield from table(file.lines, width)


def _pin(pin: PinView) -> Spans:
    text: list[Span] = [(f"PIN {pin.reference}", "yellow"), (f"  {pin.name}", "")]
    state = f"  {pin.tries_left} of {pin.tries} tries left"
    text.append((state, "bold red" if pin.tries_left == 0 else ""))
    if pin.uses_left is not None:
        text.append((f", {pin.uses_left} uses left", "bold red" if pin.uses_left == 0 else ""))
    return [*text, *_rules(pin.rules), _source(pin.source)]


def _key(key: KeyView, width: int) -> Iterator[Spans]:
    algorithms = ", ".join(f"{crt}: {' '.join(values)}" for crt, values in key.algorithms.items())
    head = [(f"key {key.reference}", "yellow"), (f"  {key.name}  {algorithms}", "")]
    yield from wrapped([*head, *_rules(key.rules), _source(key.source)], width)
    about = ("public key SHA-256", key.fingerprint) if key.secret is None else ("secret key", key.secret)
    yield from table([(about[0], about[1] or "no key")], width)


def _rules(rules: Mapping[str, str]) -> list[Span]:
    """The rules that open something: what nobody may do is not worth a word."""
    open_to = [f"{operation}: {rule}" for operation, rule in rules.items() if rule != "never"]
    return [(f"  [{', '.join(open_to)}]", "green")] if open_to else []


def _source(source: str) -> Span:
    return f"  ‹{source}›", "magenta" if _SYNTHETIC in source else QUIET


def show_value(lines: Sequence[Line]) -> None:
    """Print what stands inside of a file: a line for each of its parts."""
    print_spans(table(lines, screen_width()))
