"""Secure messaging: a command or an answer inside data objects (ISO/IEC 7816-4:2020 §10).

A protected command has the class byte that says so and the data field ``[87 | 85] [97] 8E``: the enciphered data (``87``
with the padding indicator 01; ``85`` for an odd INS, whose data are BER-TLV), Le, and a cryptographic checksum. A
protected answer has ``[87 | 85] 99 8E``, where ``99`` is the status word. The checksum covers a counter, the padded
header of the command, and the other objects. The counter grows by one before each command and before each answer.

These are the functions of both sides, on values. What enciphers is a :class:`Protection`
(``bifente.crypto.messaging`` has them); who counts is the card and the terminal, each for itself. Sources: OpenSC 0.23,
``iasecc-sm.c`` and ``sm-cwa14890.c``; ICAO Doc 9303-11 §9.8, whose worked example (appendix D.4) is a test.
"""

from hmac import compare_digest
from typing import Final, Protocol

from bifente.apdu import tlv
from bifente.apdu.classbyte import CLASS_BYTES, SecureMessaging
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.protectedobjects import (
    BER_CRYPTOGRAM_TAG,
    CHECKSUM_HEAD,
    CHECKSUM_WHOLE,
    CRYPTOGRAM_TAG,
    LE_TAG,
    STATUS_TAG,
    MessagingError,
    MessagingFault,
    read_objects,
)
from bifente.apdu.response import ResponseAPDU

_SECURED_BITS: Final = 0x0C
_STATUS_WHOLE: Final = 4


class Protection(Protocol):
    """The session keys of a session, with their ciphers. ``counter`` is the session's, of ``counter_size`` bytes."""

    @property
    def block(self) -> int:
        """Bytes of a block: 8 or 16."""

    @property
    def counter_size(self) -> int:
        """Bytes of the counter."""

    @property
    def always_pads(self) -> bool:
        """What the checksum covers is padded also when it has whole blocks."""

    def encipher(self, counter: bytes, padded: bytes) -> bytes:
        """The cryptogram of whole blocks."""

    def decipher(self, counter: bytes, cryptogram: bytes) -> bytes:
        """The whole blocks of a cryptogram."""

    def checksum(self, padded: bytes) -> bytes:
        """Eight bytes over whole blocks, the counter among them."""


