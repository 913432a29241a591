"""No byte of a reason reaches a terminal: the answers to a script of refusals are those that were recorded before."""

import socket
from pathlib import Path

import pytest
from issued import issued
from pcscwire import FakeCard, Wire, serving

from bifente.apdu.link import Card
from bifente.apdu.refusal import refusal_of
from bifente.applets import SmartCard
from bifente.reader import TwoSlotReader
from bifente.reader.vpcd import VpcdSettings, serve_vpcd
from bifente.reader.wrappers.t0front import T0Front

WAIT = 20.0
SCRIPT = {
    "00A4040C0DE828BD080F8025000001FF0010": "9000",
    "00A4020C02DEAD": "6a82",
    "00A4120C02DEAD": "6a86",
    "00A4020C02D120": "9000",
    "00B0000010": "6982",
    "002000010430303030": "63c2",
    "0020000100": "63c2",
    "0020000900": "6a88",
    "0024000108313131313232": "6700",
    "0055000000": "6d00",
    "8055000000": "6e00",
    "31323334": "6e00",
    "0CB0000000": "6985",
    "01B0000000": "6881",
    "10B0000000": "6884",
    "00C0000010": "6985",
    "00B0FFFF00": "6a86",
    "002A9E9A00": "6985",
    "0022418A03800102": "6a86",
    "002241B603800199": "6a80",
    "00CB3FFF045C020101": "6a88",
    "008400000A": "6700",
    "0088000004DEADBEEF": "6985",
    "0082000004DEADBEEF": "6985",
}
"""Commands to a general practitioner's card, and its answers before it gave reasons."""


class Silent:
    """A card without the facet: what it says is what any card could say."""

    def __init__(self, card: SmartCard) -> None:
        self.power_on, self.reset, self.power_off = card.power_on, card.reset, card.power_off
        self.transmit = card.transmit


@pytest.fixture(params=[True, False], ids=["explains", "silent"])
def card(request: pytest.FixtureRequest) -> Card:
    made = issued("gp")
    return made if request.param else Silent(made)


def test_the_script_refuses_in_many_ways() -> None:
    front = T0Front(issued("gp"))
    said = set()
    for command, answer in SCRIPT.items():
        assert front.transmit(bytes.fromhex(command)).hex() == answer
        said.add(str(refusal_of(front)))
    assert len(said) > 20


def test_in_process(card: Card) -> None:
    with TwoSlotReader("R", wait=WAIT) as reader:
        reader.insert("CPS", card)
        link = reader.link("CPS")
        assert {command: link.transmit(bytes.fromhex(command)).hex() for command in SCRIPT} == SCRIPT
        link.transmit(bytes.fromhex("00A4020C02DEAD"))
        told = reader.status("CPS").last_refusal
        assert link.last_refusal == told
        assert (told is None) == isinstance(card, Silent)


def test_over_the_socket(tmp_path: Path, card: FakeCard) -> None:
    with serving(tmp_path, card) as (_, server), Wire(server.path) as one:
        handle = one.card("R [CPS] 00 00")
        heard = {}
        for command in SCRIPT:
            _, answer, told = one.transmit(handle, bytes.fromhex(command), protocol=1)
            assert told == len(answer)
            heard[command] = answer.hex()
        assert heard == SCRIPT


def test_over_vpcd(card: Card) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT)
        settings = VpcdSettings(port=listener.getsockname()[1], retry=0.02)
        with serve_vpcd([T0Front(card)], settings):
            driver, _ = listener.accept()
            with driver:
                driver.settimeout(WAIT)
                driver.sendall(b"\0\1\1")  # power on, which has no answer
                heard = {}
                for command in SCRIPT:
                    raw = bytes.fromhex(command)
                    driver.sendall(len(raw).to_bytes(2) + raw)
                    size = int.from_bytes(driver.recv(2, socket.MSG_WAITALL))
                    heard[command] = driver.recv(size, socket.MSG_WAITALL).hex()
                assert heard == SCRIPT
