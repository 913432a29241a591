"""Card files are made whole, refused when they are not ours, and read without disturbing their owner."""

import contextlib
import ctypes
import json
import os
import resource
import shutil
import sqlite3
import stat
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from issued import records
from powercut import Disk, Image, PowerCut

from bifente.applets.store import cardfile
from bifente.applets.store.lock import CardLock
from bifente.applets.store.stores import (
    CardFileExists,
    CardFileForbidden,
    CardFileMissing,
    CardInUse,
    NewerCardFile,
    NotACardFile,
    SqliteStore,
    StoreError,
    StoreReadError,
    copy_card_file,
    create_card_file,
    read_snapshot,
)

RECORDS = {"pin/01": b"\x03", "key/81": b"k" * 6000, "meta": b"{}"}


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "x.card"
    create_card_file(path, RECORDS)
    return path


def open_and_close(path: Path) -> object:
    with SqliteStore(path):
        return None


# Both ways to a card file refuse the same files with the same errors.
WAYS: list[Callable[[Path], object]] = [open_and_close, read_snapshot]
both_ways = pytest.mark.parametrize("use", WAYS, ids=["open", "snapshot"])


def assert_refused(use: Callable[[Path], object], path: Path, kind: type[StoreError]) -> StoreError:
    """`use` is refused with one line that names the file and a hint; the folder stays as it was."""
    before = (
        {entry: entry.lstat().st_mtime_ns for entry in path.parent.iterdir()} if path.parent.is_dir() else {}
    )
    with pytest.raises(StoreError) as caught:
        use(path)
    assert type(caught.value) is kind
    assert caught.value.path == path
    assert str(caught.value).isprintable()
    assert caught.value.hint
    after = (
        {entry: entry.lstat().st_mtime_ns for entry in path.parent.iterdir()} if path.parent.is_dir() else {}
    )
    assert after == before
    return caught.value


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


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0


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


# --- reading while others work -------------------------------------------------------------------------------------


def test_a_snapshot_is_read_while_the_card_is_in_use(card: Path) -> None:
    with SqliteStore(card) as store:
        assert read_snapshot(card) == RECORDS
        store.commit({"pin/01": b"\x02"})
        assert read_snapshot(card)["pin/01"] == b"\x02"
        with pytest.raises(CardInUse):
            SqliteStore(card).open()
        store.commit({"pin/01": b"\x01"})
    assert read_snapshot(card)["pin/01"] == b"\x01"


def test_a_snapshot_waits_for_a_commit_but_not_for_ever(card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cardfile, "BUSY_TIMEOUT_MS", 50)
    writer = cardfile.connect_sqlite(card)
    writer.execute("BEGIN EXCLUSIVE")
    for use in WAYS:
        with pytest.raises(CardInUse, match="in use by"):
            use(card)
    writer.execute("ROLLBACK")
    writer.close()
    assert read_snapshot(card) == RECORDS


def hot_image(card: Path) -> Image:
    """File and journal of a card whose owner was killed after it had overwritten the first pages of the file."""
    for cut_at in range(1, 100):
        disk = Disk({card.name: card.read_bytes()}, cut_at=cut_at)
        store = SqliteStore(card, connect=disk.connect)
        store.open()
        disk.armed = True
        with pytest.raises(PowerCut):
            store.commit({"pin/01": b"\x00", "key/81": b"z" * 6000})
        with contextlib.suppress(PowerCut):
            store.close()
        disk.unplug()
        image = disk.images(Random(0))["all landed"]
        if image[card.name] != card.read_bytes() and f"{card.name}-journal" in image:
            return image
    raise AssertionError("no cut falls between journal and file")


@pytest.fixture
def hot_card(card: Path) -> Path:
    for name, content in hot_image(card).items():
        card.with_name(name).write_bytes(content)
    return card


@both_ways
def test_a_journal_left_by_a_killed_process_is_rolled_back(
    use: Callable[[Path], object], hot_card: Path
) -> None:
    journal = hot_card.with_name("x.card-journal")
    assert journal.exists()
    use(hot_card)
    assert not journal.exists()
    assert read_snapshot(hot_card) == RECORDS
    assert [entry.name for entry in hot_card.parent.iterdir()] == ["x.card"]


