"""Secure messaging as values: public vectors, the declared structures, and what happens to one changed byte."""

from typing import Any

import pytest
from construct import Construct, ConstructError
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError, CommandAPDU, ResponseAPDU, tlv
from bifente.apdu.declared.messaging import answer_field, command_field
from bifente.apdu.messaging import (
    BESIDE_COMMAND,
    Protection,
    most_plain,
    next_counter,
    open_answer,
    open_command,
    padded,
    protect_answer,
    protect_command,
    secured_class,
    unpadded,
)
from bifente.apdu.mutual import ALGORITHMS, Side, Token, common_secret, first_counter, seal, unseal
from bifente.apdu.protectedobjects import MessagingError, MessagingFault, ProtectedObjects, read_objects
from bifente.crypto.messaging import AesMessaging, TripleDesMessaging, derive

hexa = bytes.fromhex

ICAO_ENC = hexa("979EC13B1CBFE9DCD01AB0FED307EAE5")
ICAO_MAC = hexa("F1CB1F1FB5ADF208806B89DC579DC1F8")
ICAO_COUNTER = hexa("887022120C06C226")
ICAO_DIALOGUE = (
    ("00A4020C02011E", "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
     "990290008E08FA855A5D4C50A8ED9000", "9000"),
    ("00B0000004", "0CB000000D9701048E08ED6705417E96BA5500",
     "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000", "60145F019000"),
    ("00B0000412", "0CB000040D9701128E082EA28A70F3C7B53500",
     "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
     "04303130365F36063034303030305C0261759000"),
)  # fmt: skip
"""ICAO Doc 9303-11, appendix D.4: a passport's EF.COM is read."""

ENC, MAC = hexa("11" * 8 + "23" * 8), hexa("45" * 8 + "67" * 8)


def protections() -> list[Protection]:
    return [
        TripleDesMessaging(ENC, MAC, always_pads=False),
        TripleDesMessaging(ENC, MAC, always_pads=True),
        AesMessaging(ENC, MAC),
    ]


def test_the_dialogue_of_icao_on_both_sides() -> None:
    terminal, card = (TripleDesMessaging(ICAO_ENC, ICAO_MAC, always_pads=True) for _ in range(2))
    counter = ICAO_COUNTER
    for plain, protected, answer, opened in ICAO_DIALOGUE:
        counter = next_counter(counter)
        command = CommandAPDU.parse(hexa(plain))
        sent = protect_command(terminal, counter, command)
        assert sent.raw == hexa(protected)
        assert open_command(card, counter, sent).raw == command.raw
        counter = next_counter(counter)
        assert protect_answer(card, counter, hexa(opened), odd=False) == hexa(answer)
        assert open_answer(terminal, counter, ResponseAPDU.parse(hexa(answer)), odd=False).raw == hexa(opened)


def test_the_tokens_of_icao_are_cryptogram_and_checksum_as_ours() -> None:
    """Appendix D.3: the same message without serial numbers, so only the ciphers are compared."""
    keys = TripleDesMessaging(
        hexa("AB94FDECF2674FDFB9B391F85D7F76F2"), hexa("7962D9ECE03D1ACD4C76089DCE131543"), always_pads=False
    )
    plain = hexa("781723860C06C2264608F919887022120B795240CB7049B01C19B33E32804F0B")
    cryptogram = keys.encipher(bytes(8), plain)
    assert cryptogram == hexa("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2")
    assert keys.checksum(padded(cryptogram, 8)) == hexa("5F1448EEA8AD90A7")
    seed = common_secret(hexa("0B795240CB7049B01C19B33E32804F0B"), hexa("0B4F80323EB3191CB04970CB4052790B"))
    assert seed[-16:] == hexa("0036D272F5C350ACAC50C3F572D23600")
    odd = [bytes(byte | 1 for byte in key) for key in derive(seed[-16:], "sha1")]
    assert odd == [bytes(byte | 1 for byte in key) for key in (ICAO_ENC, ICAO_MAC)]
    zero = first_counter(keys, hexa("4608F91988702212"), hexa("781723860C06C226"), zero=False)
    assert zero == ICAO_COUNTER


