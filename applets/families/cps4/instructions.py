"""The CPS4: the commands in which its IAS applet is another than that of the CPS3, and those in which it is not.

Forms and algorithms are those that the public middleware sends (ansforge/dops-cryptolib, ``card-cps4.c``). The chip has no
INTERNAL AUTHENTICATE for its holder: whoever authenticates sends the padded block to PSO DECIPHER. For the recognition,
which is ``synthetic`` as a whole, it has the commands of the other cards.
"""

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bifente.apdu import instructions, tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.security import Operation
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands import (
    authentication,
    binary,
    cardholder,
    channels,
    dataobjects,
    mothers,
    operations,
)
from bifente.applets.commands.environment import SetRequest, usable_key
from bifente.applets.commands.operations import Pso, PsoRequest
from bifente.applets.families.cps4.applets import SELECT, of_the_ias_applet, state_of
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction, table
from bifente.applets.kernel.refusals import incorrect_data, not_on_card, out_of_turn
from bifente.applets.kernel.state import pin_record
from bifente.layouts.cards.cps4 import RAW, SIGNED
from bifente.layouts.nodes import Crt

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE: Final = "ansforge/dops-cryptolib, card-cps4.c"
_CHIP_KEY_TAG: Final = 0x91
_PUBLIC_TAG: Final = 0x83
_LOCAL: Final = 0x80
_TO_SIGN, _TO_DECIPHER = (0x81, Crt.SIGNATURE.tag), (0x41, Crt.CONFIDENTIALITY.tag)
_DIGEST: Final = {"sha1": 20, "sha256": 32}
_MODULUS: Final = 256


def _environment_request(apdu: CommandAPDU) -> SetRequest:
    """``81 B6 {91 02 algorithm key}`` to sign, ``41 B8 {83 01 key}`` to decipher; all else as on a CPS3."""
    try:
        items = {item.tag: item.value for item in tlv.decode(apdu.data)}
    except ApduError:
        items = {}
    if (apdu.p1, apdu.p2) == _TO_SIGN and list(items) == [_CHIP_KEY_TAG]:
        value = items[_CHIP_KEY_TAG]
        if len(value) != 2:
            raise incorrect_data(_CLAUSE, "object 91 has an algorithm and a key, 2 bytes, not {}", len(value))
        return SetRequest(True, False, Crt.SIGNATURE, value[0], value[1], None)
    if (apdu.p1, apdu.p2) == _TO_DECIPHER and list(items) == [_PUBLIC_TAG]:
        value = items[_PUBLIC_TAG]
        if len(value) != 1:
            raise incorrect_data(_CLAUSE, "object 83 has a key, 1 byte, not {}", len(value))
        return SetRequest(True, False, Crt.CONFIDENTIALITY, RAW, value[0] | _LOCAL, None)
    return mothers.MANAGE_SECURITY_ENVIRONMENT.request(apdu)


_MSE = Instruction(
    instructions.MANAGE_SECURITY_ENVIRONMENT,
    "MANAGE SECURITY ENVIRONMENT",
    _environment_request,
    mothers.MANAGE_SECURITY_ENVIRONMENT.run,
)


def _perform(card: "SmartCard", request: PsoRequest) -> bytes:
    """A signature over the digest that comes with the command, or the bare private operation."""
    if request.operation is Pso.COMPUTE_SIGNATURE:
        return _sign(card, request.data)
    if request.operation is Pso.DECIPHER:
        return _apply(card, request.data)
    if request.operation is Pso.HASH:
        raise CardError(SW.INCORRECT_P1_P2, Why(_CLAUSE, "the host hashes: this card has no PSO HASH"))
    return operations.PERFORM_SECURITY_OPERATION.run(card, request)


def _sign(card: "SmartCard", digest: bytes) -> bytes:
    algorithm, key = usable_key(card, Crt.SIGNATURE, Operation.COMPUTE_SIGNATURE)
    name, pss = SIGNED[algorithm]
    if not digest:
        raise out_of_turn(_CLAUSE, "algorithm {:02X} signs a digest, which comes with the command", algorithm)
    if len(digest) != _DIGEST[name]:
        pattern = "algorithm {:02X} signs a {} digest of {} bytes, {} came"
        raise incorrect_data(_CLAUSE, pattern, algorithm, name, _DIGEST[name], len(digest))
    from bifente.crypto import rsa  # there since the key was loaded

    sign = rsa.sign_digest_pss if pss else rsa.sign_digest
    return sign(key, "sha1" if name == "sha1" else "sha256", digest)


