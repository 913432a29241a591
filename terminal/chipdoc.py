"""The CPS4 as the terminal speaks to it: the IAS applet on logical channel 1, and the forms of the chip ChipDoc.

What differs from a CPS3 is what the public middleware does (ansforge/dops-cryptolib, ``card-cps4.c``): the host hashes and
pads, MSE SET names key and algorithm in one object, and authentication is PSO DECIPHER of a padded block.
"""

from secrets import token_bytes
from typing import TYPE_CHECKING, Final

from bifente.apdu import SW
from bifente.apdu.instructions import MANAGE_SECURITY_ENVIRONMENT, PERFORM_SECURITY_OPERATION, SELECT
from bifente.apdu.tlv import encode
from bifente.layouts import cps2ter
from bifente.layouts.cards import cps4 as layout
from bifente.terminal import files

if TYPE_CHECKING:
    from bifente.apdu.link import Link
    from bifente.terminal.processors import Channel

CHANNEL: Final = 0x01
"""The class byte of the IAS applet's channel."""

_APPLET: Final = layout.LAYOUT.mf.aid or b""
_BY_NAME = 0x04
_MODULUS: Final = 256
_LEAST_FILLING: Final = 8
_PLAIN_KEY: Final = layout.KEY_AUTHENTICATION & 0x7F


def is_one(link: "Link") -> bool:
    """Whether the card behind *link* is a CPS4: only its answer to reset tells it from a CPS3."""
    return layout.LAYOUT.answers_reset_with(link.atr)


def call_applet(channel: "Channel") -> None:
    """Give channel 1 the IAS applet, from wherever it is: the sequence of the middleware after 6985."""
    if _named(channel, CHANNEL, _APPLET) is SW.CONDITIONS_OF_USE_NOT_SATISFIED:
        for cla, name in ((CHANNEL, layout.AID_ISSUER), (0x00, cps2ter.AID)):
            _named(channel, cla, name)


def _named(channel: "Channel", cla: int, name: bytes) -> SW:
    return channel.send(cla, SELECT, _BY_NAME, files.WITHOUT_ANSWER, name, step="SELECT CPS").sw


def sign(channel: "Channel", digest: bytes, *, pss: bool = False, authentication: bool = False) -> bytes:
    """A signature over a SHA-256 digest: PKCS #1 v1.5 or PSS, by the signature or the authentication key."""
    algorithm = layout.SHA256_PSS if pss else layout.SHA256_PKCS1
    key = layout.KEY_AUTHENTICATION if authentication else layout.KEY_SIGNATURE
    template = encode(0x91, bytes((algorithm, key)))
    channel.check("sign", MANAGE_SECURITY_ENVIRONMENT, 0x81, 0xB6, template)
    return channel.check_private("sign", PERFORM_SECURITY_OPERATION, 0x9E, 0x9A, digest, _MODULUS)


def authenticate(channel: "Channel", data: bytes) -> bytes:
    """PKCS #1 v1.5 by the authentication key over *data* as it is: the host pads (RFC 8017 §9.2)."""
    filling = b"\xff" * (_MODULUS - 3 - len(data))
    return _apply(channel, "internal authenticate", b"\x00\x01" + filling + b"\x00" + data)


def decipher(channel: "Channel", cryptogram: bytes) -> bytes:
    """The plain data behind PKCS #1 v1.5 padding (RFC 8017 §7.2.2); random bytes behind any other."""
    block = _apply(channel, "decipher", cryptogram)
    end = block.find(b"\x00", 2)
    good = block[:2] == b"\x00\x02" and end >= 2 + _LEAST_FILLING
    return block[end + 1 :] if good else token_bytes(32)


def _apply(channel: "Channel", step: str, block: bytes) -> bytes:
    """The bare private operation of the authentication key."""
    channel.check(step, MANAGE_SECURITY_ENVIRONMENT, 0x41, 0xB8, encode(0x83, bytes((_PLAIN_KEY,))))
    return channel.check_private(step, PERFORM_SECURITY_OPERATION, 0x80, 0x86, block, _MODULUS)
