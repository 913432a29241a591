"""Card files are made whole, refused when they are not ours, and read without disturbing their owner."""

import os
import shutil
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from cardfiles import RECORDS, WAYS, assert_refused, both_ways
from hypothesis import given
from hypothesis import strategies as st

from bifente.applets.store import cardfile
from bifente.applets.store.stores import (
    CardFileExists,
    CardFileMissing,
    NewerCardFile,
    NotACardFile,
    SqliteStore,
    StoreError,
    copy_card_file,
    create_card_file,
    read_snapshot,
)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "x.card"
    create_card_file(path, RECORDS)
    return path


# --- making --------------------------------------------------------------------------------------------------------


def test_a_card_file_is_private_and_alone(card: Path) -> None:
    assert stat.S_IMODE(card.stat().st_mode) == 0o600
    assert [entry.name for entry in card.parent.iterdir()] == ["x.card"]
    assert card.stat().st_nlink == 1
    assert read_snapshot(card) == RECORDS
    header = card.read_bytes()[:100]
    assert header[68:72] == b"BFNT"
    assert header[60:64] == b"\0\0\0\1"


def test_a_card_file_is_private_under_any_umask(tmp_path: Path) -> None:
    modes = []
    original = os.link

    def spy(source: Path, target: Path) -> None:
        modes.append(stat.S_IMODE(source.stat().st_mode))
        original(source, target)

    old = os.umask(0)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "link", spy)
            create_card_file(tmp_path / "x.card", RECORDS)
        with SqliteStore(tmp_path / "x.card"):
            modes.append(stat.S_IMODE((tmp_path / "x.card.lock").stat().st_mode))
    finally:
        os.umask(old)
    assert modes == [0o600, 0o600]


def test_the_same_records_make_the_same_file(tmp_path: Path) -> None:
    create_card_file(tmp_path / "a.card", RECORDS)
    create_card_file(tmp_path / "b.card", dict(reversed(RECORDS.items())))
    assert (tmp_path / "a.card").read_bytes() == (tmp_path / "b.card").read_bytes()


def test_nothing_is_created_over_something(card: Path) -> None:
    whole = card.read_bytes()
    error = assert_refused(lambda path: create_card_file(path, {}), card, CardFileExists)
    assert "already exists" in str(error)
    assert card.read_bytes() == whole
    dangling = card.with_name("dangling.tmp")
    dangling.symlink_to("nowhere")
    assert_refused(lambda path: create_card_file(path, {}), dangling, CardFileExists)
    assert dangling.is_symlink()


def test_a_file_that_appears_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.card"
    original = os.fsync

    def intruder(descriptor: int) -> None:
        path.write_bytes(b"somebody else's")
        original(descriptor)

    monkeypatch.setattr(os, "fsync", intruder)
    with pytest.raises(CardFileExists):
        create_card_file(path, RECORDS)
    assert path.read_bytes() == b"somebody else's"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.card"]


def test_a_missing_folder_is_said(tmp_path: Path, card: Path) -> None:
    for path in (tmp_path / "absent" / "x.card", card / "x.card"):
        with pytest.raises(CardFileMissing, match="folder does not exist"):
            create_card_file(path, RECORDS)
    with pytest.raises(CardFileMissing):
        create_card_file(tmp_path / "nul\0.card", RECORDS)


def no_link(source: object, target: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_a_file_system_without_links_serves_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_link)
    path = tmp_path / "x.card"
    create_card_file(path, RECORDS)
    assert read_snapshot(path) == RECORDS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CardFileExists):
        create_card_file(path, {})
    assert read_snapshot(path) == RECORDS
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.card"]


