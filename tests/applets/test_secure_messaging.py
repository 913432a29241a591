"""A CPS under secure messaging: what opens a session, what ends it, and which rules it satisfies."""

import hashlib
import re
from pathlib import Path

import pair
import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.x509 import load_der_x509_certificate
from hypothesis import given, settings
from hypothesis import strategies as st
from issued import issued
from messaginglink import CardLink, keys_of, plain_session, protect

from bifente.apdu import SW, CommandAPDU, TransmissionProtocol
from bifente.apdu.files.sdo import Docp
from bifente.apdu.messaging import next_counter, open_command, protect_command
from bifente.applets import SmartCard
from bifente.crypto.messaging import TripleDesMessaging
from bifente.layouts.cards import cps3
from bifente.terminal import CardKind, CardRefused, Channel, CpsSession, ProtocolBroken
from bifente.terminal.messaging import open_messaging

hexa = bytes.fromhex
BOTH = pytest.mark.parametrize("protocol", list(TransmissionProtocol)[:2], ids=str)


def _des(key: bytes, data: bytes, vector: bytes = bytes(8), *, back: bool = False) -> bytes:
    cipher = Cipher(TripleDES(key + key[:8] if len(key) == 16 else key * 3), modes.CBC(vector))
    context = cipher.decryptor() if back else cipher.encryptor()
    return context.update(data)


def _mac(key: bytes, data: bytes, *, always: bool) -> bytes:
    if always or len(data) % 8:
        data += b"\x80" + bytes(-(len(data) + 1) % 8)
    chained = _des(key[:8], data[:-8])[-8:] if len(data) > 8 else bytes(8)
    return _des(key, data[-8:], chained)


@pytest.mark.parametrize(("algorithm", "digest"), [(0x0C, hashlib.sha1), (0x8C, hashlib.sha256)])
def test_the_dialogue_of_opensc_step_by_step(algorithm: int, digest: type) -> None:
    """spec/cards.md §3.6, steps 1 to 7, by the library's ciphers alone and not by ours."""
    card = issued("gp")
    serial = card.transmit(hexa("00B09C000C"))[4:12]
    enc, mac = (
        _des(master, serial) + _des(master, bytes(b ^ 0xFF for b in serial))
        for master in cps3.TEST_MASTER_KEYS
    )
    assert card.transmit(hexa(f"0022C1A4068001{algorithm:02X}83010A")) == hexa("9000")
    challenge = card.transmit(hexa("0084000008"))[:8]
    own, own_serial, half = b"RND.IFD.", b"SN.IFD..", bytes(range(32))
    cryptogram = _des(enc, own + own_serial + challenge + serial + half)
    token = cryptogram + _mac(mac, cryptogram, always=True)
    answer = card.transmit(hexa("0082000048") + token + hexa("48"))
    assert (len(answer), answer[-2:]) == (74, hexa("9000"))
    assert answer[64:72] == _mac(mac, answer[:64], always=True)
    plain = _des(enc, answer[:64], back=True)
    assert plain[:32] == challenge + serial + own + own_serial
    secret = bytes(a ^ b for a, b in zip(half, plain[32:], strict=True))
    sk_enc, sk_mac = (digest(secret + hexa(f"0000000{n}")).digest()[:16] for n in (1, 2))
    counter = int.from_bytes(challenge[4:] + own[4:])

    data = _des(sk_enc, b"1234" + hexa("80000000"))
    objects = hexa("870901") + data + hexa("970100")
    header = hexa("0C200001 80000000")
    checksum = _mac(sk_mac, (counter + 1).to_bytes(8) + header + objects, always=False)
    verify = (
        hexa("0C2000010000") + bytes((len(objects) + 10,)) + objects + hexa("8E08") + checksum + hexa("0000")
    )
    answer = card.transmit(verify)
    assert answer == hexa("990290008E08") + _mac(
        sk_mac, (counter + 2).to_bytes(8) + hexa("99029000"), always=False
    ) + hexa("9000")
    assert card.transmit(hexa("0020000100")) == hexa("9000"), "the PIN is verified"


