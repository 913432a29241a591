"""A card file among other things: snapshots, journals left behind, folders that are not ours, full disks, large files."""

import contextlib
import ctypes
import json
import os
import resource
import shutil
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from cardfiles import RECORDS, WAYS, assert_refused, both_ways, open_and_close
from issued import records
from powercut import Disk, Image, PowerCut

from bifente.applets.store import cardfile
from bifente.applets.store.lock import CardLock
from bifente.applets.store.stores import (
    CardFileForbidden,
    CardInUse,
    NotACardFile,
    SqliteStore,
    StoreError,
    StoreReadError,
    create_card_file,
    read_snapshot,
)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "x.card"
    create_card_file(path, RECORDS)
    return path


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0


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