class Interruption:
    """Presses Ctrl-C before the line number `at` that the module runs."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.lines = 0

    def __call__(self, frame: FrameType, event: str, argument: object) -> "Interruption | None":
        if frame.f_code.co_filename != cardfile.__file__ or frame.f_code.co_name == "_image":
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.at:
                raise KeyboardInterrupt
        return self


@pytest.mark.parametrize("links", [True, False], ids=["with links", "without links"])
def test_ctrl_c_at_any_line_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_link)
    path = tmp_path / "x.card"
    interrupted = 0
    for at in range(1, 200):
        interruption = Interruption(at)
        tracing = sys.gettrace()
        sys.settrace(interruption)
        try:
            create_card_file(path, RECORDS)
        except KeyboardInterrupt:
            interrupted += 1
        finally:
            sys.settrace(tracing)
        if interruption.lines < at:
            break
        assert list(tmp_path.iterdir()) == [], f"interrupted at line {at} of those run"
    assert interrupted >= 20
    assert read_snapshot(path) == RECORDS


def test_a_copy_is_a_card_of_its_own(card: Path, tmp_path: Path) -> None:
    with SqliteStore(card) as store:
        store.commit({"pin/01": b"\x01"})
        copy_card_file(card, tmp_path / "copy.card")
        store.commit({"pin/01": b"\x00"})
    assert read_snapshot(tmp_path / "copy.card") == RECORDS | {"pin/01": b"\x01"}
    with pytest.raises(CardFileExists):
        copy_card_file(card, tmp_path / "copy.card")
    with pytest.raises(CardFileMissing):
        copy_card_file(tmp_path / "absent.card", tmp_path / "other.card")


def test_a_copied_file_is_whole(card: Path, tmp_path: Path) -> None:
    with SqliteStore(card) as store:
        store.commit({"fresh": b"f" * 9000})
    shutil.copy(card, tmp_path / "copied.card")
    assert read_snapshot(tmp_path / "copied.card") == RECORDS | {"fresh": b"f" * 9000}


# --- refusing ------------------------------------------------------------------------------------------------------


@both_ways
def test_missing(use: Callable[[Path], object], tmp_path: Path, card: Path) -> None:
    assert_refused(use, tmp_path / "absent.card", CardFileMissing)
    assert_refused(use, tmp_path / "absent" / "x.card", CardFileMissing)
    assert_refused(use, card / "x.card", CardFileMissing)
    assert_refused(use, tmp_path / ("n" * 300), CardFileMissing)
    with pytest.raises(CardFileMissing):
        use(tmp_path / "nul\0.card")


@both_ways
@pytest.mark.parametrize(
    "content", [b"", b"\0", b"SQLite format 3\0", b"{}" * 5000, b"SQLite format 3\0" + b"\xff" * 9000]
)
def test_not_a_card_file(use: Callable[[Path], object], tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.card"
    path.write_bytes(content)
    assert_refused(use, path, NotACardFile)
    assert path.read_bytes() == content


@both_ways
def test_what_is_no_regular_file(use: Callable[[Path], object], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo", Path("/dev/zero")):
        error = assert_refused(use, path, NotACardFile)
        assert error.hint == "name a card file: this was never one"


@both_ways
def test_a_name_that_cannot_be_printed_stays_on_one_line(
    use: Callable[[Path], object], tmp_path: Path
) -> None:
    assert_refused(use, tmp_path / "two\nlines\udcff.card", CardFileMissing)


@both_ways
def test_a_foreign_database_is_not_touched(use: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "foreign.db"
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE record(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID"
        )
    database.close()
    # A hot journal: SQLite would roll it back if it were only allowed to open the file.
    (tmp_path / "foreign.db-journal").write_bytes(bytes.fromhex("d9d505f920a163d7") + b"\x01" * 5000)
    whole = path.read_bytes()
    error = assert_refused(use, path, NotACardFile)
    assert "another application" in str(error)
    assert path.read_bytes() == whole


@both_ways
def test_a_newer_card_file(use: Callable[[Path], object], card: Path) -> None:
    _patch(card, 60, (7).to_bytes(4, "big"))
    error = assert_refused(use, card, NewerCardFile)
    assert isinstance(error, NewerCardFile)
    assert (error.found, error.known) == (7, 1)
    assert "version 7" in str(error)


@both_ways
def test_a_file_in_write_ahead_mode(use: Callable[[Path], object], card: Path) -> None:
    _patch(card, 18, b"\x02\x02")
    assert "write-ahead" in str(assert_refused(use, card, NotACardFile))


@both_ways
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more(x)",
        "CREATE TRIGGER t AFTER UPDATE ON record BEGIN DELETE FROM record; END",
        "DROP TABLE record",
        "ALTER TABLE record ADD COLUMN more TEXT",
    ],
)
def test_a_file_with_another_schema(use: Callable[[Path], object], card: Path, statement: str) -> None:
    with sqlite3.connect(card) as database:
        database.execute(statement)
    database.close()
    assert_refused(use, card, NotACardFile)


@both_ways
def test_a_file_cut_at_any_byte(use: Callable[[Path], object], card: Path) -> None:
    whole = card.read_bytes()
    assert len(whole) % 4096 == 0
    cuts = {*range(0, 600, 3), *range(600, len(whole), 211)}
    for page in range(4096, len(whole), 4096):
        cuts |= {page - 1, page, page + 1}
    cuts |= {len(whole) - 1}
    for length in sorted(cuts):
        card.write_bytes(whole[:length])
        with pytest.raises(NotACardFile):
            use(card)
        assert card.stat().st_size == length
    assert [entry.name for entry in card.parent.iterdir()] == ["x.card"]
    card.write_bytes(whole)
    assert read_snapshot(card) == RECORDS


@given(st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(1, 255)), min_size=1, max_size=8))
def test_a_damaged_file_is_refused_or_read_but_never_surprises(flips: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.card"
        create_card_file(path, RECORDS)
        damaged = bytearray(path.read_bytes())
        for place, mask in flips:
            damaged[place % len(damaged)] ^= mask
        path.write_bytes(damaged)
        for use in (*WAYS, _read_and_write):
            try:
                use(path)
            except StoreError as error:
                assert str(error).isprintable()  # noqa: PT017 - a damage that shows nowhere is allowed


def _read_and_write(path: Path) -> None:
    with SqliteStore(path) as store:
        for name in store.names():
            store.get(name)
        store.commit({"pin/01": b"\x02", "key/81": None, "fresh": b"f" * 9000})


def _patch(path: Path, offset: int, data: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    path.write_bytes(content)