@BOTH
@pytest.mark.parametrize("algorithm", [0x0C, 0x8C, 0x54])
def test_a_whole_session_speaks_protected(protocol: TransmissionProtocol, algorithm: int) -> None:
    cps, _card, link = plain_session(protocol)
    plainly = cps.holder(), cps.authentication_certificate()
    protect(cps, algorithm)
    begin = len(link.log)
    assert (cps.holder(), cps.authentication_certificate()) == plainly
    cps.verify_pin(b"1234")
    assert cps.pin_status().verified
    assert len(cps.professional()) > 1
    if protocol == TransmissionProtocol.T0:
        assert len(cps.sign(b"x" * 1000)) == 256, "an answer longer than 256 bytes, protected"
    said = [command for command, _ in link.log[begin:]]
    assert all(command[0] & 0x0C == 0x0C for command in said)
    assert not any(b"1234" in command for command in said)


def _update_directory(cps: CpsSession, content: bytes) -> None:
    cps.channel.check("select", 0xA4, 0x09, 0x0C, hexa("3F002F00"))
    cps.channel.check("update", 0xD6, 0, 0, content)


def test_a_rule_that_wants_it_is_satisfied_by_it_alone() -> None:
    cps, card, _ = plain_session()
    cps.verify_pin(b"1234")
    with pytest.raises(CardRefused, match="6982"):
        _update_directory(cps, b"\x61")
    refusal = card.last_refusal
    assert refusal is not None
    assert "UPDATE BINARY of 3F00/2F00 needs sm(SE#5)" in refusal.why.sentence
    protect(cps)
    _update_directory(cps, hexa("61"))
    cps.channel.unprotect()
    with pytest.raises(CardRefused, match="6982"):
        _update_directory(cps, hexa("61"))


def test_a_chain_is_protected_block_by_block() -> None:
    cps, _card, link = plain_session()
    cps.verify_pin(b"1234")
    key = load_der_x509_certificate(cps.authentication_certificate()).public_key()
    assert isinstance(key, RSAPublicKey)
    protect(cps)
    assert cps.decipher(key.encrypt(b"for the holder", PKCS1v15())) == b"for the holder"
    assert [command[0] for command, _ in link.log if command[1] == 0x2A] == [0x1C, 0x0C]


def test_a_chain_begun_plainly_is_not_ended_protected() -> None:
    """Or what nobody has authenticated would be executed as if somebody had."""
    cps, card, _link = plain_session(TransmissionProtocol.T1)
    protect(cps)
    session = card.channels[0].session
    assert session is not None
    plain_block = hexa("102A00AE 02 7F21")
    assert card.transmit(plain_block)[-2:] == hexa("9000")
    assert card.channels[0].session is None, "a plain command ends the session"
    card.channels[0].session = session
    last = protect_command(
        session.protection, next_counter(session.counter), CommandAPDU.parse(hexa("002A00AE 01 00"))
    )
    answer = card.transmit(last.raw)
    assert answer[-2:] == hexa("6985"), "no authority is named: the one byte of the last command came alone"


SPOILT = pytest.mark.parametrize(
    ("spoil", "sw"),
    [
        (lambda raw: raw[:-2] + bytes((raw[-2] ^ 1,)) + raw[-1:], SW.SECURE_MESSAGING_OBJECTS_INCORRECT),
        (lambda raw: raw[:3] + bytes((raw[3] ^ 1,)) + raw[4:], SW.SECURE_MESSAGING_OBJECTS_INCORRECT),
        (lambda raw: raw[:4] + hexa("03970100") + hexa("00"), SW.SECURE_MESSAGING_OBJECTS_MISSING),
        (lambda raw: raw[:4] + hexa("00"), SW.SECURE_MESSAGING_OBJECTS_MISSING),
        (lambda raw: bytes((raw[0] & ~0x08,)) + raw[1:], SW.SECURE_MESSAGING_NOT_SUPPORTED),
    ],
)


@SPOILT
def test_what_does_not_hold_ends_the_session(spoil, sw: SW) -> None:
    cps, card, _ = plain_session(TransmissionProtocol.T1)
    protect(cps)
    session = card.channels[0].session
    assert session is not None
    counter = next_counter(session.counter)
    good = protect_command(session.protection, counter, CommandAPDU.parse(hexa("0020000100")))
    assert card.transmit(spoil(good.raw)) == sw.to_bytes_be(), "the refusal itself is plain"
    assert card.last_refusal is not None
    assert card.transmit(good.raw) == SW.CONDITIONS_OF_USE_NOT_SATISFIED.to_bytes_be()
    with pytest.raises((ProtocolBroken, CardRefused)):
        cps.pin_status()


