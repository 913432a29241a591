"""One owner at a time, known to the others; a dead owner owns nothing."""

import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from bifente.applets.store import lock
from bifente.applets.store.lock import CardLock
from bifente.applets.store.stores import (
    CardInUse,
    LinkedCardFile,
    SqliteStore,
    create_card_file,
    read_snapshot,
)

RECORDS = {"counter": b"0"}

OWNER = """
import sys
from bifente.applets.store.stores import SqliteStore
with SqliteStore(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "x.card"
    create_card_file(path, RECORDS)
    return path


def start_owner(card: Path, script: Path) -> "subprocess.Popen[str]":
    script.write_text(OWNER)
    owner = subprocess.Popen(
        [sys.executable, str(script), str(card), "--pin", "1234"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "open\n"
    return owner


def test_another_process_is_told_who_has_the_card(card: Path, tmp_path: Path) -> None:
    with start_owner(card, tmp_path / "some-program") as owner:
        with pytest.raises(CardInUse, match=rf"in use by some-program \(pid {owner.pid}\)") as caught:
            SqliteStore(card).open()
        assert (caught.value.pid, caught.value.program) == (owner.pid, "some-program")
        assert "1234" not in (tmp_path / "x.card.lock").read_text(), "arguments may hold a PIN"
        assert read_snapshot(card) == RECORDS
        owner.communicate("", timeout=30)
    assert owner.returncode == 0
    assert not (tmp_path / "x.card.lock").exists()
    SqliteStore(card).__enter__().close()


def test_a_killed_owner_owns_nothing(card: Path, tmp_path: Path) -> None:
    with start_owner(card, tmp_path / "victim") as owner:
        owner.send_signal(signal.SIGKILL)
    assert (tmp_path / "x.card.lock").exists()
    with SqliteStore(card) as store:
        store.commit({"counter": b"1"})
        with pytest.raises(CardInUse) as caught:
            SqliteStore(card).open()
        assert caught.value.pid == os.getpid(), "the message names the new owner"
    assert not (tmp_path / "x.card.lock").exists()


def test_the_same_process_is_refused_too(card: Path) -> None:
    with SqliteStore(card) as first:
        second = SqliteStore(card)
        for _ in range(2):
            with pytest.raises(CardInUse, match="in use by this very program") as caught:
                second.open()
            assert "two places" in caught.value.hint
        first.commit({"counter": b"1"})
    with second:
        assert second.get("counter") == b"1"


def test_another_name_of_the_same_card_is_refused_too(card: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    alias = tmp_path / "elsewhere" / "alias.card"
    alias.symlink_to(card)
    with SqliteStore(alias), pytest.raises(CardInUse):
        SqliteStore(card).open()
    with SqliteStore(card), pytest.raises(CardInUse):
        SqliteStore(alias).open()
    assert list(alias.parent.iterdir()) == [alias]


def test_a_card_of_two_names_is_refused_by_either(card: Path) -> None:
    """Lock and journal go by the name: two owners would give PIN tries twice."""
    other = card.with_name("y.card")
    other.hardlink_to(card)
    for name in (card, other):
        with pytest.raises(LinkedCardFile, match="another name") as caught:
            SqliteStore(name).open()
        assert name.name in str(caught.value)
        with pytest.raises(LinkedCardFile):
            read_snapshot(name)
    other.unlink()
    assert read_snapshot(card) == RECORDS


def test_a_second_name_given_while_the_card_is_in_use(card: Path) -> None:
    other = card.with_name("y.card")
    with SqliteStore(card) as store:
        other.hardlink_to(card)
        with pytest.raises(LinkedCardFile):
            SqliteStore(other).open()
        store.commit({"counter": b"1"})
        other.unlink()
    assert read_snapshot(card) == {"counter": b"1"}


def test_a_draft_left_by_a_killed_maker_is_no_second_name(card: Path) -> None:
    draft, foreign = card.with_name(".bifente-0123.tmp"), card.with_name(".bifente-4567.tmp")
    draft.hardlink_to(card)
    foreign.write_bytes(b"the draft of another card")
    assert read_snapshot(card) == RECORDS
    assert (draft.exists(), foreign.exists()) == (False, True)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'{"pid": "1", "program": 2}', b"\xff", b'{"pid": 1}' * 1000]
)
def test_whatever_the_lock_file_says_the_kernel_decides(card: Path, tmp_path: Path, text: bytes) -> None:
    sidecar = tmp_path / "x.card.lock"
    sidecar.write_bytes(text)
    with SqliteStore(card):
        sidecar.write_bytes(text)
        with pytest.raises(CardInUse, match="in use by another program") as caught:
            SqliteStore(card).open()
        assert caught.value.pid is None
    assert not sidecar.exists()


def test_a_program_name_stays_on_one_line(card: Path, tmp_path: Path) -> None:
    with SqliteStore(card):
        (tmp_path / "x.card.lock").write_text('{"pid": 1, "program": "two\\nlines"}')
        with pytest.raises(CardInUse) as caught:
            SqliteStore(card).open()
        assert str(caught.value).isprintable()


def test_a_lock_file_removed_by_hand_is_not_mistaken_for_another(card: Path, tmp_path: Path) -> None:
    first, second = CardLock(card), CardLock(card)
    first.acquire()
    first.path.unlink()
    second.acquire()
    first.release()
    assert second.path.exists(), "the first owner removed the second's lock"
    with pytest.raises(CardInUse):
        CardLock(card).acquire()
    second.release()
    assert not second.path.exists()


def test_a_lock_won_on_a_removed_file_is_worth_nothing(card: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner lets go between our open and our lock: we hold a file without a name, and must try again."""
    owner = CardLock(card)
    owner.acquire()
    original = lock._try_lock
    attempts: list[int] = []

    def late(descriptor: int) -> None:
        if not attempts:
            owner.release()
        attempts.append(descriptor)
        original(descriptor)

    monkeypatch.setattr(lock, "_try_lock", late)
    newcomer = CardLock(card)
    newcomer.acquire()
    assert len(attempts) == 2
    with pytest.raises(CardInUse):
        CardLock(card).acquire()
    newcomer.release()


