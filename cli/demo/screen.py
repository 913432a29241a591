"""The one screen of ``bifente demo``."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bifente.apdu.instructions import MANAGE_SECURITY_ENVIRONMENT, READ_BINARY, SELECT
from bifente.cli.screen import Screen
from bifente.cli.sheet.verify import told
from bifente.documents import replace_file
from bifente.documents.visible import visible
from bifente.traces.explanation.dialogue import Follower
from bifente.traces.model import Exchange, Item

if TYPE_CHECKING:
    from cryptography.x509 import ObjectIdentifier

    from bifente.workbench.demo import Demonstration

_CHAINED = 0x10
_SHOWN = 20
"""How many hexadecimal digits of a command one line shows."""

_NARROW = 64
"""Columns of a screen on which command and meaning do not stand side by side."""

_COLOURS = {"CPS": "cyan", "Vitale": "green"}


@dataclass(slots=True)
class _Row:
    """One line: exchanges of one card that serve one purpose."""

    slot: str
    command: str
    meaning: str
    count: int = 1
    files: list[str] = field(default_factory=list)


def show(done: "Demonstration", *, show_all: bool, svg: Path | None = None) -> None:
    """Print what the demonstration did; with *svg* keep the screen as a picture too."""
    console = Screen()
    narrow = console.width < _NARROW
    dialogue = _dialogue(done.items, show_all=show_all, narrow=narrow)
    console.print(_title(), dialogue, _sheet(done), _verdicts(done), sep="\n")
    if svg is not None:
        recorder = Screen(record=True, width=116, file=io.StringIO())
        wide = _dialogue(done.items, show_all=show_all, narrow=False)
        recorder.print(_title(), wide, _sheet(done), _verdicts(done), sep="\n")
        replace_file(svg, recorder.export_svg(title="bifente demo").encode(), mode=0o666)


def openssl_command(day: date) -> str:
    """What verifies the CPS's signature; at the care date when that is not today."""
    command = "openssl cms -verify -binary -inform DER -in sheet.p7m -CAfile roots.pem -out content.der"
    if day == date.today():
        return command
    return f"{command} -attime {int(datetime.combine(day, time(12), UTC).timestamp())}"


def _title() -> Text:
    title = Text("bifente demo", style="bold")
    return title.append(
        "  TEST cards under a TEST authority: nothing here is real, and what no public document says is synthetic",
        style="not bold",
    )


