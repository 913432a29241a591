"""Our cards behind a real pcscd with the packaged vpcd driver, used by programs that know of nothing."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from issued import issued
from pcscd import DRIVER, PORT, Pcscd, isolated_pcscd, unavailable

from bifente.reader import ReaderError
from bifente.reader.vpcd import CardsOnVpcd, VpcdSettings, serve_vpcd
from bifente.reader.vpcd.driver import probe_listening
from bifente.reader.wrappers.faults import Faulty, parse_faults

CLIENT = Path(__file__).parent / "clients" / "vpcd_client.py"
SLOTS = ("Virtual PCD 00 00", "Virtual PCD 00 01")
ATR_T1 = bytes.fromhex("3B8F80010031B86404B0ECC1739401808290000E")
QUICK = VpcdSettings(retry=0.05)
WAIT = 15.0


class PlainCard:
    """Answers how many bytes it was told, and remembers its power."""

    def __init__(self, atr: bytes = ATR_T1) -> None:
        self.atr = atr
        self.done: list[str] = []

    def power_on(self) -> bytes:
        self.done.append("on")
        return self.atr

    def reset(self) -> bytes:
        self.done.append("reset")
        return self.atr

    def power_off(self) -> None:
        self.done.append("off")

    def transmit(self, command: bytes, /) -> bytes:
        self.done.append(command[:4].hex())
        return len(command).to_bytes(3) + b"\x90\x00"


@pytest.fixture(scope="session")
def packages(require_tool: Callable[[str], str]) -> None:
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    for name in ("pcscd", "vpcd-config", "opensc-tool"):
        require_tool(name)
    assert DRIVER.exists()


@pytest.fixture
def pcscd(packages: None) -> Iterator[Pcscd]:
    """A pcscd whose driver listens."""
    with isolated_pcscd() as daemon:
        yield daemon


def offered(daemon: Pcscd, *cards: object, settings: VpcdSettings = QUICK) -> CardsOnVpcd:
    return daemon.inside(lambda: serve_vpcd(cards, settings))  # type: ignore[arg-type]  # Cards by their shape


def client(daemon: Pcscd, *arguments: str) -> list[str]:
    done = daemon.run(sys.executable, str(CLIENT), *arguments)
    assert done.returncode == 0, done.stderr + "".join(daemon.log)
    return done.stdout.splitlines()


def test_a_cps_and_a_vitale_are_seen_by_opensc(pcscd: Pcscd) -> None:
    with offered(pcscd, issued("gp"), issued("vitale-family")):
        assert client(pcscd, "atr", SLOTS[0]) == ["3BAC00402A001225006480000310009000"]
        assert client(pcscd, "atr", SLOTS[1]) == ["3B751300004709EA9000"]
        listed = pcscd.run("opensc-tool", "-l").stdout
        assert [line.split()[1] for line in listed.splitlines()[2:]] == ["Yes", "Yes"]
        assert "IAS-ECC" in pcscd.run("opensc-tool", "-r", "0", "-n").stdout
        # The MF, as the public readers of the Vitale select it; T=0: the FCI waits for GET RESPONSE.
        assert client(pcscd, "send", SLOTS[1], "00A40000023F00")[0].startswith("00000000 ")


def test_power_follows_the_application(pcscd: Pcscd) -> None:
    card = PlainCard()
    with offered(pcscd, card):
        assert client(pcscd, "power", SLOTS[0]) == ["0000049000"] * 3
        commands = [one for one in card.done if one != "off"]
        at = commands.index("00100000")
        assert commands[at:] == ["00100000", "reset", "00110000", "on", "00110000"]


def test_an_idle_card_is_powered_off_and_fresh_afterwards(pcscd: Pcscd) -> None:
    card = PlainCard()
    with offered(pcscd, card) as service:
        client(pcscd, "send", SLOTS[0], "00100000")
        number = service.reader.event_number
        while service.reader.status("slot 0").powered:
            number = service.reader.wait_for_event(number, WAIT)
        assert client(pcscd, "send", SLOTS[0], "00110000") == ["00000000 0000049000"]
        at = card.done.index("00110000")
        assert card.done[at - 1] == "on"


def test_commands_to_the_limit_and_above(pcscd: Pcscd) -> None:
    with offered(pcscd, PlainCard()):
        assert client(pcscd, "sizes", SLOTS[0], "4", "255", "261", "65535") == [
            f"{size} 00000000 5" for size in (4, 255, 261, 65535)
        ]
        # The driver closes the connection then; the card comes back, and pcscd has seen it gone.
        above = client(pcscd, "sizes", SLOTS[0], "65536", "4")
        assert above[0].split()[1] != "00000000"
        assert above[1] == "4 00000000 5"


def test_one_byte_sent_as_a_command_holds_nobody_up_for_ever(pcscd: Pcscd) -> None:
    with offered(pcscd, PlainCard(), settings=VpcdSettings(retry=0.05, silence_limit=1.0)):
        lines = client(pcscd, "send", SLOTS[0], "04", "05")
        assert lines == [f"00000000 {ATR_T1.hex().upper()}", "00000000 6700"]
        assert client(pcscd, "send", SLOTS[0], "00")[0].split()[1:] == []
        assert client(pcscd, "send", SLOTS[0], "00100000") == ["00000000 0000049000"]


def test_a_card_goes_and_another_comes(pcscd: Pcscd) -> None:
    with offered(pcscd, PlainCard()) as service:
        watcher = subprocess.Popen(
            [sys.executable, str(CLIENT), "watch", SLOTS[0]],
            env=pcscd.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert watcher.stdin is not None
            assert watcher.stdout is not None
            assert watcher.stdout.readline() == "watching\n"
            watcher.stdin.write("\n")
            watcher.stdin.flush()
            service.reader.remove("slot 0")
            assert watcher.stdout.readline() == "\n"
            assert watcher.stdout.readline() == "watching\n"
            watcher.stdin.write("\n")
            watcher.stdin.flush()
            service.reader.insert("slot 0", PlainCard(bytes.fromhex("3B00")))
            assert watcher.stdout.readline() == "3B00\n"
            assert watcher.wait(WAIT) == 0
        finally:
            watcher.kill()
            watcher.communicate()


@pytest.mark.parametrize("fault", ["mute", "removed"])
def test_a_card_that_fails_in_a_command_does_not_freeze_the_slot(pcscd: Pcscd, fault: str) -> None:
    card = Faulty(PlainCard(), parse_faults(f"faults: [{{ins: 66, nth: 1, fault: {fault}}}]"))
    with offered(pcscd, card) as service:
        # An error or, of Debian 12's driver, an answer without a byte.
        assert client(pcscd, "send", SLOTS[0], "00660000")[0].split()[1:] == []
        if fault == "removed":
            service.reader.insert("slot 0", card)
        assert client(pcscd, "send", SLOTS[0], "00660000") == ["00000000 0000049000"]


def called_by_the_driver(*cards: object, **changed: object) -> CardsOnVpcd:
    """Cards that listen on loopback, on ports that are free."""
    for port in range(43_000, 60_000, 2):
        settings = VpcdSettings(listen=True, port=port, **changed)  # type: ignore[arg-type]  # names are the settings' own
        try:
            return serve_vpcd(cards, settings)  # type: ignore[arg-type]  # Cards by their shape
        except ReaderError:
            continue
    raise AssertionError("no free ports")


def test_the_cards_may_be_there_first(packages: None) -> None:
    """Reversed: the driver calls, and we listen on loopback. Both slots have cards: Debian 12's driver wants that."""
    with (
        called_by_the_driver(PlainCard(), PlainCard(bytes.fromhex("3B00"))) as service,
        isolated_pcscd(f"localhost:{service.ports[0]:#x}") as daemon,
    ):
        assert client(daemon, "atr", SLOTS[0]) == [ATR_T1.hex().upper()]
        assert client(daemon, "atr", SLOTS[1]) == ["3B00"]
        assert client(daemon, "power", SLOTS[0]) == ["0000049000"] * 3


