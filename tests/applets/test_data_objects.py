"""Given the ISO test card, when data objects, long answers, stored environments and generated keys are used, then these answers."""

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from explained import explained
from issued import issued, records

from bifente.apdu import CommandAPDU, tlv
from bifente.applets import SmartCard
from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.kernel.records import check_records
from bifente.layouts.cards.isotest import LAYOUT

PIN = "002000010431323334"
GUARDED = "00A4010C02E200"


def hexadecimal(text: str) -> str:
    return text.encode().hex().upper()


ANSWERS = [
    # one row: commands before, command, answer
    ("a number of the card's own", [], "00CA010100", hexadecimal("a label") + "9000"),
    ("a SIMPLE-TLV tag", [], "00CA021100", "2A9000"),
    ("a BER-TLV tag", [], "00CA005B00", hexadecimal("a name") + "9000"),
    ("one that is not there", [], "00CA005C00", "6A88"),
    ("one without a value", [PIN], "00CA5F5100", "6A88"),
    ("one under the PIN", [], "00CA5F5100", "6982"),
    ("P1-P2 that name none", [], "00CA000100", "6A86"),
    ("without Le", [], "00CA0101", "6700"),
    ("by a tag list", [], "00CB3FFF035C015B00", "5B06" + hexadecimal("a name") + "9000"),
    ("two of them", ["00DA005B0131"], "00CB3FFF055C035B7F2100", "5B01317F21036F6E659000"),
    ("a list with one that is not there", [], "00CB3FFF045C025B5C00", "6A88"),
    ("an empty list", [], "00CB3FFF025C0000", "6A80"),
    ("in another directory", [GUARDED], "00CA010100", "6A88"),
    ("the objects of an IAS-ECC card", [], "00CB3FFF0A4D087006BF810102A08000", None),
    ("PUT", ["00DA010103616263"], "00CA010100", hexadecimal("abc") + "9000"),
    ("PUT in parts", ["10DA010103616263", "00DA010103646566"], "00CA010100", hexadecimal("abcdef") + "9000"),
    ("PUT of nothing takes it away", ["00DA0101"], "00CA010100", "6A88"),
    ("PUT under the PIN", [], "00DA5F500131", "6982"),
    ("PUT with the PIN", [PIN, "00DA5F500131"], "00CA5F5000", "319000"),
    ("PUT of what is not there", [], "00DA01020131", "6A88"),
    ("PUT of BER-TLV", ["00DB3FFF075B01317F210132"], "00CB3FFF055C035B7F2100", "5B01317F2101329000"),
    ("all or none", [], "00DB3FFF075B01315F500132", "6982"),
    ("twice the same", [], "00DB3FFF065B01315B0132", "6A80"),
    ("no BER-TLV", [], "00DB3FFF025B05", "6A80"),
    ("PUT of too much", [], "00DA010100" + f"{4097:04X}" + "00" * 4097, "6A84"),
    ("SELECT DATA", ["00A5010406 60045C027F21"], "00CA7F2100", hexadecimal("two") + "9000"),
    ("the third has no value", ["00A5020406 60045C027F21"], "00CA7F2100", "6A88"),
    ("until it is put", ["00A5020406 60045C027F21", "00DA7F210133"], "00CA7F2100", "339000"),
    ("and the others stay", ["00A5020406 60045C027F21", "00DA7F210133", "00A5000406 60045C027F21"], "00CA7F2100", hexadecimal("one") + "9000"),
    ("there is no fourth", [], "00A5030406 60045C027F21", "6A88"),
    ("another object has its first", ["00A5010406 60045C027F21"], "00CA005B00", hexadecimal("a name") + "9000"),
    ("a file selected, it is forgotten", ["00A5010406 60045C027F21", "00A4000C"], "00CA7F2100", hexadecimal("one") + "9000"),
    ("SELECT DATA of no reference", [], "00A5010403 5C017F", "6A80"),
    ("SELECT DATA with another P2", [], "00A5010006 60045C027F21", "6A86"),
    ("GET RESPONSE when nothing waits", [], "00C0000000", "6985"),
    ("GET RESPONSE with P1", [], "00C0010000", "6A86"),
    ("MSE RESTORE of an environment that is not there", [], "0022F301", "6A88"),
    ("MSE RESTORE", [GUARDED], "0022F301", "9000"),
    ("of the directory around", ["00A4010C02E200"], "0022F303", "9000"),
    ("MSE RESTORE with data", [GUARDED], "0022F301 0131", "6700"),
    ("MSE SET as ever", [GUARDED], "002241AA 03800140", "9000"),
    ("GENERATE without an environment", [GUARDED, PIN], "0046800000", "6985"),
    ("GENERATE without the PIN", [GUARDED, "0022F301"], "0046800000", "6982"),
    ("the key is not there yet", [GUARDED, "0022F301"], "0046810000", "6A88"),
    ("nor does it sign", [GUARDED, PIN, "0022F301"], "002A9E9A00", None),
    ("GENERATE of an object that is not there", [PIN], "0047000009 7007BF9002037F4900 00", "6A88"),
    ("with another exponent", [GUARDED, PIN], "004700000E 700CBF9001087F4905820300000300", "6A80"),
    ("of no object", [GUARDED, PIN], "0047000002 7000 00", "6A80"),
]  # fmt: skip


