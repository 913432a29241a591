"""What a path of a stranger may lead to, and that none of it costs memory, time or a traceback."""

import errno
import os
import socket
import threading
from pathlib import Path

import pytest

from bifente.documents import DocumentError, DocumentTooLong, NotADocument, read_bytes, read_text, reading

pytestmark = pytest.mark.skipif(os.name != "posix", reason="devices, pipes and sockets as files are POSIX's")


def test_a_file_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "d"
    path.write_bytes(b"x" * 100)
    assert read_bytes(path, 100) == b"x" * 100
    with pytest.raises(DocumentTooLong, match=r"d: longer than 99 bytes, the most that is read here$"):
        read_bytes(path, 99)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 42)
    with pytest.raises(DocumentTooLong, match="longer than 1 MiB"):
        read_bytes(path, 1 << 20)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/urandom", "/dev/full"])
def test_devices_are_refused(device: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(device)
    for path in (Path(device), tmp_path / "link"):
        with pytest.raises(NotADocument, match=rf"{path}: a device, not a file"):
            read_bytes(path, 10)


def test_folders_and_sockets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotADocument, match="a folder, not a file"):
        read_bytes(tmp_path, 10)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        with pytest.raises(NotADocument, match="a socket, not a file"):
            read_bytes(tmp_path / "s", 10)


def test_what_is_not_there_or_not_ours_is_an_os_error_about_the_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        read_bytes(tmp_path / "none", 10)
    assert caught.value.filename == str(tmp_path / "none")


def test_a_pipe_without_a_writer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FOR_A_WRITER", 0.05)
    os.mkfifo(tmp_path / "p")
    with pytest.raises(NotADocument, match="a pipe that nobody writes to"):
        read_bytes(tmp_path / "p", 10)


def test_a_pipe_whose_writer_is_silent_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FOR_A_PIECE", 0.05)
    os.mkfifo(tmp_path / "p")
    silent = os.open(tmp_path / "p", os.O_RDWR)
    try:
        with pytest.raises(NotADocument, match="a pipe that sends nothing"):
            read_bytes(tmp_path / "p", 10)
    finally:
        os.close(silent)


def test_what_another_program_writes_into_a_pipe_is_read_to_its_end() -> None:
    """As ``--pin-file <(pass show pin)`` of a shell."""
    content = b"0123456789" * 50_000  # more than a pipe holds at once
    receiving, sending = os.pipe()

    def write() -> None:
        with os.fdopen(sending, "wb") as file:
            file.write(content)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert read_bytes(Path(f"/dev/fd/{receiving}"), len(content)) == content
    finally:
        writer.join(30)
        os.close(receiving)


def test_a_pipe_without_end_is_cut_at_the_limit(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "p")
    endless = os.open(tmp_path / "p", os.O_RDWR)
    os.write(endless, b"x" * 4096)
    try:
        with pytest.raises(DocumentTooLong):
            read_bytes(tmp_path / "p", 1000)
    finally:
        os.close(endless)


def test_text_is_utf8_and_the_line_of_what_is_not_is_named(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"\xef\xbb\xbfann\xc3\xa9e\n")
    assert read_text(path, 100) == "année\n"
    path.write_bytes(b"one\ntwo\nthr\xe9e\n")
    with pytest.raises(DocumentError, match=r"t:3: not UTF-8$"):
        read_text(path, 100)


def test_the_status_is_seen_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(b"x" * 100)
    seen: list[int] = []
    with pytest.raises(DocumentTooLong):
        read_bytes(path, 10, inspect=lambda status: seen.append(status.st_size))
    assert seen == [100]


def test_a_stream_is_read_again_and_again_also_from_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"content")
    receiving, sending = os.pipe()
    os.write(sending, b"content")
    os.close(sending)
    try:
        for path in (tmp_path / "f", Path(f"/dev/fd/{receiving}")):
            with reading.open_stream(path, 7) as stream:
                assert stream.read() == b"content"
                stream.seek(3)
                assert stream.read() == b"tent"
    finally:
        os.close(receiving)


def test_a_stream_of_no_document_or_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FOR_A_WRITER", 0.05)
    os.mkfifo(tmp_path / "p")
    for path in ("/dev/zero", tmp_path, tmp_path / "p"):
        with pytest.raises(NotADocument):
            reading.open_stream(Path(path))
    endless = os.open(tmp_path / "p", os.O_RDWR)
    os.write(endless, b"x" * 4096)
    try:
        with pytest.raises(DocumentTooLong):
            reading.open_stream(tmp_path / "p", 1000)
    finally:
        os.close(endless)
    with pytest.raises(DocumentTooLong, match=r"^somewhere: longer than 4 bytes"):
        reading.copy_of(iter([b"12", b"345"]), "somewhere", 4)


@pytest.mark.skipif(not Path("/proc/self/mem").is_file(), reason="the file that cannot be read is Linux's")
def test_an_error_while_a_stream_is_read_names_the_file() -> None:
    """As when a disk or a share fails after the file was opened: nothing is mapped at address 0."""
    path = Path("/proc/self/mem")
    for read in (lambda stream: stream.readline(), lambda stream: stream.read()):
        with (
            reading.open_stream(path) as stream,
            pytest.raises(OSError, match="Input/output error: '/proc/self/mem'") as refused,
        ):
            read(stream)
        assert (refused.value.errno, refused.value.filename) == (errno.EIO, str(path))


def test_an_error_while_a_pipe_is_copied_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(path := tmp_path / "pipe")

    def failing(descriptor: int, size: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(reading.os, "read", failing)
    for read in (lambda: read_bytes(path, 10), lambda: reading.open_stream(path)):
        with pytest.raises(OSError, match=r"Input/output error: '.*/pipe'"):
            read()