def test_a_command_said_twice_ends_the_session() -> None:
    cps, card, link = plain_session(TransmissionProtocol.T1)
    protect(cps)
    cps.holder()
    assert card.transmit(link.log[-1][0]) == SW.SECURE_MESSAGING_OBJECTS_INCORRECT.to_bytes_be()
    assert card.channels[0].session is None


def test_a_reset_ends_it_and_a_plain_command_too() -> None:
    cps, card, _ = plain_session()
    protect(cps)
    cps.channel.reset()
    assert cps.pan()
    protect(cps)
    card.transmit(hexa("0084000008"))
    assert card.channels[0].session is None
    with pytest.raises(CardRefused):
        cps.holder()
    with pytest.raises(ProtocolBroken, match="over"):
        cps.holder()


def test_wrong_keys_open_nothing_and_burn_the_challenge() -> None:
    cps, card, link = plain_session()
    pan = cps.pan()
    with pytest.raises(CardRefused, match="6300"):
        open_messaging(cps.channel, keys_of(bytes(10)), reference=0x0A, pan=pan)
    token = next(command for command, _ in link.log if command[1] == 0x82)
    assert card.transmit(token) == SW.CONDITIONS_OF_USE_NOT_SATISFIED.to_bytes_be()
    assert card.channels[0].session is None


@pytest.mark.parametrize(
    ("template", "sw"),
    [
        ("80010C83010B", "6a88"),
        ("80010C83018A", "6a88"),
        ("80010D83010A", "6a80"),
        ("80010C", "6a80"),
        ("83010A", "6a80"),
    ],
)
def test_templates_that_name_nothing_of_the_card(template: str, sw: str) -> None:
    card = issued("gp")
    assert card.transmit(hexa(f"0022C1A4{len(template) // 2:02X}{template}")).hex() == sw
    assert card.transmit(hexa("0084000008"))[-2:] == hexa("9000")
    assert card.transmit(hexa("0082000048") + bytes(72) + hexa("48"))[-2:] != hexa("9000")


def test_refusals_come_protected_and_the_session_goes_on() -> None:
    cps, _card, _ = plain_session()
    protect(cps)
    with pytest.raises(CardRefused, match="6A82"):
        cps.data_object("CPS_ACTIVITY_16_PS")
    assert cps.channel.send(0, 0x20, 0, 1, b"9999").sw == SW.retries(2)
    assert cps.channel.send(0, 0xEE).sw == SW.INSTRUCTION_NOT_SUPPORTED
    assert cps.holder()


def test_a_card_without_key_sets_says_so() -> None:
    plain, vitale = issued("t1test"), issued("vitale-single")
    assert (
        plain.transmit(hexa("0CB00000 0D 970100 8E080000000000000000 00"))
        == SW.SECURE_MESSAGING_NOT_SUPPORTED.to_bytes_be()
    )
    assert (
        vitale.transmit(hexa("0022C1A4 06 800154 83010B"))[-2:] == SW.REFERENCED_DATA_NOT_FOUND.to_bytes_be()
    )


def test_keys_never_show() -> None:
    cps, card, _link = plain_session()
    protect(cps)
    session = card.channels[0].session
    keys = keys_of(cps.pan())
    shown = " ".join(map(repr, (session, keys, cps.channel, *cps3.LAYOUT.mf.keysets)))
    for secret in (*keys, *cps3.TEST_MASTER_KEYS):
        assert secret.hex() not in shown.lower()
        assert repr(secret)[2:-1] not in shown


@pytest.fixture(scope="module")
def opened() -> tuple[SmartCard, CpsSession]:
    cps, card, _ = plain_session(TransmissionProtocol.T1)
    return card, cps


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.tuples(
                st.sampled_from([0, 0x10]),
                st.integers(0, 255),
                st.integers(0, 255),
                st.integers(0, 255),
                st.binary(max_size=300),
            ),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_anything_said_in_an_open_session_gets_a_status_word(
    opened: tuple[SmartCard, CpsSession], said: list
) -> None:
    card, cps = opened
    card.reset()
    cps.channel.unprotect()
    protect(cps, 0x54)
    for each in said:
        session = card.channels[0].session
        if isinstance(each, bytes) or session is None:
            raw = each if isinstance(each, bytes) else bytes(each[:4])
        else:
            cla, ins, p1, p2, data = each
            command = CommandAPDU.build(cla, ins, p1, p2, data, 256)
            raw = protect_command(session.protection, next_counter(session.counter), command).raw
        answer = card.transmit(raw)
        assert len(answer) >= 2
        assert answer[-2:] != SW.NO_PRECISE_DIAGNOSIS.to_bytes_be()
        private = card.persistent.private_key(card.tree.mf.by_fid[1], 0x81)
        assert private is not None
        prime = private.private_numbers().p.to_bytes(128)
        assert prime[:16] not in answer