def test_a_pcscd_that_is_started_anew_finds_its_cards(packages: None) -> None:
    """However soon: with an absence of a minute, no wait could hide that a call was turned away."""
    with called_by_the_driver(PlainCard(), PlainCard(bytes.fromhex("3B00")), absence=60.0) as service:
        for _ in range(3):
            with isolated_pcscd(f"localhost:{service.ports[0]:#x}") as daemon:
                assert client(daemon, "atr", SLOTS[0]) == [ATR_T1.hex().upper()]
                assert client(daemon, "atr", SLOTS[1]) == ["3B00"]


def test_many_commands_are_fast_whatever_the_driver(pcscd: Pcscd) -> None:
    """Without TCP_QUICKACK a hundred commands take more than four seconds on Debian 12's driver."""
    with offered(pcscd, PlainCard()):
        done = pcscd.run(
            sys.executable,
            "-c",
            "import sys, time; sys.path.insert(0, sys.argv[1]); import vpcd_client as c\n"
            "from smartcard import scard\n"
            "_, context = scard.SCardEstablishContext(0)\n"
            "c.state_of(context, sys.argv[2], scard.SCARD_STATE_PRESENT)\n"
            "card, protocol = c.connect(context, sys.argv[2])\n"
            "begin = time.monotonic()\n"
            "for _ in range(100): assert c.transmit(card, protocol, bytes(5))[1][-2:] == bytes((0x90, 0))\n"
            "print(time.monotonic() - begin)",
            str(CLIENT.parent),
            SLOTS[0],
        )
        assert done.returncode == 0, done.stderr
        assert float(done.stdout) < 2.0


def test_the_driver_says_how_it_sends(pcscd: Pcscd) -> None:
    """bifente doctor asks it without hurting: afterwards a card is seen as ever."""
    assert pcscd.inside(lambda: probe_listening(PORT)) is not None
    with offered(pcscd, PlainCard()):
        assert client(pcscd, "atr", SLOTS[0]) == [ATR_T1.hex().upper()]
