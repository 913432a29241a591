"""VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER (ISO/IEC 7816-4:2020 §11.6.6 to §11.6.10).

Each comparison costs a try first: it is taken and written before the secret is looked at, and given back together
with the effect of the command. Digits come in ASCII without padding, as the real CPS takes them. A verified unblocking
code serves one reset, and none once its uses are spent (docs/decisions/0009).
"""

from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu.command import CommandAPDU
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.state import PinState, pin_record
from bifente.layouts.access import Rule

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard


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
            raise CardError(SW.NC_INCONSISTENT_WITH_P1_P2)
        return VerifyRequest(apdu.p2, b"", log_out=True)
    if apdu.p1:
        raise CardError(SW.INCORRECT_P1_P2)
    # 00 20 00 01 00 is case 1 with P3 = 00 as a T=0 reader sends it: a question, whatever Le says.
    if apdu.data and apdu.ne is not None:
        raise CardError(SW.WRONG_LENGTH)
    return VerifyRequest(apdu.p2, apdu.data, log_out=False)


def _change_request(apdu: CommandAPDU) -> ChangeRequest:
    if apdu.p1:
        raise CardError(SW.INCORRECT_P1_P2)
    if not 8 <= len(apdu.data) <= 16 or apdu.ne is not None:
        raise CardError(SW.WRONG_LENGTH)
    return ChangeRequest(apdu.p2, apdu.data)


def _reset_request(apdu: CommandAPDU) -> ResetRequest:
    if apdu.p1 > 3:
        raise CardError(SW.INCORRECT_P1_P2)
    with_code, with_value = apdu.p1 in (0, 1), apdu.p1 in (0, 2)
    if bool(apdu.data) != (with_code or with_value) or len(apdu.data) > 16:
        raise CardError(SW.WRONG_LENGTH)
    if apdu.data and apdu.ne is not None:
        raise CardError(SW.WRONG_LENGTH)
    return ResetRequest(apdu.p2, apdu.data, with_code, with_value)


def _pin(card: "SmartCard", reference: int) -> PinState:
    pin = card.persistent.pins.get(reference)
    if pin is None:
        raise CardError(SW.REFERENCED_DATA_NOT_FOUND)
    return pin


def _require(card: "SmartCard", rule: Rule) -> None:
    if not rule.allows(card.volatile):
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED)


def _well_formed(pin: PinState, secret: bytes) -> bool:
    definition = pin.definition
    return definition.min_length <= len(secret) <= definition.max_length and secret.isdigit()


def _compare(card: "SmartCard", pin: PinState, secret: bytes) -> None:
    """Take a try, then compare. On a difference what was proven with this PIN or with the other card is gone."""
    if pin.blocked:
        raise CardError(SW.AUTHENTICATION_METHOD_BLOCKED)
    card.persistent.consume_try(pin)
    if not compare_digest(pin.value, secret):
        card.volatile.verified.discard(pin.definition.reference)
        card.volatile.forget_recognition()
        raise CardError(SW.retries(pin.left))


def _verify(card: "SmartCard", request: VerifyRequest) -> bytes:
    volatile = card.volatile
    if request.log_out:
        if request.reference and request.reference not in card.persistent.pins:
            raise CardError(SW.REFERENCED_DATA_NOT_FOUND)
        volatile.verified.clear()
        volatile.forget_recognition()
        return b""
    pin = _pin(card, request.reference)
    _require(card, pin.verify)
    if not request.secret:
        if request.reference in volatile.verified:
            return b""
        if pin.blocked:
            raise CardError(SW.AUTHENTICATION_METHOD_BLOCKED)
        raise CardError(SW.retries(min(pin.left, 15)))
    if not _well_formed(pin, request.secret):
        raise CardError(SW.INCORRECT_DATA_FIELD)
    _compare(card, pin, request.secret)
    card.persistent.accept(pin)
    volatile.verified.add(request.reference)
    return b""


def _change(card: "SmartCard", request: ChangeRequest) -> bytes:
    """The old value is as long as the stored one; what follows is the new one."""
    pin = _pin(card, request.reference)
    _require(card, pin.change)
    length = len(pin.value)
    _compare(card, pin, request.secrets[:length])
    value = request.secrets[length:]
    if not _well_formed(pin, value):
        card.persistent.accept(pin)
        raise CardError(SW.INCORRECT_DATA_FIELD)
    card.persistent.accept(pin, {pin_record(request.reference): value})
    pin.value = value
    return b""


def _unblocking(card: "SmartCard", pin: PinState) -> PinState:
    """The code that unblocks *pin*: the other reference of the layout."""
    for reference, candidate in card.persistent.pins.items():
        if reference != pin.definition.reference:
            return candidate
    raise CardError(SW.FUNCTION_NOT_SUPPORTED)


def _reset(card: "SmartCard", request: ResetRequest) -> bytes:
    pin = _pin(card, request.reference)
    changes: dict[str, bytes | None] = {}
    value = request.secrets
    if pin.reset.scb.never:
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED)
    code = _unblocking(card, pin)
    if request.with_code:
        # the code comes with the command: the rule, which wants it verified, is met by the comparison below
        length = len(code.value)
        presented, value = value[:length], value[length:]
        if not _well_formed(code, presented):
            raise CardError(SW.INCORRECT_DATA_FIELD)
        _compare(card, code, presented)
    else:
        _require(card, pin.reset)
        if code.blocked:
            raise CardError(SW.AUTHENTICATION_METHOD_BLOCKED)
    if request.with_value != bool(value) or (value and not _well_formed(pin, value)):
        if request.with_code:
            card.persistent.accept(code)
        raise CardError(SW.INCORRECT_DATA_FIELD)
    changes[pin.left_record] = bytes((pin.definition.tries,))
    if value:
        changes[pin_record(request.reference)] = value
    if request.with_code:
        card.persistent.accept(code, changes)
    else:
        card.persistent.commit(changes)
        card.volatile.verified.discard(code.definition.reference)
    pin.left = pin.definition.tries
    if value:
        pin.value = value
        card.volatile.verified.discard(request.reference)
    return b""


VERIFY = Instruction(0x20, "VERIFY", _verify_request, _verify)
CHANGE_REFERENCE_DATA = Instruction(0x24, "CHANGE REFERENCE DATA", _change_request, _change)
RESET_RETRY_COUNTER = Instruction(0x2C, "RESET RETRY COUNTER", _reset_request, _reset)
