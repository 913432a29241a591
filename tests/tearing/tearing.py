"""Cut the power at every step of an operation on a card file, and look at what is left.

The operation runs once for each step that it makes on the disk of :mod:`powercut`. After each cut, every image that
a real disk could hold is written to a real file and opened as the next owner would, with a plain store; the caller's
`check` names the state that it finds, or fails.
"""

import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from powercut import Disk, Image, PowerCut

from bifente.applets.store.stores import SqliteStore, StoreError

_MOST_CUTS = 20_000


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut: before which step it fell (1, 2, …) and what became of what was not synced.

    `finished` is True for the cut after the operation returned: what it has told the world must then hold.
    `during_recovery` is True when the power went a second time, while the first cut was being repaired.
    """

    number: int
    step: str
    fate: str
    finished: bool
    during_recovery: bool = False

    def __str__(self) -> str:
        again = ", and again during the recovery" if self.during_recovery else ""
        return f"cut {self.number} at [{self.step}]{again}: {self.fate}"


@dataclass(slots=True)
class SweepResult:
    """Cuts made, different images examined, and how often each state was found."""

    cuts: int = 0
    recovery_cuts: int = 0
    images: int = 0
    states: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        states = ", ".join(f"{name} {count}" for name, count in sorted(self.states.items()))
        return f"{self.cuts} cuts, {self.recovery_cuts} more during recovery, {self.images} images: {states}"


MakeCardFile = Callable[[Path], None]
Operation = Callable[[SqliteStore], None]
Check = Callable[[SqliteStore, Cut], str]


def sweep(
    make_card_file: MakeCardFile,
    operation: Operation,
    check: Check,
    *,
    recovery: bool = False,
    tries: int = 3,
    seed: int = 0,
) -> SweepResult:
    """Cut `operation` at each of its steps on the disk.

    `make_card_file(path)` makes the card once. `operation(store)` gets an open store on a fresh copy of it; the cut
    reaches it as :class:`PowerCut`. `check(store, cut)` gets an open plain store on what a disk may hold then and
    returns the name of the state, or raises; it may write, the file is its own. With `recovery` the power also goes a
    second time, at each step of the repair. AssertionError names the cut that broke the card.
    """
    with _folder() as folder:
        card = folder / "swept.card"
        make_card_file(card)
        bench = _Bench(folder, card, check, tries, seed)
        original = {card.name: card.read_bytes()}
        for number in range(1, _MOST_CUTS):
            disk = Disk(original, cut_at=number)
            if bench.run(disk, operation):
                bench.examine(disk, number, finished=True, recovery=False)
                return bench.result
            bench.result.cuts += 1
            bench.examine(disk, number, finished=False, recovery=recovery)
    raise AssertionError(f"the operation does not end within {_MOST_CUTS} steps")


class _Bench:
    def __init__(self, folder: Path, card: Path, check: Check, tries: int, seed: int) -> None:
        self.folder = folder
        self.card = card
        self.check = check
        self.tries = tries
        self.seed = seed
        self.result = SweepResult()

    def run(self, disk: Disk, operation: Operation, *, armed_at_open: bool = False) -> bool:
        """Do `operation` on `disk`; False when the power went. The store is closed afterwards."""
        store = SqliteStore(self.card, connect=disk.connect)
        disk.armed = armed_at_open
        try:
            store.open()
            disk.armed = True
            operation(store)
        except PowerCut:
            assert disk.dead
        finally:
            with contextlib.suppress(PowerCut):
                store.close()
            disk.unplug()
        return not disk.dead

    def examine(self, disk: Disk, number: int, *, finished: bool, recovery: bool) -> None:
        """Judge every image that `disk` may have left, each different one once."""
        step = "after the end" if finished else disk.steps[-1]
        for fate, image in self._images(disk, number):
            self._judge(image, Cut(number, step, fate, finished))
            if (
                recovery
                and image.get(f"{self.card.name}-journal")
                and fate in ("all landed", "contents without names")
            ):
                self._cut_recovery(image, number, step)

    def _cut_recovery(self, image: Image, number: int, step: str) -> None:
        for again in range(1, _MOST_CUTS):
            disk = Disk(image, cut_at=again)
            if self.run(disk, lambda _: None, armed_at_open=True):
                return
            self.result.recovery_cuts += 1
            for fate, left in self._images(disk, again):
                self._judge(
                    left, Cut(number, f"{step} … {disk.steps[-1]}", fate, False, during_recovery=True)
                )

    def _images(self, disk: Disk, number: int) -> Iterator[tuple[str, Image]]:
        seen: set[tuple[tuple[str, bytes], ...]] = set()
        for fate, image in disk.images(Random(f"{self.seed}/{number}"), self.tries).items():
            key = tuple(sorted(image.items()))
            if key not in seen:
                seen.add(key)
                yield fate, image

    def _judge(self, image: Image, cut: Cut) -> None:
        self.result.images += 1
        place = self.folder / "after"
        place.mkdir()
        try:
            for name, content in image.items():
                (place / name).write_bytes(content)
            with SqliteStore(place / self.card.name) as store:
                state = self.check(store, cut)
        except (AssertionError, StoreError) as error:
            raise AssertionError(f"{cut}: {error}") from error
        finally:
            shutil.rmtree(place)
        self.result.states[state] += 1


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder in memory where there is one: the syncs that matter are those of the modelled disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="tearing-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)
