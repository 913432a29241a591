"""Files that are whole or not there."""

import errno
import os
from pathlib import Path

import pytest

from bifente.documents import new_file, replace_file, writing
from bifente.documents.writing import check_place

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and devices are POSIX's")


def left(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_new_file_belongs_to_its_owner(tmp_path: Path) -> None:
    new_file(tmp_path / "a", b"one")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError) as caught:
        new_file(tmp_path / "a", b"two")
    assert caught.value.filename == str(tmp_path / "a")
    assert ((tmp_path / "a").read_bytes(), left(tmp_path)) == (b"one", ["a"])


def test_replacing_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    new_file(tmp_path / "a", b"new", replace=True)
    replace_file(tmp_path / "b", b"fresh")
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"new", b"fresh")
    assert left(tmp_path) == ["a", "b"]


@pytest.mark.parametrize("replace", [False, True])
def test_a_failure_leaves_what_was_there(tmp_path: Path, replace: bool) -> None:
    if replace:
        (tmp_path / "a").write_bytes(b"old")
    before = left(tmp_path)

    def interrupted() -> None:
        with writing(tmp_path / "a", replace=replace) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert left(tmp_path) == before
    if replace:
        assert (tmp_path / "a").read_bytes() == b"old"


def test_a_full_disk_is_an_error_about_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        replace_file(tmp_path / "a", b"x")
    assert (caught.value.filename, left(tmp_path)) == (str(tmp_path / "a"), [])


def test_a_name_taken_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    def too_late() -> None:
        with writing(tmp_path / "a") as stream:
            stream.write(b"ours")
            (tmp_path / "a").write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        too_late()
    assert ((tmp_path / "a").read_bytes(), left(tmp_path)) == (b"theirs", ["a"])


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    replace_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize("replace", [False, True])
def test_places_that_are_never_written(tmp_path: Path, replace: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "null", tmp_path / "none" / "a"):
        with pytest.raises(OSError, match=r"exist|regular|folder") as caught:
            check_place(path, replace=replace)
        assert caught.value.filename == str(path)
    assert Path("/dev/null").is_char_device()
