"""Readers and a service that go and come back: what an unmodified program sees, with us and with Debian's pcscd."""

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pcscd
import pytest
from pcscwire import SECONDS, T1_ATR, FakeCard, Wire, serving, until

from bifente.apdu.link import CardRemoved, LinkError, ReaderGone
from bifente.reader import SlotChange, TwoSlotReader
from bifente.reader.errors import ServiceRestarts
from bifente.reader.pcsclite import PcscServer
from bifente.reader.pcsclite.client import Client
from bifente.reader.pcsclite.codes import Rv, Share
from bifente.reader.pcsclite.messages import Command
from bifente.reader.wrappers.faults import Faulty, parse_faults

CPS, VITALE = "R [CPS] 00 00", "R [Vitale] 00 01"
READ = bytes.fromhex("00B0000004")
RAN = bytes.fromhex("049000")

READER = f"""\
establish 00000000
establish 00000000
connect 00000000
connect 00000000
transmit 00000000
pnp 00000000 0002
list 8010002E
change 80100009
connect 80100009
transmit 80100011
status 80100017
begin 80100011
end 80100011
attribute 80100011
control 80100011
reconnect 80100011
disconnect 00000000
pnp 00000000 0002
list 00000000 {CPS} {VITALE}
connect 00000000
transmit 00000000
old 80100011
disconnect 00000000
gone 00000000 000E
back 00000000 0022
disconnect 00000000
connect 00000000
disconnect 00000000
"""
"""NO_READERS_AVAILABLE, UNKNOWN_READER; READER_UNAVAILABLE or INVALID_VALUE for a handle, also when the reader is back.

Debian's pcscd learns of such a reader from udev only, which no test has: this is RFRemoveReader and RFReaderInfoById of
pcsc-lite 1.9.9, and what its library makes of them.
"""

SERVICE = f"""\
establish 00000000
establish 00000000
connect 00000000
stopped 80100013
list 8010001D
transmit 8010001D
status 8010001D
begin 8010001D
end 8010001D
attribute 8010001D
control 8010001D
reconnect 8010001D
disconnect 8010001D
valid 00000000
establish 8010001D
old 8010001D
establish 00000000
list 00000000 {CPS} {VITALE}
connect 00000000
transmit 00000000
disconnect 00000000
release 00000000
"""
"""SCARD_F_COMM_ERROR for who waits, SCARD_E_NO_SERVICE from then on; old contexts are good for nothing."""


