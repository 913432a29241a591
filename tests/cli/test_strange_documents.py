"""Every command that reads a document of somebody's: devices, folders, pipes, huge and deep files are one line each."""

import io
import os
from pathlib import Path

import pytest

from bifente.cli.errors import CliError, classify
from bifente.cli.main import main
from bifente.cli.reader.pinentry import entries_of
from bifente.cli.secretinput import SecretSource
from bifente.documents import DocumentError, NotADocument, reading
from bifente.igc.opposition import read_list
from bifente.traces import Trace, TraceHeader, trace_bytes

pytestmark = pytest.mark.skipif(os.name != "posix", reason="devices and pipes as files are POSIX's")

READERS = {
    "a profile": ["card", "create", "{}", "-o", "made.card"],
    "an official content": ["card", "import", "{}", "-o", "made.card"],
    "fault rules": ["reader", "serve", "--faults", "{}"],
    "reports": ["conform", "compare", "{}"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(reading, "FOR_A_WRITER", 0.05)
    assert main(["card", "create", "t1test", "-o", "my.card"]) == 0
    (tmp_path / "a folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)
    return tmp_path


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_document_is_one_line(
    folder: Path, reader: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(os.listdir(folder))
    capsys.readouterr()
    for path in ("/dev/zero", f"{folder}/a folder", f"{folder}/pipe", f"{folder}/huge"):
        code = main([part.format(path) for part in READERS[reader]])
        printed = capsys.readouterr()
        complaint, *hints = printed.err.splitlines()
        assert (code, printed.out) == (3, "")
        assert complaint.startswith(f"bifente: {path}")
        assert all(line.startswith("hint: ") for line in hints)
    assert sorted(os.listdir(folder)) == before


def test_a_pin_file_and_a_script_of_the_pin_pad_are_documents_too(folder: Path) -> None:
    complaints = {
        "/dev/zero": "device",
        "a folder": "folder",
        "pipe": "nobody",
        "huge": "one short line|longer",
    }
    for name, complaint in complaints.items():
        with pytest.raises((NotADocument, CliError), match=complaint) as caught:
            SecretSource("PIN", path=folder / name).read()
        assert str(folder / name) in classify(caught.value).what
        with pytest.raises(DocumentError, match=complaint):
            entries_of(folder / name)


@pytest.mark.parametrize("text", ["[" * 300_000, '{"format": ' * 300_000, "[NaN]", '"\\ud800"', "[[]]", "{}"])
def test_a_report_that_is_none_is_one_line(
    folder: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "r.json").write_text(text)
    capsys.readouterr()
    assert main(["conform", "compare", "r.json"]) == 3
    complaint, hint = capsys.readouterr().err.splitlines()
    assert complaint.startswith("bifente: r.json")
    assert hint == "hint: make one: bifente conform --json-file FILE"


@pytest.mark.parametrize(
    "text",
    [
        "[" * 300_000,
        '{"format": 1, "cps": [], "vitale": 3}',
        '{"format": 1, "cps": [{"card": "1"}], "vitale": []}',
        '{"format": 1, "cps": [], "vitale": [{"card": "1", "pan": "2", "date": "soon"}]}',
        '{"format": 2, "cps": [], "vitale": []}',
    ],
)
def test_a_list_of_opposed_cards_that_is_none_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "oppositions.json").write_text(text)
    with pytest.raises(Exception, match=r"oppositions\.json.*not a list of opposed cards") as caught:
        read_list(tmp_path / "oppositions.json")
    assert classify(caught.value).code == 3


@pytest.mark.parametrize(
    "command", [["trace", "show"], ["trace", "diff", "my.jsonl"], ["trace", "mask", "-o", "made.jsonl"]]
)
def test_a_trace_is_no_device_no_folder_and_no_silent_pipe(
    folder: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "my.jsonl").write_bytes(trace_bytes(Trace(TraceHeader(), ())))
    for path in ("/dev/zero", f"{folder}/a folder", f"{folder}/pipe"):
        capsys.readouterr()
        assert main([*command, path]) == 3
        assert capsys.readouterr().err.splitlines()[0].startswith(f"bifente: {path}: a ")
    assert not (folder / "made.jsonl").exists()


class Endless(io.RawIOBase):
    """Gives the same bytes for ever, and counts them."""

    given = 0

    def __init__(self, content: bytes) -> None:
        self.content = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override] # any buffer will do
        size = len(buffer)
        buffer[:] = (self.content * (size // len(self.content) + 1))[:size]
        self.given += size
        return size


@pytest.mark.parametrize("content", [b"\0", b"00A4040C\n"], ids=["one line", "many lines"])
@pytest.mark.parametrize(
    "command",
    [["apdu", "explain", "-"], ["apdu", "send", "my.card", "-"], ["trace", "show", "-"]],
    ids=" ".join,
)
def test_a_standard_input_without_end_is_given_up(
    folder: Path,
    command: list[str],
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("bifente.cli.apdu.commands._LONGEST_INPUT", 1 << 16)
    monkeypatch.setattr("bifente.cli.trace.files.LONGEST_STREAM", 1 << 16)
    endless = Endless(content)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(endless)))
    capsys.readouterr()
    assert main(command) == 3
    printed = capsys.readouterr()
    assert (
        printed.err.splitlines()[0]
        == "bifente: the standard input: longer than 64 KiB, the most that is read here"
    )
    assert printed.out == ""
    assert endless.given <= 1 << 21
