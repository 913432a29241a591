"""Who holds which parts of the reader for himself, and who waits for them, first come, first served."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from time import monotonic
from typing import Final

from bifente.sesam.caller import CallerProcess
from bifente.sesam.codes import ReturnCode
from bifente.sesam.errors import CallFailed
from bifente.slotted import dataclass

HIGHEST: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Exclusivity:
    """An exclusivity that is held: by whom, under which names, and of which logical devices (LAD)."""

    number: int
    caller: CallerProcess
    application: str
    resource: str
    lads: frozenset[int]


class HeldExclusively(CallFailed):
    """0004: another one holds a part of what was asked for; the caller gets the names of who does."""

    def __init__(self, holder: Exclusivity, waited: float) -> None:
        super().__init__(
            ReturnCode.EXCLUSIVE,
            f"{holder.application} ({holder.caller.name}) holds {holder.resource} exclusively; waited {waited:g} s",
            (0).to_bytes(4, "little"),
            holder.application.encode("latin-1"),
            holder.resource.encode("latin-1"),
        )
        self.holder = holder


class Exclusivities:
    """The exclusivities of one reader. May be used from several threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._held: dict[int, Exclusivity] = {}
        self._waiting: list[tuple[CallerProcess, frozenset[int]]] = []
        self._last = 0

    def take(
        self, caller: CallerProcess, application: str, resource: str, lads: frozenset[int], wait: float
    ) -> int:
        """Hold *lads*; the number of the exclusivity. Waits in the queue at most *wait* seconds, then HeldExclusively.

        Raises CallFailed (0008) when the same process holds one of them already.
        """
        with self._changed:
            mine = next(
                (one for one in self._held.values() if one.caller is caller and one.lads & lads), None
            )
            if mine is not None:
                raise CallFailed(
                    ReturnCode.OUT_OF_SEQUENCE,
                    f"this process holds {mine.resource} already (exclusivity {mine.number})",
                )
            self._await_turn(caller, lads, wait)
            number = self._free_number()
            self._held[number] = Exclusivity(number, caller, application, resource, lads)
            return number

    def release(self, number: int, caller: CallerProcess) -> None:
        """End an exclusivity of *caller*. Raises CallFailed (1000) when it has none of that number."""
        with self._changed:
            held = self._held.get(number)
            if held is None or held.caller is not caller:
                raise CallFailed(ReturnCode.NO_SESSION, f"this process holds no exclusivity {number}")
            del self._held[number]
            self._changed.notify_all()

    def release_all(self, caller: CallerProcess) -> None:
        """End all exclusivities of a process that is gone."""
        with self._changed:
            for number in [one.number for one in self._held.values() if one.caller is caller]:
                del self._held[number]
            self._changed.notify_all()

    def refuse_others(self, caller: CallerProcess, lad: int) -> None:
        """Raise HeldExclusively when another process holds *lad*."""
        with self._changed:
            holder = self._holder(caller, frozenset((lad,)))
            if holder is not None:
                raise HeldExclusively(holder, 0)

    @contextmanager
    def during(
        self, caller: CallerProcess, application: str, resource: str, lads: frozenset[int], wait: float
    ) -> Iterator[None]:
        """Hold *lads* while the block runs; what the process itself holds already is not in its way."""
        with self._changed:
            self._await_turn(caller, lads, wait)
            number = self._free_number()
            self._held[number] = Exclusivity(number, caller, application, resource, lads)
        try:
            yield
        finally:
            with self._changed:
                self._held.pop(number, None)
                self._changed.notify_all()

    @property
    def queue(self) -> list[str]:
        """Who waits, the first one first."""
        with self._changed:
            return [caller.name for caller, _ in self._waiting]

    def held_by(self, caller: CallerProcess, lads: frozenset[int]) -> int:
        """The number of the exclusivity in which *caller* holds one of *lads*, 0 for none."""
        with self._changed:
            return next(
                (one.number for one in self._held.values() if one.caller is caller and one.lads & lads), 0
            )

    def _await_turn(self, caller: CallerProcess, lads: frozenset[int], wait: float) -> None:
        if self._holder(caller, lads) is None and not self._waiting:
            return
        ticket = (caller, lads)
        self._waiting.append(ticket)
        deadline = monotonic() + wait
        try:
            while True:
                holder = self._holder(caller, lads)
                if holder is None and not self._behind_another(ticket):
                    return
                if not self._changed.wait(max(deadline - monotonic(), 0)) and monotonic() >= deadline:
                    holder = self._holder(caller, lads) or holder
                    if holder is None:
                        return  # only the queue stood in the way, and whoever is first there has not woken up yet
                    raise HeldExclusively(holder, wait)
        finally:
            self._waiting.remove(ticket)
            self._changed.notify_all()

    def _holder(self, caller: CallerProcess, lads: frozenset[int]) -> Exclusivity | None:
        return next(
            (one for one in self._held.values() if one.caller is not caller and one.lads & lads), None
        )

    def _behind_another(self, ticket: tuple[CallerProcess, frozenset[int]]) -> bool:
        for other in self._waiting:
            if other is ticket:
                return False
            if other[1] & ticket[1] and other[0] is not ticket[0]:
                return True
        return False

    def _free_number(self) -> int:
        for _ in range(HIGHEST):
            self._last = self._last % HIGHEST + 1
            if self._last not in self._held:
                return self._last
        raise CallFailed(ReturnCode.NO_NUMBER_LEFT, "no number of an exclusivity is left")
