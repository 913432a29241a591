"""What a commit costs on the disk, counted: a VERIFY is two syncs, for one byte is overwritten where it stands."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from issued import records
from powercut import Disk

from bifente.applets import card_of
from bifente.applets.store import stores as store_module
from bifente.applets.store.stores import (
    SqliteStore,
    StoreError,
    StoreWriteError,
    create_card_file,
    read_snapshot,
)

SELECT_AND_VERIFY = {
    "right": ("002000010431323334", "9000", 2),
    "wrong": ("002000010439393939", "63C2", 1),
    "status": ("0020000100", "63C3", 0),
    "PUK": ("00200002083132333435363738", "9000", 6),
}
"""Command, status word, syncs. The PUK's use and tries change together, by way of a journal (5 syncs)."""


@pytest.mark.parametrize("name", SELECT_AND_VERIFY)
def test_syncs_of_verify_on_the_model_of_a_disk(tmp_path: Path, name: str) -> None:
    command, status, syncs = SELECT_AND_VERIFY[name]
    path = tmp_path / "x.card"
    create_card_file(path, records("gp"))
    disk = Disk({path.name: path.read_bytes()})
    card = card_of(SqliteStore(path, connect=disk.connect), "cps3")
    card.power_on()
    disk.armed = True
    for _ in range(3 if status == "9000" else 1):
        disk.steps.clear()
        assert card.transmit(bytes.fromhex(command)).hex().upper() == status
        kinds = Counter(step.split()[0] for step in disk.steps)
        assert kinds["sync"] == syncs, disk.steps
    card.power_off()
    disk.unplug()


def test_fdatasyncs_of_verify_by_the_kernel_of_the_system(tmp_path: Path) -> None:
    """strace counts what SQLite really asks of Linux."""
    strace = shutil.which("strace")
    if strace is None:
        if os.environ.get("CI"):
            pytest.fail("strace is missing: apt-get install strace")
        pytest.skip("strace is not installed")
    path, log = tmp_path / "x.card", tmp_path / "log"
    create_card_file(path, records("gp"))
    program = (
        "import os, sys\n"
        "from bifente.applets import open_card\n"
        "card = open_card(sys.argv[1]); card.power_on()\n"
        "for _ in range(2):\n"
        "    os.write(2, b'begin\\n')\n"
        "    assert card.transmit(bytes.fromhex('002000010431323334')) == b'\\x90\\x00'\n"
        "    os.write(2, b'end\\n')\n"
    )
    done = subprocess.run(
        [strace, "-f", "-o", log, "-e", "trace=fdatasync,fsync,write", sys.executable, "-c", program, path],
        capture_output=True,
        check=False,
        timeout=120,
    )
    if done.returncode and b"ptrace" in done.stderr + log.read_bytes()[:500]:
        pytest.skip("this system does not let strace look at a program")
    assert done.returncode == 0, done.stderr
    counts: list[int] = []
    for line in log.read_text("latin-1").splitlines():
        if 'write(2, "begin' in line:
            counts.append(0)
        elif counts and ("fdatasync(" in line or "fsync(" in line):
            counts[-1] += 1
    assert counts == [2, 2]


@pytest.mark.parametrize("name", ["pin/01/left", "pin/02/left"])
def test_one_byte_is_overwritten_where_it_stands(tmp_path: Path, name: str) -> None:
    """The file differs in that byte and in the counters of its header (https://www.sqlite.org/fileformat.html §1.3)."""
    path = tmp_path / "x.card"
    create_card_file(path, records("gp"))
    with SqliteStore(path) as store:
        old = store.get(name)[0]
        for value in (1, 0, old):
            before = path.read_bytes()
            store.commit({name: bytes((value,))})
            after = path.read_bytes()
            assert not path.with_name("x.card-journal").exists()
            differing = [
                at for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other
            ]
            content = [at for at in differing if not (24 <= at < 28 or 92 <= at < 100)]
            assert [after[at] for at in content] == [value]
    assert read_snapshot(path) == dict(records("gp"))


