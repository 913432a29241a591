"""The kiosk and a carte Vitale 2: new rights by one protected command, and nothing at all in every other way."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date

import pytest
from issued import authority, records

from bifente.apdu import SW, CardRemoved, CommandAPDU, TransmissionProtocol
from bifente.applets import SmartCard, card_of
from bifente.applets.perso.edit.refresh import refreshed
from bifente.applets.store.stores import MemoryStore
from bifente.layouts.issuerupdate import IssuerUpdate, decode_update, encode_update
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.terminal import (
    CardRefused,
    CpsSession,
    ProtocolBroken,
    TerminalError,
    VitaleSession,
    VitaleUnusable,
    recognise,
)
from bifente.terminal.kiosk import put_update
from bifente.terminal.messaging import MessagingKeys
from bifente.workbench.cards.kiosk import rights_in

DAY = date(2027, 1, 4)


class Cutting:
    """A link to a card that takes the power away after so many commands, or changes a byte of one of them."""

    def __init__(
        self, card: SmartCard, *, cut: int | None = None, spoil: tuple[int, int] | None = None
    ) -> None:
        self.card = card
        self.cut = cut
        self.spoil = spoil
        self.sent: list[bytes] = []
        self.gone = False
        self.atr = card.power_on()
        self.protocol = TransmissionProtocol.T1

    def transmit(self, command: bytes, /) -> bytes:
        if self.cut is not None and len(self.sent) == self.cut:
            self.gone = True
            self.card.power_off()
        if self.gone:
            raise CardRemoved("Vitale")
        if self.spoil is not None and len(self.sent) == self.spoil[0]:
            changed = bytearray(command)
            changed[self.spoil[1] % len(changed)] ^= 0x01
            command = bytes(changed)
        self.sent.append(command)
        return self.card.transmit(command)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def reset(self) -> bytes:
        if self.gone:
            raise CardRemoved("Vitale")
        return self.card.reset()

    def close(self) -> None:
        pass


def fresh(**changes: bytes | None) -> SmartCard:
    held = {**records("vitale-family"), **{name.replace("_", "/"): value for name, value in changes.items()}}
    return card_of(MemoryStore({name: value for name, value in held.items() if value is not None}), "vitale2")


def held(card: SmartCard) -> dict[str, bytes]:
    card.power_off()
    with card.store as store:
        return {name: store.get(name) for name in store.names()}


def keys() -> MessagingKeys:
    pan = records("vitale-family")["identity"][2:12]
    return MessagingKeys(
        authority().card_key("update-enciphering", pan), authority().card_key("update-authenticating", pan)
    )


@pytest.fixture(scope="module")
def update() -> IssuerUpdate:
    groups = rights_in("vitale-family")
    last = max(at for at, group in enumerate(groups) if group.id == 104)
    return refreshed(dict(records("vitale-family")), groups[:last], authority(), DAY).update


def test_new_rights_are_read_and_proven(update: IssuerUpdate) -> None:
    from issued import issued

    card = fresh()
    put_update(VitaleSession(Cutting(card)), keys(), update)
    card.power_off()
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, issued("gp"))
        reader.insert(VITALE_SLOT, card)
        cps, vitale = CpsSession(reader.link(CPS_SLOT)), VitaleSession(reader.link(VITALE_SLOT))
        cps.verify_pin(b"1234")
        with recognise(cps, vitale, date=DAY, anchors=authority().trust_store.cv_roots):
            assert vitale.issued is not None
            assert vitale.issued.day == DAY
            assert [group.id for group in vitale.rights()].count(104) == 3
    assert held(card)["state/date"] == b"2027-01-04"


def test_pulled_out_after_any_command_the_card_is_as_it_was(update: IssuerUpdate) -> None:
    whole = Cutting(fresh())
    put_update(VitaleSession(whole), keys(), update)
    last = _last_block(whole.sent)
    assert last > 8
    after = held(whole.card)
    for count in range(2, len(whole.sent)):
        card = fresh()
        before = held(card)
        with suppress(TerminalError):
            put_update(VitaleSession(Cutting(card, cut=count)), keys(), update)
        assert held(card) == (before if count <= last else after), f"cut before command {count}"


def _last_block(sent: list[bytes]) -> int:
    """Which command was the last block of the update."""
    return max(at for at, raw in enumerate(sent) if raw[1] == 0xDB)


def test_one_changed_byte_anywhere_and_nothing_is_written(update: IssuerUpdate) -> None:
    whole = Cutting(fresh())
    put_update(VitaleSession(whole), keys(), update)
    first = next(at for at, raw in enumerate(whole.sent) if raw[0] & 0x0C == 0x0C)
    places = [(at, where) for at in (first, _last_block(whole.sent)) for where in (1, 2, 6, 20, -12, -3)]
    for place in places:
        card = fresh()
        before = held(card)
        with pytest.raises((CardRefused, ProtocolBroken)):
            put_update(VitaleSession(Cutting(card, spoil=place)), keys(), update)
        assert held(card) == before, place


def test_what_was_overheard_serves_nobody(update: IssuerUpdate) -> None:
    whole = Cutting(fresh())
    put_update(VitaleSession(whole), keys(), update)
    card = fresh()
    before = held(card)
    card.power_on()
    for command in whole.sent:
        card.transmit(command)
    assert held(card) == before


def test_other_keys_and_none_are_refused(update: IssuerUpdate) -> None:
    with pytest.raises(VitaleUnusable, match="another issuer's keys"):
        put_update(VitaleSession(Cutting(fresh())), MessagingKeys(bytes(16), bytes(16)), update)
    old = fresh(secret_3F00_0A=None, secret_3F00_0B=None)
    with pytest.raises(VitaleUnusable, match="holds no keys of its issuer"):
        put_update(VitaleSession(Cutting(old)), keys(), update)


def test_without_secure_messaging_nobody_updates(update: IssuerUpdate) -> None:
    card = fresh()
    card.power_on()
    command = CommandAPDU.build(0, 0xDB, 0x3F, 0xFF, encode_update(IssuerUpdate(DAY, {"3F00/D001": b""})))
    assert card.transmit(command.raw) == SW.SECURITY_STATUS_NOT_SATISFIED.to_bytes_be()


@pytest.mark.parametrize(
    "files",
    [
        {"3F00/2F02": b"\x5a\x00"},
        {"3F00/0001/2302": b"volet"},
        {"3F00/D001": None},
        {"3F00/9999": b""},
        {"3F00/D001": b"new", "3F00/2F02": b"\x5a\x00"},
    ],
)
def test_number_and_volets_are_not_the_issuers_to_change(files: dict[str, bytes | None]) -> None:
    card = fresh()
    before = held(card)
    with pytest.raises(CardRefused) as refused:
        put_update(VitaleSession(Cutting(card)), keys(), IssuerUpdate(DAY, files))
    assert refused.value.sw == SW.INCORRECT_DATA_FIELD
    assert held(card) == before


@pytest.mark.parametrize(
    "data", ["", "E700", "E7058003270104", "E70C8003270104E60551033F00D0", "E805800327010400"]
)
def test_what_is_no_update_is_refused(data: str) -> None:
    from bifente.apdu.errors import ApduError

    with pytest.raises(ApduError):
        decode_update(bytes.fromhex(data))


def test_an_update_comes_back() -> None:
    update = IssuerUpdate(DAY, {"3F00/0001/2101": bytes(300), "3F00/0001/2202": None, "3F00/D001": b""})
    assert decode_update(encode_update(update)) == update
