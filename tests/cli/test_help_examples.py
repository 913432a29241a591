"""The examples in the help texts do what they say."""

import importlib
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
import pytest
from anyb2 import file_of, invoice, lot
from extractrows import ACTIVITY, activities, write_extract
from keypool import KeySource
from somereturn import some_noemie

from bifente.applets.perso import personalise, read_profile
from bifente.applets.perso.make import build
from bifente.applets.perso.profile.shipped import shipped_text
from bifente.applets.store.stores import copy_card_file, create_card_file
from bifente.cli.main import COMMANDS, main
from bifente.fse.b2 import write_file
from bifente.igc import Authority
from bifente.workbench.annuaire.filling import fill

NEEDS_MORE = re.compile(r"…|\.in\b|~/|\bconform\b|\btrace\b|--relay|\bigc serve\b")
"""Examples with official contents, with files or readers of the user, with programs, or that go on until they are stopped."""


CASES = Path(__file__).parents[1] / "fse" / "tariff" / "data" / "pricing-cases.json"


def commands(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """Name and help of a command and of those below."""
    yield name, command.help or ""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            inner = command.get_command(context, below)
            assert inner is not None
            yield from commands(inner, f"{name} {below}")


def examples() -> dict[str, list[str]]:
    """The examples of each command, in their order, without what follows for another program."""
    found: dict[str, list[str]] = {}
    for top, (where, _) in COMMANDS.items():
        module, _, attribute = where.partition(":")
        for name, text in commands(getattr(importlib.import_module(module), attribute), top):
            for line in re.findall(r"^ +bifente ((?!completion).+)$", text, re.MULTILINE):
                if not NEEDS_MORE.search(line):
                    found.setdefault(name, []).append(re.split(r" [>|] ", line)[0])
    return found


@pytest.fixture
def desk(
    tmp_path: Path, pooled_authority: Authority, pooled_source: KeySource, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with the files that the examples name."""
    folder, igc = tmp_path / "desk", tmp_path / "igc"
    folder.mkdir()
    shutil.copytree(pooled_authority.directory, igc, ignore=shutil.ignore_patterns("register*"))
    monkeypatch.setattr("bifente.workbench.authority.default_folder", lambda: igc)
    monkeypatch.setitem(build.personalise.__kwdefaults__ or {}, "keys", pooled_source)
    for making in (Authority.init, Authority.issue_caisse):
        monkeypatch.setitem(making.__kwdefaults__ or {}, "key_source", pooled_source)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, profile in (("doctor", "gp"), ("patient", "vitale-family")):
        made = personalise(read_profile(profile), Authority.open(igc), keys=pooled_source, today=date.today())
        create_card_file(folder / f"{name}.card", made)
    copy_card_file(folder / "doctor.card", folder / "copy.card")
    (folder / "my-doctor.yaml").write_text(shipped_text("gp"), encoding="utf-8")
    (folder / "day.b2").write_bytes(write_file(file_of(lot(1, invoice(123)))))
    (folder / "return.noemie").write_bytes(some_noemie())
    (folder / "igc").symlink_to(igc)
    write_extract(folder / "PS_LibreAcces_Personne_activite.txt", activities([ACTIVITY]))
    monkeypatch.setattr("bifente.workbench.annuaire.files.default_annuaire", lambda: tmp_path / "annuaire.db")
    fill([folder / "doctor.card"], tmp_path / "annuaire.db")
    shutil.copyfile(CASES, folder / "cases.json")
    monkeypatch.chdir(folder)
    return folder


def test_there_are_examples() -> None:
    assert {"card set", "card create", "card restore", "pin verify", "demo"} <= examples().keys()


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("name", sorted(examples()))
def test_the_examples_of_a_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for line in examples()[name]:
        arguments = shlex.split(line)
        if "-o" in arguments:
            made = Path(arguments[arguments.index("-o") + 1])
            if made.is_dir():
                shutil.rmtree(made)
            made.unlink(missing_ok=True)
        assert main(arguments) == 0, (line, capsys.readouterr().err)


@pytest.mark.usefixtures("desk")
def test_the_examples_of_apdu_send(capsys: pytest.CaptureFixture[str]) -> None:
    from bifente.cli.apdu.commands import send

    written = re.findall(r"^ {6}(\S+) {2,}\S", send.help or "", re.MULTILINE)
    assert len(written) == 3
    assert main(["apdu", "send", "doctor.card", *written]) == 0
    assert capsys.readouterr().err == ""