def test_a_symbolic_link_in_place_of_the_lock_is_not_followed(card: Path, tmp_path: Path) -> None:
    if not hasattr(os, "O_NOFOLLOW"):
        pytest.skip("links are followed on this system")
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "x.card.lock").symlink_to(precious)
    with pytest.raises(Exception, match=r"x\.card: too many"):
        SqliteStore(card).open()
    assert precious.read_text() == "precious"


def test_many_threads_are_served_one_at_a_time(card: Path) -> None:
    rounds, wanted = 12, 6
    inside = threading.Lock()
    trouble: list[str] = []

    def work() -> None:
        done = refused = 0
        while done < rounds and refused < 200_000:
            store = SqliteStore(card)
            try:
                store.open()
            except CardInUse:
                refused += 1
                continue
            if not inside.acquire(blocking=False):
                trouble.append("two owners")
            store.commit({"counter": b"%d" % (int(store.get("counter")) + 1)})
            inside.release()
            store.close()
            done += 1
        if done < rounds:
            trouble.append(f"only {done} turns")

    threads = [threading.Thread(target=work) for _ in range(wanted)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not trouble
    assert read_snapshot(card) == {"counter": b"%d" % (rounds * wanted)}
    assert [entry.name for entry in card.parent.iterdir()] == ["x.card"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_does_not_keep_the_card(card: Path) -> None:
    store = SqliteStore(card)
    store.open()
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    os.close(reading)
    try:
        store.close()
        with SqliteStore(card) as again:
            again.commit({"counter": b"1"})
    finally:
        os.close(writing)
        os.waitpid(child, 0)
