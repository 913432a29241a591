"""Each error is one line, a hint and an exit code; the documentation lists the codes."""

import ast
import errno
import importlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from housemodules import parsed_module

from bifente.apdu import ApduError, CardAbsent, CardRemoved, LinkTimeout, ReaderGone
from bifente.applets.store.errors import from_os_error
from bifente.cli.errors import EXIT_CODES, HINTS, MEANINGS, CliError, ExitCode, classify, report
from bifente.igc import AuthorityMissing

ROOT = Path(__file__).parents[2]


def test_the_documentation_is_the_table() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", text, re.MULTILINE))
    assert rows == {str(int(code)): meaning for code, meaning in MEANINGS.items()}
    assert set(MEANINGS) == set(ExitCode)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ApduError("no"), 3),
        (CardAbsent("CPS"), 8),
        (CardRemoved("Vitale"), 8),
        (ReaderGone("reader"), 8),
        (LinkTimeout("card", 2), 8),
        (from_os_error(Path("x.card"), OSError(errno.EROFS, "Read-only file system"), writing=True), 12),
        (from_os_error(Path("x.card"), OSError(errno.EACCES, "Permission denied"), writing=True), 13),
        (PermissionError(errno.EACCES, "Permission denied", "X.card"), 13),
        (OSError(errno.ENOSPC, "No space left on device", "X.card"), 12),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "gp.yaml"), 3),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("oops"), 1),
        (CliError("no", ExitCode.CARD_REFUSED), 9),
        (click.UsageError("no"), 2),
        (click.FileError("x", "no"), 3),
    ],
)
def test_kinds(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(error) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    lines = shown.err.splitlines()
    assert lines[0].startswith("bifente: ")
    assert all(line.startswith("hint: ") for line in lines[1:])
    assert len(lines) <= 2


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (OSError(errno.EROFS, "Read-only file system", "igc"), "work in a folder that can be written"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "x.yaml"), "check the path"),
        (
            FileExistsError(errno.EEXIST, "already exists", "x.yaml"),
            "choose another name, or replace it with --force",
        ),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "x"), "name a file, not a folder"),
        (AuthorityMissing(Path("my igc")), "make one: bifente igc init 'my igc'"),
    ],
)
def test_hints(error: BaseException, hint: str) -> None:
    assert classify(error).hint == hint


def test_a_card_that_may_not_be_read_need_not_be_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, new = tmp_path / "x.card", tmp_path / "new.card"
    there.touch()

    def hint(card: Path) -> str:
        refused = PermissionError(errno.EACCES, "Permission denied")
        return str(classify(from_os_error(card, refused, writing=False)).hint)

    assert "must be writable" in hint(there)
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.R_OK)
    assert hint(there) == "you may not read the card file: look at its owner and its rights"
    assert "must be writable" in hint(new), "it is the folder that takes no new file"


def test_an_error_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    report(CliError("\x1b[31mred", hint="\x9b1m"))
    assert capsys.readouterr().err == "bifente: \\x1b[31mred\nhint: \\x9b1m\n"


def test_an_error_of_several_lines_becomes_one(capsys: pytest.CaptureFixture[str]) -> None:
    report(CliError("first\n  second"))
    assert capsys.readouterr().err == "bifente: first; second\n"


def test_debug_shows_the_traceback_before_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise CliError("no")
    except CliError as error:
        report(error, debug=True)
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.endswith("bifente: no\n")


def test_a_hint_of_the_error_wins() -> None:
    error = ApduError("no")
    error.hint = "do this"  # type: ignore[attr-defined]
    assert classify(error).hint == "do this"


def test_somebody_elses_class_of_the_same_name_is_not_ours() -> None:
    class ApduError(Exception):
        pass

    assert classify(ApduError("x")).code is ExitCode.UNEXPECTED


def error_classes() -> dict[str, type[BaseException]]:
    """Every exception that a package raises for others, by name: those of ``…errors.py`` and of the link.

    Exceptions elsewhere are how a module talks to itself.
    """
    found = {}
    for package in ROOT.glob("*/__init__.py"):
        if package.parent.name in ("tests", "benchmarks", "docs"):
            continue
        for path in (*package.parent.rglob("*errors.py"), *package.parent.glob("link.py")):
            for node in parsed_module(path).body:
                bases = " ".join(map(ast.unparse, node.bases)) if isinstance(node, ast.ClassDef) else ""
                if re.search(r"(Error|Exception|Absent|Forbidden|Unusable|WrongPin)\b", bases):
                    module = ".".join(("bifente", *path.relative_to(ROOT).with_suffix("").parts))
                    found[node.name] = getattr(importlib.import_module(module), node.name)
    return found


