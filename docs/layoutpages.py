"""Writes the pages that list what stands on each card, from the same layouts that the emulator uses."""

from collections.abc import Iterator
from pathlib import Path

from bifente.apdu.files.security import Operation
from bifente.applets.families import family_of
from bifente.layouts.access import NEVER
from bifente.layouts.codecs import businessdata, professional
from bifente.layouts.faces import contactless
from bifente.layouts.nodes import DF, EF, Layout
from bifente.layouts.promises import Promise, promises, states
from bifente.layouts.registry import layouts
from bifente.ssv.groups import GROUPS

SITUATION = 0xA0


def write(folder: Path) -> None:
    """One page for each layout in *folder*, written only when it changes."""
    folder.mkdir(exist_ok=True)
    for layout in layouts():
        page = folder / f"{layout.kind}.md"
        text = "\n".join(_page(layout)) + "\n"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
    access = {f"access-{name}": _access(layout, kind) for name, kind, layout in _tried()}
    for name, lines in (("business", _business()), ("group2", _group_2()), *access.items()):
        part = folder / f"{name}.md"
        text = "\n".join(lines) + "\n"
        if not part.exists() or part.read_text(encoding="utf-8") != text:
            part.write_text(text, encoding="utf-8")


def _tried() -> Iterator[tuple[str, str, Layout]]:
    """Each kind of card, and the other face of those that have one."""
    for layout in layouts():
        yield layout.kind, layout.kind, layout
        if layout.contactless is not None:
            yield f"{layout.kind}-contactless", layout.kind, contactless(layout)


def _access(layout: Layout, kind: str) -> Iterator[str]:
    """Who may do what: a row for each file, key and object, a column for each security state."""
    family = family_of(kind)
    met = states(layout)
    rows: dict[tuple[str, str], list[Promise]] = {}
    for promise in promises(layout, family.instructions()):
        rows.setdefault((promise.path, _named(promise)), []).append(promise)
    yield f"| {layout.title} | " + " | ".join(state.value for state in met) + " |"
    yield "|---" * (len(met) + 1) + "|"
    for (path, name), told in rows.items():
        cells = []
        for proven in met.values():
            done = dict.fromkeys(str(each.operation) for each in told if each.holds(proven))
            cells.append(", ".join(done) or "–")
        yield f"| {name} ({path}) | " + " | ".join(cells) + " |"


def _named(promise: Promise) -> str:
    subject = promise.subject
    if isinstance(subject, DF | EF):
        return subject.name
    return f"{subject.name}, {subject.reference:02X}"


def _business() -> Iterator[str]:
    """The tags of the business data, from their templates."""
    yield "| object | tag | part | meaning |"
    yield "|---|---|---|---|"
    for name, (outer, template) in businessdata.PARTS.items():
        where = f"{name} ({outer:02X})" if outer != SITUATION else f"{name} (E0, at most 8 × {outer:02X})"
        for element in template.elements:
            optional = " (may be absent)" if element.optional else ""
            yield f"| {where} | {element.tag:02X} | `{element.key}` | {element.meaning}{optional} |"
            where = ""


def _group_2() -> Iterator[str]:
    """Where a terminal has the fields of SSV group 2 from."""
    yield "| field | name | from |"
    yield "|---|---|---|"
    for number, field in enumerate(GROUPS[2].fields, 1):
        yield f"| 2.{number} | {field.name} | {professional.SOURCES.get(field.name, '—')} |"


def _page(layout: Layout) -> Iterator[str]:
    yield f"# {layout.title}"
    yield ""
    yield f"ATR `{layout.atr.hex(' ').upper()}`. Source: {layout.source}. What is not public says `synthetic`."
    if layout.contactless is not None:
        other = layout.contactless
        yield ""
        yield (
            f"Without contacts: ATR `{other.atr.hex(' ').upper()}`, application `{other.application.hex().upper()}`. "
            f"Source: {other.source}. What has no rule there is forbidden there."
        )
    for path, directory in layout.directories():
        yield ""
        yield f"## {directory.name} ({path})"
        yield ""
        aid = f"DF name `{directory.aid.hex().upper()}`. " if directory.aid else ""
        yield f"{aid}Source: {directory.source}."
        yield from _files(directory, contactless=layout.contactless is not None)
        yield from _secrets(directory)


def _files(directory: DF, *, contactless: bool) -> Iterator[str]:
    files = list(directory.files())
    if not files:
        return
    yield ""
    without = " read without contacts |" if contactless else ""
    yield f"| FID | SFI | name | meaning | read | update |{without} source |"
    yield "|---|---|---|---|---|---|---|" + ("---|" if contactless else "")
    for node in files:
        yield _file(node, contactless=contactless)


def _file(node: EF, *, contactless: bool) -> str:
    rules = {operation.value: str(rule) for operation, rule in node.access.items()}
    sfi = f"{node.sfi:02X}" if node.sfi else ""
    optional = " (may be absent)" if node.optional else ""
    without = ""
    if contactless:
        rule = node.contactless[Operation.READ] if node.contactless is not None else NEVER
        without = f"| {rule} "
    return (
        f"| {node.fid:04X} | {sfi} | {node.name} | {node.meaning}{optional} | {rules['read']} | {rules['update']} "
        f"{without}| {node.source} |"
    )


def _secrets(directory: DF) -> Iterator[str]:
    if directory.pins or directory.keys or directory.secrets or directory.keysets:
        yield ""
        yield "| reference | name | rules | source |"
        yield "|---|---|---|---|"
    for pin in directory.pins:
        rules = ", ".join(f"{operation.value}: {rule}" for operation, rule in pin.access.items())
        uses = "" if pin.uses is None else f", {pin.uses} uses"
        yield f"| {pin.reference:02X} | {pin.name} ({pin.tries} tries{uses}) | {rules} | {pin.source} |"
    for key in directory.keys:
        rules = ", ".join(f"{operation.value}: {rule}" for operation, rule in key.access.items())
        if key.contactless is not None:
            others = ", ".join(f"{operation.value}: {rule}" for operation, rule in key.contactless.items())
            rules += f"; without contacts {others}"
        algorithms = ", ".join(
            f"{crt.name.lower()} {'/'.join(f'{value:02X}' for value in sorted(values))}"
            for crt, values in key.algorithms.items()
        )
        yield f"| {key.reference:02X} | {key.name} (RSA 2048; {algorithms}) | {rules} | {key.source} |"
    for keyset in directory.keysets:
        rules = ", ".join(f"{operation.value}: {rule}" for operation, rule in keyset.access.items())
        algorithms = ", ".join(f"{each:02X}" for each in sorted(keyset.algorithms))
        yield f"| {keyset.reference:02X} | {keyset.name} (secure messaging; {algorithms}) | {rules} | {keyset.source} |"
    for secret in directory.secrets:
        rules = ", ".join(f"{operation.value}: {rule}" for operation, rule in secret.access.items())
        what = "mother key" if secret.mother else "the card's own"
        yield f"| {secret.reference:02X} | {secret.name} ({secret.cipher}, {what}; {secret.algorithm:02X}) | {rules} | {secret.source} |"
    for environment in directory.environments:
        yield ""
        yield f"SE#{environment.number}: {environment.meaning}. Source: {environment.source}."
