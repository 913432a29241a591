"""VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER (ISO/IEC 7816-4:2020 §11.6.6 to §11.6.10).

Each comparison costs a try first: it is taken and written before the secret is looked at, and given back together
with the effect of the command. Digits come in ASCII without padding, as the real CPS takes them. A verified unblocking
code serves one reset, and none once its uses are spent (docs/decisions/0009).
"""

from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, forbidden, require, wrong_length
from bifente.applets.kernel.state import PinState, pin_record

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard


_VERIFY = f"{PART_4} §11.6.6"
_CHANGE = f"{PART_4} §11.6.7"
_RESET = f"{PART_4} §11.6.10"


class VerifyRequest(NamedTuple):
    """Compare ``secret``; without one, say how the PIN stands, or log out."""

    reference: int
    secret: bytes
    log_out: bool

    def __repr__(self) -> str:
        return f"VerifyRequest({self.reference:02X})"


class ChangeRequest(NamedTuple):
    """Old value followed by the new one."""

    reference: int
    secrets: bytes

    def __repr__(self) -> str:
        return f"ChangeRequest({self.reference:02X})"


class ResetRequest(NamedTuple):
    """Unblock: ``with_code`` when the unblocking code comes in the same command, ``with_value`` when a new PIN does."""

    reference: int
    secrets: bytes
    with_code: bool
    with_value: bool

    def __repr__(self) -> str:
        return f"ResetRequest({self.reference:02X})"


def _verify_request(apdu: CommandAPDU) -> VerifyRequest:
    if apdu.p1 == 0xFF:
        if apdu.data:
            why = Why(_VERIFY, "P1 = FF logs out and takes no data, {} bytes came", (len(apdu.data),))
            raise CardError(SW.NC_INCONSISTENT_WITH_P1_P2, why)
        return VerifyRequest(apdu.p2, b"", log_out=True)
    if apdu.p1:
        raise CardError(SW.INCORRECT_P1_P2, Why(_VERIFY, "P1 of VERIFY is 00, or FF to log out"))
    # 00 20 00 01 00 is case 1 with P3 = 00 as a T=0 reader sends it: a question, whatever Le says.
    if apdu.data and apdu.ne is not None:
        raise wrong_length(apdu, _VERIFY, "VERIFY with a PIN expects no answer data")
    return VerifyRequest(apdu.p2, apdu.data, log_out=False)


def _change_request(apdu: CommandAPDU) -> ChangeRequest:
    if apdu.p1:
        raise CardError(
            SW.INCORRECT_P1_P2,
            Why(_CHANGE, "P1 of CHANGE REFERENCE DATA is 00: the old value, then the new one"),
        )
    if not 8 <= len(apdu.data) <= 16 or apdu.ne is not None:
        raise wrong_length(
            apdu, _CHANGE, "the old and the new value together have 8 to 16 and nothing comes back"
        )
    return ChangeRequest(apdu.p2, apdu.data)


_TAKEN = (
    "the unblocking code and the new value, 16 bytes at most",
    "the unblocking code, 16 bytes at most",
    "the new value, 16 bytes at most",
    "no data",
)
"""What RESET RETRY COUNTER carries, by P1."""


def _reset_request(apdu: CommandAPDU) -> ResetRequest:
    if apdu.p1 > 3:
        raise CardError(SW.INCORRECT_P1_P2, Why(_RESET, "P1 of RESET RETRY COUNTER is 00 to 03"))
    with_code, with_value = apdu.p1 in (0, 1), apdu.p1 in (0, 2)
    if bool(apdu.data) != (with_code or with_value) or len(apdu.data) > 16:
        raise wrong_length(apdu, _RESET, f"P1 = {apdu.p1:02X} takes {_TAKEN[apdu.p1]}")
    if apdu.data and apdu.ne is not None:
        raise wrong_length(apdu, _RESET, "nothing comes back")
    return ResetRequest(apdu.p2, apdu.data, with_code, with_value)


def _pin(card: "SmartCard", reference: int) -> PinState:
    pin = card.persistent.pins.get(reference)
    if pin is None:
        raise CardError(SW.REFERENCED_DATA_NOT_FOUND, _unknown(card))
    return pin


def _unknown(card: "SmartCard") -> Why:
    """What stands in P2 stays untold, as in P1: where a header is forgotten, digits stand there."""
    known = ", ".join(f"{each:02X}" for each in card.persistent.pins) or "none"
    return Why(_VERIFY, "no PIN has the reference in P2; this card has {}", (known,))


def _well_formed(pin: PinState, secret: bytes) -> bool:
    definition = pin.definition
    return definition.min_length <= len(secret) <= definition.max_length and secret.isdigit()


def _blocked(pin: PinState) -> Why:
    if pin.left:
        return Why(_VERIFY, "the uses of {} are spent, {} in all", (pin.label, pin.definition.uses))
    return Why(_VERIFY, "{} is blocked: no try is left of {}", (pin.label, pin.definition.tries))