@pytest.mark.parametrize(
    "changes",
    [
        {"new": b"n"},
        {"pin/01": b"1"},
        {"pin/01/left": None},
        {"pin/01/left": b"22"},
        {"a": b"1", "pin/01/left": b"2"},
    ],
    ids=["a new record", "a shorter one", "removal", "a longer one", "two at once"],
)
def test_whatever_else_changes_goes_by_the_journal(tmp_path: Path, changes: dict[str, bytes | None]) -> None:
    path = tmp_path / "x.card"
    create_card_file(path, records("gp"))
    disk = Disk({path.name: path.read_bytes()})
    with SqliteStore(path, connect=disk.connect) as store:
        store.commit({"pin/01/left": b"\x02"})
        disk.armed = True
        store.commit(changes)
        assert any(step.startswith("create x.card-journal") for step in disk.steps)
        store.commit({"pin/02/left": b"\x09"})
        expected = {**records("gp"), "pin/01/left": b"\x02", **changes, "pin/02/left": b"\x09"}
        assert {n: store.get(n) for n in store.names()} == {
            n: v for n, v in expected.items() if v is not None
        }
    disk.unplug()


# --- connections that are given up -----------------------------------------------------------------------------------


@pytest.fixture
def few_connections(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(store_module, "MOST_CONNECTIONS", 2)
    return 2


def connected(stores: list[SqliteStore]) -> list[int]:
    return [number for number, store in enumerate(stores) if store._database is not None]


def test_a_process_keeps_a_few_connections_and_all_its_cards(tmp_path: Path, few_connections: int) -> None:
    stores = []
    for number in range(5):
        create_card_file(tmp_path / f"{number}.card", {"n": bytes((number,)), "name": b"x" * 5000})
        stores.append(SqliteStore(tmp_path / f"{number}.card"))
        stores[-1].open()
    assert connected(stores) == [3, 4]
    for turn in range(3):
        for number, store in enumerate(stores):
            assert store.get("n") == bytes((number + turn,))
            store.commit({"n": bytes((number + turn + 1,))})
            store.commit({"n": bytes((number + turn + 1,)), "name": b"y" * 5000})
            with pytest.raises(StoreError, match="in use by this very program"):
                SqliteStore(store.path).open()
    assert connected(stores) == [3, 4]
    assert read_snapshot(tmp_path / "0.card")["n"] == b"\x03"
    for store in stores:
        store.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{number}.card" for number in range(5)]


@pytest.mark.parametrize("instead", ["nothing", "another card"])
def test_a_card_that_is_moved_while_its_connection_is_away_is_not_touched(
    tmp_path: Path, few_connections: int, instead: str
) -> None:
    path = tmp_path / "x.card"
    create_card_file(path, {"n": b"\x01"})
    create_card_file(tmp_path / "other.card", {"n": b"\x07"})
    with SqliteStore(path) as store:
        assert store.rest()
        path.rename(tmp_path / "moved.card")
        if instead == "another card":
            (tmp_path / "other.card").rename(path)
        for use in (lambda: store.get("n"), lambda: store.commit({"n": b"\x02"})):
            with pytest.raises(StoreWriteError, match="moved or removed"):
                use()
        if instead == "another card":
            assert read_snapshot(path) == {"n": b"\x07"}
            path.rename(tmp_path / "other.card")
        (tmp_path / "moved.card").rename(path)
        store.commit({"n": b"\x02"})
    assert read_snapshot(path) == {"n": b"\x02"}


def test_cards_of_many_threads_share_the_few_connections(tmp_path: Path, few_connections: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for number in range(6):
        create_card_file(tmp_path / f"{number}.card", {"n": b"\x00"})

    def work(number: int) -> int:
        with SqliteStore(tmp_path / f"{number}.card") as store:
            for _ in range(40):
                store.commit({"n": bytes((store.get("n")[0] + 1,))})
            return store.get("n")[0]

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(work, range(6))) == [40] * 6
