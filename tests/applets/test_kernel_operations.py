"""Keys: MSE, PSO HASH and CDS, DECIPHER, INTERNAL AUTHENTICATE, verified by the ``cryptography`` library."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from hypothesis import given, settings
from hypothesis import strategies as st
from pair import CPS, SELECT_CPS, VERIFY_PIN, VITALE, Side, card, chained, key, send

from bifente.apdu.command import CommandAPDU
from bifente.apdu.tlv import encode
from bifente.applets import SmartCard
from bifente.crypto.resumable import ResumableHash, Sha1State, Sha256State

SIGN = "002241B606800142840181"
SIGN_SHA1 = "002241B606800112840181"
HASH_256, HASH_1 = "002241AA03800140", "002241AA03800110"
AUTHENTICATE, DECIPHER = "002241A406840182800102", "002241B80684018280011A"


@pytest.fixture
def cps() -> SmartCard:
    made = card(CPS)
    send(made, SELECT_CPS)
    send(made, VERIFY_PIN)
    return made


def hash_(cps: SmartCard, data: bytes) -> str:
    return chained(cps, 0x2A, 0x90, 0xA0, data)[1]


def holds(signature: bytes, message: bytes, algorithm: hashes.HashAlgorithm, name: str = "cps 81") -> bool:
    try:
        key(name).public_key().verify(signature, message, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def forms(message: bytes, kind: type[ResumableHash]) -> dict[str, bytes]:
    """The ways of PSO HASH to hand over one message."""
    head = len(message) // 64 * 64
    digest = hashlib.new(kind.name, message).digest()
    return {
        "90 empty": encode(0x90, b"") + encode(0x80, message),
        "no 90": encode(0x80, message),
        "state and last block": encode(0x90, kind(message[:head]).state()) + encode(0x80, message[head:]),
        "digest": encode(0x90, digest),
    }


@pytest.mark.parametrize("size", [0, 1, 55, 56, 63, 64, 65, 119, 128, 200, 1000])
def test_every_form_of_hash_signs_the_message(cps: SmartCard, size: int) -> None:
    message = bytes(index % 251 for index in range(size))
    for setting, hash_setting, kind, algorithm in (
        (SIGN, HASH_256, Sha256State, hashes.SHA256()),
        (SIGN_SHA1, HASH_1, Sha1State, hashes.SHA1()),
    ):
        for name, data in forms(message, kind).items():
            if name == "state and last block" and size < 64:
                continue
            assert send(cps, hash_setting)[1] == "9000"
            assert send(cps, setting)[1] == "9000"
            assert hash_(cps, data) == "9000", name
            signature, status = send(cps, "002A9E9A00")
            assert (status, len(signature)) == ("9000", 256)
            assert holds(signature, message, algorithm), name


def test_a_whole_last_block_as_real_middleware_keeps_back(cps: SmartCard) -> None:
    message = bytes(128)
    send(cps, HASH_256)
    send(cps, SIGN)
    assert hash_(cps, encode(0x90, Sha256State(message[:64]).state()) + encode(0x80, message[64:])) == "9000"
    assert holds(send(cps, "002A9E9A00")[0], message, hashes.SHA256())


@pytest.mark.parametrize(
    "data",
    [
        encode(0x90, bytes(31)),
        encode(0x90, b""),
        encode(0x90, bytes(39)) + encode(0x80, b""),
        encode(0x90, bytes(32)) + encode(0x80, b"x"),
        encode(0x90, bytes(32) + (512).to_bytes(8, "big")) + encode(0x80, bytes(65)),
        encode(0x90, bytes(32) + (511).to_bytes(8, "big")) + encode(0x80, b"x"),
        encode(0x81, bytes(32)),
        encode(0x80, b"a") + encode(0x80, b"b"),
        b"\x90\x05ab",
    ],
)
def test_other_forms_of_hash_are_refused(cps: SmartCard, data: bytes) -> None:
    send(cps, HASH_256)
    send(cps, SIGN)
    assert hash_(cps, data) in ("6A80", "6700")
    assert send(cps, "002A9E9A00")[1] == "6985"


def test_the_digest_serves_once(cps: SmartCard) -> None:
    send(cps, HASH_256)
    send(cps, SIGN)
    hash_(cps, encode(0x90, bytes(32)))
    assert send(cps, "002A9E9A00")[1] == "9000"
    assert send(cps, "002A9E9A00")[1] == "6985"


def test_no_signature_with_the_digest_of_the_other_function(cps: SmartCard) -> None:
    send(cps, HASH_1)
    send(cps, SIGN)
    assert hash_(cps, encode(0x90, bytes(20))) == "9000"
    assert send(cps, "002A9E9A00")[1] == "6985"


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize(
    ("setting", "algorithm", "name"), [(SIGN, hashes.SHA256(), "sha256"), (SIGN_SHA1, hashes.SHA1(), "sha1")]
)
def test_a_digest_may_come_with_the_signature_command(
    cps: SmartCard, setting: str, algorithm: hashes.HashAlgorithm, name: str, extended: bool
) -> None:
    """``00 2A 9E 9A`` carries the digest that the host has made, with its Le or, as on T=0, without."""
    digest = hashlib.new(name, b"a letter").digest()
    assert send(cps, setting)[1] == "9000"
    command = CommandAPDU.build(0, 0x2A, 0x9E, 0x9A, digest, 256, extended=extended).raw.hex()
    signature, status = send(cps, command)
    assert (status, len(signature)) == ("9000", 256)
    assert holds(signature, b"a letter", algorithm)
    assert send(cps, "002A9E9A00")[1] == "6985"


def test_a_digest_that_comes_takes_the_place_of_the_one_that_waits(cps: SmartCard) -> None:
    send(cps, HASH_256)
    send(cps, SIGN)
    hash_(cps, encode(0x90, hashlib.sha256(b"waits").digest()))
    signature, status = send(cps, f"002A9E9A20{hashlib.sha256(b'comes').hexdigest()}00")
    assert status == "9000"
    assert holds(signature, b"comes", hashes.SHA256())
    assert send(cps, "002A9E9A00")[1] == "6985"


@pytest.mark.parametrize(
    ("setting", "size", "status"),
    [(SIGN, 20, "6A80"), (SIGN_SHA1, 32, "6A80")]
    + [(SIGN, size, "6700") for size in (1, 19, 21, 31, 33, 51, 64, 255)],
)
def test_only_the_digest_of_the_algorithm_is_signed(
    cps: SmartCard, setting: str, size: int, status: str
) -> None:
    send(cps, setting)
    assert send(cps, f"002A9E9A{size:02X}{'5A' * size}00")[1] == status


@pytest.mark.parametrize(("earlier", "status"), [([VERIFY_PIN], "6985"), ([SIGN], "6982")])
def test_a_digest_that_comes_opens_nothing(earlier: list[str], status: str) -> None:
    made = card(CPS)
    for command in (SELECT_CPS, *earlier):
        send(made, command)
    assert send(made, f"002A9E9A20{'5A' * 32}00")[1] == status


def test_select_clears_environment_and_digest(cps: SmartCard) -> None:
    send(cps, HASH_256)
    send(cps, SIGN)
    hash_(cps, encode(0x90, bytes(32)))
    send(cps, SELECT_CPS)
    assert send(cps, "002A9E9A00")[1] == "6985"
    assert hash_(cps, encode(0x90, bytes(32))) == "6985"


@pytest.mark.parametrize("setting", [SIGN, AUTHENTICATE, DECIPHER])
def test_without_pin_nothing_is_signed_or_deciphered(setting: str) -> None:
    cps = card(CPS)
    send(cps, SELECT_CPS)
    send(cps, HASH_256)
    assert send(cps, setting)[1] == "9000"
    hash_(cps, encode(0x90, bytes(32)))
    attempt = {
        SIGN: lambda: send(cps, "002A9E9A00"),
        AUTHENTICATE: lambda: send(cps, "0088000004 74657374 00".replace(" ", "")),
        DECIPHER: lambda: chained(cps, 0x2A, 0x80, 0x86, b"\x81" + bytes(256)),
    }[setting]
    assert attempt()[1] == "6982"
    send(cps, VERIFY_PIN)
    assert attempt()[1] != "6982"


REFUSED_SETTINGS = [
    ("a key that is not there", "002241B606800142840184", "6A88"),
    ("a global reference", "002241B606800142840101", "6A88"),
    ("the authentication key to sign", "002241B606800142840182", "6A80"),
    ("the signature key to authenticate", "002241A406800102840181", "6A80"),
    ("an unknown algorithm", "002241B606800199840181", "6A80"),
    ("an unknown algorithm before its key", "002241B603800199", "6A80"),
    ("an algorithm of another template before its key", "002241B603800102", "6A80"),
    ("PSS, which a CPS3 has not", "002241B606800145840181", "6A80"),
    ("an unknown hash", "002241AA03800199", "6A80"),
    ("a key in a hash template", "002241AA06800140840181", "6A80"),
    ("an unknown template", "002241A703800140", "6A86"),
    ("an unknown function", "002201B603800142", "6A86"),
    ("restore, which is not there", "0022F301", "6A86"),
    ("nothing", "002241B6", "6700"),
    ("no BER-TLV", "002241B6028005", "6A80"),
    ("a tag twice", "002241B606800142800142", "6A80"),
    ("an unknown tag", "002241B60385 0142".replace(" ", ""), "6A80"),
    ("an algorithm of two bytes", "002241B60480020042", "6A80"),
    ("a public key on the computing side", "002241B60383 0101".replace(" ", ""), "6A80"),
    ("a private key on the verifying side", "002281B603840181", "6A80"),
    ("an algorithm for certificates", "002281B603800142", "6A80"),
    ("an algorithm beside the authority", "002281B60D80014283084652565442463031", "6A80"),
    ("an unknown authority", "002281B60A83084652435442463939", "6A88"),
]


@pytest.mark.parametrize(
    ("command", "status"), [row[1:] for row in REFUSED_SETTINGS], ids=[row[0] for row in REFUSED_SETTINGS]
)
def test_refused_settings_change_nothing(cps: SmartCard, command: str, status: str) -> None:
    send(cps, HASH_256)
    send(cps, SIGN)
    assert send(cps, command)[1] == status
    assert hash_(cps, encode(0x90, bytes(32))) == "9000"
    assert send(cps, "002A9E9A00")[1] == "9000"


@pytest.mark.parametrize("side", [CPS, VITALE])
def test_no_algorithm_set_alone_makes_the_card_fail(side: Side) -> None:
    """What MSE SET takes, PSO HASH, which looks at it for the hash, can use."""
    for algorithm in range(256):
        made = card(side)
        send(made, SELECT_CPS if side == CPS else "00A4040C0CD2500000044164E86C650101")
        status = send(made, f"002241B60380 01{algorithm:02X}".replace(" ", ""))[1]
        assert status in ("9000", "6A80")
        assert hash_(made, encode(0x90, bytes(32))) in ("9000", "6A80" if status == "9000" else "6985")


def test_settings_accumulate(cps: SmartCard) -> None:
    assert send(cps, "002241B603800142")[1] == "9000"
    assert hash_(cps, encode(0x90, bytes(32))) == "9000"
    assert send(cps, "002A9E9A00")[1] == "6985"
    assert send(cps, "002241B603840181")[1] == "9000"
    assert send(cps, "002A9E9A00")[1] == "9000"


@pytest.mark.parametrize("size", [1, 51, 102])
def test_internal_authentication_pads_what_the_host_brings(cps: SmartCard, size: int) -> None:
    data = bytes(range(1, size + 1))
    assert send(cps, AUTHENTICATE)[1] == "9000"
    signature, status = send(cps, f"00880000{size:02X}{data.hex()}00")
    assert status == "9000"
    public = key("cps 82").public_key()
    block = pow(int.from_bytes(signature, "big"), 65537, public.public_numbers().n).to_bytes(256, "big")
    assert block == b"\x00\x01" + b"\xff" * (253 - size) + b"\x00" + data


def test_internal_authentication_makes_a_usual_signature_of_a_digest_info(cps: SmartCard) -> None:
    digest_info = bytes.fromhex("3031300D060960864801650304020105000420") + hashlib.sha256(b"tls").digest()
    send(cps, AUTHENTICATE)
    signature, _ = send(cps, f"0088000033{digest_info.hex()}00")
    key("cps 82").public_key().verify(
        signature, hashlib.sha256(b"tls").digest(), padding.PKCS1v15(), utils.Prehashed(hashes.SHA256())
    )


def test_internal_authentication_of_too_much(cps: SmartCard) -> None:
    send(cps, AUTHENTICATE)
    assert send(cps, f"0088000067{'00' * 103}00")[1] == "6700"


@pytest.mark.parametrize("message", [b"", b"x", b"secret of a patient", bytes(245)])
def test_decipher_gives_the_message_without_padding(cps: SmartCard, message: bytes) -> None:
    cryptogram = key("cps 82").public_key().encrypt(message, padding.PKCS1v15())
    send(cps, DECIPHER)
    plain, status = chained(cps, 0x2A, 0x80, 0x86, b"\x81" + cryptogram, answered=True)
    assert (plain, status) == (message, "9000")


@pytest.mark.parametrize(
    "data",
    [b"\x00" + bytes(256), b"\x81" + bytes(255), b"\x81" + bytes(257), b"\x81", b"\x81" + b"\xff" * 256],
)
def test_decipher_refuses_other_data(cps: SmartCard, data: bytes) -> None:
    send(cps, DECIPHER)
    assert chained(cps, 0x2A, 0x80, 0x86, data)[1] == "6A80"


class TestChaining:
    """ISO/IEC 7816-4:2020 §5.3.3, and the order that the cards insist on."""

    def test_another_command_of_a_chain_in_between_is_refused(self, cps: SmartCard) -> None:
        send(cps, DECIPHER)
        assert send(cps, "102A80860281FF")[1] == "9000"
        assert send(cps, "102A90A00281FF")[1] == "6883"

    def test_a_whole_command_in_between_ends_the_chain(self, cps: SmartCard) -> None:
        send(cps, DECIPHER)
        cryptogram = key("cps 82").public_key().encrypt(b"m", padding.PKCS1v15())
        assert send(cps, "102A80860281FF")[1] == "9000"
        assert send(cps, "0020000100")[1] == "9000"
        assert chained(cps, 0x2A, 0x80, 0x86, b"\x81" + cryptogram, answered=True) == (b"m", "9000")

    @pytest.mark.parametrize(
        ("command", "status"), [("80CA9F7F00", "6E00"), ("00700000", "6D00"), ("0184000008", "6881")]
    )
    def test_so_does_one_that_is_refused_for_its_class_or_instruction(
        self, cps: SmartCard, command: str, status: str
    ) -> None:
        send(cps, DECIPHER)
        cryptogram = key("cps 82").public_key().encrypt(b"m", padding.PKCS1v15())
        assert send(cps, "102A80860281FF")[1] == "9000"
        assert send(cps, command)[1] == status
        assert chained(cps, 0x2A, 0x80, 0x86, b"\x81" + cryptogram, answered=True) == (b"m", "9000")

    def test_one_command_of_extended_length_does_as_well(self, cps: SmartCard) -> None:
        cryptogram = key("cps 82").public_key().encrypt(b"m", padding.PKCS1v15())
        send(cps, DECIPHER)
        assert send(cps, "002A8086000101" + (b"\x81" + cryptogram).hex() + "0000") == (b"m", "9000")

    def test_an_endless_chain_has_an_end(self, cps: SmartCard) -> None:
        block = "102A8086FF" + "81" * 255
        answers = [send(cps, block)[1] for _ in range(258)]
        assert answers[:257] == ["9000"] * 257
        assert answers[257] == "6700"

    def test_reset_drops_it(self, cps: SmartCard) -> None:
        send(cps, "102A80860281FF")
        cps.reset()
        assert send(cps, "002A80860281FF")[1] == "6985"


PRIVATE_PARTS = st.sampled_from(["cps 81", "cps 82", "cps 83"])
COMMANDS = st.one_of(
    st.binary(max_size=300),
    st.tuples(
        st.sampled_from([0x00, 0x10]),
        st.sampled_from([0x20, 0x22, 0x24, 0x2A, 0x2C, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xCB, 0xD6]),
        st.sampled_from([0x00, 0x02, 0x04, 0x08, 0x3F, 0x41, 0x80, 0x81, 0x90, 0x9E]),
        st.sampled_from([0x00, 0x01, 0x02, 0x04, 0x0C, 0x82, 0x86, 0x9A, 0xA0, 0xA4, 0xAE, 0xB6, 0xB8, 0xFF]),
        st.binary(max_size=60),
        st.sampled_from([None, 0, 1, 16, 255]),
    ).map(
        lambda t: bytes(t[:4]) + (bytes((len(t[4]),)) + t[4] if t[4] else b"") + (b"" if t[5] is None else bytes((t[5],)))
    ),
    st.sampled_from(
        [bytes.fromhex(c) for c in (SELECT_CPS, VERIFY_PIN, SIGN, HASH_256, AUTHENTICATE, DECIPHER, "002241B603800142", "002241B603800177", "002A90A0029000", "0084000010", "00A4090C043F00D003", "00A4090C023F00")]
    ),
)  # fmt: skip


@settings(max_examples=150)
@given(st.lists(COMMANDS, max_size=25))
def test_any_byte_string_gets_a_status_word_and_never_a_key(commands: list[bytes]) -> None:
    for side, names in ((CPS, ("cps 81", "cps 82", "cps 83")), (VITALE, ("vitale 81", "vitale 83"))):
        made = card(side)
        for command in commands:
            answer = made.transmit(command)
            assert len(answer) >= 2
            assert answer[-2:] != b"\x6f\x00"
            for name in names:
                numbers = key(name).private_numbers()
                for part in (numbers.p, numbers.q, numbers.d, numbers.dmp1, numbers.dmq1, numbers.iqmp):
                    assert part.to_bytes((part.bit_length() + 7) // 8, "big") not in answer


@settings(max_examples=30)
@given(st.integers(0, 70_000), st.integers(0, 255), st.binary(min_size=4, max_size=9))
def test_long_byte_strings_get_a_status_word(size: int, fill: int, head: bytes) -> None:
    command = (head + bytes((fill,)) * size)[:size]
    for side in (CPS, VITALE):
        answer = card(side).transmit(command)
        assert len(answer) >= 2
        assert answer[-2:] != b"\x6f\x00"