def played(
    program: Path,
    part: str,
    name: str,
    environment: dict[str, str],
    waiting: Callable[[], int],
    **actions: Callable[[], None],
) -> str:
    """What comesback says while its wishes are fulfilled. *waiting* counts the waits for a change that have begun."""
    said = []
    with subprocess.Popen(
        [program, name, part],
        env={**os.environ, **environment, "PCSCLITE_NO_BLOCKING": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        watchdog = threading.Timer(6 * SECONDS, process.kill)
        watchdog.start()
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            if not line.startswith("do "):
                said.append(line)
                continue
            action, later, before = actions[line.split()[1]], line.endswith("while waiting\n"), waiting()
            if not later:
                action()
            process.stdin.write("done\n")
            process.stdin.flush()
            if later:
                until(lambda: waiting() > before)  # noqa: B023 - over when the loop goes on
                action()
        watchdog.cancel()
    assert process.returncode == 0, said
    return "".join(said)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """The clients that have been sent all states, one entry each time: from then on they wait for a change."""
    clients: list[Client] = []
    good = Client._states_and_news

    def states(self: Client) -> None:
        good(self)
        clients.append(self)

    monkeypatch.setattr(Client, "_states_and_news", states)
    return clients


@pytest.mark.parametrize(("part", "expected"), [("reader", READER), ("service", SERVICE)])
def test_what_a_program_sees(
    tmp_path: Path, compiled: Callable[[str], Path], told: list[Client], part: str, expected: str
) -> None:
    with TwoSlotReader("R") as reader:
        reader.insert("CPS", FakeCard())
        servers: list[PcscServer] = []

        def start() -> None:
            # Told of its own connection the program would look again, and find out otherwise that nobody is there.
            servers.append(PcscServer(reader, path=tmp_path / "s", status_poll=3600))
            servers[-1].start()

        def stop() -> None:
            servers[-1].close()

        start()
        try:
            said = played(
                compiled("comesback"),
                part,
                CPS,
                servers[0].environment,
                lambda: len(told),
                unplug=reader.unplug,
                plug=reader.plug,
                stop=stop,
                start=start,
            )
        finally:
            stop()
    assert said == expected


def test_a_real_service_that_restarts(
    compiled: Callable[[str], Path], require_tool: Callable[[str], str]
) -> None:
    reason = pcscd.unavailable()
    if reason is not None:
        pytest.skip(reason)
    require_tool("vpcd-config")
    with pcscd.isolated_pcscd(options=("--debug",)) as daemon:
        cards: list[socket.socket] = []

        def insert() -> None:
            """A card of the driver's; it goes with the service."""
            card = daemon.inside(lambda: socket.create_connection(("127.0.0.1", pcscd.PORT)))
            threading.Thread(target=pcscd.be_a_card, args=(card, FakeCard()), daemon=True).start()
            cards.append(card)
            daemon.await_card(len(cards))

        def count(what: str) -> int:
            return sum(what in line for line in daemon.log)

        def stop() -> None:
            if daemon.process.poll() is None:
                daemon.stop()

        def start() -> None:
            daemon.start()
            daemon.await_ready()
            insert()

        insert()
        said = played(
            compiled("comesback"),
            "service",
            "Virtual PCD 00 00",
            daemon.environment,
            lambda: count("MSGSendReaderStates"),
            stop=stop,
            start=start,
        )
    # Whoever is looking again just then, for the connection was news, is told that there is no service.
    said = said.replace("stopped 8010001D", "stopped 80100013")
    assert said.replace("Virtual PCD 00 00", CPS).replace("Virtual PCD 00 01", VITALE) == SERVICE


def test_a_restart_ends_every_client_and_takes_the_supply(tmp_path: Path) -> None:
    fake = FakeCard()
    with serving(tmp_path, fake) as (_, server):
        with Wire(server.path) as one, Wire(server.path) as two:
            one.card(CPS)
            two.wait()
            inode = server.path.stat().st_ino
            assert (fake.cold, fake.off) == (1, 0)
            server.restart()
            assert one.hung_up()
            assert two.hung_up()
        assert (fake.cold, fake.off) == (2, 1)
        assert server.path.stat().st_mode & 0o777 == 0o600
        assert server.path.stat().st_ino != inode or server.clients == 0
        with Wire(server.path) as one:
            assert (one.state(CPS).counter, one.state(CPS).protocol) == (0, 0)
            assert one.transmit(one.card(CPS), READ)[:2] == (Rv.SUCCESS, RAN)


def test_while_it_is_down_there_is_no_service_and_it_can_be_closed(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server):
        restart = threading.Thread(target=server.restart, args=(3600,))
        restart.start()
        until(lambda: not server.path.exists())
        server.close()
        restart.join(SECONDS)
        assert not restart.is_alive()
        assert not server.path.exists()


def test_two_readers_keep_their_places(tmp_path: Path) -> None:
    """A program that knows the second reader's number goes on knowing it."""
    with TwoSlotReader("R") as first, TwoSlotReader("R") as second:
        second.insert("CPS", FakeCard())
        with PcscServer(first, second, path=tmp_path / "s") as server, Wire(server.path) as one:
            card = one.card("R [CPS] 01 00")
            events = one.events()[0]
            first.unplug()
            assert [state.name for state in one.states()[:4]] == ["", "", "R [CPS] 01 00", "R [Vitale] 01 01"]
            assert one.transmit(card, READ)[0] == Rv.SUCCESS
            assert one.connect(CPS)[2] == Rv.UNKNOWN_READER
            first.plug()
            assert one.states()[0].name == CPS
            assert one.connect(CPS, Share.DIRECT, 0)[2] == Rv.SUCCESS
            assert one.events()[0] > events


def test_a_command_under_way_and_a_turn_waited_for_end_with_the_reader(tmp_path: Path) -> None:
    fake = FakeCard()
    fake.hold = threading.Event()
    with (
        serving(tmp_path, fake) as (reader, server),
        Wire(server.path) as one,
        Wire(server.path) as two,
        Wire(server.path) as three,
    ):
        card, other = one.card(CPS), two.card(CPS)
        one.begin(card)
        results: list[int] = []
        threads = [
            threading.Thread(target=lambda: results.append(one.transmit(card, READ)[0])),
            threading.Thread(target=lambda: results.append(three.connect(CPS)[2])),
        ]
        for thread in threads:
            thread.start()
        assert fake.busy.wait(SECONDS)
        until(lambda: server.slot(CPS.encode()).queued == 1)
        unplug = threading.Thread(target=reader.unplug)
        unplug.start()
        until(lambda: not reader.plugged)
        fake.hold.set()
        for thread in (*threads, unplug):
            thread.join(SECONDS)
        assert sorted(results) == [Rv.UNKNOWN_READER, Rv.NOT_TRANSACTED]
        assert two.begin_once(other) == Rv.INVALID_VALUE
        assert two.disconnect(other) == Rv.SUCCESS


def test_in_process(tmp_path: Path) -> None:
    fake = FakeCard()
    with TwoSlotReader("R") as reader, reader.subscribe() as events:
        reader.insert("CPS", fake)
        link = reader.link("CPS")
        reader.unplug()
        with pytest.raises(ReaderGone):
            link.transmit(READ)
        status = reader.status("CPS")
        assert (status.plugged, status.present) == (False, False)
        for call in (
            reader.unplug,
            lambda: reader.insert("Vitale", FakeCard()),
            lambda: reader.remove("CPS"),
            lambda: reader.link("CPS"),
            lambda: reader.cold_reset("CPS"),
        ):
            with pytest.raises(ReaderGone):
                call()
        # The card is where it was, without supply.
        assert reader.card("CPS") is fake
        assert fake.off == 1
        reader.plug()
        reader.plug()
        assert fake.cold == 2
        assert reader.link("CPS").transmit(READ) == RAN
        assert [(event.change, event.slot, event.atr) for event in events.pending()] == [
            (SlotChange.INSERTED, "CPS", T1_ATR),
            (SlotChange.UNPLUGGED, "CPS", b""),
            (SlotChange.UNPLUGGED, "Vitale", b""),
            (SlotChange.PLUGGED, "CPS", T1_ATR),
            (SlotChange.PLUGGED, "Vitale", b""),
        ]


def test_a_card_that_does_not_start_leaves_its_slot_empty() -> None:
    class Dead(FakeCard):
        def power_on(self) -> bytes:
            if self.cold:
                raise OSError("its file is gone")
            return super().power_on()

    with TwoSlotReader("R") as reader:
        reader.insert("CPS", Dead())
        reader.insert("Vitale", FakeCard())
        reader.unplug()
        with pytest.raises(OSError, match="its file is gone"):
            reader.plug()
        assert reader.plugged
        assert reader.card("CPS") is None
        assert reader.link("Vitale").transmit(READ) == RAN


@contextmanager
def faulty(folder: Path, rule: str) -> Iterator[tuple[TwoSlotReader, PcscServer, FakeCard]]:
    fake = FakeCard()
    card = Faulty(fake, parse_faults(f"faults: [{rule}]"))
    with serving(folder, card) as (reader, server):  # type: ignore[arg-type] # any card will do
        yield reader, server, fake


def test_a_fault_unplugs_the_reader_for_a_while(tmp_path: Path) -> None:
    with (
        faulty(tmp_path, "{ins: B0, nth: 2, fault: unplugged, seconds: 0}") as (reader, server, _),
        Wire(server.path) as one,
    ):
        card = one.card(CPS)
        assert one.transmit(card, READ)[0] == Rv.SUCCESS
        assert one.transmit(card, READ)[0] == Rv.NOT_TRANSACTED
        until(lambda: reader.plugged and reader.card("CPS") is not None)
        assert one.transmit(card, READ)[0] == Rv.INVALID_VALUE
        until(lambda: one.state(CPS).name == CPS)
        assert one.transmit(one.card(CPS), READ)[0] == Rv.SUCCESS


def test_a_fault_unplugs_the_reader_for_good(tmp_path: Path) -> None:
    with faulty(tmp_path, "{nth: 1, fault: unplugged}") as (reader, server, _), Wire(server.path) as one:
        assert one.transmit(one.card(CPS), READ)[0] == Rv.NOT_TRANSACTED
        assert not reader.plugged
        assert one.connect(CPS)[2] == Rv.UNKNOWN_READER
        reader.plug()
        assert one.transmit(one.card(CPS), READ)[0] == Rv.SUCCESS


@pytest.mark.parametrize("executed", [False, True])
def test_a_fault_pulls_the_card_and_puts_it_back(tmp_path: Path, executed: bool) -> None:
    rule = f"{{nth: 1, fault: removed, seconds: 0, executed: {str(executed).lower()}}}"
    with faulty(tmp_path, rule) as (_, server, fake), Wire(server.path) as one:
        card = one.card(CPS)
        assert one.transmit(card, READ)[0] == Rv.NOT_TRANSACTED
        until(lambda: one.state(CPS).counter == 2)
        assert one.status(card) == Rv.REMOVED_CARD
        assert one.reconnect(card)[1] == Rv.SUCCESS
        assert one.transmit(card, READ)[0] == Rv.SUCCESS
        assert fake.seen == [READ] * (2 if executed else 1)


def test_a_fault_pulls_the_card_for_good(tmp_path: Path) -> None:
    with faulty(tmp_path, "{nth: 1, fault: removed}") as (reader, server, _), Wire(server.path) as one:
        assert one.transmit(one.card(CPS), READ)[0] == Rv.NOT_TRANSACTED
        assert one.state(CPS).bits == 2
        assert reader.card("CPS") is None


def test_a_fault_restarts_the_service(tmp_path: Path) -> None:
    with faulty(tmp_path, "{nth: 1, fault: restarted}") as (_, server, fake):
        with Wire(server.path) as one:
            card = one.card(CPS)
            one.send(Command.TRANSMIT, card, 2, 8, len(READ), 2, 8, 300, 0, extra=READ)
            # No answer: the service is gone under the command.
            assert one.hung_up()
        until(lambda: fake.cold == 2 and server.path.exists() and not server.shutting)
        with Wire(server.path) as one:
            assert one.transmit(one.card(CPS), READ)[0] == Rv.SUCCESS


def test_faults_in_process() -> None:
    """Without a service or a reader the link says what would have happened."""
    for fault, kind in (
        ("removed", CardRemoved),
        ("unplugged", ReaderGone),
        ("restarted", ServiceRestarts),
    ):
        with TwoSlotReader("R") as reader:
            reader.insert("CPS", Faulty(FakeCard(), parse_faults(f"faults: [{{nth: 1, fault: {fault}}}]")))
            with pytest.raises(kind) as raised:
                reader.link("CPS").transmit(READ)
            assert isinstance(raised.value, LinkError)
