"""kill -9 of a real process at work on a card file, as often as asked."""

import os
import select
import signal
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

from bifente.applets.store.stores import SqliteStore

_LONGEST_WAIT = 20.0

Report = Callable[[bytes], None]


def kill_repeatedly(
    card: Path,
    work: Callable[[SqliteStore, Report], None],
    check: Callable[[SqliteStore, list[bytes]], str],
    *,
    kills: int,
    seed: int = 0,
) -> Counter[str]:
    """Let a child process do `work` on the card, kill it, open the card, `check`; `kills` times on the same file.

    `work(store, report)` runs until it is killed and reports lines that it has answered for. `check(store, reports)`
    gets the reports of this child and returns the name of the state. The result counts the states, and under
    ``"journal left"`` how many kills fell inside a commit.
    """
    random = Random(seed)
    states: Counter[str] = Counter()
    journal = card.with_name(card.name + "-journal")
    for _ in range(kills):
        reports = _one_life(card, work, reports_awaited=random.randint(1, 12), delay=random.random() * 0.003)
        if journal.exists():
            states["journal left"] += 1
        with SqliteStore(card) as store:
            states[check(store, reports)] += 1
    return states


def _one_life(
    card: Path, work: Callable[[SqliteStore, Report], None], reports_awaited: int, delay: float
) -> list[bytes]:
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # a fork beside pytest's own threads, which it leaves alone
        child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            store = SqliteStore(card)
            store.open()

            def report(line: bytes) -> None:
                os.write(writing, line + b"\n")

            work(store, report)
        except BaseException:  # noqa: BLE001 - the child must never return into the test
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(writing)
    received = b""
    try:
        deadline = time.monotonic() + _LONGEST_WAIT
        while received.count(b"\n") < reports_awaited:
            ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the child reports nothing"
            chunk = os.read(reading, 65536)
            assert chunk, "the child ended by itself"
            received += chunk
        time.sleep(delay)  # where in a commit the blow falls
    finally:
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        while chunk := os.read(reading, 65536):
            received += chunk
        os.close(reading)
    assert os.WTERMSIG(status) == signal.SIGKILL
    return received.split(b"\n")[:-1]