def test_what_opensc_sends_is_read() -> None:
    """Le is there though the command has none, and what the checksum covers is padded only when it must be."""
    protection = TripleDesMessaging(ENC, MAC, always_pads=False)
    verify = CommandAPDU.parse(hexa("002000010431323334"))
    sent = protect_command(protection, bytes(8), verify, always_le=True)
    assert sent.cla == 0x0C
    assert [item.tag for item in tlv.decode(sent.data)] == [0x87, 0x97, 0x8E]
    assert open_command(protection, bytes(8), sent).raw == hexa("00200001043132333400")
    put = CommandAPDU.build(0, 0xDB, 0x3F, 0xFF, hexa("7004BF8A0A00"))
    assert tlv.decode(protect_command(protection, bytes(8), put).data)[0].tag == 0x85, "no padding indicator"


commands = st.builds(
    CommandAPDU.build,
    st.sampled_from([0x00, 0x01, 0x03, 0x10, 0x13]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=600),
    st.sampled_from([None, 1, 231, 256, 257, 65536]),
)


@given(commands, st.binary(max_size=600), st.integers(0, 0xFFFF), st.integers(0, 2), st.booleans())
def test_there_and_back(command: CommandAPDU, data: bytes, sw: int, which: int, always_le: bool) -> None:
    terminal, card = protections()[which], protections()[which]
    counter = bytes(terminal.counter_size - 1) + b"\xff"
    sent = protect_command(terminal, counter, command, always_le=always_le)
    got = open_command(card, counter, CommandAPDU.parse(sent.raw))
    assert (got.cla, got.ins, got.p1, got.p2, got.data) == (
        command.cla, command.ins, command.p1, command.p2, command.data
    )  # fmt: skip
    assert got.ne == (256 if command.ne is None and always_le else command.ne)
    odd = bool(command.ins & 1)
    answer = protect_answer(card, next_counter(counter), data + sw.to_bytes(2), odd=odd)
    opened = open_answer(terminal, next_counter(counter), ResponseAPDU.parse(answer), odd=odd)
    assert opened.raw == data + sw.to_bytes(2)


@given(st.data(), st.integers(0, 2))
def test_one_changed_bit_or_another_counter_is_refused(data: st.DataObject, which: int) -> None:
    protection = protections()[which]
    counter = bytes(protection.counter_size)
    sent = protect_command(protection, counter, CommandAPDU.parse(hexa("00D600000401020304"))).raw
    at = data.draw(st.integers(1, len(sent) - 2).filter(lambda at: at != 4))
    changed = bytearray(sent)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(ApduError):
        open_command(protection, counter, CommandAPDU.parse(bytes(changed)))
    with pytest.raises(MessagingError, match="checksum"):
        open_command(protection, next_counter(counter), CommandAPDU.parse(sent))
    answer = bytearray(protect_answer(protection, counter, hexa("01029000"), odd=False))
    answer[data.draw(st.integers(0, len(answer) - 1))] ^= 0x04
    with pytest.raises(ApduError):
        open_answer(protection, counter, ResponseAPDU.parse(bytes(answer)), odd=False)


def _by_hand(raw: bytes, *, odd: bool, answer: bool) -> ProtectedObjects | None:
    try:
        return read_objects(raw, odd=odd, answer=answer)
    except MessagingError:
        return None


def _declared(form: Construct, raw: bytes) -> Any:
    try:
        return form.parse(raw)
    except ConstructError:
        return None


_GOOD = (
    "87090111223344556677888E080102030405060708",
    "8709011122334455667788970100 8E080102030405060708",
    "8508112233445566778897020000 8E080102030405060708",
    "990290008E080102030405060708",
    "8709011122334455667788 99029000 8E080102030405060708",
    "858108112233445566778899029000 8E080102030405060708",
    "8E080102030405060708",
)


