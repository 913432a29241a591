"""The processors: 61xx, 6Cxx, chaining, and cards that never stop."""

import pytest

from bifente.apdu import SW, CardRemoved, LinkTimeout, ReaderGone, TransmissionProtocol
from bifente.terminal import (
    CardKind,
    CardRefused,
    Channel,
    ProtocolBroken,
    ReaderFailed,
    VitaleRemoved,
    VitaleUnusable,
)
from bifente.terminal.processors import takes_extended_length


def channel(link, card=CardKind.CPS, **options):
    return Channel(link, card, **options)


def test_61xx_is_fetched_and_joined(scripted):
    link = scripted(("00A4040002AABB00", "6102"), ("00C0000002", "0102 6103"), ("00C0000003", "030405 9000"))
    response = channel(link).send(0, 0xA4, 4, 0, b"\xaa\xbb", 256)
    assert (response.data.hex(), response.sw) == ("0102030405", SW.SUCCESS)
    assert not link.script


def test_61xx_with_data_keeps_them(scripted):
    link = scripted(("00B0000000", "AA 6101"), ("00C0000001", "BB 9000"))
    assert channel(link).send(0, 0xB0, ne=256).data.hex() == "aabb"


def test_6100_asks_for_256(scripted):
    link = scripted(("0088000001AA00", "6100"), ("00C0000000", "11" * 256 + "9000"))
    assert len(channel(link).send(0, 0x88, data=b"\xaa", ne=256).data) == 256


def test_warning_after_get_response_is_kept(scripted):
    link = scripted(("00B0000010", "6102"), ("00C0000002", "0102 6282"))
    assert channel(link).send(0, 0xB0, ne=16).sw == SW.END_OF_FILE_REACHED


def test_6cxx_repeats_once_with_the_exact_le(scripted):
    link = scripted(("00B0000000", "6C03"), ("00B0000003", "010203 9000"))
    assert channel(link).send(0, 0xB0, ne=256).data.hex() == "010203"
    link = scripted(("00B0000000", "6C03"), ("00B0000003", "6C02"))
    assert channel(link).send(0, 0xB0, ne=256).sw == 0x6C02
    assert not link.script


def test_6cxx_of_get_response(scripted):
    link = scripted(("00CA000000", "6104"), ("00C0000004", "6C02"), ("00C0000002", "0102 9000"))
    assert channel(link).send(0, 0xCA, ne=256).data.hex() == "0102"


class Endless:
    protocol = TransmissionProtocol.T0

    def __init__(self, answer):
        self.answer, self.count = bytes.fromhex(answer), 0

    def transmit(self, command, /):
        self.count += 1
        return self.answer


@pytest.mark.parametrize(("answer", "at_most"), [("6101", 2), ("AA6101", 600), ("AA" * 256 + "6100", 300)])
def test_endless_61xx_ends(answer, at_most):
    link = Endless(answer)
    with pytest.raises(ProtocolBroken) as caught:
        channel(link).send(0, 0xB0, ne=256)
    assert link.count <= at_most
    assert caught.value.ssv_code == 0x0200


def test_chaining(scripted):
    data = bytes(range(256)) + bytes(300)
    link = scripted(
        ("10820000FF" + data[:255].hex().upper(), "9000"),
        ("10820000FF" + data[255:510].hex().upper(), "9000"),
        ("008200002E" + data[510:].hex().upper() + "00", "9000"),
    )
    assert channel(link).send(0, 0x82, data=data, ne=256).sw == SW.SUCCESS
    assert not link.script


@pytest.mark.parametrize(("size", "commands"), [(255, 1), (256, 2), (510, 2), (511, 3)])
def test_chain_lengths(scripted, size, commands):
    link = scripted(*[("*", "9000")] * commands)
    channel(link).send(0, 0x2A, data=bytes(size))
    assert not link.script
    assert [one[:2] for one in link.log] == ["10"] * (commands - 1) + ["00"]


def test_a_refused_block_ends_the_chain(scripted):
    link = scripted(("*", "6A80"))
    assert channel(link).send(0, 0x2A, data=bytes(600)).sw == 0x6A80
    link = scripted(("*", "01 9000"))
    with pytest.raises(ProtocolBroken):
        channel(link).send(0, 0x2A, data=bytes(600))


def test_extended_length_where_it_is_allowed(scripted):
    data = bytes(300)
    link = scripted(("00820000" + "00012C" + data.hex() + "0000", "9000"))
    assert channel(link, extended=True).send(0, 0x82, data=data, ne=65536).sw == SW.SUCCESS


@pytest.mark.parametrize(
    ("atr", "protocol", "extended"),
    [
        ("3B8F80010031B86404B0ECC1739401C08290004E", TransmissionProtocol.T1, True),
        ("3B8F80010031B86404B0ECC1739401C08290004E", TransmissionProtocol.T0, False),
        ("3B8F80010031B86404B0ECC1739401808290000E", TransmissionProtocol.T1, False),
        ("3B9B188001001225006480040100009044", TransmissionProtocol.T1, False),
        ("3B", TransmissionProtocol.T1, False),
    ],
)
def test_whether_the_card_takes_extended_lengths(scripted, atr, protocol, extended):
    link = scripted()
    link.atr, link.protocol = bytes.fromhex(atr), protocol
    assert takes_extended_length(link) is extended


def test_no_extended_le_without_extended_length(scripted):
    link = scripted(("00B0000000", "9000"))
    channel(link).send(0, 0xB0, ne=65536)


def test_check_raises_the_pair(scripted):
    with pytest.raises(CardRefused) as caught:
        channel(scripted(("*", "6A82"))).check("read", 0xA4)
    assert (caught.value.step, caught.value.sw, caught.value.ssv_code) == ("read", 0x6A82, 0xF004)
    with pytest.raises(CardRefused) as caught:
        channel(scripted(("*", "6282")), CardKind.VITALE).check("read", 0xA4)
    assert caught.value.ssv_code == 0xF014


@pytest.mark.parametrize("answer", ["", "90"])
def test_short_answers_are_broken(scripted, answer):
    with pytest.raises(ProtocolBroken):
        channel(scripted(("*", answer))).send(0, 0xA4)


@pytest.mark.parametrize(
    ("error", "card", "kind", "code"),
    [
        (LinkTimeout("card", 1), CardKind.CPS, ReaderFailed, 0x0400),
        (LinkTimeout("card", 1), CardKind.VITALE, VitaleUnusable, 0xF014),
        (ReaderGone("r"), CardKind.VITALE, ReaderFailed, 0x0400),
        (CardRemoved("2"), CardKind.VITALE, VitaleRemoved, 0xF015),
    ],
)
def test_link_errors(error, card, kind, code):
    class Failing:
        protocol = TransmissionProtocol.T0

        def transmit(self, command, /):
            raise error

    made = channel(Failing(), card)
    with pytest.raises(kind) as caught:
        made.send(0, 0xA4, step="somewhere")
    assert (caught.value.ssv_code, caught.value.step) == (code, "somewhere")
    assert made.epoch == 1