def test_a_snapshot_beside_a_journal_in_a_folder_that_is_not_ours(
    hot_card: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CardLock, "acquire", _forbidden)
    before = {entry.name: entry.read_bytes() for entry in hot_card.parent.iterdir()}
    assert read_snapshot(hot_card) == RECORDS
    assert {entry.name: entry.read_bytes() for entry in hot_card.parent.iterdir()} == before


def _forbidden(lock: CardLock) -> None:
    raise CardFileForbidden(lock.card)


def test_nothing_is_held_at_rest_nor_after_a_refusal(card: Path, tmp_path: Path) -> None:
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("no /proc here to count descriptors")
    (tmp_path / "bad.card").write_bytes(b"bad")
    descriptors = open_descriptors()
    store = SqliteStore(card)
    assert open_descriptors() == descriptors
    store.open()
    assert open_descriptors() == descriptors + 2
    store.close()
    for path in (tmp_path / "bad.card", tmp_path / "absent.card"):
        for use in WAYS:
            with pytest.raises(StoreError):
                use(path)
    read_snapshot(card)
    assert open_descriptors() == descriptors
    assert cardfile.CONNECTIONS._open == {}


def test_too_many_open_files_are_said(card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(*arguments: object) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "open", exhausted)
    with pytest.raises(StoreReadError) as caught:
        SqliteStore(card).open()
    assert "ulimit" in caught.value.hint


