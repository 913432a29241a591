"""Where a PIN comes from, and that it is shown nowhere."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bifente.cli.errors import CliError, classify
from bifente.cli.secretinput import SecretSource, pin_options


@click.command()
@pin_options()
@pin_options("PUK", "puk", digits=(8, 8))
def show(pin: SecretSource, puk: SecretSource) -> None:
    """Print what arrived."""
    click.echo(f"pin {pin.read().decode()}")
    if puk.value is not None:
        click.echo(f"puk {puk.read().decode()}")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    for name in ("BIFENTE_PIN", "BIFENTE_PUK"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner()


def pin_file(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    path = folder / "a pin"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_option_environment_file_prompt(run: CliRunner, tmp_path: Path) -> None:
    path = pin_file(tmp_path, b"4321\r\n")
    assert run.invoke(show, ["--pin", "1234"]).output == "pin 1234\n"
    assert run.invoke(show, [], env={"BIFENTE_PIN": "5678"}).output == "pin 5678\n"
    assert run.invoke(show, ["--pin-file", str(path)]).output == "pin 4321\n"
    asked = run.invoke(show, [], input="8765\n")
    assert asked.stdout == "pin 8765\n"
    assert "PIN: " in asked.stderr
    assert "8765" not in asked.stderr


@pytest.mark.skipif(os.name != "posix", reason="a session without a terminal is POSIX's")
def test_without_a_terminal_it_says_how_else() -> None:
    program = (
        "import sys\n"
        "from bifente.cli.errors import report\n"
        "from bifente.cli.secretinput import SecretSource\n"
        "try:\n"
        "    SecretSource('new PIN').read()\n"
        "except Exception as error:\n"
        "    sys.exit(report(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input="1234\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "bifente: there is no terminal to ask for the new PIN",
        "hint: give it by --new-pin, --new-pin-file or BIFENTE_NEW_PIN",
    ]


def test_an_option_is_nearer_than_the_environment(run: CliRunner, tmp_path: Path) -> None:
    path = pin_file(tmp_path, b"4321")
    environment = {"BIFENTE_PIN": "5678"}
    assert run.invoke(show, ["--pin", "1234"], env=environment).output == "pin 1234\n"
    assert run.invoke(show, ["--pin-file", str(path)], env=environment).output == "pin 4321\n"


def test_two_options_are_one_too_many(run: CliRunner, tmp_path: Path) -> None:
    done = run.invoke(show, ["--pin", "1234", "--pin-file", str(pin_file(tmp_path, b"4321"))])
    assert isinstance(done.exception, CliError)
    assert "twice" in str(done.exception)


def test_the_puk_has_its_own_options(run: CliRunner) -> None:
    assert run.invoke(show, ["--pin", "1234", "--puk", "12345678"]).output == "pin 1234\npuk 12345678\n"
    done = run.invoke(show, ["--pin", "1234", "--puk", "1234567"])
    assert str(done.exception) == "a PUK has 8 digits and nothing else"


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_a_file_that_others_may_read_is_warned_of(
    run: CliRunner, tmp_path: Path, mode: int, warned: bool
) -> None:
    done = run.invoke(show, ["--pin-file", str(pin_file(tmp_path, b"1234\n", mode))])
    assert done.stdout == "pin 1234\n"
    assert ("warning: others may read" in done.stderr) is warned


@pytest.mark.parametrize("wrong", ["123", "123456789", "12a4", "", "1234 ", "1٣34", "12\n34"])
def test_a_wrong_pin_is_one_line_that_does_not_repeat_it(wrong: str) -> None:
    with pytest.raises(CliError) as caught:
        SecretSource("PIN", wrong).read()
    report = classify(caught.value)
    assert report.what == "a PIN has 4 to 8 digits and nothing else"
    assert report.code == 3


@pytest.mark.parametrize("content", [b"\xff\xfe1234", b"x" * 5000, b"1234\n5678\n", b""])
def test_a_wrong_file_is_refused_and_not_quoted(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CliError) as caught:
        SecretSource("PIN", path=pin_file(tmp_path, content)).read()
    assert "1234" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        SecretSource("PIN", path=tmp_path / "none").read()
    assert str(tmp_path / "none") in classify(caught.value).what


def test_end_of_input_at_the_prompt(run: CliRunner) -> None:
    done = run.invoke(show, [], input="", standalone_mode=False)
    assert isinstance(done.exception, click.Abort)


def test_a_source_does_not_show_its_value() -> None:
    assert "1234" not in repr(SecretSource("PIN", "1234"))


def test_bytes_typed_at_the_prompt_that_are_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: b"\xff\xfe".decode())
    with pytest.raises(CliError, match="a PIN has 4 to 8 digits and nothing else"):
        SecretSource("PIN").read()