def _apply(card: "SmartCard", block: bytes) -> bytes:
    """The private key on a block as long as its modulus: the host has padded it, and takes the padding off."""
    _, key = usable_key(card, Crt.CONFIDENTIALITY, Operation.DECIPHER)
    number = int.from_bytes(block, "big")
    if len(block) != _MODULUS or number >= key.public_key().public_numbers().n:
        pattern = "{} bytes came, a block of {} below the modulus is expected, without padding indicator"
        raise incorrect_data(_CLAUSE, pattern, len(block), _MODULUS)
    from bifente.crypto import rsa

    return rsa.apply_private(key, number).to_bytes(_MODULUS, "big")


_PSO = Instruction(
    instructions.PERFORM_SECURITY_OPERATION,
    "PERFORM SECURITY OPERATION",
    operations.PERFORM_SECURITY_OPERATION.request,
    _perform,
    chainable=True,
)


class _NewValue(NamedTuple):
    """Another value for a PIN that is verified, or has just been unblocked."""

    reference: int
    value: bytes

    def __repr__(self) -> str:
        return f"_NewValue({self.reference:02X})"


def _change_request(apdu: CommandAPDU) -> "_NewValue | cardholder.ChangeRequest":
    """P1 = 01: the new value alone. P1 = 00: old and new, as on a CPS3."""
    if apdu.p1 != 1:
        return cardholder.CHANGE_REFERENCE_DATA.request(apdu)
    if not apdu.data or apdu.ne is not None:
        raise CardError(SW.WRONG_LENGTH, Why(_CLAUSE, "P1 = 01 takes the new value, and nothing comes back"))
    return _NewValue(apdu.p2, apdu.data)


def _change(card: "SmartCard", request: "_NewValue | cardholder.ChangeRequest") -> bytes:
    if isinstance(request, cardholder.ChangeRequest):
        return cardholder.CHANGE_REFERENCE_DATA.run(card, request)
    state = state_of(card)
    pin = card.persistent.pins.get(request.reference)
    if pin is None:
        raise not_on_card(_CLAUSE, "no PIN has the reference in P2")
    if request.reference not in card.proven.verified and state.unblocked != request.reference:
        pattern = "{} gets a new value once it is verified, or has been unblocked"
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED, Why(_CLAUSE, pattern, (pin.label,)))
    if pin.change.scb.never:
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED, Why(_CLAUSE, "{} is never changed", (pin.label,)))
    definition = pin.definition
    if not (definition.min_length <= len(request.value) <= definition.max_length and request.value.isdigit()):
        pattern = "the new value of {} is not {} to {} digits in ASCII"
        raise incorrect_data(_CLAUSE, pattern, pin.label, definition.min_length, definition.max_length)
    card.persistent.commit({pin_record(request.reference): request.value})
    pin.value = request.value
    state.unblocked = None
    return b""


_CHANGE = Instruction(instructions.CHANGE_REFERENCE_DATA, "CHANGE REFERENCE DATA", _change_request, _change)


def _reset_request(apdu: CommandAPDU) -> cardholder.ResetRequest:
    """The middleware sets bit 8 of the reference."""
    plain = CommandAPDU.build(0, apdu.ins, apdu.p1, apdu.p2 & 0x7F, apdu.data, apdu.ne)
    return cardholder.RESET_RETRY_COUNTER.request(plain)


def _reset(card: "SmartCard", request: cardholder.ResetRequest) -> bytes:
    """Without data the PIN has its tries again, and the next command may give it a new value."""
    answer = cardholder.RESET_RETRY_COUNTER.run(card, request)
    state_of(card).unblocked = None if request.with_value else request.reference
    return answer


_RESET = Instruction(instructions.RESET_RETRY_COUNTER, "RESET RETRY COUNTER", _reset_request, _reset)


_OF_IAS: Final[tuple[Instruction[Any], ...]] = (
    binary.READ_BINARY,
    binary.UPDATE_BINARY,
    dataobjects.GET_DATA,
    cardholder.VERIFY,
    _CHANGE,
    _RESET,
    authentication.GET_CHALLENGE,
    mothers.INTERNAL_AUTHENTICATE,
    mothers.EXTERNAL_AUTHENTICATE,
    _MSE,
    _PSO,
)

INSTRUCTIONS = table((SELECT, channels.MANAGE_CHANNEL, *map(of_the_ias_applet, _OF_IAS)))
