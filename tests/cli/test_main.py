"""The group ``bifente``: help, version, lazy commands, completion, one line per error."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bifente import __version__
from bifente.cli.lazygroup import LazyGroup
from bifente.cli.main import COMMANDS, main


def run(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    """``bifente`` in a process of its own, outside the repository."""
    program = Path(sys.executable).with_name("bifente")
    return subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path.home(),
        **options,  # type: ignore[call-overload]
    )


def test_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"bifente {__version__}\n")


def test_help_lists_every_command_and_imports_none_of_them() -> None:
    code = (
        "import sys\n"
        "from bifente.cli.main import main\n"
        "assert main(['--help']) == 0\n"
        "ours = sorted(name for name in sys.modules if name.startswith('bifente'))\n"
        "assert ours == ['bifente', *(f'bifente.cli{rest}' for rest in ('', '.lazygroup', '.main', '.terminated'))], ours\n"
        "heavy = {'rich', 'pydantic', 'construct', 'cryptography', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    for name, (_, short) in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert short.split(".")[0].split(";")[0] in done.stdout


def test_a_group_within_knows_its_commands_as_they_know_themselves() -> None:
    for where, _ in COMMANDS.values():
        module, _, attribute = where.partition(":")
        group = getattr(importlib.import_module(module), attribute)
        if isinstance(group, LazyGroup):
            for name, (_, short) in group.table.items():
                command = group.get_command(click.Context(group), name)
                assert command is not None
                assert command.get_short_help_str(limit=200).rstrip(".") == short.rstrip(".")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_loads_and_its_short_help_is_its_own(name: str) -> None:
    where, short = COMMANDS[name]
    module, _, attribute = where.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.get_short_help_str(200) == short


@pytest.mark.parametrize("arguments", [("nope",), ("--nope",), ("completion",), ("completion", "tcsh")])
def test_wrong_usage_is_one_line_a_hint_and_code_2(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert lines[0].startswith("bifente: ")
    assert lines[1].startswith("hint: bifente")
    assert len(lines) == 2


def test_what_may_be_chosen_is_told_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion"]) == 2
    assert capsys.readouterr().err.startswith(
        "bifente: Missing argument '{bash|zsh|fish}'. Choose from: bash, zsh, fish\n"
    )


def test_no_command_shows_the_help() -> None:
    done = run()
    assert done.returncode == 2
    assert "Usage: bifente" in done.stdout + done.stderr
    assert "completion" in done.stdout + done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "_BIFENTE_COMPLETE" in capsys.readouterr().out


def test_the_shell_completes_commands_and_their_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_BIFENTE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "bifente comp")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run().stdout.split() == ["plain,completion"]
    monkeypatch.setenv("COMP_WORDS", "bifente completion f")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert run().stdout.split() == ["plain,fish"]


@pytest.mark.parametrize(
    ("words", "files"), [("card create nu", True), ("card profiles nu", False), ("demo --cps nu", True)]
)
def test_the_shell_completes_profiles(words: str, files: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_BIFENTE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"bifente {words}")
    monkeypatch.setenv("COMP_CWORD", str(words.count(" ") + 1))
    assert run().stdout.split() == ["plain,nurse", *(["file,nu"] if files else [])]


def test_a_reader_that_stops_reading_is_no_error() -> None:
    program = Path(sys.executable).with_name("bifente")
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{program}' completion zsh | true; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "141")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_an_output_that_is_not_utf_8(encoding: str, tmp_path: Path) -> None:
    card = str(tmp_path / "écho.card")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for arguments in (["create", "t1test", "-o", card], ["set", "--help"], ["show", card], ["show", "é→"]):
        done = run("card", *arguments, env=environment, encoding=encoding, errors="replace")
        assert "UnicodeEncodeError" not in done.stderr
        assert done.returncode == (4 if arguments[-1] == "é→" else 0)


def parameters(command: click.Command) -> Iterator[click.Parameter]:
    """Those of a command and of all below it."""
    yield from command.params
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from parameters(below)


@pytest.mark.parametrize("name", ["apdu", "card", "demo", "igc", "pin"])
def test_click_does_not_judge_whether_a_file_may_be_read(name: str) -> None:
    """It would call it a wrong argument (exit code 2); the documented code of a missing permission is 13."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    paths = [
        one.type
        for one in parameters(getattr(importlib.import_module(module), attribute))
        if isinstance(one.type, click.Path)
    ]
    assert paths
    assert not any(path.readable for path in paths)