def test_every_error_that_reaches_a_command_has_a_kind_with_an_exit_code() -> None:
    classes = error_classes()
    assert classes.keys() >= {"ApduError", "LinkError", "StoreError", "TerminalError"}
    never_reach_a_command = {
        "CardError",  # becomes a status word inside the card
        "CardWarning",
        "CallFailed",  # becomes the code that a call of the SSV libraries ends with
        "WireBroken",  # ends the connection of a forwarder
        "UnpoweredCard",  # a fault of the program
        "CliError",  # brings its own code
        "Nonconformity",  # becomes a verdict of the conformance suites
        "CannotRun",
    }
    without = [
        name
        for name, error in classes.items()
        if name not in never_reach_a_command
        and str(getattr(error, "kind", "")).partition(".")[0] not in EXIT_CODES
    ]
    assert without == []


def libraries() -> Iterator[Path]:
    """The modules that are neither a test nor the command line."""
    for package in ROOT.glob("*/__init__.py"):
        if package.parent.name not in ("tests", "benchmarks", "docs", "cli"):
            yield from package.parent.rglob("*.py")


def kinds_in_use() -> set[str]:
    """Every kind that some module of ours gives to an error: as an attribute, or to a WorkbenchError or its like."""
    found = set()
    for path in libraries():
        for node in ast.walk(parsed_module(path)):
            value: ast.expr | None = None
            if isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
                value = node.value if name == "kind" else None
            elif isinstance(node, ast.Call) and (
                getattr(node.func, "id", "") == "WorkbenchError"
                or getattr(node.func, "attr", "") == "__init__"
            ):
                value = node.args[1] if len(node.args) > 1 else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found.add(value.value)
    return found


def test_every_exit_code_and_every_hint_of_the_tables_is_of_a_kind_that_is_raised() -> None:
    used = kinds_in_use()
    assert HINTS.keys() <= used
    assert {kind.partition(".")[0] for kind in used if "." in kind} <= EXIT_CODES.keys()
    assert EXIT_CODES.keys() <= {kind.partition(".")[0] for kind in used}


def test_no_library_names_a_command() -> None:
    """Which command or option helps is the face's to say: another face has none."""
    option = re.compile(r"(?:^|[ (:;,])--[a-z]")
    command = re.compile(r"\bbifente (?:card|reader|igc|trace|apdu|sheet|conform|demo|doctor|pin)\b")
    found = []
    for path in libraries():
        tree = parsed_module(path)
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [
            f"{path.relative_to(ROOT)}:{node.lineno}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
            and (
                command.search(node.value)
                or (
                    path.relative_to(ROOT).parts[0] in ("conformance", "workbench")
                    and option.search(node.value)
                )
            )
        ]
    # The name of the run; variables of a style sheet; and what helps a person whose programs do not find our cards.
    meant = ("conformance/reports/junit.py", "conformance/reports/pagestyle.py", "workbench/doctor/")
    assert [place for place in found if not place.startswith(meant)] == []


INTERRUPTED = """
import click, sys, time
from bifente.cli import main
@click.command()
def wait():
    print("ready", flush=True)
    time.sleep(60)
main.LazyGroup.get_command = lambda self, ctx, name: wait
sys.exit(main.main(["wait"]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_ctrl_c_is_one_line_and_130() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert stderr.split() == ["bifente:", "interrupted"]


def test_the_reader_of_our_output_goes_away() -> None:
    code = INTERRUPTED.replace("time.sleep(60)", "print('x' * 1000000, flush=True)")
    read, write = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    try:
        with open(read, "rb", buffering=0) as output:
            assert output.readline() == b"ready\n"
        _, stderr = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, stderr) == (141, "")


def test_ctrl_c_during_the_imports_is_one_line_and_130() -> None:
    code = (
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'bifente.cli.main':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "from bifente.cli.entry import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "bifente: interrupted\n")


def test_the_program_begins_where_ctrl_c_is_caught() -> None:
    from importlib.metadata import entry_points

    (program,) = entry_points(group="console_scripts", name="bifente")
    assert program.value == "bifente.cli.entry:main"
