"""What every command has in common: names in its help, dates, hints that lead somewhere, and where it can be called from."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bifente.cli.main import COMMANDS, main

TYPES_OF_CLICK = {
    "TEXT",
    "PATH",
    "INTEGER",
    "INTEGER RANGE",
    "FLOAT",
    "FLOAT RANGE",
    "DATE",
    "DATETIME",
    "DIRECTORY",
}


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            one = command.get_command(context, inner)
            assert one is not None
            yield from commands(one, f"{name} {inner}")


ALL = dict(
    pair
    for name, (where, _) in COMMANDS.items()
    for pair in commands(
        getattr(importlib.import_module(where.partition(":")[0]), where.partition(":")[2]), name
    )
)


@pytest.mark.parametrize("name", sorted(ALL))
def test_options_are_described_in_our_words(name: str) -> None:
    context = click.Context(ALL[name], info_name=name)
    for parameter in ALL[name].params:
        if isinstance(parameter, click.Option) and not parameter.is_flag and not parameter.count:
            assert parameter.help, parameter.opts
            shown = parameter.make_metavar(context)
            wanted = parameter.metavar
            assert wanted is not None or shown not in TYPES_OF_CLICK, f"{parameter.opts[0]} {shown}"


@pytest.mark.parametrize("name", sorted(ALL))
def test_json_has_one_meaning(name: str) -> None:
    """A flag that prints; what takes a file or a value has another name."""
    for parameter in ALL[name].params:
        if "--json" in parameter.opts:
            assert isinstance(parameter, click.Option)
            assert parameter.is_flag
            assert "rint" in (parameter.help or "")


@pytest.mark.parametrize("name", sorted(ALL))
def test_what_makes_a_file_can_replace_it(name: str) -> None:
    parameters = {option for one in ALL[name].params for option in one.opts}
    writes = {"--out", "--html", "--junit", "--json-file", "--record"} & parameters
    if writes and name not in ("demo", "sheet", "fse day", "mail fetch"):
        assert "--force" in parameters, (name, writes)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["crad"], "card"),
        (["card", "crate"], "create"),
        (["conform", "compar"], "compare"),
        (["igc", "inti"], "init"),
    ],
)
def test_a_slip_in_a_command_names_the_one_that_was_meant(
    typed: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed) == 2
    assert f"Did you mean '{meant}'?" in capsys.readouterr().err.splitlines()[0]


def test_a_slip_in_a_profile_or_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["card", "create", "vitale-familly", "-o", "a.card"]) == 3
    assert "did you mean vitale-family?" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    assert main(["card", "create", "mine", "-o", "a.card"]) == 3
    assert "to read what stands here: ./mine" in capsys.readouterr().err
    assert main(["card", "create", "./mine", "-o", "a.card"]) == 3
    assert "./mine: a folder, not a file" in capsys.readouterr().err.replace(
        "mine: a", "./mine: a", 1
    ).replace("././", "./")


@pytest.mark.parametrize(
    "day", ["9999-12-31", "0001-01-01", "1899-12-31", "2026-02-30", "20260131", "tomorrow"]
)
@pytest.mark.parametrize(
    "command",
    [
        ["card", "create", "vitale-single", "-o", "x.card", "--date"],
        ["card", "expire", "x.card", "--on"],
        ["card", "oppose", "x.card", "--date"],
        ["demo", "--out", "x", "--date"],
    ],
)
def test_a_day_outside_of_the_calendar_is_a_wrong_argument(
    command: list[str],
    day: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*command, day]) == 2
    assert day in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("profile", ["vitale-single", "gp"])
def test_a_profile_that_ends_after_the_calendar_is_one_line(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bifente.applets.perso.profile.shipped import shipped_text

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    text = shipped_text(profile) + "issued: 9999-12-31\n"
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr("bifente.cli.card.commands.open_authority", lambda _folder: None)
    assert main(["card", "create", "p.yaml", "-o", "x.card"]) == 3
    assert "outside of the calendar" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="locales as POSIX has them")
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_any_locale_will_do(locale: str, tmp_path: Path) -> None:
    environment = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    def bifente(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "bifente", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    made = bifente("card", "create", "t1test", "-o", "a.card")
    assert (made.returncode, made.stderr) == (0, "")
    for arguments in (
        ["card", "show", "a.card"],
        ["card", "profiles", "vitale-family"],
        ["--help"],
        ["card", "--help"],
    ):
        done = bifente(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout


def test_it_is_a_module_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bifente", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("bifente ")
