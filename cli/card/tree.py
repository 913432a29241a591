"""A card on a screen: a tree of directories, files, PINs and keys."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from bifente.applets.perso.edit.view import CardView, DirectoryView, FileView, KeyView, Line, PinView
from bifente.cli.screen import Screen
from bifente.documents.visible import visible
from bifente.layouts.ssv_findings import describe
from bifente.layouts.ssv_groups import Group as SsvGroup

_SYNTHETIC = "synthetic"
_QUIET = "dim"


def show_card(card: CardView, console: Screen | None = None) -> None:
    """Print the tree of a card with its legend."""
    console = console or Screen()
    console.print(_title(card))
    for name, text in _head(card):
        console.print(Text.assemble((f"  {name} ", _QUIET), visible(text)), soft_wrap=True)
    if card.root is not None:
        console.print(_directory(card.root))
    if card.findings:
        console.print(Text("Noticed", "bold"))
        for finding in card.findings:
            console.print(Text(f"  {visible(finding)}"))


def show_brief(card: CardView, console: Screen | None = None) -> None:
    """Print a card in a line for each PIN and file: its name, its size and how its content begins."""
    console = console or Screen()
    console.print(_title(card))
    if card.business_form:
        console.print(Text.assemble(("  business data ", _QUIET), card.business_form), soft_wrap=True)
    rows = list(_brief_rows(card.root)) if card.root is not None else []
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for name, fid, size, content in rows:
        line = Text(f"  {name:{widths[0]}}  ", "cyan")
        line.append(f"{fid:{widths[1]}}  {size:>{widths[2]}}  ", _QUIET).append(visible(content), "not dim")
        console.print(line, no_wrap=True, overflow="ellipsis")
    if card.findings:
        console.print(Text(f"  {len(card.findings)} noticed, see card show", _QUIET))


def show_part(part: DirectoryView | FileView | PinView | KeyView, console: Screen | None = None) -> None:
    """Print one part of a card as its tree shows it."""
    console = console or Screen()
    if isinstance(part, DirectoryView):
        console.print(_directory(part))
    elif isinstance(part, FileView):
        console.print(_file(part))
    else:
        console.print(_pin(part) if isinstance(part, PinView) else _key(part))


def _brief_rows(directory: DirectoryView) -> Iterator[tuple[str, str, str, str]]:
    for pin in directory.pins:
        yield f"PIN {pin.reference}", "", "", f"{pin.tries_left} of {pin.tries} tries left"
    for file in directory.files:
        content = ", ".join(text for _, text in file.lines) if file.decoded else "does not decode"
        yield file.name, file.fid, str(file.size), content
    for child in directory.directories:
        yield from _brief_rows(child)


def show_groups(groups: Sequence[SsvGroup], console: Screen | None = None) -> None:
    """Print SSV groups, one table line for each field that is not empty."""
    console = console or Screen()
    for group in groups:
        console.print(Text.assemble((str(group.id), "bold cyan"), f" {group.description.name}"))
        lines = [
            (f"{number} {description.name}", f"{text}  ({words})" if words and words != text else text)
            for number, description, text, words in describe(group)
            if text
        ]
        console.print(_table(lines))


def _title(card: CardView) -> Text:
    title = Text.assemble((card.title, "bold"), f"  {visible(card.serial)}")
    if card.environment:
        title.append(f"  {visible(card.environment)}", "green" if card.environment == "test" else "bold red")
    if card.opposed:
        title.append(f"  opposed since {visible(card.opposed)}", "bold red")
    return title


def _head(card: CardView) -> list[Line]:
    lines = [("made", card.created), ("ATR", card.atr)]
    if card.comment:
        lines.append(("from", card.comment))
    if card.holder:
        lines.append(("recognition", card.holder))
    if card.issuer_signature:
        lines.append(("issuer's signature", card.issuer_signature))
    if card.business_form:
        lines.append(("business data", card.business_form))
    if card.latest_date:
        lines.append(("latest date shown", card.latest_date))
    return lines


def _directory(directory: DirectoryView) -> Tree:
    name = Text.assemble((directory.name, "bold"), f"  {directory.fid}")
    if directory.aid:
        name.append(f"  AID {directory.aid}")
    name.append_text(_rules(directory.rules))
    name.append_text(_source(directory.source))
    tree = Tree(name, guide_style=_QUIET)
    for pin in directory.pins:
        tree.add(_pin(pin))
    for key in directory.keys:
        tree.add(_key(key))
    for file in directory.files:
        tree.add(_file(file))
    for child in directory.directories:
        tree.add(_directory(child))
    return tree


def _file(file: FileView) -> RenderableType:
    head = Text.assemble((file.name, "cyan"), f"  {file.fid}")
    if file.sfi is not None:
        head.append(f"  SFI {file.sfi:02X}")
    head.append(f"  {file.size} bytes")
    if file.meaning:
        head.append(f"  {file.meaning}", "italic")
    head.append_text(_rules(file.rules))
    head.append_text(_source(file.source))
    if not file.decoded:
        head.append("  does not decode", "bold red")
    return Group(head, _table(file.lines))


def _pin(pin: PinView) -> Text:
    state = f"  {pin.tries_left} of {pin.tries} tries left"
    text = Text.assemble((f"PIN {pin.reference}", "yellow"), f"  {pin.name}")
    text.append(state, "bold red" if pin.tries_left == 0 else "")
    if pin.uses_left is not None:
        text.append(f", {pin.uses_left} uses left", "bold red" if pin.uses_left == 0 else "")
    text.append_text(_rules(pin.rules))
    text.append_text(_source(pin.source))
    return text


def _key(key: KeyView) -> RenderableType:
    algorithms = ", ".join(f"{crt}: {' '.join(values)}" for crt, values in key.algorithms.items())
    head = Text.assemble((f"key {key.reference}", "yellow"), f"  {key.name}  {algorithms}")
    head.append_text(_rules(key.rules))
    head.append_text(_source(key.source))
    return Group(head, _table([("public key SHA-256", key.fingerprint or "no key")]))


def _rules(rules: Mapping[str, str]) -> Text:
    """The rules that open something: what nobody may do is not worth a word."""
    open_to = [f"{operation}: {rule}" for operation, rule in rules.items() if rule != "never"]
    return Text(f"  [{', '.join(open_to)}]" if open_to else "", "green")


def _source(source: str) -> Text:
    return Text(f"  ‹{source}›", "magenta" if _SYNTHETIC in source else _QUIET)


def show_value(lines: Sequence[Line], console: Screen | None = None) -> None:
    """Print what stands inside of a file: a line for each of its parts."""
    (console or Screen()).print(_table(lines))


def _table(lines: Sequence[Line]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style=_QUIET, no_wrap=True, max_width=48)
    table.add_column(overflow="fold")
    for name, text in lines:
        table.add_row(Text(f"  {visible(name)}"), Text(visible(text)))
    return table
