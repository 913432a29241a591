"""Who may speak to the vpcd listener, and the messages on its wire."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vpcddriver import ATR_T1, GET_ATR, WAIT, Driver, PlainCard

from bifente.reader import ReaderError
from bifente.reader.vpcd import (
    LIMIT,
    ConnectionEnded,
    VpcdSettings,
    Wire,
    connections,
    serve_vpcd,
)
from bifente.reader.vpcd.tcptable import tcp_sockets


@pytest.mark.parametrize("host", [str(IPv4Address(0)), str(IPv6Address(0)), "192.0.2.1", "224.0.0.1"])
def test_nobody_but_loopback_is_listened_to(host: str) -> None:
    with pytest.raises(ReaderError, match="loopback"):
        serve_vpcd([PlainCard()], VpcdSettings(host=host, listen=True, port=0))


def test_the_listeners_are_on_loopback_only() -> None:
    with serve_vpcd([PlainCard()], VpcdSettings(host="localhost", listen=True, port=0)) as service:
        found = [one for one in tcp_sockets() if one.listens and one.port in service.ports]
        assert len(found) == len(service.ports) == 2
        assert all(one.address.is_loopback for one in found)


def test_another_user_is_not_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "accepted_from", lambda _: 54_321)
    with (
        serve_vpcd([PlainCard()], VpcdSettings(listen=True, port=0)) as service,
        socket.create_connection(("127.0.0.1", service.ports[0]), WAIT) as connection,
    ):
        assert Driver(connection, pieces=1).ended()
    with (
        serve_vpcd([PlainCard()], VpcdSettings(listen=True, port=0, any_user=True)) as service,
        socket.create_connection(("127.0.0.1", service.ports[0]), WAIT) as connection,
    ):
        assert Driver(connection, pieces=1).ask(GET_ATR) == ATR_T1


def test_the_caller_is_known_by_the_system_table() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname(), WAIT),
    ):
        connection, _ = listener.accept()
        with connection:
            assert connections.accepted_from(connection) == os.getuid()


def test_ports_that_cannot_be() -> None:
    with pytest.raises(ReaderError):
        serve_vpcd([PlainCard()], VpcdSettings(port=0))
    with pytest.raises(ReaderError):
        serve_vpcd([PlainCard(), PlainCard()], VpcdSettings(port=65_535))
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ReaderError, match="cannot listen"):
        serve_vpcd([PlainCard()], VpcdSettings(listen=True, port=taken.getsockname()[1]))


@contextmanager
def wire() -> Iterator[tuple[Wire, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        other = socket.create_connection(listener.getsockname(), WAIT)
        connection, _ = listener.accept()
        connection.settimeout(WAIT)
        with connection, other:
            yield Wire(connection), other


@given(st.lists(st.binary(max_size=300), max_size=6), st.data())
def test_messages_survive_any_cutting(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(len(one).to_bytes(2) + one for one in messages)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)) | {0, len(stream)})
    with wire() as (card, driver):
        for begin, end in pairwise(cuts):
            driver.sendall(stream[begin:end])
        assert [card.read() for _ in messages] == messages


def test_a_message_cut_anywhere_is_no_message() -> None:
    stream = bytes.fromhex("0005 00A4040C00")
    for cut in range(len(stream)):
        with wire() as (card, driver):
            driver.sendall(stream[:cut])
            driver.shutdown(socket.SHUT_WR)
            with pytest.raises(ConnectionEnded):
                card.read()


@pytest.mark.parametrize("size", [0, LIMIT + 1])
def test_no_message_is_written_that_has_no_length(size: int) -> None:
    with wire() as (card, _), pytest.raises(ValueError, match="1 to 65535"):
        card.write(bytes(size))