def told(card: SmartCard, command: str) -> str:
    return explained(card, card.transmit(bytes.fromhex(command))).hex().upper()


@pytest.mark.parametrize(
    ("before", "command", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_answers(before: list[str], command: str, expected: str | None) -> None:
    card = issued("isotest")
    for each in before:
        assert told(card, each)[-4:] == "9000", each
    answer = told(card, command)
    assert answer == expected if expected is not None else len(answer) >= 4


def test_a_long_answer_waits_in_the_card() -> None:
    """61xx and GET RESPONSE between APDUs (ISO/IEC 7816-4:2020 §5.3.4), on each channel by itself."""
    card = issued("isotest")
    whole = bytes(at % 251 for at in range(600))
    assert card.transmit(CommandAPDU.build(0, 0xCA, 0x5F, 0x50, b"", 600).raw) == whole + b"\x90\x00"
    first = card.transmit(bytes.fromhex("00CA5F5000"))
    assert first == whole[:256] + b"\x61\x00"
    second = card.transmit(bytes.fromhex("00C0000064"))
    assert second == whole[256:356] + bytes((0x61, 244))
    assert card.transmit(bytes.fromhex("00C00000F4")) == whole[356:] + b"\x90\x00"
    assert told(card, "00C0000000") == "6985"
    card.transmit(bytes.fromhex("00CA5F5000"))
    assert told(card, "00CA021100") == "2A9000"
    assert told(card, "00C0000000") == "6985", "another command drops it"
    told(card, "00700001")
    card.transmit(bytes.fromhex("00CA5F5000"))
    assert told(card, "01CA021100") == "2A9000"
    assert card.transmit(bytes.fromhex("00C0000001")) == whole[256:257] + b"\x61\x00"
    card.reset()
    assert told(card, "00C0000000") == "6985"


def test_a_key_made_in_the_card_signs_and_stays_there() -> None:
    """The public half is all that ever leaves: no answer and no command has the private one."""
    card = issued("isotest")
    for command in (PIN, GUARDED, "0022F301"):
        assert told(card, command) == "9000"
    answer = card.transmit(CommandAPDU.build(0, 0x46, 0x80, 0, b"", 65536).raw)
    numbers = tlv.find(answer[:-2], 0x7F49)
    assert numbers is not None
    modulus = tlv.find(numbers, 0x81)
    assert modulus is not None
    public = RSAPublicNumbers(65537, int.from_bytes(modulus, "big")).public_key()
    message = b"to be signed"
    assert card.transmit(CommandAPDU.build(0, 0x2A, 0x90, 0xA0, tlv.encode(0x80, message)).raw) == b"\x90\x00"
    signature = card.transmit(bytes.fromhex("002A9E9A00"))
    assert signature[-2:] == b"\x90\x00"
    public.verify(signature[:-2], message, PKCS1v15(), SHA256())
    for _ in range(2):
        assert card.transmit(CommandAPDU.build(0, 0x46, 0x81, 0, b"", 65536).raw) == answer
        card.power_off()
        card.power_on()
        told(card, GUARDED)
        told(card, "0022F301")
    assert told(card, "00CB3FFF0B4D097007BF9001037F4880") == "6A80"
    assert told(card, PIN) == "9000"
    again = card.transmit(
        CommandAPDU.build(0, 0x47, 0, 0, bytes.fromhex("700CBF9001087F49058203010001"), 65536).raw
    )
    assert again[-2:] == b"\x90\x00"
    assert again != answer


@pytest.mark.parametrize(
    "record", [b"{}", b"[1", b'["0"]', b'["' + b"00" * 4097 + b'"]', b"[" + b'"",' * 255 + b'""]']
)
def test_spoiled_values_are_found_when_the_card_is_loaded(record: bytes) -> None:
    with pytest.raises(CorruptCard, match="object/3F00/0101"):
        check_records({**records("isotest"), "object/3F00/0101": record}, LAYOUT)
