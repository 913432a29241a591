"""A reader with card files in its slots, offered to PC/SC programs."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Lock, Thread
from types import TracebackType
from typing import Final

from bifente.apdu.link import Card, CardAbsent
from bifente.apdu.refusal import Refusal
from bifente.applets import SmartCard, card_of, read_card
from bifente.applets.kernel.records import all_records, read_meta
from bifente.applets.store.errors import CardFileForbidden
from bifente.applets.store.stores import MemoryStore, SqliteStore, Store
from bifente.layouts.registry import called, layout_of
from bifente.reader import TwoSlotReader
from bifente.reader.choose import choose
from bifente.reader.errors import DuplicateCard
from bifente.reader.pcsclite import PcscServer, default_names
from bifente.reader.pcsclite.slot import Observer
from bifente.reader.pinpad import PinPad
from bifente.reader.slots.events import SlotChange, SlotEvent
from bifente.workbench.cards.kinds import kind_of_file
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.served.control import Answer, Question
from bifente.workbench.served.plugging import change, need_plugged

Wrapper = Callable[[Card, str], Card]
"""Puts something around a card; it is given the slot's name as well."""

EMPTY: Final = "-"
"""The word for a slot without card."""

_SWITCH_SECONDS: Final = 0.0005


class _Held:
    """A store that stays open, and its file locked, while the card is in a slot, powered or not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.open()
        self.get, self.names, self.commit = store.get, store.names, store.commit
        try:
            self.serial = str(read_meta(all_records(store)).get("serial") or "")
        except BaseException:
            store.close()
            raise

    def open(self) -> None:
        """It is."""

    def close(self) -> None:
        """Only :meth:`release` does."""

    def release(self) -> None:
        """Give the card file back."""
        self._store.close()


class Slots:
    """The slots of all readers, numbered from 1, and the card files in them."""

    def __init__(
        self,
        cards: Sequence[str],
        *,
        name: str,
        ephemeral: bool = False,
        wrappers: Sequence[Wrapper] = (),
        contactless: Sequence[str] = (),
    ) -> None:
        """*contactless* names the slots whose cards are met without contacts. Raises ReaderError for an unknown slot."""
        count = max(2, len(cards) + len(cards) % 2)
        if count > 16:
            raise WorkbenchError("a terminal has 16 slots at most", "usage")
        self.readers = [TwoSlotReader(name) for _ in range(count // 2)]
        self.places = [(reader, slot) for reader in self.readers for slot in reader.slots]
        self.names = default_names(self.readers)
        self.ephemeral = ephemeral
        self._wrappers = tuple(wrappers)
        self._held: dict[int, tuple[Path, str, _Held]] = {}
        self._contactless = {self._number(slot) for slot in contactless}
        self._lock = Lock()
        self._server: PcscServer | None = None
        for number, (reader, _) in enumerate(self.places):
            reader.subscribe(partial(self._happened, number))
        try:
            for number, card in enumerate(cards):
                if card != EMPTY:
                    self._insert(number, Path(card))
        except BaseException:
            self.close()
            raise

    def serve(
        self, path: Path | None, *, pin_pad: PinPad | None = None, observe: Observer | None = None
    ) -> PcscServer:
        """The server for these slots, not started."""
        self._server = PcscServer(
            *self.readers,
            path=path,
            names=self.names,
            pin_pad=pin_pad,
            observe=observe,
            switch_seconds=_SWITCH_SECONDS,
        )
        return self._server

    def answer(self, question: Question) -> Answer:
        """What the control socket answers."""
        # Nobody who only looks waits for a card that is being taken out.
        if question["do"] != "status":
            self._change(question)
        return {"slots": self.status()}

    def _change(self, question: Question) -> None:
        with self._lock:
            self._give_back()
            match question["do"]:
                case "insert":
                    self._insert(self._free(question), Path(question["card"]))
                case "remove":
                    self._remove(self._number(question["slot"]))
                case "swap":
                    self._swap(question)
                case _:
                    change(question, self.readers, self._server)

    def status(self) -> list[dict[str, object]]:
        """One line for each slot."""
        lines = []
        for number, (reader, slot) in enumerate(self.places):
            status = reader.status(slot)
            held = self._held.get(number)
            lines.append(
                {
                    "slot": number + 1,
                    "name": self.names[number],
                    "card": None if held is None else str(held[0]),
                    "kind": None if held is None else held[1],
                    "powered": status.powered,
                    "atr": status.atr.hex().upper(),
                    "links": status.links,
                    "misplaced": self._misplaced(number),
                    "contactless": number in self._contactless,
                    "plugged": status.plugged,
                    "refusal": None if status.last_refusal is None else as_fields(status.last_refusal),
                }
            )
        return lines

    def notes(self) -> list[str]:
        """What is unusual about the cards in the slots, one line each."""
        return [
            f"{self._held[number][0]}, {called(self._held[number][1])}, is in slot {self.places[number][1]}"
            for number in sorted(self._held)
            if self._misplaced(number)
        ]

    def _misplaced(self, number: int) -> bool:
        """There is a card in the slot that programs look for in the other one."""
        usual = _usual_slot(self._held[number][1]) if number in self._held else None
        return usual is not None and usual != self.places[number][1]

    def _number(self, slot: str) -> int:
        """A slot by its name, a part of it or its number. Raises ReaderError."""
        short = [number for number, (_, name) in enumerate(self.places) if name.casefold() == slot.casefold()]
        return short[0] if len(short) == 1 else choose("slot", slot, self.names)

    def _free(self, question: Question) -> int:
        slot = question.get("slot")
        if slot:
            return self._number(slot)
        kind = kind_of_file(Path(question["card"]))
        empty = [number for number in range(len(self.places)) if number not in self._held]
        if not empty:
            raise WorkbenchError("every slot holds a card", "input.slot-occupied")
        usual = [number for number in empty if self.places[number][1] == _usual_slot(kind)]
        return (usual or empty)[0]

    def _insert(self, number: int, path: Path) -> None:
        need_plugged(self.places[number][0])
        if number in self._held:
            raise WorkbenchError(f"slot {number + 1} holds a card already", "input.slot-occupied")
        self._power_on(number, path, self._opened(path))

    def _opened(self, path: Path) -> _Held:
        if self.ephemeral:
            return _Held(MemoryStore(read_card(path)))
        for number, (held, _, _) in self._held.items():
            if held.exists() and path.exists() and held.samefile(path):
                raise WorkbenchError(
                    f"{path}: this card is in slot {number + 1} already",
                    "card-in-use",
                    hint="one card cannot be in two places: take it out there first, or name another",
                )
        try:
            return _Held(SqliteStore(path))
        except CardFileForbidden as error:
            if os.access(path, os.R_OK):
                error.kind = "no-permission.readable"
            raise

    def _power_on(self, number: int, path: Path, held: _Held) -> None:
        """Power the card on *held* in a slot that is empty; when that fails, its file is given back."""
        reader, slot = self.places[number]
        try:
            kind = kind_of_file(path)
            card: Card = _card(held, kind, contactless=number in self._contactless)
            for wrapper in self._wrappers:
                card = wrapper(card, self.names[number])
            reader.insert(slot, card)
        except BaseException:
            held.release()
            raise
        self._held[number] = (path, kind, held)

    def _remove(self, number: int) -> None:
        reader, slot = self.places[number]
        need_plugged(reader)
        if number not in self._held:
            raise CardAbsent(f"{number + 1}")
        try:
            reader.remove(slot)
        finally:
            self._held.pop(number)[2].release()

    def _swap(self, question: Question) -> None:
        """The card that is in a slot leaves it only for one that may come in."""
        number, path = self._number(question["slot"]), Path(question["card"])
        kind_of_file(path)
        before = self._held.get(number)
        if before is None:
            self._insert(number, path)
            return
        if before[0].exists() and before[0].samefile(path):
            self._remove(number)
            self._insert(number, path)
            return
        held = self._opened(path)
        try:
            self._refuse_twin(number, held)
            self._remove(number)
        except BaseException:
            held.release()
            raise
        try:
            self._power_on(number, path, held)
        except BaseException:
            self._insert(number, before[0])
            raise

    def _refuse_twin(self, number: int, card: _Held) -> None:
        """Raise what the reader would raise once the card is in: another of its number is in another slot."""
        for other, (_, _, held) in self._held.items():
            together = other != number and self.places[other][0] is self.places[number][0]
            if together and card.serial and held.serial == card.serial:
                raise DuplicateCard(card.serial, self.places[other][1])

    def _happened(self, number: int, event: SlotEvent) -> None:
        """A card that a fault has pulled out is put back into nobody's hands. Called with the reader locked."""
        if (
            event.change is SlotChange.REMOVED
            and event.slot == self.places[number][1]
            and not self._lock.locked()
        ):
            Thread(target=self._give_back_pulled, name="reader pulled", daemon=True).start()

    def _give_back_pulled(self) -> None:
        with self._lock:
            self._give_back()

    def _give_back(self) -> None:
        """Give the files of cards back that were pulled out for good."""
        for number, (reader, slot) in enumerate(self.places):
            if number in self._held and reader.card(slot) is None and not reader.comes_back(slot):
                self._held.pop(number)[2].release()

    def close(self) -> None:
        """Take every card out and give its file back."""
        for reader in self.readers:
            reader.close()
        for _, _, held in self._held.values():
            held.release()
        self._held.clear()

    def __enter__(self) -> "Slots":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _card(held: _Held, kind: str, *, contactless: bool) -> SmartCard:
    return card_of(held, kind, contactless=contactless)


def _usual_slot(kind: str) -> str | None:
    """Where programs look for a card of that kind; None when nobody does."""
    party = layout_of(kind).party
    return None if party is None else party.name


def as_fields(refusal: Refusal) -> dict[str, str]:
    """A refusal as JSON takes it."""
    return {"sw": f"{refusal.sw:04X}", "clause": refusal.why.clause, "sentence": refusal.why.sentence}