@given(
    st.sampled_from([hexa(each) for each in _GOOD]),
    st.integers(0, 30),
    st.binary(max_size=2),
    st.booleans(),
    st.booleans(),
)
def test_data_fields_are_as_declared(good: bytes, at: int, new: bytes, odd: bool, answer: bool) -> None:
    raw = good[:at] + new + good[at + len(new) :]
    hand = _by_hand(raw, odd=odd, answer=answer)
    told = _declared(answer_field(odd=odd) if answer else command_field(odd=odd), raw)
    assert (hand is None) == (told is None)
    if hand is not None:
        cryptogram = None if told.covered.cryptogram is None else told.covered.cryptogram.value
        assert hand.cryptogram == (cryptogram if odd or cryptogram is None else cryptogram.blocks)
        last = None if told.covered.last is None else told.covered.last.value
        assert (hand.status if answer else hand.le) == last
        assert hand.checksum == told.checksum


@pytest.mark.parametrize("field", ["", "970100", "8E0801020304050607", "8E04010203040506"])
def test_a_missing_checksum_is_missing_and_not_wrong(field: str) -> None:
    with pytest.raises(MessagingError) as caught:
        read_objects(hexa(field), odd=False, answer=False)
    assert caught.value.fault is MessagingFault.MISSING


@given(st.binary(max_size=40), st.sampled_from([8, 16]))
def test_padding_comes_off_again(data: bytes, block: int) -> None:
    assert len(padded(data, block)) % block == 0
    assert unpadded(padded(data, block)) == data


@pytest.mark.parametrize("bad", ["", "0000", "81", "8001"])
def test_other_padding_is_refused(bad: str) -> None:
    with pytest.raises(MessagingError):
        unpadded(hexa(bad))


@pytest.mark.parametrize("cla", [0x0C, 0x04, 0x40, 0x80, 0xA0, 0xFF])
def test_some_classes_cannot_say_it(cla: int) -> None:
    with pytest.raises(ApduError):
        secured_class(cla)


def test_how_much_fits() -> None:
    """E7 is what the middleware of IAS-ECC cards sends in a block under secure messaging (spec/cards.md §3.7)."""
    assert most_plain(256, 8) == most_plain(255, 8, BESIDE_COMMAND) == 0xE7
    assert most_plain(0, 8) == 0
    for room in range(20, 600):
        for protection in protections():
            most = most_plain(room, protection.block)
            counter = bytes(protection.counter_size)
            assert (
                len(protect_answer(protection, counter, bytes(most) + b"\x90\0", odd=False)) - 2 <= room
                or not most
            )
            assert (
                len(protect_answer(protection, counter, bytes(most + 1) + b"\x90\0", odd=False)) - 2 > room
                or not most
            )


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=lambda algorithm: algorithm.name)
def test_tokens_there_and_back(algorithm: Any) -> None:
    make = (
        AesMessaging
        if algorithm.cipher == "AES"
        else lambda *keys: TripleDesMessaging(*keys, always_pads=False)
    )
    token = Token(
        Side(b"r" * algorithm.nonce_size, b"terminal"),
        Side(b"c" * algorithm.nonce_size, b"the card"),
        b"k" * 32,
    )
    sealed = seal(make(ENC, MAC), token)
    assert len(sealed) == algorithm.token_size == (72 if algorithm.cipher == "3DES" else 88)
    assert unseal(make(ENC, MAC), algorithm, sealed) == token
    assert unseal(make(ENC, ENC), algorithm, sealed) is None
    assert unseal(make(ENC, MAC), algorithm, bytes((sealed[0] ^ 1,)) + sealed[1:]) is None
    with pytest.raises(ApduError, match="has"):
        unseal(make(ENC, MAC), algorithm, sealed[1:])
    assert "k" * 5 not in repr(token)