def _dialogue(items: list[Item], *, show_all: bool, narrow: bool) -> RenderableType:
    """The APDUs and their meaning; on a *narrow* screen the meaning alone."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    table.add_column("slot", width=6)
    if not narrow:
        table.add_column("APDU (secrets masked)", width=_SHOWN + 1, no_wrap=True)
    table.add_column("n", justify="right", style="dim")
    table.add_column("what it means", ratio=1, overflow="fold")
    for row in _every(items) if show_all else _purposes(items):
        colour = _COLOURS.get(row.slot, "")
        count = f"{row.count}" if row.command else ""
        command = () if narrow else (Text(row.command, style="dim"),)
        table.add_row(Text(row.slot, style=colour), *command, count, row.meaning)
    return table


def _every(items: list[Item]) -> Iterator[_Row]:
    follower = Follower()
    for item in items:
        explained = follower.explain(item)
        if isinstance(item, Exchange):
            yield _Row(item.slot, _short(item.command.hex()), _escaped(explained.text))
        else:
            yield _Row(item.slot, "", _escaped(explained.text))


def _purposes(items: list[Item]) -> Iterator[_Row]:
    """One line for selecting and reading files of one card, and one for a long command with what prepares it."""
    follower = Follower()
    reading: _Row | None = None
    blocks = 0
    for item in items:
        explained = follower.explain(item)
        if not isinstance(item, Exchange):
            if item.atr:
                yield _Row(item.slot, "", _escaped(explained.text))
            continue
        command = item.command.shown
        if command[1] in (SELECT, READ_BINARY):
            if reading is not None and reading.slot != item.slot:
                yield _finished(reading)
                reading = None
            if reading is None:
                reading = _Row(item.slot, _short(item.command.hex()), "", 0)
            reading.count += 1
            name = explained.file if command[1] == READ_BINARY else None
            if name is not None and name not in reading.files:
                reading.files.append(name)
            elif name is None and command[1] == SELECT and explained.file is None:
                reading.meaning = explained.directory or ""
            continue
        if reading is not None:
            yield _finished(reading)
            reading = None
        if command[0] & _CHAINED or command[1] == MANAGE_SECURITY_ENVIRONMENT:
            blocks += 1
            continue
        yield _Row(item.slot, _short(item.command.hex()), _escaped(explained.text), 1 + blocks)
        blocks = 0
    if reading is not None:
        yield _finished(reading)


def _finished(row: _Row) -> _Row:
    opened = f"select {row.meaning}" if row.meaning else ""
    read = f"read {', '.join(row.files)}" if row.files else ""
    row.meaning = _escaped("; ".join(part for part in (opened, read) if part) or "select")
    return row


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")


def _told(text: str) -> Text:
    """What stands on a card, as it stands there."""
    return Text(visible(text))


def _short(digits: str) -> str:
    return digits if len(digits) <= _SHOWN else f"{digits[: _SHOWN - 1]}…"


def _sheet(done: "Demonstration") -> RenderableType:
    sheet, rights = done.sheet, done.rights
    who = Table.grid(padding=(0, 2))
    professional, situation = sheet.professional, sheet.situation
    who.add_row(
        "professional",
        _told(f"{professional.given_name} {professional.family_name}"),
        _told(f"n° {professional.id_type}{professional.national_id}{professional.id_key}"),
    )
    who.add_row("situation", f"n° {situation.number}", _told(situation.structure_name))
    beneficiary, insured = rights.beneficiary, rights.insured
    name = _told(f"{beneficiary.given_name} {beneficiary.usual_name}")
    who.add_row("bénéficiaire", name, _told(f"NIR {insured.nir} {insured.nir_key}, régime {insured.regime}"))
    amo = rights.amo
    covered = "no open right" if amo is None else f"{_day(amo.begin.text)} to {_day(amo.end.text) or 'open'}"
    coverage = rights.coverage
    code = "" if coverage is None else f"code situation {coverage.situation}, ALD {coverage.ald}"
    who.add_row("droits AMO", _told(covered), _told(code))
    acts = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("acte", "coefficient", "date", "montant"):
        acts.add_column(heading, justify="right" if heading in ("coefficient", "montant") else "left")
    for act in sheet.acts:
        acts.add_row(act.code, f"{act.coefficient}", act.date.isoformat(), _euros(act.amount))
    acts.add_row("total", "", "", _euros(sheet.total), style="bold")
    parts: list[RenderableType] = [who, acts]
    parts += [Text(f"accepted: {problem}", style="yellow") for problem in done.problems]
    return Panel(
        Group(*parts),
        title=f"feuille de soins n° {sheet.number}, care date {done.day}, form and signatures synthetic",
        title_align="left",
        box=box.ROUNDED,
    )


def _verdicts(done: "Demonstration") -> RenderableType:
    verdict = done.verdict
    lines = Table.grid(padding=(0, 1))
    good = Text("✔", style="bold green")
    lines.add_row(
        good,
        f"Vitale {verdict.vitale_number} {'certified' if verdict.certified else 'signed'}, opened by the CPS that signed too",
    )
    lines.add_row(good, _told(f"CPS signed (CAdES-BES): {verdict.signer.subject.rfc4514_string(_NAMES)}"))
    for words in told(verdict):
        missing = words.startswith("note: ")
        lines.add_row(
            Text("!", style="bold yellow") if missing else good, _told(words.removeprefix("note: "))
        )
    rest = sum(done.timings.values()) - done.key_seconds
    lines.add_row(
        "",
        f"{len(done.items)} exchanges; {done.key_operations} private-key operations {done.key_seconds * 1000:.1f} ms, "
        f"everything else {rest * 1000:.1f} ms; {done.seconds:.2f} s with making the cards",
    )
    lines.add_row(
        "", _told(f"files in {done.folder}: {', '.join(sorted(path.name for path in done.folder.iterdir()))}")
    )
    lines.add_row("", "verify it yourself, in that folder:")
    lines.add_row("", Text(openssl_command(done.day), style="bold"))
    return lines


def _names() -> "dict[ObjectIdentifier, str]":
    from cryptography.x509.oid import NameOID

    return {NameOID.SURNAME: "SN", NameOID.GIVEN_NAME: "GN", NameOID.TITLE: "title"}


_NAMES = _names()


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) >= 8 else text


def _euros(cents: int) -> str:
    return f"{cents // 100},{cents % 100:02} €"