def _malformed(clause: str, pin: PinState, what: str) -> CardError:
    """6A80: how many digits there are stays untold, for they may have come behind another secret."""
    definition = pin.definition
    values = (what, definition.min_length, definition.max_length, pin.label)
    why = Why(clause, "{} is not {} to {} digits in ASCII, as {} wants them", values)
    return CardError(SW.INCORRECT_DATA_FIELD, why)


_WRONG = "the value is not that of {}; {} of {} tries are left, and what it or the other card had proven is forgotten"


def _compare(card: "SmartCard", pin: PinState, secret: bytes) -> None:
    """Take a try, then compare. On a difference what was proven with this PIN or with the other card is gone."""
    if pin.blocked:
        raise CardError(SW.AUTHENTICATION_METHOD_BLOCKED, _blocked(pin))
    card.persistent.consume_try(pin)
    if not compare_digest(pin.value, secret):
        card.proven.verified.discard(pin.definition.reference)
        card.proven.forget_recognition()
        why = Why(_VERIFY, _WRONG, (pin.label, pin.left, pin.definition.tries))
        raise CardError(SW.retries(pin.left), why)


def _verify(card: "SmartCard", request: VerifyRequest) -> bytes:
    proven = card.proven
    if request.log_out:
        if request.reference and request.reference not in card.persistent.pins:
            raise CardError(SW.REFERENCED_DATA_NOT_FOUND, _unknown(card))
        proven.verified.clear()
        proven.forget_recognition()
        return b""
    pin = _pin(card, request.reference)
    require("VERIFY", pin.label, pin.verify, proven)
    if not request.secret:
        if request.reference in proven.verified:
            return b""
        if pin.blocked:
            raise CardError(SW.AUTHENTICATION_METHOD_BLOCKED, _blocked(pin))
        why = Why(
            _VERIFY, "{} is not verified; {} tries are left (a question takes none)", (pin.label, pin.left)
        )
        raise CardError(SW.retries(min(pin.left, 15)), why)
    if not _well_formed(pin, request.secret):
        raise _malformed(_VERIFY, pin, "the data field")
    _compare(card, pin, request.secret)
    card.persistent.accept(pin)
    proven.verified.add(request.reference)
    return b""


def _change(card: "SmartCard", request: ChangeRequest) -> bytes:
    """The old value is as long as the stored one; what follows is the new one."""
    pin = _pin(card, request.reference)
    require("CHANGE REFERENCE DATA", pin.label, pin.change, card.proven)
    length = len(pin.value)
    _compare(card, pin, request.secrets[:length])
    value = request.secrets[length:]
    if not _well_formed(pin, value):
        card.persistent.accept(pin)
        raise _malformed(_CHANGE, pin, "what follows the old value")
    card.persistent.accept(pin, {pin_record(request.reference): value})
    pin.value = value
    return b""


def _unblocking(card: "SmartCard", pin: PinState) -> PinState:
    """The code that the layout declares for *pin*."""
    reference = pin.definition.unblocked_by
    if reference is None:
        why = Why(_RESET, "the card has no code that unblocks {}", (pin.label,))
        raise CardError(SW.FUNCTION_NOT_SUPPORTED, why)
    return card.persistent.pins[reference]


_P1 = {(True, True): "00", (True, False): "01", (False, True): "02", (False, False): "03"}


def _reset(card: "SmartCard", request: ResetRequest) -> bytes:
    pin = _pin(card, request.reference)
    changes: dict[str, bytes | None] = {}
    value = request.secrets
    if pin.reset.scb.never:
        why = forbidden("RESET RETRY COUNTER", pin.label, pin.reset, card.proven)
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED, why)
    code = _unblocking(card, pin)
    if request.with_code:
        # the code comes with the command: the rule, which wants it verified, is met by the comparison below
        length = len(code.value)
        presented, value = value[:length], value[length:]
        if not _well_formed(code, presented):
            raise _malformed(_RESET, code, "the unblocking code")
        _compare(card, code, presented)
    else:
        require("RESET RETRY COUNTER", pin.label, pin.reset, card.proven)
        if code.blocked:
            raise CardError(SW.AUTHENTICATION_METHOD_BLOCKED, _blocked(code))
    if request.with_value != bool(value) or (value and not _well_formed(pin, value)):
        if request.with_code:
            card.persistent.accept(code)
        raise _malformed(
            _RESET, pin, f"what P1 = {_P1[request.with_code, request.with_value]} brings as the new value"
        )
    changes[pin.left_record] = bytes((pin.definition.tries,))
    if value:
        changes[pin_record(request.reference)] = value
    if request.with_code:
        card.persistent.accept(code, changes)
    else:
        card.persistent.commit(changes)
        card.proven.verified.discard(code.definition.reference)
    pin.left = pin.definition.tries
    if value:
        pin.value = value
        card.proven.verified.discard(request.reference)
    return b""


VERIFY = Instruction(instructions.VERIFY, "VERIFY", _verify_request, _verify)
CHANGE_REFERENCE_DATA = Instruction(
    instructions.CHANGE_REFERENCE_DATA, "CHANGE REFERENCE DATA", _change_request, _change
)
RESET_RETRY_COUNTER = Instruction(
    instructions.RESET_RETRY_COUNTER, "RESET RETRY COUNTER", _reset_request, _reset
)
