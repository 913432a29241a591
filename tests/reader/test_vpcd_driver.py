"""What is known of a system's vpcd drivers: configuration, table of sockets, manner of sending."""

import socket
import sys
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.reader.vpcd import driver as driver_module
from bifente.reader.vpcd.driver import (
    configured_drivers,
    parse_configuration,
    probe_library,
    probe_listening,
)
from bifente.reader.vpcd.tcptable import parse_table, tcp_sockets

FILE = Path("/etc/reader.conf.d/vpcd")
DEBIAN = """FRIENDLYNAME "Virtual PCD"
DEVICENAME   /dev/null:0x8C7B
LIBPATH      /usr/lib/pcsc/drivers/serial/libifdvpcd.so
CHANNELID    0x8C7B
"""
TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:8C7B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4163 1 00 100 0 0 10 0
   1: 0100007F:8C7C 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4164 1 00 20 4 30 10 -1
   2: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 0:0 0:0 0 7 0 1
"""


def test_debians_configuration() -> None:
    (driver,) = parse_configuration(DEBIAN, FILE)
    assert (driver.name, driver.host, driver.port) == ("Virtual PCD", None, 35_963)
    assert driver.library == Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")


@pytest.mark.parametrize(
    ("device", "host", "port"),
    [
        ("/dev/null:0x8C7B", None, 35_963),
        ("/dev/null:35963", None, 35_963),
        ("/dev/null:0106173", None, 35_963),  # strtoul(3) with base 0: octal
        ("localhost:0x8C7B", "localhost", 35_963),
        ("192.0.2.7:4000", "192.0.2.7", 4000),
        ("/dev/null", None, 35_963),
        ("/dev/null:", None, 0),
        ("/dev/null:ninety", None, 0),
    ],
)
def test_device_names(device: str, host: str | None, port: int) -> None:
    (driver,) = parse_configuration(DEBIAN.replace("/dev/null:0x8C7B", device), FILE)
    assert (driver.host, driver.port) == (host, port)


def test_other_readers_and_comments_are_left_out() -> None:
    text = f'# FRIENDLYNAME "no"\n#LIBPATH libifdvpcd.so\nFRIENDLYNAME\t"GemPC"\nLIBPATH\t/usr/lib/libccidtwin.so\n\n{DEBIAN}'
    assert [one.name for one in parse_configuration(text, FILE)] == ["Virtual PCD"]
    assert len(parse_configuration(DEBIAN + DEBIAN.replace("8C7B", "9C7B"), FILE)) == 2


@given(st.text(max_size=200) | st.text('FRIENDLYAMPTBHDV :/0x"#\n\t', max_size=200))
def test_any_configuration_is_read(text: str) -> None:
    parse_configuration(text, FILE)


def test_folders(tmp_path: Path) -> None:
    assert configured_drivers(tmp_path / "none") == []
    (tmp_path / "b").write_text(DEBIAN.replace("Virtual", "Second"))
    (tmp_path / "a").write_text(DEBIAN)
    (tmp_path / ".hidden").write_text(DEBIAN)
    (tmp_path / "folder").mkdir()
    assert [one.name for one in configured_drivers(tmp_path)] == ["Virtual PCD", "Second PCD"]


@pytest.mark.skipif(
    sys.byteorder != "little", reason="the table is in the order of the machine that wrote it"
)
def test_the_table_of_sockets() -> None:
    first, second, third = parse_table(TABLE)
    assert (first.address, first.port, first.user) == (IPv4Address(0), 35_963, 0)
    assert first.listens
    assert first.on_every_address
    assert (second.peer, second.peer_port, second.user) == (ip_address("127.0.0.1"), 54_321, 1000)
    assert not second.listens
    assert third.address == ip_address("::1")
    (driver,) = parse_configuration(DEBIAN, FILE)
    assert driver.listeners([first, second, third]) == [first]


@given(st.text(max_size=200))
def test_any_table_is_read(text: str) -> None:
    list(parse_table(TABLE + text))


def test_our_own_listener_is_in_the_table() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert [one.address for one in tcp_sockets() if one.listens and one.port == port] == [
            ip_address("127.0.0.1")
        ]


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_listening_driver_shows_how_it_sends(pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def driver() -> None:
            connection, _ = listener.accept()
            with connection:
                ready.wait(10)
                for part in ((b"\0\1\4",), (b"\0\1", b"\4"))[pieces - 1]:
                    connection.sendall(part)
                connection.recv(1)

        delay = driver_module._delay_acknowledgements

        def delayed(connection: socket.socket) -> None:
            """pcscd asks at its next poll, when the probe has long set its socket up."""
            delay(connection)
            ready.set()

        ready = Event()
        monkeypatch.setattr(driver_module, "_delay_acknowledgements", delayed)
        thread = Thread(target=driver)
        thread.start()
        assert probe_listening(listener.getsockname()[1], timeout=10) is (pieces == 1)
        thread.join(10)


def test_a_driver_that_asks_nothing_or_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert probe_listening(port, timeout=0.05) is None
    assert probe_listening(port, timeout=0.05) is None


def test_what_is_no_driver_cannot_be_tried(tmp_path: Path) -> None:
    (tmp_path / "libifdvpcd.so").write_bytes(b"\x7fELF")
    assert probe_library(tmp_path / "libifdvpcd.so") is None
    assert probe_library(tmp_path / "none.so") is None