def test_the_terminal_believes_no_success_without_protection() -> None:
    class Cheat(CardLink):
        cheats = False

        def transmit(self, command: bytes, /) -> bytes:
            return hexa("9000") if self.cheats else super().transmit(command)

    link = Cheat(issued("gp"), TransmissionProtocol.T1)
    cps = protect(CpsSession(link))
    link.cheats = True
    with pytest.raises(ProtocolBroken, match="without secure messaging"):
        cps.verify_pin(b"1234")


def test_open_command_asks_for_the_sum_first() -> None:
    """Nothing of a command whose checksum does not hold is deciphered: its padding cannot be asked about."""
    protection = TripleDesMessaging(bytes(range(16)), bytes(range(16, 32)), always_pads=False)
    sent = protect_command(protection, bytes(8), CommandAPDU.parse(hexa("00D600000101")))
    spoilt = sent.raw[:8] + bytes((sent.raw[8] ^ 0xFF,)) + sent.raw[9:]
    with pytest.raises(Exception, match="checksum"):
        open_command(protection, bytes(8), CommandAPDU.parse(spoilt))


PAGE = Path(__file__).parents[2] / "docs" / "secure-messaging.md"


def _exchange_of_the_page() -> list[tuple[str, str]]:
    """Commands and answers of the page's exchange, without its blanks and remarks."""
    block = PAGE.read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    said: list[list[str]] = []
    for line in block.splitlines():
        digits = "".join(
            word
            for word in line.split("     ")[0 if line[0] in "<>" else -1].split()
            if re.fullmatch("[0-9A-F]+", word)
        )
        if line[0] in "<>":
            said.append([digits])
        else:
            said[-1][0] += digits
    return [(command[0], answer[0]) for command, answer in zip(said[::2], said[1::2], strict=True)]


def test_the_exchange_of_the_page_is_what_card_and_terminal_say() -> None:
    said = _exchange_of_the_page()
    assert len(said) == 9
    card = pair.card(pair.CPS)
    card.random = lambda size: bytes(range(size))
    assert [(command, card.transmit(hexa(command)).hex().upper()) for command, _ in said] == said
    card.reset()
    link = CardLink(card, TransmissionProtocol.T1)
    channel = Channel(link, CardKind.CPS)
    open_messaging(
        channel,
        keys_of(pair.PAN_CPS),
        reference=cps3.KEYSET_ISSUER,
        pan=pair.PAN_CPS,
        own_serial=b"TERMINAL",
        random=lambda size: bytes(range(0x80, 0x80 + size)),
    )
    channel.check("select", 0xA4, 0x09, 0x0C, hexa("3F002F00"))
    channel.check("update", 0xD6, 0, 0, hexa("61"))
    channel.check("verify", 0x20, 0, 1, b"1234")
    channel.check("read", 0xB0, 0x9C, 0, ne=12)
    assert [(command.hex().upper(), answer.hex().upper()) for command, answer in link.log] == said[:7]


def test_the_key_set_says_who_may_use_it() -> None:
    cps, _, _ = plain_session(TransmissionProtocol.T1)
    cps.channel.check("select", 0xA4, 0x00, 0x0C, hexa("3F00"))
    answer = cps.channel.check("get", 0xCB, 0x3F, 0xFF, hexa("4D087006BF8A0A02A080"), 256)
    assert Docp.of_answer(answer)[1].explain() == [
        "contact, mutual authenticate: always",
        "contact, put data: never",
        "contact, get data: always",
    ]
    assert (
        cps.channel.send(0, 0xCB, 0x3F, 0xFF, hexa("4D087006BF8A0A02A280"), 256).sw
        == SW.REFERENCED_DATA_NOT_FOUND
    )