def padded(data: bytes, block: int) -> bytes:
    """*data* with 80 and zeros behind it, to whole blocks; always at least one byte (ISO/IEC 7816-4:2020 §10.2.3.1)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


def unpadded(data: bytes) -> bytes:
    """What stands before ``80 00 …``. Raises MessagingError when that is not how *data* end."""
    plain = data.rstrip(b"\0")
    if plain[-1:] != b"\x80":
        raise MessagingError(MessagingFault.INCORRECT, "the deciphered data are not padded by 80 and zeros")
    return plain[:-1]


def _sum(protection: Protection, counter: bytes, header: bytes, covered: bytes) -> bytes:
    block = protection.block
    message = counter + (padded(header, block) if header else b"") + covered
    if protection.always_pads or len(message) % block:
        message = padded(message, block)
    return protection.checksum(message)


def _enciphered(protection: Protection, counter: bytes, data: bytes, *, odd: bool) -> bytes:
    cryptogram = protection.encipher(counter, padded(data, protection.block))
    if odd:
        return tlv.encode(BER_CRYPTOGRAM_TAG, cryptogram)
    return tlv.encode(CRYPTOGRAM_TAG, b"\x01" + cryptogram)


def _deciphered(protection: Protection, counter: bytes, cryptogram: bytes | None) -> bytes:
    if cryptogram is None:
        return b""
    if not cryptogram or len(cryptogram) % protection.block:
        raise MessagingError(
            MessagingFault.INCORRECT,
            f"a cryptogram of {len(cryptogram)} bytes is not whole blocks of {protection.block}",
        )
    return unpadded(protection.decipher(counter, cryptogram))


def secured_class(cla: int) -> int:
    """The class byte of the first range that announces secure messaging with the header authenticated.

    Raises ApduError for a class byte that cannot: of another range, or one that announces it already.
    """
    secured = cla | _SECURED_BITS
    plain = CLASS_BYTES[cla].secure_messaging is SecureMessaging.NONE
    if not plain or CLASS_BYTES[secured].secure_messaging is not SecureMessaging.HEADER_AUTHENTICATED:
        raise ApduError(f"class {cla:02X} cannot announce secure messaging with the header authenticated")
    return secured


def protect_command(
    protection: Protection, counter: bytes, command: CommandAPDU, *, always_le: bool = False
) -> CommandAPDU:
    """The protected command. *always_le* adds ``97 01 00`` to a command without Le, as OpenSC does.

    The outer Le is 00, or 0000 where one of the lengths is extended. Raises ApduError when the command is too long.
    """
    odd = bool(command.ins & 1)
    cla = secured_class(command.cla)
    covered = _enciphered(protection, counter, command.data, odd=odd) if command.data else b""
    ne = command.ne
    if ne is not None or always_le:
        size = 1 if ne is None or ne <= 256 else 2
        covered += tlv.encode(LE_TAG, ((ne or 0) & (0xFFFF if size == 2 else 0xFF)).to_bytes(size, "big"))
    header = bytes((cla, command.ins, command.p1, command.p2))
    field = covered + CHECKSUM_HEAD + _sum(protection, counter, header, covered)
    extended = len(field) > 255 or (ne or 0) > 256
    return CommandAPDU.build(cla, command.ins, command.p1, command.p2, field, 65536 if extended else 256)


def open_command(protection: Protection, counter: bytes, command: CommandAPDU) -> CommandAPDU:
    """The command that a protected one carries, in class 00 with its chaining and channel bits. Raises MessagingError.

    The checksum is verified before anything is deciphered.
    """
    odd = bool(command.ins & 1)
    objects = read_objects(command.data, odd=odd, answer=False)
    if not compare_digest(_sum(protection, counter, command.raw[:4], objects.covered), objects.checksum):
        raise MessagingError(MessagingFault.INCORRECT, "the checksum of the command does not hold")
    data = _deciphered(protection, counter, objects.cryptogram)
    ne: int | None = None
    if objects.le is not None:
        if not 1 <= len(objects.le) <= 2:
            raise MessagingError(MessagingFault.INCORRECT, "object 97 has one byte of Le, or two")
        ne = int.from_bytes(objects.le) or (1 << 8 * len(objects.le))
    cla = command.cla & ~_SECURED_BITS
    return CommandAPDU.build(cla, command.ins, command.p1, command.p2, data, ne)


def protect_answer(protection: Protection, counter: bytes, answer: bytes, *, odd: bool) -> bytes:
    """The protected answer, with the status word inside (99) and behind."""
    data, status = answer[:-2], answer[-2:]
    covered = _enciphered(protection, counter, data, odd=odd) if data else b""
    covered += bytes((STATUS_TAG, 2)) + status
    return covered + CHECKSUM_HEAD + _sum(protection, counter, b"", covered) + status


def open_answer(protection: Protection, counter: bytes, answer: ResponseAPDU, *, odd: bool) -> ResponseAPDU:
    """The answer that a protected one carries. Raises MessagingError, also when the two status words differ."""
    objects = read_objects(answer.data, odd=odd, answer=True)
    if not compare_digest(_sum(protection, counter, b"", objects.covered), objects.checksum):
        raise MessagingError(MessagingFault.INCORRECT, "the checksum of the answer does not hold")
    if objects.status != answer.sw.to_bytes_be():
        raise MessagingError(MessagingFault.INCORRECT, "the status word is not the one under the checksum")
    return ResponseAPDU(_deciphered(protection, counter, objects.cryptogram), answer.sw)


def next_counter(counter: bytes) -> bytes:
    """One more, in as many bytes; after the last comes zero."""
    size = len(counter)
    return ((int.from_bytes(counter) + 1) & ((1 << 8 * size) - 1)).to_bytes(size)


def most_plain(room: int, block: int, beside: int = _STATUS_WHOLE + CHECKSUM_WHOLE) -> int:
    """How many bytes of data fit into a protected data field of *room* bytes when the other objects take *beside*."""
    for blocks in range(room // block, 0, -1):
        if beside + len(tlv.encode(CRYPTOGRAM_TAG, bytes(1 + blocks * block))) <= room:
            return blocks * block - 1
    return 0


BESIDE_COMMAND: Final = 3 + CHECKSUM_WHOLE
"""Bytes that Le (97) and the checksum of a command take."""
