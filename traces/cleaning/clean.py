"""Cleans a trace that somebody else has recorded: secrets go, personal data become pseudonyms; and says what went."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bifente.apdu.secrecy import DialogueSecrecy, Span
from bifente.traces.cleaning.pseudonyms import Pseudonyms
from bifente.traces.explanation.dialogue import Follower
from bifente.traces.explanation.names import name_of
from bifente.traces.files import Sink
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import Exchange, Item


@dataclass(slots=True)
class Removed:
    """What was taken out, by what it stood in."""

    secrets: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Instruction → how many exchanges, how many bytes."""
    personal: dict[str, tuple[int, int]] = field(default_factory=dict)
    """File → how many exchanges, how many bytes."""

    def lines(self) -> Iterator[str]:
        """In words, one line an item."""
        for name, (count, size) in self.secrets.items():
            yield f"{name}: {size} secret bytes masked in {count} exchange{'s' if count > 1 else ''}"
        for name, (count, size) in self.personal.items():
            yield f"{name}: pseudonyms for {size} bytes in {count} exchange{'s' if count > 1 else ''}"


class Cleaner:
    """Cleans the items of one trace, in order; each slot is followed by itself.

    *pseudonyms* None leaves personal data as they are; *secrets* False leaves PINs, keys and deciphered data.
    """

    def __init__(self, pseudonyms: Pseudonyms | None = None, *, secrets: bool = True) -> None:
        self.removed = Removed()
        self._pseudonyms = pseudonyms
        self._secrets = secrets
        self._secrecies: dict[str, DialogueSecrecy] = {}
        self._follower = Follower()

    def clean(self, item: Item) -> Item:
        """The next item without what must not stay."""
        secrecy = self._secrecies.get(item.slot)
        if secrecy is None:
            secrecy = self._secrecies[item.slot] = DialogueSecrecy()
        if type(item) is not Exchange:
            secrecy.reset()
            if self._pseudonyms is not None:
                self._follower.explain(item)
            return item
        asked, said = item.command, item.response
        if self._secrets:
            spans, secret = secrecy.of(asked.shown, said.shown)
            if spans or secret:
                asked, said = self._masked(spans, secret, asked, said)
        if self._pseudonyms is not None:
            asked, said = self._replaced(asked, said, item.slot)
        # What the card says of a refusal may name its holder: a reference, a day.
        why = item.why if self._pseudonyms is None else None
        if asked is item.command and said is item.response and why is item.why:
            return item
        return Exchange(asked, said, item.time, item.duration, item.slot, item.level, why)

    def _masked(
        self, spans: tuple[Span, ...], secret: bool, command: MaskedBytes, response: MaskedBytes
    ) -> tuple[MaskedBytes, MaskedBytes]:
        hidden = ((0, len(response) - 2),) if secret and len(response) > 2 else ()
        if _covered(spans, command) and _covered(hidden, response):
            return command, response
        asked = MaskedBytes.hiding(command.shown, (*spans, *command.hidden))
        said = MaskedBytes.hiding(response.shown, (*hidden, *response.hidden))
        new = _size(asked) + _size(said) - _size(command) - _size(response)
        name = name_of(asked)
        count, size = self.removed.secrets.get(name, (0, 0))
        self.removed.secrets[name] = (count + 1, size + new)
        return asked, said

    def _replaced(
        self, command: MaskedBytes, response: MaskedBytes, slot: str
    ) -> tuple[MaskedBytes, MaskedBytes]:
        assert self._pseudonyms is not None
        asked, said, path = self._pseudonyms.replace(command, response, self._follower.state(slot), slot)
        # What the card has learnt from does not depend on what its files hold.
        self._follower.explain(Exchange(command, response, slot=slot))
        if path is not None and (asked != command or said != response):
            changed = sum(
                one != other
                for before, after in ((command, asked), (response, said))
                for one, other in zip(before.shown, after.shown, strict=True)
            )
            name = path.removeprefix(f"{slot}/")
            count, size = self.removed.personal.get(name, (0, 0))
            self.removed.personal[name] = (count + 1, size + changed)
        return asked, said


def _covered(spans: tuple[tuple[int, int], ...], masked_bytes: MaskedBytes) -> bool:
    """What must be hidden is."""
    return all(
        any(first <= start and stop <= last for first, last in masked_bytes.hidden) for start, stop in spans
    )


def _size(masked_bytes: MaskedBytes) -> int:
    return sum(stop - start for start, stop in masked_bytes.hidden)


class CleanSink:
    """A sink before a sink: what passes is cleaned."""

    def __init__(self, sink: Sink, cleaner: Cleaner) -> None:
        self._sink = sink
        self._cleaner = cleaner

    def write(self, item: Item, /) -> None:
        """Clean one item and pass it on. Calls have to come one after another."""
        self._sink.write(self._cleaner.clean(item))
