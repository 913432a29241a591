"""GENERATE ASYMMETRIC KEY PAIR (ISO/IEC 7816-8:2021 §5.1; with ``47`` as OpenSC's driver iasecc sends it).

The private key is made in the card and stays there; the public one is the answer: ``7F49{81 n, 82 e}``.
"""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions, tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.sdo import PUBLIC_KEY_TAG, SdoClass
from bifente.apdu.files.security import Operation
from bifente.applets.commands.environment import key_of
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import (
    incorrect_data,
    not_on_card,
    out_of_turn,
    require,
    wrong_length,
    wrong_parameters,
)

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard
    from bifente.layouts.nodes import KeyObject

_CLAUSE = "ISO/IEC 7816-8:2021 §5.1"
_GENERATE, _READ = 0x80, 0x81
_OBJECTS = 0x70
_MODULUS, _EXPONENT = 0x81, 0x82
_F4 = b"\x01\x00\x01"


class GenerateRequest(NamedTuple):
    """Make a key pair, or tell the public key of one that is there."""

    makes: bool
    reference: int | None
    """Of the key as a security data object; None means the key of the current security environment."""


def _request(apdu: CommandAPDU) -> GenerateRequest:
    if apdu.p1 not in (_GENERATE, _READ) or apdu.p2:
        raise wrong_parameters(apdu, _CLAUSE, "P1 is 80 (make a pair) or 81 (tell the public key), P2 00")
    if apdu.data:
        raise wrong_length(
            apdu, _CLAUSE, "the key is that of the current security environment: no data are sent"
        )
    return GenerateRequest(apdu.p1 == _GENERATE, None)


def _object_request(apdu: CommandAPDU) -> GenerateRequest:
    if apdu.p1 or apdu.p2:
        raise wrong_parameters(apdu, _CLAUSE, "they are 0000: the key stands in the data field")
    try:
        outer, rest = tlv.decode_one(apdu.data)
        inner, more = tlv.decode_one(outer.value)
        exponent = tlv.find(inner.value, PUBLIC_KEY_TAG, _EXPONENT)
    except ApduError as error:
        raise incorrect_data(
            _CLAUSE, "the data field is not 70{{BFccrr{{7F49{{82 e}}}}}}: {}", str(error)
        ) from None
    sdo_class, reference = inner.tag >> 8 & 0x7F, inner.tag & 0x7F
    if (
        outer.tag != _OBJECTS
        or rest
        or more
        or inner.tag >> 16 != 0xBF
        or sdo_class not in (SdoClass.RSA_PRIVATE, SdoClass.RSA_PUBLIC)
    ):
        raise incorrect_data(_CLAUSE, "the data field is not 70{{BFccrr{{7F49{{82 e}}}}}} for an RSA key")
    if exponent not in (None, _F4):
        raise incorrect_data(_CLAUSE, "the public exponent is 010001 on this card")
    return GenerateRequest(makes=True, reference=reference)


def _generate(card: "SmartCard", request: GenerateRequest) -> bytes:
    """A new key takes the place of the old one in one step."""
    key = _key(card, request.reference)
    operation = Operation.GENERATE if request.makes else Operation.GET
    require(
        "GENERATE ASYMMETRIC KEY PAIR", f"key {key.reference:02X}", key.access.get(operation), card.proven
    )
    directory = card.channel.directory
    if request.makes:
        from bifente.crypto import rsa  # hardly any card makes keys

        pair = rsa.generate()
        card.persistent.put_key(directory, key.reference, pair)
    else:
        found = card.persistent.private_key(directory, key.reference)
        if found is None:
            raise not_on_card(_CLAUSE, "{} has no key {:02X} yet", directory.path, key.reference)
        pair = found
    numbers = pair.public_key().public_numbers()
    modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
    return tlv.encode(PUBLIC_KEY_TAG, tlv.encode(_MODULUS, modulus) + tlv.encode(_EXPONENT, _F4))


def _key(card: "SmartCard", reference: int | None) -> "KeyObject":
    """The key that is meant, which need not have been made. Raises CardError."""
    directory = card.channel.directory
    if reference is None:
        current = card.channel.environment
        named = [one.private_key for one in current.computing.values()] if current is not None else []
        chosen = next((one for one in named if one is not None), None)
        key = None if chosen is None else key_of(card, chosen)
        if chosen is None:
            raise out_of_turn(
                _CLAUSE, "no security environment names a private key (84): MSE RESTORE, or SET"
            )
    else:
        chosen = reference
        key = next((one for one in directory.node.keys if one.sdo_reference == reference), None)
    if key is None:
        raise not_on_card(_CLAUSE, "{} has no key {:02X}", directory.path, chosen)
    return key


GENERATE_KEY_PAIR = Instruction(
    instructions.GENERATE_KEY_PAIR, "GENERATE ASYMMETRIC KEY PAIR", _request, _generate
)
GENERATE_KEY_PAIR_OBJECT = Instruction(
    instructions.GENERATE_KEY_PAIR | instructions.BER_TLV,
    "GENERATE ASYMMETRIC KEY PAIR",
    _object_request,
    _generate,
)