# --- rights and space, as the system really refuses them --------------------------------------------------------------


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that another user can reach (pytest's own are private)."""
    with tempfile.TemporaryDirectory(prefix="bifente-rights-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        create_card_file(folder / "x.card", RECORDS)
        yield folder
        folder.chmod(0o755)


def probe(folder: Path, confine: Callable[[], None]) -> dict[str, list[object]]:
    """What a child process that has confined itself can do with the card ``x.card`` of the folder."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # a fork beside pytest's own threads, which it leaves alone
        child = os.fork()
    if child == 0:
        try:
            confine()
            os.write(writing, json.dumps(_attempts(folder)).encode())
        except BaseException:  # noqa: BLE001 - the child must never return into the test
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    outcomes: dict[str, list[object]] = json.loads(answer)
    return outcomes


def _attempts(folder: Path) -> dict[str, list[object]]:
    card = folder / "x.card"
    actions: dict[str, Callable[[], object]] = {
        "open": lambda: open_and_close(card),
        "snapshot": lambda: len(read_snapshot(card)),
        "create": lambda: create_card_file(folder / "new.card", {"a": b"b"}),
        "grow": lambda: _commit(card, {"big": bytes(400_000)}),
        "create large": lambda: create_card_file(folder / "large.card", {"a": bytes(400_000)}),
    }
    actions["left"] = lambda: sorted(entry.name for entry in folder.iterdir())
    actions["records"] = lambda: len(read_snapshot(card))
    outcomes: dict[str, list[object]] = {}
    for name, action in actions.items():
        try:
            outcomes[name] = [None, action()]
        except StoreError as error:
            outcomes[name] = [type(error).__name__, str(error)]
    return outcomes


def _commit(path: Path, changes: dict[str, bytes | None]) -> None:
    with SqliteStore(path) as store:
        store.commit(changes)


def become_nobody() -> None:
    """Root may write everywhere: the attempts are made as a user who may not."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def test_a_card_that_is_not_ours(public_folder: Path) -> None:
    (public_folder / "x.card").chmod(0 if os.geteuid() else 0o600)
    outcomes = probe(public_folder, become_nobody)
    assert [outcomes[name][0] for name in ("open", "snapshot")] == ["CardFileForbidden", "CardFileForbidden"]


def test_a_folder_that_is_read_only(public_folder: Path) -> None:
    (public_folder / "x.card").chmod(0o644)
    public_folder.chmod(0o555)
    outcomes = probe(public_folder, become_nobody)
    assert outcomes["open"][0] == "CardFileForbidden"
    assert outcomes["create"][0] == "CardFileForbidden"
    assert outcomes["snapshot"] == [None, 3]
    assert [entry.name for entry in public_folder.iterdir()] == ["x.card"]


def test_a_file_that_is_read_only(public_folder: Path) -> None:
    (public_folder / "x.card").chmod(0o444)
    public_folder.chmod(0o777)
    outcomes = probe(public_folder, become_nobody)
    assert outcomes["open"][0] == "CardFileForbidden"
    assert outcomes["snapshot"] == [None, 3]
    assert sorted(entry.name for entry in public_folder.iterdir()) == ["large.card", "new.card", "x.card"]


def test_a_journal_in_a_read_only_folder(public_folder: Path) -> None:
    for name, content in hot_image(public_folder / "x.card").items():
        (public_folder / name).write_bytes(content)
        (public_folder / name).chmod(0o644)
    public_folder.chmod(0o555)
    outcomes = probe(public_folder, become_nobody)
    assert outcomes["snapshot"] == [None, 3]
    assert outcomes["open"][0] == "CardFileForbidden"
    assert (public_folder / "x.card-journal").exists()


def test_a_limit_on_the_size_of_files(public_folder: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    outcomes = probe(public_folder, limit)
    assert outcomes["grow"][0] == "StoreWriteError"
    assert outcomes["create large"][0] == "StoreWriteError"
    assert outcomes["create"][0] is None
    assert read_snapshot(public_folder / "x.card") == RECORDS
    assert sorted(entry.name for entry in public_folder.iterdir()) == ["new.card", "x.card"]


def test_a_disk_that_is_full(public_folder: Path) -> None:
    """A file system of 256 KiB, mounted where only the child sees it."""
    small = public_folder / "small"
    small.mkdir()

    def mount_small() -> None:
        # CLONE_NEWNS | CLONE_NEWUSER; MS_PRIVATE | MS_REC. Without the right to do so the disk is as large as ever.
        libc = ctypes.CDLL(None, use_errno=True)
        user, group = os.getuid(), os.getgid()
        if libc.unshare(0x0002_0000 | 0x1000_0000) == 0:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"0 {user} 1")
            Path("/proc/self/gid_map").write_text(f"0 {group} 1")
            libc.mount(b"none", b"/", None, 0x4_0000 | 0x4000, None)
            libc.mount(b"none", bytes(small), b"tmpfs", 0, b"size=256k")
        shutil.copy(public_folder / "x.card", small)

    outcomes = probe(small, mount_small)
    if outcomes["grow"][0] is None:
        pytest.skip("no private mount here")
    assert list(small.iterdir()) == []
    assert outcomes["grow"][0] == "StoreFull"
    assert outcomes["create large"][0] == "StoreFull"
    assert outcomes["open"][0] is None
    assert outcomes["left"] == [None, ["new.card", "x.card"]]
    assert outcomes["records"] == [None, 3]


# --- too large -------------------------------------------------------------------------------------------------------


@both_ways
@pytest.mark.parametrize("suffix", ["", "-journal"])
def test_a_file_of_400_mb_is_refused_unread(
    card: Path, use: Callable[[Path], object], suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sparse, so that the test costs no disk; nothing of it may be read, be it card or journal."""
    grown = card.with_name(card.name + suffix)
    with grown.open("ab") as file:
        file.truncate(400_000_000)
    monkeypatch.setattr(cardfile, "connect_sqlite", lambda *_: pytest.fail("it was opened"))
    error = assert_refused(use, card, NotACardFile)
    assert "400 MB" in str(error)
    assert "8" in str(error)


def test_a_card_with_a_large_blob_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.card"
    create_card_file(path, {**RECORDS, "file/3F00/2F00": bytes(cardfile.MOST_BYTES)})
    for use in WAYS:
        assert "no card has more" in str(assert_refused(use, path, NotACardFile))


def test_the_largest_card_there_is_stays_far_below(tmp_path: Path) -> None:
    """The T=1 test card: 65 536 bytes, decoded, with a copy for restore."""
    path = tmp_path / "t1.card"
    create_card_file(path, records("t1test"))
    assert path.stat().st_size < cardfile.MOST_BYTES // 10
    assert read_snapshot(path) == dict(records("t1test"))
