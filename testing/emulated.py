"""What the fixtures give: an emulated reader with its cards, and what was said to them."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from bifente.applets import SmartCard
from bifente.reader import CPS_SLOT, VITALE_SLOT, SlotLink, TwoSlotReader
from bifente.terminal import CpsSession, Vitale1Session, VitaleSession
from bifente.testing.declared import WAYS, Wanted, check_records
from bifente.traces.explanation.dialogue import Follower
from bifente.traces.files import TraceList, TraceWriter
from bifente.traces.model import Exchange, TraceHeader
from bifente.traces.record import Recorder, Stopwatch
from bifente.workbench.cards.maker import PIN, PUK, CardMaker


class RecordedTrace:
    """The dialogues of a test, PINs and deciphered data masked."""

    def __init__(self) -> None:
        self._kept = TraceList()

    @property
    def recorder_sink(self) -> TraceList:
        """Where the recorders of the cards write."""
        return self._kept

    @property
    def exchanges(self) -> list[Exchange]:
        """Every command and its answer, in order."""
        return [item for item in self._kept.items if isinstance(item, Exchange)]

    @property
    def commands(self) -> list[str]:
        """The commands in hexadecimal, ``**`` for each hidden byte."""
        return [exchange.command.hex() for exchange in self.exchanges]

    def explain(self) -> list[str]:
        """One line for each exchange: slot, command, status word, meaning; one more for why the card refused."""
        follower = Follower()
        lines = []
        for exchange in self.exchanges:
            text = follower.explain(exchange).text
            lines.append(
                f"{exchange.slot:7} {exchange.command.hex()} -> {exchange.response.hex()[-4:]}  {text}"
            )
            if exchange.why is not None:
                lines.append(f"{'':7}   why: {exchange.why}")
        return lines

    def write(self, path: Path) -> None:
        """Save it as a trace file, which ``bifente trace`` reads."""
        with TraceWriter.create(path, TraceHeader()) as file:
            for item in self._kept.items:
                file.write(item)

    def clear(self) -> None:
        """Forget what was said so far."""
        self._kept.items.clear()


class EmulatedCard:
    """A card in its slot of an emulated reader."""

    def __init__(self, reader: TwoSlotReader, slot: str, card: SmartCard, recorded: Recorder) -> None:
        self.reader = reader
        self.slot = slot
        self.card = card
        self.pin = PIN
        self.puk = PUK
        """The PIN and PUK of a CPS, which the shipped profiles set; a carte Vitale has none."""
        self._recorded = recorded

    def __repr__(self) -> str:
        return f"<EmulatedCard {self.card.layout.title} in {self.slot}>"

    @property
    def serial(self) -> str | None:
        """The serial number."""
        return self.card.serial

    @property
    def reader_name(self) -> str:
        """The slot as PC/SC programs see it."""
        return self.reader.slot_name(self.slot)

    def link(self) -> SlotLink:
        """A new link to the card. Raises CardAbsent when it is out."""
        return self.reader.link(self.slot)

    def remove(self) -> None:
        """Take the card out."""
        self.reader.remove(self.slot)

    def insert(self) -> None:
        """Put it back."""
        self.reader.insert(self.slot, self._recorded)


class EmulatedCps(EmulatedCard):
    """A professional's card."""

    def session(self, *, pin: bytes | None = None) -> CpsSession:
        """A new session; with *pin* the PIN has been presented."""
        session = CpsSession(self.link())
        if pin is not None:
            session.verify_pin(pin)
        return session


class EmulatedVitale(EmulatedCard):
    """A carte Vitale, of either generation."""

    def session(self) -> VitaleSession:
        """A new session with a Vitale 2."""
        return VitaleSession(self.link())

    def session_1(self) -> Vitale1Session:
        """A new session with a Vitale 1, the family card."""
        return Vitale1Session(self.link())


@dataclass(slots=True)
class EmulatedReader:
    """A two-slot reader with the cards that a test has declared."""

    reader: TwoSlotReader
    trace: RecordedTrace
    over: str
    cps: EmulatedCps | None = None
    vitale: EmulatedVitale | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the environment of a PC/SC program needs to see this reader; empty unless it is over the socket."""

    @property
    def names(self) -> tuple[str, ...]:
        """The slots as PC/SC programs see them."""
        return tuple(self.reader.slot_name(slot) for slot in self.reader.slots)


@contextmanager
def emulated_reader(maker: CardMaker, wanted: Wanted) -> Iterator[EmulatedReader]:
    """The reader and cards that were declared, for as long as the block runs.

    *over* ``process``: links of this process; ``pyscard``: pyscard lists it besides, in this process; ``socket``:
    other programs see it besides, by its ``environment``. Raises PersoError for an unknown profile, ValueError for
    another way or a record that the card has not, ImportError without pyscard.
    """
    if wanted.over not in WAYS:
        raise ValueError(f"over is one of {', '.join(WAYS)}, not {wanted.over!r}")
    with ExitStack() as stack:
        reader = stack.enter_context(TwoSlotReader("bifente", wait=10))
        trace, clock = RecordedTrace(), Stopwatch()
        made = EmulatedReader(reader, trace, wanted.over)
        for slot, profile in ((CPS_SLOT, wanted.cps), (VITALE_SLOT, wanted.vitale)):
            if profile is None:
                continue
            changes = wanted.changes if slot == CPS_SLOT else {}
            check_records(changes, maker.records(profile)[1])
            card = maker.card(profile, changes)
            recorded = Recorder(card, trace.recorder_sink, slot=slot, clock=clock)
            reader.insert(slot, recorded)
            if slot == CPS_SLOT:
                made.cps = EmulatedCps(reader, slot, card, recorded)
            else:
                made.vitale = EmulatedVitale(reader, slot, card, recorded)
        trace.clear()
        if wanted.over == "pyscard":
            from bifente.reader.pyscard import register, unregister

            register(reader)
            stack.callback(unregister, reader)
        elif wanted.over == "socket":
            made.environment = stack.enter_context(_served(reader))
        yield made


@contextmanager
def _served(reader: TwoSlotReader) -> Iterator[Mapping[str, str]]:
    import shutil

    from bifente.reader.pcsclite import PcscServer

    folder = mkdtemp(prefix="bifente-")
    try:
        with PcscServer(reader, path=Path(folder) / "pcscd.comm") as server:
            yield server.environment
    finally:
        shutil.rmtree(folder, ignore_errors=True)
