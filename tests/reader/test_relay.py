"""A card in a real reader as a ``Card``: what pyscard says becomes what a slot understands."""

from types import SimpleNamespace

import pytest

from bifente.apdu.link import (
    CardAbsent,
    CardRemoved,
    LinkError,
    LinkTimeout,
    ReaderGone,
    TransmissionProtocol,
)
from bifente.reader import TwoSlotReader
from bifente.reader.choose import NoSuchName
from bifente.reader.errors import ServiceAbsent, UnknownReader
from bifente.reader.pyscard import relay
from bifente.reader.pyscard.relay import RelayCard, reader_called, reader_names

scard = pytest.importorskip("smartcard.scard")

ATR = bytes.fromhex("3B751300004709EA9000")


class Service:
    """PC/SC, as far as a relay asks it; *fails* maps a function's name to what it returns."""

    def __init__(self, protocol: int = 1) -> None:
        self.protocol = protocol
        self.fails: dict[str, int] = {}
        self.called: list[str] = []
        self.module = SimpleNamespace(
            **{name: getattr(scard, name) for name in dir(scard) if name.startswith("SCARD_")},
            SCardGetErrorMessage=lambda result: f"error {result & 0xFFFFFFFF:08X}",
            SCardEstablishContext=lambda scope: self._done("EstablishContext", 7),
            SCardReleaseContext=lambda context: self._done("ReleaseContext"),
            SCardListReaders=lambda context, groups: self._done("ListReaders", ["A reader"]),
            SCardConnect=lambda *given: self._done("Connect", 11, self.protocol),
            SCardReconnect=lambda *given: self._done(f"Reconnect {given[-1]}", self.protocol),
            SCardDisconnect=lambda handle, how: self._done(f"Disconnect {how}"),
            SCardStatus=lambda handle: self._done("Status", "", 0, self.protocol, list(ATR)),
            SCardTransmit=self._transmit,
        )

    def _done(self, name: str, *values: object) -> object:
        self.called.append(name)
        result = self.fails.get(name.split()[0], scard.SCARD_S_SUCCESS)
        return (result, *values) if values else result

    def _transmit(self, handle: int, pci: int, command: list[int]) -> object:
        self.pci = pci
        # Some versions of the binding give signed bytes.
        return self._done("Transmit", [*command[:1], -112, 0])


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    it = Service()
    monkeypatch.setattr(relay, "pcsc", lambda: it.module)
    return it


def test_a_card_in_a_slot(service: Service) -> None:
    card = RelayCard("A reader")
    assert not card.speaks_tpdu
    with TwoSlotReader() as reader:
        assert reader.insert("CPS", card) == ATR
        assert card.speaks_tpdu
        link = reader.link("CPS")
        assert link.transmit(b"\x12\xa4\x00\x00\x02") == b"\x12\x90\x00"
        assert service.pci == scard.SCARD_PCI_T0
        assert link.reset() == ATR
    assert service.called[-3:] == [
        "Status", f"Disconnect {scard.SCARD_UNPOWER_CARD}", "ReleaseContext",
    ]  # fmt: skip
    assert f"Reconnect {scard.SCARD_RESET_CARD}" in service.called


def test_t1_and_cold_reset(service: Service) -> None:
    service.protocol = 2
    card = RelayCard("A reader", exclusive=True)
    card.power_on()
    card.power_on()
    card.transmit(b"\0")
    assert (card.speaks_tpdu, card.protocol) == (False, TransmissionProtocol.T1)
    assert service.pci == scard.SCARD_PCI_T1
    assert f"Reconnect {scard.SCARD_UNPOWER_CARD}" in service.called
    card.power_off()
    card.power_off()


@pytest.mark.parametrize(
    ("result", "kind", "first"),
    [
        ("SCARD_E_NO_SMARTCARD", CardAbsent, CardAbsent),
        ("SCARD_W_REMOVED_CARD", CardRemoved, CardRemoved),
        ("SCARD_E_UNKNOWN_READER", ReaderGone, UnknownReader),
        ("SCARD_E_READER_UNAVAILABLE", ReaderGone, ReaderGone),
        ("SCARD_E_NO_SERVICE", ReaderGone, ReaderGone),
        ("SCARD_E_TIMEOUT", LinkTimeout, LinkTimeout),
        ("SCARD_E_SHARING_VIOLATION", LinkError, LinkError),
    ],
)
def test_what_goes_wrong(
    result: str, kind: type[LinkError], first: type[LinkError], service: Service
) -> None:
    """A name that PC/SC does not know at first was never there; later, the reader is gone."""
    service.fails["Connect"] = getattr(scard, result)
    with pytest.raises(first) as caught:
        RelayCard("A reader").power_on()
    assert ("gone" in str(caught.value)) is (first is ReaderGone)
    assert "0 s" not in str(caught.value)
    service.fails.clear()
    card = RelayCard("A reader")
    card.power_on()
    service.fails["Transmit"] = getattr(scard, result)
    with pytest.raises(kind):
        card.transmit(b"\0")


def test_a_card_that_is_pulled_under_its_command(service: Service) -> None:
    """pcscd says only that nothing was transacted; of the card it says why."""
    card = RelayCard("A reader")
    card.power_on()
    service.fails["Transmit"] = scard.SCARD_E_NOT_TRANSACTED
    with pytest.raises(LinkError) as caught:
        card.transmit(b"\0")
    assert not isinstance(caught.value, CardRemoved)
    service.fails["Status"] = scard.SCARD_W_REMOVED_CARD
    with pytest.raises(CardRemoved):
        card.transmit(b"\0")


def test_no_service(service: Service) -> None:
    service.fails["EstablishContext"] = scard.SCARD_E_NO_SERVICE
    for asked in (RelayCard("A reader").power_on, reader_names, lambda: reader_called("A")):
        with pytest.raises(ServiceAbsent, match="no PC/SC service answers"):
            asked()


def test_names(service: Service) -> None:
    assert reader_names() == ["A reader"]
    service.fails["ListReaders"] = scard.SCARD_E_NO_READERS_AVAILABLE
    assert reader_names() == []
    with pytest.raises(NoSuchName, match="no reader 'A', and no other either"):
        reader_called("A")
    service.fails["ListReaders"] = scard.SCARD_E_INVALID_HANDLE
    with pytest.raises(LinkError):
        reader_names()
